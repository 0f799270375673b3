//! Writing what the schema allows, in its order. No attributes, one namespace, the five predefined entities at most.

use super::NAMESPACE;
use super::model::{Alert, Area, Info, Pair, Resource};
use super::points;
use crate::open311::xml::XmlWriter;

/// The message as a document in UTF-8. Line breaks inside texts stay; characters that XML forbids are left out.
pub fn write(alert: &Alert) -> String {
    const USUAL_BYTES: usize = 8 * 1024;
    XmlWriter::document_with("alert", &[("xmlns", NAMESPACE)], USUAL_BYTES, |xml| {
        xml.text("identifier", &alert.identifier);
        xml.text("sender", &alert.sender);
        xml.text("sent", &alert.sent.to_string());
        xml.text("status", alert.status.word());
        xml.text("msgType", alert.msg_type.word());
        some(xml, "source", alert.source.as_ref());
        xml.text("scope", alert.scope.word());
        some(xml, "restriction", alert.restriction.as_ref());
        list(xml, "addresses", &alert.addresses);
        alert.code.iter().for_each(|code| xml.text("code", code));
        some(xml, "note", alert.note.as_ref());
        references(xml, alert);
        list(xml, "incidents", &alert.incidents);
        alert
            .info
            .iter()
            .for_each(|one| xml.element("info", |xml| info(xml, one)));
    })
}

fn some(xml: &mut XmlWriter, name: &str, text: Option<impl ToString>) {
    if let Some(text) = text {
        xml.text(name, &text.to_string());
    }
}

fn list(xml: &mut XmlWriter, name: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    let quoted = items
        .iter()
        .map(|item| match item.contains(char::is_whitespace) {
            true => format!("\"{item}\""),
            false => item.clone(),
        });
    xml.text(name, &quoted.collect::<Vec<_>>().join(" "));
}

fn references(xml: &mut XmlWriter, alert: &Alert) {
    let triples = alert.references.iter().map(|one| {
        // As the message it names wrote it, whatever its form: that is how others find it.
        format!("{},{},{}", one.sender, one.identifier, one.sent.text())
    });
    let triples: Vec<String> = triples.collect();
    if !triples.is_empty() {
        xml.text("references", &triples.join(" "));
    }
}

fn info(xml: &mut XmlWriter, info: &Info) {
    some(xml, "language", info.language.as_ref());
    info.category
        .iter()
        .for_each(|one| xml.text("category", one.word()));
    xml.text("event", &info.event);
    info.response_type
        .iter()
        .for_each(|one| xml.text("responseType", one.word()));
    xml.text("urgency", info.urgency.word());
    xml.text("severity", info.severity.word());
    xml.text("certainty", info.certainty.word());
    some(xml, "audience", info.audience.as_ref());
    pairs(xml, "eventCode", &info.event_code);
    some(xml, "effective", info.effective.as_ref());
    some(xml, "onset", info.onset.as_ref());
    some(xml, "expires", info.expires.as_ref());
    some(xml, "senderName", info.sender_name.as_ref());
    some(xml, "headline", info.headline.as_ref());
    some(xml, "description", info.description.as_ref());
    some(xml, "instruction", info.instruction.as_ref());
    some(xml, "web", info.web.as_ref());
    some(xml, "contact", info.contact.as_ref());
    pairs(xml, "parameter", &info.parameter);
    info.resource
        .iter()
        .for_each(|one| xml.element("resource", |xml| resource(xml, one)));
    info.area
        .iter()
        .for_each(|one| xml.element("area", |xml| area(xml, one)));
}

fn pairs(xml: &mut XmlWriter, name: &str, pairs: &[Pair]) {
    for pair in pairs {
        xml.element(name, |xml| {
            xml.text("valueName", &pair.value_name);
            xml.text("value", &pair.value);
        });
    }
}

fn resource(xml: &mut XmlWriter, resource: &Resource) {
    xml.text("resourceDesc", &resource.resource_desc);
    xml.text("mimeType", &resource.mime_type);
    some(xml, "size", resource.size);
    some(xml, "uri", resource.uri.as_ref());
    some(xml, "derefUri", resource.deref_uri.as_ref());
    some(xml, "digest", resource.digest.as_ref());
}

fn area(xml: &mut XmlWriter, area: &Area) {
    xml.text("areaDesc", &area.area_desc);
    area.polygon
        .iter()
        .for_each(|ring| xml.text("polygon", &points::ring_text(ring)));
    area.circle
        .iter()
        .for_each(|circle| xml.text("circle", &points::circle_text(circle)));
    pairs(xml, "geocode", &area.geocode);
    some(xml, "altitude", area.altitude);
    some(xml, "ceiling", area.ceiling);
}
