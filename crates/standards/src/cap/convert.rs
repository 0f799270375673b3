//! Between a message on the wire and what the city reckons with and keeps.

use jiff::tz::TimeZone;
use pendopo_domain::alerts::{self as kept, area};
use pendopo_domain::time::Timestamp;

use super::model::{Alert, Area, Info, Pair, Reference, Resource};
use super::time::DateTime;
use super::{Asked, Refused};

/// A message without a language is in this one. CAP 1.2 §3.2.2, element `<language>`.
const USUAL_LANGUAGE: &str = "en-US";

/// What was read of a document, as the city takes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    pub message: kept::Message,
    /// Where it is, and the word of a [`super::Fault`] or [`super::Law`].
    pub problems: Vec<String>,
    pub signatures: usize,
}

/// Reads a document and holds it against the standard.
///
/// # Errors
/// As [`super::read`].
pub fn receive(bytes: &[u8]) -> Result<Received, Refused> {
    let read = super::read(bytes)?;
    let faults = read.problems.iter().map(|one| (&one.at, one.fault.word()));
    let breaches = super::check(&read.alert);
    let laws = breaches.iter().map(|one| (&one.at, one.law.word()));
    let text = |(at, word): (&String, &str)| match at.is_empty() {
        true => word.to_owned(),
        false => format!("{at}: {word}"),
    };
    Ok(Received {
        message: message(&read.alert),
        problems: faults.chain(laws).map(text).collect(),
        signatures: read.signatures,
    })
}

/// The document of a warning of the city, times in `zone`.
///
/// # Errors
/// What [`super::self_test`] found, as in [`Received::problems`].
pub fn issue(
    message: &kept::Message,
    zone: &TimeZone,
    asked: Asked<'_>,
) -> Result<String, Vec<String>> {
    let alert = alert(message, zone);
    let breaches = super::self_test(&alert, asked);
    if breaches.is_empty() {
        return Ok(super::write(&alert));
    }
    let text = |one: super::Breach| format!("{}: {}", one.at, one.law.word());
    Err(breaches.into_iter().map(text).collect())
}

/// What a message says. Sizes, digests and what is sent inside the message are left on the wire.
pub fn message(alert: &Alert) -> kept::Message {
    kept::Message {
        identifier: alert.identifier.clone(),
        sender: alert.sender.clone(),
        sent: alert.sent.instant(),
        sent_text: alert.sent.text().to_owned(),
        status: alert.status,
        msg_type: alert.msg_type,
        scope: alert.scope,
        source: alert.source.clone(),
        restriction: alert.restriction.clone(),
        addresses: alert.addresses.clone(),
        codes: alert.code.clone(),
        note: alert.note.clone(),
        references: alert
            .references
            .iter()
            .map(|one| kept::Reference {
                sender: one.sender.clone(),
                identifier: one.identifier.clone(),
                sent: one.sent.instant(),
                sent_text: one.sent.text().to_owned(),
            })
            .collect(),
        incidents: alert.incidents.clone(),
        infos: alert.info.iter().map(info).collect(),
    }
}

fn info(info: &Info) -> kept::Info {
    let instant = |time: &Option<DateTime>| time.as_ref().map(DateTime::instant);
    kept::Info {
        language: info
            .language
            .clone()
            .unwrap_or_else(|| USUAL_LANGUAGE.to_owned()),
        categories: info.category.clone(),
        event: info.event.clone(),
        response_types: info.response_type.clone(),
        urgency: info.urgency,
        severity: info.severity,
        certainty: info.certainty,
        audience: info.audience.clone(),
        event_codes: tuples(&info.event_code),
        effective: instant(&info.effective),
        onset: instant(&info.onset),
        expires: instant(&info.expires),
        sender_name: info.sender_name.clone(),
        headline: info.headline.clone(),
        description: info.description.clone(),
        instruction: info.instruction.clone(),
        web: info.web.clone(),
        contact: info.contact.clone(),
        parameters: tuples(&info.parameter),
        resources: info
            .resource
            .iter()
            .map(|one| kept::Resource {
                desc: one.resource_desc.clone(),
                mime_type: one.mime_type.clone(),
                uri: one.uri.clone(),
            })
            .collect(),
        areas: info
            .area
            .iter()
            .map(|one| area::Area {
                desc: one.area_desc.clone(),
                rings: one.polygon.clone(),
                circles: one.circle.clone(),
                geocodes: tuples(&one.geocode),
                altitude_ft: one.altitude,
                ceiling_ft: one.ceiling,
            })
            .collect(),
    }
}

