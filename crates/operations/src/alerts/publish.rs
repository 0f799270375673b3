//! Approving a warning, by somebody who did not write it; it is public from that moment on.

use std::sync::Arc;

use jiff::tz::TimeZone;
use pendopo_domain::alerts::draft::{self, Draft, DraftState, Issued};
use pendopo_domain::alerts::{AlertId, DraftId, Message, MsgType, Reference, area};
use pendopo_domain::geo::BoundingBox;
use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::time::Timestamp;
use pendopo_store::alerts::{self as rows, Which};
use pendopo_store::{Db, StoreError, alert_drafts, chains};

use super::compose::{person, stream};
use super::receive::{self, Carrier, Document, Outcome};
use crate::configuration::Configuration;
use crate::{City, Error, Invalid, Problem, Result, actor_text};

/// The carrier of what the city itself publishes.
const OWN: &str = "city";
/// Messages of a chain that an update refers to.
const MOST_REFERENCES: i64 = 200;

/// What the writer of documents is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub zone: &'a TimeZone,
    pub languages: &'a [String],
    /// No position lies outside; `None` when the city has no areas.
    pub within: Option<BoundingBox>,
}

/// Makes the document of a message, or says what keeps it from being one. Which bytes say what belongs to the wire.
/// The document comes back as it would be read from those bytes.
pub type Write = dyn Fn(&Message, Asked<'_>) -> Result<Document, Vec<String>> + Send + Sync;

/// A [`Write`] that a node hands around.
#[derive(Clone)]
pub struct Writer(Arc<Write>);

impl Writer {
    pub fn new(
        write: impl Fn(&Message, Asked<'_>) -> Result<Document, Vec<String>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(write))
    }

    /// How a message is written.
    pub fn write(&self) -> &Write {
        &*self.0
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Writer")
    }
}

/// What became of an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    Alert(AlertId),
    /// It breaks what a warning must keep; the draft waits as before. Places and words.
    Broken(Vec<String>),
}

/// The message as residents would see it if it were published now, and what keeps it from being published.
///
/// # Errors
/// [`Error::Denied`] unless the actor may see warnings; [`Error::NotFound`].
pub async fn preview(
    city: &City,
    actor: &Actor,
    id: DraftId,
    page: &str,
    write: &Write,
) -> Result<(Message, Vec<String>)> {
    let draft = super::compose::get(city, actor, id).await?;
    let (message, written) = make(city, &draft, page, write).await?;
    Ok((message, written.err().unwrap_or_default()))
}

/// Publishes a submitted draft. `page` is the address of the page that lists the city's warnings.
///
/// # Errors
/// [`Error::Denied`] unless the actor may approve; [`Error::NotFound`]; [`Error::Invalid`] on `draft` with
/// [`Problem::OwnWork`] for its author, with [`Problem::Unknown`] when it is not submitted or was changed meanwhile.
pub async fn approve(
    city: &City,
    actor: &Actor,
    id: DraftId,
    page: &str,
    write: &Write,
) -> Result<Published> {
    let approver = person(actor, Action::ApproveAlert)?;
    let looked_at = alert_drafts::get(&mut city.store().read().await?, id).await?;
    let looked_at = looked_at.ok_or(Error::NotFound)?;
    if looked_at.author == approver {
        return Err(Invalid::one("draft", Problem::OwnWork));
    }
    if !looked_at.may_be_approved_by(approver) {
        return Err(Invalid::one("draft", Problem::Unknown));
    }
    let (_, written) = make(city, &looked_at, page, write).await?;
    let document = match written {
        Ok(document) => document,
        Err(broken) => return Ok(Published::Broken(broken)),
    };
    // Its areas were chosen, not found: outlines of neighbours touch.
    let matched = area::Match {
        here: true,
        areas: looked_at.content.areas.clone(),
        unverified: false,
    };
    let carrier = Carrier {
        name: OWN.to_owned(),
        by_hand: false,
        newer_replaces: false,
    };
    let new = receive::new(document, &carrier, matched, true);
    let (now, by) = (city.now(), actor_text(actor));
    let publishing = city.store().write(move |db| {
        Box::pin(async move {
            let draft = alert_drafts::lock(db, id).await?.ok_or(Error::NotFound)?;
            if draft != looked_at {
                return Err(Invalid::one("draft", Problem::Unknown));
            }
            let outcomes = receive::put_all(db, &[new], now).await?;
            let [Outcome::New(alert)] = outcomes[..] else {
                return Err(StoreError::NotWritten.into());
            };
            let published = Draft {
                state: DraftState::Published,
                approver: Some(approver),
                alert: Some(alert),
                updated_at: now,
                ..draft
            };
            alert_drafts::update(db, &published).await?;
            let subject = format!("alert:{alert}");
            chains::append(db, &stream(id), now, "approved", &by, &subject).await?;
            Ok(Published::Alert(alert))
        })
    });
    publishing.await
}

/// The message that a draft would be now, and its document.
async fn make(
    city: &City,
    draft: &Draft,
    page: &str,
    write: &Write,
) -> Result<(Message, Result<Document, Vec<String>>)> {
    let configuration = city.configuration();
    let references = references(&mut city.store().read().await?, draft).await?;
    let issued = issued(city, &configuration, draft, page, references);
    let message = draft::message(&draft.content, &configuration.alerts.languages, &issued);
    let asked = Asked {
        zone: configuration.calendar.zone(),
        languages: &configuration.alerts.languages,
        within: super::surroundings(&configuration.areas, configuration.alerts.margin_metres),
    };
    let written = write(&message, asked);
    Ok((message, written))
}

fn issued<'a>(
    city: &City,
    configuration: &'a Configuration,
    draft: &Draft,
    page: &str,
    references: Vec<Reference>,
) -> Issued<'a> {
    let settings = &configuration.alerts;
    let profile = &configuration.profile;
    let second = jiff::Timestamp::from(city.now()).as_second();
    let now = Timestamp::from_micros(second.saturating_mul(1_000_000));
    let stamp = now
        .in_zone(&TimeZone::UTC)
        .strftime("%Y%m%dT%H%M%S")
        .to_string();
    let contact = settings.contact.as_deref();
    Issued {
        identifier: format!(
            "{}-{stamp}-{}",
            super::domain(city, configuration),
            draft.id
        ),
        sender: super::sender(city, configuration),
        sender_name: settings.sender_name.as_deref().unwrap_or(&profile.name),
        contact: contact.or(Some(profile.emergency_phone.as_str())),
        web: page.to_owned(),
        // Not who wrote it: that stands in the chain of the draft, for those who may see it.
        source: format!("alert_draft:{}", draft.id),
        now,
        references,
        incident: draft.incident.map(|id| format!("K-{id}")),
        areas: &configuration.areas,
        code_list: settings.code_list.as_deref(),
    }
}

/// Every message of the chain that still holds; the one that it follows when none does.
async fn references(db: &mut Db, draft: &Draft) -> Result<Vec<Reference>> {
    let Some(follows) = draft.follows else {
        return Ok(vec![]);
    };
    let followed = rows::get(db, follows).await?.ok_or(Error::NotFound)?;
    let chain = rows::list(db, Which::Chain(followed.chain), false, MOST_REFERENCES).await?;
    let holds = |kept: &rows::Kept| {
        use pendopo_domain::alerts::chain::State;
        let still = matches!(kept.state, Some(State::Pending | State::Active));
        kept.own && still && kept.message.msg_type != MsgType::Cancel
    };
    let mut named: Vec<Reference> = chain
        .iter()
        .filter(|kept| holds(kept))
        .map(|kept| kept.message.as_reference())
        .collect();
    if named.is_empty() {
        named.push(followed.message.as_reference());
    }
    Ok(named)
}
