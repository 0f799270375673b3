//! What the map draws: the base, the areas and places, and the reports gathered by squares. GeoJSON (RFC 7946).

mod alerts;
mod kept;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pendopo_domain::geo::{Area, BoundingBox};
use pendopo_domain::reports::{Report, State as ReportState};
use pendopo_operations::City;
use pendopo_operations::configuration::Configuration;
use pendopo_operations::reports::{self, Listing};
use pendopo_operations::store::report_query::{Cluster, Filter, Order};
use pendopo_operations::walls::{self, StandingIncident};
use serde::Deserialize;
use serde_json::{Value, json};

pub use self::alerts::list_alerts;
pub use self::kept::KeptAnswers;
use self::kept::{Answer, Stand};
use crate::assets;
use crate::failure::Failure;
use crate::i18n::{Language, text};
use crate::pages_view::ErrorKind;
use crate::server::AppState;
use crate::visit::Visit;

/// Side of a square on the screen, in pixels: a finger is as wide.
const SQUARE_PX: f64 = 48.0;
/// Marks stand at least this far apart, in pixels, so that each can be touched (WCAG 2.2 §2.5.8).
const APART_PX: f64 = 46.0;
/// Degrees that one pixel of a 512 px tile covers at zoom 0.
const DEGREES_PER_PX: f64 = 360.0 / 512.0;
/// Single reports that are named at once; more of them are drawn without a name.
const NAMED: usize = 300;

/// RFC 7946 §12.
const GEOJSON: &str = "application/geo+json";

/// `GET /map/base.json`
pub async fn base(visit: Visit) -> Response {
    const EMPTY: &str = r#"{"type":"FeatureCollection","features":[]}"#;
    let configuration = visit.city.configuration();
    let text = if configuration.base_map.is_empty() {
        EMPTY
    } else {
        &configuration.base_map
    };
    geojson(text.to_owned(), "public, max-age=3600")
}

/// `GET /map/areas.json`
pub async fn areas(visit: Visit) -> Response {
    let configuration = visit.city.configuration();
    let areas = configuration.areas.iter().map(area);
    let places = configuration.places.iter().map(|(name, at)| {
        json!({
            "type": "Feature",
            "properties": {"kind": "place", "name": name},
            "geometry": {"type": "Point", "coordinates": [at.lon(), at.lat()]},
        })
    });
    let features: Vec<Value> = areas.chain(places).collect();
    let approximate = configuration.areas.iter().any(|area| area.approximate);
    let body =
        json!({"type": "FeatureCollection", "approximate": approximate, "features": features});
    geojson(body.to_string(), "public, max-age=300")
}

/// Polygons, each of rings of `[lon, lat]`, as GeoJSON has them.
fn polygons(outline: &geo::MultiPolygon<f64>) -> Vec<Vec<Vec<[f64; 2]>>> {
    let ring = |line: &geo::LineString<f64>| -> Vec<[f64; 2]> {
        line.0.iter().map(|at| [at.x, at.y]).collect()
    };
    let rings = |polygon: &geo::Polygon<f64>| {
        std::iter::once(polygon.exterior())
            .chain(polygon.interiors())
            .map(ring)
            .collect()
    };
    outline.0.iter().map(rings).collect()
}

fn area(area: &Area) -> Value {
    json!({
        "type": "Feature",
        "id": area.id.0,
        "properties": {
            "kind": "area", "code": area.code, "name": area.name, "approximate": area.approximate,
            "centre": [area.centre.lon(), area.centre.lat()],
        },
        "geometry": {"type": "MultiPolygon", "coordinates": polygons(&area.outline)},
    })
}

/// What the map asks for as it moves.
#[derive(Debug, Deserialize)]
pub struct Window {
    /// `west,south,east,north`
    bbox: String,
    /// Zoom of the map, 0 to 24.
    #[serde(default)]
    zoom: f64,
    /// `open`: only reports that are not ended.
    state: Option<String>,
}

