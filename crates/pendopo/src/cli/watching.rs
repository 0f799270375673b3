//! Commands for what a city watches: `source`, `quarantine`, `rule`, `alert`.

use std::path::PathBuf;

use clap::Subcommand;

use super::OfCity;

#[derive(Subcommand)]
pub enum SourceCommand {
    /// Add or replace mappings and brokers from a JSON file.
    Add {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        of: OfCity,
    },
    /// List mappings, brokers, and what every source did.
    List {
        #[command(flatten)]
        of: OfCity,
    },
    /// Take a mapping or a broker away.
    Remove {
        name: String,
        #[command(flatten)]
        of: OfCity,
    },
}

#[derive(Subcommand)]
pub enum RuleCommand {
    /// Add or replace rules from a JSON file: all of them, or none.
    Put {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        of: OfCity,
    },
    /// List rules: code, priority, team. A - stands before one that is not enabled.
    List {
        #[command(flatten)]
        of: OfCity,
    },
    /// Take a rule away; its alarms end.
    Remove {
        code: String,
        #[command(flatten)]
        of: OfCity,
    },
}

#[derive(Subcommand)]
pub enum QuarantineCommand {
    /// List what waits: number, time, source, reason, bytes, topic.
    List {
        /// Only of this source, such as mqtt:gauges.
        #[arg(long)]
        source: Option<String>,
        #[command(flatten)]
        of: OfCity,
    },
    /// Try again by the present mappings. Exit code 1 when something is left.
    Replay {
        /// Only of this source, such as mqtt:gauges.
        #[arg(long)]
        source: Option<String>,
        #[command(flatten)]
        of: OfCity,
    },
}

#[derive(Subcommand)]
pub enum AlertCommand {
    /// Take in CAP 1.2 messages. Taking in the same again changes nothing.
    Import {
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        of: OfCity,
    },
    /// Feeds of CAP 1.2 messages, Atom or RSS, that the city follows while it is served.
    Feed {
        #[command(subcommand)]
        command: AlertFeedCommand,
    },
}

#[derive(Subcommand)]
pub enum AlertFeedCommand {
    /// Follow a feed, or change how one is followed.
    Add {
        /// Small letters, digits and -.
        name: String,
        url: String,
        /// Seconds between two looks.
        #[arg(long, default_value_t = 60)]
        every: u64,
        /// The agency sends a new alert where CAP has an update: a newer one for the same places replaces the older.
        #[arg(long)]
        newer_replaces: bool,
        /// Whom pages name beside what the feed brings, in Bahasa Indonesia.
        #[arg(long)]
        credit_id: Option<String>,
        /// The same in English.
        #[arg(long)]
        credit_en: Option<String>,
        /// Where the messages are, as host/path; the host of the feed when left out.
        #[arg(long)]
        messages: Option<String>,
        #[command(flatten)]
        of: OfCity,
    },
    /// List the feeds and how they go.
    List {
        #[command(flatten)]
        of: OfCity,
    },
    /// Follow a feed no longer. What it brought stays.
    Remove {
        name: String,
        #[command(flatten)]
        of: OfCity,
    },
}
