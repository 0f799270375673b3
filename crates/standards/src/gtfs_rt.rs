//! GTFS Realtime 2.0: where vehicles are and how late trips run, in.
//!
//! The fields are those of `gtfs-realtime.proto`; the messages are written out here, so that nothing is generated when
//! the program is built. A feed is one protobuf message. Its entities are kept as bytes first and read one by one: an
//! entity that does not read costs itself and nothing else. Alerts are told from the others and not read.
//!
//! Deliberately absent: the static GTFS that gives a trip its name and a stop its place.

mod messages;
#[cfg(test)]
mod tests;

use pendopo_domain::geo::Position;
use pendopo_domain::time::Timestamp;
use prost::Message;

/// Bytes of one feed.
pub const MOST_BYTES: usize = 32 * 1024 * 1024;
/// Entities of one feed.
pub const MOST_ENTITIES: usize = 100_000;
/// Stops of one trip.
pub const MOST_STOPS: usize = 1_000;
/// Bytes of an id or a name.
pub const MOST_TEXT: usize = 256;

/// Why a feed is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAFeed {
    #[error("more than {MOST_BYTES} bytes")]
    TooLarge,
    #[error("more than {MOST_ENTITIES} entities")]
    TooMany,
    #[error("not a FeedMessage")]
    Unreadable,
    #[error("the header has no version")]
    NoHeader,
    /// Only changes since an earlier feed; nobody sends these (GTFS Realtime calls them unsupported).
    #[error("the feed is differential")]
    Differential,
}

/// Why one entity of a feed is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Fault {
    #[error("not a FeedEntity")]
    Unreadable,
    #[error("an id is missing")]
    NoId,
    #[error("a vehicle has no position on earth")]
    NoPosition,
    #[error("neither the entity nor the feed has a time")]
    NoTime,
    #[error("a text is longer than {MOST_TEXT} bytes, or a trip has more than {MOST_STOPS} stops")]
    TooLong,
    /// A service alert, or nothing at all.
    #[error("neither a vehicle nor a trip")]
    Other,
}

/// A feed with what could be read of it.
#[derive(Debug)]
pub struct Feed {
    /// When it was made; `None` when it does not say.
    pub at: Option<Timestamp>,
    /// In the order of the feed.
    pub entities: Vec<Result<Entity, Fault>>,
}

/// One entity: what it says about one vehicle or one trip.
#[derive(Clone, Debug, PartialEq)]
pub enum Entity {
    Vehicle(Vehicle),
    Trip(Trip),
    /// It is gone; the id is that of the feed, not of the vehicle.
    Deleted {
        id: String,
    },
}

/// `VehiclePosition`.
#[derive(Clone, Debug, PartialEq)]
pub struct Vehicle {
    /// That of the vehicle; that of the feed's entity when the vehicle has none.
    pub id: String,
    pub label: Option<String>,
    pub at: Timestamp,
    pub position: Position,
    /// Degrees from true north, clockwise.
    pub bearing: Option<f64>,
    /// Metres a second.
    pub speed: Option<f64>,
    pub trip: Option<String>,
    pub route: Option<String>,
    pub stop: Option<String>,
}

/// `TripUpdate`.
#[derive(Clone, Debug, PartialEq)]
pub struct Trip {
    /// That of the trip; that of the feed's entity when the trip is told by route and start.
    pub id: String,
    pub route: Option<String>,
    pub vehicle: Option<String>,
    pub at: Timestamp,
    /// Seconds behind the timetable at the next stop that says so; negative is early. `None` when only times are given.
    pub delay: Option<i32>,
    /// The next stop, and when the trip arrives there.
    pub next_stop: Option<String>,
    pub arrival: Option<Timestamp>,
    pub stops: usize,
}

/// Reads a feed.
///
/// # Errors
/// [`NotAFeed`] when nothing of it can be used.
pub fn read(bytes: &[u8]) -> Result<Feed, NotAFeed> {
    if bytes.len() > MOST_BYTES {
        return Err(NotAFeed::TooLarge);
    }
    let message = messages::FeedMessage::decode(bytes).map_err(|_| NotAFeed::Unreadable)?;
    let header = message.header.ok_or(NotAFeed::NoHeader)?;
    if header.gtfs_realtime_version.is_empty() {
        return Err(NotAFeed::NoHeader);
    }
    if header.incrementality == Some(messages::DIFFERENTIAL) {
        return Err(NotAFeed::Differential);
    }
    if message.entity.len() > MOST_ENTITIES {
        return Err(NotAFeed::TooMany);
    }
    let at = seconds(header.timestamp);
    let entities = message.entity.iter().map(|one| entity(one, at)).collect();
    Ok(Feed { at, entities })
}

