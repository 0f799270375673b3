//! Warnings, drafts, feeds and stages as they are kept.

use pendopo_domain::alerts::area::{Area, Match, Ring};
use pendopo_domain::alerts::chain::State;
use pendopo_domain::alerts::draft::{Content, Draft, DraftState};
use pendopo_domain::alerts::stage::Stage;
use pendopo_domain::alerts::*;
use pendopo_domain::geo::{AreaId, Position};
use pendopo_domain::organisation::{PositionId, SignInId};
use pendopo_domain::time::Timestamp;
use pendopo_store::alert_feeds::{self, Polled};
use pendopo_store::alerts::{self as rows, New, Put, Stand, Which};
use pendopo_store::{Store, alert_drafts, city_stages, sign_ins};
use pendopo_testkit::{TestCity, both_databases};

use crate::samples::position;

fn at(hour: i64) -> Timestamp {
    Timestamp::from_micros(1_780_000_000_000_000 + hour * 3_600_000_000)
}

fn message(identifier: &str, severity: Severity) -> Message {
    let corner = |lon: f64, lat: f64| Position::new(lon, lat).unwrap();
    let ring = vec![
        corner(104.0, 0.0),
        corner(105.0, 0.0),
        corner(105.0, 1.0),
        corner(104.0, 0.0),
    ];
    let area = Area {
        rings: vec![Ring::new(ring).unwrap()],
        ..Area::named("Pesisir")
    };
    let info = Info {
        language: "id".into(),
        categories: vec![Category::Met],
        event: "Rob".into(),
        response_types: vec![ResponseType::Avoid],
        urgency: Urgency::Immediate,
        severity,
        certainty: Certainty::Observed,
        audience: None,
        event_codes: vec![("OET".into(), "OET-194".into())],
        effective: None,
        onset: None,
        expires: Some(at(6)),
        sender_name: Some("Badan".into()),
        headline: Some("Rob \u{1F6A7} di pesisir".into()),
        description: None,
        instruction: None,
        web: None,
        contact: None,
        parameters: vec![],
        resources: vec![],
        areas: vec![area],
    };
    Message {
        identifier: identifier.into(),
        sender: "badan@example".into(),
        sent: at(0),
        sent_text: "2026-05-28T20:26:40+07:00".into(),
        status: Status::Actual,
        msg_type: MsgType::Alert,
        scope: Scope::Public,
        source: None,
        restriction: None,
        addresses: vec![],
        codes: vec![],
        note: None,
        references: vec![],
        incidents: vec![],
        infos: vec![info],
    }
}

fn new(identifier: &str, severity: Severity, here: bool) -> New {
    New {
        document: format!("<alert>{identifier}</alert>\0\u{e9}").into_bytes(),
        sha256: format!("hash of {identifier}"),
        message: message(identifier, severity),
        problems: vec!["info[1]: order".into()],
        signatures: 1,
        own: false,
        by_hand: false,
        carrier: "feed:a".into(),
        newer_replaces: true,
        matched: Match {
            here,
            areas: if here {
                vec![AreaId(3), AreaId(7)]
            } else {
                vec![]
            },
            unverified: false,
        },
        kin: vec!["feed:a".into()],
    }
}

fn stand(state: Option<State>, chain: AlertId) -> Stand {
    Stand {
        state,
        chain,
        ended_by: None,
    }
}

