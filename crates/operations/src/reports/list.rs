//! Many public reports: lists, the map, and those that may be about the same thing.

use pendopo_domain::geo::{BoundingBox, Position};
use pendopo_domain::reports::{Report, State};
use pendopo_store::report_query::{self, Filter, Order};

use crate::{City, Result, limits};

/// Open public reports of the same service near `at`, to ask *already reported?*
///
/// # Errors
/// When the database does not answer.
pub async fn similar(city: &City, service_code: &str, at: Position) -> Result<Vec<Report>> {
    let filter = Filter {
        public_only: true,
        services: vec![service_code.to_owned()],
        states: vec![State::Received, State::Assigned, State::Reopened],
        near: Some((at, limits::SIMILAR_METRES)),
        received_from: Some(city.now().plus_days(-limits::SIMILAR_DAYS)),
        ..Filter::default()
    };
    Ok(report_query::list(
        &mut city.store().read().await?,
        &filter,
        Order::NewestFirst,
        3,
        0,
    )
    .await?)
}

/// What a list on a page or an interface asks for.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    pub filter: Filter,
    /// From 1.
    pub page: i64,
    /// At most [`limits::LIST_ROWS`].
    pub rows: i64,
}

/// Public reports, newest first, and how many there are in all.
///
/// # Errors
/// When the database does not answer.
pub async fn list_public(
    city: &City,
    listing: &Listing,
    order: Order,
) -> Result<(Vec<Report>, i64)> {
    let filter = Filter {
        public_only: true,
        ..listing.filter.clone()
    };
    let rows = listing.rows.clamp(1, limits::LIST_ROWS);
    let offset = (listing.page.max(1) - 1).saturating_mul(rows);
    let mut db = city.store().read().await?;
    let found = report_query::list(&mut db, &filter, order, rows, offset).await?;
    let total = report_query::count(&mut db, &filter).await?;
    Ok((found, total))
}

/// Public reports inside a box, gathered by squares so that a full city stays drawable.
///
/// `square` is in degrees. At most 2,000 squares, the fullest first.
///
/// # Errors
/// When the database does not answer.
pub async fn map_public(
    city: &City,
    filter: &Filter,
    within: BoundingBox,
    square: f64,
) -> Result<Vec<report_query::Cluster>> {
    const MOST_SQUARES: i64 = 2_000;
    let filter = Filter {
        public_only: true,
        ..filter.clone()
    };
    let mut db = city.store().read().await?;
    Ok(report_query::clusters(&mut db, &filter, within, square, MOST_SQUARES).await?)
}
