//! Blueprints (cetak biru): what one city runs, as data that another city can adopt, change, upgrade and give back.
//!
//! A blueprint never holds code. Its objects have the very forms that the files of a city have (`cities/README.md`);
//! what differs from city to city is a parameter, written `${name}` where its value goes. Everything here is pure: files,
//! archives and signatures belong to whoever exchanges blueprints, tables to whoever keeps them.
//!
//! - [`manifest`]: what a blueprint says of itself
//! - [`params`]: values that a city fills in
//! - [`objects`]: the kinds of objects, their normal form, and what they refer to
//! - [`check`](fn@check): whether a blueprint can be handed on
//! - [`fit`]: whether a city has what it needs
//! - [`tree`]: the configuration of a city as one tree, with a hash
//! - [`merge`]: three trees become one, field by field
//! - [`adopt`]: plan, apply, roll back
//! - [`trial`]: recorded readings in, alarms out: the tests that a blueprint brings

pub mod adopt;
pub mod check;
pub mod fit;
pub mod manifest;
pub mod merge;
pub mod objects;
pub mod params;
#[cfg(test)]
mod tests;
pub mod tree;
pub mod trial;

use std::collections::BTreeMap;

use serde_json::Value;

pub use check::{Problem, What, check};
pub use manifest::Manifest;
pub use objects::{Kind, ObjectId};
pub use tree::Tree;
pub use trial::Trial;

/// Objects of one blueprint.
pub const MOST_OBJECTS: usize = 200;
/// Parameters of one blueprint: more than anybody fills in.
pub const MOST_PARAMS: usize = 60;
/// Tests of one blueprint.
pub const MOST_TRIALS: usize = 50;
/// Bytes of one file of a blueprint.
pub const LARGEST_FILE: usize = 256 * 1024;
/// Bytes of all files of a blueprint together.
pub const LARGEST: usize = 2 * 1024 * 1024;
/// How deep values may be nested.
pub const DEEPEST: usize = 16;
/// Characters of one text.
pub const LONGEST_TEXT: usize = 2_000;

/// A blueprint in memory: its manifest and what its files say.
#[derive(Clone, Debug, PartialEq)]
pub struct Blueprint {
    pub manifest: Manifest,
    /// The data of each object, with placeholders.
    pub objects: BTreeMap<ObjectId, Value>,
    /// The tests, by path.
    pub trials: BTreeMap<String, Trial>,
}

impl Blueprint {
    /// The objects with `values` filled in, in normal form.
    ///
    /// # Errors
    /// Every object that cannot be used with these values.
    pub fn bound(&self, values: &BTreeMap<String, Value>) -> Result<Tree, Vec<Problem>> {
        let (mut tree, mut problems) = (Tree::default(), vec![]);
        for (id, template) in &self.objects {
            let place = id.to_string();
            let normal = params::bind(template, values)
                .map_err(|name| Problem::new(&place, What::UnknownParam, name))
                .and_then(|data| {
                    objects::normal(id.kind, &data)
                        .map_err(|why| Problem::new(&place, What::BadObject, why))
                });
            match normal {
                Ok(data) => {
                    tree.0.insert(id.clone(), data);
                }
                Err(problem) => problems.push(problem),
            }
        }
        match problems.is_empty() {
            true => Ok(tree),
            false => Err(problems),
        }
    }
}
