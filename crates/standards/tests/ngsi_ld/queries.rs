//! Queries: which entities a text means, and what is refused.

use pendopo_domain::entities::query::Relation;
use pendopo_standards::ngsi_ld::{Context, Kind, q};

use crate::support::{city, created};

const BODY: &str = r#"{"id":"urn:ngsi-ld:Building:1","type":["Building","Tower"],"scope":["/Madrid/Gardens/Norte","/A"],
    "name":"Eiffel Tower","level":{"value":4,"unitCode":"C62","observedAt":"2020-09-09T16:40:00.000Z",
    "reliability":{"value":0.7,"source":"eye"}},"almostFull":false,"address":{"city":{"name":"Paris","code.x":7}},
    "street":{"languageMap":{"fr":"Grand Place","nl":"Grote Markt"}},"locatedAt":{"object":"urn:ngsi-ld:City:Paris"},
    "use":{"vocab":"Building"},"colours":["red","blue"],"seen":"2020-05-01T10:00:00Z","day":"2020-05-01",
    "steps":{"valueList":[1,2,3]},"speed":[{"value":55},{"value":70,"datasetId":"urn:d:gps"}],
    "pipe":"a|b;c","quote":"say \"x\""}"#;

#[track_caller]
fn holds(text: &str) -> bool {
    let context = city();
    let entity = created(BODY, &context);
    let condition = q::condition(text, &context).unwrap_or_else(|problem| panic!("{problem}"));
    condition.holds(&|term| term.holds(&entity))
}

#[test]
fn conditions_hold() {
    for text in [
        "name",
        r#"name=="Eiffel Tower""#,
        "name==Eiffel Tower",
        r#"ex:name=="Eiffel Tower""#,
        r#"https://city.example/terms#name=="Eiffel Tower""#,
        r#"name!="Pisa Tower""#,
        r#"name=="Pisa Tower"|almostFull==false"#,
        r#"(name=="Pisa Tower"|name=="Eiffel Tower");almostFull==false"#,
        r#"name=="Pisa";x==1|name=="Eiffel Tower""#,
        r#"((name))"#,
        "level==4",
        "level==4.0",
        "level>=4;level<7",
        "level==3..5",
        "level!=5..6",
        "level==1,4",
        "level!=1,2",
        "level>-1e3",
        "level.reliability>0.5",
        r#"level.reliability.source=="eye""#,
        "level.observedAt>2020-01-01T00:00:00Z",
        "level.observedAt>=2020-01-01",
        "level.observedAt==2020-01-01..2021-01-01",
        r#"level.unitCode=="C62""#,
        r#"address[city.name]=="Paris""#,
        r#"address[city]["code.x"]==7"#,
        "address[city]",
        r#"street[fr]=="Grand Place""#,
        r#"street[*]~="^Grote""#,
        "locatedAt==urn:ngsi-ld:City:Paris",
        r#"locatedAt=="urn:ngsi-ld:City:Rome",urn:ngsi-ld:City:Paris"#,
        "use==Building",
        r#"colours=="blue""#,
        "colours~=^bl",
        "name~=^Eif.*er$",
        "name~=(Pisa|Eiffel).*",
        r#"name!~="Pisa|Rome""#,
        "seen>2020-01-01T00:00:00Z;seen<2021-01-01T00:00:00Z",
        "day==2020-05-01",
        "day>2020-04-30",
        "steps==2",
        "speed==70",
        r#"pipe=="a|b;c""#,
        r#"quote=="say \"x\"""#,
    ] {
        assert!(holds(text), "{text}");
    }
}

#[test]
fn conditions_do_not_hold() {
    for text in [
        "missing",
        r#"name=="Pisa Tower""#,
        "name==4",
        r#"level=="4""#,
        "level>4",
        "level==5..7",
        "almostFull==true",
        r#"name=="Eiffel Tower";almostFull==true"#,
        "level.reliability.nothing",
        "address[country]",
        r#"street[de]=="x""#,
        "locatedAt==urn:ngsi-ld:City:Rome",
        "use==Tower",
        "name~=Pisa",
        "missing!=1",
    ] {
        assert!(!holds(text), "{text}");
    }
}

