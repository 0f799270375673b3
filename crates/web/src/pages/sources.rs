//! Who sends live data (`/meja/sumber`), and what of it waits in quarantine (`/meja/sumber/{kind}/{name}`).

use axum::extract::{Path, Query, Request, State};
use axum::response::Response;
use pendopo_domain::policy::Action;
use pendopo_domain::sources::{Kind, Reason, Source, is_silent};
use pendopo_operations::quarantine::{self, Replayed};
use pendopo_operations::sources::{self, Known};
use pendopo_operations::store::quarantine::{Kept, Which};
use serde::Deserialize;

use super::staff_parts::segment;
use crate::body;
use crate::failure::Failure;
use crate::pages_view::{
    AsideReason, AsideRow, Nav, SourceDone, SourceList, SourcePage, SourceRow, SourceState,
};
use crate::routes::{Route, act, show};
use crate::server::AppState;
use crate::visit::Visit;

const LIST: &str = "/meja/sumber";
/// Messages on one page.
const PAGE_ROWS: usize = 20;
/// A topic may have 65,535 bytes (MQTT 5.0, section 4.7.3).
const TOPIC_CHARS: usize = 200;

pub(crate) fn routes(routes: &mut Vec<Route>) {
    use Action::{ManageSources, SeeSources};
    show(routes, LIST, SeeSources, list_sources);
    show(
        routes,
        "/meja/sumber/{kind}/{name}",
        SeeSources,
        show_source,
    );
    act(
        routes,
        "/meja/sumber/{kind}/{name}/ulang",
        ManageSources,
        replay_quarantine,
    );
    act(
        routes,
        "/meja/sumber/{kind}/{name}/buang",
        ManageSources,
        discard_quarantine,
    );
}

/// `GET /meja/sumber`
async fn list_sources(visit: Visit) -> Result<Response, Failure> {
    let known = sources::known(&visit.city, &visit.actor).await?;
    let context = SourceList {
        rows: known.iter().map(|known| row(&visit, known)).collect(),
        may_manage: visit.may(Action::ManageSources),
    };
    visit.page(Nav::Desk, &context)
}

fn row(visit: &Visit, known: &Known) -> SourceRow {
    let seen = known.seen.as_ref();
    SourceRow {
        name: known.source.name.clone(),
        url: url(&known.source),
        kind: known.source.kind,
        state: match seen {
            None => SourceState::Never,
            Some(seen) if is_silent(seen.last_seen_at, visit.city.now()) => SourceState::Silent,
            Some(_) => SourceState::Sending,
        },
        last_seen_at: seen.map(|seen| seen.last_seen_at),
        per_minute: seen.map_or(0, |seen| seen.per_minute),
        counts: seen.map(|seen| seen.counts).unwrap_or_default(),
        waiting: known.waiting.values().sum(),
    }
}

fn url(source: &Source) -> String {
    format!("{LIST}/{}/{}", source.kind.word(), segment(&source.name))
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    alasan: Option<String>,
    /// A number; anything else is none.
    sebelum: Option<String>,
}

impl Asked {
    fn reason(&self) -> Option<Reason> {
        self.alasan.as_deref().and_then(Reason::from_word)
    }

    fn before(&self) -> Option<i64> {
        self.sebelum.as_deref().and_then(|text| text.parse().ok())
    }
}

/// `GET /meja/sumber/{kind}/{name}?alasan=&sebelum=`
async fn show_source(
    visit: Visit,
    State(state): State<AppState>,
    Path(path): Path<(String, String)>,
    asked: Query<Asked>,
) -> Result<Response, Failure> {
    let source = named(path)?;
    page(&visit, &state, &source, &asked, None).await
}

/// The source that a path names; whether there is one is for the list to say.
fn named((kind, name): (String, String)) -> Result<Source, Failure> {
    let kind = Kind::from_word(&kind).ok_or(pendopo_operations::Error::NotFound)?;
    Ok(Source::new(kind, name))
}

