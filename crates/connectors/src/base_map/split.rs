//! Cuts polygons along straight lines, and splits big ones into pieces that way.
//!
//! A general polygon union or intersection would do this too, but on coasts of this size one such
//! library was seen to loop for ever. Cutting at one axis-parallel line at a time needs only a sort:
//! linear otherwise, and it always ends.

use geo::{Coord, LineString, Orient, Polygon, orient::Direction};

use super::on_grid;
use super::read::{Ring, Rings};

/// Small enough that a city reads a few dozen kilobytes, large enough that the index stays small.
const MAX_VERTICES: usize = 1_000;
/// Inland pieces have few vertices; without this a whole continent's inside would be one piece.
const MAX_SIDE_DEGREES: f64 = 2.0;
/// Never split further than this, however dense the coast.
const MIN_SIDE_DEGREES: f64 = 0.02;
/// In square degrees, about a square decimetre: less is a rest of a cut, not land.
const MIN_AREA: f64 = 1e-12;

/// West, south, east, north.
pub(super) type Box4 = [f64; 4];

/// A cell without sides: the polygon was never cut.
pub(super) const UNCUT: Box4 = [
    f64::NEG_INFINITY,
    f64::NEG_INFINITY,
    f64::INFINITY,
    f64::INFINITY,
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    Lon,
    Lat,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Below,
    Above,
}

/// Splits one polygon and calls `take` with each piece and the cell it was cut to. Edges on a side of
/// the cell are cuts; all others are coast.
pub(super) fn split<E>(
    rings: Rings,
    mut take: impl FnMut(Polygon<f64>, Box4) -> Result<(), E>,
) -> Result<(), E> {
    // Cutting needs land on the left of every ring.
    let (outer, holes) = polygon_of(rings).orient(Direction::Default).into_inner();
    let mut rings: Rings = vec![outer.0];
    // A lake of three corners is what a world-wide simplification leaves of a pond: wrong in its place
    // and in its shape, and a city sees it. It counts as land.
    rings.extend(
        holes
            .into_iter()
            .map(|hole| hole.0)
            .filter(|hole| hole.len() > 4),
    );

    let mut waiting = vec![(rings, UNCUT)];
    while let Some((rings, cell)) = waiting.pop() {
        let Some([west, south, east, north]) = bounds(&rings) else {
            continue;
        };
        let side = (east - west).max(north - south);
        let vertices: usize = rings.iter().map(Vec::len).sum();
        if side <= MIN_SIDE_DEGREES || (vertices <= MAX_VERTICES && side <= MAX_SIDE_DEGREES) {
            for rings in polygons_of(rings) {
                take(polygon_of(rings), cell)?;
            }
            continue;
        }
        let (axis, at) = if east - west >= north - south {
            (Axis::Lon, cut_near((west + east) / 2.0))
        } else {
            (Axis::Lat, cut_near((south + north) / 2.0))
        };
        for keep in [Keep::Below, Keep::Above] {
            let mut cell = cell;
            cell[side_of(axis, keep)] = at;
            waiting.push((cut(&rings, axis, at, keep), cell));
        }
    }
    Ok(())
}

/// A place for a cut on which published coasts, given to four or six decimals, have no vertex.
fn cut_near(degrees: f64) -> f64 {
    on_grid((degrees * 1e4).floor() / 1e4 + 33.7e-6)
}

/// Which side of a box a cut becomes: what is kept below a line has the line as its east or north.
fn side_of(axis: Axis, keep: Keep) -> usize {
    match (axis, keep) {
        (Axis::Lon, Keep::Above) => 0,
        (Axis::Lat, Keep::Above) => 1,
        (Axis::Lon, Keep::Below) => 2,
        (Axis::Lat, Keep::Below) => 3,
    }
}

