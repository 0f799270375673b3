//! Laws of blueprints, over blueprints made by chance.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::adopt::{Cause, History, Plan, Refusal, State, apply, plan, roll_back};
use super::fit::{Facts, Fit};
use super::manifest::Maintenance;
use super::merge::{Field, Owner, Settlement, Take, merge};
use super::objects::normal;
use super::params::{Param, ParamKind};
use super::*;
use crate::services::Texts;

fn id(text: &str) -> ObjectId {
    ObjectId::try_from(text.to_owned()).unwrap()
}

fn texts(text: &str) -> Value {
    json!({"id": text, "en": text})
}

fn team(code: &str, name: &str) -> (ObjectId, Value) {
    (
        ObjectId::new(Kind::Team, code),
        json!({"code": code, "names": texts(name)}),
    )
}

fn service(code: &str) -> (ObjectId, Value) {
    let data = json!({"code": code, "names": texts(code), "verify_days": 3, "follow_up_days": 5});
    (ObjectId::new(Kind::Service, code), data)
}

fn step(code: &str, minutes: impl Into<Value>) -> Value {
    json!({"code": code, "text": texts(code), "role": "crew", "minutes": minutes.into()})
}

fn playbook(code: &str, steps: &[Value]) -> (ObjectId, Value) {
    let data = json!({"code": code, "names": texts(code), "service_code": "rob", "steps": steps});
    (ObjectId::new(Kind::Playbook, code), data)
}

fn param(kind: ParamKind, default: Value, local_required: bool) -> Param {
    Param {
        kind,
        default,
        unit: None,
        least: None,
        most: None,
        local_required,
        why: Texts::same("why"),
    }
}

fn blueprint(
    version: &str,
    params: &[(&str, Param)],
    objects: impl IntoIterator<Item = (ObjectId, Value)>,
) -> Blueprint {
    let params = params
        .iter()
        .map(|(name, param)| ((*name).to_owned(), param.clone()));
    let manifest = Manifest {
        id: "pendopo/coba".into(),
        version: version.into(),
        licence: "CC0-1.0".into(),
        maintenance: Maintenance::Active,
        name: Texts::same("x"),
        description: Texts::same("x"),
        params: params.collect(),
        fit: Fit::default(),
        objects: vec![],
        legal_basis: vec![],
        measures: vec![],
        provenance: vec![],
        evidence: vec![],
        moved: BTreeMap::new(),
        tests: vec![],
    };
    Blueprint {
        manifest,
        objects: objects.into_iter().collect(),
        trials: BTreeMap::new(),
    }
}

fn facts() -> Facts {
    Facts {
        roles: ["crew".to_owned()].into(),
        ..Facts::default()
    }
}

fn tree(objects: impl IntoIterator<Item = (ObjectId, Value)>) -> Tree {
    let normal = |(id, data): (ObjectId, Value)| {
        let data = normal(id.kind, &data).unwrap();
        (id, data)
    };
    Tree(objects.into_iter().map(normal).collect())
}

fn planned(
    state: &State,
    blueprint: &Blueprint,
    params: &[(&str, Value)],
    settled: &[(&str, &str, Take)],
) -> Plan {
    let params = params
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()));
    let settled = settled.iter().map(|(object, field, take)| {
        let at = Field {
            object: id(object),
            field: (*field).to_owned(),
        };
        let settlement = Settlement {
            take: *take,
            by: "position:1".into(),
            reason: "as decided".into(),
        };
        (at, settlement)
    });
    plan(
        state,
        &facts(),
        blueprint,
        "00",
        &params.collect(),
        &settled.collect(),
    )
    .unwrap()
}

fn first() -> Blueprint {
    let batas = param(ParamKind::Number, json!(30), true);
    let steps = [step("lihat", "${menit}"), step("pompa", 40)];
    let objects = [
        service("rob"),
        team("siaga", "Siaga"),
        playbook("protap", &steps),
    ];
    blueprint("1.0.0", &[("menit", batas)], objects)
}

