//! Demo cities: real names and places, invented reports, walked through the real use cases on a driven clock.
//!
//! A demo city is made from `cities/demo`: its profile, its areas drawn around their centre points, and a month of
//! reports and incidents. Nothing is written past the use cases, so what a demo city shows is what a city does. Two
//! demo cities differ, and each is alike every time it is made, up to its secrets.

mod air;
mod cells;
mod chance;
mod gauges;
mod pictures;
mod plan;
mod stage;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use pendopo_domain::alerts::stage::Stage;
use pendopo_domain::geo::{Area, AreaId, Position};
use pendopo_domain::organisation::SignInId;
use pendopo_domain::policy::{Action, Actor, Subject, allows};
use pendopo_domain::rules::Rule;
use pendopo_domain::sources::Mapping;
use pendopo_domain::time::{Clock, Entropy, Timestamp};
use pendopo_operations::configuration::{self, Named, Profile, Starter};
use pendopo_operations::store::Store;
use pendopo_operations::{City, alerts, background, sign_ins, sources};
use serde::Deserialize;

pub use gauges::{run, tell};

use crate::driven::Driven;
use crate::starter::{self, FileError};

/// Where the demo cities are: their holidays are observed.
const COUNTRY: &str = "ID";
/// Files of `cities/demo` that are not a city.
const TEMPLATES: [&str; 4] = ["demo/reports.json", "demo/incidents.json", SOURCES, RULES];
/// How messages of devices become entities in every demo city.
const SOURCES: &str = "demo/sources.json";
/// What watches the tide in every demo city, besides the rules that every city begins with.
const RULES: &str = "demo/rules.json";
/// When the stage of a demo city was set, in minutes before *now*.
const STAGE_SET: i64 = 20;
/// Logins of every demo city, and the role each acts in.
const LOGINS: [(&str, &str); 6] = [
    ("operator", "operator"),
    ("dispatcher", "dispatcher"),
    ("petugas", "crew"),
    ("walikota", "mayor"),
    ("pelindung", "privacy_officer"),
    ("ti", "it_staff"),
];

/// Why a demo city could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the city could not be made")]
    City(#[from] pendopo_operations::Error),
    /// A scenario asks for something that the city refuses: a fault of the files or of this program.
    #[error("the move {what} was refused")]
    Move {
        what: String,
        source: pendopo_operations::Error,
    },
}

/// A city of `cities/demo`.
#[derive(Clone, Deserialize)]
pub struct DemoCity {
    pub slug: String,
    pub name: String,
    /// Country and official code.
    code: String,
    province: String,
    zone: String,
    zone_abbreviation: String,
    domain: String,
    emergency_phone: String,
    pub bbox: [f64; 4],
    day: Day,
    areas: Vec<AreaFile>,
    places: Vec<Named>,
}

/// How the day is on which the demo begins: a city with something wrong, or one where all is as it should be.
#[derive(Clone, Deserialize)]
struct Day {
    tide: gauges::Tide,
    /// Whether the last gauge fell silent.
    silent_gauge: bool,
    stage: Stage,
    /// Codes of incidents that are over here, whatever their file says.
    resolved: Vec<String>,
}

#[derive(Clone, Deserialize)]
struct AreaFile {
    code: String,
    name: String,
    kind: String,
    parent_name: Option<String>,
    /// Lon, lat.
    center: [f64; 2],
}

#[derive(Deserialize)]
struct Sources {
    mappings: Vec<Mapping>,
}

#[derive(Deserialize)]
struct Rules {
    rules: Vec<Rule>,
}

/// The demo cities, the one with the fewest areas first. The order is kept, so that each is always at the same port.
///
/// # Errors
/// [`FileError`] when a packed file is damaged.
pub fn cities() -> Result<Vec<DemoCity>, FileError> {
    let names = starter::names("demo/");
    let mut cities = names
        .iter()
        .filter(|name| !TEMPLATES.contains(&name.as_str()))
        .map(|name| starter::read(name))
        .collect::<Result<Vec<DemoCity>, _>>()?;
    cities
        .sort_by(|one, other| (one.areas.len(), &one.slug).cmp(&(other.areas.len(), &other.slug)));
    Ok(cities)
}

impl DemoCity {
    fn profile(&self) -> Result<Profile, FileError> {
        Ok(Profile {
            name: self.name.clone(),
            code: self.code.clone(),
            province: self.province.clone(),
            zone: self.zone.clone(),
            zone_abbreviation: self.zone_abbreviation.clone(),
            domain: self.domain.clone(),
            emergency_phone: self.emergency_phone.clone(),
            bbox: self.bbox,
            demo: true,
            holidays: starter::holidays(COUNTRY)?,
        })
    }