both_databases! {
    async fn a_warning_is_kept_as_it_came_and_once(city: TestCity) {
        let store = &city.store;
        let put = |new: New| async move {
            commit!(store, |db| {
                rows::take_turn(db, at(1)).await?;
                rows::put(db, &new, at(1)).await?
            })
        };
        let first = new("1", Severity::Severe, true);
        let Put::New(id) = put(first.clone()).await else { panic!() };
        assert_eq!(put(first.clone()).await, Put::Known(id));
        let other_feed = New { carrier: "feed:b".into(), by_hand: true, ..first.clone() };
        assert_eq!(put(other_feed).await, Put::Known(id));
        let differs = New { sha256: "other".into(), document: b"other".to_vec(), ..first.clone() };
        assert_eq!(put(differs).await, Put::Differs(id));

        let kept = look!(store, |db| rows::get(db, id).await).unwrap();
        assert_eq!((&kept.message, &kept.problems, &kept.matched), (&first.message, &first.problems, &first.matched));
        assert_eq!((kept.carriers.as_slice(), kept.by_hand, kept.signatures), (&["feed:a".to_owned(), "feed:b".to_owned()][..], true, 1));
        assert_eq!(look!(store, |db| rows::document(db, id).await), Some(first.document));
        assert_eq!(look!(store, |db| rows::get(db, AlertId(99)).await), None);
        assert_eq!(look!(store, |db| rows::document(db, AlertId(99)).await), None);
    }

    async fn another_language_joins_what_is_kept_and_leaves_its_bytes(city: TestCity) {
        let store = &city.store;
        let put = |new: New| async move {
            commit!(store, |db| {
                rows::take_turn(db, at(1)).await?;
                rows::put(db, &new, at(1)).await?
            })
        };
        let first = new("1", Severity::Minor, false);
        let Put::New(id) = put(first.clone()).await else { panic!() };
        let mut english = New { sha256: "english".into(), document: b"english".to_vec(), ..new("1", Severity::Severe, true) };
        english.message.infos[0].language = "en".into();
        english.message.infos[0].expires = Some(at(9));
        english.carrier = "feed:b".into();
        let foreign = New { kin: vec!["feed:b".into()], ..english.clone() };
        assert_eq!(put(foreign).await, Put::Differs(id), "another agency does not speak for this one");
        assert_eq!(look!(store, |db| rows::get(db, id).await).unwrap().carriers, ["feed:a"]);
        assert_eq!(put(english.clone()).await, Put::Joins(id));
        assert_eq!(put(english.clone()).await, Put::Known(id));
        let kept = look!(store, |db| rows::get(db, id).await).unwrap();
        let spoken: Vec<_> = kept.message.infos.iter().map(|info| info.language.as_str()).collect();
        assert_eq!((spoken, kept.signatures, kept.matched.here), (vec!["id", "en"], 2, true));
        assert_eq!((kept.matched.areas, kept.carriers), (english.matched.areas.clone(), vec!["feed:a".to_owned(), "feed:b".into()]));
        assert_eq!(look!(store, |db| rows::document(db, id).await), Some(first.document));
        let further = look!(store, |db| pendopo_store::alert_documents::of(db, id).await);
        assert_eq!(further, [("english".to_owned(), b"english".to_vec())]);
        let mut again = New { sha256: "again".into(), ..english };
        again.message.infos[0].event = "Flood".into();
        assert_eq!(put(again).await, Put::Differs(id), "the first of a language stays");
    }

    async fn what_holds_is_listed_gravest_first(city: TestCity) {
        let store = &city.store;
        let ids = commit!(store, |db| {
            rows::take_turn(db, at(0)).await?;
            let mut ids = vec![];
            for (name, severity, here) in [("1", Severity::Minor, true), ("2", Severity::Extreme, true), ("3", Severity::Severe, false)] {
                let Put::New(id) = rows::put(db, &new(name, severity, here), at(0)).await? else { panic!() };
                rows::stand(db, id, stand(Some(State::Active), AlertId(1)), at(1)).await?;
                ids.push(id);
            }
            let own = New { own: true, ..new("4", Severity::Minor, true) };
            let Put::New(id) = rows::put(db, &own, at(0)).await? else { panic!() };
            rows::stand(db, id, Stand { ended_by: Some(ids[0]), ..stand(Some(State::Superseded), id) }, at(1)).await?;
            ids.push(id);
            ids
        });
        let list = |which: Which, outlines: bool| async move {
            let found = look!(store, |db| rows::list(db, which, outlines, 10).await);
            found.iter().map(|one| one.id).collect::<Vec<_>>()
        };
        assert_eq!(list(Which::Active, true).await, [ids[1], ids[0]]);
        assert_eq!(list(Which::Before(ids[2]), false).await, [ids[1], ids[0]]);
        assert_eq!(list(Which::Chain(AlertId(1)), false).await.len(), 3);
        assert_eq!(list(Which::Published(at(0)), false).await, [ids[3]]);
        assert!(list(Which::Published(at(1)), false).await.is_empty());
        let thin = look!(store, |db| rows::list(db, Which::Active, false, 1).await);
        assert!(thin[0].message.infos[0].areas[0].rings.is_empty());
        let kept = look!(store, |db| rows::get(db, ids[3]).await).unwrap();
        assert_eq!((kept.state, kept.ended_by, kept.changed_at), (Some(State::Superseded), Some(ids[0]), at(1)));

        let links = look!(store, |db| rows::links(db, at(6)).await);
        assert_eq!(links.len(), 4);
        assert!(links[0].1.carriers.contains("feed:a") && links[0].1.place.is_some());
        assert!(look!(store, |db| rows::links(db, at(7)).await).is_empty());
        assert!(!look!(store, |db| rows::is_due(db, at(5)).await));
        assert!(look!(store, |db| rows::is_due(db, at(6)).await));
        assert_eq!(commit!(store, |db| rows::prune(db, at(7)).await?), 1);
        assert_eq!(look!(store, |db| rows::get(db, ids[2]).await), None);
    }

    async fn what_could_not_be_read_is_put_aside_once_and_makes_room(city: TestCity) {
        let store = &city.store;
        commit!(store, |db| {
            for (hash, body) in [("a", "one"), ("a", "one"), ("b", "two"), ("c", "three")] {
                rows::put_aside(db, "feed:a", "malformed", body.as_bytes(), hash, 2, at(0)).await?;
            }
        });
        let aside = look!(store, |db| rows::aside(db, 10, 3).await);
        let bodies: Vec<&[u8]> = aside.iter().map(|one| one.document.as_slice()).collect();
        assert_eq!(bodies, [&b"thr"[..], b"two"]);
        assert_eq!((aside[0].reason.as_str(), aside[0].carrier.as_str()), ("malformed", "feed:a"));
    }

    async fn a_draft_is_written_changed_and_listed_while_it_is_open(city: TestCity) {
        let store = &city.store;
        let position = position(store).await;
        let (author, approver) = commit!(store, |db| {
            let one = sign_ins::put(db, "one", None, position, at(0)).await?;
            (one, sign_ins::put(db, "two", None, position, at(0)).await?)
        });
        let draft = draft(author);
        let id = { let draft = draft.clone(); commit!(store, |db| alert_drafts::insert(db, &draft).await?) };
        let draft = Draft { id, ..draft };
        assert_eq!(look!(store, |db| alert_drafts::get(db, id).await), Some(draft.clone()));
        assert_eq!(look!(store, |db| alert_drafts::open(db, 5).await), std::slice::from_ref(&draft));
        let published = Draft { state: DraftState::Published, approver: Some(approver), updated_at: at(2), ..draft };
        let change = published.clone();
        let locked = commit!(store, |db| {
            alert_drafts::update(db, &change).await?;
            alert_drafts::lock(db, id).await?
        });
        assert_eq!(locked, Some(published));
        assert!(look!(store, |db| alert_drafts::open(db, 5).await).is_empty());
    }

    async fn a_feed_and_how_it_goes_are_kept(city: TestCity) {
        let store = &city.store;
        commit!(store, |db| {
            alert_feeds::put(db, "badan", "{}").await?;
            let polled = Polled { etag: Some("\"1\"".into()), checked_at: Some(at(1)), failures: 2, problem: Some("timeout".into()), ..Polled::default() };
            alert_feeds::note(db, "badan", &polled).await?;
            alert_feeds::note(db, "nobody", &polled).await?;
        });
        let [feed] = &look!(store, |db| alert_feeds::all(db).await)[..] else { panic!() };
        assert_eq!((feed.polled.failures, feed.polled.checked_at, feed.polled.succeeded_at), (2, Some(at(1)), None));
        commit!(store, |db| alert_feeds::put(db, "badan", "{\"a\":1}").await?);
        let [feed] = &look!(store, |db| alert_feeds::all(db).await)[..] else { panic!() };
        assert_eq!((feed.feed.as_str(), feed.polled.failures, &feed.polled.etag), ("{\"a\":1}", 0, &None));
        assert!(commit!(store, |db| alert_feeds::remove(db, "badan").await?));
        assert!(!commit!(store, |db| alert_feeds::remove(db, "badan").await?));
    }

    async fn the_last_stage_is_the_first_of_the_history(city: TestCity) {
        let store = &city.store;
        for (hour, number) in [(1, 2), (2, 4)] {
            let set = city_stages::Set {
                at: at(hour),
                stage: Stage::new(number).unwrap(),
                proposed: Stage::LOWEST,
                actor: "sign_in:1".into(),
            };
            commit!(store, |db| city_stages::set(db, &set).await?);
        }
        let history = look!(store, |db| city_stages::history(db, 9).await);
        let numbers: Vec<u8> = history.iter().map(|set| set.stage.number()).collect();
        assert_eq!(numbers, [4, 2]);
    }
}

