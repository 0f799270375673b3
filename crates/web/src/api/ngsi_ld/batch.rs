//! `/entityOperations/…` (ETSI GS CIM 009, sections 6.14 to 6.17 and 6.31). One request, one durable commit; each entity
//! is done or refused by itself.

use axum::extract::RawQuery;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pendopo_domain::entities::command::Fragment;
use pendopo_domain::entities::{Command, Outcome};
use pendopo_domain::policy::Action::WriteEntities;
use pendopo_standards::ngsi_ld::{Context, Document, Kind, Problem, problem, read};

use super::arrive::Client;
use super::negotiation::Body;
use super::query::Params;
use super::{Fault, Routes, refused};

pub fn routes(routes: &mut Routes) {
    routes.add(
        Method::POST,
        "/entityOperations/create",
        WriteEntities,
        create,
    );
    routes.add(
        Method::POST,
        "/entityOperations/upsert",
        WriteEntities,
        upsert,
    );
    routes.add(
        Method::POST,
        "/entityOperations/update",
        WriteEntities,
        update,
    );
    routes.add(
        Method::POST,
        "/entityOperations/merge",
        WriteEntities,
        merge,
    );
    routes.add(
        Method::POST,
        "/entityOperations/delete",
        WriteEntities,
        delete,
    );
}

/// What became of a batch.
#[derive(Default)]
struct Account {
    created: Vec<String>,
    /// Done without making anything new.
    done: Vec<String>,
    errors: Vec<(String, Problem)>,
}

impl Account {
    /// 201 with the ids of what is new when there is any, else 204; 207 when anything was refused.
    fn answer(self) -> Response {
        let json = HeaderValue::from_static("application/json");
        let with =
            |status, body: Vec<u8>| (status, [(header::CONTENT_TYPE, json)], body).into_response();
        if !self.errors.is_empty() {
            let success = self.created.iter().chain(&self.done).map(String::as_str);
            let errors = self
                .errors
                .iter()
                .map(|(id, problem)| (id.as_str(), problem));
            return with(
                StatusCode::MULTI_STATUS,
                problem::batch_result(success, errors),
            );
        }
        if self.created.is_empty() {
            return StatusCode::NO_CONTENT.into_response();
        }
        let mut body = vec![];
        problem::ids(&mut body, self.created.iter().map(String::as_str));
        with(StatusCode::CREATED, body)
    }
}

async fn create(client: Client, body: Body) -> Result<Response, Fault> {
    run(
        &client,
        &body,
        |one, context| one.entity(context),
        Command::Create,
    )
    .await
}

async fn upsert(client: Client, RawQuery(query): RawQuery, body: Body) -> Result<Response, Fault> {
    let params = Params::parse(query.as_deref())?;
    match params.option("update") {
        true => {
            run(
                &client,
                &body,
                |one, context| one.part(context),
                Command::Record,
            )
            .await
        }
        false => {
            run(
                &client,
                &body,
                |one, context| one.part(context),
                Command::Upsert,
            )
            .await
        }
    }
}

async fn update(client: Client, RawQuery(query): RawQuery, body: Body) -> Result<Response, Fault> {
    let params = Params::parse(query.as_deref())?;
    let overwrite = !params.option("noOverwrite");
    run(
        &client,
        &body,
        |one, context| one.part(context),
        move |fragment| Command::Append {
            fragment,
            overwrite,
        },
    )
    .await
}

async fn merge(client: Client, body: Body) -> Result<Response, Fault> {
    run(
        &client,
        &body,
        |one, context| one.part(context),
        Command::Merge,
    )
    .await
}

async fn run(
    client: &Client,
    body: &Body,
    read_one: impl Fn(&Document<'_>, &Context) -> Result<Fragment, Problem>,
    command: impl Fn(Fragment) -> Command,
) -> Result<Response, Fault> {
    let mut account = Account::default();
    let mut ids = vec![];
    let mut commands = vec![];
    for document in read::batch(&body.bytes)? {
        let id = document
            .as_ref()
            .ok()
            .and_then(|document| document.id())
            .unwrap_or_default()
            .into_owned();
        let fragment = document.and_then(|document| {
            let context = body.context(document.context().map(|raw| raw.get()))?;
            read_one(&document, &context)
        });
        match fragment {
            Ok(fragment) => {
                ids.push(fragment.id.clone());
                commands.push(command(fragment));
            }
            Err(problem) => account.errors.push((id, problem)),
        }
    }
    client.refuse(account.errors.len());
    let outcomes = match commands.is_empty() {
        true => vec![],
        false => client.write(commands).await?,
    };
    for (id, outcome) in ids.iter().zip(outcomes) {
        match outcome {
            Ok(Outcome::Created) => account.created.push(id.to_string()),
            Ok(Outcome::Updated { not_updated, .. }) if !not_updated.is_empty() => {
                let problem = Kind::BadRequestData
                    .because("attributes exist already and were not overwritten");
                account.errors.push((id.to_string(), problem));
            }
            Ok(Outcome::Updated { .. } | Outcome::Deleted) => account.done.push(id.to_string()),
            Err(refusal) => account.errors.push((id.to_string(), refused(&refusal))),
        }
    }
    Ok(account.answer())
}

async fn delete(client: Client, body: Body) -> Result<Response, Fault> {
    let mut account = Account::default();
    let mut ids = vec![];
    for id in read::batch_of_ids(&body.bytes)? {
        match id {
            Ok(id) => ids.push(id),
            Err((text, problem)) => account.errors.push((text, problem)),
        }
    }
    let commands = ids
        .iter()
        .map(|id| Command::Delete { id: id.clone() })
        .collect();
    client.refuse(account.errors.len());
    let outcomes = client.write(commands).await?;
    for (id, outcome) in ids.iter().zip(outcomes) {
        match outcome {
            Ok(_) => account.done.push(id.to_string()),
            Err(refusal) => account.errors.push((id.to_string(), refused(&refusal))),
        }
    }
    Ok(account.answer())
}
