//! What one message says, apart from how it is written.

use serde::{Deserialize, Serialize};

use super::area::Area;
use super::words::{
    Category, Certainty, MsgType, ResponseType, Scope, Severity, Status, Urgency, rank,
};
use crate::time::Timestamp;

/// How long a message without `<expires>` counts: CAP leaves it to the recipient.
const WITHOUT_EXPIRY_HOURS: i64 = 24;

/// What tells messages apart. CAP 1.2 §3.2.1: the identifier is unique for its sender; with the time it is the triple that
/// references are made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    pub sender: String,
    pub identifier: String,
    pub sent: Timestamp,
}

/// A message that another one names. CAP 1.2 §3.2.1, element `<references>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    pub sender: String,
    pub identifier: String,
    pub sent: Timestamp,
    /// The time as the message it names wrote it, which is what has to be repeated.
    pub sent_text: String,
}

/// An `<alert>`. CAP 1.2 §3.2.1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub identifier: String,
    pub sender: String,
    pub sent: Timestamp,
    /// The time as it was written, with its offset.
    pub sent_text: String,
    pub status: Status,
    pub msg_type: MsgType,
    pub scope: Scope,
    pub source: Option<String>,
    pub restriction: Option<String>,
    pub addresses: Vec<String>,
    pub codes: Vec<String>,
    pub note: Option<String>,
    pub references: Vec<Reference>,
    pub incidents: Vec<String>,
    pub infos: Vec<Info>,
}

/// An `<info>`. CAP 1.2 §3.2.2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Info {
    /// BCP 47; a message that does not say is in `en-US`.
    pub language: String,
    pub categories: Vec<Category>,
    pub event: String,
    pub response_types: Vec<ResponseType>,
    pub urgency: Urgency,
    pub severity: Severity,
    pub certainty: Certainty,
    pub audience: Option<String>,
    /// Name and value.
    pub event_codes: Vec<(String, String)>,
    /// `None` is the time at which the message was sent.
    pub effective: Option<Timestamp>,
    pub onset: Option<Timestamp>,
    pub expires: Option<Timestamp>,
    pub sender_name: Option<String>,
    pub headline: Option<String>,
    pub description: Option<String>,
    pub instruction: Option<String>,
    pub web: Option<String>,
    pub contact: Option<String>,
    /// Name and value; names repeat.
    pub parameters: Vec<(String, String)>,
    pub resources: Vec<Resource>,
    /// All of them together.
    pub areas: Vec<Area>,
}

/// A `<resource>` by its address. CAP 1.2 §3.2.3. What is sent inside the message itself is not taken up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    pub desc: String,
    pub mime_type: String,
    pub uri: Option<String>,
}

impl Message {
    pub fn key(&self) -> Key {
        Key {
            sender: self.sender.clone(),
            identifier: self.identifier.clone(),
            sent: self.sent,
        }
    }

    /// How another message names this one.
    pub fn as_reference(&self) -> Reference {
        Reference {
            sender: self.sender.clone(),
            identifier: self.identifier.clone(),
            sent: self.sent,
            sent_text: self.sent_text.clone(),
        }
    }

    /// With the parts of `other` that are in languages which this one does not speak: an agency sends each language as a
    /// document of its own, under one key. `None` when there are none, or when `other` is not the same message.
    pub fn joined(&self, other: &Self) -> Option<Self> {
        let is_same = self.key() == other.key()
            && self.status == other.status
            && self.msg_type == other.msg_type
            && self.scope == other.scope
            && self.references == other.references;
        let speaks = |info: &Info| {
            (self.infos.iter()).any(|own| own.language.eq_ignore_ascii_case(&info.language))
        };
        let further: Vec<Info> = (other.infos.iter().filter(|info| !speaks(info)))
            .cloned()
            .collect();
        if !is_same || self.infos.is_empty() || further.is_empty() {
            return None;
        }
        let mut joined = self.clone();
        joined.infos.extend(further);
        Some(joined)
    }

    /// Whether `other` says something else in a language that this one speaks.
    pub fn differs_from(&self, other: &Self) -> bool {
        let both = other.infos.iter().filter(|info| {
            (self.infos.iter()).any(|own| own.language.eq_ignore_ascii_case(&info.language))
        });
        both.into_iter().any(|info| !self.infos.contains(info))
    }

