//! A subscription ready for use: what it wants to know, and how it is told.

use std::sync::Arc;

use jiff::SignedDuration;
use pendopo_domain::entities::query::{Logic, Query};
use pendopo_domain::entities::{Attribute, Effect, Entity};
use pendopo_domain::time::Timestamp;
use pendopo_operations::City;
use pendopo_operations::store::Live;
use pendopo_operations::store::live::Entry;
use pendopo_operations::subscriptions::{self, Deleted};
use pendopo_standards::ngsi_ld::contexts::Contexts;
use pendopo_standards::ngsi_ld::subscription::{
    Accept, Kind, Status, Subscription, Trigger, notification,
};
use pendopo_standards::ngsi_ld::write::{self, Changes};
use pendopo_standards::ngsi_ld::{Context, Document, Languages, View};
use serde::{Deserialize, Serialize};

/// What the core context is called in an answer.
const CORE_URL: &str = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld";

/// A notification as it waits: everything that its sending needs.
#[derive(Debug, Serialize, Deserialize)]
pub struct Letter {
    pub uri: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

pub struct Compiled {
    pub id: String,
    wanted: Subscription,
    context: Arc<Context>,
    /// JSON of the `@context`.
    context_json: Option<String>,
    languages: Option<Languages>,
}

/// An entity to tell about.
pub struct Change {
    entity: Arc<Entity>,
    removed: Vec<Arc<Attribute>>,
    gone: bool,
    at: Timestamp,
}

impl Compiled {
    /// From what is kept. `None`, with a line in the log, for what does not read any more.
    pub fn read(kept: &subscriptions::Subscription, contexts: &Contexts) -> Option<Self> {
        let read = || {
            let document = Document::parse(kept.document.as_bytes()).ok()?;
            // An end that has passed makes it expired, not unreadable.
            let wanted = Subscription::read(
                &document,
                &Context::core(),
                Timestamp::from_micros(i64::MIN),
            )
            .ok()?;
            let named = wanted.jsonld_context.as_deref();
            let kept_context = kept.context.as_deref().map(only_one);
            let context_json = named
                .map(|url| serde_json::Value::from(url).to_string())
                .or(kept_context);
            let context = match &context_json {
                Some(json) => contexts.of_member(json).ok()?,
                None => Context::core(),
            };
            let languages = match &wanted.lang {
                Some(text) => Some(Languages::parse(text).ok()?),
                None => None,
            };
            Some(Self {
                id: kept.id.clone(),
                wanted,
                context,
                context_json,
                languages,
            })
        };
        let compiled = read();
        if compiled.is_none() {
            tracing::warn!(
                subscription = kept.id,
                "a subscription does not read and is not served"
            );
        }
        compiled
    }

    pub fn runs(&self, now: Timestamp) -> bool {
        self.wanted.status(now) == Status::Active
    }

    pub fn throttling(&self) -> Option<SignedDuration> {
        self.wanted.throttling.map(SignedDuration::from_secs_f64)
    }

    pub fn interval(&self) -> Option<SignedDuration> {
        self.wanted.time_interval.map(SignedDuration::from_secs_f64)
    }

    /// Everything that it is about, now.
    pub fn all(&self, live: &Live) -> Vec<Change> {
        const MOST: usize = 1_000;
        let types = self
            .wanted
            .entities
            .iter()
            .filter_map(|one| one.types.clone())
            .collect::<Vec<_>>();
        let query = Query {
            types: (types.len() == self.wanted.entities.len() && !types.is_empty())
                .then_some(Logic::Any(types)),
            ..Query::default()
        };
        let found = live.state().find(&query, 0, usize::MAX, false);
        let held = found
            .entities
            .into_iter()
            .filter(|entity| self.wanted.holds(entity))
            .take(MOST);
        held.map(|entity| Change {
            at: entity.modified_at,
            entity,
            removed: vec![],
            gone: false,
        })
        .collect()
    }

    /// What of a journal row it wants to know.
    pub fn changes(&self, entry: &Entry, live: &Live, deleted: &Deleted) -> Vec<Change> {
        if self.wanted.time_interval.is_some() {
            return vec![];
        }
        let effects = entry
            .effects
            .iter()
            .filter(|effect| self.is_triggered(effect));
        effects
            .filter_map(|effect| {
                let present = || {
                    let key = || (Arc::clone(effect.id()), entry.position);
                    live.get(effect.id())
                        .or_else(|| deleted.get(&key()).cloned())
                };
                let change = change(effect, present)?;
                self.wanted.holds(&change.entity).then_some(change)
            })
            .collect()
    }

