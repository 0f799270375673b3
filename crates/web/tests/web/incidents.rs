//! What an incident may know of its reports, who may resolve and verify it, and what happens when two act at once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use pendopo_domain::geo::Position;
use pendopo_domain::incidents::{
    AssignmentState, Incident, IncidentId, Place, Priority, State as IncidentState, Target,
};
use pendopo_domain::organisation::{SignInId, TeamId};
use pendopo_domain::policy::{Action, Actor, Grant, Scope, Who};
use pendopo_domain::reports::{Report, ReportId, State, Step, Visibility};
use pendopo_operations::dispatch::{self, Evidence};
use pendopo_operations::incidents::{self, Opening};
use pendopo_operations::reports::{self, Triage};
use pendopo_operations::store::{StoreError, chains, incidents as rows, reports as report_rows};
use pendopo_operations::{City, Error};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::fixture::{Fixture, LAT, LON};

/// Somebody of the staff with these rights.
fn staff(id: i64, scope: Scope, actions: &[Action]) -> Actor {
    let grant = Grant {
        actions: actions.iter().copied().collect::<BTreeSet<_>>(),
        scope,
        position: None,
    };
    Actor {
        who: Who::Staff(SignInId(id)),
        grants: vec![grant],
    }
}

/// A desk that sees everything.
fn desk() -> Actor {
    let actions = [
        Action::SeeDesk,
        Action::TriageReport,
        Action::OpenIncident,
        Action::SeeSecret,
    ];
    staff(101, Scope::City, &actions)
}

/// A desk without the right to secrets.
fn plain_desk() -> Actor {
    let actions = [Action::SeeDesk, Action::TriageReport, Action::OpenIncident];
    staff(102, Scope::City, &actions)
}

fn team(kota: &Fixture, code: &str) -> TeamId {
    let configuration = kota.city.configuration();
    let found = configuration.teams.iter().find(|team| team.code == code);
    found.expect("a team of the starter files").id
}

async fn secret(kota: &Fixture) -> Report {
    let sent = kota.submit(|sent| {
        sent.service_code = "pungutan-liar".into();
        sent.visibility = Some(Visibility::Secret);
        sent.position = Position::new(104.462_468, 0.931_357);
        sent.description = Some("Petugas loket minta uang.".into());
    });
    sent.await.report
}

async fn public(kota: &Fixture) -> Report {
    kota.submit(|_| {}).await.report
}

async fn open_at(kota: &Fixture, members: &[&Report], place: Place) -> Incident {
    let opening = Opening {
        reports: members.iter().map(|report| report.id).collect(),
        priority: Priority::new(2).expect("a priority"),
        team: team(kota, "dishub"),
        place,
    };
    incidents::open(&kota.city, &desk(), opening)
        .await
        .expect("an incident is opened")
}

async fn open(kota: &Fixture, members: &[&Report]) -> Incident {
    open_at(kota, members, Place::default()).await
}

async fn incident(kota: &Fixture, id: IncidentId) -> Incident {
    let mut db = kota.city.store().read().await.unwrap();
    rows::by_id(&mut db, id).await.unwrap().unwrap()
}

/// Words on the timeline in the clear.
async fn plain_notes(kota: &Fixture, id: IncidentId) -> Vec<String> {
    let mut db = kota.city.store().read().await.unwrap();
    let notes = rows::notes(&mut db, &chains::incident(id)).await.unwrap();
    notes.into_iter().map(|(_, words)| words).collect()
}

fn words(text: &str) -> Evidence {
    Evidence {
        words: Some(text.to_owned()),
        photo: None,
    }
}

/// Takes the right to secrets from the operators.
async fn blind_operators(kota: &Fixture) {
    let configuration = kota.city.configuration();
    let role = configuration
        .roles
        .iter()
        .find(|role| role.code == "operator");
    let mut role = role.unwrap().clone();
    role.actions.remove(&Action::SeeSecret);
    let write = kota.city.store().write(move |db| {
        Box::pin(async move { pendopo_operations::store::configuration::put_role(db, &role).await })
    });
    write.await.unwrap();
    kota.city.reload().await.unwrap();
}

/// A transaction that holds a row, and on SQLite the writer, until it is let go. What is begun meanwhile has looked
/// already when it may write, and writes in the order in which it was begun.
struct Held {
    go: oneshot::Sender<()>,
    done: JoinHandle<Result<(), StoreError>>,
}