    /// When the first part of it begins to count.
    pub fn effective(&self) -> Timestamp {
        let first = self.infos.iter().map(|info| self.effective_of(info)).min();
        first.unwrap_or(self.sent)
    }

    /// When the last part of it ends to count; a day after it was sent for a part that does not say.
    pub fn expires(&self) -> Timestamp {
        let last = self.infos.iter().map(|info| self.expires_of(info)).max();
        last.unwrap_or_else(|| self.without_expiry())
    }

    /// Whether every part says itself when it ends.
    pub fn says_expiry(&self) -> bool {
        !self.infos.is_empty() && self.infos.iter().all(|info| info.expires.is_some())
    }

    fn effective_of(&self, info: &Info) -> Timestamp {
        info.effective.unwrap_or(self.sent)
    }

    fn expires_of(&self, info: &Info) -> Timestamp {
        info.expires.unwrap_or_else(|| self.without_expiry())
    }

    fn without_expiry(&self) -> Timestamp {
        let hours = jiff::SignedDuration::from_hours(WITHOUT_EXPIRY_HOURS);
        self.sent.plus(hours)
    }

    /// Whether it says that the danger is over: every part is an all-clear, or past.
    pub fn is_all_clear(&self) -> bool {
        let over = |info: &Info| {
            info.urgency == Urgency::Past || info.response_types.contains(&ResponseType::AllClear)
        };
        !self.infos.is_empty() && self.infos.iter().all(over)
    }

    /// The gravest part: severity, urgency, certainty, each 4 to 0. Parts are not added up.
    pub fn rank(&self) -> (u8, u8, u8) {
        let ranks = self.infos.iter().map(Info::rank);
        ranks.max().unwrap_or_default()
    }

    /// The severity of the gravest part.
    pub fn severity(&self) -> Severity {
        let gravest = self.infos.iter().max_by_key(|info| info.rank());
        gravest.map_or(Severity::Unknown, |info| info.severity)
    }

    /// The parts for a reader of `language`: those in it, else in the same language of another country, else in English,
    /// else in whatever language comes first.
    pub fn infos_in(&self, language: &str) -> Vec<&Info> {
        let primary = |tag: &str| {
            let first = tag.split(['-', '_']).next().unwrap_or_default();
            first.to_ascii_lowercase()
        };
        let all = || self.infos.iter();
        let wanted = all()
            .find(|info| info.language.eq_ignore_ascii_case(language))
            .or_else(|| all().find(|info| primary(&info.language) == primary(language)))
            .or_else(|| all().find(|info| primary(&info.language) == "en"))
            .or_else(|| all().next());
        let Some(wanted) = wanted else { return vec![] };
        all()
            .filter(|info| info.language.eq_ignore_ascii_case(&wanted.language))
            .collect()
    }

    /// The gravest of the parts for a reader of `language`; the first of equals.
    pub fn info_in(&self, language: &str) -> Option<&Info> {
        let infos = self.infos_in(language).into_iter();
        infos.reduce(|best, info| match info.rank() > best.rank() {
            true => info,
            false => best,
        })
    }

    /// Every area of every part, once: parts in several languages repeat them.
    pub fn areas(&self) -> Vec<&Area> {
        let mut seen: Vec<&Area> = vec![];
        for area in self.infos.iter().flat_map(|info| &info.areas) {
            if !seen.iter().any(|known| known.same_place(area)) {
                seen.push(area);
            }
        }
        seen
    }
}

impl Info {
    /// Severity, urgency, certainty, each 4 to 0.
    pub fn rank(&self) -> (u8, u8, u8) {
        rank(self.severity, self.urgency, self.certainty)
    }

    /// The headline; the event and where it is, when there is none.
    pub fn headline(&self) -> String {
        if let Some(headline) = &self.headline {
            return headline.clone();
        }
        let areas: Vec<&str> = self.areas.iter().map(|area| area.desc.as_str()).collect();
        match areas.is_empty() {
            true => self.event.clone(),
            false => format!("{}: {}", self.event, areas.join(", ")),
        }
    }
}
