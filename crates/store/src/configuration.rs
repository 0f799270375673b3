//! What makes this city this city: settings, services, areas, teams, routes, roles, positions, API keys.
//!
//! A change of any of it is journalled as `configuration.changed` and chained by the use case that makes it.

use std::collections::BTreeMap;

use geo::{Coord, LineString, MultiPolygon, Polygon};
use pendopo_domain::geo::{Area, AreaId, Position as Place};
use pendopo_domain::organisation::{ApiKeyId, Position, PositionId, Role, Route, Team, TeamId};
use pendopo_domain::services::Service;
use pendopo_domain::time::Timestamp;

use crate::backend::{Db, on_backend};
use crate::{Result, StoreError, columns};

/// All settings of the city by key.
pub async fn settings(db: &mut Db) -> Result<BTreeMap<String, String>> {
    let rows: Vec<(String, String)> = on_backend!(db, |c| {
        sqlx::query_as("SELECT key, value FROM settings")
            .fetch_all(c)
            .await?
    });
    Ok(rows.into_iter().collect())
}

/// Sets one setting.
pub async fn set(db: &mut Db, key: &str, value: &str) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO settings (key, value) VALUES ($1, $2)
             ON CONFLICT (key) DO UPDATE SET value = $2",
        )
        .bind(key)
        .bind(value)
        .execute(c)
        .await?;
    });
    Ok(())
}

/// Adds or replaces a service; `sort` is its place in lists.
pub async fn put_service(db: &mut Db, service: &Service, sort: i64) -> Result<()> {
    let definition = columns::to_json(service)?;
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO services (code, sort, active, definition) VALUES ($1, $2, $3, $4)
             ON CONFLICT (code) DO UPDATE SET sort = $2, active = $3, definition = $4",
        )
        .bind(&service.code)
        .bind(sort)
        .bind(service.active)
        .bind(definition)
        .execute(c)
        .await?;
    });
    Ok(())
}

/// All services in listing order, those that are not active too.
pub async fn services(db: &mut Db) -> Result<Vec<Service>> {
    let rows: Vec<(String,)> = on_backend!(db, |c| {
        sqlx::query_as("SELECT definition FROM services ORDER BY sort, code")
            .fetch_all(c)
            .await?
    });
    rows.iter()
        .map(|(definition,)| columns::json(definition))
        .collect()
}

/// Adds or replaces the area with the code of `area`, keeping its id. The id in `area` is not used.
pub async fn put_area(db: &mut Db, area: &Area) -> Result<AreaId> {
    let outline = columns::to_json(&rings(&area.outline))?;
    let id: i64 = on_backend!(db, |c| {
        sqlx::query_scalar(
            "INSERT INTO areas (code, name, kind, parent_name, approximate, lon_e7, lat_e7, outline)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (code) DO UPDATE SET
                 name = $2, kind = $3, parent_name = $4, approximate = $5, lon_e7 = $6, lat_e7 = $7, outline = $8
             RETURNING id",
        )
        .bind(&area.code)
        .bind(&area.name)
        .bind(&area.kind)
        .bind(&area.parent_name)
        .bind(area.approximate)
        .bind(columns::to_e7(area.centre.lon()))
        .bind(columns::to_e7(area.centre.lat()))
        .bind(outline)
        .fetch_one(c)
        .await?
    });
    Ok(AreaId(id))
}

#[derive(sqlx::FromRow)]
struct AreaRow {
    id: i64,
    code: String,
    name: String,
    kind: String,
    parent_name: Option<String>,
    approximate: bool,
    lon_e7: i64,
    lat_e7: i64,
    outline: String,
}

