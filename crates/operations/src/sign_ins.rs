//! Logins: by password or by a link that works once; then a cookie.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use pendopo_domain::organisation::{PositionId, SignInId};
use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::time::Timestamp;
use pendopo_store::sign_ins::{self as rows, SignIn};
use tokio::sync::Semaphore;

use crate::configuration::{changed, must};
use crate::{City, Error, Invalid, Problem, Result, actor_text, limits, links};

/// Adds a login that acts from the position with this code, with a password or without.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] on `position` or `password`.
pub async fn add(
    city: &City,
    actor: &Actor,
    login: &str,
    position_code: &str,
    password: Option<&str>,
) -> Result<SignInId> {
    const LEAST_CHARS: usize = 8;
    must(actor, Action::ManageSignIns)?;
    let configuration = city.configuration();
    let position = configuration
        .positions
        .iter()
        .find(|position| position.code == position_code);
    let position = position
        .ok_or_else(|| Invalid::one("position", Problem::Unknown))?
        .id;
    if password.is_some_and(|text| text.chars().count() < LEAST_CHARS) {
        return Err(Invalid::one(
            "password",
            Problem::TooShort { least: LEAST_CHARS },
        ));
    }
    let hash = match password {
        Some(password) => Some(hash_password(city, password.to_owned()).await?),
        None => None,
    };
    let (now, by, login) = (city.now(), actor_text(actor), login.to_owned());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let id = rows::put(db, &login, hash.as_deref(), position, now).await?;
                changed(db, &by, &format!("sign_in:{id}"), now).await?;
                Ok(id)
            })
        })
        .await
}

pub(crate) async fn hash_password(city: &City, password: String) -> Result<String> {
    let mut salt = [0; 16];
    city.entropy().fill(&mut salt);
    let hashed = tokio::task::spawn_blocking(move || {
        let hash = Argon2::default()
            .hash_password_with_salt(password.as_bytes(), &salt)
            .ok()?;
        Some(hash.to_string())
    });
    hashed
        .await
        .ok()
        .flatten()
        .ok_or_else(|| Invalid::one("password", Problem::Unknown))
}

/// Makes a link with which a login signs in once. Returns its secret part.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`] for an unknown login.
pub async fn add_link(city: &City, actor: &Actor, login: &str) -> Result<String> {
    must(actor, Action::ManageSignIns)?;
    let found = rows::by_login(&mut city.store().read().await?, login)
        .await?
        .ok_or(Error::NotFound)?;
    let token = links::random_token(city.entropy());
    let hash = links::token_hash(&token);
    let now = city.now();
    let expires_at = now.plus(jiff::SignedDuration::from_hours(limits::SIGN_IN_LINK_HOURS));
    let by = actor_text(actor);
    city.store()
        .write(move |db| {
            Box::pin(async move {
                rows::add_link(db, &hash, found.id, expires_at).await?;
                changed(db, &by, &format!("sign_in_link:{}", found.id), now).await
            })
        })
        .await?;
    Ok(token)
}

/// Signs in by password. Returns the cookie's value.
///
/// # Errors
/// [`Error::NotFound`] for a login or password that is not right; which one is not said.
pub async fn by_password(city: &City, login: &str, password: &str) -> Result<String> {
    let found = rows::by_login(&mut city.store().read().await?, login).await?;
    let (hash, id) = match found {
        Some(SignIn {
            id,
            password_hash: Some(hash),
            ..
        }) => (hash, Some(id)),
        // Work as long as for a real one, so that the time does not tell which logins exist.
        _ => (NOBODYS_HASH.to_owned(), None),
    };
    let right = verify(&CHECKING, hash, password.to_owned()).await;
    match id {
        Some(id) if right => start(city, id).await,
        _ => Err(Error::NotFound),
    }
}

/// Whether `hash` is that of `password`; when a place at `checking` is free.
pub(crate) async fn verify(checking: &'static Semaphore, hash: String, password: String) -> bool {
    let place = checking.acquire().await;
    tokio::task::spawn_blocking(move || {
        // Held until the check is over, even when nobody waits for it any more.
        let _place = place;
        PasswordHash::new(&hash).is_ok_and(|hash| {
            Argon2::default()
                .verify_password(password.as_bytes(), &hash)
                .is_ok()
        })
    })
    .await
    .unwrap_or(false)
}

/// Passwords checked at the same time in this process: each check needs 19 MB, so that guessing is dear, but not to us.
static CHECKING: Semaphore = Semaphore::const_new(4);

/// A well-formed hash of nobody's password.
pub(crate) const NOBODYS_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$nZQdMkFdpoSExcaFYnq6mtiBqQPr4AYrQtXJV6pXXrc";

/// Signs in by link and uses the link up. Returns the cookie's value.
///
/// # Errors
/// [`Error::NotFound`] for a link that is unknown, used or expired.
pub async fn by_link(city: &City, token: &str) -> Result<String> {
    let (hash, now) = (links::token_hash(token), city.now());
    let id = city
        .store()
        .write(move |db| Box::pin(async move { rows::use_link(db, &hash, now).await }))
        .await?
        .ok_or(Error::NotFound)?;
    start(city, id).await
}

/// Whether a link could still be used.
///
/// # Errors
/// When the database does not answer.
pub async fn link_is_good(city: &City, token: &str) -> Result<bool> {
    let hash = links::token_hash(token);
    Ok(rows::link_is_good(&mut city.store().read().await?, &hash, city.now()).await?)
}

/// A link as its holder may see it before using it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkSeen {
    /// Works until then, once, and signs in as this position.
    Ready {
        position: PositionId,
        until: Timestamp,
    },
    Used,
    Expired,
    Unknown,
}

/// Looks at a link; looking does not use it up.
///
/// # Errors
/// When the database does not answer.
pub async fn see_link(city: &City, token: &str) -> Result<LinkSeen> {
    let hash = links::token_hash(token);
    let found = rows::link(&mut city.store().read().await?, &hash).await?;
    Ok(match found {
        None => LinkSeen::Unknown,
        Some(link) if link.used => LinkSeen::Used,
        Some(link) if link.expires_at <= city.now() => LinkSeen::Expired,
        Some(link) => LinkSeen::Ready {
            position: link.position,
            until: link.expires_at,
        },
    })
}

async fn start(city: &City, id: SignInId) -> Result<String> {
    let cookie = links::random_token(city.entropy());
    let (hash, now) = (links::token_hash(&cookie), city.now());
    let expires_at: Timestamp = now.plus_days(limits::COOKIE_DAYS);
    city.store()
        .write(move |db| {
            Box::pin(async move { rows::add_cookie(db, &hash, id, now, expires_at).await })
        })
        .await?;
    Ok(cookie)
}

/// Who holds this cookie, with the login.
///
/// # Errors
/// When the database does not answer.
pub async fn by_cookie(city: &City, cookie: &str) -> Result<Option<(SignIn, Actor)>> {
    let hash = links::token_hash(cookie);
    let found = rows::by_cookie(&mut city.store().read().await?, &hash, city.now()).await?;
    Ok(found.map(|sign_in| {
        let actor = city.staff(sign_in.id, sign_in.position);
        (sign_in, actor)
    }))
}

/// Signs out.
///
/// # Errors
/// When the database does not answer.
pub async fn end(city: &City, cookie: &str) -> Result<()> {
    let (hash, now) = (links::token_hash(cookie), city.now());
    city.store()
        .write(move |db| Box::pin(async move { rows::remove_cookie(db, &hash, now).await }))
        .await?;
    Ok(())
}
