//! Questions about places: found by their boxes as they would be by looking at everything.

use pendopo_domain::entities::command::{Fragment, Given};
use pendopo_domain::entities::query::{Geo, LOCATION, Query, Relation};
use pendopo_domain::entities::{Command, Geometry, Patch, Value};
use pendopo_domain::time::Timestamp;
use pendopo_testkit::{TestCity, both_databases};
use serde_json::value::RawValue;

/// Numbers that are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u32) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        u32::try_from(self.0 >> 33).unwrap() % most
    }

    fn degrees(&mut self, from: f64, width: f64) -> f64 {
        from + width * f64::from(self.below(10_000)) / 10_000.0
    }

    /// A GeoJSON point, line or polygon, at most so many degrees across.
    fn geometry(&mut self, across: f64) -> String {
        let (x, y) = (self.degrees(104.0, 1.0), self.degrees(0.5, 1.0));
        let (w, h) = (self.degrees(0.0, across), self.degrees(0.0, across));
        match self.below(3) {
            0 => format!(r#"{{"type":"Point","coordinates":[{x},{y}]}}"#),
            1 => format!(
                r#"{{"type":"LineString","coordinates":[[{x},{y}],[{},{}]]}}"#,
                x + w,
                y - h
            ),
            _ => format!(
                r#"{{"type":"Polygon","coordinates":[[[{x},{y}],[{0},{y}],[{0},{1}],[{x},{1}],[{x},{y}]]]}}"#,
                x + w + 1e-4,
                y + h + 1e-4
            ),
        }
    }
}

fn geometry(text: String) -> Geometry {
    Geometry::parse(RawValue::from_string(text).unwrap()).unwrap()
}

fn standing(id: u32, at: String) -> Command {
    Command::Upsert(Fragment {
        id: format!("urn:{id}").into(),
        types: vec!["https://example.org/Thing".into()],
        scopes: Given::Absent,
        expires_at: Given::Absent,
        attributes: vec![Patch {
            name: LOCATION.into(),
            dataset: None,
            value: Given::Is(Value::GeoProperty(geometry(at))),
            observed_at: Given::Absent,
            expires_at: Given::Absent,
            unit_code: Given::Absent,
            parts: vec![],
        }],
    })
}

both_databases! {
    async fn what_is_near_is_found_as_if_everything_were_looked_at(city: TestCity) {
        let live = city.store.live().await.unwrap();
        let mut chance = Chance(1);
        let now = Timestamp::from_micros(1_780_000_000_000_000);
        let stand = (0..300).map(|id| standing(id, chance.geometry(0.2))).collect();
        live.commit(stand, now).await.unwrap();
        // Some go elsewhere, and some are gone.
        let moved = (0..60).map(|id| standing(id, chance.geometry(0.2)));
        let gone = (60..90).map(|id| Command::Delete { id: format!("urn:{id}").into() });
        live.commit(moved.chain(gone).collect(), now).await.unwrap();
        let state = live.state();
        let everything = state.find(&Query::default(), 0, 1_000, false).entities;
        assert_eq!(everything.len(), 270);
        let mut meant = 0;
        for turn in 0..400 {
            let most = Some(f64::from(chance.below(30_000)));
            let relation = [
                Relation::Near { least: None, most },
                Relation::Near { least: most, most: None },
                Relation::Within,
                Relation::Contains,
                Relation::Overlaps,
                Relation::Intersects,
                Relation::Equals,
                Relation::Disjoint,
            ][turn % 8];
            let shape = match relation {
                Relation::Equals => everything[turn % 270].attribute(LOCATION).and_then(|one| match &one.value {
                    Value::GeoProperty(geometry) => Some(geometry.shape().clone()),
                    _ => None,
                }).unwrap(),
                _ => geometry(chance.geometry(0.5)).shape().clone(),
            };
            let query = Query { near: Some(Geo { relation, shape, property: LOCATION.into() }), ..Query::default() };
            let found: Vec<_> = state.find(&query, 0, 1_000, false).entities.iter().map(|one| one.id.clone()).collect();
            let held: Vec<_> = everything.iter().filter(|one| query.holds(one)).map(|one| one.id.clone()).collect();
            assert_eq!(found, held, "{query:?}");
            meant += held.len();
        }
        assert!(meant > 1_000, "the questions mean something: {meant}");
    }
}
