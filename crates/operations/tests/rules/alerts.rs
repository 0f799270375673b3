//! Official CAP alerts that a rule waits for.

use pendopo_domain::alarms::State;
use pendopo_domain::alerts::Message;
use pendopo_domain::alerts::area::{Area, Ring};
use pendopo_domain::geo::Position;
use pendopo_operations::alerts::{self, Carrier, Document};
use pendopo_testkit::{TestCity, both_databases};

use crate::fixture::{City, weather};

/// A message of the weather agency for a square in the middle of the city, or far away from it.
fn message(
    city: &City,
    identifier: &str,
    severity: &str,
    is_here: bool,
    cancels: Option<&Message>,
) -> Message {
    let sent = city.at(0);
    let words = serde_json::json!({
        "identifier": identifier, "sender": "weather.example", "sent": sent, "sent_text": "x",
        "status": "Actual", "msg_type": if cancels.is_some() { "Cancel" } else { "Alert" }, "scope": "Public",
        "source": null, "restriction": null, "addresses": [], "codes": [], "note": null,
        "references": cancels.map(Message::as_reference).into_iter().collect::<Vec<_>>(), "incidents": [],
        "infos": [{
            "language": "id", "categories": ["Met"], "event": "Hujan lebat", "response_types": [],
            "urgency": "Immediate", "severity": severity, "certainty": "Observed", "audience": null,
            "event_codes": [], "effective": null, "onset": null, "expires": city.at(3_600), "sender_name": null,
            "headline": null, "description": null, "instruction": null, "web": null, "contact": null,
            "parameters": [], "resources": [], "areas": [],
        }],
    });
    let mut message: Message = serde_json::from_value(words).unwrap();
    let west = if is_here { 104.45 } else { 120.0 };
    let corners = [
        (west, 0.9),
        (west + 0.1, 0.9),
        (west + 0.1, 0.95),
        (west, 0.9),
    ];
    let ring = corners.map(|(lon, lat)| Position::new(lon, lat).unwrap());
    message.infos[0].areas = vec![Area {
        desc: "Pesisir".into(),
        rings: vec![Ring::new(ring.to_vec()).unwrap()],
        circles: vec![],
        geocodes: vec![],
        altitude_ft: None,
        ceiling_ft: None,
    }];
    message
}

async fn comes(city: &mut City, message: &Message) {
    let document = Document {
        bytes: message.identifier.clone().into_bytes(),
        message: message.clone(),
        problems: vec![],
        signatures: 0,
    };
    let carrier = Carrier {
        name: "feed:weather".into(),
        by_hand: false,
        newer_replaces: false,
    };
    alerts::receive(city.as_it_is(), carrier, vec![document])
        .await
        .unwrap();
    city.catch_up().await;
}

both_databases! {
    async fn an_official_alert_raises_an_alarm_and_its_cancel_ends_it(test: TestCity) {
        let mut city = City::found(test, vec![weather()]).await;
        let lesser = message(&city, "1", "Minor", true, None);
        comes(&mut city, &lesser).await;
        let elsewhere = message(&city, "2", "Extreme", false, None);
        comes(&mut city, &elsewhere).await;
        assert!(city.alarms().await.is_empty());
        let grave = message(&city, "3", "Extreme", true, None);
        comes(&mut city, &grave).await;
        let raised = [("cuaca/resmi".to_owned(), State::Unacknowledged)];
        assert_eq!(city.open().await, raised);
        let area = city.alarms().await[0].area;
        assert!(area.is_some(), "it names the place of the alert");
        // The process that runs the rules is gone, and the same comes again: nothing is new.
        city.killed();
        comes(&mut city, &grave).await;
        assert_eq!(city.open().await, raised);
        city.minutes(1).await;
        let cancel = message(&city, "4", "Extreme", true, Some(&grave));
        comes(&mut city, &cancel).await;
        assert_eq!(city.open().await, [("cuaca/resmi".to_owned(), State::Returned)]);
        assert_eq!(city.alarms().await[0].times, 1);
    }

    async fn an_alert_that_expires_ends_its_alarm(test: TestCity) {
        let mut city = City::found(test, vec![weather()]).await;
        let grave = message(&city, "1", "Severe", true, None);
        comes(&mut city, &grave).await;
        let alarm = city.alarms().await.remove(0);
        pendopo_operations::alarms::acknowledge(city.as_it_is(), &crate::fixture::it_staff(), alarm.id).await.unwrap();
        city.minutes(59).await;
        alerts::tend(city.as_it_is()).await.unwrap();
        city.catch_up().await;
        assert_eq!(city.open().await, [("cuaca/resmi".to_owned(), State::Acknowledged)]);
        city.minutes(2).await;
        alerts::tend(city.as_it_is()).await.unwrap();
        city.catch_up().await;
        assert!(city.open().await.is_empty());
    }
}
