//! One attribute, in any of its forms (ETSI GS CIM 009, sections 4.5.0 to 4.5.4 and 4.5.5).

use std::borrow::Cow;

use pendopo_domain::entities::command::{Given, MOST_ATTRIBUTES, NULL, Patch};
use pendopo_domain::entities::{Geometry, Iri, Value};
use serde_json::value::RawValue;

use super::value::{Kind, plain};
use super::{check_instances, check_unique, read_time, short};
use crate::ngsi_ld::context::Context;
use crate::ngsi_ld::json::{self, Member};
use crate::ngsi_ld::names;
use crate::ngsi_ld::problem::{Problem, echo};

/// What a text in the place of an attribute is.
enum Form<'a> {
    /// An object with the members of an attribute.
    Attribute(Vec<Member<'a>>),
    /// An array of these.
    Instances(Vec<Vec<Member<'a>>>),
    /// `{"dataset": {"@none": …, "urn:…": …}}`: simplified instances.
    Datasets(Vec<Member<'a>>),
    /// A GeoJSON geometry.
    Geometry,
    /// The value itself.
    Plain,
}

/// Reads attributes of one entity.
pub(in crate::ngsi_ld) struct Reader<'c> {
    pub context: &'c Context,
    /// Whether every attribute needs its value.
    whole: bool,
    /// Whether an array always holds instances (section 4.5.6).
    history: bool,
}

impl<'c> Reader<'c> {
    pub fn whole(context: &'c Context) -> Self {
        Self {
            context,
            whole: true,
            history: false,
        }
    }

    pub fn history(context: &'c Context) -> Self {
        Self {
            context,
            whole: true,
            history: true,
        }
    }

    pub fn part(context: &'c Context) -> Self {
        Self {
            context,
            whole: false,
            history: false,
        }
    }

    /// Attributes of one entity.
    pub const fn most(&self) -> usize {
        if self.history {
            super::MOST_INSTANCES
        } else {
            MOST_ATTRIBUTES
        }
    }

    /// All instances of the attribute called `name`.
    pub fn attribute(
        &mut self,
        name: Iri,
        raw: &RawValue,
        out: &mut Vec<Patch>,
    ) -> Result<(), Problem> {
        match self.form(raw)? {
            Form::Attribute(members) => out.push(self.one(name, &members)?),
            Form::Instances(all) => {
                for members in all {
                    out.push(self.one(Iri::clone(&name), &members)?);
                }
            }
            Form::Datasets(all) => {
                for (dataset, raw) in all {
                    let mut one = self.bare(Iri::clone(&name), raw)?;
                    one.dataset = dataset_of(&dataset)?;
                    out.push(one);
                }
            }
            Form::Geometry | Form::Plain => out.push(self.bare(name, raw)?),
        }
        Ok(())
    }

    /// A value without an attribute around it.
    fn bare(&mut self, name: Iri, raw: &RawValue) -> Result<Patch, Problem> {
        if raw.get().starts_with('{') {
            return match self.form(raw)? {
                Form::Geometry => {
                    let geometry = geometry(raw)?;
                    Ok(Patch::new(name, Given::Is(Value::GeoProperty(geometry))))
                }
                Form::Attribute(members) => self.one(name, &members),
                _ => Ok(Patch::new(name, Given::Is(Value::Property(plain(raw)?)))),
            };
        }
        let value = match json::string(raw) {
            Some(text) if text == NULL => Given::Null,
            _ => Given::Is(Value::Property(plain(raw)?)),
        };
        Ok(Patch::new(name, value))
    }

    fn form<'a>(&self, raw: &'a RawValue) -> Result<Form<'a>, Problem> {
        let text = raw.get();
        if text.starts_with('{') {
            let members = json::members(raw).unwrap_or_default();
            return self.form_of(members);
        }
        if text == "null" {
            return Err(Problem::bad("null is not a value"));
        }
        if !text.starts_with('[') || !text[1..].trim_ascii_start().starts_with('{') {
            return Ok(Form::Plain);
        }
        let mut instances = vec![];
        let mut unsure = 0;
        for item in json::items(raw).unwrap_or_default() {
            let Some(members) = json::members(item) else {
                return Ok(Form::Plain);
            };
            let looks = look(&members);
            let sure = looks.kind.is_some() || (looks.value && looks.dataset);
            let may_be = sure || (looks.value && looks.of_type.is_none());
            if !may_be {
                return Ok(Form::Plain);
            }
            unsure += usize::from(!sure);
            instances.push(members);
        }
        if !self.history && (unsure > 1 || unsure == instances.len()) {
            return Ok(Form::Plain);
        }
        Ok(Form::Instances(instances))
    }

    fn form_of<'a>(&self, members: Vec<Member<'a>>) -> Result<Form<'a>, Problem> {
        let looks = look(&members);
        if looks.kind.is_some() {
            return Ok(Form::Attribute(members));
        }
        if let Some(other) = looks.of_type {
            if looks.coordinates && GEOMETRIES.contains(&&*other) {
                return Ok(Form::Geometry);
            }
            if looks.value {
                let text = format!("'{}' is not a type of attribute", echo(&other));
                return Err(Problem::bad(text));
            }
            return Ok(Form::Plain);
        }
        if looks.value || (looks.about && !self.whole) {
            return Ok(Form::Attribute(members));
        }
        if let [(name, raw)] = &*members
            && short(name) == "dataset"
            && let Some(datasets) = json::members(raw)
        {
            return Ok(Form::Datasets(datasets));
        }
        Ok(Form::Plain)
    }

    /// One instance from its members.
    pub fn one(&mut self, name: Iri, members: &[Member<'_>]) -> Result<Patch, Problem> {
        check_unique(members)?;
        let mut patch = Patch::new(name, Given::Absent);
        let mut said = Said::default();
        for (name, raw) in members {
            self.member(&mut patch, &mut said, name, raw)
                .map_err(|problem| problem.of(name))?;
        }
        check_instances(&patch.parts)?;
        patch.value = said.value(self.context)?;
        if self.whole && patch.value == Given::Absent {
            return Err(Problem::bad("the attribute has no value"));
        }
        Ok(patch)
    }

    fn member<'a>(
        &mut self,
        patch: &mut Patch,
        said: &mut Said<'a>,
        name: &str,
        raw: &'a RawValue,
    ) -> Result<(), Problem> {
        if json::is_null(raw) {
            return Err(Problem::bad("null is not a value"));
        }
        let name = short(name);
        match name {
            "type" | "@type" => {
                let text = json::string(raw).unwrap_or(Cow::Borrowed("?"));
                said.kind = Some(Kind::named(&text).ok_or_else(|| {
                    Problem::bad(format!("'{}' is not a type of attribute", echo(&text)))
                })?);
            }
            "value" | "object" | "languageMap" | "vocab" | "json" | "valueList" | "objectList" => {
                said.take(Kind::with_member(name), raw)?;
            }
            "objectType" => said.object_type = Some(raw),
            "observedAt" | "expiresAt" | "unitCode" | "datasetId" => about(patch, name, raw)?,
            "createdAt"
            | "modifiedAt"
            | "deletedAt"
            | "instanceId"
            | "previousValue"
            | "previousObject"
            | "previousLanguageMap"
            | "previousJson"
            | "previousVocab"
            | "previousValueList"
            | "previousObjectList"
            | "valueType"
            | "lang"
            | "entity"
            | "entityList"
            | "@context" => {}
            _ => {
                names::check_name(name)?;
                let iri = self.context.expand_name(name);
                let mut inner = Self {
                    history: false,
                    ..*self
                };
                inner.attribute(iri, raw, &mut patch.parts)?;
                if patch.parts.len() > MOST_ATTRIBUTES {
                    return Err(Problem::bad("the attribute has too many attributes"));
                }
            }
        }
        Ok(())
    }
}

