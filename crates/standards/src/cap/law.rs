//! What a message must be besides valid: the prose of the standard, and what a city asks of its own warnings.

use pendopo_domain::alerts::{MsgType, ResponseType, Scope, Status};
use pendopo_domain::geo::BoundingBox;

use super::model::{Alert, Info};
use super::{read, write};

/// A rule that a message breaks, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// As in [`super::Problem::at`].
    pub at: String,
    pub law: Law,
}

macro_rules! laws {
    ($($(#[$doc:meta])* $name:ident = $word:literal),+ $(,)?) => {
        /// A rule. Each has a stable word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Law { $($(#[$doc])* $name),+ }

        impl Law {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }
        }
    };
}

laws! {
    /// §3.2.1: `identifier` and `sender` hold no blank, comma, `<` or `&`.
    Characters = "characters",
    /// §3.2.1: `restriction` says who, when the scope is Restricted.
    Restriction = "restriction",
    /// §3.2.1: `addresses` says to whom, when the scope is Private.
    Addresses = "addresses",
    /// §3.2.1: Update, Cancel, Ack and Error name what they are about.
    References = "references",
    /// §3.2.1: Exercise, Cancel and Error say in `note` which, and why.
    Note = "note",
    /// An Alert or Update without any information tells nobody anything.
    Information = "information",
    /// §3.2.2: Assess is not for the public.
    Assess = "assess",
    /// §3.2.2: `web` is an absolute address.
    Web = "web",
    /// §3.2.4: `ceiling` only with `altitude`.
    Ceiling = "ceiling",
    /// Names of codes and parameters are not empty.
    Names = "names",
    /// It ends after it was sent and after it begins.
    Expiry = "expiry",
    /// Every part says when it ends.
    NoExpiry = "no-expiry",
    /// A headline is at most [`HEADLINE`] characters, and is there.
    Headline = "headline",
    /// Every language that the city speaks.
    Languages = "languages",
    /// All languages say the same: severity, urgency, certainty, areas and times.
    Unequal = "unequal",
    /// Every area has an outline.
    Outline = "outline",
    /// Every position is near the city.
    Outside = "outside",
    /// What is read again is what was written.
    RoundTrip = "round-trip",
}

/// Characters of a headline that small screens show.
pub const HEADLINE: usize = 160;

/// Holds a message against the prose of CAP 1.2; the schema is [`write()`]'s matter.
pub fn check(alert: &Alert) -> Vec<Breach> {
    let mut found = vec![];
    let mut must = |kept: bool, at: &str, law: Law| {
        if !kept {
            let at = at.to_owned();
            found.push(Breach { at, law });
        }
    };
    must(is_plain(&alert.identifier), "identifier", Law::Characters);
    must(is_plain(&alert.sender), "sender", Law::Characters);
    let restricted = alert.scope == Scope::Restricted;
    must(
        !restricted || alert.restriction.is_some(),
        "restriction",
        Law::Restriction,
    );
    let private = alert.scope == Scope::Private;
    must(
        !private || !alert.addresses.is_empty(),
        "addresses",
        Law::Addresses,
    );
    let first = alert.msg_type == MsgType::Alert;
    must(
        first || !alert.references.is_empty(),
        "references",
        Law::References,
    );
    let explains = alert.status == Status::Exercise
        || matches!(alert.msg_type, MsgType::Cancel | MsgType::Error);
    must(!explains || alert.note.is_some(), "note", Law::Note);
    let informs = matches!(alert.msg_type, MsgType::Alert | MsgType::Update);
    must(!informs || !alert.info.is_empty(), "info", Law::Information);
    for (index, info) in alert.info.iter().enumerate() {
        check_info(alert, info, &format!("info[{}]", index + 1), &mut must);
    }
    found
}

fn check_info(alert: &Alert, info: &Info, at: &str, must: &mut impl FnMut(bool, &str, Law)) {
    let assess = info.response_type.contains(&ResponseType::Assess);
    must(
        !assess || alert.scope != Scope::Public,
        &format!("{at}/responseType"),
        Law::Assess,
    );
    let web = info.web.as_deref().is_none_or(is_absolute);
    must(web, &format!("{at}/web"), Law::Web);
    let begins = info.effective.as_ref().unwrap_or(&alert.sent).instant();
    let ends = info.expires.as_ref().map(|end| end.instant());
    let after = ends.is_none_or(|end| end > alert.sent.instant() && end > begins);
    must(after, &format!("{at}/expires"), Law::Expiry);
    let pairs = info.event_code.iter().chain(&info.parameter);
    let pairs = pairs.chain(info.area.iter().flat_map(|area| &area.geocode));
    for pair in pairs {
        must(
            !pair.value_name.is_empty(),
            &format!("{at}/valueName"),
            Law::Names,
        );
    }
    for (index, area) in info.area.iter().enumerate() {
        let alone = area.ceiling.is_some() && area.altitude.is_none();
        must(
            !alone,
            &format!("{at}/area[{}]/ceiling", index + 1),
            Law::Ceiling,
        );
    }
}

/// No blank, comma, `<` or `&`, and something.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || ",<&".contains(c))
}

