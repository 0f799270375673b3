//! Changes of entities that only the journal has: how many there are, and how to have as many as one likes.
//!
//! The tables are brought after the journal all the time, so a kill leaves a tail of chance. A copy of the tables from
//! before a load, put back while no node runs, makes all of that load the tail. That is what a node finds whose tables
//! were restored from an older backup than its journal.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use pendopo_store::{Location, Store, live};

use crate::node::City;
use crate::verify;

/// Journal rows that are read at a time.
const ROWS: i64 = 64;
/// The database of the tables and its log.
const FILES: [&str; 2] = ["live.db", "live.db-wal"];

/// How many changes of entities the journal has and the tables have not. No node may run.
///
/// # Errors
/// When the city does not open.
pub async fn unflushed(city: &City) -> Result<usize> {
    let master = verify::master_key(&city.key_file()).context("the node has no key")?;
    let store = Store::open(city.location(), master.for_city(&city.slug)).await?;
    let mut from = store.flushed().await?;
    let mut db = store.read().await?;
    let mut count = 0;
    loop {
        let entries = live::after(&mut db, from, ROWS).await?;
        let Some(last) = entries.last() else { break };
        from = last.position;
        count += entries.iter().map(|one| one.effects.len()).sum::<usize>();
    }
    drop(db);
    store.close().await;
    Ok(count)
}

/// A copy of the tables of a city.
pub struct Tables {
    copy: PathBuf,
    of: PathBuf,
}

impl Tables {
    /// Copies them, after a node has ended in order. `None` on PostgreSQL.
    ///
    /// # Errors
    /// When they cannot be copied.
    pub fn copied(city: &City) -> Result<Option<Self>> {
        let Location::Folder(of) = city.location() else {
            return Ok(None);
        };
        let copy = city.home().join("tables");
        std::fs::create_dir_all(&copy)?;
        put(&of, &copy)?;
        ensure!(copy.join(FILES[0]).is_file(), "there are no tables");
        Ok(Some(Self { copy, of }))
    }

    /// Puts the copy back. No node may run.
    ///
    /// # Errors
    /// When it cannot be put back.
    pub fn put_back(self) -> Result<()> {
        // The index of a log that is not theirs any more.
        remove(&self.of.join("live.db-shm"))?;
        put(&self.copy, &self.of)
    }
}

/// Makes the files in `to` those of `from`: what is not in `from` is not in `to` either.
fn put(from: &Path, to: &Path) -> Result<()> {
    for name in FILES {
        let (from, to) = (from.join(name), to.join(name));
        remove(&to)?;
        if from.is_file() {
            std::fs::copy(&from, &to)
                .with_context(|| format!("{} cannot be copied", from.display()))?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
