//! One case of the file as a past report.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use pendopo_domain::geo::Position;
use pendopo_domain::reports::{Channel, Deadlines, NewReport, Report, State, Visibility};
use pendopo_domain::services::Terms;
use pendopo_domain::time::Timestamp;
use pendopo_operations::configuration::Configuration;
use pendopo_operations::limits;

use super::{ImportError, Reason};

/// Longest name of a type or group that becomes a service.
const NAME_CHARS: usize = 200;
/// Longest number that a case may bring along.
const NUMBER_CHARS: usize = 40;

/// Where the columns stand that are read.
pub(super) struct Columns {
    number: usize,
    opened: usize,
    target: usize,
    closed: usize,
    status: usize,
    closure_reason: usize,
    title: usize,
    group: usize,
    kind: usize,
    location: usize,
    lat: usize,
    lon: usize,
}

/// What a row says, checked.
pub(super) struct Case {
    pub number: String,
    pub service_code: String,
    pub service_name: String,
    pub service_group: String,
    opened_at: Timestamp,
    target_at: Option<Timestamp>,
    /// `None` while it is open.
    closed_at: Option<Timestamp>,
    closure_reason: Option<String>,
    title: Option<String>,
    place: Option<String>,
    position: Option<Position>,
}

impl Columns {
    pub fn find(header: &[String]) -> Result<Self, ImportError> {
        let find = |wanted: &'static str| {
            header
                .iter()
                .position(|name| name.trim() == wanted)
                .ok_or(ImportError::MissingColumn(wanted))
        };
        Ok(Self {
            number: find("case_enquiry_id")?,
            opened: find("open_dt")?,
            target: find("target_dt")?,
            closed: find("closed_dt")?,
            status: find("case_status")?,
            closure_reason: find("closure_reason")?,
            title: find("case_title")?,
            group: find("reason")?,
            kind: find("type")?,
            location: find("location")?,
            lat: find("latitude")?,
            lon: find("longitude")?,
        })
    }

    /// Reads one row that has as many fields as the header.
    pub fn read(&self, fields: &[String], zone: &TimeZone) -> Result<Case, Reason> {
        let field = |at: usize| fields[at].trim();
        let number = field(self.number);
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        if number.is_empty() || number.len() > NUMBER_CHARS || !digits {
            return Err(Reason::MissingNumber);
        }
        let service_name = within(field(self.kind), NAME_CHARS)?.ok_or(Reason::MissingType)?;
        let service_code = slug(&service_name).ok_or(Reason::MissingType)?;
        let opened_at = time(field(self.opened), zone).ok_or(Reason::BadOpenDate)?;
        let target_at = match field(self.target) {
            "" => None,
            text => Some(time(text, zone).ok_or(Reason::BadTargetDate)?),
        };
        let closed_at = match (field(self.status), field(self.closed)) {
            ("Open", "") => None,
            ("Closed", text) => Some(time(text, zone).ok_or(Reason::BadCloseDate)?),
            ("Open", _) => return Err(Reason::BadCloseDate),
            _ => return Err(Reason::UnknownStatus),
        };
        if closed_at.is_some_and(|at| at < opened_at) {
            return Err(Reason::ClosedBeforeOpened);
        }
        let words = |at: usize| field(at).split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(Case {
            number: number.to_owned(),
            service_code,
            service_name,
            service_group: within(field(self.group), NAME_CHARS)?.unwrap_or_default(),
            opened_at,
            target_at,
            closed_at,
            closure_reason: within(field(self.closure_reason), limits::DESCRIPTION_CHARS)?,
            title: within(field(self.title), limits::DESCRIPTION_CHARS)?,
            place: within(&words(self.location), limits::PLACE_CHARS)?,
            position: position(field(self.lon), field(self.lat))?,
        })
    }
}

impl Case {
    /// The report that the city keeps of this case. A target of the source is the promise for every step; without one
    /// the terms of the service count from the opening.
    pub fn into_report(self, terms: Terms, configuration: &Configuration) -> Report {
        let area = self
            .position
            .and_then(|at| configuration.areas.containing(at))
            .map(|area| area.id);
        let new = NewReport {
            service_code: self.service_code,
            visibility: Visibility::Public,
            anonymous: false,
            person: None,
            channel: Channel::Import,
            area,
            position: self.position,
            place: self.place,
            description: self.title,
        };
        let open = Report::open(new, terms, &configuration.calendar, self.opened_at);
        let closed = self.closed_at.is_some();
        let expected_at = self.target_at.unwrap_or(open.deadlines.expected_at);
        Report {
            foreign_number: Some(self.number),
            state: if closed {
                State::NotAsked
            } else {
                State::Received
            },
            updated_at: self.closed_at.unwrap_or(self.opened_at),
            resolved_at: self.closed_at,
            round: u32::from(closed),
            status_notes: self.closure_reason,
            deadlines: Deadlines {
                verify_due_at: self.target_at.unwrap_or(open.deadlines.verify_due_at),
                // An open one has no team yet; its time to follow up begins when it gets one.
                follow_up_due_at: closed.then_some(expected_at),
                answer_due_at: None,
                expected_at,
            },
            ..open
        }
    }
}

fn within(text: &str, most: usize) -> Result<Option<String>, Reason> {
    if text.chars().count() > most {
        return Err(Reason::TextTooLong);
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

fn time(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let civil = DateTime::strptime("%Y-%m-%d %H:%M:%S", text).ok()?;
    // Compatible with RFC 5545: the first of two, the later side of a gap.
    let zoned = civil.to_zoned_datetime(zone.clone()).ok()?;
    Some(zoned.timestamp().into())
}

fn position(lon: &str, lat: &str) -> Result<Option<Position>, Reason> {
    if lon.is_empty() && lat.is_empty() {
        return Ok(None);
    }
    let number = |text: &str| text.parse::<f64>().map_err(|_| Reason::BadCoordinates);
    Position::new(number(lon)?, number(lat)?)
        .map(Some)
        .ok_or(Reason::BadCoordinates)
}

/// `New Sign  Crosswalk` → `new-sign-crosswalk`; `None` when nothing is left. Types that differ only in punctuation or
/// case are one service.
fn slug(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    (!words.is_empty()).then(|| words.join("-"))
}
