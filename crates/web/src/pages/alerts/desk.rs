//! Warnings at the desk (`/meja/peringatan`): what came, what is being written, who approves it, and the stage of the city.

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use pendopo_domain::alerts::chain::State as AlertState;
use pendopo_domain::alerts::draft::{Draft, DraftState};
use pendopo_domain::alerts::stage::Stage;
use pendopo_domain::alerts::{AlertId, DraftId};
use pendopo_domain::incidents::IncidentId;
use pendopo_domain::policy::{Action, Who};
use pendopo_operations::alerts::compose::{self, From};
use pendopo_operations::alerts::publish::{self, Published};
use pendopo_operations::alerts::{self, Seen, feeds, stage};
use pendopo_operations::{Error, Problem, incidents};
use pendopo_standards::cap;
use serde::Deserialize;

use super::form::{self, Kind};
use super::{download, number, view};
use crate::body;
use crate::failure::Failure;
use crate::pages::parts::see_other;
use crate::pages_view::{
    AlertAside, AlertDesk, AlertDocument, AlertStaff, DraftPage, DraftRow, DraftStep, FeedRow,
    FieldError, Nav, StageRow,
};
use crate::routes::{Route, act, show};
use crate::server::AppState;
use crate::visit::Visit;

pub(super) const LIST: &str = "/meja/peringatan";
const WRITE: &str = "/meja/peringatan/tulis";
/// Warnings on one page.
const PAGE_ROWS: i64 = 30;
/// Stages and documents aside that are listed.
const FEW: i64 = 5;

pub(crate) fn routes(routes: &mut Vec<Route>) {
    use Action::{ApproveAlert, SeeAlerts, SetStage, WriteAlert};
    show(routes, LIST, SeeAlerts, list_all);
    show(routes, WRITE, WriteAlert, show_form);
    act(routes, WRITE, WriteAlert, begin_draft);
    show(routes, "/meja/peringatan/{id}", SeeAlerts, show_alert);
    show(
        routes,
        "/meja/peringatan/konsep/{id}",
        SeeAlerts,
        show_draft,
    );
    show(
        routes,
        "/meja/peringatan/{id}/dokumen/{which}",
        SeeAlerts,
        show_document,
    );
    show(
        routes,
        "/meja/peringatan/konsep/{id}/ubah",
        WriteAlert,
        show_edit,
    );
    act(
        routes,
        "/meja/peringatan/konsep/{id}/ubah",
        WriteAlert,
        edit_draft,
    );
    act(
        routes,
        "/meja/peringatan/konsep/{id}/ajukan",
        WriteAlert,
        submit_draft,
    );
    act(
        routes,
        "/meja/peringatan/konsep/{id}/buang",
        WriteAlert,
        discard_draft,
    );
    act(
        routes,
        "/meja/peringatan/konsep/{id}/kembalikan",
        ApproveAlert,
        give_back_draft,
    );
    act(
        routes,
        "/meja/peringatan/konsep/{id}/terbitkan",
        ApproveAlert,
        publish_draft,
    );
    act(routes, "/meja/siaga", SetStage, set_stage);
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    /// A number; anything else is none.
    sebelum: Option<String>,
}

/// `GET /meja/peringatan?sebelum=`
async fn list_all(visit: Visit, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let (city, actor) = (&visit.city, &visit.actor);
    let before = asked.sebelum.as_deref().and_then(|text| text.parse().ok());
    let mut all = alerts::newest(
        city,
        actor,
        AlertId(before.unwrap_or(i64::MAX)),
        PAGE_ROWS + 1,
    )
    .await?;
    let more = all.len() as i64 > PAGE_ROWS;
    all.truncate(PAGE_ROWS as usize);
    let older = all.last().filter(|_| more).map(|last| last.kept.id);
    let drafts = compose::open(city, actor).await?;
    let feeds = feeds::list(city, actor).await?;
    let now = city.now();
    let context = AlertDesk {
        stage: view::stage(&visit).await?,
        may_set_stage: visit.may(Action::SetStage),
        may_write: visit.may(Action::WriteAlert),
        stages: stages(&visit).await?,
        drafts: drafts.iter().map(|draft| row(&visit, draft)).collect(),
        rows: all
            .iter()
            .map(|one| view::card(&visit, one, true))
            .collect(),
        older_url: older.map(|id| format!("{LIST}?sebelum={id}")),
        feeds: feeds
            .iter()
            .map(|known| FeedRow {
                name: known.name.clone(),
                succeeded_at: known.polled.succeeded_at,
                problem: known.polled.problem.clone(),
                stale: known.is_stale(now),
            })
            .collect(),
        aside: aside(&visit).await?,
    };
    visit.page(Nav::Desk, &context)
}

