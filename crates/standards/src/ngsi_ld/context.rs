//! JSON-LD contexts as NGSI-LD needs them: names to IRIs and back (ETSI GS CIM 009, sections 4.4 and 5.2.2; JSON-LD 1.1).
//!
//! Nothing is fetched here. [`references`] tells which remote documents a `@context` names; the caller gets them, asks
//! again about what they name, and hands all of them to [`Context::build`].
//!
//! Simplified on purpose: contexts inside a term, `@container`, type coercion and `@import` do nothing, and terms that
//! are defined by each other in a ring are refused. The core context is always the last one, so its terms cannot be
//! redefined (section 5.2.2); a `@vocab` of the client goes before the default vocabulary.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, RwLock};

use pendopo_domain::entities::Iri;
use serde_json::{Map, Value as Tree};

pub use super::core_terms::{CORE_URL, DEFAULT_VOCAB, NGSI_LD, is_core_url};
use super::core_terms::{KEYWORDS, PREFIXES, terms};
use super::problem::{Kind, Problem, echo};

/// Terms of one context, those of all documents that it names together.
pub const MOST_TERMS: usize = 50_000;
/// Remote documents of one context.
pub const MOST_REFERENCES: usize = 32;
/// How deep documents name documents.
const MOST_NESTED: usize = 8;
/// Names beyond the terms whose IRIs are kept. When it is full it is emptied: a client of many names is no normal one.
const KEPT_NAMES: usize = 4_096;

/// What names mean. Costly to build, cheap to use: keep it in an [`Arc`] by the texts it came from.
#[derive(Debug)]
pub struct Context {
    terms: HashMap<Box<str>, Iri>,
    /// The best term of an IRI.
    names: HashMap<Iri, Box<str>>,
    /// IRI and prefix, the longest IRI first.
    prefixes: Vec<(Iri, Box<str>)>,
    vocab: Iri,
    kept: RwLock<HashMap<Box<str>, Iri>>,
}

static CORE: LazyLock<Arc<Context>> = LazyLock::new(|| Arc::new(Draft::default().finish()));

/// The URLs that a `@context` value names, or the `@context` in a whole document; core contexts are left out. Each once.
pub fn references(context: &Tree) -> Vec<String> {
    fn walk(context: &Tree, found: &mut Vec<String>, depth: usize) {
        match context {
            Tree::String(url) if !is_core_url(url) && !found.contains(url) => {
                found.push(url.clone());
            }
            Tree::Array(parts) if depth < MOST_NESTED => {
                parts.iter().for_each(|part| walk(part, found, depth + 1));
            }
            Tree::Object(map) if depth < MOST_NESTED => {
                if let Some(inner) = map.get("@context") {
                    walk(inner, found, depth + 1);
                }
            }
            _ => {}
        }
    }
    let mut found = vec![];
    walk(context, &mut found, 0);
    found
}

impl Context {
    /// The core context alone: what is meant when a client names none (section 6.3.5).
    pub fn core() -> Arc<Self> {
        Arc::clone(&CORE)
    }

    /// From a `@context` value, or a document that has one, and the documents that [`references`] named.
    ///
    /// # Errors
    /// LdContextNotAvailable when a document is missing from `loaded`, BadRequestData when a context says what is not
    /// JSON-LD.
    pub fn build(context: &Tree, loaded: &HashMap<String, Arc<Tree>>) -> Result<Self, Problem> {
        let mut draft = Draft::default();
        let context = match context {
            Tree::Object(map) => map.get("@context").unwrap_or(context),
            other => other,
        };
        draft.take(context, loaded, 0)?;
        Ok(draft.finish())
    }

    /// The IRI of a name: of a term, of `prefix:name`, of a URI, or of a name nobody defined. A keyword like `@type`
    /// for its aliases.
    pub fn expand_name(&self, name: &str) -> Iri {
        if let Some(iri) = self.terms.get(name) {
            return Arc::clone(iri);
        }
        if let Ok(kept) = self.kept.read()
            && let Some(iri) = kept.get(name)
        {
            return Arc::clone(iri);
        }
        let iri: Iri = self.expanded(name).into();
        if let Ok(mut kept) = self.kept.write() {
            if kept.len() >= KEPT_NAMES {
                kept.clear();
            }
            kept.insert(name.into(), Arc::clone(&iri));
        }
        iri
    }

    /// The same for texts that are seldom seen twice: nothing is kept.
    pub fn expand_once(&self, name: &str) -> Iri {
        match self.terms.get(name) {
            Some(iri) => Arc::clone(iri),
            None => self.expanded(name).into(),
        }
    }

