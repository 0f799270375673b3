//! `prove`: runs a built node through what can go wrong, and through what should be fast, and writes down what it
//! found. See `docs/how-to/prove.md`.
//!
//! It knows the node by its command line and its interfaces. Only the images of a disk, and cities whose node was ended,
//! are opened with `pendopo-store`, to see more than an interface shows. Every load is bounded, on the loopback interface, and against
//! a process that it started itself.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "what was found is what this program prints"
)]

mod alarms;
mod alarms_kill;
mod chance;
mod disk;
mod drive;
mod evidence;
mod group_commit;
mod http;
mod kill;
mod live;
mod live_kill;
mod load;
mod node;
mod pages;
mod postgres;
mod power_loss;
mod reach;
mod receivers;
mod rest;
mod sensors;
mod tail;
mod trace;
mod verify;
mod wire;

use std::path::Path;

use anyhow::Result;
use clap::Parser;

/// Proofs and figures of a built node.
#[derive(Parser)]
#[command(name = "prove", max_term_width = 100)]
enum Cli {
    /// SIGKILL under load: everything that was accepted is there after a restart.
    Kill(kill::Args),
    /// Loss of power: everything that was answered had been synced.
    PowerLoss(power_loss::Args),
    /// Durable reports per second, and the syncs they take.
    Fsync(group_commit::Args),
    /// Memory at rest and time to start.
    Rest(rest::Args),
    /// Answer times of a city with history.
    Pages(pages::Args),
    /// Changes of entities per second, and answers about them.
    Live(live::Args),
    /// SIGKILL under live data: everything acknowledged is there, and was told to its subscribers.
    LiveKill(live_kill::Args),
    /// How long until a reading is seen: by a client of the stream, and on a screen.
    Reach(reach::Args),
    /// How long from a reading to its alarm, with many rules.
    Alarms(alarms::Args),
    /// SIGKILL under rules: no alarm is lost or doubled, also inside a delay.
    AlarmsKill(alarms_kill::Args),
}

#[tokio::main]
async fn main() -> Result<()> {
    let cli = Cli::parse();
    let out = cli.out().to_owned();
    let done = match cli {
        Cli::Kill(args) => kill::run(args).await,
        Cli::PowerLoss(args) => power_loss::run(args).await,
        Cli::Fsync(args) => group_commit::run(args).await,
        Cli::Rest(args) => rest::run(args).await,
        Cli::Pages(args) => pages::run(args).await,
        Cli::Live(args) => live::run(args).await,
        Cli::LiveKill(args) => live_kill::run(args).await,
        Cli::Reach(args) => reach::run(args).await,
        Cli::Alarms(args) => alarms::run(args).await,
        Cli::AlarmsKill(args) => alarms_kill::run(args).await,
    };
    if let Err(error) = &done {
        evidence::failed(&out, error)?;
    }
    done
}

impl Cli {
    /// Where the figures go.
    fn out(&self) -> &Path {
        match self {
            Self::Kill(args) => &args.out,
            Self::PowerLoss(args) => &args.out,
            Self::Fsync(args) => &args.out,
            Self::Rest(args) => &args.out,
            Self::Pages(args) => &args.out,
            Self::Live(args) => &args.out,
            Self::LiveKill(args) => &args.out,
            Self::Reach(args) => &args.out,
            Self::Alarms(args) => &args.out,
            Self::AlarmsKill(args) => &args.out,
        }
    }
}
