//! The queue: what stands in each tab, in which order, and how many.
//!
//! A report waits for the desk when it has just come in, when its reporter said *not yet*, or when its team is late.
//! Open incidents stand before all of them. Lists and counts are asked of the database; nothing is counted by loading.

use pendopo_domain::incidents::{Incident, IncidentId, Target};
use pendopo_domain::organisation::TeamId;
use pendopo_domain::policy::{Action, Actor, Scope, Subject, allows};
use pendopo_domain::reports::{Report, ReportId, State, Visibility};
use pendopo_domain::time::Timestamp;
use pendopo_operations::configuration::Configuration;
use pendopo_operations::identity::subject;
use pendopo_operations::store::report_query::{self, Filter, Order};
use pendopo_operations::store::{Db, incidents as incident_rows};
use pendopo_operations::{Error, incidents, playbooks};
use serde::Deserialize;

use super::super::{parts, staff_parts};
use crate::pages_view::{DeskFilters, QueueKind, QueueRow, Tab, Tabs};
use crate::visit::Visit;

/// Rows of one page of the queue.
const PAGE_ROWS: i64 = 50;

/// What the queue is asked for, as it stands in the query of every page of the desk.
#[derive(Clone, Debug, Default, Deserialize)]
pub(in crate::pages) struct Asked {
    tab: Option<String>,
    service: Option<String>,
    area: Option<String>,
    team: Option<String>,
    q: Option<String>,
    page: Option<String>,
    /// What has just been done.
    pub(super) done: Option<String>,
}

