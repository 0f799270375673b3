//! Alarms, open and ended.

use pendopo_domain::alarms::{Alarm, AlarmId, State};
use pendopo_domain::geo::AreaId;
use pendopo_domain::incidents::{IncidentId, Priority};
use pendopo_domain::time::Timestamp;
use sqlx::AssertSqlSafe;

use crate::backend::{Db, on_backend};
use crate::{Result, StoreError, columns, micros};

const COLUMNS: &str = "id, rule, cause, state, holds, priority, entity, area_id, lon_e7, lat_e7, value,
    raised_at, noticed_at, acknowledged_at, returned_at, ended_at, shelved_until, shelved_reason, incident_id, times";

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    rule: String,
    cause: String,
    state: String,
    holds: i64,
    priority: i64,
    entity: Option<String>,
    area_id: Option<i64>,
    lon_e7: Option<i64>,
    lat_e7: Option<i64>,
    /// As text: the shortest that reads back the same.
    value: Option<String>,
    raised_at: i64,
    noticed_at: i64,
    acknowledged_at: Option<i64>,
    returned_at: Option<i64>,
    ended_at: Option<i64>,
    shelved_until: Option<i64>,
    shelved_reason: Option<String>,
    incident_id: Option<i64>,
    times: i64,
}

impl TryFrom<Row> for Alarm {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: AlarmId(row.id),
            rule: row.rule,
            cause: row.cause,
            state: columns::word(&row.state, State::from_word)?,
            is_active: row.holds != 0,
            priority: Priority::new(row.priority)
                .ok_or_else(|| StoreError::Corrupt(format!("priority {}", row.priority)))?,
            entity: row.entity.map(Into::into),
            area: row.area_id.map(AreaId),
            position: columns::position(row.lon_e7, row.lat_e7),
            value: row.value.and_then(|text| text.parse().ok()),
            raised_at: Timestamp::from_micros(row.raised_at),
            noticed_at: Timestamp::from_micros(row.noticed_at),
            acknowledged_at: columns::time(row.acknowledged_at),
            returned_at: columns::time(row.returned_at),
            ended_at: columns::time(row.ended_at),
            shelved_until: columns::time(row.shelved_until),
            shelved_reason: row.shelved_reason,
            incident: row.incident_id.map(IncidentId),
            times: u32::try_from(row.times).unwrap_or(u32::MAX),
        })
    }
}

/// Stores a new alarm and returns its id; the id in `alarm` is not used.
///
/// # Errors
/// When its cause has an open alarm already: nothing is stored.
pub async fn insert(db: &mut Db, alarm: &Alarm) -> Result<AlarmId> {
    let id: i64 = on_backend!(db, |c| {
        sqlx::query_scalar(
            "INSERT INTO alarms (rule, cause, state, holds, priority, entity, area_id, lon_e7, lat_e7, value,
                 raised_at, noticed_at, incident_id, times)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id",
        )
        .bind(&alarm.rule)
        .bind(&alarm.cause)
        .bind(alarm.state.word())
        .bind(i64::from(alarm.is_active))
        .bind(i64::from(alarm.priority.level()))
        .bind(alarm.entity.as_deref())
        .bind(alarm.area.map(|area| area.0))
        .bind(columns::lon_e7(alarm.position))
        .bind(columns::lat_e7(alarm.position))
        .bind(alarm.value.map(|value| value.to_string()))
        .bind(alarm.raised_at.micros())
        .bind(alarm.noticed_at.micros())
        .bind(alarm.incident.map(|incident| incident.0))
        .bind(i64::from(alarm.times))
        .fetch_one(c)
        .await?
    });
    Ok(AlarmId(id))
}

/// Stores everything about an alarm that can change.
pub async fn update(db: &mut Db, alarm: &Alarm) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "UPDATE alarms SET rule = $2, state = $3, holds = $4, priority = $5, value = $6, raised_at = $7,
                 noticed_at = $8, acknowledged_at = $9, returned_at = $10, ended_at = $11, shelved_until = $12,
                 shelved_reason = $13, incident_id = $14, times = $15 WHERE id = $1",
        )
        .bind(alarm.id.0)
        .bind(&alarm.rule)
        .bind(alarm.state.word())
        .bind(i64::from(alarm.is_active))
        .bind(i64::from(alarm.priority.level()))
        .bind(alarm.value.map(|value| value.to_string()))
        .bind(alarm.raised_at.micros())
        .bind(alarm.noticed_at.micros())
        .bind(micros(alarm.acknowledged_at))
        .bind(micros(alarm.returned_at))
        .bind(micros(alarm.ended_at))
        .bind(micros(alarm.shelved_until))
        .bind(alarm.shelved_reason.as_deref())
        .bind(alarm.incident.map(|incident| incident.0))
        .bind(i64::from(alarm.times))
        .execute(c)
        .await?;
    });
    Ok(())
}

/// One alarm.
pub async fn by_id(db: &mut Db, id: AlarmId) -> Result<Option<Alarm>> {
    select_one(db, id, "").await
}

/// One alarm, locked until the end of the transaction.
pub async fn by_id_for_update(db: &mut Db, id: AlarmId) -> Result<Option<Alarm>> {
    let lock = db.for_update();
    select_one(db, id, lock).await
}

