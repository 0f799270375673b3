//! Parts that several pages show: rows, photos, deadlines, timelines, choices, mistakes.

use std::collections::BTreeMap;

use pendopo_domain::reports::State;
use pendopo_domain::time::{Timestamp, WorkingCalendar};
use serde::Serialize;

/// A deadline as a chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Due {
    pub at: Timestamp,
    pub phase: Phase,
    /// How much is left or over; 0 to say *today*.
    pub amount: i64,
    pub unit: Unit,
}

/// How near a deadline is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Open,
    /// At least 80 % of the time is used.
    Late,
    Over,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Working days of the city.
    Day,
    Hour,
}

impl Due {
    /// The chip at `now` for a step that began at `from` and is due at `due`.
    pub fn at(from: Timestamp, due: Timestamp, now: Timestamp, calendar: &WorkingCalendar) -> Self {
        let (phase, earlier, later) = if now > due {
            (Phase::Over, due, now)
        } else {
            let (used, all) = (now.since(from).as_secs(), due.since(from).as_secs());
            let late = used.saturating_mul(10) >= all.saturating_mul(8);
            (if late { Phase::Late } else { Phase::Open }, now, due)
        };
        let days = calendar.working_days_between(earlier, later);
        let (amount, unit) = match days {
            0 => (later.since(earlier).as_hours(), Unit::Hour),
            days => (days, Unit::Day),
        };
        Self {
            at: due,
            phase,
            amount,
            unit,
        }
    }
}

/// One report in a list.
#[derive(Clone, Debug, Serialize)]
pub struct ReportRow {
    pub number: String,
    pub url: String,
    pub service: String,
    /// Words of the place, or the name of the area; empty when unknown or secret.
    pub place: String,
    pub received_at: Timestamp,
    pub state: State,
    /// Shown instead of the state when it is late or over.
    pub due: Option<Due>,
    pub thumb_url: Option<String>,
    pub joined: i64,
}

/// A number with its link: `L-2187`, `K-31`.
#[derive(Clone, Debug, Serialize)]
pub struct NumberLink {
    pub number: String,
    pub url: String,
    /// What it is about.
    pub title: String,
}

/// A photo of a report.
#[derive(Clone, Debug, Serialize)]
pub struct Photo {
    pub url: String,
    pub thumb_url: String,
    pub kind: PhotoKind,
    pub at: Timestamp,
}

/// Who took it, and so when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PhotoKind {
    /// By the reporter.
    Before,
    /// By the crew.
    After,
}

/// One line of a timeline, newest first.
#[derive(Clone, Debug, Serialize)]
pub struct TimelineEntry {
    pub at: Timestamp,
    /// Stable word; its sentence is the text `entry-{what}`. The words are in [`ENTRY_WORDS`].
    pub what: &'static str,
    /// Fills `$subject` in the sentence: a team, a body, a number, a priority; else empty.
    pub subject: String,
    /// What someone wrote, as plain text.
    pub note: Option<String>,
    /// The position that did it; `None` on public pages.
    pub by: Option<String>,
    /// A change of state, not a step: drawn filled.
    pub key: bool,
}

/// Every word that [`TimelineEntry::what`] may hold.
pub const ENTRY_WORDS: [&str; 54] = [
    "received",
    "imported",
    "assigned",
    "resolved",
    "confirmed",
    "not_yet",
    "unconfirmed",
    "referred",
    "duplicate",
    "closed_not_fixed",
    "joined",
    "incident_opened",
    "incident_joined",
    "report_added",
    "identity_seen",
    "erased",
    "note",
    "dispatched",
    "acknowledged",
    "on_scene",
    "cleared",
    "withdrawn",
    "left_open",
    "contained",
    "verified",
    "closed",
    "reopened",
    "comment_nothing",
    "comment_done",
    "comment_closed",
    "comment_not_done",
    "triaged",
    "to_work",
    "sent",
    "reached",
    "rejected",
    "referred_away",
    "merged_into",
    "merged",
    "split",
    "split_from",
    "en_route",
    "transporting",
    "at_facility",
    "late",
    "step_done",
    "step_skipped",
    "alarm_joined",
    "alarm_raised",
    "alarm_raised_again",
    "alarm_returned",
    "alarm_acknowledged",
    "alarm_shelved",
    "alarm_unshelved",
];

