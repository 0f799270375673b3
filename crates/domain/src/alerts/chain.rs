//! How messages follow one another: which of them hold, which are replaced, withdrawn or over.
//!
//! [`states`] looks at all messages of a city that may have to do with each other and says where each stands. It is a
//! function of the set, so it does not matter in which order they came, or how often: a feed is a window, and what it
//! left out may come later. CAP 1.2 §3.2.1, elements `<msgType>` and `<references>`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::area::{Area, Ring};
use super::message::{Key, Message};
use super::words::{MsgType, Status};
use crate::time::Timestamp;
use crate::word_enum;

word_enum!(
    /// Where a message stands.
    State {
        /// It holds from a later time on.
        Pending = "pending",
        Active = "active",
        /// A later message says it instead.
        Superseded = "superseded",
        /// Withdrawn by who sent it.
        Cancelled = "cancelled",
        Expired = "expired",
    }
);

/// What the chain has to know about a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    pub key: Key,
    pub status: Status,
    pub msg_type: MsgType,
    pub references: Vec<Key>,
    pub incidents: Vec<String>,
    pub effective: Timestamp,
    pub expires: Timestamp,
    /// The feeds that carried it, the city itself among them by a name of its own.
    #[serde(skip)]
    pub carriers: BTreeSet<String>,
    /// Somebody of the city brought it in.
    #[serde(skip)]
    pub by_hand: bool,
    /// For feeds that never refer to what they replace; `None` when all carriers do.
    pub place: Option<Place>,
}

/// Where a message holds, as far as needed to tell whether a newer one says it all again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The names of its areas.
    pub descs: BTreeSet<String>,
    /// One number for each ring.
    pub parts: BTreeSet<u64>,
}

impl Place {
    pub fn of(message: &Message) -> Self {
        let areas = message.areas();
        Self {
            descs: areas.iter().map(|area| area.desc.clone()).collect(),
            parts: areas
                .iter()
                .flat_map(|area: &&Area| area.rings.iter().map(part))
                .collect(),
        }
    }

    /// Whether it names the same places and draws at least what `older` draws.
    fn says_again(&self, older: &Self) -> bool {
        self.descs == older.descs && older.parts.is_subset(&self.parts)
    }
}

/// FNV-1a over the coordinates: the same number on every machine and in every version.
fn part(ring: &Ring) -> u64 {
    let numbers = ring.positions().iter().flat_map(|at| [at.lon(), at.lat()]);
    numbers
        .flat_map(|number| number.to_bits().to_be_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

impl Link {
    /// `newer_replaces`: the feed sends a new alert instead of an update that refers to the old one.
    pub fn of(message: &Message, newer_replaces: bool) -> Self {
        let references = message.references.iter().map(|reference| Key {
            sender: reference.sender.clone(),
            identifier: reference.identifier.clone(),
            sent: reference.sent,
        });
        Self {
            key: message.key(),
            status: message.status,
            msg_type: message.msg_type,
            references: references.collect(),
            incidents: message.incidents.clone(),
            effective: message.effective(),
            expires: message.expires(),
            carriers: BTreeSet::new(),
            by_hand: false,
            place: newer_replaces.then(|| Place::of(message)),
        }
    }

    fn is_alert(&self) -> bool {
        matches!(self.msg_type, MsgType::Alert | MsgType::Update)
            && matches!(self.status, Status::Actual | Status::Exercise)
    }

    /// Whether a message named `reference` may be this one. The sender is sometimes written in two ways; the identifier
    /// and the time are not.
    fn is_named_by(&self, reference: &Key) -> bool {
        reference.identifier == self.key.identifier
            && (reference.sender == self.key.sender || reference.sent == self.key.sent)
    }

    /// Whether this message comes from where it may speak about `other`: no feed reaches into another one.
    fn may_speak_about(&self, other: &Self) -> bool {
        self.status == other.status && (self.by_hand || !self.carriers.is_disjoint(&other.carriers))
    }
}

/// Where one message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// `None` for what never is an alert: withdrawals, receipts, refusals, and what is not for people.
    pub state: Option<State>,
    /// Index of the first message of its chain.
    pub chain: usize,
    /// Index of the message that replaced or withdrew it.
    pub ended_by: Option<usize>,
}

/// Where each of `links` stands at `now`; in their order. Keys are expected to be different.
///
/// A message is withdrawn by a Cancel of its own sender. It is replaced by a later Update that refers to it, or to
/// something that it itself replaced (an Update older than the head of its chain is late, not news); by a later message of
/// the same identifier; and, where its feed says so, by a newer alert of the same sender for the same places.
pub fn states(links: &[Link], now: Timestamp) -> Vec<Standing> {
    let graph = Graph::new(links);
    let standing = |index: usize| {
        let link = &links[index];
        let chain = graph.first_of(index);
        if !link.is_alert() {
            return Standing {
                state: None,
                chain,
                ended_by: None,
            };
        }
        let ended = graph
            .withdrawn_by(index)
            .map(|by| (State::Cancelled, by))
            .or_else(|| graph.replaced_by(index).map(|by| (State::Superseded, by)));
        let by_time = if now >= link.expires {
            State::Expired
        } else if now < link.effective {
            State::Pending
        } else {
            State::Active
        };
        Standing {
            state: Some(ended.map_or(by_time, |(state, _)| state)),
            chain,
            ended_by: ended.map(|(_, by)| by),
        }
    };
    (0..links.len()).map(standing).collect()
}

struct Graph<'a> {
    links: &'a [Link],
    by_identifier: BTreeMap<&'a str, Vec<usize>>,
    /// Everything that a message replaces, through what it refers to: messages that are there, by index,
    behind: Vec<BTreeSet<usize>>,
    /// and the identifiers of those and of messages that never came.
    names: Vec<BTreeSet<&'a str>>,
    chains: Vec<usize>,
}

