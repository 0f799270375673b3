//! What of a history is answered, and in how many pages (ETSI GS CIM 009, sections 4.5.7 to 4.5.19, 6.3.10).

use std::collections::{BTreeMap, BTreeSet};

use pendopo_domain::entities::aggregates::{Aggregate, Sample, aggregates};
use pendopo_domain::entities::{Attribute, Entity, Iri, Value};
use pendopo_domain::time::Timestamp;
use pendopo_operations::store::history::{self, Head, Observation, Range};
use pendopo_standards::ngsi_ld::temporal::{
    self, Aggregation, History, Method, Moment, Series, TimeProperty, Window,
};
use pendopo_standards::ngsi_ld::{Context, Kind, Temporal, View};

use super::super::Fault;
use super::super::query::Shown;

/// Instances of one answer, of all its attributes and entities together; those of the same time stay together, so there
/// may be a few more. The rest is for the next question, which begins where Content-Range ends. ETSI's test suite expects
/// a page of less than 40.
const AT_ONCE: usize = 30;
/// Instances of one attribute that are read for an answer. More than [`AT_ONCE`], for those of the same time.
const READ: i64 = 10 * AT_ONCE as i64;
/// Instances of one attribute that are counted or searched.
const COUNTED: i64 = 100_000;

/// Which rows of a history are read.
pub fn range(temporal: &Temporal, looks_further: bool) -> Range {
    let (from, to) = match temporal.window {
        None => (None, None),
        Some(Window::Before(end)) => (None, Some(end)),
        Some(Window::After(start)) => (Some(next(start)), None),
        Some(Window::Between(start, end)) => (Some(start), Some(end)),
    };
    Range {
        property: match temporal.property {
            TimeProperty::ObservedAt => history::TimeProperty::ObservedAt,
            TimeProperty::CreatedAt | TimeProperty::ModifiedAt => history::TimeProperty::WrittenAt,
            TimeProperty::DeletedAt => history::TimeProperty::DeletedAt,
        },
        from,
        to,
        last: temporal
            .last_n
            .filter(|_| !looks_further)
            .and_then(|n| i64::try_from(n).ok()),
        limit: match temporal.aggregation.is_some() || looks_further {
            true => COUNTED + 1,
            false => READ,
        },
    }
}

fn next(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.micros().saturating_add(1))
}

/// The entity of a history, without attributes.
pub fn entity(head: &Head) -> Entity {
    Entity {
        id: head.id.clone(),
        types: head.types.clone(),
        scopes: head.scopes.clone(),
        created_at: head.created_at,
        modified_at: head.modified_at,
        expires_at: None,
        attributes: vec![],
    }
}

/// What is told of one entity.
pub struct Told {
    pub head: Entity,
    deleted_at: Option<Timestamp>,
    /// In the order of time; with `lastN` the newest first.
    pub observations: Vec<Observation>,
    /// Attributes that are on another page.
    elsewhere: Vec<Iri>,
}

impl Told {
    pub fn new(head: Head, mut observations: Vec<Observation>, temporal: &Temporal) -> Self {
        for one in &mut observations {
            // An instance is written once: what it has is the time of the attribute.
            one.attribute.created_at = one.written_at;
        }
        observations.sort_by_key(|one| at(one, temporal.property));
        if temporal.last_n.is_some() {
            observations.reverse();
        }
        Self {
            head: entity(&head),
            deleted_at: head.deleted_at,
            observations,
            elsewhere: vec![],
        }
    }

    /// Attributes that were there.
    pub fn present(&self) -> impl Iterator<Item = &Attribute> {
        let there = self
            .observations
            .iter()
            .filter(|one| one.deleted_at.is_none());
        there.map(|one| &one.attribute)
    }

    /// Only what is asked for by `attrs`, `datasetId` and `lastN`.
    pub fn ask(&mut self, shown: &Shown, temporal: &Temporal) {
        let mut counts: BTreeMap<(Iri, Option<Iri>), usize> = BTreeMap::new();
        self.observations.retain(|one| {
            let attribute = &one.attribute;
            if !shown.asks_for(attribute) {
                return false;
            }
            let Some(last) = temporal.last_n else {
                return true;
            };
            let series = (attribute.name.clone(), attribute.dataset.clone());
            let count = counts.entry(series).or_default();
            *count += 1;
            *count <= last
        });
    }

    /// Only what `pick` and `omit` leave, so that nothing else fills a page.
    pub fn keep(&mut self, shown: &Shown) {
        self.observations
            .retain(|one| shown.keeps(&one.attribute.name));
    }

    /// Appends it; false when nothing is left.
    ///
    /// # Errors
    /// TooManyResults.
    pub fn write(
        &self,
        out: &mut Vec<u8>,
        temporal: &Temporal,
        context: &Context,
        view: &View<'_>,
    ) -> Result<bool, Fault> {
        if let Some(aggregation) = &temporal.aggregation {
            let series = self.series(aggregation, temporal)?;
            return Ok(temporal::aggregates(
                out, &self.head, &series, context, view,
            ));
        }
        let moments: Vec<Moment<'_>> = self
            .observations
            .iter()
            .map(|one| Moment {
                attribute: &one.attribute,
                instance_id: Some(&one.instance_id),
                deleted_at: one.deleted_at,
            })
            .collect();
        let told = History {
            head: &self.head,
            deleted_at: self.deleted_at,
            moments: &moments,
            elsewhere: &self.elsewhere,
            property: temporal.property,
        };
        Ok(temporal::history(out, &told, context, view))
    }

