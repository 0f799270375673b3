//! A city of one proof and the node that serves it: made, started, ended and checked through the command line alone.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use pendopo_store::Location;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::http::Connection;

/// A debug build under a tracer starts slowly; what has not answered by then will not.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the cities of a node are.
#[derive(Clone, Debug)]
pub enum Place {
    /// A folder of its own, gone at the end.
    Own,
    /// A folder with cities that somebody else made and keeps.
    Folder(PathBuf),
    /// A PostgreSQL database. The city stays in it.
    Postgres(String),
}

/// A built binary with a new city.
pub struct City {
    pub binary: PathBuf,
    pub slug: String,
    /// What an Open311 client sends as `api_key`.
    pub api_key: String,
    place: Place,
    home: TempDir,
}

impl City {
    /// Makes a city with the starter services and a key for a client.
    ///
    /// # Errors
    /// When a command of the binary fails.
    pub async fn new(binary: &Path, place: Place) -> Result<Self> {
        Self::traced(binary, place, Vec::new).await
    }

    /// As [`City::new`], each command behind the words that `wrap` makes for it.
    ///
    /// # Errors
    /// When a command of the binary fails.
    pub async fn traced(
        binary: &Path,
        place: Place,
        wrap: impl Fn() -> Vec<OsString>,
    ) -> Result<Self> {
        let binary = binary.canonicalize().with_context(|| {
            format!("{} is not built: cargo build -p pendopo", binary.display())
        })?;
        let home = tempfile::Builder::new()
            .prefix("pendopo-prove-")
            .tempdir()?;
        let mut city = Self {
            binary,
            // Unique in a database that others use.
            slug: format!("prove{}x{}", std::process::id(), unique()),
            api_key: String::new(),
            place,
            home,
        };
        let slug = city.slug.clone();
        let new = [
            "city",
            "new",
            &slug,
            "--name",
            "Prove",
            "--zone",
            "Asia/Jakarta",
            "--bbox",
            "104.4,0.85,104.6,1.0",
        ];
        city.run(&wrap(), &new).await?;
        let key = ["api-key", "add", "prove", "--city", &slug];
        let printed = city.run(&wrap(), &key).await?;
        city.api_key = key_in(&String::from_utf8_lossy(&printed.stdout))
            .with_context(|| format!("no key in {:?}", String::from_utf8_lossy(&printed.stdout)))?;
        Ok(city)
    }

