//! What nobody should send, and how it is answered: the right status and shape, nothing changed, one line in the log.

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::{Request, header};
use image::{DynamicImage, ImageFormat};
use pendopo_domain::reports::State;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fixture::{Answer, Fixture, LAT, LON};

/// Stands for whatever must not be in a log.
const MARKER: &str = "Siti-Rahma-0812";

/// How an answer is spoken.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Page,
    Xml,
    Json,
    Problem,
}
use Shape::{Json, Page, Problem, Xml};

/// Checks one refusal: status, shape, nothing stored, and the lines of its one request.
async fn check(kota: &Fixture, answer: &Answer, status: u16, shape: Shape) {
    let kind = answer.headers[header::CONTENT_TYPE].to_str().unwrap();
    assert_eq!(answer.status.as_u16(), status, "{shape:?}\n{}", answer.body);
    let (expected, says) = match shape {
        Page => ("text/html; charset=utf-8", "<html lang=\"id\">".to_owned()),
        Xml => (
            "text/xml; charset=utf-8",
            format!("<errors><error><code>{status}</code><description>"),
        ),
        Json => (
            "application/json; charset=utf-8",
            format!("[{{\"code\":\"{status}\",\"description\":\""),
        ),
        Problem => ("application/problem+json", format!("\"status\":{status},")),
    };
    assert_eq!(kind, expected, "{}", answer.body);
    assert!(
        answer.body.contains(&says),
        "{says:?} is not in\n{}",
        answer.body
    );
    assert_eq!(kota.count().await, 0, "something was stored");
    check_lines(kota, status, 1);
}

/// Checks that one request was logged with this status, with `reasons` lines that say why, and nothing of what was sent.
fn check_lines(kota: &Fixture, status: u16, reasons: usize) {
    let lines = kota.lines.take();
    let count = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    assert_eq!(count("\"request\""), 1, "{lines:#?}");
    assert_eq!(count(&format!(" status={status} ")), 1, "{lines:#?}");
    let why = count("\"request refused\"") + count("\"request failed\"");
    assert_eq!(why, reasons, "{lines:#?}");
    assert_eq!(count(MARKER), 0, "{lines:#?}");
    assert!(
        !lines.iter().any(|line| line.starts_with("ERROR")),
        "{lines:#?}"
    );
}

/// Sends bytes as a form of this type from the browser of a resident.
async fn post(kota: &Fixture, path: &str, content_type: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post(path).header(header::CONTENT_TYPE, content_type);
    kota.browser("warga").send(request, body.into()).await
}

const FORM: &str = "application/x-www-form-urlencoded";

/// A good report as a resident types it.
fn typed() -> Vec<(&'static str, &'static str)> {
    vec![
        ("service", "lampu-jalan-padam"),
        ("description", "Dua lampu mati sejak Jumat."),
        ("place", "Jl. Bakar Batu"),
        ("not_similar", "1"),
    ]
}

fn with(extra: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let changed = |(name, _): &(&str, &str)| !extra.iter().any(|(other, _)| other == name);
    typed()
        .into_iter()
        .filter(changed)
        .chain(extra.iter().copied())
        .collect()
}

/// A form with one field of this many bytes.
fn long(bytes: usize) -> String {
    format!(
        "service=lampu-jalan-padam&description={}",
        "x".repeat(bytes)
    )
}

