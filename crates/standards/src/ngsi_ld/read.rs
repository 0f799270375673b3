//! Bodies of requests, in: entities, parts of entities and attributes (ETSI GS CIM 009, sections 4.5, 5.2, 5.5.4).
//!
//! A body is read in two steps, since what its names mean depends on the `@context` it may carry: [`Document::parse`]
//! looks at its members, the caller builds the [`Context`], [`Document::entity`] and its kin read it. Normalized, concise
//! and simplified attributes are all taken, each by its own form. Values stay text, without blanks.
//!
//! Members that only a broker writes (`createdAt`, `instanceId`, `previousValue`, …) are ignored, as is `valueType`.

mod attribute;
mod value;

use std::borrow::Cow;

use pendopo_domain::entities::Iri;
use pendopo_domain::entities::command::{Fragment, Given, Patch};
use pendopo_domain::entities::command::{MOST_ATTRIBUTES, NULL};
use pendopo_domain::time::Timestamp;
use serde_json::value::RawValue;

use super::context::Context;
use super::core_terms::NGSI_LD;
use super::json::{self, Level, Member};
use super::names;
use super::problem::{Problem, echo};
pub(super) use attribute::{Reader, is_bare};

/// Entities of one batch.
pub const MOST_ENTITIES: usize = 10_000;
/// Types or scopes of one entity.
pub const MOST_TYPES: usize = 100;

/// A JSON object of a request, looked at one level deep.
#[derive(Debug)]
pub struct Document<'a> {
    members: Vec<Member<'a>>,
    context: Option<&'a RawValue>,
}

impl<'a> Document<'a> {
    /// Looks at a body that is one object.
    ///
    /// # Errors
    /// InvalidRequest for what is not a JSON object, BadRequestData for what is too deep or names a member twice.
    pub fn parse(body: &'a [u8]) -> Result<Self, Problem> {
        match level(body)? {
            Level::Object(members) => Self::of(members),
            _ => Err(Problem::invalid("the body is not a JSON object")),
        }
    }

    fn of(mut members: Vec<Member<'a>>) -> Result<Self, Problem> {
        check_unique(&members)?;
        let place = members.iter().position(|(name, _)| name == "@context");
        let context = place.map(|place| members.remove(place).1);
        Ok(Self { members, context })
    }