/// `GET /map/reports.json?bbox=w,s,e,n&zoom=z[&state=open]`: the same for everyone, whoever is signed in.
pub async fn list_clusters(
    visit: Visit,
    State(kept): State<KeptAnswers>,
    headers: HeaderMap,
    Query(window): Query<Window>,
) -> Result<Response, Failure> {
    let bad = || Failure::because(ErrorKind::BadRequest, "bbox or zoom");
    let within = BoundingBox::parse(&window.bbox).ok_or_else(bad)?;
    if !(0.0..=24.0).contains(&window.zoom) {
        return Err(bad());
    }
    let only_open = window.state.as_deref() == Some("open");
    let city = &visit.city;
    // The mark is taken before anything is read: what is kept under it may be newer than it says, never older.
    let stand = Stand {
        mark: city.mark().await?,
        configuration: city.configuration(),
    };
    let question = format!(
        "{within:?} {} {only_open} {}",
        window.zoom,
        visit.language.tag()
    );
    let answer = match kept.get(city.slug(), &stand, &question) {
        Some(answer) => answer,
        None => {
            let body = clusters(city, visit.language, within, window.zoom, only_open).await?;
            kept.put(city.slug(), stand, question, body)
        }
    };
    Ok(once_more(&headers, &answer))
}

/// The answer, or that the client has it already.
fn once_more(headers: &HeaderMap, answer: &Answer) -> Response {
    let response = if assets::is_known(headers, &answer.etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, GEOJSON)], answer.body.clone()).into_response()
    };
    let may_keep = [
        (header::CACHE_CONTROL, "no-cache"),
        (header::ETAG, &answer.etag),
    ];
    (may_keep, response).into_response()
}

/// The public reports of a box, gathered.
async fn clusters(
    city: &City,
    language: Language,
    within: BoundingBox,
    zoom: f64,
    only_open: bool,
) -> Result<String, Failure> {
    let square = DEGREES_PER_PX * SQUARE_PX / zoom.exp2();
    let states = ReportState::ALL.iter().copied();
    let filter = Filter {
        states: if only_open {
            states.filter(|state| state.is_open()).collect()
        } else {
            vec![]
        },
        ..Filter::default()
    };
    let clusters = reports::map_public(city, &filter, within, square).await?;
    let clusters = gather(clusters, square / SQUARE_PX * APART_PX);
    let singles: Vec<_> = clusters
        .iter()
        .filter(|cluster| cluster.count == 1)
        .map(|cluster| cluster.report)
        .collect();
    let named = if singles.is_empty() || singles.len() > NAMED {
        vec![]
    } else {
        let rows = i64::try_from(singles.len()).unwrap_or(1);
        // By id whatever number they carry: `map_public` gave ids of this city's rows.
        let filter = Filter {
            row_ids: singles,
            ..Filter::default()
        };
        let listing = Listing {
            filter,
            page: 1,
            rows,
        };
        reports::list_public(city, &listing, Order::NewestFirst)
            .await?
            .0
    };
    let configuration = city.configuration();
    let mut features: Vec<Value> = clusters
        .iter()
        .map(|cluster| feature(&configuration, language, cluster, &named))
        .collect();
    features.extend(incidents(city, language, within).await?);
    Ok(json!({"type": "FeatureCollection", "features": features}).to_string())
}

/// Open incidents that have a public report: what, how it stands, and where to about 100 m. No crew, no team.
async fn incidents(
    city: &City,
    language: Language,
    within: BoundingBox,
) -> Result<Vec<Value>, Failure> {
    /// Thousandths of a degree are 111 m at the equator, and less elsewhere.
    const COARSE: f64 = 1_000.0;
    let configuration = city.configuration();
    let standing = walls::standing_incidents(city).await?;
    let public = standing.iter().filter(|one| one.public_reports > 0);
    let mark = |one: &StandingIncident| {
        let incident = &one.incident;
        let at = incident.position.filter(|at| within.contains(*at))?;
        let code = incident.service_code.as_str();
        let title = configuration
            .service(code)
            .map_or(code, |service| service.names.get(language.tag()));
        let state = text(language, &format!("incident-{}", incident.state), None);
        let number = incident.number();
        let coarse = |degrees: f64| (degrees * COARSE).round() / COARSE;
        Some(json!({
            "type": "Feature",
            "properties": {
                "id": number, "count": 1, "priority": incident.priority.level(),
                "label": format!("{number}: {title}. {state}"),
            },
            "geometry": {"type": "Point", "coordinates": [coarse(at.lon()), coarse(at.lat())]},
        }))
    };
    Ok(public.filter_map(mark).collect())
}

