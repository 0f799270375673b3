//! A PostgreSQL of one test process, from Debian's package.
//!
//! It is started at the first call of [`postgres_url`] in a temporary folder and ends when the process ends, however
//! it ends: a small shell holds the other end of a pipe, and when that closes it stops the server and removes the
//! folder. `PENDOPO_TEST_POSTGRES` names a server that runs already instead (any user that may create databases).

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Names a server to use instead of an own one.
pub const ENV: &str = "PENDOPO_TEST_POSTGRES";

/// The unprivileged user that Debian's package makes; PostgreSQL refuses to run as root.
const USER: &str = "postgres";
/// A cold disk needs a while; a server that is not there by then will not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// The address of the server of this process.
///
/// # Panics
/// When PostgreSQL is not installed or does not start; the message says what to do.
pub fn postgres_url() -> String {
    server().url.clone()
}

struct Server {
    url: String,
    /// Holds the pipe whose end stops the server. `None` when the server is somebody else's.
    _watchdog: Option<Child>,
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| match std::env::var(ENV) {
        Ok(url) => Server {
            url,
            _watchdog: None,
        },
        Err(_) => start(),
    })
}

/// Makes the database `name` on the server and returns its address. A node looks at all cities of its database, so each
/// test has one of its own.
pub(crate) fn create(name: &str) -> String {
    let output = psql(&format!("CREATE DATABASE \"{name}\"")).output();
    let output = output.expect("psql runs; it comes with Debian's postgresql-client");
    assert!(
        output.status.success(),
        "a database for a test: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let url = &server().url;
    let (address, options) = url
        .split_once('?')
        .map_or((url.as_str(), None), |(address, options)| {
            (address, Some(options))
        });
    let (host, _) = address
        .rsplit_once('/')
        .expect("an address with a database");
    match options {
        Some(options) => format!("{host}/{name}?{options}"),
        None => format!("{host}/{name}"),
    }
}

/// Removes it, whoever is still connected.
pub(crate) fn forget(name: &str) {
    // Best effort: a database that stays disturbs nobody, its name is never used again.
    let _ = psql(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")).output();
}

/// The program that says `statement` to the server.
fn psql(statement: &str) -> Command {
    let mut command = Command::new("psql");
    command
        .args(["--quiet", "--no-psqlrc", "--command", statement])
        .arg(&server().url)
        .stdin(Stdio::null());
    command
}

fn start() -> Server {
    let mut log = String::new();
    // Another process may take the port between its choice and its use; then there is another one.
    for _ in 0..5 {
        match attempt() {
            Ok(server) => return server,
            Err(reason) => log = reason,
        }
    }
    panic!("PostgreSQL did not start: {log}");
}

/// A server in a folder of its own, or what it said instead of starting.
fn attempt() -> Result<Server, String> {
    let programs = programs();
    let folder = tempfile::Builder::new()
        .prefix("pendopo-postgres-")
        .tempdir()
        .expect("a temporary folder")
        .keep();
    let user = unprivileged_user(&folder);
    let created = as_user(&user, &programs.join("initdb"))
        .args(["--no-sync", "--auth=trust", "--encoding=UTF8"])
        .args(["--locale=C.UTF-8", "--username=postgres", "--pgdata"])
        .arg(folder.join("data"))
        .current_dir(&folder)
        .stdin(Stdio::null())
        .output()
        .expect("initdb runs");
    if !created.status.success() {
        return Err(String::from_utf8_lossy(&created.stderr).into_owned());
    }
    let port = free_port();
    let mut watchdog = spawn(&programs, &folder, &user, port);
    if is_ready(&folder) {
        return Ok(Server {
            url: format!("postgres://postgres@127.0.0.1:{port}/postgres"),
            _watchdog: Some(watchdog),
        });
    }
    let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    drop(watchdog.stdin.take());
    let _ = watchdog.wait();
    Err(log)
}

/// Debian keeps the programs of each version apart; the newest is taken.
fn programs() -> PathBuf {
    let version = |path: &Path| -> u32 {
        let name = path.file_name().and_then(|name| name.to_str());
        name.and_then(|name| name.parse().ok()).unwrap_or(0)
    };
    let installed = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("bin/initdb").is_file())
        .max_by_key(|path| version(path));
    let Some(newest) = installed else {
        panic!(
            "PostgreSQL is not installed. Run `apt-get install --yes postgresql`, or set {ENV} to the \
             address of a server"
        );
    };
    newest.join("bin")
}

/// As root: the user that runs the server, who is given `folder`.
fn unprivileged_user(folder: &Path) -> Option<(String, String)> {
    let id = |what: &[&str]| -> String {
        let output = Command::new("id").args(what).output().expect("id runs");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    if id(&["-u"]) != "0" {
        return None;
    }
    let (uid, gid) = (id(&["-u", USER]), id(&["-g", USER]));
    std::os::unix::fs::chown(folder, uid.parse().ok(), gid.parse().ok())
        .expect("root gives the folder away");
    Some((uid, gid))
}

fn as_user(user: &Option<(String, String)>, program: &Path) -> Command {
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

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("a bound address").port()
}

/// Starts the server below a shell that ends it when this process is gone.
fn spawn(programs: &Path, folder: &Path, user: &Option<(String, String)>, port: u16) -> Child {
    // `read` answers when the pipe closes. SIGINT is PostgreSQL's fast shutdown.
    const WATCHDOG: &str = r#"
        trap "" HUP INT TERM
        (trap - HUP INT TERM; exec "$1/postgres" -D "$2/data" -p "$3" -c listen_addresses=127.0.0.1 \
            -c unix_socket_directories="$2" -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
            -c max_connections=300 -c shared_buffers=64MB -c jit=off </dev/null >>"$2/log" 2>&1) &
        read -r _
        kill -INT $! 2>/dev/null
        wait $!
        rm -rf "$2"
    "#;
    as_user(user, Path::new("/bin/sh"))
        .args(["-c", WATCHDOG, "sh"])
        .arg(programs)
        .arg(folder)
        .arg(port.to_string())
        .current_dir("/")
        // Not in our group: a Ctrl-C ends this process, and the pipe ends the server.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell")
}

/// Waits until the server says so in its own file. A port that answers might be another server's.
fn is_ready(folder: &Path) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let status =
            std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap_or_default();
        if status
            .lines()
            .nth(7)
            .is_some_and(|line| line.trim() == "ready")
        {
            return true;
        }
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        if log.contains("FATAL") {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn the_server_ends_with_its_process_even_when_that_is_killed() {
        if std::env::var_os("PENDOPO_TESTKIT_VICTIM").is_some() {
            let url = postgres_url();
            let told = std::env::temp_dir().join(format!("pendopo-victim-{}", std::process::id()));
            std::fs::write(told, url).unwrap();
            std::thread::sleep(PATIENCE);
            return;
        }
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "postgres::tests::the_server_ends_with_its_process_even_when_that_is_killed",
            ])
            .env("PENDOPO_TESTKIT_VICTIM", "1")
            .env_remove(ENV)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let told = std::env::temp_dir().join(format!("pendopo-victim-{}", victim.id()));
        let url = within_patience(|| {
            std::fs::read_to_string(&told)
                .ok()
                .filter(|url| !url.is_empty())
        });
        std::fs::remove_file(&told).unwrap();
        let address = url.split(['@', '/']).nth(3).unwrap().to_owned();
        assert!(TcpStream::connect(&address).is_ok(), "{address}");
        victim.kill().unwrap();
        assert_eq!(victim.wait().unwrap().signal(), Some(9));
        within_patience(|| TcpStream::connect(&address).is_err().then_some(()));
    }

    fn within_patience<T>(mut look: impl FnMut() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
