//! Warnings of agencies: files that a person brings, and feeds that are polled (Atom and RSS that list CAP 1.2).
//!
//! One task for each city that this process leads. A feed that fails costs itself alone; what it carried is marked when it
//! stays silent (`pendopo_operations::alerts::Seen::stale`).

mod poll;
#[cfg(test)]
mod tests;

pub use poll::run;

use pendopo_operations::alerts::Document;
use pendopo_operations::alerts::publish::Writer;
use pendopo_standards::cap;

/// Reads a document.
///
/// # Errors
/// Why nothing of it can be used.
pub fn read(bytes: &[u8]) -> Result<Document, cap::Refused> {
    let read = cap::convert::receive(bytes)?;
    Ok(Document {
        bytes: bytes.to_vec(),
        message: read.message,
        problems: read.problems,
        signatures: read.signatures,
    })
}

/// Writes the documents of the city's own warnings: CAP 1.2, after the self-test.
pub fn writer() -> Writer {
    Writer::new(|message, asked| {
        let languages: Vec<&str> = asked.languages.iter().map(String::as_str).collect();
        let what = cap::Asked {
            languages: &languages,
            within: asked.within,
        };
        let text = cap::convert::issue(message, asked.zone, what)?;
        read(text.as_bytes()).map_err(|refused| vec![refused.word().to_owned()])
    })
}
