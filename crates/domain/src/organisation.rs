//! Who does what in a city: teams, positions, roles, and which team a report goes to.
//!
//! All of it is data; no code names an office.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::geo::AreaId;
use crate::id_type;
use crate::policy::Action;
use crate::services::Texts;

id_type!(
    /// A team (tim) of one city.
    TeamId
);
id_type!(
    /// A position (jabatan): what a sign-in acts as.
    PositionId
);
id_type!(
    /// A login (masuk).
    SignInId
);
id_type!(
    /// A key with which another system posts.
    ApiKeyId
);

/// Who goes out.
#[derive(Clone, Debug, PartialEq)]
pub struct Team {
    pub id: TeamId,
    pub code: String,
    pub names: Texts,
}

/// A set of actions with a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Role {
    pub code: String,
    pub names: Texts,
    pub actions: BTreeSet<Action>,
}

/// A place in the organisation chart, with a role and, for crews, a team.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    pub id: PositionId,
    pub code: String,
    pub names: Texts,
    pub role: String,
    pub team: Option<TeamId>,
}

/// Which team handles a service, everywhere or in one area.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    pub service_code: String,
    pub area: Option<AreaId>,
    pub team: TeamId,
}

/// The team for a report: the route of its area, else the route of the whole city.
pub fn route(routes: &[Route], service_code: &str, area: Option<AreaId>) -> Option<TeamId> {
    let matching = |wanted: Option<AreaId>| {
        routes
            .iter()
            .find(|route| route.service_code == service_code && route.area == wanted)
            .map(|route| route.team)
    };
    area.and_then(|area| matching(Some(area)))
        .or_else(|| matching(None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_route_of_the_area_goes_before_the_route_of_the_city() {
        let of = |area, team| Route {
            service_code: "lampu".into(),
            area,
            team: TeamId(team),
        };
        let routes = [of(None, 1), of(Some(AreaId(7)), 2)];
        assert_eq!(route(&routes, "lampu", Some(AreaId(7))), Some(TeamId(2)));
        assert_eq!(route(&routes, "lampu", Some(AreaId(8))), Some(TeamId(1)));
        assert_eq!(route(&routes, "lampu", None), Some(TeamId(1)));
        assert_eq!(route(&routes, "jalan", None), None);
    }
}
