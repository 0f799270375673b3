use pendopo_domain::alerts::stage::Stage;
use pendopo_domain::journal::Event;
use pendopo_domain::policy::Who;
use pendopo_operations::alerts::{self, Carrier, Outcome, stage};
use pendopo_operations::store::journal;
use pendopo_testkit::{TestCity, both_databases};

use super::*;
use crate::alerts::read;

fn feed(name: &str) -> Carrier {
    Carrier {
        name: format!("feed:{name}"),
        by_hand: false,
        newer_replaces: false,
    }
}

async fn take(town: &Town, carrier: Carrier, texts: &[&str]) -> Vec<Outcome> {
    let documents = texts.iter().map(|text| read(text.as_bytes()).unwrap());
    alerts::receive(&town.city, carrier, documents.collect())
        .await
        .unwrap()
}

/// Kinds of the events about warnings.
async fn events(town: &Town) -> Vec<String> {
    town.test.settle().await;
    let mut db = town.city.store().read().await.unwrap();
    let all = journal::after(&mut db, journal::Position::default(), 1_000)
        .await
        .unwrap();
    let word = |event: &Event| match event {
        Event::AlertReceived { .. } => Some("received".to_owned()),
        Event::AlertChanged { to, .. } => Some(to.map_or("-", |to| to.word()).to_owned()),
        _ => None,
    };
    all.iter().filter_map(|entry| word(&entry.event)).collect()
}

