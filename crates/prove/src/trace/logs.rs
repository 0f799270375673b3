use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;

use super::{Event, read, strace};
use crate::node::{City, Place};

/// Where strace writes: one log for each command, in their order.
pub struct Logs {
    folder: tempfile::TempDir,
    begun: AtomicUsize,
}

impl Logs {
    /// Makes a city behind strace.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn city(binary: &Path) -> Result<(Self, City)> {
        let folder = tempfile::Builder::new()
            .prefix("pendopo-prove-log-")
            .tempdir()?;
        let logs = Self {
            folder,
            begun: AtomicUsize::new(0),
        };
        let city = City::traced(binary, Place::Own, || logs.next()).await?;
        Ok((logs, city))
    }

    /// The words in front of the next command.
    pub fn next(&self) -> Vec<OsString> {
        strace(&self.path(self.begun.fetch_add(1, Ordering::Relaxed)))
    }

    /// What all commands did, see [`read`].
    ///
    /// # Errors
    /// When a call cannot be understood.
    pub fn read(&self, city: &City) -> Result<Vec<Event>> {
        let begun = self.begun.load(Ordering::Relaxed);
        let logs: Vec<PathBuf> = (0..begun).map(|number| self.path(number)).collect();
        read(&logs, &city.data())
    }

    fn path(&self, number: usize) -> PathBuf {
        self.folder.path().join(number.to_string())
    }
}
