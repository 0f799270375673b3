use std::io::{Cursor, Write};
use std::time::Instant;

use flate2::Compression;
use flate2::write::GzEncoder;
use pendopo_domain::reports::{Number, State};
use pendopo_domain::time::Timestamp;
use pendopo_operations::configuration::{Profile, Starter, command_line, found};
use pendopo_operations::store::reports::by_number;
use pendopo_operations::{background, measures};
use pendopo_testkit::{TestCity, both_databases, settle};

use super::*;

/// Names the folder with recorded data; tests that need it say so when it is not set.
const DATA: &str = "PENDOPO_DATA";
const HEADER: &str = "case_enquiry_id,open_dt,target_dt,closed_dt,case_status,closure_reason,case_title,reason,type,\
     location,latitude,longitude";

/// A city in another zone, and what keeps its place.
async fn a_city(test: TestCity) -> (City, impl Sized) {
    let profile = Profile {
        name: "A city far away".into(),
        code: String::new(),
        province: String::new(),
        zone: "America/New_York".into(),
        zone_abbreviation: String::new(),
        domain: String::new(),
        emergency_phone: String::new(),
        bbox: [-71.2, 42.2, -70.9, 42.4],
        demo: false,
        holidays: crate::starter::holidays("US").unwrap(),
    };
    let now = test.now();
    let TestCity {
        store,
        clock,
        entropy,
        place,
        ..
    } = test;
    found(&store, profile, Starter::default(), now)
        .await
        .unwrap();
    (
        City::new("faraway", store, clock, entropy).await.unwrap(),
        place,
    )
}

async fn import_text(city: &City, text: &[u8]) -> Account {
    let account = import(city, &command_line(), Cursor::new(text), |_| ())
        .await
        .unwrap();
    assert!(account.closes());
    account
}

async fn find(city: &City, number: &str) -> Report {
    let mut db = city.store().read().await.unwrap();
    by_number(&mut db, &Number::Foreign(number.into()))
        .await
        .unwrap()
        .unwrap_or_else(|| panic!("no report {number}"))
}

