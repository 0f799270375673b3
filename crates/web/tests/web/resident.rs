//! The whole way of a report as its reporter goes it, in a browser without JavaScript.

use jiff::SignedDuration;
use pendopo_domain::reports::{ReportId, State};
use pendopo_operations::store::{photos, reports as rows};
use pendopo_operations::{background, measures};

use crate::fixture::{Answer, Browser, Fixture};

/// The value of a hidden input.
#[track_caller]
fn hidden(page: &Answer, name: &str) -> String {
    let open = format!("name=\"{name}\" value=\"");
    let rest = page
        .body
        .split(&open)
        .nth(1)
        .unwrap_or_else(|| panic!("no {name} in\n{}", page.body));
    rest.split('"').next().unwrap().to_owned()
}

/// The path of the signed link on the page that says the report was received.
#[track_caller]
fn link(kota: &Fixture, page: &Answer) -> String {
    let open = format!("href=\"http://{}/l/", kota.host);
    let rest = page
        .body
        .split(&open)
        .nth(1)
        .unwrap_or_else(|| panic!("no link in\n{}", page.body));
    format!("/l/{}", rest.split('"').next().unwrap())
}

/// What a form holds that a page between carries along.
fn carried(page: &Answer) -> Vec<(String, String)> {
    let inputs = page.body.split("<input type=\"hidden\" name=\"").skip(1);
    let pair = |part: &str| {
        let (name, rest) = part.split_once("\" value=\"")?;
        Some((name.to_owned(), rest.split('"').next()?.to_owned()))
    };
    inputs.filter_map(pair).collect()
}

async fn send(browser: &Browser<'_>, path: &str, form: &[(String, String)]) -> Answer {
    let form: Vec<(&str, &str)> = form
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    browser.post(path, &form).await
}

async fn state(kota: &Fixture, id: i64) -> State {
    let mut db = kota.city.store().read().await.unwrap();
    rows::by_id(&mut db, ReportId(id))
        .await
        .unwrap()
        .unwrap()
        .state
}

/// What the numbers say once everything that happened was counted.
async fn counted(kota: &Fixture) -> pendopo_domain::measures::Numbers {
    pendopo_testkit::settle(kota.city.store()).await;
    background::catch_up(&kota.city).await.unwrap();
    measures::see(&kota.city, Some(30))
        .await
        .unwrap()
        .table
        .total
}

