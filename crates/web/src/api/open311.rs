//! Open311 GeoReport v2: discovery, services, definitions, requests, tokens, and the updates extension.
//!
//! One city is one jurisdiction. `jurisdiction_id` may be left out; one that names another city is 404. Personal data go
//! in and never come out; a secret report is in no list and is 404 by its number. Formats and errors are those of
//! `pendopo_standards::open311`.

mod answers;
mod post;
mod routes;
mod updates;

use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pendopo_domain::geo::BoundingBox;
use pendopo_domain::geo::Position;
use pendopo_domain::reports::{Number, State};
use pendopo_operations::reports::{self, Listing};
use pendopo_operations::store::report_query::{Filter, Order};
use pendopo_standards::open311::{self, Format, Page, Problem, Select};

use crate::failure::{Failure, problem_text};
use crate::visit::Visit;

pub(crate) use answers::definition;
pub(crate) use routes::routes;

/// The base of every endpoint, without the slash at the end.
pub const BASE: &str = "/open311/v2";
/// The same interface for trying out: it checks everything and stores nothing.
pub const TEST_BASE: &str = "/open311/test/v2";

/// An answer in the shape of the standard, or why there is none.
type Answer = Result<Response, Fault>;

/// One or more problems, or a failure of the node itself.
pub enum Fault {
    Problems(Vec<Problem>, Format),
    Failure(Failure),
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<pendopo_operations::Error> for Fault {
    fn from(error: pendopo_operations::Error) -> Self {
        Self::Failure(error.into())
    }
}

impl From<pendopo_operations::store::StoreError> for Fault {
    fn from(error: pendopo_operations::store::StoreError) -> Self {
        pendopo_operations::Error::from(error).into()
    }
}

/// Gives an answer its body; the errors are translated for the visitor.
fn speak(visit: &Visit, answer: Answer) -> Response {
    match answer {
        Ok(response) => response,
        Err(Fault::Failure(failure)) => failure.into_response(),
        Err(Fault::Problems(problems, format)) => {
            let status = StatusCode::from_u16(open311::status_of(&problems))
                .unwrap_or(StatusCode::BAD_REQUEST);
            let bodies =
                open311::error_bodies(&problems, |problem| problem_text(visit.language, problem));
            body(status, format, open311::errors(&bodies, format))
        }
    }
}

fn body(status: StatusCode, format: Format, text: String) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, format.content_type())],
        text,
    )
        .into_response()
}

fn ok(format: Format, text: String) -> Response {
    body(StatusCode::OK, format, text)
}

/// Splits `name.xml` into name and format; without an extension the Accept header decides, else XML.
fn split(name: &str, headers: &HeaderMap) -> Result<(String, Format), Fault> {
    match name.rsplit_once('.') {
        Some((name, extension)) => match Format::from_extension(extension) {
            Some(format) => Ok((name.to_owned(), format)),
            None => Err(Fault::Problems(
                vec![Problem::format_unknown()],
                Format::Xml,
            )),
        },
        None => {
            let accept = headers
                .get(header::ACCEPT)
                .and_then(|value| value.to_str().ok());
            Ok((
                name.to_owned(),
                accept.and_then(Format::from_accept).unwrap_or_default(),
            ))
        }
    }
}

/// The query as names and values, after checking that it asks for this city.
fn query(visit: &Visit, raw: Option<&str>, format: Format) -> Result<Vec<(String, String)>, Fault> {
    let one = |problem| Fault::Problems(vec![problem], format);
    let pairs = open311::decode_form(
        raw.unwrap_or_default().as_bytes(),
        &open311::FormLimits::default(),
    )
    .map_err(one)?;
    let asked = pairs
        .iter()
        .find(|(name, _)| name == "jurisdiction_id")
        .map(|(_, value)| value.as_str());
    check_jurisdiction(visit, asked).map_err(one)?;
    Ok(pairs)
}

