//! The whole life of an incident: begun by an alarm or by hand, triaged, measured, worked by units by the steps of its
//! playbook, merged and split, each on both databases.

use std::collections::BTreeSet;

use pendopo_domain::incidents::{Clock, Incident, IncidentId, Place, Priority, Severity, State};
use pendopo_domain::organisation::{SignInId, TeamId};
use pendopo_domain::policy::{Action, Actor, Grant, Scope, Who};
use pendopo_domain::reports::{Report, State as ReportState};
use pendopo_domain::time::Timestamp;
use pendopo_operations::incidents::{self, Signal};
use pendopo_operations::store::{chains, incidents as rows};
use pendopo_operations::{Error, Problem};

use crate::fixture::{Fixture, LAT, LON};

fn desk() -> Actor {
    let actions = [
        Action::SeeDesk,
        Action::TriageReport,
        Action::OpenIncident,
        Action::SeeSecret,
        Action::WorkTask,
        Action::SeeNumbers,
    ];
    let grant = Grant {
        actions: actions.into_iter().collect::<BTreeSet<_>>(),
        scope: Scope::City,
        position: None,
    };
    Actor {
        who: Who::Staff(SignInId(101)),
        grants: vec![grant],
    }
}

fn team(kota: &Fixture, code: &str) -> TeamId {
    let configuration = kota.city.configuration();
    let found = configuration.teams.iter().find(|team| team.code == code);
    found.expect("a team of the starter files").id
}

fn signal(kota: &Fixture) -> Signal {
    Signal {
        service_code: "banjir-genangan".into(),
        priority: Priority::new(2).unwrap(),
        severity: Severity::Severe,
        place: Place {
            area: None,
            position: pendopo_domain::geo::Position::new(LON, LAT),
        },
        first_signal: kota.city.now().plus(jiff::SignedDuration::from_secs(-90)),
    }
}

/// An incident that a rule begins.
async fn begun(kota: &Fixture) -> Incident {
    let (signal, now) = (signal(kota), kota.city.now());
    let (configuration, city) = (kota.city.configuration(), kota.city.itself());
    let write = kota.city.store().write(move |db| {
        Box::pin(async move { incidents::begin(db, &configuration, &city, &signal, now).await })
    });
    write.await.expect("an incident begins")
}

async fn attach(kota: &Fixture, id: IncidentId, report: &Report) -> Result<bool, Error> {
    let (report, now) = (report.id, kota.city.now());
    let (configuration, city) = (kota.city.configuration(), kota.city.itself());
    let write = kota.city.store().write(move |db| {
        Box::pin(async move { incidents::attach(db, &configuration, &city, id, report, now).await })
    });
    write.await
}

async fn incident(kota: &Fixture, id: IncidentId) -> Incident {
    let mut db = kota.city.store().read().await.unwrap();
    rows::by_id(&mut db, id).await.unwrap().unwrap()
}

/// Kinds and subjects of a timeline, oldest first.
async fn timeline(kota: &Fixture, id: IncidentId) -> Vec<String> {
    let mut db = kota.city.store().read().await.unwrap();
    let entries = chains::entries(&mut db, &chains::incident(id), 99)
        .await
        .unwrap();
    assert_eq!(chains::verify(&mut db).await.unwrap(), Vec::<String>::new());
    let text = |entry: &chains::Entry| format!("{} {}", entry.kind, entry.subject);
    entries.iter().rev().map(text).collect()
}

async fn clock(kota: &Fixture, id: IncidentId, clock: Clock) -> Option<Timestamp> {
    incidents::clocks(&kota.city, id).await.unwrap().at(clock)
}

fn problem<T: std::fmt::Debug>(outcome: Result<T, Error>) -> (&'static str, Problem) {
    match outcome {
        Err(Error::Invalid(wrong)) => (wrong[0].field, wrong[0].problem),
        other => panic!("{other:?}"),
    }
}

stories! {
    async fn an_alarm_begins_an_incident_and_reports_are_put_into_it(kota: Fixture) {
        let now = kota.city.now();
        let begun = begun(&kota).await;
        assert_eq!((begun.state, begun.severity), (State::New, Severity::Severe));
        assert_eq!(clock(&kota, begun.id, Clock::FirstSignal).await, Some(now.plus(jiff::SignedDuration::from_secs(-90))));
        assert_eq!(clock(&kota, begun.id, Clock::Made).await, Some(now));
        assert_eq!(clock(&kota, begun.id, Clock::Seen).await, None);

        let report = kota.submit(|sent| sent.service_code = "banjir-genangan".into()).await.report;
        assert!(attach(&kota, begun.id, &report).await.unwrap());
        // No team is sent yet: the report waits in the incident.
        let waiting = kota.report(&report).await;
        assert_eq!((waiting.incident, waiting.state, waiting.team), (Some(begun.id), ReportState::Received, None));
        // A second time, and one that is closed: it stays where it is.
        assert!(!attach(&kota, begun.id, &report).await.unwrap());

        let bpbd = team(&kota, "bpbd");
        incidents::send_team(&kota.city, &desk(), begun.id, bpbd).await.unwrap();
        assert_eq!(incident(&kota, begun.id).await.state, State::Dispatched);
        let given = kota.report(&report).await;
        assert_eq!((given.state, given.team), (ReportState::Assigned, Some(bpbd)));
        let late = kota.submit(|sent| sent.service_code = "banjir-genangan".into()).await.report;
        assert!(attach(&kota, begun.id, &late).await.unwrap());
        assert_eq!(kota.report(&late).await.team, Some(bpbd));
        assert_eq!(timeline(&kota, begun.id).await, [
            "opened city".to_owned(), format!("report_joined report:{}", report.id), format!("dispatched team:{bpbd}"),
            format!("report_joined report:{}", late.id),
        ]);

        let evidence = pendopo_operations::dispatch::Evidence { words: Some("Surut.".into()), photo: None };
        incidents::resolve(&kota.city, &desk(), begun.id, evidence).await.unwrap();
        let after = kota.submit(|_| {}).await.report;
        assert_eq!(problem(attach(&kota, begun.id, &after).await), ("incident", Problem::Unknown));
        assert_eq!(kota.report(&after).await.incident, None);
    }

    async fn an_incident_of_a_service_that_is_not_there_does_not_begin(kota: Fixture) {
        let unknown = Signal { service_code: "tidak-ada".into(), ..signal(&kota) };
        let refused = incidents::begin_by_hand(&kota.city, &desk(), unknown, None).await;
        assert_eq!(problem(refused), ("service_code", Problem::Unknown));
        let mut db = kota.city.store().read().await.unwrap();
        assert!(rows::list(&mut db, false, 9).await.unwrap().is_empty());
    }
}
