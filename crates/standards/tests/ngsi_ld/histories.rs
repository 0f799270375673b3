//! Histories: the question, the body, the answer.

use std::sync::Arc;

use pendopo_domain::entities::command::Fragment;
use pendopo_domain::entities::{Attribute, Command, Effect, Entity, Iri, decide};
use pendopo_domain::time::Timestamp;
use pendopo_standards::ngsi_ld::temporal::{
    History, Method, Moment, Params, Representation, Series, Temporal, TimeProperty, Window,
    aggregates, history,
};
use pendopo_standards::ngsi_ld::{
    Context, Document, Format, Kind, Problem, Selection, View, names, select,
};
use serde_json::{Value as Tree, json};

use crate::support::{NOW, city};

fn at(text: &str) -> Timestamp {
    names::instant(text).unwrap()
}

const BODY: &str = r#"{"id":"urn:ngsi-ld:Vehicle:1","type":"Vehicle","scope":"/A","speed":[
    {"type":"Property","value":120,"observedAt":"2020-08-01T12:03:00Z"},
    {"type":"Property","value":80,"observedAt":"2020-08-01T12:05:00Z"},
    {"type":"Property","value":60,"observedAt":"2020-08-01T12:07:00Z","datasetId":"urn:d:1"}],
    "street":[{"languageMap":{"fr":"Place"},"observedAt":"2020-08-01T12:03:00Z"}],
    "use":{"type":"VocabProperty","vocab":"monument","observedAt":"2020-08-01T12:03:00Z"},
    "locatedAt":[{"object":"urn:x:1","observedAt":"2020-08-01T12:03:00Z"},
    {"object":"urn:x:2","observedAt":"2020-08-01T12:05:00Z"}],
    "raw":[{"json":{"a":1},"observedAt":"2020-08-01T12:03:00Z"}]}"#;

/// The entity without attributes, and each instance as an attribute.
fn split(fragment: Fragment) -> (Arc<Entity>, Vec<Arc<Attribute>>) {
    let made = |fragment| match decide(None, Command::Create(fragment), NOW) {
        Ok((Some(Effect::Put(entity)), _)) => entity,
        other => panic!("{other:?}"),
    };
    let mut instances = vec![];
    for patch in &fragment.attributes {
        let one = Fragment {
            attributes: vec![patch.clone()],
            ..fragment.clone()
        };
        instances.push(Arc::clone(&made(one).attributes[0]));
    }
    let head = Fragment {
        attributes: vec![],
        ..fragment
    };
    (made(head), instances)
}

fn read(context: &Context) -> (Arc<Entity>, Vec<Arc<Attribute>>) {
    split(
        Document::parse(BODY.as_bytes())
            .unwrap()
            .history(None, context)
            .unwrap(),
    )
}

fn told<'a>(head: &'a Entity, moments: &'a [Moment<'a>], property: TimeProperty) -> History<'a> {
    History {
        head,
        deleted_at: None,
        moments,
        elsewhere: &[],
        property,
    }
}

fn written(view: &View<'_>) -> Tree {
    let context = city();
    let (head, instances) = read(&context);
    let moments: Vec<Moment<'_>> = instances
        .iter()
        .map(|attribute| Moment {
            attribute,
            instance_id: None,
            deleted_at: None,
        })
        .collect();
    let mut out = vec![];
    assert!(history(
        &mut out,
        &told(&head, &moments, TimeProperty::ObservedAt),
        &context,
        view
    ));
    serde_json::from_slice(&out).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&out)))
}

#[test]
fn a_history_is_read_and_written_as_instances() {
    let tree = written(&View::default());
    let speed = json!([
        {"type": "Property", "value": 120, "observedAt": "2020-08-01T12:03:00Z"},
        {"type": "Property", "value": 80, "observedAt": "2020-08-01T12:05:00Z"},
        {"type": "Property", "value": 60, "observedAt": "2020-08-01T12:07:00Z", "datasetId": "urn:d:1"},
    ]);
    assert_eq!(tree["speed"], speed);
    assert_eq!(tree["scope"], "/A");
    assert_eq!(
        tree["use"],
        json!([{"type": "VocabProperty", "vocab": "monument", "observedAt": "2020-08-01T12:03:00Z"}])
    );
    let selection = Selection::parse(None, Some("id,speed"), None, &city()).unwrap();
    let datasets = select::datasets("urn:d:1").unwrap();
    let view = View {
        selection: Some(&selection),
        datasets: &datasets,
        ..View::default()
    };
    assert_eq!(
        written(&view),
        json!({"id": "urn:ngsi-ld:Vehicle:1", "speed": [speed[2]]})
    );
}

