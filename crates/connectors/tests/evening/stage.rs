//! The city of the evening, and its clock: what comes by itself comes at its time.

use std::collections::VecDeque;

use pendopo_connectors::starter;
use pendopo_domain::alarms::Alarm;
use pendopo_domain::geo::{Area, Position};
use pendopo_domain::incidents::Incident;
use pendopo_domain::live_types::LiveType;
use pendopo_domain::rules::{Condition, Opens, Rule, Signal};
use pendopo_domain::services::Texts;
use pendopo_domain::time::Timestamp;
use pendopo_operations::configuration::Starter;
use pendopo_operations::entities::seen::{self, Eyes, Seen};
use pendopo_testkit::TestCity;

use crate::fixture::{self, City, GAUGE, LEVEL, MIDDLE};
use crate::people::People;
use crate::readings::{Message, Tide, clock, later, pump_house};
use crate::reports::{Planned, Sent};

pub const GAUGE_ID: &str = "urn:gauge:pesisir";
pub const PUMP_ID: &str = "urn:pump:pesisir";
const PUMP: (&str, &str) = ("https://example.org/PumpHouse", "https://example.org/runs");
/// Codes of the rules.
pub const HIGH_WATER: &str = "air/tinggi";
pub const PUMP_SILENT: &str = "pompa/diam";
pub const FLOOD: &str = "banjir-genangan";
/// West, south, east, north; four kecamatan side by side, each a quarter of it from west to east.
const BBOX: [f64; 4] = [104.4, 0.85, 104.6, 1.0];
const KECAMATAN: [&str; 4] = ["21.72.01", "21.72.02", "21.72.03", "21.72.04"];
/// The clock goes in steps of so many seconds, and of one second where a delay of the gauge ends.
const STEP_S: i64 = 20;
const FINE: [(&str, &str); 2] = [("19:19:00", "19:25:00"), ("20:03:00", "20:13:00")];

/// An evening as far as it has come.
pub struct Evening {
    pub city: City,
    pub tide: Tide,
    pub people: People,
    /// What residents sent, in the order in which they did.
    pub sent: Vec<Sent>,
    planned: VecDeque<Planned>,
    gauge: VecDeque<Message>,
    pump: VecDeque<Message>,
    kills: VecDeque<Timestamp>,
    now: Timestamp,
}

impl Evening {
    /// It is 18:59:40, and nothing has happened.
    pub async fn begins(test: TestCity, tide: Tide, kills: &[&str]) -> Self {
        let now = later(clock("19:00:00"), -STEP_S);
        test.clock.set(now);
        let city = City::found_with(test, begins_with(tide), BBOX).await;
        Self {
            people: People::come(&city).await,
            city,
            tide,
            sent: vec![],
            planned: VecDeque::new(),
            gauge: tide.messages().into(),
            pump: pump_house().into(),
            kills: kills.iter().map(|time| clock(time)).collect(),
            now,
        }
    }

    /// Residents will send this, each at its time.
    pub fn expects(&mut self, planned: Vec<Planned>) {
        self.planned = planned.into();
    }

    /// Lets the evening go on until then. What ends in that second is still to come.
    pub async fn until(&mut self, time: &str) {
        let to = clock(time);
        while self.now < to {
            let next = self.next(to);
            self.now = next;
            self.city.stands_at(next);
            if self.kills.pop_front_if(|at| *at <= next).is_some() {
                self.city.started_anew().await;
            }
            let came = self.comes(next).await;
            if came || self.is_whole_step() {
                self.city.catch_up().await;
            } else {
                self.city.look().await;
            }
        }
    }

    fn next(&self, to: Timestamp) -> Timestamp {
        let in_delay = |(from, until): &(&str, &str)| {
            let one = later(self.now, 1);
            one >= clock(from) && one <= clock(until)
        };
        let fine = FINE.iter().any(in_delay);
        let coarse = STEP_S - self.second().rem_euclid(STEP_S);
        let step = later(self.now, if fine { 1 } else { coarse });
        let kill = self.kills.front().copied().filter(|at| *at > self.now);
        step.min(to).min(kill.unwrap_or(to))
    }

    fn second(&self) -> i64 {
        self.now.since(clock("19:00:00")).as_secs()
    }