async fn stages(visit: &Visit) -> Result<Vec<StageRow>, Error> {
    let history = stage::history(&visit.city, &visit.actor, FEW).await?;
    let row = |set: &stage::Set| StageRow {
        number: set.stage.number(),
        proposed: set.proposed.number(),
        at: set.at,
    };
    Ok(history.iter().map(row).collect())
}

async fn aside(visit: &Visit) -> Result<Vec<AlertAside>, Error> {
    let kept = alerts::aside(&visit.city, &visit.actor, FEW).await?;
    let row = |one: alerts::Aside| AlertAside {
        at: pendopo_domain::time::Timestamp::from_micros(one.at),
        carrier: one.carrier,
        reason: one.reason,
    };
    Ok(kept.into_iter().map(row).collect())
}

fn row(visit: &Visit, draft: &Draft) -> DraftRow {
    DraftRow {
        url: draft_url(draft.id),
        headline: headline(visit, draft),
        state: draft.state,
        msg_type: draft.content.msg_type,
        updated_at: draft.updated_at,
        mine: is_mine(visit, draft),
    }
}

fn headline(visit: &Visit, draft: &Draft) -> String {
    let content = &draft.content;
    let words = content.words.get(visit.language.tag());
    let written = words.map(|words| words.headline.clone());
    let written = written.filter(|text| !text.is_empty());
    written.or_else(|| content.note.clone()).unwrap_or_default()
}

fn is_mine(visit: &Visit, draft: &Draft) -> bool {
    visit.actor.who == Who::Staff(draft.author)
}

fn draft_url(id: DraftId) -> String {
    format!("{LIST}/konsep/{id}")
}

/// `GET /meja/peringatan/{id}`
async fn show_alert(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let id = number(&id)?;
    let seen = alerts::one(&visit.city, &visit.actor, id).await?;
    let seen = seen.ok_or(Error::NotFound)?;
    let chain = alerts::chain(&visit.city, &visit.actor, seen.kept.chain).await?;
    let mut context = view::page(&visit, &seen);
    context.ended_by_url = seen.kept.ended_by.map(view::desk_url);
    context.staff = Some(AlertStaff {
        public_url: view::public_url(id),
        identifier: seen.kept.message.identifier.clone(),
        sender: seen.kept.message.sender.clone(),
        documents: originals(&visit, id).await?,
        signatures: seen.kept.signatures,
        carriers: seen.kept.carriers.clone(),
        received_at: seen.kept.received_at,
        problems: seen.kept.problems.clone(),
        chain: chain
            .iter()
            .map(|one| view::card(&visit, one, true))
            .collect(),
        follow: follow(&visit, &seen),
    });
    visit.page(Nav::Desk, &context)
}

/// The documents of a warning, each with the languages it is in.
async fn originals(visit: &Visit, id: AlertId) -> Result<Vec<AlertDocument>, Error> {
    let all = alerts::documents(&visit.city, &visit.actor, id).await?;
    let original = |(index, (sha256, bytes)): (usize, (String, Vec<u8>))| {
        let infos = cap::convert::receive(&bytes).map(|read| read.message.infos);
        let languages = infos.unwrap_or_default().into_iter();
        AlertDocument {
            url: format!("{}/dokumen/{}", view::desk_url(id), index + 1),
            languages: languages.map(|info| info.language).collect(),
            sha256,
        }
    };
    Ok(all.into_iter().enumerate().map(original).collect())
}

/// `GET /meja/peringatan/{id}/dokumen/{which}`: the first document is 1.
async fn show_document(
    visit: Visit,
    headers: HeaderMap,
    Path((id, which)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let id = number(&id)?;
    let seen = alerts::one(&visit.city, &visit.actor, id).await?;
    let received_at = seen.ok_or(Error::NotFound)?.kept.received_at;
    let all = alerts::documents(&visit.city, &visit.actor, id).await?;
    let index = which
        .parse::<usize>()
        .ok()
        .and_then(|which| which.checked_sub(1));
    let wanted = index.and_then(|index| all.into_iter().nth(index));
    let (sha256, bytes) = wanted.ok_or(Error::NotFound)?;
    let name = format!("peringatan-{id}-{}.cap", index.unwrap_or_default() + 1);
    let etag = format!("W/\"{sha256}\"");
    Ok(download(
        &headers,
        &name,
        &etag,
        received_at,
        "no-store",
        bytes,
    ))
}

/// What may be written about a warning: only about the city's own, while it holds.
fn follow(visit: &Visit, seen: &Seen) -> Vec<(String, String)> {
    let holds = matches!(
        seen.kept.state,
        Some(AlertState::Pending | AlertState::Active)
    );
    if !seen.kept.own || !holds || !visit.may(Action::WriteAlert) {
        return vec![];
    }
    let link = |kind: &Kind| {
        let url = format!("{WRITE}?jenis={}&ikuti={}", kind.word(), seen.kept.id);
        (kind.word().to_owned(), url)
    };
    [Kind::Update, Kind::AllClear, Kind::Cancel]
        .iter()
        .map(link)
        .collect()
}

/// What a warning begins from.
#[derive(Debug, Default, Deserialize)]
struct Begin {
    jenis: Option<String>,
    ikuti: Option<String>,
    insiden: Option<String>,
}

impl Begin {
    fn kind(&self) -> Kind {
        self.jenis
            .as_deref()
            .and_then(Kind::from_word)
            .unwrap_or(Kind::Alert)
    }

    fn from(&self) -> From {
        let number = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok());
        From {
            incident: number(&self.insiden).map(IncidentId),
            follows: number(&self.ikuti).map(AlertId),
        }
    }

    fn hidden(&self) -> Vec<(String, String)> {
        let pairs = [
            ("jenis", &self.jenis),
            ("ikuti", &self.ikuti),
            ("insiden", &self.insiden),
        ];
        let some = |(name, value): (&str, &Option<String>)| Some((name.to_owned(), value.clone()?));
        pairs.into_iter().filter_map(some).collect()
    }
}