/// A choice of a select or of radios.
#[derive(Clone, Debug, Serialize)]
pub struct Choice {
    pub value: String,
    pub label: String,
    pub selected: bool,
    /// Latitude and longitude, for a place that can be shown on the map.
    pub at: Option<[f64; 2]>,
}

/// Choices under a heading.
#[derive(Clone, Debug, Serialize)]
pub struct ChoiceGroup {
    pub label: String,
    pub choices: Vec<Choice>,
}

/// One thing to correct in a form.
#[derive(Clone, Debug, Serialize)]
pub struct FieldError {
    /// `id` of the input, so that the summary can link to it.
    pub field: String,
    /// Key of the text.
    pub key: &'static str,
    pub args: BTreeMap<&'static str, Arg>,
}

/// A value for a variable of a text: numbers are written as the language writes them.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Arg {
    Number(i64),
    Text(String),
}

macro_rules! arg_from {
    ($($number:ty),+; $($text:ty),+) => {
        $(impl From<$number> for Arg {
            fn from(value: $number) -> Self {
                Self::Number(i64::try_from(value).unwrap_or(i64::MAX))
            }
        })+
        $(impl From<$text> for Arg {
            fn from(value: $text) -> Self {
                Self::Text(value.to_string())
            }
        })+
    };
}
arg_from!(i64, i32, u32, u64, usize; &str, &String, String);

impl FieldError {
    /// A mistake in the input with id `field`.
    pub fn new(field: impl Into<String>, key: &'static str) -> Self {
        Self {
            field: field.into(),
            key,
            args: BTreeMap::new(),
        }
    }

    /// With a value for a variable of the text.
    pub fn with(mut self, name: &'static str, value: impl Into<Arg>) -> Self {
        self.args.insert(name, value.into());
        self
    }
}

/// Where a map looks, and whose reports it shows.
#[derive(Clone, Debug, Serialize)]
pub struct MapView {
    pub lat: f64,
    pub lon: f64,
    /// 0 shows the whole of `bbox`.
    pub zoom: f64,
    /// `west,south,east,north`
    pub bbox: String,
    /// GeoJSON of the reports to show; empty for none.
    pub reports_url: String,
    /// GeoJSON of live entities, and the stream of their changes; empty for none.
    pub live_url: String,
    pub live_events_url: String,
    /// The areas are drawn around their centres, not surveyed; the map says so.
    pub approximate: bool,
    /// The node has vector tiles of its own.
    pub tiles: bool,
}

/// Values that samples share.
pub(crate) mod sample {
    use super::*;
    use jiff::SignedDuration;

    /// Monday 23 November 2026, 19.40 WIB, less `minutes`.
    pub(crate) fn ago(minutes: i64) -> Timestamp {
        Timestamp::from_micros(1_795_437_600_000_000).plus(SignedDuration::from_mins(-minutes))
    }

    pub(crate) fn days(days: i64) -> Timestamp {
        ago(days * 1440)
    }

    pub(crate) fn due(phase: Phase, amount: i64, unit: Unit) -> Due {
        let at = ago(if phase == Phase::Over { 1440 } else { -1440 });
        Due {
            at,
            phase,
            amount,
            unit,
        }
    }

    pub(crate) fn map() -> MapView {
        MapView {
            lat: 0.9186,
            lon: 104.4665,
            zoom: 12.0,
            bbox: "104.38,0.84,104.56,1.0".to_owned(),
            reports_url: "/map/reports.json".to_owned(),
            live_url: "/map/live.json".to_owned(),
            live_events_url: "/map/live/events".to_owned(),
            approximate: true,
            tiles: true,
        }
    }

    pub(crate) fn choice(value: &str, label: &str) -> Choice {
        Choice {
            value: value.to_owned(),
            label: label.to_owned(),
            selected: false,
            at: Some([0.91, 104.45]),
        }
    }

    pub(crate) fn areas() -> Vec<ChoiceGroup> {
        let group = |label: &str, names: &[&str]| ChoiceGroup {
            label: label.to_owned(),
            choices: names.iter().map(|name| choice(name, name)).collect(),
        };
        vec![
            group("Bukit Bestari", &["Dompak", "Sei Jang", "Tanjung Unggat"]),
            group("Tanjungpinang Timur", &["Batu IX", "Melayu Kota Piring"]),
        ]
    }

