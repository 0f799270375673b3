//! Posted reports and updates, and the answers to a service's questions.

use jiff::tz::TimeZone;
use pendopo_standards::open311::*;

use crate::messages::assert_translated;
use crate::samples::{definition, pairs};

const PLACE: &str = "service_code=001&lat=-6.9&long=107.6";

fn keys(problems: &[Problem]) -> Vec<&'static str> {
    for problem in problems {
        assert_eq!(problem.status, 400, "{problem}");
        assert_translated(problem);
    }
    problems.iter().map(|problem| problem.key).collect()
}

fn faults(body: &str) -> Vec<&'static str> {
    parse_form(pairs(body)).map_or_else(|problems| keys(&problems), |_| Vec::new())
}

fn post(body: &str) -> PostRequest {
    parse_form(pairs(body)).unwrap()
}

#[test]
fn a_full_form_is_read() {
    let post = post(
        "api_key=k&jurisdiction_id=kota.example&service_code=001&lat=-6.9&long=107.6\
         &address_string=Jalan+Contoh+1&address_id=42&email=a%40kota.example&device_id=d&account_id=ac\
         &first_name=Nama&last_name=Contoh&phone=000&description=Satu%0D%0ADua&media_url=https%3A%2F%2Fkota.example%2F1.jpg\
         &attribute%5BONE%5D=a&attribute[MANY][]=a&attribute%5BMANY%5D%5B%5D=b&unknown=1",
    );
    assert_eq!(post.api_key.as_deref(), Some("k"));
    assert_eq!(post.jurisdiction_id.as_deref(), Some("kota.example"));
    assert_eq!(post.lat_long, Some((-6.9, 107.6)));
    assert_eq!(post.address_string.as_deref(), Some("Jalan Contoh 1"));
    assert_eq!(post.address_id.as_deref(), Some("42"));
    assert_eq!(post.email.as_deref(), Some("a@kota.example"));
    assert_eq!(post.device_id.as_deref(), Some("d"));
    assert_eq!(post.account_id.as_deref(), Some("ac"));
    assert_eq!(post.first_name.as_deref(), Some("Nama"));
    assert_eq!(post.last_name.as_deref(), Some("Contoh"));
    assert_eq!(post.phone.as_deref(), Some("000"));
    assert_eq!(post.description.as_deref(), Some("Satu\nDua"));
    assert_eq!(post.media_urls, ["https://kota.example/1.jpg"]);
    let many = ("MANY".to_owned(), vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(
        post.attributes,
        [("ONE".to_owned(), vec!["a".to_owned()]), many]
    );
}

#[test]
fn empty_is_absent_and_the_first_of_several_counts() {
    let post = post(&format!(
        "{PLACE}&email=&email=+&phone=1&phone=2&attribute[ONE]=&description=%0A"
    ));
    assert_eq!(post.email, None);
    assert_eq!(post.phone.as_deref(), Some("1"));
    assert_eq!(post.description, None);
    assert!(post.attributes.is_empty());
}

#[test]
fn quirks_of_known_clients_are_understood() {
    let post = post(&format!(
        "{PLACE}&deviceid=x&address_id=%23NOTPINPOINTED%23&media_url=https://a.example/1&media_url=https://a.example/2&media_url[]=https://a.example/1"
    ));
    assert_eq!(post.device_id.as_deref(), Some("x"));
    assert_eq!(post.address_id, None);
    assert_eq!(
        post.media_urls,
        ["https://a.example/1", "https://a.example/2"]
    );
}

#[test]
fn a_place_is_needed_and_half_a_coordinate_is_none() {
    let cases: [(&str, &[&str]); 13] = [
        (PLACE, &[]),
        ("service_code=1&address_string=x", &[]),
        ("service_code=1&address_id=x", &[]),
        ("service_code=1&lat=90&long=-180", &[]),
        ("service_code=1", &["open311-location-missing"]),
        (
            "service_code=1&address_id=%23NOTPINPOINTED%23",
            &["open311-location-missing"],
        ),
        ("service_code=1&lat=1", &["open311-lat-without-long"]),
        ("service_code=1&lat=1&long=", &["open311-lat-without-long"]),
        (
            "service_code=1&long=1&address_string=x",
            &["open311-long-without-lat"],
        ),
        ("service_code=1&lat=90.01&long=1", &["open311-lat-invalid"]),
        (
            "service_code=1&lat=NaN&long=180.1",
            &["open311-lat-invalid", "open311-long-invalid"],
        ),
        (
            "service_code=1&lat=inf&long=1e999",
            &["open311-lat-invalid", "open311-long-invalid"],
        ),
        ("lat=1&long=1", &["open311-service-code-missing"]),
    ];
    for (body, expect) in cases {
        assert_eq!(faults(body), expect, "{body}");
    }
}

#[test]
fn every_fault_is_told_at_once() {
    assert_eq!(
        faults("lat=1&media_url=foto.jpg&email=".to_owned().as_str()),
        [
            "open311-service-code-missing",
            "open311-lat-without-long",
            "open311-media-url-invalid"
        ]
    );
}

#[test]
fn a_description_has_at_most_four_thousand_characters_not_bytes() {
    let with = |count: usize, c: &str| format!("{PLACE}&description={}", c.repeat(count));
    assert_eq!(
        post(&with(4000, "é")).description.unwrap().chars().count(),
        4000
    );
    assert_eq!(faults(&with(4001, "é")), ["open311-description-too-long"]);
    // A line break counts once, however the client wrote it.
    assert_eq!(
        faults(&format!("{PLACE}&description=x{}y", "%0D%0A".repeat(3998))),
        Vec::<&str>::new()
    );
    assert_eq!(
        faults(&format!("{PLACE}&phone={}", "1".repeat(1001))),
        ["open311-field-too-long"]
    );
    assert_eq!(
        faults(&format!("{PLACE}&attribute[LINE]={}", "1".repeat(4001))),
        ["open311-field-too-long"]
    );
    let many: String = (0..21)
        .map(|i| format!("&media_url=https://a.example/{i}"))
        .collect();
    assert_eq!(faults(&format!("{PLACE}{many}")), ["open311-list-too-long"]);
}

#[test]
fn control_characters_do_not_get_in() {
    let post = post(&format!(
        "{PLACE}&description=a%00b%08c%1B%EF%BF%BFd%09e&service_code=zz"
    ));
    assert_eq!(post.description.as_deref(), Some("abcd\te"));
    assert_eq!(post.service_code, "001");
}

#[test]
fn answers_are_checked_against_the_definition() {
    let good = "attribute[LINE]=x&attribute[ONE]=a";
    let cases: [(&str, &[&str]); 12] = [
        (good, &[]),
        (
            "attribute[LINE]=x&attribute[ONE]=b&attribute[UNKNOWN]=1&attribute[NUM]=-3.5e2",
            &[],
        ),
        (
            "attribute[MANY][]=a&attribute[MANY][]=b&attribute[LINE]=x&attribute[ONE]=a",
            &[],
        ),
        (
            "attribute[MANY]=b&attribute[WHEN]=2026-11-24T00:00:00%2B07:00&attribute[LINE]=x&attribute[ONE]=a",
            &[],
        ),
        (
            "",
            &["open311-attribute-required", "open311-attribute-required"],
        ),
        (
            "attribute[LINE]=+&attribute[ONE]=a",
            &["open311-attribute-required"],
        ),
        (
            "attribute[LINE]=x&attribute[ONE]=Satu",
            &["open311-attribute-choice"],
        ),
        (
            "attribute[LINE]=x&attribute[ONE][]=a&attribute[ONE][]=b",
            &["open311-attribute-single"],
        ),
        (
            "attribute[LINE]=x&attribute[LINE]=y&attribute[ONE]=a",
            &["open311-attribute-single"],
        ),
        (
            "attribute[MANY][]=a&attribute[MANY][]=c&attribute[LINE]=x&attribute[ONE]=a",
            &["open311-attribute-choice"],
        ),
        (
            "attribute[NUM]=3,5&attribute[LINE]=x&attribute[ONE]=a",
            &["open311-attribute-number"],
        ),
        (
            "attribute[WHEN]=besok&attribute[LINE]=x&attribute[ONE]=a",
            &["open311-attribute-datetime"],
        ),
    ];
    for (body, expect) in cases {
        let problems = validate_attributes(&definition(), &post(&format!("{PLACE}&{body}")));
        assert_eq!(keys(&problems), expect, "{body}");
    }
}

#[test]
fn updates_are_read_with_old_and_new_names() {
    let body = "api_key=k&service_request_id=RPT-1&update_id_ext=9&status=IN_PROGRESS\
                &updated_datetime=2026-11-24T07:00:00.5%2B07:00&description=x&media_url=https://a.example/1\
                &attribute[x]=1&public_anonymity_required=TRUE";
    let update = parse_update(pairs(body), &TimeZone::UTC).unwrap();
    assert_eq!(update.service_request_id, "RPT-1");
    assert_eq!(update.update_id, "9");
    assert_eq!(update.status, UpdateStatus::InProgress);
    assert_eq!(
        emit_datetime(update.updated_datetime),
        "2026-11-24T00:00:00Z"
    );
    assert_eq!(update.media_urls.len() + update.attributes.len(), 2);
    let by_token = body.replace("service_request_id=RPT-1", "token=7.abc");
    let update = parse_update(pairs(&by_token), &TimeZone::UTC).unwrap();
    assert_eq!(update.service_request_id, "7.abc");
    let both = format!("token=7.abc&{body}");
    let update = parse_update(pairs(&both), &TimeZone::UTC).unwrap();
    assert_eq!(update.service_request_id, "RPT-1");

    let cases: [(&str, &[&str]); 3] = [
        ("", &["open311-field-missing"; 4]),
        (
            "service_request_id=1&update_id=1&status=RESOLVED&updated_datetime=2026-11-24",
            &["open311-update-status-unknown"],
        ),
        (
            "service_request_id=1&update_id=1&status=FIXED&updated_datetime=24/11/2026",
            &["open311-date-invalid"],
        ),
    ];
    for (body, expect) in cases {
        assert_eq!(
            keys(&parse_update(pairs(body), &TimeZone::UTC).unwrap_err()),
            expect,
            "{body}"
        );
    }
}

#[test]
fn every_update_status_is_read_back_and_maps_to_the_two_of_the_standard() {
    for status in UpdateStatus::ALL {
        assert_eq!(
            UpdateStatus::parse(&status.as_str().to_uppercase()),
            Some(*status)
        );
    }
    let closed: Vec<&str> = UpdateStatus::ALL
        .iter()
        .filter(|status| status.to_v2() == Some(Status::Closed))
        .map(|status| status.as_str())
        .collect();
    let expect = [
        "closed",
        "fixed",
        "duplicate",
        "not_councils_responsibility",
        "no_further_action",
        "cancelled",
    ];
    assert_eq!(closed, expect);
    assert_eq!(
        UpdateStatus::parse("Action Scheduled"),
        Some(UpdateStatus::ActionScheduled)
    );
    assert_eq!(UpdateStatus::Unchanged.to_v2(), None);
}

#[test]
fn a_debug_print_gives_no_one_away() {
    let post = post(&format!(
        "{PLACE}&api_key=rahasia&email=rahasia&phone=rahasia&description=rahasia&attribute[x]=rahasia"
    ));
    assert!(!format!("{post:?}").contains("rahasia"));
    let body = "api_key=rahasia&service_request_id=1&update_id=1&status=OPEN&updated_datetime=2026-11-24&email=rahasia";
    let update = parse_update(pairs(body), &TimeZone::UTC).unwrap();
    assert!(!format!("{update:?}").contains("rahasia"));
}
