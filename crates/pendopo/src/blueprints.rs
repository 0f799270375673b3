//! `pendopo blueprint`: what one city runs, handed to another. Folders and packages; nothing here touches a city.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;
use jiff::{SignedDuration, Timestamp};
use pendopo_domain::blueprints::{Problem, trial};
use pendopo_domain::time::Clock;
use pendopo_exchange::Files;
use pendopo_exchange::archive::{self, Refusal};
use pendopo_exchange::folder::{self, FolderError};
use pendopo_exchange::package::{self, Package, PackageError};
use pendopo_exchange::signature::{self, Untrusted};

use crate::key_file;
use crate::say::Say;
use crate::system::SystemClock;

#[derive(Subcommand)]
pub enum BlueprintCommand {
    /// Check folders or packages. Exit code 1 when something is wrong.
    Check {
        #[arg(value_name = "FOLDER|FILE", required = true)]
        paths: Vec<PathBuf>,
    },
    /// Run the tests that blueprints bring: recorded readings in, alarms expected. Exit code 1 when one fails.
    Test {
        #[arg(value_name = "FOLDER|FILE", required = true)]
        paths: Vec<PathBuf>,
    },
    /// Make one file of a folder. The same content gives the same bytes.
    Pack {
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Make the signing key of a city, once: FILE for its keeper, FILE.pub for everyone.
    NewKey {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Country and code of the city, such as ID-21.72.
        #[arg(long, value_name = "IDENTITY")]
        city: String,
    },
    /// Sign a package with the key of a city: writes FILE.minisig.
    Sign {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// File of `new-key`.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Days until the signature expires.
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3_650))]
        days: u32,
    },
    /// Check the signature FILE.minisig of a package. Exit code 1 when it is not believed.
    Verify {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Public key of the city.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
}

/// False when something is wrong with a blueprint, which was said.
pub fn run(say: &Say, command: BlueprintCommand) -> anyhow::Result<bool> {
    match command {
        BlueprintCommand::Check { paths } => check(say, &paths),
        BlueprintCommand::Test { paths } => test(say, &paths),
        BlueprintCommand::Pack { folder, file } => pack(say, &folder, &file),
        BlueprintCommand::NewKey { file, city } => new_key(say, &file, &city),
        BlueprintCommand::Sign { file, key, days } => sign(say, &file, &key, days),
        BlueprintCommand::Verify { file, key } => verify(say, &file, &key),
    }
}

fn check(say: &Say, paths: &[PathBuf]) -> anyhow::Result<bool> {
    let mut sound = true;
    for path in paths {
        match checked(say, path)? {
            Ok(package) => {
                let manifest = &package.blueprint.manifest;
                let args = [
                    ("name", manifest.id.as_str()),
                    ("version", &manifest.version),
                    (
                        "objects",
                        &say.number(package.blueprint.objects.len() as u64),
                    ),
                ];
                say.line("cli-blueprint-sound", &args);
            }
            Err(problems) => {
                tell(say, path, &problems);
                sound = false;
            }
        }
    }
    Ok(sound)
}

fn test(say: &Say, paths: &[PathBuf]) -> anyhow::Result<bool> {
    let mut passed = true;
    for path in paths {
        match checked(say, path)? {
            Ok(package) => {
                for (place, trial) in &package.blueprint.trials {
                    passed &= run_trial(say, &package, place, trial);
                }
                if package.blueprint.trials.is_empty() {
                    say.line("cli-blueprint-no-tests", &[("file", &shown(path))]);
                    passed = false;
                }
            }
            Err(problems) => {
                tell(say, path, &problems);
                passed = false;
            }
        }
    }
    Ok(passed)
}

fn run_trial(say: &Say, package: &Package, place: &str, trial: &trial::Trial) -> bool {
    match trial::run(&package.blueprint, trial, place) {
        Ok(outcome) if outcome.passed() => {
            let turns = say.number(trial.expected.len() as u64);
            say.line(
                "cli-blueprint-test-passed",
                &[("file", place), ("turns", &turns)],
            );
            true
        }
        Ok(outcome) => {
            say.line("cli-blueprint-test-failed", &[("file", place)]);
            for (key, turns) in [
                ("cli-blueprint-turn-missing", &outcome.missing),
                ("cli-blueprint-turn-surplus", &outcome.surplus),
            ] {
                for turn in turns {
                    say.line(key, &[("turn", &turn.to_string())]);
                }
            }
            false
        }
        Err(problems) => {
            tell(say, Path::new(place), &problems);
            false
        }
    }
}

fn pack(say: &Say, folder: &Path, file: &Path) -> anyhow::Result<bool> {
    let package = match package::pack(&files(say, folder)?) {
        Ok(package) => package,
        Err(problems) => {
            tell(say, folder, &problems);
            return Ok(false);
        }
    };
    let failed = || say.text("cli-cannot-write", &[("file", &shown(file))]);
    std::fs::write(file, &package.bytes).with_context(failed)?;
    let args = [("file", &*shown(file)), ("digest", &package.digest)];
    say.line("cli-blueprint-packed", &args);
    Ok(true)
}

