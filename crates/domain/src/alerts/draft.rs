//! A warning of the city on its way: written by one person, approved by another, then a message that nobody changes.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::area::{Area, Ring};
use super::message::{Info, Message, Reference};
use super::words::{Category, Certainty, MsgType, ResponseType, Scope, Severity, Status, Urgency};
use super::{AlertId, DraftId};
use crate::geo::{AreaId, Areas, Position};
use crate::incidents::IncidentId;
use crate::organisation::SignInId;
use crate::time::Timestamp;
use crate::word_enum;

word_enum!(
    /// How far it has come.
    DraftState {
        /// Its author writes.
        Writing = "writing",
        /// It waits for somebody else to approve it.
        Submitted = "submitted",
        Published = "published",
        Discarded = "discarded",
    }
);

/// A warning that is being written.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    pub id: DraftId,
    pub state: DraftState,
    pub content: Content,
    pub incident: Option<IncidentId>,
    /// The message of the city that it updates or withdraws.
    pub follows: Option<AlertId>,
    /// Who wrote it last.
    pub author: SignInId,
    pub approver: Option<SignInId>,
    /// What it became.
    pub alert: Option<AlertId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What a person writes and chooses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Content {
    pub msg_type: MsgType,
    /// Actual or Exercise.
    pub status: Status,
    pub category: Category,
    pub response_types: Vec<ResponseType>,
    pub urgency: Urgency,
    pub severity: Severity,
    pub certainty: Certainty,
    /// From publishing on.
    pub holds_minutes: i64,
    /// Of the list OET (OASIS Event Terms), when there is one for it.
    pub event_code: Option<String>,
    pub areas: Vec<AreaId>,
    /// Which exercise it is, or why it is withdrawn.
    pub note: Option<String>,
    /// By language.
    pub words: BTreeMap<String, Words>,
}

/// The texts of one language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    pub event: String,
    pub headline: String,
    pub description: String,
    pub instruction: String,
}

impl Draft {
    /// Whether `person` may approve it: it waits, and somebody else wrote it.
    pub fn may_be_approved_by(&self, person: SignInId) -> bool {
        self.state == DraftState::Submitted && self.author != person
    }
}

impl Content {
    /// Says that the danger is over: an update that asks for nothing any more.
    pub fn all_clear(mut self) -> Self {
        self.msg_type = MsgType::Update;
        self.response_types = vec![ResponseType::AllClear];
        self.urgency = Urgency::Past;
        self.severity = Severity::Minor;
        self.certainty = Certainty::Observed;
        self
    }
}

/// What the city adds to what was written.
#[derive(Clone, Debug)]
pub struct Issued<'a> {
    pub identifier: String,
    pub sender: String,
    pub sender_name: &'a str,
    pub contact: Option<&'a str>,
    /// The page about it.
    pub web: String,
    /// What caused it, as a kind and an id.
    pub source: String,
    /// Whole seconds.
    pub now: Timestamp,
    pub references: Vec<Reference>,
    pub incident: Option<String>,
    pub areas: &'a Areas,
    /// The list that the codes of the city's areas are from; `None` when nobody else knows them.
    pub code_list: Option<&'a str>,
}

/// The message that a draft becomes; languages in the order of their tags, the first of `languages` first.
pub fn message(content: &Content, languages: &[String], issued: &Issued<'_>) -> Message {
    let tells = matches!(content.msg_type, MsgType::Alert | MsgType::Update);
    let infos = languages.iter().filter(|_| tells).filter_map(|language| {
        let words = content.words.get(language)?;
        Some(info(content, language, words, issued))
    });
    Message {
        identifier: issued.identifier.clone(),
        sender: issued.sender.clone(),
        sent: issued.now,
        // Whoever writes it down chooses the zone.
        sent_text: String::new(),
        status: content.status,
        msg_type: content.msg_type,
        scope: Scope::Public,
        source: Some(issued.source.clone()),
        restriction: None,
        addresses: vec![],
        codes: vec![],
        note: content.note.clone(),
        references: issued.references.clone(),
        incidents: issued.incident.iter().cloned().collect(),
        infos: infos.collect(),
    }
}

fn info(content: &Content, language: &str, words: &Words, issued: &Issued<'_>) -> Info {
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let holds = SignedDuration::from_mins(content.holds_minutes);
    let code = content.event_code.as_deref().and_then(some);
    Info {
        language: language.to_owned(),
        categories: vec![content.category],
        event: words.event.trim().to_owned(),
        response_types: content.response_types.clone(),
        urgency: content.urgency,
        severity: content.severity,
        certainty: content.certainty,
        audience: None,
        event_codes: code
            .map(|code| ("OET".to_owned(), code))
            .into_iter()
            .collect(),
        effective: Some(issued.now),
        onset: None,
        expires: Some(issued.now.plus(holds)),
        sender_name: some(issued.sender_name),
        headline: some(&words.headline),
        description: some(&words.description),
        instruction: some(&words.instruction),
        web: some(&issued.web),
        contact: issued.contact.and_then(some),
        parameters: vec![],
        resources: vec![],
        areas: content
            .areas
            .iter()
            .filter_map(|id| issued.areas.by_id(*id))
            .map(|area| place(area, issued.code_list))
            .collect(),
    }
}

/// An area of the city as a place of a warning: its outer rings, and its code where others know the list.
fn place(area: &crate::geo::Area, code_list: Option<&str>) -> Area {
    let ring = |polygon: &geo::Polygon<f64>| {
        let corners = polygon.exterior().coords();
        let positions = corners.map(|at| Position::new(at.x, at.y));
        positions.collect::<Option<Vec<_>>>().and_then(Ring::new)
    };
    Area {
        rings: area.outline.iter().filter_map(ring).collect(),
        geocodes: code_list
            .map(|list| (list.to_owned(), area.code.clone()))
            .into_iter()
            .collect(),
        ..Area::named(&area.name)
    }
}
