//! Answers as text, in both formats. GeoReport v2, the "Response" part of each method.
//!
//! JSON follows the Spark convention: the root wrapper goes, containers become arrays, a single report or receipt is an
//! array of one. Unknown optional values are left out in JSON and empty elements in XML; common checkers and clients ask
//! for exactly that. Ids are always JSON texts, even when they look like numbers.

use serde::Serialize;

use super::datetime::emit_datetime;
use super::format::Format;
use super::types::*;
use super::updates::{RequestUpdate, UpdateReceipt};
use super::xml::XmlWriter;

/// Bytes of a usual row; only a first guess for the buffer.
const ROW_BYTES: usize = 1_024;

/// GET Service List.
#[must_use]
pub fn services(services: &[Service], format: Format) -> String {
    render(format, services, "services", |xml| {
        for service in services {
            xml.element("service", |xml| write_service(xml, service));
        }
    })
}

/// GET Service Definition.
#[must_use]
pub fn service_definition(definition: &ServiceDefinition, format: Format) -> String {
    render(format, definition, "service_definition", |xml| {
        xml.text("service_code", &definition.service_code);
        xml.element("attributes", |xml| {
            for attribute in &definition.attributes {
                xml.element("attribute", |xml| write_attribute(xml, attribute));
            }
        });
    })
}

/// GET Service Requests. The caller keeps to [`MAX_ROWS`](super::query::MAX_ROWS) and to what may be shown.
#[must_use]
pub fn requests(requests: &[ServiceRequest], format: Format) -> String {
    match format {
        Format::Json => json(requests, requests.len()),
        Format::Xml => XmlWriter::document("service_requests", buffer(requests.len()), |xml| {
            for request in requests {
                xml.element("request", |xml| write_request(xml, request));
            }
        }),
    }
}

/// GET Service Request: a list of one.
#[must_use]
pub fn request(request: &ServiceRequest, format: Format) -> String {
    requests(std::slice::from_ref(request), format)
}

/// POST Service Request: a list of one.
#[must_use]
pub fn receipt(receipt: &RequestReceipt, format: Format) -> String {
    render(format, &[receipt], "service_requests", |xml| {
        xml.element("request", |xml| {
            match &receipt.id {
                ReceiptId::ServiceRequestId(id) => xml.text("service_request_id", id),
                ReceiptId::Token(token) => xml.text("token", token),
                ReceiptId::Blackbox => {}
            }
            xml.optional("service_notice", receipt.service_notice.as_deref());
            xml.optional("account_id", receipt.account_id.as_deref());
        });
    })
}

/// GET service_request_id from a token: a list of one.
#[must_use]
pub fn token(answer: &TokenAnswer, format: Format) -> String {
    render(format, &[answer], "service_requests", |xml| {
        xml.element("request", |xml| {
            xml.optional("service_request_id", answer.service_request_id.as_deref());
            xml.text("token", &answer.token);
        });
    })
}

/// The body of every answer that is an error, 5xx included. GeoReport v2 §Errors.
#[must_use]
pub fn errors(errors: &[ErrorBody], format: Format) -> String {
    render(format, errors, "errors", |xml| {
        for error in errors {
            xml.element("error", |xml| {
                xml.text("code", &error.code);
                xml.text("description", &error.description);
            });
        }
    })
}

/// The discovery document. Service Discovery 1.0.
#[must_use]
pub fn discovery(discovery: &Discovery, format: Format) -> String {
    render(format, discovery, "discovery", |xml| {
        xml.text("changeset", &emit_datetime(discovery.changeset));
        xml.text("contact", &discovery.contact);
        xml.text("key_service", &discovery.key_service);
        xml.element("endpoints", |xml| {
            for endpoint in &discovery.endpoints {
                xml.element("endpoint", |xml| write_endpoint(xml, endpoint));
            }
        });
    })
}

/// GET servicerequestupdates (extension).
#[must_use]
pub fn updates(updates: &[RequestUpdate], format: Format) -> String {
    render(format, updates, "service_request_updates", |xml| {
        for update in updates {
            xml.element("request_update", |xml| write_update(xml, update));
        }
    })
}

/// POST servicerequestupdates (extension): a list of one.
#[must_use]
pub fn update_receipt(receipt: &UpdateReceipt, format: Format) -> String {
    render(format, &[receipt], "service_request_updates", |xml| {
        xml.element("request_update", |xml| match receipt {
            UpdateReceipt::UpdateId(id) => xml.text("update_id", id),
            UpdateReceipt::Token(token) => xml.text("token", token),
            UpdateReceipt::Blackbox => {}
        });
    })
}

fn render<T>(format: Format, value: &T, root: &str, write: impl FnOnce(&mut XmlWriter)) -> String
where
    T: Serialize + ?Sized,
{
    match format {
        Format::Json => json(value, 1),
        Format::Xml => XmlWriter::document(root, buffer(1), write),
    }
}

fn json<T: Serialize + ?Sized>(value: &T, rows: usize) -> String {
    let mut bytes = Vec::with_capacity(buffer(rows));
    let written = serde_json::to_writer(&mut bytes, value);
    debug_assert!(
        written.is_ok(),
        "wire types have text keys and no failing parts"
    );
    String::from_utf8(bytes).unwrap_or_default()
}

