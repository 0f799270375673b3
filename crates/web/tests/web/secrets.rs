//! What must not come out: who reported, and anything of a secret report. Looked for everywhere the public can look.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, header};
use http_body_util::BodyExt;
use pendopo_domain::policy::{Action, Subject, allows};
use pendopo_domain::reports::Visibility;
use pendopo_operations::store::{backup, chains, journal, photos};
use pendopo_web::routes::table;

use crate::fixture::{Browser, Fixture};
use crate::lines::Lines;

/// In everything personal or secret that the story sends, and in nothing else.
const MARKER: &str = "Penanda";
/// The phone of the named reporter: letters would be refused.
const PHONE: &str = "0899 7531 2468";

/// The first of the markers that `text` holds, in any case; the numbers are those of the secret place.
fn leaks(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    [MARKER, PHONE, "08997531", "931357", "462468"]
        .into_iter()
        .find(|marker| text.contains(&marker.to_lowercase()))
}

#[track_caller]
fn clean(text: &str, about: &str) {
    if let Some(marker) = leaks(text) {
        panic!("{about} says {marker}:\n{text}");
    }
}

/// A secret report on its whole way, and a public one of somebody with a name.
struct Story {
    public: String,
    secret: String,
    /// The path of the secret report's signed link.
    own: String,
    photos: Vec<String>,
}

impl Story {
    async fn tell(kota: &Fixture) -> Self {
        let warga = kota.browser("pelapor");
        let named = [
            ("service", "lampu-jalan-padam"),
            ("description", "Dua lampu mati sejak Jumat."),
            ("area", "kota-lama"),
            ("name", "Penanda Rahma"),
            ("email", "penanda@contoh.id"),
            ("phone", PHONE),
            ("privacy", "ordinary"),
        ];
        warga.upload("/lapor", &named).await.is(200);
        let secret = [
            ("service", "pungutan-liar"),
            ("description", "PenandaUraian: petugas loket minta uang."),
            ("privacy", "secret"),
            ("lat", "0.931357"),
            ("long", "104.462468"),
            ("place", "PenandaTempat loket tiga"),
            ("name", "PenandaNama Rahma"),
            ("email", "penandasurel@contoh.id"),
            ("phone", PHONE),
            ("attribute[tempat]", "PenandaJawaban"),
            ("attribute[keterangan]", "PenandaKeterangan"),
            ("questions_asked", "1"),
        ];
        let sent = warga.upload("/lapor", &secret).await.is(200);
        let start = format!("http://{}/l/", kota.host);
        let token = sent
            .body
            .split(&start)
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let own = format!("/l/{token}");
        let operator = kota.sign_in("operator").await;
        operator
            .get("/meja/laporan/L-2")
            .await
            .is(200)
            .has("PenandaUraian")
            .has("PenandaTempat")
            .has("PenandaJawaban");
        let form = [
            ("team", "inspektorat"),
            ("note", "PenandaCatatan untuk petugas."),
        ];
        operator
            .post_and_follow("/meja/laporan/L-2/tugaskan", &form)
            .await
            .has("PenandaCatatan");
        operator
            .post("/meja/laporan/L-2/identitas", &[])
            .await
            .is(200)
            .has("PenandaNama");
        let crew = kota.sign_in("petugas-inspektorat").await;
        crew.get("/tugas/1")
            .await
            .is(200)
            .has("PenandaUraian")
            .has("PenandaCatatan")
            .lacks("PenandaNama");
        crew.post("/tugas/1/tiba", &[]).await.is(303);
        crew.upload(
            "/tugas/1/selesai",
            &[("reason", "PenandaAlasan: sudah ditegur.")],
        )
        .await
        .is(303);
        warga
            .post_and_follow(
                &format!("{own}/jawaban"),
                &[
                    ("verdict", "confirmed"),
                    ("stars", "2"),
                    ("words", "PenandaKata dari pelapor."),
                ],
            )
            .await
            .has("PenandaKata")
            .has("PenandaAlasan")
            .has("PenandaUraian")
            .has("PenandaTempat");
        let mut ids = Vec::new();
        let mut db = kota.city.store().read().await.unwrap();
        for id in [1, 2] {
            let held = photos::of_report(&mut db, pendopo_domain::reports::ReportId(id))
                .await
                .unwrap();
            ids.extend(held.into_iter().map(|photo| photo.id));
        }
        assert_eq!(ids.len(), 3);
        Self {
            public: "L-1".into(),
            secret: "L-2".into(),
            own,
            photos: ids,
        }
    }