/// `GET /meja/peringatan/tulis?jenis=&ikuti=&insiden=`
async fn show_form(visit: Visit, Query(begin): Query<Begin>) -> Result<Response, Failure> {
    let mut content = form::blank(&visit, begin.kind());
    if let Some(id) = begin.from().follows {
        let seen = alerts::one(&visit.city, &visit.actor, id).await?;
        let seen = seen.filter(|seen| seen.kept.own).ok_or(Error::NotFound)?;
        form::take_over(&mut content, &seen.kept);
    }
    if let Some(id) = begin.from().incident {
        let seen = incidents::see(&visit.city, &visit.actor, id).await?;
        form::take_incident(&mut content, &visit, &seen.incident);
    }
    let page = form::page(&visit, &content, WRITE, LIST, begin.hidden(), vec![]);
    visit.page(Nav::Desk, &page)
}

/// `POST /meja/peringatan/tulis`
async fn begin_draft(mut visit: Visit, request: Request) -> Result<Response, Failure> {
    let sent = body::form(request).await?;
    visit.here = WRITE.to_owned();
    let some = |name: &str| sent.get(name).map(str::to_owned);
    let begin = Begin {
        jenis: some("jenis"),
        ikuti: some("ikuti"),
        insiden: some("insiden"),
    };
    let content = form::content(&visit, &sent, begin.kind());
    let begun = compose::begin(&visit.city, &visit.actor, begin.from(), content.clone()).await;
    match begun {
        Ok(id) => Ok(see_other(&draft_url(id))),
        Err(Error::Invalid(wrong)) => {
            let errors = form::errors(&visit, &content, &wrong);
            let page = form::page(&visit, &content, WRITE, LIST, begin.hidden(), errors);
            form::refused(&visit, StatusCode::BAD_REQUEST, &page)
        }
        Err(error) => Err(error.into()),
    }
}

fn draft_id(text: &str) -> Result<DraftId, Failure> {
    Ok(DraftId(number(text)?.0))
}

/// `GET /meja/peringatan/konsep/{id}`
async fn show_draft(
    visit: Visit,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let page = draft_page(&visit, &state, draft_id(&id)?, vec![]).await?;
    visit.page(Nav::Desk, &page)
}

async fn draft_page(
    visit: &Visit,
    state: &AppState,
    id: DraftId,
    errors: Vec<FieldError>,
) -> Result<DraftPage, Failure> {
    let (city, actor) = (&visit.city, &visit.actor);
    let draft = compose::get(city, actor, id).await?;
    let writer = state.options.alerts.as_ref().ok_or(Error::NotFound)?;
    let page = format!("{}{}", visit.base_url, super::LIST);
    let (message, broken) = publish::preview(city, actor, id, &page, writer.write()).await?;
    let open = matches!(draft.state, DraftState::Writing | DraftState::Submitted);
    let mine = is_mine(visit, &draft);
    let configuration = city.configuration();
    let steps = compose::steps(city, actor, id).await?;
    let content = &draft.content;
    let submitted = draft.state == DraftState::Submitted;
    let step = |one: &pendopo_operations::store::chains::Entry| DraftStep {
        kind: one.kind.clone(),
        at: one.happened_at(),
    };
    Ok(DraftPage {
        url: draft_url(id),
        edit_url: format!("{}/ubah", draft_url(id)),
        state: draft.state,
        msg_type: content.msg_type,
        exercise: content.status == pendopo_domain::alerts::Status::Exercise,
        severity: content.severity,
        level: if message.is_all_clear() {
            0
        } else {
            view::level_of(content.severity)
        },
        areas: alerts::area_names(&configuration.areas, &content.areas),
        holds_minutes: content.holds_minutes,
        note: content.note.clone(),
        texts: message.infos.iter().map(view::texts).collect(),
        broken: if open { broken } else { vec![] },
        mine,
        may_write: open && visit.may(Action::WriteAlert),
        may_approve: submitted && !mine && visit.may(Action::ApproveAlert),
        published_url: draft.alert.map(view::desk_url),
        steps: steps.iter().map(step).collect(),
        errors,
    })
}

