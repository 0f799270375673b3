//! What cities hand to each other: blueprints as folders, as packages, and with signatures.
//!
//! - [`folder`]: a blueprint as its author writes it, on disk
//! - [`read`](mod@read): files become a [`pendopo_domain::blueprints::Blueprint`]
//! - [`package`]: one file for the way, the same bytes for the same content
//! - [`archive`]: the tar of a package, read with suspicion
//! - [`signature`]: who stands for a package, and until when
//!
//! What is read here comes from strangers: every limit is looked at before anything is kept, and nothing is written to
//! disk. The randomness of keys and signatures is the system's, inside the `minisign` crate; only the program's wiring
//! calls what needs it.
#![forbid(unsafe_code)]

pub mod archive;
pub mod folder;
pub mod package;
pub mod read;
pub mod signature;

use std::collections::BTreeMap;

/// The files of a blueprint by path, `/` between folders.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The file that says what a blueprint is.
pub const MANIFEST: &str = "blueprint.toml";

/// Files of one blueprint: its objects, its tests and its manifest.
pub const MOST_FILES: usize =
    pendopo_domain::blueprints::MOST_OBJECTS + pendopo_domain::blueprints::MOST_TRIALS + 1;

/// Declares an enum whose values have one stable word each: a key of `translations/`.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable word of this value.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}
pub(crate) use words;
