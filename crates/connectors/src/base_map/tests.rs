//! Small handmade lands; every box here is one that a city could ask for.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::*;

/// A square ring, counter-clockwise.
fn square(west: f64, south: f64, side: f64) -> Value {
    let (east, north) = (west + side, south + side);
    json!([
        [west, south],
        [east, south],
        [east, north],
        [west, north],
        [west, south]
    ])
}

fn collection(polygons: &[Value]) -> Value {
    json!({ "type": "GeometryCollection", "geometries": [{ "type": "MultiPolygon", "coordinates": polygons }] })
}

struct Built {
    _folder: tempfile::TempDir,
    file: PathBuf,
    report: BuildReport,
}

fn built(geojson: &Value) -> Built {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deep/land.fgb");
    let report = build(
        geojson.to_string().as_bytes(),
        &file,
        "© test coast",
        |_| {},
    )
    .unwrap();
    Built {
        _folder: folder,
        file,
        report,
    }
}

fn clipped(file: &Path, bbox: [f64; 4]) -> Value {
    serde_json::from_str(&clip(file, bbox).unwrap()).unwrap()
}

fn of_kind<'a>(answer: &'a Value, kind: &str) -> Vec<&'a Value> {
    answer["features"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|feature| feature["properties"]["kind"] == kind)
        .map(|feature| &feature["geometry"]["coordinates"])
        .collect()
}

/// The polygons of the answer.
fn land(answer: &Value) -> Vec<&Value> {
    of_kind(answer, "land")
}

/// The lines of the answer.
fn coast(answer: &Value) -> Vec<&Value> {
    of_kind(answer, "coast")
        .into_iter()
        .flat_map(|lines| lines.as_array().unwrap())
        .collect()
}

fn positions(ring: &Value) -> Vec<(f64, f64)> {
    ring.as_array()
        .unwrap()
        .iter()
        .map(|p| (p[0].as_f64().unwrap(), p[1].as_f64().unwrap()))
        .collect()
}

fn area(polygons: &[&Value]) -> f64 {
    let ring_area = |ring: &Value| {
        let p = positions(ring);
        p.windows(2)
            .map(|e| e[0].0 * e[1].1 - e[1].0 * e[0].1)
            .sum::<f64>()
            / 2.0
    };
    polygons
        .iter()
        .flat_map(|polygon| polygon.as_array().unwrap())
        .map(ring_area)
        .sum()
}

fn length(lines: &[&Value]) -> f64 {
    lines
        .iter()
        .flat_map(|line| {
            positions(line)
                .windows(2)
                .map(|e| (e[1].0 - e[0].0).hypot(e[1].1 - e[0].1))
                .collect::<Vec<_>>()
        })
        .sum()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-3
}

#[test]
fn an_island_comes_back_whole_with_its_coast_and_its_credit() {
    let built = built(&collection(&[json!([square(104.4, 0.9, 0.1)])]));
    let answer = clipped(&built.file, [104.0, 0.5, 105.0, 1.5]);

    assert_eq!(answer["type"], "FeatureCollection");
    assert_eq!(answer["attribution"], "© test coast");
    assert_eq!(answer["bbox"], json!([104.0, 0.5, 105.0, 1.5]));
    assert!(close(area(&land(&answer)), 0.01));
    assert!(close(length(&coast(&answer)), 0.4));
}

#[test]
fn a_lake_stays_a_hole_and_has_a_shore() {
    let built = built(&collection(&[json!([
        square(10.0, 10.0, 1.0),
        square(10.4, 10.4, 0.2)
    ])]));
    let answer = clipped(&built.file, [9.0, 9.0, 12.0, 12.0]);

    assert_eq!(
        land(&answer)[0].as_array().unwrap().len(),
        2,
        "outer ring and one hole"
    );
    assert!(close(area(&land(&answer)), 1.0 - 0.04));
    assert!(close(length(&coast(&answer)), 4.0 + 0.8));
}

#[test]
fn a_lake_of_three_corners_is_a_rest_of_simplification_and_counts_as_land() {
    let pond = json!([[10.4, 10.4], [10.6, 10.4], [10.4, 10.6], [10.4, 10.4]]);
    let built = built(&collection(&[json!([square(10.0, 10.0, 1.0), pond])]));
    let answer = clipped(&built.file, [9.0, 9.0, 12.0, 12.0]);
    assert!(close(area(&land(&answer)), 1.0));
}

