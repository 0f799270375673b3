//! `pendopo mqtt-account`, `pendopo source` and `pendopo quarantine`: who may publish, how messages become entities, and
//! what could not be used.

use anyhow::Context;
use pendopo_connectors::mqtt::intake;
use pendopo_connectors::payload;
use pendopo_domain::sources::{Broker, Mapping};
use pendopo_operations::store::quarantine::Which;
use pendopo_operations::{City, configuration, quarantine, sources};
use serde::Deserialize;

use crate::cli::{MqttAccountCommand, OfCity, QuarantineCommand, SourceCommand};
use crate::place;
use crate::say::Say;

/// Messages listed at a time.
const PAGE: i64 = 200;

/// A file of `pendopo source add`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    mappings: Vec<Mapping>,
    #[serde(default)]
    brokers: Vec<Broker>,
}

async fn open(say: &Say, of: &OfCity) -> anyhow::Result<City> {
    let node = of.place.node(say).await?;
    place::city(say, &node, &of.city).await
}

pub async fn account(say: &Say, command: MqttAccountCommand) -> anyhow::Result<()> {
    let it_staff = configuration::command_line();
    match command {
        MqttAccountCommand::Add { name, topics, of } => {
            let city = open(say, &of).await?;
            let added = sources::add_account(&city, &it_staff, &name, &topics).await;
            city.store().close().await;
            let password = added.with_context(|| say.text("cli-mqtt-account-failed", &[]))?;
            let user = format!("{}/{name}", of.city);
            say.line("cli-mqtt-account-added", &[("user", &user)]);
            say.plain(&password);
        }
        MqttAccountCommand::List { of } => {
            let city = open(say, &of).await?;
            for account in &city.configuration().sources.accounts {
                let topics: Vec<String> = account
                    .rights
                    .iter()
                    .map(|filter| format!("{}/{filter}", of.city))
                    .collect();
                say.plain(&format!(
                    "{}/{}  {}",
                    of.city,
                    account.name,
                    topics.join(" ")
                ));
            }
            city.store().close().await;
        }
        MqttAccountCommand::Revoke { name, of } => {
            let city = open(say, &of).await?;
            let revoked = sources::revoke_account(&city, &it_staff, &name).await;
            city.store().close().await;
            revoked.with_context(|| say.text("cli-no-source", &[("name", &name)]))?;
            say.line("cli-mqtt-account-revoked", &[("name", &name)]);
        }
    }
    Ok(())
}

pub async fn source(say: &Say, command: SourceCommand) -> anyhow::Result<()> {
    let it_staff = configuration::command_line();
    match command {
        SourceCommand::Add { file, of } => {
            let shown = file.display().to_string();
            let text = std::fs::read_to_string(&file)
                .with_context(|| say.text("cli-cannot-read", &[("file", &shown)]))?;
            let failed = || say.text("cli-sources-not-taken", &[("file", &shown)]);
            let read: File = serde_json::from_str(&text).with_context(failed)?;
            for mapping in &read.mappings {
                payload::check(mapping)
                    .with_context(|| say.text("cli-bad-mapping", &[("name", &mapping.name)]))?;
            }
            let (mappings, brokers) = (read.mappings.len() as u64, read.brokers.len() as u64);
            let city = open(say, &of).await?;
            let put = sources::put(&city, &it_staff, read.mappings, read.brokers).await;
            city.store().close().await;
            put.with_context(failed)?;
            let (mappings, brokers) = (say.number(mappings), say.number(brokers));
            say.line(
                "cli-sources-taken",
                &[("mappings", &mappings), ("brokers", &brokers)],
            );
        }
        SourceCommand::List { of } => {
            let city = open(say, &of).await?;
            let listed = list(say, &city).await;
            city.store().close().await;
            listed?;
        }
        SourceCommand::Remove { name, of } => {
            let city = open(say, &of).await?;
            let removed = sources::remove(&city, &it_staff, &name).await;
            city.store().close().await;
            removed.with_context(|| say.text("cli-no-source", &[("name", &name)]))?;
            say.line("cli-source-removed", &[("name", &name)]);
        }
    }
    Ok(())
}

async fn list(say: &Say, city: &City) -> anyhow::Result<()> {
    let configuration = city.configuration();
    for mapping in &configuration.sources.mappings {
        let args: &[(&str, &str)] = &[
            ("name", &mapping.name),
            ("topic", &mapping.topic),
            ("type", &mapping.kind),
            ("format", mapping.format.word()),
        ];
        say.line("cli-mapping", args);
    }
    for broker in &configuration.sources.brokers {
        say.line(
            "cli-broker",
            &[
                ("name", &broker.name),
                ("address", &broker.address),
                ("filter", &broker.filter),
            ],
        );
    }
    for seen in sources::list(city, &configuration::command_line()).await? {
        let number = |count| say.number(count);
        let counts = seen.counts;
        say.line(
            "cli-source",
            &[
                ("name", &seen.name),
                ("seen", &seen.last_seen_at.to_string()),
                ("minute", &number(seen.per_minute)),
                ("received", &number(counts.received)),
                ("late", &number(counts.late)),
                ("refused", &number(counts.refused)),
                ("quarantined", &number(counts.quarantined)),
                ("dropped", &number(counts.dropped)),
            ],
        );
    }
    Ok(())
}

/// False when messages are left that cannot be used.
pub async fn quarantine(say: &Say, command: QuarantineCommand) -> anyhow::Result<bool> {
    let (of, source, replay) = match command {
        QuarantineCommand::List { source, of } => (of, source, false),
        QuarantineCommand::Replay { source, of } => (of, source, true),
    };
    let city = open(say, &of).await?;
    let done = match replay {
        true => again(say, &city, source.as_deref()).await,
        false => waiting(say, &city, source.as_deref()).await.map(|()| true),
    };
    city.store().close().await;
    done
}

async fn again(say: &Say, city: &City, source: Option<&str>) -> anyhow::Result<bool> {
    let done = intake::replay(city, &configuration::command_line(), source).await;
    let done = done.with_context(|| say.text("cli-quarantine-failed", &[]))?;
    say.line("cli-replayed", &[("count", &say.number(done.taken as u64))]);
    for (reason, count) in &done.left {
        let count = say.number(*count as u64);
        say.line(
            &format!("cli-aside-{}", reason.word()),
            &[("count", &count)],
        );
    }
    Ok(done.left.is_empty())
}

/// Shows no bodies: they may hold anything.
async fn waiting(say: &Say, city: &City, source: Option<&str>) -> anyhow::Result<()> {
    let it_staff = configuration::command_line();
    let mut after = 0;
    loop {
        let which = Which {
            source,
            reason: None,
        };
        let page = quarantine::waiting(city, &it_staff, which, after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = last.id;
        for kept in &page {
            let topic = kept.topic.escape_debug();
            say.plain(&format!(
                "{}  {}  {}  {}  {}  {}",
                kept.id, kept.at, kept.source, kept.reason, kept.size, topic
            ));
        }
        if page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
            return Ok(());
        }
    }
}
