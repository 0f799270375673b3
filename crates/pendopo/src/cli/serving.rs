//! Commands that serve cities: `serve`, `demo`, `replay`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use pendopo_connectors::replay::{Kind, Pace};

use crate::mqtt::MqttArgs;
use crate::place::PlaceArgs;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_of_a_city_is_read_or_refused_with_a_hint() {
        let (city, address) = city_port("manado=127.0.0.1:8083").unwrap();
        assert_eq!((city.as_str(), address.port()), ("manado", 8083));
        for bad in ["manado", "manado=8083", "manado=localhost:8083"] {
            assert!(city_port(bad).is_err(), "{bad}");
        }
    }
}
