//! Reading what the world sends.

use pendopo_domain::alerts::{
    Category, Certainty, MsgType, ResponseType, Scope, Severity, Status, Urgency,
};

use super::model::{Alert, Area, Info, Pair, Reference, Resource};
use super::problem::{Fault, Problem, Refused};
use super::time::DateTime;
use super::{LIMITS, MOST_POINTS, MOST_PROBLEMS, NAMESPACE, points};
use crate::document::{self, Element};

mod fields;

use fields::{Fields, Notes};

/// A version of CAP, by its namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    V1_0,
    V1_1,
    V1_2,
}

const OLD_1_0: &str = "http://www.incident.com/cap/1.0";
const OLD_1_1: &str = "urn:oasis:names:tc:emergency:cap:1.1";
const SIGNATURES: &str = "http://www.w3.org/2000/09/xmldsig#";

impl Version {
    fn of(namespace: Option<&str>) -> Option<Self> {
        match namespace? {
            NAMESPACE => Some(Self::V1_2),
            OLD_1_1 => Some(Self::V1_1),
            OLD_1_0 => Some(Self::V1_0),
            _ => None,
        }
    }
}

/// A message that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    pub alert: Alert,
    /// The one it was written in; [`Read::alert`] is as 1.2 would say it.
    pub version: Version,
    /// Signatures in it. None is checked.
    pub signatures: usize,
    /// In the order of the document, at most [`MOST_PROBLEMS`].
    pub problems: Vec<Problem>,
}

/// Reads one message.
///
/// # Errors
/// [`Refused`] when it is no CAP message, or lacks what tells it from others and says what it is. Whatever else is wrong
/// is in [`Read::problems`].
pub fn read(bytes: &[u8]) -> Result<Read, Refused> {
    read_element(&document::read(bytes, LIMITS)?.root)
}

/// Whether this is an `<alert>` of a known version.
pub(crate) fn is_alert(element: &Element) -> bool {
    element.name == "alert" && Version::of(element.namespace.as_deref()).is_some()
}

/// Reads a message that stands in another document.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_element(root: &Element) -> Result<Read, Refused> {
    let version = Version::of(root.namespace.as_deref());
    let version = version.filter(|_| root.name == "alert");
    let version = version.ok_or(Refused::NotCap)?;
    let mut notes = Notes {
        version,
        problems: vec![],
        points_left: MOST_POINTS,
    };
    if version != Version::V1_2 {
        notes.add("", Fault::OldVersion);
    }
    let alert = alert(root, &mut notes)?;
    let signatures = root
        .children
        .iter()
        .filter(|child| child.is(Some(SIGNATURES), "Signature"));
    Ok(Read {
        alert,
        version,
        signatures: signatures.count(),
        problems: notes.problems,
    })
}

const ALERT: &[&str] = &[
    "identifier",
    "sender",
    "sent",
    "status",
    "msgType",
    "source",
    "scope",
    "restriction",
    "addresses",
    "code",
    "note",
    "references",
    "incidents",
    "info",
];
const INFO: &[&str] = &[
    "language",
    "category",
    "event",
    "responseType",
    "urgency",
    "severity",
    "certainty",
    "audience",
    "eventCode",
    "effective",
    "onset",
    "expires",
    "senderName",
    "headline",
    "description",
    "instruction",
    "web",
    "contact",
    "parameter",
    "resource",
    "area",
];
const RESOURCE: &[&str] = &[
    "resourceDesc",
    "mimeType",
    "size",
    "uri",
    "derefUri",
    "digest",
];
const AREA: &[&str] = &[
    "areaDesc", "polygon", "circle", "geocode", "altitude", "ceiling",
];

/// One more thing that 1.0 had.
const OLD_ONLY: &[&str] = &["password"];

fn alert(root: &Element, notes: &mut Notes) -> Result<Alert, Refused> {
    let mut of = Fields::new(root, ALERT, String::new(), notes);
    let identifier = of
        .text("identifier")
        .ok_or(Refused::Missing("identifier"))?;
    let sender = of.text("sender").ok_or(Refused::Missing("sender"))?;
    let sent = of.text("sent").ok_or(Refused::Missing("sent"))?;
    let sent = of.time_of("sent", &sent).ok_or(Refused::Unusable("sent"))?;
    let status = of.required_word("status", Status::ALL, Status::word)?;
    let msg_type = of.required_word("msgType", MsgType::ALL, MsgType::word)?;
    let scope = match of.required_word("scope", Scope::ALL, Scope::word) {
        // Version 1.0 did not ask for it.
        Err(Refused::Missing(_)) if of.version() == Version::V1_0 => {
            of.note("scope", Fault::Missing);
            Scope::Public
        }
        found => found?,
    };
    let (source, restriction) = (of.text("source"), of.text("restriction"));
    let (addresses, code) = (of.list("addresses"), of.texts("code"));
    let (note, references) = (of.text("note"), references(&mut of));
    let incidents = of.list("incidents");
    let info = of
        .each("info")
        .into_iter()
        .filter_map(|(element, at)| info(element, at, of.notes));
    Ok(Alert {
        identifier,
        sender,
        sent,
        status,
        msg_type,
        source,
        scope,
        restriction,
        addresses,
        code,
        note,
        references,
        incidents,
        info: info.collect(),
    })
}