async fn select_one(db: &mut Db, id: AlarmId, lock: &str) -> Result<Option<Alarm>> {
    let statement = format!("SELECT {COLUMNS} FROM alarms WHERE id = $1{lock}");
    let row: Option<Row> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(id.0)
            .fetch_optional(c)
            .await?
    });
    row.map(Alarm::try_from).transpose()
}

/// The open alarm of a cause, locked until the end of the transaction.
pub async fn open_of(db: &mut Db, cause: &str) -> Result<Option<Alarm>> {
    let lock = db.for_update();
    let statement =
        format!("SELECT {COLUMNS} FROM alarms WHERE cause = $1 AND ended_at IS NULL{lock}");
    let row: Option<Row> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(cause)
            .fetch_optional(c)
            .await?
    });
    row.map(Alarm::try_from).transpose()
}

/// The open alarms that the rule `code` raised and whose condition holds, oldest first.
pub async fn active_of(db: &mut Db, code: &str) -> Result<Vec<Alarm>> {
    let statement = format!(
        "SELECT {COLUMNS} FROM alarms WHERE ended_at IS NULL AND holds = 1 AND rule = $1 ORDER BY id"
    );
    let rows: Vec<Row> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(code)
            .fetch_all(c)
            .await?
    });
    rows.into_iter().map(Alarm::try_from).collect()
}

/// The open alarms, the gravest first and of those the newest, at most `limit`.
pub async fn open(db: &mut Db, limit: i64) -> Result<Vec<Alarm>> {
    let statement = format!(
        "SELECT {COLUMNS} FROM alarms WHERE ended_at IS NULL
         ORDER BY priority, noticed_at DESC, id DESC LIMIT $1"
    );
    let rows: Vec<Row> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(limit)
            .fetch_all(c)
            .await?
    });
    rows.into_iter().map(Alarm::try_from).collect()
}

/// How many open alarms there are of each state and priority.
pub async fn counts(db: &mut Db) -> Result<Vec<(State, u8, i64)>> {
    let rows: Vec<(String, i64, i64)> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT state, priority, COUNT(*) FROM alarms WHERE ended_at IS NULL
             GROUP BY state, priority ORDER BY priority, state",
        )
        .fetch_all(c)
        .await?
    });
    let count = |(state, priority, n): (String, i64, i64)| {
        let state = columns::word(&state, State::from_word)?;
        Ok((state, u8::try_from(priority).unwrap_or(4), n))
    };
    rows.into_iter().map(count).collect()
}

/// Alarms noticed from `from` to before `to`, oldest first, at most `limit`.
pub async fn noticed(
    db: &mut Db,
    from: Timestamp,
    to: Timestamp,
    limit: i64,
) -> Result<Vec<Alarm>> {
    let statement = format!(
        "SELECT {COLUMNS} FROM alarms WHERE noticed_at >= $1 AND noticed_at < $2
         ORDER BY noticed_at, id LIMIT $3"
    );
    let rows: Vec<Row> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(from.micros())
            .bind(to.micros())
            .bind(limit)
            .fetch_all(c)
            .await?
    });
    rows.into_iter().map(Alarm::try_from).collect()
}

/// The alarms of an incident, oldest first.
pub async fn of_incident(db: &mut Db, incident: IncidentId) -> Result<Vec<Alarm>> {
    let statement =
        format!("SELECT {COLUMNS} FROM alarms WHERE incident_id = $1 ORDER BY noticed_at, id");
    let rows: Vec<Row> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(incident.0)
            .fetch_all(c)
            .await?
    });
    rows.into_iter().map(Alarm::try_from).collect()
}

/// The incidents that alarms stand in and that may still go on, with the codes of their rules.
pub async fn rules_of_open_incidents(db: &mut Db) -> Result<Vec<(IncidentId, String)>> {
    let rows: Vec<(i64, String)> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT DISTINCT incidents.id, alarms.rule FROM alarms JOIN incidents ON incidents.id = alarms.incident_id
             WHERE incidents.resolved_at IS NULL ORDER BY incidents.id, alarms.rule",
        )
        .fetch_all(c)
        .await?
    });
    let row = |(incident, rule): (i64, String)| (IncidentId(incident), rule);
    Ok(rows.into_iter().map(row).collect())
}

/// Ids of shelved alarms whose time is over.
pub async fn unshelving(db: &mut Db, now: Timestamp) -> Result<Vec<AlarmId>> {
    let rows: Vec<i64> = on_backend!(db, |c| {
        sqlx::query_scalar(
            "SELECT id FROM alarms WHERE ended_at IS NULL AND shelved_until <= $1 ORDER BY id",
        )
        .bind(now.micros())
        .fetch_all(c)
        .await?
    });
    Ok(rows.into_iter().map(AlarmId).collect())
}

/// Gives the alarms of one incident to another.
pub async fn move_incident(db: &mut Db, from: IncidentId, to: IncidentId) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query("UPDATE alarms SET incident_id = $2 WHERE incident_id = $1")
            .bind(from.0)
            .bind(to.0)
            .execute(c)
            .await?;
    });
    Ok(())
}
