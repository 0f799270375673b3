//! Words on the timeline of an incident: in the clear, or sealed with a secret report that the incident holds.

use futures::future::BoxFuture;
use pendopo_domain::incidents::IncidentId;
use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::reports::{PersonId, Report, ReportId, Visibility};
use pendopo_domain::time::Timestamp;
use pendopo_store::reports::{self as report_rows, Sealed};
use pendopo_store::{Db, chains, incidents as rows};

use super::locked;
use crate::configuration::must;
use crate::reports::checked_words;
use crate::{City, Invalid, Problem, Result, actor_text};

/// Writes words on the timeline. When the incident holds a secret report, they are sealed with it.
///
/// # Errors
/// [`Error::Denied`](crate::Error::Denied), [`Error::NotFound`](crate::Error::NotFound),
/// [`Error::Invalid`](crate::Error::Invalid) on `words`.
pub async fn note(city: &City, actor: &Actor, id: IncidentId, words: String) -> Result<()> {
    must(actor, Action::OpenIncident)?;
    let words =
        checked_words(Some(words))?.ok_or_else(|| Invalid::one("words", Problem::Missing))?;
    let (actor, now) = (actor.clone(), city.now());
    write_with(city, &[id], Some(words), move |db, note| {
        let actor = actor.clone();
        Box::pin(async move {
            locked(db, &actor, id).await?;
            let by = actor_text(&actor);
            let position =
                chains::append(db, &chains::incident(id), now, "note", &by, "city").await?;
            beside(db, note.as_ref(), position).await
        })
    })
    .await
}

/// Words, with what sealing them takes: keys live in another database than the timeline.
#[derive(Clone)]
pub(crate) struct Note {
    incident: IncidentId,
    words: String,
    /// The secret reports that were there when the words were sealed.
    secret: Vec<ReportId>,
    /// `None` when no report is secret, or the people behind all of those are erased.
    sealed: Option<(ReportId, PersonId, Vec<u8>)>,
}

impl Note {
    pub(super) async fn prepare(city: &City, incident: IncidentId, words: &str) -> Result<Self> {
        let members = report_rows::of_incident(&mut city.store().read().await?, incident).await?;
        let mut note = Self {
            incident,
            words: words.to_owned(),
            secret: secret(&members).map(|report| report.id).collect(),
            sealed: None,
        };
        for report in secret(&members) {
            let Some(person) = &report.person else {
                continue;
            };
            let Some(key) = city.store().keys().open(person).await? else {
                continue;
            };
            let place = Sealed::IncidentNote(incident, 0).place(person);
            let ciphertext = key.seal(&place, words.as_bytes(), city.entropy())?;
            note.sealed = Some((report.id, person.clone(), ciphertext));
            break;
        }
        Ok(note)
    }

    /// Whether no secret report has joined since.
    pub(super) fn fits(&self, members: &[Report]) -> bool {
        secret(members).all(|report| self.secret.contains(&report.id))
    }

    /// Appends an entry of their own, with the words beside it. `members` are those of the incident, which is locked.
    pub(super) async fn write(
        &self,
        db: &mut Db,
        actor: &Actor,
        members: &[Report],
        now: Timestamp,
    ) -> Result<()> {
        let stream = chains::incident(self.incident);
        let position = chains::append(db, &stream, now, "note", &actor_text(actor), "city").await?;
        self.put(db, position, members).await
    }

    /// Puts the words beside an entry that is there.
    pub(super) async fn put(&self, db: &mut Db, position: i64, members: &[Report]) -> Result<()> {
        if secret(members).next().is_none() {
            let stream = chains::incident(self.incident);
            rows::add_note(db, &stream, position, &self.words).await?;
            return Ok(());
        }
        // Without a key the words are not kept: like those on a secret report alone, see `dispatch::note`.
        if let Some((report, person, ciphertext)) = &self.sealed {
            let kind = Sealed::IncidentNote(self.incident, position);
            report_rows::put_sealed(db, *report, kind, person, ciphertext).await?;
        }
        Ok(())
    }
}

/// A transaction on incidents with words that belong beside an entry of the first of `ids`: sealed when that holds a
/// secret report. All of `ids` are locked, in one order, before `work` begins; it may run again, and then nothing of its
/// first run is left.
///
/// # Errors
/// Those of `work`; [`Error::NotFound`](crate::Error::NotFound) for an incident that is not there.
pub(crate) async fn write_with<T, F>(
    city: &City,
    ids: &[IncidentId],
    words: Option<String>,
    work: F,
) -> Result<T>
where
    F: for<'d> Fn(&'d mut Db, Option<Note>) -> BoxFuture<'d, Result<T>> + Clone + Send + 'static,
    T: Send + 'static,
{
    let words = checked_words(words)?;
    let mut order = ids.to_vec();
    order.sort_unstable();
    // Once more only when a secret report joined between the look and the lock.
    loop {
        let note = match (&words, ids.first()) {
            (Some(words), Some(id)) => Some(Note::prepare(city, *id, words).await?),
            _ => None,
        };
        let (order, work) = (order.clone(), work.clone());
        let done = city
            .store()
            .write(move |db| {
                Box::pin(async move {
                    for id in order {
                        let found = rows::by_id_for_update(db, id).await?;
                        found.ok_or(crate::Error::NotFound)?;
                    }
                    if let Some(note) = &note {
                        let members = report_rows::of_incident(db, note.incident).await?;
                        if !note.fits(&members) {
                            return Ok(None);
                        }
                    }
                    work(db, note).await.map(Some)
                })
            })
            .await?;
        if let Some(done) = done {
            return Ok(done);
        }
    }
}

/// Puts words beside an entry, if there are some.
pub(crate) async fn beside(db: &mut Db, note: Option<&Note>, position: i64) -> Result<()> {
    if let Some(note) = note {
        let members = report_rows::of_incident(db, note.incident).await?;
        note.put(db, position, &members).await?;
    }
    Ok(())
}

fn secret(members: &[Report]) -> impl Iterator<Item = &Report> {
    members
        .iter()
        .filter(|report| report.visibility == Visibility::Secret)
}

/// The sealed words of an incident in the clear, as (position, words). They may be about any of its secret reports, so
/// the caller has asked the policy for all of those.
pub(super) async fn open_sealed(
    city: &City,
    incident: IncidentId,
    members: &[Report],
) -> Result<Vec<(i64, String)>> {
    let sealed = report_rows::incident_notes(&mut city.store().read().await?, incident).await?;
    let mut opened = Vec::new();
    for (position, id, ciphertext) in sealed {
        let found = members.iter().find(|report| report.id == id);
        let Some(person) = found.and_then(|report| report.person.as_ref()) else {
            continue;
        };
        let Some(key) = city.store().keys().open(person).await? else {
            continue;
        };
        let text = key.open(
            &Sealed::IncidentNote(incident, position).place(person),
            &ciphertext,
        )?;
        opened.extend(String::from_utf8(text).ok().map(|words| (position, words)));
    }
    Ok(opened)
}
