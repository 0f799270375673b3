//! Backup of a city while it runs, and restore into either database.
//!
//! A backup is a folder with the same four SQLite files that an embedded city has, whatever the city runs on. So a
//! city moves from SQLite to PostgreSQL, or back, by backup and restore. Each file is one consistent moment. Keys and
//! pictures are durable before the city names them, so the city is copied first: what its file points to is there.

use std::path::Path;

use sqlx::{AssertSqlSafe, Column, Row, SqlitePool, TypeInfo};

use crate::backend::{Database, Db, on_backend};
use crate::location::{Kind, Location};
use crate::{MasterKey, Result, Store, StoreError};

/// Rows read and written at a time.
const BATCH: i64 = 500;

/// Tables of each database with the columns that order their rows, parents before children. A test holds the list
/// complete.
pub fn tables(kind: Kind) -> &'static [(&'static str, &'static str)] {
    match kind {
        Kind::City => &[
            ("settings", "key"),
            ("journal", "txid, seq"),
            ("consumers", "name"),
            ("jobs", "id"),
            ("chains", "stream"),
            ("chained_events", "stream, position"),
            ("services", "code"),
            ("areas", "id"),
            ("teams", "id"),
            ("routes", "service_code, area_id"),
            ("roles", "code"),
            ("positions", "id"),
            ("sign_ins", "id"),
            ("sign_in_links", "token_hash"),
            ("sign_in_cookies", "token_hash"),
            ("api_keys", "id"),
            ("incidents", "id"),
            ("incident_notes", "stream, position"),
            ("reports", "id"),
            ("report_updates", "id"),
            ("report_attributes", "report_id, code, ord"),
            ("drafts", "draft_hash"),
            ("sealed_texts", "report_id, kind"),
            ("photos", "id"),
            ("ratings", "report_id"),
            ("assignments", "id"),
            (
                "measure_counts",
                "day, service_code, area_id, state, on_time",
            ),
            ("mqtt_accounts", "id"),
            ("mqtt_mappings", "name"),
            ("mqtt_brokers", "name"),
            ("quarantine", "id"),
            ("sources", "name"),
        ],
        Kind::Keys => &[("person_keys", "person_id")],
        Kind::Media => &[("pictures", "id, size")],
        Kind::Live => &[
            ("flushed", "id"),
            ("entities", "id"),
            ("history_entities", "id"),
            ("series", "id"),
            ("observations", "id"),
        ],
    }
}

/// Copies `store` into the new folder `into`, while it runs. Returns how many rows were copied.
///
/// # Errors
/// [`StoreError::Io`] when the folder exists already or cannot be written.
pub async fn backup(store: &Store, into: &Path) -> Result<u64> {
    std::fs::create_dir_all(into.parent().unwrap_or(Path::new(".")))?;
    std::fs::create_dir(into)?;
    copy_all(store, &Location::Folder(into.to_owned())).await
}

/// Copies the backup in `from` into a city that does not exist yet. Returns how many rows were copied.
///
/// # Errors
/// [`StoreError::Io`] when there is no backup or the city exists already.
pub async fn restore(from: &Path, to: &Location) -> Result<u64> {
    let source = Location::Folder(from.to_owned());
    if !Store::exists(&source).await? {
        return Err(std::io::Error::from(std::io::ErrorKind::NotFound).into());
    }
    if Store::exists(to).await? {
        return Err(std::io::Error::from(std::io::ErrorKind::AlreadyExists).into());
    }
    // Rows are copied as they are, sealed; no key is needed to move a city.
    let store = Store::open(source, MasterKey::new([0; 32])).await?;
    // Under another name first: a node that runs must not meet half a city, nor a later restore one that was broken off.
    let half = to.under_way();
    half.remove().await?;
    let rows = copy_all(&store, &half).await;
    store.close().await;
    let rows = rows?;
    half.rename_to(to).await?;
    Ok(rows)
}

async fn copy_all(store: &Store, to: &Location) -> Result<u64> {
    let sources = [
        (Kind::City, &*store.city),
        (Kind::Keys, store.keys.database()),
        (Kind::Media, store.media.database()),
    ];
    if let Location::Folder(folder) = to {
        std::fs::create_dir_all(folder)?;
    }
    let mut rows = 0;
    for (kind, source) in sources {
        let target = Database::open(to, kind).await?;
        let mut reading = source.read().await?;
        for (table, order) in tables(kind) {
            rows += copy_table(&mut reading, &target, table, order).await?;
        }
        drop(reading);
        finish(&target, kind).await?;
        target.close().await;
        if let Location::Folder(folder) = to {
            settle(&folder.join(kind.file_name())).await?;
        }
    }
    Ok(rows)
}

