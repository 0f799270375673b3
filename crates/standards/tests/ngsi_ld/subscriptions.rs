//! Subscriptions: what is read, refused, changed and written.

use pendopo_domain::time::Timestamp;
use pendopo_standards::ngsi_ld::subscription::{
    Account, Kind as Told, Status, Trigger, notification,
};
use pendopo_standards::ngsi_ld::{Context, Document, Kind, Problem, Subscription};
use serde_json::{Value as Tree, json};

use crate::support::{NOW, city, created};

const TO: &str = r#""notification":{"endpoint":{"uri":"http://localhost:1111/notify"}}"#;

fn read(body: &str) -> Result<Subscription, Problem> {
    Subscription::read(&Document::parse(body.as_bytes())?, &city(), NOW)
}

fn with(members: &str) -> String {
    format!(r#"{{"id":"urn:ngsi-ld:Subscription:1","type":"Subscription",{members}}}"#)
}

fn good(members: &str) -> Subscription {
    let body = with(members);
    read(&body).unwrap_or_else(|problem| panic!("{problem}: {body}"))
}

fn written(subscription: &Subscription, context: &Context, account: &Account) -> Tree {
    let mut out = vec![];
    subscription.write(&mut out, context, account, NOW, None, None);
    serde_json::from_slice(&out).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&out)))
}

const FULL: &str = r#""subscriptionName":"n","description":"d","entities":[{"type":"Building|Tower"},
    {"id":"urn:x:1","idPattern":"urn:.*","type":"Building"}],"watchedAttributes":["name","level"],
    "notificationTrigger":["entityCreated","attributeDeleted"],"throttling":15,"q":"ex:name==\"Eiffel%20Tower\"",
    "geoQ":{"georel":"near;maxDistance==2000","geometry":"Point","coordinates":[1,2],"geoproperty":"ex:place"},
    "scopeQ":"/A/#","csf":"level>1","isActive":true,"expiresAt":"2030-01-01T00:00:00Z","lang":"fr",
    "datasetId":["urn:d:1","@none"],"notification":{"attributes":["name"],"format":"keyValues","sysAttrs":true,
    "showChanges":false,"join":"flat","joinLevel":2,"endpoint":{"uri":"mqtt://x.example:1883/a",
    "accept":"application/ld+json","receiverInfo":[{"key":"X-A","value":"b"}],
    "notifierInfo":[{"key":"MQTT-QoS","value":"1"}],"timeout":500,"cooldown":2.5}},
    "jsonldContext":"https://a.example/c""#;

#[test]
fn a_subscription_is_written_as_it_was_read() {
    let subscription = good(FULL);
    let mut expect: Tree = serde_json::from_str(&with(FULL)).unwrap();
    expect["status"] = "active".into();
    let account = Account::default();
    assert_eq!(written(&subscription, &city(), &account), expect);
    // With other names it means the same.
    let core = Context::core();
    let long = written(&subscription, &core, &account);
    assert_eq!(
        long["watchedAttributes"][0],
        "https://city.example/terms#name"
    );
    let entity = r#"{"id":"urn:x:1","type":"Building","scope":"/A/B","name":"Eiffel Tower",
        "ex:place":{"type":"Point","coordinates":[1,2]}}"#;
    assert!(subscription.holds(&created(entity, &city())));
    for other in ["urn:x:1 ", "/A/B", "Eiffel", "[1,2]"] {
        let changed = match other {
            "/A/B" => entity.replace(other, "/B"),
            "Eiffel" => entity.replace(other, "Pisa"),
            "[1,2]" => entity.replace(other, "[3,4]"),
            _ => entity.replace("Building", "Bus"),
        };
        assert!(
            !subscription.holds(&created(&changed, &city())),
            "{changed}"
        );
    }
}

