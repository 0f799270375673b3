//! Answers in both formats, letter by letter.

use insta::assert_snapshot;
use pendopo_standards::open311::*;

use crate::samples::{definition, full_request, plain_request};

/// XML with a line break before each opening tag that follows a closing one, to be read by people.
fn lines(xml: &str) -> String {
    xml.replace("><", ">\n<")
}

fn service(description: Option<&str>) -> Service {
    Service {
        service_code: "001".to_owned(),
        service_name: "Jalan & trotoar".to_owned(),
        description: description.map(str::to_owned),
        metadata: true,
        kind: ServiceType::Realtime,
        keywords: vec!["jalan".to_owned(), "lubang".to_owned()],
        group: Some("Jalan".to_owned()),
    }
}

#[test]
fn the_list_of_services() {
    let bare = Service {
        keywords: Vec::new(),
        group: None,
        metadata: false,
        kind: ServiceType::Batch,
        ..service(None)
    };
    let list = [service(Some("Lubang")), bare];
    assert_snapshot!(lines(&services(&list, Format::Xml)), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <services>
    <service>
    <service_code>001</service_code>
    <service_name>Jalan &amp; trotoar</service_name>
    <description>Lubang</description>
    <metadata>true</metadata>
    <type>realtime</type>
    <keywords>jalan,lubang</keywords>
    <group>Jalan</group>
    </service>
    <service>
    <service_code>001</service_code>
    <service_name>Jalan &amp; trotoar</service_name>
    <description/>
    <metadata>false</metadata>
    <type>batch</type>
    <keywords/>
    <group/>
    </service>
    </services>
    "#);
    assert_snapshot!(services(&list, Format::Json), @r#"[{"service_code":"001","service_name":"Jalan & trotoar","description":"Lubang","metadata":true,"type":"realtime","keywords":"jalan,lubang","group":"Jalan"},{"service_code":"001","service_name":"Jalan & trotoar","metadata":false,"type":"batch"}]"#);
    assert_eq!(services(&[], Format::Json), "[]");
    assert_snapshot!(services(&[], Format::Xml), @r#"<?xml version="1.0" encoding="UTF-8"?><services></services>"#);
}

#[test]
fn a_service_definition() {
    let mut definition = definition();
    definition
        .attributes
        .retain(|attribute| ["NUM", "MANY", "NOTE"].contains(&attribute.code.as_str()));
    assert_snapshot!(lines(&service_definition(&definition, Format::Xml)), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <service_definition>
    <service_code>001</service_code>
    <attributes>
    <attribute>
    <variable>true</variable>
    <code>NUM</code>
    <datatype>number</datatype>
    <required>false</required>
    <datatype_description/>
    <order>2</order>
    <description>Pertanyaan NUM?</description>
    </attribute>
    <attribute>
    <variable>true</variable>
    <code>MANY</code>
    <datatype>multivaluelist</datatype>
    <required>false</required>
    <datatype_description/>
    <order>6</order>
    <description>Pertanyaan MANY?</description>
    <values>
    <value>
    <key>a</key>
    <name>Satu</name>
    </value>
    <value>
    <key>b</key>
    <name>Dua &amp; tiga</name>
    </value>
    </values>
    </attribute>
    <attribute>
    <variable>false</variable>
    <code>NOTE</code>
    <datatype>text</datatype>
    <required>true</required>
    <datatype_description/>
    <order>7</order>
    <description>Pertanyaan NOTE?</description>
    </attribute>
    </attributes>
    </service_definition>
    "#);
    assert_snapshot!(service_definition(&definition, Format::Json), @r#"{"service_code":"001","attributes":[{"variable":true,"code":"NUM","datatype":"number","required":false,"order":2,"description":"Pertanyaan NUM?"},{"variable":true,"code":"MANY","datatype":"multivaluelist","required":false,"order":6,"description":"Pertanyaan MANY?","values":[{"key":"a","name":"Satu"},{"key":"b","name":"Dua & tiga"}]},{"variable":false,"code":"NOTE","datatype":"text","required":true,"order":7,"description":"Pertanyaan NOTE?"}]}"#);
}

#[test]
fn a_list_of_requests() {
    let list = [full_request(), plain_request("2")];
    assert_snapshot!(lines(&requests(&list, Format::Xml)), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <service_requests>
    <request>
    <service_request_id>RPT-2026-000001</service_request_id>
    <status>closed</status>
    <status_notes>Sudah ditambal.</status_notes>
    <service_name>Jalan berlubang</service_name>
    <service_code>001</service_code>
    <description>Lubang &lt;besar&gt; &amp; dalam
    di depan &quot;Toko&quot; ]]&gt;</description>
    <agency_responsible>Dinas Pekerjaan Umum</agency_responsible>
    <service_notice>Diperiksa dalam 2 hari</service_notice>
    <requested_datetime>2026-11-20T01:02:03Z</requested_datetime>
    <updated_datetime>2026-11-22T00:00:00Z</updated_datetime>
    <expected_datetime>2026-11-23T00:00:00Z</expected_datetime>
    <address>Jalan Contoh 1, Kota Contoh</address>
    <address_id>0042</address_id>
    <zipcode>00123</zipcode>
    <lat>-6.914744</lat>
    <long>107.60981</long>
    <media_url>https://kota.example/foto/1.jpg?a=1&amp;b=2</media_url>
    <extended_attributes>
    <title>Lubang</title>
    <detailed_status>PROCESSED</detailed_status>
    <media_urls>
    <media_url>https://kota.example/foto/1.jpg</media_url>
    </media_urls>
    <attributes>
    <attribute>
    <label>Seberapa dalam?</label>
    <name>Lebih dari 10 cm</name>
    <value>deep</value>
    <code>DEPTH</code>
    </attribute>
    </attributes>
    </extended_attributes>
    </request>
    <request>
    <service_request_id>2</service_request_id>
    <status>open</status>
    <status_notes/>
    <service_name/>
    <service_code>001</service_code>
    <description/>
    <agency_responsible/>
    <service_notice/>
    <requested_datetime>2026-11-20T01:02:03Z</requested_datetime>
    <updated_datetime/>
    <expected_datetime/>
    <address/>
    <address_id/>
    <zipcode/>
    <lat/>
    <long/>
    <media_url/>
    </request>
    </service_requests>
    "#);
    assert_snapshot!(requests(&list, Format::Json), @r#"[{"service_request_id":"RPT-2026-000001","status":"closed","status_notes":"Sudah ditambal.","service_name":"Jalan berlubang","service_code":"001","description":"Lubang <besar> & dalam\ndi depan \"Toko\" ]]>","agency_responsible":"Dinas Pekerjaan Umum","service_notice":"Diperiksa dalam 2 hari","requested_datetime":"2026-11-20T01:02:03Z","updated_datetime":"2026-11-22T00:00:00Z","expected_datetime":"2026-11-23T00:00:00Z","address":"Jalan Contoh 1, Kota Contoh","address_id":"0042","zipcode":"00123","lat":-6.914744,"long":107.60981,"media_url":"https://kota.example/foto/1.jpg?a=1&b=2","extended_attributes":{"title":"Lubang","detailed_status":"PROCESSED","media_urls":["https://kota.example/foto/1.jpg"],"attributes":[{"label":"Seberapa dalam?","name":"Lebih dari 10 cm","value":"deep","code":"DEPTH"}]}},{"service_request_id":"2","status":"open","service_code":"001","requested_datetime":"2026-11-20T01:02:03Z"}]"#);
}

#[test]
fn one_request_is_a_list_of_one_and_none_an_empty_list() {
    let one = plain_request("2");
    for format in [Format::Xml, Format::Json] {
        assert_eq!(
            request(&one, format),
            requests(&[plain_request("2")], format)
        );
    }
    assert!(request(&one, Format::Json).starts_with("[{"));
    assert_eq!(requests(&[], Format::Json), "[]");
    assert_snapshot!(requests(&[], Format::Xml), @r#"<?xml version="1.0" encoding="UTF-8"?><service_requests></service_requests>"#);
}

#[test]
fn receipts_carry_an_id_or_a_token_or_neither() {
    let full = RequestReceipt {
        service_notice: Some("Diperiksa <besok>".to_owned()),
        account_id: Some("7".to_owned()),
        ..RequestReceipt::of_request("293944")
    };
    assert_snapshot!(lines(&receipt(&full, Format::Xml)), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <service_requests>
    <request>
    <service_request_id>293944</service_request_id>
    <service_notice>Diperiksa &lt;besok&gt;</service_notice>
    <account_id>7</account_id>
    </request>
    </service_requests>
    "#);
    assert_snapshot!(receipt(&full, Format::Json), @r#"[{"service_request_id":"293944","service_notice":"Diperiksa <besok>","account_id":"7"}]"#);
    let token = RequestReceipt {
        id: ReceiptId::Token("t1".to_owned()),
        ..RequestReceipt::of_request("")
    };
    assert_snapshot!(receipt(&token, Format::Xml), @r#"<?xml version="1.0" encoding="UTF-8"?><service_requests><request><token>t1</token><service_notice/><account_id/></request></service_requests>"#);
    assert_snapshot!(receipt(&token, Format::Json), @r#"[{"token":"t1"}]"#);
    let neither = RequestReceipt {
        id: ReceiptId::Blackbox,
        ..token
    };
    assert_snapshot!(receipt(&neither, Format::Xml), @r#"<?xml version="1.0" encoding="UTF-8"?><service_requests><request><service_notice/><account_id/></request></service_requests>"#);
    assert_eq!(receipt(&neither, Format::Json), "[{}]");
}

#[test]
fn a_token_without_an_id_yet_says_so_with_an_empty_element() {
    let ready = TokenAnswer {
        service_request_id: Some("638344".to_owned()),
        token: "12345".to_owned(),
    };
    let waiting = TokenAnswer {
        service_request_id: None,
        ..ready.clone()
    };
    assert_snapshot!(token(&ready, Format::Xml), @r#"<?xml version="1.0" encoding="UTF-8"?><service_requests><request><service_request_id>638344</service_request_id><token>12345</token></request></service_requests>"#);
    assert_snapshot!(token(&ready, Format::Json), @r#"[{"service_request_id":"638344","token":"12345"}]"#);
    assert_snapshot!(token(&waiting, Format::Xml), @r#"<?xml version="1.0" encoding="UTF-8"?><service_requests><request><service_request_id/><token>12345</token></request></service_requests>"#);
    assert_snapshot!(token(&waiting, Format::Json), @r#"[{"token":"12345"}]"#);
}

#[test]
fn errors_are_a_list_in_the_words_of_the_caller() {
    let problems = [Problem::api_key_missing(), Problem::service_unknown("<x>")];
    let bodies = error_bodies(&problems, |problem| {
        format!("{} {:?}", problem.key, problem.args)
    });
    assert_snapshot!(lines(&errors(&bodies, Format::Xml)), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <errors>
    <error>
    <code>403</code>
    <description>open311-api-key-missing []</description>
    </error>
    <error>
    <code>404</code>
    <description>open311-service-unknown [(&quot;service_code&quot;, &quot;&lt;x&gt;&quot;)]</description>
    </error>
    </errors>
    "#);
    assert_snapshot!(errors(&bodies, Format::Json), @r#"[{"code":"403","description":"open311-api-key-missing []"},{"code":"404","description":"open311-service-unknown [(\"service_code\", \"<x>\")]"}]"#);
}

#[test]
fn the_discovery_document() {
    let endpoint = |url: &str, kind| Endpoint {
        specification: GEOREPORT_V2.to_owned(),
        url: url.to_owned(),
        changeset: "2026-11-01T00:00:00Z".parse().unwrap(),
        kind,
        formats: vec![Format::Xml, Format::Json],
    };
    let document = Discovery {
        changeset: "2026-11-24T00:00:00.5Z".parse().unwrap(),
        contact: "Kota Contoh".to_owned(),
        key_service: "https://kota.example/kunci".to_owned(),
        endpoints: vec![
            endpoint("https://kota.example/open311/v2/", EndpointType::Production),
            endpoint("https://coba.kota.example/open311/v2/", EndpointType::Test),
        ],
    };
    assert_snapshot!(lines(&discovery(&document, Format::Xml)), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <discovery>
    <changeset>2026-11-24T00:00:00Z</changeset>
    <contact>Kota Contoh</contact>
    <key_service>https://kota.example/kunci</key_service>
    <endpoints>
    <endpoint>
    <specification>http://wiki.open311.org/GeoReport_v2</specification>
    <url>https://kota.example/open311/v2/</url>
    <changeset>2026-11-01T00:00:00Z</changeset>
    <type>production</type>
    <formats>
    <format>text/xml</format>
    <format>application/json</format>
    </formats>
    </endpoint>
    <endpoint>
    <specification>http://wiki.open311.org/GeoReport_v2</specification>
    <url>https://coba.kota.example/open311/v2/</url>
    <changeset>2026-11-01T00:00:00Z</changeset>
    <type>test</type>
    <formats>
    <format>text/xml</format>
    <format>application/json</format>
    </formats>
    </endpoint>
    </endpoints>
    </discovery>
    "#);
    assert_snapshot!(discovery(&document, Format::Json), @r#"{"changeset":"2026-11-24T00:00:00Z","contact":"Kota Contoh","key_service":"https://kota.example/kunci","endpoints":[{"specification":"http://wiki.open311.org/GeoReport_v2","url":"https://kota.example/open311/v2/","changeset":"2026-11-01T00:00:00Z","type":"production","formats":["text/xml","application/json"]},{"specification":"http://wiki.open311.org/GeoReport_v2","url":"https://coba.kota.example/open311/v2/","changeset":"2026-11-01T00:00:00Z","type":"test","formats":["text/xml","application/json"]}]}"#);
}

#[test]
fn updates_and_their_receipts() {
    let text = |value: &str| value.to_owned();
    let bare = RequestUpdate {
        update_id: text("1"),
        service_request_id: text("RPT-1"),
        status: UpdateStatus::InProgress,
        updated_datetime: "2026-11-24T00:00:00.9Z".parse().unwrap(),
        description: None,
        media_urls: Vec::new(),
        external_status_code: None,
        customer_reference: None,
        fixmystreet_id: None,
        extras: Vec::new(),
    };
    let full = RequestUpdate {
        update_id: text("2"),
        status: UpdateStatus::Fixed,
        description: Some(text("Selesai & rapi")),
        media_urls: vec![text("https://a.example/1"), text("https://a.example/2")],
        external_status_code: Some(text("S9")),
        customer_reference: Some(text("R9")),
        fixmystreet_id: Some(text("77")),
        extras: vec![
            (text("crew"), text("A<1>")),
            (text("not a name"), text("x")),
            (text("1st"), text("y")),
        ],
        ..bare.clone()
    };
    let one_picture = RequestUpdate {
        media_urls: vec![text("https://a.example/1")],
        ..bare.clone()
    };
    assert_snapshot!(lines(&updates(&[bare.clone(), full.clone()], Format::Xml)), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <service_request_updates>
    <request_update>
    <update_id>1</update_id>
    <service_request_id>RPT-1</service_request_id>
    <status>in_progress</status>
    <updated_datetime>2026-11-24T00:00:00Z</updated_datetime>
    <description/>
    <media_url/>
    <external_status_code/>
    <customer_reference/>
    <fixmystreet_id/>
    </request_update>
    <request_update>
    <update_id>2</update_id>
    <service_request_id>RPT-1</service_request_id>
    <status>fixed</status>
    <updated_datetime>2026-11-24T00:00:00Z</updated_datetime>
    <description>Selesai &amp; rapi</description>
    <media_url>https://a.example/1</media_url>
    <media_url>https://a.example/2</media_url>
    <external_status_code>S9</external_status_code>
    <customer_reference>R9</customer_reference>
    <fixmystreet_id>77</fixmystreet_id>
    <extras>
    <crew>A&lt;1&gt;</crew>
    </extras>
    </request_update>
    </service_request_updates>
    "#);
    assert_snapshot!(updates(&[bare, full, one_picture], Format::Json), @r#"[{"update_id":"1","service_request_id":"RPT-1","status":"in_progress","updated_datetime":"2026-11-24T00:00:00Z"},{"update_id":"2","service_request_id":"RPT-1","status":"fixed","updated_datetime":"2026-11-24T00:00:00Z","description":"Selesai & rapi","media_url":["https://a.example/1","https://a.example/2"],"external_status_code":"S9","customer_reference":"R9","fixmystreet_id":"77","extras":{"crew":"A<1>","not a name":"x","1st":"y"}},{"update_id":"1","service_request_id":"RPT-1","status":"in_progress","updated_datetime":"2026-11-24T00:00:00Z","media_url":"https://a.example/1"}]"#);
    let id = UpdateReceipt::UpdateId(text("2"));
    assert_snapshot!(update_receipt(&id, Format::Xml), @r#"<?xml version="1.0" encoding="UTF-8"?><service_request_updates><request_update><update_id>2</update_id></request_update></service_request_updates>"#);
    assert_snapshot!(update_receipt(&id, Format::Json), @r#"[{"update_id":"2"}]"#);
    assert_snapshot!(update_receipt(&UpdateReceipt::Token(text("t")), Format::Json), @r#"[{"token":"t"}]"#);
    assert_snapshot!(update_receipt(&UpdateReceipt::Blackbox, Format::Json), @"[{}]");
    assert_snapshot!(update_receipt(&UpdateReceipt::Blackbox, Format::Xml), @r#"<?xml version="1.0" encoding="UTF-8"?><service_request_updates><request_update></request_update></service_request_updates>"#);
}

#[test]
fn what_json_cannot_say_is_left_out() {
    let odd = ServiceRequest {
        lat: Some(f64::NAN),
        long: Some(f64::INFINITY),
        ..plain_request("1")
    };
    let plain = plain_request("1");
    for format in [Format::Xml, Format::Json] {
        assert_eq!(request(&odd, format), request(&plain, format));
    }
}

#[test]
fn the_read_model_has_no_place_for_the_reporter() {
    let everything = [
        request(&full_request(), Format::Xml),
        request(&full_request(), Format::Json),
    ]
    .concat();
    for field in [
        "email",
        "phone",
        "first_name",
        "last_name",
        "device_id",
        "account_id",
        "api_key",
    ] {
        assert!(!everything.contains(field), "{field}");
    }
}

#[test]
fn control_characters_are_removed_from_xml_and_escaped_in_json() {
    let odd = ServiceRequest {
        description: Some("a\u{0}b\u{1b}c\u{ffff}]]>".to_owned()),
        ..plain_request("1")
    };
    assert!(request(&odd, Format::Xml).contains("<description>abc]]&gt;</description>"));
    assert!(request(&odd, Format::Json).contains(r#""description":"a\u0000b\u001bc"#));
}

#[test]
fn a_thousand_rows_are_written_whole() {
    let list = vec![full_request(); 1000];
    let xml = requests(&list, Format::Xml);
    assert_eq!(xml.matches("<request>").count(), 1000);
    assert!(xml.ends_with("</service_requests>"));
    assert_eq!(
        requests(&list, Format::Json)
            .matches("\"service_request_id\"")
            .count(),
        1000
    );
}
