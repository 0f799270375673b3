//! Rows that stories begin with.

use pendopo_domain::geo::Position;
use pendopo_domain::journal::Event;
use pendopo_domain::organisation::{self, PositionId, Role, TeamId};
use pendopo_domain::policy::Action;
use pendopo_domain::reports::{Channel, Deadlines, Report, ReportId, State, Visibility};
use pendopo_domain::services::Texts;
use pendopo_domain::time::Timestamp;
use pendopo_store::{Store, configuration, reports};

pub fn at(lon: f64, lat: f64) -> Position {
    Position::new(lon, lat).unwrap()
}

/// A public report that just came in, without a place.
pub fn report(now: Timestamp) -> Report {
    Report {
        id: ReportId(0),
        foreign_number: None,
        service_code: "lampu".into(),
        state: State::Received,
        visibility: Visibility::Public,
        anonymous: false,
        person: None,
        channel: Channel::Web,
        received_at: now,
        updated_at: now,
        assigned_at: None,
        resolved_at: None,
        deadlines: Deadlines {
            verify_due_at: now.plus_days(3),
            follow_up_due_at: None,
            answer_due_at: None,
            expected_at: now.plus_days(8),
        },
        round: 0,
        team: None,
        incident: None,
        duplicate_of: None,
        area: None,
        position: None,
        place: None,
        description: Some("Lampu jalan mati".into()),
        status_notes: None,
        joined: 0,
    }
}

/// Stores a report and gives it back with its id.
pub async fn stored(store: &Store, mut report: Report) -> Report {
    let row = report.clone();
    report.id = commit!(store, |db| reports::insert(db, &[row]).await?[0]);
    report
}

pub async fn team(store: &Store, code: &'static str) -> TeamId {
    commit!(store, |db| {
        configuration::put_team(db, code, &Texts::same(code)).await?
    })
}

pub async fn position(store: &Store) -> PositionId {
    commit!(store, |db| {
        let role = Role {
            code: "desk".into(),
            names: Texts::same("Desk"),
            actions: [Action::SeeDesk].into(),
        };
        configuration::put_role(db, &role).await?;
        let position = organisation::Position {
            id: PositionId(0),
            code: "desk-1".into(),
            names: Texts::same("Desk 1"),
            role: "desk".into(),
            team: None,
        };
        configuration::put_position(db, &position).await?
    })
}

/// An event that says only its number.
pub fn numbered(n: i64) -> Event {
    Event::ReportJoined {
        report: ReportId(n),
    }
}
