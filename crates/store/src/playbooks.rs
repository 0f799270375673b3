//! The steps that incidents were given by playbooks.

use pendopo_domain::incidents::IncidentId;
use pendopo_domain::playbooks::{Step, StepId, StepState};
use pendopo_domain::time::Timestamp;
use sqlx::{AssertSqlSafe, QueryBuilder};

use crate::backend::{Db, on_backend};
use crate::{Result, StoreError, columns, micros};

const COLUMNS: &str =
    "id, incident_id, playbook, code, ord, texts, role, optional, due_at, state, settled_at";

#[derive(sqlx::FromRow)]
struct StepRow {
    id: i64,
    incident_id: i64,
    playbook: String,
    code: String,
    ord: i64,
    texts: String,
    role: String,
    optional: bool,
    due_at: i64,
    state: String,
    settled_at: Option<i64>,
}

impl TryFrom<StepRow> for Step {
    type Error = StoreError;

    fn try_from(row: StepRow) -> Result<Self> {
        Ok(Self {
            id: StepId(row.id),
            incident: IncidentId(row.incident_id),
            playbook: row.playbook,
            code: row.code,
            order: row.ord,
            text: columns::json(&row.texts)?,
            role: row.role,
            optional: row.optional,
            due_at: Timestamp::from_micros(row.due_at),
            state: columns::word(&row.state, StepState::from_word)?,
            settled_at: columns::time(row.settled_at),
        })
    }
}

/// Gives an incident its steps; the ids in them are not used.
pub async fn insert(db: &mut Db, steps: &[Step]) -> Result<()> {
    for some in steps.chunks(columns::ROWS) {
        let texts: Vec<String> = some
            .iter()
            .map(|step| columns::to_json(&step.text))
            .collect::<Result<_>>()?;
        on_backend!(db, |c| {
            let mut query = QueryBuilder::new(
                "INSERT INTO incident_steps
                     (incident_id, playbook, code, ord, texts, role, optional, due_at, state, settled_at) ",
            );
            query.push_values(some.iter().zip(texts), |mut row, (step, text)| {
                row.push_bind(step.incident.0)
                    .push_bind(step.playbook.clone())
                    .push_bind(step.code.clone())
                    .push_bind(step.order)
                    .push_bind(text)
                    .push_bind(step.role.clone())
                    .push_bind(step.optional)
                    .push_bind(step.due_at.micros())
                    .push_bind(step.state.word())
                    .push_bind(micros(step.settled_at));
            });
            query.build().execute(c).await?;
        });
    }
    Ok(())
}

/// The steps of one incident in their order.
pub async fn of(db: &mut Db, incident: IncidentId) -> Result<Vec<Step>> {
    let statement =
        format!("SELECT {COLUMNS} FROM incident_steps WHERE incident_id = $1 ORDER BY ord, id");
    let rows: Vec<StepRow> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(incident.0)
            .fetch_all(c)
            .await?
    });
    rows.into_iter().map(Step::try_from).collect()
}

/// One step.
pub async fn by_id(db: &mut Db, id: StepId) -> Result<Option<Step>> {
    select_one(db, id, "").await
}

/// One step, locked until the end of the transaction.
pub async fn by_id_for_update(db: &mut Db, id: StepId) -> Result<Option<Step>> {
    let lock = db.for_update();
    select_one(db, id, lock).await
}

async fn select_one(db: &mut Db, id: StepId, lock: &str) -> Result<Option<Step>> {
    let statement = format!("SELECT {COLUMNS} FROM incident_steps WHERE id = $1{lock}");
    let row: Option<StepRow> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(id.0)
            .fetch_optional(c)
            .await?
    });
    row.map(Step::try_from).transpose()
}

/// Stores what became of a step.
pub async fn update(db: &mut Db, step: &Step) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query("UPDATE incident_steps SET state = $2, settled_at = $3 WHERE id = $1")
            .bind(step.id.0)
            .bind(step.state.word())
            .bind(micros(step.settled_at))
            .execute(c)
            .await?;
    });
    Ok(())
}

/// Steps of one incident that one role should have done by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overdue {
    pub incident: IncidentId,
    /// Code of the role.
    pub role: String,
    pub steps: i64,
}

/// The steps that should have been done before `now`; those of incidents that are over are left out.
pub async fn overdue(db: &mut Db, now: Timestamp) -> Result<Vec<Overdue>> {
    let rows: Vec<(i64, String, i64)> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT s.incident_id, s.role, COUNT(*) FROM incident_steps s JOIN incidents i ON i.id = s.incident_id
             WHERE s.state = 'due' AND s.due_at < $1
                 AND i.state NOT IN ('resolved', 'verified', 'closed', 'duplicate', 'rejected', 'referred')
             GROUP BY s.incident_id, s.role ORDER BY s.incident_id, s.role",
        )
        .bind(now.micros())
        .fetch_all(c)
        .await?
    });
    let overdue = |(incident, role, steps)| Overdue {
        incident: IncidentId(incident),
        role,
        steps,
    };
    Ok(rows.into_iter().map(overdue).collect())
}
