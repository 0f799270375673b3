use geo::{CoordsIter, MultiPolygon, polygon};
use pendopo_domain::geo::{Area, AreaId};
use pendopo_domain::organisation::{ApiKeyId, Position, PositionId, Role, Route};
use pendopo_domain::policy::Action;
use pendopo_domain::reports::Visibility;
use pendopo_domain::services::{Attribute, AttributeValue, Datatype, Service, Terms, Texts};
use pendopo_store::configuration as conf;
use pendopo_testkit::{TestCity, both_databases};

use crate::samples::{at, team};

/// A square degree with a hole, and an island.
pub fn square(code: &str, west: f64) -> Area {
    let land = polygon!(
        exterior: [(x: west, y: 0.0), (x: west + 1.0, y: 0.0), (x: west + 1.0, y: 1.0), (x: west, y: 1.0)],
        interiors: [[(x: west + 0.1, y: 0.1), (x: west + 0.2, y: 0.1), (x: west + 0.2, y: 0.2)]],
    );
    let island = polygon![(x: west + 2.0, y: 0.1234567891), (x: west + 2.1, y: 0.0), (x: west + 2.1, y: 0.1)];
    Area {
        id: AreaId(0),
        code: code.into(),
        name: format!("Area {code}"),
        kind: "kelurahan".into(),
        parent_name: None,
        approximate: false,
        centre: at(west + 0.5, 0.5),
        outline: MultiPolygon(vec![land, island]),
    }
}

fn same_outline(one: &MultiPolygon, other: &MultiPolygon) -> bool {
    let points = |outline: &MultiPolygon| outline.coords_iter().collect::<Vec<_>>();
    let (one, other) = (points(one), points(other));
    let near =
        |(a, b): (&geo::Coord, &geo::Coord)| (a.x - b.x).abs() < 1e-12 && (a.y - b.y).abs() < 1e-12;
    one.len() == other.len() && one.iter().zip(&other).all(near)
}

