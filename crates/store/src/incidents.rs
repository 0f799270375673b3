//! Incidents, the crews sent to them, and the words on their timelines.

use pendopo_domain::geo::AreaId;
use pendopo_domain::incidents::{
    Assignment, AssignmentId, AssignmentState, Incident, IncidentId, Merged, Priority, Severity,
    State, Target,
};
use pendopo_domain::organisation::TeamId;
use pendopo_domain::reports::ReportId;
use pendopo_domain::time::Timestamp;
use pendopo_domain::units::UnitId;
use sqlx::{AssertSqlSafe, QueryBuilder};

use crate::backend::{Db, on_backend};
use crate::{Result, StoreError, columns, micros};

const COLUMNS: &str = "id, state, priority, severity, service_code, area_id, lon_e7, lat_e7, opened_at, updated_at, \
                       resolved_at, merged_into, state_before_merger";

#[derive(sqlx::FromRow)]
struct IncidentRow {
    id: i64,
    state: String,
    priority: i64,
    severity: String,
    service_code: String,
    area_id: Option<i64>,
    lon_e7: Option<i64>,
    lat_e7: Option<i64>,
    opened_at: i64,
    updated_at: i64,
    resolved_at: Option<i64>,
    merged_into: Option<i64>,
    state_before_merger: Option<String>,
}

impl TryFrom<IncidentRow> for Incident {
    type Error = StoreError;

    fn try_from(row: IncidentRow) -> Result<Self> {
        let before = row.state_before_merger.as_deref();
        let before = before
            .map(|text| columns::word(text, State::from_word))
            .transpose()?;
        let merged = row.merged_into.zip(before).map(|(into, before)| Merged {
            into: IncidentId(into),
            before,
        });
        Ok(Self {
            merged,
            severity: columns::word(&row.severity, Severity::from_word)?,
            id: IncidentId(row.id),
            state: columns::word(&row.state, State::from_word)?,
            priority: Priority::new(row.priority)
                .ok_or_else(|| StoreError::Corrupt(format!("priority {}", row.priority)))?,
            service_code: row.service_code,
            area: row.area_id.map(AreaId),
            position: columns::position(row.lon_e7, row.lat_e7),
            opened_at: Timestamp::from_micros(row.opened_at),
            updated_at: Timestamp::from_micros(row.updated_at),
            resolved_at: columns::time(row.resolved_at),
        })
    }
}

/// Stores a new incident and returns its id; the id in `incident` is not used.
pub async fn insert(db: &mut Db, incident: &Incident) -> Result<IncidentId> {
    let id: i64 = on_backend!(db, |c| {
        sqlx::query_scalar(
            "INSERT INTO incidents
                 (state, priority, service_code, area_id, lon_e7, lat_e7, opened_at, updated_at, resolved_at, severity,
                  merged_into, state_before_merger)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id",
        )
        .bind(incident.state.word())
        .bind(i64::from(incident.priority.level()))
        .bind(&incident.service_code)
        .bind(incident.area.map(|area| area.0))
        .bind(columns::lon_e7(incident.position))
        .bind(columns::lat_e7(incident.position))
        .bind(incident.opened_at.micros())
        .bind(incident.updated_at.micros())
        .bind(micros(incident.resolved_at))
        .bind(incident.severity.word())
        .bind(incident.merged.map(|merged| merged.into.0))
        .bind(incident.merged.map(|merged| merged.before.word()))
        .fetch_one(c)
        .await?
    });
    Ok(IncidentId(id))
}