#[test]
fn what_is_no_condition_is_refused() {
    let deep = format!("{}a{}", "(".repeat(17), ")".repeat(17));
    let long = format!("a==\"{}\"", "x".repeat(4_096));
    let many = format!("a=={}", vec!["1"; 101].join(","));
    for text in [
        "",
        " ",
        "==1",
        "a==",
        "a===1",
        "a==1;",
        ";a",
        "a||b",
        "(a",
        "a)",
        "()",
        "a b",
        "a=1",
        "a>1,2",
        "a>1..2",
        "a==1..x",
        "a==\"x",
        "a~=",
        "a~=(",
        "a~=x**",
        "a[",
        "a[]",
        "a..b",
        ".a",
        "id==1",
        "a<b>==1",
        "a~=(a{1000}){1000}",
        &deep,
        &long,
        &many,
    ] {
        let problem = q::condition(text, &city()).unwrap_err();
        assert_eq!(problem.kind, Kind::BadRequestData, "{text}");
        assert!(problem.detail.len() < 300, "{problem}");
    }
    let bare = format!("{}a{}", "(".repeat(16), ")".repeat(16));
    assert!(q::condition(&bare, &city()).is_ok());
}

#[test]
fn the_condition_of_a_document_may_be_encoded_as_in_a_url() {
    let context = city();
    let entity = created(BODY, &context);
    let condition = q::condition_of_document(r#"name=="Eiffel%20Tower""#, &context).unwrap();
    assert!(condition.holds(&|term| term.holds(&entity)));
}

#[test]
fn a_condition_is_written_so_that_it_means_the_same() {
    let core = Context::core();
    for context in [&city(), &*core] {
        for text in [
            "name",
            r#"name=="Eiffel Tower""#,
            "(a|b;c);d",
            "a;(b|c)",
            "level.reliability>=0.5",
            "ex:name.ex:speed[x.y]==1..2",
            r#"a["x.y"]==1,2,"three",true"#,
            r#"a~="^\d+\"$""#,
            "level.observedAt<2020-01-01T00:00:00Z",
            "<https://a.example/x(1)>==1",
        ] {
            let first = q::condition(text, &city()).unwrap();
            let again = q::condition_text(&first, context);
            let second = q::condition(&again, context)
                .unwrap_or_else(|problem| panic!("{again}: {problem}"));
            assert_eq!(
                q::condition_text(&second, &core),
                q::condition_text(&first, &core),
                "{text}"
            );
        }
    }
    let same = "(name|level.part;c);d==1";
    let condition = q::condition(same, &city()).unwrap();
    assert_eq!(q::condition_text(&condition, &city()), same);
}

#[test]
fn types_are_selected() {
    let context = city();
    let entity = created(BODY, &context);
    for (text, expect) in [
        ("Building", true),
        ("https://city.example/terms#Building", true),
        ("Bus,Tower", true),
        ("Building;Tower", true),
        ("Building;Bus", false),
        ("(Building;Bus)|Tower", true),
        ("Bus|Car", false),
        ("(Bus,Building);(Car|Tower)", true),
    ] {
        let types = q::types(text, &context).unwrap();
        assert_eq!(types.holds(&|name| entity.has_type(name)), expect, "{text}");
    }
    for text in ["", "A,", "A;;B", "(A", "type", "A B", "A=B"] {
        assert!(q::types(text, &context).is_err(), "{text}");
    }
}

#[test]
fn scopes_are_selected() {
    let mut query = pendopo_domain::entities::query::Query::default();
    let entity = created(BODY, &city());
    let nowhere = created(r#"{"id":"urn:x:1","type":"T"}"#, &city());
    for (text, expect) in [
        ("/Madrid/Gardens/Norte", true),
        ("Madrid/Gardens/Norte", true),
        ("/Madrid/Gardens", false),
        ("/Madrid/+/Norte", true),
        ("/Madrid/#", true),
        ("/#", true),
        ("/B/#", false),
        ("/Madrid/Gardens/Norte;/A", true),
        ("/Madrid/Gardens/Norte;/B", false),
        ("/B,/A", true),
        ("(/B|/C),/A", true),
    ] {
        query.scopes = Some(q::scopes(text).unwrap());
        assert_eq!(query.holds(&entity), expect, "{text}");
        assert!(!query.holds(&nowhere), "{text}");
    }
    for text in ["", "/", "/a/", "/a//b", "/a#", "/#/a", "/a b", "/a;"] {
        assert!(q::scopes(text).is_err(), "{text}");
    }
}

#[test]
fn places_are_asked_for() {
    let context = city();
    let ask = |georel, geometry, coordinates| {
        q::geo(
            Some(georel),
            Some(geometry),
            Some(coordinates),
            None,
            &context,
        )
    };
    let near = ask("near;maxDistance==2000", "Point", "[13.3986, 52.5547]")
        .unwrap()
        .unwrap();
    let expect = Relation::Near {
        least: None,
        most: Some(2_000.0),
    };
    assert_eq!(near.relation, expect);
    assert_eq!(&*near.property, "https://uri.etsi.org/ngsi-ld/location");
    assert!(ask("within", "Polygon", "[[[0,0],[1,0],[1,1],[0,0]]]").is_ok());
    let other = q::geo(
        Some("equals"),
        Some("Point"),
        Some("[1,2]"),
        Some("ex:place"),
        &context,
    );
    assert_eq!(
        &*other.unwrap().unwrap().property,
        "https://city.example/terms#place"
    );
    assert!(q::geo(None, None, None, None, &context).unwrap().is_none());
    for (georel, geometry, coordinates) in [
        ("invalid", "Point", "[1,2]"),
        ("near", "Point", "[1,2]"),
        ("near;maxDistance==x", "Point", "[1,2]"),
        ("near;maxDistance==-1", "Point", "[1,2]"),
        ("near;maxDistance=1", "Point", "[1,2]"),
        ("within;maxDistance==1", "Point", "[1,2]"),
        ("within", "Circle", "[1,2]"),
        ("within", "Point\"", "[1,2]"),
        ("within", "Point", "[1]"),
        ("within", "Point", "[200,0]"),
        ("within", "Point", "1,2"),
        ("within", "Polygon", "[1,2]"),
        ("within", "Point", "[1,2],\"x\":1"),
    ] {
        let problem = ask(georel, geometry, coordinates).map(|_| ());
        let known = coordinates.contains("\"x\"");
        assert!(
            problem.is_err() || known,
            "{georel} {geometry} {coordinates}"
        );
    }
    let deep = "[".repeat(100_000);
    assert!(ask("within", "Point", &deep).is_err());
    assert!(q::geo(Some("within"), None, None, None, &context).is_err());
    assert!(q::geo(None, None, None, Some("location"), &context).is_err());
}

#[test]
fn patterns_of_ids_are_bounded() {
    assert!(
        q::id_pattern("urn:ngsi-ld:Building:.*")
            .unwrap()
            .is_match("urn:ngsi-ld:Building:1")
    );
    for text in [
        "x**",
        "x*+",
        "(",
        "((((a{99}){99}){99}){99})",
        &"x".repeat(5_000),
    ] {
        assert!(q::id_pattern(text).is_err(), "{text}");
    }
    assert!(q::id_pattern(r"[*+]+\*+").is_ok());
    assert_eq!(q::ids("urn:x:1,urn:x:2").unwrap().len(), 2);
    assert_eq!(q::ids("urn:x:1,x").unwrap_err().kind, Kind::BadRequestData);
}