stories! {
    async fn a_percent_sign_that_starts_no_escape_stands_for_itself(kota: Fixture) {
        let form = "service=lampu-jalan-padam&description=Mati+100%+sejak+%zz+Jumat&place=50%&not_similar=1";
        post(&kota, "/lapor", FORM, form).await.is(200).has("Nomornya L-1");
        kota.get("/laporan/L-1").await.has("Mati 100% sejak %zz Jumat");
    }

    async fn a_multipart_form_that_does_not_read_is_refused(kota: Fixture) {
        let whole = "--b\r\nContent-Disposition: form-data; name=\"description\"\r\n\r\nSiti-Rahma-0812\r\n--b--\r\n";
        let cut = &whole[..whole.len() - 12];
        for (content_type, body) in [
            ("multipart/form-data", whole),
            ("multipart/form-data; boundary=", cut),
            ("multipart/form-data; boundary=c", cut),
            ("multipart/form-data; boundary=b", cut),
            ("multipart/form-data; boundary=b", "Siti-Rahma-0812"),
        ] {
            for (path, shape) in [("/lapor", Page), ("/open311/v2/requests.json", Json)] {
                let answer = post(&kota, path, content_type, body).await;
                check(&kota, &answer, 400, shape).await;
            }
        }
    }

    async fn bytes_that_are_not_utf8_are_refused_in_every_shape(kota: Fixture) {
        let operator = kota.sign_in("operator").await;
        kota.lines.take();
        for (path, shape) in [
            ("/lapor", Page), ("/masuk", Page), ("/open311/v2/requests.xml", Xml), ("/open311/test/v2/requests.json", Json),
        ] {
            let answer = post(&kota, path, FORM, b"api_key=x&description=Siti-Rahma-0812+caf%E9\xff".to_vec()).await;
            check(&kota, &answer, 400, shape).await;
            if shape != Page {
                assert!(answer.body.contains("description") && answer.body.contains("UTF-8"), "{}", answer.body);
            }
        }
        let parts = b"--b\r\nContent-Disposition: form-data; name=\"description\"\r\n\r\ncaf\xe9 Siti-Rahma-0812\r\n--b--\r\n";
        let answer = post(&kota, "/lapor", "multipart/form-data; boundary=b", parts.to_vec()).await;
        check(&kota, &answer, 400, Page).await;
        for (path, shape) in [("/open311/v2/requests.xml?q=%E9", Xml), ("/open311/v2/services.json?%FF=1", Json)] {
            // A question is refused by the handler, in the words of the standard; nothing is wrong with the node.
            let answer = kota.get(path).await;
            assert_eq!((answer.status.as_u16(), kota.count().await), (400, 0), "{shape:?} {}", answer.body);
            check_lines(&kota, 400, 0);
        }
        kota.get("/laporan/%E9").await.is(400).has("<html lang=\"id\">");
        operator.get("/meja/laporan/%E9").await.is(400);
        // A search is not worth a refusal.
        kota.get("/laporan?q=%E9").await.is(200);
    }

    async fn a_nul_is_refused_in_an_address_and_dropped_from_a_form(kota: Fixture) {
        let operator = kota.sign_in("operator").await;
        kota.lines.take();
        for path in [
            "/laporan/%00", "/laporan/L-1%00", "/laporan?q=%00", "/laporan/cari?nomor=%00", "/foto/%00/large", "/l/%00",
            "/masuk/tautan/a%00", "/lapor/mirip?service=%00&lat=0.92&long=104.45",
        ] {
            check(&kota, &kota.get(path).await, 400, Page).await;
        }
        for (path, shape) in [
            ("/open311/v2/requests/%00.xml", Xml), ("/open311/v2/requests.json?q=%00", Json),
            ("/map/reports.json?bbox=%00", Problem),
        ] {
            check(&kota, &kota.get(path).await, 400, shape).await;
        }
        operator.get("/meja?q=%00").await.is(400);
        kota.post("/masuk", &[("login", "oper\0ator"), ("password", "\0")]).await.is(401);
        let answers = [("service", "jalan-berlubang"), ("attribute[ukuran\0]", "kecil\0"), ("attribute[lain]", "a\0b")];
        kota.post("/lapor", &with(&answers)).await.is(200).has("Nomornya L-1");
        operator.get("/meja/laporan/L-1").await.is(200).has("Kecil, selebar telapak kaki").has("ab");
    }

    async fn xml_is_not_a_form(kota: Fixture) {
        let bomb = "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY x \"Siti-Rahma-0812\"><!ENTITY y \"&x;&x;&x;&x;\">\
                    <!ENTITY z SYSTEM \"file:///etc/passwd\">]><request><description>&y;&z;</description></request>";
        for content_type in ["text/xml", "text/xml; charset=utf-8", "application/xml", "application/json", "text/plain"] {
            let answer = post(&kota, "/open311/v2/requests.xml", content_type, bomb).await;
            check(&kota, &answer, 400, Xml).await;
            assert!(answer.body.contains("application/x-www-form-urlencoded"), "{}", answer.body);
            let answer = post(&kota, "/lapor", content_type, bomb).await;
            check(&kota, &answer, 400, Page).await;
        }
        // Said to be a form, it is one with strange fields, and without a key.
        let answer = post(&kota, "/open311/v2/requests.xml", FORM, bomb).await;
        assert_eq!(answer.status, 403);
        assert!(!answer.body.contains("ENTITY") && !answer.body.contains("root:"));
    }

    async fn a_place_outside_the_world_or_the_city_is_said_in_the_form_and_nothing_typed_is_lost(kota: Fixture) {
        for (lat, long, says) in [
            ("91", "104.45", "Periksa lintang dan bujur"),
            ("0.92", "181", "Periksa lintang dan bujur"),
            ("NaN", "inf", "Periksa lintang dan bujur"),
            ("0.92", "", "Periksa lintang dan bujur"),
            ("0.92", "105.9", "Tempat itu di luar Kota Uji"),
            ("-6.2", "106.8", "Tempat itu di luar Kota Uji"),
        ] {
            let form = with(&[("lat", lat), ("long", long), ("name", "Siti-Rahma-0812"), ("email", "siti@contoh.id")]);
            kota.lines.take();
            let page = kota.post("/lapor", &form).await.is(400).has(says);
            check_lines(&kota, 400, 0);
            let page = page.has("Galat:").has("Dua lampu mati sejak Jumat.").has("value=\"Jl. Bakar Batu\"")
                .has("value=\"Siti-Rahma-0812\"").has("value=\"siti@contoh.id\"");
            assert!(page.body.contains("value=\"lampu-jalan-padam\" checked"), "{}", page.body);
            assert_eq!(kota.count().await, 0);
        }
        let key = kota.add_api_key().await;
        for (lat, long) in [("91", "104.45"), ("0.92", "181"), ("NaN", "104.45"), ("1e999", "0"), ("0.92", "105.9")] {
            for (extension, shape) in [("xml", Xml), ("json", Json)] {
                let form = [("api_key", &*key), ("service_code", "lampu-jalan-padam"), ("lat", lat), ("long", long)];
                kota.lines.take();
                let answer = kota.post(&format!("/open311/v2/requests.{extension}"), &form).await.is(400);
                let start = if shape == Xml { "<?xml" } else { "[{\"code\":\"400\"" };
                assert!(answer.body.starts_with(start), "{}", answer.body);
                check_lines(&kota, 400, 0);
                assert_eq!(kota.count().await, 0);
            }
        }
    }

    async fn the_page_of_a_refusal_speaks_the_language_of_the_visitor(kota: Fixture) {
        kota.get("/bahasa/en").await;
        post(&kota, "/lapor", FORM, "description=%FF").await.is(400)
            .has("<html lang=\"en\">").has("That request is not complete");
        kota.get("/laporan/L-9").await.is(404).has("<html lang=\"en\">");
        let answer = post(&kota, "/open311/v2/requests.json", FORM, "description=%FF").await.is(400);
        answer.has("is not UTF-8").lacks("bukan");
    }

    async fn too_many_or_too_large_fields_are_refused(kota: Fixture) {
        let many = vec!["a=Siti-Rahma-0812"; 201].join("&");
        let parts = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nSiti-Rahma-0812\r\n".repeat(201) + "--b--\r\n";
        for (path, shape) in [("/lapor", Page), ("/open311/v2/requests.xml", Xml)] {
            check(&kota, &post(&kota, path, FORM, many.clone()).await, 400, shape).await;
            check(&kota, &post(&kota, path, "multipart/form-data; boundary=b", parts.clone()).await, 400, shape).await;
            check(&kota, &post(&kota, path, FORM, long(70 * 1024)).await, 400, shape).await;
            check(&kota, &post(&kota, path, FORM, long(1024 * 1024)).await, 413, shape).await;
        }
        // Too long for the city, not too long to be read: the form comes back with it.
        kota.post("/lapor", &[("description", &*"y".repeat(5000))]).await.is(400)
            .has("Paling banyak 4.000 huruf").has(&"y".repeat(5000));
        assert_eq!(kota.count().await, 0);
    }

    async fn a_file_that_is_no_picture_is_refused_and_the_rest_kept(kota: Fixture) {
        let key = kota.add_api_key().await;
        let png = crate::fixture::picture();
        let files: [&[u8]; 5] = [b"%PDF-1.7 Siti-Rahma-0812", b"GIF89a\x01\0\x01\0", &png[..png.len() / 2], b"\xff\xd8\xff\xe0", b"<svg/>"];
        for file in files {
            kota.lines.take();
            kota.browser("warga").upload_file("/lapor", &typed(), file).await.is(400)
                .has("Berkas itu bukan foto yang kami kenal.").has("Dua lampu mati sejak Jumat.").lacks("photo_kept");
            check_lines(&kota, 400, 0);
            let form = [("api_key", &*key), ("service_code", "lampu-jalan-padam"), ("address_string", "Jl. Bakar Batu")];
            kota.browser("sistem").upload_file("/open311/v2/requests.json", &form, file).await.is(400)
                .has("[{\"code\":\"400\"").has("JPEG, PNG");
        }
        let large = vec![0xff; 10 * 1024 * 1024 + 1];
        kota.browser("warga").upload_file("/lapor", &typed(), &large).await.is(400).has("Paling besar 10 MB");
        assert_eq!(kota.count().await, 0);
    }

    async fn a_photo_of_nearly_ten_megabytes_is_taken(kota: Fixture) {
        let photo = noise(1850, 1750);
        assert!((9_000_000..10 * 1024 * 1024).contains(&photo.len()), "{}", photo.len());
        kota.browser("warga").upload_file("/lapor", &typed(), &photo).await.is(200).has("Nomornya L-1");
        let key = kota.add_api_key().await;
        let form = [("api_key", &*key), ("service_code", "lampu-jalan-padam"), ("address_string", "Jl. Bakar Batu")];
        kota.browser("sistem").upload_file("/open311/v2/requests.json", &form, &photo).await.is(200);
        for number in ["L-1", "L-2"] {
            kota.get(&format!("/laporan/{number}")).await.is(200).has("/foto/");
        }
    }

    async fn a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(kota: Fixture) {
        // Decoding would find that it holds nothing, and say that it is no picture.
        let png = huge_png(30_000, 30_000);
        kota.browser("warga").upload_file("/lapor", &typed(), &png).await.is(400).has("Paling banyak 50 juta titik");
        let key = kota.add_api_key().await;
        let form = [("api_key", &*key), ("service_code", "lampu-jalan-padam"), ("address_string", "Jl. Bakar Batu")];
        kota.browser("sistem").upload_file("/open311/v2/requests.xml", &form, &png).await.is(400)
            .has("<code>400</code>").has("piksel");
        assert_eq!(kota.count().await, 0);
    }

    async fn a_photo_loses_its_metadata_and_says_where_when_nothing_else_does(kota: Fixture) {
        let jpeg = jpeg_with_position();
        assert!(find(&jpeg, b"Exif").is_some() && find(&jpeg, MARKER.as_bytes()).is_some());
        let form = [("service", "lampu-jalan-padam"), ("description", "pendek")];
        let warga = kota.browser("warga");
        // The form comes back because of the words; photo and place are kept with it.
        let page = warga.upload_file("/lapor", &form, &jpeg).await.is(400)
            .has("value=\"0.920000\"").has("value=\"104.450000\"");
        let kept = page.body.split("name=\"photo_kept\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let shown = warga.get(&format!("/lapor/foto/{kept}")).await.is(200);
        assert!(find(&shown.bytes, b"Exif").is_none());
        let form = [
            ("service", "lampu-jalan-padam"), ("description", "Dua lampu mati sejak Jumat."), ("photo_kept", &*kept),
            ("lat", "0.920000"), ("long", "104.450000"),
        ];
        warga.post("/lapor", &form).await.is(200).has("Nomornya L-1");
        let form = [("service", "lampu-jalan-padam"), ("description", "Lampu lain mati."), ("not_similar", "1")];
        warga.upload_file("/lapor", &form, &jpeg).await.is(200).has("Nomornya L-2");
        // Whatever else says where goes before the camera.
        let form = [("service", "lampu-jalan-padam"), ("description", "Lampu ketiga."), ("area", "kota-baru")];
        warga.upload_file("/lapor", &form, &jpeg).await.is(200).has("Nomornya L-3");
        for (number, at) in [("L-1", Some((LON, LAT))), ("L-2", Some((LON, LAT))), ("L-3", None)] {
            let page = kota.get(&format!("/laporan/{number}")).await.is(200);
            let address = page.body.split("/foto/").nth(1).unwrap().split('/').next().unwrap();
            for size in ["large", "small"] {
                let photo = kota.get(&format!("/foto/{address}/{size}")).await.is(200);
                assert_eq!(photo.headers[header::CONTENT_TYPE], "image/jpeg");
                assert!(photo.bytes.starts_with(&[0xff, 0xd8, 0xff]));
                assert!(find(&photo.bytes, b"Exif").is_none() && find(&photo.bytes, MARKER.as_bytes()).is_none());
            }
            let id = pendopo_domain::reports::ReportId(number[2..].parse().unwrap());
            let mut db = kota.city.store().read().await.unwrap();
            let report = pendopo_operations::store::reports::by_id(&mut db, id).await.unwrap().unwrap();
            let place = report.position.map(|at| (at.lon(), at.lat()));
            assert_eq!(place.is_some(), at.is_some());
            if let (Some(found), Some(at)) = (place, at) {
                assert!((found.0 - at.0).abs() < 1e-6 && (found.1 - at.1).abs() < 1e-6, "{found:?}");
            }
        }
    }

    async fn a_link_changed_in_any_character_leads_nowhere(kota: Fixture) {
        let sent = kota.submit(|sent| sent.identity.name = Some("Siti Rahma".into())).await;
        let operator = kota.sign_in("operator").await;
        operator.post("/meja/laporan/L-1/teratasi", &[("reason", "Lampu diganti.")]).await.is(303);
        let before = kota.report(&sent.report).await;
        let token = &sent.token;
        let mut wrong: Vec<String> = (0..token.len()).flat_map(|at| {
            let other = |c: char| {
                let mut text: Vec<char> = token.chars().collect();
                (text[at] != c).then(|| { text[at] = c; text.into_iter().collect::<String>() })
            };
            ['A', 'b', '2', '_', '.'].into_iter().filter_map(other).collect::<Vec<_>>()
        }).collect();
        wrong.extend([format!("{token}A"), format!("{token}="), format!("0{token}"), format!("+{token}"), token[..token.len() - 1].to_owned()]);
        for link in wrong {
            kota.lines.take();
            kota.get(&format!("/l/{link}")).await.is(404).has("<html lang=\"id\">").lacks("Siti Rahma");
            let lines = kota.lines.take().join("\n");
            assert!(!lines.contains(&link) && lines.contains("route=\"/l/{token}\""), "{lines}");
            kota.post(&format!("/l/{link}/jawaban"), &[("verdict", "confirmed")]).await.is(404);
            kota.post(&format!("/l/{link}/hapus"), &[("sure", "1")]).await.is(404);
        }
        assert_eq!(kota.report(&sent.report).await, before);
        assert_eq!(before.state, State::Resolved);
        assert!(before.person.is_some());
        kota.get(&format!("/l/{token}")).await.is(200);
    }

    async fn a_wrong_question_of_the_map_is_a_problem(kota: Fixture) {
        kota.lines.take();
        for path in [
            "/map/reports.json?bbox=1,2,3&zoom=10", "/map/reports.json?bbox=104,0,105,1&zoom=99",
            "/map/reports.json?bbox=104,0,105,1&zoom=NaN", "/map/reports.json?bbox=nan,0,1,1",
        ] {
            check(&kota, &kota.get(path).await, 400, Problem).await;
        }
        // Refused by the router, which has no reason of ours.
        for (path, status) in [("/map/reports.json", 400), ("/map/reports.json?bbox=104,0,105,1&zoom=x", 400), ("/map/base.pmtiles", 404), ("/map/lain.json", 404)] {
            let answer = kota.get(path).await.is(status);
            assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json", "{path}");
            check_lines(&kota, status, 0);
        }
        let answer = kota.post("/events", &[]).await.is(404).has("\"code\":\"not_found\"");
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
    }

    async fn fifty_megabytes_are_answered_and_not_hung_up_on(kota: Fixture) {
        const BYTES: usize = 50_000_000;
        let at = serve(&kota).await;
        let head = |path: &str, kind: &str| {
            format!("POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: {kind}\r\nContent-Length: {BYTES}\r\nConnection: close\r\n\r\n", kota.host)
        };
        for (path, kind, says) in [
            ("/lapor", "multipart/form-data; boundary=b", "Kiriman terlalu besar"),
            ("/lapor", FORM, "Kiriman terlalu besar"),
            ("/open311/v2/requests.xml", "multipart/form-data; boundary=b", "<errors><error><code>413</code>"),
            ("/open311/v2/requests.json", "text/xml", "[{\"code\":\"413\""),
        ] {
            let answer = raw(at, head(path, kind).as_bytes(), BYTES).await;
            assert!(answer.starts_with("HTTP/1.1 413 "), "{path} {kind}: {answer}");
            assert!(answer.contains(says), "{answer}");
            check_lines(&kota, 413, 1);
        }
        assert_eq!(kota.count().await, 0);
    }

    async fn a_request_without_a_host_is_refused(kota: Fixture) {
        let at = serve(&kota).await;
        for (request, status) in [
            ("GET /laporan HTTP/1.1\r\nConnection: close\r\n\r\n", "400"),
            ("GET /laporan HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", "400"),
            ("GET /open311/v2/services.xml HTTP/1.1\r\nConnection: close\r\n\r\n", "400"),
            // Before HTTP/1.1 nobody had to say it: the bare host, where no city is.
            ("GET /laporan HTTP/1.0\r\n\r\n", "404"),
        ] {
            let answer = raw(at, request.as_bytes(), 0).await;
            assert_eq!(answer.split(' ').nth(1), Some(status), "{answer}");
            let says = if request.contains("open311") { "<errors><error><code>400</code>" } else { "<html lang=\"id\">" };
            assert!(answer.contains(says), "{answer}");
        }
    }
}

/// On SQLite alone: the search for a city by its web domain would open the cities of the other tests of the server.
#[test]
fn an_unknown_host_makes_no_city() {
    pendopo_testkit::run(async {
        let kota = Fixture::sqlite().await;
        let before = kota.node.slugs().await.unwrap();
        for host in [
            "lain.localhost",
            "lain.localhost:8080",
            "a.b.localhost",
            "..localhost",
            "%2e%2e.localhost",
            "KOTA2.localhost",
        ] {
            let request = Request::get("/")
                .header(header::HOST, host)
                .body(Body::empty())
                .unwrap();
            let answer = tower::ServiceExt::oneshot(kota.app.clone(), request)
                .await
                .unwrap();
            assert_eq!(answer.status(), 404, "{host}");
        }
        for host in [
            "KOTA.localhost",
            "kota.localhost.",
            "kota.localhost:8080",
            "kota.example",
        ] {
            let request = Request::get("/laporan")
                .header(header::HOST, host)
                .body(Body::empty())
                .unwrap();
            let answer = tower::ServiceExt::oneshot(kota.app.clone(), request)
                .await
                .unwrap();
            assert_eq!(answer.status(), 200, "{host}");
        }
        let elsewhere = Request::get("/laporan")
            .header(header::HOST, "lain.example")
            .body(Body::empty())
            .unwrap();
        let answer = tower::ServiceExt::oneshot(kota.app.clone(), elsewhere)
            .await
            .unwrap();
        assert_eq!(answer.status(), 404);
        assert_eq!(kota.node.slugs().await.unwrap(), before);
    });
}

/// The city on a port of this machine.
async fn serve(kota: &Fixture) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let app = kota.app.clone();
    tokio::spawn(async move { axum::serve(listener, app).await });
    at
}

