//! `/angka`: what came, what was in time, what the city says, what its residents say.

use serde::Serialize;

use super::home::{HonestNumbers, sample_numbers};
use crate::render::Page;
use pendopo_domain::measures::Numbers;
use pendopo_domain::time::Timestamp;

/// `GET /angka?hari=30|90|0`
#[derive(Clone, Debug, Serialize)]
pub struct NumbersPage {
    pub numbers: HonestNumbers,
    pub by_service: Vec<NumberRow>,
    pub by_area: Vec<NumberRow>,
    pub rating: RatingSummary,
    pub counted_at: Timestamp,
}

/// The numbers of one service or one area.
#[derive(Clone, Debug, Serialize)]
pub struct NumberRow {
    pub label: String,
    /// The reports it counts.
    pub url: String,
    #[serde(flatten)]
    pub counts: Numbers,
}

/// Stars, always with their count.
#[derive(Clone, Debug, Serialize)]
pub struct RatingSummary {
    pub count: i64,
    /// `None` under ten ratings: nothing is ranked by so few.
    pub average: Option<f64>,
    /// How many gave 1, 2, 3, 4 and 5 stars.
    pub stars: [i64; 5],
}

impl RatingSummary {
    /// Fewer ratings than this get no average.
    pub const SMALLEST: i64 = 10;

    /// From how many gave 1, 2, 3, 4 and 5 stars.
    pub fn of(stars: [i64; 5]) -> Self {
        let count: i64 = stars.iter().sum();
        let sum: i64 = stars.iter().zip(1..).map(|(n, value)| n * value).sum();
        let average = (count >= Self::SMALLEST).then(|| sum as f64 / count as f64);
        Self {
            count,
            average,
            stars,
        }
    }
}

impl Page for NumbersPage {
    const TEMPLATE: &'static str = "numbers.html";

    fn sample() -> Vec<Self> {
        let row = |label: &str| NumberRow {
            label: label.to_owned(),
            url: "/laporan?service=x".to_owned(),
            counts: sample_numbers().counts,
        };
        let full = Self {
            numbers: sample_numbers(),
            by_service: vec![row("Lampu jalan padam"), row("Jalan berlubang")],
            by_area: vec![row("Kemboja"), row("Melayu Kota Piring")],
            rating: RatingSummary::of([3, 2, 9, 21, 41]),
            counted_at: super::parts::sample::ago(0),
        };
        let few = Self {
            numbers: HonestNumbers {
                days: 90,
                ..full.numbers
            },
            rating: RatingSummary::of([0, 0, 1, 2, 5]),
            ..full.clone()
        };
        let empty = Self {
            numbers: HonestNumbers {
                days: 0,
                counts: Numbers::default(),
            },
            by_service: vec![],
            by_area: vec![],
            rating: RatingSummary::of([0; 5]),
            ..full.clone()
        };
        vec![full, few, empty]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_than_ten_ratings_have_no_average() {
        assert_eq!(RatingSummary::of([0, 0, 0, 0, 9]).average, None);
        assert_eq!(RatingSummary::of([0, 0, 0, 5, 5]).average, Some(4.5));
    }
}
