//! What makes a city this city, read into memory, and the files from which a new city is made.
//!
//! Files are data that people edit: services, teams, routing, roles, positions and holidays. See `cities/README.md`.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use pendopo_domain::geo::{Area, Areas, BoundingBox, Position as Place};
use pendopo_domain::journal::Event;
use pendopo_domain::live_types::LiveType;
use pendopo_domain::organisation::{Position, PositionId, Role, Route, Team, TeamId};
use pendopo_domain::playbooks::Playbook;
use pendopo_domain::policy::{Action, Actor, Subject, allows};
use pendopo_domain::rules::Rule;
use pendopo_domain::services::{Service, Texts};
use pendopo_domain::time::{Timestamp, WorkingCalendar};
use pendopo_domain::units::{Unit, UnitId};
use pendopo_store::{Db, Store, StoreError, chains, configuration as rows, units};
use serde::{Deserialize, Serialize};

use crate::sources::Setup;
use crate::units::UnitFile;
use crate::{City, Error, Result, actor_text, alerts};

/// What is asked for when a city is made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Profile {
    /// `Kota Tanjungpinang`.
    pub name: String,
    /// Country and official code, `ID-21.72`: who the city is to other cities. May be empty.
    #[serde(default)]
    pub code: String,
    /// `Kepulauan Riau`; may be empty.
    #[serde(default)]
    pub province: String,
    /// IANA name of the zone.
    pub zone: String,
    /// What people write after a time: WIB, WITA, WIT.
    #[serde(default)]
    pub zone_abbreviation: String,
    /// The city's web domain without www: Open311 `jurisdiction_id`.
    #[serde(default)]
    pub domain: String,
    #[serde(default)]
    pub emergency_phone: String,
    /// West, south, east, north; what the map shows first.
    pub bbox: [f64; 4],
    /// A demo city says so on every page, and only a demo city's clock may be driven.
    #[serde(default)]
    pub demo: bool,
    /// Holidays observed, as YYYY-MM-DD.
    #[serde(default)]
    pub holidays: Vec<Date>,
}

impl Profile {
    /// The box that the map shows first.
    pub fn bounds(&self) -> Option<BoundingBox> {
        let [west, south, east, north] = self.bbox;
        BoundingBox::new(west, south, east, north)
    }
}

/// The configuration of a city at one moment.
pub struct Configuration {
    pub profile: Profile,
    pub calendar: WorkingCalendar,
    pub services: Vec<Service>,
    pub areas: Areas,
    pub teams: Vec<Team>,
    /// By code.
    pub units: Vec<Unit>,
    pub playbooks: Vec<Playbook>,
    pub routes: Vec<Route>,
    pub roles: Vec<Role>,
    pub positions: Vec<Position>,
    /// Types of entities that are shown, in their order.
    pub live_types: Vec<Arc<LiveType>>,
    /// Places that help to say where: name and position.
    pub places: Vec<(String, Place)>,
    /// The drawn land around the city, GeoJSON; empty when there is none.
    pub base_map: String,
    /// Who may publish over MQTT, and how messages become entities.
    pub sources: Setup,
    /// What watches the city and raises alarms, in their order.
    pub rules: Arc<Vec<Rule>>,
    /// How the city warns.
    pub alerts: alerts::Settings,
    /// When the configuration last changed; Open311 `changeset`.
    pub changed_at: String,
}

const PROFILE: &str = "profile";
const BASE_MAP: &str = "base_map";
const PLACES: &str = "places";
const LIVE_TYPES: &str = "live_types";
const PLAYBOOKS: &str = "playbooks";
const ALERTS: &str = "alerts";
const CHANGED_AT: &str = "changed_at";

