//! Whether the city is normal or not, and what is late and whose: for whoever answers for all of it.

use std::collections::BTreeMap;

use pendopo_domain::alarms::{Alarm, State};
use pendopo_domain::incidents::State as IncidentState;
use pendopo_domain::organisation::TeamId;
use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::reports::State as ReportState;
use pendopo_store::alarms as rows;
use pendopo_store::playbooks::{self, Overdue};
use pendopo_store::report_query::{self, Filter};

use crate::configuration::must;
use crate::walls::{StandingIncident, standing_incidents};
use crate::{City, Result};

/// Alarms up to this priority are not normal.
const GRAVE: u8 = 2;
/// Open alarms that are looked at.
const MOST_ALARMS: i64 = 200;

/// How the city stands.
pub struct Standing {
    /// Open alarms of priority 1 and 2 that are not shelved, the gravest first.
    pub alarms: Vec<Alarm>,
    /// Of these, how many are over the time to act.
    pub late_alarms: usize,
    /// Incidents that are not contained, the gravest first.
    pub incidents: Vec<StandingIncident>,
    /// Of these, how many have nobody on the way or there.
    pub unattended: usize,
    /// Steps of playbooks that are late on these incidents, and whose they are.
    pub late_steps: Vec<Overdue>,
    /// Public reports over their deadline, by team, most first; `None` for those that nobody has.
    pub overdue: Vec<(Option<TeamId>, i64)>,
}

impl Standing {
    /// Nothing asks for anybody now. Late reports are late, but no emergency.
    pub fn is_normal(&self) -> bool {
        self.alarms.is_empty() && self.incidents.is_empty()
    }

    /// All public reports over their deadline.
    pub fn overdue_total(&self) -> i64 {
        self.overdue.iter().map(|(_, n)| n).sum()
    }
}

/// How the city stands now.
///
/// # Errors
/// [`crate::Error::Denied`].
pub async fn see(city: &City, actor: &Actor) -> Result<Standing> {
    must(actor, Action::SeeNumbers)?;
    let now = city.now();
    let configuration = city.configuration();
    let mut db = city.store().read().await?;
    let mut alarms = rows::open(&mut db, MOST_ALARMS).await?;
    alarms.retain(|alarm| alarm.priority.level() <= GRAVE && alarm.state != State::Shelved);
    let is_late = |alarm: &&Alarm| {
        let rule = configuration
            .rules
            .iter()
            .find(|rule| rule.code == alarm.rule);
        alarm.is_active && rule.is_some_and(|rule| alarm.act_by(rule.minutes_to_act) < now)
    };
    let late_alarms = alarms.iter().filter(is_late).count();
    let filter = Filter {
        public_only: true,
        states: vec![
            ReportState::Received,
            ReportState::Assigned,
            ReportState::Reopened,
        ],
        due_before: Some(now),
        ..Filter::default()
    };
    let total = report_query::count(&mut db, &filter).await?;
    let mut by_team: BTreeMap<Option<TeamId>, i64> = BTreeMap::new();
    let mut theirs = 0;
    for team in &configuration.teams {
        let of_team = Filter {
            teams: vec![team.id],
            ..filter.clone()
        };
        let n = report_query::count(&mut db, &of_team).await?;
        if n > 0 {
            by_team.insert(Some(team.id), n);
            theirs += n;
        }
    }
    if total > theirs {
        by_team.insert(None, total - theirs);
    }
    let mut late_steps = playbooks::overdue(&mut db, now).await?;
    drop(db);
    let mut overdue: Vec<_> = by_team.into_iter().collect();
    overdue.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let mut incidents = standing_incidents(city).await?;
    incidents.retain(|one| one.incident.state != IncidentState::Contained);
    late_steps.retain(|late| incidents.iter().any(|one| one.incident.id == late.incident));
    Ok(Standing {
        late_steps,
        alarms,
        late_alarms,
        unattended: incidents.iter().filter(|one| one.crews == 0).count(),
        incidents,
        overdue,
    })
}
