//! JSON Pointer (RFC 6901): the wanted values of a document, in one pass and without building the rest of it.
//!
//! Does not do: the URI fragment form (section 6), and `-` for the place after the last element.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Levels of one pointer.
pub const MOST_LEVELS: usize = 16;

/// One pointer, as its levels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer(Vec<String>);

impl Pointer {
    /// From `/a/b/0`; `None` when it is none, or has more than [`MOST_LEVELS`] levels. The empty text means the whole.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self(vec![]));
        }
        let levels = text.strip_prefix('/')?.split('/');
        let levels: Vec<String> = levels.map(unescaped).collect::<Option<_>>()?;
        (levels.len() <= MOST_LEVELS).then_some(Self(levels))
    }
}

/// Section 3: `~1` is `/` and `~0` is `~`; any other use of `~` is an error.
fn unescaped(level: &str) -> Option<String> {
    let mut text = String::with_capacity(level.len());
    let mut letters = level.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '~' => match letters.next() {
                Some('0') => text.push('~'),
                Some('1') => text.push('/'),
                _ => return None,
            },
            letter => text.push(letter),
        }
    }
    Some(text)
}

/// Pointers that are looked up together.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    root: Node,
    count: usize,
}

#[derive(Clone, Debug, Default)]
struct Node {
    /// Whose value stands here.
    places: Vec<usize>,
    children: Vec<(String, Node)>,
}

impl Wanted {
    /// Adds a pointer and returns the place of its value in what [`Wanted::find`] answers.
    pub fn add(&mut self, pointer: &Pointer) -> usize {
        let mut node = &mut self.root;
        for level in &pointer.0 {
            let at = node.children.iter().position(|(name, _)| name == level);
            let at = at.unwrap_or_else(|| {
                node.children.push((level.clone(), Node::default()));
                node.children.len() - 1
            });
            node = &mut node.children[at].1;
        }
        node.places.push(self.count);
        self.count += 1;
        self.count - 1
    }

    /// The value of each pointer in `document`; `None` where there is none. Of a name that stands twice the last counts.
    ///
    /// # Errors
    /// When `document` is not one JSON text. All of it is read.
    pub fn find<'a>(
        &self,
        document: &'a [u8],
    ) -> Result<Vec<Option<&'a RawValue>>, serde_json::Error> {
        let mut found = vec![None; self.count];
        let mut reader = serde_json::Deserializer::from_slice(document);
        Look {
            node: &self.root,
            found: &mut found,
        }
        .deserialize(&mut reader)?;
        reader.end()?;
        Ok(found)
    }
}

struct Look<'n, 'f, 'de> {
    node: &'n Node,
    found: &'f mut Vec<Option<&'de RawValue>>,
}

impl<'de> DeserializeSeed<'de> for Look<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        if self.node.places.is_empty() {
            return reader.deserialize_any(self);
        }
        let value = <&RawValue as serde::Deserialize>::deserialize(reader)?;
        for place in &self.node.places {
            self.found[*place] = Some(value);
        }
        if self.node.children.is_empty() {
            return Ok(());
        }
        serde_json::Deserializer::from_str(value.get())
            .deserialize_any(self)
            .map_err(D::Error::custom)
    }
}

impl<'de> Visitor<'de> for Look<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match self
                .node
                .children
                .iter()
                .find(|(wanted, _)| *wanted == name)
            {
                Some((_, node)) => map.next_value_seed(Look {
                    node,
                    found: self.found,
                })?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        for at in 0_usize.. {
            let name = at.to_string();
            let more = match self
                .node
                .children
                .iter()
                .find(|(wanted, _)| *wanted == name)
            {
                Some((_, node)) => list
                    .next_element_seed(Look {
                        node,
                        found: self.found,
                    })?
                    .is_some(),
                None => list.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                break;
            }
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// How deep the brackets of `document` stand in each other. Right for JSON; an upper bound for anything else.
pub fn depth(document: &[u8]) -> usize {
    let (mut deepest, mut open, mut inside, mut escaped) = (0, 0_usize, false, false);
    for byte in document {
        match (inside, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => inside = !inside,
            (false, b'[' | b'{') => {
                open += 1;
                deepest = deepest.max(open);
            }
            (false, b']' | b'}') => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pointers: &[&str], document: &str) -> Option<Vec<Option<String>>> {
        let mut wanted = Wanted::default();
        for pointer in pointers {
            wanted.add(&Pointer::parse(pointer).unwrap());
        }
        let found = wanted.find(document.as_bytes()).ok()?;
        Some(
            found
                .iter()
                .map(|value| value.map(|json| json.get().to_owned()))
                .collect(),
        )
    }

    fn check(pointer: &str, document: &str, wanted: Option<&str>) {
        assert_eq!(
            found(&[pointer], document).unwrap(),
            [wanted.map(str::to_owned)],
            "{pointer}"
        );
    }

    #[test]
    fn the_examples_of_the_standard_are_found() {
        let document = r#"{"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4,
            "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8}"#;
        check("", document, Some(document));
        for (pointer, wanted) in [
            ("/foo", r#"["bar", "baz"]"#),
            ("/foo/0", r#""bar""#),
            ("/", "0"),
            ("/a~1b", "1"),
            ("/c%d", "2"),
            ("/e^f", "3"),
            ("/g|h", "4"),
            ("/i\\j", "5"),
            ("/k\"l", "6"),
            ("/ ", "7"),
            ("/m~0n", "8"),
        ] {
            check(pointer, document, Some(wanted));
        }
        for pointer in ["/foo/2", "/foo/00", "/nothing", "/foo/bar"] {
            check(pointer, document, None);
        }
    }

    #[test]
    fn several_are_found_at_once_also_inside_each_other() {
        let document = r#"{"a":{"b":[1,{"c":null}]},"d":-2.50}"#;
        let all = found(&["/d", "/a", "/a/b/1/c", "/a/b/0", "/a/b/0"], document).unwrap();
        let all: Vec<&str> = all
            .iter()
            .map(|one| one.as_deref().unwrap_or("-"))
            .collect();
        assert_eq!(all, ["-2.50", r#"{"b":[1,{"c":null}]}"#, "null", "1", "1"]);
    }

    #[test]
    fn what_is_not_wanted_must_be_json_all_the_same() {
        for broken in [
            "",
            "{",
            r#"{"a":1,"b":}"#,
            r#"{"a":1} x"#,
            r#"{"a":1,"b":[1,}"#,
            "nul",
        ] {
            assert_eq!(found(&["/a"], broken), None, "{broken}");
        }
        assert_eq!(found(&["/a"], "7"), Some(vec![None]));
    }

    #[test]
    fn a_tilde_has_two_meanings_and_no_others() {
        for bad in ["a", "/~", "/~2", &"/a".repeat(MOST_LEVELS + 1)] {
            assert_eq!(Pointer::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn depth_counts_brackets_outside_of_texts() {
        for (document, wanted) in [
            ("7", 0),
            ("[[]]", 2),
            (r#"{"[[[":[1]}"#, 2),
            (r#"["\"[["]"#, 1),
        ] {
            assert_eq!(depth(document.as_bytes()), wanted, "{document}");
        }
    }
}
