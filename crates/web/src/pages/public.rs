//! What everyone may read: the list of reports, one report, the map, the numbers, the privacy page.

use axum::extract::{Path, Query};
use axum::response::Response;
use pendopo_domain::geo::BoundingBox;
use pendopo_domain::policy::Action;
use pendopo_domain::reports::{Number, Report, State, Visibility};
use pendopo_operations::reports::{self, Listing};
use pendopo_operations::store::report_query::{Filter, Order};
use pendopo_operations::store::reports as rows;
use pendopo_operations::walls::{self, StandingIncident};
use pendopo_operations::{Error, alerts, measures};
use serde::Deserialize;

use super::{entry, parts};
use crate::api::live::{Room, with_live};
use crate::failure::Failure;
use crate::pages_view::{
    ErrorKind, HonestNumbers, ListFilters, MapPage, Nav, NumberLink, NumberRow, NumbersPage,
    Privacy, PublicIncident, RatingSummary, ReportList, ReportPage,
};
use crate::routes::{Route, act, show};
use crate::visit::Visit;

/// Reports on one page of the list.
const PAGE_ROWS: i64 = 30;

pub(crate) fn routes(routes: &mut Vec<Route>) {
    show(routes, "/laporan", Action::SeePublic, list_reports);
    show(routes, "/laporan/cari", Action::SeePublic, find_report);
    show(routes, "/laporan/{number}", Action::SeePublic, show_report);
    act(
        routes,
        "/laporan/{number}/ikut",
        Action::SubmitReport,
        join_report,
    );
    show(routes, "/peta", Action::SeePublic, show_map);
    show(routes, "/angka", Action::SeePublic, show_numbers);
    show(routes, "/privasi", Action::SeePublic, show_privacy);
}

/// The filters of the list, as they come in the query.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    service: Option<String>,
    area: Option<String>,
    state: Option<String>,
    q: Option<String>,
    bbox: Option<String>,
    page: Option<String>,
}

impl Asked {
    fn filter(&self, visit: &Visit) -> Filter {
        let configuration = visit.city.configuration();
        let some = |text: &Option<String>| {
            text.as_deref()
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let states = match some(&self.state).as_deref() {
            Some("open") => State::ALL
                .iter()
                .copied()
                .filter(|state| state.is_open())
                .collect(),
            Some(word) => State::from_word(word).into_iter().collect(),
            None => vec![],
        };
        Filter {
            services: some(&self.service).into_iter().collect(),
            area: some(&self.area)
                .and_then(|code| configuration.areas.by_code(&code).map(|area| area.id)),
            states,
            text: some(&self.q),
            within: self.bbox.as_deref().and_then(BoundingBox::parse),
            ..Filter::default()
        }
    }

    /// The address of another page of the same list.
    fn url(&self, page: i64) -> String {
        let named = [
            ("service", &self.service),
            ("area", &self.area),
            ("state", &self.state),
            ("q", &self.q),
            ("bbox", &self.bbox),
        ];
        let mut pairs: Vec<(&str, String)> = named
            .into_iter()
            .filter_map(|(name, value)| {
                Some((name, value.clone().filter(|value| !value.is_empty())?))
            })
            .collect();
        if page > 1 {
            pairs.push(("page", page.to_string()));
        }
        let query = serde_urlencoded::to_string(pairs).unwrap_or_default();
        if query.is_empty() {
            "/laporan".to_owned()
        } else {
            format!("/laporan?{query}")
        }
    }
}

/// `GET /laporan?service=&area=&state=&q=&bbox=&page=`
async fn list_reports(visit: Visit, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let configuration = visit.city.configuration();
    let page = asked
        .page
        .as_deref()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_i64)
        .clamp(1, 1_000_000);
    let listing = Listing {
        filter: asked.filter(&visit),
        page,
        rows: PAGE_ROWS,
    };
    let (found, total) = reports::list_public(&visit.city, &listing, Order::NewestFirst).await?;
    let thumbs = parts::thumbs(&visit, &found).await?;
    let newest = Listing {
        rows: 1,
        page: 1,
        ..Listing::default()
    };
    let last_at = match found.first() {
        Some(first) => Some(first.received_at),
        None => {
            let (newest, _) =
                reports::list_public(&visit.city, &newest, Order::NewestFirst).await?;
            newest.first().map(|report| report.received_at)
        }
    };
    let context = ReportList {
        filters: ListFilters {
            q: asked.q.clone().unwrap_or_default(),
            services: parts::service_choices(
                &configuration,
                visit.language,
                asked.service.as_deref(),
            ),
            areas: parts::area_choices(&configuration, asked.area.as_deref()),
            states: ListFilters::state_choices(asked.state.as_deref().and_then(State::from_word)),
            any: asked.url(1) != "/laporan",
        },
        total,
        rows: parts::report_rows(&visit, &found, &thumbs),
        previous_url: (page > 1).then(|| asked.url(page - 1)),
        next_url: (page * PAGE_ROWS < total).then(|| asked.url(page + 1)),
        last_at,
    };
    visit.page(Nav::Reports, &context)
}

