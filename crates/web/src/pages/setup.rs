//! The first run (`/mulai/{token}`): whoever has the link from the terminal makes a city, without a command line.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::post;
use pendopo_operations::founding::{Fault, Founded, NewCity, Wrong};

use super::entry::bare_language;
use crate::body::{self, Form};
use crate::failure::Failure;
use crate::pages_view::{ErrorKind, FieldError, SetupDone, SetupLink, SetupPage};
use crate::render;
use crate::routes::{Route, everywhere};
use crate::server::AppState;
use crate::setup::{Setup, wrong_key};
use crate::visit::{self, Visit};

const PATH: &str = "/mulai/{token}";

pub(crate) fn routes(routes: &mut Vec<Route>) {
    everywhere(routes, PATH, show_form);
    routes.push(Route::new(Method::POST, PATH, None, post(make)));
}

/// The page, when `token` opens it; never on the host of a city.
fn opened<'s>(
    state: &'s AppState,
    visit: Option<&axum::Extension<Visit>>,
    token: &str,
) -> Result<&'s Arc<Setup>, Failure> {
    let setup = state.options.setup.as_ref();
    setup
        .filter(|setup| visit.is_none() && setup.opens(token))
        .ok_or(Failure::new(ErrorKind::NotFound))
}

/// `GET /mulai/{token}`
async fn show_form(
    State(state): State<AppState>,
    visit: Option<axum::Extension<Visit>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let setup = opened(&state, visit.as_ref(), &token)?;
    let page = SetupPage {
        action: setup.path(),
        country: "ID".to_owned(),
        zone: "Asia/Jakarta".to_owned(),
        administrator: "admin".to_owned(),
        ..SetupPage::default()
    };
    shown(&state, &headers, &setup.path(), &page)
}

fn shown<P: render::Page>(
    state: &AppState,
    headers: &HeaderMap,
    here: &str,
    page: &P,
) -> Result<Response, Failure> {
    let chrome = visit::bare_chrome(state, bare_language(headers), here);
    Ok(Html(render::page(&chrome, page)?).into_response())
}

/// `POST /mulai/{token}`: the links of the answer are shown once.
async fn make(
    State(state): State<AppState>,
    visit: Option<axum::Extension<Visit>>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let setup = opened(&state, visit.as_ref(), &token)?;
    let headers = request.headers().clone();
    let form = body::form(request).await?;
    let wanted = wanted(&form);
    // Whoever closes the page meanwhile must not leave half a city.
    let (making, order) = (Arc::clone(setup), wanted.clone());
    let made = tokio::spawn(async move { making.make(order).await }).await;
    match made.map_err(|error| Failure::because(ErrorKind::Internal, error))? {
        Ok(founded) => {
            let done = done(&headers, wanted.name, founded);
            shown(&state, &headers, "/", &done)
        }
        Err(Fault::Wrong(wrong)) => {
            let page = again(setup, &wanted, &wrong);
            let page = shown(&state, &headers, &setup.path(), &page)?;
            Ok((StatusCode::BAD_REQUEST, page).into_response())
        }
        Err(Fault::City(error)) => Err(error.into()),
    }
}

fn wanted(form: &Form) -> NewCity {
    let text = |name: &str| form.get(name).unwrap_or_default().to_owned();
    let file = |name: &str| {
        let (_, bytes) = form.files.iter().find(|(field, _)| field == name)?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    };
    NewCity {
        slug: text("slug"),
        name: text("name"),
        code: text("code"),
        province: text("province"),
        country: text("country"),
        zone: text("zone"),
        domain: text("domain"),
        emergency_phone: text("emergency_phone"),
        bbox: None,
        areas: file("areas"),
        people: file("people"),
        administrator: Some(text("administrator")),
        is_demo: false,
    }
}

/// The form with what was typed and what is wrong with it.
fn again(setup: &Setup, wanted: &NewCity, wrong: &[Wrong]) -> SetupPage {
    let mistake = |one: &Wrong| {
        // Without areas there is no box: the field that can be filled is theirs.
        let field = if matches!(one.field, "bbox" | "base_map") {
            "areas"
        } else {
            one.field
        };
        FieldError::new(field, wrong_key(one))
            .with("line", one.line.unwrap_or_default())
            .with("city", &wanted.slug)
    };
    SetupPage {
        action: setup.path(),
        name: wanted.name.clone(),
        slug: wanted.slug.clone(),
        code: wanted.code.clone(),
        province: wanted.province.clone(),
        country: wanted.country.clone(),
        zone: wanted.zone.clone(),
        domain: wanted.domain.clone(),
        emergency_phone: wanted.emergency_phone.clone(),
        administrator: wanted.administrator.clone().unwrap_or_default(),
        errors: wrong.iter().map(mistake).collect(),
    }
}

fn done(headers: &HeaderMap, name: String, founded: Founded) -> SetupDone {
    let url = city_url(headers, &founded.slug);
    let link = |link: pendopo_operations::founding::FirstLink| SetupLink {
        url: format!("{url}/masuk/tautan/{}", link.token),
        login: link.login,
        position: link.position,
    };
    SetupDone {
        name,
        areas: founded.areas,
        areas_refused: founded.areas_refused,
        links: founded.links.into_iter().map(link).collect(),
        url: format!("{url}/"),
    }
}

/// Where the city is from here: below this host, or below `localhost` when this host is an address.
fn city_url(headers: &HeaderMap, slug: &str) -> String {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or("localhost");
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => {
            (name, format!(":{port}"))
        }
        _ => (host, String::new()),
    };
    let is_address = name.starts_with('[') || name.parse::<std::net::IpAddr>().is_ok();
    let above = if is_address { "localhost" } else { name };
    let is_secure = headers
        .get("x-forwarded-proto")
        .is_some_and(|proto| proto == "https");
    let scheme = if is_secure { "https" } else { "http" };
    format!("{scheme}://{slug}.{above}{port}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_city_stands_below_the_host_that_was_asked() {
        for (host, url) in [
            ("localhost:8080", "http://solo.localhost:8080"),
            ("127.0.0.1:80", "http://solo.localhost:80"),
            ("[::1]:80", "http://solo.localhost:80"),
            ("kota.example", "http://solo.kota.example"),
        ] {
            let headers = HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
            assert_eq!(city_url(&headers, "solo"), url);
        }
    }
}