/// One value of a row, on its way from one database to another.
#[derive(Clone)]
enum Value {
    Whole(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Flag(Option<bool>),
}

async fn copy_table(from: &mut Db, to: &Database, table: &'static str, order: &str) -> Result<u64> {
    let mut copied = 0;
    loop {
        let statement =
            format!("SELECT * FROM {table} ORDER BY {order} LIMIT {BATCH} OFFSET {copied}");
        let (names, mut rows) = read_rows(from, statement).await?;
        if rows.is_empty() {
            return Ok(copied);
        }
        renumber(from, table, &names, &mut rows, copied).await?;
        copied += rows.len() as u64;
        to.write(move |db| {
            Box::pin(async move {
                for row in rows {
                    write_row(db, table, &names, row).await?;
                }
                Ok::<_, StoreError>(())
            })
        })
        .await?;
    }
}

/// Transaction numbers mean nothing outside the database that gave them. The copied journal is numbered from 1 in
/// its settled order, with txid 0, and every consumer is put to the same place in it.
async fn renumber(
    from: &mut Db,
    table: &str,
    names: &[String],
    rows: &mut [Vec<Value>],
    copied: u64,
) -> Result<()> {
    if table != "journal" && table != "consumers" {
        return Ok(());
    }
    let place = |wanted: &str| names.iter().position(|name| name == wanted);
    let (Some(txid), Some(seq)) = (place("txid"), place("seq")) else {
        return Ok(());
    };
    for (at, row) in (copied + 1..).zip(rows) {
        let number = match (table, &row[txid], &row[seq]) {
            ("consumers", Value::Whole(Some(txid)), Value::Whole(Some(seq))) => {
                passed(from, *txid, *seq).await?
            }
            _ => at.cast_signed(),
        };
        row[txid] = Value::Whole(Some(0));
        row[seq] = Value::Whole(Some(number));
    }
    Ok(())
}

/// How many journal entries stand at or before a position.
async fn passed(db: &mut Db, txid: i64, seq: i64) -> Result<i64> {
    Ok(on_backend!(db, |c| {
        sqlx::query_scalar(
            "SELECT COUNT(*) FROM journal WHERE txid < $1 OR (txid = $1 AND seq <= $2)",
        )
        .bind(txid)
        .bind(seq)
        .fetch_one(c)
        .await?
    }))
}

async fn read_rows(db: &mut Db, statement: String) -> Result<(Vec<String>, Vec<Vec<Value>>)> {
    Ok(on_backend!(db, |c| {
        let rows = sqlx::query(AssertSqlSafe(statement)).fetch_all(c).await?;
        let names = rows.first().map_or(vec![], |row| {
            row.columns()
                .iter()
                .map(|column| column.name().to_owned())
                .collect()
        });
        let mut values = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut cells = Vec::with_capacity(row.len());
            for (at, column) in row.columns().iter().enumerate() {
                cells.push(match column.type_info().name() {
                    "INTEGER" | "INT8" | "BIGINT" => Value::Whole(row.try_get(at)?),
                    "TEXT" => Value::Text(row.try_get(at)?),
                    "BLOB" | "BYTEA" => Value::Bytes(row.try_get(at)?),
                    "BOOL" | "BOOLEAN" => Value::Flag(row.try_get(at)?),
                    other => return Err(StoreError::Corrupt(format!("a column of type {other}"))),
                });
            }
            values.push(cells);
        }
        (names, values)
    }))
}

/// Columns that are true or false. SQLite keeps them as whole numbers, PostgreSQL has a type of its own.
const FLAGS: [&str; 3] = ["active", "approximate", "anonymous"];

async fn write_row(db: &mut Db, table: &str, names: &[String], row: Vec<Value>) -> Result<()> {
    let marks: Vec<String> = (1..=names.len()).map(|at| format!("${at}")).collect();
    let statement = format!(
        "INSERT INTO {table} ({}) VALUES ({})",
        names.join(", "),
        marks.join(", ")
    );
    on_backend!(db, |c| {
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for (name, value) in names.iter().zip(row) {
            query = match value {
                Value::Whole(whole) if FLAGS.contains(&name.as_str()) => {
                    query.bind(whole.map(|n| n != 0))
                }
                Value::Whole(whole) => query.bind(whole),
                Value::Text(text) => query.bind(text),
                Value::Bytes(bytes) => query.bind(bytes),
                Value::Flag(flag) => query.bind(flag),
            };
        }
        query.execute(c).await?;
    });
    Ok(())
}

/// PostgreSQL counts ids apart from the rows: the counters have to be moved past what was copied.
async fn finish(target: &Database, kind: Kind) -> Result<()> {
    target
        .write(move |db| {
            Box::pin(async move {
                if let Db::Postgres(tx) = db {
                    for (table, order) in tables(kind) {
                        let column = match *order {
                            "id" if *table != "photos" => "id",
                            "txid, seq" => "seq",
                            _ => continue,
                        };
                        let statement = format!(
                            "SELECT setval(pg_get_serial_sequence('{table}', '{column}'),
                                 (SELECT COALESCE(MAX({column}), 0) + 1 FROM {table}), false)"
                        );
                        sqlx::query(AssertSqlSafe(statement))
                            .execute(&mut **tx)
                            .await?;
                    }
                }
                Ok::<_, StoreError>(())
            })
        })
        .await
}

/// Folds the write-ahead log into the file, so that the backup is the file alone.
async fn settle(path: &Path) -> Result<()> {
    let pool = SqlitePool::connect_with(
        sqlx::sqlite::SqliteConnectOptions::new()
            .filename(path)
            .synchronous(sqlx::sqlite::SqliteSynchronous::Full),
    )
    .await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(&pool)
        .await?;
    pool.close().await;
    Ok(())
}
