use std::collections::{BTreeMap, BTreeSet};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::civil::date;
use pendopo_domain::comments::Claim;
use pendopo_domain::entities::Command;
use pendopo_domain::geo::AreaId;
use pendopo_domain::incidents::{
    Incident, IncidentId, Priority, Severity, State as IncidentState, Target,
};
use pendopo_domain::measures::Cell;
use pendopo_domain::organisation::Route;
use pendopo_domain::ratings::{Rating, Verdict};
use pendopo_domain::reports::{PersonId, Report, State};
use pendopo_domain::rules::{Kept, Side, Watch};
use pendopo_domain::services::{Service, Terms, Texts};
use pendopo_domain::sources::{Counts, Reason};
use pendopo_domain::time::Timestamp;
use pendopo_store::Kind;
use pendopo_store::journal::Position;
use pendopo_store::quarantine::Aside;
use pendopo_store::reports::{self, Sealed};
use pendopo_store::{
    Location, Store, StoreError, alarms, backup, chains, comments, configuration as conf,
    consumers, drafts, incidents, jobs, journal, measures, mqtt, photos, quarantine, ratings,
    rules, sign_ins, sources, subscriptions, updates,
};
use pendopo_testkit::{TestCity, TestEntropy, both_databases, settle};

use crate::media::{photo, pictures};
use crate::raw::Raw;
use crate::samples::{at, numbered, position, report, stored, team};

/// At least one row in every table, with values on both sides of whatever can be empty.
/// What came in as live data: in the tables, in the journal alone, and what is still to be told.
async fn fill_live(city: &TestCity) {
    let (store, now) = (&city.store, city.now());
    let live = store.live().await.unwrap();
    let record = |level, second| {
        vec![Command::Record(crate::live::gate(
            "urn:gauge",
            level,
            second,
        ))]
    };
    live.commit(record(1.5, 0), now).await.unwrap();
    live.flush_all().await.unwrap();
    live.commit(record(2.5, 60), now).await.unwrap();
    let new = subscriptions::Subscription {
        id: "urn:subscription".into(),
        document: "{}".into(),
        context: None,
        created_at: now,
        modified_at: now,
        account: subscriptions::Account::default(),
    };
    commit!(store, |db| {
        subscriptions::insert(db, &new).await?;
        subscriptions::push(db, "urn:subscription", "{}", now).await?;
    });
}