    /// The `@context` of the body itself, as it is.
    pub fn context(&self) -> Option<&'a RawValue> {
        self.context
    }

    /// The `id` as it is, for telling which entity of a batch is at fault.
    pub fn id(&self) -> Option<Cow<'a, str>> {
        let find = |(name, raw): &Member<'a>| match short(name) {
            "id" | "@id" => json::string(raw),
            _ => None,
        };
        self.members.iter().find_map(find)
    }

    /// Whether there is nothing but a `@context`.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// A whole entity: with id, type, and values in all attributes.
    ///
    /// # Errors
    /// BadRequestData.
    pub fn entity(&self, context: &Context) -> Result<Fragment, Problem> {
        let mut reader = Reader::whole(context);
        let fragment = self.read(&mut reader, None)?;
        if fragment.types.is_empty() {
            return Err(Problem::bad("an entity has a type"));
        }
        Ok(fragment)
    }

    /// An entity of a batch that may exist already: with id; type and values may be missing.
    ///
    /// # Errors
    /// BadRequestData.
    pub fn part(&self, context: &Context) -> Result<Fragment, Problem> {
        self.read(&mut Reader::part(context), None)
    }

    /// A part of the entity called `id`; an id in the body is not looked at.
    ///
    /// # Errors
    /// BadRequestData; also when nothing is given.
    pub fn fragment(&self, id: &Iri, context: &Context) -> Result<Fragment, Problem> {
        if self.is_empty() {
            return Err(Problem::bad("the body gives nothing"));
        }
        self.read(&mut Reader::part(context), Some(id))
    }

    /// A part of the attribute called `name`.
    ///
    /// # Errors
    /// BadRequestData; also when nothing is given.
    pub fn attribute(&self, name: &Iri, context: &Context) -> Result<Patch, Problem> {
        if self.is_empty() {
            return Err(Problem::bad("the body gives nothing"));
        }
        Reader::part(context).one(Iri::clone(name), &self.members)
    }

    fn read(&self, reader: &mut Reader<'_>, id: Option<&Iri>) -> Result<Fragment, Problem> {
        let mut fragment = Fragment {
            id: id.cloned().unwrap_or_else(|| "".into()),
            types: vec![],
            scopes: Given::Absent,
            expires_at: Given::Absent,
            attributes: Vec::with_capacity(self.members.len()),
        };
        for (name, raw) in &self.members {
            self.member(reader, &mut fragment, name, raw, id.is_none())
                .map_err(|problem| problem.of(name))?;
        }
        if fragment.id.is_empty() {
            return Err(Problem::bad("an entity has an id"));
        }
        check_instances(&fragment.attributes)?;
        Ok(fragment)
    }

    fn member(
        &self,
        reader: &mut Reader<'_>,
        fragment: &mut Fragment,
        name: &str,
        raw: &'a RawValue,
        with_id: bool,
    ) -> Result<(), Problem> {
        match short(name) {
            "id" | "@id" if with_id => fragment.id = read_id(raw)?,
            "id" | "@id" => {}
            "type" | "@type" => fragment.types = read_types(raw, reader.context)?,
            "scope" => fragment.scopes = read_scopes(raw)?,
            "expiresAt" => fragment.expires_at = read_time(raw)?,
            "createdAt" | "modifiedAt" | "deletedAt" => {}
            _ => {
                names::check_name(name)?;
                let iri = reader.context.expand_name(name);
                match &*iri {
                    "@id" if with_id => fragment.id = read_id(raw)?,
                    "@id" => {}
                    "@type" => fragment.types = read_types(raw, reader.context)?,
                    _ => reader.attribute(iri, raw, &mut fragment.attributes)?,
                }
                if fragment.attributes.len() > MOST_ATTRIBUTES {
                    return Err(Problem::bad(format!(
                        "an entity has at most {MOST_ATTRIBUTES} attributes"
                    )));
                }
            }
        }
        Ok(())
    }
}

/// Looks at a body that is an array of entities. What is wrong with one of them is told in its place.
///
/// # Errors
/// InvalidRequest for what is not a JSON array, BadRequestData for none, too many, or too deep.
pub fn batch(body: &[u8]) -> Result<Vec<Result<Document<'_>, Problem>>, Problem> {
    let text = json::shallow(body)?;
    if !text.trim_ascii_start().starts_with('[') {
        level(body)?;
        return Err(Problem::invalid("the body is not a JSON array"));
    }
    let items = json::levels(text).map_err(|error| not_json(&error))?;
    check_count(items.len())?;
    let document = |item| match item {
        Level::Object(members) => Document::of(members),
        Level::Array(_) | Level::Scalar => Err(Problem::bad("an entity is a JSON object")),
    };
    Ok(items.into_iter().map(document).collect())
}

/// The ids of a body that is an array of them. What is no id is told in its place, with the text that was there.
///
/// # Errors
/// As for [`batch`].
pub fn batch_of_ids(body: &[u8]) -> Result<Vec<Result<Iri, (String, Problem)>>, Problem> {
    let Level::Array(items) = level(body)? else {
        return Err(Problem::invalid("the body is not a JSON array"));
    };
    check_count(items.len())?;
    let id = |raw: &RawValue| {
        let text = json::string(raw).unwrap_or_else(|| raw.get().into());
        names::id(&text).map_err(|problem| (echo(&text), problem))
    };
    Ok(items.into_iter().map(id).collect())
}

fn check_count(count: usize) -> Result<(), Problem> {
    match count {
        0 => Err(Problem::bad("the batch is empty")),
        1..=MOST_ENTITIES => Ok(()),
        _ => Err(Problem::bad(format!(
            "a batch has at most {MOST_ENTITIES} entities"
        ))),
    }
}

pub(super) fn level(body: &[u8]) -> Result<Level<'_>, Problem> {
    let text = json::shallow(body)?;
    json::level(text).map_err(|error| not_json(&error))
}

fn not_json(error: &serde_json::Error) -> Problem {
    Problem::invalid(format!(
        "the body is not JSON: {}",
        echo(&error.to_string())
    ))
}

