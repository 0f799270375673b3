//! Clocks, units, steps, mergers and presses of incidents.

use pendopo_domain::incidents::{
    AssignmentState, Clock, Incident, IncidentId, Merged, Place, Priority, Severity, State, Target,
};
use pendopo_domain::organisation::TeamId;
use pendopo_domain::playbooks::{Step, StepId, StepState};
use pendopo_domain::reports::{PersonId, Report, ReportId};
use pendopo_domain::services::Texts;
use pendopo_domain::time::Timestamp;
use pendopo_domain::units::{Unit, UnitId, UnitKind};
use pendopo_store::mergers::{self, Moved};
use pendopo_store::reports::Sealed;
use pendopo_store::{Db, Store, StoreError, clocks, incidents, playbooks, presses, reports, units};
use pendopo_testkit::{TestCity, both_databases};

use crate::samples::{report, stored, team};

async fn opened(store: &Store, state: State, at: Timestamp) -> IncidentId {
    let priority = Priority::new(2).unwrap();
    let row = Incident {
        state,
        ..Incident::new("pohon", priority, Severity::Severe, Place::default(), at)
    };
    commit!(store, |db| incidents::insert(db, &row).await?)
}

fn pump(team: TeamId) -> Unit {
    Unit {
        id: UnitId(0),
        code: "pompa-1".into(),
        names: Texts::same("Pompa 1"),
        kind: UnitKind::Pump,
        team,
        out_of_service: false,
    }
}

fn step(incident: IncidentId, order: i64, due_at: Timestamp) -> Step {
    Step {
        id: StepId(0),
        incident,
        playbook: "protap-pohon".into(),
        code: format!("langkah-{order}"),
        order,
        text: Texts::same("Kirim regu"),
        role: "crew".into(),
        optional: order == 2,
        due_at,
        state: StepState::Due,
        settled_at: None,
    }
}

/// A row in every table of this file.
pub async fn fill(
    db: &mut Db,
    incident: IncidentId,
    report: ReportId,
    team: TeamId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let unit = Unit {
        out_of_service: true,
        ..pump(team)
    };
    let unit = units::put(db, &unit).await?;
    let target = Target::Incident(incident);
    let sent = incidents::dispatch(db, team, Some(unit), target, now).await?;
    presses::keep(db, sent, "a", "taken", now).await?;
    clocks::note(db, incident, Clock::Made, now).await?;
    clocks::look(db, report, now).await?;
    playbooks::insert(db, &[step(incident, 1, now), step(incident, 2, now)]).await?;
    mergers::note(db, incident, Moved::Left, report.0).await
}

