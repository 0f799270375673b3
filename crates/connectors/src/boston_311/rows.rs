//! Rows of a CSV file (RFC 4180), one at a time, from a file that may be damaged anywhere.
//!
//! A quotation mark that never closes would swallow the rest of the file. So lines are put together here, with a
//! limit, and only whole rows go to the CSV parser: a broken row costs itself and nothing else.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};

use csv::{ByteRecord, ReaderBuilder};
use flate2::bufread::MultiGzDecoder;

use super::Reason;

/// Lines that one row may take; texts of people hold line breaks.
pub const MAX_LINES: usize = 50;
/// Bytes that one row may take.
pub const MAX_BYTES: usize = 64 * 1024;

/// One row, or why it is none.
pub(super) enum Row {
    /// UTF-8 in every field, as many fields as the header has.
    Whole(Vec<String>),
    Refused(Reason),
}

/// The rows of a file.
pub(super) struct Rows<'r> {
    reader: Box<dyn BufRead + 'r>,
    /// Lines that were looked at for a closing mark and belong to later rows.
    ahead: VecDeque<Line>,
    columns: usize,
}

enum Line {
    /// Without its line break.
    Text(Vec<u8>),
    /// Longer than [`MAX_BYTES`]; what it held is gone.
    TooLong,
}

impl<'r> Rows<'r> {
    /// Looks at the first bytes to tell gzip (RFC 1952 §2.3.1) from text.
    pub fn open(reader: impl Read + 'r) -> io::Result<Self> {
        const GZIP: [u8; 2] = [0x1f, 0x8b];
        let mut reader = BufReader::with_capacity(MAX_BYTES, reader);
        let reader: Box<dyn BufRead + 'r> = if reader.fill_buf()?.starts_with(&GZIP) {
            Box::new(BufReader::new(MultiGzDecoder::new(reader)))
        } else {
            Box::new(reader)
        };
        Ok(Self {
            reader,
            ahead: VecDeque::new(),
            columns: 0,
        })
    }

    /// The names in the first line. A file without a readable one has no names.
    pub fn header(&mut self) -> io::Result<Vec<String>> {
        const BYTE_ORDER_MARK: &str = "\u{feff}";
        let mut names = match self.record()? {
            Some(Ok(record)) => text(&record).unwrap_or_default(),
            _ => vec![],
        };
        if let Some(bare) = names
            .first()
            .and_then(|name| name.strip_prefix(BYTE_ORDER_MARK))
        {
            names[0] = bare.to_owned();
        }
        self.columns = names.len();
        Ok(names)
    }

    /// The next row; `None` at the end. Empty lines are no rows.
    pub fn next(&mut self) -> io::Result<Option<Row>> {
        let record = match self.record()? {
            None => return Ok(None),
            Some(Err(reason)) => return Ok(Some(Row::Refused(reason))),
            Some(Ok(record)) => record,
        };
        if record.len() != self.columns {
            return Ok(Some(Row::Refused(Reason::WrongColumnCount)));
        }
        Ok(Some(match text(&record) {
            Some(fields) => Row::Whole(fields),
            None => Row::Refused(Reason::NotUtf8),
        }))
    }

    fn record(&mut self) -> io::Result<Option<Result<ByteRecord, Reason>>> {
        let mut row = loop {
            match self.line()? {
                None => return Ok(None),
                Some(Line::TooLong) => return Ok(Some(Err(Reason::TextTooLong))),
                Some(Line::Text(line)) if line.is_empty() => {}
                Some(Line::Text(line)) => break line,
            }
        };
        if opens(&row, false) && !self.complete(&mut row)? {
            return Ok(Some(Err(Reason::BrokenQuoting)));
        }
        Ok(Some(Ok(parse(&row)?)))
    }

    /// Adds the lines up to the closing mark to `row`; gives them back when there is none within the limits.
    fn complete(&mut self, row: &mut Vec<u8>) -> io::Result<bool> {
        let mut taken = Vec::new();
        let mut bytes = row.len();
        let mut open = true;
        while open && taken.len() + 1 < MAX_LINES && bytes <= MAX_BYTES {
            match self.line()? {
                None => break,
                Some(Line::TooLong) => {
                    taken.push(Line::TooLong);
                    break;
                }
                Some(Line::Text(line)) => {
                    open = opens(&line, true);
                    bytes += line.len() + 1;
                    taken.push(Line::Text(line));
                }
            }
        }
        if open {
            taken
                .into_iter()
                .rev()
                .for_each(|line| self.ahead.push_front(line));
            return Ok(false);
        }
        for line in taken {
            if let Line::Text(line) = line {
                row.push(b'\n');
                row.extend(line);
            }
        }
        Ok(true)
    }

    fn line(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.ahead.pop_front() {
            return Ok(Some(line));
        }
        let mut line = Vec::new();
        let limit = MAX_BYTES as u64 + 1;
        (&mut self.reader)
            .take(limit)
            .read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.len() > MAX_BYTES && !line.ends_with(b"\n") {
            self.reader.skip_until(b'\n')?;
            return Ok(Some(Line::TooLong));
        }
        if line.ends_with(b"\n") {
            line.pop();
        }
        if line.ends_with(b"\r") {
            line.pop();
        }
        Ok(Some(Line::Text(line)))
    }
}

/// Whether a quoted field is open at the end of `line`, when it was (`inside`) or was not open before it.
fn opens(line: &[u8], mut inside: bool) -> bool {
    let mut at_start = !inside;
    let mut bytes = line.iter().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            // Two marks inside a quoted field stand for one.
            b'"' if inside && bytes.peek() == Some(&&b'"') => drop(bytes.next()),
            b'"' if inside => inside = false,
            b'"' if at_start => inside = true,
            _ => {}
        }
        at_start = !inside && *byte == b',';
    }
    inside
}

fn parse(row: &[u8]) -> io::Result<ByteRecord> {
    let mut record = ByteRecord::new();
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(row.len().max(1))
        .from_reader(row)
        .read_byte_record(&mut record)
        .map_err(io::Error::other)?;
    Ok(record)
}

fn text(record: &ByteRecord) -> Option<Vec<String>> {
    record
        .iter()
        .map(|field| String::from_utf8(field.to_vec()).ok())
        .collect()
}