#[test]
fn a_hole_is_a_hole_whichever_way_its_ring_runs() {
    let mut hole = square(10.4, 10.4, 0.2);
    hole.as_array_mut().unwrap().reverse();
    let mut outer = square(10.0, 10.0, 1.0);
    outer.as_array_mut().unwrap().reverse();
    let built = built(&collection(&[json!([outer, hole])]));
    let answer = clipped(&built.file, [9.0, 9.0, 12.0, 12.0]);
    assert!(close(area(&land(&answer)), 0.96));
}

#[test]
fn a_box_inside_land_is_all_land_and_has_no_coast() {
    let built = built(&collection(&[json!([square(0.0, 0.0, 20.0)])]));
    assert!(
        built.report.pieces_written > 50,
        "twenty degrees are split: {:?}",
        built.report
    );
    let answer = clipped(&built.file, [9.3, 9.3, 10.7, 10.7]);

    assert!(close(area(&land(&answer)), 1.4 * 1.4));
    assert!(coast(&answer).is_empty());
}

#[test]
fn a_box_at_sea_is_empty_and_still_carries_the_credit() {
    let built = built(&collection(&[json!([square(0.0, 0.0, 1.0)])]));
    let answer = clipped(&built.file, [50.0, 50.0, 51.0, 51.0]);
    assert_eq!(answer["features"], json!([]));
    assert_eq!(answer["attribution"], "© test coast");
}

#[test]
fn cut_lines_never_show_as_coast() {
    // A jagged coast of many vertices, so that it is split for its size and not only its width.
    let mut ring = vec![[0.0, 0.0], [5.0, 0.0]];
    ring.extend((0..=5_000).map(|i| {
        let x = 5.0 - f64::from(i) / 1_000.0;
        [x, 3.0 + if i % 2 == 0 { 0.0 } else { 0.01 }]
    }));
    ring.push([0.0, 0.0]);
    let built = built(&collection(&[json!([ring])]));
    assert!(built.report.pieces_written > 8, "{:?}", built.report);

    let answer = clipped(&built.file, [1.0, 1.0, 4.0, 4.0]);
    // Only the jagged line is coast, all of it: nothing lies far below latitude 3.
    for line in coast(&answer) {
        for (_, lat) in positions(line) {
            assert!((2.99..=3.02).contains(&lat), "a cut line at latitude {lat}");
        }
    }
    let jagged = 3_000.0 * 0.001_f64.hypot(0.01);
    assert!((length(&coast(&answer)) - jagged).abs() < 0.05);
    assert!((area(&land(&answer)) - (3.0 * 2.0 + 3.0 * 0.005)).abs() < 0.001);
}

#[test]
fn lakes_survive_being_cut_and_being_left_whole() {
    let built = built(&collection(&[json!([
        square(0.0, 0.0, 10.0),
        square(1.0, 1.0, 7.0),
        square(9.1, 9.1, 0.1),
        square(0.3, 9.4, 0.1)
    ])]));
    let lakes = 49.0 + 0.01 + 0.01;
    let answer = clipped(&built.file, [-1.0, -1.0, 11.0, 11.0]);
    assert!(close(area(&land(&answer)), 100.0 - lakes));
    assert!((length(&coast(&answer)) - (40.0 + 28.0 + 0.4 + 0.4)).abs() < 0.01);
}

#[test]
fn a_comb_cut_across_its_teeth_falls_into_teeth() {
    // Three teeth up from a bar; the box shows only the teeth.
    let comb = json!([[
        [0.0, 0.0],
        [5.0, 0.0],
        [5.0, 1.0],
        [4.0, 1.0],
        [4.0, 0.5],
        [3.0, 0.5],
        [3.0, 1.0],
        [2.0, 1.0],
        [2.0, 0.5],
        [1.0, 0.5],
        [1.0, 1.0],
        [0.0, 1.0],
        [0.0, 0.0]
    ]]);
    let built = built(&collection(&[comb]));
    let answer = clipped(&built.file, [-1.0, 0.75, 6.0, 2.0]);
    // The comb is five degrees wide, so one of its teeth was split.
    assert_eq!(land(&answer).len(), 4);
    assert!(close(area(&land(&answer)), 3.0 * 0.25));
    assert!(close(length(&coast(&answer)), 3.0 * (0.25 + 1.0 + 0.25)));
}

