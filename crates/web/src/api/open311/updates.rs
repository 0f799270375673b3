//! `{BASE}/servicerequestupdates.{xml,json}`: the extension of GeoReport v2 for news about a report.
//!
//! What another system posts is a word from the reporter's side. It is kept for the desk and the reporter and changes
//! nothing about the report, whatever status it names ([`claim`]). In the list it stands without its words, as the
//! reporter's later words stand on no public page; only the sender, who names its key, reads them back.

use axum::extract::{RawQuery, Request};
use axum::http::HeaderMap;
use axum::response::Response;
use pendopo_domain::comments::Claim;
use pendopo_domain::organisation::ApiKeyId;
use pendopo_domain::policy::Who;
use pendopo_operations::comments::{self, Added, NewComment};
use pendopo_operations::store::updates;
use pendopo_operations::{Error, configuration};
use pendopo_standards::open311::{self as wire, Problem, UpdateStatus};

use super::post::{client, invalid, words};
use super::{
    Answer, Fault, answers, check_jurisdiction, last_segment, ok, paging, query, speak, split,
};
use crate::body;
use crate::visit::Visit;

/// `POST {BASE}/servicerequestupdates.{xml,json}`
pub async fn create_update(visit: Visit, headers: HeaderMap, request: Request) -> Response {
    let answer = take(&visit, &headers, request, true).await;
    speak(&visit, answer)
}

/// `POST {TEST_BASE}/servicerequestupdates.{xml,json}`: checks everything, stores nothing.
pub async fn validate_update(visit: Visit, headers: HeaderMap, request: Request) -> Response {
    let answer = take(&visit, &headers, request, false).await;
    speak(&visit, answer)
}

async fn take(visit: &Visit, headers: &HeaderMap, request: Request, keep: bool) -> Answer {
    let (_, format) = split(last_segment(request.uri().path()), headers)?;
    let one = |problem| Fault::Problems(vec![problem], format);
    let form = body::form(request).await?;
    // Without a good key nothing else is worth saying.
    let actor = client(visit, form.get("api_key"), format).await?;
    if !form.files.is_empty() {
        return Err(one(Problem::update_files()));
    }
    let configuration = visit.city.configuration();
    let post = wire::parse_update(form.fields, configuration.calendar.zone())
        .map_err(|problems| Fault::Problems(problems, format))?;
    check_jurisdiction(visit, post.jurisdiction_id.as_deref()).map_err(one)?;
    let (name, update_id) = (post.service_request_id, post.update_id);
    let comment = NewComment {
        sender_ref: update_id.clone(),
        claim: claim(post.status),
        words: words(post.description, post.media_urls),
    };
    let added = if keep {
        comments::add(&visit.city, &actor, &name, comment)
            .await
            .map(Some)
    } else {
        comments::check(&visit.city, &actor, &name, &comment).await
    };
    let receipt = match added {
        Ok(Some(Added::Elsewhere)) => return Err(one(Problem::update_id_used(&update_id))),
        Ok(Some(Added::As(id))) if keep => wire::UpdateReceipt::UpdateId(id.to_string()),
        Ok(_) => wire::UpdateReceipt::Blackbox,
        Err(Error::NotFound) => return Err(one(Problem::request_unknown(&name))),
        Err(Error::Invalid(fields)) => return Ok(invalid(visit, &fields, format)),
        Err(error) => return Err(error.into()),
    };
    Ok(ok(format, wire::update_receipt(&receipt, format)))
}

/// What a status says when it comes from the reporter's side. The city's own states are the city's to give, so those of
/// work under way say nothing here; `open` is what FixMyStreet sends with every comment.
const fn claim(status: UpdateStatus) -> Claim {
    match status {
        UpdateStatus::Fixed => Claim::Done,
        UpdateStatus::Closed
        | UpdateStatus::Duplicate
        | UpdateStatus::NotCouncilsResponsibility
        | UpdateStatus::NoFurtherAction
        | UpdateStatus::Cancelled => Claim::Closed,
        UpdateStatus::Reopen => Claim::NotDone,
        UpdateStatus::Open
        | UpdateStatus::InProgress
        | UpdateStatus::Planned
        | UpdateStatus::ActionScheduled
        | UpdateStatus::Investigating
        | UpdateStatus::InternalReferral
        | UpdateStatus::ForTriage
        | UpdateStatus::Unchanged => Claim::Nothing,
    }
}

/// The system behind the key of a question; none for a key that is missing or not good: anyone may ask.
async fn asking(visit: &Visit, key: Option<&str>) -> Result<Option<ApiKeyId>, Error> {
    let Some(key) = key else { return Ok(None) };
    let found = configuration::api_client(&visit.city, key).await?;
    Ok(found.and_then(|client| match client.actor.who {
        Who::ApiClient(key) => Some(key),
        _ => None,
    }))
}

/// `GET {BASE}/servicerequestupdates.{xml,json}`: what was said about public reports, oldest first.
pub async fn list_updates(
    visit: Visit,
    headers: HeaderMap,
    uri: axum::http::Uri,
    RawQuery(raw): RawQuery,
) -> Response {
    let answer = list(&visit, &headers, &uri, raw.as_deref()).await;
    speak(&visit, answer)
}

async fn list(
    visit: &Visit,
    headers: &HeaderMap,
    uri: &axum::http::Uri,
    raw: Option<&str>,
) -> Answer {
    let (_, format) = split(last_segment(uri.path()), headers)?;
    let pairs = query(visit, raw, format)?;
    let configuration = visit.city.configuration();
    let (now, zone) = (visit.city.now().into(), configuration.calendar.zone());
    let asked = wire::parse_updates_query(pairs, now, zone)
        .map_err(|problems| Fault::Problems(problems, format))?;
    let span = (asked.span.from.into(), asked.span.to.into());
    let offset = i64::try_from(asked.page.offset()).unwrap_or(i64::MAX);
    let mut db = visit.city.store().read().await?;
    let found = updates::between(&mut db, span, i64::from(asked.page.size), offset).await?;
    let total = updates::count_between(&mut db, span).await?;
    drop(db);
    let asking = asking(visit, asked.api_key.as_deref()).await?;
    let rows = answers::updates(visit, &found, asking).await?;
    let mut response = ok(format, wire::updates(&rows, format));
    paging(response.headers_mut(), visit, asked.page, total);
    Ok(response)
}
