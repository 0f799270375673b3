//! Reading what people send, with limits that are answered, not hung up on.
//!
//! A body that is too large is read to its end (up to a bound) and thrown away, because a client that is still sending
//! would not see the answer otherwise.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header;
use http_body_util::BodyExt;
use pendopo_standards::open311;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

use crate::failure::Failure;
use crate::pages_view::ErrorKind;

/// A form of text fields.
pub const FORM_BYTES: usize = 1024 * 1024;
/// A form with up to three photos of 10 MB.
pub const UPLOAD_BYTES: usize = 32 * 1024 * 1024;
/// How much of a body that is too large is read and thrown away before the line is cut.
const DRAIN_BYTES: usize = 128 * 1024 * 1024;
/// A sender that is silent for so long has gone; on a weak network a packet may take many seconds.
const SILENCE: Duration = Duration::from_secs(20);
/// And however slowly it comes, a body is not waited for longer than this: it holds one of the places below.
const PATIENCE: Duration = Duration::from_secs(180);
/// Uploads held in memory at the same time; more of them wait.
const UPLOADS_AT_ONCE: usize = 8;
static UPLOADS: Semaphore = Semaphore::const_new(UPLOADS_AT_ONCE);

/// A decoded form, whether it came urlencoded or multipart.
#[derive(Debug, Default)]
pub struct Form {
    pub fields: Vec<(String, String)>,
    /// File parts that are not empty, as (field, bytes).
    pub files: Vec<(String, Bytes)>,
    /// Its place among the uploads, given back with the form: until then its pictures may still have to be decoded.
    _place: Option<SemaphorePermit<'static>>,
}

impl Form {
    /// The first value of a field, trimmed; `None` when it is absent or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(field, _)| field == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// Every value of a field that is not empty.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields
            .iter()
            .filter(move |(field, _)| field == name)
            .map(|(_, value)| value.trim())
            .filter(|v| !v.is_empty())
    }

    /// A text as it is kept: trimmed, `\n` line breaks, without control characters.
    pub fn text(&self, name: &str) -> Option<String> {
        let value = self.get(name)?.replace("\r\n", "\n");
        let clean: String = value
            .chars()
            .filter(|c| !c.is_control() || *c == '\n')
            .collect();
        Some(clean).filter(|text| !text.is_empty())
    }
}

/// Reads a form of either kind.
///
/// # Errors
/// 413 for one that is too large, 400 for one that does not read.
pub async fn form(request: Request) -> Result<Form, Failure> {
    let content_type = request.headers().get(header::CONTENT_TYPE).map(|value| {
        String::from_utf8_lossy(value.as_bytes())
            .trim()
            .to_ascii_lowercase()
    });
    let kind = content_type
        .as_deref()
        .and_then(|text| text.split(';').next())
        .map(str::trim_end);
    let mut form = match kind {
        Some("multipart/form-data") => multipart(request).await?,
        // Some clients do not say what they send.
        None | Some("application/x-www-form-urlencoded" | "") => urlencoded(request).await?,
        Some(_) => {
            read(request.into_body(), FORM_BYTES).await?;
            return Err(Failure::unreadable(not_a_form()));
        }
    };
    for (name, value) in &mut form.fields {
        // PostgreSQL keeps no NUL in a text, and nobody types one.
        name.retain(|c| c != '\0');
        value.retain(|c| c != '\0');
    }
    Ok(form)
}

fn not_a_form() -> open311::Problem {
    open311::Problem {
        status: 400,
        key: "open311-not-a-form",
        args: vec![],
    }
}

async fn urlencoded(request: Request) -> Result<Form, Failure> {
    let bytes = read(request.into_body(), FORM_BYTES).await?;
    let limits = open311::FormLimits {
        body_bytes: FORM_BYTES,
        ..open311::FormLimits::default()
    };
    let fields = open311::decode_form(&bytes, &limits).map_err(Failure::unreadable)?;
    Ok(Form {
        fields,
        ..Form::default()
    })
}

async fn multipart(request: Request) -> Result<Form, Failure> {
    let bad = |error: axum::extract::multipart::MultipartError| {
        Failure::because(ErrorKind::BadRequest, error)
    };
    let place = UPLOADS.acquire().await.ok();
    let (parts, body) = request.into_parts();
    let bytes = read(body, UPLOAD_BYTES).await?;
    let mut request = Request::from_parts(parts, Body::from(bytes));
    // The limit has been kept above; axum's own would be a second, smaller one.
    axum::extract::DefaultBodyLimit::disable().apply(&mut request);
    let mut multipart = Multipart::from_request(request, &())
        .await
        .map_err(|error| Failure::because(ErrorKind::BadRequest, error))?;
    let mut form = Form {
        _place: place,
        ..Form::default()
    };
    while let Some(field) = multipart.next_field().await.map_err(bad)? {
        if form.fields.len() + form.files.len() >= open311::MAX_FIELDS {
            return Err(Failure::because(ErrorKind::BadRequest, "too many parts"));
        }
        let name = field.name().unwrap_or_default().to_owned();
        let is_file = field.file_name().is_some();
        let bytes = field.bytes().await.map_err(bad)?;
        if is_file {
            if !bytes.is_empty() {
                form.files.push((name, bytes));
            }
        } else {
            let value = String::from_utf8(bytes.to_vec())
                .map_err(|_| Failure::because(ErrorKind::BadRequest, "a field is not UTF-8"))?;
            form.fields.push((name, value));
        }
    }
    Ok(form)
}

/// Reads a body of at most `limit` bytes.
///
/// # Errors
/// 413 when it is larger, 400 when the line breaks.
pub async fn read(mut body: Body, limit: usize) -> Result<Bytes, Failure> {
    let mut bytes = Vec::new();
    let mut total = 0_usize;
    let begun = Instant::now();
    while let Some(frame) = timeout(SILENCE, body.frame()).await.map_err(|_| gone())? {
        if begun.elapsed() > PATIENCE {
            return Err(gone());
        }
        let frame = frame.map_err(|error| Failure::because(ErrorKind::BadRequest, error))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        total = total.saturating_add(data.len());
        if total > DRAIN_BYTES {
            break;
        }
        if total <= limit {
            bytes.extend_from_slice(&data);
        } else {
            bytes = Vec::new();
        }
    }
    if total > limit {
        Err(Failure::because(
            ErrorKind::TooLarge,
            format!("{total} bytes"),
        ))
    } else {
        Ok(bytes.into())
    }
}

fn gone() -> Failure {
    Failure::because(ErrorKind::BadRequest, "the body did not come in time")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload() -> Request {
        const BODY: &str = "--b\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"f\"\r\n\r\nx\r\n--b--\r\n";
        Request::post("/lapor")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
            .body(Body::from(BODY))
            .unwrap()
    }

    #[tokio::test]
    async fn an_upload_holds_its_place_until_its_form_is_done_with() {
        let mut held = Vec::new();
        for _ in 0..UPLOADS_AT_ONCE {
            held.push(form(upload()).await.unwrap());
        }
        let moment = Duration::from_millis(50);
        assert!(
            timeout(moment, form(upload())).await.is_err(),
            "one too many has to wait"
        );
        // What is left of a form whose fields and files were taken out of it still holds the place.
        let Form {
            fields,
            files,
            _place: kept,
        } = held.pop().unwrap();
        drop((fields, files));
        assert!(timeout(moment, form(upload())).await.is_err());
        drop(kept);
        let next = timeout(moment, form(upload()))
            .await
            .expect("a place is free")
            .unwrap();
        assert_eq!(next.files.len(), 1);
    }
}
