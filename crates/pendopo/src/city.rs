//! `pendopo city`: make cities, list them, give them areas.

use std::path::{Path, PathBuf};

use anyhow::Context;
use pendopo_connectors::{areas, founding};
use pendopo_domain::geo::BoundingBox;
use pendopo_operations::configuration;
use pendopo_operations::founding::{Fault, NewCity};
use pendopo_web::setup::wrong_key;

use crate::base_map;
use crate::cli::{AreasCommand, CityCommand, NewCityArgs};
use crate::place::{self, PlaceArgs};
use crate::say::Say;

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
    let read = |path: &Option<PathBuf>| -> anyhow::Result<Option<String>> {
        let Some(path) = path else { return Ok(None) };
        let shown = path.display().to_string();
        let failed = || say.text("cli-cannot-read", &[("file", &shown)]);
        Ok(Some(std::fs::read_to_string(path).with_context(failed)?))
    };
    let bbox = match &args.bbox {
        Some(text) => {
            let bounds = BoundingBox::parse(text).with_context(|| say.text("cli-bad-bbox", &[]))?;
            Some([bounds.west, bounds.south, bounds.east, bounds.north])
        }
        None => None,
    };
    let wanted = NewCity {
        slug: slug.to_owned(),
        name: args.name.clone(),
        code: args.code.clone(),
        province: args.province.clone(),
        country: args.country.clone(),
        zone: args.zone.clone(),
        domain: args.domain.clone(),
        emergency_phone: args.emergency_phone.clone(),
        bbox,
        areas: read(&args.areas)?,
        people: read(&args.people)?,
        administrator: args.administrator.clone(),
        is_demo: args.demo,
    };
    let node = args.place.new_node(say).await?;
    let coast = base_map::coast(*say, args.base_map.clone());
    let made = founding::found(&node, wanted, &coast).await;
    let founded = made.map_err(|fault| explained(say, slug, fault))?;
    say.line("cli-city-made", &[("city", slug)]);
    if args.areas.is_some() {
        let (stored, refused) = (say.number(founded.areas), say.number(founded.areas_refused));
        say.line(
            "cli-city-areas",
            &[("stored", &stored), ("refused", &refused)],
        );
    }
    for link in &founded.links {
        say.line("cli-sign-in-added", &[("login", &link.login)]);
        say.plain(&format!("/masuk/tautan/{}", link.token));
    }
    Ok(())
}

/// What is wrong, a sentence each.
fn explained(say: &Say, slug: &str, fault: Fault) -> anyhow::Error {
    let failed = say.text("cli-city-not-made", &[("city", slug)]);
    match fault {
        Fault::Wrong(wrong) => {
            let sentences: Vec<String> = wrong
                .iter()
                .map(|one| {
                    let line = one.line.unwrap_or_default().to_string();
                    say.text(wrong_key(one), &[("line", &line), ("city", slug)])
                })
                .collect();
            anyhow::Error::msg([vec![failed], sentences].concat().join("\n"))
        }
        Fault::City(error) => anyhow::Error::from(error).context(failed),
    }
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