#[test]
fn defaults_are_those_of_the_standard() {
    let subscription = good(&format!(r#""entities":[{{"type":"Building"}}],{TO}"#));
    assert_eq!(
        subscription.triggers(),
        [Trigger::AttributeCreated, Trigger::AttributeUpdated]
    );
    let account = Account {
        times_sent: 2,
        times_failed: 1,
        last_notification: Some(NOW),
        last_success: Some(Timestamp::from_micros(0)),
        last_failure: Some(NOW),
    };
    assert_eq!(
        written(&subscription, &city(), &account),
        json!({"id": "urn:ngsi-ld:Subscription:1", "type": "Subscription", "entities": [{"type": "Building"}],
            "notificationTrigger": ["attributeCreated", "attributeUpdated"], "status": "active",
            "notification": {"endpoint": {"uri": "http://localhost:1111/notify"}, "status": "failed", "timesSent": 2,
            "timesFailed": 1, "lastNotification": "2026-11-24T00:00:00Z", "lastSuccess": "1970-01-01T00:00:00Z",
            "lastFailure": "2026-11-24T00:00:00Z"}})
    );
    let paused = good(&format!(
        r#""isActive":false,"entities":[{{"type":"Building"}}],{TO}"#
    ));
    assert_eq!(paused.status(NOW), Status::Paused);
    let ending = good(&format!(
        r#""expiresAt":"2026-11-24T00:00:01Z","entities":[{{"type":"Building"}}],{TO}"#
    ));
    assert_eq!(ending.status(NOW), Status::Active);
    assert_eq!(ending.status(NOW.plus_days(1)), Status::Expired);
    let free = r#"{"type":"Subscription","expiresAt":null,"watchedAttributes":["a"],"notification":{"endpoint":
        {"uri":"http://localhost/"}}}"#;
    assert_eq!(read(free).unwrap().id, None);
}

