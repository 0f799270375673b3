//! Walls (dinding): screens of a room that show the state of the city and take nothing.
//!
//! A wall is opened by a link. How large its text must be follows from the room: 20 minutes of arc at the farthest seat
//! (ISO 9241-303; NUREG-0700 asks for 16 at least).

use crate::time::Timestamp;
use crate::{id_type, word_enum};

id_type!(
    /// A link to the wall of one city.
    WallId
);

word_enum!(
    /// The light in the room.
    Theme {
        Dark = "dark",
        Bright = "bright",
    }
);

/// Characters of a wall's name.
pub const LONGEST_NAME: usize = 80;
/// Height of a capital for 20 minutes of arc, in millimetres for each metre of distance.
const MM_PER_M: f64 = 5.82;
/// Height of a capital of the font, as a part of its size.
const CAPITAL: f64 = 0.7;

/// The room of a wall: who reads it from how far, on what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// From the farthest seat to the wall, in centimetres.
    pub seat_cm: u32,
    /// From one pixel of the page to the next, in micrometres.
    pub pitch_um: u32,
    pub theme: Theme,
}

impl Room {
    /// `None` unless the seat is 1 to 50 m away and a pixel 0.1 to 10 mm wide.
    pub fn new(seat_m: f64, pitch_mm: f64, theme: Theme) -> Option<Self> {
        let whole = |value: f64, low: f64, high: f64| {
            let value = value.round();
            // Within bounds, so nothing is cut off.
            (low..=high).contains(&value).then_some(value as u32)
        };
        Some(Self {
            seat_cm: whole(seat_m * 100.0, 100.0, 5_000.0)?,
            pitch_um: whole(pitch_mm * 1_000.0, 100.0, 10_000.0)?,
            theme,
        })
    }

    /// Size of text for 20 minutes of arc at the farthest seat, in whole pixels of the page; 8 at least, for a seat that
    /// is nearer than the pixels allow.
    pub fn text_px(&self) -> u32 {
        let height_mm = f64::from(self.seat_cm) / 100.0 * MM_PER_M;
        let px = height_mm / (f64::from(self.pitch_um) / 1_000.0) / CAPITAL;
        (px.round() as u32).max(8)
    }
}

/// A link as the city keeps it; the token itself is kept nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wall {
    pub id: WallId,
    pub name: String,
    pub room: Room,
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_as_large_as_the_room_asks() {
        // look of the wall, 20 minutes of arc: the table of usual panels.
        let cases = [
            (4.0, 0.63, 53),
            (6.0, 0.63, 79),
            (8.0, 1.13, 59),
            (6.0, 1.5, 33),
            (6.0, 1.89, 26),
            (1.0, 10.0, 8),
        ];
        for (seat, pitch, expect) in cases {
            let room = Room::new(seat, pitch, Theme::Dark).unwrap();
            assert_eq!(room.text_px(), expect, "{seat} m, {pitch} mm");
        }
    }

    #[test]
    fn a_room_that_cannot_be_is_none() {
        for (seat, pitch) in [
            (0.5, 1.0),
            (51.0, 1.0),
            (6.0, 0.05),
            (6.0, 11.0),
            (f64::NAN, 1.0),
            (6.0, f64::INFINITY),
        ] {
            assert_eq!(Room::new(seat, pitch, Theme::Dark), None, "{seat} {pitch}");
        }
    }
}