    fn expanded(&self, name: &str) -> String {
        match name.split_once(':') {
            Some((prefix, rest)) if !rest.starts_with("//") => match self.terms.get(prefix) {
                Some(iri) => format!("{iri}{rest}"),
                None => name.to_owned(),
            },
            Some(_) => name.to_owned(),
            None if name.starts_with('@') => name.to_owned(),
            None => format!("{}{name}", self.vocab),
        }
    }

    /// The shortest name of an IRI: a term, the name in the vocabulary, `prefix:name`, or the IRI itself. Expanding it
    /// gives the IRI again.
    pub fn compact<'a>(&'a self, iri: &'a str) -> Cow<'a, str> {
        if let Some(name) = self.names.get(iri) {
            return Cow::Borrowed(name);
        }
        if let Some(name) = iri.strip_prefix(&*self.vocab)
            && !name.is_empty()
            && !name.contains(':')
            && !name.starts_with('@')
            && !self.terms.contains_key(name)
        {
            return Cow::Borrowed(name);
        }
        for (start, prefix) in &self.prefixes {
            if let Some(rest) = iri.strip_prefix(&**start)
                && !rest.is_empty()
                && !rest.starts_with("//")
            {
                let name = format!("{prefix}:{rest}");
                if !self.terms.contains_key(name.as_str()) {
                    return Cow::Owned(name);
                }
            }
        }
        Cow::Borrowed(iri)
    }
}

/// A term while the contexts are read.
#[derive(Clone)]
struct Term {
    iri: Iri,
    /// Whether it may stand before a colon when names are made short.
    prefix: bool,
    /// Whether it may stand for its IRI when names are made short.
    plain: bool,
}

#[derive(Default)]
struct Draft {
    terms: HashMap<String, Term>,
    vocab: Option<String>,
    references: usize,
}

impl Draft {
    fn take(
        &mut self,
        context: &Tree,
        loaded: &HashMap<String, Arc<Tree>>,
        depth: usize,
    ) -> Result<(), Problem> {
        if depth > MOST_NESTED {
            return Err(Problem::bad("contexts name each other too deeply"));
        }
        match context {
            Tree::Null => *self = Self::default(),
            Tree::String(url) if is_core_url(url) => {}
            Tree::String(url) => {
                self.references += 1;
                if self.references > MOST_REFERENCES {
                    return Err(Problem::bad("the @context names too many documents"));
                }
                let document = loaded.get(url).ok_or_else(|| {
                    Kind::LdContextNotAvailable
                        .because(format!("no context was found at '{}'", echo(url)))
                })?;
                let inner = document.get("@context").ok_or_else(|| {
                    Problem::bad(format!("the document at '{}' has no @context", echo(url)))
                })?;
                self.take(inner, loaded, depth + 1)?;
            }
            Tree::Array(parts) => {
                for part in parts {
                    self.take(part, loaded, depth + 1)?;
                }
            }
            Tree::Object(map) => self.define(map)?,
            Tree::Bool(_) | Tree::Number(_) => {
                return Err(Problem::bad(
                    "a @context is a URL, an object or an array of these",
                ));
            }
        }
        Ok(())
    }

    fn define(&mut self, map: &Map<String, Tree>) -> Result<(), Problem> {
        match map.get("@vocab") {
            None => {}
            Some(Tree::Null) => self.vocab = None,
            Some(Tree::String(vocab)) => {
                let mut way = vec![];
                self.vocab = Some(self.resolve(vocab, map, &mut way)?);
            }
            Some(_) => return Err(Problem::bad("@vocab is not a text").of("@context")),
        }
        if self.terms.len() + map.len() > MOST_TERMS {
            return Err(Problem::bad(format!(
                "a @context has at most {MOST_TERMS} terms"
            )));
        }
        for (name, value) in map {
            if name.starts_with('@') || name.is_empty() {
                continue;
            }
            let mut way = vec![name.as_str()];
            match self
                .term(name, value, map, &mut way)
                .map_err(|problem| problem.of(name))?
            {
                Some(term) => self.terms.insert(name.clone(), term),
                None => self.terms.remove(name),
            };
        }
        Ok(())
    }