fn entity(bytes: &[u8], feed_at: Option<Timestamp>) -> Result<Entity, Fault> {
    let message = messages::FeedEntity::decode(bytes).map_err(|_| Fault::Unreadable)?;
    let id = text(Some(message.id))?.ok_or(Fault::NoId)?;
    if message.is_deleted == Some(true) {
        return Ok(Entity::Deleted { id });
    }
    match (message.vehicle, message.trip_update) {
        (Some(one), _) => vehicle(id, one, feed_at).map(Entity::Vehicle),
        (None, Some(one)) => trip(id, one, feed_at).map(Entity::Trip),
        (None, None) => Err(Fault::Other),
    }
}

fn vehicle(
    entity: String,
    message: messages::VehiclePosition,
    feed_at: Option<Timestamp>,
) -> Result<Vehicle, Fault> {
    let place = message.position.ok_or(Fault::NoPosition)?;
    let position = Position::new(plain(place.longitude), plain(place.latitude));
    // 0, 0 is what a receiver says that has not found its place yet; it lies in the sea.
    let position = position.filter(|at| at.lon() != 0.0 || at.lat() != 0.0);
    let described = message.vehicle.unwrap_or_default();
    let trip = message.trip.unwrap_or_default();
    let sane = |number: Option<f32>, most: f64| {
        number
            .map(plain)
            .filter(|number| (0.0..=most).contains(number))
    };
    Ok(Vehicle {
        id: text(described.id)?.unwrap_or(entity),
        label: text(described.label)?,
        at: seconds(message.timestamp)
            .or(feed_at)
            .ok_or(Fault::NoTime)?,
        position: position.ok_or(Fault::NoPosition)?,
        bearing: sane(place.bearing, 360.0),
        // Faster than sound is a fault of the receiver.
        speed: sane(place.speed, 340.0),
        trip: text(trip.trip_id)?,
        route: text(trip.route_id)?,
        stop: text(message.stop_id)?,
    })
}

fn trip(
    entity: String,
    message: messages::TripUpdate,
    feed_at: Option<Timestamp>,
) -> Result<Trip, Fault> {
    if message.stop_time_update.len() > MOST_STOPS {
        return Err(Fault::TooLong);
    }
    let at = seconds(message.timestamp)
        .or(feed_at)
        .ok_or(Fault::NoTime)?;
    let stops = message.stop_time_update.len();
    let next = next_stop(&message.stop_time_update, at);
    let event = next.and_then(|stop| stop.arrival.as_ref().or(stop.departure.as_ref()));
    let delay = event.and_then(|event| event.delay).or(message.delay);
    let arrival = event.and_then(|event| seconds(event.time.and_then(|at| at.try_into().ok())));
    let next_stop = text(next.and_then(|stop| stop.stop_id.clone()))?;
    Ok(Trip {
        id: text(message.trip.trip_id)?.unwrap_or(entity),
        route: text(message.trip.route_id)?,
        vehicle: text(message.vehicle.and_then(|one| one.id))?,
        at,
        delay,
        next_stop,
        arrival,
        stops,
    })
}

/// The first stop that is still ahead; stops are in the order of the trip. Without times it is the first one.
fn next_stop(
    stops: &[messages::StopTimeUpdate],
    at: Timestamp,
) -> Option<&messages::StopTimeUpdate> {
    let ahead = |stop: &&messages::StopTimeUpdate| {
        let event = stop.arrival.as_ref().or(stop.departure.as_ref());
        let time = event.and_then(|event| event.time);
        time.is_none_or(|time| time.saturating_mul(1_000_000) >= at.micros())
    };
    stops.iter().find(ahead).or(stops.last())
}

/// Seconds since 1970; 0 is how some say that they do not know.
fn seconds(posix: Option<u64>) -> Option<Timestamp> {
    let seconds = i64::try_from(posix?).ok().filter(|seconds| *seconds > 0)?;
    jiff::Timestamp::from_second(seconds).ok().map(Into::into)
}

/// The number that a person would read: 59.43, not 59.43000030517578.
fn plain(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(f64::NAN)
}

fn text(given: Option<String>) -> Result<Option<String>, Fault> {
    match given {
        Some(text) if text.len() > MOST_TEXT => Err(Fault::TooLong),
        given => Ok(given
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())),
    }
}
