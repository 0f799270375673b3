//! Lines of JSON, each an NGSI-LD entity or an array of them, in the order in which they happened.
//!
//! The latest `observedAt` of an entity is its time; one without any goes with the one before it.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use pendopo_domain::time::Timestamp;
use pendopo_standards::ngsi_ld::{Context, Document};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Content, Item, Reason, Record, ReplayError, open as open_file};

/// Bytes of one line.
pub const MOST_LINE: usize = 4 * 1024 * 1024;

/// The entities of a file, one after the other.
pub struct Lines {
    reader: BufReader<File>,
    file: String,
    waiting: VecDeque<Result<Record, Reason>>,
    last: Option<Timestamp>,
}

/// Opens a file.
pub fn open(path: &Path) -> Result<Lines, ReplayError> {
    Ok(Lines {
        reader: BufReader::new(open_file(path)?),
        file: super::shown(path),
        waiting: VecDeque::new(),
        last: None,
    })
}

impl Iterator for Lines {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        while self.waiting.is_empty() {
            match self.line() {
                Ok(Some(Ok(line))) => self.take(&line),
                Ok(Some(Err(reason))) => self.waiting.push_back(Err(reason)),
                Ok(None) => return None,
                Err(source) => {
                    let file = self.file.clone();
                    return Some(Err(ReplayError::Read { file, source }));
                }
            }
        }
        self.waiting.pop_front().map(Ok)
    }
}

impl Lines {
    fn line(&mut self) -> std::io::Result<Option<Result<Vec<u8>, Reason>>> {
        let mut line = vec![];
        let limit = MOST_LINE as u64 + 1;
        (&mut self.reader)
            .take(limit)
            .read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.len() > MOST_LINE && !line.ends_with(b"\n") {
            self.reader.skip_until(b'\n')?;
            return Ok(Some(Err(Reason::TooLong)));
        }
        Ok(Some(Ok(line)))
    }

    fn take(&mut self, line: &[u8]) {
        let text = line.trim_ascii();
        if text.is_empty() {
            return;
        }
        let entities: Vec<Box<RawValue>> = if text.starts_with(b"[") {
            match serde_json::from_slice(text) {
                Ok(entities) => entities,
                Err(_) => return self.waiting.push_back(Err(Reason::Unreadable)),
            }
        } else {
            match serde_json::from_slice(text) {
                Ok(entity) => vec![entity],
                Err(_) => return self.waiting.push_back(Err(Reason::Unreadable)),
            }
        };
        for entity in entities {
            let record = self.record(entity.get());
            self.waiting.push_back(record);
        }
    }

    fn record(&mut self, json: &str) -> Result<Record, Reason> {
        let document = Document::parse(json.as_bytes()).map_err(|_| Reason::Unreadable)?;
        let id = document.id().ok_or(Reason::MissingName)?.into_owned();
        let context = document.context().is_some();
        // What another context makes of the names is for the city to see.
        if !context && document.entity(&Context::core()).is_err() {
            return Err(Reason::BadValue);
        }
        let tree: Value = serde_json::from_str(json).map_err(|_| Reason::Unreadable)?;
        let at = observed_at(&tree)?.or(self.last);
        let at = at.ok_or(Reason::MissingTime)?;
        self.last = Some(at);
        let json = json.to_owned();
        Ok(Record {
            at,
            content: Content::Entity { id, json, context },
        })
    }
}

/// The latest `observedAt` of the attributes, also of those with several instances.
fn observed_at(entity: &Value) -> Result<Option<Timestamp>, Reason> {
    let members = entity.as_object().ok_or(Reason::Unreadable)?;
    let mut latest = None;
    for attribute in members.values() {
        let instances = attribute
            .as_array()
            .map_or(std::slice::from_ref(attribute), Vec::as_slice);
        for instance in instances {
            if let Some(at) = instance.get("observedAt") {
                let at = at.as_str().ok_or(Reason::BadTime)?;
                let at: jiff::Timestamp = at.parse().map_err(|_| Reason::BadTime)?;
                latest = latest.max(Some(at.into()));
            }
        }
    }
    Ok(latest)
}