fn check_jurisdiction(visit: &Visit, asked: Option<&str>) -> Result<(), Problem> {
    let configuration = visit.city.configuration();
    // Leaving it out is allowed: the endpoint serves one city.
    let Some(asked) = asked.map(str::trim).filter(|asked| !asked.is_empty()) else {
        return Ok(());
    };
    let served = [configuration.profile.domain.as_str(), visit.city.slug()];
    open311::check_jurisdiction(Some(asked), &served).map(|_| ())
}

/// `GET {BASE}/services.{xml,json}`
pub async fn list_services(
    visit: Visit,
    headers: HeaderMap,
    uri: axum::http::Uri,
    RawQuery(raw): RawQuery,
) -> Response {
    let answer = || -> Answer {
        let (_, format) = split(last_segment(uri.path()), &headers)?;
        query(&visit, raw.as_deref(), format)?;
        let configuration = visit.city.configuration();
        let active = configuration
            .services
            .iter()
            .filter(|service| service.active);
        let services: Vec<_> = active
            .map(|service| answers::service(service, visit.language))
            .collect();
        Ok(ok(format, open311::services(&services, format)))
    };
    speak(&visit, answer())
}

fn last_segment(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// `GET {BASE}/services/{service_code}.{xml,json}`
pub async fn show_service_definition(
    visit: Visit,
    headers: HeaderMap,
    Path(name): Path<String>,
    RawQuery(raw): RawQuery,
) -> Response {
    let answer = || -> Answer {
        let (code, format) = split(&name, &headers)?;
        query(&visit, raw.as_deref(), format)?;
        let configuration = visit.city.configuration();
        let found = configuration
            .service(&code)
            .filter(|service| service.active);
        let service =
            found.ok_or_else(|| Fault::Problems(vec![Problem::service_unknown(&code)], format))?;
        if service.attributes.is_empty() {
            return Err(Fault::Problems(
                vec![Problem::definition_unknown(&code)],
                format,
            ));
        }
        let definition = answers::definition(service, visit.language);
        Ok(ok(format, open311::service_definition(&definition, format)))
    };
    speak(&visit, answer())
}

/// `GET {BASE}/requests.{xml,json}`
pub async fn list_requests(
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
    let asked = open311::parse_query(
        pairs,
        visit.city.now().into(),
        configuration.calendar.zone(),
    )
    .map_err(|problems| Fault::Problems(problems, format))?;
    let (mut wanted, order) = filter(&asked.select);
    if let Select::Filter(filter) = &asked.select
        && let Some(agency) = &filter.agency_responsible
    {
        wanted.teams = answers::team_named(visit, agency)
            .map(|team| team.id)
            .into_iter()
            .collect();
    }
    let listing = Listing {
        filter: wanted,
        page: i64::from(asked.page.number),
        rows: i64::from(asked.page.size),
    };
    let (found, total) = match &asked.select {
        // No team of ours is an agency of that name: nothing is responsible for anything.
        Select::Filter(filter) if unknown_agency(visit, filter.agency_responsible.as_deref()) => {
            (vec![], 0)
        }
        _ => reports::list_public(&visit.city, &listing, order).await?,
    };
    let rows = answers::requests(visit, &found, asked.extensions).await?;
    let mut response = ok(format, open311::requests(&rows, format));
    paging(response.headers_mut(), visit, asked.page, total);
    Ok(response)
}

fn unknown_agency(visit: &Visit, agency: Option<&str>) -> bool {
    agency.is_some_and(|agency| answers::team_named(visit, agency).is_none())
}

fn filter(select: &Select) -> (Filter, Order) {
    let asked = match select {
        Select::Ids(ids) => {
            let (mut own, mut foreign) = (vec![], vec![]);
            for id in ids {
                match Number::parse(id) {
                    Number::Own(id) => own.push(id),
                    Number::Foreign(text) => foreign.push(text),
                }
            }
            return (
                Filter {
                    ids: Some((own, foreign)),
                    ..Filter::default()
                },
                Order::NewestFirst,
            );
        }
        Select::Filter(asked) => asked,
    };
    let both = asked.statuses.contains(&open311::Status::Open)
        && asked.statuses.contains(&open311::Status::Closed);
    let wanted = |state: &&State| asked.statuses.contains(&answers::status(**state));
    let filter = Filter {
        services: asked.service_codes.clone(),
        states: if both {
            vec![]
        } else {
            State::ALL.iter().filter(wanted).copied().collect()
        },
        received_from: asked.requested.map(|span| span.from.into()),
        received_to: asked.requested.map(|span| span.to.into()),
        updated_from: asked.updated.map(|span| span.from.into()),
        updated_to: asked.updated.map(|span| span.to.into()),
        within: asked
            .bbox
            .and_then(|b| BoundingBox::new(b.west, b.south, b.east, b.north)),
        near: asked
            .near
            .and_then(|near| Some((Position::new(near.long, near.lat)?, near.radius_m))),
        text: asked.q.clone(),
        has_photo: asked.has_photo,
        ..Filter::default()
    };
    let order = if asked.updated.is_some() {
        Order::OldestChangeFirst
    } else {
        Order::NewestFirst
    };
    (filter, order)
}

/// `X-Total-Count`, and `Link: rel="next"` (RFC 8288) while there is a next page.
fn paging(headers: &mut HeaderMap, visit: &Visit, page: Page, total: i64) {
    headers.insert("x-total-count", HeaderValue::from(total));
    let shown = i64::try_from(page.offset())
        .unwrap_or(i64::MAX)
        .saturating_add(i64::from(page.size));
    if shown >= total {
        return;
    }
    let (path, query) = visit.here.split_once('?').unwrap_or((&visit.here, ""));
    let kept = query
        .split('&')
        .filter(|pair| !pair.starts_with("page=") && !pair.is_empty());
    let next = kept
        .map(str::to_owned)
        .chain([format!("page={}", page.number + 1)])
        .collect::<Vec<_>>()
        .join("&");
    if let Ok(value) =
        HeaderValue::from_str(&format!("<{}{path}?{next}>; rel=\"next\"", visit.base_url))
    {
        headers.insert(header::LINK, value);
    }
}

/// `GET {BASE}/requests/{service_request_id}.{xml,json}`
pub async fn show_request(
    visit: Visit,
    headers: HeaderMap,
    Path(name): Path<String>,
    RawQuery(raw): RawQuery,
) -> Response {
    let answer = show(&visit, &headers, &name, raw.as_deref()).await;
    speak(&visit, answer)
}

async fn show(visit: &Visit, headers: &HeaderMap, name: &str, raw: Option<&str>) -> Answer {
    let (id, format) = split(name, headers)?;
    let pairs = query(visit, raw, format)?;
    let extensions = pairs
        .iter()
        .any(|(name, value)| name == "extensions" && value == "true");
    let ids = Select::Ids(vec![id.clone()]);
    let listing = Listing {
        filter: filter(&ids).0,
        page: 1,
        rows: 1,
    };
    let (found, _) = reports::list_public(&visit.city, &listing, Order::NewestFirst).await?;
    let rows = answers::requests(visit, &found, extensions).await?;
    match rows.first() {
        Some(row) => Ok(ok(format, open311::request(row, format))),
        None => Err(Fault::Problems(vec![Problem::request_unknown(&id)], format)),
    }
}

/// `GET {BASE}/tokens/{token}.{xml,json}`: ids are given at once, so no token is ever issued.
pub async fn show_token(visit: Visit, headers: HeaderMap, Path(name): Path<String>) -> Response {
    let answer = split(&name, &headers)
        .and_then(|(_, format)| Err(Fault::Problems(vec![Problem::token_unknown()], format)));
    speak(&visit, answer)
}

/// `GET /open311/discovery.{xml,json}`
pub async fn show_discovery(visit: Visit, headers: HeaderMap, uri: axum::http::Uri) -> Response {
    let answer = || -> Answer {
        let (_, format) = split(last_segment(uri.path()), &headers)?;
        Ok(ok(
            format,
            open311::discovery(&answers::discovery(&visit), format),
        ))
    };
    speak(&visit, answer())
}
