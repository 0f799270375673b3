//! Subscriptions, in: whole documents and parts of them.

use pendopo_domain::entities::Iri;
use pendopo_domain::entities::command::{Given as Said, NULL};
use pendopo_domain::time::Timestamp;
use serde_json::value::RawValue;

use super::{Accept, Endpoint, GeoQ, Given, Join, Notification, Selector, Subscription, Trigger};
use crate::ngsi_ld::context::Context;
use crate::ngsi_ld::json::{self, Member};
use crate::ngsi_ld::names;
use crate::ngsi_ld::problem::{Problem, echo};
use crate::ngsi_ld::q;
use crate::ngsi_ld::read::{self, Document};
use crate::ngsi_ld::select::{self, Selection};
use crate::ngsi_ld::write::Format;

/// Selectors, names or pairs in one list.
const MOST_ITEMS: usize = 1_000;
/// Longest text of one member, in bytes.
const MOST_BYTES: usize = 4_096;
/// Longest interval, in seconds: a century.
const MOST_SECONDS: f64 = 3_155_760_000.0;

impl Subscription {
    /// A whole subscription.
    ///
    /// # Errors
    /// BadRequestData, also when it would have ended before `now`.
    pub fn read(
        document: &Document<'_>,
        context: &Context,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        if !document.members().iter().any(|(name, _)| is_type(name)) {
            return Err(Problem::bad("a subscription has a type"));
        }
        Self::default().with(document, context, now)
    }

    /// This one with the members of `document`; null takes a member away, id and type stay.
    ///
    /// # Errors
    /// BadRequestData, also when the document gives nothing or an end before `now`.
    pub fn patched(
        &self,
        document: &Document<'_>,
        context: &Context,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        if document.is_empty() {
            return Err(Problem::bad("the body gives nothing"));
        }
        let mut patched = self.clone().with(document, context, now)?;
        patched.id.clone_from(&self.id);
        Ok(patched)
    }

    fn with(
        mut self,
        document: &Document<'_>,
        context: &Context,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        for (name, raw) in document.members() {
            self.member(name, raw, context, now)
                .map_err(|problem| problem.of(name))?;
        }
        self.check()?;
        Ok(self)
    }

    fn member(
        &mut self,
        name: &str,
        raw: &RawValue,
        context: &Context,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let given = (!is_nothing(raw)).then_some(raw);
        match name {
            "id" | "@id" => {
                self.id = given.map(|raw| names::id(&text(raw)?)).transpose()?;
            }
            name if is_type(name) => {
                if given.map(text).transpose()?.as_deref() != Some("Subscription") {
                    return Err(Problem::bad("not 'Subscription'"));
                }
            }
            "subscriptionName" => self.name = given.map(text).transpose()?,
            "description" => self.description = given.map(text).transpose()?,
            "entities" => {
                let one = |raw: &RawValue| Selector::read(raw, context);
                self.entities = given
                    .map(|raw| list(raw, one))
                    .transpose()?
                    .unwrap_or_default();
            }
            "watchedAttributes" => {
                self.watched = given
                    .map(|raw| attributes(raw, context))
                    .transpose()?
                    .unwrap_or_default();
            }
            "notificationTrigger" => {
                self.given_triggers = given
                    .map(|raw| list(raw, trigger))
                    .transpose()?
                    .unwrap_or_default();
            }
            "timeInterval" => self.time_interval = given.map(seconds).transpose()?,
            "throttling" => self.throttling = given.map(seconds).transpose()?,
            "notification" => {
                self.notification = given
                    .map(|raw| Notification::read(raw, context))
                    .transpose()?
                    .unwrap_or_default();
            }
            "q" | "csf" | "scopeQ" | "geoQ" | "temporalQ" => self.query(name, given, context)?,
            _ => self.condition(name, given, now)?,
        }
        Ok(())
    }

