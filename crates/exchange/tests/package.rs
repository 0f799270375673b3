//! Blueprints from folder to package and back, and what is refused on the way.

use std::collections::BTreeMap;
use std::path::Path;

use pendopo_domain::blueprints::{What, trial};
use pendopo_exchange::archive::{self, Refusal};
use pendopo_exchange::package::{self, PackageError};
use pendopo_exchange::{Files, MANIFEST, MOST_FILES, folder, read};
use proptest::prelude::*;

const SHIPPED: [&str; 2] = ["banjir-rob", "laporan-warga"];

fn shipped(name: &str) -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../blueprints");
    folder::read(&root.join(name)).unwrap()
}

fn changed(files: &Files, path: &str, from: &str, to: &str) -> Files {
    let mut files = files.clone();
    let text = String::from_utf8(files[path].clone()).unwrap();
    assert!(text.contains(from), "{path}: {from}");
    files.insert(path.to_owned(), text.replacen(from, to, 1).into_bytes());
    files
}

#[test]
fn what_ships_can_be_handed_on_and_passes_its_own_tests() {
    for name in SHIPPED {
        let blueprint = match read::checked(&shipped(name)) {
            Ok(blueprint) => blueprint,
            Err(problems) => panic!("{name}: {problems:#?}"),
        };
        assert!(blueprint.trials.len() >= 2, "{name}");
        for (place, one) in &blueprint.trials {
            let outcome = trial::run(&blueprint, one, place).unwrap();
            assert!(outcome.passed(), "{name} {place}: {outcome:#?}");
        }
    }
}

#[test]
fn the_tests_of_a_blueprint_fail_when_a_rule_does_something_else() {
    let rule = "rules/pasang-tinggi.toml";
    for (from, to) in [
        ("on_s = 60", "on_s = 0"),
        ("deadband = 5", "deadband = 0"),
        ("off_s = 300", "off_s = 0"),
    ] {
        let files = changed(&shipped("banjir-rob"), rule, from, to);
        let blueprint = read::checked(&files).unwrap();
        let passed = |(place, one): (&String, &trial::Trial)| {
            trial::run(&blueprint, one, place).unwrap().passed()
        };
        assert!(!blueprint.trials.iter().all(passed), "{to} is not noticed");
    }
}

#[test]
fn the_same_content_gives_the_same_bytes_and_comes_back_as_it_was() {
    for name in SHIPPED {
        let files = shipped(name);
        let packed = package::pack(&files).unwrap();
        assert_eq!(package::pack(&files).unwrap().digest, packed.digest);
        let opened = package::open(&packed.bytes).unwrap();
        assert_eq!(opened, packed);
        assert_eq!(
            opened.blueprint.objects,
            read::checked(&files).unwrap().objects
        );
        let entries = &opened.blueprint.manifest.objects;
        assert!(entries.iter().all(|entry| entry.sha256.is_some()));
        // A comment in a file is content too; one in the manifest is not.
        let commented = changed(&files, MANIFEST, "version", "# note\nversion");
        assert_eq!(package::pack(&commented).unwrap().digest, packed.digest);
    }
}

