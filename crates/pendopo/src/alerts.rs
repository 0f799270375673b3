//! `pendopo alert`: warnings of agencies, from files and feeds.

use std::path::PathBuf;

use anyhow::Context;
use pendopo_connectors::alerts as documents;
use pendopo_domain::services::Texts;
use pendopo_operations::alerts::feeds::{self, Feed};
use pendopo_operations::alerts::{self, Outcome};
use pendopo_operations::{City, configuration};

use crate::cli::{AlertCommand, AlertFeedCommand, OfCity};
use crate::place;
use crate::say::Say;

async fn open(say: &Say, of: &OfCity) -> anyhow::Result<City> {
    let node = of.place.node(say).await?;
    place::city(say, &node, &of.city).await
}

pub async fn run(say: &Say, command: AlertCommand) -> anyhow::Result<()> {
    match command {
        AlertCommand::Import { files, of } => {
            let city = open(say, &of).await?;
            let done = import(say, &city, &files).await;
            city.store().close().await;
            done
        }
        AlertCommand::Feed { command } => feed(say, command).await,
    }
}

/// One file after the other: what came before a bad one is taken in.
async fn import(say: &Say, city: &City, files: &[PathBuf]) -> anyhow::Result<()> {
    for file in files {
        let shown = file.display().to_string();
        let bytes = std::fs::read(file)
            .with_context(|| say.text("cli-cannot-read", &[("file", &shown)]))?;
        let document = documents::read(&bytes)
            .with_context(|| say.text("cli-alert-refused", &[("file", &shown)]))?;
        let taken = alerts::import(city, &configuration::command_line(), vec![document]).await;
        let taken = taken.with_context(|| say.text("cli-alert-not-taken", &[("file", &shown)]))?;
        let new = |outcome: &&Outcome| matches!(outcome, Outcome::New(_));
        let count = taken.iter().filter(new).count();
        let (new, known) = (
            say.number(count as u64),
            say.number((taken.len() - count) as u64),
        );
        say.line(
            "cli-alert-taken",
            &[("file", &shown), ("count", &new), ("known", &known)],
        );
    }
    Ok(())
}

async fn feed(say: &Say, command: AlertFeedCommand) -> anyhow::Result<()> {
    let it_staff = configuration::command_line();
    match command {
        AlertFeedCommand::Add {
            name,
            url,
            every,
            newer_replaces,
            credit_id,
            credit_en,
            messages,
            of,
        } => {
            let credit = credit_id.or_else(|| credit_en.clone()).map(|id| Texts {
                id,
                en: credit_en.unwrap_or_default(),
            });
            let feed = Feed {
                url,
                every_s: every,
                newer_replaces,
                credit,
                messages,
            };
            let city = open(say, &of).await?;
            let put = feeds::put(&city, &it_staff, &name, feed).await;
            city.store().close().await;
            put.with_context(|| say.text("cli-alert-feed-not-put", &[("name", &name)]))?;
            say.line("cli-alert-feed-put", &[("name", &name)]);
        }
        AlertFeedCommand::List { of } => {
            let city = open(say, &of).await?;
            let listed = list(say, &city).await;
            city.store().close().await;
            listed?;
        }
        AlertFeedCommand::Remove { name, of } => {
            let city = open(say, &of).await?;
            let removed = feeds::remove(&city, &it_staff, &name).await;
            city.store().close().await;
            removed.with_context(|| say.text("cli-alert-no-feed", &[("name", &name)]))?;
            say.line("cli-alert-feed-removed", &[("name", &name)]);
        }
    }
    Ok(())
}

async fn list(say: &Say, city: &City) -> anyhow::Result<()> {
    for known in feeds::list(city, &configuration::command_line()).await? {
        let polled = &known.polled;
        let read = polled
            .succeeded_at
            .map_or_else(|| "-".to_owned(), |at| at.to_string());
        let failures = say.number(u64::try_from(polled.failures).unwrap_or(0));
        let problem = polled.problem.as_deref().map(|word| format!(" ({word})"));
        let every = say.number(known.feed.every_s);
        say.line(
            "cli-alert-feed",
            &[
                ("name", &known.name),
                ("url", &known.feed.url),
                ("every", &every),
                ("read", &read),
                ("failures", &failures),
                ("problem", &problem.unwrap_or_default()),
            ],
        );
    }
    Ok(())
}
