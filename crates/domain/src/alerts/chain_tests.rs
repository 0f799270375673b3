//! Each rule of a chain by itself, then all of them in every order.

use proptest::prelude::*;

use super::*;

const HOUR: i64 = 3_600_000_000;

fn at(hour: i64) -> Timestamp {
    Timestamp::from_micros(1_770_000_000_000_000 + hour * HOUR)
}

/// `name` is sender and identifier, as `sender/identifier`; sent at `hour`, counts for six hours, comes by feed 1.
fn link(name: &str, hour: i64, msg_type: MsgType, references: &[(&str, i64)]) -> Link {
    let key = |name: &str, hour: i64| {
        let (sender, identifier) = name.split_once('/').unwrap();
        Key {
            sender: sender.into(),
            identifier: identifier.into(),
            sent: at(hour),
        }
    };
    Link {
        key: key(name, hour),
        status: Status::Actual,
        msg_type,
        references: references
            .iter()
            .map(|(name, hour)| key(name, *hour))
            .collect(),
        incidents: vec![],
        effective: at(hour),
        expires: at(hour + 6),
        carriers: ["feed:1".to_owned()].into(),
        by_hand: false,
        place: None,
    }
}

fn alert(name: &str, hour: i64) -> Link {
    link(name, hour, MsgType::Alert, &[])
}

fn update(name: &str, hour: i64, references: &[(&str, i64)]) -> Link {
    link(name, hour, MsgType::Update, references)
}

fn cancel(name: &str, hour: i64, references: &[(&str, i64)]) -> Link {
    link(name, hour, MsgType::Cancel, references)
}

/// The states at `hour`, as words; `-` for what is no alert.
fn check(links: &[Link], hour: i64, expect: &str) {
    let found = states(links, at(hour));
    let words: Vec<&str> = found
        .iter()
        .map(|one| one.state.map_or("-", State::word))
        .collect();
    assert_eq!(words.join(" "), expect);
}

#[test]
fn time_alone_makes_an_alert_pending_active_and_expired() {
    let mut later = alert("a/1", 0);
    later.effective = at(2);
    check(&[later.clone()], 1, "pending");
    check(&[later.clone()], 2, "active");
    check(&[later.clone()], 5, "active");
    check(&[later], 6, "expired");
}

#[test]
fn an_update_replaces_what_it_names_and_is_the_head_of_the_chain() {
    let all = [
        alert("a/1", 0),
        update("a/2", 1, &[("a/1", 0)]),
        update("a/3", 2, &[("a/2", 1)]),
    ];
    check(&all, 3, "superseded superseded active");
    assert!(states(&all, at(3)).iter().all(|one| one.chain == 0));
    assert_eq!(states(&all, at(3))[0].ended_by, Some(2));
}

#[test]
fn an_update_of_something_unknown_is_taken_and_a_late_one_is_not_news() {
    check(&[update("a/3", 2, &[("a/1", 0)])], 3, "active");
    let late = [
        update("a/3", 2, &[("a/1", 0)]),
        update("a/2", 1, &[("a/1", 0)]),
    ];
    check(&late, 3, "active superseded");
}

#[test]
fn a_reference_with_the_sender_written_otherwise_is_understood() {
    let all = [
        alert("http://a/1", 0),
        update("http://a/2", 1, &[("PAAQ/1", 0)]),
    ];
    // The name is split at the first slash; what counts is that the senders differ.
    let mut all = all;
    all[0].key.sender = "http://agency".into();
    all[0].key.identifier = "1".into();
    check(&all, 2, "superseded active");
}

#[test]
fn a_message_that_names_itself_replaces_nothing() {
    check(&[update("a/1", 0, &[("a/1", 0)])], 1, "active");
}

#[test]
fn messages_that_name_each_other_leave_the_later_one() {
    let all = [
        update("a/1", 0, &[("a/2", 1)]),
        update("a/2", 1, &[("a/1", 0)]),
    ];
    let found = states(&all, at(2));
    assert!(
        found.iter().any(|one| one.state == Some(State::Active)),
        "{found:?}"
    );
}

#[test]
fn only_the_sender_withdraws() {
    check(
        &[alert("a/1", 0), cancel("a/9", 1, &[("a/1", 0)])],
        2,
        "cancelled -",
    );
    check(
        &[alert("a/1", 0), cancel("b/9", 1, &[("a/1", 0)])],
        2,
        "active -",
    );
    let mut forged = cancel("a/9", 1, &[("a/1", 0)]);
    forged.carriers = ["feed:2".to_owned()].into();
    check(&[alert("a/1", 0), forged.clone()], 2, "active -");
    forged.by_hand = true;
    check(&[alert("a/1", 0), forged], 2, "cancelled -");
}

#[test]
fn no_feed_replaces_what_another_one_said() {
    let mut foreign = update("a/2", 1, &[("a/1", 0)]);
    foreign.carriers = ["feed:2".to_owned()].into();
    check(&[alert("a/1", 0), foreign], 2, "active active");
}