/// Members about the value that are no attributes.
fn about(patch: &mut Patch, name: &str, raw: &RawValue) -> Result<(), Problem> {
    let text = json::string(raw).ok_or_else(|| Problem::bad("not a text"))?;
    match name {
        "observedAt" => patch.observed_at = read_time(raw)?,
        "expiresAt" => patch.expires_at = read_time(raw)?,
        "datasetId" => patch.dataset = dataset_of(&text)?,
        _ if text == NULL => patch.unit_code = Given::Null,
        _ => patch.unit_code = Given::Is(text.into()),
    }
    Ok(())
}

/// What the members of an instance say about its value.
#[derive(Default)]
struct Said<'a> {
    kind: Option<Kind>,
    member: Option<(Kind, &'a RawValue)>,
    object_type: Option<&'a RawValue>,
}

impl<'a> Said<'a> {
    fn take(&mut self, kind: Kind, raw: &'a RawValue) -> Result<(), Problem> {
        if self.member.is_some() {
            return Err(Problem::bad("the attribute has two values"));
        }
        self.member = Some((kind, raw));
        Ok(())
    }

    fn value(self, context: &Context) -> Result<Given<Value>, Problem> {
        let Some((member, raw)) = self.member else {
            return Ok(Given::Absent);
        };
        let kind = match self.kind {
            None if member == Kind::Property && is_geometry(raw) => Kind::GeoProperty,
            None => member,
            Some(kind) if kind.member() == member.member() => kind,
            Some(kind) => {
                return Err(Problem::bad(format!(
                    "a {} has no '{}'",
                    kind.name(),
                    member.member()
                )));
            }
        };
        kind.read(raw, self.object_type, context)
            .map_err(|problem| problem.of(kind.member()))
    }
}