both_databases! {
    async fn a_chain_stands_the_same_in_whatever_order_it_comes(test: TestCity) {
        let town = town(test).await;
        let first = document("1", 10, "", HERE);
        let second = document("2", 11, &format!("Update|{}", references("1", 10)), HERE);
        let third = document("3", 12, &format!("Cancel|<note>x</note>{}", references("2", 11)), HERE);
        // The withdrawal first, one by one, and everything again at last.
        for text in [&third, &second, &first] {
            take(&town, feed("a"), &[text]).await;
        }
        assert_eq!(states(&town).await.unwrap(), "- cancelled superseded");
        let before = events(&town).await;
        let again = take(&town, feed("a"), &[&first, &second, &third]).await;
        assert!(again.iter().all(|one| matches!(one, Outcome::Known(_))), "{again:?}");
        assert_eq!(events(&town).await, before);
        assert_eq!(before.iter().filter(|word| *word == "received").count(), 3);
    }

    async fn time_alone_begins_and_ends_a_warning(test: TestCity) {
        let town = town(test).await;
        let later = document("1", 10, "", HERE).replace("<expires>", "<effective>2026-02-16T12:30:00-00:00</effective><expires>");
        take(&town, feed("a"), &[&later]).await;
        assert_eq!(states(&town).await.unwrap(), "pending");
        assert!(alerts::active(&town.city).await.unwrap().is_empty());
        town.after(29).await;
        assert_eq!(states(&town).await.unwrap(), "pending");
        town.after(1).await;
        assert_eq!(states(&town).await.unwrap(), "active");
        town.after(30).await;
        assert_eq!(states(&town).await.unwrap(), "expired");
        assert_eq!(events(&town).await, ["received", "pending", "active", "expired"]);
    }

    async fn only_what_concerns_the_city_is_shown_and_all_is_kept(test: TestCity) {
        let town = town(test).await;
        let named = "<area><areaDesc>Entah</areaDesc></area>";
        let texts = [document("1", 10, "", ELSEWHERE), document("2", 10, "", HERE), document("3", 10, "", named)];
        take(&town, feed("a"), &[&texts[0], &texts[1], &texts[2]]).await;
        let active = alerts::active(&town.city).await.unwrap();
        let shown: Vec<(&str, bool)> = active
            .iter()
            .map(|one| (one.kept.message.identifier.as_str(), one.kept.matched.unverified))
            .collect();
        assert_eq!(shown, [("3", true), ("2", false)]);
        let areas = &town.city.configuration().areas;
        assert_eq!(alerts::area_names(areas, &active[1].kept.matched.areas), ["Kecamatan 21.72.01"]);
        let nobody = actor(Who::Public);
        let nobody = Actor { grants: vec![], ..nobody };
        assert_eq!(alerts::document(&town.city, &nobody, active[1].kept.id).await.unwrap().unwrap(), texts[1].as_bytes());
        let hidden = pendopo_domain::alerts::AlertId(1);
        assert!(alerts::one(&town.city, &nobody, hidden).await.unwrap().is_none());
        assert!(alerts::one(&town.city, &actor(Who::City), hidden).await.unwrap().is_some());
    }

    async fn tests_exercises_and_what_is_not_for_everyone_are_kept_and_not_shown(test: TestCity) {
        let town = town(test).await;
        let as_status = |identifier: &str, status: &str| document(identifier, 10, "", HERE).replace("Actual", status);
        take(&town, feed("a"), &[&as_status("1", "Test"), &as_status("2", "Draft"), &as_status("3", "Exercise")]).await;
        let private = document("4", 10, "", HERE).replace("Public</scope>", "Private</scope><addresses>a@b.example</addresses>");
        take(&town, feed("a"), &[&private]).await;
        assert_eq!(states(&town).await.unwrap(), "- - active active");
        assert!(alerts::active(&town.city).await.unwrap().is_empty());
    }

    async fn no_feed_withdraws_what_another_one_said_but_a_person_may(test: TestCity) {
        let town = town(test).await;
        take(&town, feed("a"), &[&document("1", 10, "", HERE)]).await;
        let withdraw = document("2", 11, &format!("Cancel|{}", references("1", 10)), HERE);
        take(&town, feed("b"), &[&withdraw]).await;
        assert_eq!(states(&town).await.unwrap(), "active -");
        let brought = vec![read(withdraw.as_bytes()).unwrap()];
        let nobody = Actor { who: Who::Public, grants: vec![] };
        assert!(alerts::import(&town.city, &nobody, brought.clone()).await.is_err());
        alerts::import(&town.city, &actor(Who::City), brought).await.unwrap();
        assert_eq!(states(&town).await.unwrap(), "cancelled -");
    }

    async fn a_feed_that_never_refers_is_told_so(test: TestCity) {
        let town = town(test).await;
        let carrier = Carrier { newer_replaces: true, ..feed("a") };
        take(&town, carrier.clone(), &[&document("1", 10, "", HERE)]).await;
        let elsewhere_too = document("2", 11, "", &HERE.replace("</area>", "<polygon>0,105 0,106 1,106 0,105</polygon></area>"));
        take(&town, carrier.clone(), &[&elsewhere_too]).await;
        assert_eq!(states(&town).await.unwrap(), "superseded active");
        take(&town, carrier, &[&document("3", 12, "", HERE)]).await;
        assert_eq!(states(&town).await.unwrap(), "superseded active active");
    }

    async fn the_same_key_with_other_words_keeps_the_first(test: TestCity) {
        let town = town(test).await;
        let first = document("1", 10, "", HERE);
        let [Outcome::New(id)] = take(&town, feed("a"), &[&first]).await[..] else { panic!() };
        let other = first.replace("Rob 1", "Tenang");
        assert_eq!(take(&town, feed("a"), &[&other]).await, [Outcome::Differs(id)]);
        let kept = alerts::document(&town.city, &actor(Who::City), id).await.unwrap();
        assert_eq!(kept.unwrap(), first.as_bytes());
    }

    async fn the_second_language_of_a_warning_joins_it_and_what_differs_is_left_to_people(test: TestCity) {
        let town = town(test).await;
        let first = document("1", 10, "", HERE);
        let [Outcome::New(id)] = take(&town, feed("a"), &[&first]).await[..] else { panic!() };
        let english = first.replace("<language>id", "<language>en").replace("Rob 1", "Tidal flood");
        assert_eq!(take(&town, feed("b"), &[&english]).await, [Outcome::Differs(id)], "not its agency");
        assert_eq!(take(&town, feed("a"), &[&english]).await, [Outcome::Joined(id)]);
        assert_eq!(take(&town, feed("a"), &[&english, &first]).await, [Outcome::Known(id), Outcome::Known(id)]);
        let seen = alerts::one(&town.city, &actor(Who::City), id).await.unwrap().unwrap();
        let spoken: Vec<_> = seen.kept.message.infos.iter().map(|info| info.language.as_str()).collect();
        assert_eq!(spoken, ["id", "en"]);
        assert_eq!(states(&town).await.unwrap(), "active");
        let kept = alerts::documents(&town.city, &actor(Who::City), id).await.unwrap();
        assert_eq!(kept.iter().map(|(_, bytes)| bytes.as_slice()).collect::<Vec<_>>(), [first.as_bytes(), english.as_bytes()]);
        let nobody = Actor { who: Who::Public, grants: vec![] };
        assert!(alerts::documents(&town.city, &nobody, id).await.is_err());
        let other = first.replace("Rob 1", "Tenang");
        assert_eq!(take(&town, feed("a"), &[&other]).await, [Outcome::Differs(id)]);
        let aside = alerts::aside(&town.city, &actor(Who::City), 9).await.unwrap();
        let told: Vec<_> = aside.iter().map(|one| (one.carrier.as_str(), one.reason.as_str())).collect();
        assert_eq!(told, [("feed:a", "differs"), ("feed:b", "differs")]);
    }

    async fn warnings_propose_a_stage_and_a_person_sets_it(test: TestCity) {
        let town = town(test).await;
        let number = async || {
            let now = stage::now(&town.city).await.unwrap();
            (now.stage.number(), now.proposed.number())
        };
        assert_eq!(number().await, (1, 1));
        take(&town, feed("a"), &[&document("1", 10, "", HERE)]).await;
        assert_eq!(number().await, (1, 2));
        let operator = town.person("operator").await;
        stage::set(&town.city, &operator, Stage::new(2).unwrap()).await.unwrap();
        assert_eq!(number().await, (2, 2));
        let over = document("2", 11, &format!("Update|{}", references("1", 10)), HERE).replace("Immediate", "Past");
        take(&town, feed("a"), &[&over]).await;
        assert_eq!(number().await, (2, 1));
        let nobody = Actor { who: Who::Public, grants: vec![] };
        assert!(stage::set(&town.city, &nobody, Stage::HIGHEST).await.is_err());
        let history = stage::history(&town.city, &operator, 9).await.unwrap();
        assert_eq!((history.len(), history[0].proposed.number()), (1, 2));
        assert!(history[0].actor.starts_with("sign_in:"));
    }

    async fn what_cannot_be_read_is_put_aside_for_people(test: TestCity) {
        let town = town(test).await;
        alerts::put_aside(&town.city, "feed:a", "malformed", b"<alert").await.unwrap();
        let aside = alerts::aside(&town.city, &actor(Who::City), 9).await.unwrap();
        assert_eq!((aside.len(), aside[0].document.as_slice()), (1, &b"<alert"[..]));
    }
}