/// The core term of a name that is written out: `value` for `https://uri.etsi.org/ngsi-ld/hasValue`.
pub(super) fn short(name: &str) -> &str {
    let Some(rest) = name
        .strip_prefix(NGSI_LD)
        .or_else(|| name.strip_prefix("ngsi-ld:"))
    else {
        return name;
    };
    match rest {
        "hasValue" => "value",
        "hasObject" => "object",
        "hasLanguageMap" => "languageMap",
        "hasVocab" => "vocab",
        "hasJSON" => "json",
        "hasValueList" => "valueList",
        "hasObjectList" => "objectList",
        "hasObjectType" => "objectType",
        "scope" | "expiresAt" | "createdAt" | "modifiedAt" | "deletedAt" | "observedAt"
        | "unitCode" | "datasetId" | "instanceId" => rest,
        _ => name,
    }
}

pub(super) fn check_unique(members: &[Member<'_>]) -> Result<(), Problem> {
    let twice = |name: &str| Problem::bad(format!("the member '{}' is given twice", echo(name)));
    if members.len() <= 24 {
        for (n, (name, _)) in members.iter().enumerate() {
            if members[..n].iter().any(|(other, _)| other == name) {
                return Err(twice(name));
            }
        }
        return Ok(());
    }
    let mut seen = std::collections::HashSet::with_capacity(members.len());
    for (name, _) in members {
        if !seen.insert(&**name) {
            return Err(twice(name));
        }
    }
    Ok(())
}

/// No two instances with the same name and dataset.
fn check_instances(attributes: &[Patch]) -> Result<(), Problem> {
    let twice = |patch: &Patch| {
        Problem::bad(match &patch.dataset {
            None => "the attribute is given twice".to_owned(),
            Some(dataset) => format!("the dataset '{}' is given twice", echo(dataset)),
        })
        .of(&patch.name)
    };
    if attributes.len() <= 24 {
        for (n, one) in attributes.iter().enumerate() {
            let same = |other: &Patch| other.name == one.name && other.dataset == one.dataset;
            if attributes[..n].iter().any(same) {
                return Err(twice(one));
            }
        }
        return Ok(());
    }
    let mut seen = std::collections::HashSet::with_capacity(attributes.len());
    for one in attributes {
        if !seen.insert((&one.name, &one.dataset)) {
            return Err(twice(one));
        }
    }
    Ok(())
}

fn read_id(raw: &RawValue) -> Result<Iri, Problem> {
    let text = json::string(raw).ok_or_else(|| Problem::bad("an id is a text"))?;
    names::id(&text)
}

/// The types of an entity, expanded, each once.
pub(super) fn read_types(raw: &RawValue, context: &Context) -> Result<Vec<Iri>, Problem> {
    let texts = json::strings(raw)
        .filter(|texts| !texts.is_empty() && texts.len() <= MOST_TYPES)
        .ok_or_else(|| Problem::bad("a type is a text or an array of texts"))?;
    let mut types = Vec::with_capacity(texts.len());
    for text in &texts {
        names::check_name(text)?;
        let iri = context.expand_name(text);
        if iri.starts_with('@') {
            return Err(Problem::bad(format!("'{}' is not a type", echo(text))));
        }
        if !types.contains(&iri) {
            types.push(iri);
        }
    }
    Ok(types)
}

pub(super) fn read_scopes(raw: &RawValue) -> Result<Given<Vec<Iri>>, Problem> {
    let texts = json::strings(raw)
        .filter(|texts| texts.len() <= MOST_TYPES)
        .ok_or_else(|| Problem::bad("a scope is a text or an array of texts"))?;
    if let [one] = &*texts
        && one == NULL
    {
        return Ok(Given::Null);
    }
    let scopes = texts.iter().map(|text| names::scope(text));
    Ok(Given::Is(scopes.collect::<Result<_, _>>()?))
}

pub(super) fn read_time(raw: &RawValue) -> Result<Given<Timestamp>, Problem> {
    let text = json::string(raw).ok_or_else(|| Problem::bad("a time is a text"))?;
    if text == NULL {
        return Ok(Given::Null);
    }
    Ok(Given::Is(names::time(&text)?))
}
