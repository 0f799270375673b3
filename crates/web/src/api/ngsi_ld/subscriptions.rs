//! `/subscriptions` (ETSI GS CIM 009, sections 6.10 and 6.11).

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use pendopo_domain::policy::Action::SubscribeEntities;
use pendopo_operations::outgoing::Address;
use pendopo_operations::{Error, subscriptions};
use pendopo_standards::ngsi_ld::subscription::{Account, Subscription};
use pendopo_standards::ngsi_ld::{Context, Document, Kind, names};

use super::arrive::Client;
use super::entities::created;
use super::negotiation::{Accepts, Body, Wanted};
use super::query::{Page, Params};
use super::{Fault, InPath, Routes};
use crate::server::AppState;

pub fn routes(routes: &mut Routes) {
    routes.add(Method::POST, "/subscriptions", SubscribeEntities, create);
    routes.add(Method::GET, "/subscriptions", SubscribeEntities, list);
    routes.add(
        Method::GET,
        "/subscriptions/{id}",
        SubscribeEntities,
        retrieve,
    );
    routes.add(
        Method::PATCH,
        "/subscriptions/{id}",
        SubscribeEntities,
        update,
    );
    routes.add(
        Method::DELETE,
        "/subscriptions/{id}",
        SubscribeEntities,
        delete,
    );
}

async fn create(
    State(state): State<AppState>,
    client: Client,
    body: Body,
) -> Result<Response, Fault> {
    let document = Document::parse(&body.bytes)?;
    let (context, context_json) = context_of(&body, &document)?;
    let now = client.city.now();
    let mut wanted = Subscription::read(&document, &context, now)?;
    check(&state, &client, &wanted)?;
    let id = wanted.id.get_or_insert_with(|| new_id(&client)).to_string();
    let kept = kept(&wanted, &client);
    let made = subscriptions::create(&client.city, &client.actor, &id, kept, context_json).await;
    made.map_err(|error| match error {
        Error::Invalid(fields) if fields.iter().any(|field| field.field == "id") => {
            Fault(Kind::AlreadyExists.because("there is a subscription of this id"))
        }
        Error::Invalid(_) => {
            Fault(Kind::TooManyResults.because("there are too many subscriptions"))
        }
        other => other.into(),
    })?;
    Ok(created("subscriptions", &id))
}

/// The context of a body, and the JSON of it that is kept for notifications.
fn context_of(
    body: &Body,
    document: &Document<'_>,
) -> Result<(Arc<Context>, Option<String>), Fault> {
    let member = document.context().map(|raw| raw.get());
    let context = body.context(member)?;
    let json = member.map(str::to_owned);
    let json = json.or_else(|| Some(serde_json::Value::from(body.linked_url()?).to_string()));
    Ok((context, json))
}

/// What cannot be told is refused at once.
fn check(state: &AppState, client: &Client, wanted: &Subscription) -> Result<(), Fault> {
    let uri = &wanted.notification.endpoint.uri;
    let refuse = |why: String| Fault(Kind::BadRequestData.because(format!("endpoint: {why}")));
    if !uri.starts_with("http://") && !uri.starts_with("https://") {
        return Err(refuse("only http and https are told".to_owned()));
    }
    let address = Address::parse(uri).map_err(|why| refuse(why.to_string()))?;
    state
        .options
        .outgoing
        .permits(&address)
        .map_err(|why| refuse(why.to_string()))?;
    if let Some(url) = &wanted.jsonld_context {
        client.contexts.of_url(url)?;
    }
    Ok(())
}

fn new_id(client: &Client) -> Arc<str> {
    let mut random = [0; 16];
    client.city.entropy().fill(&mut random);
    format!(
        "urn:ngsi-ld:Subscription:{:032x}",
        u128::from_be_bytes(random)
    )
    .into()
}

/// With expanded names, so that it reads without its context.
fn kept(wanted: &Subscription, client: &Client) -> String {
    let mut out = vec![];
    let account = Account::default();
    wanted.write(
        &mut out,
        &Context::core(),
        &account,
        client.city.now(),
        None,
        None,
    );
    // Written by us, from texts.
    String::from_utf8_lossy(&out).into_owned()
}

