//! Finding reports: lists, counts, the desk's queue, clusters for a map.

use pendopo_domain::geo::{AreaId, BoundingBox, Position};
use pendopo_domain::organisation::TeamId;
use pendopo_domain::reports::{Report, ReportId, State};
use pendopo_domain::time::Timestamp;
use sqlx::{Database as SqlxDatabase, Encode, QueryBuilder, Type};

use crate::Result;
use crate::backend::{Db, on_backend};
use crate::columns;
use crate::reports::{COLUMNS, Row};

/// What to look for; empty and `None` mean no restriction.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Leaves out secret reports.
    pub public_only: bool,
    /// Numbers as people write them: own ids and foreign numbers.
    pub ids: Option<(Vec<ReportId>, Vec<String>)>,
    /// Rows, whatever number their reports carry.
    pub row_ids: Vec<ReportId>,
    pub services: Vec<String>,
    pub states: Vec<State>,
    pub received_from: Option<Timestamp>,
    pub received_to: Option<Timestamp>,
    pub updated_from: Option<Timestamp>,
    pub updated_to: Option<Timestamp>,
    /// The running deadline lies before this.
    pub due_before: Option<Timestamp>,
    /// The running deadline is not over at this instant, but 80 % of its time is.
    pub pressing_at: Option<Timestamp>,
    pub area: Option<AreaId>,
    /// Any of these teams.
    pub teams: Vec<TeamId>,
    pub within: Option<BoundingBox>,
    /// Centre and radius in metres.
    pub near: Option<(Position, f64)>,
    /// Words in the description or the place, without regard to case.
    pub text: Option<String>,
    pub has_photo: Option<bool>,
    /// Leaves out reports that stand in an incident.
    pub without_incident: bool,
}

/// In which order to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Received last comes first.
    NewestFirst,
    /// Changed first comes first, for other systems that follow.
    OldestChangeFirst,
    /// The deadline that ends first comes first, for the desk.
    MostUrgentFirst,
}

impl Order {
    const fn clause(self) -> &'static str {
        match self {
            Self::NewestFirst => " ORDER BY received_at DESC, id DESC",
            Self::OldestChangeFirst => " ORDER BY updated_at, id",
            // COALESCE: the two databases disagree about where NULL sorts.
            Self::MostUrgentFirst => " ORDER BY COALESCE(due_at, 9223372036854775807), id",
        }
    }
}

/// Reports that match, from `offset` on, at most `limit`.
pub async fn list(
    db: &mut Db,
    filter: &Filter,
    order: Order,
    limit: i64,
    offset: i64,
) -> Result<Vec<Report>> {
    let rows: Vec<Row> = on_backend!(db, |c| {
        let mut query = QueryBuilder::new("SELECT ");
        query.push(COLUMNS).push(" FROM reports WHERE 1 = 1");
        push_filter(&mut query, filter);
        query
            .push(order.clause())
            .push(" LIMIT ")
            .push_bind(limit)
            .push(" OFFSET ")
            .push_bind(offset);
        query.build_query_as().fetch_all(c).await?
    });
    rows.into_iter().map(Report::try_from).collect()
}

/// How many match.
pub async fn count(db: &mut Db, filter: &Filter) -> Result<i64> {
    Ok(on_backend!(db, |c| {
        let mut query = QueryBuilder::new("SELECT COUNT(*) FROM reports WHERE 1 = 1");
        push_filter(&mut query, filter);
        query.build_query_scalar().fetch_one(c).await?
    }))
}

/// Reports that share a square of the map.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    pub count: i64,
    /// Their mean position.
    pub at: Position,
    /// One of them: the only one when `count` is 1.
    pub report: ReportId,
    /// The box that holds them all.
    pub bounds: BoundingBox,
}

