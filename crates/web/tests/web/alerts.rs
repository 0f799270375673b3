//! Warnings as residents, other systems and the staff see them.

use axum::body::Body;
use axum::http::Request;
use pendopo_connectors::alerts as documents;
use pendopo_operations::alerts::{self, Carrier};
use pendopo_operations::configuration;
use pendopo_standards::{cap, feeds};

use crate::fixture::{Answer, Browser, Fixture};

pub(crate) const RING: &str = "<polygon>0.9,104.42 0.9,104.46 0.95,104.46 0.9,104.42</polygon>";

/// A document of an agency, in force by the clock of the fixture.
pub(crate) fn document(kota: &Fixture, identifier: &str, severity: &str, area: &str) -> String {
    use pendopo_domain::time::Clock;
    let second = jiff::Timestamp::from(kota.clock.now()).as_second();
    let time = |plus: i64| {
        let at = jiff::Timestamp::from_second(second + plus).unwrap();
        at.strftime("%Y-%m-%dT%H:%M:%S-00:00").to_string()
    };
    format!(
        "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>{identifier}</identifier>\
         <sender>warn@agency.example</sender><sent>{}</sent><status>Actual</status><msgType>Alert</msgType>\
         <scope>Public</scope><info><language>id</language><category>Met</category><event>Hujan</event>\
         <urgency>Immediate</urgency><severity>{severity}</severity><certainty>Observed</certainty>\
         <expires>{}</expires><senderName>Badan &lt;Uji&gt;</senderName><headline>Hujan {identifier} &lt;b&gt;</headline>\
         <description>Deras.\nSampai malam.</description><web>javascript:alert(1)</web>\
         <area><areaDesc>Pesisir</areaDesc>{area}</area></info></alert>",
        time(-60),
        time(7200)
    )
}

pub(crate) async fn bring(kota: &Fixture, text: &str) {
    let document = documents::read(text.as_bytes()).unwrap();
    let by = configuration::command_line();
    alerts::import(&kota.city, &by, vec![document])
        .await
        .unwrap();
}

/// The fields of a warning that can be published, with the first area of the city.
fn fields(kota: &Fixture) -> Vec<(&'static str, String)> {
    let area = kota.city.configuration().areas.iter().next().unwrap().id;
    let mut all = vec![
        ("areas", area.to_string()),
        ("category", "Met".to_owned()),
        ("severity", "Severe".to_owned()),
        ("urgency", "Immediate".to_owned()),
        ("certainty", "Observed".to_owned()),
        ("response", "Avoid".to_owned()),
        ("holds_minutes", "90".to_owned()),
    ];
    all.extend([
        ("event-id", "Rob".to_owned()),
        ("headline-id", "Rob & banjir di pesisir".to_owned()),
        ("description-id", "Air naik.".to_owned()),
        ("event-en", "Tidal flood".to_owned()),
        ("headline-en", "Tidal flood at the shore".to_owned()),
        ("description-en", "The water rises.".to_owned()),
    ]);
    all
}

async fn send(browser: &Browser<'_>, path: &str, fields: &[(&'static str, String)]) -> Answer {
    let pairs: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    browser.post(path, &pairs).await
}