/// A byte of the manifest may make another blueprint, which has another digest; nothing else can change.
#[test]
fn every_change_of_a_byte_is_refused_or_makes_another_package_with_the_same_objects() {
    let packed = package::pack(&shipped("banjir-rob")).unwrap();
    // `blueprint.toml` is the first file, one of `boards/` the second.
    let mut blocks = packed.bytes.chunks(512);
    let manifest = 512 * blocks.position(|one| one.starts_with(b"boards/")).unwrap();
    // One byte of every header and every block of content: all would take minutes.
    for at in (0..packed.bytes.len()).step_by(61) {
        let mut bytes = packed.bytes.clone();
        bytes[at] ^= 1;
        if let Ok(other) = package::open(&bytes) {
            assert_eq!(
                other.blueprint.objects, packed.blueprint.objects,
                "byte {at}"
            );
            assert_ne!(other.digest, packed.digest);
            assert!(at < manifest, "byte {at}");
        }
    }
    let cut = &packed.bytes[..packed.bytes.len() - 512];
    assert!(package::open(cut).is_err());
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let files = shipped("banjir-rob");
    let cases = [
        (
            MANIFEST,
            "pendopo/banjir-rob",
            "denpasar/banjir-rob",
            "id",
            What::BadId,
        ),
        (MANIFEST, "1.0.0", "1.0", "version", What::BadVersion),
        (
            MANIFEST,
            "en = \"Tidal flood\"\n",
            "",
            "name",
            What::MissingLanguage,
        ),
        (
            MANIFEST,
            "default = 120",
            "default = \"120\"",
            "params.ambang_cm",
            What::BadParam,
        ),
        (
            "entity-types/pasang-laut.toml",
            "${topik}",
            "${topic}",
            "entity_type/pasang-laut",
            What::UnknownParam,
        ),
        (
            "entity-types/pasang-laut.toml",
            "${topik}",
            "pasang/+",
            "params.topik",
            What::UnusedParam,
        ),
        (
            MANIFEST,
            "code = \"crew\"",
            "code = \"crews\"",
            "playbook/protap-rob",
            What::NotThere,
        ),
        (
            MANIFEST,
            "kind = \"team\"\nid = \"siaga-rob\"",
            "kind = \"team\"\nid = \"siaga\"",
            "team/siaga",
            What::OtherCode,
        ),
        (
            MANIFEST,
            "services/banjir-rob.toml",
            "rules/banjir-rob.toml",
            "rules/banjir-rob.toml",
            What::MissingFile,
        ),
        (
            MANIFEST,
            "equals = true\n",
            "",
            "fit.requires 1",
            What::EmptyRequirement,
        ),
        (
            MANIFEST,
            "/akn/id",
            "https://id",
            "legal_basis",
            What::BadLegalBasis,
        ),
        (
            MANIFEST,
            "maintenance",
            "script",
            MANIFEST,
            What::Unreadable,
        ),
        (
            "rules/pasang-tinggi.toml",
            "banjir-rob",
            "banjir",
            "rule/rob/pasang-tinggi",
            What::NotThere,
        ),
        (
            "rules/pasang-tinggi.toml",
            "deadband = 5",
            "deadbant = 5",
            "rule/rob/pasang-tinggi",
            What::BadObject,
        ),
        (
            "rules/pasang-tinggi.toml",
            "minutes_to_act = 10",
            "minutes_to_act = 0",
            "rule/rob/pasang-tinggi",
            What::BadObject,
        ),
        (
            "services/banjir-rob.toml",
            "verify_days",
            "verify_day",
            "service/banjir-rob",
            What::BadObject,
        ),
        (
            "services/banjir-rob.toml",
            "code = \"kedalaman\"",
            "kode = 1\ncode = \"kedalaman\"",
            "service/banjir-rob",
            What::BadObject,
        ),
        (
            "playbooks/protap-rob.toml",
            ", en = \"Set up the pump and start it\"",
            "",
            "playbook/protap-rob",
            What::MissingLanguage,
        ),
        (
            "text/en.ftl",
            "banjir-rob-latih",
            "banjir-rob-train",
            "text/banjir-rob/en",
            What::MissingLanguage,
        ),
        (
            "text/id.ftl",
            "{ $ambang_cm }",
            "{ NUMBER($ambang_cm) }",
            "text/id.ftl",
            What::Unreadable,
        ),
    ];
    for (path, from, to, place, what) in cases {
        let problems = read::checked(&changed(&files, path, from, to)).unwrap_err();
        let found = problems
            .iter()
            .any(|one| one.place == place && one.what == what);
        assert!(found, "{path}, {to}: {problems:#?}");
    }
    let mut more = files.clone();
    more.insert("rules/run.sh".into(), b"rm".to_vec());
    assert_eq!(read::checked(&more).unwrap_err()[0].what, What::UnknownFile);
}

