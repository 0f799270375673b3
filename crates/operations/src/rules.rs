//! Rules at work: a consumer of live data and of cases that raises alarms.
//!
//! [`run`] follows the journal for the process that leads the city. What the rules know is in memory and, as far as it is
//! not normal, in the database, moved in the transaction that raises the alarms and moves the consumer: a kill between
//! two of them loses nothing and doubles nothing. Where nothing turned, the place in the journal is written now and then
//! only; what is read again from there changes nothing, because it leads to the same.

mod alerts;
mod consumer;
mod reports;
mod settle;

use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::rules::{Condition, MOST, Rule};
use pendopo_store::{Db, configuration as held, rules as rows};

pub use consumer::{Runner, run};

use crate::configuration::{changed, must};
use crate::{City, Error, Invalid, Problem, Result, actor_text};

/// Stores `rule`, new or under its code.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] on `rule` when it cannot be used, on `owner`, `service` or `area` when it names
/// what is not there, on `rules` when there are too many.
pub async fn put(city: &City, actor: &Actor, rule: Rule) -> Result<()> {
    put_all(city, actor, vec![rule]).await
}

/// Stores all of `rules`, or none.
///
/// # Errors
/// As [`put`].
pub async fn put_all(city: &City, actor: &Actor, rules: Vec<Rule>) -> Result<()> {
    must(actor, Action::ManageRules)?;
    let (by, now) = (actor_text(actor), city.now());
    let write = city.store().write(move |db| {
        Box::pin(async move {
            put_checked(db, &rules).await?;
            changed(db, &by, "rules", now).await
        })
    });
    write.await?;
    city.reload().await
}

/// Removes the rule of this code; what it raised is over.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn remove(city: &City, actor: &Actor, code: &str) -> Result<()> {
    must(actor, Action::ManageRules)?;
    let (by, now, code) = (actor_text(actor), city.now(), code.to_owned());
    let write = city.store().write(move |db| {
        Box::pin(async move {
            if !rows::remove(db, &code).await? {
                return Err(Error::NotFound);
            }
            changed(db, &by, "rules", now).await
        })
    });
    write.await?;
    city.reload().await
}

/// Checks rules against the city and stores them; part of a transaction.
pub(crate) async fn put_checked(db: &mut Db, new: &[Rule]) -> Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    let teams = held::teams(db).await?;
    let services = held::services(db).await?;
    let areas = held::areas(db).await?;
    for rule in new {
        rule.check()
            .map_err(|_| Invalid::one("rule", Problem::Unknown))?;
        if !teams.iter().any(|team| team.code == rule.owner) {
            return Err(Invalid::one("owner", Problem::Unknown));
        }
        let mut named: Vec<&String> = rule.incident.iter().map(|one| &one.service_code).collect();
        if let Condition::Reports { service_codes, .. } = &rule.condition {
            named.extend(service_codes);
        }
        let is_there = |code: &&String| services.iter().any(|one| one.code == **code);
        if !named.iter().all(is_there) {
            return Err(Invalid::one("service", Problem::Unknown));
        }
        if let Condition::Alert {
            area: Some(area), ..
        } = &rule.condition
            && !areas.iter().any(|one| one.code == *area)
        {
            return Err(Invalid::one("area", Problem::Unknown));
        }
        rows::put(db, rule).await?;
    }
    match rows::all(db).await?.len() > MOST {
        true => Err(Invalid::one("rules", Problem::TooMany { most: MOST })),
        false => Ok(()),
    }
}
