//! A brake on guessing passwords: a login that failed too often in this process has to wait.
//!
//! It counts what was typed, known or not, so that it says nothing about which logins exist. It is no lock: it opens by
//! itself, and a sign-in link goes past it.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Tries that may fail within [`WITHIN`]: more than a person needs who mistypes, far fewer than a guess.
const FAILURES: u32 = 10;
const WITHIN: Duration = Duration::from_secs(60);
/// Logins remembered at once, about 1 MB. When a flood of invented ones fills it, the rest share one count, so that
/// memory stays bounded and guessing stays slow.
const LOGINS: usize = 8_192;
/// Longer ones are none; they share a count as well.
const LOGIN_BYTES: usize = 100;

type Key = (String, String);

#[derive(Clone, Copy)]
struct Failures {
    since: Instant,
    count: u32,
}

impl Failures {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) > WITHIN
    }
}

static FAILED: LazyLock<Mutex<HashMap<Key, Failures>>> = LazyLock::new(Mutex::default);

fn failed() -> MutexGuard<'static, HashMap<Key, Failures>> {
    FAILED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn key(failed: &HashMap<Key, Failures>, city: &str, login: &str) -> Key {
    let shared = (city.to_owned(), String::new());
    if login.len() > LOGIN_BYTES {
        return shared;
    }
    let key = (city.to_owned(), login.to_owned());
    if failed.len() >= LOGINS && !failed.contains_key(&key) {
        shared
    } else {
        key
    }
}

/// Whether this login has to wait at `now`.
pub(super) fn holds(city: &str, login: &str, now: Instant) -> bool {
    let failed = failed();
    let found = failed.get(&key(&failed, city, login));
    found.is_some_and(|failures| failures.count >= FAILURES && !failures.is_over(now))
}

/// Remembers that a try failed.
pub(super) fn note_failure(city: &str, login: &str, now: Instant) {
    let mut failed = failed();
    if failed.len() >= LOGINS {
        failed.retain(|_, failures| !failures.is_over(now));
    }
    let key = key(&failed, city, login);
    let failures = failed.entry(key).or_insert(Failures {
        since: now,
        count: 0,
    });
    if failures.is_over(now) {
        *failures = Failures {
            since: now,
            count: 0,
        };
    }
    failures.count += 1;
}

/// Forgets the failures of a login that got in.
pub(super) fn release(city: &str, login: &str) {
    failed().remove(&(city.to_owned(), login.to_owned()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_failures_hold_a_login_for_a_minute_in_its_own_city() {
        let now = Instant::now();
        for _ in 0..FAILURES {
            assert!(!holds("brake", "siti", now));
            note_failure("brake", "siti", now);
        }
        assert!(holds("brake", "siti", now + WITHIN));
        assert!(!holds("brake", "budi", now) && !holds("other", "siti", now));
        let later = now + WITHIN + Duration::from_secs(1);
        assert!(!holds("brake", "siti", later));
        note_failure("brake", "siti", later);
        assert!(!holds("brake", "siti", later));
    }
}
