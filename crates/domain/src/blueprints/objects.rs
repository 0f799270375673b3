//! The kinds of objects. Each has the form that the files of a city have, and a normal form in which two of them can be
//! compared: every field that has a default is there, what is null is not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::incidents::clocks::Clock;
use crate::live_types::LiveType;
use crate::playbooks::Playbook;
use crate::rules::{Condition, Rule};
use crate::services::{Service, Texts};
use crate::sources::{Mapping, expanded};

crate::word_enum!(
    /// What an object is.
    Kind {
        Service = "service",
        EntityType = "entity_type",
        Rule = "rule",
        Playbook = "playbook",
        Team = "team",
        Board = "board",
        Measure = "measure",
        Text = "text",
    }
);

impl Kind {
    /// The folder of such objects.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Service => "services",
            Self::EntityType => "entity-types",
            Self::Rule => "rules",
            Self::Playbook => "playbooks",
            Self::Team => "teams",
            Self::Board => "boards",
            Self::Measure => "measures",
            Self::Text => "text",
        }
    }
}

/// Which object of a city: written `rule/rob/pasang-tinggi`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectId {
    pub kind: Kind,
    pub id: String,
}

impl ObjectId {
    pub fn new(kind: Kind, id: &str) -> Self {
        Self {
            kind,
            id: id.to_owned(),
        }
    }
}

impl std::fmt::Display for ObjectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind, self.id)
    }
}

impl From<ObjectId> for String {
    fn from(id: ObjectId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for ObjectId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let read = text.split_once('/');
        let read = read.and_then(|(kind, id)| Some(Self::new(Kind::from_word(kind)?, id)));
        read.ok_or(text)
    }
}

/// A service, and the team that its reports go to in the whole city.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceObject {
    #[serde(flatten)]
    pub service: Service,
    #[serde(default)]
    pub team_code: Option<String>,
}

/// A type of entities that is shown, and how messages of devices become such entities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntityType {
    #[serde(flatten)]
    pub live_type: LiveType,
    #[serde(default)]
    pub mapping: Option<Mapping>,
}

/// A team.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamObject {
    pub code: String,
    pub names: Texts,
}

/// What a wall or a desk shows (papan).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    pub code: String,
    pub names: Texts,
    /// Codes of live types that the map shows, the lowest first.
    #[serde(default)]
    pub layers: Vec<String>,
    #[serde(default)]
    pub tiles: Vec<Tile>,
}

/// One tile of a board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tile {
    pub code: String,
    pub names: Texts,
    /// What it shows: a measure, the newest values of a live type, the open alarms of a rule, or open incidents of a
    /// service.
    pub shows: ObjectId,
}

/// A measure (ukuran): a number with its formula.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    pub code: String,
    pub names: Texts,
    pub formula: Formula,
    pub unit: Texts,
    pub direction: Direction,
}

crate::word_enum!(
    /// Which way is better.
    Direction {
        Lower = "lower",
        Higher = "higher",
    }
);

/// How a measure is counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Formula {
    /// How many in a month.
    Count {
        of: Counted,
        service_codes: Vec<String>,
    },
    /// Reports that are `of` among those that were received, in percent.
    Share {
        of: Part,
        service_codes: Vec<String>,
    },
    /// Minutes from one clock of an incident to another.
    Minutes {
        from: Clock,
        to: Clock,
        /// 50 or 90: so many percent take no longer.
        percentile: u8,
        service_codes: Vec<String>,
    },
}

crate::word_enum!(
    /// What is counted.
    Counted {
        Reports = "reports",
        Incidents = "incidents",
    }
);

crate::word_enum!(
    /// A part of the reports, as `measures::Numbers` has them.
    Part {
        OnTime = "on_time",
        Confirmed = "confirmed",
        NotYet = "not_yet",
        Unconfirmed = "unconfirmed",
    }
);

impl Formula {
    pub fn service_codes(&self) -> &[String] {
        match self {
            Self::Count { service_codes, .. }
            | Self::Share { service_codes, .. }
            | Self::Minutes { service_codes, .. } => service_codes,
        }
    }
}

/// Words for the reader of a blueprint, in one language: key to text.
pub type Words = BTreeMap<String, String>;

/// An object that was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    Service(Box<ServiceObject>),
    EntityType(Box<EntityType>),
    Rule(Box<Rule>),
    Playbook(Playbook),
    Team(TeamObject),
    Board(Board),
    Measure(Measure),
    Text(Words),
}

impl Object {
    /// From its data, without placeholders.
    ///
    /// # Errors
    /// What is wrong with it, in the words of the reader.
    pub fn read(kind: Kind, data: &Value) -> Result<Self, String> {
        fn read<T: serde::de::DeserializeOwned>(data: &Value) -> Result<T, String> {
            serde_json::from_value(data.clone()).map_err(|error| error.to_string())
        }
        Ok(match kind {
            Kind::Service => Self::Service(Box::new(read(data)?)),
            Kind::EntityType => Self::EntityType(Box::new(read(data)?)),
            Kind::Rule => Self::Rule(Box::new(read(data)?)),
            Kind::Playbook => Self::Playbook(read(data)?),
            Kind::Team => Self::Team(read(data)?),
            Kind::Board => Self::Board(read(data)?),
            Kind::Measure => Self::Measure(read(data)?),
            Kind::Text => Self::Text(read(data)?),
        })
    }

    fn write(&self) -> Result<Value, serde_json::Error> {
        match self {
            Self::Service(one) => serde_json::to_value(one),
            Self::EntityType(one) => serde_json::to_value(one),
            Self::Rule(one) => serde_json::to_value(one),
            Self::Playbook(one) => serde_json::to_value(one),
            Self::Team(one) => serde_json::to_value(one),
            Self::Board(one) => serde_json::to_value(one),
            Self::Measure(one) => serde_json::to_value(one),
            Self::Text(one) => serde_json::to_value(one),
        }
    }

