//! `pendopo`: the one program of a node. It reads the command line, wires the real clock, the real randomness and the
//! databases together, and calls use cases. It decides nothing itself.
//!
//! Exit codes: 0 done, 1 failed or something was found to be wrong, 2 the command line was not understood.
#![forbid(unsafe_code)]

mod access;
mod alerts;
mod backup;
mod base_map;
mod blueprints;
mod check;
mod city;
mod cli;
mod demo;
mod import;
mod key_file;
mod live;
mod mqtt;
mod place;
mod replay;
mod rules;
mod say;
mod serve;
mod sources;
mod system;
mod wall;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use cli::{Cli, Command};
use say::Say;

/// Live data is many small pieces, made on one thread and given back on another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What to log, in the syntax of `tracing_subscriber::EnvFilter`.
const LOG: &str = "PENDOPO_LOG";
/// `json` writes one object for each line.
const LOG_FORMAT: &str = "PENDOPO_LOG_FORMAT";

fn main() -> ExitCode {
    let cli = Cli::parse();
    let say = Say::from_environment();
    log(matches!(cli.command, Command::Serve(_) | Command::Demo(_)));
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(run(&say, cli.command)));
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say.failed(&error);
            ExitCode::FAILURE
        }
    }
}

/// Does one command. False when it was done and found something wrong, which it has said.
async fn run(say: &Say, command: Command) -> anyhow::Result<bool> {
    match command {
        Command::Serve(args) => serve::serve(say, args).await?,
        Command::Demo(args) => demo::demo(say, args).await?,
        Command::City { command } => return city::run(say, command).await,
        Command::Check(args) => return check::check(say, args).await,
        Command::Backup(args) => backup::backup(say, args).await?,
        Command::Restore(args) => backup::restore(say, args).await?,
        Command::Import { command } => import::run(say, command).await?,
        Command::Replay(args) => replay::run(say, args).await?,
        Command::SignIn { command } => access::add_sign_in(say, command).await?,
        Command::ApiKey { command } => access::add_api_key(say, command).await?,
        Command::Wall { command } => wall::run(say, command).await?,
        Command::MqttAccount { command } => sources::account(say, command).await?,
        Command::Rule { command } => rules::run(say, command).await?,
        Command::Blueprint { command } => return blueprints::run(say, command),
        Command::Source { command } => sources::source(say, command).await?,
        Command::Quarantine { command } => return sources::quarantine(say, command).await,
        Command::Alert { command } => alerts::run(say, command).await?,
        Command::BaseMap { command } => base_map::run(say, command)?,
    }
    Ok(true)
}

/// Logs go to standard error; a node says what it does, a command only what goes wrong.
fn log(node: bool) {
    let usual = if node { "info" } else { "warn" };
    let wanted = std::env::var(LOG).unwrap_or_else(|_| usual.to_owned());
    let filter = EnvFilter::try_new(wanted).unwrap_or_else(|_| EnvFilter::new(usual));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    if std::env::var(LOG_FORMAT).is_ok_and(|format| format == "json") {
        subscriber.json().init();
    } else {
        subscriber.init();
    }
}