#[test]
fn an_exercise_touches_nothing_real() {
    let mut exercise = update("a/2", 1, &[("a/1", 0)]);
    exercise.status = Status::Exercise;
    let mut ending = cancel("a/3", 1, &[("a/1", 0)]);
    ending.status = Status::Exercise;
    check(&[alert("a/1", 0), exercise, ending], 2, "active active -");
}

#[test]
fn what_is_not_for_people_is_no_alert() {
    for status in [Status::Test, Status::Draft, Status::System] {
        let mut link = alert("a/1", 0);
        link.status = status;
        check(&[link], 1, "-");
    }
    check(
        &[
            link("a/1", 0, MsgType::Ack, &[]),
            link("a/2", 0, MsgType::Error, &[]),
        ],
        1,
        "- -",
    );
}

#[test]
fn the_same_identifier_sent_again_replaces_the_earlier_one() {
    check(&[alert("a/1", 0), alert("a/1", 1)], 2, "superseded active");
}

#[test]
fn a_feed_without_references_replaces_by_place() {
    let at_place = |name, hour, desc: &str, parts: &[u64]| {
        let mut link = alert(name, hour);
        link.place = Some(Place {
            descs: [desc.to_owned()].into(),
            parts: parts.iter().copied().collect(),
        });
        link
    };
    let old = at_place("a/1", 0, "Banten", &[1, 2]);
    let again = at_place("a/2", 1, "Banten", &[1, 2, 3]);
    check(&[old.clone(), again], 2, "superseded active");
    let elsewhere = at_place("a/2", 1, "Banten", &[2, 3]);
    check(&[old.clone(), elsewhere], 2, "active active");
    let other = at_place("a/2", 1, "Jambi", &[1, 2]);
    check(&[old.clone(), other], 2, "active active");
    check(&[old, alert("a/2", 1)], 2, "active active");
}

#[test]
fn an_incident_makes_one_chain_and_replaces_nothing() {
    let mut links = [alert("a/1", 0), alert("a/2", 1), alert("b/3", 1)];
    for link in &mut links {
        link.incidents = vec!["flood".into()];
    }
    let found = states(&links, at(2));
    assert_eq!(
        found.iter().map(|one| one.chain).collect::<Vec<_>>(),
        [0, 0, 2]
    );
    assert!(found.iter().all(|one| one.state == Some(State::Active)));
}

/// A handful of messages that know each other: any type, sender, feed, and references to each other or to nothing.
fn messages() -> impl Strategy<Value = Vec<Link>> {
    let reference = (0_usize..2, 0_usize..7);
    let one = (
        0_usize..2,
        0_i64..6,
        0_usize..5,
        0_usize..3,
        any::<bool>(),
        prop::collection::vec(reference, 0..3),
        prop::collection::btree_set(0_u64..3, 0..3),
    );
    prop::collection::vec(one, 1..7).prop_map(|rows| {
        let sent: Vec<i64> = rows.iter().map(|row| row.1).collect();
        let row = |(index, (sender, hour, kind, feed, by_hand, references, parts)): (usize, _)| {
            let msg_type = MsgType::ALL[kind];
            let names: Vec<(String, i64)> = Vec::from_iter(references)
                .into_iter()
                .map(|(sender, other): (usize, usize)| {
                    let hour = sent.get(other).copied().unwrap_or(0);
                    (format!("s{sender}/m{other}"), hour)
                })
                .collect();
            let names: Vec<(&str, i64)> = names.iter().map(|(n, h)| (n.as_str(), *h)).collect();
            let mut made = link(&format!("s{sender}/m{index}"), hour, msg_type, &names);
            made.carriers = [format!("feed:{feed}")].into();
            made.by_hand = by_hand;
            made.place = (feed == 0).then(|| Place {
                descs: BTreeSet::new(),
                parts,
            });
            made
        };
        rows.into_iter().enumerate().map(row).collect()
    })
}

/// Key by key, so that two orders can be compared.
fn by_key(links: &[Link], now: Timestamp) -> BTreeMap<Key, (Option<State>, Key, Option<Key>)> {
    let found = states(links, now);
    let row = |(link, standing): (&Link, &Standing)| {
        let chain = links[standing.chain].key.clone();
        let ended = standing.ended_by.map(|by| links[by].key.clone());
        (link.key.clone(), (standing.state, chain, ended))
    };
    links.iter().zip(&found).map(row).collect()
}

proptest! {
    #[test]
    fn the_order_in_which_messages_come_does_not_matter(
        (links, shuffled) in messages().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        hour in 0_i64..14,
    ) {
        prop_assert_eq!(by_key(&links, at(hour)), by_key(&shuffled, at(hour)));
    }

    #[test]
    fn no_chain_of_alerts_is_silenced_by_updates_alone(links in messages(), hour in 0_i64..14) {
        // What replaces is itself an alert: follow it, and it ends at one that was not replaced, or at a withdrawal.
        let found = states(&links, at(hour));
        for (index, standing) in found.iter().enumerate() {
            let (mut at, mut steps) = (index, 0);
            while found[at].state == Some(State::Superseded) {
                at = found[at].ended_by.unwrap();
                steps += 1;
                prop_assert!(steps <= links.len(), "{:?} goes round", standing);
            }
        }
    }
}
