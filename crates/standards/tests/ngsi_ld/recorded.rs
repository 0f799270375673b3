//! Examples of the Smart Data Models, which are not kept here.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pendopo_standards::ngsi_ld::{Context, Document, Format, Kind};
use serde_json::Value as Tree;

use crate::support::{in_format, stored};

/// Names the folder with recorded data; tests that need it say so when it is not set.
const DATA: &str = "PENDOPO_DATA";

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os(DATA).filter(|folder| !folder.is_empty());
    if folder.is_none() {
        use std::io::Write;
        let _ = writeln!(
            std::io::stderr(),
            "skipped: 1 test reads recorded examples; set {DATA} to the folder that has them"
        );
    }
    folder.map(PathBuf::from)
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = vec![];
    for model in std::fs::read_dir(folder.join("sdm")).unwrap() {
        for file in std::fs::read_dir(model.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The context of an example; every URL of a data model is the file of that model, others are empty.
fn context(folder: &Path, context: &Tree) -> Context {
    let mut loaded = HashMap::new();
    for url in pendopo_standards::ngsi_ld::context::references(context) {
        let model = url.split('/').find(|part| part.starts_with("dataModel."));
        let document = match model {
            Some(model) => {
                let path = folder.join(format!("contexts/{model}.context.jsonld"));
                serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
            }
            None => serde_json::json!({"@context": {}}),
        };
        loaded.insert(url, Arc::new(document));
    }
    Context::build(context, &loaded).unwrap()
}

/// Reads and writes every example; gives those that are no NGSI-LD, with the reason.
fn check(folder: &Path, ending: &str, format: Format) -> Vec<String> {
    let mut malformed = vec![];
    let files = files(folder, ending);
    assert!(files.len() > 15, "{}", files.len());
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let body = std::fs::read(&path).unwrap();
        let mut expect: Tree = serde_json::from_slice(&body).unwrap();
        let given = expect.as_object_mut().unwrap().remove("@context");
        let context = context(folder, &given.unwrap());
        let fragment = match Document::parse(&body).unwrap().entity(&context) {
            Ok(fragment) => fragment,
            Err(problem) => {
                assert_eq!(problem.kind, Kind::BadRequestData);
                malformed.push(format!("{name}: {}", problem.detail));
                continue;
            }
        };
        let entity = stored(fragment);
        assert_eq!(in_format(&entity, &context, format), expect, "{name}");
        // In its other forms it is read as the same.
        for other in [Format::Normalized, Format::Concise] {
            let text = in_format(&entity, &context, other).to_string();
            let again = Document::parse(text.as_bytes()).unwrap().entity(&context);
            let again = stored(again.unwrap());
            assert_eq!(in_format(&again, &context, format), expect, "{name}");
        }
    }
    malformed
}

#[test]
fn normalized_examples_are_read_and_written_as_they_are() {
    let Some(folder) = folder() else { return };
    let malformed = check(&folder, ".normalized.jsonld", Format::Normalized);
    let known = [
        "FloodMonitoring.normalized.jsonld: floodLevelStatus: 'string' is not a type of attribute",
        "WaterObserved.normalized.jsonld: dateObserved: object: '2020-03-17T08:45:00.209Z' is not an absolute URI",
        "CityWork.normalized.jsonld: workDisposition: tramwayImpacted: 'Property ' is not a type of attribute",
        "Vehicle.normalized.jsonld: battery: observedAt: '2021-03-11T15:51:02+05:30' is not a time in UTC that ends with Z",
        "WeatherForecast.normalized.jsonld: id: 'Spain-WeatherForecast-46005_2016-12-01T18:00:00_2016-12-02T00:00:00' is \
         not an absolute URI",
    ];
    assert_eq!(malformed, known);
}

#[test]
fn simplified_examples_are_read_and_written_as_they_are() {
    let Some(folder) = folder() else { return };
    let malformed = check(&folder, ".keyvalues.jsonld", Format::Simplified);
    let known = ["WeatherForecast.keyvalues.jsonld: id: \
         'Spain-WeatherForecast-46005_2016-12-01T18:00:00_2016-12-02T00:00:00' is not an absolute URI"];
    assert_eq!(malformed, known);
}

#[test]
fn examples_of_the_version_before_ngsi_ld_are_refused() {
    let Some(folder) = folder() else { return };
    for path in files(&folder, ".normalized.json") {
        let body = std::fs::read(&path).unwrap();
        let problem = Document::parse(&body)
            .unwrap()
            .entity(&Context::core())
            .unwrap_err();
        assert_eq!(problem.kind, Kind::BadRequestData, "{path:?}");
    }
}
