use pendopo_domain::entities::Command;
use pendopo_domain::policy::{Action, Actor, Grant, Scope, Who};
use pendopo_domain::time::Clock;
use pendopo_operations::configuration::{self, Profile, Starter};
use pendopo_operations::entities;
use pendopo_standards::ngsi_ld::{Context, Document};
use pendopo_testkit::{TestCity, both_databases};

use super::*;

const WATER: &str = r#"{"id": "urn:ngsi-ld:Subscription:water", "type": "Subscription",
    "entities": [{"type": "WaterLevelObserved"}], "watchedAttributes": ["level"],
    "notification": {"format": "keyValues",
        "endpoint": {"uri": "http://127.0.0.1:9/", "accept": "application/json"}}}"#;

async fn founded(test: &TestCity) -> City {
    let profile = Profile {
        name: "Kota Manado".into(),
        code: String::new(),
        province: String::new(),
        zone: "Asia/Makassar".into(),
        zone_abbreviation: "WITA".into(),
        domain: String::new(),
        emergency_phone: String::new(),
        bbox: [124.6, 1.4, 125.0, 1.7],
        demo: false,
        holidays: vec![],
    };
    let store = test.another_node().await;
    let now = test.clock.now();
    configuration::found(&store, profile, Starter::default(), now)
        .await
        .unwrap();
    City::new("manado", store, test.clock.clone(), test.entropy.clone())
        .await
        .unwrap()
}

fn system() -> Actor {
    let actions = [Action::SubscribeEntities, Action::WriteEntities].into();
    Actor {
        who: Who::City,
        grants: vec![Grant {
            actions,
            scope: Scope::City,
            position: None,
        }],
    }
}

fn gauge(level: f64) -> Command {
    let body = format!(
        r#"{{"id": "urn:ngsi-ld:WaterLevelObserved:1", "type": "WaterLevelObserved",
            "level": {{"type": "Property", "value": {level}}}}}"#
    );
    let document = Document::parse(body.as_bytes()).unwrap();
    Command::Record(document.entity(&Context::core()).unwrap())
}

both_databases! {
    async fn a_change_is_told_although_its_entity_was_deleted_and_made_anew(test: TestCity) {
        let city = founded(&test).await;
        let one = "urn:ngsi-ld:Subscription:water";
        subscriptions::create(&city, &system(), one, WATER.to_owned(), None).await.unwrap();
        let id: Iri = "urn:ngsi-ld:WaterLevelObserved:1".into();
        for commands in [
            vec![gauge(1.5)],
            vec![gauge(2.5)],
            vec![gauge(3.5), Command::Delete { id: id.clone() }],
            vec![gauge(4.5)],
            vec![gauge(5.5)],
            vec![Command::Delete { id }],
        ] {
            let done = entities::write(&city, &system(), commands).await.unwrap();
            assert!(done.iter().all(Result::is_ok));
        }
        let mut matcher = Matcher::default();
        matcher.step(&city, &Contexts::default()).await.unwrap();
        let waiting = subscriptions::waiting(&city, one, 10).await.unwrap();
        let told: Vec<f64> = waiting
            .iter()
            .flat_map(|one| {
                let letter: compiled::Letter = serde_json::from_str(&one.body).unwrap();
                let body: serde_json::Value = serde_json::from_str(&letter.body).unwrap();
                let data = body["data"].as_array().unwrap().clone();
                data.into_iter().map(|entity| entity["level"].as_f64().unwrap())
            })
            .collect();
        assert_eq!(told, [1.5, 2.5, 3.5, 4.5, 5.5]);
    }
}
