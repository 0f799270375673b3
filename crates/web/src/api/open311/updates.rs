//! `{BASE}/servicerequestupdates.{xml,json}`: the extension of GeoReport v2 for news about a report.

use axum::extract::RawQuery;
use axum::http::HeaderMap;
use axum::response::Response;
use pendopo_operations::store::updates;
use pendopo_standards::open311 as wire;

use super::{Answer, Fault, answers, last_segment, ok, paging, query, speak, split};
use crate::visit::Visit;

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
    let rows = answers::updates(visit, &found).await?;
    let mut response = ok(format, wire::updates(&rows, format));
    paging(response.headers_mut(), visit, asked.page, total);
    Ok(response)
}
