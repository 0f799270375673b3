//! `POST {BASE}/requests.{xml,json}`: a report from another system, form encoded or multipart with photos.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use pendopo_domain::geo::Position;
use pendopo_domain::policy::{Action, Actor, Subject, allows};
use pendopo_domain::reports::Channel;
use pendopo_operations::identity::Identity;
use pendopo_operations::reports::{self, Submission};
use pendopo_operations::{Error, Invalid, Problem as FieldProblem, configuration, limits, photos};
use pendopo_standards::open311::{self as wire, Format, PostRequest, Problem};

use super::{Answer, Fault, answers, body, check_jurisdiction, last_segment, ok, speak, split};
use crate::body;
use crate::i18n::FluentArgs;
use crate::visit::Visit;

/// `POST {BASE}/requests.{xml,json}`
pub async fn create_request(visit: Visit, headers: HeaderMap, request: Request) -> Response {
    let answer = take(&visit, &headers, request, true).await;
    speak(&visit, answer)
}

/// `POST {TEST_BASE}/requests.{xml,json}`: checks everything, stores nothing.
pub async fn validate_request(visit: Visit, headers: HeaderMap, request: Request) -> Response {
    let answer = take(&visit, &headers, request, false).await;
    speak(&visit, answer)
}

async fn take(visit: &Visit, headers: &HeaderMap, request: Request, keep: bool) -> Answer {
    let (_, format) = split(last_segment(request.uri().path()), headers)?;
    let form = body::form(request).await?;
    // Without a good key nothing else is worth saying.
    let actor = client(visit, form.get("api_key"), format).await?;
    let post =
        wire::parse_form(form.fields).map_err(|problems| Fault::Problems(problems, format))?;
    check(visit, &post).map_err(|problems| Fault::Problems(problems, format))?;
    let mut prepared = Vec::new();
    for (_, bytes) in form.files.into_iter().take(limits::PHOTOS + 1) {
        match photos::prepare(bytes.to_vec()).await {
            Ok(photo) => prepared.push(photo),
            Err(Error::Invalid(fields)) => return Ok(invalid(visit, &fields, format)),
            Err(error) => return Err(error.into()),
        }
    }
    let account_id = post.account_id.clone();
    let submission = Submission {
        photos: prepared,
        ..submission(post)
    };
    let stored = if keep {
        reports::submit(&visit.city, &actor, Channel::Open311, submission)
            .await
            .map(Some)
    } else {
        reports::validate(&visit.city, &actor, Channel::Open311, &submission).map(|()| None)
    };
    match stored {
        Ok(stored) => {
            let receipt = wire::RequestReceipt {
                account_id,
                ..receipt(visit, stored.as_ref())
            };
            Ok(ok(format, wire::receipt(&receipt, format)))
        }
        Err(Error::Invalid(fields)) => Ok(invalid(visit, &fields, format)),
        Err(error) => Err(error.into()),
    }
}

/// The system behind the key. 403 for none, an unknown one, or one that may not post.
pub(super) async fn client(
    visit: &Visit,
    key: Option<&str>,
    format: Format,
) -> Result<Actor, Fault> {
    let one = |problem| Fault::Problems(vec![problem], format);
    let key = key.ok_or_else(|| one(Problem::api_key_missing()))?;
    let found = configuration::api_client(&visit.city, key).await?;
    let may = |actor: &Actor| allows(actor, Action::PostOpen311, Subject::City);
    found
        .map(|client| client.actor)
        .filter(may)
        .ok_or_else(|| one(Problem::api_key_unknown()))
}

fn check(visit: &Visit, post: &PostRequest) -> Result<(), Vec<Problem>> {
    check_jurisdiction(visit, post.jurisdiction_id.as_deref()).map_err(|problem| vec![problem])?;
    let configuration = visit.city.configuration();
    let service = configuration
        .service(&post.service_code)
        .filter(|service| service.active);
    let service = service.ok_or_else(|| vec![Problem::service_unknown(&post.service_code)])?;
    let problems = wire::validate_attributes(&answers::definition(service, visit.language), post);
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

fn submission(post: PostRequest) -> Submission {
    let name: Vec<String> = post.first_name.into_iter().chain(post.last_name).collect();
    let place: Vec<String> = post
        .address_string
        .into_iter()
        .chain(post.address_id)
        .collect();
    Submission {
        service_code: post.service_code,
        position: post
            .lat_long
            .and_then(|(lat, long)| Position::new(long, lat)),
        place: Some(place.join(", ")).filter(|place| !place.is_empty()),
        description: words(post.description, post.media_urls),
        identity: Identity {
            name: Some(name.join(" ")).filter(|name| !name.is_empty()),
            email: post.email,
            phone: post.phone,
            account_id: post.account_id,
            device_id: post.device_id,
        },
        attributes: post.attributes,
        ..Submission::default()
    }
}

/// Pictures elsewhere are not fetched: the address stays with the words, as far as there is room.
pub(super) fn words(description: Option<String>, media_urls: Vec<String>) -> Option<String> {
    let mut words = description.unwrap_or_default();
    for url in media_urls {
        let longer = format!("{words}\n{url}");
        if longer.chars().count() <= limits::DESCRIPTION_CHARS {
            words = longer;
        }
    }
    Some(words.trim().to_owned()).filter(|words| !words.is_empty())
}

fn receipt(visit: &Visit, stored: Option<&reports::Submitted>) -> wire::RequestReceipt {
    let Some(stored) = stored else {
        let notice = visit.text("open311-test-notice");
        return wire::RequestReceipt {
            id: wire::ReceiptId::Blackbox,
            service_notice: Some(notice),
            account_id: None,
        };
    };
    let mut args = FluentArgs::new();
    args.set("url", format!("{}/l/{}", visit.base_url, stored.token));
    wire::RequestReceipt {
        service_notice: Some(visit.text_with("open311-notice", &args)),
        ..wire::RequestReceipt::of_request(stored.report.number().to_string())
    }
}

/// What the use case found wrong, as errors of the standard.
pub(super) fn invalid(visit: &Visit, fields: &[Invalid], format: Format) -> Response {
    let describe = |field: &Invalid| {
        let mut args = FluentArgs::new();
        args.set("field", field.field);
        match field.problem {
            FieldProblem::TooShort { least } => args.set("limit", least),
            FieldProblem::TooLong { most }
            | FieldProblem::TooMany { most }
            | FieldProblem::TooManyBytes { most } => {
                args.set("limit", most);
            }
            FieldProblem::TooManyPixels { most } => args.set("limit", most),
            _ => {}
        }
        let key = format!("open311-input-{}", field.problem.word());
        wire::ErrorBody {
            code: "400".to_owned(),
            description: visit.text_with(&key, &args),
        }
    };
    let bodies: Vec<_> = fields.iter().map(describe).collect();
    body(
        StatusCode::BAD_REQUEST,
        format,
        wire::errors(&bodies, format),
    )
}
