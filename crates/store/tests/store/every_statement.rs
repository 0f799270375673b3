//! A statement that has run on one database only is not tested: the other one may not even parse it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use pendopo_testkit::postgres;

/// A release build does not note its statements.
#[cfg(debug_assertions)]
#[test]
fn every_statement_has_run_on_both_databases() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--skip", "every_statement"])
        .env("PENDOPO_STATEMENTS", folder.path())
        .env(postgres::ENV, postgres::postgres_url())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let ran: BTreeSet<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    let statements = statements();
    assert!(
        statements.len() > 50,
        "the statements were not found: {statements:?}"
    );
    let mut missing = Vec::new();
    for (file, line) in &statements {
        for backend in ["sqlite", "postgres"] {
            if !ran.contains(&format!("{backend}-{file}-{line}")) {
                missing.push(format!("{file}:{line} has not run on {backend}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// File and line of every statement in the source.
fn statements() -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in std::fs::read_dir(source).unwrap() {
        let file = file.unwrap().path();
        assert!(
            file.is_file(),
            "statements are noted by file name, so src has no folders"
        );
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        for (number, line) in (1..).zip(text.lines()) {
            if line.contains("on_backend!(") && !line.trim_start().starts_with("//") {
                found.push((name.clone(), number));
            }
        }
    }
    found
}