async fn asked_again(kota: &Fixture, path: &str, name: &str, value: &str) -> Answer {
    let request = Request::builder().uri(path).header(name, value);
    kota.browser("sistem").send(request, Body::empty()).await
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer
        .headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// The features that a map of residents draws for the warnings.
async fn outlines(kota: &Fixture) -> Vec<serde_json::Value> {
    let answer = kota.get("/map/alerts.json").await.is(200);
    let told: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    told["features"].as_array().unwrap().clone()
}

stories! {
    async fn a_warning_of_an_agency_is_on_every_page_and_has_one_of_its_own(kota: Fixture) {
        kota.get("/").await.is(200).lacks("Hujan");
        kota.get("/peringatan").await.is(200).has("Tidak ada peringatan yang berlaku");
        bring(&kota, &document(&kota, "1", "Moderate", RING)).await;
        bring(&kota, &document(&kota, "2", "Severe", RING)).await;
        // The gravest one, and how many stand behind it.
        let home = kota.get("/").await.is(200).has("banner b2").has("Hujan 2 &lt;b&gt;").has("Ada 1 lagi.");
        home.has("href=\"/peringatan/2\"");
        let list = kota.get("/peringatan").await.is(200).has("Kota Lama").lacks("Kota Baru");
        let place = |text: &str| list.body.find(text).unwrap();
        let rows = &list.body[place("<ul class=\"list alerts\">")..];
        assert!(rows.find("Hujan 2").unwrap() < rows.find("Hujan 1").unwrap());
        let one = kota.get("/peringatan/2").await.is(200).has("<p>Sampai malam.</p>").has("Badan &lt;Uji&gt;");
        one.has("/peringatan/2.cap").lacks("javascript:");
        let document = kota.get("/peringatan/2.cap").await.is(200);
        assert_eq!(header(&document, "content-type"), "application/cap+xml");
        assert_eq!(header(&document, "content-disposition"), "attachment; filename=\"peringatan-2.cap\"");
        assert_eq!(header(&document, "x-content-type-options"), "nosniff");
        assert_eq!(cap::read(&document.bytes).unwrap().alert.identifier, "2");
        let tag = header(&document, "etag").to_owned();
        asked_again(&kota, "/peringatan/2.cap", "if-none-match", &tag).await.is(304);
        // What others issued is not in the feed of the city.
        assert!(feeds::read(&kota.get("/peringatan/atom.xml").await.is(200).bytes).unwrap().entries.is_empty());
    }

    async fn what_does_not_exist_or_is_not_public_is_not_found(kota: Fixture) {
        bring(&kota, &document(&kota, "1", "Moderate", "<polygon>-7,110 -7,111 -6,111 -7,110</polygon>")).await;
        bring(&kota, &document(&kota, "2", "Moderate", RING).replace("Actual", "Test")).await;
        for path in ["/peringatan/1", "/peringatan/1.cap", "/peringatan/2", "/peringatan/9", "/peringatan/x", "/peringatan/-1", "/peringatan/.cap", "/peringatan/99999999999999999999"] {
            kota.get(path).await.is(404);
        }
        let operator = kota.sign_in("operator").await;
        let seen = operator.get("/peringatan/1.cap").await.is(200);
        assert_eq!(header(&seen, "cache-control"), "no-store");
        operator.get("/meja/peringatan/1").await.is(200).has("Di luar kota");
        operator.get("/meja/peringatan/2").await.is(200).has("Uji coba");
        operator.get("/meja/peringatan").await.is(200).has("Hujan 1 &lt;b&gt;").has("Hujan 2 &lt;b&gt;");
        kota.get("/meja/peringatan").await.is(303);
    }

    async fn the_staff_keeps_each_document_of_a_warning_in_two_languages(kota: Fixture) {
        let first = document(&kota, "1", "Severe", RING);
        let english = first.replace("<language>id", "<language>en-US").replace("Hujan", "Rain");
        for text in [&first, &english] {
            let carrier = Carrier { name: "feed:agency".into(), by_hand: false, newer_replaces: false };
            alerts::receive(&kota.city, carrier, vec![documents::read(text.as_bytes()).unwrap()]).await.unwrap();
        }
        let operator = kota.sign_in("operator").await;
        let page = operator.get("/meja/peringatan/1").await.is(200);
        page.has("/meja/peringatan/1/dokumen/1\"").has("(id)").has("/meja/peringatan/1/dokumen/2\"").has("(en-US)");
        for (which, bytes) in [(1, &first), (2, &english)] {
            let path = format!("/meja/peringatan/1/dokumen/{which}");
            let kept = operator.get(&path).await.is(200);
            assert_eq!(kept.bytes, bytes.as_bytes());
            assert_eq!(header(&kept, "content-type"), "application/cap+xml");
            let name = format!("attachment; filename=\"peringatan-1-{which}.cap\"");
            assert_eq!(header(&kept, "content-disposition"), name);
            assert_eq!(header(&kept, "cache-control"), "no-store");
            kota.get(&path).await.is(303);
        }
        for path in ["1/dokumen/0", "1/dokumen/3", "1/dokumen/x", "9/dokumen/1", "x/dokumen/1"] {
            operator.get(&format!("/meja/peringatan/{path}")).await.is(404);
        }
    }

    async fn two_people_publish_a_warning_and_others_read_it(kota: Fixture) {
        let dispatcher = kota.sign_in("dispatcher").await;
        dispatcher.get("/meja/peringatan/tulis").await.is(200).has("name=\"headline-en\"").has("Kota Lama");
        let begun = send(&dispatcher, "/meja/peringatan/tulis", &fields(&kota)).await.is(303);
        let draft = begun.location().to_owned();
        dispatcher.get(&draft).await.is(200).has("Rob &amp; banjir di pesisir").has("Tidal flood at the shore").lacks("/terbitkan");
        dispatcher.post(&format!("{draft}/ajukan"), &[]).await.is(303);
        // A dispatcher may not approve at all.
        dispatcher.post(&format!("{draft}/terbitkan"), &[]).await.is(403);
        let operator = kota.sign_in("operator").await;
        operator.get("/meja/peringatan").await.is(200).has("Menunggu persetujuan");
        operator.get(&draft).await.is(200).has("Seperti yang akan dilihat warga").has("/terbitkan").lacks("Belum dapat diterbitkan");
        let published = operator.post(&format!("{draft}/terbitkan"), &[]).await.is(303);
        let page = published.location().to_owned();
        operator.get(&page).await.is(200).has("Perbarui peringatan").has("SHA-256");
        kota.get("/").await.is(200).has("Rob &amp; banjir di pesisir");
        operator.post(&format!("{draft}/terbitkan"), &[]).await.is(409);

        for (path, kind) in [("/peringatan/atom.xml", feeds::ATOM), ("/peringatan/rss.xml", feeds::RSS)] {
            let answer = kota.get(path).await.is(200);
            assert_eq!(header(&answer, "content-type"), kind);
            assert_eq!(header(&answer, "cache-control"), "public, max-age=30");
            let feed = feeds::read(&answer.bytes).unwrap();
            let feeds::Found::At(address) = &feed.entries[0].found else { panic!("{feed:?}") };
            let path_of_it = address.split_once(".localhost").unwrap().1.trim_start_matches(|c| c != '/');
            let read = cap::read(&kota.get(path_of_it).await.is(200).bytes).unwrap();
            assert!(read.problems.is_empty() && cap::check(&read.alert).is_empty());
            assert_eq!(read.alert.info.len(), 2);
            let tag = header(&answer, "etag").to_owned();
            asked_again(&kota, path, "if-none-match", &tag).await.is(304);
            let modified = header(&answer, "last-modified").to_owned();
            asked_again(&kota, path, "if-modified-since", &modified).await.is(304);
            asked_again(&kota, path, "if-none-match", "\"other\"").await.is(200);
        }
    }

    async fn nobody_approves_their_own_and_what_was_typed_stays(kota: Fixture) {
        let operator = kota.sign_in("operator").await;
        let mut wrong = fields(&kota);
        wrong.retain(|(name, _)| !["areas", "headline-en"].contains(name));
        wrong.push(("holds_minutes", "seharian".to_owned()));
        wrong.retain(|(name, value)| *name != "holds_minutes" || value == "seharian");
        let answer = send(&operator, "/meja/peringatan/tulis", &wrong).await.is(400);
        let answer = answer.has("href=\"#headline-en\"").has("href=\"#areas\"").has("href=\"#holds_minutes\"");
        answer.has("Rob &amp; banjir di pesisir").lacks("href=\"#headline-id\"");
        let draft = send(&operator, "/meja/peringatan/tulis", &fields(&kota)).await.is(303).location().to_owned();
        operator.post(&format!("{draft}/ajukan"), &[]).await.is(303);
        operator.post(&format!("{draft}/terbitkan"), &[]).await.is(409).has("Orang lain yang harus menyetujui");
        operator.get(&format!("{draft}/ubah")).await.is(200).has("value=\"Tidal flood at the shore\"");
        send(&operator, &format!("{draft}/ubah"), &fields(&kota)).await.is(303);
        operator.get(&draft).await.is(200).has("Ajukan untuk disetujui");
        operator.post(&format!("{draft}/buang"), &[]).await.is(303);
        operator.post(&format!("{draft}/ajukan"), &[]).await.is(409);
        operator.get("/meja/peringatan/konsep/99").await.is(404);
    }

    async fn the_stage_is_proposed_confirmed_and_told(kota: Fixture) {
        bring(&kota, &document(&kota, "1", "Severe", RING)).await;
        let operator = kota.sign_in("operator").await;
        operator.get("/meja/peringatan").await.is(200).has("mengusulkan tahap 3");
        kota.get("/peringatan").await.is(200).lacks("Tahap 3");
        operator.post("/meja/siaga", &[("tahap", "6")]).await.is(400);
        operator.post("/meja/siaga", &[("tahap", "3")]).await.is(303);
        operator.get("/meja/peringatan").await.is(200).has("Tahap 3").lacks("mengusulkan tahap");
        kota.get("/peringatan").await.is(200).has("Tahap 3");
        let dispatcher = kota.sign_in("dispatcher").await;
        dispatcher.post("/meja/siaga", &[("tahap", "1")]).await.is(403);
    }

    async fn the_stage_stands_over_the_pages_of_residents_and_of_the_mayor(kota: Fixture) {
        let mayor = kota.sign_in("wali-kota").await;
        kota.get("/").await.is(200).lacks("stage-band");
        mayor.get("/walikota").await.is(200).lacks("stage-band");
        let operator = kota.sign_in("operator").await;
        for (number, says) in [("2", "Waspada"), ("5", "Darurat")] {
            operator.post("/meja/siaga", &[("tahap", number)]).await.is(303);
            for page in [kota.get("/").await, mayor.get("/walikota").await] {
                page.is(200)
                    .has(&format!("stage-band s{number}"))
                    .has(&format!("aria-label=\"Tahap {number} dari 5\""))
                    .has(&format!("<b>Tahap {number} · {says}.</b>"))
                    .has("href=\"/peringatan\"");
            }
        }
        operator.post("/meja/siaga", &[("tahap", "1")]).await.is(303);
        kota.get("/").await.is(200).lacks("stage-band");
        mayor.get("/walikota").await.is(200).lacks("stage-band");
    }

    async fn the_map_draws_where_warnings_hold_and_lists_them(kota: Fixture) {
        kota.get("/peta").await.is(200).has("Tidak ada peringatan yang berlaku").has("data-alerts=\"/map/alerts.json\"");
        assert!(outlines(&kota).await.is_empty());
        bring(&kota, &document(&kota, "1", "Moderate", RING)).await;
        bring(&kota, &document(&kota, "2", "Severe", RING)).await;
        // It is drawn with the gravest on top; what says nothing of where is in the list alone.
        bring(&kota, &document(&kota, "3", "Minor", "")).await;
        let drawn = outlines(&kota).await;
        let levels: Vec<_> = drawn.iter().map(|one| one["properties"]["level"].as_i64()).collect();
        assert_eq!(levels, [Some(3), Some(2)]);
        let geometry = &drawn[1]["geometry"];
        assert_eq!(geometry["type"], "MultiPolygon");
        assert_eq!(geometry["coordinates"][0][0].as_array().unwrap().len(), 4);
        assert!(geometry["coordinates"][0][0].as_array().unwrap().contains(&serde_json::json!([104.42, 0.9])), "{geometry}");
        assert_eq!(drawn[1]["properties"]["href"], "/peringatan/2");
        let page = kota.get("/peta").await.is(200).has("Hujan 1 &lt;b&gt;").has("Hujan 3 &lt;b&gt;");
        let place = |text: &str| page.body.rfind(text).unwrap();
        assert!(place("/peringatan/2\"") < place("/peringatan/1\""), "the gravest stands first");
    }

    async fn a_silent_source_and_an_area_that_is_not_certain_are_said(kota: Fixture) {
        let text = document(&kota, "1", "Minor", "");
        let carrier = Carrier { name: "feed:agency".into(), by_hand: false, newer_replaces: false };
        let feed = alerts::feeds::Feed {
            url: "https://agency.example/rss.xml".into(),
            every_s: 60,
            newer_replaces: false,
            credit: Some(pendopo_domain::services::Texts { id: "Sumber: Badan Uji".into(), en: "Source: Test Agency".into() }),
            messages: None,
        };
        alerts::feeds::put(&kota.city, &configuration::command_line(), "agency", feed).await.unwrap();
        alerts::receive(&kota.city, carrier, vec![documents::read(text.as_bytes()).unwrap()]).await.unwrap();
        kota.get("/peringatan/1").await.is(200).has("Sumber: Badan Uji").has("Wilayah belum pasti").lacks("Sumber diam");
        let polled = alerts::feeds::Polled { failures: 3, problem: Some("no-answer".into()), ..Default::default() };
        alerts::feeds::note(&kota.city, "agency", polled).await.unwrap();
        kota.get("/peringatan/1").await.is(200).has("Sumber diam");
        let operator = kota.sign_in("operator").await;
        operator.get("/meja/peringatan").await.is(200).has("no-answer");
    }
}
