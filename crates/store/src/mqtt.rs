//! What a city says about MQTT: accounts of devices, mappings of their messages, brokers it listens to.

use pendopo_domain::sources::{Broker, Mapping, MqttAccountId};
use pendopo_domain::time::Timestamp;

use crate::backend::{Db, on_backend};
use crate::{Result, columns};

/// An account with what is needed to check it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: MqttAccountId,
    pub name: String,
    /// argon2 in PHC form.
    pub password_hash: String,
    /// Filters over topics without the name of the city.
    pub rights: Vec<String>,
}

/// Adds an account, or gives the one of this name a new password and other rights.
pub async fn put_account(
    db: &mut Db,
    name: &str,
    password_hash: &str,
    rights: &[String],
    now: Timestamp,
) -> Result<MqttAccountId> {
    let rights = columns::to_json(&rights)?;
    let id: i64 = on_backend!(db, |c| {
        sqlx::query_scalar(
            "INSERT INTO mqtt_accounts (name, password_hash, rights, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (name) DO UPDATE SET password_hash = $2, rights = $3, revoked_at = NULL RETURNING id",
        )
        .bind(name)
        .bind(password_hash)
        .bind(rights)
        .bind(now.micros())
        .fetch_one(c)
        .await?
    });
    Ok(MqttAccountId(id))
}

/// Takes an account away. `None` when there is none of this name.
pub async fn revoke_account(
    db: &mut Db,
    name: &str,
    now: Timestamp,
) -> Result<Option<MqttAccountId>> {
    let id: Option<i64> = on_backend!(db, |c| {
        sqlx::query_scalar(
            "UPDATE mqtt_accounts SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL RETURNING id",
        )
        .bind(name)
        .bind(now.micros())
        .fetch_optional(c)
        .await?
    });
    Ok(id.map(MqttAccountId))
}

/// The accounts that may publish, by name.
pub async fn accounts(db: &mut Db) -> Result<Vec<Account>> {
    let rows: Vec<(i64, String, String, String)> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT id, name, password_hash, rights FROM mqtt_accounts WHERE revoked_at IS NULL ORDER BY name",
        )
        .fetch_all(c)
        .await?
    });
    rows.into_iter()
        .map(|(id, name, password_hash, rights)| {
            Ok(Account {
                id: MqttAccountId(id),
                name,
                password_hash,
                rights: columns::json(&rights)?,
            })
        })
        .collect()
}

/// Adds a mapping or replaces the one of its name.
pub async fn put_mapping(db: &mut Db, mapping: &Mapping, sort: i64) -> Result<()> {
    let text = columns::to_json(mapping)?;
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO mqtt_mappings (name, sort, mapping) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO UPDATE SET mapping = $3",
        )
        .bind(&mapping.name)
        .bind(sort)
        .bind(text)
        .execute(c)
        .await?;
    });
    Ok(())
}

/// The mappings in the order in which they are asked.
pub async fn mappings(db: &mut Db) -> Result<Vec<Mapping>> {
    let rows: Vec<String> = on_backend!(db, |c| {
        sqlx::query_scalar("SELECT mapping FROM mqtt_mappings ORDER BY sort, name")
            .fetch_all(c)
            .await?
    });
    rows.iter().map(|text| columns::json(text)).collect()
}

/// Takes a mapping away. False when there is none of this name.
pub async fn remove_mapping(db: &mut Db, name: &str) -> Result<bool> {
    let rows = on_backend!(db, |c| {
        sqlx::query("DELETE FROM mqtt_mappings WHERE name = $1")
            .bind(name)
            .execute(c)
            .await?
            .rows_affected()
    });
    Ok(rows > 0)
}

/// Adds a broker or replaces the one of its name.
pub async fn put_broker(db: &mut Db, broker: &Broker) -> Result<()> {
    let text = columns::to_json(broker)?;
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO mqtt_brokers (name, broker) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET broker = $2",
        )
        .bind(&broker.name)
        .bind(text)
        .execute(c)
        .await?;
    });
    Ok(())
}

/// The brokers that the city listens to, by name.
pub async fn brokers(db: &mut Db) -> Result<Vec<Broker>> {
    let rows: Vec<String> = on_backend!(db, |c| {
        sqlx::query_scalar("SELECT broker FROM mqtt_brokers ORDER BY name")
            .fetch_all(c)
            .await?
    });
    rows.iter().map(|text| columns::json(text)).collect()
}

/// Takes a broker away. False when there is none of this name.
pub async fn remove_broker(db: &mut Db, name: &str) -> Result<bool> {
    let rows = on_backend!(db, |c| {
        sqlx::query("DELETE FROM mqtt_brokers WHERE name = $1")
            .bind(name)
            .execute(c)
            .await?
            .rows_affected()
    });
    Ok(rows > 0)
}