async fn fill(city: &TestCity) {
    fill_live(city).await;
    let (store, now) = (&city.store, city.now());
    let team = team(store, "pju").await;
    let position = position(store).await;
    crate::alerts::fill(store, position).await;
    let key = store
        .keys()
        .create(now, city.entropy.as_ref())
        .await
        .unwrap();
    let sealed = key
        .seal("identity/x", b"Siti", city.entropy.as_ref())
        .unwrap();
    store
        .media()
        .put("p1".into(), pictures(&[0, 255, 7]), now)
        .await
        .unwrap();
    let service = Service {
        code: "lampu".into(),
        names: Texts::same("Lampu"),
        descriptions: Texts::default(),
        group: Texts::default(),
        keywords: vec![],
        terms: Terms::default(),
        default_visibility: pendopo_domain::reports::Visibility::Public,
        active: true,
        attributes: vec![],
    };
    let incident = Incident {
        id: IncidentId(0),
        state: IncidentState::New,
        priority: Priority::new(2).unwrap(),
        service_code: "lampu".into(),
        area: None,
        position: Some(at(104.4, 0.9)),
        opened_at: now,
        updated_at: now,
        resolved_at: None,
        severity: Severity::Unknown,
        merged: None,
    };
    commit!(store, |db| {
        conf::set(db, "name", "Tanjungpinang «kota» | 😀").await?;
        conf::put_service(db, &service, 1).await?;
        conf::put_service(
            db,
            &Service {
                code: "lama".into(),
                active: false,
                ..service
            },
            2,
        )
        .await?;
        let area = conf::put_area(db, &crate::configuration::square("a", 104.0)).await?;
        let mut rough = crate::configuration::square("b", 105.0);
        rough.approximate = true;
        rough.parent_name = Some("Kecamatan".into());
        conf::put_area(db, &rough).await?;
        conf::put_route(
            db,
            &Route {
                service_code: "lampu".into(),
                area: Some(area),
                team,
            },
        )
        .await?;
        let sign_in = sign_ins::put(db, "siti", Some("$argon2id$"), position, now).await?;
        sign_ins::put(db, "budi", None, position, now).await?;
        sign_ins::add_link(db, "link", sign_in, now.plus_days(1)).await?;
        sign_ins::add_cookie(db, "cookie", sign_in, now, now.plus_days(1)).await?;
        let revoked = conf::add_api_key(db, "portal", "h1", now).await?;
        conf::revoke_api_key(db, revoked, now).await?;
        conf::add_api_key(db, "lain", "h2", now).await?;
        let incident = incidents::insert(db, &incident).await?;
        let timeline = chains::incident(incident);
        let entry = chains::append(db, &timeline, now, "opened", "sign_in:1", "incident:1").await?;
        incidents::add_note(db, &timeline, entry, "pohon tumbang").await?;
        let mut full = report(now);
        full.area = Some(area);
        full.incident = Some(incident);
        full.team = Some(team);
        full.person = Some(key.person.clone());
        full.anonymous = true;
        full.position = Some(at(104.45, 0.92));
        let ids = reports::insert(db, &[full, report(now)]).await?;
        reports::insert_attributes(db, ids[0], &[("warna".into(), vec!["merah".into()])]).await?;
        reports::put_sealed(db, ids[0], Sealed::Identity, &key.person, &sealed).await?;
        drafts::insert(db, "form", ids[0], now).await?;
        updates::insert(db, ids[0], State::Assigned, now, Some("berangkat")).await?;
        updates::insert(db, ids[1], State::Assigned, now, None).await?;
        let said = updates::insert(db, ids[1], State::Assigned, now, None).await?;
        let comment = comments::New {
            sender: revoked,
            sender_ref: "77".into(),
            claim: Claim::Done,
            words: Some("sudah terang".into()),
        };
        comments::insert(db, said, &comment).await?;
        let said = updates::insert(db, ids[0], State::Assigned, now, None).await?;
        let wordless = comments::New {
            sender_ref: "78".into(),
            words: None,
            ..comment
        };
        comments::insert(db, said, &wordless).await?;
        photos::insert(db, &photo("p1", Some(ids[0].0), 1)).await?;
        photos::insert(db, &photo("p2", None, 1)).await?;
        let rating = Rating {
            round: 1,
            verdict: Verdict::Confirmed,
            stars: None,
        };
        ratings::put(db, ids[0], &rating, Some("terima kasih"), now).await?;
        incidents::dispatch(db, team, None, Target::Report(ids[0]), now).await?;
        crate::response::fill(db, incident, ids[0], team, now).await?;
        jobs::add(db, "mail", "{}", now).await?;
        let cell = Cell {
            day: date(2026, 11, 24),
            service_code: "lampu".into(),
            area: Some(AreaId(1)),
            state: State::Received,
            on_time: Some(true),
        };
        measures::add(db, &cell, 2).await?;
        consumers::take(db, "slow", consumers::Follows::Cases, now).await?;
        mqtt::put_account(db, "gauges", "$argon2id$", &["a/#".into()], now).await?;
        mqtt::put_account(db, "gone", "$argon2id$", &[], now).await?;
        mqtt::revoke_account(db, "gone", now).await?;
        mqtt::put_mapping(db, &crate::sources::mapping("a", "a/+"), 0).await?;
        mqtt::put_broker(db, &crate::sources::broker("b")).await?;
        let aside = [0, 1].map(|n| Aside {
            topic: format!("a/{n}"),
            reason: Reason::Malformed,
            body: vec![0, 255, 7],
        });
        quarantine::put(db, "mqtt:gauges", &aside, now, 10).await?;
        quarantine::replayed(db, 1, now).await?;
        let (rule, alarm) = crate::alarms::raised();
        rules::put(db, &rule).await?;
        alarms::insert(db, &alarm).await?;
        let watch = Some(Watch {
            side: Side::Active,
            last_at: now,
            late_us: 0,
        });
        rules::keep(
            db,
            &[Kept {
                rule: rule.code,
                subject: "urn:1".into(),
                watch,
            }],
        )
        .await?;
        sources::add(db, "mqtt:gauges", &Counts::default(), now).await?;
    });
    for n in 1..=5 {
        commit!(store, |db| journal::append(db, now, &numbered(n)).await?);
    }
    city.settle().await;
    // A city that has lived: the front of its journal is cut, and its consumers stand in the middle.
    let entries = look!(store, |db| journal::after(db, Position::default(), 9).await);
    let (cut_to, middle) = (entries[0].position, entries[2].position);
    commit!(store, |db| {
        consumers::advance(db, "slow", cut_to, now).await?;
        journal::cut(db, now.plus_days(30), Position::default()).await?;
        consumers::advance(db, "slow", middle, now).await?;
    });
}

