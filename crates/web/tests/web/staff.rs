//! What the people of the city do: sign in, work the desk, go out.

use pendopo_domain::incidents::{AssignmentState, IncidentId, State as IncidentState, Target};
use pendopo_domain::reports::{Report, State, Visibility};
use pendopo_operations::store::{chains, incidents, photos};

use crate::fixture::{Answer, Browser, Fixture};

/// Fields of a form with their values.
type Fields = &'static [(&'static str, &'static str)];

fn desk(report: &Report, step: &str) -> String {
    format!("/meja/laporan/L-{}{step}", report.id)
}

/// The chain of looks at identity, newest first, as (kind, subject).
async fn looks(kota: &Fixture) -> Vec<(String, String)> {
    let mut db = kota.city.store().read().await.unwrap();
    let entries = chains::entries(&mut db, chains::IDENTITY, 10)
        .await
        .unwrap();
    entries
        .into_iter()
        .map(|entry| (entry.kind, entry.subject))
        .collect()
}

async fn incident_state(kota: &Fixture, id: i64) -> IncidentState {
    let mut db = kota.city.store().read().await.unwrap();
    incidents::by_id(&mut db, IncidentId(id))
        .await
        .unwrap()
        .unwrap()
        .state
}

async fn assignment(kota: &Fixture, target: Target) -> pendopo_domain::incidents::Assignment {
    let mut db = kota.city.store().read().await.unwrap();
    incidents::assignments_of(&mut db, target)
        .await
        .unwrap()
        .pop()
        .unwrap()
}

/// Who is signed in here sees the desk; who is not is asked to sign in.
async fn is_in(browser: &Browser<'_>) -> bool {
    let answer = browser.get("/meja").await;
    match answer.status.as_u16() {
        200 => true,
        303 => {
            assert_eq!(answer.location(), "/masuk?kembali=%2Fmeja");
            false
        }
        status => panic!("{status}: {}", answer.body),
    }
}

fn password<'a>(login: &'a str, password: &'a str) -> [(&'a str, &'a str); 3] {
    [
        ("login", login),
        ("password", password),
        ("next", "/meja?tab=mine"),
    ]
}

