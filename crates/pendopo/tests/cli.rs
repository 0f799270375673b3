//! The built program, as the people who look after a node use it: commands in, lines and exit codes out.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use pendopo_testkit::postgres::postgres_url;
use tempfile::TempDir;

/// A place for cities, in either kind of database, and a folder for everything else.
struct Home {
    folder: TempDir,
    place: Vec<String>,
    slug: String,
}

impl Home {
    fn sqlite() -> Self {
        Self::sqlite_with("contoh")
    }

    fn sqlite_with(slug: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data").display().to_string();
        Self {
            place: vec!["--data".into(), data],
            slug: slug.into(),
            folder,
        }
    }

    /// The address stands in a file, as it should.
    fn postgres() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let (address, key) = (path("database"), path("node.key"));
        std::fs::write(&address, format!("{}\n", postgres_url())).unwrap();
        let place = ["--database-file", &address, "--key-file", &key];
        let unused = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        Self {
            place: place.map(str::to_owned).to_vec(),
            slug: format!("c{:x}", unused.as_nanos()),
            folder,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command at this place.
    fn run(&self, command: &[&str]) -> Output {
        pendopo(command, &self.place)
    }

    fn succeeds(&self, command: &[&str]) -> String {
        let output = self.run(command);
        assert!(output.status.success(), "{command:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn fails(&self, command: &[&str]) -> String {
        let output = self.run(command);
        assert_eq!(output.status.code(), Some(1), "{command:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn new_city(&self) {
        let name = ["--name", "Kota Contoh", "--zone", "Asia/Jakarta"];
        self.succeeds(&[&["city", "new", &self.slug][..], &name].concat());
    }
}

fn pendopo(command: &[&str], place: &[String]) -> Output {
    program()
        .args(command)
        .args(place)
        .output()
        .expect("the program runs")
}

/// Speaks English, whatever the machine speaks, and knows no place by itself.
fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_pendopo"));
    program
        .env_remove("LC_ALL")
        .env_remove("LC_MESSAGES")
        .env("LANG", "C.UTF-8")
        .env_remove("PENDOPO_DATABASE")
        .env_remove("PENDOPO_KEY_FILE")
        .stdin(Stdio::null());
    program
}

fn last_line(text: &str) -> &str {
    text.trim_end().lines().last().unwrap_or_default()
}

/// A city is made, checked, given a key and a sign-in, backed up and restored elsewhere under the same key.
fn a_city_from_making_to_restoring(home: &Home, elsewhere: &Home) {
    let slug = home.slug.as_str();
    home.new_city();
    assert!(
        home.succeeds(&["city", "list"])
            .lines()
            .any(|line| line == slug)
    );
    assert!(
        home.fails(&["city", "new", slug, "--name", "x", "--zone", "Asia/Jakarta"])
            .contains("already")
    );
    assert_eq!(
        home.succeeds(&["check", "--city", slug]),
        format!("{slug}: sound\n")
    );

    people_and_systems_get_in(home);
    a_backup_is_restored(home, elsewhere);
}

fn people_and_systems_get_in(home: &Home) {
    let slug = home.slug.as_str();
    let key = home.succeeds(&["api-key", "add", "Other system", "--city", slug]);
    assert!(last_line(&key).len() >= 40, "{key}");
    let password = home.path("password");
    std::fs::write(&password, "a long enough one\n").unwrap();
    let password = password.display().to_string();
    let add = [
        "sign-in",
        "add",
        "budi",
        "--city",
        slug,
        "--password-file",
        &password,
        "--position",
    ];
    let link = home.succeeds(&[&add[..], &["operator-meja"]].concat());
    assert!(last_line(&link).starts_with("/masuk/tautan/"), "{link}");
    assert!(
        home.fails(&[&add[..], &["raja"]].concat())
            .contains("operator-meja")
    );
}

fn a_backup_is_restored(home: &Home, elsewhere: &Home) {
    let slug = home.slug.as_str();
    let backup = home.path("backup").display().to_string();
    home.succeeds(&["backup", "--city", slug, "--to", &backup]);
    home.fails(&["backup", "--city", slug, "--to", &backup]);
    for name in ["city.db", "keys.db", "media.db"] {
        assert!(Path::new(&backup).join(name).is_file(), "{name}");
    }
    assert!(
        home.fails(&["restore", "--from", &backup, "--city", slug])
            .contains("already")
    );
    let nothing = home.path("nothing").display().to_string();
    assert!(
        elsewhere
            .fails(&["restore", "--from", &nothing, "--city", slug])
            .contains("no backup")
    );
    let bytes = |name: &str| std::fs::read(Path::new(&backup).join(name)).unwrap();
    let names = ["city.db", "keys.db", "media.db", "live.db"];
    let before = names.map(bytes);
    elsewhere.succeeds(&["restore", "--from", &backup, "--city", slug]);
    assert!(names.map(bytes) == before, "the backup was changed");
    assert_eq!(std::fs::read_dir(&backup).unwrap().count(), names.len());
    assert!(
        elsewhere
            .fails(&["restore", "--from", &backup, "--city", slug])
            .contains("already")
    );
}

#[test]
fn a_city_moves_from_sqlite_to_sqlite_by_backup_and_restore() {
    let (home, elsewhere) = (Home::sqlite(), Home::sqlite());
    a_city_from_making_to_restoring(&home, &elsewhere);
    // The key of the node is not in the backup: nothing opens the city before it is put there.
    assert!(elsewhere.fails(&["check"]).contains("node.key"));
    std::fs::copy(home.path("data/node.key"), elsewhere.path("data/node.key")).unwrap();
    assert_eq!(elsewhere.succeeds(&["check"]), "contoh: sound\n");
}

#[test]
fn a_city_moves_from_sqlite_to_postgres_and_back() {
    let elsewhere = Home::postgres();
    let slug = elsewhere.slug.as_str();
    let (home, again) = (Home::sqlite_with(slug), Home::sqlite());
    a_city_from_making_to_restoring(&home, &elsewhere);
    std::fs::copy(home.path("data/node.key"), elsewhere.path("node.key")).unwrap();
    let sound = format!("{slug}: sound\n");
    assert_eq!(elsewhere.succeeds(&["check", "--city", slug]), sound);
    let backup = elsewhere.path("back").display().to_string();
    elsewhere.succeeds(&["backup", "--city", slug, "--to", &backup]);
    again.succeeds(&["restore", "--from", &backup, "--city", slug]);
    std::fs::copy(home.path("data/node.key"), again.path("data/node.key")).unwrap();
    assert_eq!(again.succeeds(&["check"]), sound);
}

#[test]
fn a_city_on_postgres_is_made_and_moves_to_sqlite() {
    a_city_from_making_to_restoring(&Home::postgres(), &Home::sqlite());
}

/// Recorded data come in through the interfaces of a demo city, which drives its clock; a real city refuses.
fn lines_are_replayed(home: &Home) {
    let slug = home.slug.as_str();
    let file = home.path("lines.jsonl");
    let gauge = |hour: u32, value: &str| {
        format!(
            r#"{{"id":"urn:ngsi-ld:Gauge:1","type":"Gauge","level":{{"type":"Property","value":{value},"observedAt":"2024-02-15T{hour:02}:00:00Z"}}}}"#
        )
    };
    let lines = [
        gauge(1, "650"),
        gauge(2, "651"),
        "{".to_owned(),
        gauge(3, "652"),
    ];
    std::fs::write(&file, lines.join("\n")).unwrap();
    let file = file.display().to_string();
    let name = ["--name", "Kota Demo", "--zone", "Asia/Jakarta", "--demo"];
    home.succeeds(&[&["city", "new", slug][..], &name].concat());
    let told = home.succeeds(&["replay", "ngsi-ld", &file, "--city", slug]);
    assert!(
        told.starts_with("4 records read, 3 sent: 3 accepted, 1 refused."),
        "{told}"
    );
    assert!(told.contains("1 are not text, not JSON"), "{told}");
    assert_eq!(
        home.succeeds(&["check", "--city", slug]),
        format!("{slug}: sound\n")
    );
}

#[test]
fn recorded_lines_are_replayed_into_a_demo_city_on_sqlite() {
    lines_are_replayed(&Home::sqlite());
}

#[test]
fn recorded_lines_are_replayed_into_a_demo_city_on_postgres() {
    let home = Home::postgres();
    give_key(&home);
    lines_are_replayed(&home);
}

/// Other tests have cities in the same database, so a key is not made by itself.
fn give_key(home: &Home) {
    use std::os::unix::fs::PermissionsExt;
    let key = home.path("node.key");
    std::fs::write(&key, "07".repeat(32)).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_city_of_real_data_is_not_replayed_into() {
    let home = Home::sqlite();
    home.new_city();
    let file = home.path("lines.jsonl");
    std::fs::write(&file, r#"{"id":"urn:x:1","type":"T"}"#).unwrap();
    let file = file.display().to_string();
    let said = home.fails(&["replay", "ngsi-ld", &file, "--city", "contoh"]);
    assert!(said.contains("real data"), "{said}");
}

#[test]
fn the_key_is_made_once_and_only_its_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::sqlite();
    home.new_city();
    let key = home.path("data/node.key");
    let text = std::fs::read_to_string(&key).unwrap();
    assert_eq!((text.trim().len(), text.len()), (64, 65));
    assert_eq!(
        std::fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );
    home.succeeds(&["check"]);
    assert_eq!(std::fs::read_to_string(&key).unwrap(), text);
    std::fs::write(&key, "not a key").unwrap();
    assert!(home.fails(&["check"]).contains("64"));
    std::fs::remove_file(&key).unwrap();
    // With cities there, a new key would lock their secrets away.
    assert!(home.fails(&["check"]).contains("node.key is missing"));
    assert!(!key.exists());
}

#[test]
fn what_cannot_be_done_is_said_in_the_language_of_the_terminal() {
    let home = Home::sqlite();
    assert!(
        home.fails(&["check"])
            .starts_with("Failed: There are no cities")
    );
    assert!(!home.path("data").exists());
    home.new_city();
    assert!(
        home.fails(&["check", "--city", "nowhere"])
            .starts_with("Failed: There is no city called nowhere")
    );
    let nowhere = program()
        .env("LANG", "id_ID.UTF-8")
        .args(["check"])
        .output()
        .unwrap();
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&nowhere.stderr).starts_with("Gagal: Sebutkan tempat"),
        "{nowhere:?}"
    );
}

#[test]
fn tiles_that_maps_cannot_draw_are_refused_before_the_node_serves() {
    let home = Home::sqlite();
    let file = home.path("tiles.pmtiles");
    std::fs::write(&file, "not tiles").unwrap();
    let file = file.display().to_string();
    let said = home.fails(&["serve", "--listen", "127.0.0.1:0", "--pmtiles", &file]);
    assert!(
        said.contains("cannot be used") && said.contains("no PMTiles file"),
        "{said}"
    );
}

#[test]
fn a_mistake_changes_nothing_and_gives_an_exit_code() {
    let home = Home::sqlite();
    home.new_city();
    let inside = home.path("data/backup").display().to_string();
    home.fails(&["backup", "--city", "contoh", "--to", &inside]);
    assert!(!home.path("data/backup").exists());
    for bad in [
        &[
            "city",
            "new",
            "Contoh",
            "--name",
            "x",
            "--zone",
            "Asia/Jakarta",
        ][..],
        &[
            "city",
            "new",
            "other",
            "--name",
            "x",
            "--zone",
            "Asia/Atlantis",
        ],
        &[
            "city",
            "new",
            "other",
            "--name",
            "x",
            "--zone",
            "Asia/Jakarta",
            "--bbox",
            "9,9,1,1",
        ],
        &[
            "city",
            "new",
            "other",
            "--name",
            "x",
            "--zone",
            "Asia/Jakarta",
            "--country",
            "XX",
            "--bbox",
            "1,1,2,2",
        ],
        &["import", "boston-311", "/nothing", "--city", "contoh"],
    ] {
        home.fails(bad);
    }
    assert_eq!(home.succeeds(&["city", "list"]), "contoh\n");
    let unknown = pendopo(&["govern"], &[]);
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn a_password_in_an_address_is_never_printed() {
    let place = [
        "--database",
        "postgres://ratu:rahasia@127.0.0.1:1/kota",
        "--key-file",
        "/nothing/key",
    ];
    let output = pendopo(&["city", "list"], &place.map(str::to_owned));
    assert_eq!(output.status.code(), Some(1));
    let said = format!("{output:?}");
    assert!(
        !said.contains("rahasia") && !said.contains("ratu"),
        "{said}"
    );
}

#[test]
fn areas_and_history_come_in_from_files_and_every_refusal_is_printed() {
    let home = Home::sqlite();
    home.new_city();
    let areas = home.path("areas.json");
    let square = "[[[104,0],[105,0],[105,1],[104,1],[104,0]]]";
    let feature = |code: &str| {
        format!(
            r#"{{"type":"Feature","properties":{{"kode":"{code}","nama":"Tepi Laut"}},
                "geometry":{{"type":"Polygon","coordinates":{square}}}}}"#
        )
    };
    let collection =
        |features: &str| format!(r#"{{"type":"FeatureCollection","features":[{features}]}}"#);
    std::fs::write(&areas, collection(&feature("1"))).unwrap();
    let areas_path = areas.display().to_string();
    let import = ["city", "areas", "import", &areas_path, "--city", "contoh"];
    assert_eq!(home.succeeds(&import), "1 of 1 areas taken.\n");
    std::fs::write(
        &areas,
        collection(&format!("{},{}", feature("2"), feature("2"))),
    )
    .unwrap();
    let output = home.run(&import);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "1 of 2 areas taken.\n1 refused: the code stands in the file before\n"
    );