/// Stores everything about an incident that can change.
pub async fn update(db: &mut Db, incident: &Incident) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "UPDATE incidents SET state = $2, priority = $3, updated_at = $4, resolved_at = $5, area_id = $6,
                 lon_e7 = $7, lat_e7 = $8, severity = $9, merged_into = $10, state_before_merger = $11 WHERE id = $1",
        )
        .bind(incident.id.0)
        .bind(incident.state.word())
        .bind(i64::from(incident.priority.level()))
        .bind(incident.updated_at.micros())
        .bind(micros(incident.resolved_at))
        .bind(incident.area.map(|area| area.0))
        .bind(columns::lon_e7(incident.position))
        .bind(columns::lat_e7(incident.position))
        .bind(incident.severity.word())
        .bind(incident.merged.map(|merged| merged.into.0))
        .bind(incident.merged.map(|merged| merged.before.word()))
        .execute(c)
        .await?;
    });
    Ok(())
}

/// One incident.
pub async fn by_id(db: &mut Db, id: IncidentId) -> Result<Option<Incident>> {
    select_one(db, id, "").await
}

/// One incident, locked until the end of the transaction.
pub async fn by_id_for_update(db: &mut Db, id: IncidentId) -> Result<Option<Incident>> {
    let lock = db.for_update();
    select_one(db, id, lock).await
}

async fn select_one(db: &mut Db, id: IncidentId, lock: &str) -> Result<Option<Incident>> {
    let statement = format!("SELECT {COLUMNS} FROM incidents WHERE id = $1{lock}");
    let row: Option<IncidentRow> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(id.0)
            .fetch_optional(c)
            .await?
    });
    row.map(Incident::try_from).transpose()
}

/// Incidents that need someone, gravest first, then latest; with `only_open` false the latest of the others follow.
pub async fn list(db: &mut Db, only_open: bool, limit: i64) -> Result<Vec<Incident>> {
    let mut found = waiting(db, limit).await?;
    if !only_open {
        let left = limit - i64::try_from(found.len()).unwrap_or(limit);
        found.extend(over(db, None, left).await?);
    }
    Ok(found)
}

async fn waiting(db: &mut Db, limit: i64) -> Result<Vec<Incident>> {
    let statement = format!(
        "SELECT {COLUMNS} FROM incidents WHERE state IN ({}) ORDER BY priority, opened_at DESC, id DESC LIMIT $1",
        words(|state| state.needs_action())
    );
    let rows: Vec<IncidentRow> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(limit)
            .fetch_all(c)
            .await?
    });
    rows.into_iter().map(Incident::try_from).collect()
}

/// Incidents that are over, latest first, from the one before `before` on.
pub async fn over(db: &mut Db, before: Option<&Incident>, limit: i64) -> Result<Vec<Incident>> {
    let statement = format!(
        "SELECT {COLUMNS} FROM incidents
         WHERE state NOT IN ({}) AND opened_at <= $1 AND (opened_at < $1 OR id < $2)
         ORDER BY opened_at DESC, id DESC LIMIT $3",
        words(|state| state.needs_action())
    );
    let (opened_at, id) = before.map_or((i64::MAX, i64::MAX), |last| {
        (last.opened_at.micros(), last.id.0)
    });
    let rows: Vec<IncidentRow> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(opened_at)
            .bind(id)
            .bind(limit)
            .fetch_all(c)
            .await?
    });
    rows.into_iter().map(Incident::try_from).collect()
}

/// The words of some states as a list of SQL.
fn words(which: impl Fn(State) -> bool) -> String {
    let quoted = |state: &State| format!("'{}'", state.word());
    let chosen = State::ALL.iter().filter(|state| which(**state));
    chosen.map(quoted).collect::<Vec<_>>().join(", ")
}

/// The incidents that were merged into `id` and not split off again, oldest first.
pub async fn merged_into(db: &mut Db, id: IncidentId) -> Result<Vec<Incident>> {
    let statement =
        format!("SELECT {COLUMNS} FROM incidents WHERE merged_into = $1 ORDER BY opened_at, id");
    let rows: Vec<IncidentRow> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(id.0)
            .fetch_all(c)
            .await?
    });
    rows.into_iter().map(Incident::try_from).collect()
}