    /// Every way to fill a route's path with what is there.
    fn fill(&self, path: &str) -> Vec<String> {
        let names = ["xml", "json", "html"].iter().flat_map(|extension| {
            [
                &*self.public,
                &*self.secret,
                "2",
                "pungutan-liar",
                "lampu-jalan-padam",
                "a",
            ]
            .map(|name| format!("{name}.{extension}"))
        });
        let names: Vec<String> = names.chain([self.secret.clone()]).collect();
        let own = |list: &[&str]| {
            list.iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>()
        };
        let mut filled = vec![path.to_owned()];
        for (mark, values) in [
            (
                "{number}",
                own(&[&self.public, &self.secret, "l2", "2", "K-1"]),
            ),
            ("{name}", names),
            // Not the token: who has the link may see it.
            ("{token}", own(&["2.AAAAAAAAAAAAAAAAAAAAAA", "L-2"])),
            ("{id}", self.photos.clone()),
            ("{size}", own(&["large", "small", "huge"])),
            ("{*name}", own(&["app.css"])),
            ("{tag}", own(&["id", "en"])),
        ] {
            filled = filled
                .iter()
                .flat_map(|path| match path.contains(mark) {
                    true => values
                        .iter()
                        .map(|value| path.replace(mark, value))
                        .collect(),
                    false => vec![path.clone()],
                })
                .collect();
        }
        filled
    }
}

/// What the public can ask besides the path.
const QUESTIONS: [&str; 9] = [
    "",
    "?extensions=true",
    "?service=pungutan-liar",
    "?state=confirmed",
    "?bbox=104,0,105,1&zoom=18",
    "?bbox=104,0,105,1&zoom=2",
    "?service_request_id=L-1,L-2&extensions=true",
    "?updated_after=2026-11-01T00:00:00Z&extensions=true",
    "?nomor=L-2&hari=0&ikut=1&jawab=1&service=pungutan-liar&lat=0.93&long=104.46",
];

async fn walk(kota: &Fixture, browser: &Browser<'_>, story: &Story) -> usize {
    let public = kota.city.public();
    let mut seen = 0;
    for route in table().iter().filter(|route| route.method == Method::GET) {
        if !route
            .needs
            .is_none_or(|action| allows(&public, action, Subject::City))
            || route.path == "/bahasa/{tag}"
        {
            continue;
        }
        for path in story.fill(route.path) {
            for question in QUESTIONS {
                let answer = browser.get(&format!("{path}{question}")).await;
                clean(&answer.body, &format!("GET {path}{question}"));
                clean(
                    &format!("{:?}", answer.headers),
                    &format!("the head of {path}{question}"),
                );
                assert!(
                    answer.status.as_u16() < 500,
                    "{path}{question} {}",
                    answer.status
                );
                let about_secret = answer.body.contains("/laporan/L-2")
                    || answer.body.contains(">L-2<")
                    || answer.body.contains("\"L-2\"");
                // An error of the standard repeats the number that was asked for.
                assert!(
                    !about_secret || answer.status == 404,
                    "GET {path}{question} names the secret report\n{}",
                    answer.body
                );
                seen += 1;
            }
        }
    }
    seen
}