    /// Its code, which is its id in the blueprint; texts have none.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Service(one) => Some(&one.service.code),
            Self::EntityType(one) => Some(&one.live_type.code),
            Self::Rule(one) => Some(&one.code),
            Self::Playbook(one) => Some(&one.code),
            Self::Team(one) => Some(&one.code),
            Self::Board(one) => Some(&one.code),
            Self::Measure(one) => Some(&one.code),
            Self::Text(_) => None,
        }
    }

    /// What has to be there for it to work.
    pub fn needs(&self) -> Vec<Need> {
        let services = |codes: &[String]| codes.iter().map(|code| Need::service(code)).collect();
        match self {
            Self::Service(one) => one.team_code.iter().map(|code| Need::team(code)).collect(),
            Self::EntityType(_) | Self::Team(_) | Self::Text(_) => vec![],
            Self::Rule(rule) => rule_needs(rule),
            Self::Playbook(playbook) => {
                let roles = playbook
                    .steps
                    .iter()
                    .map(|step| Need::Role(step.role.clone()));
                let service = Need::service(&playbook.service_code);
                [service].into_iter().chain(roles).collect()
            }
            Self::Board(board) => {
                let layers = board.layers.iter();
                let layers = layers.map(|code| Need::Object(ObjectId::new(Kind::EntityType, code)));
                let tiles = board
                    .tiles
                    .iter()
                    .map(|tile| Need::Object(tile.shows.clone()));
                layers.chain(tiles).collect()
            }
            Self::Measure(measure) => services(measure.formula.service_codes()),
        }
    }

    /// What its own kind finds wrong with it.
    pub fn fault(&self) -> Option<String> {
        match self {
            Self::Rule(rule) => rule.check().err().map(|fault| fault.to_string()),
            Self::Playbook(playbook) => {
                let mut seen = std::collections::BTreeSet::new();
                let twice = playbook.steps.iter().find(|step| !seen.insert(&step.code));
                twice.map(|step| step.code.clone())
            }
            Self::Measure(Measure {
                formula: Formula::Minutes { percentile, .. },
                ..
            }) if ![50, 90].contains(percentile) => Some("percentile".to_owned()),
            _ => None,
        }
    }
}

fn rule_needs(rule: &Rule) -> Vec<Need> {
    let mut needs = vec![Need::team(&rule.owner)];
    needs.extend(
        rule.incident
            .iter()
            .map(|opens| Need::service(&opens.service_code)),
    );
    match &rule.condition {
        Condition::Reports { service_codes, .. } => {
            needs.extend(service_codes.iter().map(|code| Need::service(code)));
        }
        Condition::Alert { area, .. } => needs.extend(area.iter().cloned().map(Need::Area)),
        _ => {}
    }
    let signals = rule.condition.signals().into_iter();
    needs.extend(signals.map(|signal| Need::Type(signal.kind.to_string())));
    needs
}

/// What an object refers to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    Object(ObjectId),
    /// Expanded name of a type of entities.
    Type(String),
    Role(String),
    Area(String),
}

impl Need {
    fn service(code: &str) -> Self {
        Self::Object(ObjectId::new(Kind::Service, code))
    }

    fn team(code: &str) -> Self {
        Self::Object(ObjectId::new(Kind::Team, code))
    }
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Object(id) => id.fmt(f),
            Self::Type(name) => f.write_str(name),
            Self::Role(code) => write!(f, "role/{code}"),
            Self::Area(code) => write!(f, "area/{code}"),
        }
    }
}

/// The types of entities that are there when `object` is.
pub fn types(object: &Object) -> Vec<String> {
    match object {
        Object::EntityType(one) => {
            let mapped = one
                .mapping
                .iter()
                .map(|mapping| expanded(&mapping.kind).to_string());
            [one.live_type.kind.clone()]
                .into_iter()
                .chain(mapped)
                .collect()
        }
        _ => vec![],
    }
}

/// The normal form of an object's data.
///
/// # Errors
/// What cannot be read, or a field that the kind does not have.
pub fn normal(kind: Kind, data: &Value) -> Result<Value, String> {
    let object = Object::read(kind, data)?;
    let full = object.write().map_err(|error| error.to_string())?;
    if let Some(field) = unknown(data, &full) {
        return Err(field);
    }
    if let Some(fault) = object.fault() {
        return Err(fault);
    }
    Ok(plain(full))
}

/// A field of `given` that is lost in `kept`. One that says what its absence says too may be.
fn unknown(given: &Value, kept: &Value) -> Option<String> {
    match (given, kept) {
        (Value::Object(given), Value::Object(kept)) => {
            given.iter().find_map(|(name, value)| match kept.get(name) {
                Some(other) => unknown(value, other).map(|inner| format!("{name}.{inner}")),
                None if matches!(value, Value::Null | Value::Bool(false)) => None,
                None => Some(name.clone()),
            })
        }
        (Value::Array(given), Value::Array(kept)) => {
            let mut pairs = given.iter().zip(kept);
            pairs.find_map(|(given, kept)| unknown(given, kept))
        }
        _ => None,
    }
}

/// Largest whole number that a double holds exactly.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// Without nulls, and 120.0 as 120: they mean the same.
pub fn plain(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(name, value)| (name, plain(value))).collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(plain).collect()),
        Value::Number(number) if number.is_f64() => match number.as_f64() {
            #[expect(clippy::cast_possible_truncation, reason = "whole and small enough")]
            Some(float) if float.fract() == 0.0 && float.abs() < WHOLE => Value::from(float as i64),
            _ => Value::Number(number),
        },
        other => other,
    }
}
