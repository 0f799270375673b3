use pendopo_domain::alerts::draft::{Content, DraftState, Words};
use pendopo_domain::alerts::{
    AlertId, Category, Certainty, DraftId, MsgType, ResponseType, Severity, Status, Urgency,
};
use pendopo_operations::alerts::compose::{self, From};
use pendopo_operations::alerts::publish::{self, Published};
use pendopo_operations::alerts::{self, Seen};
use pendopo_operations::{Error, Problem};
use pendopo_standards::cap;
use pendopo_testkit::{TestCity, both_databases};

use super::*;
use crate::alerts::writer;

const PAGE: &str = "https://uji.example/peringatan";

fn content(areas: Vec<AreaId>) -> Content {
    let words = |event: &str| Words {
        event: event.into(),
        headline: format!("{event} < 1 m & naik"),
        description: "Air naik.\nJauhi pesisir.".into(),
        instruction: String::new(),
    };
    Content {
        msg_type: MsgType::Alert,
        status: Status::Actual,
        category: Category::Met,
        response_types: vec![ResponseType::Avoid],
        urgency: Urgency::Immediate,
        severity: Severity::Severe,
        certainty: Certainty::Observed,
        holds_minutes: 120,
        event_code: Some("OET-173".into()),
        areas,
        note: None,
        words: [
            ("id".to_owned(), words("Rob")),
            ("en".to_owned(), words("Tidal flood")),
        ]
        .into(),
    }
}

fn some_area(town: &Town) -> Vec<AreaId> {
    town.city
        .configuration()
        .areas
        .iter()
        .take(1)
        .map(|area| area.id)
        .collect()
}

async fn publish(
    town: &Town,
    author: &Actor,
    approver: &Actor,
    from: From,
    content: Content,
) -> AlertId {
    let id = compose::begin(&town.city, author, from, content)
        .await
        .unwrap();
    compose::submit(&town.city, author, id).await.unwrap();
    match publish::approve(&town.city, approver, id, PAGE, writer().write())
        .await
        .unwrap()
    {
        Published::Alert(alert) => alert,
        Published::Broken(why) => panic!("{why:?}"),
    }
}

async fn seen(town: &Town, id: AlertId) -> Seen {
    alerts::one(&town.city, &actor(Who::City), id)
        .await
        .unwrap()
        .unwrap()
}

fn problem(error: Error) -> (&'static str, Problem) {
    match error {
        Error::Invalid(fields) => (fields[0].field, fields[0].problem),
        other => panic!("{other}"),
    }
}

