//! Signing in and out (masuk, keluar): by login and password, or by a link that works once.

mod brake;

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pendopo_domain::policy::{Action, Actor, Subject, allows};
use pendopo_operations::sign_ins::{self, LinkSeen};
use pendopo_operations::{Error, limits};
use serde::Deserialize;
use tokio::time::Instant;

use super::parts;
use crate::body;
use crate::failure::Failure;
use crate::pages_view::{DemoSignIn, ErrorKind, LinkState, Nav, SignIn, SignInFailure, SignInLink};
use crate::routes::{Route, act, show};
use crate::server::AppState;
use crate::visit::{self, Visit};

pub(crate) fn routes(routes: &mut Vec<Route>) {
    show(routes, "/masuk", Action::SeePublic, show_sign_in);
    act(routes, "/masuk", Action::SeePublic, sign_in);
    show(
        routes,
        "/masuk/tautan/{token}",
        Action::SeePublic,
        show_link,
    );
    act(routes, "/masuk/tautan/{token}", Action::SeePublic, use_link);
    act(routes, "/keluar", Action::SeePublic, sign_out);
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    /// Path to go to afterwards.
    kembali: Option<String>,
    login: Option<String>,
}

/// `GET /masuk?kembali=/meja`
async fn show_sign_in(
    visit: Visit,
    State(state): State<AppState>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let next = local_path(asked.kembali.as_deref()).unwrap_or_default();
    visit.page(
        Nav::None,
        &form(&visit, &state, asked.login.unwrap_or_default(), next, None),
    )
}

fn form(
    visit: &Visit,
    state: &AppState,
    login: String,
    next: String,
    failure: Option<SignInFailure>,
) -> SignIn {
    let configuration = visit.city.configuration();
    let demo = |sign_in: &crate::server::DemoSignIn| DemoSignIn {
        city: configuration.profile.name.clone(),
        position: sign_in.position.clone(),
        login: sign_in.login.clone(),
        password: sign_in.password.clone(),
        url: format!(
            "/masuk?{}",
            serde_urlencoded::to_string([("login", &sign_in.login)]).unwrap_or_default()
        ),
    };
    let shown = if configuration.profile.demo {
        &state.options.demo_sign_ins[..]
    } else {
        &[]
    };
    SignIn {
        login,
        failure,
        next,
        demo_sign_ins: shown.iter().map(demo).collect(),
    }
}

/// `POST /masuk`
async fn sign_in(
    visit: Visit,
    State(state): State<AppState>,
    request: Request,
) -> Result<Response, Failure> {
    let form = body::form(request).await?;
    let login = form.get("login").unwrap_or_default().to_owned();
    // Not trimmed: a password may end with a space.
    let password = form
        .fields
        .iter()
        .find(|(name, _)| name == "password")
        .map_or("", |(_, value)| value.as_str());
    let next = local_path(form.get("next").or(form.get("kembali")));
    let failed = |status: StatusCode, failure| {
        let page = self::form(
            &visit,
            &state,
            login.clone(),
            next.clone().unwrap_or_default(),
            Some(failure),
        );
        Ok((status, visit.page(Nav::None, &page)?).into_response())
    };
    if brake::holds(visit.city.slug(), &login, Instant::now()) {
        return failed(StatusCode::TOO_MANY_REQUESTS, SignInFailure::TooMany);
    }
    match sign_ins::by_password(&visit.city, &login, password).await {
        Ok(cookie) => {
            brake::release(visit.city.slug(), &login);
            enter(&visit, &cookie, next).await
        }
        Err(Error::NotFound) => {
            brake::note_failure(visit.city.slug(), &login, Instant::now());
            failed(StatusCode::UNAUTHORIZED, SignInFailure::Wrong)
        }
        Err(error) => Err(error.into()),
    }
}

/// Gives the browser its cookie and sends it on: back, or to where this position works.
async fn enter(visit: &Visit, cookie: &str, next: Option<String>) -> Result<Response, Failure> {
    let (_, actor) = sign_ins::by_cookie(&visit.city, cookie)
        .await?
        .ok_or(Failure::new(ErrorKind::SignInNeeded))?;
    let path = next.unwrap_or_else(|| first_room(&actor).to_owned());
    let seconds = limits::COOKIE_DAYS * 24 * 3600;
    Ok(with_cookie(visit, parts::see_other(&path), cookie, seconds))
}

