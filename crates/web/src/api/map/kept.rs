//! Answers of the public map, kept while their city has not changed.
//!
//! Nothing of a visitor goes into a question but the language: what is kept may be given to anyone.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use pendopo_operations::configuration::Configuration;

/// Bodies kept at once, of all cities; then it begins anew.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// And questions of one city: small answers take more room than their bodies.
const MOST_QUESTIONS: usize = 2_000;

/// What was answered, by city.
#[derive(Clone, Default)]
pub struct KeptAnswers(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    bytes: usize,
    cities: HashMap<String, OfCity>,
}

struct OfCity {
    stand: Stand,
    bytes: usize,
    answers: HashMap<String, Answer>,
}

/// The state of a city that an answer was made from.
#[derive(Clone)]
pub(super) struct Stand {
    pub mark: String,
    /// It follows the journal a moment later.
    pub configuration: Arc<Configuration>,
}

impl PartialEq for Stand {
    fn eq(&self, other: &Self) -> bool {
        self.mark == other.mark && Arc::ptr_eq(&self.configuration, &other.configuration)
    }
}

#[derive(Clone)]
pub(super) struct Answer {
    pub body: Bytes,
    /// Weak, because the compression layer changes the bytes but not what they say (RFC 9110 §8.8.1).
    pub etag: String,
}

impl KeptAnswers {
    pub(super) fn get(&self, city: &str, stand: &Stand, question: &str) -> Option<Answer> {
        let kept = self.lock();
        let of_city = kept.cities.get(city)?;
        let same = of_city.stand == *stand;
        of_city.answers.get(question).filter(|_| same).cloned()
    }

    /// Keeps an answer, and forgets those from another state of the city.
    pub(super) fn put(&self, city: &str, stand: Stand, question: String, body: String) -> Answer {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let answer = Answer {
            etag: format!("W/\"{:016x}\"", hasher.finish()),
            body: body.into(),
        };
        let size = answer.body.len() + question.len();
        let mut kept = self.lock();
        if kept.bytes + size > MOST_BYTES {
            *kept = Kept::default();
        }
        let stale =
            |of_city: &OfCity| of_city.stand != stand || of_city.answers.len() >= MOST_QUESTIONS;
        if kept.cities.get(city).is_some_and(stale)
            && let Some(gone) = kept.cities.remove(city)
        {
            kept.bytes -= gone.bytes;
        }
        let of_city = kept.cities.entry(city.to_owned()).or_insert(OfCity {
            stand,
            bytes: 0,
            answers: HashMap::new(),
        });
        // Two may have asked the same at the same time.
        if of_city.answers.insert(question, answer.clone()).is_none() {
            of_city.bytes += size;
            kept.bytes += size;
        }
        answer
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
