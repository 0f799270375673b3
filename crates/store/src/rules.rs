//! Rules as data, and what they remember.

use pendopo_domain::rules::{Kept, Rule};

use crate::backend::{Db, on_backend};
use crate::{Result, columns};

/// Every rule in its order.
pub async fn all(db: &mut Db) -> Result<Vec<Rule>> {
    let rows: Vec<String> = on_backend!(db, |c| {
        sqlx::query_scalar("SELECT rule FROM rules ORDER BY sort, code")
            .fetch_all(c)
            .await?
    });
    rows.iter().map(|row| columns::json(row)).collect()
}

/// Stores a rule under its code, at the end when it is new.
pub async fn put(db: &mut Db, rule: &Rule) -> Result<()> {
    let text = columns::to_json(rule)?;
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO rules (code, sort, rule)
             VALUES ($1, (SELECT COALESCE(MAX(sort), 0) + 1 FROM rules), $2)
             ON CONFLICT (code) DO UPDATE SET rule = excluded.rule",
        )
        .bind(&rule.code)
        .bind(text)
        .execute(c)
        .await?;
    });
    Ok(())
}

/// Removes a rule; false when there is none.
pub async fn remove(db: &mut Db, code: &str) -> Result<bool> {
    Ok(on_backend!(db, |c| {
        sqlx::query("DELETE FROM rules WHERE code = $1")
            .bind(code)
            .execute(c)
            .await?
            .rows_affected()
    }) > 0)
}

/// Everything that the rules remember.
pub async fn kept(db: &mut Db) -> Result<Vec<Kept>> {
    let rows: Vec<(String, String, String)> = on_backend!(db, |c| {
        sqlx::query_as("SELECT rule, subject, watch FROM rule_watches ORDER BY rule, subject")
            .fetch_all(c)
            .await?
    });
    let kept = |(rule, subject, watch): (String, String, String)| {
        Ok(Kept {
            rule,
            subject: subject.into(),
            watch: Some(columns::json(&watch)?),
        })
    };
    rows.into_iter().map(kept).collect()
}

/// Remembers what changed, and forgets what is normal again.
pub async fn keep(db: &mut Db, changed: &[Kept]) -> Result<()> {
    for one in changed {
        let Some(watch) = &one.watch else {
            on_backend!(db, |c| {
                sqlx::query("DELETE FROM rule_watches WHERE rule = $1 AND subject = $2")
                    .bind(&one.rule)
                    .bind(&*one.subject)
                    .execute(c)
                    .await?;
            });
            continue;
        };
        let watch = columns::to_json(watch)?;
        on_backend!(db, |c| {
            sqlx::query(
                "INSERT INTO rule_watches (rule, subject, watch) VALUES ($1, $2, $3)
                 ON CONFLICT (rule, subject) DO UPDATE SET watch = excluded.watch",
            )
            .bind(&one.rule)
            .bind(&*one.subject)
            .bind(watch)
            .execute(c)
            .await?;
        });
    }
    Ok(())
}
