use pendopo_domain::geo::AreaId;
use pendopo_domain::incidents::{
    Assignment, AssignmentId, AssignmentState, Incident, IncidentId, Priority, Severity, State,
    Target,
};
use pendopo_domain::reports::{PersonId, Report};
use pendopo_domain::time::Timestamp;
use pendopo_store::reports::Sealed;
use pendopo_store::{Store, chains, incidents, reports};
use pendopo_testkit::{TestCity, both_databases};

use crate::samples::{at, report, stored, team};

fn incident(priority: i64, opened_at: Timestamp) -> Incident {
    Incident {
        id: IncidentId(0),
        state: State::New,
        priority: Priority::new(priority).unwrap(),
        service_code: "pohon".into(),
        area: Some(AreaId(4)),
        position: Some(at(104.45, -0.92)),
        opened_at,
        updated_at: opened_at,
        resolved_at: None,
        severity: Severity::Unknown,
        merged: None,
    }
}

async fn opened(store: &Store, mut incident: Incident) -> Incident {
    let row = incident.clone();
    incident.id = commit!(store, |db| incidents::insert(db, &row).await?);
    incident
}

both_databases! {
    async fn an_incident_is_changed_and_keeps_its_reports(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let one = opened(store, incident(2, now)).await;
        assert_eq!(
            look!(store, |db| incidents::by_id(db, one.id).await),
            Some(one.clone())
        );
        let mut changed = one.clone();
        changed.state = State::Resolved;
        changed.priority = Priority::new(1).unwrap();
        changed.updated_at = now.plus_days(1);
        changed.resolved_at = Some(now.plus_days(1));
        changed.area = None;
        changed.position = Some(at(104.46, 0.93));
        let row = changed.clone();
        let locked = commit!(store, |db| {
            let locked = incidents::by_id_for_update(db, row.id).await?;
            incidents::update(db, &row).await?;
            locked
        });
        assert_eq!(locked, Some(one.clone()));
        assert_eq!(
            look!(store, |db| incidents::by_id(db, one.id).await),
            Some(changed)
        );
        assert_eq!(
            look!(store, |db| incidents::by_id(db, IncidentId(9)).await),
            None
        );

        let first = stored(
            store,
            Report {
                incident: Some(one.id),
                ..report(now)
            },
        )
        .await;
        stored(store, report(now)).await;
        let last = stored(
            store,
            Report {
                incident: Some(one.id),
                ..report(now)
            },
        )
        .await;
        assert_eq!(
            look!(store, |db| reports::of_incident(db, one.id).await),
            [first, last]
        );
        let two = opened(store, incident(2, now)).await;
        let asked = [one.id, two.id];
        let counts = look!(store, |db| incidents::report_counts(db, &asked).await);
        assert_eq!(counts, [(one.id, 2)]);
        assert!(look!(store, |db| incidents::report_counts(db, &[]).await).is_empty());
    }

    async fn what_needs_someone_comes_first_and_the_gravest_of_it(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let mut done = incident(1, now);
        for state in [State::Resolved, State::Verified, State::Closed] {
            done.state = state;
            opened(store, done.clone()).await;
        }
        for (priority, days) in [(3, 0), (1, 0), (3, 1), (3, 1)] {
            opened(store, incident(priority, now.plus_days(days))).await;
        }
        let ids = async |only_open: bool, limit: i64| -> Vec<i64> {
            let found = look!(store, |db| incidents::list(db, only_open, limit).await);
            found.iter().map(|incident| incident.id.0).collect()
        };
        assert_eq!(ids(true, 10).await, [5, 7, 6, 4]);
        assert_eq!(ids(true, 2).await, [5, 7]);
        assert_eq!(ids(false, 10).await, [5, 7, 6, 4, 3, 2, 1]);
    }

    async fn words_stand_beside_the_entries_of_a_timeline(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let stream = chains::incident(IncidentId(1));
        commit!(store, |db| {
            for words in ["pohon tumbang", "sudah dipotong"] {
                let stream = chains::incident(IncidentId(1));
                let entry =
                    chains::append(db, &stream, now, "note", "sign_in:1", "incident:1").await?;
                incidents::add_note(db, &stream, entry, words).await?;
            }
        });
        let found = look!(store, |db| incidents::notes(db, &stream).await);
        assert_eq!(
            found,
            [
                (1, "pohon tumbang".to_owned()),
                (2, "sudah dipotong".to_owned())
            ]
        );
        assert!(look!(store, |db| incidents::notes(db, "incident:2").await).is_empty());
    }

    async fn sealed_words_of_a_timeline_go_with_the_report_that_they_are_sealed_with(city: TestCity) {
        let (store, now, person) = (&city.store, city.now(), PersonId("p".repeat(32)));
        let one = opened(store, incident(2, now)).await;
        let member = Report {
            incident: Some(one.id),
            ..report(now)
        };
        let (first, second) = (stored(store, member.clone()).await, stored(store, member).await);
        let elsewhere = stored(store, report(now)).await;
        commit!(store, |db| {
            reports::put_sealed(db, first.id, Sealed::Note, &person, b"to a crew").await?;
            let kinds = [(first.id, 3), (first.id, 12), (second.id, 4), (elsewhere.id, 5)];
            for (id, position) in kinds {
                reports::put_sealed(db, id, Sealed::IncidentNote(one.id, position), &person, b"words").await?;
            }
        });
        let mut found = look!(store, |db| reports::incident_notes(db, one.id).await);
        found.sort();
        let words = b"words".to_vec();
        assert_eq!(
            found,
            [(3, first.id, words.clone()), (4, second.id, words.clone()), (12, first.id, words.clone())]
        );
        commit!(store, |db| reports::remove_sealed(db, first.id).await?);
        let found = look!(store, |db| reports::incident_notes(db, one.id).await);
        assert_eq!(found, [(4, second.id, words)]);
    }

    async fn a_crew_has_what_it_was_sent_to_until_it_is_done(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let (pju, jalan) = (team(store, "pju").await, team(store, "jalan").await);
        let fire = Target::Incident(opened(store, incident(1, now)).await.id);
        let lamp = Target::Report(stored(store, report(now)).await.id);
        let (first, second, third) = commit!(store, |db| {
            (
                incidents::dispatch(db, pju, None, lamp, now.plus_days(1)).await?,
                incidents::dispatch(db, pju, None, fire, now).await?,
                incidents::dispatch(db, jalan, None, fire, now).await?,
            )
        });
        let ids = |found: Vec<Assignment>| found.iter().map(|one| one.id).collect::<Vec<_>>();
        let found = look!(store, |db| incidents::active_assignments(db, Some(pju), 10)
            .await);
        assert_eq!(ids(found), [second, first]);
        let found = look!(store, |db| incidents::active_assignments(db, None, 10)
            .await);
        assert_eq!(ids(found), [second, third, first]);
        let found = look!(store, |db| incidents::active_assignments(db, None, 1).await);
        assert_eq!(ids(found), [second]);

        let found = look!(store, |db| incidents::assignment(db, first, false).await).unwrap();
        let mut wanted = Assignment {
            id: first,
            team: pju,
            unit: None,
            target: lamp,
            state: AssignmentState::Dispatched,
            dispatched_at: now.plus_days(1),
            acknowledged_at: None,
            en_route_at: None,
            on_scene_at: None,
            transporting_at: None,
            at_facility_at: None,
            cleared_at: None,
        };
        assert_eq!(found, wanted);
        wanted.state = AssignmentState::Cleared;
        wanted.acknowledged_at = Some(now.plus_days(2));
        wanted.en_route_at = Some(now.plus_days(2));
        wanted.on_scene_at = Some(now.plus_days(3));
        wanted.transporting_at = Some(now.plus_days(3));
        wanted.at_facility_at = Some(now.plus_days(3));
        wanted.cleared_at = Some(now.plus_days(4));
        let row = wanted.clone();
        commit!(store, |db| {
            incidents::assignment(db, row.id, true).await?;
            incidents::update_assignment(db, &row).await?;
        });
        let cleared = async |team, day| {
            look!(store, |db| incidents::cleared_since(
                db,
                team,
                now.plus_days(day)
            )
            .await)
        };
        assert_eq!((cleared(None, 4).await, cleared(None, 5).await), (1, 0));
        assert_eq!(
            (cleared(Some(pju), 0).await, cleared(Some(jalan), 0).await),
            (1, 0)
        );
        assert_eq!(
            look!(store, |db| incidents::assignments_of(db, lamp).await),
            [wanted]
        );
        assert_eq!(
            ids(look!(store, |db| incidents::assignments_of(db, fire).await)),
            [second, third]
        );
        let found = look!(store, |db| incidents::active_assignments(db, Some(pju), 10)
            .await);
        assert_eq!(ids(found), [second]);
        assert_eq!(
            look!(store, |db| incidents::assignment(
                db,
                AssignmentId(9),
                false
            )
            .await),
            None
        );
    }
}
