//! `/entities/{id}/attrs` and `/entities/{id}/attrs/{attr}` (ETSI GS CIM 009, sections 6.6 and 6.7).

use axum::extract::RawQuery;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use pendopo_domain::entities::command::{Fragment, Given, Instances};
use pendopo_domain::entities::{Command, Iri};
use pendopo_domain::policy::Action::WriteEntities;
use pendopo_operations::entities;
use pendopo_standards::ngsi_ld::{Kind, names, select};

use super::arrive::Client;
use super::entities::{one, updated};
use super::negotiation::{Body, Wanted};
use super::query::Params;
use super::{Fault, InPath, Routes};

pub fn routes(routes: &mut Routes) {
    routes.add(Method::POST, "/entities/{id}/attrs", WriteEntities, append);
    routes.add(Method::PATCH, "/entities/{id}/attrs", WriteEntities, update);
    routes.add(
        Method::PATCH,
        "/entities/{id}/attrs/{attr}",
        WriteEntities,
        update_one,
    );
    routes.add(
        Method::PUT,
        "/entities/{id}/attrs/{attr}",
        WriteEntities,
        replace_one,
    );
    routes.add(
        Method::DELETE,
        "/entities/{id}/attrs/{attr}",
        WriteEntities,
        delete_one,
    );
}

async fn append(
    client: Client,
    InPath(id): InPath<String>,
    RawQuery(query): RawQuery,
    body: Body,
) -> Result<Response, Fault> {
    let id = names::id(&id)?;
    let params = Params::parse(query.as_deref())?;
    let (document, context) = body.document()?;
    let fragment = document.fragment(&id, &context)?;
    let overwrite = !params.option("noOverwrite");
    let outcome = one(
        &client,
        Command::Append {
            fragment,
            overwrite,
        },
    )
    .await?;
    Ok(updated(outcome))
}

async fn update(client: Client, InPath(id): InPath<String>, body: Body) -> Result<Response, Fault> {
    let id = names::id(&id)?;
    let (document, context) = body.document()?;
    let fragment = document.fragment(&id, &context)?;
    let outcome = one(&client, Command::Update(fragment)).await?;
    Ok(updated(outcome))
}

async fn update_one(
    client: Client,
    InPath((id, attr)): InPath<(String, String)>,
    body: Body,
) -> Result<Response, Fault> {
    let id = names::id(&id)?;
    names::check_name(&attr)?;
    let (document, context) = body.document()?;
    let patch = document.attribute(&context.expand_name(&attr), &context)?;
    let outcome = one(&client, Command::UpdateAttribute { id, patch }).await?;
    Ok(updated(outcome))
}

async fn replace_one(
    client: Client,
    InPath((id, attr)): InPath<(String, String)>,
    body: Body,
) -> Result<Response, Fault> {
    let id = names::id(&id)?;
    names::check_name(&attr)?;
    let (document, context) = body.document()?;
    let name = context.expand_name(&attr);
    if &*name == select::SCOPE {
        return Err(Fault(
            Kind::BadRequestData.because("scope is no attribute: update the entity"),
        ));
    }
    let patch = document.attribute(&name, &context)?;
    one(&client, Command::ReplaceAttribute { id, patch }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn delete_one(
    client: Client,
    InPath((id, attr)): InPath<(String, String)>,
    RawQuery(query): RawQuery,
    wanted: Wanted,
) -> Result<Response, Fault> {
    let id = names::id(&id)?;
    names::check_name(&attr)?;
    let params = Params::parse(query.as_deref())?;
    let instances = match params.get("datasetId") {
        _ if params.flag("deleteAll")? => Instances::All,
        Some(dataset) => Instances::Dataset(names::id(dataset)?),
        None => Instances::Default,
    };
    let name = wanted.context.expand_name(&attr);
    if &*name == select::SCOPE {
        return delete_scope(&client, id).await;
    }
    one(
        &client,
        Command::DeleteAttribute {
            id,
            name,
            instances,
        },
    )
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn delete_scope(client: &Client, id: Iri) -> Result<Response, Fault> {
    let entity = entities::get(&client.city, &client.actor, &id).await?;
    if entity.scopes.is_empty() {
        return Err(Fault(
            Kind::ResourceNotFound.because("the entity has no scope"),
        ));
    }
    let fragment = Fragment {
        id,
        types: vec![],
        scopes: Given::Null,
        expires_at: Given::Absent,
        attributes: vec![],
    };
    let overwrite = true;
    one(
        client,
        Command::Append {
            fragment,
            overwrite,
        },
    )
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
