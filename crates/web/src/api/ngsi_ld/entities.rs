//! `/entities` and `/entities/{id}` (ETSI GS CIM 009, sections 6.4 and 6.5).

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::RawQuery;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pendopo_domain::entities::command::Instances;
use pendopo_domain::entities::{Attribute, Command, Entity, Iri, Outcome};
use pendopo_domain::policy::Action;
use pendopo_operations::entities;
use pendopo_standards::ngsi_ld::{Kind, View, names, problem, select, write};

use super::arrive::Client;
use super::linked::Linked;
use super::negotiation::{Accepts, Body, Wanted};
use super::query::{Page, Params, Shown};
use super::{Fault, InPath, ROOT, Routes, refused};

pub fn routes(routes: &mut Routes) {
    use Action::{ReadEntities, WriteEntities};
    routes.add(Method::POST, "/entities", WriteEntities, create);
    routes.add(Method::GET, "/entities", ReadEntities, list);
    routes.add(Method::DELETE, "/entities", WriteEntities, purge);
    routes.add(Method::PUT, "/entities", WriteEntities, no_id);
    routes.add(Method::PATCH, "/entities", WriteEntities, no_id);
    routes.add(Method::GET, "/entities/{id}", ReadEntities, retrieve);
    routes.add(Method::PUT, "/entities/{id}", WriteEntities, replace);
    routes.add(Method::PATCH, "/entities/{id}", WriteEntities, merge);
    routes.add(Method::DELETE, "/entities/{id}", WriteEntities, delete);
    routes.add(Method::POST, "/entityOperations/query", ReadEntities, query);
}

/// Does one command and says what it did.
pub async fn one(client: &Client, command: Command) -> Result<Outcome, Fault> {
    let outcomes = client.write(vec![command]).await?;
    let outcome = outcomes.into_iter().next();
    outcome
        .ok_or_else(|| Fault(Kind::InternalError.because("a command was not answered")))?
        .map_err(|refusal| Fault(refused(&refusal)))
}

/// 201 with the place of what was made.
pub fn created(path: &str, id: &str) -> Response {
    let place = HeaderValue::try_from(format!("{ROOT}/{path}/{id}"));
    match place {
        Ok(place) => (StatusCode::CREATED, [(header::LOCATION, place)]).into_response(),
        Err(_) => StatusCode::CREATED.into_response(),
    }
}

/// 204, or 207 with what was not updated (section 6.6.3.1).
pub fn updated(outcome: Outcome) -> Response {
    match outcome {
        Outcome::Updated {
            updated,
            not_updated,
        } if !not_updated.is_empty() => {
            let reason = "the attribute is not there, or exists already";
            // Section 5.2.18: fully qualified names.
            let body = problem::update_result(
                updated.iter().map(|name| &**name),
                not_updated.iter().map(|name| (&**name, reason)),
            );
            let kind = HeaderValue::from_static("application/json");
            (
                StatusCode::MULTI_STATUS,
                [(header::CONTENT_TYPE, kind)],
                body,
            )
                .into_response()
        }
        _ => StatusCode::NO_CONTENT.into_response(),
    }
}

async fn create(client: Client, body: Body) -> Result<Response, Fault> {
    let (document, context) = body.document()?;
    let fragment = document.entity(&context)?;
    let id = fragment.id.clone();
    one(&client, Command::Create(fragment)).await?;
    Ok(created("entities", &id))
}

