//! What was said about a report, and when: its history (Open311 request updates). What the reporter's side said stands in
//! [`crate::comments`] besides.

use pendopo_domain::organisation::{ApiKeyId, TeamId};
use pendopo_domain::reports::{ReportId, State};
use pendopo_domain::time::Timestamp;

use crate::backend::{Db, on_backend};
use crate::{Result, columns};

/// One entry of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    pub id: i64,
    pub report: ReportId,
    pub state: State,
    pub at: Timestamp,
    /// The team that had the report then.
    pub team: Option<TeamId>,
    /// The city's words, or those of the sender; `None` for secret reports.
    pub words: Option<String>,
    /// The system through which the reporter's side said it; `None`: the city did.
    pub sender: Option<ApiKeyId>,
}

/// Adds an entry, with the team that the report has now: the report itself is stored before it.
pub async fn insert(
    db: &mut Db,
    report: ReportId,
    state: State,
    at: Timestamp,
    words: Option<&str>,
) -> Result<i64> {
    Ok(on_backend!(db, |c| {
        sqlx::query_scalar(
            "INSERT INTO report_updates (report_id, state, at, words, team_id)
             VALUES ($1, $2, $3, $4, (SELECT team_id FROM reports WHERE id = $1)) RETURNING id",
        )
        .bind(report.0)
        .bind(state.word())
        .bind(at.micros())
        .bind(words)
        .fetch_one(c)
        .await?
    }))
}

type Row = (
    i64,
    i64,
    String,
    i64,
    Option<i64>,
    Option<String>,
    Option<i64>,
);

fn updates(rows: Vec<Row>) -> Result<Vec<Update>> {
    rows.into_iter()
        .map(|(id, report, state, at, team, words, sender)| {
            Ok(Update {
                id,
                report: ReportId(report),
                state: columns::word(&state, State::from_word)?,
                at: Timestamp::from_micros(at),
                team: team.map(TeamId),
                words,
                sender: sender.map(ApiKeyId),
            })
        })
        .collect()
}

/// What the city said about one report, newest first.
pub async fn of_report(db: &mut Db, report: ReportId) -> Result<Vec<Update>> {
    updates(on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT u.id, u.report_id, u.state, u.at, u.team_id, u.words, c.api_key_id
             FROM report_updates u LEFT JOIN report_comments c ON c.update_id = u.id
             WHERE u.report_id = $1 AND c.update_id IS NULL ORDER BY u.id DESC",
        )
        .bind(report.0)
        .fetch_all(c)
        .await?
    }))
}

/// Entries of public reports between two instants, both included, oldest first: `limit` of them after the first
/// `offset`.
pub async fn between(
    db: &mut Db,
    (from, to): (Timestamp, Timestamp),
    limit: i64,
    offset: i64,
) -> Result<Vec<Update>> {
    updates(on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT u.id, u.report_id, u.state, u.at, u.team_id, COALESCE(u.words, c.words), c.api_key_id
             FROM report_updates u JOIN reports r ON r.id = u.report_id
             LEFT JOIN report_comments c ON c.update_id = u.id
             WHERE u.at >= $1 AND u.at <= $2 AND r.visibility = 'public' ORDER BY u.at, u.id LIMIT $3 OFFSET $4",
        )
        .bind(from.micros())
        .bind(to.micros())
        .bind(limit)
        .bind(offset)
        .fetch_all(c)
        .await?
    }))
}

/// How many entries [`between`] has in all.
pub async fn count_between(db: &mut Db, (from, to): (Timestamp, Timestamp)) -> Result<i64> {
    Ok(on_backend!(db, |c| {
        sqlx::query_scalar(
            "SELECT COUNT(*) FROM report_updates u JOIN reports r ON r.id = u.report_id
             WHERE u.at >= $1 AND u.at <= $2 AND r.visibility = 'public'",
        )
        .bind(from.micros())
        .bind(to.micros())
        .fetch_one(c)
        .await?
    }))
}