    let cases = home.path("cases.csv").display().to_string();
    let header = "case_enquiry_id,open_dt,target_dt,closed_dt,case_status,closure_reason,case_title,reason,type,location,latitude,longitude";
    let row = "101,2011-07-01 01:32:33,,,Open,,Light out,Lights,Street Light,River St,42.2,-71.0";
    std::fs::write(&cases, format!("{header}\n{row}\n{row}\n")).unwrap();
    let said = home.succeeds(&["import", "boston-311", &cases, "--city", "contoh"]);
    assert_eq!(
        said,
        "2 rows read: 1 stored, 1 refused.\n1 refused: the number is known already\n"
    );
    assert_eq!(home.succeeds(&["check"]), "contoh: sound\n");
}

fn warnings_come_in(home: Home) {
    home.new_city();
    let city = ["--city", &home.slug];
    let (good, bad) = (home.path("good.xml"), home.path("bad.xml"));
    let text = "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>1</identifier><sender>a@b.example</sender>\
        <sent>2026-02-16T22:50:00+07:00</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope></alert>";
    std::fs::write(&good, text).unwrap();
    std::fs::write(&bad, "<html/>").unwrap();
    let (good, bad) = (good.display().to_string(), bad.display().to_string());
    let import_good = [&["alert", "import", &good][..], &city].concat();
    assert!(home.succeeds(&import_good).contains(": 1 "));
    assert!(home.succeeds(&import_good).contains(": 0 "));
    home.fails(&[&["alert", "import", &bad][..], &city].concat());

    let url = "https://agency.example/rss.xml";
    let add = [
        "alert",
        "feed",
        "add",
        "agency",
        url,
        "--every",
        "60",
        "--newer-replaces",
    ];
    home.succeeds(&[&add[..], &city].concat());
    let list = [&["alert", "feed", "list"][..], &city].concat();
    assert!(home.succeeds(&list).contains(url));
    let wrong = ["alert", "feed", "add", "agency", "file:///etc/passwd"];
    home.fails(&[&wrong[..], &city].concat());
    let remove = [&["alert", "feed", "remove", "agency"][..], &city].concat();
    home.succeeds(&remove);
    home.fails(&remove);
    assert_eq!(home.succeeds(&list), "");
}