    /// The members about when and how it runs; others are of later versions or written by brokers.
    fn condition(
        &mut self,
        name: &str,
        given: Option<&RawValue>,
        now: Timestamp,
    ) -> Result<(), Problem> {
        match name {
            "isActive" => self.is_active = given.map(bool).transpose()?,
            "expiresAt" => {
                self.expires_at = match given.map(read::read_time).transpose()? {
                    Some(Said::Is(end)) if end <= now => {
                        return Err(Problem::bad("that time is over"));
                    }
                    other => other.and_then(Said::value),
                };
            }
            "lang" => {
                self.lang = given.map(text).transpose()?;
                self.lang
                    .as_deref()
                    .map(select::Languages::parse)
                    .transpose()?;
            }
            "datasetId" => self.datasets = given.map(datasets).transpose()?.unwrap_or_default(),
            "jsonldContext" => {
                self.jsonld_context = given.map(text).transpose()?;
                self.jsonld_context.as_deref().map(names::id).transpose()?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The members that are queries.
    fn query(
        &mut self,
        name: &str,
        given: Option<&RawValue>,
        context: &Context,
    ) -> Result<(), Problem> {
        let condition = |raw: &RawValue| {
            let text = text(raw)?;
            let query = q::condition_of_document(&text, context)?;
            Ok::<_, Problem>(Given { text, query })
        };
        match name {
            "q" => self.q = given.map(condition).transpose()?,
            "csf" => self.csf = given.map(condition).transpose()?,
            "scopeQ" => {
                let scopes = |raw: &RawValue| {
                    let text = text(raw)?;
                    let query = q::scopes(&text)?;
                    Ok::<_, Problem>(Given { text, query })
                };
                self.scope_q = given.map(scopes).transpose()?;
            }
            "geoQ" => self.geo_q = given.map(|raw| geo(raw, context)).transpose()?,
            "temporalQ" => {
                self.temporal_q = given
                    .map(|raw| members(raw).map(|_| json::compact(raw)))
                    .transpose()?;
            }
            _ => {}
        }
        Ok(())
    }
}

impl Selector {
    fn read(raw: &RawValue, context: &Context) -> Result<Self, Problem> {
        let mut selector = Self::default();
        for (name, raw) in members(raw)? {
            match &*name {
                "id" | "@id" => {
                    let all = json::strings(raw).ok_or_else(|| Problem::bad("not an id"))?;
                    selector.ids = all
                        .iter()
                        .map(|one| names::id(one))
                        .collect::<Result<_, _>>()?;
                }
                "idPattern" => selector.id_pattern = Some(q::id_pattern(&text(raw)?)?),
                name if is_type(name) => {
                    let text = text(raw)?;
                    if text != "*" {
                        selector.types = Some(q::types(&text, context)?);
                    }
                }
                other => return Err(Problem::bad(format!("'{}' is not known here", echo(other)))),
            }
        }
        Ok(selector)
    }
}

impl Notification {
    fn read(raw: &RawValue, context: &Context) -> Result<Self, Problem> {
        let mut told = Self::default();
        for (name, raw) in members(raw)? {
            told.member(&name, raw, context)
                .map_err(|problem| problem.of(&name))?;
        }
        if told.endpoint.uri.is_empty() {
            return Err(Problem::bad("a notification has an endpoint with a uri"));
        }
        Ok(told)
    }

    fn member(&mut self, name: &str, raw: &RawValue, context: &Context) -> Result<(), Problem> {
        match name {
            "attributes" => self.selection.attrs = Some(attributes(raw, context)?),
            "pick" => self.selection.pick = picked(raw, true, context)?.pick,
            "omit" => self.selection.omit = picked(raw, false, context)?.omit,
            "format" => {
                let (word, format) = format(&text(raw)?)?;
                (self.format_word, self.format) = (Some(word), format);
            }
            "sysAttrs" => self.sys_attrs = Some(bool(raw)?),
            "showChanges" => self.show_changes = Some(bool(raw)?),
            "join" => {
                let word = text(raw)?;
                self.join = Some(Join::named(&word).ok_or_else(|| Problem::bad("not known"))?);
            }
            "joinLevel" => {
                let level = raw
                    .get()
                    .parse()
                    .ok()
                    .filter(|level| (1..=16).contains(level));
                self.join_level = Some(level.ok_or_else(|| Problem::bad("not from 1 to 16"))?);
            }
            "endpoint" => self.endpoint = Endpoint::read(raw)?,
            _ => {}
        }
        Ok(())
    }
}

impl Endpoint {
    fn read(raw: &RawValue) -> Result<Self, Problem> {
        let mut endpoint = Self::default();
        for (name, raw) in members(raw)? {
            match &*name {
                "uri" => {
                    endpoint.uri = text(raw)?;
                    names::id(&endpoint.uri)?;
                }
                "accept" => {
                    let text = text(raw)?;
                    let known = Accept::ALL.into_iter().find(|one| one.name() == text);
                    endpoint.accept = Some(known.ok_or_else(|| {
                        Problem::bad(format!("'{}' is not known", echo(&text))).of("accept")
                    })?);
                }
                "receiverInfo" => endpoint.receiver_info = pairs(raw)?,
                "notifierInfo" => endpoint.notifier_info = pairs(raw)?,
                "timeout" => endpoint.timeout = Some(seconds(raw)?),
                "cooldown" => endpoint.cooldown = Some(seconds(raw)?),
                _ => {}
            }
        }
        Ok(endpoint)
    }
}

fn is_type(name: &str) -> bool {
    matches!(name, "type" | "@type")
}

fn is_nothing(raw: &RawValue) -> bool {
    json::is_null(raw) || json::string(raw).is_some_and(|text| text == NULL)
}

fn members(raw: &RawValue) -> Result<Vec<Member<'_>>, Problem> {
    let members = json::members(raw).ok_or_else(|| Problem::bad("not an object"))?;
    read::check_unique(&members)?;
    Ok(members)
}

fn text(raw: &RawValue) -> Result<String, Problem> {
    json::string(raw)
        .filter(|text| text.len() <= MOST_BYTES)
        .map(|text| text.into_owned())
        .ok_or_else(|| Problem::bad(format!("not a text of at most {MOST_BYTES} bytes")))
}

fn bool(raw: &RawValue) -> Result<bool, Problem> {
    match raw.get() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Problem::bad("neither true nor false")),
    }
}

