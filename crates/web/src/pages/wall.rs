//! The wall (`/wall`), opened by a link, and the page that makes such links (`/kelola/dinding`).

use axum::extract::{Path, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pendopo_domain::policy::Action;
use pendopo_domain::walls::{LONGEST_NAME, Room, Theme, Wall, WallId};
use pendopo_operations::walls;
use pendopo_operations::{Error, Invalid, Problem};

use super::{alarm, parts};
use crate::api::wall as api;
use crate::body::{self, Form};
use crate::failure::Failure;
use crate::i18n::format;
use crate::pages_view::{ErrorKind, FieldError, Nav, WallLine, WallLink, WallLinks, WallPage};
use crate::routes::{Route, act, show};
use crate::visit::Visit;

const LINKS: &str = "/kelola/dinding";
/// A wall hangs for years.
const COOKIE_S: u32 = 400 * 24 * 3600;

pub(crate) fn routes(routes: &mut Vec<Route>) {
    use Action::{ManageWalls, SeePublic};
    show(routes, "/wall", SeePublic, show_wall);
    show(routes, "/wall/data", SeePublic, api::data);
    show(routes, "/wall/events", SeePublic, api::follow);
    show(routes, "/wall/{token}", SeePublic, enter);
    show(routes, LINKS, ManageWalls, list_links);
    act(routes, LINKS, ManageWalls, add_link);
    act(
        routes,
        "/kelola/dinding/{id}/cabut",
        ManageWalls,
        revoke_link,
    );
}

/// `GET /wall/{token}`: keeps the link in a cookie, so that it does not stand in the address on the wall.
async fn enter(visit: Visit, Path(token): Path<String>) -> Result<Response, Failure> {
    let wall = walls::by_token(&visit.city, &token).await?;
    wall.ok_or(Failure::new(ErrorKind::NotFound))?;
    let secure = if visit.base_url.starts_with("https:") {
        "; Secure"
    } else {
        ""
    };
    let name = api::wall_cookie(visit.city.slug());
    let cookie =
        format!("{name}={token}; Path=/wall; Max-Age={COOKIE_S}; HttpOnly; SameSite=Lax{secure}");
    let mut response = parts::see_other("/wall");
    let value = HeaderValue::try_from(cookie)
        .map_err(|error| Failure::because(ErrorKind::NotFound, error))?;
    response.headers_mut().append(header::SET_COOKIE, value);
    Ok(never_indexed(response))
}

/// `GET /wall`
async fn show_wall(visit: Visit, headers: HeaderMap) -> Result<Response, Failure> {
    let wall = api::wall_of(&visit, &headers).await?;
    let context = WallPage {
        theme: wall.room.theme,
        text_px: wall.room.text_px(),
        map: parts::city_map(&visit, ""),
        lines: lines(&visit, &wall).await?,
    };
    Ok(never_indexed(visit.page(Nav::None, &context)?))
}

/// What stands on the wall, in words: where no script runs, and for a reader of the screen.
async fn lines(visit: &Visit, wall: &Wall) -> Result<Vec<WallLine>, Error> {
    let configuration = visit.city.configuration();
    let Some(within) = configuration.profile.bounds() else {
        return Ok(vec![]);
    };
    let picture = walls::picture(&visit.city, wall, within, 1.0).await?;
    let alarms = picture.alarms.iter().map(|(one, seen)| {
        let row = alarm::row_with(&visit.city, visit.language, one, seen.as_ref());
        WallLine {
            priority: row.priority,
            title: row.title,
            place: row.place,
            since: row.since,
        }
    });
    let incidents = picture.incidents.iter().map(|one| {
        let code = &one.incident.service_code;
        let area = one
            .incident
            .area
            .and_then(|id| configuration.areas.by_id(id));
        WallLine {
            priority: one.incident.priority.level(),
            title: parts::service_name(&configuration, visit.language, code),
            place: area.map(|area| area.name.clone()).unwrap_or_default(),
            since: one.incident.opened_at,
        }
    });
    let mut lines: Vec<WallLine> = alarms.chain(incidents).collect();
    lines.sort_by_key(|line| line.priority);
    Ok(lines)
}

fn never_indexed(mut response: Response) -> Response {
    response.headers_mut().insert(
        "x-robots-tag",
        HeaderValue::from_static("noindex, nofollow"),
    );
    response
}

/// `GET /kelola/dinding`
async fn list_links(visit: Visit) -> Result<Response, Failure> {
    let context = links(&visit).await?;
    visit.page(Nav::Desk, &context)
}

async fn links(visit: &Visit) -> Result<WallLinks, Error> {
    let all = walls::list(&visit.city, &visit.actor).await?;
    let number = |value: u32, unit: f64| format::number(visit.language, f64::from(value) / unit);
    let row = |wall: Wall| WallLink {
        id: wall.id.0,
        name: wall.name,
        seat: number(wall.room.seat_cm, 100.0),
        pitch: millimetres(visit, wall.room.pitch_um),
        text_px: wall.room.text_px(),
        theme: wall.room.theme,
        created_at: wall.created_at,
    };
    Ok(WallLinks {
        rows: all.into_iter().map(row).collect(),
        made: None,
        revoked: false,
        name: String::new(),
        seat: String::new(),
        pitch: String::new(),
        theme: Theme::Dark,
        errors: vec![],
    })
}

/// A pitch has two digits after the mark: 1,89.
fn millimetres(visit: &Visit, um: u32) -> String {
    let text = format!("{:.2}", f64::from(um) / 1_000.0);
    match visit.language {
        crate::i18n::Language::Id => text.replace('.', ","),
        crate::i18n::Language::En => text,
    }
}

/// `POST /kelola/dinding`: the new link is shown on the answer, once.
async fn add_link(visit: Visit, request: Request) -> Result<Response, Failure> {
    let form = body::form(request).await?;
    let name = form.get("name").unwrap_or_default();
    let made = match room(&form) {
        Some(room) => walls::add(&visit.city, &visit.actor, name, room).await,
        None => Err(Invalid::one("room", Problem::Unknown)),
    };
    let mut context = links(&visit).await?;
    let status = match made {
        Ok(token) => {
            context.made = Some(format!("{}/wall/{token}", visit.base_url));
            StatusCode::OK
        }
        Err(Error::Invalid(invalid)) => {
            context.errors = invalid.iter().map(mistake).collect();
            context.name = name.to_owned();
            context.seat = form.get("seat").unwrap_or_default().to_owned();
            context.pitch = form.get("pitch").unwrap_or_default().to_owned();
            context.theme = theme(&form);
            StatusCode::BAD_REQUEST
        }
        Err(error) => return Err(error.into()),
    };
    Ok((status, visit.page(Nav::Desk, &context)?).into_response())
}

fn theme(form: &Form) -> Theme {
    let word = form.get("theme").and_then(Theme::from_word);
    word.unwrap_or(Theme::Dark)
}

/// Metres and millimetres, with a comma or a point.
fn room(form: &Form) -> Option<Room> {
    let number = |name| -> Option<f64> { form.get(name)?.trim().replace(',', ".").parse().ok() };
    Room::new(number("seat")?, number("pitch")?, theme(form))
}

fn mistake(wrong: &Invalid) -> FieldError {
    match wrong.field {
        "room" => FieldError::new("seat", "error-wall-room"),
        "walls" => FieldError::new("name", "error-wall-many"),
        _ => FieldError::new("name", "error-wall-name").with("max", LONGEST_NAME),
    }
}

/// `POST /kelola/dinding/{id}/cabut`
async fn revoke_link(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let id = id.parse().map_err(|_| Failure::new(ErrorKind::NotFound))?;
    walls::revoke(&visit.city, &visit.actor, WallId(id)).await?;
    let mut context = links(&visit).await?;
    context.revoked = true;
    let mut visit = visit;
    visit.here = LINKS.to_owned();
    visit.page(Nav::Desk, &context)
}