/// The state after [`first`] was adopted with 20 minutes.
fn adopted() -> (History, State) {
    let (mut history, state) = (History::default(), State::default());
    let plan = planned(&state, &first(), &[("menit", json!(20))], &[]);
    let state = apply(&mut history, &state, &plan).unwrap();
    (history, state)
}

fn minutes(state: &State, step: usize) -> &Value {
    &state.tree.get(&id("playbook/protap")).unwrap()["steps"][step]["minutes"]
}

#[test]
fn a_city_says_its_own_values_first_and_they_stay_through_an_upgrade() {
    let state = State::default();
    let without = planned(&state, &first(), &[], &[]);
    assert_eq!(without.missing, ["menit"]);
    let refused = apply(&mut History::default(), &state, &without);
    assert_eq!(refused, Err(Refusal::Missing));

    let (mut history, state) = adopted();
    assert_eq!(minutes(&state, 0), &json!(20));
    let mut next = first();
    next.manifest.version = "1.1.0".into();
    next.manifest.params.get_mut("menit").unwrap().default = json!(25);
    let plan = planned(&state, &next, &[], &[]);
    assert_eq!(
        (plan.changes.len(), &*plan.unused_defaults),
        (0, &["menit".to_owned()][..])
    );
    let state = apply(&mut history, &state, &plan).unwrap();
    assert_eq!(minutes(&state, 0), &json!(20));
    let cause = &history.0.last().unwrap().cause;
    assert!(matches!(cause, Cause::Upgraded { version, .. } if version == "1.1.0"));
    // Another value of the city is a change by a parameter, not by the blueprint.
    let plan = planned(&state, &next, &[("menit", json!(22))], &[]);
    let owners: Vec<_> = plan
        .changes
        .iter()
        .map(|one| (one.at.to_string(), one.owner))
        .collect();
    assert_eq!(
        owners,
        [("playbook/protap/steps/lihat/minutes".into(), Owner::Param)]
    );
}

#[test]
fn what_the_city_changed_survives_and_what_both_changed_waits_for_a_person() {
    let (mut history, mut state) = adopted();
    let protap = id("playbook/protap");
    // The city adds a step between the two, and is slower with the pump.
    let steps = [step("lihat", 20), step("telepon", 5), step("pompa", 60)];
    state.tree.0.extend(tree([playbook("protap", &steps)]).0);
    let mut next = first();
    next.manifest.version = "1.1.0".into();
    let steps = [
        step("lihat", "${menit}"),
        step("pompa", 45),
        step("foto", 90),
    ];
    next.objects.extend([playbook("protap", &steps)]);

    let open = planned(&state, &next, &[], &[]);
    let at: Vec<String> = open
        .conflicts
        .iter()
        .map(|one| one.at.to_string())
        .collect();
    assert_eq!(at, ["playbook/protap/steps/pompa/minutes"]);
    assert_eq!(open.kept.len(), 1, "the step of the city");
    assert_eq!(apply(&mut history, &state, &open), Err(Refusal::Unsettled));

    let field = "/steps/pompa/minutes";
    let silent = Settlement {
        take: Take::Upstream,
        by: "position:1".into(),
        reason: " ".into(),
    };
    let without_reason = merge(
        &tree([]),
        &tree([team("siaga", "a")]),
        &tree([team("siaga", "b")]),
        &["id", "en"]
            .map(|language| {
                let at = Field {
                    object: id("team/siaga"),
                    field: format!("/names/{language}"),
                };
                (at, silent.clone())
            })
            .into(),
    );
    assert!(
        without_reason
            .conflicts
            .iter()
            .all(|one| one.settled.is_none())
    );
    assert_eq!(without_reason.conflicts.len(), 2);
    for (take, expect) in [(Take::City, 60), (Take::Upstream, 45)] {
        let plan = planned(&state, &next, &[], &[("playbook/protap", field, take)]);
        let mut history = History(history.0.clone());
        let state = apply(&mut history, &state, &plan).unwrap();
        let steps = state.tree.get(&protap).unwrap()["steps"]
            .as_array()
            .unwrap();
        let codes: Vec<&str> = steps
            .iter()
            .map(|one| one["code"].as_str().unwrap())
            .collect();
        assert_eq!(codes, ["lihat", "telepon", "pompa", "foto"]);
        assert_eq!(minutes(&state, 2), &json!(expect));
    }
}