/// Members that make no subscription.
fn forbidden() -> Vec<String> {
    let entities = r#""entities":[{"type":"Building"}]"#;
    vec![
        TO.to_owned(),
        entities.to_owned(),
        format!(r#"{entities},"notification":{{}}"#),
        format!(r#"{entities},"notification":{{"endpoint":{{}}}}"#),
        format!(r#"{entities},"notification":{{"endpoint":{{"uri":"x"}}}}"#),
        format!(
            r#"{entities},"notification":{{"endpoint":{{"uri":"http://a/","accept":"text/html"}}}}"#
        ),
        format!(r#"{entities},"notification":{{"format":"x","endpoint":{{"uri":"http://a/"}}}}"#),
        format!(
            r#"{entities},"notification":{{"attributes":["id"],"pick":["id"],"endpoint":{{"uri":"http://a/"}}}}"#
        ),
        format!(
            r#"{entities},"notification":{{"attributes":["a"],"omit":["id"],"endpoint":{{"uri":"http://a/"}}}}"#
        ),
        format!(
            r#"{entities},"notification":{{"pick":["id"],"omit":["id"],"endpoint":{{"uri":"http://a/"}}}}"#
        ),
        format!(
            r#"{entities},"notification":{{"showChanges":true,"format":"keyValues","endpoint":{{"uri":"http://a/"}}}}"#
        ),
        format!(
            r#"{entities},"notification":{{"endpoint":{{"uri":"http://a/","receiverInfo":[{{"key":"a","value":"b\nc"}}]}}}}"#
        ),
        format!(r#"{entities},{TO},"throttling":-30"#),
        format!(r#"{entities},{TO},"throttling":0"#),
        format!(r#"{entities},{TO},"throttling":"5""#),
        format!(r#"{entities},{TO},"throttling":30,"timeInterval":10"#),
        format!(r#"{entities},{TO},"watchedAttributes":["a"],"timeInterval":10"#),
        format!(r#"{entities},{TO},"watchedAttributes":[]"#),
        format!(r#"{entities},{TO},"watchedAttributes":"a""#),
        format!(r#"{entities},{TO},"notificationTrigger":["x"]"#),
        format!(r#"{entities},{TO},"expiresAt":"2018-08-01T22:07:00Z""#),
        format!(r#"{entities},{TO},"expiresAt":"tomorrow""#),
        format!(r#"{entities},{TO},"q":"a=="#),
        format!(r#"{entities},{TO},"q":"a==""#),
        format!(r#"{entities},{TO},"scopeQ":"/""#),
        format!(r#"{entities},{TO},"geoQ":{{"georel":"near"}}"#),
        format!(r#"{entities},{TO},"jsonldContext":"unknownContext""#),
        format!(r#"{entities},{TO},"datasetId":"x""#),
        format!(r#"{entities},{TO},"isActive":"yes""#),
        format!(r#""entities":[],{TO}"#),
        format!(r#""entities":[3],{TO}"#),
        format!(r#""entities":[{{"type":"A B"}}],{TO}"#),
        format!(r#""entities":[{{"id":"x"}}],{TO}"#),
        format!(r#""entities":[{{"idPattern":"("}}],{TO}"#),
        format!(r#""entities":[{{"kind":"x"}}],{TO}"#),
    ]
}

#[test]
fn what_the_rules_forbid_is_refused() {
    let entities = r#""entities":[{"type":"Building"}]"#;
    for members in forbidden() {
        match read(&with(&members)) {
            Ok(_) => panic!("{members} was read"),
            Err(problem) if members.ends_with("a==") => {
                assert_eq!(problem.kind, Kind::InvalidRequest);
            }
            Err(problem) => assert_eq!(problem.kind, Kind::BadRequestData, "{members}"),
        }
    }
    for body in [
        "{}".to_owned(),
        format!(r#"{{"id":"urn:x:1",{entities},{TO}}}"#),
        format!(r#"{{"type":"RandomType",{entities},{TO}}}"#),
        format!(r#"{{"id":"x","type":"Subscription",{entities},{TO}}}"#),
    ] {
        assert_eq!(
            read(&body).unwrap_err().kind,
            Kind::BadRequestData,
            "{body}"
        );
    }
}

#[test]
fn members_are_replaced_and_taken_away() {
    let context = city();
    let subscription = good(FULL);
    let patch = |body: &str, now| {
        let document = Document::parse(body.as_bytes()).unwrap();
        subscription.patched(&document, &context, now)
    };
    let changed = patch(
        r#"{"type":"Subscription","id":"urn:other:1","isActive":false,"q":null,"watchedAttributes":"urn:ngsi-ld:null",
            "description":"new"}"#,
        NOW,
    )
    .unwrap();
    assert_eq!(changed.id, subscription.id);
    assert_eq!(changed.status(NOW), Status::Paused);
    assert!(changed.q.is_none() && changed.watched.is_empty() && changed.scope_q.is_some());
    assert_eq!(changed.description.as_deref(), Some("new"));
    // A subscription that is over may be changed, and given another end.
    let later = NOW.plus_days(10_000);
    assert!(patch(r#"{"isActive":true}"#, later).is_ok());
    for body in [
        "{}",
        r#"{"notification":{"format":"keyValues"}}"#,
        r#"{"notification":{"format":"keyValues","endpoint":null}}"#,
        r#"{"notification":null}"#,
        r#"{"timeInterval":5}"#,
        r#"{"entities":null,"watchedAttributes":null}"#,
        r#"{"expiresAt":"2020-08-01T22:07:00Z"}"#,
        r#"{"type":"Other"}"#,
    ] {
        assert_eq!(
            patch(body, NOW).unwrap_err().kind,
            Kind::BadRequestData,
            "{body}"
        );
    }
}

#[test]
fn a_query_of_other_names_is_written_with_the_names_of_the_reader() {
    let core = Context::core();
    let subscription = good(&format!(
        r#""entities":[{{"type":"Building"}}],"q":"name==1;level.a>2",{TO}"#
    ));
    let tree = written(&subscription, &core, &Account::default());
    assert_eq!(tree["q"], "https://city.example/terms#name==1;level.a>2");
    let body = tree.to_string();
    let again = Subscription::read(&Document::parse(body.as_bytes()).unwrap(), &core, NOW).unwrap();
    assert_eq!(written(&again, &core, &Account::default()), tree);
}

#[test]
fn a_notification_has_its_document() {
    let out = notification(
        Told::Entities,
        "urn:n:1",
        "urn:s:1",
        NOW,
        br#"[{"id":"urn:x:1"}]"#,
        Some("\"https://a.example/c\""),
    );
    assert_eq!(
        serde_json::from_slice::<Tree>(&out).unwrap(),
        json!({"id": "urn:n:1", "type": "Notification", "subscriptionId": "urn:s:1", "notifiedAt": "2026-11-24T00:00:00Z",
            "data": [{"id": "urn:x:1"}], "@context": "https://a.example/c"})
    );
    let out = notification(
        Told::ContextSources("newlyMatching"),
        "urn:n:1",
        "urn:s:1",
        NOW,
        b"[]",
        None,
    );
    let tree: Tree = serde_json::from_slice(&out).unwrap();
    assert_eq!(tree["type"], "ContextSourceNotification");
    assert_eq!(tree["triggerReason"], "newlyMatching");
}
