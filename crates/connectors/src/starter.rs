//! What a new city begins with: the files of `cities/starter` and `cities/holidays`, packed into the program.
//!
//! The fields are described in `cities/README.md`. A city changes everything afterwards; this is only where it begins.

use jiff::civil::Date;
use pendopo_domain::live_types::LiveType;
use pendopo_domain::organisation::Role;
use pendopo_domain::playbooks::Playbook;
use pendopo_domain::rules::Rule;
use pendopo_domain::services::Service;
use pendopo_operations::configuration::{PositionFile, RouteFile, Starter, TeamFile};
use pendopo_operations::units::UnitFile;
use rust_embed::RustEmbed;
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(RustEmbed)]
#[folder = "../../cities"]
struct Files;

/// A packed file that is missing or does not read: a fault of the build.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("there is no file {0}")]
    Missing(String),
    #[error("the file {name} does not read")]
    Unreadable {
        name: String,
        source: serde_json::Error,
    },
}

/// Reads one of the packed files, named from `cities/`.
pub(crate) fn read<T: DeserializeOwned>(name: &str) -> Result<T, FileError> {
    let file = Files::get(name).ok_or_else(|| FileError::Missing(name.to_owned()))?;
    serde_json::from_slice(&file.data).map_err(|source| FileError::Unreadable {
        name: name.to_owned(),
        source,
    })
}

/// Names of the packed files in `folder`, in alphabetical order.
pub(crate) fn names(folder: &str) -> Vec<String> {
    let mut names: Vec<String> = Files::iter()
        .filter(|name| name.starts_with(folder))
        .map(|name| name.into_owned())
        .collect();
    names.sort();
    names
}

#[derive(Deserialize)]
struct Services {
    services: Vec<Service>,
}

#[derive(Deserialize)]
struct Teams {
    teams: Vec<TeamFile>,
}

#[derive(Deserialize)]
struct Units {
    units: Vec<UnitFile>,
}

#[derive(Deserialize)]
struct Playbooks {
    playbooks: Vec<Playbook>,
}

#[derive(Deserialize)]
struct Routing {
    routing: Vec<RouteFile>,
}

#[derive(Deserialize)]
struct Roles {
    roles: Vec<Role>,
}

#[derive(Deserialize)]
struct Positions {
    positions: Vec<PositionFile>,
}

#[derive(Deserialize)]
struct LiveTypes {
    live_types: Vec<LiveType>,
}

#[derive(Deserialize)]
struct Rules {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Holidays {
    country: String,
    holidays: Vec<Holiday>,
}

#[derive(Deserialize)]
struct Holiday {
    date: Date,
    /// Calendars that hold the day; without any it is everyone's.
    areas: Option<Vec<String>>,
}

/// Services, teams, units, playbooks, rules, routes, roles, positions and types of live data; no areas yet.
///
/// # Errors
/// [`FileError`] when a packed file is damaged.
pub fn starter() -> Result<Starter, FileError> {
    Ok(Starter {
        services: read::<Services>("starter/services.json")?.services,
        teams: read::<Teams>("starter/teams.json")?.teams,
        units: read::<Units>("starter/units.json")?.units,
        playbooks: read::<Playbooks>("starter/playbooks.json")?.playbooks,
        rules: read::<Rules>("starter/rules.json")?.rules,
        routing: read::<Routing>("starter/routing.json")?.routing,
        roles: read::<Roles>("starter/roles.json")?.roles,
        positions: read::<Positions>("starter/positions.json")?.positions,
        live_types: read::<LiveTypes>("starter/live_types.json")?.live_types,
        alerts: read("starter/alerts.json")?,
        ..Starter::default()
    })
}

/// The days on which the offices of a country are closed, by its ISO 3166-1 code: national holidays, and Indonesia's
/// joint leave (*cuti bersama*), as far ahead as it is decreed.
///
/// # Errors
/// [`FileError::Missing`] for a country without a file.
pub fn holidays(country: &str) -> Result<Vec<Date>, FileError> {
    let file: Holidays = read(&format!("holidays/{country}.json"))?;
    let national = |day: &Holiday| {
        day.areas
            .as_ref()
            .is_none_or(|areas| areas.contains(&file.country))
    };
    let mut days: Vec<Date> = file
        .holidays
        .iter()
        .filter(|day| national(day))
        .map(|day| day.date)
        .collect();
    days.sort();
    days.dedup();
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_starter_files_read_and_name_only_what_is_there() {
        let starter = starter().unwrap();
        assert!(starter.services.len() >= 10);
        for route in &starter.routing {
            assert!(
                starter
                    .teams
                    .iter()
                    .any(|team| team.code == route.team_code)
            );
            assert!(
                starter
                    .services
                    .iter()
                    .any(|service| service.code == route.service_code)
            );
        }
        for playbook in &starter.playbooks {
            assert!(
                starter
                    .services
                    .iter()
                    .any(|service| service.code == playbook.service_code)
            );
            for step in &playbook.steps {
                assert!(
                    starter.roles.iter().any(|role| role.code == step.role),
                    "{}",
                    step.code
                );
            }
        }
        for rule in &starter.rules {
            assert_eq!(rule.check(), Ok(()), "{}", rule.code);
        }
        assert!(!starter.rules.is_empty());
        for role in ["public", "reporter", "api_client"] {
            assert!(
                starter.roles.iter().any(|known| known.code == role),
                "{role}"
            );
        }
    }

    #[test]
    fn a_joint_leave_closes_offices_and_a_holiday_of_one_state_does_not() {
        let (id, us) = (holidays("ID").unwrap(), holidays("US").unwrap());
        assert!(id.contains(&date(2026, 8, 17)));
        // Cuti bersama of Christmas.
        assert!(id.contains(&date(2026, 12, 24)));
        assert!(us.contains(&date(2026, 7, 4)) && !us.contains(&date(2010, 4, 19)));
        assert!(matches!(holidays("XX"), Err(FileError::Missing(_))));
    }
}