async fn hold(kota: &Fixture, target: Target) -> Held {
    let (go, gone) = oneshot::channel();
    let (ready, is_ready) = oneshot::channel();
    let city = Arc::clone(&kota.city);
    let done = tokio::spawn(async move {
        let write = city.store().write(move |db| {
            Box::pin(async move {
                match target {
                    Target::Incident(id) => drop(rows::by_id_for_update(db, id).await?),
                    Target::Report(id) => drop(report_rows::by_id_for_update(db, id).await?),
                }
                let _ = ready.send(());
                let _ = gone.await;
                Ok(())
            })
        });
        write.await
    });
    is_ready.await.expect("the row is held");
    Held { go, done }
}

impl Held {
    async fn let_go(self) {
        self.go.send(()).expect("it waits");
        self.done.await.unwrap().unwrap();
    }
}

/// Begins something, and gives it the time to get as far as it can.
async fn begin<T, F>(kota: &Fixture, what: impl FnOnce(Arc<City>) -> F) -> JoinHandle<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let begun = tokio::spawn(what(Arc::clone(&kota.city)));
    tokio::time::sleep(Duration::from_millis(400)).await;
    begun
}

stories! {
    async fn a_secret_report_does_not_say_where_an_incident_is(kota: Fixture) {
        let hidden = secret(&kota).await;
        let one = open(&kota, &[&hidden]).await;
        assert_eq!((one.area, one.position), (None, None));
        // Every page copes with that; who may read the report sees the place of the report.
        let operator = kota.sign_in("operator").await;
        operator.get("/meja").await.is(200).has("/meja/kejadian/K-1").lacks("104.462");
        operator.get("/meja/kejadian/K-1").await.is(200).has("data-lat=\"0.931357\"");
        let crew = kota.sign_in("petugas-dishub").await;
        crew.get("/tugas").await.is(200).has("K-1");
        crew.get("/tugas/1").await.is(200).has("geo:0.931357,104.462468");
        let other = public(&kota).await;
        operator.get(&format!("/meja/laporan/L-{}", other.id)).await.is(200).has("<option value=\"K-1\"");
        blind_operators(&kota).await;
        operator.get("/meja/kejadian/K-1").await.is(200).lacks("0.931357").lacks("Pungutan liar, Kota Lama").lacks("K-1 · Kota Lama");
        operator.get("/meja?area=kota-lama").await.is(200).lacks("/meja/kejadian/K-1");

        // The first report that is not secret says it, also one that joins later.
        let again = secret(&kota).await;
        let mixed = open(&kota, &[&again, &other]).await;
        assert_eq!((mixed.area, mixed.position), (other.area, Position::new(LON, LAT)));
        let third = public(&kota).await;
        incidents::join(&kota.city, &desk(), one.id, third.id).await.unwrap();
        let one = incident(&kota, one.id).await;
        assert_eq!((one.area, one.position), (third.area, third.position));
    }

    async fn the_operator_may_say_where_the_incident_of_a_secret_report_is(kota: Fixture) {
        let hidden = secret(&kota).await;
        let operator = kota.sign_in("operator").await;
        let page = format!("/meja/laporan/L-{}", hidden.id);
        operator.get(&page).await.is(200).has("Wilayah kejadian");
        let form = [("priority", "2"), ("area", "tidak-ada")];
        operator.post(&format!("{page}/kejadian"), &form).await.is(400);
        let form = [("priority", "2"), ("area", "kota-baru")];
        operator.post_and_follow(&format!("{page}/kejadian"), &form).await.has("Kejadian dibuka.");
        let opened = incident(&kota, IncidentId(1)).await;
        let configuration = kota.city.configuration();
        assert_eq!(opened.area, configuration.areas.by_code("kota-baru").map(|area| area.id));
        assert_eq!(opened.position, None);
        // For an ordinary report the report itself says it.
        let plain = public(&kota).await;
        operator.get(&format!("/meja/laporan/L-{}", plain.id)).await.is(200).lacks("Wilayah kejadian");
    }

    async fn a_report_that_joins_while_its_incident_is_resolved_does_not_stay_open(kota: Fixture) {
        let (one, two) = (public(&kota).await, public(&kota).await);
        let opened = open(&kota, &[&one]).await;
        let held = hold(&kota, Target::Incident(opened.id)).await;
        let (id, late) = (opened.id, two.id);
        let joining = begin(&kota, move |city| async move { incidents::join(&city, &desk(), id, late).await }).await;
        let resolving = begin(&kota, move |city| async move {
            incidents::resolve(&city, &desk(), id, words("Kabel disambung.")).await
        }).await;
        held.let_go().await;
        let joined = joining.await.unwrap();
        let resolved = resolving.await.unwrap().expect("it is resolved");
        assert_eq!((resolved.incident.state, resolved.left), (IncidentState::Resolved, 0));
        assert_eq!(kota.report(&one).await.state, State::Resolved);
        let two = kota.report(&two).await;
        match joined {
            Ok(()) => assert_eq!(two.state, State::Resolved),
            Err(_) => assert_eq!(two.incident, None),
        }
    }

    async fn who_may_not_resolve_a_secret_report_leaves_it_and_the_incident_open(kota: Fixture) {
        let (hidden, plain) = (secret(&kota).await, public(&kota).await);
        let opened = open(&kota, &[&hidden, &plain]).await;
        let operator = kota.sign_in("operator").await;
        blind_operators(&kota).await;
        let form = [("reason", "Sudah ditangani.")];
        operator.post("/meja/kejadian/K-1/teratasi", &form).await.is(409)
            .has("Kejadian belum teratasi: 1 laporan di dalamnya tetap terbuka")
            .has("Teratasi sebagian. Laporan yang tetap terbuka: 1");
        assert_eq!(kota.report(&hidden).await.state, State::Assigned);
        assert_eq!(kota.report(&plain).await.state, State::Resolved);
        assert_eq!(incident(&kota, opened.id).await.state, IncidentState::Dispatched);
        operator.get("/bahasa/en").await;
        operator.post("/meja/kejadian/K-1/teratasi", &form).await.is(409).has("1 of its reports stays open");
        // Nothing is lost: who may see the secret report reads the words and goes on.
        let dispatcher = kota.sign_in("dispatcher").await;
        dispatcher.get("/meja/kejadian/K-1").await.is(200).has("Sudah ditangani.");
        dispatcher.post_and_follow("/meja/kejadian/K-1/teratasi", &form).await.has("Kejadian dinyatakan teratasi.");
        assert_eq!(kota.report(&hidden).await.state, State::Resolved);
        assert_eq!(incident(&kota, opened.id).await.state, IncidentState::Resolved);
    }

    async fn a_crew_resolves_the_reports_of_its_own_team_only(kota: Fixture) {
        let report = public(&kota).await;
        let opened = open(&kota, &[&report]).await;
        incidents::send_team(&kota.city, &desk(), opened.id, team(&kota, "dlh")).await.unwrap();
        let other = kota.sign_in("petugas-dlh").await;
        other.post_and_follow("/tugas/2/selesai", &[("reason", "Ranting diangkut.")]).await.has("Tugas ini selesai.");
        assert_eq!(kota.report(&report).await.state, State::Assigned);
        assert_eq!(incident(&kota, opened.id).await.state, IncidentState::Dispatched);
        let mut db = kota.city.store().read().await.unwrap();
        let crews = rows::assignments_of(&mut db, Target::Incident(opened.id)).await.unwrap();
        drop(db);
        let states: Vec<_> = crews.iter().map(|held| held.state).collect();
        assert_eq!(states, [AssignmentState::Dispatched, AssignmentState::Cleared]);
        // Done is done: a second tap leads back to the task.
        other.post("/tugas/2/selesai", &[("reason", "Ranting diangkut.")]).await.is(303);
        let operator = kota.sign_in("operator").await;
        operator.get("/meja/kejadian/K-1").await.is(200)
            .has("Ranting diangkut.").has("Laporan yang tetap terbuka: 1").has("Dinas Lingkungan Hidup selesai di lokasi");
        let crew = kota.sign_in("petugas-dishub").await;
        crew.post_and_follow("/tugas/1/selesai", &[("reason", "Lampu diganti.")]).await.has("Tugas ini selesai.");
        assert_eq!(kota.report(&report).await.state, State::Resolved);
        assert_eq!(incident(&kota, opened.id).await.state, IncidentState::Resolved);
    }

    async fn nobody_verifies_what_they_declared_resolved_themselves(kota: Fixture) {
        let report = public(&kota).await;
        open(&kota, &[&report]).await;
        let operator = kota.sign_in("operator").await;
        operator.post_and_follow("/meja/kejadian/K-1/teratasi", &[("reason", "Kabel disambung.")]).await
            .lacks("/meja/kejadian/K-1/periksa")
            .has("Hasilnya diperiksa orang lain.");
        operator.post("/meja/kejadian/K-1/periksa", &[]).await.is(409).has("Anda sendiri yang menyatakan teratasi.");
        assert_eq!(incident(&kota, IncidentId(1)).await.state, IncidentState::Resolved);
        let dispatcher = kota.sign_in("dispatcher").await;
        dispatcher.get("/meja/kejadian/K-1").await.is(200).has("/meja/kejadian/K-1/periksa");
        dispatcher.post_and_follow("/meja/kejadian/K-1/periksa", &[]).await.has("Hasil diperiksa.");
        assert_eq!(incident(&kota, IncidentId(1)).await.state, IncidentState::Verified);
    }

    async fn the_reporter_may_change_the_answer_when_another_team_has_the_report(kota: Fixture) {
        let sent = kota.submit(|_| {}).await;
        let (report, own) = (sent.report, format!("/l/{}", sent.token));
        let (warga, operator) = (kota.browser("warga"), kota.sign_in("operator").await);
        let page = format!("/meja/laporan/L-{}", report.id);
        operator.post(&format!("{page}/tugaskan"), &[("team", "dishub")]).await.is(303);
        warga.get(&own).await.is(200).lacks("/jawaban");
        operator.post(&format!("{page}/teratasi"), &[("reason", "Lampu diganti.")]).await.is(303);
        warga.post(&format!("{own}/jawaban"), &[("verdict", "not_yet")]).await.is(303);
        operator.post(&format!("{page}/tugaskan"), &[("team", "dlh")]).await.is(303);
        warga.get(&own).await.is(200).has("/jawaban");
        // Other words for the same answer: no new step, and the team keeps it.
        let form = [("verdict", "not_yet"), ("words", "Masih gelap.")];
        warga.post_and_follow(&format!("{own}/jawaban"), &form).await.has("Masih gelap.");
        assert_eq!(kota.report(&report).await.state, State::Assigned);
        let shown = warga.get(&own).await.is(200);
        assert_eq!(shown.body.matches("Ditugaskan ke Dinas Lingkungan Hidup").count(), 1, "{}", shown.body);
        warga.post_and_follow(&format!("{own}/jawaban"), &[("verdict", "confirmed")]).await;
        assert_eq!(kota.report(&report).await.state, State::Confirmed);
        let mut db = kota.city.store().read().await.unwrap();
        let crews = rows::assignments_of(&mut db, Target::Report(report.id)).await.unwrap();
        assert_eq!(crews.last().map(|held| held.state), Some(AssignmentState::Withdrawn));
    }

    async fn a_report_is_no_duplicate_of_one_that_the_operator_may_not_know(kota: Fixture) {
        let (hidden, plain) = (secret(&kota).await, public(&kota).await);
        let mark = |actor: Actor, of: ReportId| {
            let (city, id) = (Arc::clone(&kota.city), plain.id);
            let asked = Triage { step: Step::MarkDuplicate { of }, words: None };
            async move { reports::triage(&city, &actor, id, asked).await }
        };
        let refused = |error: Error| match error {
            Error::Invalid(fields) => format!("{fields:?}"),
            other => panic!("{other:?}"),
        };
        let unknown = mark(plain_desk(), ReportId(999)).await.unwrap_err();
        let not_theirs = mark(plain_desk(), hidden.id).await.unwrap_err();
        assert_eq!(refused(not_theirs), refused(unknown));
        assert_eq!(kota.report(&plain).await.state, State::Received);
        mark(desk(), hidden.id).await.unwrap();
        assert_eq!(kota.report(&plain).await.duplicate_of, Some(hidden.id));
    }

    async fn a_note_on_a_report_is_refused_when_the_report_went_to_another_team(kota: Fixture) {
        let report = public(&kota).await;
        let (id, first, second) = (report.id, team(&kota, "dishub"), team(&kota, "dlh"));
        let assign = |team| Triage { step: Step::Assign { team }, words: None };
        reports::triage(&kota.city, &desk(), id, assign(first)).await.unwrap();
        let held = hold(&kota, Target::Report(id)).await;
        let asked = assign(second);
        let moving = begin(&kota, move |city| async move { reports::triage(&city, &desk(), id, asked).await }).await;
        let writing = begin(&kota, move |city| async move {
            let head = staff(103, Scope::Team(first), &[Action::TriageReport]);
            dispatch::note(&city, &head, id, "Bawa tangga.").await
        }).await;
        held.let_go().await;
        moving.await.unwrap().unwrap();
        let refused = writing.await.unwrap();
        assert!(matches!(refused, Err(Error::Denied(Action::TriageReport))), "{refused:?}");
        let mut db = kota.city.store().read().await.unwrap();
        assert!(chains::entries(&mut db, &chains::report(id), 9).await.unwrap().is_empty());
    }

    async fn words_on_an_incident_with_a_secret_report_are_sealed_with_it(kota: Fixture) {
        let sent = kota.submit(|sent| {
            sent.service_code = "pungutan-liar".into();
            sent.visibility = Some(Visibility::Secret);
        }).await;
        let plain = public(&kota).await;
        let opened = open(&kota, &[&plain]).await;
        let operator = kota.sign_in("operator").await;
        let note = "/meja/kejadian/K-1/catatan";
        operator.post(note, &[("note", "Padam sejak subuh.")]).await.is(303);
        incidents::join(&kota.city, &desk(), opened.id, sent.report.id).await.unwrap();
        operator.post(note, &[("note", "Loket tiga, sore hari.")]).await.is(303);
        operator.post(note, &[("note", "Saksi mau bicara.")]).await.is(303);
        operator.get("/meja/kejadian/K-1").await.is(200)
            .has("Padam sejak subuh.").has("Loket tiga, sore hari.").has("Saksi mau bicara.");
        assert_eq!(plain_notes(&kota, opened.id).await, ["Padam sejak subuh."]);
        // Who may not see the secret report reads what was written before it joined.
        let dispatcher = kota.sign_in("dispatcher").await;
        blind_operators(&kota).await;
        operator.get("/meja/kejadian/K-1").await.is(200)
            .has("Padam sejak subuh.").lacks("Loket tiga").lacks("Saksi mau bicara.");
        dispatcher.get("/meja/kejadian/K-1").await.is(200).has("Saksi mau bicara.");
        let own = format!("/l/{}/hapus", sent.token);
        kota.post(&own, &[("sure", "1")]).await.is(303);
        dispatcher.get("/meja/kejadian/K-1").await.is(200).has("Padam sejak subuh.").lacks("Saksi mau bicara.");
        // Without a key nothing is kept in the clear instead.
        dispatcher.post(note, &[("note", "Selesai diperiksa.")]).await.is(303);
        assert_eq!(plain_notes(&kota, opened.id).await, ["Padam sejak subuh."]);
        let mut db = kota.city.store().read().await.unwrap();
        assert_eq!(report_rows::incident_notes(&mut db, opened.id).await.unwrap(), []);
        assert!(chains::verify(&mut db).await.unwrap().is_empty());
    }

    async fn words_are_sealed_when_a_secret_report_joins_while_they_are_written(kota: Fixture) {
        let (hidden, plain) = (secret(&kota).await, public(&kota).await);
        let opened = open(&kota, &[&plain]).await;
        let held = hold(&kota, Target::Incident(opened.id)).await;
        let (id, late) = (opened.id, hidden.id);
        let joining = begin(&kota, move |city| async move { incidents::join(&city, &desk(), id, late).await }).await;
        let writing = begin(&kota, move |city| async move {
            incidents::note(&city, &desk(), id, "Loket tiga, sore hari.".to_owned()).await
        }).await;
        held.let_go().await;
        joining.await.unwrap().unwrap();
        writing.await.unwrap().unwrap();
        assert_eq!(plain_notes(&kota, id).await, Vec::<String>::new());
        let seen = incidents::see(&kota.city, &desk(), id).await.unwrap();
        assert!(seen.timeline.iter().any(|(_, words)| words.as_deref() == Some("Loket tiga, sore hari.")));
    }

    async fn the_history_names_the_team_of_each_step(kota: Fixture) {
        let report = public(&kota).await;
        let operator = kota.sign_in("operator").await;
        let page = format!("/meja/laporan/L-{}", report.id);
        operator.post(&format!("{page}/tugaskan"), &[("team", "dishub")]).await.is(303);
        operator.post(&format!("{page}/tugaskan"), &[("team", "dlh")]).await.is(303);
        for path in [page, format!("/laporan/L-{}", report.id)] {
            operator.get(&path).await.is(200)
                .has("Ditugaskan ke Dinas Perhubungan")
                .has("Ditugaskan ke Dinas Lingkungan Hidup");
        }
    }
}
