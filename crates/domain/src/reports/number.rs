//! Under which number people know a report.

use super::ReportId;

/// Number under which people know a report: `L-2187`, or the number it brought along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Number {
    Own(ReportId),
    Foreign(String),
}

impl Number {
    /// Reads `L-2187` (any case, the dash may be missing); anything else is a foreign number.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        let own = text
            .strip_prefix(['L', 'l'])
            .map(|rest| rest.strip_prefix('-').unwrap_or(rest))
            .filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok());
        own.map_or_else(
            || Self::Foreign(text.to_owned()),
            |id| Self::Own(ReportId(id)),
        )
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Own(id) => write!(f, "L-{id}"),
            Self::Foreign(text) => f.write_str(text),
        }
    }
}
