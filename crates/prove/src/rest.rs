//! A node that nobody asks anything: what memory it takes, and how long it takes from its start to its first answer.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tokio::process::{Child, Command};

use crate::evidence;
use crate::node::answering;

#[derive(clap::Args)]
pub struct Args {
    #[arg(long)]
    binary: PathBuf,
    /// Seconds without any request before the memory is read.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Starts after the first; the median counts.
    #[arg(long, default_value_t = 5)]
    starts: usize,
    #[arg(long, default_value = "docs/proof/rest.json")]
    pub out: PathBuf,
}

/// `demo` takes one port for all cities and the next three for one city each.
const PORTS: u16 = 4;

pub async fn run(args: Args) -> Result<()> {
    let home = tempfile::Builder::new()
        .prefix("pendopo-prove-rest-")
        .tempdir()?;
    // The first start makes the cities.
    let (mut child, first) = start(&args.binary, home.path()).await?;
    end(&mut child).await?;
    let mut times = Vec::new();
    let mut kib = 0;
    for at in 0..args.starts {
        let (mut child, took) = start(&args.binary, home.path()).await?;
        times.push(took);
        if at + 1 == args.starts {
            tokio::time::sleep(Duration::from_secs(args.seconds)).await;
            kib = resident_kib(child.id().context("the node has ended")?)?;
        }
        end(&mut child).await?;
    }
    times.sort_unstable();
    let median = times.get(times.len() / 2).context("no start")?;
    let figures = json!({
        "cities": 3,
        "resident_mib_at_rest": (kib as f64 / 102.4).round() / 10.0,
        "seconds_at_rest": args.seconds,
        "start_ms": {"median": millis(*median), "slowest": millis(times[times.len() - 1])},
        "first_start_with_making_cities_ms": millis(first),
    });
    evidence::write(&args.out, &figures)?;
    println!("{figures:#}");
    Ok(())
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Starts the demo; the time is until the page of its first city answers.
async fn start(binary: &Path, home: &Path) -> Result<(Child, Duration)> {
    let log = home.join("node.log");
    let file = std::fs::File::create(&log)?;
    let port = free_row().await?;
    let begun = Instant::now();
    let mut child = Command::new(binary)
        .arg("demo")
        .arg("--data")
        .arg(home.join("data"))
        .args(["--listen", &format!("127.0.0.1:{port}")])
        .env("PENDOPO_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{} does not start", binary.display()))?;
    let city = std::net::SocketAddr::from(([127, 0, 0, 1], port + 1));
    answering(&mut child, city, "/", &log).await?;
    Ok((child, begun.elapsed()))
}

/// The first of some neighbouring ports that nobody listens on.
async fn free_row() -> Result<u16> {
    // Below the range from which the system gives out ports by itself.
    for first in (21_000..30_000).step_by(97) {
        let mut held = Vec::new();
        for port in first..first + PORTS {
            held.push(tokio::net::TcpListener::bind(("127.0.0.1", port)).await);
        }
        if held.iter().all(std::io::Result::is_ok) {
            return Ok(first);
        }
    }
    anyhow::bail!("no free ports")
}

async fn end(child: &mut Child) -> Result<()> {
    let pid = child.id().context("the node has ended")?.to_string();
    Command::new("kill").args(["-TERM", &pid]).status().await?;
    let ended = tokio::time::timeout(Duration::from_secs(30), child.wait()).await;
    ensure!(ended.is_ok(), "the node did not end after SIGTERM");
    Ok(())
}

fn resident_kib(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let word = line.and_then(|line| line.split_whitespace().nth(1));
    word.and_then(|kib| kib.parse().ok()).context("no VmRSS")
}
