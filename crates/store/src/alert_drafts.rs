//! Warnings of the city on their way: who wrote them, who approved them, what they became.

use pendopo_domain::alerts::draft::{Content, Draft, DraftState};
use pendopo_domain::alerts::{AlertId, DraftId};
use pendopo_domain::incidents::IncidentId;
use pendopo_domain::organisation::SignInId;
use pendopo_domain::time::Timestamp;
use sqlx::AssertSqlSafe;

use crate::backend::{Db, on_backend};
use crate::{Result, columns};

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    state: String,
    content: String,
    incident_id: Option<i64>,
    follows: Option<i64>,
    author: i64,
    approver: Option<i64>,
    alert_id: Option<i64>,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<Row> for Draft {
    type Error = crate::StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let content: Content = columns::json(&row.content)?;
        Ok(Self {
            id: DraftId(row.id),
            state: columns::word(&row.state, DraftState::from_word)?,
            content,
            incident: row.incident_id.map(IncidentId),
            follows: row.follows.map(AlertId),
            author: SignInId(row.author),
            approver: row.approver.map(SignInId),
            alert: row.alert_id.map(AlertId),
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }
}

/// Stores a new draft and returns its id; the id in `draft` is not used.
pub async fn insert(db: &mut Db, draft: &Draft) -> Result<DraftId> {
    let content = columns::to_json(&draft.content)?;
    let id: i64 = on_backend!(db, |c| {
        sqlx::query_scalar(
            "INSERT INTO alert_drafts (state, content, incident_id, follows, author, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        )
        .bind(draft.state.word())
        .bind(content)
        .bind(draft.incident.map(|id| id.0))
        .bind(draft.follows.map(|id| id.0))
        .bind(draft.author.0)
        .bind(draft.created_at.micros())
        .bind(draft.updated_at.micros())
        .fetch_one(c)
        .await?
    });
    Ok(DraftId(id))
}

/// Stores everything about a draft that can change.
pub async fn update(db: &mut Db, draft: &Draft) -> Result<()> {
    let content = columns::to_json(&draft.content)?;
    on_backend!(db, |c| {
        sqlx::query(
            "UPDATE alert_drafts SET state = $2, content = $3, author = $4, approver = $5, alert_id = $6,
                 updated_at = $7 WHERE id = $1",
        )
        .bind(draft.id.0)
        .bind(draft.state.word())
        .bind(content)
        .bind(draft.author.0)
        .bind(draft.approver.map(|id| id.0))
        .bind(draft.alert.map(|id| id.0))
        .bind(draft.updated_at.micros())
        .execute(c)
        .await?;
    });
    Ok(())
}

const SELECT: &str = "SELECT id, state, content, incident_id, follows, author, approver, alert_id, created_at, \
                      updated_at FROM alert_drafts";

/// The draft with this id; locked until the transaction ends.
pub async fn get(db: &mut Db, id: DraftId) -> Result<Option<Draft>> {
    // A look takes no lock: PostgreSQL refuses one in a transaction that only reads.
    let text = format!("{SELECT} WHERE id = $1");
    let row: Option<Row> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(text))
            .bind(id.0)
            .fetch_optional(c)
            .await?
    });
    row.map(Draft::try_from).transpose()
}

/// As [`get`], for a transaction that changes it.
pub async fn lock(db: &mut Db, id: DraftId) -> Result<Option<Draft>> {
    let text = format!("{SELECT} WHERE id = $1{}", db.for_update());
    let row: Option<Row> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(text))
            .bind(id.0)
            .fetch_optional(c)
            .await?
    });
    row.map(Draft::try_from).transpose()
}

/// Drafts that somebody still has to do something with, newest first.
pub async fn open(db: &mut Db, limit: i64) -> Result<Vec<Draft>> {
    let text =
        format!("{SELECT} WHERE state IN ('writing', 'submitted') ORDER BY id DESC LIMIT $1");
    let rows: Vec<Row> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(text))
            .bind(limit)
            .fetch_all(c)
            .await?
    });
    rows.into_iter().map(Draft::try_from).collect()
}
