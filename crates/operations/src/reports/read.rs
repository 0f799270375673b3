//! One report for those who may see it, with the texts that are sealed.

use std::collections::BTreeMap;

use pendopo_domain::policy::{Action, Actor, allows};
use pendopo_domain::reports::{Report, ReportId, Visibility};
use pendopo_store::reports::{self as rows, Sealed};
use serde::{Deserialize, Serialize};

use crate::identity::subject;
use crate::{City, Error, Result};

/// The text of a secret report, sealed as a whole.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SecretText {
    pub description: Option<String>,
    pub place: Option<String>,
    #[serde(default)]
    pub attributes: Vec<(String, Vec<String>)>,
}

/// A report for someone who may see it: its reporter, the desk, its team; or anyone, when it is public.
///
/// # Errors
/// [`Error::NotFound`] also when the actor may not know that it exists.
pub async fn see(city: &City, actor: &Actor, action: Action, id: ReportId) -> Result<Report> {
    let report = rows::by_id(&mut city.store().read().await?, id)
        .await?
        .ok_or(Error::NotFound)?;
    if allows(actor, action, subject(&report)) {
        Ok(report)
    } else {
        Err(Error::NotFound)
    }
}

/// The text of a secret report for someone who may see it ([`see`] has been asked); what is plain for others.
///
/// # Errors
/// When the database does not answer.
pub async fn text(city: &City, report: &Report) -> Result<SecretText> {
    if report.visibility == Visibility::Public {
        let mut db = city.store().read().await?;
        let mut attributes: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (code, value) in rows::attributes(&mut db, report.id).await? {
            attributes.entry(code).or_default().push(value);
        }
        return Ok(SecretText {
            description: report.description.clone(),
            place: report.place.clone(),
            attributes: attributes.into_iter().collect(),
        });
    }
    let opened = open_sealed(city, report, Sealed::Secret).await?;
    let text = opened.and_then(|text| serde_json::from_slice(&text).ok());
    // Erased: what is left is that there was a report.
    Ok(text.unwrap_or_default())
}

/// A sealed text of a report in the clear; `None` when there is none or its person was erased.
pub(crate) async fn open_sealed(
    city: &City,
    report: &Report,
    kind: Sealed,
) -> Result<Option<Vec<u8>>> {
    let Some(person) = &report.person else {
        return Ok(None);
    };
    let sealed = rows::sealed(&mut city.store().read().await?, report.id, kind).await?;
    let (Some(sealed), Some(key)) = (sealed, city.store().keys().open(person).await?) else {
        return Ok(None);
    };
    Ok(Some(key.open(&kind.place(person), &sealed)?))
}

/// What the city says about the present state, for someone who may see the report.
///
/// # Errors
/// When the database does not answer.
pub async fn answer_words(city: &City, report: &Report) -> Result<Option<String>> {
    if report.visibility == Visibility::Public {
        return Ok(report.status_notes.clone());
    }
    let opened = open_sealed(city, report, Sealed::Answer).await?;
    Ok(opened.and_then(|text| String::from_utf8(text).ok()))
}
