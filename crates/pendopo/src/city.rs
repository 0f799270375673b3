//! `pendopo city`: make cities, list them, give them areas.

use std::path::Path;

use anyhow::{Context, bail};
use jiff::tz::TimeZone;
use pendopo_connectors::{areas, starter};
use pendopo_domain::geo::BoundingBox;
use pendopo_domain::time::{Clock, Timestamp};
use pendopo_operations::configuration::{self, Profile, Starter};
use pendopo_operations::node;
use pendopo_operations::store::Store;

use crate::base_map;
use crate::cli::{AreasCommand, CityCommand, NewCityArgs};
use crate::place::{self, PlaceArgs};
use crate::say::Say;
use crate::system::SystemClock;

/// Indonesia from Sabang to Merauke: what a city without a box of its own shows first.
const COUNTRY: (&str, [f64; 4]) = ("ID", [95.0, -11.1, 141.1, 6.1]);

pub async fn run(say: &Say, command: CityCommand) -> anyhow::Result<bool> {
    match command {
        CityCommand::New(args) => new(say, *args).await.map(|()| true),
        CityCommand::List { place } => list(say, &place).await.map(|()| true),
        CityCommand::Areas {
            command: AreasCommand::Import { file, city, place },
        } => import_areas(say, &file, &city, &place).await,
    }
}

async fn new(say: &Say, args: NewCityArgs) -> anyhow::Result<()> {
    let slug = args.slug.as_str();
    if !node::is_slug(slug) {
        bail!(say.text("cli-bad-slug", &[("city", slug)]));
    }
    let now = SystemClock.now();
    let profile = profile(say, &args, now)?;
    let base_map = match &args.base_map {
        Some(path) => base_map::clip(say, path, profile.bbox)?,
        None => String::new(),
    };
    let start = Starter {
        base_map,
        ..starter::starter()?
    };
    let node = args.place.new_node(say).await?;
    let there = Store::exists(&node.root().city(slug)).await;
    if there.with_context(|| say.text("cli-no-database", &[]))? {
        bail!(say.text("cli-city-exists", &[("city", slug)]));
    }
    let failed = || say.text("cli-city-not-made", &[("city", slug)]);
    let store = node.store(slug).await.with_context(failed)?;
    let made = configuration::found(&store, profile, start, now).await;
    store.close().await;
    made.with_context(failed)?;
    say.line("cli-city-made", &[("city", slug)]);
    Ok(())
}

fn profile(say: &Say, args: &NewCityArgs, now: Timestamp) -> anyhow::Result<Profile> {
    let unknown_zone = || say.text("cli-bad-zone", &[("zone", &args.zone)]);
    let zone = TimeZone::get(&args.zone).map_err(|_| anyhow::anyhow!(unknown_zone()))?;
    let country = args.country.to_ascii_uppercase();
    let bbox = match (&args.bbox, COUNTRY) {
        (Some(text), _) => BoundingBox::parse(text)
            .map(|bounds| [bounds.west, bounds.south, bounds.east, bounds.north]),
        (None, (known, bbox)) => (country == known).then_some(bbox),
    };
    let holidays = starter::holidays(&country)
        .with_context(|| say.text("cli-no-holidays", &[("country", &country)]))?;
    Ok(Profile {
        name: args.name.clone(),
        province: args.province.clone(),
        zone: args.zone.clone(),
        zone_abbreviation: zone.to_offset_info(now.into()).abbreviation().to_owned(),
        domain: args.domain.clone(),
        emergency_phone: args.emergency_phone.clone(),
        bbox: bbox.with_context(|| say.text("cli-bad-bbox", &[]))?,
        demo: args.demo,
        holidays,
    })
}

async fn list(say: &Say, place: &PlaceArgs) -> anyhow::Result<()> {
    let cities = pendopo_operations::store::cities(&place.root(say)?)
        .await
        .with_context(|| say.text("cli-no-database", &[]))?;
    if cities.is_empty() {
        say.progress("cli-no-cities", &[]);
    }
    cities.iter().for_each(|slug| say.plain(slug));
    Ok(())
}

/// False when some areas were refused; the others are there.
async fn import_areas(
    say: &Say,
    file: &Path,
    slug: &str,
    place: &PlaceArgs,
) -> anyhow::Result<bool> {
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(file)
        .with_context(|| say.text("cli-cannot-read", &[("file", &shown)]))?;
    let node = place.node(say).await?;
    let city = place::city(say, &node, slug).await?;
    let account = areas::import_geojson(&city, &configuration::command_line(), &text).await;
    city.store().close().await;
    let account = account.with_context(|| say.text("cli-areas-not-taken", &[("file", &shown)]))?;
    let (read, stored) = (say.number(account.read), say.number(account.stored));
    say.line("cli-areas-taken", &[("read", &read), ("stored", &stored)]);
    for (reason, count) in &account.refused {
        let key = format!("cli-area-{}", reason.word());
        say.line(&key, &[("count", &say.number(*count))]);
    }
    Ok(account.refused.is_empty())
}