fn tuples(pairs: &[Pair]) -> Vec<(String, String)> {
    let tuple = |pair: &Pair| (pair.value_name.clone(), pair.value.clone());
    pairs.iter().map(tuple).collect()
}

/// The message as it is put on the wire, times in `zone`. References repeat the text of what they name.
pub fn alert(message: &kept::Message, zone: &TimeZone) -> Alert {
    Alert {
        identifier: message.identifier.clone(),
        sender: message.sender.clone(),
        sent: written(message.sent, &message.sent_text, zone),
        status: message.status,
        msg_type: message.msg_type,
        source: message.source.clone(),
        scope: message.scope,
        restriction: message.restriction.clone(),
        addresses: message.addresses.clone(),
        code: message.codes.clone(),
        note: message.note.clone(),
        references: message
            .references
            .iter()
            .map(|one| Reference {
                sender: one.sender.clone(),
                identifier: one.identifier.clone(),
                sent: written(one.sent, &one.sent_text, zone),
            })
            .collect(),
        incidents: message.incidents.clone(),
        info: message
            .infos
            .iter()
            .map(|one| info_out(one, zone))
            .collect(),
    }
}

/// The text when it says the same instant, else the instant in `zone`.
fn written(at: Timestamp, text: &str, zone: &TimeZone) -> DateTime {
    let given = DateTime::parse(text).map(|(read, _)| read);
    given
        .filter(|read| read.instant() == at)
        .unwrap_or_else(|| DateTime::at(at, zone))
}

fn info_out(info: &kept::Info, zone: &TimeZone) -> Info {
    let time = |at: Option<Timestamp>| at.map(|at| DateTime::at(at, zone));
    Info {
        language: Some(info.language.clone()),
        category: info.categories.clone(),
        event: info.event.clone(),
        response_type: info.response_types.clone(),
        urgency: info.urgency,
        severity: info.severity,
        certainty: info.certainty,
        audience: info.audience.clone(),
        event_code: pairs(&info.event_codes),
        effective: time(info.effective),
        onset: time(info.onset),
        expires: time(info.expires),
        sender_name: info.sender_name.clone(),
        headline: info.headline.clone(),
        description: info.description.clone(),
        instruction: info.instruction.clone(),
        web: info.web.clone(),
        contact: info.contact.clone(),
        parameter: pairs(&info.parameters),
        resource: info
            .resources
            .iter()
            .map(|one| Resource {
                resource_desc: one.desc.clone(),
                mime_type: one.mime_type.clone(),
                size: None,
                uri: one.uri.clone(),
                deref_uri: None,
                digest: None,
            })
            .collect(),
        area: info
            .areas
            .iter()
            .map(|one| Area {
                area_desc: one.desc.clone(),
                polygon: one.rings.clone(),
                circle: one.circles.clone(),
                geocode: pairs(&one.geocodes),
                altitude: one.altitude_ft,
                ceiling: one.ceiling_ft,
            })
            .collect(),
    }
}

fn pairs(tuples: &[(String, String)]) -> Vec<Pair> {
    let pair = |(name, value): &(String, String)| Pair {
        value_name: name.clone(),
        value: value.clone(),
    };
    tuples.iter().map(pair).collect()
}