    fn series(
        &self,
        aggregation: &Aggregation,
        temporal: &Temporal,
    ) -> Result<Vec<Series<'_>>, Fault> {
        let mut all: Vec<&Observation> = self
            .observations
            .iter()
            .filter(|one| one.deleted_at.is_none())
            .collect();
        if temporal.last_n.is_some() {
            all.reverse();
        }
        let time = |one: &&Observation| at(one, temporal.property);
        let (Some(oldest), Some(newest)) = (all.first().map(time), all.last().map(time)) else {
            return Ok(vec![]);
        };
        let (origin, end) = match temporal.window {
            None => (oldest, newest),
            Some(Window::Before(end)) => (oldest, end),
            Some(Window::After(start)) => (start, newest),
            Some(Window::Between(start, end)) => (start, end),
        };
        let around = |at| match &aggregation.period {
            Some(period) => period.around(origin, at),
            None => (origin, end),
        };
        let mut groups: BTreeMap<(&Iri, Option<&Iri>), Vec<&Observation>> = BTreeMap::new();
        for one in all {
            let series = (&one.attribute.name, one.attribute.dataset.as_ref());
            groups.entry(series).or_default().push(one);
        }
        let mut found = vec![];
        for ((name, dataset), group) in groups {
            if i64::try_from(group.len()).is_ok_and(|count| count > COUNTED) {
                return Err(Fault(Kind::TooManyResults.because(format!(
                    "more than {COUNTED} instances of an attribute: ask for a shorter time"
                ))));
            }
            let samples = group.iter().map(|one| Sample {
                at: time(one),
                text: text(&one.attribute.value),
                number: number(&one.attribute.value),
            });
            let spans = aggregates(samples, around);
            let methods = methods(aggregation, &spans);
            if !methods.is_empty() {
                found.push(Series {
                    name,
                    dataset,
                    kind: group.last().map_or("", |one| one.attribute.value.kind()),
                    methods,
                });
            }
        }
        Ok(found)
    }
}

type Spans = Vec<(f64, Timestamp, Timestamp)>;

/// The methods that mean something: what is no number is only counted.
fn methods(aggregation: &Aggregation, spans: &[Aggregate]) -> Vec<(Method, Spans)> {
    let numbers = spans.iter().any(|one| one.numbers > 0);
    aggregation
        .methods
        .iter()
        .filter(|method| numbers || matches!(method, Method::TotalCount | Method::DistinctCount))
        .map(|&method| {
            let span = |one: &Aggregate| (value(one, method), one.from, one.to);
            (method, spans.iter().map(span).collect())
        })
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn value(one: &Aggregate, method: Method) -> f64 {
    match method {
        Method::TotalCount => one.count as f64,
        Method::DistinctCount => one.distinct as f64,
        Method::Sum => one.sum,
        Method::Avg => one.mean(),
        Method::Min => one.least,
        Method::Max => one.greatest,
        Method::Stddev => one.deviation(),
        Method::Sumsq => one.sum_of_squares,
    }
}

/// The number that a value counts as (section 4.5.19.1).
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Property(json) if json.get() == "true" => Some(1.0),
        Value::Property(json) if json.get() == "false" => Some(0.0),
        value => value.number(),
    }
}

/// The value as it is written, to tell it from others.
fn text(value: &Value) -> &str {
    match value {
        Value::Property(json)
        | Value::LanguageProperty(json)
        | Value::VocabProperty(json)
        | Value::JsonProperty(json)
        | Value::ListProperty(json) => json.get(),
        Value::GeoProperty(geometry) => geometry.text().get(),
        Value::Relationship { objects, .. } | Value::ListRelationship { objects, .. } => {
            objects.first().map_or("", |object| object)
        }
    }
}

/// The time of an instance that counts.
fn at(one: &Observation, property: TimeProperty) -> Timestamp {
    let own = match property {
        TimeProperty::ObservedAt => one
            .attribute
            .observed_at
            .filter(|_| one.deleted_at.is_none()),
        TimeProperty::CreatedAt | TimeProperty::ModifiedAt => None,
        TimeProperty::DeletedAt => one.deleted_at,
    };
    own.unwrap_or(one.written_at)
}

/// Cuts what is too much for one answer, at one time for all, and says in the words of Content-Range what is left. `None`
/// when it is all there.
pub fn cut(all: &mut [Told], temporal: &Temporal) -> Option<String> {
    if temporal.aggregation.is_some() {
        return None;
    }
    let newest_first = temporal.last_n.is_some();
    let time = |one: &Observation| at(one, temporal.property);
    let observations = all.iter().flat_map(|told| &told.observations);
    let mut times: Vec<Timestamp> = observations.map(time).collect();
    if times.len() <= AT_ONCE {
        return None;
    }
    times.sort_unstable();
    if newest_first {
        times.reverse();
    }
    let (first, last) = (*times.first()?, *times.get(AT_ONCE - 1)?);
    let (least, most) = (first.min(last), first.max(last));
    for told in all {
        let names = |told: &Told| -> BTreeSet<Iri> {
            let names = told.observations.iter().map(|one| &one.attribute.name);
            names.cloned().collect()
        };
        let before = names(told);
        told.observations
            .retain(|one| (least..=most).contains(&time(one)));
        let after = names(told);
        told.elsewhere = before.difference(&after).cloned().collect();
    }
    let start = match (newest_first, temporal.window) {
        (true, Some(Window::Before(end) | Window::Between(_, end))) => end,
        (false, Some(Window::After(start) | Window::Between(start, _))) => start,
        _ => first,
    };
    let size = temporal.last_n.map_or("*".to_owned(), |n| n.to_string());
    Some(format!("date-time {start}-{last}/{size}"))
}