fn tar(paths: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes: Vec<u8> = vec![];
    for (path, content) in paths {
        // The same path may come twice here, which a map cannot hold.
        let one: Files = BTreeMap::from([((*path).to_owned(), content.as_bytes().to_vec())]);
        let one = archive::write(&one);
        bytes.extend(&one[..one.len() - 1024]);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

/// Another byte of the first header, with a sum that fits it.
fn patched(mut bytes: Vec<u8>, at: usize, byte: u8) -> Vec<u8> {
    bytes[at] = byte;
    bytes[148..156].fill(b' ');
    let sum: u32 = bytes[..512].iter().map(|byte| u32::from(*byte)).sum();
    bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    bytes
}

#[test]
fn an_archive_that_is_not_one_of_ours_is_refused_with_the_reason() {
    let one = tar(&[("a.toml", "x")]);
    let many: Vec<(String, &str)> = (0..=MOST_FILES).map(|n| (format!("f{n}"), "")).collect();
    let many: Vec<(&str, &str)> = many
        .iter()
        .map(|(path, text)| (path.as_str(), *text))
        .collect();
    let large = "x".repeat(256 * 1024);
    let names: Vec<String> = (0..9).map(|n| format!("f{n}")).collect();
    let much: Vec<(&str, &str)> = names
        .iter()
        .map(|name| (name.as_str(), large.as_str()))
        .collect();
    let cases = [
        (vec![], Refusal::NotAnArchive),
        (vec![7; 4096], Refusal::NotAnArchive),
        (b"\x28\xb5\x2f\xfd and more".to_vec(), Refusal::Compressed),
        (b"\x1f\x8b and more".to_vec(), Refusal::Compressed),
        (one[..700].to_vec(), Refusal::CutOff),
        (one[..1024].to_vec(), Refusal::CutOff),
        (tar(&[("../a.toml", "x")]), Refusal::ClimbsOut),
        (tar(&[("rules/../../a.toml", "x")]), Refusal::ClimbsOut),
        (tar(&[("/etc/a.toml", "x")]), Refusal::ClimbsOut),
        (tar(&[("a b.toml", "x")]), Refusal::BadPath),
        (tar(&[("a//b.toml", "x")]), Refusal::BadPath),
        (tar(&[("rules/\u{202e}lmot.a", "x")]), Refusal::BadPath),
        (tar(&[("a.toml", "x"), ("a.toml", "y")]), Refusal::Twice),
        (tar(&[("a.toml", "x"), ("./a.toml", "y")]), Refusal::Twice),
        (patched(one.clone(), 156, b'2'), Refusal::Link),
        (patched(one.clone(), 156, b'1'), Refusal::Link),
        (patched(one.clone(), 156, b'5'), Refusal::NotAFile),
        (patched(one.clone(), 156, b'x'), Refusal::NotAFile),
        (patched(one.clone(), 124, b'7'), Refusal::TooLarge),
        (patched(one.clone(), 124, b'9'), Refusal::Damaged),
        (patched(one.clone(), 345, b'a'), Refusal::BadPath),
        (tar(&many), Refusal::TooManyFiles),
        (tar(&much), Refusal::TooLarge),
        ([one.clone(), b"more".to_vec()].concat(), Refusal::Damaged),
    ];
    for (n, (bytes, refusal)) in cases.into_iter().enumerate() {
        assert_eq!(archive::read(&bytes), Err(refusal), "case {n}");
    }
    let mut flipped = one.clone();
    flipped[3] ^= 1;
    assert_eq!(archive::read(&flipped), Err(Refusal::Damaged));
    assert!(archive::read(&one).is_ok());
}

#[test]
fn a_package_that_was_packed_otherwise_is_refused() {
    let files = shipped("banjir-rob");
    let unsealed = archive::write(&files);
    assert_eq!(
        package::open(&unsealed),
        Err(PackageError::Refused(Refusal::NotCanonical))
    );
    let packed = package::pack(&files).unwrap();
    let other_time = patched(packed.bytes, 140, b'7');
    assert_eq!(
        package::open(&other_time),
        Err(PackageError::Refused(Refusal::NotCanonical))
    );
}

#[test]
fn a_folder_with_a_link_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("blueprint.toml"), "").unwrap();
    std::os::unix::fs::symlink("/etc/hostname", folder.path().join("name.toml")).unwrap();
    let error = folder::read(folder.path()).unwrap_err();
    assert!(error.to_string().ends_with("link"), "{error}");
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        files in prop::collection::btree_map("[a-z]{1,8}(/[a-z]{1,8}){0,2}\\.toml", prop::collection::vec(any::<u8>(), 0..1500), 1..8),
    ) {
        prop_assert_eq!(archive::read(&archive::write(&files)), Ok(files));
    }

    #[test]
    fn nothing_that_is_read_makes_it_fall(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        let _ = package::open(&bytes);
    }
}