impl Configuration {
    pub(crate) async fn load(db: &mut Db) -> Result<Self> {
        let mut settings = rows::settings(db).await?;
        let profile: Profile = settings
            .remove(PROFILE)
            .and_then(|text| serde_json::from_str(&text).ok())
            .ok_or_else(|| StoreError::Corrupt("the city has no profile".into()))?;
        let zone = TimeZone::get(&profile.zone)
            .map_err(|_| StoreError::Corrupt(format!("unknown zone {}", profile.zone)))?;
        let places: Vec<Named> = settings
            .remove(PLACES)
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        // A city that is older than these has none.
        let live_types: Vec<Arc<LiveType>> = settings
            .remove(LIVE_TYPES)
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        let playbooks: Vec<Playbook> = settings
            .remove(PLAYBOOKS)
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        let alerts: alerts::Settings = settings
            .remove(ALERTS)
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        Ok(Self {
            live_types,
            playbooks,
            units: units::all(db).await?,
            alerts,
            calendar: WorkingCalendar::new(zone, profile.holidays.iter().copied()),
            services: rows::services(db).await?,
            areas: Areas::new(rows::areas(db).await?),
            teams: rows::teams(db).await?,
            routes: rows::routes(db).await?,
            roles: rows::roles(db).await?,
            positions: rows::positions(db).await?,
            places: places.into_iter().filter_map(Named::place).collect(),
            base_map: settings.remove(BASE_MAP).unwrap_or_default(),
            sources: Setup::load(db).await?,
            rules: Arc::new(pendopo_store::rules::all(db).await?),
            changed_at: settings.remove(CHANGED_AT).unwrap_or_default(),
            profile,
        })
    }

    /// The service with this code, active or not.
    pub fn service(&self, code: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.code == code)
    }

    /// The team with this id.
    pub fn team(&self, id: TeamId) -> Option<&Team> {
        self.teams.iter().find(|team| team.id == id)
    }

    /// The unit with this id.
    pub fn unit(&self, id: UnitId) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.id == id)
    }

    /// The position with this id.
    pub fn position(&self, id: PositionId) -> Option<&Position> {
        self.positions.iter().find(|position| position.id == id)
    }
}

/// A named place in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Named {
    pub name: String,
    pub lon: f64,
    pub lat: f64,
}

impl Named {
    fn place(self) -> Option<(String, Place)> {
        Some((self.name, Place::new(self.lon, self.lat)?))
    }
}

/// Everything that a new city starts with, from the starter files.
#[derive(Clone, Debug, Default)]
pub struct Starter {
    pub services: Vec<Service>,
    pub teams: Vec<TeamFile>,
    pub units: Vec<UnitFile>,
    pub playbooks: Vec<Playbook>,
    pub routing: Vec<RouteFile>,
    pub roles: Vec<Role>,
    pub positions: Vec<PositionFile>,
    pub areas: Vec<Area>,
    pub live_types: Vec<LiveType>,
    pub places: Vec<Named>,
    pub base_map: String,
    pub rules: Vec<Rule>,
    pub alerts: alerts::Settings,
}

/// A team in a file.
#[derive(Clone, Debug, Deserialize)]
pub struct TeamFile {
    pub code: String,
    pub names: Texts,
}

/// A route in a file.
#[derive(Clone, Debug, Deserialize)]
pub struct RouteFile {
    pub service_code: String,
    pub area_code: Option<String>,
    pub team_code: String,
}

/// A position in a file.
#[derive(Clone, Debug, Deserialize)]
pub struct PositionFile {
    pub code: String,
    pub names: Texts,
    pub role: String,
    pub team_code: Option<String>,
}

/// Makes a city in an empty store: profile, services, teams, routes, roles, positions and areas in one transaction.
///
/// # Errors
/// [`Error::Invalid`] when a file names something that is not there, or the store holds a city already.
pub async fn found(
    store: &Store,
    profile: Profile,
    starter: Starter,
    now: Timestamp,
) -> Result<()> {
    if TimeZone::get(&profile.zone).is_err() {
        return Err(crate::Invalid::one("zone", crate::Problem::Unknown));
    }
    if profile.bounds().is_none() {
        return Err(crate::Invalid::one("bbox", crate::Problem::Unknown));
    }
    store
        .write(move |db| {
            Box::pin(async move {
                if rows::settings(db).await?.contains_key(PROFILE) {
                    return Err(crate::Invalid::one(
                        "city",
                        crate::Problem::TooMany { most: 1 },
                    ));
                }
                set_json(db, PROFILE, &profile).await?;
                set_json(db, PLACES, &starter.places).await?;
                set_json(db, LIVE_TYPES, &starter.live_types).await?;
                set_json(db, PLAYBOOKS, &starter.playbooks).await?;
                set_json(db, ALERTS, &starter.alerts).await?;
                rows::set(db, BASE_MAP, &starter.base_map).await?;
                put_starter(db, &starter).await?;
                changed(db, "city", "city", now).await
            })
        })
        .await
}

