//! What `xmllint` says about a document.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What is wrong with a document by a schema, if anything; `None` when there is no such program.
pub fn invalid(schema: &Path, document: &str) -> Option<Option<String>> {
    let mut child = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema"])
        .arg(schema)
        .arg("-")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .ok()?;
    child
        .stdin
        .take()
        .unwrap()
        .write_all(document.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Some((!output.status.success()).then_some(said))
}
