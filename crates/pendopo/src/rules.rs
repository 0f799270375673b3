//! `pendopo rule`: what watches the city and raises alarms, as data.

use anyhow::Context;
use pendopo_domain::rules::Rule;
use pendopo_operations::{configuration, rules};
use serde::Deserialize;

use crate::cli::{OfCity, RuleCommand};
use crate::place;
use crate::say::Say;

/// A file of `pendopo rule put`; `cities/README.md` says what its fields mean.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rules: Vec<Rule>,
}

pub async fn run(say: &Say, command: RuleCommand) -> anyhow::Result<()> {
    let it_staff = configuration::command_line();
    match command {
        RuleCommand::Put { file, of } => {
            let shown = file.display().to_string();
            let text = std::fs::read_to_string(&file)
                .with_context(|| say.text("cli-cannot-read", &[("file", &shown)]))?;
            let failed = || say.text("cli-rules-not-taken", &[("file", &shown)]);
            let read: File = serde_json::from_str(&text).with_context(failed)?;
            for rule in &read.rules {
                let bad = || say.text("cli-bad-rule", &[("name", &rule.code)]);
                rule.check().with_context(bad)?;
            }
            let count = read.rules.len() as u64;
            let city = open(say, &of).await?;
            let put = rules::put_all(&city, &it_staff, read.rules).await;
            city.store().close().await;
            put.with_context(failed)?;
            say.line("cli-rules-taken", &[("count", &say.number(count))]);
        }
        RuleCommand::List { of } => {
            let city = open(say, &of).await?;
            for rule in city.configuration().rules.iter() {
                let mark = if rule.enabled { ' ' } else { '-' };
                say.plain(&format!(
                    "{mark} {}  {}  {}",
                    rule.code,
                    rule.priority.level(),
                    rule.owner
                ));
            }
            city.store().close().await;
        }
        RuleCommand::Remove { code, of } => {
            let city = open(say, &of).await?;
            let removed = rules::remove(&city, &it_staff, &code).await;
            city.store().close().await;
            removed.with_context(|| say.text("cli-no-rule", &[("name", &code)]))?;
            say.line("cli-rule-removed", &[("name", &code)]);
        }
    }
    Ok(())
}

async fn open(say: &Say, of: &OfCity) -> anyhow::Result<pendopo_operations::City> {
    let node = of.place.node(say).await?;
    place::city(say, &node, &of.city).await
}