fn seconds(raw: &RawValue) -> Result<f64, Problem> {
    raw.get()
        .parse()
        .ok()
        .filter(|seconds: &f64| *seconds > 0.0 && *seconds <= MOST_SECONDS)
        .ok_or_else(|| Problem::bad("not a positive number"))
}

/// The items of an array that is not empty.
fn list<T>(
    raw: &RawValue,
    one: impl FnMut(&RawValue) -> Result<T, Problem>,
) -> Result<Vec<T>, Problem> {
    let items = json::items(raw)
        .filter(|items| !items.is_empty() && items.len() <= MOST_ITEMS)
        .ok_or_else(|| Problem::bad("not an array of one or more"))?;
    items.into_iter().map(one).collect()
}

fn attributes(raw: &RawValue, context: &Context) -> Result<Vec<Iri>, Problem> {
    let names = list(raw, text)?;
    let one = |name: String| select::attributes(&name, context);
    Ok(names
        .into_iter()
        .map(one)
        .collect::<Result<Vec<_>, _>>()?
        .concat())
}

fn picked(raw: &RawValue, pick: bool, context: &Context) -> Result<Selection, Problem> {
    let joined = list(raw, text)?.join(",");
    let (pick, omit) = if pick {
        (Some(&*joined), None)
    } else {
        (None, Some(&*joined))
    };
    Selection::parse(None, pick, omit, context)
}

fn datasets(raw: &RawValue) -> Result<Vec<Option<Iri>>, Problem> {
    let all = json::strings(raw)
        .filter(|all| !all.is_empty() && all.len() <= MOST_ITEMS)
        .ok_or_else(|| Problem::bad("neither an id nor an array of ids"))?;
    let one = |text: &str| match text {
        "@none" => Ok(None),
        other => names::id(other).map(Some),
    };
    all.iter().map(|text| one(text)).collect()
}

fn trigger(raw: &RawValue) -> Result<Trigger, Problem> {
    let word = text(raw)?;
    Trigger::ALL
        .into_iter()
        .find(|one| one.name() == word)
        .ok_or_else(|| Problem::bad(format!("'{}' is not known", echo(&word))))
}

fn format(word: &str) -> Result<(&'static str, Format), Problem> {
    Ok(match word {
        "normalized" => ("normalized", Format::Normalized),
        "concise" => ("concise", Format::Concise),
        "keyValues" => ("keyValues", Format::Simplified),
        "simplified" => ("simplified", Format::Simplified),
        other => return Err(Problem::bad(format!("'{}' is not known", echo(other)))),
    })
}

/// `[{"key": …, "value": …}]`, as texts without line ends, since they become header fields.
fn pairs(raw: &RawValue) -> Result<Vec<(String, String)>, Problem> {
    list(raw, |raw| {
        let wrong = || Problem::bad("not an object with key and value");
        let (mut key, mut value) = (None, None);
        for (name, raw) in members(raw)? {
            match &*name {
                "key" => key = Some(text(raw)?),
                "value" => value = Some(text(raw)?),
                _ => return Err(wrong()),
            }
        }
        let (key, value) = (key.ok_or_else(wrong)?, value.ok_or_else(wrong)?);
        let fits = |text: &str| !text.chars().any(char::is_control);
        if key.is_empty() || !fits(&key) || !fits(&value) {
            return Err(wrong());
        }
        Ok((key, value))
    })
}

fn geo(raw: &RawValue, context: &Context) -> Result<GeoQ, Problem> {
    let (mut georel, mut geometry, mut coordinates, mut property) = (None, None, None, None);
    for (name, raw) in members(raw)? {
        match &*name {
            "georel" => georel = Some(text(raw)?),
            "geometry" => geometry = Some(text(raw)?),
            "coordinates" => {
                // An array, or the text of one.
                let text = json::string(raw).unwrap_or_else(|| raw.get().into());
                coordinates = Some(text.into_owned());
            }
            "geoproperty" => property = Some(text(raw)?),
            _ => {}
        }
    }
    let geo = q::geo(
        georel.as_deref(),
        geometry.as_deref(),
        coordinates.as_deref(),
        property.as_deref(),
        context,
    )?;
    Ok(GeoQ {
        json: json::compact(raw),
        geo: geo.ok_or_else(|| Problem::bad("empty"))?,
    })
}