fn at(text: &str) -> Timestamp {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

/// A good row; each bad one differs from it in one place.
const GOOD: &str = "1,2011-07-01 01:32:33,2011-07-15 01:32:32,2011-07-01 05:06:58,Closed,Fuse replaced,Outage,\
     Street Lights,Street Light Outages,8 River  St   Mattapan,42.2715,-71.0772";

fn spoiled() -> Vec<(Vec<u8>, Reason)> {
    let with = |from: &str, to: &str| {
        assert!(GOOD.contains(from), "{from}");
        GOOD.replacen(from, to, 1).into_bytes()
    };
    let mut not_text = with("Fuse", "Fus@");
    let mark = not_text.iter().position(|byte| *byte == b'@').unwrap();
    not_text[mark] = 0xe9;
    let long = "x".repeat(pendopo_operations::limits::DESCRIPTION_CHARS + 1);
    let endless = "x".repeat(rows::MAX_BYTES);
    vec![
        (not_text, Reason::NotUtf8),
        (
            with("Fuse replaced", "\"Fuse replaced"),
            Reason::BrokenQuoting,
        ),
        (with("Outage,", ""), Reason::WrongColumnCount),
        (with("Outage,", "Outage,,"), Reason::WrongColumnCount),
        (with("1,", ","), Reason::MissingNumber),
        (with("1,", "L-1,"), Reason::MissingNumber),
        (with("1,", "1,"), Reason::DuplicateNumber),
        (with("Street Light Outages", "  "), Reason::MissingType),
        (with("Street Light Outages", "?!"), Reason::MissingType),
        (
            with("2011-07-01 01:32:33", "01/07/2011"),
            Reason::BadOpenDate,
        ),
        (with("2011-07-15 01:32:32", "soon"), Reason::BadTargetDate),
        (
            with("2011-07-01 05:06:58", "2011-02-30 05:06:58"),
            Reason::BadCloseDate,
        ),
        (with("2011-07-01 05:06:58", ""), Reason::BadCloseDate),
        (with("Closed", "Open"), Reason::BadCloseDate),
        (
            with("2011-07-01 05:06:58", "2011-06-30 05:06:58"),
            Reason::ClosedBeforeOpened,
        ),
        (with("Closed", "Pending"), Reason::UnknownStatus),
        (with("42.2715", "142.2715"), Reason::BadCoordinates),
        (with("42.2715", "NaN"), Reason::BadCoordinates),
        (with("42.2715", ""), Reason::BadCoordinates),
        (with("Fuse replaced", &long), Reason::TextTooLong),
        (with("Fuse replaced", &endless), Reason::TextTooLong),
    ]
}

both_databases! {
    async fn every_spoiled_row_has_its_reason_and_the_others_are_stored(test: TestCity) {
        let (city, _place) = a_city(test).await;
        let spoiled = spoiled();
        let covered: BTreeSet<Reason> = spoiled.iter().map(|(_, reason)| *reason).collect();
        assert_eq!(covered.len(), Reason::ALL.len());
        let mut file = format!("\u{feff}{HEADER}\r\n{GOOD}\r\n\r\n").into_bytes();
        let mut expected: BTreeMap<Reason, u64> = BTreeMap::new();
        for (number, (row, reason)) in (1000..).zip(&spoiled) {
            file.extend(row);
            *expected.entry(*reason).or_default() += 1;
            let good = GOOD.replacen("1,", &format!("{number},"), 1);
            file.extend(format!("\n{good}\n").bytes());
        }
        let account = import_text(&city, &file).await;
        assert_eq!(account.refused, expected);
        assert_eq!(account.stored, spoiled.len() as u64 + 1);
        assert_eq!(account.read, 2 * spoiled.len() as u64 + 1);
    }

    async fn a_case_keeps_its_dates_its_words_and_its_place(test: TestCity) {
        let (city, _place) = a_city(test).await;
        let quoted = GOOD.replacen("1,", "2,", 1).replace("Fuse replaced", "\"Fuse,\n\"\"A\"\" replaced\"");
        let open = "3,2011-11-06 01:30:00,,,Open,,,Street Lights,Street Light Outages,,,";
        let account = import_text(&city, format!("{HEADER}\n{GOOD}\n{quoted}\n{open}").as_bytes()).await;
        assert_eq!((account.read, account.stored), (3, 3));
        let closed = find(&city, "1").await;
        assert_eq!((closed.state, closed.round), (State::NotAsked, 1));
        assert_eq!(closed.received_at, at("2011-07-01T05:32:33Z"));
        assert_eq!(closed.resolved_at, Some(at("2011-07-01T09:06:58Z")));
        assert_eq!(closed.deadlines.expected_at, at("2011-07-15T05:32:32Z"));
        assert_eq!(closed.place.as_deref(), Some("8 River St Mattapan"));
        assert_eq!((closed.description.as_deref(), closed.on_time()), (Some("Outage"), Some(true)));
        assert_eq!(find(&city, "2").await.status_notes.as_deref(), Some("Fuse,\n\"A\" replaced"));
        let open = find(&city, "3").await;
        // The clock shows half past one twice that night; Friday the 11th was a holiday.
        assert_eq!((open.state, open.received_at), (State::Received, at("2011-11-06T05:30:00Z")));
        assert_eq!(open.deadlines.verify_due_at, at("2011-11-10T04:59:59Z"));
        assert_eq!(open.deadlines.expected_at, at("2011-11-18T04:59:59Z"));
        let configuration = city.configuration();
        let service = configuration.service("street-light-outages").unwrap();
        assert_eq!((service.names.get("id"), service.group.get("en")), ("Street Light Outages", "Street Lights"));
    }

    async fn an_import_that_was_interrupted_is_run_again(test: TestCity) {
        let (city, _place) = a_city(test).await;
        let row = |number: usize| format!("{}\n", GOOD.replacen("1,", &format!("{number},"), 1));
        let half: String = (1..=600).map(row).collect();
        let whole: String = (1..=1_100).map(row).collect();
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(format!("{HEADER}\n{whole}").as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        let torn = import(&city, &command_line(), Cursor::new(&packed[..packed.len() / 2]), |_| ()).await;
        assert!(matches!(torn, Err(ImportError::Read { .. })), "{torn:?}");
        import_text(&city, format!("{HEADER}\n{half}").as_bytes()).await;
        let account = import_text(&city, &packed).await;
        assert_eq!(account.read, 1_100);
        assert_eq!(account.refused.keys().collect::<Vec<_>>(), [&Reason::DuplicateNumber]);
        let again = import_text(&city, &packed).await;
        assert_eq!((again.stored, again.refused_in_all()), (0, 1_100));
        settle(city.store()).await;
        background::catch_up(&city).await.unwrap();
        assert_eq!(measures::see(&city, None).await.unwrap().table.total.received, 1_100);
        assert_eq!(city.store().check().await.unwrap(), Vec::<String>::new());
    }

    async fn another_kind_of_file_is_refused_before_anything_is_stored(test: TestCity) {
        let (city, _place) = a_city(test).await;
        for text in ["", "a,b,c\n1,2,3\n", "\u{1}\u{2}\u{ff}"] {
            let result = import(&city, &command_line(), Cursor::new(text), |_| ()).await;
            assert!(matches!(result, Err(ImportError::MissingColumn("case_enquiry_id"))), "{result:?}");
        }
    }

    async fn four_months_of_real_cases_come_in_and_every_row_is_accounted_for(test: TestCity) {
        let Some(folder) = std::env::var_os(DATA).filter(|folder| !folder.is_empty()) else {
            say(&format!("skipped: 1 test reads recorded cases; set {DATA} to the folder that has them"));
            return;
        };
        let path = std::path::Path::new(&folder).join("311/boston_311_2011_jul-oct.csv.gz");
        let (city, _place) = a_city(test).await;
        let begun = Instant::now();
        let file = std::fs::File::open(&path).unwrap();
        let mut batches = 0;
        let account = import(&city, &command_line(), file, |_| batches += 1).await.unwrap();
        let seconds = begun.elapsed().as_secs_f64();
        settle(city.store()).await;
        background::catch_up(&city).await.unwrap();
        let counted = begun.elapsed().as_secs_f64();
        say(&format!(
            "{} read, {} stored, {:?} refused; {seconds:.1} s, {:.0} rows/s; counted after {counted:.1} s; {}",
            account.read, account.stored, account.refused, account.read as f64 / seconds, peak_memory()
        ));
        assert_eq!(account.read, 41_827);
        assert_eq!(account.stored, account.read - account.refused_in_all());
        assert!(batches > 80, "{batches}");
        let numbers = measures::see(&city, None).await.unwrap().table.total;
        assert_eq!(numbers.received, account.stored as i64);
        assert_eq!((numbers.city_says_done, numbers.confirmed), (numbers.not_asked, 0));
        // 39,368 rows of the file are closed; the two with a closing text that is too long are among them.
        assert_eq!(numbers.not_asked, 39_368 - account.refused_in_all() as i64);
        assert_eq!(numbers.open, 2_459);
        assert_eq!(city.configuration().services.len(), 134);
        assert_eq!(city.store().check().await.unwrap(), Vec::<String>::new());
    }
}

#[expect(
    clippy::print_stderr,
    reason = "what a test measured or left out is for the one who runs it"
)]
fn say(text: &str) {
    eprintln!("{text}");
}

/// `VmHWM` of this process, on Linux.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.map_or_else(String::new, |line| line.replace('\t', " "))
}
