//! What the gauge and the pump house send, and what must come of it.

use jiff::SignedDuration;
use pendopo_domain::time::{Entropy, Timestamp};
use pendopo_testkit::TestEntropy;

/// The seed of everything that is left to chance.
pub const SEED: u64 = 2172;
/// Of a hundred messages of the gauge so many are lost.
const LOST: u64 = 12;
/// Of a hundred so many come late.
const LATE: u64 = 10;
const LATE_S: i64 = 40;
const NOISE_CM: f64 = 4.0;
const ON_S: i64 = 60;
const OFF_S: i64 = 300;
const DEADBAND: f64 = 5.0;
/// Without network.
pub const OUTAGE: (&str, &str) = ("19:40:00", "19:45:00");

/// That evening at that time of the wall clock (WIB is UTC+7).
pub fn clock(time: &str) -> Timestamp {
    let text = format!("2026-11-23T{time}+07:00");
    text.parse::<jiff::Timestamp>().unwrap().into()
}

pub fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.plus(SignedDuration::from_secs(seconds))
}

/// How the water goes, and from which level on it is too high; in centimetres.
#[derive(Clone, Copy, Debug)]
pub struct Tide {
    pub peak: f64,
    pub threshold: f64,
}

impl Default for Tide {
    fn default() -> Self {
        Self {
            peak: 165.0,
            threshold: 120.0,
        }
    }
}

/// A message of a device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Message {
    /// When it was so.
    pub at: Timestamp,
    /// When the network brings it.
    pub comes_at: Timestamp,
    pub value: f64,
}

/// Chance that is alike in every run.
pub struct Chance(TestEntropy);

impl Chance {
    pub fn new() -> Self {
        Self(TestEntropy::seeded(SEED))
    }

    /// From 0 to `most`, without `most`.
    pub fn below(&self, most: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes) % most
    }

    /// From -1 to 1 in steps of a hundredth.
    pub fn swing(&self) -> f64 {
        let hundredths = i32::try_from(self.below(201)).unwrap() - 100;
        f64::from(hundredths) / 100.0
    }
}

impl Tide {
    /// Without noise: 90, up to the peak at 19:50, down to 100 at 20:10 and there until 20:40.
    fn level(&self, minute: i32) -> f64 {
        let share = |from: i32, minutes: i32| f64::from(minute - from) / f64::from(minutes);
        match minute {
            ..50 => 90.0 + (self.peak - 90.0) * share(0, 50),
            50..70 => self.peak + (100.0 - self.peak) * share(50, 20),
            _ => 100.0,
        }
    }

    /// What of the gauge comes at all, in the order in which it comes.
    pub fn messages(&self) -> Vec<Message> {
        let chance = Chance::new();
        let begins = clock("19:00:00");
        let all = (0..=100).map(|minute| {
            let at = later(begins, 60 * i64::from(minute));
            let level = self.level(minute) + NOISE_CM * chance.swing();
            // Gauges tell millimetres.
            let value = (level * 10.0).round() / 10.0;
            let is_lost = chance.below(100) < LOST;
            let late = if chance.below(100) < LATE { LATE_S } else { 0 };
            let message = Message {
                at,
                comes_at: after_outage(later(at, late)),
                value,
            };
            (!is_lost).then_some(message)
        });
        all.flatten().collect()
    }

    /// When the delays of what came end by the time of events: the alarm is raised, and it returns.
    pub fn turns(&self) -> (Timestamp, Timestamp) {
        let all = self.messages();
        let lasts = |since: Timestamp, seconds: i64, is: &dyn Fn(f64) -> bool| {
            let within = |one: &&Message| one.at >= since && one.at <= later(since, seconds);
            all.iter().filter(within).all(|one| is(one.value))
        };
        let first = |after: Timestamp, seconds: i64, is: &dyn Fn(f64) -> bool| {
            let mut from = all.iter().filter(|one| one.at >= after);
            let found = from.find(|one| lasts(one.at, seconds, is));
            later(found.expect("it turns").at, seconds)
        };
        let raised = first(clock("19:00:00"), ON_S, &|value| value >= self.threshold);
        let returned = first(raised, OFF_S, &|value| value < self.threshold - DEADBAND);
        (raised, returned)
    }
}

/// The pump house sends without loss, and stops after 19:25.
pub fn pump_house() -> Vec<Message> {
    let begins = clock("19:00:00");
    let at = |minute: i64| later(begins, 60 * minute + 5);
    let sent = (0..=25).map(|minute| Message {
        at: at(minute),
        comes_at: at(minute),
        value: 1.0,
    });
    sent.collect()
}

/// What would come while there is no network comes when it is back.
fn after_outage(at: Timestamp) -> Timestamp {
    let (from, to) = (clock(OUTAGE.0), clock(OUTAGE.1));
    if at >= from && at < to { to } else { at }
}

#[test]
fn the_evening_has_noise_losses_and_late_messages() {
    let all = Tide::default().messages();
    let late = all
        .iter()
        .filter(|one| one.comes_at == later(one.at, LATE_S));
    assert!((84..=94).contains(&all.len()), "{}", all.len());
    assert!(late.count() >= 3);
    let kept = all.iter().filter(|one| one.comes_at == clock(OUTAGE.1));
    assert!(kept.count() >= 3, "readings come in a batch");
    let highest = all.iter().map(|one| one.value).fold(0.0, f64::max);
    assert!(highest > 160.0 && highest < 169.1, "{highest}");
}