fn buffer(rows: usize) -> usize {
    rows.saturating_add(1).saturating_mul(ROW_BYTES)
}

fn write_service(xml: &mut XmlWriter, service: &Service) {
    xml.text("service_code", &service.service_code);
    xml.text("service_name", &service.service_name);
    xml.optional("description", service.description.as_deref());
    xml.value("metadata", Some(service.metadata));
    let kind = match service.kind {
        ServiceType::Realtime => "realtime",
        ServiceType::Batch => "batch",
        ServiceType::Blackbox => "blackbox",
    };
    xml.text("type", kind);
    xml.text("keywords", &service.keywords.join(","));
    xml.optional("group", service.group.as_deref());
}

fn write_attribute(xml: &mut XmlWriter, attribute: &Attribute) {
    xml.value("variable", Some(attribute.variable));
    xml.text("code", &attribute.code);
    let datatype = match attribute.datatype {
        Datatype::String => "string",
        Datatype::Number => "number",
        Datatype::Datetime => "datetime",
        Datatype::Text => "text",
        Datatype::SingleValueList => "singlevaluelist",
        Datatype::MultiValueList => "multivaluelist",
    };
    xml.text("datatype", datatype);
    xml.value("required", Some(attribute.required));
    xml.optional(
        "datatype_description",
        attribute.datatype_description.as_deref(),
    );
    xml.value("order", Some(attribute.order));
    xml.text("description", &attribute.description);
    if !attribute.values.is_empty() {
        xml.element("values", |xml| {
            for value in &attribute.values {
                xml.element("value", |xml| {
                    xml.text("key", &value.key);
                    xml.text("name", &value.name);
                });
            }
        });
    }
}

fn write_request(xml: &mut XmlWriter, request: &ServiceRequest) {
    xml.text("service_request_id", &request.service_request_id);
    xml.text(
        "status",
        if request.status == Status::Open {
            "open"
        } else {
            "closed"
        },
    );
    xml.optional("status_notes", request.status_notes.as_deref());
    xml.optional("service_name", request.service_name.as_deref());
    xml.text("service_code", &request.service_code);
    xml.optional("description", request.description.as_deref());
    xml.optional("agency_responsible", request.agency_responsible.as_deref());
    xml.optional("service_notice", request.service_notice.as_deref());
    xml.text(
        "requested_datetime",
        &emit_datetime(request.requested_datetime),
    );
    xml.value(
        "updated_datetime",
        request.updated_datetime.map(emit_datetime),
    );
    xml.value(
        "expected_datetime",
        request.expected_datetime.map(emit_datetime),
    );
    xml.optional("address", request.address.as_deref());
    xml.optional("address_id", request.address_id.as_deref());
    xml.optional("zipcode", request.zipcode.as_deref());
    xml.value("lat", request.lat.filter(|degrees| degrees.is_finite()));
    xml.value("long", request.long.filter(|degrees| degrees.is_finite()));
    xml.optional("media_url", request.media_url.as_deref());
    if let Some(more) = &request.extended_attributes {
        xml.element("extended_attributes", |xml| write_extended(xml, more));
    }
}

fn write_extended(xml: &mut XmlWriter, more: &ExtendedAttributes) {
    xml.optional("title", more.title.as_deref());
    xml.optional("detailed_status", more.detailed_status.as_deref());
    xml.element("media_urls", |xml| {
        for url in &more.media_urls {
            xml.text("media_url", url);
        }
    });
    xml.element("attributes", |xml| {
        for answer in &more.attributes {
            xml.element("attribute", |xml| {
                xml.text("label", &answer.label);
                xml.text("name", &answer.name);
                xml.text("value", &answer.value);
                xml.text("code", &answer.code);
            });
        }
    });
}

fn write_endpoint(xml: &mut XmlWriter, endpoint: &Endpoint) {
    xml.text("specification", &endpoint.specification);
    xml.text("url", &endpoint.url);
    xml.text("changeset", &emit_datetime(endpoint.changeset));
    xml.text(
        "type",
        if endpoint.kind == EndpointType::Production {
            "production"
        } else {
            "test"
        },
    );
    xml.element("formats", |xml| {
        for format in &endpoint.formats {
            xml.text("format", format.media_type());
        }
    });
}

fn write_update(xml: &mut XmlWriter, update: &RequestUpdate) {
    xml.text("update_id", &update.update_id);
    xml.text("service_request_id", &update.service_request_id);
    xml.text("status", update.status.as_str());
    xml.text("updated_datetime", &emit_datetime(update.updated_datetime));
    xml.optional("description", update.description.as_deref());
    if update.media_urls.is_empty() {
        xml.text("media_url", "");
    }
    for url in &update.media_urls {
        xml.text("media_url", url);
    }
    xml.optional(
        "external_status_code",
        update.external_status_code.as_deref(),
    );
    xml.optional("customer_reference", update.customer_reference.as_deref());
    xml.optional("fixmystreet_id", update.fixmystreet_id.as_deref());
    if !update.extras.is_empty() {
        xml.element("extras", |xml| {
            for (name, value) in update.extras.iter().filter(|(name, _)| is_plain_name(name)) {
                xml.text(name, value);
            }
        });
    }
}

/// Letters, digits and underscores, not beginning with a digit: an element name without surprises.
fn is_plain_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
