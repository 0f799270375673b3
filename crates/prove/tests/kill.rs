//! SIGKILL under load, shortly: three rounds of what `make prove` does fifty times.

use std::path::PathBuf;
use std::process::Command;

/// The node beside this test: `target/<profile>/pendopo`.
fn node() -> Option<PathBuf> {
    let test = std::env::current_exe().unwrap();
    let built = test.ancestors().nth(2).map(|folder| folder.join("pendopo"));
    built.filter(|path| path.is_file())
}

#[test]
fn a_node_that_is_killed_under_load_keeps_every_report_it_accepted() {
    let Some(node) = node() else {
        // Another crate's binary is not built by this crate's tests; `make test` builds all of them first.
        #[expect(clippy::print_stderr, reason = "a test that did nothing says so")]
        {
            eprintln!("skipped: the node is not built (cargo build -p pendopo)");
        }
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("kill.json");
    let output = Command::new(env!("CARGO_BIN_EXE_prove"))
        .args(["kill", "--rounds", "3", "--writers", "16", "--binary"])
        .arg(node)
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let kept: serde_json::Value = serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap();
    assert_eq!(kept["stored_missing"], 0);
    assert!(kept["accepted"].as_u64() > Some(0), "{kept}");
}
