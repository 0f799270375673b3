//! Chromium with a page of the node, driven by a script of Playwright that says what is on the screen, a line each.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::{Sights, number_of, system_now};

/// How long a browser may take to show its page, and to end.
const PATIENCE: Duration = Duration::from_secs(90);

/// A browser that shows a page until it is ended.
pub struct Browser {
    pub sights: Sights,
    script: Child,
    hidden: Arc<AtomicUsize>,
    reading: JoinHandle<Result<f64>>,
}

impl Browser {
    /// Returns when the page shows the mark of the entity with this id.
    ///
    /// # Errors
    /// When it does not, or Node or Playwright is missing.
    pub async fn open(script: &Path, url: &str, id: &str) -> Result<Self> {
        let mut child = Command::new("node")
            .arg(script)
            .args([url, id])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("node is not installed")?;
        let said = child.stdout.take().context("no output")?;
        let mut said = BufReader::new(said).lines();
        let first = tokio::time::timeout(PATIENCE, said.next_line()).await;
        let first = first.context("the page does not show the mark")??;
        ensure!(
            first.as_deref() == Some("ready"),
            "the browser does not start; is e2e/node_modules there?"
        );
        let (sights, hidden) = (Sights::default(), Arc::new(AtomicUsize::new(0)));
        let reading = tokio::spawn(read(said, sights.clone(), Arc::clone(&hidden)));
        Ok(Self {
            sights,
            script: child,
            hidden,
            reading,
        })
    }

    /// Values that were in the page and not to be seen.
    pub fn hidden(&self) -> usize {
        self.hidden.load(Ordering::SeqCst)
    }

    /// Closes the browser. Returns by how much its clock differed from ours at most, in milliseconds.
    ///
    /// # Errors
    /// When it does not end, or said what does not read.
    pub async fn end(mut self) -> Result<f64> {
        drop(self.script.stdin.take());
        let status = tokio::time::timeout(PATIENCE, self.script.wait()).await;
        let status = status.context("the browser does not end")??;
        ensure!(status.success(), "the browser ended with {status}");
        self.reading.await?
    }
}

async fn read(
    mut said: Lines<BufReader<ChildStdout>>,
    sights: Sights,
    hidden: Arc<AtomicUsize>,
) -> Result<f64> {
    // One pair of readings of both clocks for all lines, so that a step of the clock does not hide.
    let (here, system) = (Instant::now(), system_now());
    let mut differ: f64 = 0.0;
    while let Some(line) = said.next_line().await? {
        let told: Value =
            serde_json::from_str(&line).with_context(|| format!("the browser said {line}"))?;
        let ms = |name: &str| {
            let ms = told[name].as_f64();
            ms.with_context(|| format!("no {name} in {line}"))
        };
        differ = differ.max((ms("at")? - ms("clock")?).abs());
        if told["visible"] != true {
            hidden.fetch_add(1, Ordering::SeqCst);
            continue;
        }
        let shown = told["shown"].as_str().unwrap_or_default();
        let value = number_of(shown).with_context(|| format!("{shown:?} is no value"))?;
        let since = Duration::from_secs_f64(ms("at")? / 1e3).saturating_sub(system);
        sights.add(value, here + since);
    }
    Ok(super::drive::hundredths(differ))
}
