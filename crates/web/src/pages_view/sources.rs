//! `/meja/sumber`: who sends live data, and what of it could not be used.

use pendopo_domain::sources::{Counts, Kind, Reason};
use pendopo_domain::time::Timestamp;
use serde::Serialize;

use super::parts::sample;
use crate::render::Page;

/// `GET /meja/sumber`
#[derive(Clone, Debug, Serialize)]
pub struct SourceList {
    pub rows: Vec<SourceRow>,
    pub may_manage: bool,
}

/// One source with what is counted about it, since it was first seen.
#[derive(Clone, Debug, Serialize)]
pub struct SourceRow {
    pub name: String,
    pub url: String,
    pub kind: Kind,
    pub state: SourceState,
    /// `None` when it was never seen.
    pub last_seen_at: Option<Timestamp>,
    pub per_minute: u64,
    pub counts: Counts,
    /// Messages in quarantine now.
    pub waiting: u64,
}

/// Whether something comes from a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    Sending,
    Silent,
    Never,
}

/// `GET /meja/sumber/{kind}/{name}?alasan=&sebelum=`
#[derive(Clone, Debug, Serialize)]
pub struct SourcePage {
    pub list_url: String,
    pub row: SourceRow,
    /// Only messages of this reason are shown.
    pub reason: Option<Reason>,
    pub reasons: Vec<AsideReason>,
    /// Newest first.
    pub messages: Vec<AsideRow>,
    pub newest_url: Option<String>,
    pub older_url: Option<String>,
    /// May see what the messages say, and take them away.
    pub may_manage: bool,
    pub may_replay: bool,
    pub done: Option<SourceDone>,
}

/// Why messages wait, and how many.
#[derive(Clone, Debug, Serialize)]
pub struct AsideReason {
    pub reason: Reason,
    pub count: u64,
    pub url: String,
}

/// One message that could not be used.
#[derive(Clone, Debug, Serialize)]
pub struct AsideRow {
    pub at: Timestamp,
    pub topic: String,
    pub reason: Reason,
    /// How often it was tried again.
    pub attempts: i64,
    /// Bytes of the whole message.
    pub size: i64,
    /// `None` for those who may not see it.
    pub body: Option<String>,
    /// The body is a beginning only.
    pub cut: bool,
}

/// What the reader has just done.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum SourceDone {
    Replayed {
        taken: usize,
        left: Vec<(Reason, usize)>,
    },
    Discarded {
        count: u64,
    },
}

fn sample_row(kind: Kind, state: SourceState) -> SourceRow {
    let minutes = match state {
        SourceState::Sending => Some(1),
        SourceState::Silent => Some(190),
        SourceState::Never => None,
    };
    let sent = u64::from(minutes.is_some());
    SourceRow {
        name: "alat-ukur-sungai".to_owned(),
        url: format!("/meja/sumber/{kind}/alat-ukur-sungai"),
        kind,
        state,
        last_seen_at: minutes.map(sample::ago),
        per_minute: 12 * sent,
        counts: Counts {
            received: 184_211 * sent,
            late: 7 * sent,
            refused: 0,
            quarantined: 31 * sent,
            dropped: 2 * sent,
            unknown_units: sent,
        },
        waiting: 3 * sent,
    }
}

impl Page for SourceList {
    const TEMPLATE: &'static str = "source_list.html";

    fn sample() -> Vec<Self> {
        let states = [
            SourceState::Sending,
            SourceState::Silent,
            SourceState::Never,
        ];
        let row = |(kind, state): (&Kind, SourceState)| sample_row(*kind, state);
        let full = Self {
            rows: Kind::ALL
                .iter()
                .zip(states.into_iter().cycle())
                .map(row)
                .collect(),
            may_manage: true,
        };
        let empty = |may_manage| Self {
            rows: vec![],
            may_manage,
        };
        vec![full, empty(true), empty(false)]
    }
}

impl Page for SourcePage {
    const TEMPLATE: &'static str = "source.html";

    fn sample() -> Vec<Self> {
        let message = |reason: &Reason| AsideRow {
            at: sample::ago(12),
            topic: "river/tondano-1/level".to_owned(),
            reason: *reason,
            attempts: 1,
            size: 70_000,
            body: Some("{\"level_cm\": \"<b>142</b>\"}".to_owned()),
            cut: true,
        };
        let tab = |reason: &Reason| AsideReason {
            reason: *reason,
            count: 3,
            url: format!("/meja/sumber/mqtt/alat?alasan={reason}"),
        };
        let full = Self {
            list_url: "/meja/sumber".to_owned(),
            row: sample_row(Kind::Mqtt, SourceState::Sending),
            reason: Some(Reason::NoValue),
            reasons: Reason::ALL.iter().map(tab).collect(),
            messages: Reason::ALL.iter().map(message).collect(),
            newest_url: Some("/meja/sumber/mqtt/alat".to_owned()),
            older_url: Some("/meja/sumber/mqtt/alat?sebelum=9".to_owned()),
            may_manage: true,
            may_replay: true,
            done: Some(SourceDone::Replayed {
                taken: 28,
                left: Reason::ALL.iter().map(|reason| (*reason, 1)).collect(),
            }),
        };
        let seen_only = Self {
            reason: None,
            messages: vec![AsideRow {
                body: None,
                attempts: 0,
                ..message(&Reason::BadTime)
            }],
            newest_url: None,
            older_url: None,
            may_manage: false,
            may_replay: false,
            done: None,
            ..full.clone()
        };
        let nothing = Self {
            row: sample_row(Kind::ApiKey, SourceState::Never),
            reason: None,
            reasons: vec![],
            messages: vec![],
            done: Some(SourceDone::Discarded { count: 3 }),
            ..full.clone()
        };
        let all_taken = Self {
            done: Some(SourceDone::Replayed {
                taken: 3,
                left: vec![],
            }),
            ..nothing.clone()
        };
        vec![full, seen_only, nothing, all_taken]
    }
}
