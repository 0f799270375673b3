//! Every fault has its text in every language, with the arguments that the text asks for.

use std::collections::BTreeSet;

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource};
use pendopo_standards::open311::Problem;
use pendopo_standards::open311::problem::KEYS;

const LANGUAGES: [(&str, &str); 2] = [
    (
        "id",
        include_str!("../../../../translations/id/open311.ftl"),
    ),
    (
        "en",
        include_str!("../../../../translations/en/open311.ftl"),
    ),
];

fn bundle(text: &str) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::default();
    bundle.set_use_isolating(false);
    bundle
        .add_resource(FluentResource::try_new(text.to_owned()).unwrap())
        .unwrap();
    bundle
}

/// Fails if a text is missing or asks for an argument that the problem does not have.
pub fn assert_translated(problem: &Problem) {
    for (language, text) in LANGUAGES {
        let bundle = bundle(text);
        let message = bundle
            .get_message(problem.key)
            .and_then(|message| message.value());
        let pattern = message.unwrap_or_else(|| panic!("{language} lacks {}", problem.key));
        let mut args = FluentArgs::new();
        for (name, value) in &problem.args {
            args.set(*name, value.clone());
        }
        let mut faults = Vec::new();
        let shown = bundle
            .format_pattern(pattern, Some(&args), &mut faults)
            .into_owned();
        assert!(
            faults.is_empty(),
            "{language} {}: {faults:?} in {shown}",
            problem.key
        );
    }
}

#[test]
fn both_languages_have_exactly_the_keys_of_the_code() {
    let expect: BTreeSet<&str> = KEYS.iter().copied().collect();
    assert_eq!(expect.len(), KEYS.len(), "a key occurs twice");
    for (language, text) in LANGUAGES {
        bundle(text);
        let ids = text
            .lines()
            .filter_map(|line| line.split_once(" = "))
            .map(|(id, _)| id);
        let found: BTreeSet<&str> = ids.filter(|id| id.starts_with("open311-")).collect();
        assert_eq!(found, expect, "{language}");
    }
}

#[test]
fn both_languages_ask_for_the_same_arguments() {
    let variables = |text: &str, key: &str| -> BTreeSet<String> {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "))
            .unwrap();
        line.split("{ $")
            .skip(1)
            .filter_map(|part| part.split(' ').next())
            .map(str::to_owned)
            .collect()
    };
    for key in KEYS {
        assert_eq!(
            variables(LANGUAGES[0].1, key),
            variables(LANGUAGES[1].1, key),
            "{key}"
        );
    }
}

#[test]
fn the_faults_that_only_a_server_knows_are_translated() {
    let problems = [
        (Problem::api_key_missing(), 403),
        (Problem::api_key_unknown(), 403),
        (Problem::service_unknown("x"), 404),
        (Problem::definition_unknown("x"), 404),
        (Problem::request_unknown("x"), 404),
        (Problem::token_unknown(), 404),
        (Problem::update_id_used("x"), 400),
        (Problem::update_files(), 400),
        (Problem::format_unknown(), 404),
        (Problem::resource_unknown(), 404),
        (Problem::internal("r-1"), 500),
        (Problem::unavailable(), 503),
    ];
    for (problem, status) in problems {
        assert_eq!(problem.status, status, "{problem}");
        assert_translated(&problem);
    }
}
