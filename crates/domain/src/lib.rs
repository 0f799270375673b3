//! The nouns and the rules of a city: reports, incidents, teams, deadlines, rights, numbers.
//!
//! Everything here is pure. There is no I/O, no clock, no randomness, no SQL and no wire format:
//! `now` and random bytes are arguments, so that a rule can be tested, replayed and explained.
//! Coordinates are lon, lat (WGS 84); time is UTC inside and the city's zone at the edge.
#![forbid(unsafe_code)]

pub mod alarms;
pub mod alerts;
pub mod blueprints;
pub mod comments;
pub mod entities;
pub mod geo;
pub mod incidents;
pub mod journal;
pub mod live_types;
pub mod measures;
pub mod organisation;
pub mod playbooks;
pub mod policy;
pub mod ratings;
pub mod reports;
pub mod rules;
pub mod services;
pub mod sources;
pub mod time;
pub mod trends;
pub mod units;
pub mod walls;

/// Declares an integer id as a type of its own, so that no signature takes a bare number.
macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}
pub(crate) use id_type;

/// Declares an enum whose values have one stable lower-case word each: the word that is stored,
/// journalled and used as a translation key.
macro_rules! word_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable word of this value.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The value of a stable word; `None` for any other text.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}
pub(crate) use word_enum;