/// Every row of every table. The numbers of the journal are the database's own and left out.
async fn rows(location: &Location) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for kind in [Kind::City, Kind::Keys, Kind::Media, Kind::Live] {
        let mut raw = Raw::open(location, kind).await;
        for (table, _) in backup::tables(kind) {
            let statement = match *table {
                "journal" => {
                    "SELECT kind || payload || CAST(at AS TEXT) FROM journal ORDER BY txid, seq"
                }
                "consumers" => {
                    "SELECT name || CAST(updated_at AS TEXT) FROM consumers ORDER BY name"
                }
                // Its place in the journal is another number in another database.
                "flushed" => "SELECT CAST(id AS TEXT) FROM flushed",
                _ => "",
            };
            let rows = match statement {
                "" => raw.rows(table).await,
                own => raw.texts(own).await,
            };
            found.insert((*table).to_owned(), rows);
        }
    }
    found
}

async fn left_to_read(store: &Store, now: Timestamp) -> Vec<pendopo_domain::journal::Event> {
    settle(store).await;
    let place = commit!(store, |db| consumers::take(
        db,
        "slow",
        consumers::Follows::Cases,
        now
    )
    .await?);
    let found = look!(store, |db| journal::after(db, place, 100).await);
    found.into_iter().map(|entry| entry.event).collect()
}

