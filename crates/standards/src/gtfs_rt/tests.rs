use prost::Message;

use super::messages::*;
use super::*;

fn feed(entities: Vec<Vec<u8>>) -> Vec<u8> {
    let header = FeedHeader {
        gtfs_realtime_version: "2.0".into(),
        incrementality: None,
        timestamp: Some(1_728_169_927),
    };
    let message = FeedMessage {
        header: Some(header),
        entity: entities,
    };
    message.encode_to_vec()
}

fn bus(longitude: f32, latitude: f32) -> FeedEntity {
    let position = Place {
        latitude,
        longitude,
        bearing: Some(270.5),
        speed: Some(8.3),
    };
    FeedEntity {
        id: "e1".into(),
        vehicle: Some(VehiclePosition {
            trip: Some(TripDescriptor {
                trip_id: Some("t1".into()),
                route_id: Some("66".into()),
            }),
            position: Some(position),
            timestamp: Some(1_728_169_900),
            ..VehiclePosition::default()
        }),
        ..FeedEntity::default()
    }
}

fn late(times: &[(i64, Option<i32>)]) -> FeedEntity {
    let stop = |(index, (time, delay)): (usize, &(i64, Option<i32>))| StopTimeUpdate {
        arrival: Some(StopTimeEvent {
            delay: *delay,
            time: Some(*time),
        }),
        departure: None,
        stop_id: Some(format!("s{index}")),
    };
    FeedEntity {
        id: "e2".into(),
        trip_update: Some(TripUpdate {
            stop_time_update: times.iter().enumerate().map(stop).collect(),
            timestamp: Some(1_000_000_100),
            ..TripUpdate::default()
        }),
        ..FeedEntity::default()
    }
}

#[test]
fn a_vehicle_keeps_its_numbers_as_a_person_would_write_them() {
    let read = read(&feed(vec![bus(-79.64, 43.59).encode_to_vec()])).unwrap();
    let Ok(Entity::Vehicle(bus)) = &read.entities[0] else {
        panic!("{read:?}")
    };
    assert_eq!((bus.position.lon(), bus.position.lat()), (-79.64, 43.59));
    assert_eq!((bus.bearing, bus.speed), (Some(270.5), Some(8.3)));
    assert_eq!((bus.id.as_str(), bus.route.as_deref()), ("e1", Some("66")));
    assert_eq!(bus.at.to_string(), "2024-10-05T23:11:40Z");
}

#[test]
fn a_broken_entity_costs_itself_and_nothing_else() {
    let nowhere = bus(0.0, 0.0).encode_to_vec();
    let beyond = bus(f32::NAN, 95.0).encode_to_vec();
    let mut long = bus(1.0, 1.0);
    long.id = "x".repeat(MOST_TEXT + 1);
    let mut nameless = bus(1.0, 1.0);
    nameless.id = " ".into();
    let alert = FeedEntity {
        id: "a".into(),
        ..FeedEntity::default()
    };
    let entities = vec![
        vec![0xff, 0xff],
        nowhere,
        beyond,
        long.encode_to_vec(),
        nameless.encode_to_vec(),
        alert.encode_to_vec(),
        bus(1.0, 1.0).encode_to_vec(),
    ];
    let faults: Vec<_> = read(&feed(entities))
        .unwrap()
        .entities
        .into_iter()
        .map(|one| one.err())
        .collect();
    let expected = [
        Some(Fault::Unreadable),
        Some(Fault::NoPosition),
        Some(Fault::NoPosition),
        Some(Fault::TooLong),
        Some(Fault::NoId),
        Some(Fault::Other),
        None,
    ];
    assert_eq!(faults, expected);
}

#[test]
fn the_delay_of_a_trip_is_that_of_the_stop_ahead() {
    let stops = [
        (1_000_000_000, Some(30)),
        (1_000_000_160, Some(60)),
        (1_000_000_300, None),
    ];
    let read = read(&feed(vec![late(&stops).encode_to_vec()])).unwrap();
    let Ok(Entity::Trip(trip)) = &read.entities[0] else {
        panic!("{read:?}")
    };
    assert_eq!(
        (trip.delay, trip.next_stop.as_deref()),
        (Some(60), Some("s1"))
    );
    assert_eq!(trip.stops, 3);
}

#[test]
fn what_is_no_feed_is_refused_as_a_whole() {
    assert_eq!(read(b"<html>").unwrap_err(), NotAFeed::Unreadable);
    assert_eq!(read(b"").unwrap_err(), NotAFeed::NoHeader);
    assert_eq!(
        read(&vec![0; MOST_BYTES + 1]).unwrap_err(),
        NotAFeed::TooLarge
    );
    let many = feed(vec![vec![]; MOST_ENTITIES + 1]);
    assert_eq!(read(&many).unwrap_err(), NotAFeed::TooMany);
    let message = FeedMessage {
        header: Some(FeedHeader {
            gtfs_realtime_version: "2.0".into(),
            incrementality: Some(DIFFERENTIAL),
            timestamp: None,
        }),
        entity: vec![],
    };
    assert_eq!(
        read(&message.encode_to_vec()).unwrap_err(),
        NotAFeed::Differential
    );
}

/// Files of the fuzz target: none may panic, and both a good and a bad one must be there.
#[test]
fn the_corpus_passes_the_reader() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/gtfs_rt");
    let files = std::fs::read_dir(folder).unwrap();
    let read: Vec<bool> = files
        .map(|file| read(&std::fs::read(file.unwrap().path()).unwrap()).is_ok())
        .collect();
    assert!(read.contains(&true) && read.contains(&false), "{read:?}");
}
