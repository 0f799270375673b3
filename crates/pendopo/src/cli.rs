//! The command line, as clap reads it. Its help is English, as the words of the commands are; everything that the
//! commands print is in `translations/`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use pendopo_connectors::replay::{Kind, Pace};

use crate::blueprints::BlueprintCommand;
use crate::mqtt::MqttArgs;
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

#[derive(Args)]
pub struct ServeArgs {
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Address for all cities, told apart by host name.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// An address of its own for one city; may be repeated.
    #[arg(long = "port", value_name = "CITY=ADDRESS", value_parser = city_port)]
    pub ports: Vec<(String, SocketAddr)>,
    /// Detailed map drawn instead of the coarse coast.
    #[arg(long, value_name = "FILE")]
    pub pmtiles: Option<PathBuf>,
    /// Folder with copies of NGSI-LD contexts and `contexts.json`, which says which file stands for which URL.
    #[arg(long, value_name = "FOLDER")]
    pub contexts: Option<PathBuf>,
    /// An address of a closed network where systems that cannot show a key act as if they had one; may be repeated.
    #[arg(long = "trusted", value_name = "CITY=ADDRESS", value_parser = trusted_port)]
    pub trusted: Vec<(String, SocketAddr)>,
    /// File of `base-map build`, from which a city made on the page of the first run gets its coast.
    #[arg(long, value_name = "FILE")]
    pub base_map: Option<PathBuf>,
    /// Print a link to the page that makes a city, also when there are cities already.
    #[arg(long)]
    pub setup: bool,
    #[command(flatten)]
    pub mqtt: MqttArgs,
}

fn trusted_port(text: &str) -> Result<(String, SocketAddr), String> {
    let (city, address) = city_port(text)?;
    let closed = match address.ip() {
        std::net::IpAddr::V4(ip) => ip.is_loopback() || ip.is_private(),
        std::net::IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
    };
    if closed {
        Ok((city, address))
    } else {
        Err("the address must be of this machine or of a private network".to_owned())
    }
}

fn city_port(text: &str) -> Result<(String, SocketAddr), String> {
    let (city, address) = text.split_once('=').ok_or("write it as CITY=ADDRESS")?;
    let address = address
        .parse()
        .map_err(|_| "write the address as IP:PORT")?;
    Ok((city.to_owned(), address))
}

#[derive(Args)]
pub struct DemoArgs {
    /// Folder of the demo cities.
    #[arg(long, value_name = "FOLDER")]
    pub data: PathBuf,
    /// Address for all cities; each city has one of the next ports besides.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// File of `base-map build`, from which each new city gets its coast.
    #[arg(long, value_name = "FILE")]
    pub base_map: Option<PathBuf>,
    /// Detailed map drawn instead of the coarse coast.
    #[arg(long, value_name = "FILE")]
    pub pmtiles: Option<PathBuf>,
    #[command(flatten)]
    pub mqtt: MqttArgs,
}

