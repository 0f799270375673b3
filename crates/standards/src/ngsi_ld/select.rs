//! What of an entity is wanted: `attrs`, `pick`, `omit`, `datasetId` and `lang` (ETSI GS CIM 009, sections 4.15, 4.21,
//! 6.3.6, 6.3.7).

use pendopo_domain::entities::Iri;
use serde_json::value::RawValue;

use super::context::Context;
use super::json;
use super::names;
use super::problem::{Problem, echo};

/// The expanded name of the member `scope`.
pub const SCOPE: &str = "https://uri.etsi.org/ngsi-ld/scope";
/// Longest text of one parameter, in bytes.
const MOST_BYTES: usize = 16 * 1_024;
/// Braces inside each other.
const MOST_DEPTH: usize = 8;
/// Languages in order of preference.
const MOST_LANGUAGES: usize = 32;

/// One member, and for linked entities what is wanted of them: `locatedAt{name}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// `@id`, `@type`, or an expanded name.
    pub name: Iri,
    pub inside: Vec<Member>,
}

/// Members that are wanted. The default wants all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// These attributes, with id, type and scope.
    pub attrs: Option<Vec<Iri>>,
    /// Only these members.
    pub pick: Option<Vec<Member>>,
    /// Not these members.
    pub omit: Vec<Member>,
}

impl Selection {
    /// From the parameters `attrs`, `pick` and `omit`. An empty text counts as none.
    ///
    /// # Errors
    /// BadRequestData.
    pub fn parse(
        attrs: Option<&str>,
        pick: Option<&str>,
        omit: Option<&str>,
        context: &Context,
    ) -> Result<Self, Problem> {
        let given = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let members = |text: String| Parser::all(&text, context);
        let selection = Self {
            attrs: given(attrs)
                .map(|text| attributes(&text, context))
                .transpose()?,
            pick: given(pick).map(members).transpose()?,
            omit: given(omit).map(members).transpose()?.unwrap_or_default(),
        };
        selection.check()?;
        Ok(selection)
    }

    pub(super) fn check(&self) -> Result<(), Problem> {
        if self.attrs.is_some() && (self.pick.is_some() || !self.omit.is_empty()) {
            return Err(Problem::bad("attrs does not go with pick or omit"));
        }
        let picked = self.pick.iter().flatten();
        for one in picked {
            let same = |other: &&Member| other.name == one.name && other.inside == one.inside;
            if self.omit.iter().any(|other| same(&other)) {
                return Err(Problem::bad("a member is both in pick and in omit"));
            }
        }
        Ok(())
    }

    /// Whether the member is wanted; `name` is `@id`, `@type` or an expanded name.
    pub fn keeps(&self, name: &str) -> bool {
        let named = |members: &[Member], whole: bool| {
            members
                .iter()
                .any(|one| &*one.name == name && (!whole || one.inside.is_empty()))
        };
        if named(&self.omit, true) {
            return false;
        }
        match (&self.attrs, &self.pick) {
            (Some(attrs), _) => {
                matches!(name, "@id" | "@type" | SCOPE) || attrs.iter().any(|one| &**one == name)
            }
            (None, Some(pick)) => named(pick, false),
            (None, None) => true,
        }
    }

    /// What is wanted of the entities that the attribute links to.
    #[must_use]
    pub fn inside(&self, name: &str) -> Self {
        let find = |members: &[Member]| {
            let found = members.iter().find(|one| &*one.name == name);
            found.map(|one| one.inside.clone())
        };
        Self {
            attrs: None,
            pick: self
                .pick
                .as_deref()
                .and_then(find)
                .filter(|inside| !inside.is_empty()),
            omit: find(&self.omit).unwrap_or_default(),
        }
    }
}

/// Attributes by name, separated by commas.
///
/// # Errors
/// BadRequestData, also for `id`, `type` and `@context`, which are no attributes.
pub fn attributes(text: &str, context: &Context) -> Result<Vec<Iri>, Problem> {
    if text.len() > MOST_BYTES {
        return Err(Problem::bad("too many names"));
    }
    let one = |name: &str| {
        names::check_name(name)?;
        let iri = context.expand_name(name);
        if iri.starts_with('@') {
            return Err(Problem::bad(format!("'{}' is no attribute", echo(name))));
        }
        Ok(iri)
    };
    text.split(',').map(|name| one(name.trim())).collect()
}