#[test]
fn a_coast_that_lies_on_the_box_adds_no_land() {
    let built = built(&collection(&[json!([square(1.0, 1.0, 1.0)])]));
    let answer = clipped(&built.file, [2.0, 1.0, 3.0, 2.0]);
    assert_eq!(answer["features"], json!([]));
}

#[test]
fn every_kind_of_geojson_is_read_in_any_order_of_members() {
    let island = square(104.4, 0.9, 0.1);
    for text in [
        format!(r#"{{"coordinates":[{island}],"type":"Polygon"}}"#),
        format!(
            r#"{{"type":"Feature","properties":{{"coordinates":1}},"geometry":{{"type":"MultiPolygon","coordinates":[[{island}]]}}}}"#
        ),
        format!(
            r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","geometry":null}},{{"geometry":{{"coordinates":[{island}],"type":"Polygon"}}}}]}}"#
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("land.fgb");
        let report = build(text.as_bytes(), &file, "c", |_| {}).unwrap();
        assert_eq!((report.polygons_read, report.pieces_written), (1, 1));
    }
}

#[test]
fn what_is_not_land_is_refused_and_leaves_no_file() {
    for text in [
        r#"{"type":"Point","coordinates":[1,2]}"#,
        r#"{"type":"LineString","coordinates":[[1,2],[3,4]]}"#,
        r#"{"type":"Polygon","coordinates":[[[200,2],[3,4],[5,6],[200,2]]]}"#,
        r#"{"type":"Polygon","coordinates":[[[1,2],[3,4],"#,
        r#"{"type":"FeatureCollection","features":[]}"#,
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("land.fgb");
        assert!(
            build(text.as_bytes(), &file, "c", |_| {}).is_err(),
            "{text}"
        );
        assert!(!file.exists(), "{text}");
    }
}

#[test]
fn a_failed_build_keeps_the_older_file() {
    let built = built(&collection(&[json!([square(0.0, 0.0, 1.0)])]));
    build("{".as_bytes(), &built.file, "c", |_| {}).unwrap_err();
    assert!(!land(&clipped(&built.file, [-1.0, -1.0, 2.0, 2.0])).is_empty());
}

#[test]
fn boxes_that_make_no_sense_are_refused_by_name() {
    let built = built(&collection(&[json!([square(0.0, 0.0, 1.0)])]));
    let refused = |bbox| clip(&built.file, bbox).unwrap_err();
    assert!(matches!(
        refused([179.0, -10.0, -179.0, 10.0]),
        BaseMapError::Antimeridian
    ));
    assert!(matches!(
        refused([179.0, -10.0, 181.0, 10.0]),
        BaseMapError::Antimeridian
    ));
    assert!(matches!(
        refused([1.0, 5.0, 2.0, 4.0]),
        BaseMapError::BadBox
    ));
    assert!(matches!(
        refused([1.0, 1.0, 1.0, 4.0]),
        BaseMapError::BadBox
    ));
    assert!(matches!(
        refused([f64::NAN, 1.0, 2.0, 4.0]),
        BaseMapError::BadBox
    ));
    assert!(matches!(
        refused([-90.0, -10.0, 90.0, 10.0]),
        BaseMapError::BoxTooLarge
    ));
}

#[test]
fn a_file_that_is_missing_or_broken_is_an_error_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("land.fgb");
    let bbox = [0.0, 0.0, 1.0, 1.0];
    assert!(matches!(
        clip(&file, bbox).unwrap_err(),
        BaseMapError::File { .. }
    ));
    std::fs::write(&file, "not a map").unwrap();
    assert!(matches!(
        clip(&file, bbox).unwrap_err(),
        BaseMapError::Index(_)
    ));

    let built = built(&collection(&[json!([square(0.0, 0.0, 1.0)])]));
    let whole = std::fs::read(&built.file).unwrap();
    std::fs::write(&file, &whole[..whole.len() - 40]).unwrap();
    assert!(clip(&file, bbox).is_err());
}

#[test]
fn growing_stays_on_earth() {
    assert_eq!(grow([10.0, 10.0, 12.0, 11.0], 0.5), [9.0, 9.0, 13.0, 12.0]);
    assert_eq!(
        grow([-179.9, -89.9, 179.9, 89.9], 1.0),
        [-180.0, -90.0, 180.0, 90.0]
    );
}
