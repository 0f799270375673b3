//! `/walikota`: whether the city is normal, in one sentence, and at most five lines of what is not and whose it is.

use axum::response::Response;
use pendopo_domain::policy::Action;
use pendopo_operations::playbooks::Overdue;
use pendopo_operations::standing;
use pendopo_operations::walls::StandingIncident;

use super::{alarm, parts, staff_parts};
use crate::failure::Failure;
use crate::pages_view::{MayorLine, MayorPage, Nav};
use crate::routes::{Route, show};
use crate::visit::Visit;

pub(crate) fn routes(routes: &mut Vec<Route>) {
    show(routes, "/walikota", Action::SeeNumbers, show_standing);
}

/// `GET /walikota`
async fn show_standing(visit: Visit) -> Result<Response, Failure> {
    let standing = standing::see(&visit.city, &visit.actor).await?;
    let at_desk = visit.may(Action::SeeDesk);
    let mut lines = vec![];
    // So that neither alarms nor incidents push the others out: two of each first, then what is late, whose.
    for one in standing.alarms.iter().take(2) {
        let row = alarm::row(&visit, one).await?;
        let configuration = visit.city.configuration();
        let rule = alarm::rule_of(&configuration, one);
        lines.push(MayorLine {
            kind: "alarm",
            priority: Some(row.priority),
            title: row.title,
            place: row.place,
            whose: rule
                .map(|rule| alarm::owner(&visit, rule))
                .unwrap_or_default(),
            count: 0,
            steps: 0,
            late: row.left.is_some_and(|left| left.over),
            url: if at_desk { row.url } else { String::new() },
        });
    }
    // Of equal priority first what is late: new ones would hide it.
    let incidents = standing.incidents.iter();
    let mut incidents: Vec<MayorLine> = incidents
        .map(|one| incident(&visit, one, &standing.late_steps, at_desk))
        .collect();
    incidents.sort_by_key(|line| (line.priority, line.steps == 0, !line.late));
    lines.extend(incidents.into_iter().take(2));
    let configuration = visit.city.configuration();
    let overdue = standing.overdue.iter().map(|(team, n)| MayorLine {
        kind: "overdue",
        priority: None,
        title: String::new(),
        place: String::new(),
        whose: team
            .map(|id| staff_parts::team_name(&visit, &configuration, id))
            .unwrap_or_default(),
        count: *n,
        steps: 0,
        late: true,
        url: if at_desk {
            "/meja?tab=overdue"
        } else {
            "/angka"
        }
        .to_owned(),
    });
    lines.extend(overdue);
    lines.truncate(MayorPage::MOST_LINES);
    let context = MayorPage {
        stage: super::stage_band(&visit.city).await?,
        normal: standing.is_normal(),
        alarms: standing.alarms.len(),
        incidents: standing.incidents.len(),
        overdue: standing.overdue_total(),
        lines,
    };
    visit.page(Nav::Numbers, &context)
}

fn incident(visit: &Visit, one: &StandingIncident, late: &[Overdue], at_desk: bool) -> MayorLine {
    let configuration = visit.city.configuration();
    let (steps, whose) = staff_parts::late_steps(visit, &configuration, late, one.incident.id);
    let url = match at_desk {
        true => staff_parts::incident_url(one.incident.id),
        false => "/peta".to_owned(),
    };
    MayorLine {
        kind: "incident",
        priority: Some(one.incident.priority.level()),
        title: parts::service_name(&configuration, visit.language, &one.incident.service_code),
        place: parts::incident_place(&configuration, &one.incident),
        whose,
        count: i64::try_from(one.crews).unwrap_or(0),
        steps,
        late: one.crews == 0,
        url,
    }
}
