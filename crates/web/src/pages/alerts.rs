//! Warnings for everyone: the list (`/peringatan`), one of them, its document, and the city's own feeds.

mod desk;
mod form;
mod view;

use std::hash::{Hash, Hasher};

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pendopo_domain::alerts::{AlertId, Info};
use pendopo_domain::policy::Action;
use pendopo_domain::time::Timestamp;
use pendopo_operations::alerts::{self, Seen};
use pendopo_operations::{City, Error};
use pendopo_standards::{cap, feeds};

use crate::assets;
use crate::failure::Failure;
use crate::i18n::{FluentArgs, Language, text};
use crate::pages_view::{AlertCard, AlertList, Banner, Nav, StageBand};
use crate::routes::{Route, show};
use crate::visit::Visit;

const LIST: &str = "/peringatan";
/// Seconds for which others may keep a feed.
const FEED_KEPT: &str = "public, max-age=30";
/// A published document never changes.
const DOCUMENT_KEPT: &str = "public, max-age=86400, immutable";

pub(crate) fn routes(routes: &mut Vec<Route>) {
    use Action::SeePublic;
    show(routes, LIST, SeePublic, list_alerts);
    show(routes, "/peringatan/atom.xml", SeePublic, atom);
    show(routes, "/peringatan/rss.xml", SeePublic, rss);
    show(routes, "/peringatan/{id}", SeePublic, show_alert);
    desk::routes(routes);
}

/// The gravest warning that holds, for the top of a page; `None` when there is none, the path is no page, or the
/// database does not answer: a page must not fail for that.
pub(crate) async fn warning(city: &City, language: Language, here: &str) -> Option<Banner> {
    const MACHINES: [&str; 9] = [
        "/wall",
        "/map/",
        "/events",
        "/meja/events",
        "/meja/map/",
        "/open311",
        "/foto/",
        "/assets/",
        "/sehat",
    ];
    if MACHINES.iter().any(|start| here.starts_with(start)) {
        return None;
    }
    let holding = alerts::headlines(city).await.unwrap_or_else(|error| {
        tracing::warn!(city = city.slug(), error = %error, "the warnings cannot be read");
        vec![]
    });
    let danger = |one: &&Seen| !one.kept.message.is_all_clear();
    let gravest = holding.iter().find(danger).or(holding.first())?;
    let info = gravest.kept.message.info_in(language.tag())?;
    let configuration = city.configuration();
    let zone = configuration.calendar.zone();
    let until = gravest.kept.message.expires().in_zone(zone);
    let mut args = FluentArgs::new();
    let clock = crate::i18n::format::clock(language, &until);
    let abbreviation = &configuration.profile.zone_abbreviation;
    args.set("at", format!("{clock} {abbreviation}"));
    let over = gravest.kept.message.is_all_clear();
    let key = if over {
        "alert-banner-over"
    } else {
        "alert-banner-until"
    };
    Some(Banner {
        level: view::level(&gravest.kept.message),
        title: info.headline(),
        text: text(language, key, Some(&args)),
        link: Some((
            text(language, "alert-banner-more", None),
            view::public_url(gravest.kept.id),
        )),
        more: i64::try_from(holding.len()).unwrap_or(1) - 1,
    })
}

/// The stage of the city for the top of a page; `None` on an ordinary day.
pub(crate) async fn stage_band(city: &City) -> Result<Option<StageBand>, Error> {
    let set = alerts::stage::raised(city).await?;
    Ok(set.map(|set| StageBand {
        number: set.stage.number(),
        since: set.at,
    }))
}

/// What a map knows of a warning, beside its outline.
pub(crate) fn alert_mark(seen: &Seen, language: Language) -> serde_json::Value {
    let message = &seen.kept.message;
    let headline = message.info_in(language.tag()).map(Info::headline);
    serde_json::json!({
        "id": seen.kept.id.0,
        "level": view::level(message),
        "label": headline,
        "href": view::public_url(seen.kept.id),
    })
}

/// The warnings that hold, the gravest first, as a list of everyone shows them.
pub(crate) fn alert_cards(visit: &Visit, holding: &[Seen]) -> Vec<AlertCard> {
    let each = holding.iter();
    each.map(|one| view::card(visit, one, false)).collect()
}

/// `GET /peringatan`
async fn list_alerts(visit: Visit) -> Result<Response, Failure> {
    let active = alerts::headlines(&visit.city).await?;
    let context = AlertList {
        stage: view::stage(&visit).await?,
        active: alert_cards(&visit, &active),
    };
    visit.page(Nav::None, &context)
}

/// `GET /peringatan/{id}`, and its document at `GET /peringatan/{id}.cap`
async fn show_alert(
    visit: Visit,
    headers: HeaderMap,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    if let Some(id) = name.strip_suffix(".cap") {
        return document(&visit, &headers, number(id)?).await;
    }
    let seen = alerts::one(&visit.city, &visit.actor, number(&name)?).await?;
    let seen = seen.ok_or(Error::NotFound)?;
    visit.page(Nav::None, &view::page(&visit, &seen))
}