#[derive(Deserialize)]
struct Wanted {
    nomor: Option<String>,
}

/// `GET /laporan/cari?nomor=L-2187`
async fn find_report(visit: Visit, Query(wanted): Query<Wanted>) -> Result<Response, Failure> {
    let text = wanted.nomor.unwrap_or_default();
    let found = rows::by_number(
        &mut visit.city.store().read().await.map_err(Error::from)?,
        &Number::parse(&text),
    )
    .await
    .map_err(Error::from)?;
    let public = found.filter(|report| report.visibility == Visibility::Public);
    let report = public.ok_or(Failure::new(ErrorKind::NotFound))?;
    Ok(parts::see_other(&format!("/laporan/{}", encoded(&report))))
}

/// The number as a segment of a path.
fn encoded(report: &Report) -> String {
    let number = report.number().to_string();
    number
        .bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b == b'-' {
                (b as char).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

#[derive(Deserialize)]
struct Joined {
    ikut: Option<String>,
}

/// `GET /laporan/{number}`. A secret report is not there: its number says nothing to anyone.
async fn show_report(
    visit: Visit,
    Path(number): Path<String>,
    Query(joined): Query<Joined>,
) -> Result<Response, Failure> {
    let report = public_report(&visit, &number).await?;
    let context = context(&visit, &report, joined.ikut.is_some()).await?;
    visit.page(Nav::Reports, &context)
}

async fn public_report(visit: &Visit, number: &str) -> Result<Report, Failure> {
    let mut db = visit.city.store().read().await.map_err(Error::from)?;
    let found = rows::by_number(&mut db, &Number::parse(number))
        .await
        .map_err(Error::from)?;
    found
        .filter(|report| report.visibility == Visibility::Public)
        .ok_or(Failure::new(ErrorKind::NotFound))
}

async fn context(visit: &Visit, report: &Report, joined_now: bool) -> Result<ReportPage, Error> {
    let configuration = visit.city.configuration();
    let team = report.team.and_then(|id| configuration.team(id));
    Ok(ReportPage {
        number: report.number().to_string(),
        service: parts::service_name(&configuration, visit.language, &report.service_code),
        state: report.state,
        secret: false,
        status_note: report.status_notes.clone(),
        description: report.description.clone(),
        place: report.place.clone().unwrap_or_default(),
        area: parts::area_name(&configuration, report).unwrap_or_default(),
        received_at: report.received_at,
        updated_at: report.updated_at,
        expected_at: report.deadlines.expected_at,
        due: parts::due(visit, report),
        team: team.map(|team| team.names.get(visit.language.tag()).to_owned()),
        duplicate_of: duplicate_of(visit, report).await?,
        timeline: parts::timeline(visit, report).await?,
        photos: parts::photos(visit, report, "/foto").await?,
        joined: i64::from(report.joined),
        may_join: report.state.is_open(),
        joined_now,
        map: report
            .position
            .map(|at| parts::map_around(visit, at, "/map/reports.json")),
    })
}

async fn duplicate_of(visit: &Visit, report: &Report) -> Result<Option<NumberLink>, Error> {
    let Some(id) = report.duplicate_of else {
        return Ok(None);
    };
    let found = rows::by_id(&mut visit.city.store().read().await?, id).await?;
    let configuration = visit.city.configuration();
    let public = found.filter(|report| report.visibility == Visibility::Public);
    Ok(public.map(|original| NumberLink {
        number: original.number().to_string(),
        url: format!("/laporan/{}", encoded(&original)),
        title: parts::service_name(&configuration, visit.language, &original.service_code),
    }))
}

/// `POST /laporan/{number}/ikut`
async fn join_report(visit: Visit, Path(number): Path<String>) -> Result<Response, Failure> {
    let report = public_report(&visit, &number).await?;
    let report = reports::join(&visit.city, &visit.actor, report.id).await?;
    Ok(parts::see_other(&format!(
        "/laporan/{}?ikut=1",
        encoded(&report)
    )))
}

/// `GET /peta`
async fn show_map(visit: Visit) -> Result<Response, Failure> {
    let holding = alerts::headlines(&visit.city).await?;
    let context = MapPage {
        alerts: super::alert_cards(&visit, &holding),
        incidents: open_incidents(&visit).await?,
        map: with_live(parts::city_map(&visit, "/map/reports.json"), Room::Public),
        open_count: entry::open_count(&visit).await?,
    };
    visit.page(Nav::Map, &context)
}

/// Open incidents that have a public report, the gravest first: what the map marks. No crew, no team.
async fn open_incidents(visit: &Visit) -> Result<Vec<PublicIncident>, Error> {
    let configuration = visit.city.configuration();
    let standing = walls::standing_incidents(&visit.city).await?;
    let public = standing.iter().filter(|one| one.public_reports > 0);
    let row = |one: &StandingIncident| PublicIncident {
        priority: one.incident.priority.level(),
        number: one.incident.number().to_string(),
        title: parts::service_name(&configuration, visit.language, &one.incident.service_code),
        place: parts::incident_place(&configuration, &one.incident),
        state: one.incident.state,
        reports: one.public_reports,
        opened_at: one.incident.opened_at,
    };
    Ok(public.map(row).collect())
}

#[derive(Deserialize)]
struct Period {
    hari: Option<String>,
}

/// `GET /angka?hari=30|90|0`
async fn show_numbers(visit: Visit, Query(period): Query<Period>) -> Result<Response, Failure> {
    let days = match period.hari.as_deref() {
        Some("90") => 90,
        Some("0") => 0,
        _ => 30,
    };
    let configuration = visit.city.configuration();
    let seen = measures::see(&visit.city, Some(days).filter(|days| *days > 0)).await?;
    let mut by_service: Vec<NumberRow> = seen
        .table
        .by_service
        .iter()
        .map(|(code, counts)| NumberRow {
            label: parts::service_name(&configuration, visit.language, code),
            url: format!(
                "/laporan?{}",
                serde_urlencoded::to_string([("service", code)]).unwrap_or_default()
            ),
            counts: *counts,
        })
        .collect();
    by_service.sort_by(|a, b| {
        b.counts
            .received
            .cmp(&a.counts.received)
            .then_with(|| a.label.cmp(&b.label))
    });
    let mut by_area: Vec<NumberRow> = seen
        .table
        .by_area
        .iter()
        .filter_map(|(id, counts)| {
            let area = configuration.areas.by_id((*id)?)?;
            let url = format!(
                "/laporan?{}",
                serde_urlencoded::to_string([("area", &area.code)]).unwrap_or_default()
            );
            Some(NumberRow {
                label: area.name.clone(),
                url,
                counts: *counts,
            })
        })
        .collect();
    by_area.sort_by(|a, b| a.label.cmp(&b.label));
    let context = NumbersPage {
        numbers: HonestNumbers {
            days,
            counts: seen.table.total,
        },
        by_service,
        by_area,
        rating: RatingSummary::of(seen.stars),
        counted_at: visit.city.now(),
    };
    visit.page(Nav::Numbers, &context)
}

/// `GET /privasi`
async fn show_privacy(visit: Visit) -> Result<Response, Failure> {
    let configuration = visit.city.configuration();
    let context = Privacy {
        city: configuration.profile.name.clone(),
        contact: None,
        contact_days: None,
    };
    visit.page(Nav::None, &context)
}
