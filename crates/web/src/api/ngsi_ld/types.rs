//! `/types` and `/attributes`: what kinds of entities there are (ETSI GS CIM 009, sections 6.25 to 6.28).

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::RawQuery;
use axum::http::Method;
use axum::response::Response;
use pendopo_domain::entities::Iri;
use pendopo_domain::entities::query::{Logic, Query};
use pendopo_domain::policy::Action::ReadEntities;
use pendopo_operations::entities;
use pendopo_standards::ngsi_ld::{Context, Kind, names};
use serde::Serialize;

use super::arrive::Client;
use super::negotiation::Wanted;
use super::query::Params;
use super::{Fault, InPath, Routes};

pub fn routes(routes: &mut Routes) {
    routes.add(Method::GET, "/types", ReadEntities, list_types);
    routes.add(Method::GET, "/types/{name}", ReadEntities, show_type);
    routes.add(Method::GET, "/attributes", ReadEntities, list_attributes);
    routes.add(
        Method::GET,
        "/attributes/{name}",
        ReadEntities,
        show_attribute,
    );
}

/// What is known of one attribute in all entities looked at.
#[derive(Default)]
struct Seen {
    count: usize,
    kinds: BTreeSet<&'static str>,
    types: BTreeSet<Iri>,
}

/// Attributes of all entities, or of those of one type.
async fn attributes(client: &Client, of: Option<Iri>) -> Result<BTreeMap<Iri, Seen>, Fault> {
    let query = Query {
        types: of.map(Logic::Is),
        ..Query::default()
    };
    let found = entities::find(&client.city, &client.actor, &query, 0, usize::MAX, false).await?;
    let mut seen: BTreeMap<Iri, Seen> = BTreeMap::new();
    for entity in &found.entities {
        let mut counted = BTreeSet::new();
        for attribute in &entity.attributes {
            let one = seen.entry(attribute.name.clone()).or_default();
            one.count += usize::from(counted.insert(&attribute.name));
            one.kinds.insert(attribute.value.kind());
            one.types.extend(entity.types.iter().cloned());
        }
    }
    Ok(seen)
}

fn short<'a>(names: impl IntoIterator<Item = &'a Iri>, context: &Context) -> Vec<String> {
    names
        .into_iter()
        .map(|name| context.compact(name).into_owned())
        .collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AttributeDetails<'a> {
    id: &'a str,
    r#type: &'static str,
    attribute_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute_count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute_types: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    type_names: Option<Vec<String>>,
}

/// An answer with the context where the client wants it.
fn answer(wanted: &Wanted, value: impl Serialize) -> Result<Response, Fault> {
    let unwritable = |_| Fault(Kind::InternalError.because("the answer does not become JSON"));
    let mut value = serde_json::to_value(value).map_err(unwritable)?;
    let member = wanted
        .member()
        .and_then(|text| serde_json::from_str(&text).ok());
    let member: Option<serde_json::Value> = member;
    let documents = match &mut value {
        serde_json::Value::Array(items) => items.iter_mut().collect(),
        one => vec![one],
    };
    for document in documents {
        if let (Some(member), Some(object)) = (&member, document.as_object_mut()) {
            object.insert("@context".to_owned(), member.clone());
        }
    }
    Ok(wanted.answer(serde_json::to_vec(&value).map_err(unwritable)?))
}

async fn list_types(
    client: Client,
    RawQuery(query): RawQuery,
    wanted: Wanted,
) -> Result<Response, Fault> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct EntityType<'a> {
        id: &'a str,
        r#type: &'static str,
        type_name: String,
        attribute_names: Vec<String>,
    }
    let params = Params::parse(query.as_deref())?;
    let types = entities::types(&client.city, &client.actor).await?;
    let context = &wanted.context;
    if !params.flag("details")? {
        return answer(
            &wanted,
            serde_json::json!({
                "id": "urn:ngsi-ld:EntityTypeList:all",
                "type": "EntityTypeList",
                "typeList": short(types.iter().map(|(name, _)| name), context),
            }),
        );
    }
    let mut details = vec![];
    for (name, _) in &types {
        let seen = attributes(&client, Some(name.clone())).await?;
        details.push(EntityType {
            id: name,
            r#type: "EntityType",
            type_name: context.compact(name).into_owned(),
            attribute_names: short(seen.keys(), context),
        });
    }
    answer(&wanted, details)
}

async fn show_type(
    client: Client,
    InPath(name): InPath<String>,
    wanted: Wanted,
) -> Result<Response, Fault> {
    names::check_name(&name)?;
    let name = wanted.context.expand_once(&name);
    let types = entities::types(&client.city, &client.actor).await?;
    let count = types
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, count)| *count);
    let count =
        count.ok_or_else(|| Fault(Kind::ResourceNotFound.because("no entity is of this type")))?;
    let seen = attributes(&client, Some(name.clone())).await?;
    let details: Vec<_> = seen
        .iter()
        .map(|(name, seen)| AttributeDetails {
            id: name,
            r#type: "Attribute",
            attribute_name: wanted.context.compact(name).into_owned(),
            attribute_count: None,
            attribute_types: Some(seen.kinds.iter().copied().collect()),
            type_names: None,
        })
        .collect();
    answer(
        &wanted,
        serde_json::json!({
            "id": &*name,
            "type": "EntityTypeInfo",
            "typeName": wanted.context.compact(&name),
            "entityCount": count,
            "attributeDetails": details,
        }),
    )
}

async fn list_attributes(
    client: Client,
    RawQuery(query): RawQuery,
    wanted: Wanted,
) -> Result<Response, Fault> {
    let params = Params::parse(query.as_deref())?;
    let seen = attributes(&client, None).await?;
    let context = &wanted.context;
    if !params.flag("details")? {
        return answer(
            &wanted,
            serde_json::json!({
                "id": "urn:ngsi-ld:AttributeList:all",
                "type": "AttributeList",
                "attributeList": short(seen.keys(), context),
            }),
        );
    }
    let details: Vec<_> = seen
        .iter()
        .map(|(name, seen)| AttributeDetails {
            id: name,
            r#type: "Attribute",
            attribute_name: context.compact(name).into_owned(),
            attribute_count: None,
            attribute_types: None,
            type_names: Some(short(&seen.types, context)),
        })
        .collect();
    answer(&wanted, details)
}

async fn show_attribute(
    client: Client,
    InPath(name): InPath<String>,
    wanted: Wanted,
) -> Result<Response, Fault> {
    names::check_name(&name)?;
    let name = wanted.context.expand_once(&name);
    let seen = attributes(&client, None).await?;
    let one = seen
        .get(&name)
        .ok_or_else(|| Fault(Kind::ResourceNotFound.because("no entity has this attribute")))?;
    answer(
        &wanted,
        AttributeDetails {
            id: &name,
            r#type: "Attribute",
            attribute_name: wanted.context.compact(&name).into_owned(),
            attribute_count: Some(one.count),
            attribute_types: Some(one.kinds.iter().copied().collect()),
            type_names: Some(short(&one.types, &wanted.context)),
        },
    )
}
