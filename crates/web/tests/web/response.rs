//! The whole life of an incident: begun by an alarm or by hand, triaged, measured, worked by units by the steps of its
//! playbook, merged and split, each on both databases.

use std::collections::BTreeSet;

use pendopo_domain::incidents::{
    AssignmentId, AssignmentState, Clock, Incident, IncidentId, Place, Priority, Severity, State,
    Target,
};
use pendopo_domain::organisation::{SignInId, TeamId};
use pendopo_domain::policy::{Action, Actor, Grant, Scope, Who};
use pendopo_domain::reports::{Report, State as ReportState, Visibility};
use pendopo_domain::time::Timestamp;
use pendopo_operations::incidents::{self, Crew, Signal};
use pendopo_operations::store::{chains, incidents as rows};
use pendopo_operations::{Error, Problem, dispatch};

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

/// A crew goes on, and where it goes on to.
async fn dispatch_advance(kota: &Fixture, id: i64, state: AssignmentState) -> Target {
    let held = dispatch::advance(&kota.city, &desk(), AssignmentId(id), state).await;
    held.expect("it goes on").target
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

    async fn an_operator_begins_an_incident_by_hand_and_sends_a_unit(kota: Fixture) {
        let operator = kota.sign_in("operator").await;
        operator.get("/meja/kejadian").await.is(200).has("Tidak ada kejadian yang berjalan");
        operator.get("/meja/kejadian/baru").await.is(200).has("Buka kejadian");
        operator.post("/meja/kejadian/baru", &[("words", "Telepon dari lurah.")]).await.is(400)
            .has("Pilih prioritas").has("Telepon dari lurah.");
        let form = [("service", "banjir-genangan"), ("priority", "2"), ("severity", "severe"), ("area", "kota-lama"),
            ("words", "Telepon dari lurah.")];
        operator.post_and_follow("/meja/kejadian/baru", &form).await
            .has("Kejadian dibuka.").has("parah").has("Telepon dari lurah.").has("Periksa ketinggian air")
            .has("Pompa 1").has("Tandai sudah dipilah");
        let id = IncidentId(1);
        assert_eq!((incident(&kota, id).await.state, incident(&kota, id).await.severity), (State::New, Severity::Severe));
        operator.post_and_follow("/meja/kejadian/K-1/pilah", &[]).await.has("Ditandai sudah dipilah.");
        // The second one who presses is told.
        operator.post("/meja/kejadian/K-1/pilah", &[]).await.is(409).has("Keadaannya sudah berubah");
        operator.post_and_follow("/meja/kejadian/K-1/tangani", &[]).await.has("Ditandai perlu ditangani.");
        operator.post_and_follow("/meja/kejadian/K-1/tim", &[("team", "satuan/pompa-1")]).await.has("Pompa 1 dikirim");
        assert_eq!(incident(&kota, id).await.state, State::Dispatched);
        operator.get("/meja/kejadian").await.is(200).has("K-1").has("Banjir");
        operator.get("/bahasa/en").await;
        operator.get("/meja/kejadian/K-1").await.is(200).has("Pump 1").has("Playbook").has("severe");
        operator.get("/meja/kejadian/baru").await.is(200).has("Severity");
        operator.get("/meja/kejadian").await.is(200).has("Incidents");
    }

    async fn a_unit_is_sent_to_one_place_until_it_is_withdrawn(kota: Fixture) {
        let (one, two) = (begun(&kota).await, begun(&kota).await);
        let operator = kota.sign_in("operator").await;
        let send = |number: i64| format!("/meja/kejadian/K-{number}/tim");
        let pump = [("team", "satuan/pompa-1")];
        operator.post_and_follow(&send(1), &pump).await.has("Tim dikirim.");
        operator.get("/meja/kejadian/K-2").await.is(200).has("satuan/pompa-2").lacks("satuan/pompa-1");
        // From a page that was there before.
        operator.post(&send(2), &pump).await.is(409).has("Pompa 1 sedang bertugas di K-1. Tarik dulu dari sana.");
        operator.post(&send(1), &pump).await.is(409);
        assert_eq!(incident(&kota, two.id).await.state, State::New);
        operator.post_and_follow("/meja/kejadian/K-1/tarik", &[("crew", "1"), ("reason", "Lebih perlu di K-2.")]).await
            .has("Ditarik.").has("Pompa 1 ditarik").has("Lebih perlu di K-2.");
        operator.post("/meja/kejadian/K-1/tarik", &[("crew", "1")]).await.is(409);
        operator.post("/meja/kejadian/K-2/tarik", &[("crew", "1")]).await.is(404);
        operator.post_and_follow(&send(2), &pump).await.has("Tim dikirim.");
        // A team without a unit is sent once.
        operator.post_and_follow(&send(2), &[("team", "dishub")]).await.has("Tim dikirim.");
        operator.post(&send(2), &[("team", "dishub")]).await.is(409).has("Tim ini sudah dikirim ke kejadian ini");

        // Out of service: not while nobody may, and not sent any more.
        operator.get("/meja/satuan").await.is(403);
        let dispatcher = kota.sign_in("dispatcher").await;
        dispatcher.get("/meja/satuan").await.is(200).has("pompa-1").has("/meja/kejadian/K-2").has("Siap");
        dispatcher.post_and_follow("/meja/satuan/pompa-2/keadaan", &[("out", "1")]).await.has("Tersimpan.").has("Pakai lagi");
        let refused = operator.post(&send(1), &[("team", "satuan/pompa-2")]).await;
        refused.is(400).has("Satuan ini sedang tidak dipakai");
        dispatcher.post_and_follow("/meja/satuan/pompa-2/keadaan", &[]).await.has("Tersimpan.");
        dispatcher.post_and_follow("/meja/satuan/perahu-1/keadaan", &[("out", "1")]).await.has("Tersimpan.");
        operator.post_and_follow(&send(1), &[("team", "satuan/pompa-2")]).await.has("Tim dikirim.");
        assert_eq!(incident(&kota, one.id).await.state, State::Dispatched);
        let unit = [("code", "pompa-9"), ("name_id", "Pompa 9"), ("kind", "pump"), ("team", "bpbd")];
        dispatcher.post_and_follow("/meja/satuan", &unit).await.has("pompa-9");
        dispatcher.post("/meja/satuan", &[("code", "Pompa 9"), ("name_id", "x"), ("kind", "pump"), ("team", "bpbd")]).await
            .is(400).has("Kode hanya huruf kecil");
        // Its team stays the same as long as it is at work.
        let other = [("code", "pompa-1"), ("name_id", "Pompa 1"), ("kind", "pump"), ("team", "dishub")];
        dispatcher.post("/meja/satuan", &other).await.is(400).has("Satuan ini sedang bertugas");
        let it = kota.sign_in("staf-ti").await;
        it.get("/bahasa/en").await;
        it.get("/meja/satuan").await.is(200).has("Available").has("Back in service").has("Dispatched");
    }

    async fn two_who_send_the_same_unit_send_it_once(kota: Fixture) {
        let (one, two) = (begun(&kota).await, begun(&kota).await);
        let pump = kota.city.configuration().units.iter().find(|unit| unit.code == "pompa-1").unwrap().id;
        let send = |id| {
            let city = std::sync::Arc::clone(&kota.city);
            tokio::spawn(async move { incidents::send(&city, &desk(), id, Crew::Unit(pump)).await })
        };
        let (first, second) = (send(one.id), send(two.id));
        let outcomes = [first.await.unwrap(), second.await.unwrap()];
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        let refused = outcomes.into_iter().find(|outcome| outcome.is_err()).unwrap();
        assert_eq!(problem(refused), ("unit", Problem::Busy));
    }

    async fn two_who_press_the_same_button_at_once_press_it_once(kota: Fixture) {
        let (one, two) = (begun(&kota).await, begun(&kota).await);
        let bpbd = team(&kota, "bpbd");
        let all: Vec<_> = (0..4).map(|n| {
            let (city, id, into) = (std::sync::Arc::clone(&kota.city), one.id, two.id);
            tokio::spawn(async move {
                match n {
                    0 | 1 => incidents::set_state(&city, &desk(), id, State::Triaged).await.map(|_| n),
                    _ => incidents::send_team(&city, &desk(), into, bpbd).await.map(|()| n),
                }
            })
        }).collect();
        let mut taken = vec![];
        let mut refused = vec![];
        for each in all {
            match each.await.unwrap() {
                Ok(n) => taken.push(n / 2),
                wrong => refused.push(problem(wrong)),
            }
        }
        assert_eq!((taken, refused.len()), (vec![0, 1], 2));
        assert!(refused.contains(&("state", Problem::Unknown)) && refused.contains(&("team", Problem::Busy)));
        // Merging each into the other at once: one of them is left.
        let merge = |id, into| {
            let city = std::sync::Arc::clone(&kota.city);
            tokio::spawn(async move { incidents::merge(&city, &desk(), id, into, None).await })
        };
        let (first, second) = (merge(one.id, two.id), merge(two.id, one.id));
        let outcomes = [first.await.unwrap(), second.await.unwrap()];
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        let states = [incident(&kota, one.id).await.state, incident(&kota, two.id).await.state];
        assert_eq!(states.iter().filter(|state| **state == State::Duplicate).count(), 1, "{states:?}");
    }

    async fn a_merged_incident_gives_all_it_has_and_gets_it_back(kota: Fixture) {
        let (one, two) = (begun(&kota).await, begun(&kota).await);
        let flood = || kota.submit(|sent| sent.service_code = "banjir-genangan".into());
        let (first, second) = (flood().await.report, flood().await.report);
        assert!(attach(&kota, one.id, &first).await.unwrap() && attach(&kota, two.id, &second).await.unwrap());
        let operator = kota.sign_in("operator").await;
        operator.post("/meja/kejadian/K-2/tim", &[("team", "satuan/pompa-1")]).await.is(303);
        operator.post("/meja/kejadian/K-2/gabung", &[("into", "K-9")]).await.is(400).has("Pilih kejadian");
        operator.post("/meja/kejadian/K-2/gabung", &[("into", "K-2")]).await.is(400);
        operator.post_and_follow("/meja/kejadian/K-2/gabung", &[("into", "K-1"), ("reason", "Genangan yang sama.")]).await
            .has("Digabung.").has("Digabung ke K-1").has("Genangan yang sama.").has("Lepas dari penggabungan");
        assert_eq!(kota.report(&second).await.incident, Some(one.id));
        let bpbd = team(&kota, "bpbd");
        // The crew works for the whole, and so does its team.
        assert_eq!(incident(&kota, one.id).await.state, State::Dispatched);
        assert_eq!(kota.report(&first).await.team, Some(bpbd));
        operator.get("/meja/kejadian/K-1").await.is(200).has("K-2 digabung ke sini").has("Pompa 1");
        // A second time, and a further step: refused, as it is over.
        operator.post("/meja/kejadian/K-2/gabung", &[("into", "K-1")]).await.is(409);
        operator.post("/meja/kejadian/K-2/tangani", &[]).await.is(409);
        operator.post("/meja/kejadian/K-2/buka-lagi", &[]).await.is(409);
        // What the rules find for the merged one goes to the whole.
        let third = flood().await.report;
        assert!(attach(&kota, two.id, &third).await.unwrap());
        assert_eq!(kota.report(&third).await.incident, Some(one.id));
        let arrived = dispatch_advance(&kota, 1, AssignmentState::OnScene).await;
        assert_eq!(arrived, Target::Incident(one.id));
        assert!(clock(&kota, one.id, Clock::OnScene).await.is_some());

        operator.post_and_follow("/meja/kejadian/K-2/lepas", &[]).await.has("Dilepas dari penggabungan.");
        let back = incident(&kota, two.id).await;
        assert_eq!((back.state, back.merged), (State::OnScene, None));
        assert_eq!(kota.report(&second).await.incident, Some(two.id));
        assert_eq!(kota.report(&third).await.incident, Some(one.id));
        assert_eq!(clock(&kota, one.id, Clock::OnScene).await, None);
        assert!(clock(&kota, two.id, Clock::OnScene).await.is_some());
        operator.post("/meja/kejadian/K-2/lepas", &[]).await.is(409);
        operator.get("/meja/kejadian/K-2").await.is(200).has("Dipisah dari K-1");
        timeline(&kota, two.id).await;
    }

    async fn reports_are_split_off_into_an_incident_of_their_own(kota: Fixture) {
        let one = begun(&kota).await;
        let flood = || kota.submit(|sent| sent.service_code = "banjir-genangan".into());
        let (first, second) = (flood().await.report, flood().await.report);
        for report in [&first, &second] {
            assert!(attach(&kota, one.id, report).await.unwrap());
        }
        let other = flood().await.report;
        let operator = kota.sign_in("operator").await;
        let split = "/meja/kejadian/K-1/pisah";
        operator.post(split, &[]).await.is(400).has("Pilih laporan yang dipisah");
        operator.post(split, &[("report", &format!("L-{}", other.id))]).await.is(400);
        operator.post_and_follow(split, &[("report", &format!("L-{}", second.id)), ("reason", "Jalan lain.")]).await
            .has("Dipisah menjadi kejadian ini.").has("Dipisah dari K-1").has("Kejadian K-2");
        assert_eq!(kota.report(&second).await.incident, Some(IncidentId(2)));
        assert_eq!(kota.report(&first).await.incident, Some(one.id));
        let new = incident(&kota, IncidentId(2)).await;
        assert_eq!((new.state, new.severity), (State::Open, Severity::Severe));
        operator.get("/meja/kejadian/K-1").await.is(200).has("K-2 dipisah dari sini").has("Jalan lain.");
        // Who may not triage a report does not move it.
        let secret = kota.submit(|sent| {
            sent.service_code = "pungutan-liar".into();
            sent.visibility = Some(Visibility::Secret);
        }).await.report;
        assert!(attach(&kota, one.id, &secret).await.unwrap());
        let mut blind = desk();
        blind.grants[0].actions.remove(&Action::SeeSecret);
        let denied = incidents::split_off(&kota.city, &blind, one.id, vec![secret.id], None).await;
        assert!(matches!(denied, Err(Error::Denied(Action::TriageReport))), "{denied:?}");
        let denied = incidents::merge(&kota.city, &blind, one.id, new.id, None).await;
        assert!(matches!(denied, Err(Error::Denied(Action::TriageReport))), "{denied:?}");
        assert_eq!(incident(&kota, one.id).await.state, State::New);

        // Words that are sealed with it stay on the timeline of the incident that it leaves.
        incidents::note(&kota.city, &desk(), one.id, "Loket tiga.".into()).await.unwrap();
        incidents::split_off(&kota.city, &desk(), one.id, vec![secret.id], None).await.unwrap();
        let words = |seen: &incidents::Seen| seen.timeline.iter().filter_map(|(_, words)| words.clone()).collect::<Vec<_>>();
        let seen = incidents::see(&kota.city, &desk(), one.id).await.unwrap();
        assert!(words(&seen).contains(&"Loket tiga.".to_owned()), "{:?}", words(&seen));
        let seen = incidents::see(&kota.city, &blind, one.id).await.unwrap();
        assert!(!words(&seen).contains(&"Loket tiga.".to_owned()));
        let seen = incidents::see(&kota.city, &desk(), IncidentId(3)).await.unwrap();
        assert!(words(&seen).is_empty());
    }

    async fn what_is_not_for_us_gives_its_reports_back_with_a_reason(kota: Fixture) {
        let one = begun(&kota).await;
        let report = kota.submit(|sent| sent.service_code = "banjir-genangan".into()).await.report;
        assert!(attach(&kota, one.id, &report).await.unwrap());
        let operator = kota.sign_in("operator").await;
        let aside = "/meja/kejadian/K-1/kesampingkan";
        operator.post(aside, &[("state", "rejected")]).await.is(400);
        assert_eq!(incident(&kota, one.id).await.state, State::New);
        operator.post_and_follow(aside, &[("state", "referred"), ("reason", "Jalan provinsi.")]).await
            .has("Diteruskan. Laporannya kembali ke antrean.").has("Jalan provinsi.");
        assert_eq!(incident(&kota, one.id).await.state, State::Referred);
        assert_eq!(kota.report(&report).await.incident, None);
        operator.get("/meja").await.is(200).has(&format!("L-{}", report.id));
        operator.get("/meja/kejadian").await.is(200).has("Sudah berakhir").has("K-1");
        operator.post(aside, &[("reason", "Lagi.")]).await.is(409);
    }

    async fn the_steps_of_a_playbook_are_settled_by_those_whose_they_are(kota: Fixture) {
        let one = begun(&kota).await;
        let all = pendopo_operations::playbooks::of(&kota.city, one.id).await.unwrap();
        assert_eq!((all.len(), all[0].code.as_str()), (9, "periksa-air"));
        let (operator, crew) = (kota.sign_in("operator").await, kota.sign_in("petugas-dlh").await);
        operator.post("/meja/kejadian/K-1/tim", &[("team", "dlh")]).await.is(303);
        let settle = |order: usize| format!("/meja/kejadian/K-1/langkah/{}", all[order].id);
        operator.post_and_follow(&settle(0), &[("state", "done")]).await.has("Langkah selesai.");
        operator.post(&settle(0), &[("state", "done")]).await.is(409).has("Langkah ini sudah diselesaikan orang lain");
        operator.post(&settle(1), &[("state", "skipped")]).await.is(400);
        operator.post_and_follow(&settle(1), &[("state", "skipped"), ("reason", "Pompa tetap cukup.")]).await
            .has("Langkah dilewati.").has("Pompa tetap cukup.");
        kota.clock.advance(jiff::SignedDuration::from_mins(11));
        operator.get("/meja/kejadian/K-1").await.is(200).has("1 langkah lewat").has("lewat");
        operator.get("/meja/kejadian").await.is(200).has("1 langkah lewat");
        operator.get("/meja").await.is(200).has("1 langkah lewat").has("· Dispatcher ·");
        // Two that begin now do not hide what is late from the mayor, who sees two.
        begun(&kota).await;
        begun(&kota).await;
        kota.sign_in("wali-kota").await.get("/walikota").await.is(200).has("1 langkah protap lewat: Dispatcher");
        // A crew has the steps of its role, and no others.
        crew.get("/tugas/1").await.is(200).has("Langkah Anda").has("Pasang pompa").lacks("Siapkan peringatan");
        let of_crew = |order: usize| format!("/tugas/1/langkah/{}", all[order].id);
        crew.post(&of_crew(3), &[("state", "done")]).await.is(403);
        crew.post_and_follow(&of_crew(5), &[("state", "done")]).await.has("Selesai");
        // The last is optional: it needs no reason.
        crew.post_and_follow(&of_crew(8), &[("state", "skipped")]).await.has("Dilewati");
        let other = kota.sign_in("petugas-dishub").await;
        other.post(&of_crew(6), &[("state", "done")]).await.is(404);
        let all = pendopo_operations::playbooks::of(&kota.city, one.id).await.unwrap();
        let states: Vec<&str> = all.iter().map(|step| step.state.word()).collect();
        assert_eq!(states, ["done", "skipped", "due", "due", "due", "done", "due", "due", "skipped"]);
    }

    async fn an_answer_and_a_resolution_at_the_same_time_wait_for_each_other_in_one_order(kota: Fixture) {
        const PAIRS: usize = 8;
        let bpbd = team(&kota, "bpbd");
        let (operator, warga) = (kota.sign_in("operator").await, kota.browser("warga"));
        let mut pairs = vec![];
        for number in 1..=PAIRS {
            let one = begun(&kota).await;
            let mut tokens = vec![];
            for _ in 0..2 {
                let sent = kota.submit(|sent| sent.service_code = "banjir-genangan".into()).await;
                assert!(attach(&kota, one.id, &sent.report).await.unwrap());
                tokens.push(sent.token);
            }
            incidents::send_team(&kota.city, &desk(), one.id, bpbd).await.unwrap();
            let page = format!("/meja/kejadian/K-{number}/teratasi");
            operator.post(&page, &[("reason", "Air surut.")]).await.is(303);
            // One says *not yet*: the incident is open again, and the other report is still resolved.
            let answer = |token: &str| format!("/l/{token}/jawaban");
            warga.post(&answer(&tokens[0]), &[("verdict", "not_yet")]).await.is(303);
            assert_eq!(incident(&kota, one.id).await.state, State::Reopened);
            pairs.push((page, answer(&tokens[1])));
        }
        for (page, answer) in &pairs {
            let (resolved, answered) = tokio::join!(
                operator.post(page, &[("reason", "Air surut lagi.")]),
                warga.post(answer, &[("verdict", "not_yet")]),
            );
            resolved.is(303);
            answered.is(303);
        }
        for number in 1..=PAIRS {
            let id = IncidentId(i64::try_from(number).unwrap());
            let open = {
                let mut db = kota.city.store().read().await.unwrap();
                let members = pendopo_operations::store::reports::of_incident(&mut db, id).await.unwrap();
                members.iter().any(|report| report.state.is_open())
            };
            let expect = if open { State::Reopened } else { State::Resolved };
            assert_eq!(incident(&kota, id).await.state, expect, "K-{number}");
        }
    }

    async fn a_press_without_network_counts_from_its_own_time_and_once(kota: Fixture) {
        let one = begun(&kota).await;
        let operator = kota.sign_in("operator").await;
        operator.post("/meja/kejadian/K-1/tim", &[("team", "dishub")]).await.is(303);
        let crew = kota.sign_in("petugas-dishub").await;
        let sent = kota.city.now();
        let minutes = |n: i64| sent.plus(jiff::SignedDuration::from_mins(n));
        kota.clock.advance(jiff::SignedDuration::from_mins(10));
        let press = async |path: &str, at: Timestamp, key: &str, outcome: &str, state: &str| {
            let at = at.to_string();
            let answer = crew.post_json(path, &[("at", &at), ("key", key)]).await;
            let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!((json["outcome"].as_str(), json["state"].as_str()), (Some(outcome), Some(state)), "{path} {key}");
        };
        press("/tugas/1/terima", minutes(2), "a", "taken", "acknowledged").await;
        press("/tugas/1/tiba", minutes(7), "c", "taken", "on_scene").await;
        // It was pressed before, and comes after: nothing changes but the timeline. Sent again, it is the same press.
        press("/tugas/1/jalan", minutes(3), "b", "late", "on_scene").await;
        press("/tugas/1/jalan", minutes(3), "b", "late", "on_scene").await;
        press("/tugas/1/terima", minutes(2), "a", "taken", "on_scene").await;
        assert_eq!(clock(&kota, one.id, Clock::Acknowledged).await, Some(minutes(2)));
        assert_eq!(clock(&kota, one.id, Clock::EnRoute).await, None);
        assert_eq!(clock(&kota, one.id, Clock::OnScene).await, Some(minutes(7)));
        let lines = timeline(&kota, one.id).await;
        assert_eq!(lines.iter().filter(|line| line.starts_with("late ")).count(), 1, "{lines:?}");
        operator.get("/meja/kejadian/K-1").await.is(200).has("terlambat sampai").has("ditekan");
        // Ahead of us, too long ago, or no time at all.
        press("/tugas/1/angkut", minutes(30), "d", "refused", "on_scene").await;
        press("/tugas/1/angkut", minutes(-1_500), "e", "refused", "on_scene").await;
        let answer = crew.post_json("/tugas/1/angkut", &[("at", "tadi")]).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        // A clock that is a little ahead is taken as ours; a plain form needs neither time nor key.
        press("/tugas/1/angkut", minutes(12), "f", "taken", "transporting").await;
        crew.post_and_follow("/tugas/1/tujuan", &[]).await.has("Di tujuan");
        let other = kota.sign_in("petugas-dlh").await;
        other.post("/tugas/1/terima", &[]).await.is(404);
    }

    async fn the_clocks_run_from_the_first_signal_to_the_rating(kota: Fixture) {
        let sent = kota.submit(|_| {}).await;
        let (report, own) = (sent.report, format!("/l/{}", sent.token));
        let start = kota.city.now();
        let wait = |minutes: i64| kota.clock.advance(jiff::SignedDuration::from_mins(minutes));
        wait(1);
        let operator = kota.sign_in("operator").await;
        let page = format!("/meja/laporan/L-{}", report.id);
        operator.get(&page).await.is(200);
        wait(1);
        operator.post(&format!("{page}/kejadian"), &[("priority", "2"), ("team", "dishub")]).await.is(303);
        let crew = kota.sign_in("petugas-dishub").await;
        for path in ["terima", "jalan", "tiba"] {
            wait(1);
            crew.post(&format!("/tugas/1/{path}"), &[]).await.is(303);
        }
        wait(1);
        operator.post("/meja/kejadian/K-1/terkendali", &[]).await.is(303);
        wait(1);
        crew.post("/tugas/1/selesai", &[("reason", "Lampu diganti.")]).await.is(303);
        wait(1);
        operator.post_and_follow("/meja/kejadian/K-1/periksa", &[]).await.has("Hasil diperiksa.");
        wait(1);
        kota.post(&format!("{own}/jawaban"), &[("verdict", "confirmed"), ("stars", "4")]).await.is(303);
        let clocks = incidents::clocks(&kota.city, IncidentId(1)).await.unwrap();
        let minutes: Vec<Option<i64>> = Clock::ALL.iter()
            .map(|clock| clocks.at(*clock).map(|at| at.since(start).as_mins())).collect();
        assert_eq!(minutes, [0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 7, 9].map(Some));
        operator.get("/meja/kejadian/K-1").await.is(200)
            .has("Dilihat ke dikirim").has("Pelapor dikabari").has("Semua jam kejadian");
        let stretch = (Clock::Seen, Clock::Dispatched);
        let spans = incidents::spans(&kota.city, &desk(), stretch, start, kota.city.now()).await.unwrap();
        assert_eq!(spans.iter().map(|span| (span.to_at - span.from_at) / 60_000_000).collect::<Vec<_>>(), [1]);
        let blind = incidents::spans(&kota.city, &kota.city.itself(), stretch, start, start).await;
        assert!(matches!(blind, Err(Error::Denied(Action::SeeNumbers))));
    }
}
