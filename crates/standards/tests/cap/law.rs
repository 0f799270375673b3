//! What is written is read again as it was, whatever it says.

use jiff::tz::{Offset, TimeZone};
use pendopo_domain::alerts::area::{Circle, Ring};
use pendopo_domain::alerts::{
    Category, Certainty, MsgType, ResponseType, Scope, Severity, Status, Urgency,
};
use pendopo_domain::geo::{BoundingBox, Position};
use pendopo_domain::time::Timestamp;
use pendopo_standards::cap::*;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

/// A text as the model has it: something, without blanks around it.
fn text() -> impl Strategy<Value = String> {
    let special = "[a-zA-Zé🚧<>&\"'\n\t ,;:%=\\[\\]]{1,30}";
    special
        .prop_map(|text| text.trim().to_owned())
        .prop_filter("something", |text| !text.is_empty())
}

fn plain() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9@.:/é_-]{1,20}"
}

/// Without a double quote, which a list cannot hold.
fn item() -> impl Strategy<Value = String> {
    text().prop_map(|text| text.replace('"', "'")).boxed()
}

fn time() -> impl Strategy<Value = DateTime> {
    (0_i64..4_000_000_000, -56_i32..56).prop_map(|(seconds, quarters)| {
        let zone = Offset::from_seconds(quarters * 900).unwrap().to_time_zone();
        DateTime::at(Timestamp::from_micros(seconds * 1_000_000), &zone)
    })
}

fn word<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    prop::sample::select(all)
}

fn position() -> impl Strategy<Value = Position> {
    (-180.0_f64..=180.0, -90.0_f64..=90.0)
        .prop_map(|(lon, lat)| Position::new(lon + 0.0, lat + 0.0).unwrap())
}

fn ring() -> impl Strategy<Value = Ring> {
    vec(position(), 3..8).prop_map(|mut positions| {
        positions.push(positions[0]);
        Ring::new(positions).unwrap()
    })
}

fn pair() -> impl Strategy<Value = Pair> {
    (text(), text()).prop_map(|(value_name, value)| Pair { value_name, value })
}

fn area() -> impl Strategy<Value = Area> {
    let circle = (position(), 0.0_f64..20_000.0).prop_map(|(at, km)| Circle::new(at, km).unwrap());
    let height = || of(-1000.0_f64..100_000.0);
    (
        text(),
        vec(ring(), 0..3),
        vec(circle, 0..2),
        vec(pair(), 0..2),
        height(),
        height(),
    )
        .prop_map(
            |(area_desc, polygon, circle, geocode, altitude, ceiling)| Area {
                area_desc,
                polygon,
                circle,
                geocode,
                altitude,
                ceiling,
            },
        )
}

fn resource() -> impl Strategy<Value = Resource> {
    (
        text(),
        plain(),
        of(any::<u64>()),
        of(plain()),
        of("[A-Za-z0-9+/]{4,40}"),
        of("[0-9a-f]{40}"),
    )
        .prop_map(
            |(resource_desc, mime_type, size, uri, deref_uri, digest)| Resource {
                resource_desc,
                mime_type,
                size,
                uri,
                deref_uri,
                digest,
            },
        )
}

fn unique<T: Copy + PartialEq>(all: Vec<T>) -> Vec<T> {
    let mut kept = vec![];
    for one in all {
        if !kept.contains(&one) {
            kept.push(one);
        }
    }
    kept
}

prop_compose! {
    fn info()(
        (language, event, audience) in (of(plain()), text(), of(text())),
        category in vec(word(Category::ALL), 1..4).prop_map(unique),
        response_type in vec(word(ResponseType::ALL), 0..3).prop_map(unique),
        (urgency, severity, certainty) in (word(Urgency::ALL), word(Severity::ALL), word(Certainty::ALL)),
        (effective, onset, expires) in (of(time()), of(time()), of(time())),
        (sender_name, headline, description, instruction) in (of(text()), of(text()), of(text()), of(text())),
        (web, contact) in (of(plain()), of(text())),
        (event_code, parameter) in (vec(pair(), 0..2), vec(pair(), 0..3)),
        resource in vec(resource(), 0..2),
        area in vec(area(), 0..3),
    ) -> Info {
        Info {
            language, category, event, response_type, urgency, severity, certainty, audience, event_code, effective,
            onset, expires, sender_name, headline, description, instruction, web, contact, parameter, resource, area,
        }
    }
}