async fn set_json<T: Serialize>(db: &mut Db, key: &str, value: &T) -> Result<()> {
    let text =
        serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    Ok(rows::set(db, key, &text).await?)
}

async fn put_starter(db: &mut Db, starter: &Starter) -> Result<()> {
    let unknown = |field| crate::Invalid::one(field, crate::Problem::Unknown);
    for (sort, service) in (0..).zip(&starter.services) {
        rows::put_service(db, service, sort).await?;
    }
    let mut areas = BTreeMap::new();
    for area in &starter.areas {
        areas.insert(area.code.clone(), rows::put_area(db, area).await?);
    }
    let mut teams = BTreeMap::new();
    for team in &starter.teams {
        teams.insert(
            team.code.clone(),
            rows::put_team(db, &team.code, &team.names).await?,
        );
    }
    for unit in &starter.units {
        let team = teams.get(&unit.team_code);
        let team = *team.ok_or_else(|| unknown("units.team_code"))?;
        crate::units::store(db, unit, team, false).await?;
    }
    let service = |code: &str| starter.services.iter().any(|known| known.code == code);
    let asked = starter
        .playbooks
        .iter()
        .find(|playbook| !service(&playbook.service_code));
    if asked.is_some() {
        return Err(unknown("playbooks.service_code"));
    }
    for route in &starter.routing {
        let area = match &route.area_code {
            None => None,
            Some(code) => Some(
                *areas
                    .get(code)
                    .ok_or_else(|| unknown("routing.area_code"))?,
            ),
        };
        let team = *teams
            .get(&route.team_code)
            .ok_or_else(|| unknown("routing.team_code"))?;
        rows::put_route(
            db,
            &Route {
                service_code: route.service_code.clone(),
                area,
                team,
            },
        )
        .await?;
    }
    for role in &starter.roles {
        rows::put_role(db, role).await?;
    }
    for position in &starter.positions {
        let team = match &position.team_code {
            None => None,
            Some(code) => Some(
                *teams
                    .get(code)
                    .ok_or_else(|| unknown("positions.team_code"))?,
            ),
        };
        let position = Position {
            id: PositionId(0),
            code: position.code.clone(),
            names: position.names.clone(),
            role: position.role.clone(),
            team,
        };
        rows::put_position(db, &position).await?;
    }
    crate::rules::put_checked(db, &starter.rules).await?;
    Ok(())
}

/// Chains and journals that `what` was changed by `actor`; part of the transaction that changes it.
pub(crate) async fn changed(db: &mut Db, actor: &str, what: &str, now: Timestamp) -> Result<()> {
    rows::set(db, CHANGED_AT, &now.to_string()).await?;
    chains::append(db, chains::CONFIGURATION, now, "changed", actor, what).await?;
    City::journal(
        db,
        now,
        &Event::ConfigurationChanged {
            what: what.to_owned(),
        },
    )
    .await?;
    Ok(())
}

/// Adds or replaces services; used by imports, whose services come with their data.
///
/// # Errors
/// [`Error::Denied`] unless the actor may manage services.
pub async fn put_services(city: &City, actor: &Actor, services: Vec<Service>) -> Result<()> {
    must(actor, Action::ManageServices)?;
    let (now, by) = (city.now(), actor_text(actor));
    let first = i64::try_from(city.configuration().services.len()).unwrap_or(0);
    city.store()
        .write(move |db| {
            Box::pin(async move {
                for (sort, service) in (first..).zip(&services) {
                    rows::put_service(db, service, sort).await?;
                }
                changed(db, &by, "services", now).await
            })
        })
        .await?;
    city.reload().await
}

/// Sets the playbooks: incidents that begin from now on are given their steps.
///
/// # Errors
/// [`Error::Denied`] unless the actor may manage services.
pub async fn set_playbooks(city: &City, actor: &Actor, playbooks: Vec<Playbook>) -> Result<()> {
    must(actor, Action::ManageServices)?;
    let (now, by) = (city.now(), actor_text(actor));
    city.store()
        .write(move |db| {
            Box::pin(async move {
                set_json(db, PLAYBOOKS, &playbooks).await?;
                changed(db, &by, "playbooks", now).await
            })
        })
        .await?;
    city.reload().await
}