async fn page(
    visit: &Visit,
    state: &AppState,
    source: &Source,
    asked: &Asked,
    done: Option<SourceDone>,
) -> Result<Response, Failure> {
    let known = sources::known(&visit.city, &visit.actor).await?;
    let known = known.into_iter().find(|known| known.source == *source);
    let known = known.ok_or(pendopo_operations::Error::NotFound)?;
    let (name, reason) = (source.to_string(), asked.reason());
    let which = Which {
        source: Some(&name),
        reason,
    };
    let before = asked.before().unwrap_or(i64::MAX);
    let limit = PAGE_ROWS as i64 + 1;
    let (city, actor) = (&visit.city, &visit.actor);
    let mut kept = quarantine::newest(city, actor, which, before, limit).await?;
    let more = kept.len() > PAGE_ROWS;
    kept.truncate(PAGE_ROWS);
    let may_manage = visit.may(Action::ManageSources);
    let older = kept.last().filter(|_| more).map(|last| last.id);
    let context = SourcePage {
        list_url: LIST.to_owned(),
        row: row(visit, &known),
        reason,
        reasons: reasons(&known),
        newest_url: asked.before().map(|_| query(source, reason, None)),
        older_url: older.map(|id| query(source, reason, Some(id))),
        messages: kept.iter().map(|kept| aside(kept, may_manage)).collect(),
        may_manage,
        may_replay: may_manage && state.options.messages.is_some(),
        done,
    };
    visit.page(Nav::Desk, &context)
}

fn reasons(known: &Known) -> Vec<AsideReason> {
    let tab = |(reason, count): (&Reason, &u64)| AsideReason {
        reason: *reason,
        count: *count,
        url: query(&known.source, Some(*reason), None),
    };
    known.waiting.iter().map(tab).collect()
}

fn query(source: &Source, reason: Option<Reason>, before: Option<i64>) -> String {
    let reason = reason.map(|reason| ("alasan", reason.word().to_owned()));
    let before = before.map(|id| ("sebelum", id.to_string()));
    let pairs: Vec<_> = reason.into_iter().chain(before).collect();
    let query = serde_urlencoded::to_string(pairs).unwrap_or_default();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{}{mark}{query}", url(source))
}

fn aside(kept: &Kept, with_body: bool) -> AsideRow {
    AsideRow {
        at: kept.at,
        topic: readable(kept.topic.as_bytes())
            .chars()
            .take(TOPIC_CHARS)
            .collect(),
        reason: kept.reason,
        attempts: kept.attempts,
        size: kept.size,
        body: with_body.then(|| readable(&kept.body)),
        cut: !kept.is_whole(),
    }
}

/// Bytes of a stranger as text: what nobody can see becomes a mark that one can.
fn readable(bytes: &[u8]) -> String {
    let plain = |c: char| match c {
        '\n' | '\t' => c,
        c if c.is_control() => '\u{FFFD}',
        c => c,
    };
    String::from_utf8_lossy(bytes).chars().map(plain).collect()
}

/// `POST /meja/sumber/{kind}/{name}/ulang`: all of the source, or all of one reason.
async fn replay_quarantine(
    mut visit: Visit,
    State(state): State<AppState>,
    Path(path): Path<(String, String)>,
    request: Request,
) -> Result<Response, Failure> {
    let (source, asked) = begin(&mut visit, path, request).await?;
    let reader = state.options.messages.as_ref();
    let reader = reader.ok_or(pendopo_operations::Error::NotFound)?;
    let name = source.to_string();
    let which = Which {
        source: Some(&name),
        reason: asked.reason(),
    };
    let Replayed { taken, left } =
        quarantine::replay(&visit.city, &visit.actor, which, reader).await?;
    let done = SourceDone::Replayed {
        taken,
        left: left.into_iter().collect(),
    };
    // What stayed may have another reason now.
    page(&visit, &state, &source, &Asked::default(), Some(done)).await
}

/// `POST /meja/sumber/{kind}/{name}/buang`: all of the source, or all of one reason, when it was confirmed.
async fn discard_quarantine(
    mut visit: Visit,
    State(state): State<AppState>,
    Path(path): Path<(String, String)>,
    request: Request,
) -> Result<Response, Failure> {
    let (source, asked) = begin(&mut visit, path, request).await?;
    let name = source.to_string();
    let which = Which {
        source: Some(&name),
        reason: asked.reason(),
    };
    let count = quarantine::discard(&visit.city, &visit.actor, which).await?;
    let done = SourceDone::Discarded { count };
    page(&visit, &state, &source, &Asked::default(), Some(done)).await
}

/// What a form means. The page that answers it is that of the source, so the language is changed there.
async fn begin(
    visit: &mut Visit,
    path: (String, String),
    request: Request,
) -> Result<(Source, Asked), Failure> {
    let form = body::form(request).await?;
    let source = named(path)?;
    visit.here = url(&source);
    let asked = Asked {
        alasan: form.get("alasan").map(str::to_owned),
        sebelum: None,
    };
    Ok((source, asked))
}
