//! Whether a blueprint can be handed on: ids, limits, languages, references, parameters.

use std::collections::BTreeSet;

use serde_json::Value;

use super::manifest::{SHIPPED, is_identity, version};
use super::objects::{Kind, Need, Object, ObjectId, types};
use super::params::{DURATIONS, ParamKind, named};
use super::{Blueprint, DEEPEST, LONGEST_TEXT, MOST_OBJECTS, MOST_PARAMS, MOST_TRIALS, Manifest};
use crate::services::Texts;

/// Something that is wrong with a blueprint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Problem {
    /// Where: a file, an object, or a field of the manifest.
    pub place: String,
    pub what: What,
    /// The name or the words that it is about; may be empty.
    pub detail: String,
}

impl Problem {
    pub fn new(place: &str, what: What, detail: impl Into<String>) -> Self {
        Self {
            place: place.to_owned(),
            what,
            detail: detail.into(),
        }
    }
}

crate::word_enum!(
    /// What may be wrong. Each word is a key of `translations/`.
    What {
        BadId = "bad_id",
        BadVersion = "bad_version",
        BadLicence = "bad_licence",
        MissingLanguage = "missing_language",
        TooLong = "too_long",
        TooMany = "too_many",
        TooDeep = "too_deep",
        Twice = "twice",
        /// A file does not lie in the folder of its kind, or has another ending.
        BadPath = "bad_path",
        MissingFile = "missing_file",
        UnknownFile = "unknown_file",
        Unreadable = "unreadable",
        BadObject = "bad_object",
        /// The code in the file is not the id in the manifest.
        OtherCode = "other_code",
        UnknownParam = "unknown_param",
        UnusedParam = "unused_param",
        BadParam = "bad_param",
        NotThere = "not_there",
        EmptyRequirement = "empty_requirement",
        BadLegalBasis = "bad_legal_basis",
        BadEvidence = "bad_evidence",
        BadOrigin = "bad_origin",
        BadMove = "bad_move",
        BadDigest = "bad_digest",
    }
);

/// Everything that is wrong with a blueprint; empty when it can be handed on.
pub fn check(blueprint: &Blueprint) -> Vec<Problem> {
    let mut found = vec![];
    head(&blueprint.manifest, &mut found);
    entries(&blueprint.manifest, &mut found);
    params(blueprint, &mut found);
    for (id, data) in &blueprint.objects {
        let place = id.to_string();
        if depth(data) > DEEPEST {
            found.push(Problem::new(&place, What::TooDeep, ""));
        } else {
            texts_of(data, &place, &mut found);
        }
    }
    languages_of_words(blueprint, &mut found);
    match blueprint.bound(&blueprint.manifest.defaults()) {
        Ok(tree) => references(blueprint, &tree, &mut found),
        Err(problems) => found.extend(problems),
    }
    rests_on(blueprint, &mut found);
    found.sort();
    found.dedup();
    found
}

/// `a-z`, `0-9` and single hyphens between them.
fn is_slug(text: &str) -> bool {
    (1..=60).contains(&text.len())
        && text.split('-').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
}

