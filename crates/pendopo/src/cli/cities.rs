//! Commands that make, fill, check and keep cities: `city`, `check`, `backup`, `restore`, `import`, `base-map`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::place::PlaceArgs;

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
    #[arg(long, value_name = "LOGIN")]
    pub administrator: Option<String>,
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
