//! `pendopo import`: history with its own dates. What became of every row is printed and adds up.

use std::fs::File;
use std::path::Path;

use anyhow::Context;
use pendopo_connectors::boston_311::{self, Account};
use pendopo_operations::{City, background, configuration};

use crate::cli::ImportCommand;
use crate::place::{self, PlaceArgs};
use crate::say::Say;

/// Rows between two lines of progress.
const TOLD_EVERY: u64 = 10_000;

pub async fn run(say: &Say, command: ImportCommand) -> anyhow::Result<()> {
    let ImportCommand::Boston311 { file, city, place } = command;
    boston_311(say, &file, &city, &place).await
}

async fn boston_311(say: &Say, path: &Path, slug: &str, place: &PlaceArgs) -> anyhow::Result<()> {
    let shown = path.display().to_string();
    let file =
        File::open(path).with_context(|| say.text("cli-cannot-read", &[("file", &shown)]))?;
    let node = place.node(say).await?;
    let city = place::city(say, &node, slug).await?;
    let imported = import(say, &city, file).await;
    city.store().close().await;
    let account = imported.with_context(|| say.text("cli-import-failed", &[("file", &shown)]))?;
    let (read, stored) = (say.number(account.read), say.number(account.stored));
    let refused = say.number(account.refused_in_all());
    say.line(
        "cli-import-account",
        &[("read", &read), ("stored", &stored), ("refused", &refused)],
    );
    for (reason, count) in &account.refused {
        let key = format!("cli-row-{}", reason.word());
        say.line(&key, &[("count", &say.number(*count))]);
    }
    Ok(())
}

async fn import(say: &Say, city: &City, file: File) -> anyhow::Result<Account> {
    let mut told = 0;
    let progress = |rows: u64| {
        if rows / TOLD_EVERY > told {
            told = rows / TOLD_EVERY;
            say.progress("cli-import-rows", &[("rows", &say.number(rows))]);
        }
    };
    let actor = configuration::command_line();
    let account = boston_311::import(city, &actor, file, progress).await?;
    // A node that serves the city counts by itself; without one the numbers are brought up to date here.
    if let Some(_lease) = city.store().lease().await? {
        background::catch_up(city).await?;
    }
    Ok(account)
}