stories! {
    async fn a_report_goes_its_whole_way_until_its_reporter_says_done(kota: Fixture) {
        let neighbour = kota.submit(|_| {}).await.report;
        let warga = kota.browser("warga");
        let form = warga.get("/lapor").await.is(200).has("enctype=\"multipart/form-data\"").has("name=\"photo\"");
        let draft = hidden(&form, "draft");
        // Too short, no place, no service: everything is said at once, and the photo waits.
        let page = warga.upload("/lapor", &[("draft", &draft), ("description", "Padam"), ("email", "siti")]).await.is(400)
            .has("href=\"#services\"").has("href=\"#area\"").has("href=\"#description\"").has("href=\"#email\"")
            .has(">Padam</textarea>").has("Foto Anda tersimpan.");
        assert_eq!((hidden(&page, "draft"), kota.count().await), (draft.clone(), 1));
        let kept = hidden(&page, "photo_kept");
        warga.get(&format!("/lapor/foto/{kept}")).await.is(200);
        // A neighbour was here before.
        let form = [
            ("draft", &*draft), ("service", "lampu-jalan-padam"), ("description", "Lampu padam di depan mushala."),
            ("lat", "0,9201"), ("long", "104,4501"), ("place", "Depan mushala"), ("photo_kept", &*kept), ("name", "Siti Rahma"),
            ("email", "siti@contoh.id"), ("phone", "0812 1111 2222"), ("privacy", "ordinary"),
        ];
        let between = warga.post("/lapor", &form).await.is(200)
            .has("Sudah ada yang melapor?").has(&format!("/laporan/L-{}/ikut", neighbour.id));
        assert_eq!(kota.count().await, 1);
        let mut fields = carried(&between);
        assert!(fields.iter().any(|(name, _)| name == "not_similar") && fields.contains(&("photo_kept".into(), kept.clone())));
        fields.retain(|(name, _)| !name.is_empty());
        let sent = send(&warga, "/lapor", &fields).await.is(200).has("Nomornya L-2").has("Depan mushala").has("/laporan/L-2");
        let own = link(&kota, &sent);
        // The same form again is the same report.
        let again = send(&warga, "/lapor", &fields).await.is(200).has("Nomornya L-2");
        assert_eq!((link(&kota, &again), kota.count().await), (own.clone(), 2));
        warga.get(&format!("/lapor/foto/{kept}")).await.is(404);
        warga.get("/laporan/L-2").await.is(200).has("Lampu padam di depan mushala.").has("/foto/").lacks("Siti").lacks("siti@");
        warga.get(&own).await.is(200).has("Laporan Anda kami terima").has("/foto/").has("Hapus data saya")
            .lacks("Siti").lacks("jawaban\"");
        warga.post(&format!("{own}/jawaban"), &[("verdict", "confirmed")]).await.is(409);

        let operator = kota.sign_in("operator").await;
        operator.post_and_follow("/meja/laporan/L-2/tugaskan", &[("team", "dishub")]).await;
        warga.get(&own).await.is(200).has("Laporan Anda sedang ditangani").has("Ditugaskan ke Dinas Perhubungan");
        let crew = kota.sign_in("petugas-dishub").await;
        crew.post("/tugas/1/tiba", &[]).await.is(303);
        crew.post("/tugas/1/selesai", &[("reason", "Lampu diganti.")]).await.is(303);
        let answer = format!("{own}/jawaban");
        warga.get(&own).await.is(200).has("Menurut Anda?").has("Lampu diganti.").has("action=\"/l/").has("Bisa diubah sampai");
        warga.post(&answer, &[]).await.is(400).has("href=\"#verdict-confirmed\"");
        warga.post_and_follow(&answer, &[("verdict", "not_yet"), ("words", "Masih padam malam ini.")]).await
            .has("Jawaban Anda: belum").has("Dibuka lagi.");
        assert_eq!(state(&kota, 2).await, State::Reopened);
        let numbers = counted(&kota).await;
        assert_eq!((numbers.received, numbers.city_says_done, numbers.not_yet), (2, 0, 1));
        // The crew is sent again.
        crew.get("/tugas").await.is(200).has("/tugas/2");
        crew.post("/tugas/2/tiba", &[]).await.is(303);
        crew.upload("/tugas/2/selesai", &[("reason", "")]).await.is(303);
        warga.get(&own).await.is(200).has("Menurut Anda?").has("Foto dari petugas");
        warga.post_and_follow(&answer, &[("verdict", "confirmed"), ("stars", "4")]).await
            .has("Jawaban Anda: sudah beres").has("value=\"4\" checked");
        warga.post_and_follow(&answer, &[("verdict", "confirmed"), ("stars", "5"), ("words", "Terang sekali.")]).await
            .has("value=\"5\" checked").has("Terang sekali.");
        assert_eq!(state(&kota, 2).await, State::Confirmed);
        let numbers = counted(&kota).await;
        assert_eq!((numbers.received, numbers.city_says_done, numbers.confirmed, numbers.not_yet), (2, 1, 1, 0));
        let seen = measures::see(&kota.city, Some(30)).await.unwrap();
        assert_eq!(seen.stars, [0, 0, 0, 0, 1]);
        kota.get("/angka").await.is(200).has("Dari 1 yang dinyatakan selesai: <b>1</b> dibenarkan pelapor");
        // The answer of the reporter is for the city, not for everyone.
        kota.get("/laporan/L-2").await.is(200).has("Pelapor membenarkan").lacks("Terang sekali");
        operator.get("/meja/laporan/L-2").await.is(200).has("Terang sekali.");
    }

    async fn a_required_question_is_asked_on_a_page_of_its_own(kota: Fixture) {
        let warga = kota.browser("warga");
        let form = [("service", "banjir-genangan"), ("description", "Air masuk ke rumah."), ("area", "kota-baru")];
        let page = warga.upload("/lapor", &form).await.is(200).has("Setinggi apa airnya?");
        let mut fields = carried(&page);
        assert!(fields.iter().any(|(name, value)| name == "photo_kept" && !value.is_empty()));
        send(&warga, "/lapor", &fields).await.is(400).has("href=\"#attribute-ketinggian-air\"");
        assert_eq!(kota.count().await, 0);
        fields.push(("attribute[ketinggian-air]".into(), "lutut".into()));
        send(&warga, "/lapor", &fields).await.is(200).has("Nomornya L-1");
        let operator = kota.sign_in("operator").await;
        operator.get("/meja/laporan/L-1").await.is(200).has("Lutut, 30–60 cm").has("/foto/");
    }

    async fn neighbours_join_instead_of_reporting_again(kota: Fixture) {
        kota.submit(|_| {}).await;
        kota.get("/laporan/L-1").await.is(200).has("Saya juga mengalaminya");
        kota.browser("warga").post_and_follow("/laporan/L-1/ikut", &[]).await.has("Anda ikut laporan ini.");
        kota.browser("tetangga").post("/laporan/L-1/ikut", &[]).await.is(303);
        kota.get("/laporan/L-1").await.is(200).has("2 orang ikut");
        kota.get("/laporan").await.is(200).has("2 ikut");
        kota.post("/laporan/L-9/ikut", &[]).await.is(404);
        assert_eq!(kota.count().await, 1);
    }

    async fn who_erases_herself_is_gone_and_her_report_goes_on(kota: Fixture) {
        let sent = kota.submit(|sent| {
            sent.identity.name = Some("Siti Rahma".into());
            sent.identity.phone = Some("0812 1111 2222".into());
        }).await;
        let person = sent.report.person.clone().expect("somebody gave a name");
        let own = format!("/l/{}", sent.token);
        let warga = kota.browser("warga");
        // Without the tick nothing happens.
        warga.post(&format!("{own}/hapus"), &[]).await.is(303);
        assert!(kota.city.store().keys().open(&person).await.unwrap().is_some());
        warga.post_and_follow(&format!("{own}/hapus"), &[("sure", "1")]).await
            .has("Data Anda sudah dihapus. Laporan tetap ditangani.").has("Dua lampu mati").lacks("Hapus data saya");
        assert!(kota.city.store().keys().open(&person).await.unwrap().is_none());
        assert_eq!(kota.report(&sent.report).await.person, None);
        let officer = kota.sign_in("pelindung-data").await;
        officer.get("/meja/laporan/L-1").await.is(200).lacks("Lihat identitas pelapor");
        officer.post("/meja/laporan/L-1/identitas", &[]).await.lacks("Siti Rahma").lacks("0812");
        // A second time changes nothing, and the link still asks when the city is done.
        warga.post(&format!("{own}/hapus"), &[("sure", "1")]).await.is(303);
        let operator = kota.sign_in("operator").await;
        operator.post("/meja/laporan/L-1/teratasi", &[("reason", "Lampu diganti.")]).await.is(303);
        warga.post_and_follow(&format!("{own}/jawaban"), &[("verdict", "confirmed")]).await.has("sudah beres");
    }

    async fn who_erases_a_secret_report_takes_its_text_and_photo_along(kota: Fixture) {
        let warga = kota.browser("warga");
        let form = [("service", "pungutan-liar"), ("description", "Petugas loket minta uang."), ("place", "Loket 3"), ("privacy", "secret")];
        let own = link(&kota, &warga.upload("/lapor", &form).await.is(200).has("Laporan ini rahasia."));
        let page = warga.get(&own).await.is(200).has("minta uang").has("/foto/");
        let photo = page.body.split("/foto/").nth(1).unwrap().split('/').next().unwrap().to_owned();
        warga.get(&format!("{own}/foto/{photo}/large")).await.is(200);
        kota.get(&format!("/foto/{photo}/large")).await.is(404);
        warga.post_and_follow(&format!("{own}/hapus"), &[("sure", "1")]).await.has("Data Anda sudah dihapus").lacks("minta uang");
        warga.get(&format!("{own}/foto/{photo}/large")).await.is(404);
        let operator = kota.sign_in("operator").await;
        operator.get("/meja/laporan/L-1").await.is(200).lacks("minta uang").lacks("Loket 3");
        // What the city adds afterwards has no key to be sealed with, and is not kept in the clear instead.
        operator.upload("/meja/laporan/L-1/teratasi", &[("reason", "Sudah ditegur, Penanda.")]).await.is(303);
        assert_eq!(state(&kota, 1).await, State::Resolved);
        let mut db = kota.city.store().read().await.unwrap();
        let held = photos::of_report(&mut db, ReportId(1)).await.unwrap();
        assert!(held.iter().all(|photo| photo.person_id.is_some()), "{held:?}");
    }

    async fn a_photo_that_waited_for_a_secret_report_is_sealed_with_it(kota: Fixture) {
        let warga = kota.browser("warga");
        let page = warga.upload("/lapor", &[("service", "pungutan-liar"), ("privacy", "secret")]).await.is(400);
        let kept = hidden(&page, "photo_kept");
        let plain = kept.split('.').next().unwrap().to_owned();
        let form = [
            ("service", "pungutan-liar"), ("privacy", "secret"), ("description", "Petugas loket minta uang."),
            ("area", "kota-lama"), ("photo_kept", &*kept),
        ];
        let own = link(&kota, &warga.post("/lapor", &form).await.is(200));
        let mut db = kota.city.store().read().await.unwrap();
        let held = photos::of_report(&mut db, ReportId(1)).await.unwrap();
        drop(db);
        let [photo] = &held[..] else { panic!("{held:?}") };
        assert!(photo.person_id.is_some());
        let media = kota.city.store().media();
        for size in ["large", "small"] {
            let (_, stored) = media.get(&photo.id, size).await.unwrap().unwrap();
            assert!(!stored.starts_with(&[0xff, 0xd8]), "it is there for everyone with the file");
            assert_eq!(media.get(&plain, size).await.unwrap(), None, "the plain one stays behind");
            let shown = warga.get(&format!("{own}/foto/{}/{size}", photo.id)).await.is(200);
            assert!(shown.bytes.starts_with(&[0xff, 0xd8]));
            kota.get(&format!("/foto/{}/{size}", photo.id)).await.is(404);
        }
        warga.get(&format!("/lapor/foto/{kept}")).await.is(404);
    }

    async fn the_language_is_chosen_by_link_and_kept_by_cookie(kota: Fixture) {
        kota.submit(|_| {}).await;
        let warga = kota.browser("warga");
        let page = warga.get("/laporan?q=lampu").await.is(200).has("<html lang=\"id\">");
        let switch = page.body.split("class=\"lang\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
        let back = warga.get(&switch).await.is(303);
        assert_eq!(back.location(), "/laporan?q=lampu");
        warga.get(back.location()).await.is(200).has("<html lang=\"en\">").has("Street light out");
        for path in ["/", "/lapor", "/laporan/L-1", "/angka", "/peta", "/privasi", "/masuk", "/tidak-ada"] {
            warga.get(path).await.has("<html lang=\"en\">");
        }
        kota.browser("tetangga").get("/").await.has("<html lang=\"id\">");
        for elsewhere in ["//lain.example", "https://lain.example", "%2F%5Clain.example", "/%09/lain.example"] {
            let answer = warga.get(&format!("/bahasa/id?kembali={elsewhere}")).await.is(303);
            let to = answer.location();
            assert!(to.starts_with('/') && !to.starts_with("//") && !to.contains('\\') && !to.contains('\t'), "{elsewhere} leads to {to}");
        }
        warga.get("/bahasa/fr").await.is(404);
    }

    async fn who_does_not_answer_for_ten_working_days_is_counted_as_silent(kota: Fixture) {
        let sent = kota.submit(|_| {}).await;
        let own = format!("/l/{}", sent.token);
        let operator = kota.sign_in("operator").await;
        operator.post("/meja/laporan/L-1/teratasi", &[("reason", "Lampu diganti.")]).await.is(303);
        let numbers = counted(&kota).await;
        assert_eq!((numbers.city_says_done, numbers.waiting, numbers.unconfirmed), (1, 1, 0));
        // Tuesday, and ten working days: the end of Tuesday in two weeks.
        kota.clock.advance(SignedDuration::from_hours(14 * 24 + 15));
        assert_eq!(counted(&kota).await.waiting, 1);
        assert_eq!(state(&kota, 1).await, State::Resolved);
        kota.get(&own).await.is(200).has("Menurut Anda?");
        kota.clock.advance(SignedDuration::from_hours(1));
        let numbers = counted(&kota).await;
        pendopo_testkit::settle(kota.city.store()).await;
        assert_eq!(state(&kota, 1).await, State::Unconfirmed);
        let numbers = if numbers.unconfirmed == 1 { numbers } else { counted(&kota).await };
        assert_eq!((numbers.city_says_done, numbers.confirmed, numbers.waiting, numbers.unconfirmed), (1, 0, 0, 1));
        kota.get(&own).await.is(200).has("Waktu menjawab sudah lewat").lacks("/jawaban");
        kota.post(&format!("{own}/jawaban"), &[("verdict", "confirmed")]).await.is(409);
        kota.get("/angka").await.is(200).has("<b>0</b> dibenarkan pelapor, <b>1</b> tanpa jawaban");
    }
}
