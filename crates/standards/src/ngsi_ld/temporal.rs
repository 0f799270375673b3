//! History: what may be asked of it, and its representations (ETSI GS CIM 009, sections 4.5.6 to 4.5.9, 4.5.19, 4.11).
//!
//! A history comes in through [`Document::history`](super::Document::history). Counting is the caller's: this module
//! reads the question ([`Temporal`]) and writes the answer ([`history`], [`aggregates`]).

mod write;

use jiff::Span;
use pendopo_domain::time::Timestamp;

use super::names;
use super::problem::{Problem, echo};
pub use write::{History, Moment, Series, Span as ValueSpan, aggregates, history};

/// Instances of one attribute that may be asked for.
pub const MOST_INSTANCES: usize = 10_000;

/// The parameters of a question, as they are in the URL; an empty text counts as none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Params<'a> {
    pub timerel: Option<&'a str>,
    pub time_at: Option<&'a str>,
    pub end_time_at: Option<&'a str>,
    pub timeproperty: Option<&'a str>,
    pub last_n: Option<&'a str>,
    pub aggr_methods: Option<&'a str>,
    pub aggr_period_duration: Option<&'a str>,
    pub format: Option<&'a str>,
    pub options: Option<&'a str>,
}

/// A question about history.
#[derive(Clone, Debug, PartialEq)]
pub struct Temporal {
    /// `None`: all of it.
    pub window: Option<Window>,
    pub property: TimeProperty,
    /// Only so many newest instances of each attribute; then the newest come first.
    pub last_n: Option<usize>,
    pub representation: Representation,
    pub sys_attrs: bool,
    /// Given when the representation is [`Representation::Aggregated`].
    pub aggregation: Option<Aggregation>,
}

/// When (section 4.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    Before(Timestamp),
    After(Timestamp),
    Between(Timestamp, Timestamp),
}

impl Window {
    /// Whether `at` is in it. The first instant of an interval is, the last is not.
    pub fn holds(self, at: Timestamp) -> bool {
        match self {
            Self::Before(end) => at < end,
            Self::After(start) => at > start,
            Self::Between(start, end) => start <= at && at < end,
        }
    }
}

/// Which time of an instance counts (section 4.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeProperty {
    #[default]
    ObservedAt,
    CreatedAt,
    ModifiedAt,
    DeletedAt,
}

impl TimeProperty {
    const ALL: [Self; 4] = [
        Self::ObservedAt,
        Self::CreatedAt,
        Self::ModifiedAt,
        Self::DeletedAt,
    ];

    /// Its word on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ObservedAt => "observedAt",
            Self::CreatedAt => "createdAt",
            Self::ModifiedAt => "modifiedAt",
            Self::DeletedAt => "deletedAt",
        }
    }
}

/// How a history is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Representation {
    /// Section 4.5.7.
    #[default]
    Normalized,
    Concise,
    /// Section 4.5.9.
    TemporalValues,
    /// Section 4.5.19.
    Aggregated,
}

/// What is counted, and over which spans.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregation {
    /// At least one, each once.
    pub methods: Vec<Method>,
    /// `None`: one span for all.
    pub period: Option<Period>,
}

/// A span of time, a second or more.
#[derive(Clone, Debug)]
pub struct Period(Span);

impl PartialEq for Period {
    fn eq(&self, other: &Self) -> bool {
        self.0.fieldwise() == other.0.fieldwise()
    }
}

impl Period {
    fn new(span: Span) -> Option<Self> {
        let period = Self(span);
        let length = period.after(Timestamp::from_micros(0)).micros();
        (1_000_000..i64::MAX).contains(&length).then_some(period)
    }

    /// The instant one period after `start`: by the calendar in UTC, so that a month is a month.
    pub fn after(&self, start: Timestamp) -> Timestamp {
        let start = start.in_zone(&jiff::tz::TimeZone::UTC);
        match start.checked_add(self.0) {
            Ok(end) => end.timestamp().into(),
            Err(_) => Timestamp::from_micros(i64::MAX),
        }
    }

    /// Of the periods that follow each other from `origin` on, the one that `at` is in; not for an instant before it.
    pub fn around(&self, origin: Timestamp, at: Timestamp) -> (Timestamp, Timestamp) {
        let mut start = origin;
        if self.0.get_years() == 0 && self.0.get_months() == 0 {
            // As long at any time, since UTC has no days of another length.
            let zero = Timestamp::from_micros(0);
            let length = self.after(zero).micros();
            let past = at.micros().saturating_sub(origin.micros()).max(0);
            start = Timestamp::from_micros(origin.micros() + past / length * length);
        }
        loop {
            let end = self.after(start);
            if at < end || end <= start {
                return (start, end);
            }
            start = end;
        }
    }
}

/// Methods of section 4.5.19.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    TotalCount,
    DistinctCount,
    Sum,
    Avg,
    Min,
    Max,
    Stddev,
    Sumsq,
}

impl Method {
    const ALL: [Self; 8] = [
        Self::TotalCount,
        Self::DistinctCount,
        Self::Sum,
        Self::Avg,
        Self::Min,
        Self::Max,
        Self::Stddev,
        Self::Sumsq,
    ];

    /// Its word on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TotalCount => "totalCount",
            Self::DistinctCount => "distinctCount",
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
            Self::Stddev => "stddev",
            Self::Sumsq => "sumsq",
        }
    }
}