fn is_digest(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn head(manifest: &Manifest, found: &mut Vec<Problem>) {
    let (namespace, name) = manifest.id.split_once('/').unwrap_or_default();
    if !(namespace == SHIPPED || is_identity(namespace)) || !is_slug(name) {
        found.push(Problem::new("id", What::BadId, &manifest.id));
    }
    if version(&manifest.version).is_none() {
        found.push(Problem::new("version", What::BadVersion, &manifest.version));
    }
    let spdx = |c: char| c.is_ascii_alphanumeric() || "-.+() ".contains(c);
    if manifest.licence.trim().is_empty() || !manifest.licence.chars().all(spdx) {
        found.push(Problem::new("licence", What::BadLicence, &manifest.licence));
    }
    both(&manifest.name, "name", found);
    both(&manifest.description, "description", found);
    for (count, most, place) in [
        (manifest.objects.len(), MOST_OBJECTS, "object"),
        (manifest.params.len(), MOST_PARAMS, "params"),
        (manifest.tests.len(), MOST_TRIALS, "test"),
        (manifest.legal_basis.len(), MOST_OBJECTS, "legal_basis"),
        (manifest.fit.requires.len(), MOST_PARAMS, "fit.requires"),
        (manifest.provenance.len(), MOST_OBJECTS, "provenance"),
        (manifest.evidence.len(), MOST_OBJECTS, "evidence"),
        (manifest.measures.len(), MOST_OBJECTS, "measure"),
        (manifest.moved.len(), MOST_OBJECTS, "moved"),
    ] {
        if count > most {
            found.push(Problem::new(place, What::TooMany, most.to_string()));
        }
    }
    for (n, requirement) in manifest.fit.requires.iter().enumerate() {
        let place = format!("fit.requires {}", n + 1);
        for texts in requirement.texts() {
            both(texts, &place, found);
        }
        if requirement.is_empty() {
            found.push(Problem::new(&place, What::EmptyRequirement, ""));
        }
    }
}

fn both(texts: &Texts, place: &str, found: &mut Vec<Problem>) {
    for (language, text) in [("id", &texts.id), ("en", &texts.en)] {
        if text.trim().is_empty() {
            found.push(Problem::new(place, What::MissingLanguage, language));
        }
        if text.chars().count() > LONGEST_TEXT {
            found.push(Problem::new(place, What::TooLong, LONGEST_TEXT.to_string()));
        }
    }
}

fn entries(manifest: &Manifest, found: &mut Vec<Problem>) {
    let (mut ids, mut paths) = (BTreeSet::new(), BTreeSet::new());
    let tests = manifest.tests.iter().map(|test| (&test.path, &test.sha256));
    let objects = manifest.objects.iter().map(|one| (&one.path, &one.sha256));
    for (path, sha256) in objects.chain(tests) {
        if !paths.insert(path) {
            found.push(Problem::new(path, What::Twice, ""));
        }
        if sha256.as_deref().is_some_and(|digest| !is_digest(digest)) {
            found.push(Problem::new(path, What::BadDigest, ""));
        }
    }
    for test in &manifest.tests {
        if !lies_in(&test.path, "tests", "toml") {
            found.push(Problem::new(&test.path, What::BadPath, "tests/….toml"));
        }
    }
    for entry in &manifest.objects {
        let id = entry.object();
        if !entry.id.split('/').all(is_slug) || entry.id.len() > 80 {
            found.push(Problem::new("object", What::BadId, id.to_string()));
        }
        let ending = match entry.kind {
            Kind::Text => "ftl",
            _ => "toml",
        };
        if !lies_in(&entry.path, entry.kind.folder(), ending) {
            let shown = format!("{}/….{ending}", entry.kind.folder());
            found.push(Problem::new(&entry.path, What::BadPath, shown));
        }
        if !ids.insert(id.clone()) {
            found.push(Problem::new("object", What::Twice, id.to_string()));
        }
    }
    for (old, new) in &manifest.moved {
        if ids.contains(old) || !ids.contains(new) || old.kind != new.kind {
            found.push(Problem::new("moved", What::BadMove, old.to_string()));
        }
    }
}

/// Whether a path is a plain name in `folder`, with `ending`.
fn lies_in(path: &str, folder: &str, ending: &str) -> bool {
    let name = path
        .strip_prefix(folder)
        .and_then(|rest| rest.strip_prefix('/'));
    let name = name.and_then(|name| name.strip_suffix(ending)?.strip_suffix('.'));
    name.is_some_and(is_slug)
}

fn params(blueprint: &Blueprint, found: &mut Vec<Problem>) {
    let params = &blueprint.manifest.params;
    let used: BTreeSet<String> = blueprint.objects.values().flat_map(named).collect();
    for (name, param) in params {
        let place = format!("params.{name}");
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if name.is_empty() || name.len() > 60 || !name.chars().all(good) {
            found.push(Problem::new(&place, What::BadId, name));
        }
        both(&param.why, &place, found);
        if !param.takes(&param.default) {
            found.push(Problem::new(&place, What::BadParam, "default"));
        }
        let unit = param.unit.as_deref();
        if param.kind == ParamKind::Duration && !unit.is_some_and(|unit| DURATIONS.contains(&unit))
        {
            found.push(Problem::new(&place, What::BadParam, "unit"));
        }
        if !used.contains(name) {
            found.push(Problem::new(&place, What::UnusedParam, name));
        }
    }
    for (id, data) in &blueprint.objects {
        for name in named(data) {
            if !params.contains_key(&name) {
                found.push(Problem::new(&id.to_string(), What::UnknownParam, name));
            }
        }
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Texts in two languages are objects with nothing but `id` and `en`.
fn texts_of(value: &Value, place: &str, found: &mut Vec<Problem>) {
    match value {
        Value::Object(fields) => {
            let languages = fields.keys().all(|name| name == "id" || name == "en");
            if languages && !fields.is_empty() {
                for language in ["id", "en"] {
                    let text = fields.get(language).and_then(Value::as_str);
                    if text.is_none_or(|text| text.trim().is_empty()) {
                        found.push(Problem::new(place, What::MissingLanguage, language));
                    }
                }
            }
            for inner in fields.values() {
                texts_of(inner, place, found);
            }
        }
        Value::Array(list) => {
            for inner in list {
                texts_of(inner, place, found);
            }
        }
        Value::String(text) if text.chars().count() > LONGEST_TEXT => {
            found.push(Problem::new(place, What::TooLong, LONGEST_TEXT.to_string()));
        }
        _ => {}
    }
}

/// Words of a blueprint come in both languages, with the same keys: `<name>/id` and `<name>/en`.
fn languages_of_words(blueprint: &Blueprint, found: &mut Vec<Problem>) {
    let words = |id: &ObjectId| blueprint.objects.get(id).and_then(Value::as_object);
    for id in blueprint.objects.keys().filter(|id| id.kind == Kind::Text) {
        let place = id.to_string();
        let other = match id.id.rsplit_once('/') {
            Some((name, "id")) => format!("{name}/en"),
            Some((name, "en")) => format!("{name}/id"),
            _ => {
                found.push(Problem::new(&place, What::BadId, "…/id, …/en"));
                continue;
            }
        };
        let other = ObjectId::new(Kind::Text, &other);
        let (Some(mine), theirs) = (words(id), words(&other)) else {
            continue;
        };
        for key in mine.keys() {
            if theirs.is_none_or(|theirs| !theirs.contains_key(key)) {
                found.push(Problem::new(&other.to_string(), What::MissingLanguage, key));
            }
        }
    }
}

fn references(blueprint: &Blueprint, tree: &super::Tree, found: &mut Vec<Problem>) {
    let objects: Vec<(&ObjectId, Object)> = tree
        .0
        .iter()
        .filter_map(|(id, data)| Some((id, Object::read(id.kind, data).ok()?)))
        .collect();
    let mut there: BTreeSet<Need> = objects
        .iter()
        .map(|(id, _)| Need::Object((*id).clone()))
        .collect();
    there.extend(
        objects
            .iter()
            .flat_map(|(_, object)| types(object))
            .map(Need::Type),
    );
    let required = blueprint.manifest.fit.requires.iter();
    there.extend(required.filter_map(super::fit::Requirement::gives));
    // What the city fills in, it has.
    for param in blueprint.manifest.params.values() {
        if let Some(code) = param.default.as_str() {
            match param.kind {
                ParamKind::Team => {
                    there.insert(Need::Object(ObjectId::new(Kind::Team, code)));
                }
                ParamKind::Area => {
                    there.insert(Need::Area(code.to_owned()));
                }
                _ => {}
            }
        }
    }
    for (id, object) in objects {
        let place = id.to_string();
        if object.code().is_some_and(|code| code != id.id) {
            let code = object.code().unwrap_or_default();
            found.push(Problem::new(&place, What::OtherCode, code));
        }
        for need in object.needs() {
            if !there.contains(&need) {
                found.push(Problem::new(&place, What::NotThere, need.to_string()));
            }
        }
    }
}

/// Legal basis, measures, evidence, origin.
fn rests_on(blueprint: &Blueprint, found: &mut Vec<Problem>) {
    let manifest = &blueprint.manifest;
    for basis in &manifest.legal_basis {
        if !basis.uri.starts_with("/akn/") || basis.objects.is_empty() {
            found.push(Problem::new("legal_basis", What::BadLegalBasis, &basis.uri));
        }
        for id in &basis.objects {
            if !blueprint.objects.contains_key(id) {
                found.push(Problem::new("legal_basis", What::NotThere, id.to_string()));
            }
        }
    }
    let is_measure = |code: &str| {
        let id = ObjectId::new(Kind::Measure, code);
        blueprint.objects.contains_key(&id)
    };
    for judged in &manifest.measures {
        if !is_measure(&judged.id) || judged.window_months == 0 {
            found.push(Problem::new("measure", What::NotThere, &judged.id));
        }
    }
    for one in &manifest.evidence {
        let sound = is_measure(&one.measure)
            && one.low <= one.effect
            && one.effect <= one.high
            && one.claim <= 4
            && one.cities <= one.receipts
            && is_digest(&one.data_digest);
        if !sound {
            found.push(Problem::new("evidence", What::BadEvidence, &one.measure));
        }
    }
    for origin in &manifest.provenance {
        let sound = is_identity(&origin.city)
            && version(&origin.version).is_some()
            && is_digest(&origin.digest);
        if !sound {
            found.push(Problem::new("provenance", What::BadOrigin, &origin.city));
        }
    }
}
