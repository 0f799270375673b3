//! Who works that evening; each acts from a position of the city, with its rights and no other.

use pendopo_domain::policy::Actor;
use pendopo_domain::units::UnitId;
use pendopo_operations::store::sign_ins;

use crate::fixture::City;

pub struct People {
    pub operator: Actor,
    /// Another operator.
    pub second: Actor,
    pub dispatcher: Actor,
    /// Of the team that both units belong to.
    pub crew: Actor,
}

impl People {
    pub async fn come(city: &City) -> Self {
        Self {
            operator: person(city, "one", "operator-meja").await,
            second: person(city, "two", "operator-meja").await,
            dispatcher: person(city, "three", "dispatcher").await,
            crew: person(city, "four", "petugas-bpbd").await,
        }
    }
}

async fn person(city: &City, login: &str, position: &str) -> Actor {
    let city = city.as_it_is();
    let configuration = city.configuration();
    let mut held = configuration.positions.iter();
    let position = held.find(|one| one.code == position).unwrap().id;
    let (login, now) = (login.to_owned(), city.now());
    let write = city.store().write(move |db| {
        Box::pin(async move { sign_ins::put(db, &login, None, position, now).await })
    });
    city.staff(write.await.unwrap(), position)
}

pub fn unit(city: &City, code: &str) -> UnitId {
    let configuration = city.as_it_is().configuration();
    let mut units = configuration.units.iter();
    units.find(|one| one.code == code).unwrap().id
}