/// How many reports each of these incidents has; one without reports is left out.
pub async fn report_counts(
    db: &mut Db,
    incidents: &[IncidentId],
) -> Result<Vec<(IncidentId, i64)>> {
    if incidents.is_empty() {
        return Ok(vec![]);
    }
    let rows: Vec<(i64, i64)> = on_backend!(db, |c| {
        let mut query =
            QueryBuilder::new("SELECT incident_id, COUNT(*) FROM reports WHERE incident_id IN (");
        let mut list = query.separated(", ");
        for incident in incidents {
            list.push_bind(incident.0);
        }
        query.push(") GROUP BY incident_id");
        query.build_query_as().fetch_all(c).await?
    });
    Ok(rows
        .into_iter()
        .map(|(id, n)| (IncidentId(id), n))
        .collect())
}

/// Puts words beside an entry of a timeline.
pub async fn add_note(db: &mut Db, stream: &str, position: i64, words: &str) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query("INSERT INTO incident_notes (stream, position, words) VALUES ($1, $2, $3)")
            .bind(stream)
            .bind(position)
            .bind(words)
            .execute(c)
            .await?;
    });
    Ok(())
}

/// The words of one timeline, as (position, words).
pub async fn notes(db: &mut Db, stream: &str) -> Result<Vec<(i64, String)>> {
    Ok(on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT position, words FROM incident_notes WHERE stream = $1 ORDER BY position",
        )
        .bind(stream)
        .fetch_all(c)
        .await?
    }))
}

#[derive(sqlx::FromRow)]
struct AssignmentRow {
    id: i64,
    team_id: i64,
    incident_id: Option<i64>,
    report_id: Option<i64>,
    state: String,
    unit_id: Option<i64>,
    dispatched_at: i64,
    acknowledged_at: Option<i64>,
    en_route_at: Option<i64>,
    on_scene_at: Option<i64>,
    transporting_at: Option<i64>,
    at_facility_at: Option<i64>,
    cleared_at: Option<i64>,
}

impl TryFrom<AssignmentRow> for Assignment {
    type Error = StoreError;

    fn try_from(row: AssignmentRow) -> Result<Self> {
        let target = match (row.incident_id, row.report_id) {
            (Some(incident), None) => Target::Incident(IncidentId(incident)),
            (None, Some(report)) => Target::Report(ReportId(report)),
            _ => {
                return Err(StoreError::Corrupt(format!(
                    "assignment {} has no one target",
                    row.id
                )));
            }
        };
        Ok(Self {
            id: AssignmentId(row.id),
            team: TeamId(row.team_id),
            unit: row.unit_id.map(UnitId),
            target,
            state: columns::word(&row.state, AssignmentState::from_word)?,
            dispatched_at: Timestamp::from_micros(row.dispatched_at),
            acknowledged_at: columns::time(row.acknowledged_at),
            en_route_at: columns::time(row.en_route_at),
            on_scene_at: columns::time(row.on_scene_at),
            transporting_at: columns::time(row.transporting_at),
            at_facility_at: columns::time(row.at_facility_at),
            cleared_at: columns::time(row.cleared_at),
        })
    }
}

/// Sends a team, or one unit of it; returns the new assignment. That the unit is free has been made sure of: the database
/// refuses a second place for it.
pub async fn dispatch(
    db: &mut Db,
    team: TeamId,
    unit: Option<UnitId>,
    target: Target,
    now: Timestamp,
) -> Result<AssignmentId> {
    let (incident, report) = target_ids(target);
    let id: i64 = on_backend!(db, |c| {
        sqlx::query_scalar(
            "INSERT INTO assignments (team_id, incident_id, report_id, state, dispatched_at, unit_id)
             VALUES ($1, $2, $3, 'dispatched', $4, $5) RETURNING id",
        )
        .bind(team.0)
        .bind(incident)
        .bind(report)
        .bind(now.micros())
        .bind(unit.map(|unit| unit.0))
        .fetch_one(c)
        .await?
    });
    Ok(AssignmentId(id))
}

