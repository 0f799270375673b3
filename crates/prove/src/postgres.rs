//! A PostgreSQL that makes commits durable, in a folder of its own, from Debian's package.
//!
//! Tests use one that does not sync, because that is faster; a rate of durable commits needs one that does.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::node::free_addresses;

/// The unprivileged user that Debian's package makes; PostgreSQL refuses to run as root.
const USER: &str = "postgres";
const PATIENCE: Duration = Duration::from_secs(60);

/// A server of this process, ended when it is dropped.
pub struct Server {
    pub url: String,
    child: Child,
    home: TempDir,
}

impl Server {
    /// Starts a server; with `counted` behind strace, which counts the syncs of all its processes.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start.
    pub fn start(counted: bool) -> Result<Self> {
        let programs = programs()?;
        let home = tempfile::Builder::new()
            .prefix("pendopo-prove-pg-")
            .tempdir()?;
        let (data, user) = (home.path().join("data"), give_away(home.path())?);
        let created = as_user(user.as_ref(), &programs.join("initdb"))
            .args(["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"])
            .args(["--username=postgres", "--pgdata"])
            .arg(&data)
            .current_dir(home.path())
            .output()?;
        if !created.status.success() {
            bail!("initdb: {}", String::from_utf8_lossy(&created.stderr));
        }
        let port = free_addresses()?[0].port();
        let log = std::fs::File::create(home.path().join("log"))?;
        let mut command = as_user(user.as_ref(), &programs.join("postgres"));
        if counted {
            command = behind_strace(&command, &home.path().join("syncs"));
        }
        let child = command
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string()])
            .args([
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=",
            ])
            .args([
                "-c",
                "fsync=on",
                "-c",
                "synchronous_commit=on",
                "-c",
                "max_connections=100",
            ])
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut server = Self {
            url: format!("postgres://postgres@127.0.0.1:{port}/postgres"),
            child,
            home,
        };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// Ends a counted server and returns what strace counted.
    ///
    /// # Errors
    /// When it was not counted.
    pub fn stop_and_count(mut self) -> Result<u64> {
        self.stop();
        let counted = std::fs::read_to_string(self.home.path().join("syncs"))?;
        Ok(crate::trace::counted(&counted))
    }

    /// What all its databases and its log take on disk.
    pub fn mebibytes(&self) -> f64 {
        crate::drive::mebibytes(&self.home.path().join("data"))
    }

    fn pid(&self) -> Option<String> {
        let status = std::fs::read_to_string(self.home.path().join("data/postmaster.pid")).ok()?;
        status.lines().next().map(str::to_owned)
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let begun = Instant::now();
        let status = self.home.path().join("data/postmaster.pid");
        while begun.elapsed() < PATIENCE && self.child.try_wait()?.is_none() {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            if text
                .lines()
                .nth(7)
                .is_some_and(|line| line.trim() == "ready")
            {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let log = std::fs::read_to_string(self.home.path().join("log")).unwrap_or_default();
        bail!("PostgreSQL did not start: {log}")
    }

    fn stop(&mut self) {
        // SIGINT is PostgreSQL's fast shutdown; the id is the one that our own server wrote into our own folder.
        if let Some(pid) = self.pid() {
            let _ = Command::new("kill").args(["-INT", &pid]).status();
            let begun = Instant::now();
            while begun.elapsed() < PATIENCE {
                if !matches!(self.child.try_wait(), Ok(None)) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The same command behind strace, which prints its table to `out` when the server has ended.
fn behind_strace(command: &Command, out: &Path) -> Command {
    let mut traced = Command::new("strace");
    traced
        .args([
            "-f",
            "-q",
            "--seccomp-bpf",
            "-c",
            "-e",
            "trace=fdatasync,fsync",
            "-o",
        ])
        .arg(out)
        .arg(command.get_program())
        .args(command.get_args());
    traced
}

/// Debian keeps the programs of each version apart; the newest is taken.
fn programs() -> Result<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let versions = folders.flatten().filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let programs = entry.path().join("bin");
        programs
            .join("initdb")
            .is_file()
            .then_some((version, programs))
    });
    let newest = versions.max_by_key(|(version, _)| *version);
    newest
        .map(|(_, programs)| programs)
        .context("PostgreSQL is not installed. Run: apt-get install --yes postgresql")
}

/// As root: the user that runs the server, who is given `folder`.
fn give_away(folder: &Path) -> Result<Option<(u32, u32)>> {
    let id = |what: &[&str]| -> Result<u32> {
        let output = Command::new("id").args(what).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
    };
    if id(&["-u"])? != 0 {
        return Ok(None);
    }
    let (uid, gid) = (id(&["-u", USER])?, id(&["-g", USER])?);
    std::os::unix::fs::chown(folder, Some(uid), Some(gid))?;
    Ok(Some((uid, gid)))
}

fn as_user(user: Option<&(u32, u32)>, program: &Path) -> Command {
    let Some((uid, gid)) = user else {
        return Command::new(program);
    };
    let mut command = Command::new("setpriv");
    command
        .arg(format!("--reuid={uid}"))
        .arg(format!("--regid={gid}"))
        .args(["--init-groups", "--"])
        .arg(program);
    command
}