#[test]
fn the_order_of_steps_is_a_field_of_its_own() {
    // Each letter is a step.
    let book = |codes: &str| {
        let codes = codes.chars().map(|code| step(&code.to_string(), 1));
        tree([playbook("p", &codes.collect::<Vec<Value>>())])
    };
    let cases = [
        ["abc", "abc", "cab", "cab"],
        ["abc", "cba", "abcd", "cdba"],
        ["abc", "bac", "bac", "bac"],
        ["ab", "xab", "b", "xb"],
        ["ab", "b", "aby", "by"],
    ];
    let merged = |[base, live, next, _]: [&str; 4]| {
        let merged = merge(&book(base), &book(live), &book(next), &BTreeMap::new());
        let steps = &merged.tree.get(&id("playbook/p")).unwrap()["steps"];
        let steps = steps.as_array().unwrap().iter();
        let codes: String = steps.map(|one| one["code"].as_str().unwrap()).collect();
        (codes, merged.conflicts)
    };
    for case in cases {
        assert_eq!(merged(case), (case[3].to_owned(), vec![]));
    }
    let (order, conflicts) = merged(["abc", "bac", "acb", ""]);
    let at: Vec<String> = conflicts.iter().map(|one| one.at.to_string()).collect();
    assert_eq!(
        (&*order, &*at),
        ("bac", &["playbook/p/steps/#order".to_owned()][..])
    );
}

#[test]
fn a_stale_plan_is_refused_and_so_is_one_that_leaves_something_broken() {
    let (mut history, state) = adopted();
    let plan = planned(&state, &first(), &[("menit", json!(10))], &[]);
    let mut changed = state.clone();
    changed.tree.0.extend(tree([team("siaga", "Lain")]).0);
    assert_eq!(apply(&mut history, &changed, &plan), Err(Refusal::Stale));
    // The playbook stays the city's, its service would go.
    let mut next = first();
    next.objects.remove(&id("service/rob"));
    let plan = planned(&state, &next, &[], &[]);
    assert_eq!(plan.broken[0].detail, "service/rob");
    assert_eq!(apply(&mut history, &state, &plan), Err(Refusal::Broken));
    assert_eq!(history.0.len(), 2);
}

#[test]
fn an_object_that_was_renamed_keeps_what_the_city_changed() {
    let (_, mut state) = adopted();
    state.tree.0.extend(tree([team("siaga", "Nama kota")]).0);
    let mut next = first();
    next.objects.remove(&id("team/siaga"));
    next.objects.extend([team("reaksi", "Siaga")]);
    next.manifest.moved = [(id("team/siaga"), id("team/reaksi"))].into();
    let plan = planned(&state, &next, &[], &[]);
    assert!(plan.conflicts.is_empty(), "{:?}", plan.conflicts);
    let state = apply(&mut History::default(), &state, &plan).unwrap();
    assert!(state.tree.get(&id("team/siaga")).is_none());
    let team = state.tree.get(&id("team/reaksi")).unwrap();
    assert_eq!(
        (&team["code"], &team["names"]["id"]),
        (&json!("reaksi"), &json!("Nama kota"))
    );
}

#[test]
fn going_back_deletes_what_was_created_and_keeps_a_count() {
    let (mut history, state) = adopted();
    assert_eq!(
        history.0.iter().map(|one| one.number).collect::<Vec<_>>(),
        [0, 1]
    );
    let back = roll_back(&mut history, &state, 0).unwrap();
    assert_eq!(back, State::default());
    assert_eq!(history.0.last().unwrap().cause, Cause::RolledBack { to: 0 });
    // And forward again, from the generation that it left.
    assert_eq!(roll_back(&mut history, &back, 1).unwrap(), state);
    assert_eq!(
        roll_back(&mut history, &state, 9),
        Err(Refusal::NoGeneration)
    );
}