    fn areas(&self) -> Vec<Area> {
        let placed: Vec<(&AreaFile, Position)> = self
            .areas
            .iter()
            .filter_map(|area| Some((area, Position::new(area.center[0], area.center[1])?)))
            .collect();
        let centres: Vec<Position> = placed.iter().map(|(_, centre)| *centre).collect();
        let cells = cells::around(&centres);
        placed
            .into_iter()
            .zip(cells)
            .map(|((area, centre), outline)| Area {
                id: AreaId(0),
                code: area.code.clone(),
                name: area.name.clone(),
                kind: area.kind.clone(),
                parent_name: area.parent_name.clone(),
                approximate: true,
                centre,
                outline,
            })
            .collect()
    }
}

/// A demo login. It is no secret: it is printed at each start, and its city says on every page that it is a demo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    pub login: String,
    pub password: String,
    /// Name of the position in Bahasa Indonesia.
    pub position: String,
    code: String,
}

/// The demo logins of a city, found by the roles of its positions.
pub fn logins(city: &City) -> Vec<Login> {
    let configuration = city.configuration();
    let found = |(login, role): &(&str, &str)| {
        let position = configuration
            .positions
            .iter()
            .find(|position| position.role == *role)?;
        Some(Login {
            login: (*login).to_owned(),
            password: format!("pendopo-demo-{login}"),
            position: position.names.id.clone(),
            code: position.code.clone(),
        })
    };
    LOGINS.iter().filter_map(found).collect()
}

/// What was made.
pub struct Seeded {
    /// In the clear, this once.
    pub api_key: String,
    pub reports: usize,
    pub incidents: usize,
}

/// Makes `demo` in an empty `store`, as if it had worked for a month until `now`. `base_map` is GeoJSON or empty.
///
/// # Errors
/// [`DemoError`]. The store is no use then: make the city anew.
pub async fn seed(
    demo: &DemoCity,
    store: Store,
    entropy: Arc<dyn Entropy>,
    base_map: String,
    now: Timestamp,
) -> Result<Seeded, DemoError> {
    let begun = now.plus_days(-31);
    let clock = Arc::new(Driven::at(begun));
    let mut start = Starter {
        areas: demo.areas(),
        places: demo.places.clone(),
        base_map,
        ..starter::starter()?
    };
    start.rules.extend(starter::read::<Rules>(RULES)?.rules);
    configuration::found(&store, demo.profile()?, start, begun).await?;
    let city = City::new(
        &demo.slug,
        store,
        Arc::clone(&clock) as Arc<dyn Clock>,
        entropy,
    )
    .await?;
    let city = Arc::new(city);
    let seeded = fill(&city, &demo.day, &clock, now).await;
    city.store().close().await;
    seeded
}

async fn fill(
    city: &Arc<City>,
    day: &Day,
    clock: &Driven,
    now: Timestamp,
) -> Result<Seeded, DemoError> {
    let it_staff = configuration::command_line();
    let mut staff = Vec::new();
    for login in logins(city) {
        let id = sign_ins::add(
            city,
            &it_staff,
            &login.login,
            &login.code,
            Some(&login.password),
        )
        .await?;
        staff.push((id, login));
    }
    let mappings = starter::read::<Sources>(SOURCES)?.mappings;
    sources::put(city, &it_staff, mappings, vec![]).await?;
    let api_key = configuration::add_api_key(city, &it_staff, "demo").await?;
    let staff: Vec<Actor> = staff
        .iter()
        .map(|(id, login)| actor(city, *id, &login.code))
        .collect();
    let (reports, incidents) = stage::walk(city, day, clock, &staff, now).await?;
    air::write(city, clock, now).await?;
    gauges::write(city, day, clock, now).await?;
    set_stage(city, day, clock, &staff, now).await?;
    background::catch_up(city).await?;
    Ok(Seeded {
        api_key,
        reports,
        incidents,
    })
}

/// Somebody set the stage a while ago; nobody sets that of an ordinary day.
async fn set_stage(
    city: &City,
    day: &Day,
    clock: &Driven,
    staff: &[Actor],
    now: Timestamp,
) -> Result<(), DemoError> {
    let may = |actor: &&Actor| allows(actor, Action::SetStage, Subject::City);
    if let Some(actor) = staff.iter().find(may)
        && day.stage > Stage::LOWEST
    {
        clock.set(now.plus(jiff::SignedDuration::from_mins(-STAGE_SET)));
        alerts::stage::set(city, actor, day.stage).await?;
        clock.set(now);
    }
    Ok(())
}

fn actor(city: &City, id: SignInId, code: &str) -> Actor {
    let configuration = city.configuration();
    let position = configuration
        .positions
        .iter()
        .find(|position| position.code == code);
    position.map_or_else(|| city.public(), |position| city.staff(id, position.id))
}
