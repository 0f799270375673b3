//! Drawn pictures for a few demo reports. They show shapes on a road and pretend nothing.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

use super::chance::Chance;

const WIDTH: u32 = 800;
const HEIGHT: u32 = 600;
/// Where the ground begins, from the top.
const HORIZON: u32 = 260;

/// A PNG: sky, ground, a road, and a dark shape on it. `None` only if the encoder fails.
pub(super) fn draw(chance: &mut Chance) -> Option<Vec<u8>> {
    let hue = chance.between(0.0, 60.0) as u8;
    let (x, y) = (chance.between(300.0, 500.0), chance.between(430.0, 520.0));
    let (wide, high) = (chance.between(50.0, 110.0), chance.between(18.0, 40.0));
    let colour = |px: u32, py: u32| {
        let (fx, fy) = (f64::from(px), f64::from(py));
        let shape = ((fx - x) / wide).powi(2) + ((fy - y) / high).powi(2);
        let from_middle = (fx - f64::from(WIDTH) / 2.0).abs();
        let depth = f64::from(py.saturating_sub(HORIZON));
        // Light near the horizon, darker towards the viewer.
        let shade = (depth / 8.0) as u8;
        match () {
            () if shape < 1.0 => Rgb([38, 36, 34]),
            () if shape < 1.35 => Rgb([196, 120, 60]),
            () if py < HORIZON => Rgb([150 + hue, 190, 225 - (py / 8) as u8]),
            () if from_middle < 6.0 + depth / 40.0 && (py / 36).is_multiple_of(2) => {
                Rgb([232, 228, 214])
            }
            () if from_middle < 40.0 + depth => Rgb([128 - shade, 130 - shade, 134 - shade]),
            () => Rgb([96 + hue, 150 - shade, 84]),
        }
    };
    let picture = RgbImage::from_fn(WIDTH, HEIGHT, colour);
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).ok()?;
    Some(bytes.into_inner())
}
