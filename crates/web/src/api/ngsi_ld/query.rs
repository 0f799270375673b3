//! The parameters of a question (ETSI GS CIM 009, sections 6.3.10 to 6.3.13 and 6.4.3.2).

use axum::http::{HeaderValue, header};
use axum::response::Response;
use pendopo_domain::entities::command::{Fragment, Given};
use pendopo_domain::entities::query::Query;
use pendopo_domain::entities::{Attribute, Entity, Iri};
use pendopo_standards::ngsi_ld::{
    Context, Format, Kind, Languages, Problem, Selection, Temporal, View, names, q, select,
    temporal,
};
use serde_json::Value as Tree;

use super::{Fault, ROOT};

/// Entities of one answer when the client does not say.
const LIMIT: usize = 20;
/// Entities of one answer at most.
const MOST: usize = 1_000;
/// Bytes of a query string.
const MOST_BYTES: usize = 64 * 1024;

/// Every parameter that some operation takes; another one is a slip of the client, and it is told.
const KNOWN: [&str; 41] = [
    "aggrMethods",
    "aggrPeriodDuration",
    "attrs",
    "containedBy",
    "coordinates",
    "count",
    "csf",
    "datasetId",
    "deleteAll",
    "details",
    "drop",
    "endTimeAt",
    "format",
    "geometry",
    "geometryProperty",
    "geoproperty",
    "georel",
    "id",
    "idPattern",
    "join",
    "joinLevel",
    "jsonKeys",
    "keep",
    "lang",
    "lastN",
    "limit",
    "local",
    "observedAt",
    "offset",
    "omit",
    "options",
    "orderBy",
    "orderingDirection",
    "pick",
    "q",
    "scopeQ",
    "timeAt",
    "timeproperty",
    "timerel",
    "type",
    "via",
];

