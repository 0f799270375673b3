//! What a node asked the kernel to do with its files and its answers, in order, from a log of strace.
//!
//! strace stops a thread at the entry and at the exit of a call and writes a line before it lets it go on. So if one
//! thing had to end before another could begin (the sync, then the answer), the log has them in that order.
//!
//! A `write` counts from its exit, a sync from its exit and for what had ended before its entry, an answer from its
//! entry. Each of these is the reading that finds more faults.

mod line;
mod logs;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use line::{Call, Fd};
pub use logs::Logs;

/// The calls that are watched. `mmap` to see that no database is written through memory.
const CALLS: &str = "openat,open,creat,close,dup,pwrite64,write,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,\
     rename,renameat,renameat2,unlink,unlinkat,link,linkat,fsync,fdatasync,sync_file_range,sendto,sendmsg,mmap";

/// The words in front of a command that log its calls to `log`.
fn strace(log: &Path) -> Vec<OsString> {
    let calls = format!("trace={CALLS}");
    // -xx prints every byte as \x41, so that a text needs no other rules; -y prints the path of a descriptor.
    let mut words: Vec<OsString> = [
        "strace",
        "-f",
        "-q",
        "-y",
        "-xx",
        "-s",
        "4194304",
        "--seccomp-bpf",
        "-e",
    ]
    .map(OsString::from)
    .to_vec();
    words.push(calls.into());
    words.push("-o".into());
    words.push(log.into());
    words
}

/// The words in front of a command that count its syncs into `out`.
pub fn strace_count(out: &Path) -> Vec<OsString> {
    let mut words: Vec<OsString> = [
        "strace",
        "-f",
        "-q",
        "--seccomp-bpf",
        "-c",
        "-e",
        "trace=fdatasync,fsync",
        "-o",
    ]
    .map(OsString::from)
    .to_vec();
    words.push(out.into());
    words
}

/// The number of calls in a table of `strace -c`.
pub fn counted(table: &str) -> u64 {
    let rows = table.lines().filter(|line| line.ends_with("sync"));
    let calls = rows.filter_map(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok());
    calls.sum()
}

/// Something that happened, with its place in the order.
#[derive(Debug)]
pub struct Event {
    /// Where it takes effect.
    pub at: usize,
    /// Where it began; before `at` or equal.
    pub begun: usize,
    pub what: What,
}

#[derive(Debug, PartialEq, Eq)]
pub enum What {
    /// A new, empty file stands at the path.
    Create(PathBuf),
    Write {
        path: PathBuf,
        offset: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        path: PathBuf,
        length: usize,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Remove(PathBuf),
    /// `fsync` or `fdatasync` of a file or a folder.
    Sync(PathBuf),
    /// The numbers of the reports in an answer that went out.
    Answer(Vec<String>),
    /// An answer without them that is no refusal: where it went, and the entity that it shows.
    Acknowledged {
        line: String,
        entity: Option<String>,
    },
    /// A command of the same log ended; what it said was said.
    Ended,
}

/// Reads logs that were made one after the other, and keeps what happened below `root`.
///
/// # Errors
/// When a call cannot be understood: a proof must not overlook one.
fn read(logs: &[PathBuf], root: &Path) -> Result<Vec<Event>> {
    let mut reader = Reader {
        root: root.to_owned(),
        at: 0,
        sizes: HashMap::new(),
        offsets: HashMap::new(),
        events: Vec::new(),
    };
    for log in logs {
        let text = std::fs::read(log).with_context(|| format!("no log at {}", log.display()))?;
        reader.log(&text)?;
    }
    reader.events.sort_by_key(|event| event.at);
    Ok(reader.events)
}

struct Reader {
    root: PathBuf,
    /// Lines so far.
    at: usize,
    /// Which files exist, to tell a new one from an opened one, and how long they are, for appending.
    sizes: HashMap<PathBuf, usize>,
    /// Where `write` goes on, by descriptor; `None` is at the end.
    offsets: HashMap<i64, Option<usize>>,
    events: Vec<Event>,
}

impl Reader {
    fn log(&mut self, text: &[u8]) -> Result<()> {
        self.offsets.clear();
        // Calls that have begun, by thread.
        let mut begun: HashMap<Vec<u8>, (usize, Vec<u8>)> = HashMap::new();
        for raw in text.split(|byte| *byte == b'\n') {
            self.at += 1;
            let Some((thread, rest)) = line::thread(raw) else {
                continue;
            };
            if let Some(start) = rest.strip_suffix(b" <unfinished ...>") {
                begun.insert(thread.to_vec(), (self.at, start.to_vec()));
                continue;
            }
            let (from, whole) = match line::resumed(rest) {
                Some(end) => {
                    let (from, mut start) =
                        begun.remove(thread).context("an end without a begin")?;
                    start.extend_from_slice(end);
                    (from, start)
                }
                None => (self.at, rest.to_vec()),
            };
            if let Some(call) = Call::parse(&whole)? {
                self.call(from, &call)
                    .with_context(|| format!("line {}: {}", self.at, call.name))?;
            }
        }
        // A node that was killed leaves calls without an end: an answer may have gone out all the same.
        for (from, start) in begun.into_values() {
            if let Some(call) = Call::parse(&[&start[..], b") = 0"].concat())?
                && matches!(call.name.as_str(), "sendto" | "sendmsg")
            {
                self.call(from, &call)?;
            }
        }
        self.at += 1;
        self.push(self.at, What::Ended);
        Ok(())
    }