fn references(of: &mut Fields<'_, '_>) -> Vec<Reference> {
    let text = of.text("references").unwrap_or_default();
    let mut found = vec![];
    for triple in text.split_whitespace() {
        let parts: Vec<&str> = triple.split(',').collect();
        let read = match parts[..] {
            [sender, identifier, sent] if !sender.is_empty() && !identifier.is_empty() => {
                DateTime::parse(sent).map(|(sent, _)| Reference {
                    sender: sender.to_owned(),
                    identifier: identifier.to_owned(),
                    sent,
                })
            }
            _ => None,
        };
        match read {
            Some(reference) => found.push(reference),
            None => of.note("references", Fault::Reference),
        }
    }
    found
}

/// `None` when it says nothing about any event.
fn info(element: &Element, at: String, notes: &mut Notes) -> Option<Info> {
    let mut of = Fields::new(element, INFO, at, notes);
    let headline = of.text("headline");
    let event = of.text("event");
    if event.is_none() {
        of.note("event", Fault::Missing);
    }
    let event = event.or_else(|| headline.clone())?;
    let mut category = of.words("category", Category::ALL, Category::word);
    if category.is_empty() {
        if of.version() != Version::V1_0 {
            of.note("category", Fault::Missing);
        }
        category.push(Category::Other);
    }
    let urgency = of.word("urgency", Urgency::ALL, Urgency::word);
    let severity = of.word("severity", Severity::ALL, Severity::word);
    let certainty = certainty(&mut of);
    Some(Info {
        language: of.text("language"),
        category,
        event,
        response_type: of.words("responseType", ResponseType::ALL, ResponseType::word),
        urgency: urgency.unwrap_or(Urgency::Unknown),
        severity: severity.unwrap_or(Severity::Unknown),
        certainty,
        audience: of.text("audience"),
        event_code: of.pairs("eventCode"),
        effective: of.time("effective"),
        onset: of.time("onset"),
        expires: of.time("expires"),
        sender_name: of.text("senderName"),
        headline,
        description: of.text("description"),
        instruction: of.text("instruction"),
        web: of.text("web"),
        contact: of.text("contact"),
        parameter: of.pairs("parameter"),
        resource: of
            .each("resource")
            .into_iter()
            .filter_map(|(element, at)| resource(element, at, of.notes))
            .collect(),
        area: of
            .each("area")
            .into_iter()
            .map(|(element, at)| area(element, at, of.notes))
            .collect(),
    })
}

/// Version 1.0 had one value more.
fn certainty(of: &mut Fields<'_, '_>) -> Certainty {
    let given = of.peek("certainty");
    if given.is_some_and(|text| text.eq_ignore_ascii_case("very likely")) {
        of.note("certainty", Fault::Value);
        return Certainty::Likely;
    }
    let found = of.word("certainty", Certainty::ALL, Certainty::word);
    found.unwrap_or(Certainty::Unknown)
}

/// `None` when it does not say what it is.
fn resource(element: &Element, at: String, notes: &mut Notes) -> Option<Resource> {
    let mut of = Fields::new(element, RESOURCE, at, notes);
    let mime_type = of.text("mimeType");
    if mime_type.is_none() && of.version() == Version::V1_2 {
        of.note("mimeType", Fault::Missing);
    }
    let size = of.text("size");
    let bytes = size.as_deref().and_then(|size| size.parse().ok());
    if size.is_some() && bytes.is_none() {
        of.note("size", Fault::Number);
    }
    let resource_desc = of.text("resourceDesc");
    if resource_desc.is_none() {
        of.note("resourceDesc", Fault::Missing);
    }
    Some(Resource {
        resource_desc: resource_desc?,
        mime_type: mime_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
        size: bytes,
        uri: of.text("uri"),
        deref_uri: of.long_text("derefUri"),
        digest: of.text("digest"),
    })
}

fn area(element: &Element, at: String, notes: &mut Notes) -> Area {
    let mut of = Fields::new(element, AREA, at, notes);
    let area_desc = of.text("areaDesc");
    if area_desc.is_none() {
        of.note("areaDesc", Fault::Missing);
    }
    let (altitude, ceiling) = (of.number("altitude"), of.number("ceiling"));
    Area {
        // The least that can be said; empty names are left out of texts.
        area_desc: area_desc.unwrap_or_else(|| "?".to_owned()),
        polygon: of
            .raw("polygon")
            .into_iter()
            .filter_map(|(text, at)| ring(text, &at, of.notes))
            .collect(),
        circle: of
            .raw("circle")
            .into_iter()
            .filter_map(|(text, at)| {
                let read = points::circle(text);
                read.map_err(|fault| of.notes.add(&at, fault)).ok()
            })
            .collect(),
        geocode: of.pairs("geocode"),
        altitude,
        ceiling,
    }
}

fn ring(text: &str, at: &str, notes: &mut Notes) -> Option<pendopo_domain::alerts::area::Ring> {
    match points::ring(text, notes.points_left) {
        Ok((ring, open)) => {
            notes.points_left = notes.points_left.saturating_sub(ring.positions().len());
            if open {
                notes.add(at, Fault::OpenRing);
            }
            Some(ring)
        }
        Err(fault) => {
            notes.add(at, fault);
            None
        }
    }
}