/// Counts of matching reports by squares of `square` degrees inside `within`, the fullest first.
pub async fn clusters(
    db: &mut Db,
    filter: &Filter,
    within: BoundingBox,
    square: f64,
    limit: i64,
) -> Result<Vec<Cluster>> {
    type Square = (i64, i64, i64, i64, i64, i64, i64, i64);
    let square = columns::to_e7(square).max(1);
    let (west, south) = (columns::to_e7(within.west), columns::to_e7(within.south));
    let rows: Vec<Square> = on_backend!(db, |c| {
        // ROUND: a cast alone rounds on PostgreSQL and cuts off on SQLite.
        let mut query = QueryBuilder::new(
            "SELECT n, id, CAST(ROUND(lon) AS BIGINT), CAST(ROUND(lat) AS BIGINT), w, s, e, nn FROM (
                 SELECT COUNT(*) AS n, MAX(id) AS id, AVG(lon_e7) AS lon, AVG(lat_e7) AS lat,
                     MIN(lon_e7) AS w, MIN(lat_e7) AS s, MAX(lon_e7) AS e, MAX(lat_e7) AS nn,
                     (lon_e7 - ",
        );
        query
            .push_bind(west)
            .push(") / ")
            .push_bind(square)
            .push(" AS gx, (lat_e7 - ");
        query.push_bind(south).push(") / ").push_bind(square);
        query.push(" AS gy FROM reports WHERE 1 = 1");
        push_filter(
            &mut query,
            &Filter {
                within: Some(within),
                ..filter.clone()
            },
        );
        query
            .push(" GROUP BY gx, gy) squares ORDER BY n DESC, id LIMIT ")
            .push_bind(limit);
        query.build_query_as().fetch_all(c).await?
    });
    let degrees = columns::from_e7;
    Ok(rows
        .into_iter()
        .filter_map(|(count, id, lon, lat, w, s, e, n)| {
            Some(Cluster {
                count,
                at: Position::new(degrees(lon), degrees(lat))?,
                report: ReportId(id),
                bounds: BoundingBox::new(degrees(w), degrees(s), degrees(e), degrees(n))?,
            })
        })
        .collect())
}

fn push_filter<DB>(query: &mut QueryBuilder<DB>, filter: &Filter)
where
    DB: SqlxDatabase,
    i64: for<'q> Encode<'q, DB> + Type<DB>,
    f64: for<'q> Encode<'q, DB> + Type<DB>,
    String: for<'q> Encode<'q, DB> + Type<DB>,
{
    if filter.public_only {
        query.push(" AND visibility = 'public'");
    }
    if filter.without_incident {
        query.push(" AND incident_id IS NULL");
    }
    if let Some((own, foreign)) = &filter.ids {
        query.push(" AND (");
        push_in(
            query,
            "(foreign_number IS NULL AND id",
            own.iter().map(|id| id.0),
        );
        query.push(") OR ");
        push_in(query, "foreign_number", foreign.iter().cloned());
        query.push(")");
    }
    if !filter.row_ids.is_empty() {
        push_in(
            query.push(" AND "),
            "id",
            filter.row_ids.iter().map(|id| id.0),
        );
    }
    if !filter.services.is_empty() {
        push_in(
            query.push(" AND "),
            "service_code",
            filter.services.iter().cloned(),
        );
    }
    if !filter.states.is_empty() {
        let words = filter.states.iter().map(|state| state.word().to_owned());
        push_in(query.push(" AND "), "state", words);
    }
    if !filter.teams.is_empty() {
        push_in(
            query.push(" AND "),
            "team_id",
            filter.teams.iter().map(|team| team.0),
        );
    }
    let bounds = [
        (
            " AND received_at >= ",
            filter.received_from.map(Timestamp::micros),
        ),
        (
            " AND received_at <= ",
            filter.received_to.map(Timestamp::micros),
        ),
        (
            " AND updated_at >= ",
            filter.updated_from.map(Timestamp::micros),
        ),
        (
            " AND updated_at <= ",
            filter.updated_to.map(Timestamp::micros),
        ),
        (" AND due_at < ", filter.due_before.map(Timestamp::micros)),
        (" AND area_id = ", filter.area.map(|area| area.0)),
    ];
    for (clause, value) in bounds {
        if let Some(value) = value {
            query.push(clause).push_bind(value);
        }
    }
    if let Some(now) = filter.pressing_at {
        // Where the running step began, as `Report::due_at` chooses its end.
        const BEGAN: &str = "CASE state WHEN 'received' THEN received_at
            WHEN 'assigned' THEN COALESCE(assigned_at, received_at) ELSE updated_at END";
        query.push(" AND due_at >= ").push_bind(now.micros());
        query.push(" AND (").push_bind(now.micros());
        query.push(" - ").push(BEGAN).push(") * 10 >= (due_at - ");
        query.push(BEGAN).push(") * 8");
    }
    if let Some((centre, metres)) = filter.near {
        push_box(query, BoundingBox::around(centre, metres));
        push_circle(query, centre, metres);
    }
    if let Some(within) = filter.within {
        push_box(query, within);
    }
    if let Some(text) = filter.text.as_deref().filter(|text| !text.is_empty()) {
        // LIKE ignores the case of ASCII letters on SQLite only. lower() of the database on both sides: SQLite's
        // leaves other letters as they are, so a pattern lowered here would miss them.
        let pattern = format!("%{}%", escape_like(text));
        query
            .push(" AND (lower(description) LIKE lower(")
            .push_bind(pattern.clone());
        query
            .push(") ESCAPE '!' OR lower(place) LIKE lower(")
            .push_bind(pattern)
            .push(") ESCAPE '!')");
    }
    match filter.has_photo {
        Some(true) => {
            query.push(" AND EXISTS (SELECT 1 FROM photos p WHERE p.report_id = reports.id)")
        }
        Some(false) => {
            query.push(" AND NOT EXISTS (SELECT 1 FROM photos p WHERE p.report_id = reports.id)")
        }
        None => query,
    };
}

fn push_in<DB, T>(
    query: &mut QueryBuilder<DB>,
    column: &str,
    values: impl ExactSizeIterator<Item = T>,
) where
    DB: SqlxDatabase,
    T: for<'q> Encode<'q, DB> + Type<DB> + 'static,
{
    if values.len() == 0 {
        // An empty list matches nothing; `IN ()` is not SQL on PostgreSQL.
        query.push(column).push(" IN (NULL)");
        return;
    }
    query.push(column).push(" IN (");
    for (at, value) in values.enumerate() {
        if at > 0 {
            query.push(", ");
        }
        query.push_bind(value);
    }
    query.push(")");
}

fn push_box<DB>(query: &mut QueryBuilder<DB>, within: BoundingBox)
where
    DB: SqlxDatabase,
    i64: for<'q> Encode<'q, DB> + Type<DB>,
{
    query
        .push(" AND lat_e7 BETWEEN ")
        .push_bind(columns::to_e7(within.south));
    query.push(" AND ").push_bind(columns::to_e7(within.north));
    query
        .push(" AND lon_e7 BETWEEN ")
        .push_bind(columns::to_e7(within.west));
    query.push(" AND ").push_bind(columns::to_e7(within.east));
}

/// Exact enough for the few kilometres that people ask for: a plane at the latitude of the centre.
fn push_circle<DB>(query: &mut QueryBuilder<DB>, centre: Position, metres: f64)
where
    DB: SqlxDatabase,
    i64: for<'q> Encode<'q, DB> + Type<DB>,
    f64: for<'q> Encode<'q, DB> + Type<DB>,
{
    const METRES_PER_UNIT: f64 = 111_194.9 / columns::PER_DEGREE;
    let radius = metres / METRES_PER_UNIT;
    let squeeze = centre.lat().to_radians().cos().powi(2);
    for (clause, unit) in [
        (" AND CAST(lat_e7 - ", columns::to_e7(centre.lat())),
        (" + CAST(lon_e7 - ", columns::to_e7(centre.lon())),
    ] {
        let column = if clause.contains("lat") {
            "lat_e7"
        } else {
            "lon_e7"
        };
        query
            .push(clause)
            .push_bind(unit)
            .push(" AS DOUBLE PRECISION) * CAST(");
        query
            .push(column)
            .push(" - ")
            .push_bind(unit)
            .push(" AS DOUBLE PRECISION)");
    }
    query
        .push(" * CAST(")
        .push_bind(squeeze)
        .push(" AS DOUBLE PRECISION) <= CAST(");
    query
        .push_bind(radius * radius)
        .push(" AS DOUBLE PRECISION)");
}

fn escape_like(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '!') {
            escaped.push('!');
        }
        escaped.push(c);
    }
    escaped
}