impl Temporal {
    /// Reads the parameters.
    ///
    /// # Errors
    /// InvalidRequest for a format or option that nobody knows, BadRequestData for the rest.
    pub fn parse(params: &Params<'_>) -> Result<Self, Problem> {
        let given = |text: Option<&'_ str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let (representation, sys_attrs) = representation(
            given(params.format).as_deref(),
            given(params.options).as_deref(),
        )?;
        let property = match given(params.timeproperty) {
            None => TimeProperty::default(),
            Some(word) => TimeProperty::ALL
                .into_iter()
                .find(|one| one.name() == word)
                .ok_or_else(|| unknown(&word).of("timeproperty"))?,
        };
        let last_n = match given(params.last_n) {
            None => None,
            Some(text) => Some(
                text.parse()
                    .ok()
                    .filter(|n| (1..=MOST_INSTANCES).contains(n))
                    .ok_or_else(|| {
                        Problem::bad(format!("not from 1 to {MOST_INSTANCES}")).of("lastN")
                    })?,
            ),
        };
        let aggregation = match representation {
            Representation::Aggregated => Some(aggregation(
                given(params.aggr_methods).as_deref(),
                given(params.aggr_period_duration).as_deref(),
            )?),
            _ => None,
        };
        Ok(Self {
            window: window(
                given(params.timerel).as_deref(),
                given(params.time_at).as_deref(),
                given(params.end_time_at).as_deref(),
            )?,
            property,
            last_n,
            representation,
            sys_attrs,
            aggregation,
        })
    }
}

fn unknown(word: &str) -> Problem {
    Problem::bad(format!("'{}' is not known", echo(word)))
}

fn window(
    timerel: Option<&str>,
    time_at: Option<&str>,
    end_time_at: Option<&str>,
) -> Result<Option<Window>, Problem> {
    let time = |name: &str, text: &str| names::time(text).map_err(|problem| problem.of(name));
    let Some(timerel) = timerel else {
        if time_at.is_some() || end_time_at.is_some() {
            return Err(Problem::bad("a time needs a timerel"));
        }
        return Ok(None);
    };
    let time_at = time_at.ok_or_else(|| Problem::bad("timerel needs a timeAt"))?;
    let at = time("timeAt", time_at)?;
    Ok(Some(match (timerel, end_time_at) {
        ("before", None) => Window::Before(at),
        ("after", None) => Window::After(at),
        ("between", Some(end)) => {
            let end = time("endTimeAt", end)?;
            if end < at {
                return Err(Problem::bad("endTimeAt is before timeAt"));
            }
            Window::Between(at, end)
        }
        ("between", None) => return Err(Problem::bad("between needs an endTimeAt")),
        ("before" | "after", Some(_)) => {
            return Err(Problem::bad("only between has an endTimeAt"));
        }
        (other, _) => return Err(unknown(other).of("timerel")),
    }))
}

/// The representation and `sysAttrs`, from `format` and `options`.
fn representation(
    format: Option<&str>,
    options: Option<&str>,
) -> Result<(Representation, bool), Problem> {
    let known = |word: &str| {
        Some(match word {
            "normalized" => Representation::Normalized,
            "concise" => Representation::Concise,
            "temporalValues" | "simplified" | "keyValues" => Representation::TemporalValues,
            "aggregatedValues" => Representation::Aggregated,
            _ => return None,
        })
    };
    let wrong = |word: &str| Problem::invalid(unknown(word).detail);
    let mut found = None;
    let mut sys_attrs = false;
    for word in options.unwrap_or_default().split(',').map(str::trim) {
        match word {
            "" | "count" => {}
            "sysAttrs" => sys_attrs = true,
            word => {
                let one = known(word).ok_or_else(|| wrong(word).of("options"))?;
                if found.is_some_and(|found| found != one) {
                    return Err(Problem::bad("two representations").of("options"));
                }
                found = Some(one);
            }
        }
    }
    // The parameter of later versions goes before the one that it replaces (section 6.3.12).
    if let Some(word) = format {
        found = Some(known(word).ok_or_else(|| wrong(word).of("format"))?);
    }
    Ok((found.unwrap_or_default(), sys_attrs))
}

fn aggregation(methods: Option<&str>, period: Option<&str>) -> Result<Aggregation, Problem> {
    let methods = methods.ok_or_else(|| Problem::bad("aggregatedValues needs aggrMethods"))?;
    let mut found = vec![];
    for word in methods.split(',').map(str::trim) {
        let one = Method::ALL.into_iter().find(|one| one.name() == word);
        let one = one.ok_or_else(|| unknown(word).of("aggrMethods"))?;
        if !found.contains(&one) {
            found.push(one);
        }
    }
    let wrong = || Problem::bad("not a duration like PT1H or P1D").of("aggrPeriodDuration");
    let period = match period {
        None => None,
        Some(text) => {
            let span: Span = text
                .strip_prefix('P')
                .filter(|_| text.len() <= 64)
                .and_then(|_| text.parse().ok())
                .ok_or_else(wrong)?;
            match span.signum() {
                0 => None,
                _ => Some(Period::new(span).ok_or_else(wrong)?),
            }
        }
    };
    Ok(Aggregation {
        methods: found,
        period,
    })
}
