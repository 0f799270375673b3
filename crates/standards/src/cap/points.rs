//! Positions on the wire: `lat,lon`, the other way around than everywhere else. CAP 1.2 §3.2.4.

use std::fmt::Write;

use pendopo_domain::alerts::area::{Circle, Ring};
use pendopo_domain::geo::Position;

use super::problem::Fault;

/// A ring, and whether it had to be closed. `most` positions are read.
pub(super) fn ring(text: &str, most: usize) -> Result<(Ring, bool), Fault> {
    let mut positions = vec![];
    for pair in text.split_ascii_whitespace() {
        if positions.len() >= most {
            return Err(Fault::TooMany);
        }
        positions.push(position(pair).ok_or(Fault::Position)?);
    }
    let open = positions.first() != positions.last();
    if open {
        positions.extend(positions.first().copied());
    }
    let ring = Ring::new(positions).ok_or(Fault::ShortRing)?;
    Ok((ring, open))
}

/// `lat,lon radius`, the radius in kilometres.
pub(super) fn circle(text: &str) -> Result<Circle, Fault> {
    let mut parts = text.split_ascii_whitespace();
    let (Some(centre), Some(radius), None) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Fault::Position);
    };
    let centre = position(centre).ok_or(Fault::Position)?;
    let radius = number(radius).ok_or(Fault::Number)?;
    Circle::new(centre, radius).ok_or(Fault::Number)
}

fn position(pair: &str) -> Option<Position> {
    let (lat, lon) = pair.split_once(',')?;
    Position::new(number(lon)?, number(lat)?)
}

/// A finite decimal number. No exponent and no `inf`, which Rust would read.
pub(super) fn number(text: &str) -> Option<f64> {
    let decimal = |b: u8| b.is_ascii_digit() || b"+-.".contains(&b);
    if !text.bytes().all(decimal) {
        return None;
    }
    // One zero only: what is written again as `-0` would not be the same text.
    text.parse()
        .ok()
        .filter(|n: &f64| n.is_finite())
        .map(|n: f64| n + 0.0)
}

pub(super) fn ring_text(ring: &Ring) -> String {
    let mut text = String::with_capacity(ring.positions().len() * 16);
    for at in ring.positions() {
        if !text.is_empty() {
            text.push(' ');
        }
        let _ = write!(text, "{},{}", at.lat(), at.lon());
    }
    text
}

pub(super) fn circle_text(circle: &Circle) -> String {
    let (at, km) = (circle.centre, circle.radius_km);
    format!("{},{} {km}", at.lat(), at.lon())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latitude_comes_first_on_the_wire() {
        let (read, open) = ring(" -5.9,105.9\n -6.0,106.0 -6.0,105.9 -5.9,105.9 ", 10).unwrap();
        assert!(!open);
        assert_eq!(
            (read.positions()[0].lon(), read.positions()[0].lat()),
            (105.9, -5.9)
        );
        assert_eq!(ring_text(&read), "-5.9,105.9 -6,106 -6,105.9 -5.9,105.9");
    }

    #[test]
    fn a_ring_that_is_bad_says_why() {
        let of = |text| ring(text, 5).map(|(_, open)| open);
        assert_eq!(of("0,0 0,1 1,1"), Ok(true));
        assert_eq!(of("0,0 0,1 0,0"), Err(Fault::ShortRing));
        assert_eq!(of("0,0 0,1"), Err(Fault::ShortRing));
        assert_eq!(of("0,0 0,1 91,1 0,0"), Err(Fault::Position));
        assert_eq!(of("0,0 0,1 1,inf 0,0"), Err(Fault::Position));
        assert_eq!(of("0,0 0 1,1 0,0"), Err(Fault::Position));
        assert_eq!(of("0,0 0,1 1,1 1,2 1,3 0,0"), Err(Fault::TooMany));
        assert_eq!(of(""), Err(Fault::ShortRing));
    }

    #[test]
    fn a_circle_is_one_position_and_kilometres() {
        let read = circle("53.401,-165.164 1.0").unwrap();
        assert_eq!((read.centre.lon(), read.radius_km), (-165.164, 1.0));
        assert_eq!(circle_text(&read), "53.401,-165.164 1");
        assert_eq!(circle("53,1 0").unwrap().radius_km, 0.0);
        assert_eq!(circle("53,1"), Err(Fault::Position));
        assert_eq!(circle("53,1 -1"), Err(Fault::Number));
        assert_eq!(circle("53,1 1 2"), Err(Fault::Position));
    }
}
