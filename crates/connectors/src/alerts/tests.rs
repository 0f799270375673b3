//! Warnings taken in, issued and polled, each story on both databases.

mod issuing;
mod polling;
mod receiving;

use jiff::SignedDuration;
use pendopo_domain::geo::{Area, AreaId, Position as Place};
use pendopo_domain::policy::{Action, Actor, Grant, Scope, Who};
use pendopo_domain::time::Timestamp;
use pendopo_operations::configuration::{Profile, found};
use pendopo_operations::{City, Result};
use pendopo_testkit::TestCity;

use crate::starter;

/// A city with two areas beside each other at the shore, opened as a node does.
struct Town {
    city: std::sync::Arc<City>,
    test: TestCity,
}

const NOW: &str = "2026-02-16T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

async fn town(test: TestCity) -> Town {
    let mut starter = starter::starter().unwrap();
    starter.areas = vec![area("21.72.01", 104.0), area("21.72.02", 105.0)];
    let profile = Profile {
        name: "Kota Uji".into(),
        code: String::new(),
        province: String::new(),
        zone: "Asia/Jakarta".into(),
        zone_abbreviation: "WIB".into(),
        domain: "uji.example".into(),
        emergency_phone: "112".into(),
        bbox: [104.0, 0.0, 106.0, 1.0],
        demo: false,
        holidays: vec![],
    };
    test.clock.set(at(NOW));
    found(&test.store, profile, starter, at(NOW)).await.unwrap();
    let store = test.another_node().await;
    let city = City::new("uji", store, test.clock.clone(), test.entropy.clone()).await;
    Town {
        city: city.unwrap().into(),
        test,
    }
}

fn area(code: &str, west: f64) -> Area {
    let corner = |x: f64, y: f64| geo::Coord { x, y };
    let ring = vec![
        corner(west, 0.0),
        corner(west + 1.0, 0.0),
        corner(west + 1.0, 1.0),
        corner(west, 1.0),
        corner(west, 0.0),
    ];
    let outline = geo::Polygon::new(geo::LineString(ring), vec![]);
    Area {
        id: AreaId(0),
        code: code.into(),
        name: format!("Kecamatan {code}"),
        kind: "kecamatan".into(),
        parent_name: None,
        approximate: false,
        centre: Place::new(west + 0.5, 0.5).unwrap(),
        outline: geo::MultiPolygon(vec![outline]),
    }
}

impl Town {
    /// Time goes on, and what time moves is moved.
    async fn after(&self, minutes: i64) {
        let now = self.city.now().plus(SignedDuration::from_mins(minutes));
        self.test.clock.set(now);
        pendopo_operations::alerts::tend(&self.city).await.unwrap();
    }

    /// Somebody signed in who may do all about warnings.
    async fn person(&self, login: &str) -> Actor {
        let position = self.city.configuration().positions[0].id;
        let (login, now) = (login.to_owned(), self.city.now());
        let write = self.city.store().write(move |db| {
            Box::pin(async move {
                pendopo_operations::store::sign_ins::put(db, &login, None, position, now).await
            })
        });
        let id = write.await.unwrap();
        actor(Who::Staff(id))
    }
}

fn actor(who: Who) -> Actor {
    let grant = Grant {
        actions: [
            Action::SeeAlerts,
            Action::WriteAlert,
            Action::ApproveAlert,
            Action::ManageAlertFeeds,
            Action::SetStage,
        ]
        .into(),
        scope: Scope::City,
        position: None,
    };
    Actor {
        who,
        grants: vec![grant],
    }
}

/// The states of what came, oldest first, as words; `-` for what is no alert.
async fn states(town: &Town) -> Result<String> {
    let all = pendopo_operations::alerts::newest(
        &town.city,
        &actor(Who::City),
        pendopo_domain::alerts::AlertId(i64::MAX),
        50,
    )
    .await?;
    let words = all
        .iter()
        .rev()
        .map(|one| one.kept.state.map_or("-", |state| state.word()));
    Ok(words.collect::<Vec<_>>().join(" "))
}

/// A document of `agency.example`, sent at this hour of the day in UTC; it holds for three hours.
fn document(identifier: &str, hour: u8, inside: &str, area: &str) -> String {
    let (head, tail) = inside.split_once('|').unwrap_or((inside, ""));
    let kind = if head.is_empty() { "Alert" } else { head };
    format!(
        "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>{identifier}</identifier>\
         <sender>warn@agency.example</sender><sent>2026-02-16T{hour:02}:00:00-00:00</sent><status>Actual</status>\
         <msgType>{kind}</msgType><scope>Public</scope>{tail}<info><language>id</language><category>Met</category>\
         <event>Rob</event><urgency>Immediate</urgency><severity>Moderate</severity><certainty>Observed</certainty>\
         <expires>2026-02-16T{:02}:00:00-00:00</expires><headline>Rob {identifier}</headline>{area}</info></alert>",
        hour + 3
    )
}

/// Names an earlier document.
fn references(identifier: &str, hour: u8) -> String {
    format!(
        "<references>warn@agency.example,{identifier},2026-02-16T{hour:02}:00:00-00:00</references>"
    )
}

const HERE: &str = "<area><areaDesc>Pesisir</areaDesc><polygon>0.2,104.2 0.2,104.8 0.8,104.8 0.2,104.2</polygon></area>";
const ELSEWHERE: &str =
    "<area><areaDesc>Jauh</areaDesc><polygon>-7,110 -7,111 -6,111 -7,110</polygon></area>";