/// The number of a warning in a path.
fn number(text: &str) -> Result<AlertId, Failure> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let id = plain.then(|| text.parse().ok()).flatten();
    Ok(AlertId(id.ok_or(Error::NotFound)?))
}

async fn document(visit: &Visit, headers: &HeaderMap, id: AlertId) -> Result<Response, Failure> {
    let seen = alerts::one(&visit.city, &visit.actor, id).await?;
    let seen = seen.ok_or(Error::NotFound)?;
    let bytes = alerts::document(&visit.city, &visit.actor, id).await?;
    let bytes = bytes.ok_or(Error::NotFound)?;
    // What only the staff may see is kept by nobody.
    let public = alerts::one(&visit.city, &visit.city.public(), id).await?;
    let keep = if public.is_some() {
        DOCUMENT_KEPT
    } else {
        "no-store"
    };
    // Weak: what packs the bytes on the way does not change what they say.
    let etag = format!("W/\"{}\"", seen.kept.sha256);
    let name = format!("peringatan-{id}.cap");
    let modified = seen.kept.received_at;
    Ok(download(headers, &name, &etag, modified, keep, bytes))
}

/// A CAP document. It is XML of strangers: a browser keeps it and does not show it.
fn download(
    asked: &HeaderMap,
    name: &str,
    etag: &str,
    modified: Timestamp,
    keep: &str,
    bytes: Vec<u8>,
) -> Response {
    let mut response = file(asked, cap::MEDIA_TYPE, etag, modified, keep, bytes);
    let value = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    if let Ok(value) = value {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// A file with what a client needs to ask for it again cheaply.
fn file(
    asked: &HeaderMap,
    kind: &str,
    etag: &str,
    modified: Timestamp,
    keep: &str,
    bytes: Vec<u8>,
) -> Response {
    let modified = http_date(modified);
    let unchanged = match asked.get(header::IF_NONE_MATCH) {
        Some(_) => assets::is_known(asked, etag),
        // A client repeats what it was told; the text is compared, not the time (RFC 9110 §13.1.3 allows more).
        None => asked
            .get(header::IF_MODIFIED_SINCE)
            .is_some_and(|since| since.as_bytes() == modified.as_bytes()),
    };
    let body = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, kind.to_owned())], bytes).into_response()
    };
    let head = [
        (header::CACHE_CONTROL, keep.to_owned()),
        (header::ETAG, etag.to_owned()),
        (header::LAST_MODIFIED, modified),
    ];
    (head, body).into_response()
}

/// RFC 9110 §5.6.7.
fn http_date(at: Timestamp) -> String {
    let utc = at.in_zone(&jiff::tz::TimeZone::UTC);
    utc.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// `GET /peringatan/atom.xml`
async fn atom(visit: Visit, headers: HeaderMap) -> Result<Response, Failure> {
    feed(&visit, &headers, "atom.xml", feeds::ATOM, feeds::atom).await
}

/// `GET /peringatan/rss.xml`
async fn rss(visit: Visit, headers: HeaderMap) -> Result<Response, Failure> {
    feed(&visit, &headers, "rss.xml", feeds::RSS, feeds::rss).await
}

async fn feed(
    visit: &Visit,
    headers: &HeaderMap,
    name: &str,
    kind: &str,
    write: fn(&feeds::Published<'_>) -> String,
) -> Result<Response, Failure> {
    let published = alerts::published(&visit.city).await?;
    let configuration = visit.city.configuration();
    let profile = &configuration.profile;
    let (base, language) = (&visit.base_url, visit.language.tag());
    let (address, page) = (format!("{base}{LIST}/{name}"), format!("{base}{LIST}"));
    let mut args = FluentArgs::new();
    args.set("city", profile.name.as_str());
    let (title, description) = (
        visit.text_with("alert-feed-title", &args),
        visit.text_with("alert-feed-description", &args),
    );
    let changed = published.iter().map(|one| one.kept.changed_at).max();
    // Nothing ever said anything: the feed is as old as the configuration.
    let first = configuration.changed_at.parse::<jiff::Timestamp>();
    let updated = changed.unwrap_or_else(|| first.unwrap_or_default().into());
    let described: Vec<view::Described> = published
        .iter()
        .map(|one| view::described(visit, one))
        .collect();
    let items = published
        .iter()
        .zip(&described)
        .map(|(one, texts)| feeds::Item {
            identifier: &one.kept.message.identifier,
            sender: &one.kept.message.sender,
            address: &texts.address,
            sender_name: texts.sender_name.as_deref().unwrap_or(&profile.name),
            headline: &texts.headline,
            description: &texts.description,
            category: texts.category,
            sent: one.kept.message.sent,
        });
    let body = write(&feeds::Published {
        address: &address,
        page: &page,
        title: &title,
        description: &description,
        language,
        author: &profile.name,
        updated,
        items: items.collect(),
    });
    let mut hasher = std::hash::DefaultHasher::new();
    body.hash(&mut hasher);
    let etag = format!("W/\"{:016x}\"", hasher.finish());
    Ok(file(
        headers,
        kind,
        &etag,
        updated,
        FEED_KEPT,
        body.into_bytes(),
    ))
}
