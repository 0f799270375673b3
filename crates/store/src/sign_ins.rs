//! Logins, their one-time links and their cookies. Only hashes of tokens are kept.

use pendopo_domain::organisation::{PositionId, SignInId};
use pendopo_domain::time::Timestamp;

use crate::Result;
use crate::backend::{Db, on_backend};

/// A login with what is needed to check it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    pub id: SignInId,
    pub login: String,
    /// argon2 in PHC form; `None` for one that signs in by link only.
    pub password_hash: Option<String>,
    pub position: PositionId,
}

type Row = (i64, String, Option<String>, i64);

fn sign_in((id, login, password_hash, position): Row) -> SignIn {
    SignIn {
        id: SignInId(id),
        login,
        password_hash,
        position: PositionId(position),
    }
}

/// Adds a login, or gives the one of this name a new password and position.
pub async fn put(
    db: &mut Db,
    login: &str,
    password_hash: Option<&str>,
    position: PositionId,
    now: Timestamp,
) -> Result<SignInId> {
    let id: i64 = on_backend!(db, |c| {
        sqlx::query_scalar(
            "INSERT INTO sign_ins (login, password_hash, position_id, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (login) DO UPDATE SET password_hash = $2, position_id = $3, disabled_at = NULL
             RETURNING id",
        )
        .bind(login)
        .bind(password_hash)
        .bind(position.0)
        .bind(now.micros())
        .fetch_one(c)
        .await?
    });
    Ok(SignInId(id))
}

/// The login of this name, unless it is disabled.
pub async fn by_login(db: &mut Db, login: &str) -> Result<Option<SignIn>> {
    let row: Option<Row> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT id, login, password_hash, position_id FROM sign_ins
             WHERE login = $1 AND disabled_at IS NULL",
        )
        .bind(login)
        .fetch_optional(c)
        .await?
    });
    Ok(row.map(sign_in))
}

/// Adds a link that signs in once, until `expires_at`.
pub async fn add_link(
    db: &mut Db,
    token_hash: &str,
    id: SignInId,
    expires_at: Timestamp,
) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO sign_in_links (token_hash, sign_in_id, expires_at) VALUES ($1, $2, $3)",
        )
        .bind(token_hash)
        .bind(id.0)
        .bind(expires_at.micros())
        .execute(c)
        .await?;
    });
    Ok(())
}

/// Uses a link up. `None` when it is unknown, used or expired; of two at once, one gets it.
pub async fn use_link(db: &mut Db, token_hash: &str, now: Timestamp) -> Result<Option<SignInId>> {
    let id: Option<i64> = on_backend!(db, |c| {
        sqlx::query_scalar(
            "UPDATE sign_in_links SET used_at = $2
             WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2 RETURNING sign_in_id",
        )
        .bind(token_hash)
        .bind(now.micros())
        .fetch_optional(c)
        .await?
    });
    Ok(id.map(SignInId))
}

/// Whether a link could still be used, without using it.
pub async fn link_is_good(db: &mut Db, token_hash: &str, now: Timestamp) -> Result<bool> {
    let found: Option<i64> = on_backend!(db, |c| {
        sqlx::query_scalar(
            "SELECT sign_in_id FROM sign_in_links
             WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2",
        )
        .bind(token_hash)
        .bind(now.micros())
        .fetch_optional(c)
        .await?
    });
    Ok(found.is_some())
}

/// A link as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    pub sign_in: SignInId,
    pub position: PositionId,
    pub expires_at: Timestamp,
    pub used: bool,
}

/// Looks at a link without using it.
pub async fn link(db: &mut Db, token_hash: &str) -> Result<Option<Link>> {
    let row: Option<(i64, i64, i64, Option<i64>)> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT s.id, s.position_id, l.expires_at, l.used_at
             FROM sign_in_links l JOIN sign_ins s ON s.id = l.sign_in_id WHERE l.token_hash = $1",
        )
        .bind(token_hash)
        .fetch_optional(c)
        .await?
    });
    Ok(row.map(|(id, position, expires_at, used_at)| Link {
        sign_in: SignInId(id),
        position: PositionId(position),
        expires_at: Timestamp::from_micros(expires_at),
        used: used_at.is_some(),
    }))
}

/// What a login acts as, disabled or not: for timelines, which name positions only.
pub async fn position_of(db: &mut Db, id: SignInId) -> Result<Option<PositionId>> {
    let position: Option<i64> = on_backend!(db, |c| {
        sqlx::query_scalar("SELECT position_id FROM sign_ins WHERE id = $1")
            .bind(id.0)
            .fetch_optional(c)
            .await?
    });
    Ok(position.map(PositionId))
}

/// Remembers a cookie.
pub async fn add_cookie(
    db: &mut Db,
    token_hash: &str,
    id: SignInId,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO sign_in_cookies (token_hash, sign_in_id, created_at, expires_at)
             VALUES ($1, $2, $3, $4)",
        )
        .bind(token_hash)
        .bind(id.0)
        .bind(now.micros())
        .bind(expires_at.micros())
        .execute(c)
        .await?;
    });
    Ok(())
}

/// Whose cookie it is, while it lasts and the login is not disabled.
pub async fn by_cookie(db: &mut Db, token_hash: &str, now: Timestamp) -> Result<Option<SignIn>> {
    let row: Option<Row> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT s.id, s.login, s.password_hash, s.position_id
             FROM sign_in_cookies c JOIN sign_ins s ON s.id = c.sign_in_id
             WHERE c.token_hash = $1 AND c.expires_at > $2 AND s.disabled_at IS NULL",
        )
        .bind(token_hash)
        .bind(now.micros())
        .fetch_optional(c)
        .await?
    });
    Ok(row.map(sign_in))
}

/// Forgets one cookie, and every cookie that has run out.
pub async fn remove_cookie(db: &mut Db, token_hash: &str, now: Timestamp) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query("DELETE FROM sign_in_cookies WHERE token_hash = $1 OR expires_at <= $2")
            .bind(token_hash)
            .bind(now.micros())
            .execute(c)
            .await?;
    });
    Ok(())
}