both_databases! {
    async fn a_city_moves_to_the_other_database_whole(city: TestCity) {
        let now = city.now();
        fill(&city).await;
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("backups/monday");
        let there = city.place_elsewhere();
        let wanted = rows(&city.location).await;
        let total: usize = wanted.values().map(Vec::len).sum();
        for (table, rows) in &wanted {
            assert!(!rows.is_empty(), "{table} is empty, so it is not tested");
        }

        assert_eq!(
            backup::backup(&city.store, &copy).await.unwrap(),
            total as u64
        );
        let files: BTreeSet<String> = std::fs::read_dir(&copy)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(
            files,
            ["city.db", "keys.db", "live.db", "media.db"].map(String::from).into()
        );
        assert_eq!(
            backup::restore(&copy, there.location()).await.unwrap(),
            total as u64
        );

        assert_eq!(rows(&Location::Folder(copy.clone())).await, wanted);
        assert_eq!(rows(there.location()).await, wanted);
        let moved = Store::open(there.location().clone(), TestCity::MASTER)
            .await
            .unwrap();
        assert!(moved.check().await.unwrap().is_empty());
        let live = moved.live().await.unwrap();
        // Of the two values one was in the tables, the other in the journal alone.
        assert_eq!(crate::live::level(live, "urn:gauge"), Some(2.5));
        live.flush_all().await.unwrap();
        assert_eq!(crate::live::level(live, "urn:gauge"), Some(2.5));
        assert_eq!(left_to_read(&moved, now).await, [numbered(4), numbered(5)]);
        let person = look!(moved, |db| reports::by_id(
            db,
            pendopo_domain::reports::ReportId(1)
        )
        .await)
        .unwrap()
        .person;
        let key = moved.keys().open(&person.unwrap()).await.unwrap().unwrap();
        let sealed = look!(moved, |db| reports::sealed(
            db,
            pendopo_domain::reports::ReportId(1),
            Sealed::Identity
        )
        .await);
        assert_eq!(key.open("identity/x", &sealed.unwrap()).unwrap(), b"Siti");

        // Ids go on behind the last one, and the journal behind its end.
        assert_eq!(stored(&moved, report(now)).await.id.0, 3);
        assert_eq!(team(&moved, "baru").await.0, 2);
        commit!(moved, |db| {
            journal::append(db, now, &numbered(6)).await?;
            jobs::add(db, "mail", "{}", now).await?;
            let id = updates::insert(
                db,
                pendopo_domain::reports::ReportId(1),
                State::Resolved,
                now,
                None,
            )
            .await?;
            assert_eq!(id, 5);
            assert_eq!(conf::add_api_key(db, "baru", "h3", now).await?.0, 3);
            assert_eq!(
                conf::put_area(db, &crate::configuration::square("c", 1.0))
                    .await?
                    .0,
                3
            );
        });
        assert_eq!(
            left_to_read(&moved, now).await,
            [numbered(4), numbered(5), numbered(6)]
        );
        moved.close().await;
    }

    async fn a_backup_does_not_overwrite_and_a_restore_does_not_either(city: TestCity) {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy");
        assert!(matches!(
            backup::restore(&copy, city.place_elsewhere().location()).await,
            Err(StoreError::Io(_))
        ));
        backup::backup(&city.store, &copy).await.unwrap();
        assert!(matches!(
            backup::backup(&city.store, &copy).await,
            Err(StoreError::Io(_))
        ));
        assert!(matches!(
            backup::restore(&copy, &city.location).await,
            Err(StoreError::Io(_))
        ));
    }

    async fn a_backup_taken_while_people_write_is_of_one_moment(city: TestCity) {
        let now = city.now();
        let store = Arc::new(city.store);
        // More than one batch, so that the copy takes a while.
        for _ in 0..2 {
            let old = vec![report(now); 700];
            commit!(store, |db| reports::insert(db, &old).await?);
        }
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (store, stop) = (store.clone(), stop.clone());
                tokio::spawn(async move {
                    let entropy = TestEntropy::seeded(100 + writer);
                    let mut n = 0;
                    while !stop.load(Ordering::Relaxed) {
                        n += 1;
                        one_report_with_everything(&store, &entropy, now, format!("{writer}-{n}"))
                            .await;
                    }
                    n
                })
            })
            .collect();
        let mut moved = store.moved();
        moved.mark_unchanged();
        moved.changed().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        for round in 0..3 {
            let copy = folder.path().join(format!("{round}"));
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            backup::backup(&store, &copy).await.unwrap();
            everything_is_there(&copy).await;
        }
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            assert!(writer.await.unwrap() > 0);
        }
    }
}

/// What a submission does: picture and key first, then the case in one transaction.
async fn one_report_with_everything(
    store: &Store,
    entropy: &TestEntropy,
    now: Timestamp,
    name: String,
) {
    store
        .media()
        .put(name.clone(), pictures(b"x"), now)
        .await
        .unwrap();
    let key = store.keys().create(now, entropy).await.unwrap();
    let row = Report {
        person: Some(key.person.clone()),
        foreign_number: Some(name.clone()),
        ..report(now)
    };
    commit!(store, |db| {
        let id = reports::insert(db, &[row]).await?[0];
        photos::insert(db, &photo(&name, Some(id.0), 1)).await?;
        journal::append(db, now, &numbered(id.0)).await?;
        chains::append(
            db,
            chains::IDENTITY,
            now,
            "identity.seen",
            "city",
            &format!("report:{id}"),
        )
        .await?;
    });
}