    fn term<'a>(
        &self,
        name: &'a str,
        value: &'a Tree,
        map: &'a Map<String, Tree>,
        way: &mut Vec<&'a str>,
    ) -> Result<Option<Term>, Problem> {
        let (id, simple, plain) = match value {
            Tree::Null => return Ok(None),
            Tree::String(id) => (Some(id.as_str()), true, true),
            Tree::Object(definition) => {
                let prefix = definition.get("@prefix") == Some(&Tree::Bool(true));
                let plain = !definition.contains_key("@container")
                    && !definition.contains_key("@type")
                    && !definition.contains_key("@reverse");
                match definition.get("@id") {
                    None => (None, prefix, plain),
                    Some(Tree::Null) => return Ok(None),
                    Some(Tree::String(id)) => (Some(id.as_str()), prefix, plain),
                    Some(_) => return Err(Problem::bad("@id is not a text")),
                }
            }
            _ => return Err(Problem::bad("a term is a text or an object")),
        };
        let iri = match id {
            Some(id) if id != name => self.resolve(id, map, way)?,
            _ => self.resolve_itself(name, map, way)?,
        };
        if !iri.starts_with('@') && !iri.contains(':') {
            return Err(Problem::bad("a term stands for no IRI"));
        }
        Ok(Some(Term {
            prefix: simple && iri.ends_with([':', '/', '?', '#', '[', ']', '@']),
            plain,
            iri: iri.into(),
        }))
    }

    /// A term that is defined by its own name: `prefix:name`, a URI, or a name of the vocabulary.
    fn resolve_itself<'a>(
        &self,
        name: &'a str,
        map: &'a Map<String, Tree>,
        way: &mut Vec<&'a str>,
    ) -> Result<String, Problem> {
        match name.split_once(':') {
            Some((prefix, rest)) if !rest.starts_with("//") => {
                self.prefixed(name, prefix, rest, map, way)
            }
            Some(_) => Ok(name.to_owned()),
            None => Ok(format!("{}{name}", self.vocabulary())),
        }
    }

    /// What an `@id` or `@vocab` stands for, given the terms before it and those of its own object.
    fn resolve<'a>(
        &self,
        id: &'a str,
        map: &'a Map<String, Tree>,
        way: &mut Vec<&'a str>,
    ) -> Result<String, Problem> {
        if id.starts_with('@') {
            return Ok(id.to_owned());
        }
        if let Some(iri) = self.other(id, map, way)? {
            return Ok(iri);
        }
        match id.split_once(':') {
            Some((prefix, rest)) if !rest.starts_with("//") => {
                self.prefixed(id, prefix, rest, map, way)
            }
            Some(_) => Ok(id.to_owned()),
            None => Ok(format!("{}{id}", self.vocabulary())),
        }
    }

    fn prefixed<'a>(
        &self,
        whole: &str,
        prefix: &'a str,
        rest: &str,
        map: &'a Map<String, Tree>,
        way: &mut Vec<&'a str>,
    ) -> Result<String, Problem> {
        Ok(match self.other(prefix, map, way)? {
            Some(iri) => format!("{iri}{rest}"),
            None => whole.to_owned(),
        })
    }

    /// The IRI of another term.
    fn other<'a>(
        &self,
        name: &'a str,
        map: &'a Map<String, Tree>,
        way: &mut Vec<&'a str>,
    ) -> Result<Option<String>, Problem> {
        if let Some((_, iri)) = PREFIXES.iter().find(|(prefix, _)| *prefix == name) {
            return Ok(Some((*iri).to_owned()));
        }
        let Some(value) = map.get(name) else {
            return Ok(self.terms.get(name).map(|term| term.iri.to_string()));
        };
        if way.contains(&name) || way.len() > MOST_NESTED {
            return Err(Problem::bad("terms are defined by each other"));
        }
        way.push(name);
        let term = self.term(name, value, map, way)?;
        way.pop();
        Ok(term.map(|term| term.iri.to_string()))
    }

    fn vocabulary(&self) -> &str {
        self.vocab.as_deref().unwrap_or(DEFAULT_VOCAB)
    }

    fn finish(mut self) -> Context {
        let vocab: Iri = self.vocabulary().into();
        let mut core = |name: &str, iri: String, prefix: bool| {
            let term = Term {
                iri: iri.into(),
                prefix,
                plain: true,
            };
            self.terms.insert(name.to_owned(), term);
        };
        for (name, iri) in terms() {
            core(name, iri, false);
        }
        for (name, iri) in PREFIXES {
            core(name, (*iri).to_owned(), true);
        }
        for (name, keyword) in KEYWORDS {
            core(name, (*keyword).to_owned(), false);
        }
        let mut names: HashMap<Iri, Box<str>> = HashMap::with_capacity(self.terms.len());
        let mut prefixes = vec![];
        let mut all: Vec<_> = self.terms.iter().collect();
        // Plain terms first, then the shortest, then the first by letters (JSON-LD 1.1 API, section 4.3).
        all.sort_by_key(|(name, term)| (!term.plain, name.len(), name.as_str()));
        for (name, term) in all {
            names
                .entry(Arc::clone(&term.iri))
                .or_insert_with(|| name.as_str().into());
            if term.prefix && !name.contains(':') {
                prefixes.push((Arc::clone(&term.iri), Box::from(name.as_str())));
            }
        }
        prefixes.sort_by_key(|(iri, _)| std::cmp::Reverse(iri.len()));
        Context {
            terms: self
                .terms
                .into_iter()
                .map(|(name, term)| (name.into(), term.iri))
                .collect(),
            names,
            prefixes,
            vocab,
            kept: RwLock::default(),
        }
    }
}
