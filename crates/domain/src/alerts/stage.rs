//! The stage of the city: 1 (an ordinary day) to 5. Warnings propose one, a person confirms it.

use serde::{Deserialize, Serialize};

use super::words::Severity;

/// From 1 to 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Stage(u8);

impl Stage {
    /// An ordinary day.
    pub const LOWEST: Self = Self(1);
    pub const HIGHEST: Self = Self(5);

    /// `None` unless it is one of the five.
    pub fn new(number: u8) -> Option<Self> {
        (Self::LOWEST.0..=Self::HIGHEST.0)
            .contains(&number)
            .then_some(Self(number))
    }

    pub const fn number(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Stage {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Self::new(number).ok_or("a stage is a number from 1 to 5")
    }
}

impl From<Stage> for u8 {
    fn from(stage: Stage) -> Self {
        stage.0
    }
}

/// Which stage a warning of each severity proposes. A city has its own; the highest stage is left to people here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposals {
    pub extreme: Stage,
    pub severe: Stage,
    pub moderate: Stage,
    pub minor: Stage,
}

impl Default for Proposals {
    fn default() -> Self {
        Self {
            extreme: Stage(4),
            severe: Stage(3),
            moderate: Stage(2),
            minor: Stage(1),
        }
    }
}

impl Proposals {
    /// The highest that one of the warnings which hold for the city proposes.
    pub fn propose(&self, severities: impl IntoIterator<Item = Severity>) -> Stage {
        let each = severities.into_iter().map(|severity| match severity {
            Severity::Extreme => self.extreme,
            Severity::Severe => self.severe,
            Severity::Moderate => self.moderate,
            Severity::Minor | Severity::Unknown => self.minor,
        });
        each.max().unwrap_or(Stage::LOWEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_warning_proposes_and_none_proposes_an_ordinary_day() {
        let steps = Proposals::default();
        assert_eq!(steps.propose([]), Stage::LOWEST);
        let some = [Severity::Minor, Severity::Severe, Severity::Moderate];
        assert_eq!(steps.propose(some).number(), 3);
        assert_eq!(steps.propose([Severity::Unknown]), Stage::LOWEST);
    }

    #[test]
    fn there_are_five_stages() {
        let numbers: Vec<u8> = (0..=255).filter(|n| Stage::new(*n).is_some()).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5]);
        assert!(serde_json::from_str::<Stage>("0").is_err());
    }
}
