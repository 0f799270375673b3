//! Walls: links that show the state of the city and do nothing else, and what stands there.
//!
//! A link is a capability: whoever has it sees [`picture`], and no right comes with it. What stands on a wall is read by
//! everyone in the room, so it holds no report's words, nobody's name, and nothing of secret reports.

mod picture;

use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::walls::{LONGEST_NAME, Room, Wall, WallId};
use pendopo_store::walls as rows;

pub use self::picture::{Gauge, Picture, Silent, StandingIncident, picture, standing_incidents};
use crate::configuration::{changed, must};
use crate::{City, Error, Invalid, Problem, Result, actor_text, links};

/// Links that one city may have at a time.
const MOST: usize = 50;

/// Makes a link for a room. Returns the secret part of its address, which is kept nowhere.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] on `name`, or on `walls` when there are too many.
pub async fn add(city: &City, actor: &Actor, name: &str, room: Room) -> Result<String> {
    must(actor, Action::ManageWalls)?;
    let name = name.trim().to_owned();
    if name.is_empty() {
        return Err(Invalid::one("name", Problem::Missing));
    }
    if name.chars().count() > LONGEST_NAME {
        let most = LONGEST_NAME;
        return Err(Invalid::one("name", Problem::TooLong { most }));
    }
    let token = links::random_token(city.entropy());
    let hash = links::token_hash(&token);
    let (by, now) = (actor_text(actor), city.now());
    let write = city.store().write(move |db| {
        Box::pin(async move {
            if rows::list(db).await?.len() >= MOST {
                return Err(Invalid::one("walls", Problem::TooMany { most: MOST }));
            }
            let id = rows::add(db, &hash, &name, room, now).await?;
            changed(db, &by, &format!("wall:{id}"), now).await
        })
    });
    write.await?;
    Ok(token)
}

/// Takes a link away; who looks at it sees nothing more.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn revoke(city: &City, actor: &Actor, id: WallId) -> Result<()> {
    must(actor, Action::ManageWalls)?;
    let (by, now) = (actor_text(actor), city.now());
    let write = city.store().write(move |db| {
        Box::pin(async move {
            if !rows::revoke(db, id, now).await? {
                return Err(Error::NotFound);
            }
            changed(db, &by, &format!("wall:{id}"), now).await
        })
    });
    write.await
}

/// The links that open, the newest first.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(city: &City, actor: &Actor) -> Result<Vec<Wall>> {
    must(actor, Action::ManageWalls)?;
    Ok(rows::list(&mut city.store().read().await?).await?)
}

/// The wall that a link opens; `None` for a link that is none, or that was taken away.
///
/// # Errors
/// When the database does not answer.
pub async fn by_token(city: &City, token: &str) -> Result<Option<Wall>> {
    let hash = links::token_hash(token);
    Ok(rows::by_token(&mut city.store().read().await?, &hash).await?)
}
