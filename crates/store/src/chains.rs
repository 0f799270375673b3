//! Append-only streams whose entries are chained by hashes: looks at identity, changes of configuration and rights,
//! incident timelines.
//!
//! An entry carries ids and words of the domain, never names or free text, so it can be kept for ever. Its hash
//! covers the entry and the hash before it: a row that was changed, left out or put in later no longer fits.

use pendopo_domain::time::Timestamp;
use sha2::{Digest, Sha256};

use crate::Result;
use crate::backend::{Db, on_backend};

/// Looks at the identity of reporters.
pub const IDENTITY: &str = "identity";
/// Changes of configuration and of rights.
pub const CONFIGURATION: &str = "configuration";

/// The stream of an alarm.
pub fn alarm(id: pendopo_domain::alarms::AlarmId) -> String {
    format!("alarm:{id}")
}

/// The stream of one incident's timeline.
pub fn incident(id: pendopo_domain::incidents::IncidentId) -> String {
    format!("incident:{id}")
}

/// The stream of what the desk wrote to the crews of one report.
pub fn report(id: pendopo_domain::reports::ReportId) -> String {
    format!("report:{id}")
}

/// One entry. `actor` and `subject` are ids with their kind: `sign_in:3`, `report:2187`, `city`.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Entry {
    pub stream: String,
    /// From 1, without gaps.
    pub position: i64,
    pub at: i64,
    pub kind: String,
    pub actor: String,
    pub subject: String,
    pub hash: String,
}

impl Entry {
    /// When it happened.
    pub fn happened_at(&self) -> Timestamp {
        Timestamp::from_micros(self.at)
    }

    fn expected_hash(&self, before: &str) -> String {
        let text = format!(
            "{before}\n{}\n{}\n{}\n{}\n{}\n{}",
            self.stream, self.position, self.at, self.kind, self.actor, self.subject
        );
        Sha256::digest(text.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// Appends to `stream` and returns the position of the new entry.
pub async fn append(
    db: &mut Db,
    stream: &str,
    at: Timestamp,
    kind: &str,
    actor: &str,
    subject: &str,
) -> Result<i64> {
    // The upsert also locks the stream, so that two writers on PostgreSQL cannot take the same place.
    let (position, before): (i64, String) = on_backend!(db, |c| {
        sqlx::query_as(
            "INSERT INTO chains (stream, position, hash) VALUES ($1, 1, '')
             ON CONFLICT (stream) DO UPDATE SET position = chains.position + 1 RETURNING position, hash",
        )
        .bind(stream)
        .fetch_one(c)
        .await?
    });
    let mut entry = Entry {
        stream: stream.to_owned(),
        position,
        at: at.micros(),
        kind: kind.to_owned(),
        actor: actor.to_owned(),
        subject: subject.to_owned(),
        hash: String::new(),
    };
    entry.hash = entry.expected_hash(&before);
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO chained_events (stream, position, at, kind, actor, subject, hash)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&entry.stream)
        .bind(entry.position)
        .bind(entry.at)
        .bind(&entry.kind)
        .bind(&entry.actor)
        .bind(&entry.subject)
        .bind(&entry.hash)
        .execute(c)
        .await?;
    });
    on_backend!(db, |c| {
        sqlx::query("UPDATE chains SET hash = $2 WHERE stream = $1")
            .bind(stream)
            .bind(&entry.hash)
            .execute(c)
            .await?;
    });
    Ok(position)
}

/// The entries of one stream, newest first.
pub async fn entries(db: &mut Db, stream: &str, limit: i64) -> Result<Vec<Entry>> {
    Ok(on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT stream, position, at, kind, actor, subject, hash FROM chained_events
             WHERE stream = $1 ORDER BY position DESC LIMIT $2",
        )
        .bind(stream)
        .bind(limit)
        .fetch_all(c)
        .await?
    }))
}

/// The entries of one stream about `subject`, newest first.
pub async fn entries_about(
    db: &mut Db,
    stream: &str,
    subject: &str,
    limit: i64,
) -> Result<Vec<Entry>> {
    Ok(on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT stream, position, at, kind, actor, subject, hash FROM chained_events
             WHERE stream = $1 AND subject = $2 ORDER BY position DESC LIMIT $3",
        )
        .bind(stream)
        .bind(subject)
        .bind(limit)
        .fetch_all(c)
        .await?
    }))
}

/// Walks every stream and says where a chain does not close.
pub async fn verify(db: &mut Db) -> Result<Vec<String>> {
    let ends: Vec<(String, i64, String)> = on_backend!(db, |c| {
        sqlx::query_as("SELECT stream, position, hash FROM chains ORDER BY stream")
            .fetch_all(c)
            .await?
    });
    let mut problems = Vec::new();
    for (stream, last, hash) in ends {
        let mut walked = entries(db, &stream, i64::MAX).await?;
        walked.reverse();
        let mut before = String::new();
        let mut closed = 0;
        let broken = walked.iter().find(|entry| {
            let fits = entry.position == closed + 1 && entry.hash == entry.expected_hash(&before);
            before.clone_from(&entry.hash);
            closed += 1;
            !fits
        });
        if let Some(entry) = broken {
            problems.push(format!(
                "{stream}: the chain breaks at entry {}",
                entry.position
            ));
        } else if closed != last || before != hash {
            problems.push(format!(
                "{stream}: the chain ends at entry {closed}, not at {last}"
            ));
        }
    }
    let endless: Vec<(String,)> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT DISTINCT stream FROM chained_events e
             WHERE NOT EXISTS (SELECT 1 FROM chains k WHERE k.stream = e.stream) ORDER BY stream",
        )
        .fetch_all(c)
        .await?
    });
    problems.extend(
        endless
            .into_iter()
            .map(|(stream,)| format!("{stream}: the end of the chain is missing")),
    );
    Ok(problems)
}
