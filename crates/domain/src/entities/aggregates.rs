//! Numbers that stand for many values of an attribute (ETSI GS CIM 009, section 4.5.19).

use std::collections::HashSet;

use crate::time::Timestamp;

/// One value at one time.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    pub at: Timestamp,
    /// The value as it is written.
    pub text: &'a str,
    /// The same as a number, when it is one.
    pub number: Option<f64>,
}

/// What the values in one span of time come to. Sums and the rest are of those that are numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aggregate {
    pub from: Timestamp,
    pub to: Timestamp,
    pub count: usize,
    /// Different values; 1 and 1.0 are the same.
    pub distinct: usize,
    pub numbers: usize,
    pub sum: f64,
    pub sum_of_squares: f64,
    pub least: f64,
    pub greatest: f64,
    /// Of squares of differences from the mean: adding squares up loses small differences of great numbers.
    spread: f64,
}

impl Aggregate {
    /// The mean; no number when there are none.
    pub fn mean(&self) -> f64 {
        self.sum / number(self.numbers)
    }

    /// The standard deviation of the values as they are, not of a population that they are drawn from.
    pub fn deviation(&self) -> f64 {
        (self.spread / number(self.numbers)).sqrt()
    }
}

/// Spans in the order of time, without those that have no value. `samples` are in the order of time; `around` gives the
/// span that an instant is in.
pub fn aggregates<'a>(
    samples: impl IntoIterator<Item = Sample<'a>>,
    around: impl Fn(Timestamp) -> (Timestamp, Timestamp),
) -> Vec<Aggregate> {
    let mut done: Vec<Aggregate> = vec![];
    let mut seen = HashSet::new();
    for sample in samples {
        let same = done.last().is_some_and(|last| sample.at < last.to);
        if !same {
            let (from, to) = around(sample.at);
            seen.clear();
            done.push(empty(from, to));
        }
        if let Some(current) = done.last_mut() {
            take(current, &sample, &mut seen);
        }
    }
    done
}

fn empty(from: Timestamp, to: Timestamp) -> Aggregate {
    Aggregate {
        from,
        to,
        count: 0,
        distinct: 0,
        numbers: 0,
        sum: 0.0,
        sum_of_squares: 0.0,
        least: f64::NAN,
        greatest: f64::NAN,
        spread: 0.0,
    }
}

fn take<'a>(
    current: &mut Aggregate,
    sample: &Sample<'a>,
    seen: &mut HashSet<(Option<u64>, &'a str)>,
) {
    current.count += 1;
    // Zero has two signs.
    let value = match sample.number {
        Some(value) => (Some((value + 0.0).to_bits()), ""),
        None => (None, sample.text),
    };
    current.distinct += usize::from(seen.insert(value));
    let Some(value) = sample.number else {
        return;
    };
    // Welford: the mean before and after this value.
    let before = match current.numbers {
        0 => value,
        _ => current.mean(),
    };
    current.numbers += 1;
    current.sum += value;
    current.sum_of_squares += value * value;
    current.least = current.least.min(value);
    current.greatest = current.greatest.max(value);
    current.spread += (value - before) * (value - current.mean());
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nobody keeps 2^53 values of an attribute"
)]
fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * SECOND)
    }

    fn numbers(values: &[(i64, f64)]) -> Vec<Sample<'static>> {
        let sample = |&(seconds, value)| Sample {
            at: at(seconds),
            text: "",
            number: Some(value),
        };
        values.iter().map(sample).collect()
    }

    fn by_minute(when: Timestamp) -> (Timestamp, Timestamp) {
        let minute = when.micros().div_euclid(60 * SECOND) * 60;
        (at(minute), at(minute + 60))
    }

    #[test]
    fn values_fall_into_their_spans_and_empty_spans_are_left_out() {
        let all = numbers(&[(0, 2.0), (59, 4.0), (60, 10.0), (600, 1.0)]);
        let found = aggregates(all, by_minute);
        let spans: Vec<_> = found
            .iter()
            .map(|one| (one.from, one.count, one.sum))
            .collect();
        assert_eq!(
            spans,
            [(at(0), 2, 6.0), (at(60), 1, 10.0), (at(600), 1, 1.0)]
        );
    }

    #[test]
    fn the_numbers_are_right() {
        let all = numbers(&[
            (0, 2.0),
            (1, 4.0),
            (2, 4.0),
            (3, 4.0),
            (4, 5.0),
            (5, 5.0),
            (6, 7.0),
            (7, 9.0),
        ]);
        let found = aggregates(all, by_minute);
        let [one] = &*found else { panic!("one span") };
        assert_eq!((one.count, one.distinct), (8, 5));
        assert_eq!((one.least, one.greatest), (2.0, 9.0));
        assert_eq!((one.sum, one.sum_of_squares), (40.0, 232.0));
        assert_eq!(one.mean(), 5.0);
        assert!((one.deviation() - 2.0).abs() < 1e-12, "{}", one.deviation());
    }

    #[test]
    fn small_differences_of_great_numbers_are_not_lost() {
        let all = numbers(&[(0, 1e9), (1, 1e9 + 1.0), (2, 1e9 + 2.0)]);
        let found = aggregates(all, by_minute);
        assert!((found[0].deviation() - (2.0_f64 / 3.0).sqrt()).abs() < 1e-9);
    }

    #[test]
    fn texts_are_only_counted() {
        let text = |seconds, text| Sample {
            at: at(seconds),
            text,
            number: None,
        };
        let found = aggregates(
            [text(0, "\"a\""), text(1, "\"b\""), text(2, "\"a\"")],
            by_minute,
        );
        assert_eq!(
            (found[0].count, found[0].distinct, found[0].numbers),
            (3, 2, 0)
        );
        assert!(found[0].mean().is_nan() && found[0].least.is_nan());
    }

    #[test]
    fn zero_is_zero_with_either_sign() {
        let found = aggregates(numbers(&[(0, 0.0), (1, -0.0)]), by_minute);
        assert_eq!(found[0].distinct, 1);
    }
}