/// All areas by name.
pub async fn areas(db: &mut Db) -> Result<Vec<Area>> {
    let rows: Vec<AreaRow> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT id, code, name, kind, parent_name, approximate, lon_e7, lat_e7, outline
             FROM areas ORDER BY name, id",
        )
        .fetch_all(c)
        .await?
    });
    rows.into_iter()
        .map(|row| {
            let centre = Place::new(columns::from_e7(row.lon_e7), columns::from_e7(row.lat_e7))
                .ok_or_else(|| {
                    StoreError::Corrupt(format!("area {} lies outside the world", row.code))
                })?;
            Ok(Area {
                id: AreaId(row.id),
                code: row.code,
                name: row.name,
                kind: row.kind,
                parent_name: row.parent_name,
                approximate: row.approximate,
                centre,
                outline: outline(columns::json(&row.outline)?),
            })
        })
        .collect()
}

/// Coordinates of a GeoJSON MultiPolygon (RFC 7946 §3.1.7): polygons, rings, positions of lon, lat.
type Rings = Vec<Vec<Vec<[f64; 2]>>>;

fn rings(outline: &MultiPolygon<f64>) -> Rings {
    let ring = |line: &LineString<f64>| line.0.iter().map(|at| [at.x, at.y]).collect();
    outline
        .0
        .iter()
        .map(|polygon| {
            std::iter::once(polygon.exterior())
                .chain(polygon.interiors())
                .map(ring)
                .collect()
        })
        .collect()
}

fn outline(rings: Rings) -> MultiPolygon<f64> {
    let line = |ring: Vec<[f64; 2]>| {
        ring.into_iter()
            .map(|[x, y]| Coord { x, y })
            .collect::<LineString<f64>>()
    };
    let polygon = |rings: Vec<Vec<[f64; 2]>>| {
        let mut lines = rings.into_iter().map(line);
        let exterior = lines.next().unwrap_or_else(|| LineString::new(vec![]));
        Polygon::new(exterior, lines.collect())
    };
    MultiPolygon(rings.into_iter().map(polygon).collect())
}

/// Adds or renames the team with this code.
pub async fn put_team(
    db: &mut Db,
    code: &str,
    names: &pendopo_domain::services::Texts,
) -> Result<TeamId> {
    let names = columns::to_json(names)?;
    let id: i64 = on_backend!(db, |c| {
        sqlx::query_scalar(
            "INSERT INTO teams (code, names) VALUES ($1, $2)
             ON CONFLICT (code) DO UPDATE SET names = $2 RETURNING id",
        )
        .bind(code)
        .bind(names)
        .fetch_one(c)
        .await?
    });
    Ok(TeamId(id))
}

/// All teams in order of their ids.
pub async fn teams(db: &mut Db) -> Result<Vec<Team>> {
    let rows: Vec<(i64, String, String)> = on_backend!(db, |c| {
        sqlx::query_as("SELECT id, code, names FROM teams ORDER BY id")
            .fetch_all(c)
            .await?
    });
    rows.into_iter()
        .map(|(id, code, names)| {
            Ok(Team {
                id: TeamId(id),
                code,
                names: columns::json(&names)?,
            })
        })
        .collect()
}

/// Sets which team handles a service, in one area or (`None`) in the whole city.
pub async fn put_route(db: &mut Db, route: &Route) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO routes (service_code, area_id, team_id) VALUES ($1, $2, $3)
             ON CONFLICT (service_code, area_id) DO UPDATE SET team_id = $3",
        )
        .bind(&route.service_code)
        .bind(route.area.map_or(0, |area| area.0))
        .bind(route.team.0)
        .execute(c)
        .await?;
    });
    Ok(())
}

/// All routes.
pub async fn routes(db: &mut Db) -> Result<Vec<Route>> {
    let rows: Vec<(String, i64, i64)> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT service_code, area_id, team_id FROM routes ORDER BY service_code, area_id",
        )
        .fetch_all(c)
        .await?
    });
    Ok(rows
        .into_iter()
        .map(|(service_code, area, team)| Route {
            service_code,
            area: (area != 0).then_some(AreaId(area)),
            team: TeamId(team),
        })
        .collect())
}