/// Joins clusters whose marks would cover each other: squares are cut anywhere, and two heaps can lie on both sides of a
/// cut. The fullest keeps its place. `apart` is in degrees of longitude.
fn gather(clusters: Vec<Cluster>, apart: f64) -> Vec<Cluster> {
    let mut kept: Vec<Cluster> = Vec::with_capacity(clusters.len());
    for cluster in clusters {
        // A degree of latitude is longer on the map than one of longitude, the more so away from the equator.
        let squeeze = cluster.at.lat().to_radians().cos().max(0.01);
        let near = |other: &&mut Cluster| {
            let (dx, dy) = (
                other.at.lon() - cluster.at.lon(),
                (other.at.lat() - cluster.at.lat()) / squeeze,
            );
            dx.hypot(dy) < apart
        };
        match kept.iter_mut().find(near) {
            Some(other) => {
                other.count += cluster.count;
                other.bounds.west = other.bounds.west.min(cluster.bounds.west);
                other.bounds.south = other.bounds.south.min(cluster.bounds.south);
                other.bounds.east = other.bounds.east.max(cluster.bounds.east);
                other.bounds.north = other.bounds.north.max(cluster.bounds.north);
            }
            None => kept.push(cluster),
        }
    }
    kept
}

fn feature(
    configuration: &Configuration,
    language: Language,
    cluster: &Cluster,
    named: &[Report],
) -> Value {
    let mut properties = json!({"count": cluster.count});
    if let Some(report) = named
        .iter()
        .find(|report| cluster.count == 1 && report.id == cluster.report)
    {
        let title = configuration
            .service(&report.service_code)
            .map_or(report.service_code.as_str(), |service| {
                service.names.get(language.tag())
            });
        let number = report.number().to_string();
        properties = json!({
            "count": 1, "id": report.id.0, "number": number, "title": title, "open": report.state.is_open(),
            "href": format!("/laporan/{number}"),
        });
    } else {
        // A little wider than the reports, so that rounding leaves none outside.
        const MARGIN: f64 = 0.000_001;
        let b = cluster.bounds;
        let (west, south, east, north) = (
            b.west - MARGIN,
            b.south - MARGIN,
            b.east + MARGIN,
            b.north + MARGIN,
        );
        properties["href"] = json!(format!(
            "/laporan?bbox={west:.6},{south:.6},{east:.6},{north:.6}"
        ));
        properties["bounds"] = json!([b.west, b.south, b.east, b.north]);
    }
    json!({
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Point", "coordinates": [cluster.at.lon(), cluster.at.lat()]},
    })
}

/// `GET /map/base.pmtiles`, with ranges, if the node was given a file.
pub async fn pmtiles(
    State(state): State<AppState>,
    request: axum::extract::Request,
) -> Result<Response, Failure> {
    let file = state
        .options
        .pmtiles
        .as_ref()
        .ok_or(Failure::new(ErrorKind::NotFound))?;
    let served = tower_http::services::ServeFile::new(file)
        .try_call(request)
        .await;
    let mut response = served
        .map_err(|error| Failure::because(ErrorKind::Unavailable, error))?
        .into_response();
    // Long enough for one sitting; the pieces of an older file must not be mixed with those of a new one for longer.
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=3600"),
    );
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/vnd.pmtiles"),
    );
    Ok(response)
}

fn geojson(body: String, cache: &'static str) -> Response {
    (
        [
            (header::CONTENT_TYPE, GEOJSON),
            (header::CACHE_CONTROL, cache),
        ],
        body,
    )
        .into_response()
}
