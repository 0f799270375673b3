//! What is kept of a proof: the figures, with the command, the commit and the machine they came from.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// Whether this run has written figures.
static WRITTEN: AtomicBool = AtomicBool::new(false);

/// Writes `figures` with where they came from.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, figures: &Value) -> Result<()> {
    WRITTEN.store(true, Ordering::SeqCst);
    let mut kept = json!({"command": command(), "commit": commit(), "machine": machine()});
    if let (Some(kept), Some(figures)) = (kept.as_object_mut(), figures.as_object()) {
        kept.extend(figures.clone());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let text = serde_json::to_string_pretty(&kept)?;
    std::fs::write(path, text + "\n").with_context(|| format!("{} is not writable", path.display()))
}

/// Says in the file why the proof failed, beside the figures if there are any. Those of an earlier run do not stay.
///
/// # Errors
/// When the file cannot be written.
pub fn failed(path: &Path, error: &anyhow::Error) -> Result<()> {
    let kept = WRITTEN
        .load(Ordering::SeqCst)
        .then(|| std::fs::read(path).ok())
        .flatten();
    let mut figures: Value = kept
        .and_then(|kept| serde_json::from_slice(&kept).ok())
        .unwrap_or_else(|| json!({}));
    figures["failed"] = format!("{error:#}").into();
    write(path, &figures)
}

/// As it was typed, without the address of a database, which may hold a password, and without folders that only this
/// machine has.
fn command() -> String {
    let mut words = vec!["prove".to_owned()];
    for word in std::env::args().skip(1) {
        let last = Path::new(&word).file_name().and_then(|name| name.to_str());
        words.push(match last {
            _ if word.contains("://") => "URL".to_owned(),
            Some(last) if word.starts_with('/') => last.to_owned(),
            _ => word,
        });
    }
    words.join(" ")
}

fn commit() -> String {
    let git = |args: &[&str]| -> Option<String> {
        let output = Command::new("git").args(args).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let Some(hash) = git(&["rev-parse", "--short", "HEAD"]) else {
        return "unknown".to_owned();
    };
    // A proof writes into docs/proof, which does not make the code another one.
    match git(&["status", "--porcelain", "--", ".", ":!docs/proof"]) {
        Some(changed) if changed.is_empty() => hash,
        _ => format!("{hash} with changes"),
    }
}

fn machine() -> Value {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| -> String {
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_once(':'));
        value.map_or_else(String::new, |(_, value)| value.trim().to_owned())
    };
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let kib: u64 = memory.trim_end_matches(" kB").parse().unwrap_or(0);
    json!({
        "cpu": field(&read("/proc/cpuinfo"), "model name"),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "memory_gib": kib >> 20,
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
    })
}
