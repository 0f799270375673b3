use std::path::Path;

use pendopo_domain::organisation::Role;
use pendopo_domain::policy::Action;
use pendopo_domain::services::Texts;
use pendopo_store::Kind;
use pendopo_store::backup;
use pendopo_store::configuration as rows;
use pendopo_testkit::{TestCity, both_databases};

use crate::raw::Raw;

const KINDS: [Kind; 4] = [Kind::City, Kind::Keys, Kind::Media, Kind::Live];

#[test]
fn both_databases_end_with_the_same_tables_columns_and_keys() {
    pendopo_testkit::run(async {
        let (one, other) = (TestCity::sqlite().await, TestCity::postgres().await);
        for kind in KINDS {
            let mut sqlite = Raw::open(&one.location, kind).await;
            let mut postgres = Raw::open(&other.location, kind).await;
            let tables = sqlite.tables().await;
            assert_eq!(tables, postgres.tables().await);
            for table in &tables {
                assert_eq!(
                    sqlite.columns(table).await,
                    postgres.columns(table).await,
                    "{table}"
                );
                assert_eq!(
                    sqlite.primary_key(table).await,
                    postgres.primary_key(table).await,
                    "{table}"
                );
            }
            let mut copied: Vec<_> = backup::tables(kind)
                .iter()
                .map(|(table, _)| *table)
                .collect();
            if kind == Kind::City {
                copied.extend(backup::NOT_KEPT);
            }
            copied.sort_unstable();
            assert_eq!(copied, tables, "a backup leaves out a table");
        }
    });
}

#[test]
fn a_migration_has_the_same_name_and_place_on_both_databases() {
    let files = |database: &str, kind: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("migrations")
            .join(database)
            .join(kind);
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    for kind in ["city", "keys", "media"] {
        let names = files("sqlite", kind);
        assert_eq!(names, files("postgres", kind));
        for (number, name) in (1..).zip(&names) {
            assert!(
                name.starts_with(&format!("{number:04}_")),
                "{name} stands at place {number}"
            );
        }
    }
}

/// Makes the city as it was before the roles were given the actions of today.
async fn is_of_before(city: &TestCity, roles: &[(&str, &[Action])]) {
    let roles: Vec<Role> = roles
        .iter()
        .map(|(code, actions)| Role {
            code: (*code).into(),
            names: Texts::same("x"),
            actions: actions.iter().copied().collect(),
        })
        .collect();
    commit!(city.store, |db| {
        for role in &roles {
            rows::put_role(db, role).await?;
        }
    });
    let mut raw = Raw::open(&city.location, Kind::City).await;
    raw.execute("DROP TABLE alert_documents").await;
    raw.execute("DELETE FROM _sqlx_migrations WHERE version >= 10")
        .await;
}

/// What the roles may do after the program of today has opened the city.
async fn after_the_upgrade(city: &TestCity) -> Vec<(String, Vec<Action>)> {
    let store = city.another_node().await;
    let roles = look!(store, |db| rows::roles(db).await);
    roles
        .into_iter()
        .map(|role| (role.code, role.actions.into_iter().collect()))
        .collect()
}

both_databases! {
    async fn a_city_of_before_gains_the_actions_that_came_since(city: TestCity) {
        is_of_before(&city, &[
            ("operator", &[Action::SeeDesk]),
            ("dispatcher", &[Action::SeeDesk, Action::WorkTask]),
            ("it_staff", &[Action::ManageServices]),
            ("mayor", &[]),
            ("own_role", &[Action::SeeDesk]),
        ]).await;
        let roles = after_the_upgrade(&city).await;
        let sorted = |mut actions: Vec<Action>| {
            actions.sort();
            actions
        };
        let expect = |code: &str, actions: &[Action]| {
            let (_, found) = roles.iter().find(|(one, _)| one == code).unwrap();
            assert_eq!(sorted(found.clone()), sorted(actions.to_vec()), "{code}");
        };
        use Action::{ApproveAlert, HandleAlarm, ManageAlertFeeds, ManageRules, ManageServices, ManageUnits, ManageWalls};
        use Action::{SeeAlerts, SeeDesk, SetStage, WorkTask, WriteAlert};
        expect("operator", &[SeeDesk, HandleAlarm, SeeAlerts, WriteAlert, ApproveAlert, SetStage]);
        expect("dispatcher", &[SeeDesk, WorkTask, HandleAlarm, ManageUnits, SeeAlerts, WriteAlert]);
        expect("it_staff", &[ManageServices, ManageRules, ManageUnits, SeeAlerts, ManageAlertFeeds, ManageWalls]);
        expect("mayor", &[]);
        expect("own_role", &[SeeDesk]);
    }

    async fn what_a_city_chose_for_itself_stays(city: TestCity) {
        // Alarms are the dispatcher's alone here, and nobody but the mayor approves.
        is_of_before(&city, &[
            ("operator", &[Action::SeeDesk]),
            ("dispatcher", &[Action::HandleAlarm]),
            ("mayor", &[Action::ApproveAlert]),
        ]).await;
        let roles = after_the_upgrade(&city).await;
        let holders = |action| -> Vec<&str> {
            let has = roles.iter().filter(|(_, actions)| actions.contains(&action));
            has.map(|(code, _)| code.as_str()).collect()
        };
        assert_eq!(holders(Action::HandleAlarm), ["dispatcher"]);
        assert_eq!(holders(Action::ApproveAlert), ["mayor"]);
        assert_eq!(holders(Action::SetStage), ["operator"]);
    }
}
