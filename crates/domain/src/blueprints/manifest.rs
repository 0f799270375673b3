//! What a blueprint says of itself: `blueprint.toml`.
//!
//! Codes are texts, never numbers: an untyped `11.10` once became 11.1 in a public list of cities.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fit::Fit;
use super::objects::{Kind, ObjectId};
use super::params::Param;
use crate::services::Texts;

/// The manifest of a blueprint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `<namespace>/<name>`. The namespace is the identity of the city whose blueprint it is (`ID-21.72`), or
    /// `pendopo` for what ships with Pendopo.
    pub id: String,
    /// Semantic version: `1.4.0`.
    pub version: String,
    /// SPDX identifier of its licence.
    pub licence: String,
    pub maintenance: Maintenance,
    pub name: Texts,
    pub description: Texts,
    /// What a city fills in, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Param>,
    #[serde(default)]
    pub fit: Fit,
    #[serde(rename = "object", default)]
    pub objects: Vec<ObjectEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub legal_basis: Vec<LegalBasis>,
    /// By what it is judged; fixed before anybody adopts it.
    #[serde(rename = "measure", default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<JudgedBy>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provenance: Vec<Origin>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// Objects that were renamed, old id to new: an upgrade follows them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub moved: BTreeMap<ObjectId, ObjectId>,
    #[serde(rename = "test", default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<TestEntry>,
}

crate::word_enum!(
    /// Who looks after it.
    Maintenance {
        Active = "active",
        Experimental = "experimental",
        /// Nobody does any more.
        Retired = "retired",
    }
);

/// One object and the file that holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectEntry {
    pub kind: Kind,
    /// The code of the object; it never changes, or `moved` says so.
    pub id: String,
    pub path: String,
    /// Of the bytes of the file, 64 hexadecimal digits; written when it is packed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

impl ObjectEntry {
    pub fn object(&self) -> ObjectId {
        ObjectId::new(self.kind, &self.id)
    }
}

/// One test and the file that holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestEntry {
    pub path: String,
    /// As [`ObjectEntry::sha256`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// What a blueprint rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalBasis {
    /// Akoma Ntoso, without expression: `/akn/id/act/uu/2007/24`.
    pub uri: String,
    /// The article; the whole regulation without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pasal: Option<String>,
    pub role: LegalRole,
    /// The objects that rest on it.
    #[serde(rename = "for")]
    pub objects: Vec<ObjectId>,
}

crate::word_enum!(
    /// What a regulation gives.
    LegalRole {
        Authority = "authority",
        Procedure = "procedure",
        Fee = "fee",
        Deadline = "deadline",
    }
);

/// A measure by which the blueprint is judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgedBy {
    /// Id of an object of the kind `measure`, which has formula, unit and direction.
    pub id: String,
    /// Months before, and months after, that are compared.
    pub window_months: u32,
    /// Months after the adoption that are left out.
    pub washout_months: u32,
}

/// One step of the way that it came: origin, adopter, fork.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// `ID-21.72`.
    pub city: String,
    pub version: String,
    /// Of the package, 64 hexadecimal digits.
    pub digest: String,
    /// Of the key that signed it.
    pub key_id: String,
}

/// An effect that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Id of an object of the kind `measure`.
    pub measure: String,
    /// How much it changed, as a part: -0.15 is 15 % less.
    pub effect: f64,
    /// 95 % interval of the effect.
    pub low: f64,
    pub high: f64,
    /// 0 description, 1 before/after, 2 interrupted series, 3 matched difference-in-differences, 4 pooled over at
    /// least five cities.
    pub claim: u8,
    pub cities: u32,
    /// All receipts, those of cities that went back too.
    pub receipts: u32,
    /// Of the data, 64 hexadecimal digits.
    pub data_digest: String,
}

impl Manifest {
    /// The namespace of its id.
    pub fn namespace(&self) -> &str {
        self.id
            .split_once('/')
            .map_or("", |(namespace, _)| namespace)
    }

    /// The value of every parameter that the author gives.
    pub fn defaults(&self) -> BTreeMap<String, serde_json::Value> {
        let default = |(name, param): (&String, &Param)| (name.clone(), param.default.clone());
        self.params.iter().map(default).collect()
    }
}

/// The namespace of what ships with Pendopo.
pub const SHIPPED: &str = "pendopo";

/// Whether `text` is the identity of a city: the country of ISO 3166-1, a hyphen, the code of the country for it.
pub fn is_identity(text: &str) -> bool {
    let Some((country, code)) = text.split_once('-') else {
        return false;
    };
    country.len() == 2
        && country.bytes().all(|byte| byte.is_ascii_uppercase())
        && (1..=20).contains(&code.len())
        && code
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
}

/// Three whole numbers without leading zeros, as semantic versions have; no suffix.
pub fn version(text: &str) -> Option<[u32; 3]> {
    let number = |part: &str| {
        let plain = part.bytes().all(|byte| byte.is_ascii_digit());
        let padded = part.len() > 1 && part.starts_with('0');
        (plain && !padded).then(|| part.parse().ok()).flatten()
    };
    let mut parts = text.split('.').map(number);
    let found = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(found)
}
