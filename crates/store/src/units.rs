//! Units, and what each of them is sent to.

use pendopo_domain::incidents::{Assignment, AssignmentId};
use pendopo_domain::organisation::TeamId;
use pendopo_domain::units::{Unit, UnitId, UnitKind};

use crate::backend::{Db, on_backend};
use crate::{Result, StoreError, columns, incidents};

#[derive(sqlx::FromRow)]
struct UnitRow {
    id: i64,
    code: String,
    names: String,
    kind: String,
    team_id: i64,
    out_of_service: bool,
}

impl TryFrom<UnitRow> for Unit {
    type Error = StoreError;

    fn try_from(row: UnitRow) -> Result<Self> {
        Ok(Self {
            id: UnitId(row.id),
            code: row.code,
            names: columns::json(&row.names)?,
            kind: columns::word(&row.kind, UnitKind::from_word)?,
            team: TeamId(row.team_id),
            out_of_service: row.out_of_service,
        })
    }
}

/// Adds or replaces the unit with the code of `unit`. The id in it is not used.
pub async fn put(db: &mut Db, unit: &Unit) -> Result<UnitId> {
    let names = columns::to_json(&unit.names)?;
    let id: i64 = on_backend!(db, |c| {
        sqlx::query_scalar(
            "INSERT INTO units (code, names, kind, team_id, out_of_service) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (code) DO UPDATE SET names = $2, kind = $3, team_id = $4, out_of_service = $5 RETURNING id",
        )
        .bind(&unit.code)
        .bind(names)
        .bind(unit.kind.word())
        .bind(unit.team.0)
        .bind(unit.out_of_service)
        .fetch_one(c)
        .await?
    });
    Ok(UnitId(id))
}

/// All units by code.
pub async fn all(db: &mut Db) -> Result<Vec<Unit>> {
    let rows: Vec<UnitRow> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT id, code, names, kind, team_id, out_of_service FROM units ORDER BY code",
        )
        .fetch_all(c)
        .await?
    });
    rows.into_iter().map(Unit::try_from).collect()
}

/// One unit, locked until the end of the transaction: nobody sends it elsewhere meanwhile.
pub async fn by_id_for_update(db: &mut Db, id: UnitId) -> Result<Option<Unit>> {
    let statement = format!(
        "SELECT id, code, names, kind, team_id, out_of_service FROM units WHERE id = $1{}",
        db.for_update()
    );
    let row: Option<UnitRow> = on_backend!(db, |c| {
        sqlx::query_as(sqlx::AssertSqlSafe(statement))
            .bind(id.0)
            .fetch_optional(c)
            .await?
    });
    row.map(Unit::try_from).transpose()
}

/// What a unit is sent to now.
pub async fn assignment_of(db: &mut Db, id: UnitId) -> Result<Option<Assignment>> {
    let found: Option<i64> = on_backend!(db, |c| {
        sqlx::query_scalar(
            "SELECT id FROM assignments
             WHERE unit_id = $1 AND unit_id IS NOT NULL AND state NOT IN ('cleared', 'withdrawn')",
        )
        .bind(id.0)
        .fetch_optional(c)
        .await?
    });
    match found {
        Some(id) => incidents::assignment(db, AssignmentId(id), false).await,
        None => Ok(None),
    }
}