async fn replace(
    client: Client,
    InPath(id): InPath<String>,
    body: Body,
) -> Result<Response, Fault> {
    let id = names::id(&id)?;
    let (document, context) = body.document()?;
    let fragment = document.fragment(&id, &context)?;
    one(&client, Command::Replace(fragment)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn merge(
    client: Client,
    InPath(id): InPath<String>,
    RawQuery(query): RawQuery,
    body: Body,
) -> Result<Response, Fault> {
    let id = names::id(&id)?;
    let params = Params::parse(query.as_deref())?;
    let (document, context) = body.document()?;
    let mut fragment = document.fragment(&id, &context)?;
    params.common(&mut fragment)?;
    one(&client, Command::Merge(fragment)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn no_id() -> Fault {
    Fault(Kind::BadRequestData.because("the path has no id"))
}

async fn delete(client: Client, InPath(id): InPath<String>) -> Result<Response, Fault> {
    let id = names::id(&id)?;
    one(&client, Command::Delete { id }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn retrieve(
    client: Client,
    InPath(id): InPath<String>,
    RawQuery(query): RawQuery,
    wanted: Wanted,
) -> Result<Response, Fault> {
    let id = names::id(&id)?;
    let params = Params::parse(query.as_deref())?;
    let shown = Shown::parse(&params, &wanted.context)?;
    let entity = entities::get(&client.city, &client.actor, &id)
        .await
        .map_err(|error| match error {
            pendopo_operations::Error::NotFound => {
                Fault(Kind::ResourceNotFound.because("there is no such entity"))
            }
            other => other.into(),
        })?;
    if !shown.leaves_something(&entity) {
        return Err(Fault(
            Kind::ResourceNotFound.because("the entity has none of the attributes"),
        ));
    }
    let roots = [entity];
    let linked = Linked::find(&client, &params, &roots).await?;
    let out = written(&wanted, &shown, &roots, &linked, linked.is_list());
    Ok(wanted.answer(out))
}

/// The entities in the wanted form, as a list or alone, with those that they link to.
fn written(
    wanted: &Wanted,
    shown: &Shown,
    roots: &[Arc<Entity>],
    linked: &Linked,
    list: bool,
) -> Vec<u8> {
    let member = wanted.member();
    let view = shown.view(member.as_deref());
    let context = &wanted.context;
    let inside = |attribute: &Attribute, id: &str| linked.inside(attribute, id, context, &view);
    let view = View {
        linked: Some(&inside),
        ..view
    };
    let all = roots
        .iter()
        .map(|entity| &**entity)
        .chain(linked.beside(roots));
    let geometry = shown.geometry();
    let mut out = Vec::with_capacity(1024);
    match (wanted.accepts, list, roots) {
        (Accepts::GeoJson, false, [one]) => write::feature(&mut out, one, context, &view, geometry),
        (Accepts::GeoJson, ..) => out = write::features(all, context, &view, geometry),
        (_, false, [one]) => {
            write::entity(&mut out, one, context, &view);
        }
        _ => out = write::entities(all, context, &view),
    }
    out
}

async fn list(
    client: Client,
    RawQuery(query): RawQuery,
    wanted: Wanted,
) -> Result<Response, Fault> {
    let params = Params::parse(query.as_deref())?;
    answer(&client, &params, &wanted, "entities").await
}

/// 6.23: the same question in a body.
async fn query(
    client: Client,
    RawQuery(query): RawQuery,
    wanted: Wanted,
    body: Body,
) -> Result<Response, Fault> {
    let (params, wanted) = body.question(query.as_deref(), wanted)?;
    answer(&client, &params, &wanted, "entityOperations/query").await
}

async fn answer(
    client: &Client,
    params: &Params,
    wanted: &Wanted,
    path: &str,
) -> Result<Response, Fault> {
    let question = params.question(&wanted.context)?;
    let page = Page::parse(params)?;
    let shown = Shown::parse(params, &wanted.context)?;
    let found = match page.limit {
        0 => entities::find(&client.city, &client.actor, &question, 0, 0, true).await?,
        limit => {
            entities::find(
                &client.city,
                &client.actor,
                &question,
                page.offset,
                limit,
                page.count,
            )
            .await?
        }
    };
    let linked = Linked::find(client, params, &found.entities).await?;
    let out = written(wanted, &shown, &found.entities, &linked, true);
    let mut response = wanted.answer(out);
    page.headers(&mut response, params, path, found.count, found.more);
    Ok(response)
}

/// 5.6.21: everything that a question means goes, or only some of its attributes.
async fn purge(
    client: Client,
    RawQuery(query): RawQuery,
    wanted: Wanted,
) -> Result<Response, Fault> {
    let params = Params::parse(query.as_deref())?;
    let names = |name: &str| {
        let text = params.get(name).filter(|text| !text.is_empty());
        text.map(|text| select::attributes(text, &wanted.context))
            .transpose()
    };
    let (keep, drop) = (names("keep")?, names("drop")?);
    if keep.is_some() && drop.is_some() {
        return Err(Fault(
            Kind::BadRequestData.because("keep does not go with drop"),
        ));
    }
    let question = params.question(&wanted.context)?;
    let actor = &client.actor;
    let found = entities::find(&client.city, actor, &question, 0, usize::MAX, false).await?;
    let goes = |name: &Iri| {
        drop.as_ref().is_some_and(|names| names.contains(name))
            || keep.as_ref().is_some_and(|names| !names.contains(name))
    };
    let commands = found.entities.iter().flat_map(|entity| {
        let id = entity.id.clone();
        if keep.is_none() && drop.is_none() {
            return vec![Command::Delete { id }];
        }
        let names: BTreeSet<&Iri> = entity.attributes.iter().map(|one| &one.name).collect();
        let gone = names.into_iter().filter(|name| goes(name));
        gone.map(|name| Command::DeleteAttribute {
            id: id.clone(),
            name: name.clone(),
            instances: Instances::All,
        })
        .collect()
    });
    // What somebody else removed meanwhile is gone as well.
    client.write(commands.collect()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
