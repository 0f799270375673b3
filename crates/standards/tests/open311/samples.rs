//! Invented cases shared by the tests. No real person, place or number.

use pendopo_standards::open311::*;

pub fn pairs(query: &str) -> Vec<(String, String)> {
    decode_form(query.as_bytes(), &FormLimits::default()).unwrap()
}

pub fn plain_request(id: &str) -> ServiceRequest {
    ServiceRequest {
        service_request_id: id.to_owned(),
        status: Status::Open,
        status_notes: None,
        service_name: None,
        service_code: "001".to_owned(),
        description: None,
        agency_responsible: None,
        service_notice: None,
        requested_datetime: "2026-11-20T01:02:03.999Z".parse().unwrap(),
        updated_datetime: None,
        expected_datetime: None,
        address: None,
        address_id: None,
        zipcode: None,
        lat: None,
        long: None,
        media_url: None,
        extended_attributes: None,
    }
}

pub fn full_request() -> ServiceRequest {
    let text = |value: &str| Some(value.to_owned());
    ServiceRequest {
        status: Status::Closed,
        status_notes: text("Sudah ditambal."),
        service_name: text("Jalan berlubang"),
        description: text("Lubang <besar> & dalam\ndi depan \"Toko\" ]]>"),
        agency_responsible: text("Dinas Pekerjaan Umum"),
        service_notice: text("Diperiksa dalam 2 hari"),
        updated_datetime: Some("2026-11-22T00:00:00Z".parse().unwrap()),
        expected_datetime: Some("2026-11-23T00:00:00Z".parse().unwrap()),
        address: text("Jalan Contoh 1, Kota Contoh"),
        address_id: text("0042"),
        zipcode: text("00123"),
        lat: Some(-6.914744),
        long: Some(107.60981),
        media_url: text("https://kota.example/foto/1.jpg?a=1&b=2"),
        extended_attributes: Some(ExtendedAttributes {
            title: text("Lubang"),
            detailed_status: text("PROCESSED"),
            media_urls: vec!["https://kota.example/foto/1.jpg".to_owned()],
            attributes: vec![AnsweredAttribute {
                label: "Seberapa dalam?".to_owned(),
                name: "Lebih dari 10 cm".to_owned(),
                value: "deep".to_owned(),
                code: "DEPTH".to_owned(),
            }],
        }),
        ..plain_request("RPT-2026-000001")
    }
}

fn attribute(code: &str, datatype: Datatype, required: bool, order: u32) -> Attribute {
    let choice = |key: &str, name: &str| AttributeValue {
        key: key.to_owned(),
        name: name.to_owned(),
    };
    let is_list = matches!(
        datatype,
        Datatype::SingleValueList | Datatype::MultiValueList
    );
    Attribute {
        variable: true,
        code: code.to_owned(),
        datatype,
        required,
        datatype_description: None,
        order,
        description: format!("Pertanyaan {code}?"),
        values: if is_list {
            vec![choice("a", "Satu"), choice("b", "Dua & tiga")]
        } else {
            Vec::new()
        },
    }
}

pub fn definition() -> ServiceDefinition {
    let note = Attribute {
        variable: false,
        ..attribute("NOTE", Datatype::Text, true, 7)
    };
    ServiceDefinition {
        service_code: "001".to_owned(),
        attributes: vec![
            attribute("LINE", Datatype::String, true, 1),
            attribute("NUM", Datatype::Number, false, 2),
            attribute("WHEN", Datatype::Datetime, false, 3),
            attribute("TEXT", Datatype::Text, false, 4),
            attribute("ONE", Datatype::SingleValueList, true, 5),
            attribute("MANY", Datatype::MultiValueList, false, 6),
            note,
        ],
    }
}