stories! {
    async fn who_knows_the_password_gets_in_and_out_again(kota: Fixture) {
        kota.add_login("operator", Some("pasar-lama-ikan")).await;
        let browser = kota.browser("operator");
        assert!(!is_in(&browser).await);
        browser.get("/masuk?kembali=%2Fmeja%3Ftab%3Dmine").await.is(200).has("value=\"/meja?tab=mine\"");
        let answer = browser.post("/masuk", &password("operator", "pasar-lama-ikan")).await.is(303);
        assert_eq!(answer.location(), "/meja?tab=mine");
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=1209600"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert!(!cookie.contains("Secure"), "{cookie}");
        assert!(is_in(&browser).await);
        browser.post("/keluar", &[]).await.is(303);
        assert!(!is_in(&browser).await);
    }

    async fn a_wrong_password_keeps_the_login_and_says_nothing_about_which_was_wrong(kota: Fixture) {
        kota.add_login("operator", Some("pasar-lama-ikan")).await;
        let browser = kota.browser("operator");
        let wrong = browser.post("/masuk", &password("operator", "salah-sekali")).await.is(401);
        let wrong = wrong.has("value=\"operator\"").has("Nama masuk dan kata sandi tidak cocok.").lacks("salah-sekali");
        let unknown = browser.post("/masuk", &password("siapa", "salah-sekali")).await.is(401);
        assert_eq!(wrong.body.replace("operator", ""), unknown.body.replace("siapa", ""));
        assert!(!is_in(&browser).await);
    }

    async fn a_login_that_failed_too_often_has_to_wait(kota: Fixture) {
        kota.add_login("staf-ti", Some("pasar-lama-ikan")).await;
        let browser = kota.browser("penebak");
        let mut answer: Option<Answer> = None;
        for _ in 0..11 {
            answer = Some(browser.post("/masuk", &password("staf-ti", "salah-sekali")).await);
        }
        answer.unwrap().is(429).has("value=\"staf-ti\"");
        browser.post("/masuk", &password("staf-ti", "pasar-lama-ikan")).await.is(429);
        // A link goes past it.
        kota.sign_in("staf-ti").await;
    }

    async fn after_signing_in_the_way_back_stays_on_this_site(kota: Fixture) {
        kota.add_login("operator", Some("pasar-lama-ikan")).await;
        for next in ["//evil.example", "https://evil.example", "/\\evil.example", ""] {
            let form = [("login", "operator"), ("password", "pasar-lama-ikan"), ("next", next)];
            let answer = kota.browser("operator").post("/masuk", &form).await.is(303);
            assert_eq!(answer.location(), "/meja", "{next:?}");
        }
    }

    async fn a_link_signs_in_once(kota: Fixture) {
        let link = kota.add_link("petugas-dishub").await;
        let (first, second) = (kota.browser("pertama"), kota.browser("kedua"));
        // Looking twice does not use it up.
        first.get(&link).await.is(200).has("Petugas perhubungan");
        first.get(&link).await.is(200);
        let answer = first.post(&link, &[]).await.is(303);
        assert_eq!(answer.location(), "/tugas");
        first.get("/tugas").await.is(200);
        second.get(&link).await.is(410).has("Tautan sudah dipakai");
        let again = second.post(&link, &[]).await.is(410).has("Tautan sudah dipakai");
        assert!(!again.headers.contains_key("set-cookie"));
        second.get("/tugas").await.is(303);
        first.get("/tugas").await.is(200);
    }

    async fn a_link_that_is_old_or_unknown_says_so(kota: Fixture) {
        let link = kota.add_link("operator").await;
        kota.clock.advance(jiff::SignedDuration::from_hours(25));
        kota.get(&link).await.is(410).has("Waktu tautan sudah habis");
        kota.post(&link, &[]).await.is(410);
        kota.get("/masuk/tautan/tidak-ada").await.is(404).has("Tautan tidak dikenal");
        kota.post("/masuk/tautan/tidak-ada", &[]).await.is(404);
    }

    async fn the_operator_sees_a_report_and_gives_it_to_a_team(kota: Fixture) {
        let report = kota.submit(|_| {}).await.report;
        let operator = kota.sign_in("operator").await;
        let number = format!("L-{}", report.id);
        operator.get("/meja").await.is(200).has(&number).has("Lampu jalan padam").has("Jl. Bakar Batu");
        operator.get(&desk(&report, "")).await.is(200)
            .has("Dua lampu mati sejak Jumat.")
            .has("<option value=\"dishub\" selected>");
        let form = [("team", "dishub"), ("note", "Bawa tangga."), ("query", "tab=needs_action&area=kota-lama")];
        let answer = operator.post(&desk(&report, "/tugaskan"), &form).await.is(303);
        assert_eq!(answer.location(), format!("/meja/laporan/{number}?tab=needs_action&area=kota-lama&done=assigned"));
        operator.get(answer.location()).await.is(200)
            .has("Ditugaskan.")
            .has("Ditugaskan ke Dinas Perhubungan")
            .has("Bawa tangga.")
            .has("Operator meja");
        assert_eq!(kota.report(&report).await.state, State::Assigned);
        // The note is for the crew: neither the public nor the reporter reads it.
        kota.get(&format!("/laporan/{number}")).await.is(200).lacks("Bawa tangga.");
    }

    async fn what_is_missing_is_said_beside_its_field_and_nothing_happens(kota: Fixture) {
        let report = kota.submit(|_| {}).await.report;
        let operator = kota.sign_in("operator").await;
        let cases: [(&str, Fields, &str); 6] = [
            ("/tugaskan", &[("team", "")], "#assign-team"),
            ("/tutup", &[("reason", " ")], "#close-reason"),
            ("/teratasi", &[("reason", "")], "#resolve-reason"),
            ("/teruskan", &[("to", ""), ("reason", "x")], "#refer-to"),
            ("/ganda", &[("of", "L-999")], "#duplicate-of"),
            ("/gabung", &[("incident", "K-999")], "#join-incident"),
        ];
        for (step, form, anchor) in cases {
            let answer = operator.post(&desk(&report, step), form).await.is(400);
            answer.has(&format!("href=\"{anchor}\"")).has("Galat:");
        }
        assert_eq!(kota.report(&report).await, report);
        operator.post("/meja/laporan/L-999/tutup", &[("reason", "x")]).await.is(404);
    }

    async fn who_is_too_late_sees_how_it_stands_now(kota: Fixture) {
        let report = kota.submit(|_| {}).await.report;
        let operator = kota.sign_in("operator").await;
        operator.post_and_follow(&desk(&report, "/tutup"), &[("reason", "Sudah diperbaiki warga.")]).await;
        operator.post(&desk(&report, "/tugaskan"), &[("team", "dishub")]).await.is(409)
            .has("Keadaannya sudah berubah")
            .has("Sudah diperbaiki warga.");
        assert_eq!(kota.report(&report).await.state, State::ClosedNotFixed);
    }

    async fn a_report_ends_as_duplicate_referred_or_resolved(kota: Fixture) {
        let mut sent = Vec::new();
        for _ in 0..3 {
            sent.push(kota.submit(|_| {}).await.report);
        }
        let operator = kota.sign_in("operator").await;
        let first = format!("L-{}", sent[0].id);
        operator.post_and_follow(&desk(&sent[1], "/ganda"), &[("of", &first)]).await
            .has(&format!("Laporan ganda dari {first}"));
        operator.post_and_follow(&desk(&sent[2], "/teruskan"), &[("to", "PLN"), ("reason", "Tiang milik PLN.")]).await
            .has("Diteruskan ke PLN")
            .has("Tiang milik PLN.");
        let answer = operator.upload(&desk(&sent[0], "/teratasi"), &[("reason", "Lampu diganti.")]).await.is(303);
        operator.get(answer.location()).await.is(200).has("Dinyatakan teratasi.").has("Lampu diganti.");
        let mut states = Vec::new();
        for report in &sent {
            states.push(kota.report(report).await.state);
        }
        assert_eq!(states, [State::Resolved, State::Duplicate, State::Referred]);
        let mut db = kota.city.store().read().await.unwrap();
        let photos = photos::of_report(&mut db, sent[0].id).await.unwrap();
        assert_eq!(photos.iter().map(|photo| photo.kind.as_str()).collect::<Vec<_>>(), ["after"]);
    }

    async fn an_incident_of_two_reports_is_opened_worked_and_resolved_for_both(kota: Fixture) {
        let one = kota.submit(|_| {}).await.report;
        let two = kota.submit(|sent| sent.description = Some("Satu ruas gelap semua.".into())).await.report;
        let operator = kota.sign_in("operator").await;
        operator.get(&desk(&one, "")).await.is(200).has(&format!("name=\"report\" value=\"L-{}\"", two.id));
        let form = [("priority", "2"), ("report", &*format!("L-{}", two.id))];
        operator.post_and_follow(&desk(&one, "/kejadian"), &form).await.has("Kejadian dibuka.").has("K-1");
        operator.get("/meja").await.is(200).has("/meja/kejadian/K-1").has("2 laporan").lacks("/meja/laporan/L-");
        operator.get("/meja?q=k-1").await.is(303);
        operator.get("/meja/kejadian/K-1").await.is(200)
            .has("Dinas Perhubungan dikirim")
            .has(&format!("Laporan L-{} ditambahkan", two.id))
            .has("Operator meja");
        operator.post_and_follow("/meja/kejadian/K-1/catatan", &[("note", "Padam sejak subuh.")]).await
            .has("Padam sejak subuh.");
        operator.post_and_follow("/meja/kejadian/K-1/tim", &[("team", "bpbd"), ("note", "Bawa genset.")]).await
            .has("Badan Penanggulangan Bencana Daerah dikirim")
            .has("Bawa genset.");
        operator.post_and_follow("/meja/kejadian/K-1/terkendali", &[]).await.has("Dinyatakan terkendali.");
        operator.post("/meja/kejadian/K-1/teratasi", &[("reason", "")]).await.is(400).has("href=\"#resolve-reason\"");
        operator.post_and_follow("/meja/kejadian/K-1/teratasi", &[("reason", "Kabel disambung.")]).await
            .has("Kejadian dinyatakan teratasi.");
        for report in [&one, &two] {
            assert_eq!(kota.report(report).await.state, State::Resolved);
        }
        operator.post("/meja/kejadian/K-1/terkendali", &[]).await.is(409);
        let dispatcher = kota.sign_in("dispatcher").await;
        dispatcher.post_and_follow("/meja/kejadian/K-1/periksa", &[]).await.has("Hasil diperiksa.");
        operator.post_and_follow("/meja/kejadian/K-1/tutup", &[]).await.has("Kejadian ditutup.");
        operator.post_and_follow("/meja/kejadian/K-1/buka-lagi", &[]).await.has("Dibuka lagi.");
        assert_eq!(incident_state(&kota, 1).await, IncidentState::Reopened);
        operator.get("/meja/kejadian/K-9").await.is(404);
    }

    async fn a_third_report_joins_an_open_incident(kota: Fixture) {
        let one = kota.submit(|_| {}).await.report;
        let two = kota.submit(|_| {}).await.report;
        let operator = kota.sign_in("operator").await;
        operator.post_and_follow(&desk(&one, "/kejadian"), &[("priority", "3")]).await;
        operator.get(&desk(&two, "")).await.has("<option value=\"K-1\"");
        operator.post_and_follow(&desk(&two, "/gabung"), &[("incident", "K-1")]).await
            .has("Digabung ke kejadian K-1");
        assert_eq!(kota.report(&two).await.incident, Some(IncidentId(1)));
    }

    async fn the_tabs_hold_what_they_say(kota: Fixture) {
        let late = kota.submit(|_| {}).await.report;
        let operator = kota.sign_in("operator").await;
        operator.post_and_follow(&desk(&late, "/tugaskan"), &[("team", "dishub")]).await;
        let count = async |tab: &str| {
            let page = operator.get(&format!("/meja?tab={tab}")).await.is(200);
            let head = page.body.split("<h1 id=\"qh\">").nth(1).unwrap();
            head.split("class=\"n\">").nth(1).unwrap().split('<').next().unwrap().parse::<i64>().unwrap()
        };
        assert_eq!((count("needs_action").await, count("mine").await), (0, 1));
        // Five working days from Tuesday end with the next Tuesday; 80 % of that time is over on Monday at 11.
        kota.clock.advance(jiff::SignedDuration::from_hours(6 * 24));
        assert_eq!(count("due_soon").await, 0);
        kota.clock.advance(jiff::SignedDuration::from_hours(12));
        assert_eq!((count("due_soon").await, count("overdue").await), (1, 0));
        kota.clock.advance(jiff::SignedDuration::from_hours(2 * 24));
        assert_eq!((count("due_soon").await, count("overdue").await, count("needs_action").await), (0, 1, 1));
        let fresh = kota.submit(|sent| sent.service_code = "jalan-berlubang".into()).await.report;
        let page = operator.get("/meja").await.is(200);
        let at = |report: &Report| page.body.find(&format!("/meja/laporan/L-{}?", report.id)).unwrap();
        assert!(at(&late) < at(&fresh), "what is late comes first");
        assert_eq!(count("needs_action").await, 2);
        operator.get("/meja?service=jalan-berlubang").await
            .has(&format!("/meja/laporan/L-{}?tab=needs_action&amp;service=jalan-berlubang", fresh.id))
            .lacks(&format!("/meja/laporan/L-{}?", late.id));
        let found = operator.get(&format!("/meja?q=L-{}", late.id)).await.is(303);
        assert_eq!(found.location(), desk(&late, ""));
        operator.get("/meja?q=tidak-ada").await.is(200).lacks("/meja/laporan/L-");
    }

    async fn the_queue_goes_on_over_pages_without_gap(kota: Fixture) {
        for n in 0..53 {
            kota.submit(|sent| sent.description = Some(format!("Lampu nomor {n} mati."))).await;
        }
        let operator = kota.sign_in("operator").await;
        operator.post_and_follow("/meja/laporan/L-1/kejadian", &[("priority", "1")]).await;
        let mut seen = std::collections::BTreeSet::new();
        let mut collect = |page: &Answer| {
            for part in page.body.split("class=\"q-row\" href=\"").skip(1) {
                let number = part.split(['?', '"']).next().unwrap().to_owned();
                assert!(seen.insert(number.clone()), "{number} stands twice");
            }
        };
        collect(&operator.get("/meja").await.is(200).has("/meja?tab=needs_action&amp;page=2"));
        let last = operator.get("/meja?tab=needs_action&page=2").await.is(200).lacks("page=3");
        collect(&last);
        // 52 reports and the incident that holds the first.
        assert_eq!(seen.len(), 53);
    }

    async fn the_crew_accepts_arrives_and_finishes(kota: Fixture) {
        let sent = kota.submit(|_| {}).await;
        let report = sent.report;
        let operator = kota.sign_in("operator").await;
        operator.post_and_follow(&desk(&report, "/tugaskan"), &[("team", "dishub"), ("note", "Bawa tangga.")]).await;
        let crew = kota.sign_in("petugas-dishub").await;
        crew.get("/tugas").await.is(200).has("/tugas/1").has("Jl. Bakar Batu").has("Dinas Perhubungan");
        crew.get("/tugas/1").await.is(200)
            .has("Bawa tangga.").has("Dua lampu mati").has("geo:0.920000,104.450000").has("/tugas/1/terima");
        crew.post_and_follow("/tugas/1/terima", &[]).await.has("/tugas/1/tiba");
        // A second tap on a slow line.
        crew.post_and_follow("/tugas/1/terima", &[]).await;
        crew.post_and_follow("/tugas/1/tiba", &[]).await.has("/tugas/1/selesai");
        crew.post("/tugas/1/selesai", &[("reason", "")]).await.is(400).has("href=\"#photo\"");
        let answer = crew.upload("/tugas/1/selesai", &[("reason", "Lampu diganti.")]).await.is(303);
        crew.get(answer.location()).await.is(200).has("Tugas ini selesai.");
        crew.get("/tugas").await.is(200).has("1 selesai hari ini").lacks("/tugas/1");
        assert_eq!(kota.report(&report).await.state, State::Resolved);
        assert_eq!(assignment(&kota, Target::Report(report.id)).await.state, AssignmentState::Cleared);
        operator.get(&desk(&report, "")).await.is(200)
            .has("Dinas Perhubungan tiba di lokasi").has("Lampu diganti.");
        kota.get(&format!("/l/{}", sent.token)).await.is(200).has("Lampu diganti.").lacks("Bawa tangga.");
    }

    async fn a_crew_finishes_an_incident_for_all_of_its_reports(kota: Fixture) {
        let one = kota.submit(|_| {}).await.report;
        let operator = kota.sign_in("operator").await;
        operator.post_and_follow(&desk(&one, "/kejadian"), &[("priority", "2")]).await;
        let task = assignment(&kota, Target::Incident(IncidentId(1))).await.id;
        let crew = kota.sign_in("petugas-dishub").await;
        crew.get("/tugas").await.is(200).has("K-1");
        crew.post_and_follow(&format!("/tugas/{task}/tiba"), &[]).await;
        assert_eq!(incident_state(&kota, 1).await, IncidentState::OnScene);
        crew.post_and_follow(&format!("/tugas/{task}/selesai"), &[("reason", "Sudah menyala.")]).await;
        assert_eq!(incident_state(&kota, 1).await, IncidentState::Resolved);
        assert_eq!(kota.report(&one).await.state, State::Resolved);
        operator.get("/meja/kejadian/K-1").await.is(200).has("Petugas perhubungan").has("Sudah menyala.");
    }

    async fn the_work_of_another_team_is_not_there(kota: Fixture) {
        let report = kota.submit(|_| {}).await.report;
        let operator = kota.sign_in("operator").await;
        operator.post_and_follow(&desk(&report, "/tugaskan"), &[("team", "dishub")]).await;
        let other = kota.sign_in("petugas-dlh").await;
        other.get("/tugas").await.is(200).lacks("/tugas/1");
        other.get("/tugas/1").await.is(404);
        for step in ["terima", "tiba", "selesai"] {
            other.post(&format!("/tugas/1/{step}"), &[("reason", "Selesai.")]).await.is(404);
        }
        other.get("/meja").await.is(403);
        assert_eq!(assignment(&kota, Target::Report(report.id)).await.state, AssignmentState::Dispatched);
        // Called back, the old team still learns that; the report itself is the new team's.
        operator.post_and_follow(&desk(&report, "/tugaskan"), &[("team", "dlh")]).await;
        let old = kota.sign_in("petugas-dishub").await;
        old.get("/tugas/1").await.is(200).has("Tugas ini ditarik oleh meja.").lacks("Dua lampu mati");
    }

    async fn the_mayor_is_not_at_the_desk(kota: Fixture) {
        let report = kota.submit(|_| {}).await.report;
        let mayor = kota.sign_in("wali-kota").await;
        for path in ["/meja", &desk(&report, ""), "/meja/kejadian/K-1", "/tugas"] {
            mayor.get(path).await.is(403);
        }
        mayor.post(&desk(&report, "/tutup"), &[("reason", "Tidak perlu.")]).await.is(403);
        assert_eq!(kota.report(&report).await.state, State::Received);
        kota.post(&desk(&report, "/tutup"), &[("reason", "Tidak perlu.")]).await.is(401);
    }

    async fn the_privacy_officer_looks_but_does_not_act(kota: Fixture) {
        let report = kota.submit(|_| {}).await.report;
        let officer = kota.sign_in("pelindung-data").await;
        officer.get(&desk(&report, "")).await.is(200).lacks("/tugaskan");
        officer.post(&desk(&report, "/tugaskan"), &[("team", "dishub")]).await.is(403);
    }

    async fn a_secret_report_is_there_only_for_those_who_handle_it(kota: Fixture) {
        let report = kota.submit(|sent| {
            sent.service_code = "pungutan-liar".into();
            sent.visibility = Some(Visibility::Secret);
            sent.description = Some("Petugas loket minta uang.".into());
        }).await.report;
        let number = format!("L-{}", report.id);
        let operator = kota.sign_in("operator").await;
        // A row names the matter, never its text or place.
        operator.get("/meja").await.is(200).has(&number).lacks("minta uang").lacks("Bakar Batu");
        operator.get(&desk(&report, "")).await.is(200).has("Petugas loket minta uang.");
        let form = [("team", "inspektorat"), ("note", "Jangan sebut nama.")];
        operator.post_and_follow(&desk(&report, "/tugaskan"), &form).await.has("Jangan sebut nama.");
        kota.sign_in("petugas-inspektorat").await.get("/tugas/1").await.is(200)
            .has("Petugas loket minta uang.").has("Jangan sebut nama.");
        kota.sign_in("petugas-dlh").await.get("/tugas/1").await.is(404);
        kota.get(&format!("/laporan/{number}")).await.is(404);

        // A desk without the right to secrets: neither in the queue, nor counted, nor found.
        let mut role = kota.city.configuration().roles.iter().find(|role| role.code == "operator").unwrap().clone();
        role.actions.remove(&pendopo_domain::policy::Action::SeeSecret);
        kota.city.store().write(move |db| Box::pin(async move {
            pendopo_operations::store::configuration::put_role(db, &role).await
        })).await.unwrap();
        kota.city.reload().await.unwrap();
        let found = operator.get("/meja?tab=mine").await.is(200);
        found.lacks(&number).has("<h1 id=\"qh\">Milik saya <span class=\"n\">0</span>");
        for step in ["", "?tab=mine"] {
            operator.get(&desk(&report, step)).await.is(404);
        }
        operator.post(&desk(&report, "/tutup"), &[("reason", "Tidak perlu.")]).await.is(404);
        operator.get(&format!("/meja?q={number}")).await.is(200).lacks(&format!("/meja/laporan/{number}"));
    }

    async fn every_look_at_an_identity_is_chained_before_it_is_shown(kota: Fixture) {
        let named = |sent: &mut pendopo_operations::reports::Submission| {
            sent.identity.name = Some("Siti Rahma".into());
            sent.identity.phone = Some("0812 1111 2222".into());
        };
        let report = kota.submit(named).await.report;
        let anonymous = kota.submit(|sent| { named(sent); sent.anonymous = true; }).await.report;
        let nameless = kota.submit(|_| {}).await.report;
        let operator = kota.sign_in("operator").await;
        operator.get(&desk(&report, "")).await.is(200).lacks("Siti Rahma").has("Lihat identitas pelapor");
        assert_eq!(looks(&kota).await, []);
        let shown = operator.post(&desk(&report, "/identitas"), &[]).await.is(200).has("Siti Rahma").has("0812 1111 2222");
        assert_eq!(shown.headers["cache-control"], "no-store");
        assert_eq!(looks(&kota).await, [("seen".to_owned(), format!("report:{}", report.id))]);
        operator.get(&desk(&report, "")).await.is(200).lacks("Siti Rahma").has("Identitas pelapor dilihat");
        // Anonymous means hidden from the desk too; nothing is chained, because nothing is seen.
        operator.get(&desk(&anonymous, "")).await.is(200).has("Pelapor minta anonim.").lacks("Lihat identitas");
        operator.post(&desk(&anonymous, "/identitas"), &[]).await.is(403).lacks("Siti Rahma");
        operator.get(&desk(&nameless, "")).await.is(200).has("Pelapor tidak memberi nama atau kontak.");
        assert_eq!(looks(&kota).await.len(), 1);
        let dispatcher = kota.sign_in("dispatcher").await;
        dispatcher.post(&desk(&report, "/identitas"), &[]).await.is(403);
        let officer = kota.sign_in("pelindung-data").await;
        officer.post(&desk(&anonymous, "/identitas"), &[]).await.is(200).has("Siti Rahma");
        assert_eq!(looks(&kota).await.len(), 2);
        let mut db = kota.city.store().read().await.unwrap();
        assert!(chains::verify(&mut db).await.unwrap().is_empty());
    }

    async fn the_desk_speaks_english_too(kota: Fixture) {
        let report = kota.submit(|_| {}).await.report;
        let operator = kota.sign_in("operator").await;
        operator.get("/bahasa/en").await;
        operator.get(&desk(&report, "")).await.is(200).has("Street").has("Needs action");
        operator.post(&desk(&report, "/tugaskan"), &[]).await.is(400).has("Error:");
    }
}
