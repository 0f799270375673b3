use std::path::Path;

use pendopo_store::Kind;
use pendopo_store::backup;
use pendopo_testkit::TestCity;

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