fn is_absolute(address: &str) -> bool {
    let Some((scheme, rest)) = address.split_once(':') else {
        return false;
    };
    let letters = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(letters)
        && !rest.is_empty()
        && !address.contains(char::is_whitespace)
}

/// What a city asks of its own warnings.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// All of them must be there.
    pub languages: &'a [&'a str],
    /// The city with a margin; `None` when it has given no areas.
    pub within: Option<BoundingBox>,
}

/// Everything that keeps a warning of the city from being published: [`check`], what is asked besides, and whether it
/// survives being written and read.
pub fn self_test(alert: &Alert, asked: Asked<'_>) -> Vec<Breach> {
    let mut found = check(alert);
    let mut must = |kept: bool, at: &str, law: Law| {
        if !kept {
            let at = at.to_owned();
            found.push(Breach { at, law });
        }
    };
    let informs = matches!(alert.msg_type, MsgType::Alert | MsgType::Update);
    for language in asked.languages {
        let there = alert
            .info
            .iter()
            .any(|info| info.language.as_deref() == Some(language));
        must(there || !informs, "info/language", Law::Languages);
    }
    for (index, info) in alert.info.iter().enumerate() {
        let at = format!("info[{}]", index + 1);
        let headline = info.headline.as_ref().map(|text| text.chars().count());
        let fits = headline.is_some_and(|length| length <= HEADLINE);
        must(fits, &format!("{at}/headline"), Law::Headline);
        must(
            info.expires.is_some(),
            &format!("{at}/expires"),
            Law::NoExpiry,
        );
        must(same(&alert.info[0], info), &at, Law::Unequal);
        for (number, area) in info.area.iter().enumerate() {
            let at = format!("{at}/area[{}]", number + 1);
            let drawn = !area.polygon.is_empty() || !area.circle.is_empty();
            must(drawn, &at, Law::Outline);
            let rings = area.polygon.iter().flat_map(|ring| ring.positions());
            let centres = area.circle.iter().map(|circle| &circle.centre);
            let near = |within: BoundingBox| rings.chain(centres).all(|p| within.contains(*p));
            must(asked.within.is_none_or(near), &at, Law::Outside);
        }
        must(!info.area.is_empty(), &format!("{at}/area"), Law::Outline);
    }
    let again = read(write(alert).as_bytes());
    let kept = again.is_ok_and(|again| again.alert == *alert && again.problems.is_empty());
    must(kept, "", Law::RoundTrip);
    found
}

/// Whether two languages say the same.
fn same(one: &Info, other: &Info) -> bool {
    let codes = |info: &Info| (info.severity, info.urgency, info.certainty);
    let places = |info: &Info| -> Vec<_> {
        let each = info.area.iter();
        each.map(|area| {
            (
                area.polygon.clone(),
                area.circle.clone(),
                area.geocode.clone(),
            )
        })
        .collect()
    };
    codes(one) == codes(other)
        && one.category == other.category
        && one.response_type == other.response_type
        && (&one.effective, &one.onset, &one.expires)
            == (&other.effective, &other.onset, &other.expires)
        && places(one) == places(other)
}
