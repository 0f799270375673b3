//! The configuration of a city as one tree: objects by id, each in its normal form.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::objects::ObjectId;

/// The objects of a city, or of a blueprint whose parameters are filled in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tree(pub BTreeMap<ObjectId, Value>);

impl Tree {
    pub fn get(&self, id: &ObjectId) -> Option<&Value> {
        self.0.get(id)
    }

    /// The objects whose data differ in `other`, or that only one of them has.
    pub fn differing<'a>(&'a self, other: &'a Self) -> Vec<&'a ObjectId> {
        let all: std::collections::BTreeSet<_> = self.0.keys().chain(other.0.keys()).collect();
        let differs = |id: &&ObjectId| self.get(id) != other.get(id);
        all.into_iter().filter(differs).collect()
    }

    /// The same tree under the new ids of objects that were renamed; their own codes move with them.
    pub fn moved(&self, moved: &BTreeMap<ObjectId, ObjectId>) -> Self {
        let each = self.0.iter().map(|(id, data)| match moved.get(id) {
            None => (id.clone(), data.clone()),
            Some(new) => {
                let mut data = data.clone();
                if data.get("code").is_some() {
                    data["code"] = Value::from(new.id.as_str());
                }
                (new.clone(), data)
            }
        });
        Self(each.collect())
    }
}

/// SHA-256 of a value as 64 hexadecimal digits: of its JSON with the fields of every object in the order of their names.
pub fn hash(value: &impl Serialize) -> String {
    let mut text = String::new();
    // What goes in here is made of texts, numbers and maps with text keys, which can always be written.
    canonical(&serde_json::to_value(value).unwrap_or_default(), &mut text);
    digest(text.as_bytes())
}

/// SHA-256 of bytes as 64 hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let sorted: BTreeMap<&String, &Value> = fields.iter().collect();
            text.push('{');
            for (n, (name, value)) in sorted.into_iter().enumerate() {
                if n > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                canonical(value, text);
            }
            text.push('}');
        }
        Value::Array(list) => {
            text.push('[');
            for (n, value) in list.iter().enumerate() {
                if n > 0 {
                    text.push(',');
                }
                canonical(value, text);
            }
            text.push(']');
        }
        other => text.push_str(&other.to_string()),
    }
}
