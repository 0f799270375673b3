//! What is wrong with a message.

use crate::document::Unreadable;

/// Why nothing of a document is used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The root is not an `<alert>` of a version that is known.
    #[error("not a CAP message")]
    NotCap,
    /// An element without which the message cannot be told from others or acted upon.
    #[error("<{0}> is missing")]
    Missing(&'static str),
    /// Its value is none of those the standard lists, or not a time.
    #[error("<{0}> has a value that cannot be used")]
    Unusable(&'static str),
}

impl Refused {
    /// A stable word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unreadable(Unreadable::TooLarge(_)) => "too-large",
            Self::Unreadable(Unreadable::Encoding) => "encoding",
            Self::Unreadable(Unreadable::Malformed(_)) => "malformed",
            Self::Unreadable(Unreadable::DocType) => "doctype",
            Self::Unreadable(Unreadable::TooDeep(_) | Unreadable::TooManyElements(_)) => {
                "too-complex"
            }
            Self::NotCap => "not-cap",
            Self::Missing(_) => "missing",
            Self::Unusable(_) => "unusable",
        }
    }
}

/// Something that was wrong, and where; the message was read all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Elements from the root, counted from 1 where they repeat: `info[1]/area[2]/polygon[3]`.
    pub at: String,
    pub fault: Fault,
}

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $word:literal),+ $(,)?) => {
        /// What was wrong. Each has a stable word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Fault { $($(#[$doc])* $name),+ }

        impl Fault {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }
        }
    };
}

faults! {
    /// CAP 1.0 or 1.1, read as if it were 1.2.
    OldVersion = "old-version",
    /// The elements are not in the order of the schema.
    Order = "order",
    /// An element that the standard does not have here.
    Foreign = "foreign",
    /// An element that may stand once stands twice; the first counts.
    Repeated = "repeated",
    /// An element without content, where the schema wants some; taken as absent.
    Empty = "empty",
    /// A required element is missing, and was replaced by the least that can be said.
    Missing = "missing",
    /// A value that the standard does not list, replaced by `Unknown` or left out.
    Value = "value",
    /// A listed value in other letters.
    Case = "case",
    /// A time in a form that CAP does not allow, but that can be read.
    TimeForm = "time-form",
    /// A time that cannot be read; left out.
    Time = "time",
    /// A reference that is not `sender,identifier,sent`; left out.
    Reference = "reference",
    /// A ring that did not end where it began; closed.
    OpenRing = "open-ring",
    /// A ring of fewer than four positions; left out.
    ShortRing = "short-ring",
    /// A position that is not one, or not on earth: the ring or circle is left out.
    Position = "position",
    /// More than is read: the rest is left out.
    TooMany = "too-many",
    /// A text that is longer than is read; cut.
    TooLong = "too-long",
    /// A number that cannot be read; left out.
    Number = "number",
}