fn some(text: &Option<String>) -> Option<&str> {
    text.as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

impl Asked {
    /// From the hidden field with which forms bring the queue along. What does not read is left out.
    pub(in crate::pages) fn from_query(query: Option<&str>) -> Self {
        serde_urlencoded::from_str(query.unwrap_or_default()).unwrap_or_default()
    }

    fn tab(&self) -> Tab {
        match self.tab.as_deref() {
            Some("mine") => Tab::Mine,
            Some("due_soon") => Tab::DueSoon,
            Some("overdue") => Tab::Overdue,
            _ => Tab::NeedsAction,
        }
    }

    /// The words searched for.
    pub(super) fn words(&self) -> Option<&str> {
        some(&self.q)
    }

    fn page(&self) -> i64 {
        some(&self.page)
            .and_then(|text| text.parse().ok())
            .unwrap_or(1)
            .clamp(1, 100_000)
    }

    /// The query without `?`, and without what was done.
    pub(in crate::pages) fn query(&self) -> String {
        self.query_of(self.page())
    }

    fn query_of(&self, page: i64) -> String {
        let tab = match self.tab() {
            Tab::NeedsAction => "needs_action",
            Tab::Mine => "mine",
            Tab::DueSoon => "due_soon",
            Tab::Overdue => "overdue",
        };
        let named = [
            ("service", &self.service),
            ("area", &self.area),
            ("team", &self.team),
            ("q", &self.q),
        ];
        let mut pairs = vec![("tab", tab.to_owned())];
        pairs.extend(
            named
                .into_iter()
                .filter_map(|(name, value)| Some((name, some(value)?.to_owned()))),
        );
        if page > 1 {
            pairs.push(("page", page.to_string()));
        }
        serde_urlencoded::to_string(pairs).unwrap_or_default()
    }

    fn any(&self) -> bool {
        [&self.service, &self.area, &self.team, &self.q]
            .into_iter()
            .any(|value| some(value).is_some())
    }

    fn team_id(&self, configuration: &Configuration) -> Option<TeamId> {
        let code = some(&self.team)?;
        configuration
            .teams
            .iter()
            .find(|team| team.code == code)
            .map(|team| team.id)
    }

    /// The filters as the page shows them.
    pub(super) fn filters(&self, visit: &Visit) -> DeskFilters {
        let configuration = visit.city.configuration();
        DeskFilters {
            q: self.words().unwrap_or_default().to_owned(),
            services: parts::service_choices(&configuration, visit.language, some(&self.service)),
            areas: parts::area_choices(&configuration, some(&self.area)),
            teams: staff_parts::team_choices(visit, self.team_id(&configuration)),
            any: self.any(),
        }
    }

    /// `base` narrowed by what was asked.
    fn narrow(&self, configuration: &Configuration, base: &Filter) -> Filter {
        let mut filter = base.clone();
        filter
            .services
            .extend(some(&self.service).map(str::to_owned));
        filter.area = some(&self.area)
            .and_then(|code| configuration.areas.by_code(code))
            .map(|area| area.id);
        filter.text = self.words().map(str::to_owned);
        if let Some(team) = self.team_id(configuration) {
            if !filter.teams.is_empty() && !filter.teams.contains(&team) {
                // Not for this position to see: numbers that no report has.
                filter.ids = Some((vec![], vec![]));
            }
            filter.teams = vec![team];
        }
        filter
    }
}

/// What this position may see at the desk: all of the city or its team's, with or without what is secret.
pub(super) fn sight(actor: &Actor) -> Filter {
    let desk = || {
        actor
            .grants
            .iter()
            .filter(|grant| grant.actions.contains(&Action::SeeDesk))
    };
    let teams: Vec<TeamId> = if desk().any(|grant| grant.scope == Scope::City) {
        vec![]
    } else {
        desk()
            .filter_map(|grant| {
                if let Scope::Team(team) = grant.scope {
                    Some(team)
                } else {
                    None
                }
            })
            .collect()
    };
    let secret = Subject::Report {
        id: ReportId(0),
        visibility: Visibility::Secret,
        anonymous: false,
        team: teams.first().copied(),
    };
    Filter {
        public_only: !allows(actor, Action::SeeDesk, secret),
        teams,
        ..Filter::default()
    }
}

/// Reports that stand one after the other in a tab, of which the first `skip` stand elsewhere already.
struct Stretch {
    filter: Filter,
    skip: i64,
    count: i64,
}

impl Stretch {
    async fn of(db: &mut Db, filter: Filter) -> Result<Self, Error> {
        let count = report_query::count(db, &filter).await?;
        Ok(Self {
            filter,
            skip: 0,
            count,
        })
    }
}

const OPEN: [State; 3] = [State::Received, State::Assigned, State::Reopened];

/// The reports of a tab.
async fn stretches(
    db: &mut Db,
    tab: Tab,
    base: &Filter,
    now: Timestamp,
) -> Result<Vec<Stretch>, Error> {
    let of = |states: &[State]| Filter {
        states: states.to_vec(),
        ..base.clone()
    };
    let late = |filter: Filter| Filter {
        due_before: Some(now),
        ..filter
    };
    Ok(match tab {
        Tab::Mine => vec![Stretch::of(db, of(&[State::Assigned])).await?],
        Tab::DueSoon => vec![
            Stretch::of(
                db,
                Filter {
                    pressing_at: Some(now),
                    ..of(&OPEN)
                },
            )
            .await?,
        ],
        Tab::Overdue => vec![Stretch::of(db, late(of(&OPEN))).await?],
        Tab::NeedsAction => {
            // In an incident, it is the incident that waits.
            let alone = |filter: Filter| Filter {
                without_incident: true,
                ..filter
            };
            let first = Stretch::of(db, alone(late(of(&OPEN)))).await?;
            let waiting = [State::Received, State::Reopened];
            let mut then = Stretch::of(db, alone(of(&waiting))).await?;
            // The order is by deadline, so what is late comes first in both and is left out of the second.
            then.skip = report_query::count(db, &alone(late(of(&waiting)))).await?;
            then.count -= then.skip;
            vec![first, then]
        }
    })
}

/// What the page shows of the queue.
pub(super) struct Queue {
    pub tabs: Tabs,
    pub rows: Vec<QueueRow>,
    pub next_url: Option<String>,
    pub last_at: Option<Timestamp>,
}

/// Loads one page of the queue and counts every tab. `selected` is the number of what stands beside it.
pub(super) async fn load(visit: &Visit, asked: &Asked, selected: &str) -> Result<Queue, Error> {
    let configuration = visit.city.configuration();
    let now = visit.city.now();
    let base = sight(&visit.actor);
    let open = incidents::list(&visit.city, &visit.actor, true).await?;
    let tab = asked.tab();
    let mut db = visit.city.store().read().await?;
    let mut tabs = Tabs {
        current: tab,
        needs_action: 0,
        mine: 0,
        due_soon: 0,
        overdue: 0,
    };
    let narrowed = asked.narrow(&configuration, &base);
    let shown = if tab == Tab::NeedsAction {
        matching(visit, &mut db, asked, &open).await?
    } else {
        vec![]
    };
    let mut current = vec![];
    for each in [Tab::NeedsAction, Tab::Mine, Tab::DueSoon, Tab::Overdue] {
        let found = stretches(
            &mut db,
            each,
            if each == tab { &narrowed } else { &base },
            now,
        )
        .await?;
        let before = match each {
            Tab::NeedsAction if each == tab => shown.len(),
            Tab::NeedsAction => open.len(),
            _ => 0,
        };
        *place(&mut tabs, each) =
            found.iter().map(|stretch| stretch.count).sum::<i64>() + count(before);
        if each == tab {
            current = found;
        }
    }
    let total = *place(&mut tabs, tab);
    let from = (asked.page() - 1) * PAGE_ROWS;
    let mut rows = incident_rows_of(visit, &mut db, asked, &shown, from, selected).await?;
    let wanted = PAGE_ROWS - count(rows.len());
    let reports = reports_from(
        &mut db,
        &current,
        (from - count(shown.len())).max(0),
        wanted,
    )
    .await?;
    let visible = reports
        .iter()
        .filter(|report| allows(&visit.actor, Action::SeeDesk, subject(report)));
    rows.extend(visible.map(|report| report_row(visit, &configuration, asked, report, selected)));
    let last = report_query::list(&mut db, &base, Order::NewestFirst, 1, 0).await?;
    Ok(Queue {
        tabs,
        rows,
        next_url: (from + PAGE_ROWS < total)
            .then(|| format!("/meja?{}", asked.query_of(asked.page() + 1))),
        last_at: last.first().map(|report| report.received_at),
    })
}

fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

fn place(tabs: &mut Tabs, tab: Tab) -> &mut i64 {
    match tab {
        Tab::NeedsAction => &mut tabs.needs_action,
        Tab::Mine => &mut tabs.mine,
        Tab::DueSoon => &mut tabs.due_soon,
        Tab::Overdue => &mut tabs.overdue,
    }
}

/// `wanted` reports from the `from`-th on, across the stretches.
async fn reports_from(
    db: &mut Db,
    stretches: &[Stretch],
    mut from: i64,
    mut wanted: i64,
) -> Result<Vec<Report>, Error> {
    let mut found = Vec::new();
    for stretch in stretches {
        if wanted <= 0 {
            break;
        }
        if from >= stretch.count {
            from -= stretch.count;
            continue;
        }
        let limit = wanted.min(stretch.count - from);
        let order = Order::MostUrgentFirst;
        found.extend(
            report_query::list(db, &stretch.filter, order, limit, stretch.skip + from).await?,
        );
        (wanted, from) = (wanted - limit, 0);
    }
    Ok(found)
}

/// Open incidents that fit the filters. There are never many at once, so they are looked through here.
async fn matching<'a>(
    visit: &Visit,
    db: &mut Db,
    asked: &Asked,
    open: &'a [Incident],
) -> Result<Vec<&'a Incident>, Error> {
    const MOST_TASKS: i64 = 1_000;
    let configuration = visit.city.configuration();
    let sent: Option<Vec<IncidentId>> = match asked.team_id(&configuration) {
        None => None,
        team => {
            let tasks = incident_rows::active_assignments(db, team, MOST_TASKS).await?;
            let target = |target| {
                if let Target::Incident(id) = target {
                    Some(id)
                } else {
                    None
                }
            };
            Some(
                tasks
                    .into_iter()
                    .filter_map(|task| target(task.target))
                    .collect(),
            )
        }
    };
    let area = some(&asked.area).map(|code| configuration.areas.by_code(code).map(|area| area.id));
    let words = asked.words().map(str::to_lowercase);
    let fits = |incident: &&Incident| {
        let text = || {
            let title = staff_parts::incident_title(visit, &configuration, incident);
            format!(
                "{title} {}",
                parts::incident_place(&configuration, incident)
            )
            .to_lowercase()
        };
        sent.as_ref().is_none_or(|ids| ids.contains(&incident.id))
            && some(&asked.service).is_none_or(|code| code == incident.service_code)
            && area.is_none_or(|area| area.is_some() && area == incident.area)
            && words.as_ref().is_none_or(|words| text().contains(words))
    };
    Ok(open.iter().filter(fits).collect())
}

