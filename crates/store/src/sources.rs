//! What is counted about everything that writes live data. Counts are added, so that several processes may count.

use pendopo_domain::sources::Counts;
use pendopo_domain::time::Timestamp;

use crate::Result;
use crate::backend::{Db, on_backend};

/// What is known about a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// See [`pendopo_domain::sources::Source`].
    pub name: String,
    pub last_seen_at: Timestamp,
    pub counts: Counts,
    /// What was received in the minute before the present one.
    pub per_minute: u64,
}

/// Adds what `name` did, last at `last_seen_at`.
pub async fn add(db: &mut Db, name: &str, counts: &Counts, last_seen_at: Timestamp) -> Result<()> {
    let minute = minute(last_seen_at);
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO sources (name, last_seen_at, received, late, refused, quarantined, dropped, unknown_units,
                 minute, in_minute, before_minute)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $3, 0)
             ON CONFLICT (name) DO UPDATE SET
                 last_seen_at = CASE WHEN $2 > sources.last_seen_at THEN $2 ELSE sources.last_seen_at END,
                 received = sources.received + $3, late = sources.late + $4, refused = sources.refused + $5,
                 quarantined = sources.quarantined + $6, dropped = sources.dropped + $7,
                 unknown_units = sources.unknown_units + $8,
                 before_minute = CASE WHEN sources.minute >= $9 THEN sources.before_minute
                     WHEN sources.minute = $9 - 1 THEN sources.in_minute ELSE 0 END,
                 in_minute = CASE WHEN sources.minute >= $9 THEN sources.in_minute + $3 ELSE $3 END,
                 minute = CASE WHEN sources.minute >= $9 THEN sources.minute ELSE $9 END",
        )
        .bind(name)
        .bind(last_seen_at.micros())
        .bind(whole(counts.received))
        .bind(whole(counts.late))
        .bind(whole(counts.refused))
        .bind(whole(counts.quarantined))
        .bind(whole(counts.dropped))
        .bind(whole(counts.unknown_units))
        .bind(minute)
        .execute(c)
        .await?;
    });
    Ok(())
}

fn minute(at: Timestamp) -> i64 {
    at.micros().div_euclid(60_000_000)
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[derive(sqlx::FromRow)]
struct Row {
    name: String,
    last_seen_at: i64,
    received: i64,
    late: i64,
    refused: i64,
    quarantined: i64,
    dropped: i64,
    unknown_units: i64,
    minute: i64,
    in_minute: i64,
    before_minute: i64,
}

/// Every source that has ever been seen, by name.
pub async fn list(db: &mut Db, now: Timestamp) -> Result<Vec<Seen>> {
    let rows: Vec<Row> = on_backend!(db, |c| {
        sqlx::query_as("SELECT * FROM sources ORDER BY name")
            .fetch_all(c)
            .await?
    });
    let count = |stored: i64| u64::try_from(stored).unwrap_or(0);
    let seen = |row: Row| Seen {
        per_minute: match minute(now) - row.minute {
            ..=0 => count(row.before_minute),
            1 => count(row.in_minute),
            _ => 0,
        },
        name: row.name,
        last_seen_at: Timestamp::from_micros(row.last_seen_at),
        counts: Counts {
            received: count(row.received),
            late: count(row.late),
            refused: count(row.refused),
            quarantined: count(row.quarantined),
            dropped: count(row.dropped),
            unknown_units: count(row.unknown_units),
        },
    };
    Ok(rows.into_iter().map(seen).collect())
}
