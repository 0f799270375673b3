//! Who the reporter is: sealed when it comes in, opened only for those who may, and each look is chained.

use pendopo_domain::journal::Event;
use pendopo_domain::policy::{Action, Actor, Subject, allows};
use pendopo_domain::reports::{Report, ReportId};
use pendopo_store::reports::{self as rows, Sealed};
use pendopo_store::{StoreError, chains};
use serde::{Deserialize, Serialize};

use crate::{City, Error, Result, actor_text};

/// Name and contact, as given. Every field may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
}

impl Identity {
    /// True when nothing was given.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What the policy is asked about a report.
pub fn subject(report: &Report) -> Subject {
    Subject::Report {
        id: report.id,
        visibility: report.visibility,
        anonymous: report.anonymous,
        team: report.team,
    }
}

/// Opens the identity behind a report for someone who may see it, and chains that they looked, before they see it.
///
/// `None` when nothing was given, or the person was erased.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`].
pub async fn look(city: &City, actor: &Actor, id: ReportId) -> Result<Option<Identity>> {
    let report = rows::by_id(&mut city.store().read().await?, id)
        .await?
        .ok_or(Error::NotFound)?;
    if !allows(actor, Action::SeeIdentity, subject(&report)) {
        return Err(Error::Denied(Action::SeeIdentity));
    }
    let Some(person) = report.person else {
        return Ok(None);
    };
    let (now, by) = (city.now(), actor_text(actor));
    city.store()
        .write(move |db| {
            Box::pin(async move {
                chains::append(
                    db,
                    chains::IDENTITY,
                    now,
                    "seen",
                    &by,
                    &format!("report:{id}"),
                )
                .await?;
                City::journal(db, now, &Event::IdentitySeen { report: id }).await
            })
        })
        .await?;
    let sealed = rows::sealed(&mut city.store().read().await?, id, Sealed::Identity).await?;
    let (Some(sealed), Some(key)) = (sealed, city.store().keys().open(&person).await?) else {
        return Ok(None);
    };
    let text = key.open(&Sealed::Identity.place(&person), &sealed)?;
    let identity =
        serde_json::from_slice(&text).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    Ok(Some(identity))
}

/// Erases the person behind a report, at the reporter's own wish: the key first, then what was sealed with it.
///
/// What the city did stays; who asked, and the text of a secret report, are gone from older backups too.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`].
pub async fn erase(city: &City, actor: &Actor, id: ReportId) -> Result<()> {
    let report = rows::by_id(&mut city.store().read().await?, id)
        .await?
        .ok_or(Error::NotFound)?;
    if !allows(actor, Action::AnswerReport, subject(&report)) {
        return Err(Error::Denied(Action::AnswerReport));
    }
    let Some(person) = report.person else {
        return Ok(());
    };
    city.store().keys().erase(&person).await?;
    let (now, by) = (city.now(), actor_text(actor));
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let Some(mut report) = rows::by_id_for_update(db, id).await? else {
                    return Ok(());
                };
                report.person = None;
                rows::update(db, &report).await?;
                rows::remove_sealed(db, id).await?;
                chains::append(
                    db,
                    chains::IDENTITY,
                    now,
                    "erased",
                    &by,
                    &format!("report:{id}"),
                )
                .await?;
                City::journal(db, now, &Event::PersonErased { report: id }).await
            })
        })
        .await?;
    Ok(())
}
