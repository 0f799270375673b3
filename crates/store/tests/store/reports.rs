use pendopo_domain::comments::Claim;
use pendopo_domain::incidents::{Incident, IncidentId, Priority, Severity, State as IncidentState};
use pendopo_domain::ratings::{Rating, Stars, Verdict};
use pendopo_domain::reports::{Channel, Number, PersonId, Report, ReportId, State, Visibility};
use pendopo_store::reports::{self, Sealed};
use pendopo_store::{StoreError, comments, configuration, drafts, incidents, ratings, updates};
use pendopo_testkit::{TestCity, both_databases};

use crate::samples::{at, report, stored, team};

both_databases! {
    async fn a_report_reads_back_as_it_was_stored(city: TestCity) {
        let now = city.now();
        let team = team(&city.store, "pju").await;
        let area = commit!(city.store, |db| {
            configuration::put_area(db, &crate::configuration::square("a", 104.0)).await?
        });
        let incident = Incident {
            id: IncidentId(0),
            state: IncidentState::New,
            priority: Priority::new(2).unwrap(),
            service_code: "lampu".into(),
            area: None,
            position: None,
            opened_at: now,
            updated_at: now,
            resolved_at: None,
            severity: Severity::Unknown,
            merged: None,
        };
        let incident = commit!(city.store, |db| incidents::insert(db, &incident).await?);
        let mut full = report(now);
        full.foreign_number = Some("101000295613".into());
        full.state = State::Resolved;
        full.visibility = Visibility::Secret;
        full.anonymous = true;
        full.person = Some(PersonId("ab".repeat(16)));
        full.channel = Channel::Import;
        full.updated_at = now.plus_days(1);
        full.assigned_at = Some(now.plus_days(2));
        full.resolved_at = Some(now.plus_days(3));
        full.deadlines.follow_up_due_at = Some(now.plus_days(4));
        full.deadlines.answer_due_at = Some(now.plus_days(5));
        full.round = 3;
        full.team = Some(team);
        full.incident = Some(incident);
        full.duplicate_of = Some(ReportId(99));
        full.area = Some(area);
        full.position = Some(at(-104.4512345, -0.9212345));
        full.place = Some("Jalan Merdeka 1, depan «toko» 😀".into());
        full.status_notes = Some("sudah".into());
        full.joined = 7;
        for wanted in [full, report(now)] {
            let wanted = stored(&city.store, wanted).await;
            let found = look!(city.store, |db| reports::by_id(db, wanted.id).await);
            assert_eq!(found, Some(wanted));
        }
        assert_eq!(
            look!(city.store, |db| reports::by_id(db, ReportId(99)).await),
            None
        );
    }

    async fn what_can_change_about_a_report_is_changed(city: TestCity) {
        let now = city.now();
        let team = team(&city.store, "pju").await;
        let before = stored(&city.store, report(now)).await;
        let mut after = before.clone();
        after.state = State::Reopened;
        after.updated_at = now.plus_days(1);
        after.assigned_at = Some(now.plus_days(1));
        after.resolved_at = Some(now.plus_days(2));
        after.deadlines.follow_up_due_at = Some(now.plus_days(3));
        after.deadlines.answer_due_at = Some(now.plus_days(4));
        after.round = 2;
        after.team = Some(team);
        after.duplicate_of = Some(ReportId(4));
        after.status_notes = Some("tim berangkat".into());
        after.joined = 1;
        after.person = Some(PersonId("cd".repeat(16)));
        let row = after.clone();
        let locked = commit!(city.store, |db| {
            let locked = reports::by_id_for_update(db, row.id).await?;
            reports::update(db, &row).await?;
            locked
        });
        assert_eq!(locked, Some(before));
        assert_eq!(
            look!(city.store, |db| reports::by_id(db, after.id).await),
            Some(after)
        );
    }

    async fn two_who_change_one_report_at_once_do_so_one_after_the_other(city: TestCity) {
        let one = stored(&city.store, report(city.now())).await;
        let join = || {
            city.store.write(move |db| {
                Box::pin(async move {
                    let mut report = reports::by_id_for_update(db, one.id).await?.unwrap();
                    report.joined += 1;
                    reports::update(db, &report).await
                })
            })
        };
        for done in futures::future::join_all((0..20).map(|_| join())).await {
            done.unwrap();
        }
        assert_eq!(
            look!(city.store, |db| reports::by_id(db, one.id).await)
                .unwrap()
                .joined,
            20
        );
    }

    async fn a_batch_gets_its_ids_in_order_and_an_empty_one_none(city: TestCity) {
        let now = city.now();
        let batch: Vec<Report> = (0..1000)
            .map(|n| Report {
                description: Some(format!("nr {n}")),
                ..report(now)
            })
            .collect();
        let (ids, none) = commit!(city.store, |db| {
            (
                reports::insert(db, &batch).await?,
                reports::insert(db, &[]).await?,
            )
        });
        assert_eq!(none, []);
        assert_eq!(ids.len(), 1000);
        assert!(ids.is_sorted());
        for at in [0, 1, 499, 999] {
            let found = look!(city.store, |db| reports::by_id(db, ids[at]).await).unwrap();
            assert_eq!(found.description, Some(format!("nr {at}")));
        }
    }

    async fn a_report_is_found_by_the_number_that_people_know(city: TestCity) {
        let now = city.now();
        let own = stored(&city.store, report(now)).await;
        let foreign = Report {
            foreign_number: Some("SP4N-7".into()),
            ..report(now)
        };
        let foreign = stored(&city.store, foreign).await;
        let find = async |number: Number| {
            look!(city.store, |db| reports::by_number(db, &number).await).map(|report| report.id)
        };
        assert_eq!(find(own.number()).await, Some(own.id));
        assert_eq!(find(foreign.number()).await, Some(foreign.id));
        // An imported report has the number it brought, not another one besides.
        assert_eq!(find(Number::Own(foreign.id)).await, None);
        assert_eq!(find(Number::Foreign("sp4n-7".into())).await, None);
        assert_eq!(find(Number::Own(ReportId(i64::MAX))).await, None);
        let ask = ["SP4N-7".to_owned(), "SP4N-8".to_owned()];
        assert_eq!(
            look!(city.store, |db| reports::known_numbers(db, &ask).await),
            ["SP4N-7"]
        );
        assert!(look!(city.store, |db| reports::known_numbers(db, &[]).await).is_empty());
    }

    async fn a_number_that_is_taken_is_a_duplicate_and_undoes_its_whole_work(city: TestCity) {
        let row = Report {
            foreign_number: Some("X1".into()),
            ..report(city.now())
        };
        stored(&city.store, row.clone()).await;
        let refused: Result<_, StoreError> = city
            .store
            .write(move |db| {
                Box::pin(async move {
                    configuration::set(db, "half", "done").await?;
                    reports::insert(db, &[row]).await
                })
            })
            .await;
        assert!(refused.unwrap_err().is_duplicate());
        assert!(look!(city.store, |db| configuration::settings(db).await).is_empty());
    }

    async fn answers_to_questions_come_back_in_order(city: TestCity) {
        let one = stored(&city.store, report(city.now())).await;
        commit!(city.store, |db| {
            let answers = [
                (
                    "warna".to_owned(),
                    vec!["merah".to_owned(), "biru".to_owned()],
                ),
                ("kosong".to_owned(), vec![]),
                ("jumlah".to_owned(), vec!["2".to_owned()]),
            ];
            reports::insert_attributes(db, one.id, &answers).await?;
        });
        let found = look!(city.store, |db| reports::attributes(db, one.id).await);
        let found: Vec<_> = found
            .iter()
            .map(|(code, value)| (code.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            found,
            [("jumlah", "2"), ("warna", "merah"), ("warna", "biru")]
        );
    }

    async fn a_sealed_text_opens_for_its_person_and_place_only(city: TestCity) {
        let (store, now, entropy) = (&city.store, city.now(), city.entropy.as_ref());
        let key = store.keys().create(now, entropy).await.unwrap();
        let other = store.keys().create(now, entropy).await.unwrap();
        let one = stored(
            store,
            Report {
                person: Some(key.person.clone()),
                ..report(now)
            },
        )
        .await;
        let place = Sealed::Identity.place(&key.person);
        let sealed = key.seal(&place, "Siti, 0812".as_bytes(), entropy).unwrap();
        assert!(!sealed.windows(4).any(|part| part == b"Siti"));
        let (row, person) = (sealed.clone(), key.person.clone());
        commit!(store, |db| {
            reports::put_sealed(db, one.id, Sealed::Identity, &person, b"first").await?;
            reports::put_sealed(db, one.id, Sealed::Identity, &person, &row).await?;
        });
        let found = look!(store, |db| reports::sealed(db, one.id, Sealed::Identity)
            .await)
        .unwrap();
        assert_eq!(found, sealed);
        assert_eq!(
            look!(store, |db| reports::sealed(db, one.id, Sealed::Secret)
                .await),
            None
        );

        let key = store.keys().open(&key.person).await.unwrap().unwrap();
        assert_eq!(key.open(&place, &found).unwrap(), "Siti, 0812".as_bytes());
        for kind in [Sealed::Secret, Sealed::Words, Sealed::Answer, Sealed::Note] {
            assert!(key.open(&kind.place(&key.person), &found).is_err());
        }
        assert!(
            key.open(&Sealed::Identity.place(&other.person), &found)
                .is_err()
        );
        assert!(other.open(&place, &found).is_err());
        for at in 0..found.len() {
            let mut bent = found.clone();
            bent[at] ^= 1;
            assert!(
                matches!(key.open(&place, &bent), Err(StoreError::Corrupt(_))),
                "byte {at}"
            );
        }
        assert!(key.open(&place, &found[..10]).is_err());

        commit!(store, |db| reports::remove_sealed(db, one.id).await?);
        assert_eq!(
            look!(store, |db| reports::sealed(db, one.id, Sealed::Identity)
                .await),
            None
        );
    }

    async fn the_last_answer_of_a_reporter_stands(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let one = stored(store, report(now)).await;
        let two = stored(store, report(now)).await;
        let first = Rating {
            round: 1,
            verdict: Verdict::NotYet,
            stars: Stars::new(2),
        };
        let last = Rating {
            round: 1,
            verdict: Verdict::Confirmed,
            stars: Stars::new(5),
        };
        let silent = Rating {
            round: 1,
            verdict: Verdict::NotYet,
            stars: None,
        };
        commit!(store, |db| {
            ratings::put(db, one.id, &first, Some("masih gelap"), now).await?;
            ratings::put(db, one.id, &last, None, now.plus_days(1)).await?;
            ratings::put(db, two.id, &silent, Some("belum"), now).await?;
        });
        assert_eq!(
            look!(store, |db| ratings::of_report(db, one.id).await),
            Some((last, None))
        );
        assert_eq!(
            look!(store, |db| ratings::of_report(db, two.id).await),
            Some((silent, Some("belum".into())))
        );
        assert_eq!(
            look!(store, |db| ratings::of_report(db, ReportId(9)).await),
            None
        );
        assert_eq!(
            look!(store, |db| ratings::histogram(db, now).await),
            [0, 0, 0, 0, 1]
        );
        assert_eq!(
            look!(store, |db| ratings::histogram(db, now.plus_days(2)).await),
            [0; 5]
        );
    }

    async fn the_history_of_secret_reports_is_not_public(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let open = stored(store, report(now)).await;
        let secret = stored(
            store,
            Report {
                visibility: Visibility::Secret,
                ..report(now)
            },
        )
        .await;
        commit!(store, |db| {
            updates::insert(db, open.id, State::Assigned, now, Some("tim berangkat")).await?;
            updates::insert(db, secret.id, State::Assigned, now, None).await?;
            updates::insert(
                db,
                open.id,
                State::Resolved,
                now.plus_days(1),
                Some("selesai"),
            )
            .await?;
        });
        let words = |found: Vec<updates::Update>| -> Vec<_> {
            found
                .into_iter()
                .map(|update| (update.report, update.state, update.words))
                .collect()
        };
        let assigned = (open.id, State::Assigned, Some("tim berangkat".to_owned()));
        let resolved = (open.id, State::Resolved, Some("selesai".to_owned()));
        let found = look!(store, |db| updates::of_report(db, open.id).await);
        assert_eq!(words(found), [resolved.clone(), assigned.clone()]);
        let span = (now, now.plus_days(9));
        let found = look!(store, |db| updates::between(db, span, 10, 0).await);
        assert_eq!(words(found), [assigned.clone(), resolved.clone()]);
        let found = look!(store, |db| updates::between(db, span, 1, 0).await);
        assert_eq!(words(found), [assigned]);
        let found = look!(store, |db| updates::between(db, span, 1, 1).await);
        assert_eq!(words(found), [resolved]);
        assert_eq!(look!(store, |db| updates::count_between(db, span).await), 2);
    }

    async fn what_the_reporters_side_said_is_no_word_of_the_city(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let one = stored(store, report(now)).await;
        let two = stored(store, report(now)).await;
        let secret = stored(store, Report { visibility: Visibility::Secret, ..report(now) }).await;
        let comment = |sender, sender_ref: &str, words: Option<&str>| comments::New {
            sender,
            sender_ref: sender_ref.into(),
            claim: Claim::NotDone,
            words: words.map(str::to_owned),
        };
        let (portal, other) = store
            .write(move |db| Box::pin(async move {
                let portal = configuration::add_api_key(db, "portal", "h1", now).await?;
                let other = configuration::add_api_key(db, "lain", "h2", now).await?;
                updates::insert(db, one.id, State::Received, now, None).await?;
                for (report, sender, sender_ref, words) in [
                    (one.id, portal, "7", Some("masih gelap")),
                    (one.id, other, "7", Some("terang")),
                    (secret.id, portal, "8", None),
                ] {
                    let update = updates::insert(db, report, State::Received, now, None).await?;
                    comments::insert(db, update, &comment(sender, sender_ref, words)).await?;
                }
                Ok::<_, StoreError>((portal, other))
            }))
            .await
            .unwrap();
        let again = store.write(move |db| Box::pin(async move {
            let update = updates::insert(db, two.id, State::Received, now, None).await?;
            comments::insert(db, update, &comment(portal, "7", None)).await
        }));
        assert!(again.await.unwrap_err().is_duplicate());
        assert_eq!(look!(store, |db| updates::of_report(db, one.id).await).len(), 1);
        let span = (now, now);
        let all = look!(store, |db| updates::between(db, span, 10, 0).await);
        let said: Vec<_> = all.iter().map(|update| (update.sender, update.words.as_deref())).collect();
        assert_eq!(said, [(None, None), (Some(portal), Some("masih gelap")), (Some(other), Some("terang"))]);
        assert_eq!(look!(store, |db| updates::count_between(db, span).await), 3);
        assert_eq!(
            look!(store, |db| comments::find(db, portal, "7").await),
            Some((all[1].id, one.id))
        );
        assert_eq!(look!(store, |db| comments::find(db, portal, "9").await), None);
        assert_eq!(look!(store, |db| comments::count(db, one.id).await), 2);
        let newest = look!(store, |db| comments::of_report(db, one.id, 1).await);
        assert_eq!(newest.len(), 1);
        assert_eq!(
            (newest[0].id, newest[0].claim, newest[0].words.as_deref(), &*newest[0].sender_name),
            (all[2].id, Claim::NotDone, Some("terang"), "lain")
        );
    }

    async fn the_history_keeps_the_team_of_each_step(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let (pju, jalan) = (team(store, "pju").await, team(store, "jalan").await);
        let mut one = stored(store, report(now)).await;
        for held in [None, Some(pju), Some(jalan)] {
            one.team = held;
            let row = one.clone();
            commit!(store, |db| {
                reports::update(db, &row).await?;
                updates::insert(db, row.id, State::Assigned, now, None).await?;
            });
        }
        let found = look!(store, |db| updates::of_report(db, one.id).await);
        let teams: Vec<_> = found.into_iter().map(|update| update.team).collect();
        assert_eq!(teams, [Some(jalan), Some(pju), None]);
    }

    async fn a_form_that_is_sent_again_is_the_report_that_it_was(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let one = stored(store, report(now)).await;
        let two = stored(store, report(now)).await;
        commit!(store, |db| {
            drafts::insert(db, "h1", one.id, now).await?;
            drafts::insert(db, "h2", two.id, now.plus_days(1)).await?;
        });
        let again = store
            .write(move |db| Box::pin(async move { drafts::insert(db, "h1", two.id, now).await }));
        assert!(again.await.unwrap_err().is_duplicate());
        let find = async |hash: &str| look!(store, |db| drafts::find(db, hash).await);
        assert_eq!(
            (find("h1").await, find("h2").await, find("h3").await),
            (Some(one.id), Some(two.id), None)
        );
        assert_eq!(
            commit!(store, |db| drafts::prune(db, now.plus_days(1)).await?),
            1
        );
        assert_eq!((find("h1").await, find("h2").await), (None, Some(two.id)));
    }
}
