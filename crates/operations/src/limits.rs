//! The limits of what people may send, in one place. Each is documented and answered with the right error.

/// Open311 GeoReport v2, POST request: `description` is at most 4,000 characters.
pub const DESCRIPTION_CHARS: usize = 4_000;
/// Enough to say what happened, short enough for a thumb.
pub const DESCRIPTION_LEAST_CHARS: usize = 10;
/// Words that say where.
pub const PLACE_CHARS: usize = 300;
/// A name, an address, a phone number.
pub const CONTACT_CHARS: usize = 200;
/// An answer to a question of a service.
pub const ATTRIBUTE_CHARS: usize = 1_000;
/// Questions that one report may answer.
pub const ATTRIBUTES: usize = 50;
/// The city's words on a state, and a reporter's words on the result.
pub const WORDS_CHARS: usize = 1_000;
/// What another system may call something of its own.
pub const REFERENCE_CHARS: usize = 200;
/// Comments that other systems may add to one report: many times what people write about a street lamp.
pub const COMMENTS: usize = 200;
/// Photos of one report.
pub const PHOTOS: usize = 3;
/// One photo as it is sent.
pub const PHOTO_BYTES: usize = 10 * 1024 * 1024;
/// Pixels of one photo: decoding needs three bytes for each.
pub const PHOTO_PIXELS: u64 = 50_000_000;
/// Longest side of a stored photo, in pixels.
pub const PHOTO_LARGE: u32 = 1_600;
/// Longest side of its thumbnail, in pixels.
pub const PHOTO_SMALL: u32 = 400;
/// How near a report of the same service must be to be offered as *already reported*, in metres.
pub const SIMILAR_METRES: f64 = 150.0;
/// How old it may be, in days.
pub const SIMILAR_DAYS: i64 = 30;
/// Rows that one list answers at most (Open311 GeoReport v2, GET requests).
pub const LIST_ROWS: i64 = 1_000;
/// One MQTT packet.
pub const MQTT_PACKET_BYTES: u32 = 1024 * 1024;
/// Topic filters of one MQTT account.
pub const MQTT_RIGHTS: usize = 100;
/// Mappings of one city: each message asks them in their order.
pub const MQTT_MAPPINGS: usize = 200;
/// Name of an account, a mapping or a broker.
pub const SOURCE_NAME_BYTES: usize = 64;
/// Messages of one source that are kept aside; older ones are dropped and counted.
pub const QUARANTINE_OF_A_SOURCE: i64 = 10_000;
/// Documents of warnings that could not be read and are kept; older ones are dropped.
pub const ALERTS_ASIDE: i64 = 1_000;
/// How long a cookie of a sign-in lasts, in days.
pub const COOKIE_DAYS: i64 = 14;
/// How long a sign-in link lasts, in hours.
pub const SIGN_IN_LINK_HOURS: i64 = 24;
/// Residents who watch a city live at the same time; each costs a connection and about 20 kB.
pub const FOLLOWERS: usize = 4_096;
/// Those of them at one address. Many phones share one address of their network, and a school or an office has one too.
pub const FOLLOWERS_OF_ADDRESS: usize = 256;
/// Name of a unit.
pub const UNIT_NAME_CHARS: usize = 80;
/// How old a press of a crew's phone may be that had no network.
pub const PRESS_HOURS: i64 = 24;
/// How far the clock of a phone may be ahead of ours.
pub const PRESS_AHEAD_MINUTES: i64 = 5;
/// A phone's own name for a press: a UUID and some room.
pub const PRESS_KEY_BYTES: usize = 64;
/// Staff who watch at the same time: places of their own, so that no crowd outside closes the desk.
pub const STAFF_FOLLOWERS: usize = 1_024;