fn new_key(say: &Say, file: &Path, city: &str) -> anyhow::Result<bool> {
    let made = signature::make_key(city).map_err(|why| anyhow::Error::msg(untrusted(say, why)))?;
    let public = beside(file, "pub");
    let failed = |path: &Path| {
        let path = shown(path);
        move || say.text("cli-cannot-write", &[("file", &path)])
    };
    key_file::write_new(file, &made.secret).with_context(failed(file))?;
    std::fs::write(&public, &made.public).with_context(failed(&public))?;
    let number = signature::key_id(&made.public).unwrap_or_default();
    let args = [
        ("file", &*shown(file)),
        ("public", &*shown(&public)),
        ("city", city),
        ("number", &number),
    ];
    say.line("cli-blueprint-key-made", &args);
    Ok(true)
}

fn sign(say: &Say, file: &Path, key: &Path, days: u32) -> anyhow::Result<bool> {
    let Some(package) = opened(say, file)? else {
        return Ok(false);
    };
    let secret = text(say, key)?;
    let created = now();
    let expires = created + SignedDuration::from_hours(24 * i64::from(days));
    let signed = signature::sign(&secret, &package, created, expires);
    let signed = signed.map_err(|why| anyhow::Error::msg(untrusted(say, why)))?;
    let target = beside(file, "minisig");
    let failed = || say.text("cli-cannot-write", &[("file", &shown(&target))]);
    std::fs::write(&target, signed).with_context(failed)?;
    let city = signature::identity(&secret).unwrap_or_default();
    let until = expires.strftime("%Y-%m-%d").to_string();
    let args = [
        ("file", &*shown(&target)),
        ("city", city),
        ("until", &until),
    ];
    say.line("cli-blueprint-signed", &args);
    Ok(true)
}

fn verify(say: &Say, file: &Path, key: &Path) -> anyhow::Result<bool> {
    let Some(package) = opened(say, file)? else {
        return Ok(false);
    };
    let signed = text(say, &beside(file, "minisig"))?;
    match signature::verify(&text(say, key)?, &signed, &package, now()) {
        Ok(claim) => {
            let until = claim.expires.strftime("%Y-%m-%d").to_string();
            let args = [
                ("city", &*claim.city),
                ("name", &claim.blueprint),
                ("version", &claim.version),
                ("until", &until),
                ("digest", &claim.digest),
            ];
            say.line("cli-blueprint-verified", &args);
            Ok(true)
        }
        Err(why) => {
            say.plain(&untrusted(say, why));
            Ok(false)
        }
    }
}

/// A folder or a package that can be handed on, or what is wrong with it.
fn checked(say: &Say, path: &Path) -> anyhow::Result<Result<Package, Vec<Problem>>> {
    if path.is_dir() {
        return Ok(package::pack(&files(say, path)?));
    }
    match package::open(&bytes(say, path, archive::MOST_BYTES)?) {
        Ok(package) => Ok(Ok(package)),
        Err(PackageError::Problems(problems)) => Ok(Err(problems)),
        Err(PackageError::Refused(refusal)) => {
            bail!(refused(say, path, refusal))
        }
    }
}

/// A package; `None` when something is wrong with it, which was said.
fn opened(say: &Say, file: &Path) -> anyhow::Result<Option<Package>> {
    if file.is_dir() {
        bail!(refused(say, file, Refusal::NotAnArchive));
    }
    Ok(match checked(say, file)? {
        Ok(package) => Some(package),
        Err(problems) => {
            tell(say, file, &problems);
            None
        }
    })
}

fn files(say: &Say, folder: &Path) -> anyhow::Result<Files> {
    folder::read(folder).map_err(|error| match error {
        FolderError::Io { path, source } => {
            let said = say.text("cli-cannot-read", &[("file", &shown(&path))]);
            anyhow::Error::new(source).context(said)
        }
        FolderError::Refused { path, refusal } => anyhow::Error::msg(refused(say, &path, refusal)),
    })
}

fn bytes(say: &Say, path: &Path, most: usize) -> anyhow::Result<Vec<u8>> {
    let failed = || say.text("cli-cannot-read", &[("file", &shown(path))]);
    let mut bytes = vec![];
    let file = std::fs::File::open(path).with_context(failed)?;
    file.take(most as u64 + 1)
        .read_to_end(&mut bytes)
        .with_context(failed)?;
    Ok(bytes)
}

/// A key or a signature.
fn text(say: &Say, path: &Path) -> anyhow::Result<String> {
    let bytes = bytes(say, path, signature::MOST_BYTES)?;
    let failed = || say.text("cli-cannot-read", &[("file", &shown(path))]);
    String::from_utf8(bytes).with_context(failed)
}

fn tell(say: &Say, path: &Path, problems: &[Problem]) {
    let count = say.number(problems.len() as u64);
    let args = [("file", &*shown(path)), ("count", &count)];
    say.line("cli-blueprint-problems", &args);
    for problem in problems {
        let args = [("place", &*problem.place), ("detail", &problem.detail)];
        say.line(&format!("cli-problem-{}", problem.what), &args);
    }
}

fn refused(say: &Say, path: &Path, why: Refusal) -> String {
    let key = format!("cli-package-{}", why.word());
    say.text(&key, &[("file", &shown(path))])
}

fn untrusted(say: &Say, why: Untrusted) -> String {
    say.text(&format!("cli-signature-{}", why.word()), &[])
}

/// `rob.tar` becomes `rob.tar.minisig`.
fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn now() -> Timestamp {
    SystemClock.now().into()
}
