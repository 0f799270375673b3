//! Thirty reports: 23 that belong to the flood, and seven that do not.

use pendopo_domain::geo::Position;
use pendopo_domain::reports::{Channel, ReportId};
use pendopo_domain::time::Timestamp;
use pendopo_operations::reports::{self, Submission};

use crate::fixture::{self, City};
use crate::readings::{Chance, clock};
use crate::stage::{FLOOD, place};

/// Another kind of trouble.
const OTHER: &str = "saluran-tersumbat";
/// How far from the gauge the reports that belong lie at most, along each axis.
const SPREAD_M: f64 = 250.0;
/// When somebody wrote one that belongs. Two write while there is no network; their phones send when it is back.
const WRITTEN: [&str; 23] = [
    "19:22:00", "19:22:20", "19:22:40", "19:23:20", "19:24:00", "19:25:00", "19:26:20", "19:27:40",
    "19:28:20", "19:29:00", "19:30:20", "19:31:40", "19:33:00", "19:34:20", "19:36:00", "19:37:20",
    "19:39:00", "19:41:00", "19:43:00", "19:46:00", "19:47:20", "19:48:40", "19:50:00",
];
const BACK: &str = "19:45:00";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Belongs,
    TooFar,
    OtherService,
    AfterTheAllClear,
}

/// A report that will be sent.
pub struct Planned {
    pub comes_at: Timestamp,
    kind: Kind,
    position: Position,
    /// The phone's name for it.
    draft: String,
    /// The phone had no answer the first time.
    sent_twice: bool,
}

/// A report that was sent.
pub struct Sent {
    pub kind: Kind,
    pub id: ReportId,
    /// The secret part of the reporter's link.
    pub token: String,
}

/// All thirty, in the order of their time.
pub fn plan() -> Vec<Planned> {
    let chance = Chance::new();
    let mut all: Vec<Planned> = WRITTEN
        .iter()
        .enumerate()
        .map(|(n, time)| {
            let at = place(SPREAD_M * chance.swing(), SPREAD_M * chance.swing());
            let is_kept = ("19:40:00".."19:45:00").contains(time);
            Planned {
                draft: format!("belongs-{n}"),
                sent_twice: is_kept,
                ..planned(if is_kept { BACK } else { time }, Kind::Belongs, at)
            }
        })
        .collect();
    // Decoys farther than 500 m from the gauge: one of them near enough to some of the others.
    let decoys = [
        ("19:35:20", Kind::TooFar, place(620.0, 0.0)),
        ("19:38:00", Kind::TooFar, place(-900.0, 300.0)),
        ("19:49:20", Kind::TooFar, place(0.0, 1_800.0)),
        ("19:28:00", Kind::OtherService, place(20.0, 30.0)),
        ("19:33:20", Kind::OtherService, place(-40.0, 10.0)),
        ("20:15:00", Kind::AfterTheAllClear, place(30.0, 30.0)),
        ("20:18:00", Kind::AfterTheAllClear, place(-30.0, 20.0)),
    ];
    all.extend(decoys.map(|(time, kind, at)| planned(time, kind, at)));
    all.sort_by_key(|one| one.comes_at);
    all
}

fn planned(time: &str, kind: Kind, position: Position) -> Planned {
    Planned {
        comes_at: clock(time),
        kind,
        position,
        draft: format!("decoy-{time}"),
        sent_twice: false,
    }
}

impl Planned {
    pub async fn send(self, city: &City) -> Sent {
        let code = match self.kind {
            Kind::OtherService => OTHER,
            Kind::Belongs | Kind::TooFar | Kind::AfterTheAllClear => FLOOD,
        };
        let submission = Submission {
            draft: Some(self.draft),
            ..fixture::submission(code, self.position.lon(), self.position.lat())
        };
        let sent = submitted(city, submission.clone()).await;
        if self.sent_twice {
            assert_eq!(
                submitted(city, submission).await.0,
                sent.0,
                "the same report"
            );
        }
        Sent {
            kind: self.kind,
            id: sent.0,
            token: sent.1,
        }
    }
}

async fn submitted(city: &City, submission: Submission) -> (ReportId, String) {
    let city = city.as_it_is();
    let sent = reports::submit(city, &city.public(), Channel::Web, submission).await;
    let sent = sent.unwrap();
    (sent.report.id, sent.token)
}

#[test]
fn thirty_reports_of_which_23_belong_within_500_metres() {
    let all = plan();
    let count = |kind| all.iter().filter(|one| one.kind == kind).count();
    let counts = [
        Kind::Belongs,
        Kind::TooFar,
        Kind::OtherService,
        Kind::AfterTheAllClear,
    ]
    .map(count);
    assert_eq!((all.len(), counts), (30, [23, 3, 2, 2]));
    for one in &all {
        let metres = one.position.metres_to(place(0.0, 0.0));
        assert_eq!(
            metres > 500.0,
            one.kind == Kind::TooFar,
            "{metres} {:?}",
            one.kind
        );
    }
}