#[test]
fn a_history_is_written_as_values_and_times() {
    let view = View {
        format: Format::Simplified,
        ..View::default()
    };
    let first = "2020-08-01T12:03:00Z";
    assert_eq!(
        written(&view),
        json!({"id": "urn:ngsi-ld:Vehicle:1", "type": "Vehicle", "scope": "/A",
            "speed": [{"type": "Property", "values": [[120, first], [80, "2020-08-01T12:05:00Z"]]},
                {"type": "Property", "datasetId": "urn:d:1", "values": [[60, "2020-08-01T12:07:00Z"]]}],
            "street": {"type": "LanguageProperty", "languageMaps": [[{"languageMap": {"fr": "Place"}}, first]]},
            "use": {"type": "VocabProperty", "vocabs": [[{"vocab": "monument"}, first]]},
            "locatedAt": {"type": "Relationship", "objects": [["urn:x:1", first], ["urn:x:2", "2020-08-01T12:05:00Z"]]},
            "raw": {"type": "JsonProperty", "jsons": [[{"json": {"a": 1}}, first]]}})
    );
}

#[test]
fn what_was_taken_away_has_the_word_for_null_and_ids_are_told() {
    let context = city();
    let (head, instances) = read(&context);
    let deleted = |n: usize| Moment {
        attribute: &instances[n],
        instance_id: Some("urn:i:1"),
        deleted_at: Some(NOW),
    };
    let moments = [deleted(0), deleted(3)];
    let tree = |view: &View<'_>| {
        let mut out = vec![];
        history(
            &mut out,
            &told(&head, &moments, TimeProperty::DeletedAt),
            &context,
            view,
        );
        serde_json::from_slice::<Tree>(&out).unwrap()
    };
    let end = "2026-11-24T00:00:00Z";
    let normalized = tree(&View::default());
    assert_eq!(
        normalized["speed"],
        json!([{"type": "Property", "value": "urn:ngsi-ld:null", "deletedAt": end, "instanceId": "urn:i:1"}])
    );
    assert_eq!(
        normalized["street"][0]["languageMap"],
        json!({"@none": "urn:ngsi-ld:null"})
    );
    let simple = tree(&View {
        format: Format::Simplified,
        ..View::default()
    });
    assert_eq!(
        simple["speed"],
        json!({"type": "Property", "values": [["urn:ngsi-ld:null", end]]})
    );
}

#[test]
fn what_was_counted_is_written_by_method() {
    let context = city();
    let (head, _) = read(&context);
    let name: Iri = context.expand_name("speed");
    let (from, to) = (at("2020-08-01T12:00:00Z"), at("2020-08-01T13:00:00Z"));
    let series = [Series {
        name: &name,
        dataset: None,
        kind: "Property",
        methods: vec![
            (Method::Avg, vec![(100.5, from, to)]),
            (Method::Stddev, vec![(f64::NAN, from, to)]),
        ],
    }];
    let mut out = vec![];
    assert!(aggregates(
        &mut out,
        &head,
        &series,
        &context,
        &View::default()
    ));
    let (from, to) = ("2020-08-01T12:00:00Z", "2020-08-01T13:00:00Z");
    assert_eq!(
        serde_json::from_slice::<Tree>(&out).unwrap()["speed"],
        json!({"type": "Property", "avg": [[100.5, from, to]], "stddev": [[null, from, to]]})
    );
}

#[test]
fn histories_that_are_none_are_refused() {
    let context = city();
    let id: Iri = "urn:x:1".into();
    for body in [
        "{}",
        r#"{"id":"urn:x:1"}"#,
        r#"{"id":"urn:x:1","type":"T","a":[{"type":"Property"}]}"#,
        r#"{"id":"urn:x:1","type":"T","a":[{"type":"Property","value":1,"observedAt":"x"}]}"#,
    ] {
        let document = Document::parse(body.as_bytes()).unwrap();
        assert_eq!(
            document.history(None, &context).unwrap_err().kind,
            Kind::BadRequestData,
            "{body}"
        );
    }
    assert!(
        Document::parse(b"{}")
            .unwrap()
            .history(Some(&id), &context)
            .is_err()
    );
    let part = br#"{"a":[{"value":1,"observedAt":"2020-01-01T00:00:00Z"},{"value":2,"observedAt":"2020-01-01T00:00:01Z"}]}"#;
    let fragment = Document::parse(part)
        .unwrap()
        .history(Some(&id), &context)
        .unwrap();
    assert_eq!(fragment.attributes.len(), 2);
}