    fn is_whole_step(&self) -> bool {
        self.second().rem_euclid(STEP_S) == 0
    }

    /// Devices and residents send what they have to send until then; whether anything came.
    async fn comes(&mut self, now: Timestamp) -> bool {
        let mut body = vec![];
        while let Some(one) = self.gauge.pop_front_if(|one| one.comes_at <= now) {
            body.push(fixture::told((GAUGE, LEVEL), GAUGE_ID, one.value, one.at));
        }
        while let Some(one) = self.pump.pop_front_if(|one| one.comes_at <= now) {
            body.push(fixture::told(PUMP, PUMP_ID, one.value, one.at));
        }
        let mut came = !body.is_empty();
        if came {
            self.city.tells(body).await;
        }
        while let Some(one) = self.planned.pop_front_if(|one| one.comes_at <= now) {
            self.sent.push(one.send(&self.city).await);
            came = true;
        }
        came
    }

    /// Whether everything came and every kill was.
    pub fn is_over(&self) -> bool {
        let nothing_comes = self.gauge.is_empty() && self.pump.is_empty();
        nothing_comes && self.planned.is_empty() && self.kills.is_empty()
    }

    pub async fn alarms_of(&self, rule: &str) -> Vec<Alarm> {
        let all = self.city.alarms().await.into_iter();
        all.filter(|alarm| alarm.rule == rule).collect()
    }

    /// The incident of the evening; it must be the only one.
    pub async fn incident(&self) -> Incident {
        let mut all = self.city.incidents().await;
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// As the wall sees a device now.
    pub async fn seen(&self, id: &str) -> Seen {
        seen::get(self.city.as_it_is(), Eyes::Wall, id)
            .await
            .unwrap()
    }
}

/// What every city begins with, and what this evening needs: kecamatan, two kinds of devices, two rules.
fn begins_with(tide: Tide) -> Starter {
    let mut begins = starter::starter().unwrap();
    let [west, south, east, north] = BBOX;
    let width = (east - west) / 4.0;
    begins.areas = (0..4)
        .zip(KECAMATAN)
        .map(|(n, code)| {
            let left = west + width * f64::from(n);
            Area {
                code: code.into(),
                name: format!("Kecamatan {code}"),
                kind: "kecamatan".into(),
                ..fixture::area([left, south, left + width, north])
            }
        })
        .collect();
    begins.live_types = vec![
        live_type("pengukur", (GAUGE, LEVEL)),
        live_type("rumah-pompa", PUMP),
    ];
    begins.rules.push(high_water(tide.threshold));
    begins.rules.push(pump_silent());
    begins
}

fn live_type(code: &str, (kind, attribute): (&str, &str)) -> LiveType {
    LiveType {
        code: code.into(),
        kind: kind.into(),
        names: Texts::same(code),
        attribute: attribute.into(),
        attribute_names: Texts::default(),
        unit: Texts::default(),
        expected_every_s: 60,
        public: true,
        icon: String::new(),
    }
}

fn high_water(threshold: f64) -> Rule {
    let mut rule = fixture::high_water();
    if let Condition::Threshold { limit, .. } = &mut rule.condition {
        *limit = threshold;
    }
    rule.incident = Some(Opens {
        service_code: FLOOD.into(),
        within_m: 500,
    });
    rule
}

fn pump_silent() -> Rule {
    let signal = Signal {
        kind: PUMP.0.into(),
        attribute: PUMP.1.into(),
        entity: None,
    };
    Rule {
        code: PUMP_SILENT.into(),
        condition: Condition::NoData {
            signal,
            after_s: 300,
        },
        ..fixture::silent()
    }
}

/// So many metres east and north of the gauge.
pub fn place(east: f64, north: f64) -> Position {
    const METRES: f64 = 111_195.0;
    Position::new(MIDDLE[0] + east / METRES, MIDDLE[1] + north / METRES).unwrap()
}

/// A ring around the three western kecamatan, a little inside of them, as CAP writes it: lat,lon.
pub fn three_kecamatan() -> String {
    let [west, south, east, north] = BBOX;
    let border = west + (east - west) * 0.75;
    let (left, right, low, high) = (west + 0.002, border - 0.002, south + 0.002, north - 0.002);
    format!("{low},{left} {low},{right} {high},{right} {high},{left} {low},{left}")
}