/// Names and values of a query string, in order.
#[derive(Debug, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads a query string.
    ///
    /// # Errors
    /// InvalidRequest.
    pub fn parse(query: Option<&str>) -> Result<Self, Fault> {
        let text = query.unwrap_or_default();
        if text.len() > MOST_BYTES {
            return Err(Fault(
                Kind::InvalidRequest.because("the query string is too long"),
            ));
        }
        let params: Vec<(String, String)> = serde_urlencoded::from_str(text)
            .map_err(|_| Fault(Kind::InvalidRequest.because("the query string does not read")))?;
        if params
            .iter()
            .any(|(name, _)| !KNOWN.contains(&name.as_str()))
        {
            return Err(Fault(
                Kind::InvalidRequest.because("a parameter is not known"),
            ));
        }
        Ok(Self(params))
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether a parameter says `true`.
    ///
    /// # Errors
    /// BadRequestData for anything but true and false.
    pub fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Kind::BadRequestData.because(format!("{name} is true or false"))),
        }
    }

    /// Whether `options` has this word.
    pub fn option(&self, word: &str) -> bool {
        self.get("options")
            .is_some_and(|all| all.split(',').any(|one| one.trim() == word))
    }

    fn number(&self, name: &str) -> Result<Option<usize>, Problem> {
        let wrong =
            |_| Kind::BadRequestData.because(format!("{name} is a whole number, not below zero"));
        self.get(name)
            .map(|text| text.parse().map_err(wrong))
            .transpose()
    }

    /// What a Query document asks (section 5.2.23), beside the parameters.
    ///
    /// # Errors
    /// BadRequestData.
    pub fn take_document(&mut self, document: &Tree) -> Result<(), Problem> {
        let bad =
            |what: &str| Kind::BadRequestData.because(format!("{what} of the query does not read"));
        if document.get("type").and_then(Tree::as_str) != Some("Query") {
            return Err(bad("type"));
        }
        let mut set = |name: &str, value: String| self.0.push((name.to_owned(), value));
        if let Some(selectors) = document.get("entities") {
            let selectors = selectors
                .as_array()
                .filter(|all| !all.is_empty())
                .ok_or_else(|| bad("entities"))?;
            for name in ["id", "type", "idPattern"] {
                let values: Vec<&str> = selectors
                    .iter()
                    .filter_map(|one| one.get(name)?.as_str())
                    .collect();
                if !values.is_empty() {
                    set(name, values.join(","));
                }
            }
        }
        for name in ["attrs", "pick", "omit"] {
            if let Some(list) = document.get(name) {
                let list = list
                    .as_array()
                    .filter(|all| !all.is_empty())
                    .ok_or_else(|| bad(name))?;
                let texts: Option<Vec<&str>> = list.iter().map(Tree::as_str).collect();
                set(name, texts.ok_or_else(|| bad(name))?.join(","));
            }
        }
        for name in ["q", "scopeQ", "lang", "csf"] {
            if let Some(text) = document.get(name) {
                set(name, text.as_str().ok_or_else(|| bad(name))?.to_owned());
            }
        }
        if let Some(geo) = document.get("geoQ") {
            for name in ["georel", "geometry", "coordinates", "geoproperty"] {
                match geo.get(name) {
                    Some(Tree::String(text)) => set(name, text.clone()),
                    Some(other) => set(name, other.to_string()),
                    None => {}
                }
            }
        }
        if let Some(temporal) = document.get("temporalQ") {
            for name in ["timerel", "timeAt", "endTimeAt", "timeproperty", "lastN"] {
                match temporal.get(name) {
                    Some(Tree::String(text)) => set(name, text.clone()),
                    Some(Tree::Number(number)) => set(name, number.to_string()),
                    Some(_) => return Err(bad("temporalQ")),
                    None => {}
                }
            }
        }
        Ok(())
    }

    /// What of the past is meant (section 6.3.12 and 6.3.13).
    ///
    /// # Errors
    /// BadRequestData; InvalidRequest for a representation that does not exist.
    pub fn temporal(&self) -> Result<Temporal, Problem> {
        Temporal::parse(&temporal::Params {
            timerel: self.get("timerel"),
            time_at: self.get("timeAt"),
            end_time_at: self.get("endTimeAt"),
            timeproperty: self.get("timeproperty"),
            last_n: self.get("lastN"),
            aggr_methods: self.get("aggrMethods"),
            aggr_period_duration: self.get("aggrPeriodDuration"),
            format: self.get("format"),
            options: self.get("options"),
        })
    }

    /// Which entities are meant.
    ///
    /// # Errors
    /// BadRequestData, also for a question that means everything there is.
    pub fn question(&self, context: &Context) -> Result<Query, Problem> {
        let narrow = [
            "id",
            "type",
            "attrs",
            "q",
            "georel",
            "scopeQ",
            "idPattern",
            "pick",
        ];
        if !narrow
            .iter()
            .any(|name| self.get(name).is_some_and(|text| !text.is_empty()))
            && !self.flag("local")?
        {
            return Err(Kind::BadRequestData
                .because("a question needs a type, attrs, q, a place, or local=true"));
        }
        let given = |name: &str| self.get(name).filter(|text| !text.is_empty());
        Ok(Query {
            ids: given("id").map(q::ids).transpose()?.unwrap_or_default(),
            id_pattern: given("idPattern").map(q::id_pattern).transpose()?,
            types: given("type")
                .map(|text| q::types(text, context))
                .transpose()?,
            attributes: given("attrs")
                .map(|text| select::attributes(text, context))
                .transpose()?
                .unwrap_or_default(),
            condition: given("q")
                .map(|text| q::condition(text, context))
                .transpose()?,
            near: q::geo(
                self.get("georel"),
                self.get("geometry"),
                self.get("coordinates"),
                self.get("geoproperty"),
                context,
            )?,
            scopes: given("scopeQ").map(q::scopes).transpose()?,
        })
    }

    /// `observedAt` for every attribute of a merge that has none of its own (section 6.5.3.4).
    ///
    /// # Errors
    /// BadRequestData.
    pub fn common(&self, fragment: &mut Fragment) -> Result<(), Problem> {
        let Some(text) = self.get("observedAt") else {
            return Ok(());
        };
        let at = names::time(text)?;
        for patch in &mut fragment.attributes {
            if patch.observed_at == Given::Absent {
                patch.observed_at = Given::Is(at);
            }
        }
        Ok(())
    }
}

/// Which part of what was found is answered.
pub struct Page {
    pub limit: usize,
    pub offset: usize,
    pub count: bool,
}

impl Page {
    /// From `limit`, `offset` and `count`.
    ///
    /// # Errors
    /// BadRequestData; TooManyResults for a limit above the node's.
    pub fn parse(params: &Params) -> Result<Self, Problem> {
        let page = Self {
            limit: params.number("limit")?.unwrap_or(LIMIT),
            offset: params.number("offset")?.unwrap_or(0),
            count: params.flag("count")?,
        };
        if page.limit > MOST {
            return Err(Kind::TooManyResults.because(format!("limit is at most {MOST}")));
        }
        if page.limit == 0 && !page.count {
            return Err(Kind::BadRequestData.because("limit=0 goes with count=true"));
        }
        Ok(page)
    }

