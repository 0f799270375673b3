//! The bare host: which cities live on this node.

use serde::Serialize;

use crate::render::Page;

/// `GET /` without a city.
#[derive(Clone, Debug, Serialize)]
pub struct CityList {
    pub cities: Vec<CityLink>,
    /// Only on a node with demo cities; empty else.
    pub demo_sign_ins: Vec<DemoSignIn>,
}

/// A city of this node, by both of its ways.
#[derive(Clone, Debug, Serialize)]
pub struct CityLink {
    pub name: String,
    /// `Kepulauan Riau`; empty when unknown.
    pub region: String,
    pub host_url: String,
    /// The same city by a port of its own, where names do not resolve.
    pub port_url: Option<String>,
    pub demo: bool,
}

/// A sign-in that everyone may use, because its city is not real.
#[derive(Clone, Debug, Serialize)]
pub struct DemoSignIn {
    pub city: String,
    pub position: String,
    pub login: String,
    pub password: String,
    pub url: String,
}

pub(super) fn sample_sign_ins() -> Vec<DemoSignIn> {
    let sign_in = |position: &str, login: &str| DemoSignIn {
        city: "Kota Tanjungpinang".to_owned(),
        position: position.to_owned(),
        login: login.to_owned(),
        password: "pendopo-demo".to_owned(),
        url: "http://tanjungpinang.localhost:8080/masuk".to_owned(),
    };
    vec![
        sign_in("Operator meja", "operator"),
        sign_in("Petugas perhubungan", "petugas-dishub"),
    ]
}

impl Page for CityList {
    const TEMPLATE: &'static str = "city_list.html";

    fn sample() -> Vec<Self> {
        let city = |name: &str, slug: &str, region: &str, port: u16| CityLink {
            name: name.to_owned(),
            region: region.to_owned(),
            host_url: format!("http://{slug}.localhost:8080/"),
            port_url: Some(format!("http://localhost:{port}/")),
            demo: true,
        };
        let mut cities = vec![
            city(
                "Kota Tanjungpinang",
                "tanjungpinang",
                "Kepulauan Riau",
                8081,
            ),
            city("Kota Denpasar", "denpasar", "Bali", 8082),
            city("Kota Manado", "manado", "", 8083),
        ];
        cities[2].port_url = None;
        cities[2].demo = false;
        vec![
            Self {
                cities,
                demo_sign_ins: sample_sign_ins(),
            },
            Self {
                cities: vec![],
                demo_sign_ins: vec![],
            },
        ]
    }
}
