//! Backup of a city while it runs, and restore into either database.
//!
//! A backup is a folder with the same four SQLite files that an embedded city has, whatever the city runs on. So a
//! city moves from SQLite to PostgreSQL, or back, by backup and restore. Each file is one consistent moment. Keys and
//! pictures are durable before the city names them, so the city is copied first: what its file points to is there.
//!
//! A backup is read and never changed: a restore brings a copy of it to this version's schema. What lets someone in
//! without a password is in no backup ([`NOT_KEPT`]).

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use sqlx::{AssertSqlSafe, Column, Row, SqlitePool, TypeInfo};

use crate::backend::{Database, Db, LOCK_FILE, on_backend};
use crate::location::{Kind, Location};
use crate::{MasterKey, Result, Store, StoreError, live_tables};

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
            ("api_keys", "id"),
            ("incidents", "id"),
            ("incident_notes", "stream, position"),
            ("incident_clocks", "incident_id, source_id, clock"),
            ("incident_moves", "merged_id, kind, item_id"),
            ("incident_steps", "id"),
            ("reports", "id"),
            ("report_looks", "report_id"),
            ("report_updates", "id"),
            ("report_comments", "update_id"),
            ("report_attributes", "report_id, code, ord"),
            ("drafts", "draft_hash"),
            ("sealed_texts", "report_id, kind"),
            ("photos", "id"),
            ("ratings", "report_id"),
            ("subscriptions", "id"),
            ("notifications", "id"),
            ("units", "id"),
            ("assignments", "id"),
            ("crew_presses", "assignment_id, press_key"),
            (
                "measure_counts",
                "day, service_code, area_id, state, on_time",
            ),
            ("mqtt_accounts", "id"),
            ("mqtt_mappings", "name"),
            ("mqtt_brokers", "name"),
            ("quarantine", "id"),
            ("sources", "name"),
            ("rules", "code"),
            ("rule_watches", "rule, subject"),
            ("alarms", "id"),
            ("alerts", "id"),
            ("alert_documents", "id"),
            ("alerts_aside", "id"),
            ("alert_feeds", "name"),
            ("alert_drafts", "id"),
            ("city_stages", "id"),
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

/// Tables that are left empty on purpose. Whoever is signed in when a backup is taken is not when it is restored, perhaps
/// years later, and a link that was used up since does not work again. An older backup that has rows in them is restored
/// without.
pub const NOT_KEPT: [&str; 3] = ["sign_in_links", "sign_in_cookies", "walls"];

/// Copies `store` into the new folder `into`, while it runs. Returns how many rows were copied.
///
/// # Errors
/// [`StoreError::Io`] when the folder exists already or cannot be written.
pub async fn backup(store: &Store, into: &Path) -> Result<u64> {
    std::fs::create_dir_all(into.parent().unwrap_or(Path::new(".")))?;
    std::fs::create_dir(into)?;
    let rows = copy_all(store, &Location::Folder(into.to_owned())).await?;
    // The files are durable when their names are.
    File::open(into)?.sync_all()?;
    Ok(rows)
}

/// Copies the backup in `from` into a city that does not exist yet. Returns how many rows were copied.
///
/// # Errors
/// [`StoreError::Io`] when there is no backup, a node serves it as a city, or the city exists already.
pub async fn restore(from: &Path, to: &Location) -> Result<u64> {
    if !Store::exists(&Location::Folder(from.to_owned())).await? {
        return Err(std::io::Error::from(ErrorKind::NotFound).into());
    }
    if Store::exists(to).await? {
        return Err(std::io::Error::from(ErrorKind::AlreadyExists).into());
    }
    // Under another name first: a node that runs must not meet half a city, nor a later restore one that was broken off.
    let half = to.under_way();
    half.remove().await?;
    let rows = restore_into(from, &half).await;
    if rows.is_err() {
        // Keys must not lie about. What cannot be removed now goes with the next restore; the first error is told.
        let _ = half.remove().await;
    }
    let rows = rows?;
    half.rename_to(to).await?;
    Ok(rows)
}