/// A row of everything about warnings; for the tests of backups.
pub async fn fill(store: &Store, position: PositionId) {
    commit!(store, |db| {
        rows::take_turn(db, at(0)).await?;
        let Put::New(id) = rows::put(db, &new("1", Severity::Severe, true), at(0)).await? else {
            panic!()
        };
        rows::stand(db, id, stand(Some(State::Active), id), at(1)).await?;
        let mut english = New {
            sha256: "english".into(),
            ..new("1", Severity::Severe, true)
        };
        english.message.infos[0].language = "en".into();
        assert_eq!(rows::put(db, &english, at(0)).await?, Put::Joins(id));
        rows::put_aside(db, "feed:a", "malformed", b"\0<alert", "a", 9, at(0)).await?;
        let author = sign_ins::put(db, "warner", None, position, at(0)).await?;
        alert_drafts::insert(db, &draft(author)).await?;
        alert_feeds::put(db, "badan", "{}").await?;
        let set = city_stages::Set {
            at: at(0),
            stage: Stage::HIGHEST,
            proposed: Stage::LOWEST,
            actor: "city".into(),
        };
        city_stages::set(db, &set).await?;
    });
}

fn draft(author: SignInId) -> Draft {
    Draft {
        id: DraftId(0),
        state: DraftState::Submitted,
        content: Content {
            msg_type: MsgType::Alert,
            status: Status::Exercise,
            category: Category::Cbrne,
            response_types: vec![ResponseType::None],
            urgency: Urgency::Past,
            severity: Severity::Unknown,
            certainty: Certainty::Unlikely,
            holds_minutes: 90,
            event_code: None,
            areas: vec![AreaId(1)],
            note: Some("Latihan 1".into()),
            words: [("id".to_owned(), draft::Words::default())].into(),
        },
        incident: None,
        follows: None,
        author,
        approver: None,
        alert: None,
        created_at: at(0),
        updated_at: at(1),
    }
}
