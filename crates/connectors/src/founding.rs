//! Makes a city of the starter files, of a GeoJSON file with its areas, and of a CSV file with its people.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::tz::TimeZone;
use pendopo_domain::geo::{Area, BoundingBox};
use pendopo_domain::policy::Action;
use pendopo_domain::time::Timestamp;
use pendopo_operations::configuration::{self, Profile, Starter};
use pendopo_operations::founding::{Fault, FirstLink, Founded, NewCity, Wrong};
use pendopo_operations::store::{Store, StoreError};
use pendopo_operations::{City, Error, Node, Problem, node, sign_ins};
use serde::Deserialize;

use crate::{areas, starter};

/// Indonesia from Sabang to Merauke: what a city without areas and without a box shows first.
const COUNTRY: (&str, [f64; 4]) = ("ID", [95.0, -11.1, 141.1, 6.1]);
/// Longest name, login or number.
pub const LONGEST: usize = 80;
/// Most lines of the file of people.
pub const MOST_PEOPLE: usize = 1_000;

/// Cuts the coast of a box out, as GeoJSON: empty where no coast is wanted, `None` when it cannot be had.
pub type Coast = dyn Fn([f64; 4]) -> Option<String> + Send + Sync;

/// Makes the city `new` on `node`, with its areas in one transaction; then its sign-ins.
///
/// # Errors
/// [`Fault::Wrong`] with everything that cannot be used; nothing is made then.
pub async fn found(node: &Node, new: NewCity, coast: &Coast) -> Result<Founded, Fault> {
    let now = node.clock().now();
    let starter = starter::starter().map_err(damaged)?;
    let mut wrong = Wrongs::default();
    let plan = Plan::of(&new, starter, now, &mut wrong);
    if node::is_slug(&new.slug)
        && Store::exists(&node.root().city(&new.slug))
            .await
            .map_err(Error::from)?
    {
        wrong.field("slug", Problem::Busy);
    }
    let Some(mut plan) = plan.filter(|_| wrong.0.is_empty()) else {
        return Err(Fault::Wrong(wrong.0));
    };
    let Some(coast) = coast(plan.profile.bbox) else {
        wrong.field("base_map", Problem::Unknown);
        return Err(Fault::Wrong(wrong.0));
    };
    plan.starter.base_map = coast;
    let store = node.store(&new.slug).await?;
    let made = configuration::found(&store, plan.profile, plan.starter, now).await;
    store.close().await;
    made?;
    let city = node.open(&new.slug, Arc::clone(node.clock())).await?;
    let mut founded = Founded {
        slug: new.slug,
        areas: plan.account.stored,
        areas_refused: plan.account.refused.values().sum(),
        links: vec![],
    };
    for (login, position) in plan.people {
        match sign_in(&city, login, position).await {
            Ok(link) => founded.links.push(link),
            Err(error) => {
                city.store().close().await;
                return Err(error.into());
            }
        }
    }
    city.store().close().await;
    Ok(founded)
}

async fn sign_in(city: &City, login: String, position: String) -> Result<FirstLink, Error> {
    let by = configuration::command_line();
    sign_ins::add(city, &by, &login, &position, None).await?;
    let token = sign_ins::add_link(city, &by, &login).await?;
    Ok(FirstLink {
        login,
        position,
        token,
    })
}

/// A file of the build that does not read.
fn damaged(error: starter::FileError) -> Fault {
    Fault::City(StoreError::Corrupt(error.to_string()).into())
}

#[derive(Default)]
struct Wrongs(Vec<Wrong>);

impl Wrongs {
    fn field(&mut self, field: &'static str, problem: Problem) {
        self.line(field, None, problem);
    }

    fn line(&mut self, field: &'static str, line: Option<u64>, problem: Problem) {
        self.0.push(Wrong {
            field,
            line,
            problem,
        });
    }
}

/// All that is needed to make the city.
struct Plan {
    profile: Profile,
    starter: Starter,
    account: areas::AreasAccount,
    /// Login and position, the administrator first.
    people: Vec<(String, String)>,
}

