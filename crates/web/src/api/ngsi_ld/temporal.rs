//! `/temporal/entities` and `/temporal/entityOperations` (ETSI GS CIM 009, sections 6.18 to 6.22 and 6.24).
//!
//! What is written here is the past only: the entity as it is now stays as it is. An instance that was observed at the
//! same time as one that is there takes its place, so that a client may send the same again.
//!
//! - `read`: histories of one and of many
//! - `told`: what of a history is answered, and in how many pages

mod read;
mod told;

use std::collections::BTreeSet;

use axum::extract::RawQuery;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use pendopo_domain::entities::command::{Fragment, Given, Past, PastInstance};
use pendopo_domain::entities::{Attribute, Command, Iri};
use pendopo_domain::policy::Action;
use pendopo_domain::time::Timestamp;
use pendopo_operations::entities::{self, Observations};
use pendopo_operations::store::history::Range;
use pendopo_standards::ngsi_ld::{Kind, names};

use super::arrive::Client;
use super::entities::{created, one};
use super::negotiation::{Body, Wanted};
use super::query::Params;
use super::{Fault, InPath, Routes, refused};

/// Instances of one attribute that are looked through for those that a client sends again.
const MOST_COMPARED: i64 = 100_000;

pub fn routes(routes: &mut Routes) {
    use Action::{ReadEntities, WriteEntities};
    routes.add(Method::POST, "/temporal/entities", WriteEntities, create);
    routes.add(Method::GET, "/temporal/entities", ReadEntities, read::list);
    let one = "/temporal/entities/{id}";
    routes.add(Method::GET, one, ReadEntities, read::retrieve);
    routes.add(Method::DELETE, one, WriteEntities, forget_all);
    let attrs = "/temporal/entities/{id}/attrs";
    routes.add(Method::POST, attrs, WriteEntities, add);
    let attr = "/temporal/entities/{id}/attrs/{attr}";
    routes.add(Method::DELETE, attr, WriteEntities, forget_attribute);
    let instance = "/temporal/entities/{id}/attrs/{attr}/{instance}";
    routes.add(Method::PATCH, instance, WriteEntities, correct);
    routes.add(Method::DELETE, instance, WriteEntities, forget_instance);
    let query = "/temporal/entityOperations/query";
    routes.add(Method::POST, query, ReadEntities, read::query);
    for (method, path) in [
        (Method::POST, "/temporal/entities//attrs"),
        (Method::DELETE, "/temporal/entities//attrs/{attr}"),
        (Method::PATCH, "/temporal/entities//attrs/{attr}/{instance}"),
        (
            Method::DELETE,
            "/temporal/entities//attrs/{attr}/{instance}",
        ),
        (Method::DELETE, "/temporal/entities/{id}/attrs//{instance}"),
    ] {
        routes.add(method, path, WriteEntities, incomplete);
    }
}

/// A path with a part that is empty.
async fn incomplete() -> Fault {
    Fault(Kind::BadRequestData.because("a part of the path is missing"))
}

fn no_history() -> Fault {
    Fault(Kind::ResourceNotFound.because("there is no history of such an entity"))
}

async fn create(client: Client, body: Body) -> Result<Response, Fault> {
    let (document, context) = body.document()?;
    let fragment = document.history(None, &context)?;
    let id = fragment.id.clone();
    let known = entities::has_history(&client.city, &client.actor, &id).await?;
    put(&client, fragment).await?;
    Ok(if known {
        StatusCode::NO_CONTENT.into_response()
    } else {
        created("temporal/entities", &id)
    })
}

async fn add(client: Client, InPath(id): InPath<String>, body: Body) -> Result<Response, Fault> {
    let id = names::id(&id)?;
    let (document, context) = body.document()?;
    let fragment = document.history(Some(&id), &context)?;
    if !entities::has_history(&client.city, &client.actor, &id).await? {
        return Err(no_history());
    }
    put(&client, fragment).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Adds instances; those that were observed when another was take its place.
async fn put(client: &Client, fragment: Fragment) -> Result<(), Fault> {
    let now = client.city.now();
    let id = fragment.id;
    let attributes = fragment
        .attributes
        .into_iter()
        .map(|patch| patch.complete(None, now))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|refusal| Fault(refused(&refusal)))?;
    let known = same_times(client, &id, &attributes).await?;
    let mut instances = vec![];
    let mut corrections = vec![];
    for attribute in attributes {
        match same_time(&known, &attribute) {
            Some(instance) => corrections.push(Past::Correct(PastInstance {
                id: Some(instance),
                attribute,
            })),
            None => instances.push(PastInstance {
                id: None,
                attribute,
            }),
        }
    }
    let added = Past::Add {
        types: fragment.types,
        scopes: fragment.scopes.value().unwrap_or_default(),
        instances,
    };
    let edits = std::iter::once(added).chain(corrections);
    let commands = edits.map(|edit| Command::EditPast {
        id: Iri::clone(&id),
        edit,
    });
    let outcomes = client.write(commands.collect()).await?;
    for outcome in outcomes {
        outcome.map_err(|refusal| Fault(refused(&refusal)))?;
    }
    Ok(())
}