    fn push(&mut self, begun: usize, what: What) {
        let at = match what {
            What::Answer(_) | What::Acknowledged { .. } => begun,
            _ => self.at,
        };
        self.events.push(Event { at, begun, what });
    }

    fn ours(&self, path: &Path) -> bool {
        // The -shm of a database is an index of its -wal, rebuilt at the first opening after a crash.
        path.starts_with(&self.root) && !path.to_string_lossy().ends_with("-shm")
    }

    fn call(&mut self, begun: usize, call: &Call) -> Result<()> {
        match call.name.as_str() {
            "open" | "openat" | "creat" => self.open(begun, call),
            "write" | "writev" | "pwrite64" | "pwritev" | "pwritev2" | "sendto" | "sendmsg" => {
                self.write(begun, call)
            }
            "ftruncate" | "truncate" => self.truncate(begun, call),
            "rename" | "renameat" | "renameat2" => self.rename(begun, call),
            "unlink" | "unlinkat" => self.remove(begun, call),
            "fsync" | "fdatasync" => self.sync(begun, call),
            "mmap" | "fallocate" | "link" | "linkat" | "sync_file_range" | "dup" => {
                self.refuse(call)
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, begun: usize, call: &Call) -> Result<()> {
        let Fd::Path(number, path) = call.result_fd() else {
            return Ok(());
        };
        if !self.ours(&path) || call.has("O_DIRECTORY") {
            return Ok(());
        }
        let append = call.has("O_APPEND");
        self.offsets.insert(number, (!append).then_some(0));
        if !self.sizes.contains_key(&path) && call.has("O_CREAT") {
            self.sizes.insert(path.clone(), 0);
            self.push(begun, What::Create(path));
        } else if call.has("O_TRUNC") {
            self.sizes.insert(path.clone(), 0);
            self.push(begun, What::Truncate { path, length: 0 });
        }
        Ok(())
    }

    fn write(&mut self, begun: usize, call: &Call) -> Result<()> {
        let (number, path) = match call.fd() {
            Fd::Path(number, path) => (number, path),
            Fd::Other(line) => {
                if let Some(what) = answer(line, &call.bytes()) {
                    self.push(begun, what);
                }
                return Ok(());
            }
            Fd::None => return Ok(()),
        };
        if !self.ours(&path) {
            return Ok(());
        }
        let written = usize::try_from(call.result()).context("a write failed")?;
        let mut bytes = call.bytes();
        ensure!(bytes.len() >= written, "a write was logged short");
        bytes.truncate(written);
        let size = self.sizes.get(&path).copied().unwrap_or(0);
        let offset = if call.name.starts_with("pwrite") {
            call.number_from_end(if call.name == "pwritev2" { 1 } else { 0 })?
        } else {
            let held = self
                .offsets
                .get_mut(&number)
                .context("a write to an unknown place")?;
            let offset = held.unwrap_or(size);
            if let Some(next) = held {
                *next = offset + written;
            }
            offset
        };
        self.sizes.insert(path.clone(), size.max(offset + written));
        self.push(
            begun,
            What::Write {
                path,
                offset,
                bytes,
            },
        );
        Ok(())
    }

    fn truncate(&mut self, begun: usize, call: &Call) -> Result<()> {
        let path = match call.fd() {
            Fd::Path(_, path) => path,
            _ => call.paths().into_iter().next().context("no path")?,
        };
        if self.ours(&path) && call.result() == 0 {
            let length = call.number_from_end(0)?;
            self.sizes.insert(path.clone(), length);
            self.push(begun, What::Truncate { path, length });
        }
        Ok(())
    }

    fn rename(&mut self, begun: usize, call: &Call) -> Result<()> {
        let [from, to] = call.paths().try_into().ok().context("not two paths")?;
        if call.result() != 0 || !(self.ours(&from) || self.ours(&to)) {
            return Ok(());
        }
        ensure!(
            self.ours(&from) && self.ours(&to),
            "a file came from elsewhere"
        );
        let size = self
            .sizes
            .remove(&from)
            .context("an unknown file was renamed")?;
        self.sizes.insert(to.clone(), size);
        self.push(begun, What::Rename { from, to });
        Ok(())
    }

    fn remove(&mut self, begun: usize, call: &Call) -> Result<()> {
        let path = call.paths().into_iter().next().context("no path")?;
        if self.ours(&path) && call.result() == 0 {
            self.sizes.remove(&path);
            self.push(begun, What::Remove(path));
        }
        Ok(())
    }

    fn sync(&mut self, begun: usize, call: &Call) -> Result<()> {
        if let Fd::Path(_, path) = call.fd()
            && self.ours(&path)
        {
            ensure!(call.result() == 0, "a sync failed");
            self.push(begun, What::Sync(path));
        }
        Ok(())
    }

    /// What this reading of a log knows nothing of must not happen to the files of a city.
    fn refuse(&self, call: &Call) -> Result<()> {
        let harmless = match call.name.as_str() {
            "mmap" => !call.has("MAP_SHARED") || !call.has("PROT_WRITE"),
            _ => false,
        };
        let touched = call.all_paths().into_iter().find(|path| self.ours(path));
        match touched {
            Some(path) if !harmless => bail!("{} of {}", call.name, path.display()),
            _ => Ok(()),
        }
    }
}

/// What went to a client on `line`, if it is the beginning of an answer that is no refusal.
fn answer(line: String, bytes: &[u8]) -> Option<What> {
    let text = String::from_utf8_lossy(bytes);
    let numbers = named(&text, "service_request_id");
    if !numbers.is_empty() {
        return Some(What::Answer(numbers));
    }
    text.starts_with("HTTP/1.1 20").then(|| What::Acknowledged {
        line,
        entity: named(&text, "id").into_iter().next(),
    })
}

/// The texts of all members called `name` in JSON.
fn named(text: &str, name: &str) -> Vec<String> {
    let name = format!("\"{name}\":\"");
    let parts = text.split(&name).skip(1);
    parts
        .filter_map(|rest| rest.split('"').next())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line as strace prints it: `{…}` is a text, `<…>` the path of a descriptor, both in hexadecimal.
    fn logged(line: &str) -> String {
        let hex = |text: &str| -> String { text.bytes().map(|b| format!("\\x{b:02x}")).collect() };
        let mut out = String::new();
        let mut rest = line;
        while let Some(at) = rest.find(['{', '<']) {
            let (close, open_as, close_as) = match &rest[at..=at] {
                "{" => ('}', "\"", "\""),
                _ => ('>', "<", ">"),
            };
            let end = at + rest[at..].find(close).unwrap();
            let inside = &rest[at + 1..end];
            let plain = inside.starts_with("unfinished") || inside.starts_with("...");
            let inside = if plain {
                inside.to_owned()
            } else {
                hex(inside)
            };
            out += &format!("{}{open_as}{inside}{close_as}", &rest[..at]);
            rest = &rest[end + 1..];
        }
        out + rest
    }

    fn events(lines: &[&str]) -> Result<Vec<(usize, usize, What)>> {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let text: Vec<String> = lines.iter().map(|line| logged(line)).collect();
        std::fs::write(&log, text.join("\n")).unwrap();
        let events = read(&[log], Path::new("/d"))?.into_iter();
        let kept = events.filter(|event| event.what != What::Ended);
        Ok(kept
            .map(|event| (event.begun, event.at, event.what))
            .collect())
    }

    #[test]
    fn a_sync_counts_from_its_end_and_an_answer_from_its_beginning() {
        let found = events(&[
            "7 openat(AT_FDCWD</>, {/d/a.db-wal}, O_RDWR|O_CREAT|O_CLOEXEC, 0644) = 9</d/a.db-wal>",
            "7 pwrite64(9</d/a.db-wal>, {ab\"c}, 4, 32) = 4",
            "7 fdatasync(9</d/a.db-wal> <unfinished ...>",
            "8 sendto(12<socket:[5]>, {[{\"service_request_id\":\"L-3\"}]}, 30, MSG_NOSIGNAL, NULL, 0 <unfinished ...>",
            "7 <... fdatasync resumed>)         = 0",
            "8 <... sendto resumed>)            = 30",
            "9 +++ exited with 0 +++",
        ]);
        let path = || PathBuf::from("/d/a.db-wal");
        let write = What::Write {
            path: path(),
            offset: 32,
            bytes: b"ab\"c".to_vec(),
        };
        assert_eq!(
            found.unwrap(),
            [
                (1, 1, What::Create(path())),
                (2, 2, write),
                (4, 4, What::Answer(vec!["L-3".to_owned()])),
                (3, 5, What::Sync(path())),
            ]
        );
    }

    #[test]
    fn an_answer_without_a_number_is_known_by_where_it_went() {
        let found = events(&[
            "7 sendto(12<socket:[5]>, {HTTP/1.1 200 OK\r\n\r\n[{\"id\":\"urn:a\"}]}, 30, MSG_NOSIGNAL, NULL, 0) = 30",
            "7 sendto(12<socket:[5]>, {HTTP/1.1 204 No Content\r\n\r\n}, 27, MSG_NOSIGNAL, NULL, 0) = 27",
            "7 sendto(12<socket:[5]>, {HTTP/1.1 400 Bad Request\r\n\r\n}, 28, MSG_NOSIGNAL, NULL, 0) = 28",
        ]);
        let found: Vec<What> = found.unwrap().into_iter().map(|(.., what)| what).collect();
        let line = || "socket:[5]".to_owned();
        let shown = What::Acknowledged {
            line: line(),
            entity: Some("urn:a".to_owned()),
        };
        let done = What::Acknowledged {
            line: line(),
            entity: None,
        };
        assert_eq!(found, [shown, done]);
    }

    #[test]
    fn a_write_without_a_place_goes_on_where_the_last_one_ended() {
        let found = events(&[
            "7 openat(AT_FDCWD</d>, {new}, O_WRONLY|O_CREAT|O_EXCL, 0600) = 3</d/new>",
            "7 write(3</d/new>, {one}, 3) = 3",
            "7 writev(3</d/new>, [iov_base={two}, iov_len=3, iov_base={3}, iov_len=1], 2) = 4",
            "7 rename({/d/new}, {/d/old}) = 0",
        ]);
        let place = |what: &What| match what {
            What::Write { offset, bytes, .. } => Some((*offset, bytes.clone())),
            _ => None,
        };
        let places: Vec<_> = found
            .unwrap()
            .iter()
            .filter_map(|(.., what)| place(what))
            .collect();
        assert_eq!(places, [(0, b"one".to_vec()), (3, b"two3".to_vec())]);
    }

    #[test]
    fn a_database_that_is_written_through_memory_ends_the_proof() {
        let map = |path: &str, how: &str| {
            events(&[&format!(
                "7 mmap(NULL, 4096, {how}, MAP_SHARED, 9<{path}>, 0) = 0x7f00"
            )])
        };
        assert!(map("/d/a.db", "PROT_READ|PROT_WRITE").is_err());
        assert!(map("/d/a.db", "PROT_READ").is_ok());
        assert!(map("/d/a.db-shm", "PROT_READ|PROT_WRITE").is_ok());
    }
}