#[test]
fn warnings_come_in_from_files_and_feeds_are_followed_on_sqlite() {
    warnings_come_in(Home::sqlite());
}

#[test]
fn warnings_come_in_from_files_and_feeds_are_followed_on_postgres() {
    let home = Home::postgres();
    give_key(&home);
    warnings_come_in(home);
}

#[test]
fn the_demo_serves_three_cities_ends_when_asked_and_keeps_them() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    let first = demo(&data);
    assert_eq!(first.matches("API key").count(), 3, "{first}");
    let second = demo(&data);
    assert_eq!(first, second);
    let place = ["--data".to_owned(), data.display().to_string()];
    let sound = pendopo(&["check"], &place);
    assert!(sound.status.success(), "{sound:?}");
    assert_eq!(
        String::from_utf8_lossy(&sound.stdout)
            .matches(": sound")
            .count(),
        3
    );
}

/// Starts the demo, waits for its list of sign-ins, asks it to end, and returns what it printed.
fn demo(data: &Path) -> String {
    use std::io::{BufRead, BufReader, Read};
    let listen = format!("127.0.0.1:{}", free_ports(4));
    let mut child = program()
        .arg("demo")
        .arg("--data")
        .arg(data)
        .args(["--listen", &listen, "--mqtt", "off"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains("pendopo-demo-ti") {
        assert_ne!(lines.read_line(&mut said).unwrap(), 0, "{said}");
    }
    let begun = Instant::now();
    let answered = || std::net::TcpStream::connect(&listen).is_ok();
    while !answered() && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(answered());
    let asked = Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .unwrap();
    assert!(asked.success());
    lines.read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success());
    // Addresses differ from start to start.
    let port: u16 = listen.rsplit(':').next().unwrap().parse().unwrap();
    (port..port + 4).fold(said, |said, port| said.replace(&port.to_string(), "PORT"))
}

/// The first of `count` neighbouring ports that nobody listens on.
fn free_ports(count: u16) -> u16 {
    let free = |port| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    let begin = 20_000 + (std::process::id() % 10_000) as u16;
    (begin..60_000)
        .step_by(usize::from(count))
        .find(|first| (*first..first + count).all(free))
        .expect("free ports")
}