async fn everything_is_there(copy: &Path) {
    let copy = Store::open(Location::Folder(copy.to_owned()), TestCity::MASTER)
        .await
        .unwrap();
    assert_eq!(copy.check().await.unwrap(), Vec::<String>::new());
    let mut raw = Raw::open(copy.location(), Kind::City).await;
    let photos = raw.texts("SELECT id FROM photos ORDER BY id").await;
    let people = raw
        .texts("SELECT person_id FROM reports WHERE person_id IS NOT NULL")
        .await;
    let journal = raw.texts("SELECT CAST(seq AS TEXT) FROM journal").await;
    let chained = raw.texts("SELECT subject FROM chained_events").await;
    let sizes = [photos.len(), people.len(), journal.len(), chained.len()];
    assert!(sizes.iter().all(|size| *size == sizes[0]), "{sizes:?}");
    for photo in photos {
        assert!(
            copy.media().get(&photo, "small").await.unwrap().is_some(),
            "{photo}"
        );
    }
    for person in people {
        assert!(copy.keys().open(&PersonId(person)).await.unwrap().is_some());
    }
    copy.close().await;
}

both_databases! {
    async fn a_restore_that_was_broken_off_is_no_city_and_does_not_stand_in_the_way(city: TestCity) {
        let folder = tempfile::tempdir().unwrap();
        let saved = folder.path().join("saved");
        backup::backup(&city.store, &saved).await.unwrap();
        let place = pendopo_testkit::Place::sqlite();
        let Location::Folder(target) = place.location().clone() else { unreachable!("a folder was asked for") };
        // What a killed restore leaves behind.
        let half = target.with_file_name(format!("{}_part", target.file_name().unwrap().to_str().unwrap()));
        std::fs::create_dir_all(&half).unwrap();
        std::fs::copy(saved.join("city.db"), half.join("city.db")).unwrap();
        let root = pendopo_store::Root::Folder(target.parent().unwrap().to_owned());
        assert_eq!(pendopo_store::cities(&root).await.unwrap(), Vec::<String>::new());
        backup::restore(&saved, place.location()).await.unwrap();
        assert_eq!(pendopo_store::cities(&root).await.unwrap().len(), 1);
        assert!(!half.exists());
    }
}

/// The name and bytes of every file in a folder.
fn files_in(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        (name, std::fs::read(file.path()).unwrap())
    });
    files.collect()
}

fn permit(folder: &Path, writing: bool) {
    let (inside, itself) = if writing {
        (0o600, 0o700)
    } else {
        (0o400, 0o500)
    };
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        std::fs::set_permissions(path, Permissions::from_mode(inside)).unwrap();
    }
    std::fs::set_permissions(folder, Permissions::from_mode(itself)).unwrap();
}

/// Who is signed in, and which links work, in the words of the tables.
async fn let_in(location: &Location) -> Vec<String> {
    let mut raw = Raw::open(location, Kind::City).await;
    let mut found = Vec::new();
    for table in backup::NOT_KEPT {
        found.extend(raw.texts(&format!("SELECT token_hash FROM {table}")).await);
    }
    found
}