const GEOMETRIES: &[&str] = &[
    "Point",
    "MultiPoint",
    "LineString",
    "MultiLineString",
    "Polygon",
    "MultiPolygon",
];

struct Looks<'a> {
    kind: Option<Kind>,
    /// A type that is none of an attribute.
    of_type: Option<Cow<'a, str>>,
    value: bool,
    coordinates: bool,
    dataset: bool,
    /// Members that only an attribute has, apart from its value.
    about: bool,
}

fn look<'a>(members: &[Member<'a>]) -> Looks<'a> {
    let mut looks = Looks {
        kind: None,
        of_type: None,
        value: false,
        coordinates: false,
        dataset: false,
        about: false,
    };
    for (name, raw) in members {
        match short(name) {
            "type" | "@type" => {
                if let Some(text) = json::string(raw) {
                    looks.kind = Kind::named(&text);
                    if looks.kind.is_none() {
                        looks.of_type = Some(text);
                    }
                }
            }
            "value" | "object" | "languageMap" | "vocab" | "json" | "valueList" | "objectList" => {
                looks.value = true;
            }
            "coordinates" => looks.coordinates = true,
            "datasetId" => (looks.dataset, looks.about) = (true, true),
            "observedAt" | "unitCode" | "expiresAt" => looks.about = true,
            _ => {}
        }
    }
    looks
}

fn is_geometry(raw: &RawValue) -> bool {
    json::members(raw).is_some_and(|members| {
        let looks = look(&members);
        looks.coordinates
            && looks
                .of_type
                .is_some_and(|kind| GEOMETRIES.contains(&&*kind))
    })
}

/// Whether the JSON of a Property may stand alone in the concise form and be read as the same Property again.
pub(in crate::ngsi_ld) fn is_bare(value: &RawValue) -> bool {
    let reader = Reader::part(context_of_nothing());
    match reader.form(value) {
        Ok(Form::Plain) => json::string(value).is_none_or(|text| text != NULL),
        _ => false,
    }
}

fn context_of_nothing() -> &'static Context {
    static CORE: std::sync::LazyLock<std::sync::Arc<Context>> =
        std::sync::LazyLock::new(Context::core);
    &CORE
}

pub(super) fn geometry(raw: &RawValue) -> Result<Geometry, Problem> {
    Geometry::parse(json::compact(raw)).map_err(|error| Problem::bad(error.to_string()))
}

fn dataset_of(text: &str) -> Result<Option<Iri>, Problem> {
    match text {
        "@none" => Ok(None),
        other => names::id(other).map(Some),
    }
}