/// `GET /meja/peringatan/konsep/{id}/ubah`
async fn show_edit(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let id = draft_id(&id)?;
    let draft = compose::get(&visit.city, &visit.actor, id).await?;
    let url = draft_url(id);
    let action = format!("{url}/ubah");
    let page = form::page(&visit, &draft.content, &action, &url, vec![], vec![]);
    visit.page(Nav::Desk, &page)
}

/// `POST /meja/peringatan/konsep/{id}/ubah`
async fn edit_draft(
    mut visit: Visit,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let sent = body::form(request).await?;
    let id = draft_id(&id)?;
    let (url, draft) = (
        draft_url(id),
        compose::get(&visit.city, &visit.actor, id).await?,
    );
    let action = format!("{url}/ubah");
    visit.here.clone_from(&action);
    let content = form::content(&visit, &sent, Kind::of(&draft.content));
    match compose::write(&visit.city, &visit.actor, id, content.clone()).await {
        Ok(()) => Ok(see_other(&url)),
        Err(Error::Invalid(wrong)) => {
            let errors = form::errors(&visit, &content, &wrong);
            let page = form::page(&visit, &content, &action, &url, vec![], errors);
            form::refused(&visit, StatusCode::BAD_REQUEST, &page)
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /meja/peringatan/konsep/{id}/ajukan`
async fn submit_draft(
    visit: Visit,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = draft_id(&id)?;
    let done = compose::submit(&visit.city, &visit.actor, id).await;
    stepped(visit, &state, id, done).await
}

/// `POST /meja/peringatan/konsep/{id}/kembalikan`
async fn give_back_draft(
    visit: Visit,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = draft_id(&id)?;
    let done = compose::give_back(&visit.city, &visit.actor, id).await;
    stepped(visit, &state, id, done).await
}

/// `POST /meja/peringatan/konsep/{id}/buang`
async fn discard_draft(
    visit: Visit,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = draft_id(&id)?;
    let done = compose::discard(&visit.city, &visit.actor, id).await;
    stepped(visit, &state, id, done).await
}

/// `POST /meja/peringatan/konsep/{id}/terbitkan`: the one step that cannot be undone.
async fn publish_draft(
    visit: Visit,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = draft_id(&id)?;
    let writer = state.options.alerts.as_ref().ok_or(Error::NotFound)?;
    let page = format!("{}{}", visit.base_url, super::LIST);
    let approved = publish::approve(&visit.city, &visit.actor, id, &page, writer.write()).await;
    let done = match approved {
        Ok(Published::Alert(alert)) => return Ok(see_other(&view::desk_url(alert))),
        // The page says what is broken.
        Ok(Published::Broken(_)) => {
            Err(pendopo_operations::Invalid::one("draft", Problem::Missing))
        }
        Err(error) => Err(error),
    };
    stepped(visit, &state, id, done).await
}

/// After a step: the draft again, or what was against it.
async fn stepped(
    mut visit: Visit,
    state: &AppState,
    id: DraftId,
    done: Result<(), Error>,
) -> Result<Response, Failure> {
    let wrong = match done {
        Ok(()) => return Ok(see_other(&draft_url(id))),
        Err(Error::Invalid(wrong)) => wrong,
        Err(error) => return Err(error.into()),
    };
    let key = match wrong.first().map(|one| one.problem) {
        Some(Problem::OwnWork) => "alert-error-own",
        Some(Problem::Missing) => "alert-error-broken",
        _ => "error-step-refused",
    };
    visit.here = draft_url(id);
    let page = draft_page(&visit, state, id, vec![FieldError::new("draft", key)]).await?;
    form::refused(&visit, StatusCode::CONFLICT, &page)
}

/// `POST /meja/siaga`
async fn set_stage(visit: Visit, request: Request) -> Result<Response, Failure> {
    let sent = body::form(request).await?;
    let number = sent.get("tahap").and_then(|text| text.parse().ok());
    let chosen = number.and_then(Stage::new);
    let chosen = chosen.ok_or(Failure::new(crate::pages_view::ErrorKind::BadRequest))?;
    stage::set(&visit.city, &visit.actor, chosen).await?;
    Ok(see_other(LIST))
}
