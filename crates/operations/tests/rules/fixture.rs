//! A city with one gauge, driven by hand.

use geo::{MultiPolygon, polygon};
use jiff::SignedDuration;
use pendopo_domain::alarms::{Alarm, State};
use pendopo_domain::entities::command::{Fragment, Given, Patch};
use pendopo_domain::entities::query::LOCATION;
use pendopo_domain::entities::{Command, Geometry, Value};
use pendopo_domain::geo::{Area, AreaId, Position};
use pendopo_domain::incidents::{Incident, IncidentId, Priority};
use pendopo_domain::policy::{Action, Actor, Grant, Scope, Who};
use pendopo_domain::reports::{Channel, Report, ReportId};
use pendopo_domain::rules::{Beyond, Condition, Delays, Opens, Rule, Signal};
use pendopo_domain::services::{Service, Texts};
use pendopo_domain::time::{Clock, Timestamp};
use pendopo_operations::configuration::{self, Profile, Starter, TeamFile};
use pendopo_operations::reports::{self, Submission};
use pendopo_operations::rules::Runner;
use pendopo_operations::store::{
    alarms as alarm_rows, incidents as incident_rows, reports as rows,
};
use pendopo_operations::{City as Running, background, entities};
use pendopo_testkit::TestCity;

pub const GAUGE: &str = "https://example.org/Gauge";
pub const LEVEL: &str = "https://example.org/level";
/// Where the devices stand: lon, lat.
pub const MIDDLE: [f64; 2] = [104.45, 0.92];

/// A city and the rules that run in it.
pub struct City {
    city: Running,
    runner: Runner,
    test: TestCity,
}

impl City {
    pub async fn found(test: TestCity, rules: Vec<Rule>) -> Self {
        Self::found_around(test, rules, [104.4, 0.85, 104.6, 1.0]).await
    }

    /// A city that fills a box: west, south, east, north.
    pub async fn found_around(test: TestCity, rules: Vec<Rule>, bbox: [f64; 4]) -> Self {
        let service = |code: &str| -> Service {
            let text = format!(
                r#"{{"code": "{code}", "names": {{"id": "{code}"}}, "verify_days": 3, "follow_up_days": 5}}"#
            );
            serde_json::from_str(&text).unwrap()
        };
        let team = TeamFile {
            code: "bpbd".into(),
            names: Texts::same("BPBD"),
        };
        let public = r#"{"code": "public", "names": {"id": "x"}, "actions": ["see_public", "submit_report"]}"#;
        let starter = Starter {
            services: vec![service("banjir"), service("sampah")],
            teams: vec![team],
            roles: vec![serde_json::from_str(public).unwrap()],
            areas: vec![area(bbox)],
            rules,
            ..Starter::default()
        };
        Self::found_with(test, starter, bbox).await
    }

    /// A city that begins with all of this.
    pub async fn found_with(test: TestCity, starter: Starter, bbox: [f64; 4]) -> Self {
        configuration::found(&test.store, profile(bbox), starter, test.clock.now())
            .await
            .unwrap();
        let mut fresh = Self {
            city: opened(&test).await,
            runner: Runner::default(),
            test,
        };
        fresh.catch_up().await;
        fresh
    }

    pub fn as_it_is(&self) -> &Running {
        &self.city
    }

    /// The process that runs the rules is gone with all that it had in memory.
    pub fn killed(&mut self) {
        self.runner = Runner::default();
    }

    /// The whole node is gone with all that it had in memory; another one opens what is on disk.
    pub async fn started_anew(&mut self) {
        self.killed();
        self.city = opened(&self.test).await;
    }

    pub async fn catch_up(&mut self) {
        self.look().await;
        background::catch_up(&self.city).await.unwrap();
    }

    /// The rules look at what came and at the clock.
    pub async fn look(&mut self) {
        self.test.settle().await;
        while self.runner.step(&self.city).await.unwrap() {}
    }

    pub async fn seconds(&self, seconds: i64) {
        self.test.clock.advance(SignedDuration::from_secs(seconds));
    }

    pub async fn minutes(&self, minutes: i64) {
        self.seconds(minutes * 60).await;
    }

    /// The gauge tells its level now; it stands in the middle of the city.
    pub async fn reads(&self, id: &str, value: f64) {
        self.read(id, value, self.test.clock.now()).await;
    }