both_databases! {
    async fn a_backup_is_only_read(city: TestCity) {
        fill(&city).await;
        let folder = tempfile::tempdir().unwrap();
        let saved = folder.path().join("saved");
        backup::backup(&city.store, &saved).await.unwrap();
        // As it lies in the long-lived part: the keys are kept elsewhere, and nobody may write.
        std::fs::remove_file(saved.join("keys.db")).unwrap();
        permit(&saved, false);
        let before = files_in(&saved);
        assert_eq!(before.len(), 3);

        for place in [city.place_elsewhere(), pendopo_testkit::Place::sqlite()] {
            backup::restore(&saved, place.location()).await.unwrap();
            assert_eq!(files_in(&saved), before);
            if let Location::Folder(target) = place.location() {
                // Nothing of the way is left.
                let names: Vec<String> = files_in(target).into_keys().collect();
                assert_eq!(names, ["city.db", "keys.db", "live.db", "media.db"]);
                let beside = std::fs::read_dir(target.parent().unwrap()).unwrap();
                assert_eq!(beside.count(), 1);
            }
            let moved = Store::open(place.location().clone(), TestCity::MASTER)
                .await
                .unwrap();
            assert_eq!(moved.check().await.unwrap(), Vec::<String>::new());
            moved.close().await;
        }
        permit(&saved, true);
    }

    async fn after_a_restore_nobody_is_signed_in_and_old_links_are_dead(city: TestCity) {
        fill(&city).await;
        let now = city.now();
        assert_eq!(let_in(&city.location).await, ["link", "cookie"]);
        assert!(look!(city.store, |db| sign_ins::by_cookie(db, "cookie", now).await).is_some());
        let folder = tempfile::tempdir().unwrap();
        let saved = folder.path().join("saved");
        backup::backup(&city.store, &saved).await.unwrap();
        let copy = Location::Folder(saved.clone());
        assert_eq!(let_in(&copy).await, Vec::<String>::new());
        // A backup of the days when these were still copied.
        let mut raw = Raw::open(&copy, Kind::City).await;
        for statement in [
            "INSERT INTO sign_in_links (token_hash, sign_in_id, expires_at) VALUES ('link', 1, 9000000000000000)",
            "INSERT INTO sign_in_cookies (token_hash, sign_in_id, created_at, expires_at)
             VALUES ('cookie', 1, 1, 9000000000000000)",
        ] {
            assert_eq!(raw.execute(statement).await, 1);
        }
        drop(raw);

        let there = city.place_elsewhere();
        backup::restore(&saved, there.location()).await.unwrap();
        assert_eq!(let_in(there.location()).await, Vec::<String>::new());
        let moved = Store::open(there.location().clone(), TestCity::MASTER)
            .await
            .unwrap();
        assert_eq!(look!(moved, |db| sign_ins::by_cookie(db, "cookie", now).await), None);
        assert!(!look!(moved, |db| sign_ins::link_is_good(db, "link", now).await));
        assert_eq!(commit!(moved, |db| sign_ins::use_link(db, "link", now).await?), None);
        // The sign-in is there, and a new link opens it.
        let siti = look!(moved, |db| sign_ins::by_login(db, "siti").await).unwrap();
        assert!(siti.password_hash.is_some());
        commit!(moved, |db| sign_ins::add_link(db, "link", siti.id, now.plus_days(1)).await?);
        assert_eq!(commit!(moved, |db| sign_ins::use_link(db, "link", now).await?), Some(siti.id));
        moved.close().await;
    }

    async fn a_city_that_is_served_is_no_backup(city: TestCity) {
        let folder = tempfile::tempdir().unwrap();
        let saved = folder.path().join("saved");
        backup::backup(&city.store, &saved).await.unwrap();
        let served = Store::open(Location::Folder(saved.clone()), TestCity::MASTER)
            .await
            .unwrap();
        let lease = served.lease().await.unwrap().unwrap();
        let there = city.place_elsewhere();
        assert!(matches!(
            backup::restore(&saved, there.location()).await,
            Err(StoreError::Io(error)) if error.kind() == std::io::ErrorKind::ResourceBusy
        ));
        assert!(!Store::exists(there.location()).await.unwrap());
        drop(lease);
        served.close().await;
        backup::restore(&saved, there.location()).await.unwrap();
    }
}
