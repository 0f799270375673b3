//! Feeds of GTFS Realtime: a vehicle becomes a `Vehicle` with its place, a trip an `ArrivalEstimation` with its delay.

use std::path::Path;

use pendopo_domain::time::Timestamp;
use pendopo_standards::gtfs_rt::{self, Entity, Fault, Trip, Vehicle};
use serde_json::{Map, Value, json};

use super::{Content, Reason, Record, ReplayError, Whole, measured, property, urn_part};

const VEHICLE: &str = "https://smartdatamodels.org/dataModel.Transportation/Vehicle";
const SPEED: &str = "https://smartdatamodels.org/dataModel.Transportation/speed";
const BEARING: &str = "https://smartdatamodels.org/dataModel.Transportation/bearing";
const ARRIVAL: &str = "https://smartdatamodels.org/dataModel.UrbanMobility/ArrivalEstimation";
const HAS_TRIP: &str = "https://smartdatamodels.org/dataModel.UrbanMobility/hasTrip";
const HAS_ROUTE: &str = "https://smartdatamodels.org/dataModel.UrbanMobility/hasRoute";
const HAS_STOP: &str = "https://smartdatamodels.org/dataModel.UrbanMobility/hasStop";
/// The models have no word for these; they get the default context of NGSI-LD.
const DELAY: &str = "https://uri.etsi.org/ngsi-ld/default-context/arrivalDelay";
const EXPECTED: &str = "https://uri.etsi.org/ngsi-ld/default-context/expectedArrival";
const NAME: &str = "https://smartdatamodels.org/name";
/// UN/CEFACT Recommendation 20: metre per second, degree of angle, second.
const METRE_PER_SECOND: &str = "MTS";
const DEGREE: &str = "DD";
const SECOND: &str = "SEC";

/// Reads one feed.
pub fn read(path: &Path) -> Result<Whole, ReplayError> {
    let feed = gtfs_rt::read(&super::bytes(path)?)
        .map_err(|error| super::other_kind(path, error.to_string()))?;
    let record = |entity: Result<Entity, Fault>| match entity.map_err(reason)? {
        Entity::Vehicle(one) => Ok(vehicle(&one)),
        Entity::Trip(one) => trip(&one),
        Entity::Deleted { .. } => Err(Reason::OtherEntry),
    };
    Ok(feed.entities.into_iter().map(record).collect())
}

fn reason(fault: Fault) -> Reason {
    match fault {
        Fault::Unreadable => Reason::Unreadable,
        Fault::NoId => Reason::MissingName,
        Fault::NoPosition => Reason::BadPosition,
        Fault::NoTime => Reason::MissingTime,
        Fault::TooLong => Reason::TooLong,
        Fault::Other => Reason::OtherEntry,
    }
}

fn vehicle(one: &Vehicle) -> Record {
    let at = one.at;
    let id = format!("urn:ngsi-ld:Vehicle:{}", urn_part(&one.id));
    let mut members = Map::new();
    let place = json!({"type": "Point", "coordinates": [one.position.lon(), one.position.lat()]});
    members.insert(
        "location".into(),
        json!({"type": "GeoProperty", "value": place, "observedAt": at.to_string()}),
    );
    let mut put = |name: &str, value: Option<Value>| {
        value.and_then(|value| members.insert(name.to_owned(), value));
    };
    put(
        NAME,
        one.label
            .as_ref()
            .map(|label| json!({"type": "Property", "value": label})),
    );
    put(
        SPEED,
        one.speed.map(|speed| measured(speed, METRE_PER_SECOND, at)),
    );
    put(
        BEARING,
        one.bearing.map(|bearing| measured(bearing, DEGREE, at)),
    );
    put(HAS_TRIP, link("GtfsTrip", one.trip.as_deref(), at));
    put(HAS_ROUTE, link("GtfsRoute", one.route.as_deref(), at));
    put(HAS_STOP, link("GtfsStop", one.stop.as_deref(), at));
    record(id, VEHICLE, members, at)
}

/// # Errors
/// A trip that tells neither a delay nor an arrival tells nothing.
fn trip(one: &Trip) -> Result<Record, Reason> {
    let at = one.at;
    let id = format!("urn:ngsi-ld:ArrivalEstimation:{}", urn_part(&one.id));
    let mut members = Map::new();
    if one.delay.is_none() && one.arrival.is_none() {
        return Err(Reason::BadValue);
    }
    let mut put = |name: &str, value: Option<Value>| {
        value.and_then(|value| members.insert(name.to_owned(), value));
    };
    put(DELAY, one.delay.map(|delay| measured(delay, SECOND, at)));
    let arrival = |arrival: Timestamp| {
        let time = json!({"@type": "DateTime", "@value": arrival.to_string()});
        property(time, at)
    };
    put(EXPECTED, one.arrival.map(arrival));
    put(HAS_TRIP, link("GtfsTrip", Some(&one.id), at));
    put(HAS_ROUTE, link("GtfsRoute", one.route.as_deref(), at));
    put(HAS_STOP, link("GtfsStop", one.next_stop.as_deref(), at));
    Ok(record(id, ARRIVAL, members, at))
}

fn link(kind: &str, id: Option<&str>, at: Timestamp) -> Option<Value> {
    let object = format!("urn:ngsi-ld:{kind}:{}", urn_part(id?));
    Some(json!({"type": "Relationship", "object": object, "observedAt": at.to_string()}))
}

fn record(id: String, kind: &str, mut members: Map<String, Value>, at: Timestamp) -> Record {
    members.insert("id".into(), id.clone().into());
    members.insert("type".into(), kind.into());
    let json = Value::Object(members).to_string();
    let content = Content::Entity {
        id,
        json,
        context: false,
    };
    Record { at, content }
}
