//! The command line, as clap reads it. Its help is English, as the words of the commands are; everything that the
//! commands print is in `translations/`.

mod access;
mod cities;
mod serving;
mod watching;

use clap::{Args, Parser, Subcommand};

pub use access::{ApiKeyCommand, MqttAccountCommand, SignInCommand, WallCommand};
pub use cities::{
    AreasCommand, BackupArgs, BaseMapCommand, CheckArgs, CityCommand, ImportCommand, NewCityArgs,
    RestoreArgs,
};
pub use serving::{DemoArgs, ReplayArgs, ServeArgs};
pub use watching::{AlertCommand, AlertFeedCommand, QuarantineCommand, RuleCommand, SourceCommand};

use crate::blueprints::BlueprintCommand;
use crate::place::PlaceArgs;

/// Runs a city's public services: reports, command centre, honest numbers.
#[derive(Parser)]
#[command(name = "pendopo", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Serve the cities of a folder or a database.
    Serve(ServeArgs),
    /// Make three demo cities, if they are not there, and serve them.
    Demo(DemoArgs),
    /// Make and list cities, and give them areas.
    City {
        #[command(subcommand)]
        command: CityCommand,
    },
    /// Check that databases are sound, hash chains close and numbers fit. Exit code 1 if not.
    Check(CheckArgs),
    /// Back up a city into a new folder, while it runs.
    Backup(BackupArgs),
    /// Restore a city from a backup, also from one kind of database into the other.
    Restore(RestoreArgs),
    /// Bring in history with its own dates; it triggers nothing and tells nobody.
    Import {
        #[command(subcommand)]
        command: ImportCommand,
    },
    /// Play recorded data back into a demo city, as if it happened now.
    Replay(ReplayArgs),
    /// Give people a sign-in.
    SignIn {
        #[command(subcommand)]
        command: SignInCommand,
    },
    /// Give other systems a key.
    ApiKey {
        #[command(subcommand)]
        command: ApiKeyCommand,
    },
    /// Make and revoke links that show the wall of a control room and nothing else.
    Wall {
        #[command(subcommand)]
        command: WallCommand,
    },
    /// Give devices an account with which they publish over MQTT.
    MqttAccount {
        #[command(subcommand)]
        command: MqttAccountCommand,
    },
    /// What watches the city and raises alarms.
    Rule {
        #[command(subcommand)]
        command: RuleCommand,
    },
    /// Blueprints: what one city runs, as data that another city adopts.
    Blueprint {
        #[command(subcommand)]
        command: BlueprintCommand,
    },
    /// How messages of devices become entities, and what the sources did.
    Source {
        #[command(subcommand)]
        command: SourceCommand,
    },
    /// Messages that could not be used.
    Quarantine {
        #[command(subcommand)]
        command: QuarantineCommand,
    },
    /// Take warnings of agencies in, from files and feeds.
    Alert {
        #[command(subcommand)]
        command: AlertCommand,
    },
    /// Prepare the drawn coast.
    BaseMap {
        #[command(subcommand)]
        command: BaseMapCommand,
    },
}

/// One city that is there.
#[derive(Args)]
pub struct OfCity {
    #[arg(long)]
    pub city: String,
    #[command(flatten)]
    pub place: PlaceArgs,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }
}