impl<'a> Graph<'a> {
    fn new(links: &'a [Link]) -> Self {
        let mut by_identifier: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, link) in links.iter().enumerate() {
            let known = by_identifier.entry(&link.key.identifier).or_default();
            known.push(index);
        }
        let mut graph = Self {
            links,
            by_identifier,
            behind: vec![],
            names: vec![],
            chains: vec![],
        };
        for index in 0..links.len() {
            let (behind, names) = graph.everything_behind(index);
            graph.behind.push(behind);
            graph.names.push(names);
        }
        graph.chains = graph.join();
        graph
    }

    fn named(&self, reference: &Key) -> impl Iterator<Item = usize> {
        let known = self.by_identifier.get(reference.identifier.as_str());
        let known = known.into_iter().flatten().copied();
        known.filter(|index| self.links[*index].is_named_by(reference))
    }

    fn everything_behind(&self, index: usize) -> (BTreeSet<usize>, BTreeSet<&'a str>) {
        let (mut behind, mut names) = (BTreeSet::new(), BTreeSet::new());
        let mut open = vec![index];
        while let Some(at) = open.pop() {
            for reference in &self.links[at].references {
                // A message that names itself says nothing by it.
                if self.links[index].is_named_by(reference) {
                    continue;
                }
                names.insert(reference.identifier.as_str());
                for next in self.named(reference).collect::<Vec<_>>() {
                    if next != index
                        && self.links[index].may_speak_about(&self.links[next])
                        && behind.insert(next)
                    {
                        open.push(next);
                    }
                }
            }
        }
        (behind, names)
    }

    /// The order of messages: by time, then by whatever makes it the same everywhere.
    fn order(&self, index: usize) -> (Timestamp, &Key) {
        (self.links[index].key.sent, &self.links[index].key)
    }

    fn latest(&self, indexes: impl Iterator<Item = usize>) -> Option<usize> {
        indexes.max_by_key(|index| self.order(*index))
    }

    fn withdrawn_by(&self, index: usize) -> Option<usize> {
        let link = &self.links[index];
        let withdraws = |by: &usize| {
            let cancel = &self.links[*by];
            cancel.msg_type == MsgType::Cancel
                && cancel.key.sender == link.key.sender
                && cancel.key.sent >= link.key.sent
                && cancel.may_speak_about(link)
                && cancel.references.iter().any(|one| link.is_named_by(one))
        };
        self.latest((0..self.links.len()).filter(withdraws))
    }

    fn replaced_by(&self, index: usize) -> Option<usize> {
        let replaces = |by: &usize| *by != index && self.replaces(*by, index);
        self.latest((0..self.links.len()).filter(replaces))
    }

    fn replaces(&self, by: usize, index: usize) -> bool {
        let (newer, older) = (&self.links[by], &self.links[index]);
        if !newer.is_alert() || newer.key.sent < older.key.sent || !newer.may_speak_about(older) {
            return false;
        }
        let is_update = newer.msg_type == MsgType::Update;
        if is_update && self.behind[by].contains(&index) && !self.behind[index].contains(&by) {
            return true;
        }
        if newer.key.sent == older.key.sent {
            return false;
        }
        let same_message =
            newer.key.sender == older.key.sender && newer.key.identifier == older.key.identifier;
        // Both replace the same: the older one is late.
        let is_late = is_update
            && older.msg_type == MsgType::Update
            && !self.names[by].is_disjoint(&self.names[index]);
        same_message || is_late || says_again(newer, older)
    }

    /// Index of the first message of the chain of each message: linked by references, by a name that both refer to, or by
    /// an incident of the same sender.
    fn join(&self) -> Vec<usize> {
        let mut chains = Chains((0..self.links.len()).collect());
        let mut sharing: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for (index, link) in self.links.iter().enumerate() {
            for other in &self.behind[index] {
                chains.join(index, *other);
            }
            let names = self.names[index].iter().map(|name| ("", *name));
            let incidents = link.incidents.iter().map(|incident| {
                let sender = link.key.sender.as_str();
                (sender, incident.as_str())
            });
            for name in names.chain(incidents) {
                sharing.entry(name).or_default().push(index);
            }
        }
        for (one, other) in sharing.values().flat_map(|all| pairs(all)) {
            let (here, there) = (&self.links[one], &self.links[other]);
            if here.may_speak_about(there) || there.may_speak_about(here) {
                chains.join(one, other);
            }
        }
        let roots: Vec<usize> = (0..self.links.len()).map(|at| chains.root(at)).collect();
        let mut first: BTreeMap<usize, usize> = BTreeMap::new();
        for (index, root) in roots.iter().enumerate() {
            let best = first.entry(*root).or_insert(index);
            if self.order(index) < self.order(*best) {
                *best = index;
            }
        }
        roots.iter().map(|root| first[root]).collect()
    }

    fn first_of(&self, index: usize) -> usize {
        self.chains[index]
    }
}

fn says_again(newer: &Link, older: &Link) -> bool {
    let (Some(there), Some(here)) = (&newer.place, &older.place) else {
        return false;
    };
    newer.key.sender == older.key.sender && there.says_again(here)
}

fn pairs(all: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    let rest = |(at, one): (usize, &usize)| {
        let one = *one;
        all[at + 1..].iter().map(move |other| (one, *other))
    };
    all.iter().enumerate().flat_map(rest)
}

/// Sets that grow together.
struct Chains(Vec<usize>);

impl Chains {
    fn root(&mut self, at: usize) -> usize {
        let mut root = at;
        while self.0[root] != root {
            root = self.0[root];
        }
        self.0[at] = root;
        root
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[other] = one;
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
