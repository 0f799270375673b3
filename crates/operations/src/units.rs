//! Units (satuan): what can be sent, what each is doing, and which are out of service.

use pendopo_domain::incidents::Assignment;
use pendopo_domain::organisation::TeamId;
use pendopo_domain::policy::{Action, Actor, Subject, allows};
use pendopo_domain::services::Texts;
use pendopo_domain::units::{Unit, UnitId, UnitKind, UnitStatus};
use pendopo_store::{Db, incidents as incident_rows, units as rows};
use serde::Deserialize;

use crate::configuration::{changed, must};
use crate::{City, Error, Invalid, Problem, Result, actor_text, limits};

/// A unit in a file.
#[derive(Clone, Debug, Deserialize)]
pub struct UnitFile {
    pub code: String,
    pub names: Texts,
    pub kind: UnitKind,
    pub team_code: String,
}

/// A unit with what it is doing.
#[derive(Clone, Debug)]
pub struct Seen {
    pub unit: Unit,
    pub status: UnitStatus,
    /// What it is sent to now.
    pub assignment: Option<Assignment>,
}

/// All units by code, with what each is doing.
///
/// # Errors
/// [`Error::Denied`] for who neither sends units nor keeps them.
pub async fn list(city: &City, actor: &Actor) -> Result<Vec<Seen>> {
    const MOST: i64 = 2_000;
    let may = |action| allows(actor, action, Subject::City);
    if !may(Action::OpenIncident) && !may(Action::ManageUnits) {
        return Err(Error::Denied(Action::ManageUnits));
    }
    let mut db = city.store().read().await?;
    let units = rows::all(&mut db).await?;
    let active = incident_rows::active_assignments(&mut db, None, MOST).await?;
    let seen = |unit: Unit| {
        let assignment = active
            .iter()
            .find(|held| held.unit == Some(unit.id))
            .cloned();
        Seen {
            status: UnitStatus::of(
                unit.out_of_service,
                assignment.as_ref().map(|held| held.state),
            ),
            assignment,
            unit,
        }
    };
    Ok(units.into_iter().map(seen).collect())
}

/// Makes sure that a unit can be sent; it is locked until the end of the transaction.
pub(crate) async fn free(db: &mut Db, id: UnitId) -> Result<()> {
    let found = rows::by_id_for_update(db, id).await?;
    let unit = found.ok_or_else(|| Invalid::one("unit", Problem::Unknown))?;
    if rows::assignment_of(db, id).await?.is_some() {
        return Err(Invalid::one("unit", Problem::Busy));
    }
    if unit.out_of_service {
        return Err(Invalid::one("unit", Problem::OutOfService));
    }
    Ok(())
}

/// A new unit, or the unit with this code with another name, kind or team.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] on `code`, `name` or `team`, also as [`Problem::Busy`] for another team while
/// the unit is sent somewhere.
pub async fn put(city: &City, actor: &Actor, unit: UnitFile) -> Result<()> {
    must(actor, Action::ManageUnits)?;
    let configuration = city.configuration();
    let team = configuration
        .teams
        .iter()
        .find(|team| team.code == unit.team_code);
    let team = team
        .ok_or_else(|| Invalid::one("team", Problem::Unknown))?
        .id;
    check(&unit)?;
    let (now, by) = (city.now(), actor_text(actor));
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let all = rows::all(db).await?;
                let known = all.into_iter().find(|known| known.code == unit.code);
                if let Some(known) = &known
                    && known.team != team
                {
                    rows::by_id_for_update(db, known.id).await?;
                    if rows::assignment_of(db, known.id).await?.is_some() {
                        return Err(Invalid::one("team", Problem::Busy));
                    }
                }
                let out_of_service = known.is_some_and(|known| known.out_of_service);
                store(db, &unit, team, out_of_service).await?;
                changed(db, &by, &format!("unit:{}", unit.code), now).await
            })
        })
        .await?;
    city.reload().await
}

fn check(unit: &UnitFile) -> Result<()> {
    let slug = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if unit.code.is_empty() || !unit.code.bytes().all(slug) {
        return Err(Invalid::one("code", Problem::Unknown));
    }
    if unit.names.id.trim().is_empty() {
        return Err(Invalid::one("name", Problem::Missing));
    }
    let most = limits::UNIT_NAME_CHARS;
    let longest = [&unit.code, &unit.names.id, &unit.names.en]
        .into_iter()
        .map(|text| text.chars().count())
        .max();
    if longest > Some(most) {
        return Err(Invalid::one("name", Problem::TooLong { most }));
    }
    Ok(())
}

/// Stores a unit of a file; part of the transaction that makes or changes the city.
pub(crate) async fn store(
    db: &mut Db,
    unit: &UnitFile,
    team: TeamId,
    out_of_service: bool,
) -> Result<()> {
    let unit = Unit {
        id: UnitId(0),
        code: unit.code.clone(),
        names: unit.names.clone(),
        kind: unit.kind,
        team,
        out_of_service,
    };
    rows::put(db, &unit).await?;
    Ok(())
}

/// Takes a unit out of service, or puts it back. One that is under way finishes first.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn set_out_of_service(
    city: &City,
    actor: &Actor,
    id: UnitId,
    out_of_service: bool,
) -> Result<()> {
    must(actor, Action::ManageUnits)?;
    let (now, by) = (city.now(), actor_text(actor));
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let found = rows::by_id_for_update(db, id).await?;
                let unit = Unit {
                    out_of_service,
                    ..found.ok_or(Error::NotFound)?
                };
                rows::put(db, &unit).await?;
                changed(db, &by, &format!("unit:{}", unit.code), now).await
            })
        })
        .await?;
    city.reload().await
}