both_databases! {
    async fn a_setting_that_was_set_twice_keeps_the_last_value(city: TestCity) {
        commit!(city.store, |db| {
            conf::set(db, "name", "Tanjung").await?;
            conf::set(db, "zone", "Asia/Jakarta").await?;
            conf::set(db, "name", "Tanjungpinang").await?;
        });
        let found = look!(city.store, |db| conf::settings(db).await);
        let wanted = [("name", "Tanjungpinang"), ("zone", "Asia/Jakarta")];
        assert_eq!(
            found,
            wanted
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into()
        );
    }

    async fn services_come_back_whole_in_their_order(city: TestCity) {
        let service = |code: &str, active| Service {
            code: code.into(),
            names: Texts {
                id: "Lampu".into(),
                en: "Light".into(),
            },
            descriptions: Texts::same("x"),
            group: Texts::same("Jalan"),
            keywords: vec!["gelap".into(), "mati".into()],
            terms: Terms {
                verify_days: 1,
                follow_up_days: 2,
                answer_days: 4,
            },
            default_visibility: Visibility::Secret,
            active,
            attributes: vec![Attribute {
                code: "warna".into(),
                datatype: Datatype::SingleValueList,
                required: true,
                order: 1,
                description: Texts::same("Warna?"),
                values: vec![AttributeValue {
                    key: "m".into(),
                    name: Texts::same("merah"),
                }],
            }],
        };
        let (one, two, three) = (service("b", true), service("a", false), service("c", true));
        let rows = [
            (one.clone(), 9),
            (two.clone(), 1),
            (three.clone(), 1),
            (one.clone(), 0),
        ];
        commit!(city.store, |db| {
            for (service, sort) in rows {
                conf::put_service(db, &service, sort).await?;
            }
        });
        assert_eq!(
            look!(city.store, |db| conf::services(db).await),
            [one, two, three]
        );
    }

    async fn an_area_keeps_its_outline_and_its_id_when_replaced(city: TestCity) {
        let first = square("b", 104.0);
        let mut again = square("b", -10.3);
        again.name = "Zzz".into();
        again.parent_name = Some("Kecamatan".into());
        again.approximate = true;
        let other = square("a", 100.0);
        let rows = [first, other.clone(), again.clone()];
        let ids = commit!(city.store, |db| {
            let mut ids = Vec::new();
            for area in rows {
                ids.push(conf::put_area(db, &area).await?);
            }
            ids
        });
        assert_eq!(ids[0], ids[2]);
        let found = look!(city.store, |db| conf::areas(db).await);
        for (found, wanted, id) in [(&found[0], other, ids[1]), (&found[1], again, ids[0])] {
            assert_eq!(found.outline.0.len(), 2);
            assert_eq!(found.outline.0[0].interiors().len(), 1);
            // Reading a number from JSON may miss its last bit.
            assert!(same_outline(&found.outline, &wanted.outline));
            let wanted = Area {
                id,
                outline: found.outline.clone(),
                ..wanted
            };
            assert_eq!(format!("{found:?}"), format!("{wanted:?}"));
        }
    }

    async fn teams_routes_roles_and_positions_are_replaced_by_their_codes(city: TestCity) {
        let store = &city.store;
        let (pju, jalan) = (team(store, "pju").await, team(store, "jalan").await);
        assert_eq!(team(store, "pju").await, pju);
        let found = look!(store, |db| conf::teams(db).await);
        let codes: Vec<_> = found
            .iter()
            .map(|team| (team.id, team.code.as_str()))
            .collect();
        assert_eq!(codes, [(pju, "pju"), (jalan, "jalan")]);
        assert_eq!(found[0].names, Texts::same("pju"));

        let route = |area, team| Route {
            service_code: "lampu".into(),
            area,
            team,
        };
        let rows = [
            route(None, jalan),
            route(Some(AreaId(3)), pju),
            route(None, pju),
        ];
        let role = |actions: &[Action]| Role {
            code: "desk".into(),
            names: Texts::same("Meja"),
            actions: actions.iter().copied().collect(),
        };
        let (few, every) = (role(&[]), role(Action::ALL));
        let wanted = every.clone();
        let position = |role: &str, team| Position {
            id: PositionId(0),
            code: "kepala".into(),
            names: Texts::same("Kepala"),
            role: role.into(),
            team,
        };
        let (before, after) = (position("desk", None), position("desk", Some(pju)));
        let id = commit!(store, |db| {
            for row in rows {
                conf::put_route(db, &row).await?;
            }
            conf::put_role(db, &few).await?;
            conf::put_role(db, &every).await?;
            let id = conf::put_position(db, &before).await?;
            assert_eq!(conf::put_position(db, &after).await?, id);
            id
        });
        let found = look!(store, |db| conf::routes(db).await);
        assert_eq!(found, [route(None, pju), route(Some(AreaId(3)), pju)]);
        assert_eq!(look!(store, |db| conf::roles(db).await), [wanted]);
        let found = look!(store, |db| conf::positions(db).await);
        assert_eq!(
            found,
            [Position {
                id,
                ..position("desk", Some(pju))
            }]
        );
    }

    async fn a_revoked_key_opens_nothing(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let (good, bad) = commit!(store, |db| {
            (
                conf::add_api_key(db, "portal", "h1", now).await?,
                conf::add_api_key(db, "lama", "h2", now).await?,
            )
        });
        let (first, second, unknown) = commit!(store, |db| {
            let first = conf::revoke_api_key(db, bad, now).await?;
            let second = conf::revoke_api_key(db, bad, now).await?;
            (
                first,
                second,
                conf::revoke_api_key(db, ApiKeyId(99), now).await?,
            )
        });
        assert_eq!((first, second, unknown), (true, false, false));
        assert_eq!(look!(store, |db| conf::api_key(db, "h1").await), Some((good, "portal".to_owned())));
        assert_eq!(look!(store, |db| conf::api_key(db, "h2").await), None);
        assert_eq!(look!(store, |db| conf::api_key(db, "h3").await), None);
    }
}
