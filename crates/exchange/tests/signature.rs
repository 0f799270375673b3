//! Who stands for a package: our own signatures, and those of another program.

use std::path::Path;
use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use pendopo_exchange::package::{self, Package};
use pendopo_exchange::signature::{
    Claim, KeyFiles, Untrusted, identity, key_id, make_key, sign, verify,
};
use pendopo_exchange::{Files, MANIFEST, folder};

fn files() -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../blueprints/banjir-rob");
    folder::read(&root).unwrap()
}

fn packed() -> Package {
    package::pack(&files()).unwrap()
}

fn day(n: i64) -> Timestamp {
    let first: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
    first + SignedDuration::from_hours(24 * n)
}

fn key() -> KeyFiles {
    make_key("ID-21.72").unwrap()
}

#[test]
fn a_signature_says_who_and_what_and_until_when() {
    let (key, package) = (key(), packed());
    let signed = sign(&key.secret, &package, day(0), day(365)).unwrap();
    let claim = verify(&key.public, &signed, &package, day(1)).unwrap();
    let expect = Claim {
        city: "ID-21.72".into(),
        blueprint: "pendopo/banjir-rob".into(),
        version: "1.0.0".into(),
        digest: package.digest.clone(),
        created: day(0),
        expires: day(365),
    };
    assert_eq!(claim, expect);
    assert_eq!(
        (identity(&key.public), key_id(&key.public).unwrap().len()),
        (Some("ID-21.72"), 16)
    );
    for (when, why) in [(day(365), Untrusted::Expired), (day(-1), Untrusted::NotYet)] {
        assert_eq!(verify(&key.public, &signed, &package, when), Err(why));
    }
}

#[test]
fn every_altered_byte_and_every_other_key_is_refused() {
    let (key, package) = (key(), packed());
    let signed = sign(&key.secret, &package, day(0), day(365)).unwrap();
    for at in (0..package.bytes.len()).step_by(997) {
        let mut altered = package.clone();
        altered.bytes[at] ^= 1;
        let seen = verify(&key.public, &signed, &altered, day(1));
        assert_eq!(seen, Err(Untrusted::Altered), "byte {at}");
    }
    let comment = signed.find("\ntrusted comment: ").unwrap();
    for at in comment + 18..signed.trim_end().len() {
        let mut altered = signed.clone().into_bytes();
        altered[at] ^= 1;
        let Ok(altered) = String::from_utf8(altered) else {
            continue;
        };
        assert!(
            verify(&key.public, &altered, &package, day(1)).is_err(),
            "byte {at}"
        );
    }
    let other = make_key("ID-21.72").unwrap();
    assert_eq!(
        verify(&other.public, &signed, &package, day(1)),
        Err(Untrusted::OtherKey)
    );
    for bad in ["", "x", "untrusted comment: x\nRWQ", &"x".repeat(10_000)] {
        assert_eq!(
            verify(bad, &signed, &package, day(1)),
            Err(Untrusted::UnreadableKey)
        );
        let seen = verify(&key.public, bad, &package, day(1));
        assert_eq!(seen, Err(Untrusted::UnreadableSignature));
    }
}

#[test]
fn a_city_signs_what_is_its_own_and_what_ships_with_pendopo() {
    let of = |id: &str| {
        let mut files = files();
        let manifest = String::from_utf8(files[MANIFEST].clone()).unwrap();
        files.insert(
            MANIFEST.into(),
            manifest.replace("pendopo/banjir-rob", id).into_bytes(),
        );
        package::pack(&files).unwrap()
    };
    let key = key();
    let own = of("ID-21.72/banjir-rob");
    assert!(sign(&key.secret, &own, day(0), day(1)).is_ok());
    let others = of("ID-51.71/banjir-rob");
    assert_eq!(
        sign(&key.secret, &others, day(0), day(1)),
        Err(Untrusted::OtherCity)
    );
    // A key whose file says another city than the claim is not taken for that city's.
    let signed = sign(&key.secret, &own, day(0), day(9)).unwrap();
    let renamed = key.public.replace("ID-21.72", "ID-51.71");
    assert_eq!(
        verify(&renamed, &signed, &own, day(1)),
        Err(Untrusted::OtherCity)
    );
    assert!(matches!(make_key("Denpasar"), Err(Untrusted::BadIdentity)));
}

/// The program that gave the format its name reads ours, and we read its.
#[test]
fn minisign_and_pendopo_read_each_other() {
    if Command::new("minisign").arg("-v").output().is_err() {
        use std::io::Write;
        let _ = writeln!(
            std::io::stderr(),
            "skipped: 1 test signs by minisign, which is not installed"
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (key, package) = (key(), packed());
    let signed = sign(&key.secret, &package, day(0), day(365)).unwrap();
    std::fs::write(path("rob.tar"), &package.bytes).unwrap();
    std::fs::write(path("rob.tar.minisig"), &signed).unwrap();
    std::fs::write(path("key.pub"), &key.public).unwrap();
    std::fs::write(path("key"), &key.secret).unwrap();
    let minisign = |args: &[&str]| Command::new("minisign").args(args).output().unwrap();
    let verified = minisign(&["-V", "-m", &path("rob.tar"), "-p", &path("key.pub")]);
    assert!(verified.status.success(), "{verified:?}");

    let claim = verify(&key.public, &signed, &package, day(1))
        .unwrap()
        .to_string();
    let theirs = path("theirs.minisig");
    let made = minisign(&[
        "-S",
        "-m",
        &path("rob.tar"),
        "-s",
        &path("key"),
        "-t",
        &claim,
        "-x",
        &theirs,
    ]);
    assert!(made.status.success(), "{made:?}");
    let theirs = std::fs::read_to_string(theirs).unwrap();
    assert_eq!(
        verify(&key.public, &theirs, &package, day(1))
            .unwrap()
            .to_string(),
        claim
    );
    // Signed by the right key, and about nothing that we know.
    let plain = path("plain.minisig");
    minisign(&[
        "-S",
        "-m",
        &path("rob.tar"),
        "-s",
        &path("key"),
        "-t",
        "hello",
        "-x",
        &plain,
    ]);
    let plain = std::fs::read_to_string(plain).unwrap();
    assert_eq!(
        verify(&key.public, &plain, &package, day(1)),
        Err(Untrusted::OtherClaim)
    );
}
