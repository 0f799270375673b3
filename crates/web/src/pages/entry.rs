//! The front doors: the list of cities on the bare host, the home page of a city, the language switch.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use pendopo_domain::policy::Action;
use pendopo_domain::reports::State as ReportState;
use pendopo_operations::reports::{self, Listing};
use pendopo_operations::store::report_query::{Filter, Order};
use pendopo_operations::{Error, measures};
use serde::Deserialize;

use super::parts;
use crate::failure::Failure;
use crate::i18n::Language;
use crate::pages_view::{CityLink, CityList, DemoSignIn, Home, HonestNumbers, Nav};
use crate::render;
use crate::routes::{Route, everywhere};
use crate::server::AppState;
use crate::visit::{self, Visit};

pub(crate) fn routes(routes: &mut Vec<Route>) {
    everywhere(routes, "/", front);
    everywhere(routes, "/bahasa/{tag}", change_language);
}

/// `GET /`: the city's home page, or the list of cities where no city is asked for.
async fn front(
    State(state): State<AppState>,
    visit: Option<axum::Extension<Visit>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    match visit {
        Some(axum::Extension(visit)) if visit.may(Action::SeePublic) => home(&visit).await,
        Some(_) => Err(Failure::new(crate::pages_view::ErrorKind::Forbidden)),
        None => cities(&state, &headers).await,
    }
}

async fn home(visit: &Visit) -> Result<Response, Failure> {
    const DAYS: i64 = 30;
    const LATEST: i64 = 6;
    let configuration = visit.city.configuration();
    let latest = Listing {
        rows: LATEST,
        page: 1,
        ..Listing::default()
    };
    let (latest, _) = reports::list_public(&visit.city, &latest, Order::NewestFirst).await?;
    let thumbs = parts::thumbs(visit, &latest).await?;
    let counts = measures::see(&visit.city, Some(DAYS)).await?.table.total;
    let phone = &configuration.profile.emergency_phone;
    let page = Home {
        stage: super::stage_band(&visit.city).await?,
        emergency_phone: Some(phone.clone()).filter(|phone| !phone.is_empty()),
        open_count: open_count(visit).await?,
        map: parts::city_map(visit, "/map/reports.json?state=open"),
        numbers: HonestNumbers { days: DAYS, counts },
        latest: parts::report_rows(visit, &latest, &thumbs),
    };
    visit.page(Nav::Home, &page)
}

/// How many public reports are open.
pub(super) async fn open_count(visit: &Visit) -> Result<i64, Error> {
    let states = ReportState::ALL
        .iter()
        .copied()
        .filter(|state| state.is_open())
        .collect();
    let filter = Filter {
        states,
        public_only: true,
        ..Filter::default()
    };
    let mut db = visit.city.store().read().await?;
    Ok(pendopo_operations::store::report_query::count(&mut db, &filter).await?)
}

async fn cities(state: &AppState, headers: &HeaderMap) -> Result<Response, Failure> {
    let host = headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("localhost");
    let port = host
        .rsplit_once(':')
        .map(|(_, port)| format!(":{port}"))
        .unwrap_or_default();
    let bare = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let mut links = Vec::new();
    let mut sign_ins = Vec::new();
    for slug in state.node.slugs().await? {
        let Some(city) = state.node.city(&slug).await? else {
            continue;
        };
        let configuration = city.configuration();
        let profile = &configuration.profile;
        let own_port = state
            .options
            .ports
            .iter()
            .find(|(bound, _)| *bound == slug)
            .map(|(_, address)| address.port());
        let host_url = format!("http://{slug}.localhost{port}/");
        if profile.demo {
            sign_ins.extend(
                state
                    .options
                    .demo_sign_ins
                    .iter()
                    .map(|sign_in| DemoSignIn {
                        city: profile.name.clone(),
                        position: sign_in.position.clone(),
                        login: sign_in.login.clone(),
                        password: sign_in.password.clone(),
                        url: format!("{host_url}masuk"),
                    }),
            );
        }
        links.push(CityLink {
            name: profile.name.clone(),
            region: profile.province.clone(),
            host_url,
            port_url: own_port.map(|port| format!("http://{bare}:{port}/")),
            demo: profile.demo,
        });
    }
    let chrome = visit::bare_chrome(state, bare_language(headers), "/");
    Ok(Html(render::page(
        &chrome,
        &CityList {
            cities: links,
            demo_sign_ins: sign_ins,
        },
    )?)
    .into_response())
}

/// The language of a reader on the bare host.
pub(super) fn bare_language(headers: &HeaderMap) -> Language {
    let accepted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    Language::choose(
        visit::cookie(headers, visit::LANGUAGE_COOKIE).as_deref(),
        accepted,
    )
}

#[derive(Deserialize)]
struct Back {
    kembali: Option<String>,
}

/// `GET /bahasa/{tag}?kembali=/laporan`
async fn change_language(
    Path(tag): Path<String>,
    Query(back): Query<Back>,
) -> Result<Response, Failure> {
    let language =
        Language::from_tag(&tag).ok_or(Failure::new(crate::pages_view::ErrorKind::NotFound))?;
    let mut response = parts::see_other(local(back.kembali.as_deref()));
    let cookie = format!(
        "{}={}; Path=/; Max-Age=31536000; SameSite=Lax",
        visit::LANGUAGE_COOKIE,
        language.tag()
    );
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    Ok(response)
}

/// A path of this site, or the front page: nobody is sent elsewhere by a link of ours. Browsers drop tabs and line breaks
/// and take `\` for `/`, so none of these may stand in it.
pub(super) fn local(path: Option<&str>) -> &str {
    let plain = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
    };
    path.filter(plain).unwrap_or("/")
}
