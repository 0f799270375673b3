//! Photos of reports: public ones for everyone, those of secret reports for who may see the report.

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::reports::{ReportId, Visibility};
use pendopo_operations::store::photos as rows;
use pendopo_operations::{City, links, photos, reports};

use crate::failure::Failure;
use crate::pages_view::ErrorKind;
use crate::visit::Visit;

/// `GET /foto/{id}/{size}`
pub async fn show(
    visit: Visit,
    Path((id, size)): Path<(String, String)>,
) -> Result<Response, Failure> {
    answer(&visit.city, &visit.actor, &id, &size).await
}

/// `GET /l/{token}/foto/{id}/{size}`: for the reporter, by the signed link.
pub async fn show_to_reporter(
    visit: Visit,
    Path((token, id, size)): Path<(String, String, String)>,
) -> Result<Response, Failure> {
    let report =
        links::reporter_report(&visit.city, &token).ok_or(Failure::new(ErrorKind::NotFound))?;
    answer(&visit.city, &visit.city.reporter(report), &id, &size).await
}

async fn answer(city: &City, actor: &Actor, id: &str, size: &str) -> Result<Response, Failure> {
    let not_found = || Failure::new(ErrorKind::NotFound);
    if !matches!(size, "large" | "small") {
        return Err(not_found());
    }
    let mut db = city
        .store()
        .read()
        .await
        .map_err(pendopo_operations::Error::from)?;
    let photo = rows::by_id(&mut db, id)
        .await
        .map_err(pendopo_operations::Error::from)?
        .ok_or_else(not_found)?;
    drop(db);
    let report = ReportId(photo.report_id.ok_or_else(not_found)?);
    let public = reports::see(city, actor, Action::SeePublic, report).await;
    let seen = match public {
        Ok(report) => report,
        Err(_) => match reports::see(city, actor, Action::WorkTask, report).await {
            Ok(report) => report,
            Err(_) => reports::see(city, actor, Action::SeeDesk, report).await?,
        },
    };
    let (content_type, bytes) = photos::bytes(city, &photo, size).await?;
    // The id is unguessable and its picture never changes; a sealed one is kept by nobody.
    let cache = match seen.visibility {
        Visibility::Public => "public, max-age=31536000, immutable",
        Visibility::Secret => "no-store",
    };
    Ok((
        [
            (header::CONTENT_TYPE, content_type),
            (header::CACHE_CONTROL, cache.to_owned()),
        ],
        bytes,
    )
        .into_response())
}