/// The parts of a polygon inside a box.
pub(super) fn cut_to_box(mut rings: Rings, [west, south, east, north]: Box4) -> Vec<Rings> {
    for (axis, at, keep) in [
        (Axis::Lon, west, Keep::Above),
        (Axis::Lat, south, Keep::Above),
        (Axis::Lon, east, Keep::Below),
        (Axis::Lat, north, Keep::Below),
    ] {
        rings = cut(&rings, axis, at, keep);
    }
    polygons_of(rings)
}

/// Sorts the rings of a cut into polygons. Left until the end of all cutting on purpose: a continent
/// has hundreds of thousands of lakes, and looking for the home of each after every cut takes hours.
fn polygons_of(rings: Rings) -> Vec<Rings> {
    let (outer, rest): (Rings, Rings) = rings
        .into_iter()
        .filter(|ring| ring.len() >= 4 && doubled_area(ring).abs() > 2.0 * MIN_AREA)
        .partition(|ring| doubled_area(ring) > 0.0);
    let mut polygons: Vec<Rings> = outer.into_iter().map(|ring| vec![ring]).collect();
    for hole in rest {
        let home = if polygons.len() == 1 {
            polygons.first_mut()
        } else {
            polygons
                .iter_mut()
                .find(|polygon| surrounds(&polygon[0], hole[0]))
        };
        if let Some(polygon) = home {
            polygon.push(hole);
        }
    }
    polygons
}

/// A stretch of a ring on the kept side, from where it enters to where it leaves. `entry` and `exit`
/// are the places along the line, not yet rounded, so that their order is the true one.
struct Stretch {
    line: Vec<Coord<f64>>,
    entry: f64,
    exit: f64,
}

/// The part of an area on one side of a line. The area may be several polygons; all that counts is
/// that land lies on the left of every ring.
fn cut(rings: &[Ring], axis: Axis, at: f64, keep: Keep) -> Rings {
    let mut stretches = Vec::new();
    let mut kept = Vec::new();
    for ring in rings {
        match stretches_of(ring, axis, at, keep) {
            Some(found) => stretches.extend(found),
            // It does not cross the line: it is kept or left as a whole.
            None if ring.first().is_some_and(|p| is_kept(*p, axis, at, keep)) => {
                kept.push(ring.clone());
            }
            None => {}
        }
    }
    kept.extend(joined(&stretches, axis, keep));
    kept
}

/// A vertex on the line counts as above, for both sides alike; so a line through a vertex is no
/// special case.
fn is_kept(position: Coord<f64>, axis: Axis, at: f64, keep: Keep) -> bool {
    (across(position, axis) >= at) == (keep == Keep::Above)
}

fn across(position: Coord<f64>, axis: Axis) -> f64 {
    match axis {
        Axis::Lon => position.x,
        Axis::Lat => position.y,
    }
}

/// `None` if the ring does not cross the line.
fn stretches_of(ring: &[Coord<f64>], axis: Axis, at: f64, keep: Keep) -> Option<Vec<Stretch>> {
    let kept = |position: Coord<f64>| is_kept(position, axis, at, keep);
    // Start at an edge that enters, so that no stretch is torn by the ring's own beginning.
    let edges = ring.len().saturating_sub(1);
    let start = (0..edges).find(|&i| !kept(ring[i]) && kept(ring[i + 1]))?;
    let mut stretches: Vec<Stretch> = Vec::new();
    for step in 0..edges {
        let i = (start + step) % edges;
        let (from, to) = (ring[i], ring[i + 1]);
        match (kept(from), kept(to)) {
            (false, true) => {
                let (place, position) = crossing(from, to, axis, at);
                stretches.push(Stretch {
                    line: vec![position, to],
                    entry: place,
                    exit: place,
                });
            }
            (true, true) => stretches.last_mut()?.line.push(to),
            (true, false) => {
                let (place, position) = crossing(from, to, axis, at);
                let stretch = stretches.last_mut()?;
                stretch.line.push(position);
                stretch.exit = place;
            }
            (false, false) => {}
        }
    }
    Some(stretches)
}

