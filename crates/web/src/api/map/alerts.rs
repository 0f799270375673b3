//! Where the warnings that hold are: outlines for the maps of residents and of walls.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use geo::MultiPolygon;
use pendopo_operations::City;
use pendopo_operations::alerts::{self, Seen};
use pendopo_operations::configuration::Configuration;
use serde_json::{Value, json};

use super::kept::{KeptAnswers, Stand};
use super::{once_more, polygons};
use crate::failure::Failure;
use crate::i18n::Language;
use crate::pages;
use crate::visit::Visit;

/// `GET /map/alerts.json`: one feature for each warning that holds and says where; the gravest last, so that it is drawn on
/// top. What says that a danger is over has no outline. The same for everyone.
pub async fn list_alerts(
    visit: Visit,
    State(kept): State<KeptAnswers>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let city = &visit.city;
    let stand = Stand {
        mark: city.mark().await?,
        configuration: city.configuration(),
    };
    let question = format!("alerts {}", visit.language.tag());
    let answer = match kept.get(city.slug(), &stand, &question) {
        Some(answer) => answer,
        None => {
            let body = features(city, visit.language).await?;
            kept.put(city.slug(), stand, question, body)
        }
    };
    Ok(once_more(&headers, &answer))
}

async fn features(city: &City, language: Language) -> Result<String, Failure> {
    let configuration = city.configuration();
    let holding = alerts::active(city).await?;
    let features: Vec<Value> = holding
        .iter()
        .rev()
        .filter(|one| !one.kept.message.is_all_clear())
        .filter_map(|one| {
            let outline = outline(&configuration, one)?;
            Some(json!({
                "type": "Feature",
                "properties": pages::alert_mark(one, language),
                "geometry": {"type": "MultiPolygon", "coordinates": polygons(&outline)},
            }))
        })
        .collect();
    Ok(json!({"type": "FeatureCollection", "features": features}).to_string())
}

/// What the message draws; the areas of the city that its codes name, when it draws nothing.
fn outline(configuration: &Configuration, one: &Seen) -> Option<MultiPolygon<f64>> {
    let drawn = one.kept.message.areas();
    let drawn: Vec<_> = drawn.iter().flat_map(|area| area.outline().0).collect();
    if !drawn.is_empty() {
        return Some(MultiPolygon(drawn));
    }
    let named = configuration.areas.iter();
    let named: Vec<_> = named
        .filter(|area| one.kept.matched.areas.contains(&area.id))
        .flat_map(|area| area.outline.0.clone())
        .collect();
    (!named.is_empty()).then_some(MultiPolygon(named))
}
