//! From signals to one incident: alarms open it or join it, and reports that lie near belong to it.
//!
//! Part of the transaction of the rules, with the city itself as the actor. Only public reports are joined by
//! themselves: being in an incident tells where a report is.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::SignedDuration;
use pendopo_domain::alarms::Alarm;
use pendopo_domain::geo::Position;
use pendopo_domain::incidents::{Incident, IncidentId, Place, Severity};
use pendopo_domain::policy::Actor;
use pendopo_domain::reports::{ReportId, Visibility};
use pendopo_domain::rules::{Opens, Rule};
use pendopo_domain::time::Timestamp;
use pendopo_store::report_query::{self, Filter, Order};
use pendopo_store::{Db, alarms as alarm_rows, chains, incidents as rows, reports as report_rows};

use super::begin::{Signal, attach, begin};
use crate::alarms::Turned;
use crate::configuration::Configuration;
use crate::{City, Result};

/// Reports from before the alarm that belong to its incident are at most this old.
const BEFORE: SignedDuration = SignedDuration::from_hours(1);
/// Open incidents that are looked through for one that is near.
const MOST: i64 = 500;
/// Reports that an incident takes in when it begins.
const MOST_REPORTS: i64 = 500;

/// What is needed to make incidents inside a transaction.
pub(crate) struct Hand {
    configuration: Arc<Configuration>,
    itself: Actor,
    now: Timestamp,
}

impl Hand {
    pub(crate) fn of(city: &City, now: Timestamp) -> Self {
        Self {
            configuration: city.configuration(),
            itself: city.itself(),
            now,
        }
    }

    fn rule(&self, code: &str) -> Option<&Rule> {
        self.configuration.rules.iter().find(|one| one.code == code)
    }

    /// The alarm that was raised opens an incident, or joins the one that is near, as its rule says.
    pub(crate) async fn follow_alarm(&self, db: &mut Db, turned: Turned) -> Result<()> {
        let Turned {
            mut alarm,
            is_raised,
        } = turned;
        let opens = self
            .rule(&alarm.rule)
            .and_then(|rule| rule.incident.clone());
        let Some(opens) = opens.filter(|_| is_raised) else {
            return Ok(());
        };
        // It stands in one that still goes on.
        if let Some(held) = alarm.incident
            && let Some(incident) = rows::by_id(db, held).await?
            && incident.state.needs_action()
        {
            return Ok(());
        }
        let near = self.near(db, &opens.service_code, alarm.position).await?;
        let incident = match near {
            Some(incident) => incident,
            None if self.configuration.service(&opens.service_code).is_none() => {
                // One rule that names what is gone must not hold up all others.
                tracing::warn!(
                    rule = alarm.rule,
                    service = opens.service_code,
                    "there is no such service for an incident"
                );
                return Ok(());
            }
            None => self.begin(db, &alarm, &opens).await?,
        };
        alarm.incident = Some(incident.id);
        alarm_rows::update(db, &alarm).await?;
        let (stream, subject) = (chains::incident(incident.id), format!("alarm:{}", alarm.id));
        chains::append(db, &stream, self.now, "alarm_joined", "city", &subject).await?;
        self.gather(db, incident.id, &alarm, &opens).await
    }

    async fn begin(&self, db: &mut Db, alarm: &Alarm, opens: &Opens) -> Result<Incident> {
        let signal = Signal {
            service_code: opens.service_code.clone(),
            priority: alarm.priority,
            severity: severity(alarm),
            place: Place {
                area: alarm.area,
                position: alarm.position,
            },
            first_signal: alarm.raised_at,
        };
        begin(db, &self.configuration, &self.itself, &signal, self.now).await
    }

    /// Takes in what residents reported near it lately.
    async fn gather(
        &self,
        db: &mut Db,
        id: IncidentId,
        alarm: &Alarm,
        opens: &Opens,
    ) -> Result<()> {
        let Some(position) = alarm.position else {
            return Ok(());
        };
        let filter = Filter {
            public_only: true,
            services: vec![opens.service_code.clone()],
            received_from: Some(alarm.raised_at.plus(-BEFORE)),
            near: Some((position, f64::from(opens.within_m))),
            without_incident: true,
            ..Filter::default()
        };
        let members = report_query::list(db, &filter, Order::NewestFirst, MOST_REPORTS, 0).await?;
        for report in members.iter().rev() {
            attach(
                db,
                &self.configuration,
                &self.itself,
                id,
                report.id,
                self.now,
            )
            .await?;
        }
        Ok(())
    }

    /// Puts reports that were just received into the incident that is near.
    pub(crate) async fn follow_reports(&self, db: &mut Db, reports: &[ReportId]) -> Result<()> {
        for id in reports {
            let Some(report) = report_rows::by_id(db, *id).await? else {
                continue;
            };
            if report.visibility != Visibility::Public || report.incident.is_some() {
                continue;
            }
            if let Some(incident) = self.near(db, &report.service_code, report.position).await? {
                attach(
                    db,
                    &self.configuration,
                    &self.itself,
                    incident.id,
                    *id,
                    self.now,
                )
                .await?;
            }
        }
        Ok(())
    }

    /// The open incident of this service that an alarm opened nearest to `position`, within what the rule says.
    async fn near(
        &self,
        db: &mut Db,
        service_code: &str,
        position: Option<Position>,
    ) -> Result<Option<Incident>> {
        let Some(position) = position else {
            return Ok(None);
        };
        let reach = alarm_rows::rules_of_open_incidents(db).await?;
        let mut reaches: HashMap<IncidentId, u32> = HashMap::new();
        for (incident, code) in reach {
            let opens = self.rule(&code).and_then(|rule| rule.incident.as_ref());
            if let Some(opens) = opens.filter(|opens| opens.service_code == service_code) {
                let widest = reaches.entry(incident).or_default();
                *widest = (*widest).max(opens.within_m);
            }
        }
        if reaches.is_empty() {
            return Ok(None);
        }
        let open = rows::list(db, true, MOST).await?;
        let mut nearest: Option<(f64, Incident)> = None;
        for incident in open {
            let (Some(place), Some(within)) = (incident.position, reaches.get(&incident.id)) else {
                continue;
            };
            let metres = place.metres_to(position);
            let nearer = nearest.as_ref().is_none_or(|(best, _)| metres < *best);
            if metres <= f64::from(*within) && nearer {
                nearest = Some((metres, incident));
            }
        }
        Ok(nearest.map(|(_, incident)| incident))
    }
}

/// Until somebody says better: as grave as its alarm (CAP 1.2 `severity`).
fn severity(alarm: &Alarm) -> Severity {
    match alarm.priority.level() {
        1 => Severity::Extreme,
        2 => Severity::Severe,
        3 => Severity::Moderate,
        _ => Severity::Minor,
    }
}