    /// A city that is there already.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn existing(binary: &Path, data: &Path, slug: &str) -> Result<Self> {
        ensure!(
            data.join(slug).is_dir(),
            "{} has no city {slug}",
            data.display()
        );
        Ok(Self {
            binary: binary.canonicalize()?,
            slug: slug.to_owned(),
            api_key: String::new(),
            place: Place::Folder(data.to_owned()),
            home: tempfile::Builder::new()
                .prefix("pendopo-prove-")
                .tempdir()?,
        })
    }

    /// The folder of the node's data.
    pub fn data(&self) -> PathBuf {
        match &self.place {
            Place::Folder(data) => data.clone(),
            Place::Own | Place::Postgres(_) => self.home.path().join("data"),
        }
    }

    /// Where the store has it.
    pub fn location(&self) -> Location {
        match &self.place {
            Place::Own | Place::Folder(_) => Location::Folder(self.data().join(&self.slug)),
            Place::Postgres(url) => Location::Postgres {
                url: url.clone(),
                schema: self.slug.clone(),
            },
        }
    }

    /// Where the key of the node is.
    pub fn key_file(&self) -> PathBuf {
        match &self.place {
            Place::Own | Place::Folder(_) => self.data().join("node.key"),
            Place::Postgres(_) => self.home.path().join("node.key"),
        }
    }

    /// A folder for what the proof itself writes.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Runs `pendopo check`.
    ///
    /// # Errors
    /// When it finds something; the message is what it says.
    pub async fn check(&self) -> Result<()> {
        self.run(&[], &["check", "--city", &self.slug])
            .await
            .map(|_| ())
    }

    /// Runs `pendopo check` on a copy of the city in another folder.
    ///
    /// # Errors
    /// As [`City::check`].
    pub async fn check_folder(&self, data: &Path) -> Result<()> {
        let output = Command::new(&self.binary)
            .args(["check", "--city", &self.slug, "--data"])
            .arg(data)
            .env("LC_ALL", "C")
            .output()
            .await?;
        ensure!(
            output.status.success(),
            "check: {}",
            String::from_utf8_lossy(&output.stdout)
        );
        Ok(())
    }

    /// Starts the node on a free port and returns when it answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn start(&self, wrap: &[OsString]) -> Result<Running> {
        let [listen, address] = free_addresses()?;
        let port = format!("{}={address}", self.slug);
        let listen = listen.to_string();
        let args = ["serve", "--listen", &listen, "--port", &port];
        self.launch(wrap, &args, address, "/open311/v2/services.json")
            .await
    }

    /// Starts the node on a free port where systems need no key, and returns when `path` answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn start_live(&self, path: &str, more: &[&str]) -> Result<Running> {
        self.start_live_behind(&[], path, more).await
    }

    /// As [`City::start_live`], behind the words of a tracer.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn start_live_behind(
        &self,
        wrap: &[OsString],
        path: &str,
        more: &[&str],
    ) -> Result<Running> {
        let [listen, address] = free_addresses()?;
        let trusted = format!("{}={address}", self.slug);
        let listen = listen.to_string();
        let args = [&["serve", "--listen", &listen, "--trusted", &trusted], more].concat();
        self.launch(wrap, &args, address, path).await
    }

    async fn launch(
        &self,
        wrap: &[OsString],
        args: &[&str],
        address: SocketAddr,
        path: &str,
    ) -> Result<Running> {
        let log = self.home.path().join("node.log");
        let file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&log)?;
        let begun = Instant::now();
        let mut child = self
            .command(wrap, args)
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()?;
        answering(&mut child, address, path, &log).await?;
        Ok(Running {
            child,
            address,
            started_in: begun.elapsed(),
            traced: !wrap.is_empty(),
        })
    }

    pub async fn run(&self, wrap: &[OsString], args: &[&str]) -> Result<Output> {
        let output = self.command(wrap, args).output().await?;
        if !output.status.success() {
            bail!(
                "pendopo {} failed: {}{}",
                args.join(" "),
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(output)
    }

    fn command(&self, wrap: &[OsString], args: &[&str]) -> Command {
        let mut words = wrap.to_vec();
        words.push(self.binary.clone().into());
        words.extend(args.iter().map(OsString::from));
        match &self.place {
            Place::Own | Place::Folder(_) => words.extend(["--data".into(), self.data().into()]),
            Place::Postgres(url) => {
                words.extend([
                    "--database".into(),
                    url.into(),
                    "--key-file".into(),
                    self.key_file().into(),
                ]);
            }
        }
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .env("PENDOPO_LOG", "warn")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

/// A node that runs.
pub struct Running {
    child: Child,
    pub address: SocketAddr,
    /// From its start to its first answer.
    pub started_in: Duration,
    traced: bool,
}

impl Running {
    /// The process id of the node, also behind a tracer.
    ///
    /// # Errors
    /// When it has ended.
    pub fn pid(&self) -> Result<u32> {
        let pid = self.child.id().context("the node has ended")?;
        if !self.traced {
            return Ok(pid);
        }
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
        let first = children.split_whitespace().next();
        first
            .and_then(|pid| pid.parse().ok())
            .context("nothing is traced")
    }

    /// The memory that it has in RAM.
    ///
    /// # Errors
    /// When it has ended.
    pub fn resident_mib(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()?))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let word = line.and_then(|line| line.split_whitespace().nth(1));
        let kib: f64 = word.and_then(|kib| kib.parse().ok()).context("no VmRSS")?;
        Ok((kib / 102.4).round() / 10.0)
    }

    /// Ends the node as a power cut for its process: SIGKILL, nothing can be tidied up.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn kill(mut self) -> Result<()> {
        self.child.kill().await?;
        Ok(())
    }

    /// Asks the node to end and waits until it has.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop(mut self) -> Result<()> {
        let pid = self.pid()?.to_string();
        Command::new("kill").args(["-TERM", &pid]).status().await?;
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        if ended.is_err() {
            self.child.kill().await?;
            bail!("the node did not end after SIGTERM");
        }
        Ok(())
    }
}

/// Waits until `path` at `address` answers with 200.
///
/// # Errors
/// When the process ends or is silent; the message ends with its log.
pub async fn answering(
    child: &mut Child,
    address: SocketAddr,
    path: &str,
    log: &Path,
) -> Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let answer = Connection::new(address).get(path).await;
        if answer.is_ok_and(|answer| answer.status == 200) {
            return Ok(());
        }
        if child.try_wait()?.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let said = std::fs::read_to_string(log).unwrap_or_default();
    bail!("the node does not answer at {address}{path}:\n{said}")
}

/// Two addresses of the loopback interface that nobody listens on now.
///
/// # Errors
/// When there are none.
pub fn free_addresses() -> Result<[SocketAddr; 2]> {
    // Both are held before one is let go, else they may be the same.
    let one = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok([one.local_addr()?, other.local_addr()?])
}

/// What `api-key add` printed: the key is the last long word.
fn key_in(printed: &str) -> Option<String> {
    let words = printed.split_whitespace();
    let mut long = words.filter(|word| word.len() >= 16 && !word.contains('/'));
    long.next_back().map(str::to_owned)
}

fn unique() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Says what to install when `program` is not there.
///
/// # Errors
/// When it is not there.
pub fn need(program: &str, package: &str) -> Result<()> {
    let found = std::process::Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    ensure!(
        found.is_ok_and(|status| status.success()),
        "{program} is not installed. Run: apt-get install --yes {package}"
    );
    Ok(())
}