prop_compose! {
    fn alert()(
        (identifier, sender, sent) in (plain(), plain(), time()),
        (status, msg_type, scope) in (word(Status::ALL), word(MsgType::ALL), word(Scope::ALL)),
        (source, restriction, note) in (of(text()), of(text()), of(text())),
        (addresses, code, incidents) in (vec(item(), 0..3), vec(text(), 0..2), vec(item(), 0..2)),
        references in vec((plain(), plain(), time()), 0..3),
        info in vec(info(), 0..3),
    ) -> Alert {
        let references = references
            .into_iter()
            .map(|(sender, identifier, sent)| Reference { sender, identifier, sent })
            .collect();
        Alert {
            identifier, sender, sent, status, msg_type, source, scope, restriction, addresses, code, note, references,
            incidents, info,
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(alert in alert()) {
        let text = write(&alert);
        let again = read(text.as_bytes()).unwrap();
        prop_assert_eq!(&again.alert, &alert, "{}", text);
        prop_assert_eq!(again.problems, vec![]);
    }

    #[test]
    fn what_is_kept_says_the_same_on_the_wire_again(alert in alert()) {
        let zone = TimeZone::UTC;
        let kept = convert::message(&alert);
        let again = convert::message(&convert::alert(&kept, &zone));
        prop_assert_eq!(kept, again);
    }

    #[test]
    fn bytes_of_any_kind_do_no_harm(bytes in vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
    }

    #[test]
    fn a_message_with_a_byte_changed_does_no_harm(alert in alert(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = write(&alert).into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(read) = read(&bytes) {
            let _ = check(&read.alert);
            let _ = write(&read.alert);
        }
    }
}

/// A warning of a city that breaks nothing.
pub fn good() -> Alert {
    let zone = TimeZone::fixed(Offset::constant(7));
    let at = |hour: i64| {
        DateTime::at(
            Timestamp::from_micros((1_771_250_000 + hour * 3600) * 1_000_000),
            &zone,
        )
    };
    let corner = |lon: f64, lat: f64| Position::new(lon, lat).unwrap();
    let ring = vec![
        corner(104.4, 0.9),
        corner(104.5, 0.9),
        corner(104.5, 1.0),
        corner(104.4, 0.9),
    ];
    let part = |language: &str| Info {
        language: Some(language.to_owned()),
        category: vec![Category::Met],
        event: "Rob".into(),
        response_type: vec![ResponseType::Avoid],
        urgency: Urgency::Immediate,
        severity: Severity::Severe,
        certainty: Certainty::Observed,
        audience: None,
        event_code: vec![],
        effective: Some(at(0)),
        onset: None,
        expires: Some(at(6)),
        sender_name: Some("Pusdalops".into()),
        headline: Some("Rob di pesisir".into()),
        description: Some("Air laut naik.".into()),
        instruction: None,
        web: Some("https://kota.example/peringatan/1".into()),
        contact: None,
        parameter: vec![],
        resource: vec![],
        area: vec![Area {
            area_desc: "Pesisir".into(),
            polygon: vec![Ring::new(ring.clone()).unwrap()],
            circle: vec![],
            geocode: vec![],
            altitude: None,
            ceiling: None,
        }],
    };
    Alert {
        identifier: "kota.example-1".into(),
        sender: "pusdalops@kota.example".into(),
        sent: at(0),
        status: Status::Actual,
        msg_type: MsgType::Alert,
        source: None,
        scope: Scope::Public,
        restriction: None,
        addresses: vec![],
        code: vec![],
        note: None,
        references: vec![],
        incidents: vec![],
        info: vec![part("id"), part("en")],
    }
}

fn laws(alert: &Alert) -> Vec<&'static str> {
    let asked = Asked {
        languages: &["id", "en"],
        within: BoundingBox::new(104.0, 0.5, 105.0, 1.5),
    };
    self_test(alert, asked)
        .iter()
        .map(|one| one.law.word())
        .collect()
}

#[test]
fn a_good_warning_breaks_nothing() {
    assert_eq!(laws(&good()), Vec::<&str>::new());
}

#[test]
fn each_law_is_held() {
    let check = |change: &dyn Fn(&mut Alert), expect: &[&str]| {
        let mut alert = good();
        change(&mut alert);
        assert_eq!(laws(&alert), expect);
    };
    check(&|a| a.identifier = "a b".into(), &["characters"]);
    check(&|a| a.sender = "a,b".into(), &["characters"]);
    check(&|a| a.scope = Scope::Restricted, &["restriction"]);
    check(&|a| a.scope = Scope::Private, &["addresses"]);
    check(&|a| a.msg_type = MsgType::Update, &["references"]);
    check(&|a| a.status = Status::Exercise, &["note"]);
    check(
        &|a| a.info.clear(),
        &["information", "languages", "languages"],
    );
    check(&|a| a.info.truncate(1), &["languages"]);
    let both = |change: fn(&mut Info)| move |a: &mut Alert| a.info.iter_mut().for_each(change);
    check(
        &both(|i| i.response_type = vec![ResponseType::Assess]),
        &["assess", "assess"],
    );
    check(&both(|i| i.web = Some("kota/1".into())), &["web", "web"]);
    check(
        &both(|i| i.area[0].ceiling = Some(1.0)),
        &["ceiling", "ceiling"],
    );
    check(
        &both(|i| i.expires = i.effective.clone()),
        &["expiry", "expiry"],
    );
    check(&both(|i| i.expires = None), &["no-expiry", "no-expiry"]);
    check(&both(|i| i.headline = None), &["headline", "headline"]);
    check(
        &both(|i| i.headline = Some("x".repeat(161))),
        &["headline", "headline"],
    );
    check(
        &both(|i| i.area[0].polygon.clear()),
        &["outline", "outline"],
    );
    check(&both(|i| i.area.clear()), &["outline", "outline"]);
    check(&|a| a.info[1].severity = Severity::Minor, &["unequal"]);
    let far = Circle::new(Position::new(110.0, 1.0).unwrap(), 1.0).unwrap();
    let move_away = move |a: &mut Alert| a.info.iter_mut().for_each(|i| i.area[0].circle.push(far));
    check(&move_away, &["outside", "outside"]);
    check(&|a| a.source = Some("\u{1}".into()), &["round-trip"]);
}