/// Sends a head and as many bytes to their end, and only then reads the answer.
async fn raw(at: SocketAddr, head: &[u8], bytes: usize) -> String {
    let mut line = TcpStream::connect(at).await.unwrap();
    line.write_all(head).await.unwrap();
    let chunk = vec![b'x'; 100_000];
    for _ in 0..bytes / chunk.len() {
        line.write_all(&chunk).await.expect("all of it is taken");
    }
    let mut answer = Vec::new();
    line.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// A PNG that hardly gets smaller than three bytes for each pixel.
fn noise(width: u32, height: u32) -> Vec<u8> {
    let mut seed = 1_u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed.to_be_bytes()[0]
    };
    let bytes = (0..width * height * 3).map(|_| next()).collect();
    let picture =
        image::RgbImage::from_raw(width, height, bytes).expect("three bytes for each pixel");
    let mut png = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png).unwrap();
    png.into_inner()
}

/// A PNG that says it is this large and holds nothing.
fn huge_png(width: u32, height: u32) -> Vec<u8> {
    let mut header = Vec::new();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    // An empty zlib stream.
    for (kind, data) in [
        (b"IHDR", &header[..]),
        (b"IDAT", &[0x78, 0x9c, 3, 0, 0, 0, 0, 1][..]),
        (b"IEND", &[][..]),
    ] {
        png.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        let chunk = [&kind[..], data].concat();
        png.extend(&chunk);
        png.extend(crc32(&chunk).to_be_bytes());
    }
    png
}