impl Plan {
    fn of(new: &NewCity, mut starter: Starter, now: Timestamp, wrong: &mut Wrongs) -> Option<Self> {
        if !node::is_slug(&new.slug) {
            wrong.field("slug", Problem::Unknown);
        }
        for (field, text, is_needed) in [
            ("name", &new.name, true),
            ("code", &new.code, false),
            ("province", &new.province, false),
            ("domain", &new.domain, false),
            ("emergency_phone", &new.emergency_phone, false),
        ] {
            if is_needed && text.is_empty() {
                wrong.field(field, Problem::Missing);
            }
            if text.chars().count() > LONGEST {
                wrong.field(field, Problem::TooLong { most: LONGEST });
            }
        }
        let account = take_areas(new, &mut starter, wrong)?;
        let people = people(new, &starter, wrong);
        let zone = TimeZone::get(&new.zone).ok();
        if zone.is_none() {
            wrong.field("zone", Problem::Unknown);
        }
        let country = new.country.to_ascii_uppercase();
        let holidays = starter::holidays(&country).ok();
        if holidays.is_none() {
            wrong.field("country", Problem::Unknown);
        }
        let around = new.bbox.or_else(|| bounds(&starter.areas));
        let bbox = around.or_else(|| (country == COUNTRY.0).then_some(COUNTRY.1));
        if bbox.is_none_or(|[west, south, east, north]| {
            BoundingBox::new(west, south, east, north).is_none()
        }) {
            wrong.field("bbox", Problem::Unknown);
        }
        let profile = Profile {
            name: new.name.clone(),
            code: match new.code.as_str() {
                "" => String::new(),
                code => format!("{country}-{code}"),
            },
            province: new.province.clone(),
            zone: new.zone.clone(),
            zone_abbreviation: zone?.to_offset_info(now.into()).abbreviation().to_owned(),
            domain: new.domain.to_ascii_lowercase(),
            emergency_phone: new.emergency_phone.clone(),
            bbox: bbox?,
            demo: new.is_demo,
            holidays: holidays?,
        };
        Some(Self {
            profile,
            starter,
            account,
            people,
        })
    }
}

/// Gives the starter the areas of the file. `None` when the file as a whole cannot be used.
fn take_areas(
    new: &NewCity,
    starter: &mut Starter,
    wrong: &mut Wrongs,
) -> Option<areas::AreasAccount> {
    let Some(text) = &new.areas else {
        return Some(areas::AreasAccount::default());
    };
    match areas::read(text) {
        Ok((taken, mut account)) if !taken.is_empty() => {
            account.stored = taken.len() as u64;
            starter.areas = taken;
            Some(account)
        }
        Ok(_) => {
            wrong.field("areas", Problem::Missing);
            None
        }
        Err(_) => {
            wrong.field("areas", Problem::Unknown);
            None
        }
    }
}

/// The box around the outlines, with a twentieth of its span as a margin.
fn bounds(areas: &[Area]) -> Option<[f64; 4]> {
    use geo::BoundingRect;
    let mut rects = areas.iter().filter_map(|area| area.outline.bounding_rect());
    let first = rects.next()?;
    let (mut least, mut most) = (first.min(), first.max());
    for rect in rects {
        least.x = least.x.min(rect.min().x);
        least.y = least.y.min(rect.min().y);
        most.x = most.x.max(rect.max().x);
        most.y = most.y.max(rect.max().y);
    }
    let margin = ((most.x - least.x).max(most.y - least.y) / 20.0).max(0.001);
    Some([
        (least.x - margin).max(-180.0),
        (least.y - margin).max(-90.0),
        (most.x + margin).min(180.0),
        (most.y + margin).min(90.0),
    ])
}

#[derive(Deserialize)]
struct Person {
    login: String,
    #[serde(alias = "posisi", alias = "jabatan")]
    position: String,
}

/// The administrator, then whoever is in the file.
fn people(new: &NewCity, starter: &Starter, wrong: &mut Wrongs) -> Vec<(String, String)> {
    let mut logins = BTreeSet::new();
    let mut people = vec![];
    if let Some(login) = &new.administrator {
        match administrator(starter) {
            Some(position) if is_login(login) => {
                logins.insert(login.clone());
                people.push((login.clone(), position));
            }
            _ => wrong.field("administrator", Problem::Unknown),
        }
    }
    let text = new.people.as_deref().unwrap_or_default();
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .delimiter(
            if text.lines().next().is_some_and(|line| line.contains(';')) {
                b';'
            } else {
                b','
            },
        )
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    for (line, row) in (2..).zip(reader.deserialize::<Person>()) {
        let problem = match &row {
            _ if people.len() >= MOST_PEOPLE => Some(Problem::TooMany { most: MOST_PEOPLE }),
            Err(_) => Some(Problem::Missing),
            Ok(person) if !is_login(&person.login) => Some(Problem::Unknown),
            Ok(person)
                if !starter
                    .positions
                    .iter()
                    .any(|one| one.code == person.position) =>
            {
                Some(Problem::Unknown)
            }
            Ok(person) if !logins.insert(person.login.clone()) => Some(Problem::Busy),
            Ok(_) => None,
        };
        match (problem, row) {
            (None, Ok(person)) => people.push((person.login, person.position)),
            (problem, _) => {
                wrong.line("people", Some(line), problem.unwrap_or(Problem::Unknown));
                // What follows is most likely wrong in the same way.
                break;
            }
        }
    }
    people
}

/// Letters, digits, points and dashes: it is typed on phones.
fn is_login(text: &str) -> bool {
    (2..=LONGEST).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-@".contains(&b))
}

/// The position that gives others their sign-ins.
fn administrator(starter: &Starter) -> Option<String> {
    let may = |code: &str| {
        let role = starter.roles.iter().find(|role| role.code == code);
        role.is_some_and(|role| role.actions.contains(&Action::ManageSignIns))
    };
    let position = starter.positions.iter().find(|one| may(&one.role));
    position.map(|one| one.code.clone())
}

#[cfg(test)]
mod tests;
