use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::*;

/// Key to the variables of its text, read from the sources as written.
fn keys(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, source) in sources(language) {
        let mut key = None;
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            if line.starts_with(|first: char| first.is_ascii_alphabetic())
                && let Some((name, _)) = line.split_once('=')
            {
                key = Some(name.trim().to_owned());
                let twice = found.insert(name.trim().to_owned(), BTreeSet::new());
                assert_eq!(twice, None, "{name} is given twice");
            }
            let variables = line.split('$').skip(1).map(|rest| {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                rest[..end.unwrap_or(rest.len())].to_owned()
            });
            match &key {
                Some(key) => found.entry(key.clone()).or_default().extend(variables),
                None => assert_eq!(variables.count(), 0, "{name}: a variable before any key"),
            }
        }
    }
    found
}

#[test]
fn both_languages_have_the_same_texts_with_the_same_variables() {
    let (id, en) = (keys(Language::Id), keys(Language::En));
    assert!(id.len() > 300, "only {} texts were read", id.len());
    for (key, variables) in &id {
        let other = en.get(key);
        assert_eq!(other, Some(variables), "{key}");
    }
    let more: Vec<_> = en.keys().filter(|key| !id.contains_key(*key)).collect();
    assert_eq!(more, Vec::<&String>::new(), "only in English");
}

#[test]
fn every_text_parses_and_can_be_found() {
    for language in Language::ALL {
        for (name, source) in sources(language) {
            let parsed = FluentResource::try_new(source).map_err(|(_, errors)| errors);
            assert!(parsed.is_ok(), "{name}: {:?}", parsed.err());
        }
        for key in keys(language).keys() {
            assert!(bundle(language).has_message(key), "{key}");
        }
    }
}

/// Files in which a key may be used.
fn users() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    walk(&root.join("templates"), &mut found);
    walk(&root.join("src"), &mut found);
    // The command line speaks from the same files.
    walk(&root.join("../pendopo/src"), &mut found);
    found
}

#[test]
fn no_text_is_left_over() {
    let text: String = users()
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap_or_default())
        .collect();
    // `t("state-" ~ word)` uses every key that begins with `state-`, and so does `format!("state-{}", …)`.
    let literals: Vec<&str> = text.split('"').collect();
    let prefixes: BTreeSet<&str> = literals
        .iter()
        .map(|word| word.strip_suffix("{}").unwrap_or(word))
        .filter(|word| word.len() > 2 && word.ends_with('-') && !word.contains(' '))
        .collect();
    let words: BTreeSet<&str> = literals.into_iter().collect();
    let code = ["month-", "open311-"];
    for key in keys(Language::Id).keys() {
        let used = words.contains(key.as_str())
            || prefixes.iter().chain(&code).any(|p| key.starts_with(*p));
        assert!(used, "{key} is used nowhere");
    }
}

#[test]
fn the_language_is_the_one_chosen_else_the_one_preferred_else_bahasa_indonesia() {
    let check = |cookie, header, expect| {
        assert_eq!(
            Language::choose(cookie, header),
            expect,
            "{cookie:?} {header:?}"
        );
    };
    check(None, None, Language::Id);
    check(None, Some("fr, de;q=0.5"), Language::Id);
    check(None, Some("fr, en-GB;q=0.8, id;q=0.5"), Language::En);
    check(None, Some("en;q=0.3,id;q=0.9"), Language::Id);
    check(None, Some("id-ID,id,en-US,en"), Language::Id);
    check(None, Some("en;q=0, *"), Language::Id);
    check(Some("en"), Some("id"), Language::En);
    check(Some("xx"), Some("en"), Language::En);
}

#[test]
fn a_missing_text_or_variable_is_named() {
    let missing = try_text(Language::Id, "no-such-key", None).unwrap_err();
    assert_eq!(missing.to_string(), "no text no-such-key in id");
    let incomplete = try_text(Language::Id, "age-days", None).unwrap_err();
    assert!(matches!(incomplete, TextError::Incomplete { .. }));
}

#[test]
fn counts_in_texts_are_written_as_the_language_writes_numbers() {
    let mut args = FluentArgs::new();
    args.set("n", 1599);
    let say = |language| text(language, "open-count", Some(&args));
    assert_eq!(say(Language::Id), "1.599 laporan masih terbuka");
    assert_eq!(say(Language::En), "1,599 reports are still open");
}
