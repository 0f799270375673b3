//! `pendopo sign-in` and `pendopo api-key`: how people and other systems get in.

use anyhow::Context;
use pendopo_operations::{Error, configuration, sign_ins};

use crate::cli::{ApiKeyCommand, SignInCommand};
use crate::place;
use crate::say::Say;

pub async fn add_sign_in(say: &Say, command: SignInCommand) -> anyhow::Result<()> {
    let SignInCommand::Add {
        login,
        city,
        position,
        password_file,
        place,
    } = command;
    let password = match password_file {
        Some(path) => Some(place::read_secret(say, &path)?),
        None => None,
    };
    let node = place.node(say).await?;
    let city = place::city(say, &node, &city).await?;
    let it_staff = configuration::command_line();
    let text = password.as_ref().map(place::Secret::reveal);
    let added = match sign_ins::add(&city, &it_staff, &login, &position, text).await {
        Ok(_) => sign_ins::add_link(&city, &it_staff, &login).await,
        Err(error) => Err(error),
    };
    let codes: Vec<String> = city
        .configuration()
        .positions
        .iter()
        .map(|known| known.code.clone())
        .collect();
    city.store().close().await;
    let token = added.map_err(|error| explained(say, error, &codes.join(", ")))?;
    say.line("cli-sign-in-added", &[("login", &login)]);
    say.plain(&format!("/masuk/tautan/{token}"));
    Ok(())
}

fn explained(say: &Say, error: Error, positions: &str) -> anyhow::Error {
    let field = match &error {
        Error::Invalid(fields) => fields.first().map_or("", |invalid| invalid.field),
        _ => "",
    };
    let text = match field {
        "position" => say.text("cli-unknown-position", &[("positions", positions)]),
        "password" => say.text("cli-bad-password", &[]),
        _ => say.text("cli-sign-in-failed", &[]),
    };
    anyhow::Error::from(error).context(text)
}

pub async fn add_api_key(say: &Say, command: ApiKeyCommand) -> anyhow::Result<()> {
    let ApiKeyCommand::Add { name, city, place } = command;
    let node = place.node(say).await?;
    let city = place::city(say, &node, &city).await?;
    let added = configuration::add_api_key(&city, &configuration::command_line(), &name).await;
    city.store().close().await;
    let key = added.with_context(|| say.text("cli-api-key-failed", &[]))?;
    say.line("cli-api-key-added", &[("name", &name)]);
    say.plain(&key);
    Ok(())
}
