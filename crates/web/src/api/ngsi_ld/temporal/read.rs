//! Histories of one entity and of many (ETSI GS CIM 009, sections 5.7.3 and 5.7.4).

use std::sync::Arc;

use axum::extract::RawQuery;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use pendopo_domain::entities::Iri;
use pendopo_domain::entities::query::Query;
use pendopo_operations::entities;
use pendopo_standards::ngsi_ld::{Kind, Temporal, names};

use super::super::arrive::Client;
use super::super::negotiation::{Accepts, Body, Wanted};
use super::super::query::{Page, Params, Shown};
use super::super::{Fault, InPath};
use super::no_history;
use super::told::{self, Told};

/// Entities that are looked at together.
const HEADS: i64 = 500;

pub async fn retrieve(
    client: Client,
    InPath(id): InPath<String>,
    RawQuery(query): RawQuery,
    wanted: Wanted,
) -> Result<Response, Fault> {
    let id = names::id(&id)?;
    let params = Params::parse(query.as_deref())?;
    let reading = Reading::new(&client, &params, &wanted, Query::default())?;
    let mut told = reading.tell(&id).await?.ok_or_else(no_history)?;
    if told.observations.is_empty() && !reading.shown.attributes().is_empty() {
        return Err(Fault(
            Kind::ResourceNotFound.because("there is no history of these attributes"),
        ));
    }
    told.keep(&reading.shown);
    let mut told = [told];
    let range = told::cut(&mut told, &reading.temporal);
    let member = wanted.member();
    let view = reading.shown.view(member.as_deref());
    let mut out = Vec::with_capacity(1024);
    let [told] = &told;
    if !told.write(&mut out, &reading.temporal, &wanted.context, &view)? {
        return Err(Fault(
            Kind::ResourceNotFound.because("nothing of the history is left"),
        ));
    }
    Ok(answer(&wanted, out, range))
}

pub async fn list(
    client: Client,
    RawQuery(query): RawQuery,
    wanted: Wanted,
) -> Result<Response, Fault> {
    let params = Params::parse(query.as_deref())?;
    many(&client, &params, &wanted, "temporal/entities").await
}

/// 6.24: the same question in a body.
pub async fn query(
    client: Client,
    RawQuery(query): RawQuery,
    wanted: Wanted,
    body: Body,
) -> Result<Response, Fault> {
    let (params, wanted) = body.question(query.as_deref(), wanted)?;
    many(&client, &params, &wanted, "temporal/entityOperations/query").await
}

async fn many(
    client: &Client,
    params: &Params,
    wanted: &Wanted,
    path: &str,
) -> Result<Response, Fault> {
    let narrow = ["type", "attrs", "q", "georel", "pick"];
    let given = |name: &&str| params.get(name).is_some_and(|text| !text.is_empty());
    if !narrow.iter().any(given) && !params.flag("local")? {
        return Err(Fault(Kind::BadRequestData.because(
            "a question about history needs a type, attrs, q, a place, or local=true",
        )));
    }
    let page = Page::parse(params)?;
    let reading = Reading::new(client, params, wanted, params.question(&wanted.context)?)?;
    let mut found = reading.find(&page).await?;
    for told in &mut found.told {
        told.keep(&reading.shown);
    }
    let range = told::cut(&mut found.told, &reading.temporal);
    let member = wanted.member();
    let view = reading.shown.view(member.as_deref());
    let mut out = vec![b'['];
    for told in &found.told {
        let before = out.len();
        if before > 1 {
            out.push(b',');
        }
        if !told.write(&mut out, &reading.temporal, &wanted.context, &view)? {
            out.truncate(before);
        }
    }
    out.push(b']');
    let mut response = answer(wanted, out, range);
    page.headers(&mut response, params, path, Some(found.count), found.more);
    Ok(response)
}

fn answer(wanted: &Wanted, out: Vec<u8>, range: Option<String>) -> Response {
    let Some(range) = range else {
        return wanted.answer(out);
    };
    let mut response = wanted.answer_with(StatusCode::PARTIAL_CONTENT, out);
    if let Ok(range) = HeaderValue::try_from(range) {
        response.headers_mut().insert(header::CONTENT_RANGE, range);
    }
    response
}