    /// The gauge tells what its level was then.
    pub async fn read(&self, id: &str, value: f64, at: Timestamp) {
        self.tells(vec![told((GAUGE, LEVEL), id, value, at)]).await;
    }

    /// Devices tell all of this at once.
    pub async fn tells(&self, body: Vec<Command>) {
        let done = entities::write(&self.city, &self.city.listener(), body).await;
        assert!(done.unwrap().iter().all(Result::is_ok));
    }

    /// Puts the clock there.
    pub fn stands_at(&self, at: Timestamp) {
        self.test.clock.set(at);
    }

    /// Seconds from now, or before it.
    pub fn at(&self, seconds: i64) -> Timestamp {
        let now = self.test.clock.now();
        now.plus(SignedDuration::from_secs(seconds))
    }

    /// Whether the report was taken.
    pub async fn tries_to_report(&self, service: &str, lon: f64, lat: f64) -> bool {
        let submission = submission(service, lon, lat);
        let sent = reports::submit(&self.city, &self.city.public(), Channel::Web, submission).await;
        sent.is_ok()
    }

    /// All incidents.
    pub async fn incidents(&self) -> Vec<Incident> {
        let mut db = self.city.store().read().await.unwrap();
        incident_rows::list(&mut db, false, 10_000).await.unwrap()
    }

    pub async fn reports(&self, service: &str, lon: f64, lat: f64) -> ReportId {
        let submission = submission(service, lon, lat);
        let sent = reports::submit(&self.city, &self.city.public(), Channel::Web, submission).await;
        sent.unwrap().report.id
    }

    /// All alarms in the order in which the city noticed them.
    pub async fn alarms(&self) -> Vec<Alarm> {
        let mut db = self.city.store().read().await.unwrap();
        let (from, to) = (
            Timestamp::from_micros(0),
            self.test.clock.now().plus_days(9),
        );
        alarm_rows::noticed(&mut db, from, to, 10_000)
            .await
            .unwrap()
    }

    /// Rule and state of the open alarms.
    pub async fn open(&self) -> Vec<(String, State)> {
        let all = self.alarms().await.into_iter();
        all.filter(Alarm::is_open)
            .map(|one| (one.rule, one.state))
            .collect()
    }

    pub async fn report(&self, id: ReportId) -> Report {
        let mut db = self.city.store().read().await.unwrap();
        rows::by_id(&mut db, id).await.unwrap().unwrap()
    }

    pub async fn members(&self, id: IncidentId) -> Vec<ReportId> {
        let mut db = self.city.store().read().await.unwrap();
        let mut ids: Vec<_> = rows::of_incident(&mut db, id)
            .await
            .unwrap()
            .iter()
            .map(|one| one.id)
            .collect();
        ids.sort();
        ids
    }
}

/// Opens what is on disk, as a node does when it starts.
async fn opened(test: &TestCity) -> Running {
    let store = test.another_node().await;
    let (clock, entropy) = (test.clock.clone(), test.entropy.clone());
    Running::new("uji", store, clock, entropy).await.unwrap()
}

/// What a device in the middle of the city says of one attribute: expanded names of its type and of the attribute.
pub fn told((kind, attribute): (&str, &str), id: &str, value: f64, at: Timestamp) -> Command {
    let place = Position::new(MIDDLE[0], MIDDLE[1]).unwrap();
    let value = serde_json::value::to_raw_value(&value).unwrap();
    Command::Record(Fragment {
        id: id.into(),
        types: vec![kind.into()],
        scopes: Given::Absent,
        expires_at: Given::Absent,
        attributes: vec![
            Patch {
                observed_at: Given::Is(at),
                ..Patch::new(attribute, Value::Property(value))
            },
            Patch::new(LOCATION, Value::GeoProperty(Geometry::point(place))),
        ],
    })
}

pub fn submission(service: &str, lon: f64, lat: f64) -> Submission {
    Submission {
        service_code: service.to_owned(),
        position: Position::new(lon, lat),
        place: Some("Jl. Bakar Batu".to_owned()),
        description: Some("Air setinggi lutut di depan pasar.".to_owned()),
        ..Submission::default()
    }
}

fn profile(bbox: [f64; 4]) -> Profile {
    Profile {
        name: "Kota Uji".into(),
        code: String::new(),
        province: String::new(),
        zone: "Asia/Jakarta".into(),
        zone_abbreviation: "WIB".into(),
        domain: "uji.example".into(),
        emergency_phone: "112".into(),
        bbox,
        demo: false,
        holidays: vec![],
    }
}

