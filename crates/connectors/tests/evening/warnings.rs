//! The weather alert that comes, the warning that goes out, and the all-clear.

use std::path::PathBuf;

use pendopo_connectors::alerts::{read, writer};
use pendopo_domain::alerts::draft::{Content, Words};
use pendopo_domain::alerts::{
    AlertId, Category, Certainty, MsgType, ResponseType, Severity, Status, Urgency,
};
use pendopo_domain::geo::AreaId;
use pendopo_domain::incidents::IncidentId;
use pendopo_operations::alerts::compose::{self, From};
use pendopo_operations::alerts::publish::{self, Published};
use pendopo_operations::alerts::{self, Carrier, Outcome};
use pendopo_operations::{Error, Problem};
use pendopo_standards::cap;

use crate::stage::{Evening, three_kecamatan};
use crate::xmllint::invalid;

const PAGE: &str = "https://uji.example/peringatan";

/// A weather alert as an agency writes it, for the three western kecamatan.
fn weather() -> String {
    format!(
        "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>rob-1</identifier>\
         <sender>warn@weather.example</sender><sent>2026-11-23T18:58:00+07:00</sent><status>Actual</status>\
         <msgType>Alert</msgType><scope>Public</scope><info><language>id</language><category>Met</category>\
         <event>Pasang maksimum</event><urgency>Expected</urgency><severity>Moderate</severity>\
         <certainty>Likely</certainty><expires>2026-11-23T23:00:00+07:00</expires>\
         <headline>Pasang maksimum di pesisir</headline><area><areaDesc>Pesisir</areaDesc>\
         <polygon>{}</polygon></area></info></alert>",
        three_kecamatan()
    )
}

/// The feed of the weather agency brings its alert, twice as feeds do. Returns how many kecamatan it covers.
pub async fn weather_comes(evening: &mut Evening) -> usize {
    let city = evening.city.as_it_is();
    let carrier = || Carrier {
        name: "feed:weather".into(),
        by_hand: false,
        newer_replaces: false,
    };
    let document = || vec![read(weather().as_bytes()).unwrap()];
    let first = alerts::receive(city, carrier(), document()).await.unwrap();
    let again = alerts::receive(city, carrier(), document()).await.unwrap();
    let [Outcome::New(id)] = first[..] else {
        panic!("{first:?}")
    };
    assert_eq!(again, [Outcome::Known(id)]);
    evening.city.catch_up().await;
    let banner = alerts::headlines(evening.city.as_it_is()).await.unwrap();
    assert_eq!(banner.len(), 1);
    assert_eq!(banner[0].kept.message.infos[0].event, "Pasang maksimum");
    banner[0].kept.matched.areas.len()
}

fn content(areas: Vec<AreaId>) -> Content {
    let words = |event: &str, headline: &str| Words {
        event: event.into(),
        headline: headline.into(),
        description: headline.into(),
        instruction: String::new(),
    };
    let words = [
        ("id", words("Rob", "Air laut naik sampai lutut di pesisir")),
        (
            "en",
            words("Tidal flood", "The sea is knee-deep at the shore"),
        ),
    ];
    Content {
        msg_type: MsgType::Alert,
        status: Status::Actual,
        category: Category::Met,
        response_types: vec![ResponseType::Avoid],
        urgency: Urgency::Immediate,
        severity: Severity::Severe,
        certainty: Certainty::Observed,
        holds_minutes: 120,
        event_code: None,
        areas,
        note: None,
        words: words
            .map(|(language, words)| (language.to_owned(), words))
            .into(),
    }
}

fn here(evening: &Evening) -> Vec<AreaId> {
    let configuration = evening.city.as_it_is().configuration();
    configuration
        .areas
        .iter()
        .take(3)
        .map(|one| one.id)
        .collect()
}

/// An operator writes a warning, about an incident if there is one; a second one publishes it.
pub async fn warns(evening: &mut Evening, incident: Option<IncidentId>) -> AlertId {
    let from = From {
        incident,
        follows: None,
    };
    publish(evening, from, content(here(evening))).await
}

/// The danger is over: an update of that warning.
pub async fn all_clear(evening: &mut Evening, warning: AlertId) -> AlertId {
    let from = From {
        incident: None,
        follows: Some(warning),
    };
    publish(evening, from, content(here(evening)).all_clear()).await
}

async fn publish(evening: &mut Evening, from: From, content: Content) -> AlertId {
    let (city, people) = (evening.city.as_it_is(), &evening.people);
    let (author, second) = (&people.operator, &people.second);
    let write = writer();
    let id = compose::begin(city, author, from, content).await.unwrap();
    compose::submit(city, author, id).await.unwrap();
    let own = publish::approve(city, author, id, PAGE, write.write()).await;
    let Err(Error::Invalid(why)) = own else {
        panic!("{own:?}")
    };
    assert_eq!(why[0].problem, Problem::OwnWork);
    let dispatcher = publish::approve(city, &people.dispatcher, id, PAGE, write.write()).await;
    assert!(matches!(dispatcher, Err(Error::Denied(_))));
    let published = publish::approve(city, second, id, PAGE, write.write()).await;
    let Published::Alert(alert) = published.unwrap() else {
        panic!("it is broken")
    };
    evening.city.catch_up().await;
    alert
}

/// What the city's feeds list first is `alert`; returns its document, read by everyone.
pub async fn listed_first(evening: &Evening, alert: AlertId, listed: usize) -> String {
    let city = evening.city.as_it_is();
    let all = alerts::published(city).await.unwrap();
    assert_eq!(all.len(), listed);
    assert_eq!(all[0].kept.id, alert);
    let bytes = alerts::document(city, &city.public(), alert).await.unwrap();
    let bytes = bytes.unwrap();
    let read = cap::read(&bytes).unwrap();
    assert_eq!((read.problems.len(), cap::check(&read.alert).len()), (0, 0));
    let languages: Vec<_> = read
        .alert
        .info
        .iter()
        .map(|info| info.language.clone())
        .collect();
    assert_eq!(languages, ["id", "en"].map(|one| Some(one.to_owned())));
    String::from_utf8(bytes).unwrap()
}

/// The document is valid by the schema of CAP 1.2. Says why that could not be asked, when it could not.
pub fn is_valid(document: &str) -> Option<&'static str> {
    let Some(folder) = std::env::var_os("PENDOPO_DATA").filter(|one| !one.is_empty()) else {
        return Some("reads the schema of CAP 1.2 in recorded data; PENDOPO_DATA is not set");
    };
    let schema = PathBuf::from(folder).join("cap/CAP-v1.2.xsd");
    let wrong = document.replace("<scope>Public</scope>", "");
    let Some(refused) = invalid(&schema, &wrong) else {
        return Some("validates by xmllint, which is not installed");
    };
    assert!(refused.is_some(), "the schema takes what it must not");
    assert_eq!(invalid(&schema, document).unwrap(), None, "{document}");
    None
}
