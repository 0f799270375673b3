//! Links to the wall, and which incidents may stand there.

use pendopo_domain::incidents::{Incident, IncidentId, Priority, Severity, State};
use pendopo_domain::reports::Visibility;
use pendopo_domain::time::Timestamp;
use pendopo_domain::walls::{Room, Theme};
use pendopo_store::{incidents, reports, walls};
use pendopo_testkit::{TestCity, both_databases};

use crate::samples;

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(1_780_000_000_000_000 + second * 1_000_000)
}

both_databases! {
    async fn a_link_opens_until_it_is_taken_away(city: TestCity) {
        let store = &city.store;
        let room = Room::new(6.0, 1.89, Theme::Bright).unwrap();
        let id = commit!(store, |db| walls::add(db, "hash", "Ruang rapat", room, at(1)).await?);
        let found = look!(store, |db| walls::by_token(db, "hash").await).unwrap();
        assert_eq!((found.id, found.name.as_str(), found.room), (id, "Ruang rapat", room));
        assert_eq!(look!(store, |db| walls::list(db).await), [found]);
        assert_eq!(look!(store, |db| walls::by_token(db, "other").await), None);
        assert!(commit!(store, |db| walls::revoke(db, id, at(2)).await?));
        assert!(!commit!(store, |db| walls::revoke(db, id, at(3)).await?));
        assert_eq!(look!(store, |db| walls::by_token(db, "hash").await), None);
        assert_eq!(look!(store, |db| walls::list(db).await), []);
    }

    async fn public_reports_of_open_incidents_are_counted(city: TestCity) {
        let store = &city.store;
        let incident = |state| Incident {
            severity: Severity::Unknown,
            merged: None,
            id: IncidentId(0),
            state,
            priority: Priority::new(2).unwrap(),
            service_code: "banjir".into(),
            area: None,
            position: None,
            opened_at: at(0),
            updated_at: at(0),
            resolved_at: None,
        };
        let (open, closed) = commit!(store, |db| (
            incidents::insert(db, &incident(State::Open)).await?,
            incidents::insert(db, &incident(State::Closed)).await?,
        ));
        for (id, visibility) in [(open, Visibility::Public), (open, Visibility::Secret), (closed, Visibility::Public)] {
            let mut report = samples::report(at(0));
            report.visibility = visibility;
            report.incident = Some(id);
            commit!(store, |db| { reports::insert(db, &[report]).await?; });
        }
        let counts = look!(store, |db| walls::open_reports(db).await);
        assert_eq!(counts.into_iter().collect::<Vec<_>>(), [(open, (2, 1))]);
    }
}