both_databases! {
    async fn the_earliest_instant_of_a_clock_is_kept(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let one = opened(store, State::New, now).await;
        commit!(store, |db| {
            clocks::note(db, one, Clock::Made, now).await?;
            clocks::note(db, one, Clock::OnScene, now.plus_days(2)).await?;
            clocks::note(db, one, Clock::OnScene, now.plus_days(1)).await?;
            clocks::note(db, one, Clock::OnScene, now.plus_days(3)).await?;
        });
        let of = look!(store, |db| clocks::of(db, one).await);
        assert_eq!(of.at(Clock::OnScene), Some(now.plus_days(1)));
        assert_eq!((of.at(Clock::Made), of.at(Clock::Rated)), (Some(now), None));
        commit!(store, |db| clocks::forget_crews(db, one).await?);
        let of = look!(store, |db| clocks::of(db, one).await);
        assert_eq!((of.at(Clock::OnScene), of.at(Clock::Made)), (None, Some(now)));
    }

    async fn a_merged_incident_lends_its_clocks_until_it_is_split_off(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let (one, two) = (opened(store, State::Open, now).await, opened(store, State::Open, now).await);
        commit!(store, |db| {
            clocks::note(db, one, Clock::FirstSignal, now.plus_days(2)).await?;
            clocks::note(db, one, Clock::Made, now.plus_days(3)).await?;
            clocks::note(db, two, Clock::FirstSignal, now.plus_days(1)).await?;
            clocks::note(db, two, Clock::Made, now.plus_days(2)).await?;
            clocks::lend(db, two, one).await?;
        });
        let of = look!(store, |db| clocks::of(db, one).await);
        assert_eq!(of.at(Clock::FirstSignal), Some(now.plus_days(1)));
        assert_eq!(of.at(Clock::Made), Some(now.plus_days(3)));
        commit!(store, |db| clocks::take_back(db, two, one).await?);
        let of = look!(store, |db| clocks::of(db, one).await);
        assert_eq!(of.at(Clock::FirstSignal), Some(now.plus_days(2)));
        let of = look!(store, |db| clocks::of(db, two).await);
        assert_eq!(of.at(Clock::FirstSignal), Some(now.plus_days(1)));
    }

    async fn measures_get_the_incidents_of_a_period_that_reached_both_clocks(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let mut ids = vec![];
        for day in 0..4 {
            let id = opened(store, State::Open, now.plus_days(day)).await;
            commit!(store, |db| clocks::note(db, id, Clock::Seen, now.plus_days(day)).await?);
            ids.push(id);
        }
        let (second, third) = (ids[1], ids[2]);
        commit!(store, |db| {
            clocks::note(db, second, Clock::Dispatched, now.plus_days(5)).await?;
            clocks::note(db, third, Clock::Dispatched, now.plus_days(6)).await?;
        });
        let mut merged = look!(store, |db| incidents::by_id(db, third).await).unwrap();
        merged.merged = Some(Merged { into: second, before: State::Open });
        commit!(store, |db| incidents::update(db, &merged).await?);
        let stretch = (Clock::Seen, Clock::Dispatched);
        let found = look!(store, |db| clocks::spans(db, stretch, now, now.plus_days(3)).await);
        let span = clocks::Span {
            incident_id: second.0,
            service_code: "pohon".into(),
            priority: 2,
            from_at: now.plus_days(1).micros(),
            to_at: now.plus_days(5).micros(),
        };
        assert_eq!(found, [span]);
        assert!(look!(store, |db| clocks::spans(db, stretch, now, now).await).is_empty());
    }

    async fn the_first_look_at_a_report_is_kept(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let id = stored(store, report(now)).await.id;
        assert_eq!(look!(store, |db| clocks::looked_at(db, id).await), None);
        for day in [1, 2] {
            commit!(store, |db| clocks::look(db, id, now.plus_days(day)).await?);
        }
        assert_eq!(look!(store, |db| clocks::looked_at(db, id).await), Some(now.plus_days(1)));
    }

    async fn what_is_over_is_listed_page_by_page_latest_first(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let states = [State::Closed, State::Open, State::Rejected, State::Duplicate, State::Verified];
        for (state, day) in states.into_iter().zip([3, 1, 2, 2, 1]) {
            opened(store, state, now.plus_days(day)).await;
        }
        let first = look!(store, |db| incidents::over(db, None, 2).await);
        let ids = |found: &[Incident]| found.iter().map(|one| one.id.0).collect::<Vec<_>>();
        assert_eq!(ids(&first), [1, 4]);
        let then = look!(store, |db| incidents::over(db, first.last(), 9).await);
        assert_eq!(ids(&then), [3, 5]);
        assert_eq!(ids(&look!(store, |db| incidents::list(db, false, 2).await)), [2, 1]);
    }

    async fn a_unit_is_stored_and_changed_under_its_code(city: TestCity) {
        let (store, bpbd) = (&city.store, team(&city.store, "bpbd").await);
        let mut pump = pump(bpbd);
        let row = pump.clone();
        pump.id = commit!(store, |db| units::put(db, &row).await?);
        let changed = Unit { out_of_service: true, kind: UnitKind::Truck, ..pump.clone() };
        let row = changed.clone();
        assert_eq!(commit!(store, |db| units::put(db, &row).await?), pump.id);
        assert_eq!(look!(store, |db| units::all(db).await), std::slice::from_ref(&changed));
        let id = pump.id;
        let locked = commit!(store, |db| units::by_id_for_update(db, id).await?);
        assert_eq!(locked, Some(changed));
        assert_eq!(commit!(store, |db| units::by_id_for_update(db, UnitId(9)).await?), None);
    }

    async fn the_database_refuses_a_unit_a_second_place(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let bpbd = team(store, "bpbd").await;
        let unit = pump(bpbd);
        let pump = commit!(store, |db| units::put(db, &unit).await?);
        let one = Target::Incident(opened(store, State::Open, now).await);
        let two = Target::Incident(opened(store, State::Open, now).await);
        assert_eq!(look!(store, |db| units::assignment_of(db, pump).await), None);
        let first = commit!(store, |db| incidents::dispatch(db, bpbd, Some(pump), one, now).await?);
        let held = look!(store, |db| units::assignment_of(db, pump).await).unwrap();
        assert_eq!((held.id, held.unit, held.target), (first, Some(pump), one));
        let again = store.write(move |db| Box::pin(async move {
            incidents::dispatch(db, bpbd, Some(pump), two, now).await
        }));
        assert!(again.await.unwrap_err().is_duplicate());
        let mut done = held.clone();
        done.reach(AssignmentState::Withdrawn, now);
        commit!(store, |db| {
            incidents::update_assignment(db, &done).await?;
            incidents::dispatch(db, bpbd, Some(pump), two, now).await?
        });
        let held = look!(store, |db| units::assignment_of(db, pump).await).unwrap();
        assert_eq!(held.target, two);
    }

    async fn an_incident_keeps_its_steps_and_the_late_ones_are_counted(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let one = opened(store, State::Dispatched, now).await;
        let over = opened(store, State::Resolved, now).await;
        let rows = [step(one, 2, now), step(one, 1, now.plus_days(2)), step(over, 1, now)];
        commit!(store, |db| {
            playbooks::insert(db, &rows).await?;
            playbooks::insert(db, &[]).await?;
        });
        let mut of = look!(store, |db| playbooks::of(db, one).await);
        assert_eq!(of.iter().map(|step| step.order).collect::<Vec<_>>(), [1, 2]);
        assert!(of[1].optional && !of[0].optional && of[1].text == Texts::same("Kirim regu"));
        let late = playbooks::Overdue { incident: one, role: of[1].role.clone(), steps: 1 };
        assert_eq!(look!(store, |db| playbooks::overdue(db, now.plus_days(1)).await), [late]);
        (of[1].state, of[1].settled_at) = (StepState::Done, Some(now));
        let row = of[1].clone();
        commit!(store, |db| {
            playbooks::by_id_for_update(db, row.id).await?;
            playbooks::update(db, &row).await?;
        });
        let id = of[1].id;
        assert_eq!(look!(store, |db| playbooks::by_id(db, id).await), Some(of[1].clone()));
        assert!(look!(store, |db| playbooks::overdue(db, now.plus_days(1)).await).is_empty());
    }

    async fn what_a_merger_moved_is_known_until_it_is_back(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let (one, two) = (opened(store, State::Open, now).await, opened(store, State::Open, now).await);
        let person = PersonId("p".repeat(32));
        let member = stored(store, Report { incident: Some(two), ..report(now) }).await;
        let mut moved = member.clone();
        moved.incident = Some(one);
        let row = moved.clone();
        let sealed = Sealed::IncidentNote(two, 3);
        commit!(store, |db| {
            reports::put_sealed(db, row.id, sealed, &person, b"words").await?;
            for kind in [Moved::Report, Moved::Report, Moved::Left] {
                mergers::note(db, two, kind, row.id.0).await?;
            }
            mergers::note(db, two, Moved::Assignment, 8).await?;
            mergers::note(db, two, Moved::Alarm, 9).await?;
            reports::update(db, &row).await?;
        });
        assert_eq!(look!(store, |db| mergers::of(db, two, Moved::Report).await), [member.id.0]);
        assert_eq!(look!(store, |db| mergers::of(db, two, Moved::Alarm).await), [9]);
        // Words stay on the timeline on which they were written.
        let words = look!(store, |db| reports::incident_notes(db, two).await);
        assert_eq!(words, [(3, member.id, b"words".to_vec())]);
        assert!(look!(store, |db| reports::incident_notes(db, one).await).is_empty());
        assert_eq!(look!(store, |db| reports::that_left(db, two).await), [moved.clone()]);
        commit!(store, |db| mergers::forget(db, two).await?);
        assert!(look!(store, |db| mergers::of(db, two, Moved::Report).await).is_empty());
        assert_eq!(look!(store, |db| reports::that_left(db, two).await), [moved]);

        let mut incident = look!(store, |db| incidents::by_id(db, two).await).unwrap();
        (incident.state, incident.merged) = (State::Duplicate, Some(Merged { into: one, before: State::Open }));
        let row = incident.clone();
        commit!(store, |db| incidents::update(db, &row).await?);
        assert_eq!(look!(store, |db| incidents::merged_into(db, one).await), [incident]);
    }

    async fn a_press_is_answered_again_as_it_was(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let bpbd = team(store, "bpbd").await;
        let target = Target::Incident(opened(store, State::Open, now).await);
        let (one, two) = commit!(store, |db| (
            incidents::dispatch(db, bpbd, None, target, now).await?,
            incidents::dispatch(db, bpbd, None, target, now).await?,
        ));
        commit!(store, |db| presses::keep(db, one, "a", "late", now).await?);
        assert_eq!(look!(store, |db| presses::answer(db, one, "a").await).as_deref(), Some("late"));
        assert_eq!(look!(store, |db| presses::answer(db, two, "a").await), None);
        commit!(store, |db| presses::forget(db, now).await?);
        assert!(look!(store, |db| presses::answer(db, one, "a").await).is_some());
        commit!(store, |db| presses::forget(db, now.plus_days(1)).await?);
        assert_eq!(look!(store, |db| presses::answer(db, one, "a").await), None);
    }
}