both_databases! {
    async fn two_people_publish_a_warning_that_nobody_changes(test: TestCity) {
        let town = town(test).await;
        let (author, approver) = (town.person("one").await, town.person("two").await);
        let id = compose::begin(&town.city, &author, From::default(), content(some_area(&town))).await.unwrap();
        let too_early = publish::approve(&town.city, &approver, id, PAGE, writer().write()).await;
        assert_eq!(problem(too_early.unwrap_err()), ("draft", Problem::Unknown));
        compose::submit(&town.city, &author, id).await.unwrap();
        let own = publish::approve(&town.city, &author, id, PAGE, writer().write()).await;
        assert_eq!(problem(own.unwrap_err()), ("draft", Problem::OwnWork));
        let (preview, broken) = publish::preview(&town.city, &approver, id, PAGE, writer().write()).await.unwrap();
        assert_eq!((preview.infos.len(), broken.len()), (2, 0));

        let published = publish::approve(&town.city, &approver, id, PAGE, writer().write()).await.unwrap();
        let Published::Alert(alert) = published else { panic!("{published:?}") };
        let again = publish::approve(&town.city, &approver, id, PAGE, writer().write()).await;
        assert_eq!(problem(again.unwrap_err()), ("draft", Problem::Unknown));
        let late = compose::write(&town.city, &author, id, content(some_area(&town))).await;
        assert_eq!(problem(late.unwrap_err()), ("draft", Problem::Unknown));

        let kept = seen(&town, alert).await.kept;
        // The other area touches this one and was not chosen.
        assert_eq!((kept.own, &kept.matched.areas), (true, &some_area(&town)));
        assert_eq!(kept.message.identifier, format!("uji.example-20260216T120000-{id}"));
        assert_eq!((kept.message.sender.as_str(), kept.message.sent_text.as_str()), ("uji.example", "2026-02-16T19:00:00+07:00"));
        let bytes = alerts::document(&town.city, &approver, alert).await.unwrap().unwrap();
        let read = cap::read(&bytes).unwrap();
        assert_eq!((read.problems.len(), cap::check(&read.alert).len()), (0, 0));
        assert_eq!(read.alert.info[1].headline.as_deref(), Some("Tidal flood < 1 m & naik"));
        assert_eq!(read.alert.info[0].area[0].geocode[0].value, "21.72.01");
        assert_eq!(alerts::active(&town.city).await.unwrap().len(), 1);

        let steps = compose::steps(&town.city, &approver, id).await.unwrap();
        let kinds: Vec<(&str, bool)> = steps.iter().map(|step| (step.kind.as_str(), step.actor == steps[0].actor)).collect();
        assert_eq!(kinds, [("written", true), ("submitted", true), ("approved", false)]);
        let draft = compose::get(&town.city, &author, id).await.unwrap();
        assert_eq!((draft.state, draft.alert), (DraftState::Published, Some(alert)));
        assert!(pendopo_operations::store::chains::verify(&mut town.city.store().read().await.unwrap()).await.unwrap().is_empty());
    }

    async fn an_update_a_withdrawal_and_an_all_clear_follow_their_chain(test: TestCity) {
        let town = town(test).await;
        let (author, approver) = (town.person("one").await, town.person("two").await);
        let first = publish(&town, &author, &approver, From::default(), content(some_area(&town))).await;
        town.after(10).await;
        let from = |id| From { incident: None, follows: Some(id) };
        let update = Content { msg_type: MsgType::Update, ..content(some_area(&town)) };
        let second = publish(&town, &author, &approver, from(first), update).await;
        assert_eq!(states(&town).await.unwrap(), "superseded active");
        town.after(10).await;
        let over = publish(&town, &author, &approver, from(second), content(some_area(&town)).all_clear()).await;
        let kept = seen(&town, over).await.kept;
        assert!(kept.message.is_all_clear());
        assert_eq!((kept.chain, kept.message.references.len()), (first, 1));
        assert_eq!(states(&town).await.unwrap(), "superseded superseded active");
        town.after(1).await;
        let cancel = Content { msg_type: MsgType::Cancel, note: Some("Salah kirim".into()), ..content(vec![]) };
        let cancel = publish(&town, &author, &approver, from(over), cancel).await;
        assert_eq!(states(&town).await.unwrap(), "superseded superseded cancelled -");
        // Everything that was sent in the last day is listed for others, the withdrawal too.
        let listed = alerts::published(&town.city).await.unwrap();
        assert_eq!(listed.first().map(|one| one.kept.id), Some(cancel));
        assert_eq!(listed.len(), 4);
    }

    async fn what_keeps_a_warning_from_being_published_is_said_and_nothing_is_lost(test: TestCity) {
        let town = town(test).await;
        let author = town.person("one").await;
        let try_with = async |change: &dyn Fn(&mut Content)| {
            let mut content = content(some_area(&town));
            change(&mut content);
            problem(compose::begin(&town.city, &author, From::default(), content).await.unwrap_err())
        };
        assert_eq!(try_with(&|c| c.words.get_mut("en").unwrap().headline.clear()).await, ("headline", Problem::Missing));
        assert_eq!(try_with(&|c| c.words.get_mut("id").unwrap().headline = "x".repeat(161)).await, ("headline", Problem::TooLong { most: 160 }));
        assert_eq!(try_with(&|c| c.words.clear()).await, ("event", Problem::Missing));
        assert_eq!(try_with(&|c| c.areas.clear()).await, ("areas", Problem::Missing));
        assert_eq!(try_with(&|c| c.areas = vec![AreaId(99)]).await, ("areas", Problem::Unknown));
        assert_eq!(try_with(&|c| c.holds_minutes = 0).await, ("holds_minutes", Problem::Missing));
        assert_eq!(try_with(&|c| c.holds_minutes = 361).await, ("holds_minutes", Problem::TooLong { most: 360 }));
        assert_eq!(try_with(&|c| c.status = Status::Exercise).await, ("note", Problem::Missing));
        assert_eq!(try_with(&|c| c.status = Status::Draft).await, ("status", Problem::Unknown));
        assert_eq!(try_with(&|c| c.msg_type = MsgType::Update).await, ("msg_type", Problem::Unknown));
        assert!(compose::open(&town.city, &author).await.unwrap().is_empty());
        let nobody = actor(Who::City);
        let denied = compose::begin(&town.city, &nobody, From::default(), content(some_area(&town))).await;
        assert!(matches!(denied, Err(Error::Denied(_))));
        let missing = compose::submit(&town.city, &author, DraftId(9)).await;
        assert!(matches!(missing, Err(Error::NotFound)));
    }

    async fn a_draft_may_be_given_back_rewritten_and_let_go(test: TestCity) {
        let town = town(test).await;
        let (author, other) = (town.person("one").await, town.person("two").await);
        let id = compose::begin(&town.city, &author, From::default(), content(some_area(&town))).await.unwrap();
        compose::submit(&town.city, &author, id).await.unwrap();
        compose::give_back(&town.city, &other, id).await.unwrap();
        // Whoever writes it last is its author, and may not approve it.
        compose::write(&town.city, &other, id, content(some_area(&town))).await.unwrap();
        compose::submit(&town.city, &other, id).await.unwrap();
        let own = publish::approve(&town.city, &other, id, PAGE, writer().write()).await;
        assert_eq!(problem(own.unwrap_err()), ("draft", Problem::OwnWork));
        compose::discard(&town.city, &author, id).await.unwrap();
        assert!(compose::open(&town.city, &author).await.unwrap().is_empty());
        let gone = compose::submit(&town.city, &author, id).await;
        assert_eq!(problem(gone.unwrap_err()), ("draft", Problem::Unknown));
    }
}