/// ISO 3309, as PNG §D has it.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xEDB8_8320
            } else {
                crc >> 1
            }
        })
    })
}

/// A small JPEG whose EXIF says that it was taken at [`LON`], [`LAT`], with a camera of that name.
fn jpeg_with_position() -> Vec<u8> {
    let mut jpeg = std::io::Cursor::new(Vec::new());
    DynamicImage::new_rgb8(16, 8)
        .write_to(&mut jpeg, ImageFormat::Jpeg)
        .unwrap();
    let jpeg = jpeg.into_inner();
    let mut tiff = b"II*\0".to_vec();
    let short = |tiff: &mut Vec<u8>, value: u16| tiff.extend(value.to_le_bytes());
    let long = |tiff: &mut Vec<u8>, value: u32| tiff.extend(value.to_le_bytes());
    let entry = |tiff: &mut Vec<u8>, tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        short(tiff, tag);
        short(tiff, kind);
        long(tiff, count);
        tiff.extend(value);
    };
    long(&mut tiff, 8);
    // The first directory (at 8, 30 bytes): the model, at 140, and where the GPS directory is.
    short(&mut tiff, 2);
    let model = u32::try_from(MARKER.len() + 1).unwrap();
    entry(&mut tiff, 0x0110, 2, model, 140_u32.to_le_bytes());
    entry(&mut tiff, 0x8825, 4, 1, 38_u32.to_le_bytes());
    long(&mut tiff, 0);
    // The GPS directory (at 38, 54 bytes): references and, at 92 and 116, degrees, minutes, seconds.
    short(&mut tiff, 4);
    entry(&mut tiff, 1, 2, 2, *b"N\0\0\0");
    entry(&mut tiff, 2, 5, 3, 92_u32.to_le_bytes());
    entry(&mut tiff, 3, 2, 2, *b"E\0\0\0");
    entry(&mut tiff, 4, 5, 3, 116_u32.to_le_bytes());
    long(&mut tiff, 0);
    for part in [0, 55, 12, 104, 27, 0] {
        long(&mut tiff, part);
        long(&mut tiff, 1);
    }
    tiff.extend(MARKER.as_bytes());
    tiff.push(0);
    let length = u16::try_from(2 + 6 + tiff.len()).unwrap();
    [
        &jpeg[..2],
        &[0xff, 0xe1],
        &length.to_be_bytes(),
        b"Exif\0\0",
        &tiff,
        &jpeg[2..],
    ]
    .concat()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}