pub fn area([west, south, east, north]: [f64; 4]) -> Area {
    let square = polygon![
        (x: west, y: south), (x: east, y: south), (x: east, y: north), (x: west, y: north), (x: west, y: south)
    ];
    Area {
        id: AreaId(0),
        code: "kota".into(),
        name: "Kota".into(),
        kind: "Kelurahan".into(),
        parent_name: None,
        approximate: false,
        centre: Position::new(f64::midpoint(west, east), f64::midpoint(south, north)).unwrap(),
        outline: MultiPolygon::new(vec![square]),
    }
}

fn actor(actions: &[Action]) -> Actor {
    Actor {
        who: Who::City,
        grants: vec![Grant {
            actions: actions.iter().copied().collect(),
            scope: Scope::City,
            position: None,
        }],
    }
}

/// May change the rules and handle alarms.
pub fn it_staff() -> Actor {
    actor(&[Action::ManageRules, Action::HandleAlarm, Action::SeeDesk])
}

pub fn nobody() -> Actor {
    actor(&[])
}

fn signal() -> Signal {
    Signal {
        kind: GAUGE.into(),
        attribute: LEVEL.into(),
        entity: None,
    }
}

fn rule(code: &str, condition: Condition) -> Rule {
    Rule {
        code: code.into(),
        names: Texts::same(code),
        condition,
        cause: Texts::same("x"),
        consequence: Texts::same("x"),
        action: Texts::same("x"),
        minutes_to_act: 10,
        priority: Priority::new(2).unwrap(),
        owner: "bpbd".into(),
        group: None,
        incident: None,
        enabled: true,
    }
}

fn flood() -> Option<Opens> {
    Some(Opens {
        service_code: "banjir".into(),
        within_m: 500,
    })
}

/// 120 with a deadband of 5, a minute on and five off; opens an incident.
pub fn high_water() -> Rule {
    let condition = Condition::Threshold {
        signal: signal(),
        side: Beyond::Above,
        limit: 120.0,
        deadband: 5.0,
        delays: Delays {
            on_s: 60,
            off_s: 300,
        },
    };
    Rule {
        incident: flood(),
        ..rule("air/tinggi", condition)
    }
}

/// Three reports within 500 m in half an hour.
pub fn flood_reports() -> Rule {
    let condition = Condition::Reports {
        service_codes: vec!["banjir".into()],
        count: 3,
        within_m: 500,
        in_minutes: 30,
    };
    Rule {
        incident: flood(),
        ..rule("banjir/sekitar", condition)
    }
}

/// Nothing for five minutes.
pub fn silent() -> Rule {
    let condition = Condition::NoData {
        signal: signal(),
        after_s: 300,
    };
    rule("air/diam", condition)
}

/// 100 in an hour over ten minutes.
pub fn steep() -> Rule {
    let condition = Condition::RateOfRise {
        signal: signal(),
        per_hour: 100.0,
        over_s: 600,
        deadband_per_hour: 20.0,
        delays: Delays::default(),
    };
    rule("air/cepat", condition)
}

/// A level of the gauge, in centimetres and seconds.
pub fn level(limit: f64, deadband: f64, on_s: u32, off_s: u32, group: Option<&str>) -> Rule {
    let condition = Condition::Threshold {
        signal: signal(),
        side: Beyond::Above,
        limit,
        deadband,
        delays: Delays { on_s, off_s },
    };
    let levels = rule(&format!("air/{limit}"), condition);
    Rule {
        group: group.map(str::to_owned),
        // Without a group, each is an incident of its own.
        incident: group.and_then(|_| flood()),
        priority: Priority::new(if limit > 900.0 { 1 } else { 3 }).unwrap(),
        ..levels
    }
}

/// So many reports within so many metres in half an hour.
pub fn near(count: u32, within_m: u32) -> Rule {
    let condition = Condition::Reports {
        service_codes: vec!["banjir".into()],
        count,
        within_m,
        in_minutes: 30,
    };
    let opens = Opens {
        service_code: "banjir".into(),
        within_m,
    };
    Rule {
        incident: Some(opens),
        ..rule("banjir/sekitar", condition)
    }
}

/// An official alert that is severe or graver.
pub fn weather() -> Rule {
    let condition = Condition::Alert {
        severity: "Severe".into(),
        area: None,
    };
    rule("cuaca/resmi", condition)
}
