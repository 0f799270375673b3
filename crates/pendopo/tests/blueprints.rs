//! `pendopo blueprint`, as an author and a keeper of keys use it.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Runs a command that needs no place for cities: its exit code, and what it said.
fn blueprint(command: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_pendopo"))
        .env_remove("LC_ALL")
        .env_remove("LC_MESSAGES")
        .env("LANG", "C.UTF-8")
        .arg("blueprint")
        .args(command)
        .output()
        .expect("the program runs");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(said).unwrap(),
    )
}

#[test]
fn a_blueprint_is_checked_tried_packed_and_signed() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).display().to_string();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../blueprints/");
    let (rob, warga) = (format!("{root}banjir-rob"), format!("{root}laporan-warga"));
    let (code, said) = blueprint(&["check", &rob, &warga]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.starts_with("pendopo/banjir-rob 1.0.0: sound, 12 objects\n"),
        "{said}"
    );
    let (code, said) = blueprint(&["test", &rob, &warga]);
    assert_eq!((code, said.matches(": passed").count()), (0, 7), "{said}");

    let (file, other) = (path("rob.tar"), path("again.tar"));
    let (code, said) = blueprint(&["pack", &rob, &file]);
    assert!(code == 0 && said.contains("SHA-256: "), "{said}");
    assert_eq!(blueprint(&["pack", &rob, &other]).0, 0);
    assert_eq!(
        std::fs::read(&file).unwrap(),
        std::fs::read(&other).unwrap()
    );
    assert_eq!(blueprint(&["check", &file]).0, 0);
    assert_eq!(blueprint(&["test", &file]).0, 0);

    let (key, public) = (path("city.key"), path("city.key.pub"));
    let (code, said) = blueprint(&["new-key", &key, "--city", "ID-21.72"]);
    assert!(code == 0 && said.contains("ID-21.72"), "{said}");
    // A key is made once.
    assert_eq!(blueprint(&["new-key", &key, "--city", "ID-21.72"]).0, 1);
    let (code, said) = blueprint(&["sign", &file, "--key", &key]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = blueprint(&["verify", &file, "--key", &public]);
    assert!(
        code == 0 && said.starts_with("ID-21.72 stands for pendopo/banjir-rob 1.0.0"),
        "{said}"
    );
    what_is_not_as_it_was_is_refused(&home, &file, &public);
}

fn what_is_not_as_it_was_is_refused(home: &TempDir, file: &str, public: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = |name: &str| home.path().join(name).display().to_string();
    let mode = std::fs::metadata(home.path().join("city.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let other = path("other.key");
    assert_eq!(blueprint(&["new-key", &other, "--city", "ID-51.71"]).0, 0);
    let (code, said) = blueprint(&["verify", file, "--key", &path("other.key.pub")]);
    assert_eq!(
        (code, said.as_str()),
        (1, "It was signed with another key.\n")
    );
    // The same content packed with one word changed, under the old signature.
    let folder = home.path().join("rob");
    std::fs::create_dir_all(folder.join("text")).unwrap();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../blueprints/banjir-rob");
    copy(Path::new(root), &folder);
    let text = std::fs::read_to_string(folder.join("text/en.ftl")).unwrap();
    std::fs::write(
        folder.join("text/en.ftl"),
        text.replace("Put one gauge", "Put no gauge"),
    )
    .unwrap();
    assert_eq!(blueprint(&["pack", &path("rob"), file]).0, 0);
    let (code, said) = blueprint(&["verify", file, "--key", public]);
    assert_eq!(
        (code, said.as_str()),
        (1, "It was changed after it was signed.\n")
    );
    // A rule with another delay does not pass the tests; one that names nobody cannot be handed on.
    let rule = folder.join("rules/pasang-tinggi.toml");
    let text = std::fs::read_to_string(&rule).unwrap();
    std::fs::write(&rule, text.replace("on_s = 60", "on_s = 0")).unwrap();
    let (code, said) = blueprint(&["test", &path("rob")]);
    assert!(
        code == 1 && said.contains("expected, did not happen: 660 s rob/pasang-tinggi on"),
        "{said}"
    );
    std::fs::write(
        &rule,
        text.replace("owner = \"${tim}\"", "owner = \"nobody\""),
    )
    .unwrap();
    let (code, said) = blueprint(&["check", &path("rob")]);
    assert!(
        code == 1 && said.contains("refers to \"team/nobody\", which is not there"),
        "{said}"
    );
    std::fs::write(home.path().join("no.tar"), "no archive").unwrap();
    let (code, said) = blueprint(&["check", &path("no.tar")]);
    assert!(
        code == 1 && said.contains("is no package of a blueprint"),
        "{said}"
    );
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => {
                std::fs::copy(entry.path(), target).unwrap();
            }
        }
    }
}