stories! {
    async fn nothing_personal_or_secret_comes_out(kota: Fixture) {
        // Listens before anything happens.
        let live = kota.browser("warga").open(Request::get("/events").header(header::ACCEPT, "text/event-stream"), Body::empty()).await;
        let story = Story::tell(&kota).await;
        pendopo_testkit::settle(kota.city.store()).await;
        let mut events = String::new();
        let mut body = live.into_body();
        // Until something was told, and then until nothing more comes.
        let patience = |events: &str| if events.contains("changed") { 1500 } else { 60_000 };
        while let Ok(Some(Ok(frame))) = tokio::time::timeout(Duration::from_millis(patience(&events)), body.frame()).await {
            events.push_str(&String::from_utf8_lossy(&frame.into_data().unwrap_or_default()));
        }
        assert!(events.contains("event: hello") && events.contains("event: changed"), "{events}");
        clean(&events, "the stream");
        assert!(!events.contains("L-2"), "{events}");

        let warga = kota.browser("warga");
        let seen = walk(&kota, &warga, &story).await;
        warga.get("/bahasa/en").await.is(303);
        assert_eq!(walk(&kota, &warga, &story).await, seen);
        assert!(seen > 500, "{seen} answers are too few to be all");
        // Neither by search, nor on the map, nor by a look at the pictures.
        for words in ["Penanda", "penandatempat", "loket", "0899"] {
            let found = warga.get(&format!("/laporan?q={words}")).await.is(200);
            assert!(!found.body.contains("/laporan/L-"), "{words} finds something");
            let found = warga.get(&format!("/open311/v2/requests.json?q={words}")).await.is(200);
            assert_eq!(found.body, "[]", "{words}");
        }
        warga.get("/lapor/mirip?service=pungutan-liar&lat=0.93&long=104.46").await.is(200).lacks("L-2");
        let map = warga.get("/map/reports.json?bbox=104,0,105,1&zoom=18").await.is(200);
        assert!(map.body.contains("FeatureCollection"), "{}", map.body);
        clean(&map.body, "the map");
        let at = |id: &String| format!("/foto/{id}/large");
        warga.get(&at(&story.photos[0])).await.is(200);
        for id in &story.photos[1..] {
            warga.get(&at(id)).await.is(404);
        }

        // Its reporter, by link, and those who handle it see all of it; those who do not, nothing.
        kota.browser("pelapor").get(&story.own).await.is(200).has("PenandaUraian").has("PenandaKata").lacks("PenandaCatatan");
        let operator = kota.browser("operator");
        operator.get("/meja/laporan/L-2").await.is(200).has("PenandaUraian").has("PenandaAlasan").has("PenandaKata");
        operator.get("/meja/laporan/L-1").await.is(200).lacks("Penanda Rahma");
        operator.get("/meja").await.is(200).lacks("Penanda");
        operator.get("/meja?q=Penanda&tab=mine").await.is(200).lacks("/meja/laporan/L-");
        for login in ["wali-kota", "staf-ti", "petugas-dlh"] {
            let browser = kota.sign_in(login).await;
            for path in ["/", "/laporan", "/angka", "/tugas", "/tugas/1", "/meja", "/meja/laporan/L-2", "/laporan/L-2"] {
                clean(&browser.get(path).await.body, &format!("{login}: {path}"));
            }
        }
    }

    async fn neither_the_journal_nor_the_chains_nor_the_log_know_more(kota: Fixture) {
        let story = Story::tell(&kota).await;
        pendopo_testkit::settle(kota.city.store()).await;
        pendopo_operations::background::catch_up(&kota.city).await.unwrap();
        let mut db = kota.city.store().read().await.unwrap();
        let entries = journal::after(&mut db, journal::Position::default(), 1000).await.unwrap();
        assert!(entries.len() > 8, "{entries:?}");
        clean(&format!("{entries:?}"), "the journal");
        for stream in ["identity", "configuration", "report:1", "report:2", "incident:1"] {
            let entries = chains::entries(&mut db, stream, 1000).await.unwrap();
            clean(&format!("{entries:?}"), stream);
            assert_eq!(entries.is_empty(), matches!(stream, "report:1" | "incident:1"), "{stream}");
        }
        assert!(chains::verify(&mut db).await.unwrap().is_empty());
        drop(db);
        let lines = kota.lines.text();
        assert!(lines.contains("\"request\""), "{lines}");
        let token = story.own.strip_prefix("/l/").unwrap();
        // How long something took may be any number.
        let timeless = |text: &str| text.split(' ').filter(|word| !word.starts_with("duration_ms=")).collect::<Vec<_>>().join(" ");
        for text in [timeless(&lines), timeless(&Lines::of_the_process().text())] {
            clean(&text, "the log");
            assert!(!text.contains(token), "the log names the link");
        }
    }

    async fn a_backup_of_the_city_holds_nothing_that_opens_without_the_keys(kota: Fixture) {
        let story = Story::tell(&kota).await;
        let folder = std::env::temp_dir().join(format!("pendopo-{}-{}", kota.city.slug(), std::process::id()));
        backup::backup(kota.city.store(), &folder).await.expect("a backup is made");
        let read = |name: &str| std::fs::read(folder.join(name)).expect("the file is there");
        let (city, media) = (read("city.db"), read("media.db"));
        std::fs::remove_dir_all(&folder).unwrap();
        let text = String::from_utf8_lossy(&city);
        assert!(text.contains("Dua lampu mati sejak Jumat."), "the public text is not in it");
        clean(&text, "city.db");
        // Of three pictures one is public.
        let heads = media.windows(4).filter(|bytes| *bytes == [0xff, 0xd8, 0xff, 0xe0]).count();
        assert_eq!(heads, 2, "pictures in the clear, in two sizes each");
        assert_eq!(story.photos.len(), 3);
    }

    async fn a_role_without_the_right_to_secrets_learns_nothing_of_them(kota: Fixture) {
        Story::tell(&kota).await;
        let mut role = kota.city.configuration().roles.iter().find(|role| role.code == "dispatcher").unwrap().clone();
        role.actions.remove(&Action::SeeSecret);
        kota.city.store().write(move |db| Box::pin(async move {
            pendopo_operations::store::configuration::put_role(db, &role).await
        })).await.unwrap();
        kota.city.reload().await.unwrap();
        let dispatcher = kota.sign_in("dispatcher").await;
        for path in ["/meja", "/meja?tab=mine", "/meja?tab=all", "/meja?q=L-2", "/tugas", "/tugas/1", "/meja/laporan/L-2"] {
            let answer = dispatcher.get(path).await;
            clean(&answer.body, path);
            assert!(!answer.body.contains("/meja/laporan/L-2"), "{path}\n{}", answer.body);
        }
        for step in ["tugaskan", "teratasi", "tutup", "teruskan", "kejadian", "identitas"] {
            let form = [("team", "dlh"), ("reason", "Tidak perlu."), ("priority", "1")];
            let answer = dispatcher.post(&format!("/meja/laporan/L-2/{step}"), &form).await;
            assert!(matches!(answer.status.as_u16(), 403 | 404), "{step} {}", answer.status);
            clean(&answer.body, step);
        }
        let public = |report: &pendopo_domain::reports::Report| report.visibility == Visibility::Public;
        let one = kota.submit(|_| {}).await.report;
        assert!(public(&kota.report(&one).await));
    }
}