/// Always computed from the lower end to the upper one, so that both sides of a cut get the same
/// numbers whichever way their ring runs.
fn crossing(a: Coord<f64>, b: Coord<f64>, axis: Axis, at: f64) -> (f64, Coord<f64>) {
    let (a, b) = if (a.x, a.y) <= (b.x, b.y) {
        (a, b)
    } else {
        (b, a)
    };
    let share = (at - across(a, axis)) / (across(b, axis) - across(a, axis));
    match axis {
        Axis::Lon => {
            let y = a.y + (b.y - a.y) * share;
            let position = Coord {
                x: at,
                y: on_grid(y),
            };
            (y, position)
        }
        Axis::Lat => {
            let x = a.x + (b.x - a.x) * share;
            let position = Coord {
                x: on_grid(x),
                y: at,
            };
            (x, position)
        }
    }
}

/// Joins stretches along the line to closed rings.
///
/// Land lies on the left, so from where one stretch leaves, the ring runs along the line in one known
/// direction to the nearest place where a stretch enters. Along the line leaving and entering places
/// alternate; each stretch gets exactly one next, which makes rings of all of them.
fn joined(stretches: &[Stretch], axis: Axis, keep: Keep) -> Vec<Ring> {
    let upwards = (axis == Axis::Lat) == (keep == Keep::Above);
    let direction = if upwards { 1.0 } else { -1.0 };
    let in_order = |place: &dyn Fn(&Stretch) -> f64| {
        let mut order: Vec<usize> = (0..stretches.len()).collect();
        order.sort_by(|&a, &b| {
            (direction * place(&stretches[a])).total_cmp(&(direction * place(&stretches[b])))
        });
        order
    };
    // As they alternate, the n-th place of leaving belongs to the n-th of entering.
    let leaving = in_order(&|stretch| stretch.exit);
    let entering = in_order(&|stretch| stretch.entry);
    let mut next = vec![0; stretches.len()];
    for (from, to) in leaving.into_iter().zip(entering) {
        next[from] = to;
    }

    let mut used = vec![false; stretches.len()];
    let mut rings = Vec::new();
    for first in 0..stretches.len() {
        if used[first] {
            continue;
        }
        let mut ring = Vec::new();
        let mut i = first;
        while !used[i] {
            used[i] = true;
            ring.extend_from_slice(&stretches[i].line);
            i = next[i];
        }
        ring.push(ring[0]);
        ring.dedup();
        if ring.len() >= 4 {
            rings.push(ring);
        }
    }
    rings
}

fn doubled_area(ring: &[Coord<f64>]) -> f64 {
    // Relative to the first position, or the digits of small islands far from 0,0 are lost.
    let origin = ring[0];
    ring.windows(2)
        .map(|edge| {
            let (a, b) = (edge[0] - origin, edge[1] - origin);
            a.x * b.y - b.x * a.y
        })
        .sum()
}

/// Whether a ring goes round a position (by counting crossings of a ray to the east).
fn surrounds(ring: &[Coord<f64>], position: Coord<f64>) -> bool {
    let crossings = ring.windows(2).filter(|edge| {
        let (a, b) = (edge[0], edge[1]);
        (a.y > position.y) != (b.y > position.y)
            && position.x < a.x + (b.x - a.x) * (position.y - a.y) / (b.y - a.y)
    });
    crossings.count() % 2 == 1
}

fn bounds(rings: &[Ring]) -> Option<Box4> {
    let [w, s, e, n] = UNCUT;
    // UNCUT the other way round holds nothing.
    let bounds = rings.iter().flatten().fold([e, n, w, s], |b, p| {
        [b[0].min(p.x), b[1].min(p.y), b[2].max(p.x), b[3].max(p.y)]
    });
    (bounds[0] <= bounds[2]).then_some(bounds)
}

pub(super) fn polygon_of(rings: Rings) -> Polygon<f64> {
    let mut rings = rings.into_iter().map(LineString::new);
    let outer = rings.next().unwrap_or_else(|| LineString::new(Vec::new()));
    Polygon::new(outer, rings.collect())
}