fn target_ids(target: Target) -> (Option<i64>, Option<i64>) {
    match target {
        Target::Incident(id) => (Some(id.0), None),
        Target::Report(id) => (None, Some(id.0)),
    }
}

/// Stores state, times and target of an assignment.
pub async fn update_assignment(db: &mut Db, assignment: &Assignment) -> Result<()> {
    let (incident, report) = target_ids(assignment.target);
    on_backend!(db, |c| {
        sqlx::query(
            "UPDATE assignments SET state = $2, acknowledged_at = $3, en_route_at = $4, on_scene_at = $5,
                 transporting_at = $6, at_facility_at = $7, cleared_at = $8, incident_id = $9, report_id = $10
             WHERE id = $1",
        )
        .bind(assignment.id.0)
        .bind(assignment.state.word())
        .bind(micros(assignment.acknowledged_at))
        .bind(micros(assignment.en_route_at))
        .bind(micros(assignment.on_scene_at))
        .bind(micros(assignment.transporting_at))
        .bind(micros(assignment.at_facility_at))
        .bind(micros(assignment.cleared_at))
        .bind(incident)
        .bind(report)
        .execute(c)
        .await?;
    });
    Ok(())
}

/// One assignment, locked until the end of a writing transaction.
pub async fn assignment(db: &mut Db, id: AssignmentId, lock: bool) -> Result<Option<Assignment>> {
    let lock = if lock { db.for_update() } else { "" };
    let statement = format!("SELECT {ASSIGNMENT} FROM assignments WHERE id = $1{lock}");
    let row: Option<AssignmentRow> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(id.0)
            .fetch_optional(c)
            .await?
    });
    row.map(Assignment::try_from).transpose()
}

const ASSIGNMENT: &str = "id, team_id, unit_id, incident_id, report_id, state, dispatched_at, acknowledged_at, \
                          en_route_at, on_scene_at, transporting_at, at_facility_at, cleared_at";

/// All crews ever sent to `target`, oldest first.
pub async fn assignments_of(db: &mut Db, target: Target) -> Result<Vec<Assignment>> {
    let (column, id) = match target {
        Target::Incident(id) => ("incident_id", id.0),
        Target::Report(id) => ("report_id", id.0),
    };
    let statement = format!("SELECT {ASSIGNMENT} FROM assignments WHERE {column} = $1 ORDER BY id");
    let rows: Vec<AssignmentRow> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(id)
            .fetch_all(c)
            .await?
    });
    rows.into_iter().map(Assignment::try_from).collect()
}

/// What a team (or, `None`, every team) has to do now, oldest first.
pub async fn active_assignments(
    db: &mut Db,
    team: Option<TeamId>,
    limit: i64,
) -> Result<Vec<Assignment>> {
    let statement = format!(
        "SELECT {ASSIGNMENT} FROM assignments
         WHERE state NOT IN ('cleared', 'withdrawn') AND (team_id = $1 OR $1 = 0)
         ORDER BY dispatched_at, id LIMIT $2"
    );
    let rows: Vec<AssignmentRow> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(team.map_or(0, |team| team.0))
            .bind(limit)
            .fetch_all(c)
            .await?
    });
    rows.into_iter().map(Assignment::try_from).collect()
}

/// How many tasks a team (or, `None`, every team) has cleared since `since`.
pub async fn cleared_since(db: &mut Db, team: Option<TeamId>, since: Timestamp) -> Result<i64> {
    Ok(on_backend!(db, |c| {
        sqlx::query_scalar(
            "SELECT COUNT(*) FROM assignments
             WHERE state = 'cleared' AND (team_id = $1 OR $1 = 0) AND cleared_at >= $2",
        )
        .bind(team.map_or(0, |team| team.0))
        .bind(since.micros())
        .fetch_one(c)
        .await?
    }))
}