fn read(kept: &subscriptions::Subscription) -> Result<Subscription, Fault> {
    let document = Document::parse(kept.document.as_bytes())?;
    let ever = pendopo_domain::time::Timestamp::from_micros(i64::MIN);
    Ok(Subscription::read(&document, &Context::core(), ever)?)
}

fn write(
    out: &mut Vec<u8>,
    kept: &subscriptions::Subscription,
    wanted: &Wanted,
    sys_attrs: bool,
    client: &Client,
) -> Result<(), Fault> {
    let number = |n: i64| u64::try_from(n).unwrap_or(0);
    let account = Account {
        times_sent: number(kept.account.times_sent),
        times_failed: number(kept.account.times_failed),
        last_notification: kept.account.last_notification,
        last_success: kept.account.last_success,
        last_failure: kept.account.last_failure,
    };
    let times = sys_attrs.then_some((kept.created_at, kept.modified_at));
    let member = wanted.member();
    let now = client.city.now();
    read(kept)?.write(
        out,
        &wanted.context,
        &account,
        now,
        times,
        member.as_deref(),
    );
    Ok(())
}

async fn list(
    client: Client,
    RawQuery(query): RawQuery,
    wanted: Wanted,
) -> Result<Response, Fault> {
    let params = Params::parse(query.as_deref())?;
    let page = Page::parse(&params)?;
    let all = subscriptions::list(&client.city, &client.actor).await?;
    let mut out = vec![b'['];
    for (n, kept) in all.iter().skip(page.offset).take(page.limit).enumerate() {
        if n > 0 {
            out.push(b',');
        }
        write(&mut out, kept, &wanted, params.option("sysAttrs"), &client)?;
    }
    out.push(b']');
    let mut response = not_geo(&wanted)?.answer(out);
    let more = all.len() > page.offset + page.limit;
    page.headers(
        &mut response,
        &params,
        "subscriptions",
        Some(all.len()),
        more,
    );
    Ok(response)
}

async fn retrieve(
    client: Client,
    InPath(id): InPath<String>,
    RawQuery(query): RawQuery,
    wanted: Wanted,
) -> Result<Response, Fault> {
    let id = names::id(&id)?;
    let params = Params::parse(query.as_deref())?;
    let kept = subscriptions::get(&client.city, &client.actor, &id)
        .await
        .map_err(unknown)?;
    let mut out = vec![];
    write(&mut out, &kept, &wanted, params.option("sysAttrs"), &client)?;
    Ok(not_geo(&wanted)?.answer(out))
}

fn not_geo(wanted: &Wanted) -> Result<&Wanted, Fault> {
    if wanted.accepts == Accepts::GeoJson {
        return Err(Fault(
            Kind::NotAcceptable.because("a subscription is no feature"),
        ));
    }
    Ok(wanted)
}

fn unknown(error: Error) -> Fault {
    match error {
        Error::NotFound => Fault(Kind::ResourceNotFound.because("there is no such subscription")),
        other => other.into(),
    }
}

async fn update(
    State(state): State<AppState>,
    client: Client,
    InPath(id): InPath<String>,
    body: Body,
) -> Result<Response, Fault> {
    let id = names::id(&id)?;
    let before = subscriptions::get(&client.city, &client.actor, &id)
        .await
        .map_err(unknown)?;
    let document = Document::parse(&body.bytes)?;
    let (context, context_json) = context_of(&body, &document)?;
    let patched = read(&before)?.patched(&document, &context, client.city.now())?;
    check(&state, &client, &patched)?;
    let kept = kept(&patched, &client);
    let context_json = context_json.or(before.context);
    let replaced =
        subscriptions::replace(&client.city, &client.actor, &id, kept, context_json).await;
    replaced.map_err(unknown)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn delete(client: Client, InPath(id): InPath<String>) -> Result<Response, Fault> {
    let id = names::id(&id)?;
    subscriptions::delete(&client.city, &client.actor, &id)
        .await
        .map_err(unknown)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
