//! Who may do what: one function, [`allows`], deny by default.
//!
//! Rights are data: a role is a set of [`Action`]s, a position holds a role, and an [`Actor`] brings
//! the grants of the positions it holds. Nothing else in the project decides about rights.

use std::collections::BTreeSet;

use crate::organisation::{ApiKeyId, PositionId, SignInId, TeamId};
use crate::reports::{ReportId, Visibility};
use crate::sources::MqttAccountId;
use crate::word_enum;

word_enum!(
    /// Everything that can be allowed or denied.
    Action {
        SeePublic = "see_public",
        SubmitReport = "submit_report",
        AnswerReport = "answer_report",
        SeeDesk = "see_desk",
        TriageReport = "triage_report",
        OpenIncident = "open_incident",
        WorkTask = "work_task",
        SeeIdentity = "see_identity",
        SeeAnonymousIdentity = "see_anonymous_identity",
        SeeSecret = "see_secret",
        Moderate = "moderate",
        SeeNumbers = "see_numbers",
        ManageServices = "manage_services",
        ManageAreas = "manage_areas",
        ManageSignIns = "manage_sign_ins",
        ManageApiKeys = "manage_api_keys",
        PostOpen311 = "post_open311",
        SeeJournal = "see_journal",
        ReadEntities = "read_entities",
        WriteEntities = "write_entities",
        SubscribeEntities = "subscribe_entities",
        SeeSources = "see_sources",
        ManageSources = "manage_sources",
        HandleAlarm = "handle_alarm",
        ManageRules = "manage_rules",
        ManageUnits = "manage_units",
        SeeAlerts = "see_alerts",
        WriteAlert = "write_alert",
        ApproveAlert = "approve_alert",
        ManageAlertFeeds = "manage_alert_feeds",
        SetStage = "set_stage",
        ManageWalls = "manage_walls",
    }
);

/// How far a grant reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    City,
    /// Only what this team was given to do.
    Team(TeamId),
    /// Only this report.
    Report(ReportId),
}

/// Actions that an actor may take, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    pub actions: BTreeSet<Action>,
    pub scope: Scope,
    /// The position that brings it; `None` for residents and keys.
    pub position: Option<PositionId>,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Nobody signed in.
    Public,
    /// The holder of a report's signed link.
    Reporter(ReportId),
    Staff(SignInId),
    ApiClient(ApiKeyId),
    /// A device, by its account.
    MqttAccount(MqttAccountId),
    /// The node itself: deadlines that pass.
    City,
}

/// Who asks, with what they bring.
#[derive(Clone, Debug, PartialEq)]
pub struct Actor {
    pub who: Who,
    pub grants: Vec<Grant>,
}

/// What is acted upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The city as a whole.
    City,
    Report {
        id: ReportId,
        visibility: Visibility,
        anonymous: bool,
        team: Option<TeamId>,
    },
    /// An incident or an assignment of this team.
    Work { team: Option<TeamId> },
}

/// Whether `actor` may do `action` to `subject`. Deny by default.
///
/// A secret report needs [`Action::SeeSecret`] besides, except for its own reporter and for the team
/// that was given it. Identity of an anonymous reporter needs [`Action::SeeAnonymousIdentity`].
pub fn allows(actor: &Actor, action: Action, subject: Subject) -> bool {
    let action = match (action, subject) {
        (
            Action::SeeIdentity,
            Subject::Report {
                anonymous: true, ..
            },
        ) => Action::SeeAnonymousIdentity,
        _ => action,
    };
    if !actor
        .grants
        .iter()
        .any(|grant| grants(grant, action, subject))
    {
        return false;
    }
    match subject {
        Subject::Report {
            visibility: Visibility::Secret,
            ..
        } => {
            action == Action::SubmitReport
                || actor
                    .grants
                    .iter()
                    .any(|grant| reads_secret(grant, subject))
        }
        _ => true,
    }
}

fn grants(grant: &Grant, action: Action, subject: Subject) -> bool {
    grant.actions.contains(&action) && reaches(grant.scope, subject)
}

fn reaches(scope: Scope, subject: Subject) -> bool {
    match (scope, subject) {
        (Scope::City, _) | (Scope::Team(_), Subject::City) => true,
        (Scope::Team(mine), Subject::Report { team, .. } | Subject::Work { team }) => {
            team == Some(mine)
        }
        (Scope::Report(mine), Subject::Report { id, .. }) => id == mine,
        (Scope::Report(_), _) => false,
    }
}

fn reads_secret(grant: &Grant, subject: Subject) -> bool {
    match grant.scope {
        Scope::City => grant.actions.contains(&Action::SeeSecret),
        Scope::Team(_) => {
            grant.actions.contains(&Action::WorkTask) && reaches(grant.scope, subject)
        }
        Scope::Report(_) => reaches(grant.scope, subject),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(scope: Scope, actions: &[Action]) -> Actor {
        let grant = Grant {
            actions: actions.iter().copied().collect(),
            scope,
            position: None,
        };
        Actor {
            who: Who::Public,
            grants: vec![grant],
        }
    }

    fn report(id: i64, visibility: Visibility, anonymous: bool, team: Option<i64>) -> Subject {
        Subject::Report {
            id: ReportId(id),
            visibility,
            anonymous,
            team: team.map(TeamId),
        }
    }

    #[test]
    fn an_actor_without_grants_may_do_nothing() {
        let nobody = Actor {
            who: Who::City,
            grants: vec![],
        };
        for action in Action::ALL {
            assert!(!allows(&nobody, *action, Subject::City), "{action}");
        }
    }

    #[test]
    fn a_secret_report_is_hidden_from_who_may_only_triage() {
        let secret = report(1, Visibility::Secret, false, None);
        assert!(!allows(
            &actor(Scope::City, &[Action::TriageReport]),
            Action::TriageReport,
            secret
        ));
        let both = actor(Scope::City, &[Action::TriageReport, Action::SeeSecret]);
        assert!(allows(&both, Action::TriageReport, secret));
    }

    #[test]
    fn a_crew_sees_the_work_of_its_own_team_only() {
        let crew = actor(Scope::Team(TeamId(1)), &[Action::WorkTask]);
        assert!(allows(
            &crew,
            Action::WorkTask,
            report(1, Visibility::Secret, false, Some(1))
        ));
        assert!(!allows(
            &crew,
            Action::WorkTask,
            report(1, Visibility::Public, false, Some(2))
        ));
        assert!(!allows(
            &crew,
            Action::WorkTask,
            Subject::Work { team: None }
        ));
    }

    #[test]
    fn anonymous_means_hidden_from_the_desk_too() {
        let desk = actor(Scope::City, &[Action::SeeIdentity]);
        assert!(allows(
            &desk,
            Action::SeeIdentity,
            report(1, Visibility::Public, false, None)
        ));
        assert!(!allows(
            &desk,
            Action::SeeIdentity,
            report(1, Visibility::Public, true, None)
        ));
    }

    #[test]
    fn a_signed_link_opens_one_report() {
        let reporter = actor(Scope::Report(ReportId(1)), &[Action::AnswerReport]);
        assert!(allows(
            &reporter,
            Action::AnswerReport,
            report(1, Visibility::Secret, true, None)
        ));
        assert!(!allows(
            &reporter,
            Action::AnswerReport,
            report(2, Visibility::Public, true, None)
        ));
    }
}