/// Sets which types of entities are shown.
///
/// # Errors
/// [`Error::Denied`] unless the actor may manage services.
pub async fn set_live_types(city: &City, actor: &Actor, types: Vec<LiveType>) -> Result<()> {
    must(actor, Action::ManageServices)?;
    let (now, by) = (city.now(), actor_text(actor));
    city.store()
        .write(move |db| {
            Box::pin(async move {
                set_json(db, LIVE_TYPES, &types).await?;
                changed(db, &by, "live_types", now).await
            })
        })
        .await?;
    city.reload().await
}

/// Adds or replaces areas by their codes.
///
/// # Errors
/// [`Error::Denied`] unless the actor may manage areas.
pub async fn put_areas(city: &City, actor: &Actor, areas: Vec<Area>) -> Result<usize> {
    must(actor, Action::ManageAreas)?;
    let (now, by, count) = (city.now(), actor_text(actor), areas.len());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                for area in &areas {
                    rows::put_area(db, area).await?;
                }
                changed(db, &by, "areas", now).await
            })
        })
        .await?;
    city.reload().await?;
    Ok(count)
}

/// Adds an API key and returns it in the clear, this once.
///
/// # Errors
/// [`Error::Denied`] unless the actor may manage keys.
pub async fn add_api_key(city: &City, actor: &Actor, name: &str) -> Result<String> {
    must(actor, Action::ManageApiKeys)?;
    let (now, by, name) = (city.now(), actor_text(actor), name.to_owned());
    let key = crate::links::random_token(city.entropy());
    let hash = crate::links::token_hash(&key);
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let id = rows::add_api_key(db, &name, &hash, now).await?;
                changed(db, &by, &format!("api_key:{id}"), now).await
            })
        })
        .await?;
    Ok(key)
}

/// Makes a key worth nothing. Returns whether it was worth something.
///
/// # Errors
/// [`Error::Denied`] unless the actor may manage keys.
pub async fn revoke_api_key(city: &City, actor: &Actor, key: &str) -> Result<bool> {
    must(actor, Action::ManageApiKeys)?;
    let (now, by) = (city.now(), actor_text(actor));
    let hash = crate::links::token_hash(key);
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let Some((id, _)) = rows::api_key(db, &hash).await? else {
                    return Ok(false);
                };
                rows::revoke_api_key(db, id, now).await?;
                changed(db, &by, &format!("api_key:{id}"), now).await?;
                Ok(true)
            })
        })
        .await
}

/// A system with a key.
pub struct ApiClient {
    pub actor: Actor,
    /// What the key is called in this city.
    pub name: String,
}

/// The system that this key belongs to; `None` when the key is unknown or revoked.
///
/// # Errors
/// When the database does not answer.
pub async fn api_client(city: &City, key: &str) -> Result<Option<ApiClient>> {
    let hash = crate::links::token_hash(key);
    let found = rows::api_key(&mut city.store().read().await?, &hash).await?;
    Ok(found.map(|(id, name)| ApiClient {
        actor: city.api_client(id),
        name,
    }))
}

pub(crate) fn must(actor: &Actor, action: Action) -> Result<()> {
    if allows(actor, action, Subject::City) {
        Ok(())
    } else {
        Err(Error::Denied(action))
    }
}

/// The actor behind the command line: whoever can start the program on the city's files may manage it.
pub fn command_line() -> Actor {
    use pendopo_domain::policy::{Grant, Scope, Who};
    let actions = Action::ALL.iter().copied().filter(|action| {
        matches!(
            action,
            Action::ManageServices
                | Action::ManageAreas
                | Action::ManageSignIns
                | Action::ManageApiKeys
                | Action::SeeJournal
                | Action::SeeSources
                | Action::ManageSources
                | Action::ManageRules
                | Action::SeeAlerts
                | Action::WriteAlert
                | Action::ManageAlertFeeds
                | Action::ManageWalls
        )
    });
    Actor {
        who: Who::City,
        grants: vec![Grant {
            actions: actions.collect(),
            scope: Scope::City,
            position: None,
        }],
    }
}