#[derive(Subcommand)]
pub enum CityCommand {
    /// Make a city with the starter services, teams, roles and positions.
    New(Box<NewCityArgs>),
    /// List the cities.
    List {
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// The areas of a city.
    Areas {
        #[command(subcommand)]
        command: AreasCommand,
    },
}

#[derive(Args)]
pub struct NewCityArgs {
    /// Short name: 2 to 31 lower-case letters and digits, a letter first.
    pub slug: String,
    /// `Kota Tanjungpinang`.
    #[arg(long)]
    pub name: String,
    /// IANA name of the time zone, such as Asia/Jakarta.
    #[arg(long)]
    pub zone: String,
    /// Official code in the country, such as 21.72.
    #[arg(long, default_value = "")]
    pub code: String,
    /// GeoJSON FeatureCollection with the areas of the city; the map shows them first.
    #[arg(long, value_name = "FILE")]
    pub areas: Option<PathBuf>,
    /// CSV file with a line for each sign-in: login,position.
    #[arg(long, value_name = "FILE")]
    pub people: Option<PathBuf>,
    /// Login of the first administrator.
    #[arg(long, value_name = "LOGIN", default_value = "")]
    pub administrator: String,
    /// ISO 3166-1 code whose holidays are observed.
    #[arg(long, default_value = "ID")]
    pub country: String,
    /// What the map shows first, in degrees; without it the areas, or else the whole country.
    #[arg(long, value_name = "WEST,SOUTH,EAST,NORTH", allow_hyphen_values = true)]
    pub bbox: Option<String>,
    #[arg(long, default_value = "")]
    pub province: String,
    /// Web domain of the city without www (Open311 `jurisdiction_id`).
    #[arg(long, default_value = "")]
    pub domain: String,
    /// Number shown where someone may be in danger.
    #[arg(long, value_name = "NUMBER", default_value = "")]
    pub emergency_phone: String,
    /// File of `base-map build`, from which the city gets its coast.
    #[arg(long, value_name = "FILE")]
    pub base_map: Option<PathBuf>,
    /// A city to try things out: every page says so, and its clock may be driven.
    #[arg(long)]
    pub demo: bool,
    #[command(flatten)]
    pub place: PlaceArgs,
}

#[derive(Subcommand)]
pub enum AreasCommand {
    /// Add or replace areas from a GeoJSON FeatureCollection.
    Import {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[arg(long)]
        city: String,
        #[command(flatten)]
        place: PlaceArgs,
    },
}

#[derive(Args)]
pub struct CheckArgs {
    /// Check this city only.
    #[arg(long)]
    pub city: Option<String>,
    #[command(flatten)]
    pub place: PlaceArgs,
}

#[derive(Args)]
pub struct BackupArgs {
    #[arg(long)]
    pub city: String,
    /// Folder that does not exist yet.
    #[arg(long, value_name = "FOLDER")]
    pub to: PathBuf,
    #[command(flatten)]
    pub place: PlaceArgs,
}

#[derive(Args)]
pub struct RestoreArgs {
    /// Folder of the backup.
    #[arg(long, value_name = "FOLDER")]
    pub from: PathBuf,
    /// Name of the city to make. It must be the name that it had: its key hangs on it.
    #[arg(long)]
    pub city: String,
    #[command(flatten)]
    pub place: PlaceArgs,
}

#[derive(Subcommand)]
pub enum ImportCommand {
    /// Cases of Boston 311 as published by Analyze Boston: CSV, plain or gzip.
    #[command(name = "boston-311")]
    Boston311 {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[arg(long)]
        city: String,
        #[command(flatten)]
        place: PlaceArgs,
    },
}

#[derive(Args)]
pub struct ReplayArgs {
    /// What the files hold.
    #[arg(value_enum)]
    pub kind: ReplayKind,
    /// One after the other; those of PetaBencana and GTFS Realtime by their times.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// A demo city that no other process serves.
    #[arg(long)]
    pub city: String,
    /// Seconds of the city in one of ours, or `max`: from record to record without waiting.
    #[arg(long, value_name = "N|max", default_value = "max")]
    pub speed: Pace,
    /// Where the city is served meanwhile, to look at it; port 0 takes any.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// File with an API key of the city; without it one is made and revoked afterwards.
    #[arg(long, value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
    /// Serve the city on after the last record, until Ctrl-C.
    #[arg(long)]
    pub stay: bool,
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// The kinds of `replay`.
#[derive(Clone, Copy, ValueEnum)]
pub enum ReplayKind {
    /// Hourly levels of a gauge of Dinas SDA DKI Jakarta: CSV.
    WaterLevel,
    /// Flooded areas (floods_….geojson) and reports (reports_….geojson) of PetaBencana.id.
    Petabencana,
    /// An NGSI-LD entity, or an array of them, in each line.
    NgsiLd,
    /// Feeds of GTFS Realtime, one a file.
    GtfsRt,
}

impl From<ReplayKind> for Kind {
    fn from(kind: ReplayKind) -> Self {
        match kind {
            ReplayKind::WaterLevel => Self::WaterLevel,
            ReplayKind::Petabencana => Self::Petabencana,
            ReplayKind::NgsiLd => Self::NgsiLd,
            ReplayKind::GtfsRt => Self::GtfsRt,
        }
    }
}

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

/// One city that is there.
#[derive(Args)]
pub struct OfCity {
    #[arg(long)]
    pub city: String,
    #[command(flatten)]
    pub place: PlaceArgs,
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

#[derive(Subcommand)]
pub enum BaseMapCommand {
    /// Build the file for --base-map from land polygons (GeoJSON, plain or gzip).
    Build {
        #[arg(value_name = "IN")]
        input: PathBuf,
        #[arg(value_name = "OUT")]
        output: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_port_of_a_city_is_read_or_refused_with_a_hint() {
        let (city, address) = city_port("manado=127.0.0.1:8083").unwrap();
        assert_eq!((city.as_str(), address.port()), ("manado", 8083));
        for bad in ["manado", "manado=8083", "manado=localhost:8083"] {
            assert!(city_port(bad).is_err(), "{bad}");
        }
    }
}