/// Reads `id,locatedAt{name,isInCountry{name}}`.
struct Parser<'a> {
    rest: &'a str,
    context: &'a Context,
}

impl<'a> Parser<'a> {
    fn all(text: &'a str, context: &'a Context) -> Result<Vec<Member>, Problem> {
        if text.len() > MOST_BYTES {
            return Err(Problem::bad("too many members"));
        }
        let mut parser = Self {
            rest: text,
            context,
        };
        let members = parser.members(0)?;
        if parser.rest.is_empty() {
            Ok(members)
        } else {
            Err(parser.wrong())
        }
    }

    fn wrong(&self) -> Problem {
        Problem::bad(format!(
            "not a list of members, at '{}'",
            echo(self.rest.get(..20).unwrap_or(self.rest))
        ))
    }

    fn members(&mut self, depth: usize) -> Result<Vec<Member>, Problem> {
        if depth > MOST_DEPTH {
            return Err(Problem::bad("too many braces"));
        }
        let mut members = vec![];
        loop {
            let end = self.rest.find([',', '{', '}']).unwrap_or(self.rest.len());
            let (name, rest) = self.rest.split_at(end);
            let name = name.trim();
            if name.is_empty() {
                return Err(self.wrong());
            }
            if !matches!(name, "@id" | "@type") {
                names::check_name(name)?;
            }
            let name = self.context.expand_name(name);
            self.rest = rest;
            let mut inside = vec![];
            if let Some(rest) = self.rest.strip_prefix('{') {
                self.rest = rest;
                inside = self.members(depth + 1)?;
                self.rest = self.rest.strip_prefix('}').ok_or_else(|| self.wrong())?;
            }
            members.push(Member { name, inside });
            match self.rest.strip_prefix(',') {
                Some(rest) => self.rest = rest,
                None => return Ok(members),
            }
        }
    }
}

/// Instances that are wanted, by dataset: `@none` is the default instance. Empty: all.
///
/// # Errors
/// BadRequestData.
pub fn datasets(text: &str) -> Result<Vec<Option<Iri>>, Problem> {
    let one = |text: &str| match text.trim() {
        "@none" => Ok(None),
        other => names::id(other).map(Some),
    };
    text.split(',').map(one).collect()
}

/// Languages in order of preference, as in Accept-Language (RFC 4647, basic filtering).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Languages(Vec<String>);

impl Languages {
    /// From `fr-CH,fr;q=0.9,*;q=0.5`.
    ///
    /// # Errors
    /// BadRequestData.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let wrong = || Problem::bad(format!("'{}' is not a list of languages", echo(text)));
        let mut ranges = vec![];
        for part in text.split(',').take(MOST_LANGUAGES) {
            let (range, weight) = part.split_once(';').unwrap_or((part, "q=1"));
            let weight = weight.trim().strip_prefix("q=").ok_or_else(wrong)?;
            let weight: f64 = weight.parse().map_err(|_| wrong())?;
            let range = range.trim();
            let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
            if range.is_empty() || !(range == "*" || range.bytes().all(fits)) {
                return Err(wrong());
            }
            if weight > 0.0 {
                ranges.push((weight, range.to_ascii_lowercase()));
            }
        }
        ranges.sort_by(|a, b| b.0.total_cmp(&a.0));
        Ok(Self(ranges.into_iter().map(|(_, range)| range).collect()))
    }

    /// The text of a LanguageProperty that fits best; when none fits, the one without a language, else the first.
    pub(super) fn choose<'a>(&self, map: &'a RawValue) -> Option<(String, &'a RawValue)> {
        let members = json::members(map)?;
        let fits = |tag: &str, range: &str| {
            let tag = tag.to_ascii_lowercase();
            range == "*"
                || tag == *range
                || tag
                    .strip_prefix(range)
                    .is_some_and(|rest| rest.starts_with('-'))
        };
        let mut wanted = self.0.iter();
        let best = wanted.find_map(|range| members.iter().find(|(tag, _)| fits(tag, range)));
        let (tag, text) = best
            .or_else(|| members.iter().find(|(tag, _)| tag == "@none"))
            .or_else(|| members.first())?;
        Some((tag.to_string(), text))
    }
}