#[test]
fn a_placeholder_that_is_the_whole_text_has_the_type_of_its_value() {
    let values = [
        ("n".to_owned(), json!(1.5)),
        ("l".to_owned(), json!(["a"])),
        ("t".to_owned(), json!("x")),
    ]
    .into();
    let bound = |text: &str| params::bind(&json!(text), &values);
    assert_eq!(bound("${n}"), Ok(json!(1.5)));
    assert_eq!(bound("${l}"), Ok(json!(["a"])));
    assert_eq!(bound("at ${n} by ${t}${t}"), Ok(json!("at 1.5 by xx")));
    assert_eq!(bound("plain $ {n} ${n"), Ok(json!("plain $ {n} ${n")));
    assert_eq!(bound("in ${l}"), Err("l".into()));
    assert_eq!(bound("${nobody}"), Err("nobody".into()));
}

/// What a city has before: some objects, a few of them of the names that the blueprint uses too.
fn any_objects() -> impl Strategy<Value = Vec<(ObjectId, Value)>> {
    let code = prop::sample::select(vec!["a", "b", "c", "rob"]);
    let name = prop::sample::select(vec!["x", "y"]);
    let steps = prop::collection::vec(
        (prop::sample::select(vec!["s", "t", "u", "v"]), 1i64..4),
        0..4,
    );
    let object = prop_oneof![
        (code.clone(), name).prop_map(|(code, name)| team(code, name)),
        code.clone().prop_map(service),
        (code, steps).prop_map(|(code, steps)| {
            let mut seen = std::collections::BTreeSet::new();
            let steps: Vec<Value> = steps
                .into_iter()
                .filter(|(code, _)| seen.insert(*code))
                .map(|(code, minutes)| step(code, minutes))
                .collect();
            playbook(code, &steps)
        }),
    ];
    prop::collection::vec(object, 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn applying_and_going_back_is_as_if_nothing_had_been(
        city in any_objects(),
        one in any_objects(),
        edits in any_objects(),
        two in any_objects(),
        take in prop::sample::select(vec![Take::City, Take::Upstream]),
    ) {
        let start = State { tree: tree(city.into_iter().chain([service("rob")])), ..State::default() };
        let (mut history, mut state) = (History::default(), start.clone());
        let mut before = vec![];
        for (version, objects) in [("1.0.0", one), ("2.0.0", two)] {
            let next = blueprint(version, &[], objects);
            let open = plan(&state, &facts(), &next, "00", &BTreeMap::new(), &BTreeMap::new()).unwrap();
            let settled = open.conflicts.into_iter().map(|one| {
                (one.at, Settlement { take, by: "position:1".into(), reason: "r".into() })
            });
            let plan = plan(&state, &facts(), &next, "00", &BTreeMap::new(), &settled.collect()).unwrap();
            prop_assert!(plan.conflicts.iter().all(|one| one.settled.is_some()));
            match apply(&mut history, &state, &plan) {
                Ok(after) => {
                    let number = history.0.len() - 2;
                    before.push((u32::try_from(number).unwrap(), state.clone()));
                    // Applied again, it changes nothing.
                    let again = super::adopt::plan(&after, &facts(), &next, "00", &BTreeMap::new(), &BTreeMap::new()).unwrap();
                    prop_assert!(again.changes.is_empty() && again.conflicts.is_empty());
                    state = after;
                }
                Err(refusal) => prop_assert_eq!(refusal, Refusal::Broken),
            }
            state.tree.0.extend(tree(edits.clone()).0);
        }
        for (number, state_before) in before.into_iter().rev() {
            let back = roll_back(&mut history, &state, number).unwrap();
            prop_assert_eq!(&back, &state_before);
            prop_assert_eq!(back.hash(), state_before.hash());
            state = back;
        }
        let numbers: Vec<u32> = history.0.iter().map(|one| one.number).collect();
        prop_assert_eq!(numbers, (0..).take(history.0.len()).collect::<Vec<u32>>());
    }
}