async fn incident_rows_of(
    visit: &Visit,
    db: &mut Db,
    asked: &Asked,
    shown: &[&Incident],
    from: i64,
    selected: &str,
) -> Result<Vec<QueueRow>, Error> {
    let configuration = visit.city.configuration();
    let skip = usize::try_from(from).unwrap_or(usize::MAX);
    let page: Vec<&Incident> = shown
        .iter()
        .skip(skip)
        .take(usize::try_from(PAGE_ROWS).unwrap_or(0))
        .copied()
        .collect();
    let ids: Vec<IncidentId> = page.iter().map(|incident| incident.id).collect();
    let counts = incident_rows::report_counts(db, &ids).await?;
    let overdue = playbooks::overdue(&visit.city, &visit.actor).await?;
    let late =
        |incident: &Incident| staff_parts::late_steps(visit, &configuration, &overdue, incident.id);
    let row = |incident: &&Incident| QueueRow {
        kind: QueueKind::Incident {
            state: incident.state,
            priority: incident.priority.level(),
            reports: counts
                .iter()
                .find(|(id, _)| *id == incident.id)
                .map_or(0, |(_, n)| *n),
        },
        url: format!(
            "{}?{}",
            staff_parts::incident_url(incident.id),
            asked.query()
        ),
        title: staff_parts::incident_title(visit, &configuration, incident),
        place: parts::incident_place(&configuration, incident),
        due: None,
        steps_late: late(incident).0,
        whose: late(incident).1,
        since: incident.opened_at,
        selected: incident.number() == selected,
        number: incident.number(),
        secret: false,
    };
    Ok(page.iter().map(row).collect())
}

/// A row says what kind of matter it is and where, as far as that is plain; of a secret report the area only.
fn report_row(
    visit: &Visit,
    configuration: &Configuration,
    asked: &Asked,
    report: &Report,
    selected: &str,
) -> QueueRow {
    let number = report.number().to_string();
    QueueRow {
        kind: QueueKind::Report {
            state: report.state,
        },
        url: format!("{}?{}", staff_parts::report_url(report), asked.query()),
        title: parts::service_name(configuration, visit.language, &report.service_code),
        place: parts::place(configuration, report),
        due: parts::due(visit, report),
        steps_late: 0,
        whose: String::new(),
        since: report.received_at,
        selected: number == selected,
        number,
        secret: report.visibility == Visibility::Secret,
    }
}
