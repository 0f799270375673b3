//! The first run: who may make a city on a page, and what is said of what cannot be used.

use std::sync::atomic::{AtomicBool, Ordering};

use pendopo_domain::time::Entropy;
use pendopo_operations::founding::{Fault, Founded, Founder, NewCity, Wrong};
use pendopo_operations::{Error, Problem, links};

/// The page of the first run: open to whoever has the link that the terminal shows, until it has made a city.
pub struct Setup {
    token: String,
    founder: Founder,
    is_used: AtomicBool,
}

impl Setup {
    /// A page with a link that nobody can guess.
    pub fn new(founder: Founder, entropy: &dyn Entropy) -> Self {
        Self {
            token: links::random_token(entropy),
            founder,
            is_used: AtomicBool::new(false),
        }
    }

    /// The path of the page.
    pub fn path(&self) -> String {
        format!("/mulai/{}", self.token)
    }

    /// Whether `token` opens the page.
    pub fn opens(&self, token: &str) -> bool {
        // As long for a wrong one as for a right one.
        links::token_hash(token) == links::token_hash(&self.token)
            && !self.is_used.load(Ordering::SeqCst)
    }

    /// Makes a city; two at once make one. Whoever calls must not give up on it half way.
    ///
    /// # Errors
    /// As the founder. The page stays open then.
    pub async fn make(&self, new: NewCity) -> Result<Founded, Fault> {
        if self.is_used.swap(true, Ordering::SeqCst) {
            return Err(Error::NotFound.into());
        }
        let made = (self.founder)(new).await;
        if made.is_err() {
            self.is_used.store(false, Ordering::SeqCst);
        }
        made
    }
}

/// The link is a secret.
impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup").finish_non_exhaustive()
    }
}

/// The key of the sentence that says what is wrong, with the variables `line` and `city`.
pub fn wrong_key(wrong: &Wrong) -> &'static str {
    match (wrong.field, wrong.problem) {
        ("slug", Problem::Busy) => "setup-wrong-slug-taken",
        ("slug", _) => "setup-wrong-slug",
        ("name", _) => "setup-wrong-name",
        ("areas", _) => "setup-wrong-areas",
        ("people", Problem::Busy) => "setup-wrong-people-twice",
        ("people", Problem::TooMany { .. }) => "setup-wrong-people-many",
        ("people", _) => "setup-wrong-people",
        ("administrator", _) => "setup-wrong-administrator",
        ("zone", _) => "setup-wrong-zone",
        ("country", _) => "setup-wrong-country",
        ("bbox", _) => "setup-wrong-bbox",
        ("base_map", _) => "setup-wrong-base-map",
        _ => "setup-wrong-long",
    }
}
