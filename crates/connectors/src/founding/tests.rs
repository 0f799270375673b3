use pendopo_operations::store::{Location, Root};
use pendopo_testkit::{DrivenClock, Place, TestCity, TestEntropy};

use super::*;

const AREAS: &str = r#"{"type": "FeatureCollection", "features": [
    {"type": "Feature", "properties": {"kode": "33.72.01", "nama": "Laweyan", "jenis": "kecamatan"},
     "geometry": {"type": "Polygon", "coordinates": [[[110.78, -7.57], [110.80, -7.57], [110.80, -7.55], [110.78, -7.55], [110.78, -7.57]]]}},
    {"type": "Feature", "properties": {"nama": "Tanpa kode"},
     "geometry": {"type": "Polygon", "coordinates": [[[110.8, -7.57], [110.81, -7.57], [110.81, -7.55], [110.8, -7.57]]]}}
]}"#;

fn new(slug: &str) -> NewCity {
    NewCity {
        slug: slug.to_owned(),
        name: "Kota Contoh".to_owned(),
        code: "33.72".to_owned(),
        country: "id".to_owned(),
        zone: "Asia/Jakarta".to_owned(),
        administrator: Some("admin.ti".to_owned()),
        ..NewCity::default()
    }
}

fn node(root: Root) -> Node {
    let clock = Arc::new(DrivenClock::default());
    Node::new(
        root,
        TestCity::MASTER,
        clock,
        Arc::new(TestEntropy::default()),
    )
}

fn no_coast(_: [f64; 4]) -> Option<String> {
    Some(String::new())
}

/// What is wrong, as field, line and word.
async fn wrong(node: &Node, new: NewCity) -> Vec<(&'static str, Option<u64>, &'static str)> {
    match found(node, new, &no_coast).await {
        Err(Fault::Wrong(wrong)) => wrong
            .iter()
            .map(|one| (one.field, one.line, one.problem.word()))
            .collect(),
        other => panic!("{other:?}"),
    }
}

async fn makes_a_city(place: Place) {
    let root = match place.location().clone() {
        Location::Folder(folder) => Root::Folder(folder.parent().unwrap().to_owned()),
        Location::Postgres { url, .. } => Root::Postgres(url),
    };
    let node = node(root);
    let made = NewCity {
        areas: Some(AREAS.to_owned()),
        people: Some("\u{feff}login;posisi\nsari;operator-meja\nbudi;petugas-dlh\n".to_owned()),
        ..new("contoh")
    };
    let founded = found(&node, made, &|bbox| Some(format!("{bbox:?}")))
        .await
        .unwrap();
    assert_eq!((founded.areas, founded.areas_refused), (1, 1));
    let city = node.city("contoh").await.unwrap().unwrap();
    let configuration = city.configuration();
    let profile = &configuration.profile;
    assert_eq!(profile.code, "ID-33.72");
    assert_eq!(profile.zone_abbreviation, "WIB");
    let [west, south, east, north] = profile.bbox;
    assert!(
        110.77 < west && west < 110.78 && 110.80 < east && east < 110.81,
        "{:?}",
        profile.bbox
    );
    assert!(
        -7.58 < south && south < -7.57 && -7.55 < north && north < -7.54,
        "{:?}",
        profile.bbox
    );
    assert!(!profile.holidays.is_empty());
    for (link, (login, position)) in founded.links.iter().zip([
        ("admin.ti", "staf-ti"),
        ("sari", "operator-meja"),
        ("budi", "petugas-dlh"),
    ]) {
        assert_eq!(
            (link.login.as_str(), link.position.as_str()),
            (login, position)
        );
        sign_ins::by_link(&city, &link.token).await.unwrap();
    }
    assert_eq!(wrong(&node, new("contoh")).await, [("slug", None, "busy")]);
    node.close().await;
}

#[test]
fn a_city_is_made_with_its_areas_and_its_people_on_sqlite() {
    pendopo_testkit::run(makes_a_city(Place::sqlite()));
}

#[test]
fn a_city_is_made_with_its_areas_and_its_people_on_postgresql() {
    pendopo_testkit::run(makes_a_city(Place::postgres()));
}

#[test]
fn everything_that_is_wrong_is_said_at_once_and_nothing_is_made() {
    pendopo_testkit::run(async {
        let folder = tempfile::tempdir().unwrap();
        let node = node(Root::Folder(folder.path().to_owned()));
        let bad = NewCity {
            slug: "Kota Baru".to_owned(),
            name: String::new(),
            zone: "Asia/Nowhere".to_owned(),
            country: "XX".to_owned(),
            administrator: Some(String::new()),
            people: Some("login,position\nsari,operator-meja\nbudi,raja\n".to_owned()),
            ..new("x")
        };
        assert_eq!(
            wrong(&node, bad).await,
            [
                ("slug", None, "unknown"),
                ("name", None, "missing"),
                ("administrator", None, "unknown"),
                ("people", Some(3), "unknown"),
                ("zone", None, "unknown"),
                ("country", None, "unknown"),
                ("bbox", None, "unknown"),
            ]
        );
        for (people, line, word) in [
            ("login\nsari\n", 2, "missing"),
            ("login,position\nadmin.ti,operator-meja\n", 2, "busy"),
            (
                "login,position\nsari,operator-meja\nsari,dispatcher\n",
                3,
                "busy",
            ),
        ] {
            let bad = NewCity {
                people: Some(people.to_owned()),
                ..new("kotabaru")
            };
            assert_eq!(
                wrong(&node, bad).await,
                [("people", Some(line), word)],
                "{people}"
            );
        }
        for (areas, word) in [
            ("{}", "unknown"),
            (
                r#"{"type": "FeatureCollection", "features": []}"#,
                "missing",
            ),
        ] {
            let bad = NewCity {
                areas: Some(areas.to_owned()),
                ..new("kotabaru")
            };
            assert_eq!(wrong(&node, bad).await, [("areas", None, word)], "{areas}");
        }
        assert!(node.slugs().await.unwrap().is_empty());
    });
}
