//! Presses of a crew's phone that carry a key of their own, so that one sent twice is one.

use pendopo_domain::incidents::AssignmentId;
use pendopo_domain::time::Timestamp;

use crate::Result;
use crate::backend::{Db, on_backend};

/// What this press was answered, if it came before.
pub async fn answer(db: &mut Db, assignment: AssignmentId, key: &str) -> Result<Option<String>> {
    Ok(on_backend!(db, |c| {
        sqlx::query_scalar(
            "SELECT answer FROM crew_presses WHERE assignment_id = $1 AND press_key = $2",
        )
        .bind(assignment.0)
        .bind(key)
        .fetch_optional(c)
        .await?
    }))
}

/// Keeps the answer to a press. The caller holds the lock of the assignment.
pub async fn keep(
    db: &mut Db,
    assignment: AssignmentId,
    key: &str,
    answer: &str,
    now: Timestamp,
) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO crew_presses (assignment_id, press_key, answer, received_at) VALUES ($1, $2, $3, $4)",
        )
        .bind(assignment.0)
        .bind(key)
        .bind(answer)
        .bind(now.micros())
        .execute(c)
        .await?;
    });
    Ok(())
}

/// Forgets presses that came before `before`: no phone sends them again.
pub async fn forget(db: &mut Db, before: Timestamp) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query("DELETE FROM crew_presses WHERE received_at < $1")
            .bind(before.micros())
            .execute(c)
            .await?;
    });
    Ok(())
}
