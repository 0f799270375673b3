//! The desk (meja): the queue of what needs action, and beside it one report.
//!
//! An incident beside the queue is in `incident`. An action is a POST that leads back to the page of its report (303),
//! with the queue as it was and one word that says what was done.

mod actions;
mod queue;
mod report;

use axum::extract::{Path, Query};
use axum::response::Response;
use pendopo_domain::policy::{Action, allows};
use pendopo_domain::reports::{Number, Report};
use pendopo_operations::identity::subject;
use pendopo_operations::store::reports as rows;
use pendopo_operations::{Error, incidents};

pub(super) use self::queue::Asked;
use super::{parts, staff_parts};
use crate::api::live::for_desk;
use crate::failure::Failure;
use crate::pages_view::{DONE_WORDS, Desk, Detail, ErrorKind, FieldError, Nav};
use crate::routes::{Route, act, show};
use crate::visit::Visit;

pub(crate) fn routes(routes: &mut Vec<Route>) {
    use Action::{OpenIncident, SeeDesk, TriageReport};
    show(routes, "/meja", SeeDesk, show_desk);
    show(routes, "/meja/laporan/{number}", SeeDesk, show_report);
    act(
        routes,
        "/meja/laporan/{number}/tugaskan",
        TriageReport,
        actions::assign_report,
    );
    act(
        routes,
        "/meja/laporan/{number}/kejadian",
        OpenIncident,
        actions::open_incident,
    );
    act(
        routes,
        "/meja/laporan/{number}/gabung",
        OpenIncident,
        actions::join_incident,
    );
    act(
        routes,
        "/meja/laporan/{number}/ganda",
        TriageReport,
        actions::mark_duplicate,
    );
    act(
        routes,
        "/meja/laporan/{number}/teruskan",
        TriageReport,
        actions::refer_report,
    );
    act(
        routes,
        "/meja/laporan/{number}/tutup",
        TriageReport,
        actions::close_report,
    );
    act(
        routes,
        "/meja/laporan/{number}/teratasi",
        TriageReport,
        actions::resolve_report,
    );
    act(
        routes,
        "/meja/laporan/{number}/identitas",
        SeeDesk,
        actions::see_identity,
    );
}

/// `GET /meja?tab=&service=&area=&team=&q=&page=`. A number in `q` leads to what it names.
async fn show_desk(visit: Visit, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    if let Some(q) = asked.words()
        && let Some(url) = url_of_number(&visit, q).await?
    {
        return Ok(parts::see_other(&url));
    }
    let detail = Detail::Empty {
        map: for_desk(
            &visit,
            parts::city_map(&visit, "/map/reports.json?state=open"),
        ),
    };
    let desk = page(&visit, &asked, detail, "", vec![]).await?;
    visit.page(Nav::Desk, &desk)
}

async fn url_of_number(visit: &Visit, text: &str) -> Result<Option<String>, Failure> {
    if let Some(id) = staff_parts::incident_id(text) {
        let found = incidents::see(&visit.city, &visit.actor, id).await;
        return match found {
            Ok(_) => Ok(Some(staff_parts::incident_url(id))),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        };
    }
    Ok(find(visit, text)
        .await?
        .map(|report| staff_parts::report_url(&report)))
}

/// `GET /meja/laporan/{number}`
async fn show_report(
    visit: Visit,
    Path(number): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let report = report_by(&visit, &number).await?;
    let detail = report::detail(&visit, &report, None).await?;
    incidents::look_at_report(&visit.city, &visit.actor, report.id).await?;
    let desk = page(
        &visit,
        &asked,
        Detail::Report(Box::new(detail)),
        &report.number().to_string(),
        vec![],
    )
    .await?;
    visit.page(Nav::Desk, &desk)
}

/// The report that the desk knows under `number`, if this position may see it.
async fn find(visit: &Visit, number: &str) -> Result<Option<Report>, Error> {
    let mut db = visit.city.store().read().await?;
    let found = rows::by_number(&mut db, &Number::parse(number)).await?;
    Ok(found.filter(|report| allows(&visit.actor, Action::SeeDesk, subject(report))))
}

async fn report_by(visit: &Visit, number: &str) -> Result<Report, Failure> {
    find(visit, number)
        .await?
        .ok_or(Failure::new(ErrorKind::NotFound))
}

/// The whole desk with `detail` beside the queue; `selected` is its number.
pub(super) async fn page(
    visit: &Visit,
    asked: &Asked,
    detail: Detail,
    selected: &str,
    errors: Vec<FieldError>,
) -> Result<Desk, Error> {
    let queue = queue::load(visit, asked, selected).await?;
    let word = asked.done.as_deref();
    Ok(Desk {
        tabs: queue.tabs,
        alarms: super::alarm::count_open(visit).await?,
        filters: asked.filters(visit),
        rows: queue.rows,
        next_url: queue.next_url,
        last_at: queue.last_at,
        query: asked.query(),
        detail,
        done: DONE_WORDS
            .iter()
            .copied()
            .find(|known| word == Some(known))
            .filter(|_| errors.is_empty()),
        errors,
    })
}