struct Found {
    told: Vec<Told>,
    count: usize,
    more: bool,
}

/// One question about the past.
struct Reading<'a> {
    client: &'a Client,
    question: Query,
    temporal: Temporal,
    shown: Shown,
}

impl<'a> Reading<'a> {
    fn new(
        client: &'a Client,
        params: &Params,
        wanted: &Wanted,
        question: Query,
    ) -> Result<Self, Fault> {
        if wanted.accepts == Accepts::GeoJson {
            return Err(Fault(
                Kind::NotAcceptable.because("a history is no GeoJSON"),
            ));
        }
        let temporal = params.temporal()?;
        Ok(Self {
            client,
            question,
            shown: Shown::of_history(&temporal, params, &wanted.context)?,
            temporal,
        })
    }

    /// Whether instances that are not answered have to be looked at.
    fn looks_further(&self) -> bool {
        self.question.condition.is_some() || self.question.near.is_some()
    }

    /// What the entity called `id` was; `None` when it has no history.
    async fn tell(&self, id: &str) -> Result<Option<Told>, Fault> {
        let range = told::range(&self.temporal, self.looks_further());
        let attributes = match self.looks_further() {
            true => &[],
            false => self.shown.attributes(),
        };
        let (city, actor) = (&self.client.city, &self.client.actor);
        match entities::history(city, actor, id, attributes, &range).await {
            Ok((head, all)) => {
                let all = all.into_values().flatten().collect();
                let mut told = Told::new(head, all, &self.temporal);
                if !self.looks_further() {
                    told.ask(&self.shown, &self.temporal);
                }
                Ok(Some(told))
            }
            Err(pendopo_operations::Error::NotFound) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }

    /// The same, when the question means it and there is something to tell.
    async fn meant(&self, id: &str) -> Result<Option<Told>, Fault> {
        let Some(mut told) = self.tell(id).await? else {
            return Ok(None);
        };
        if self.looks_further() {
            let mut all = told.head.clone();
            all.attributes = told.present().cloned().map(Arc::new).collect();
            if !self.question.holds(&all) {
                return Ok(None);
            }
            told.ask(&self.shown, &self.temporal);
        }
        Ok((!told.observations.is_empty()).then_some(told))
    }

    async fn find(&self, page: &Page) -> Result<Found, Fault> {
        let mut found = Found {
            told: vec![],
            count: 0,
            more: false,
        };
        let mut after = String::new();
        loop {
            let (ids, last) = self.some(&after).await?;
            for id in ids {
                let Some(told) = self.meant(&id).await? else {
                    continue;
                };
                let place = found.count;
                found.count += 1;
                if place < page.offset {
                    continue;
                }
                if found.told.len() < page.limit {
                    found.told.push(told);
                } else {
                    found.more = true;
                    if !page.count {
                        return Ok(found);
                    }
                }
            }
            match last {
                Some(last) => after = last.to_string(),
                None => return Ok(found),
            }
        }
    }

    /// Some entities that may be meant, as far as that can be told without their instances, and the last one looked at
    /// when there may be more.
    async fn some(&self, after: &str) -> Result<(Vec<Iri>, Option<Iri>), Fault> {
        let rough = Query {
            ids: self.question.ids.clone(),
            id_pattern: self.question.id_pattern.clone(),
            types: self.question.types.clone(),
            scopes: self.question.scopes.clone(),
            ..Query::default()
        };
        let (city, actor) = (&self.client.city, &self.client.actor);
        let heads = entities::with_history(city, actor, after, HEADS).await?;
        let more = i64::try_from(heads.len()).is_ok_and(|count| count == HEADS);
        let last = heads.last().filter(|_| more).map(|head| head.id.clone());
        let meant = heads
            .iter()
            .map(told::entity)
            .filter(|one| rough.holds(one));
        Ok((meant.map(|one| one.id).collect(), last))
    }
}
