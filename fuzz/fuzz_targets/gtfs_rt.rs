//! Feeds of GTFS Realtime: no panic, and what is read is on earth and bounded.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pendopo_standards::gtfs_rt::{Entity, MOST_ENTITIES, MOST_STOPS, MOST_TEXT, read};

fuzz_target!(|bytes: &[u8]| {
    let Ok(feed) = read(bytes) else {
        return;
    };
    assert!(feed.entities.len() <= MOST_ENTITIES);
    for entity in feed.entities.into_iter().flatten() {
        match entity {
            Entity::Vehicle(vehicle) => {
                assert!(!vehicle.id.is_empty() && vehicle.id.len() <= MOST_TEXT);
                assert!((-90.0..=90.0).contains(&vehicle.position.lat()));
                assert!(vehicle.speed.is_none_or(f64::is_finite));
            }
            Entity::Trip(trip) => assert!(!trip.id.is_empty() && trip.stops <= MOST_STOPS),
            Entity::Deleted { id } => assert!(!id.is_empty()),
        }
    }
});