fn first_room(actor: &Actor) -> &'static str {
    if allows(actor, Action::SeeDesk, Subject::City) {
        "/meja"
    } else if allows(actor, Action::WorkTask, Subject::City) {
        "/tugas"
    } else if allows(actor, Action::SeeSources, Subject::City) {
        "/meja/sumber"
    } else if allows(actor, Action::SeeNumbers, Subject::City) {
        "/walikota"
    } else {
        "/"
    }
}

fn with_cookie(visit: &Visit, mut response: Response, value: &str, seconds: i64) -> Response {
    let name = visit::sign_in_cookie(visit.city.slug());
    let secure = if visit.base_url.starts_with("https://") {
        "; Secure"
    } else {
        ""
    };
    let cookie =
        format!("{name}={value}; HttpOnly; SameSite=Lax; Path=/; Max-Age={seconds}{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// A path of this site to come back to. Anything that a browser could read as another host is left out, and so are the
/// pages of signing in and out.
fn local_path(path: Option<&str>) -> Option<String> {
    let path = path?;
    let mut bytes = path.bytes();
    let local = bytes.next() == Some(b'/')
        && !matches!(bytes.next(), Some(b'/' | b'\\'))
        && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let circular = path.starts_with("/masuk") || path.starts_with("/keluar");
    (local && !circular).then(|| path.to_owned())
}

/// `GET /masuk/tautan/{token}`: looking does not use the link up, so a preview in a messenger cannot either.
async fn show_link(visit: Visit, Path(token): Path<String>) -> Result<Response, Failure> {
    let seen = sign_ins::see_link(&visit.city, &token).await?;
    link_page(&visit, token, seen)
}

fn link_page(visit: &Visit, token: String, seen: LinkSeen) -> Result<Response, Failure> {
    let mut page = SignInLink {
        token,
        state: LinkState::Ready,
        position: String::new(),
        until: None,
    };
    let status = match seen {
        LinkSeen::Ready { position, until } => {
            let configuration = visit.city.configuration();
            let found = configuration.position(position);
            page.position = found
                .map(|held| held.names.get(visit.language.tag()).to_owned())
                .unwrap_or_default();
            page.until = Some(until);
            StatusCode::OK
        }
        LinkSeen::Used => {
            page.state = LinkState::Used;
            StatusCode::GONE
        }
        LinkSeen::Expired => {
            page.state = LinkState::Expired;
            StatusCode::GONE
        }
        LinkSeen::Unknown => {
            page.state = LinkState::Unknown;
            StatusCode::NOT_FOUND
        }
    };
    Ok((status, visit.page(Nav::None, &page)?).into_response())
}

/// `POST /masuk/tautan/{token}`: uses the link up.
async fn use_link(visit: Visit, Path(token): Path<String>) -> Result<Response, Failure> {
    match sign_ins::by_link(&visit.city, &token).await {
        Ok(cookie) => enter(&visit, &cookie, None).await,
        Err(Error::NotFound) => {
            let seen = sign_ins::see_link(&visit.city, &token).await?;
            link_page(&visit, token, seen)
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /keluar`
async fn sign_out(visit: Visit, headers: HeaderMap) -> Result<Response, Failure> {
    let name = visit::sign_in_cookie(visit.city.slug());
    if let Some(cookie) = visit::cookie(&headers, &name) {
        sign_ins::end(&visit.city, &cookie).await?;
    }
    Ok(with_cookie(&visit, parts::see_other("/"), "", 0))
}

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn the_way_back_never_leaves_the_site() {
        for good in ["/", "/meja?tab=mine", "/meja/laporan/L-1"] {
            assert_eq!(local_path(Some(good)).as_deref(), Some(good));
        }
        for bad in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "meja",
            "/a\nb",
            "/masuk",
            "/keluar",
        ] {
            assert_eq!(local_path(Some(bad)), None, "{bad:?}");
        }
        assert_eq!(local_path(None), None);
    }
}