/// What is there already between the first and the last time of `attributes`.
async fn same_times(
    client: &Client,
    id: &Iri,
    attributes: &[Attribute],
) -> Result<Observations, Fault> {
    let times = || attributes.iter().filter_map(|one| one.observed_at);
    let (Some(from), Some(to)) = (times().min(), times().max()) else {
        return Ok(Observations::new());
    };
    let names: BTreeSet<&Iri> = attributes.iter().map(|one| &one.name).collect();
    let names: Vec<Iri> = names.into_iter().cloned().collect();
    let range = Range {
        from: Some(from),
        to: Some(Timestamp::from_micros(to.micros() + 1)),
        limit: MOST_COMPARED,
        ..Range::default()
    };
    match entities::history(&client.city, &client.actor, id, &names, &range).await {
        Ok((_, known)) => Ok(known),
        Err(pendopo_operations::Error::NotFound) => Ok(Observations::new()),
        Err(other) => Err(other.into()),
    }
}

/// The instance in whose place the attribute comes. Those that are known are in the order of time.
fn same_time(known: &Observations, attribute: &Attribute) -> Option<Iri> {
    let at = attribute.observed_at?;
    let series = known.get(&(attribute.name.clone(), attribute.dataset.clone()))?;
    let place = series.partition_point(|one| one.attribute.observed_at < Some(at));
    let found = series.get(place)?;
    (found.attribute.observed_at == Some(at)).then(|| found.instance_id.as_str().into())
}

async fn edit(client: &Client, id: Iri, edit: Past) -> Result<Response, Fault> {
    one(client, Command::EditPast { id, edit }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn forget_all(client: Client, InPath(id): InPath<String>) -> Result<Response, Fault> {
    let id = names::id(&id)?;
    if !entities::has_history(&client.city, &client.actor, &id).await? {
        return Err(no_history());
    }
    edit(&client, id, Past::ForgetAll).await
}

async fn forget_attribute(
    client: Client,
    InPath((id, attr)): InPath<(String, String)>,
    RawQuery(query): RawQuery,
    wanted: Wanted,
) -> Result<Response, Fault> {
    let id = names::id(&id)?;
    names::check_name(&attr)?;
    let params = Params::parse(query.as_deref())?;
    let dataset = match params.get("datasetId") {
        _ if params.flag("deleteAll")? => None,
        Some(dataset) => Some(Some(names::id(dataset)?)),
        None => Some(None),
    };
    let name = wanted.context.expand_name(&attr);
    let known = entities::datasets(&client.city, &client.actor, &id, &name).await?;
    let there = match &dataset {
        None => !known.is_empty(),
        Some(one) => known.contains(one),
    };
    if !there {
        return Err(Fault(
            Kind::ResourceNotFound.because("there is no history of such an attribute"),
        ));
    }
    let instance = None;
    edit(
        &client,
        id,
        Past::Forget {
            name,
            dataset,
            instance,
        },
    )
    .await
}

/// Which instance is meant, and what it says.
async fn instance(
    client: &Client,
    (id, attr, instance): (String, String, String),
    wanted: &Wanted,
) -> Result<(Iri, Iri, Attribute), Fault> {
    let id = names::id(&id)?;
    names::check_name(&attr)?;
    let instance = names::id(&instance)?;
    let name = wanted.context.expand_name(&attr);
    let found = entities::instance(&client.city, &client.actor, &id, &name, &instance).await;
    let found = found.map_err(|error| match error {
        pendopo_operations::Error::NotFound => {
            Fault(Kind::ResourceNotFound.because("there is no such instance"))
        }
        other => other.into(),
    })?;
    Ok((id, instance, found.attribute))
}

async fn correct(
    client: Client,
    InPath(path): InPath<(String, String, String)>,
    wanted: Wanted,
    body: Body,
) -> Result<Response, Fault> {
    let attr = path.1.clone();
    let (document, context) = body.document()?;
    let wanted = wanted.with(&body, context);
    let (id, instance, old) = instance(&client, path, &wanted).await?;
    let name = wanted.context.expand_name(&attr);
    let mut patch = document.attribute(&name, &wanted.context)?;
    if patch.value == Given::Null {
        return Err(Fault(
            Kind::BadRequestData.because("an instance is taken away by DELETE"),
        ));
    }
    patch.dataset.clone_from(&old.dataset);
    let attribute = patch
        .over(&old, client.city.now(), false)
        .map_err(|refusal| Fault(refused(&refusal)))?;
    let past = PastInstance {
        id: Some(instance),
        attribute,
    };
    edit(&client, id, Past::Correct(past)).await
}

async fn forget_instance(
    client: Client,
    InPath(path): InPath<(String, String, String)>,
    wanted: Wanted,
) -> Result<Response, Fault> {
    let (id, instance, old) = instance(&client, path, &wanted).await?;
    let past = Past::Forget {
        name: old.name,
        dataset: None,
        instance: Some(instance),
    };
    edit(&client, id, past).await
}
