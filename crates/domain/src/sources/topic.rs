//! Topic names and topic filters (MQTT 5.0, section 4.7).

/// Bytes of a topic that a city takes. MQTT allows 65 535; ids are made of it.
pub const MOST_BYTES: usize = 512;

/// Whether `text` can be a topic that something is published on.
pub fn is_topic(text: &str) -> bool {
    !text.is_empty() && text.len() <= MOST_BYTES && !text.contains(['+', '#', '\0'])
}

/// Whether `text` can be a filter: `+` and `#` stand alone in their level, `#` only at the end.
pub fn is_filter(text: &str) -> bool {
    let mut levels = text.split('/').peekable();
    let mut good = !text.is_empty() && text.len() <= MOST_BYTES && !text.contains('\0');
    while let Some(level) = levels.next() {
        good &= match level {
            "+" => true,
            "#" => levels.peek().is_none(),
            level => !level.contains(['+', '#']),
        };
    }
    good
}

/// Whether `filter` covers `topic`.
pub fn covers(filter: &str, topic: &str) -> bool {
    captures(filter, topic).is_some()
}

/// What each `+` of `filter` stands for in `topic`; `None` when it does not cover it.
pub fn captures<'t>(filter: &str, topic: &'t str) -> Option<Vec<&'t str>> {
    // Topics of the broker itself are not meant by a filter that begins with a wildcard.
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return None;
    }
    let mut found = vec![];
    let mut topics = topic.split('/');
    let mut filters = filter.split('/');
    loop {
        match (filters.next(), topics.next()) {
            // `a/#` covers `a` as well.
            (Some("#"), _) => return Some(found),
            (Some("+"), Some(level)) => found.push(level),
            (Some(wanted), Some(level)) if wanted == level => {}
            (None, None) => return Some(found),
            _ => return None,
        }
    }
}

/// The topic or filter without the name of the city in front; `None` when it belongs to another city or to none.
pub fn of_city<'t>(city: &str, topic: &'t str) -> Option<&'t str> {
    topic
        .strip_prefix(city)?
        .strip_prefix('/')
        .filter(|rest| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_cover_what_the_standard_says() {
        // Section 4.7.1, its own examples first.
        for (filter, topic, wanted) in [
            ("sport/tennis/player1/#", "sport/tennis/player1", true),
            (
                "sport/tennis/player1/#",
                "sport/tennis/player1/ranking",
                true,
            ),
            ("sport/#", "sport", true),
            ("sport/tennis/+", "sport/tennis/player1", true),
            ("sport/tennis/+", "sport/tennis/player1/ranking", false),
            ("sport/+", "sport", false),
            ("sport/+", "sport/", true),
            ("+/+", "/finance", true),
            ("/+", "/finance", true),
            ("+", "/finance", false),
            ("#", "$SYS/broker", false),
            ("air/+/reading", "air/7/reading", true),
            ("air/+/reading", "air/7/8/reading", false),
            ("air/7", "air/77", false),
        ] {
            assert_eq!(covers(filter, topic), wanted, "{filter} {topic}");
        }
        assert_eq!(captures("a/+/b/+/#", "a/1/b/2/c/d"), Some(vec!["1", "2"]));
    }

    #[test]
    fn wildcards_stand_alone() {
        for good in ["#", "+", "a/+/b", "a/#", "/", "a//b"] {
            assert!(is_filter(good), "{good}");
        }
        for bad in ["", "a#", "a/#/b", "a+/b", "a/b\0"] {
            assert!(!is_filter(bad), "{bad}");
        }
        assert!(is_topic("a/b") && !is_topic("a/+") && !is_topic(&"a".repeat(513)));
    }

    #[test]
    fn a_topic_belongs_to_one_city() {
        assert_eq!(of_city("manado", "manado/air/7"), Some("air/7"));
        for other in [
            "manado",
            "manado/",
            "manadotua/air",
            "denpasar/air",
            "/manado/air",
        ] {
            assert_eq!(of_city("manado", other), None, "{other}");
        }
    }
}
