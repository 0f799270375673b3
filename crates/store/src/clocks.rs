//! The clocks of incidents, and when somebody at the desk looked at a report first.

use pendopo_domain::incidents::{Clock, Clocks, IncidentId};
use pendopo_domain::reports::ReportId;
use pendopo_domain::time::Timestamp;

use crate::backend::{Db, on_backend};
use crate::{Result, columns};

/// Notes that `clock` was reached at `at`. The earliest instant is kept, also when it is told later.
pub async fn note(db: &mut Db, incident: IncidentId, clock: Clock, at: Timestamp) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO incident_clocks (incident_id, source_id, clock, at) VALUES ($1, $1, $2, $3)
             ON CONFLICT (incident_id, source_id, clock) DO UPDATE SET at = excluded.at
             WHERE incident_clocks.at > excluded.at",
        )
        .bind(incident.0)
        .bind(clock.word())
        .bind(at.micros())
        .execute(c)
        .await?;
    });
    Ok(())
}

/// The clocks of an incident, those of what was merged into it among them.
pub async fn of(db: &mut Db, incident: IncidentId) -> Result<Clocks> {
    let rows: Vec<(String, i64)> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT clock, MIN(at) FROM incident_clocks WHERE incident_id = $1 GROUP BY clock",
        )
        .bind(incident.0)
        .fetch_all(c)
        .await?
    });
    let read = |(word, at): (String, i64)| {
        let clock = columns::word(&word, Clock::from_word)?;
        Ok((clock, Timestamp::from_micros(at)))
    };
    Ok(Clocks(rows.into_iter().map(read).collect::<Result<_>>()?))
}

/// Forgets what crews pressed, to be noted anew when assignments went to another incident.
pub async fn forget_crews(db: &mut Db, incident: IncidentId) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "DELETE FROM incident_clocks WHERE incident_id = $1 AND source_id = $1
             AND clock IN ('dispatched', 'acknowledged', 'en_route', 'on_scene')",
        )
        .bind(incident.0)
        .execute(c)
        .await?;
    });
    Ok(())
}

/// Gives the clocks of `merged` to `into` as well. When that one was made stays its own.
pub async fn lend(db: &mut Db, merged: IncidentId, into: IncidentId) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO incident_clocks (incident_id, source_id, clock, at)
             SELECT $2, source_id, clock, at FROM incident_clocks WHERE incident_id = $1 AND clock <> 'made'
             ON CONFLICT (incident_id, source_id, clock) DO NOTHING",
        )
        .bind(merged.0)
        .bind(into.0)
        .execute(c)
        .await?;
    });
    Ok(())
}

/// Takes from `into` what [`lend`] gave it of `merged`.
pub async fn take_back(db: &mut Db, merged: IncidentId, into: IncidentId) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "DELETE FROM incident_clocks WHERE incident_id = $2 AND source_id IN
                 (SELECT source_id FROM incident_clocks WHERE incident_id = $1)",
        )
        .bind(merged.0)
        .bind(into.0)
        .execute(c)
        .await?;
    });
    Ok(())
}

/// One incident between two of its clocks, for measures.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Span {
    pub incident_id: i64,
    pub service_code: String,
    /// 1 to 4
    pub priority: i64,
    /// Instants in microseconds.
    pub from_at: i64,
    pub to_at: i64,
}

/// The incidents that reached `from` at or after `since` and before `until`, and reached `to`; oldest first. What was
/// merged into another incident counts there.
pub async fn spans(
    db: &mut Db,
    (from, to): (Clock, Clock),
    since: Timestamp,
    until: Timestamp,
) -> Result<Vec<Span>> {
    Ok(on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT i.id AS incident_id, i.service_code, i.priority, MIN(f.at) AS from_at, MIN(t.at) AS to_at
             FROM incident_clocks f
             JOIN incident_clocks t ON t.incident_id = f.incident_id AND t.clock = $2
             JOIN incidents i ON i.id = f.incident_id
             WHERE f.clock = $1 AND f.at >= $3 AND f.at < $4 AND i.merged_into IS NULL
             GROUP BY i.id, i.service_code, i.priority ORDER BY from_at, incident_id",
        )
        .bind(from.word())
        .bind(to.word())
        .bind(since.micros())
        .bind(until.micros())
        .fetch_all(c)
        .await?
    }))
}

/// When somebody at the desk looked at this report first.
pub async fn looked_at(db: &mut Db, report: ReportId) -> Result<Option<Timestamp>> {
    let at: Option<i64> = on_backend!(db, |c| {
        sqlx::query_scalar("SELECT at FROM report_looks WHERE report_id = $1")
            .bind(report.0)
            .fetch_optional(c)
            .await?
    });
    Ok(columns::time(at))
}

/// Keeps the first look at a report.
pub async fn look(db: &mut Db, report: ReportId, at: Timestamp) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO report_looks (report_id, at) VALUES ($1, $2) ON CONFLICT (report_id) DO NOTHING",
        )
        .bind(report.0)
        .bind(at.micros())
        .execute(c)
        .await?;
    });
    Ok(())
}