    /// Whether it waits for changes of this kind.
    pub fn is_triggered(&self, effect: &Effect) -> bool {
        let has = |trigger| self.wanted.triggers().contains(&trigger);
        let watched = |name: &str| {
            self.wanted.watched.is_empty() || self.wanted.watched.iter().any(|one| &**one == name)
        };
        let written = |attribute: &Arc<Attribute>| {
            let new = attribute.created_at == attribute.modified_at;
            let trigger = if new {
                Trigger::AttributeCreated
            } else {
                Trigger::AttributeUpdated
            };
            has(trigger) && watched(&attribute.name)
        };
        let by_attributes = effect.written().iter().any(written)
            || (has(Trigger::AttributeDeleted)
                && effect.removed().iter().any(|gone| watched(&gone.name)));
        let by_entity = match effect {
            Effect::Put(entity) if entity.created_at == entity.modified_at => {
                has(Trigger::EntityCreated)
            }
            Effect::Put(_) | Effect::Set(_) => has(Trigger::EntityUpdated),
            Effect::Delete { .. } => has(Trigger::EntityDeleted),
            Effect::Past { .. } => false,
        };
        by_attributes || by_entity
    }

    /// The letter that tells about `changes`.
    pub fn notification(&self, changes: &[Change], at: Timestamp, city: &City) -> String {
        let told = &self.wanted.notification;
        let accept = told.endpoint.accept.unwrap_or(Accept::Json);
        let core = format!("\"{CORE_URL}\"");
        let context = self.context_json.as_deref().unwrap_or(&core);
        let member = (accept == Accept::JsonLd).then_some(context);
        let data = self.data(changes, accept, member);
        let mut random = [0; 16];
        city.entropy().fill(&mut random);
        let id = format!(
            "urn:ngsi-ld:Notification:{:032x}",
            u128::from_be_bytes(random)
        );
        let body = notification(Kind::Entities, &id, &self.id, at, &data, member);
        let mut headers = vec![("Content-Type".to_owned(), accept.name().to_owned())];
        if accept != Accept::JsonLd
            && let Ok(url) = serde_json::from_str::<String>(context)
        {
            let link = format!(
                "<{url}>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\""
            );
            headers.push(("Link".to_owned(), link));
        }
        headers.extend(told.endpoint.receiver_info.iter().cloned());
        let letter = Letter {
            uri: told.endpoint.uri.clone(),
            headers,
            // Written by us, from texts.
            body: String::from_utf8_lossy(&body).into_owned(),
        };
        serde_json::to_string(&letter).unwrap_or_default()
    }

    fn data(&self, changes: &[Change], accept: Accept, context: Option<&str>) -> Vec<u8> {
        let told = &self.wanted.notification;
        let mut out = vec![b'['];
        for change in changes {
            let removed: Vec<&Attribute> = change.removed.iter().map(|gone| &**gone).collect();
            let view = View {
                format: told.format,
                sys_attrs: told.sys_attrs == Some(true),
                selection: Some(&told.selection),
                datasets: &self.wanted.datasets,
                languages: self.languages.as_ref(),
                context,
                changes: Some(Changes {
                    before: None,
                    removed: &removed,
                    at: change.at,
                    entity_removed: change.gone,
                    show: false,
                }),
                ..View::default()
            };
            let before = out.len();
            if before > 1 {
                out.push(b',');
            }
            let written = match accept {
                Accept::GeoJson => {
                    write::feature(&mut out, &change.entity, &self.context, &view, None);
                    true
                }
                _ => write::entity(&mut out, &change.entity, &self.context, &view),
            };
            if !written {
                out.truncate(before);
            }
        }
        out.push(b']');
        if accept != Accept::GeoJson {
            return out;
        }
        let mut collection = b"{\"type\":\"FeatureCollection\",\"features\":".to_vec();
        collection.append(&mut out);
        collection.push(b'}');
        collection
    }
}

/// A list of one context is that context.
fn only_one(json: &str) -> String {
    match serde_json::from_str::<Vec<serde_json::Value>>(json) {
        Ok(list) if list.len() == 1 => list[0].to_string(),
        _ => json.to_owned(),
    }
}

/// The entity that an effect leaves, with the values that it wrote.
fn change(effect: &Effect, present: impl Fn() -> Option<Arc<Entity>>) -> Option<Change> {
    let at = effect.at();
    match effect {
        Effect::Put(entity) => Some(Change {
            entity: Arc::clone(entity),
            removed: vec![],
            gone: false,
            at,
        }),
        Effect::Set(_) => Some(Change {
            entity: effect.apply(present().as_ref())?,
            removed: effect.removed().to_vec(),
            gone: false,
            at,
        }),
        Effect::Delete { id, types, .. } => Some(Change {
            entity: Arc::new(Entity {
                id: Arc::clone(id),
                types: types.clone(),
                scopes: vec![],
                created_at: at,
                modified_at: at,
                expires_at: None,
                attributes: vec![],
            }),
            removed: vec![],
            gone: true,
            at,
        }),
        Effect::Past { .. } => None,
    }
}
