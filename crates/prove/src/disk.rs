//! What a disk holds after the power went: a model of files, of which only what was synced is certain.
//!
//! The rules are those of ext4 and filesystems like it:
//! - `fsync` and `fdatasync` of a file make its bytes and its length durable, and its name if it is a new file.
//! - Names that were made, changed or removed are certain once their folder was synced.
//! - Everything else may be there or not, each page by itself, in any order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::chance::Chance;
use crate::trace::{Event, What};

/// Pieces of a write that survive or not, each by itself. A disk keeps a sector of 512 bytes whole, not a page.
const PIECE: usize = 512;

/// What is believed of writes that were not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsynced {
    /// None of them reached the disk.
    Lost,
    /// Each piece of them, with this chance in a hundred.
    Torn { kept_percent: u64 },
}

#[derive(Default)]
struct File {
    durable: Vec<u8>,
    /// With the place in the order where each ended.
    pending: Vec<(usize, Change)>,
}

enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate(usize),
}

/// All files, as the processes see them and as the disk has them.
#[derive(Default)]
pub struct Disk {
    files: Vec<File>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
}

impl Disk {
    /// Lets something happen.
    ///
    /// # Errors
    /// When it happens to a file that is not there: then the log was not understood.
    pub fn apply(&mut self, event: &Event) -> Result<()> {
        match &event.what {
            What::Create(path) => {
                self.names.insert(path.clone(), self.files.len());
                self.files.push(File::default());
            }
            What::Write {
                path,
                offset,
                bytes,
            } => {
                let change = Change::Write {
                    offset: *offset,
                    bytes: bytes.clone(),
                };
                self.file(path)?.pending.push((event.at, change));
            }
            What::Truncate { path, length } => {
                let change = Change::Truncate(*length);
                self.file(path)?.pending.push((event.at, change));
            }
            What::Rename { from, to } => {
                let file = self.names.remove(from).context("nothing to rename")?;
                self.names.insert(to.clone(), file);
            }
            What::Remove(path) => {
                self.names.remove(path);
            }
            What::Sync(path) => self.sync(path, event.begun),
            What::Answer(_) | What::Acknowledged { .. } | What::Ended => {}
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> Result<&mut File> {
        let at = self
            .names
            .get(path)
            .with_context(|| format!("no file {}", path.display()))?;
        Ok(&mut self.files[*at])
    }

    fn sync(&mut self, path: &Path, begun: usize) {
        if let Some(at) = self.names.get(path).copied() {
            let file = &mut self.files[at];
            let (before, after) = std::mem::take(&mut file.pending)
                .into_iter()
                .partition(|(ended, _)| *ended < begun);
            file.pending = after;
            for (_, change) in before {
                change.make(&mut file.durable, |_| true);
            }
            self.durable_names.insert(path.to_owned(), at);
            return;
        }
        // A folder: its names as they are now.
        let inside = |name: &PathBuf| name.parent() == Some(path);
        self.durable_names.retain(|name, _| !inside(name));
        let now = self.names.iter().filter(|(name, _)| inside(name));
        let now: Vec<_> = now.map(|(name, at)| (name.clone(), *at)).collect();
        self.durable_names.extend(now);
    }

    /// How many bytes wait for a sync.
    pub fn unsynced(&self) -> usize {
        let changes = self.files.iter().flat_map(|file| &file.pending);
        changes
            .map(|(_, change)| match change {
                Change::Write { bytes, .. } => bytes.len(),
                Change::Truncate(_) => 0,
            })
            .sum()
    }

    /// Writes what the disk would hold if the power went now, `root` becoming `folder`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn image(
        &self,
        root: &Path,
        folder: &Path,
        unsynced: Unsynced,
        chance: &mut Chance,
    ) -> Result<()> {
        for (name, at) in self.surviving_names(unsynced, chance) {
            let file = &self.files[at];
            let mut bytes = file.durable.clone();
            if let Unsynced::Torn { kept_percent } = unsynced {
                for (_, change) in &file.pending {
                    change.make(&mut bytes, |_| chance.percent(kept_percent));
                }
            }
            let path = folder.join(name.strip_prefix(root)?);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(path, bytes)?;
        }
        Ok(())
    }

    fn surviving_names(&self, unsynced: Unsynced, chance: &mut Chance) -> BTreeMap<PathBuf, usize> {
        let mut names = self.durable_names.clone();
        let Unsynced::Torn { kept_percent } = unsynced else {
            return names;
        };
        for (name, at) in &self.names {
            if names.get(name) != Some(at) && chance.percent(kept_percent) {
                names.insert(name.clone(), *at);
            }
        }
        for name in self.durable_names.keys() {
            if !self.names.contains_key(name) && chance.percent(kept_percent) {
                names.remove(name);
            }
        }
        names
    }
}

impl Change {
    /// Makes the change, or those pieces of it that `survives` says yes to.
    fn make(&self, file: &mut Vec<u8>, mut survives: impl FnMut(usize) -> bool) {
        match self {
            Self::Truncate(length) => {
                if survives(*length) {
                    file.resize(*length, 0);
                }
            }
            Self::Write { offset, bytes } => {
                let mut at = 0;
                while at < bytes.len() {
                    let place = offset + at;
                    let end = bytes.len().min(at + PIECE - place % PIECE);
                    if survives(place) {
                        let needed = offset + end;
                        if file.len() < needed {
                            file.resize(needed, 0);
                        }
                        file[place..needed].copy_from_slice(&bytes[at..end]);
                    }
                    at = end;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "/d";

    fn disk(events: Vec<What>) -> Disk {
        let mut disk = Disk::default();
        for (at, what) in events.into_iter().enumerate() {
            disk.apply(&Event {
                at,
                begun: at,
                what,
            })
            .unwrap();
        }
        disk
    }

    fn write(path: &str, offset: usize, bytes: &[u8]) -> What {
        What::Write {
            path: path.into(),
            offset,
            bytes: bytes.to_vec(),
        }
    }

    fn after_loss(disk: &Disk, name: &str, unsynced: Unsynced) -> Option<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        disk.image(
            Path::new(ROOT),
            folder.path(),
            unsynced,
            &mut Chance::new(1),
        )
        .unwrap();
        std::fs::read(folder.path().join(name)).ok()
    }

    #[test]
    fn only_what_was_synced_survives() {
        let mut events = vec![
            What::Create("/d/a".into()),
            write("/d/a", 0, b"one"),
            What::Sync("/d/a".into()),
            write("/d/a", 3, b"two"),
        ];
        let lost = after_loss(&disk(events.split_off(0)), "a", Unsynced::Lost);
        assert_eq!(lost.as_deref(), Some(&b"one"[..]));
    }

    #[test]
    fn a_file_that_was_never_synced_is_not_there_unless_its_folder_was() {
        let events = || vec![What::Create("/d/a".into()), write("/d/a", 0, b"one")];
        assert_eq!(after_loss(&disk(events()), "a", Unsynced::Lost), None);
        let mut synced = events();
        synced.push(What::Sync("/d".into()));
        assert_eq!(after_loss(&disk(synced), "a", Unsynced::Lost), Some(vec![]));
    }

    #[test]
    fn a_removed_name_comes_back_until_its_folder_is_synced() {
        let events = || {
            vec![
                What::Create("/d/a".into()),
                What::Sync("/d/a".into()),
                What::Remove("/d/a".into()),
            ]
        };
        assert_eq!(
            after_loss(&disk(events()), "a", Unsynced::Lost),
            Some(vec![])
        );
        let mut synced = events();
        synced.push(What::Sync("/d".into()));
        assert_eq!(after_loss(&disk(synced), "a", Unsynced::Lost), None);
    }

    #[test]
    fn a_sync_covers_what_had_ended_before_it_began() {
        let mut disk = disk(vec![What::Create("/d/a".into())]);
        let mut happen = |begun, at, what| disk.apply(&Event { at, begun, what }).unwrap();
        happen(1, 1, write("/d/a", 0, b"before"));
        happen(3, 4, write("/d/a", 6, b"during"));
        happen(2, 5, What::Sync("/d/a".into()));
        assert_eq!(
            after_loss(&disk, "a", Unsynced::Lost),
            Some(b"before".to_vec())
        );
        assert_eq!(disk.unsynced(), 6);
    }

    #[test]
    fn torn_writes_survive_piece_by_piece() {
        let events = vec![
            What::Create("/d/a".into()),
            What::Sync("/d/a".into()),
            write("/d/a", 100, &[7; 64 * PIECE]),
        ];
        let torn = Unsynced::Torn { kept_percent: 50 };
        let bytes = after_loss(&disk(events), "a", torn).unwrap();
        let kept = bytes.iter().filter(|byte| **byte == 7).count();
        assert!((16 * PIECE..48 * PIECE).contains(&kept), "{kept}");
    }
}