/// Adds or replaces a role.
pub async fn put_role(db: &mut Db, role: &Role) -> Result<()> {
    let (names, actions) = (
        columns::to_json(&role.names)?,
        columns::to_json(&role.actions)?,
    );
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO roles (code, names, actions) VALUES ($1, $2, $3)
             ON CONFLICT (code) DO UPDATE SET names = $2, actions = $3",
        )
        .bind(&role.code)
        .bind(names)
        .bind(actions)
        .execute(c)
        .await?;
    });
    Ok(())
}

/// All roles by code.
pub async fn roles(db: &mut Db) -> Result<Vec<Role>> {
    let rows: Vec<(String, String, String)> = on_backend!(db, |c| {
        sqlx::query_as("SELECT code, names, actions FROM roles ORDER BY code")
            .fetch_all(c)
            .await?
    });
    rows.into_iter()
        .map(|(code, names, actions)| {
            Ok(Role {
                code,
                names: columns::json(&names)?,
                actions: columns::json(&actions)?,
            })
        })
        .collect()
}

/// Adds or replaces the position with the code of `position`. The id in it is not used.
pub async fn put_position(db: &mut Db, position: &Position) -> Result<PositionId> {
    let names = columns::to_json(&position.names)?;
    let id: i64 = on_backend!(db, |c| {
        sqlx::query_scalar(
            "INSERT INTO positions (code, names, role, team_id) VALUES ($1, $2, $3, $4)
             ON CONFLICT (code) DO UPDATE SET names = $2, role = $3, team_id = $4 RETURNING id",
        )
        .bind(&position.code)
        .bind(names)
        .bind(&position.role)
        .bind(position.team.map(|team| team.0))
        .fetch_one(c)
        .await?
    });
    Ok(PositionId(id))
}

/// All positions in order of their ids.
pub async fn positions(db: &mut Db) -> Result<Vec<Position>> {
    let rows: Vec<(i64, String, String, String, Option<i64>)> = on_backend!(db, |c| {
        sqlx::query_as("SELECT id, code, names, role, team_id FROM positions ORDER BY id")
            .fetch_all(c)
            .await?
    });
    rows.into_iter()
        .map(|(id, code, names, role, team)| {
            Ok(Position {
                id: PositionId(id),
                code,
                names: columns::json(&names)?,
                role,
                team: team.map(TeamId),
            })
        })
        .collect()
}

/// Adds a key for another system; only its hash is kept.
pub async fn add_api_key(
    db: &mut Db,
    name: &str,
    key_hash: &str,
    now: Timestamp,
) -> Result<ApiKeyId> {
    let id: i64 = on_backend!(db, |c| {
        sqlx::query_scalar(
            "INSERT INTO api_keys (name, key_hash, created_at) VALUES ($1, $2, $3) RETURNING id",
        )
        .bind(name)
        .bind(key_hash)
        .bind(now.micros())
        .fetch_one(c)
        .await?
    });
    Ok(ApiKeyId(id))
}

/// The key with this hash and its name, unless it was revoked.
pub async fn api_key(db: &mut Db, key_hash: &str) -> Result<Option<(ApiKeyId, String)>> {
    let found: Option<(i64, String)> = on_backend!(db, |c| {
        sqlx::query_as("SELECT id, name FROM api_keys WHERE key_hash = $1 AND revoked_at IS NULL")
            .bind(key_hash)
            .fetch_optional(c)
            .await?
    });
    Ok(found.map(|(id, name)| (ApiKeyId(id), name)))
}

/// Revokes a key. Returns whether there was one.
pub async fn revoke_api_key(db: &mut Db, id: ApiKeyId, now: Timestamp) -> Result<bool> {
    Ok(on_backend!(db, |c| {
        sqlx::query("UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
            .bind(id.0)
            .bind(now.micros())
            .execute(c)
            .await?
            .rows_affected()
            > 0
    }))
}
