//! Open311 GeoReport v2 as another system meets it, in both formats: what the checkers of the standard do not look at.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, header};
use jiff::SignedDuration;
use pendopo_domain::organisation::ApiKeyId;
use pendopo_domain::reports::{Channel, NewReport, Report, Visibility};
use pendopo_domain::services::Terms;
use pendopo_domain::time::Timestamp;
use pendopo_operations::history;
use pendopo_operations::store::configuration as rows;
use serde_json::Value;

use crate::fixture::{Answer, Fixture};

const FORMATS: [&str; 2] = ["xml", "json"];
const LIST: &str = "/open311/v2/requests";

/// The values of one field of all rows, in either format, in order.
fn values(answer: &Answer, field: &str) -> Vec<String> {
    if answer.headers[header::CONTENT_TYPE]
        .to_str()
        .unwrap()
        .starts_with("text/xml")
    {
        let open = format!("<{field}>");
        let inner = |part: &str| part.split('<').next().unwrap_or_default().to_owned();
        return answer.body.split(&open).skip(1).map(inner).collect();
    }
    let rows: Vec<Value> = serde_json::from_str(&answer.body).unwrap();
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    rows.iter()
        .filter_map(|row| row.get(field))
        .map(text)
        .collect()
}

/// Fields of a post that are wrong, the status of the answer, and a word of it.
type Case<'a> = (&'a [(&'a str, &'a str)], u16, &'a str);

/// A good update about this report; a field named again takes the place of the first.
fn news<'a>(
    key: &'a str,
    number: &'a str,
    extra: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("api_key", key),
        ("service_request_id", number),
        ("update_id", "77"),
        ("updated_datetime", "2026-11-24T08:00:00+07:00"),
        ("status", "OPEN"),
        ("description", "Masih gelap <sekali> & sepi."),
        ("first_name", "Penanda"),
        ("last_name", "Penanda"),
        ("email", "penanda@contoh.id"),
        ("phone", "0812-penanda"),
    ];
    let kept = usual
        .into_iter()
        .filter(|(name, _)| !extra.iter().any(|(other, _)| other == name));
    kept.chain(extra.iter().copied()).collect()
}

/// The one value of a field.
#[track_caller]
fn value(answer: &Answer, field: &str) -> String {
    let mut found = values(answer, field);
    assert_eq!(found.len(), 1, "{field} in {}", answer.body);
    found.remove(0)
}

/// The numbers of a list, in order.
fn ids(answer: &Answer) -> Vec<String> {
    values(answer, "service_request_id")
}

/// Checks that an answer is one of the standard's errors with this status.
#[track_caller]
fn fault(answer: Answer, status: u16) -> Answer {
    let kind = answer.headers[header::CONTENT_TYPE]
        .to_str()
        .unwrap()
        .to_owned();
    let answer = answer.is(status);
    if kind == "text/xml; charset=utf-8" {
        assert!(
            answer
                .body
                .starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"),
            "{}",
            answer.body
        );
        assert!(
            answer.body.contains("<errors><error><code>"),
            "{}",
            answer.body
        );
    } else {
        assert_eq!(kind, "application/json; charset=utf-8");
    }
    assert!(
        values(&answer, "code")
            .iter()
            .all(|code| *code == status.to_string()),
        "{}",
        answer.body
    );
    assert!(
        values(&answer, "description")
            .iter()
            .all(|text| !text.is_empty()),
        "{}",
        answer.body
    );
    answer
}

/// A good post with this key; a field named again takes the place of the first.
fn post<'a>(key: &'a str, extra: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("api_key", key),
        ("service_code", "lampu-jalan-padam"),
        ("lat", "0.92"),
        ("long", "104.45"),
        ("description", "Dua lampu mati sejak Jumat."),
    ];
    let kept = usual
        .into_iter()
        .filter(|(name, _)| !extra.iter().any(|(other, _)| other == name));
    kept.chain(extra.iter().copied()).collect()
}

/// Past reports with foreign numbers `P-0`, `P-1`, …, each a minute older than the one before.
async fn import(kota: &Fixture, count: usize) {
    let configuration = kota.city.configuration();
    let past = |n: usize| {
        let at = kota
            .city
            .now()
            .plus(SignedDuration::from_mins(-i64::try_from(n).unwrap()));
        Report {
            foreign_number: Some(format!("P-{n}")),
            ..received(&configuration, at)
        }
    };
    let all: Vec<Report> = (0..count).map(past).collect();
    for batch in all.chunks(history::BATCH) {
        history::import(&kota.city, batch.to_vec()).await.unwrap();
    }
}

fn received(
    configuration: &pendopo_operations::configuration::Configuration,
    at: Timestamp,
) -> Report {
    let new = NewReport {
        service_code: "lampu-jalan-padam".into(),
        visibility: Visibility::Public,
        anonymous: false,
        person: None,
        channel: Channel::Import,
        area: None,
        position: None,
        place: None,
        description: None,
    };
    Report::open(new, Terms::default(), &configuration.calendar, at)
}

/// One report for each of these days before now; the clock stands where it stood. Returns their numbers.
async fn submit_days_ago(kota: &Fixture, days: &[i64]) -> Vec<String> {
    let now = kota.city.now();
    let mut numbers = Vec::new();
    for days in days {
        kota.clock.set(now.plus_days(-days));
        numbers.push(kota.submit(|_| {}).await.report.number().to_string());
    }
    kota.clock.set(now);
    numbers
}

async fn accepting(kota: &Fixture, path: &str, accept: &str) -> Answer {
    kota.browser("sistem")
        .send(
            Request::get(path).header(header::ACCEPT, accept),
            Body::empty(),
        )
        .await
}

