//! Faults as data: a status, a stable key and arguments. GeoReport v2 §Errors.
//!
//! People read the description of an error, so it is translated outside: the key is a message id of the Fluent file
//! `translations/<language>/open311.ftl`, the arguments are its variables. The statuses follow the standard: 403 for keys,
//! 404 for what does not exist, 400 for everything else.

use std::fmt;

use super::types::ErrorBody;

/// How much of a client's own value is repeated in an error, in characters.
const MAX_ECHO_CHARS: usize = 60;

/// One fault in what a client or another endpoint sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status to answer with: 400, 403, 404, 500 or 503.
    pub status: u16,
    /// Message id, one of [`KEYS`].
    pub key: &'static str,
    /// Variables of the message. Values from outside are shortened and free of control characters.
    pub args: Vec<(&'static str, String)>,
}

macro_rules! keys {
    ($($(#[$doc:meta])* $name:ident = $key:literal,)*) => {
        $($(#[$doc])* pub(super) const $name: &str = $key;)*
        /// Every key that a [`Problem`] can carry, in the order of the Fluent files.
        pub const KEYS: &[&str] = &[$($key,)*];
    };
}

keys! {
    API_KEY_MISSING = "open311-api-key-missing",
    API_KEY_UNKNOWN = "open311-api-key-unknown",
    JURISDICTION_MISSING = "open311-jurisdiction-missing",
    JURISDICTION_UNKNOWN = "open311-jurisdiction-unknown",
    SERVICE_CODE_MISSING = "open311-service-code-missing",
    SERVICE_UNKNOWN = "open311-service-unknown",
    DEFINITION_UNKNOWN = "open311-definition-unknown",
    REQUEST_UNKNOWN = "open311-request-unknown",
    TOKEN_UNKNOWN = "open311-token-unknown",
    FORMAT_UNKNOWN = "open311-format-unknown",
    RESOURCE_UNKNOWN = "open311-resource-unknown",
    INTERNAL = "open311-internal",
    UNAVAILABLE = "open311-unavailable",
    BODY_TOO_LARGE = "open311-body-too-large",
    FIELDS_TOO_MANY = "open311-fields-too-many",
    FIELD_TOO_LARGE = "open311-field-too-large",
    NOT_UTF8 = "open311-not-utf8",
    FIELD_TOO_LONG = "open311-field-too-long",
    FIELD_MISSING = "open311-field-missing",
    LIST_TOO_LONG = "open311-list-too-long",
    DESCRIPTION_TOO_LONG = "open311-description-too-long",
    LOCATION_MISSING = "open311-location-missing",
    LAT_WITHOUT_LONG = "open311-lat-without-long",
    LONG_WITHOUT_LAT = "open311-long-without-lat",
    LAT_INVALID = "open311-lat-invalid",
    LONG_INVALID = "open311-long-invalid",
    MEDIA_URL_INVALID = "open311-media-url-invalid",
    DATE_INVALID = "open311-date-invalid",
    DATES_REVERSED = "open311-dates-reversed",
    SPAN_TOO_LONG = "open311-span-too-long",
    STATUS_UNKNOWN = "open311-status-unknown",
    NUMBER_INVALID = "open311-number-invalid",
    BBOX_INVALID = "open311-bbox-invalid",
    RADIUS_INCOMPLETE = "open311-radius-incomplete",
    RADIUS_INVALID = "open311-radius-invalid",
    FLAG_INVALID = "open311-flag-invalid",
    ATTRIBUTE_REQUIRED = "open311-attribute-required",
    ATTRIBUTE_SINGLE = "open311-attribute-single",
    ATTRIBUTE_NUMBER = "open311-attribute-number",
    ATTRIBUTE_DATETIME = "open311-attribute-datetime",
    ATTRIBUTE_CHOICE = "open311-attribute-choice",
    UPDATE_STATUS_UNKNOWN = "open311-update-status-unknown",
    UPDATE_ID_USED = "open311-update-id-used",
    UPDATE_FILES = "open311-update-files",
    XML_TOO_LARGE = "open311-xml-too-large",
    XML_NOT_UTF8 = "open311-xml-not-utf8",
    XML_DOCTYPE = "open311-xml-doctype",
    XML_TOO_DEEP = "open311-xml-too-deep",
    XML_TOO_MANY_ELEMENTS = "open311-xml-too-many-elements",
    XML_MALFORMED = "open311-xml-malformed",
    XML_OTHER_DOCUMENT = "open311-xml-other-document",
    XML_REMOTE_ERROR = "open311-xml-remote-error",
    ROWS_TOO_MANY = "open311-rows-too-many",
    ROW_FIELD_MISSING = "open311-row-field-missing",
    ROW_FIELD_INVALID = "open311-row-field-invalid",
}

impl Problem {
    /// A fault of the client that has no better status. GeoReport v2: "400 for all other errors".
    pub(super) fn bad(key: &'static str) -> Self {
        Self {
            status: 400,
            key,
            args: Vec::new(),
        }
    }

    fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds an argument, shortened and without control characters.
    pub(super) fn arg(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.args.push((name, echo(&value.to_string())));
        self
    }

    /// 403: no `api_key` where one is needed.
    #[must_use]
    pub fn api_key_missing() -> Self {
        Self::bad(API_KEY_MISSING).with_status(403)
    }

    /// 403: the `api_key` is not valid here. The key itself is never repeated.
    #[must_use]
    pub fn api_key_unknown() -> Self {
        Self::bad(API_KEY_UNKNOWN).with_status(403)
    }

    /// 404: no service has this `service_code`.
    #[must_use]
    pub fn service_unknown(service_code: &str) -> Self {
        Self::bad(SERVICE_UNKNOWN)
            .with_status(404)
            .arg("service_code", service_code)
    }

    /// 404: the service exists but has no definition (`metadata` is false).
    #[must_use]
    pub fn definition_unknown(service_code: &str) -> Self {
        Self::bad(DEFINITION_UNKNOWN)
            .with_status(404)
            .arg("service_code", service_code)
    }

    /// 404: no request with this id, or one that may not be shown.
    #[must_use]
    pub fn request_unknown(service_request_id: &str) -> Self {
        Self::bad(REQUEST_UNKNOWN)
            .with_status(404)
            .arg("service_request_id", service_request_id)
    }

    /// 400: this sender gave the same `update_id` to an update of another report.
    #[must_use]
    pub fn update_id_used(update_id: &str) -> Self {
        Self::bad(UPDATE_ID_USED).arg("update_id", update_id)
    }

    /// 400: an update brings pictures as addresses, not as files.
    #[must_use]
    pub fn update_files() -> Self {
        Self::bad(UPDATE_FILES)
    }

    /// 404: no such token.
    #[must_use]
    pub fn token_unknown() -> Self {
        Self::bad(TOKEN_UNKNOWN).with_status(404)
    }

    /// 404: an extension other than `xml` and `json`.
    #[must_use]
    pub fn format_unknown() -> Self {
        Self::bad(FORMAT_UNKNOWN).with_status(404)
    }

    /// 404: no such resource below the endpoint.
    #[must_use]
    pub fn resource_unknown() -> Self {
        Self::bad(RESOURCE_UNKNOWN).with_status(404)
    }

    /// 500: our fault; `reference` is what the reader can quote.
    #[must_use]
    pub fn internal(reference: &str) -> Self {
        Self::bad(INTERNAL)
            .with_status(500)
            .arg("reference", reference)
    }

    /// 503: come back later.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::bad(UNAVAILABLE).with_status(503)
    }

    /// The wire form of this fault; `description` is the translated message. The code is the status, as the standard
    /// suggests.
    #[must_use]
    pub fn error_body(&self, description: impl Into<String>) -> ErrorBody {
        ErrorBody {
            code: self.status.to_string(),
            description: description.into(),
        }
    }
}

/// For logs: the key and the names of its arguments, never their values, which come from strangers.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.key)
    }
}

impl std::error::Error for Problem {}

/// The wire form of several faults, each described by `translate`.
pub fn error_bodies(
    problems: &[Problem],
    translate: impl Fn(&Problem) -> String,
) -> Vec<ErrorBody> {
    problems
        .iter()
        .map(|problem| problem.error_body(translate(problem)))
        .collect()
}

/// The one HTTP status for several faults: ours (500, 503) before 403, 404 and 400. An empty list is 400.
#[must_use]
pub fn status_of(problems: &[Problem]) -> u16 {
    let rank = |status: &u16| match status {
        500.. => 3,
        403 => 2,
        404 => 1,
        _ => 0,
    };
    problems
        .iter()
        .map(|problem| problem.status)
        .max_by_key(rank)
        .unwrap_or(400)
}

/// Finds the jurisdiction that a call is for. GeoReport v2 §jurisdiction_id.
///
/// `served` lists what this endpoint serves. One entry: the parameter may be anything and is ignored. Several: it is
/// needed.
///
/// # Errors
/// 400 when several are served and none is named, 404 when the named one is not served.
pub fn check_jurisdiction<'a>(
    asked: Option<&str>,
    served: &[&'a str],
) -> Result<Option<&'a str>, Problem> {
    if let [] | [_] = served {
        return Ok(served.first().copied());
    }
    let asked = asked.ok_or_else(|| Problem::bad(JURISDICTION_MISSING))?;
    let found = served.iter().find(|name| name.eq_ignore_ascii_case(asked));
    match found {
        Some(name) => Ok(Some(name)),
        None => Err(Problem::bad(JURISDICTION_UNKNOWN)
            .with_status(404)
            .arg("jurisdiction_id", asked)),
    }
}