#[test]
fn questions_are_read() {
    let empty = Params::default();
    let all = Temporal::parse(&empty).unwrap();
    assert_eq!(
        (all.window, all.property, all.last_n),
        (None, TimeProperty::ObservedAt, None)
    );
    assert_eq!(all.representation, Representation::Normalized);
    let between = Temporal::parse(&Params {
        timerel: Some("between"),
        time_at: Some("2020-01-01T00:00:00Z"),
        end_time_at: Some("2020-01-02T00:00:00Z"),
        timeproperty: Some("modifiedAt"),
        last_n: Some("5"),
        options: Some("sysAttrs,aggregatedValues"),
        aggr_methods: Some("avg,max,avg"),
        aggr_period_duration: Some("P1M"),
        ..empty
    })
    .unwrap();
    let window = between.window.unwrap();
    assert_eq!(
        window,
        Window::Between(at("2020-01-01T00:00:00Z"), at("2020-01-02T00:00:00Z"))
    );
    assert!(window.holds(at("2020-01-01T00:00:00Z")) && !window.holds(at("2020-01-02T00:00:00Z")));
    assert_eq!(
        (between.property, between.last_n),
        (TimeProperty::ModifiedAt, Some(5))
    );
    assert!(between.sys_attrs);
    let counted = between.aggregation.unwrap();
    assert_eq!(counted.methods, [Method::Avg, Method::Max]);
    assert_eq!(
        counted.period.unwrap().after(at("2020-02-01T00:00:00Z")),
        at("2020-03-01T00:00:00Z")
    );
    let values = Temporal::parse(&Params {
        format: Some("temporalValues"),
        ..empty
    });
    assert_eq!(
        values.unwrap().representation,
        Representation::TemporalValues
    );
}

/// Parameters written as in a URL.
fn asked(query: &str) -> Result<Temporal, Problem> {
    let mut params = Params::default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap();
        let place = match name {
            "timerel" => &mut params.timerel,
            "timeAt" => &mut params.time_at,
            "endTimeAt" => &mut params.end_time_at,
            "timeproperty" => &mut params.timeproperty,
            "lastN" => &mut params.last_n,
            "aggrMethods" => &mut params.aggr_methods,
            "aggrPeriodDuration" => &mut params.aggr_period_duration,
            "format" => &mut params.format,
            "options" => &mut params.options,
            other => panic!("{other}"),
        };
        *place = Some(value);
    }
    Temporal::parse(&params)
}

#[test]
fn questions_that_are_none_are_refused() {
    let after = "timerel=after&timeAt=2020-01-01T00:00:00Z";
    let counted = "options=aggregatedValues&aggrMethods=avg";
    for query in [
        "timerel=after".to_owned(),
        "timerel=before&timeAt=".to_owned(),
        "timerel=between&timeAt=2020-01-01T00:00:00Z".to_owned(),
        "timerel=around&timeAt=2020-01-01T00:00:00Z".to_owned(),
        "timerel=after&timeAt=2020-01-01".to_owned(),
        "timeAt=2020-01-01T00:00:00Z".to_owned(),
        "timerel=between&timeAt=2020-01-01T00:00:00Z&endTimeAt=2019-01-01T00:00:00Z".to_owned(),
        format!("{after}&endTimeAt=2020-01-01T00:00:00Z"),
        format!("{after}&timeproperty=x"),
        format!("{after}&lastN=0"),
        format!("{after}&lastN=10001"),
        format!("{after}&lastN=x"),
        "options=aggregatedValues".to_owned(),
        "options=aggregatedValues&aggrMethods=median".to_owned(),
        format!("{counted}&aggrPeriodDuration=1 hour"),
        format!("{counted}&aggrPeriodDuration=-PT1H"),
        format!("{counted}&aggrPeriodDuration=PT0.0000001S"),
        format!("{counted}&aggrPeriodDuration=P99999999Y"),
    ] {
        let problem = asked(&query).unwrap_err();
        assert_eq!(problem.kind, Kind::BadRequestData, "{query}");
    }
    for query in [
        "format=invalidFormat",
        "options=invalidOptions",
        "options=temporalValues,invalidOptions",
        "format=temporalValues&options=aggregatedValues,invalidOptions",
    ] {
        let problem = asked(query).unwrap_err();
        assert_eq!(problem.kind, Kind::InvalidRequest, "{query}");
    }
    assert!(asked(&format!("{counted}&aggrPeriodDuration=PT0S")).is_ok());
}
