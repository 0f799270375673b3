//! Linked entities (ETSI GS CIM 009, section 4.5.23): `join` and `joinLevel`.

use std::collections::BTreeMap;
use std::sync::Arc;

use pendopo_domain::entities::{Attribute, Entity, Iri};
use pendopo_operations::entities;
use pendopo_standards::ngsi_ld::subscription::Join;
use pendopo_standards::ngsi_ld::{Context, Kind, Problem, Selection, View, write};

use super::Fault;
use super::arrive::Client;
use super::query::Params;

/// Steps from link to link.
const MOST_LEVELS: usize = 10;

/// Entities that others link to, and how they are shown.
pub struct Linked {
    inline: bool,
    level: usize,
    all: BTreeMap<Iri, Arc<Entity>>,
}

impl Linked {
    /// What `roots` link to, as the parameters ask. Nothing without a `join`.
    ///
    /// # Errors
    /// BadRequestData.
    pub async fn find(
        client: &Client,
        params: &Params,
        roots: &[Arc<Entity>],
    ) -> Result<Self, Fault> {
        let join = match params.get("join") {
            None => Join::None,
            Some(word) => Join::named(word).ok_or_else(|| wrong("join"))?,
        };
        let level = match params.get("joinLevel") {
            None => 1,
            Some(text) => text
                .parse()
                .ok()
                .filter(|level| (1..=MOST_LEVELS).contains(level))
                .ok_or_else(|| wrong("joinLevel"))?,
        };
        let all = match join {
            Join::None => BTreeMap::new(),
            _ => entities::linked(&client.city, &client.actor, roots, level).await?,
        };
        Ok(Self {
            inline: join == Join::Inline,
            level,
            all,
        })
    }

    /// Entities that stand beside `roots` in a flat answer, each once.
    pub fn beside<'a>(&'a self, roots: &'a [Arc<Entity>]) -> impl Iterator<Item = &'a Entity> {
        let others = self.all.values().filter(|_| !self.inline);
        others
            .filter(|one| !roots.iter().any(|root| root.id == one.id))
            .map(|one| &**one)
    }

    /// Whether an answer about one entity is a list.
    pub fn is_list(&self) -> bool {
        !self.inline && !self.all.is_empty()
    }

    /// JSON of the entity that a Relationship names, for an answer that has it inside.
    pub fn inside(
        &self,
        attribute: &Attribute,
        id: &str,
        context: &Context,
        view: &View<'_>,
    ) -> Option<Vec<u8>> {
        self.inline.then_some(())?;
        self.at_level(attribute, id, context, view, self.level)
    }

    fn at_level(
        &self,
        attribute: &Attribute,
        id: &str,
        context: &Context,
        view: &View<'_>,
        level: usize,
    ) -> Option<Vec<u8>> {
        let entity = self.all.get(id).filter(|_| level > 0)?;
        let selection: Option<Selection> = view.selection.map(|all| all.inside(&attribute.name));
        let deeper = |attribute: &Attribute, id: &str| {
            let inner = View {
                selection: selection.as_ref(),
                ..*view
            };
            self.at_level(attribute, id, context, &inner, level - 1)
        };
        let inner = View {
            selection: selection.as_ref(),
            context: None,
            linked: Some(&deeper),
            ..*view
        };
        let mut out = vec![];
        write::entity(&mut out, entity, context, &inner).then_some(out)
    }
}

fn wrong(name: &str) -> Problem {
    Kind::BadRequestData.because(format!("{name} does not read"))
}