/// Restores from a copy, which is gone in the end: opening a database writes to its folder, and brings an older one to
/// this version's schema.
async fn restore_into(from: &Path, half: &Location) -> Result<u64> {
    let copy = match half {
        // On the disk that must have room for the city anyway.
        Location::Folder(folder) => {
            std::fs::create_dir_all(folder)?;
            tempfile::Builder::new().tempdir_in(folder)?
        }
        Location::Postgres { .. } => tempfile::Builder::new()
            .prefix("pendopo-restore-")
            .tempdir()?,
    };
    let (source, into) = (from.to_owned(), copy.path().to_owned());
    tokio::task::spawn_blocking(move || copy_files(&source, &into))
        .await
        .map_err(|_| StoreError::NotWritten)??;
    // Rows are copied as they are, sealed; no key is needed to move a city.
    let place = Location::Folder(copy.path().to_owned());
    let store = Store::open(place, MasterKey::new([0; 32])).await?;
    let rows = copy_all(&store, half).await;
    store.close().await;
    copy.close()?;
    rows
}

/// Copies the databases that are there (a backup may be without keys), each with the log that a node may have left
/// beside it.
fn copy_files(from: &Path, into: &Path) -> Result<()> {
    // Files of a city that is served change while they are copied.
    if let Ok(lock) = File::open(from.join(LOCK_FILE))
        && matches!(
            lock.try_lock_shared(),
            Err(std::fs::TryLockError::WouldBlock)
        )
    {
        return Err(std::io::Error::from(ErrorKind::ResourceBusy).into());
    }
    for kind in Kind::ALL {
        for ending in ["", "-wal"] {
            let name = format!("{}{ending}", kind.file_name());
            // Not `fs::copy`: the copy of a file that may only be read is to be written to.
            match File::open(from.join(&name)) {
                Ok(mut file) => {
                    std::io::copy(&mut file, &mut File::create_new(into.join(&name))?)?;
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

async fn copy_all(store: &Store, to: &Location) -> Result<u64> {
    if let Location::Folder(folder) = to {
        std::fs::create_dir_all(folder)?;
    }
    // The tables of live data are looked at first: what they have not got at this moment, the journal has later.
    let mut live = store.tables.read().await?;
    let flushed = live_tables::flushed(&mut live).await?;
    let mut city = store.city.read().await?;
    let flushed = passed(&mut city, flushed.txid, flushed.seq).await?;
    let mut rows = copy_database(city, Kind::City, to, flushed).await?;
    let keys = store.keys.database().read().await?;
    rows += copy_database(keys, Kind::Keys, to, flushed).await?;
    let media = store.media.database().read().await?;
    rows += copy_database(media, Kind::Media, to, flushed).await?;
    rows += copy_database(live, Kind::Live, to, flushed).await?;
    Ok(rows)
}

/// `flushed` is how many rows of the copied journal the tables of live data have.
async fn copy_database(mut from: Db, kind: Kind, to: &Location, flushed: i64) -> Result<u64> {
    let target = Database::open(to, kind).await?;
    let mut rows = 0;
    for (table, order) in tables(kind) {
        rows += copy_table(&mut from, &target, table, order, flushed).await?;
    }
    drop(from);
    finish(&target, kind).await?;
    target.close().await;
    if let Location::Folder(folder) = to {
        settle(&folder.join(kind.file_name())).await?;
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

async fn copy_table(
    from: &mut Db,
    to: &Database,
    table: &'static str,
    order: &str,
    flushed: i64,
) -> Result<u64> {
    if table == "flushed" {
        // The new database has its row already.
        to.write(move |db| Box::pin(async move { live_tables::restart(db, flushed).await }))
            .await?;
        return Ok(1);
    }
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
const FLAGS: [&str; 5] = [
    "active",
    "approximate",
    "anonymous",
    "optional",
    "out_of_service",
];

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

/// Tables whose ids are given to them.
const NOT_COUNTED: [&str; 5] = [
    "photos",
    "subscriptions",
    "flushed",
    "entities",
    "history_entities",
];

/// PostgreSQL counts ids apart from the rows: the counters have to be moved past what was copied.
async fn finish(target: &Database, kind: Kind) -> Result<()> {
    target
        .write(move |db| {
            Box::pin(async move {
                if let Db::Postgres(tx) = db {
                    for (table, order) in tables(kind) {
                        let column = match *order {
                            "id" if !NOT_COUNTED.contains(table) => "id",
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
    /// A connection that was given up a moment ago may still hold the log.
    const TRIES: usize = 50;
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    for _ in 0..TRIES {
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
        if !Path::new(&log).exists() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    Ok(())
}
