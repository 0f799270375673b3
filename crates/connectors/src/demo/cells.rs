//! Outlines around centre points, for a city whose boundaries are not given: each place belongs to the nearest centre,
//! no farther than [`REACH_METRES`], so that most of the sea stays outside. Drawn, never surveyed.

use geo::{Coord, LineString, MultiPolygon, Polygon};
use pendopo_domain::geo::Position;

/// How far an area reaches from its centre at most.
const REACH_METRES: f64 = 2_500.0;
/// Corners of the rounded outer edge.
const CORNERS: usize = 24;
const METRES_PER_DEGREE: f64 = 111_194.9;

/// One cell per centre, in the same order. Neighbours share their edges.
pub(super) fn around(centres: &[Position]) -> Vec<MultiPolygon<f64>> {
    centres
        .iter()
        .map(|centre| cell(*centre, centres))
        .collect()
}

/// A circle cut along the line half-way to every other centre.
fn cell(centre: Position, centres: &[Position]) -> MultiPolygon<f64> {
    // Metres east and north of the centre; over a few kilometres the earth is flat enough.
    let east_metres = METRES_PER_DEGREE * centre.lat().to_radians().cos();
    let mut corners: Vec<Coord<f64>> = (0..CORNERS)
        .map(|corner| {
            let angle = std::f64::consts::TAU * corner as f64 / CORNERS as f64;
            Coord {
                x: REACH_METRES * angle.cos(),
                y: REACH_METRES * angle.sin(),
            }
        })
        .collect();
    for other in centres {
        let away = Coord {
            x: (other.lon() - centre.lon()) * east_metres,
            y: (other.lat() - centre.lat()) * METRES_PER_DEGREE,
        };
        if away.x != 0.0 || away.y != 0.0 {
            corners = nearer_side(&corners, away);
        }
    }
    let on_earth = |at: Coord<f64>| {
        // About a decimetre: what a drawn line is worth.
        let round = |degrees: f64| (degrees * 1e6).round() / 1e6;
        Coord {
            x: round(centre.lon() + at.x / east_metres),
            y: round(centre.lat() + at.y / METRES_PER_DEGREE),
        }
    };
    let ring: LineString<f64> = corners.into_iter().map(on_earth).collect();
    // The constructor closes the ring.
    MultiPolygon(vec![Polygon::new(ring, vec![])])
}

/// What of a convex ring around the origin is nearer to the origin than to `away` (Sutherland–Hodgman, one edge).
fn nearer_side(ring: &[Coord<f64>], away: Coord<f64>) -> Vec<Coord<f64>> {
    let half = (away.x * away.x + away.y * away.y) / 2.0;
    // Positive on our side of the line.
    let side = |at: &Coord<f64>| half - (at.x * away.x + at.y * away.y);
    let mut kept = Vec::with_capacity(ring.len() + 1);
    for (at, next) in ring.iter().zip(ring.iter().cycle().skip(1)) {
        let (here, there) = (side(at), side(next));
        if here >= 0.0 {
            kept.push(*at);
        }
        if (here > 0.0) != (there > 0.0) && here != there {
            let share = here / (here - there);
            kept.push(Coord {
                x: at.x + share * (next.x - at.x),
                y: at.y + share * (next.y - at.y),
            });
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Area as _, Contains, Point};

    fn at(lon: f64, lat: f64) -> Position {
        Position::new(lon, lat).unwrap()
    }

    #[test]
    fn a_place_belongs_to_the_nearest_centre_only() {
        let centres = [at(104.45, 0.92), at(104.46, 0.92), at(104.455, 0.93)];
        let cells = around(&centres);
        for (index, centre) in centres.iter().enumerate() {
            let held: Vec<bool> = cells
                .iter()
                .map(|cell| cell.contains(&Point::new(centre.lon(), centre.lat())))
                .collect();
            assert_eq!(held.iter().filter(|held| **held).count(), 1);
            assert!(held[index]);
        }
        let near_first = Point::new(104.4549, 0.919);
        assert!(cells[0].contains(&near_first) && !cells[1].contains(&near_first));
    }

    #[test]
    fn a_lonely_centre_gets_a_circle_of_its_reach() {
        let cells = around(&[at(124.8, 1.5)]);
        let square_metres =
            cells[0].unsigned_area() * METRES_PER_DEGREE.powi(2) * 1.5_f64.to_radians().cos();
        let circle = std::f64::consts::PI * REACH_METRES.powi(2);
        assert!(
            (square_metres / circle - 1.0).abs() < 0.02,
            "{square_metres}"
        );
    }
}