    pub(crate) fn teams() -> Vec<Choice> {
        let mut teams = vec![
            choice(
                "pu-jalan",
                "Dinas Pekerjaan Umum, Bidang Jalan dan Drainase",
            ),
            choice("dishub", "Dinas Perhubungan"),
            choice("bpbd", "Badan Penanggulangan Bencana Daerah"),
        ];
        teams[1].selected = true;
        teams
    }

    pub(crate) fn row(number: &str, service: &str, place: &str, minutes: i64) -> ReportRow {
        ReportRow {
            number: number.to_owned(),
            url: format!("/laporan/{number}"),
            service: service.to_owned(),
            place: place.to_owned(),
            received_at: ago(minutes),
            state: State::Received,
            due: None,
            thumb_url: None,
            joined: 0,
        }
    }

    pub(crate) fn rows() -> Vec<ReportRow> {
        let mut rows = vec![
            row(
                "L-2204",
                "Lampu jalan padam",
                "Jl. Bakar Batu, Kemboja",
                2880,
            ),
            row("L-2198", "Saluran tersumbat", "Sei Jang", 4320),
            row("L-2117", "Air keran keruh", "Melayu Kota Piring", 15_840),
            row("L-2101", "Pohon menghalangi rambu", "Batu IX", 8640),
            row("L-2090", "Jalan berlubang", "", 12),
        ];
        rows[0].state = State::Confirmed;
        rows[1].state = State::Assigned;
        rows[1].joined = 3;
        rows[2].state = State::Assigned;
        rows[2].due = Some(due(Phase::Over, 1, Unit::Day));
        rows[3].state = State::Reopened;
        rows[3].due = Some(due(Phase::Late, 4, Unit::Hour));
        rows
    }

    /// One row in every state.
    pub(crate) fn rows_in_every_state() -> Vec<ReportRow> {
        let make = |(i, state): (usize, &State)| ReportRow {
            state: *state,
            ..row(
                &format!("L-{}", 3000 + i),
                "Lampu jalan padam",
                "Kemboja",
                90,
            )
        };
        State::ALL.iter().enumerate().map(make).collect()
    }

    pub(crate) fn photo(kind: PhotoKind, minutes: i64) -> Photo {
        Photo {
            url: "/foto/1".to_owned(),
            thumb_url: "/foto/1/kecil".to_owned(),
            kind,
            at: ago(minutes),
        }
    }

    pub(crate) fn entry(what: &'static str, subject: &str, minutes: i64) -> TimelineEntry {
        TimelineEntry {
            at: ago(minutes),
            what,
            subject: subject.to_owned(),
            note: None,
            by: None,
            key: matches!(what, "received" | "assigned" | "resolved" | "not_yet"),
        }
    }

    pub(crate) fn timeline() -> Vec<TimelineEntry> {
        let mut entries = vec![
            entry("resolved", "", 40),
            entry("on_scene", "Dinas Perhubungan", 120),
            entry("assigned", "Dinas Perhubungan", 1500),
            entry("joined", "2", 2000),
            entry("received", "", 2880),
        ];
        entries[0].note = Some("Dua lampu diganti, kabel disambung lagi.".to_owned());
        entries
    }

    /// One line of every kind.
    pub(crate) fn every_entry() -> Vec<TimelineEntry> {
        ENTRY_WORDS
            .iter()
            .map(|what| TimelineEntry {
                by: Some("Operator meja".to_owned()),
                ..entry(what, "Dinas Perhubungan", 60)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    #[test]
    fn a_deadline_counts_working_days_and_on_its_last_day_hours() {
        let at = |text: &str| Timestamp::from(text.parse::<jiff::Timestamp>().unwrap());
        let calendar = WorkingCalendar::new(TimeZone::get("Asia/Jakarta").unwrap(), []);
        let from = at("2026-11-16T03:00:00Z"); // Monday
        let due = calendar.deadline(from, 5); // the next Monday, end of day
        let check = |now: &str, expect: (Phase, i64, Unit)| {
            let chip = Due::at(from, due, at(now), &calendar);
            assert_eq!((chip.phase, chip.amount, chip.unit), expect, "{now}");
        };
        check("2026-11-17T03:00:00Z", (Phase::Open, 4, Unit::Day));
        check("2026-11-22T15:00:00Z", (Phase::Late, 1, Unit::Day));
        check("2026-11-23T12:59:59Z", (Phase::Late, 4, Unit::Hour));
        check("2026-11-23T19:00:00Z", (Phase::Over, 1, Unit::Day));
    }
}