fn echo(value: &str) -> String {
    let mut chars = value.chars().filter(|c| !c.is_control());
    let mut short: String = chars.by_ref().take(MAX_ECHO_CHARS).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jurisdiction_is_needed_only_where_several_are_served() {
        assert_eq!(
            check_jurisdiction(None, &["bandung.go.id"]),
            Ok(Some("bandung.go.id"))
        );
        assert_eq!(
            check_jurisdiction(Some("elsewhere"), &["bandung.go.id"]),
            Ok(Some("bandung.go.id"))
        );
        let several = ["bandung.go.id", "surabaya.go.id"];
        assert_eq!(
            check_jurisdiction(Some("Surabaya.go.id"), &several),
            Ok(Some("surabaya.go.id"))
        );
        let missing = check_jurisdiction(None, &several).unwrap_err();
        assert_eq!((missing.status, missing.key), (400, JURISDICTION_MISSING));
        let unknown = check_jurisdiction(Some("atlantis"), &several).unwrap_err();
        assert_eq!((unknown.status, unknown.key), (404, JURISDICTION_UNKNOWN));
    }

    #[test]
    fn several_faults_have_one_status() {
        let bad = Problem::bad(LOCATION_MISSING);
        assert_eq!(status_of(std::slice::from_ref(&bad)), 400);
        assert_eq!(
            status_of(&[bad.clone(), Problem::service_unknown("x")]),
            404
        );
        assert_eq!(
            status_of(&[
                Problem::service_unknown("x"),
                Problem::api_key_missing(),
                bad.clone()
            ]),
            403
        );
        assert_eq!(status_of(&[bad, Problem::internal("r1")]), 500);
        assert_eq!(status_of(&[]), 400);
    }

    #[test]
    fn values_are_shortened_and_lose_control_characters() {
        let problem = Problem::service_unknown(&format!("a\u{0}\n{}", "b".repeat(100)));
        assert_eq!(problem.args[0].1, format!("a{}…", "b".repeat(59)));
        assert_eq!(problem.to_string(), "404 open311-service-unknown");
    }
}