    /// How many there are, and where the pages before and after are (section 6.3.10).
    pub fn headers(
        &self,
        response: &mut Response,
        params: &Params,
        path: &str,
        count: Option<usize>,
        more: bool,
    ) {
        let headers = response.headers_mut();
        if let (true, Some(count)) = (self.count, count) {
            headers.insert("ngsild-results-count", HeaderValue::from(count));
        }
        if self.limit == 0 {
            return;
        }
        let mut link = |offset: usize, rel: &str| {
            let kept = params
                .0
                .iter()
                .filter(|(name, _)| name != "limit" && name != "offset");
            let mut query: Vec<(&str, String)> = kept
                .map(|(name, value)| (name.as_str(), value.clone()))
                .collect();
            query.push(("limit", self.limit.to_string()));
            query.push(("offset", offset.to_string()));
            let query = serde_urlencoded::to_string(&query).unwrap_or_default();
            let text =
                format!("<{ROOT}/{path}?{query}>;rel=\"{rel}\";type=\"application/ld+json\"");
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.append(header::LINK, value);
            }
        };
        if self.offset > 0 {
            link(self.offset.saturating_sub(self.limit), "prev");
        }
        if more {
            link(self.offset + self.limit, "next");
        }
    }
}

/// What of an entity is answered, and how.
pub struct Shown {
    format: Format,
    sys_attrs: bool,
    selection: Selection,
    datasets: Vec<Option<Iri>>,
    languages: Option<Languages>,
    geometry: Option<Iri>,
}

impl Shown {
    /// From `options`, `format`, `attrs`, `pick`, `omit`, `datasetId`, `lang` and `geometryProperty`.
    ///
    /// # Errors
    /// BadRequestData; InvalidRequest for an option that does not exist.
    pub fn parse(params: &Params, context: &Context) -> Result<Self, Problem> {
        let mut format = Format::Normalized;
        let mut sys_attrs = false;
        let options = params
            .get("options")
            .into_iter()
            .flat_map(|text| text.split(','));
        for word in options.chain(params.get("format")).map(str::trim) {
            match word {
                "normalized" | "" => {}
                "concise" => format = Format::Concise,
                "keyValues" | "simplified" => format = Format::Simplified,
                "sysAttrs" => sys_attrs = true,
                _ => return Err(Kind::InvalidRequest.because("an option is not known")),
            }
        }
        Self::with(format, sys_attrs, params, context)
    }

    /// The same for histories, whose representations are others.
    ///
    /// # Errors
    /// BadRequestData.
    pub fn of_history(
        temporal: &Temporal,
        params: &Params,
        context: &Context,
    ) -> Result<Self, Problem> {
        let format = match temporal.representation {
            temporal::Representation::Normalized => Format::Normalized,
            temporal::Representation::Concise => Format::Concise,
            temporal::Representation::TemporalValues | temporal::Representation::Aggregated => {
                Format::Simplified
            }
        };
        Self::with(format, temporal.sys_attrs, params, context)
    }

    fn with(
        format: Format,
        sys_attrs: bool,
        params: &Params,
        context: &Context,
    ) -> Result<Self, Problem> {
        Ok(Self {
            format,
            sys_attrs,
            selection: Selection::parse(
                params.get("attrs"),
                params.get("pick"),
                params.get("omit"),
                context,
            )?,
            datasets: params
                .get("datasetId")
                .map(select::datasets)
                .transpose()?
                .unwrap_or_default(),
            languages: params.get("lang").map(Languages::parse).transpose()?,
            geometry: params
                .get("geometryProperty")
                .map(|name| context.expand_once(name)),
        })
    }

    /// For the writer.
    pub fn view<'a>(&'a self, context: Option<&'a str>) -> View<'a> {
        View {
            format: self.format,
            sys_attrs: self.sys_attrs,
            selection: Some(&self.selection),
            datasets: &self.datasets,
            languages: self.languages.as_ref(),
            context,
            ..View::default()
        }
    }

    /// The attributes asked for; none when all are.
    pub fn attributes(&self) -> &[Iri] {
        self.selection.attrs.as_deref().unwrap_or_default()
    }

    /// Whether this instance is one of those asked for by `attrs` and `datasetId`.
    pub fn asks_for(&self, attribute: &Attribute) -> bool {
        let attrs = self.selection.attrs.as_ref();
        attrs.is_none_or(|names| names.contains(&attribute.name))
            && (self.datasets.is_empty() || self.datasets.contains(&attribute.dataset))
    }

    /// Whether anything of the attribute is answered.
    pub fn keeps(&self, name: &str) -> bool {
        self.selection.keeps(name)
    }

    /// The GeoProperty that is the geometry of a Feature.
    pub fn geometry(&self) -> Option<&str> {
        self.geometry.as_deref()
    }

    /// Whether the entity has any of the attributes asked for (section 5.7.1).
    pub fn leaves_something(&self, entity: &Entity) -> bool {
        let has = |name: &Iri| entity.attribute(name).is_some();
        self.selection
            .attrs
            .as_ref()
            .is_none_or(|names| names.iter().any(has))
    }
}
