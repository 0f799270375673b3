//! Commands that let people, systems, devices and rooms in: `sign-in`, `api-key`, `mqtt-account`, `wall`.

use std::path::PathBuf;

use clap::Subcommand;

use super::OfCity;
use crate::place::PlaceArgs;

#[derive(Subcommand)]
pub enum SignInCommand {
    /// Add a sign-in, or give the one of this name another position. Prints a link that works once.
    Add {
        login: String,
        #[arg(long)]
        city: String,
        /// Code of the position that it acts from.
        #[arg(long, value_name = "CODE")]
        position: String,
        /// File that holds the password; without it the sign-in has none.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        #[command(flatten)]
        place: PlaceArgs,
    },
}

#[derive(Subcommand)]
pub enum ApiKeyCommand {
    /// Add a key. It is printed once and kept nowhere.
    Add {
        /// Which system it is for.
        name: String,
        #[arg(long)]
        city: String,
        #[command(flatten)]
        place: PlaceArgs,
    },
}

#[derive(Subcommand)]
pub enum WallCommand {
    /// Make a link. It is printed once and kept nowhere.
    Link {
        /// Name of the room.
        #[arg(long, default_value = "Wall")]
        name: String,
        /// From the farthest seat to the screen, in metres.
        #[arg(long, value_name = "METRES", default_value_t = 6.0)]
        seat: f64,
        /// Width of one pixel of the page, in millimetres.
        #[arg(long, value_name = "MILLIMETRES", default_value_t = 1.89)]
        pitch: f64,
        /// For a room with much light.
        #[arg(long)]
        bright: bool,
        #[command(flatten)]
        of: OfCity,
    },
    /// List the links that open.
    List {
        #[command(flatten)]
        of: OfCity,
    },
    /// Take a link away, by its number in the list.
    Revoke {
        id: i64,
        #[command(flatten)]
        of: OfCity,
    },
}

#[derive(Subcommand)]
pub enum MqttAccountCommand {
    /// Add an account, or give the one of this name a new password. It is printed once and kept nowhere.
    Add {
        /// Which devices it is for; letters, digits, - and _.
        name: String,
        /// Topics that it may publish on, such as CITY/air/+/reading; may be repeated.
        #[arg(long = "topic", value_name = "FILTER", required = true)]
        topics: Vec<String>,
        #[command(flatten)]
        of: OfCity,
    },
    /// List the accounts and their topics.
    List {
        #[command(flatten)]
        of: OfCity,
    },
    /// Take an account away.
    Revoke {
        name: String,
        #[command(flatten)]
        of: OfCity,
    },
}