stories! {
    async fn an_agency_lists_what_it_is_responsible_for(kota: Fixture) {
        let team = kota.city.configuration().teams[1].clone();
        let mine = kota.submit(|_| {}).await.report.number().to_string();
        kota.submit(|_| {}).await;
        let desk = kota.sign_in("operator").await;
        desk.post(&format!("/meja/laporan/{mine}/tugaskan"), &[("team", &team.code)]).await.is(303);
        for extension in FORMATS {
            for (agency, expect) in [(team.names.id.as_str(), vec![mine.clone()]), (&team.code, vec![mine.clone()]), ("Dinas Lain", vec![])] {
                let agency = agency.replace(' ', "+");
                let answer = kota.get(&format!("{LIST}.{extension}?agency_responsible={agency}")).await.is(200);
                assert_eq!(ids(&answer), expect, "{agency}");
            }
        }
    }

    async fn discovery_names_two_endpoints_and_all_required_fields(kota: Fixture) {
        let answer = kota.get("/open311/discovery.json").await.is(200);
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json; charset=utf-8");
        let document: Value = serde_json::from_str(&answer.body).unwrap();
        let now: jiff::Timestamp = kota.city.now().into();
        for place in [&document, &document["endpoints"][0], &document["endpoints"][1]] {
            let changed = place["changeset"].as_str().unwrap();
            assert!(changed.ends_with('Z') && !changed.contains('.'), "{changed}");
            assert!(changed.parse::<jiff::Timestamp>().unwrap() <= now);
        }
        assert!(document["contact"].as_str().unwrap().contains("Kota Uji"));
        assert!(document["key_service"].as_str().unwrap().contains("api_key"));
        let base = format!("http://{}/open311", kota.host);
        for (at, (url, kind)) in [(format!("{base}/v2"), "production"), (format!("{base}/test/v2"), "test")].iter().enumerate() {
            let endpoint = &document["endpoints"][at];
            assert_eq!((endpoint["url"].as_str(), endpoint["type"].as_str()), (Some(url.as_str()), Some(*kind)));
            assert_eq!(endpoint["specification"], "http://wiki.open311.org/GeoReport_v2");
            assert_eq!(endpoint["formats"], serde_json::json!(["text/xml", "application/json"]));
        }
        assert_eq!(document["endpoints"].as_array().unwrap().len(), 2);
        kota.get("/open311/discovery.xml").await.is(200)
            .has("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").has("<discovery>").has("<contact>").has("<key_service>")
            .has("<changeset>").has(&format!("<url>{base}/v2</url>")).has(&format!("<url>{base}/test/v2</url>"))
            .has("<format>text/xml</format>").has("<type>test</type>");
    }

    async fn every_answer_says_its_type_and_unknown_resources_are_404_in_the_standards_shape(kota: Fixture) {
        for (extension, kind) in [("xml", "text/xml; charset=utf-8"), ("json", "application/json; charset=utf-8")] {
            for path in ["discovery", "v2/services", "v2/services/lampu-jalan-padam", "v2/requests", "v2/servicerequestupdates", "v2/update", "test/v2/services", "test/v2/requests", "test/v2/servicerequestupdates", "test/v2/update"] {
                let answer = kota.get(&format!("/open311/{path}.{extension}")).await.is(200);
                assert_eq!(answer.headers[header::CONTENT_TYPE], kind, "{path}");
            }
            for path in ["v2/tokens/123", "v2/services/tidak-ada", "v2/services/taman-rusak", "v2/requests/L-9", "v2/requests/999", "v2/facilities", "v3/requests", "v2/requests/1/2"] {
                let answer = fault(kota.get(&format!("/open311/{path}.{extension}")).await, 404);
                assert_eq!(answer.headers[header::CONTENT_TYPE], kind, "{path}");
            }
        }
        for path in ["/open311", "/open311/", "/open311/v2", "/open311/v2/requests.csv", "/open311/v2/requests/L-1.html", "/open311/v2/services/lampu-jalan-padam.rss"] {
            fault(kota.get(path).await, 404);
        }
        kota.get("/open311/v2/requests.json").await.is(200).has("[]");
        kota.get("/open311/v2/requests.xml").await.is(200).has("<service_requests");
    }

    async fn without_an_extension_the_accept_header_decides(kota: Fixture) {
        kota.submit(|_| {}).await;
        let xml = "text/xml; charset=utf-8";
        let json = "application/json; charset=utf-8";
        for path in ["/open311/discovery", "/open311/v2/services", "/open311/v2/services/lampu-jalan-padam", LIST, "/open311/v2/requests/L-1"] {
            for (accept, kind) in [
                ("application/json", json), ("text/xml", xml), ("*/*", xml), ("application/json;q=0.2, text/xml;q=0.1", json),
                ("text/html,application/xml;q=0.9,*/*;q=0.8", xml), ("image/png", xml),
            ] {
                let answer = accepting(&kota, path, accept).await.is(200);
                assert_eq!(answer.headers[header::CONTENT_TYPE], kind, "{path} {accept}");
            }
        }
        // With an extension it does not count.
        let answer = accepting(&kota, "/open311/v2/requests.xml", "application/json").await.is(200);
        assert_eq!(answer.headers[header::CONTENT_TYPE], xml);
    }

    async fn a_service_says_what_it_asks(kota: Fixture) {
        let answer = kota.get("/open311/v2/services.json").await.is(200);
        let list: Vec<Value> = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(list.len(), kota.city.configuration().services.len());
        for service in &list {
            for field in ["service_code", "service_name", "description", "group", "keywords"] {
                assert!(service[field].is_string(), "{service}");
            }
            assert!(service["metadata"].is_boolean() && service["type"] == "realtime", "{service}");
        }
        let code = flood(&kota);
        let definition: Value = serde_json::from_str(&kota.get(&format!("/open311/v2/services/{code}.json")).await.is(200).body).unwrap();
        let attributes = definition["attributes"].as_array().unwrap();
        assert!(attributes.iter().any(|attribute| attribute["required"] == true));
        let orders: BTreeSet<i64> = attributes.iter().map(|attribute| attribute["order"].as_i64().unwrap()).collect();
        assert_eq!((orders.len(), orders.first()), (attributes.len(), Some(&1)));
        assert!(attributes[0]["values"][0]["key"].is_string() && attributes[0]["values"][0]["name"].is_string());
    }

    async fn nobody_posts_without_a_good_key(kota: Fixture) {
        let key = kota.add_api_key().await;
        let revoked = kota.add_api_key().await;
        let now = kota.city.now();
        kota.city.store().write(move |db| Box::pin(async move { rows::revoke_api_key(db, ApiKeyId(2), now).await })).await.unwrap();
        let operator = kota.sign_in("operator").await;
        for extension in FORMATS {
            for base in ["/open311/v2", "/open311/test/v2"] {
                let path = format!("{base}/requests.{extension}");
                for wrong in ["", " ", "salah", &revoked, &key[1..], &format!("{key}x")] {
                    let answer = fault(kota.post(&path, &post(wrong, &[])).await, 403);
                    assert!(wrong.trim().is_empty() || !answer.body.contains(wrong), "the key is repeated");
                }
                // A key in the address is written down by whoever stands between; a cookie is no key.
                fault(kota.post(&format!("{path}?api_key={key}"), &post("", &[])).await, 403);
                fault(operator.post(&path, &post("", &[])).await, 403);
            }
        }
        assert_eq!(kota.count().await, 0);
        kota.post("/open311/v2/requests.xml", &post(&key, &[])).await.is(200);
        assert_eq!(kota.count().await, 1);
    }

    async fn a_post_is_answered_with_its_number_and_read_back_without_the_person(kota: Fixture) {
        let key = kota.add_api_key().await;
        // Strict clients read no fractions of a second.
        kota.clock.advance(SignedDuration::from_millis(123));
        for extension in FORMATS {
            let form = post(&key, &[
                ("service_code", "trotoar-rusak"), ("jurisdiction_id", "kota.example"), ("address_string", "Jl. Merdeka 1"),
                ("address_id", "#NOTPINPOINTED#"), ("first_name", "Siti"), ("last_name", "Penanda-Rahma"),
                ("email", "penanda@contoh.id"), ("phone", "0812-penanda"), ("device_id", "gawai-penanda"),
                ("account_id", "akun-penanda"), ("attribute[hambatan][]", "kursi-roda"), ("attribute[hambatan][]", "anak"),
                ("media_url", "https://foto.contoh.id/1.jpg"), ("unknown", "x"),
            ]);
            let answer = kota.post(&format!("{LIST}.{extension}"), &form).await.is(200);
            let number = ids(&answer).remove(0);
            assert_eq!(values(&answer, "token"), Vec::<String>::new());
            assert!(answer.body.contains("/l/") && answer.body.contains("akun-penanda"), "{}", answer.body);
            let read = kota.get(&format!("{LIST}/{number}.{extension}?extensions=true")).await.is(200)
                .has("Jl. Merdeka 1").has("kursi-roda").has("anak").has("https://foto.contoh.id/1.jpg")
                .lacks("enanda").lacks("NOTPINPOINTED");
            assert_eq!(ids(&read), [&*number]);
            assert_eq!(values(&read, "requested_datetime"), ["2026-11-24T01:00:00Z"]);
            assert_eq!(values(&read, "updated_datetime"), ["2026-11-24T01:00:00Z"]);
            // Three and five working days from Tuesday: the end of Friday of the week after.
            assert_eq!(values(&read, "expected_datetime"), ["2026-12-04T16:59:59Z"]);
            assert_eq!((values(&read, "status"), values(&read, "lat"), values(&read, "long")), (vec!["open".into()], vec!["0.92".into()], vec!["104.45".into()]));
            kota.get(&format!("{LIST}.{extension}")).await.is(200).lacks("enanda").lacks("kursi-roda");
            kota.get(&format!("/laporan/{number}")).await.is(200).lacks("enanda");
        }
    }

    async fn the_test_endpoint_checks_everything_and_stores_nothing(kota: Fixture) {
        let key = kota.add_api_key().await;
        for extension in FORMATS {
            let path = format!("/open311/test/v2/requests.{extension}");
            let answer = kota.post(&path, &post(&key, &[("account_id", "a1")])).await.is(200).has("Percobaan").has("a1");
            assert_eq!((ids(&answer).len(), values(&answer, "token").len()), (0, 0));
            kota.browser("sistem").upload(&path, &post(&key, &[])).await.is(200);
            fault(kota.browser("sistem").upload_file(&path, &post(&key, &[]), b"bukan foto").await, 400);
            fault(kota.post(&path, &post(&key, &[("service_code", "tidak-ada")])).await, 404);
            fault(kota.post(&path, &post(&key, &[("lat", "")])).await, 400);
            fault(kota.post(&path, &post(&key, &[("lat", "10")])).await, 400);
            kota.get(&path).await.is(200).lacks("L-1");
        }
        assert_eq!(kota.count().await, 0);
    }

    async fn a_photo_of_a_multipart_post_is_served_as_jpeg(kota: Fixture) {
        let key = kota.add_api_key().await;
        for extension in FORMATS {
            let answer = kota.browser("sistem").upload(&format!("{LIST}.{extension}"), &post(&key, &[])).await.is(200);
            let number = ids(&answer).remove(0);
            let read = kota.get(&format!("{LIST}/{number}.{extension}")).await.is(200);
            let url = values(&read, "media_url").remove(0);
            let path = url.strip_prefix(&format!("http://{}", kota.host)).expect("an address of this city");
            let photo = kota.get(path).await.is(200);
            assert_eq!(photo.headers[header::CONTENT_TYPE], "image/jpeg");
            assert!(photo.bytes.starts_with(&[0xff, 0xd8, 0xff]));
            assert_eq!(ids(&kota.get(&format!("{LIST}.{extension}?has_photo=true")).await), ids(&kota.get(&format!("{LIST}.{extension}")).await));
            assert_eq!(ids(&kota.get(&format!("{LIST}.{extension}?has_photo=false")).await), Vec::<String>::new());
        }
    }

    async fn what_is_wrong_with_a_post_is_said_with_its_status(kota: Fixture) {
        let key = kota.add_api_key().await;
        let (long, longer) = ("y".repeat(4000), "é".repeat(4001));
        for extension in FORMATS {
            let path = format!("{LIST}.{extension}");
            let cases: [Case<'_>; 18] = [
                (&[("service_code", "")], 400, "service_code"),
                (&[("service_code", "tidak-ada")], 404, "tidak-ada"),
                (&[("jurisdiction_id", "kota-lain.example")], 404, "kota-lain.example"),
                (&[("long", "")], 400, "lat tanpa long"),
                (&[("lat", "")], 400, "long tanpa lat"),
                // Half a place is wrong also beside words that say where.
                (&[("long", ""), ("address_string", "Jl. Merdeka")], 400, "lat tanpa long"),
                (&[("lat", ""), ("long", "")], 400, "address_string"),
                (&[("lat", "91")], 400, "lat"),
                (&[("long", "-180.5")], 400, "long"),
                (&[("lat", "0,92")], 400, "lat"),
                (&[("long", "104.7")], 400, "di luar kota"),
                (&[("description", &longer)], 400, "4000"),
                (&[("media_url", "javascript:alert(1)")], 400, "javascript"),
                (&[("service_code", "banjir")], 400, "ketinggian-air"),
                (&[("service_code", "banjir"), ("attribute[ketinggian-air]", "dalam")], 400, "dalam"),
                (&[("service_code", "banjir"), ("attribute[ketinggian-air][]", "betis"), ("attribute[ketinggian-air][]", "lutut")], 400, "satu jawaban"),
                (&[("attribute[jumlah]", "dua")], 400, "angka"),
                (&[("email", &long)], 400, "email"),
            ];
            for (extra, status, says) in cases {
                let banjir = flood(&kota);
                let extra: Vec<(&str, &str)> = extra.iter().map(|(name, value)| (*name, if *value == "banjir" { banjir.as_str() } else { *value })).collect();
                let answer = kota.post(&path, &post(&key, &extra)).await;
                assert!(answer.body.contains(says), "{extra:?}: {says:?} is not in {}", answer.body);
                fault(answer, status);
            }
            assert_eq!(kota.count().await, if extension == "xml" { 0 } else { 2 });
            kota.post(&path, &post(&key, &[("description", &long), ("attribute[jumlah]", "2")])).await.is(200);
            let banjir = flood(&kota);
            let good = post(&key, &[("service_code", &banjir), ("attribute[ketinggian-air]", "betis"), ("jurisdiction_id", "KOTA.example")]);
            kota.post(&path, &good).await.is(200);
        }
    }

    async fn several_faults_are_told_at_once(kota: Fixture) {
        let key = kota.add_api_key().await;
        for extension in FORMATS {
            let form = post(&key, &[("service_code", ""), ("lat", "91"), ("long", "x"), ("media_url", "ftp://a")]);
            let answer = fault(kota.post(&format!("{LIST}.{extension}"), &form).await, 400);
            assert_eq!(values(&answer, "code").len(), 4, "{}", answer.body);
        }
    }

    async fn another_jurisdiction_is_404_everywhere_and_the_citys_own_is_not(kota: Fixture) {
        kota.submit(|_| {}).await;
        for extension in FORMATS {
            for path in ["services", "services/lampu-jalan-padam", "requests", "requests/L-1", "servicerequestupdates"] {
                let path = format!("/open311/v2/{path}.{extension}");
                fault(kota.get(&format!("{path}?jurisdiction_id=lain.example")).await, 404).has("lain.example");
                for own in ["kota.example", "KOTA.EXAMPLE", kota.city.slug(), ""] {
                    kota.get(&format!("{path}?jurisdiction_id={own}")).await.is(200);
                }
            }
        }
    }

    async fn dates_span_at_most_ninety_days(kota: Fixture) {
        let numbers = submit_days_ago(&kota, &[200, 91, 89, 0]).await;
        for extension in FORMATS {
            let list = async |query: &str| kota.get(&format!("{LIST}.{extension}?{query}")).await;
            // By default the last ninety days, newest first.
            assert_eq!(ids(&list("").await.is(200)), [&*numbers[3], &*numbers[2]]);
            let span = "start_date=2026-08-26T01:00:00Z&end_date=2026-11-24T01:00:00Z";
            assert_eq!(ids(&list(span).await.is(200)), [&*numbers[3], &*numbers[2]]);
            let one_more = "start_date=2026-08-26T00:59:59Z&end_date=2026-11-24T01:00:00Z";
            fault(list(one_more).await, 400).has("90");
            // One end alone reaches ninety days.
            assert_eq!(ids(&list("end_date=2026-08-26T00:00:00Z").await.is(200)), [&*numbers[1]]);
            assert_eq!(ids(&list("start_date=2026-05-01T00:00:00Z").await.is(200)), [&*numbers[0]]);
            // Fractions, offsets, and a plus that became a space.
            for start in ["2026-11-24T08:00:00.000000%2B07:00", "2026-11-24T08:00:00+07:00", "2026-11-24T01:00:00.0Z"] {
                assert_eq!(ids(&list(&format!("start_date={start}")).await.is(200)), [&*numbers[3]], "{start}");
            }
            fault(list("start_date=2026-11-24T01:00:00Z&end_date=2026-11-23T01:00:00Z").await, 400);
            fault(list("start_date=kemarin").await, 400).has("start_date").has("kemarin");
        }
    }

    async fn a_list_has_at_most_a_thousand_rows_and_pages_are_exact(kota: Fixture) {
        import(&kota, 1003).await;
        for extension in FORMATS {
            let list = async |query: &str| kota.get(&format!("{LIST}.{extension}{query}")).await.is(200);
            let first = list("").await;
            assert_eq!(first.headers["x-total-count"], "1003");
            let next = format!("<http://{}{LIST}.{extension}?page=2>; rel=\"next\"", kota.host);
            assert_eq!(first.headers[header::LINK].to_str().unwrap(), next);
            let first = ids(&first);
            assert_eq!((first.len(), &*first[0], &*first[999]), (1000, "P-0", "P-999"));
            let rest = list("?page=2").await;
            assert_eq!(ids(&rest), ["P-1000", "P-1001", "P-1002"]);
            assert!(!rest.headers.contains_key(header::LINK));
            assert_eq!(ids(&list("?page_size=5000").await).len(), 1000);
            assert_eq!(ids(&list("?page=0&page_size=2").await), ["P-0", "P-1"]);
            let page = list("?page=3&page_size=200&service_code=lampu-jalan-padam").await;
            let link = page.headers[header::LINK].to_str().unwrap().to_owned();
            assert!(link.contains("?page_size=200&service_code=lampu-jalan-padam&page=4>"), "{link}");
            assert_eq!((ids(&page).len(), &*ids(&page)[0]), (200, "P-400"));
            assert_eq!(ids(&list("?page=6&page_size=200").await).len(), 3);
            assert_eq!(ids(&list("?page=7&page_size=200").await).len(), 0);
            let many: Vec<String> = (0..1000).map(|n| format!("P-{n}")).collect();
            let answer = ids(&list(&format!("?service_request_id={}", many.join(","))).await);
            assert_eq!(answer.len(), 1000);
            for wrong in ["page_size=0", "page_size=-1", "page=x", "page=9999999"] {
                fault(kota.get(&format!("{LIST}.{extension}?{wrong}")).await, 400);
            }
        }
    }

    async fn commas_make_lists_and_ids_override_every_other_filter(kota: Fixture) {
        let lamp = kota.submit(|_| {}).await.report.number().to_string();
        let hole = kota.submit(|sent| sent.service_code = "jalan-berlubang".into()).await.report.number().to_string();
        let old = submit_days_ago(&kota, &[300]).await.remove(0);
        let operator = kota.sign_in("operator").await;
        operator.post(&format!("/meja/laporan/{hole}/teratasi"), &[("reason", "Ditambal.")]).await.is(303);
        for extension in FORMATS {
            let list = async |query: &str| ids(&kota.get(&format!("{LIST}.{extension}?{query}")).await.is(200));
            assert_eq!(list("service_code=lampu-jalan-padam,jalan-berlubang").await.len(), 2);
            assert_eq!(list("service_code=jalan-berlubang,%20,tidak-ada").await, [&*hole]);
            assert_eq!(list("service_code=tidak-ada").await, Vec::<String>::new());
            assert_eq!(list("status=open").await, [&*lamp]);
            assert_eq!(list("status=closed").await, [&*hole]);
            assert_eq!(list("status=closed,open").await.len(), 2);
            assert_eq!(list("status=OPEN").await, [&*lamp]);
            let wanted = format!("service_request_id={lamp},{old},L-99,,{lamp}");
            let found: BTreeSet<String> = list(&wanted).await.into_iter().collect();
            assert_eq!(found, BTreeSet::from([lamp.clone(), old.clone()]));
            let all = format!("{wanted}&status=closed&service_code=x&start_date=kemarin&page=7&bbox=1,2&lat=1");
            assert_eq!(list(&all).await.len(), 2);
            fault(kota.get(&format!("{LIST}.{extension}?status=selesai")).await, 400).has("selesai");
            fault(kota.get(&format!("{LIST}.{extension}?lat=0.92")).await, 400);
            fault(kota.get(&format!("{LIST}.{extension}?lat=0.92&radius=100")).await, 400);
            assert_eq!(list("lat=0.92&long=104.45&radius=50&status=open").await, [&*lamp]);
            assert_eq!(list("lat=0.93&long=104.45&radius=50").await, Vec::<String>::new());
            assert_eq!(list("bbox=104.44,0.91,104.46,0.93&status=open").await, [&*lamp]);
        }
    }

    async fn changes_are_found_by_when_they_happened_oldest_first(kota: Fixture) {
        let old = submit_days_ago(&kota, &[200]).await.remove(0);
        let first = kota.submit(|_| {}).await.report.number().to_string();
        kota.clock.advance(SignedDuration::from_hours(1));
        let operator = kota.sign_in("operator").await;
        operator.post(&format!("/meja/laporan/{old}/tugaskan"), &[("team", "dishub")]).await.is(303);
        for extension in FORMATS {
            let list = async |query: &str| ids(&kota.get(&format!("{LIST}.{extension}?{query}")).await.is(200));
            // A change of an old report is found although it is not of the last ninety days.
            assert_eq!(list("updated_after=2026-11-24T01:30:00Z").await, [&*old]);
            assert_eq!(list("updated_after=2026-11-24T01:00:00Z").await, [&*first, &*old]);
            assert_eq!(list("updated_after=2026-11-24T01:00:00Z&page_size=1&page=2").await, [&*old]);
            assert_eq!(list("updated_before=2026-11-24T01:30:00Z").await, [&*first]);
            // With dates both count.
            assert_eq!(list("updated_after=2026-11-24T01:00:00Z&start_date=2026-11-01T00:00:00Z").await, [&*first]);
            let answer = kota.get(&format!("{LIST}/{old}.{extension}")).await.is(200).has("Dinas Perhubungan");
            assert_eq!(values(&answer, "updated_datetime"), ["2026-11-24T02:00:00Z"]);
        }
    }

    async fn what_the_city_said_is_told_as_updates(kota: Fixture) {
        let number = kota.submit(|_| {}).await.report.number().to_string();
        let operator = kota.sign_in("operator").await;
        kota.clock.advance(SignedDuration::from_hours(1));
        operator.post(&format!("/meja/laporan/{number}/tugaskan"), &[("team", "dishub"), ("note", "Hanya untuk petugas.")]).await.is(303);
        kota.clock.advance(SignedDuration::from_hours(1));
        operator.post(&format!("/meja/laporan/{number}/teratasi"), &[("reason", "Lampu <baru> & terang.")]).await.is(303);
        for path in [
            "v2/servicerequestupdates.xml", "v2/servicerequestupdates.json", "v2/servicerequestupdates", "v2/update.xml", "v2/update.json",
            "v2/update", "test/v2/servicerequestupdates.xml", "test/v2/servicerequestupdates.json", "test/v2/update.xml",
        ] {
            let updates = async |query: &str| kota.get(&format!("/open311/{path}{query}")).await.is(200);
            let all = updates("").await.lacks("Hanya untuk petugas");
            assert_eq!(values(&all, "status"), ["open", "in_progress", "fixed"]);
            assert_eq!(ids(&all), [&*number, &*number, &*number]);
            assert_eq!(values(&all, "updated_datetime"), ["2026-11-24T01:00:00Z", "2026-11-24T02:00:00Z", "2026-11-24T03:00:00Z"]);
            let words = values(&all, "description").into_iter().find(|text| text.contains("baru")).unwrap();
            assert!(words == "Lampu <baru> & terang." || words == "Lampu &lt;baru&gt; &amp; terang.", "{words}");
            let some = updates("?start_date=2026-11-24T01:30:00Z&end_date=2026-11-24T02:30:00Z").await;
            assert_eq!(values(&some, "status"), ["in_progress"]);
            fault(kota.get(&format!("/open311/{path}?start_date=2025-01-01T00:00:00Z&end_date=2026-01-01T00:00:00Z")).await, 400);
            for bad in ["page_size=0", "page=x", "start_date=kemarin", "updated_after=2026-11-02T00:00:00Z&updated_before=2026-11-01T00:00:00Z"] {
                fault(kota.get(&format!("/open311/{path}?{bad}")).await, 400);
            }
            // Page by page, as the list of reports.
            let mut seen = Vec::new();
            let mut next = format!("/open311/{path}?page_size=2");
            for rest in [2, 1] {
                let answer = kota.get(&next).await.is(200);
                assert_eq!(answer.headers["x-total-count"], "3");
                assert_eq!(values(&answer, "update_id").len(), rest);
                seen.extend(values(&answer, "status"));
                let link = answer.headers.get(header::LINK).map(|link| link.to_str().unwrap().to_owned());
                assert_eq!(link.is_some(), rest == 2);
                if let Some(link) = link {
                    assert!(link.ends_with(">; rel=\"next\""), "{link}");
                    next = link.split(['<', '>']).nth(1).unwrap().replace(&format!("http://{}", kota.host), "");
                }
            }
            assert_eq!(seen, ["open", "in_progress", "fixed"]);
            assert_eq!(values(&updates("?page=9").await, "status"), Vec::<String>::new());
        }
        for (accept, kind) in [("application/json", "application/json; charset=utf-8"), ("*/*", "text/xml; charset=utf-8")] {
            for path in ["/open311/v2/servicerequestupdates", "/open311/v2/update"] {
                let answer = accepting(&kota, path, accept).await.is(200);
                assert_eq!(answer.headers[header::CONTENT_TYPE], kind, "{path} {accept}");
            }
        }
    }

    async fn a_word_from_another_system_is_heard_and_moves_nothing(kota: Fixture) {
        let (key, other) = (kota.add_api_key().await, kota.add_api_key().await);
        let sent = kota.submit(|_| {}).await;
        let (number, own) = (sent.report.number().to_string(), format!("/l/{}", sent.token));
        let operator = kota.sign_in("operator").await;
        operator.post(&format!("/meja/laporan/{number}/teratasi"), &[("reason", "Sudah terang.")]).await.is(303);
        kota.clock.advance(SignedDuration::from_hours(1));
        let before = kota.report(&sent.report).await;
        let mut told = Vec::new();
        let paths = ["v2/servicerequestupdates.xml", "v2/servicerequestupdates.json", "v2/servicerequestupdates", "v2/update.xml", "v2/update.json", "v2/update"];
        let statuses = ["OPEN", "FIXED", "CLOSED", "reopen", "IN_PROGRESS", "NOT_COUNCILS_RESPONSIBILITY"];
        for (n, (path, status)) in paths.iter().zip(statuses).enumerate() {
            let words = format!("Kata ke-{n} <b>");
            let update_id = format!("fms-{n}");
            let form = news(&key, &number, &[("status", status), ("update_id", &update_id), ("description", &words),
                ("media_url", "https://foto.contoh.id/1.jpg"), ("media_url", "https://foto.contoh.id/2.jpg"), ("attribute[x]", "Penanda")]);
            let path = format!("/open311/{path}");
            let answer = kota.post(&path, &form).await.is(200).lacks("enanda");
            let id = value(&answer, "update_id");
            // The same one again is the same, with another key it is another.
            assert_eq!(value(&kota.post(&path, &form).await.is(200), "update_id"), id);
            told.push(id);
        }
        let another = kota.post("/open311/v2/update.json", &news(&other, &number, &[("update_id", "fms-0"), ("description", "")])).await.is(200);
        told.push(value(&another, "update_id"));
        assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), 7);
        assert_eq!(kota.report(&sent.report).await, before);

        // In the list: that something was said, never a status or a word, but to the sender its own words.
        for extension in FORMATS {
            let list = async |query: &str| kota.get(&format!("/open311/v2/servicerequestupdates.{extension}?start_date=2026-11-24T01:30:00Z{query}")).await.is(200);
            let all = list("").await.lacks("Kata ke").lacks("enanda");
            assert_eq!(values(&all, "update_id"), told);
            assert_eq!(values(&all, "status"), vec!["unchanged"; 7]);
            assert_eq!(values(&all, "service_request_id"), vec![&*number; 7]);
            assert_eq!(all.headers["x-total-count"], "7");
            list("&api_key=salah").await.lacks("Kata ke");
            list(&format!("&api_key={other}")).await.lacks("Kata ke");
            list(&format!("&api_key={key}")).await.has("Kata ke-0").has("Kata ke-5").has("foto.contoh.id/2.jpg").lacks("enanda");
        }
        kota.get(&format!("/laporan/{number}")).await.is(200).lacks("Kata ke");
        for page in [operator.get(&format!("/meja/laporan/{number}")).await, kota.get(&own).await] {
            page.is(200).has("Kata ke-0").has("Kata ke-5 &lt;b&gt;").has("https://foto.contoh.id/2.jpg").has("Sistem uji")
                .has("menurutnya sudah beres").has("menurutnya belum beres").has("menurutnya tidak perlu dilanjutkan").lacks("enanda");
        }
        // The desk's work goes on as before: what the reporter answers counts, what a system claimed does not.
        kota.browser("pelapor").post(&format!("{own}/jawaban"), &[("verdict", "not_yet")]).await.is(303);
    }

    async fn an_update_that_cannot_be_taken_says_why(kota: Fixture) {
        let key = kota.add_api_key().await;
        let number = kota.submit(|_| {}).await.report.number().to_string();
        let second = kota.submit(|_| {}).await.report.number().to_string();
        kota.post("/open311/v2/update.xml", &news(&key, &number, &[("update_id", "lama")])).await.is(200);
        let long = "x".repeat(4_001);
        let (reference, name) = ("r".repeat(201), "n".repeat(1_001));
        let cases: &[Case<'_>] = &[
            (&[("api_key", "")], 403, "api_key"),
            (&[("api_key", "salah")], 403, "api_key"),
            (&[("service_request_id", "")], 400, "service_request_id"),
            (&[("service_request_id", "L-999")], 404, "L-999"),
            (&[("service_request_id", "999.AAAA")], 404, "999.AAAA"),
            (&[("update_id", "")], 400, "update_id"),
            (&[("update_id", &reference)], 400, "200"),
            (&[("update_id", "lama"), ("service_request_id", &second)], 400, "lama"),
            (&[("status", "")], 400, "status"),
            (&[("status", "RESOLVED")], 400, "RESOLVED"),
            (&[("updated_datetime", "")], 400, "updated_datetime"),
            (&[("updated_datetime", "24/11/2026")], 400, "24/11/2026"),
            (&[("description", &long)], 400, "4001"),
            (&[("first_name", &name)], 400, "first_name"),
            (&[("media_url", "javascript:alert(1)")], 400, "javascript"),
            (&[("jurisdiction_id", "kota.lain")], 404, "kota.lain"),
        ];
        for base in ["/open311/v2", "/open311/test/v2"] {
            for path in ["servicerequestupdates.xml", "servicerequestupdates.json", "update.xml", "update.json"] {
                for (extra, status, word) in cases {
                    let answer = fault(kota.post(&format!("{base}/{path}"), &news(&key, &number, extra)).await, *status);
                    assert!(answer.body.contains(word), "{extra:?} {}", answer.body);
                    assert!(!answer.body.contains(&key) && !answer.body.contains("enanda"), "{}", answer.body);
                }
                let file = kota.browser("warga").upload(&format!("{base}/{path}"), &news(&key, &number, &[])).await;
                assert!(fault(file, 400).body.contains("media_url"));
                // A key in the address is no key for sending.
                fault(kota.post(&format!("{base}/{path}?api_key={key}"), &news("", &number, &[])).await, 403);
            }
        }
        // All that is left is the first one; trying out leaves nothing.
        for extension in FORMATS {
            let answer = kota.post(&format!("/open311/test/v2/servicerequestupdates.{extension}"), &news(&key, &number, &[])).await.is(200);
            assert_eq!(values(&answer, "update_id"), Vec::<String>::new());
            let all = kota.get(&format!("/open311/v2/update.{extension}")).await.is(200);
            assert_eq!(values(&all, "status"), ["open", "open", "unchanged"]);
        }
        fault(kota.post("/open311/v2/servicerequestupdates.csv", &news(&key, &number, &[])).await, 404);
    }

    async fn one_report_takes_so_many_updates_and_no_more(kota: Fixture) {
        let key = kota.add_api_key().await;
        let number = kota.submit(|_| {}).await.report.number().to_string();
        for n in 0..pendopo_operations::limits::COMMENTS {
            kota.post("/open311/v2/update.xml", &news(&key, &number, &[("update_id", &n.to_string())])).await.is(200);
        }
        let answer = fault(kota.post("/open311/v2/update.xml", &news(&key, &number, &[("update_id", "lebih")])).await, 400);
        assert!(answer.body.contains("200"), "{}", answer.body);
        kota.post("/open311/v2/update.xml", &news(&key, &number, &[("update_id", "0")])).await.is(200);
    }

    async fn an_update_on_a_secret_report_needs_its_link_and_shows_nowhere(kota: Fixture) {
        let key = kota.add_api_key().await;
        let sent = kota.submit(|sent| {
            sent.visibility = Some(Visibility::Secret);
            sent.description = Some("Petugas loket minta uang.".into());
        }).await;
        let number = sent.report.number().to_string();
        let path = "/open311/v2/servicerequestupdates";
        let words = [("description", "PenandaKata: masih diminta."), ("update_id", "1")];
        for base in [path, "/open311/test/v2/servicerequestupdates"] {
            for extension in FORMATS {
                let there = fault(kota.post(&format!("{base}.{extension}"), &news(&key, &number, &words)).await, 404);
                let nowhere = fault(kota.post(&format!("{base}.{extension}"), &news(&key, "L-999", &words)).await, 404);
                assert_eq!(there.body.replace(&number, "L-999"), nowhere.body, "the answers tell them apart");
            }
        }
        let mut forged = sent.token.clone();
        forged.pop();
        fault(kota.post(&format!("{path}.xml"), &news(&key, &forged, &words)).await, 404);
        // By the link, as the number or as a token.
        let first = kota.post(&format!("{path}.xml"), &news(&key, &sent.token, &words)).await.is(200);
        let token = [("service_request_id", ""), ("token", &*sent.token), ("update_id", "2"), ("description", "PenandaDua.")];
        let second = kota.post(&format!("{path}.json"), &news(&key, "", &token)).await.is(200);
        assert_ne!(value(&first, "update_id"), value(&second, "update_id"));
        for query in ["".to_owned(), format!("&api_key={key}"), "&start_date=2026-11-01T00:00:00Z".to_owned()] {
            for extension in FORMATS {
                let list = kota.get(&format!("{path}.{extension}?page=1{query}")).await.is(200).lacks("enanda");
                assert_eq!(ids(&list), Vec::<String>::new());
                assert_eq!(list.headers["x-total-count"], "0");
            }
        }
        let operator = kota.sign_in("operator").await;
        operator.get(&format!("/meja/laporan/{number}")).await.is(200).has("PenandaKata: masih diminta.").has("PenandaDua.");
        let own = format!("/l/{}", sent.token);
        kota.get(&own).await.is(200).has("PenandaKata: masih diminta.").has("PenandaDua.");
        // Nothing of it stands in the clear.
        let mut db = kota.city.store().read().await.unwrap();
        let rows = pendopo_operations::store::comments::of_report(&mut db, sent.report.id, 9).await.unwrap();
        assert!(rows.len() == 2 && rows.iter().all(|row| row.words.is_none()));
        drop(db);
        // And when the reporter is erased, it is gone.
        kota.browser("pelapor").post(&format!("{own}/hapus"), &[("sure", "1")]).await;
        assert!(kota.report(&sent.report).await.person.is_none());
        operator.get(&format!("/meja/laporan/{number}")).await.is(200).lacks("Penanda").has("Kabar dari pelapor");
        kota.post(&format!("{path}.xml"), &news(&key, &sent.token, &[("update_id", "3"), ("description", "PenandaTiga.")])).await.is(200);
        operator.get(&format!("/meja/laporan/{number}")).await.is(200).lacks("Penanda");
    }

    async fn an_update_is_journalled_without_its_words(kota: Fixture) {
        let key = kota.add_api_key().await;
        let number = kota.submit(|_| {}).await.report.number().to_string();
        let form = news(&key, &number, &[("description", "PenandaKata.")]);
        for _ in 0..2 {
            kota.post("/open311/v2/update.xml", &form).await.is(200);
        }
        pendopo_testkit::settle(kota.city.store()).await;
        let mut db = kota.city.store().read().await.unwrap();
        let found = pendopo_operations::store::journal::after(&mut db, Default::default(), 100).await.unwrap();
        let told: Vec<String> = found.iter().map(|entry| serde_json::to_string(&entry.event).unwrap()).collect();
        assert!(told.iter().all(|line| !line.contains("enanda")));
        assert_eq!(told.iter().filter(|line| line.contains("report.commented")).count(), 1, "{told:?}");
    }

    async fn a_secret_report_is_in_no_list_and_404_by_its_number(kota: Fixture) {
        let public = kota.submit(|_| {}).await.report.number().to_string();
        let secret = kota.submit(|sent| {
            sent.visibility = Some(Visibility::Secret);
            sent.description = Some("Penanda yang tidak boleh tampil.".into());
        }).await.report.number().to_string();
        let operator = kota.sign_in("operator").await;
        operator.post(&format!("/meja/laporan/{secret}/teratasi"), &[("reason", "Penanda jawaban.")]).await.is(303);
        // Pungli is secret unless said otherwise, from another system too.
        let key = kota.add_api_key().await;
        let sent = kota.post(&format!("{LIST}.json"), &post(&key, &[("service_code", "pungutan-liar"), ("description", "Penanda pungli.")])).await.is(200);
        let pungli = ids(&sent).remove(0);
        for extension in FORMATS {
            for query in ["", "status=closed", "updated_after=2026-11-01T00:00:00Z", "q=Penanda", "service_code=pungutan-liar", "bbox=104,0,105,1", "extensions=true"] {
                let answer = kota.get(&format!("{LIST}.{extension}?{query}")).await.is(200).lacks("Penanda y").lacks("Penanda j").lacks("Penanda p");
                let found = ids(&answer);
                assert!(found.iter().all(|number| *number == public), "{query} {found:?}");
                assert!(matches!(answer.headers["x-total-count"].to_str().unwrap(), "0" | "1"), "{query}");
            }
            let both = format!("service_request_id={secret},{public},{pungli}");
            assert_eq!(ids(&kota.get(&format!("{LIST}.{extension}?{both}")).await.is(200)), [&*public]);
            for number in [&secret, &pungli] {
                let there = fault(kota.get(&format!("{LIST}/{number}.{extension}")).await, 404);
                let nowhere = fault(kota.get(&format!("{LIST}/L-999.{extension}")).await, 404);
                assert_eq!(there.body.replace(&**number, "L-999"), nowhere.body, "the answers tell them apart");
            }
            assert_eq!(ids(&kota.get(&format!("/open311/v2/servicerequestupdates.{extension}")).await.is(200)), [&*public]);
        }
    }
}

/// The service that has a required question.
fn flood(kota: &Fixture) -> String {
    let configuration = kota.city.configuration();
    let asks = |service: &&pendopo_domain::services::Service| {
        service
            .attributes
            .iter()
            .any(|asked| asked.code == "ketinggian-air")
    };
    configuration
        .services
        .iter()
        .find(asks)
        .unwrap()
        .code
        .clone()
}
