//! From the city's words to the standard's: one function for each resource.

use std::collections::BTreeMap;

use pendopo_domain::organisation::{ApiKeyId, Team};
use pendopo_domain::reports::{Report, ReportId, State};
use pendopo_domain::services::{Datatype, Service, Texts};
use pendopo_operations::store::report_query::{Filter, Order};
use pendopo_operations::store::updates::Update;
use pendopo_operations::store::{photos, reports as report_rows};
use pendopo_operations::{Error, reports, reports::Listing};
use pendopo_standards::open311 as wire;

use super::{BASE, TEST_BASE};
use crate::i18n::Language;
use crate::visit::Visit;

fn some(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

pub(super) fn service(service: &Service, language: Language) -> wire::Service {
    let text = |texts: &Texts| texts.get(language.tag()).to_owned();
    wire::Service {
        service_code: service.code.clone(),
        service_name: text(&service.names),
        description: some(&text(&service.descriptions)),
        metadata: !service.attributes.is_empty(),
        kind: wire::ServiceType::Realtime,
        keywords: service.keywords.clone(),
        group: some(&text(&service.group)),
    }
}

pub(crate) fn definition(service: &Service, language: Language) -> wire::ServiceDefinition {
    let text = |texts: &Texts| texts.get(language.tag()).to_owned();
    let attribute = |attribute: &pendopo_domain::services::Attribute| wire::Attribute {
        variable: true,
        code: attribute.code.clone(),
        datatype: datatype(attribute.datatype),
        required: attribute.required,
        datatype_description: None,
        order: attribute.order,
        description: text(&attribute.description),
        values: attribute
            .values
            .iter()
            .map(|value| wire::AttributeValue {
                key: value.key.clone(),
                name: text(&value.name),
            })
            .collect(),
    };
    wire::ServiceDefinition {
        service_code: service.code.clone(),
        attributes: service.attributes.iter().map(attribute).collect(),
    }
}

const fn datatype(datatype: Datatype) -> wire::Datatype {
    match datatype {
        Datatype::String => wire::Datatype::String,
        Datatype::Number => wire::Datatype::Number,
        Datatype::Datetime => wire::Datatype::Datetime,
        Datatype::Text => wire::Datatype::Text,
        Datatype::SingleValueList => wire::Datatype::SingleValueList,
        Datatype::MultiValueList => wire::Datatype::MultiValueList,
    }
}

pub(super) const fn status(state: State) -> wire::Status {
    if state.is_open() {
        wire::Status::Open
    } else {
        wire::Status::Closed
    }
}

/// The team that other systems know under this name, in either language or by its code.
pub(super) fn team_named(visit: &Visit, agency: &str) -> Option<Team> {
    let configuration = visit.city.configuration();
    let named =
        |team: &&Team| team.code == agency || team.names.id == agency || team.names.en == agency;
    configuration.teams.iter().find(named).cloned()
}

/// Public reports as the standard has them. The caller has left secret ones out.
pub(super) async fn requests(
    visit: &Visit,
    found: &[Report],
    extensions: bool,
) -> Result<Vec<wire::ServiceRequest>, Error> {
    let photos = first_photos(visit, found).await?;
    let mut rows = Vec::with_capacity(found.len());
    for report in found {
        let media_url = photos
            .get(&report.id)
            .map(|id| format!("{}/foto/{id}/large", visit.base_url));
        let extended = if extensions {
            Some(extended(visit, report, media_url.as_ref()).await?)
        } else {
            None
        };
        rows.push(request(visit, report, media_url, extended));
    }
    Ok(rows)
}

async fn first_photos(
    visit: &Visit,
    found: &[Report],
) -> Result<BTreeMap<ReportId, String>, Error> {
    let ids: Vec<ReportId> = found.iter().map(|report| report.id).collect();
    let mut db = visit.city.store().read().await?;
    let rows = photos::first_of(&mut db, &ids).await?;
    Ok(rows
        .into_iter()
        .map(|(report, id)| (ReportId(report), id))
        .collect())
}

fn request(
    visit: &Visit,
    report: &Report,
    media_url: Option<String>,
    extended_attributes: Option<wire::ExtendedAttributes>,
) -> wire::ServiceRequest {
    let configuration = visit.city.configuration();
    let language = visit.language.tag();
    let service = configuration.service(&report.service_code);
    let area = report
        .area
        .and_then(|id| configuration.areas.by_id(id))
        .map(|area| area.name.clone());
    let address: Vec<String> = report.place.iter().cloned().chain(area).collect();
    wire::ServiceRequest {
        service_request_id: report.number().to_string(),
        status: status(report.state),
        status_notes: report.status_notes.clone(),
        service_name: service.map(|service| service.names.get(language).to_owned()),
        service_code: report.service_code.clone(),
        description: report.description.clone(),
        agency_responsible: report
            .team
            .and_then(|id| configuration.team(id))
            .map(|team| team.names.get(language).to_owned()),
        service_notice: None,
        requested_datetime: report.received_at.into(),
        updated_datetime: Some(report.updated_at.into()),
        expected_datetime: Some(report.deadlines.expected_at.into()),
        address: some(&address.join(", ")),
        address_id: None,
        zipcode: None,
        lat: report.position.map(|at| at.lat()),
        long: report.position.map(|at| at.lon()),
        media_url,
        extended_attributes,
    }
}

async fn extended(
    visit: &Visit,
    report: &Report,
    media_url: Option<&String>,
) -> Result<wire::ExtendedAttributes, Error> {
    let configuration = visit.city.configuration();
    let language = visit.language.tag();
    let service = configuration.service(&report.service_code);
    let mut attributes = Vec::new();
    let mut db = visit.city.store().read().await?;
    for (code, value) in report_rows::attributes(&mut db, report.id).await? {
        let question =
            service.and_then(|service| service.attributes.iter().find(|known| known.code == code));
        let name = question
            .and_then(|question| question.values.iter().find(|known| known.key == value))
            .map_or_else(
                || value.clone(),
                |known| known.name.get(language).to_owned(),
            );
        let label = question.map_or_else(
            || code.clone(),
            |question| question.description.get(language).to_owned(),
        );
        attributes.push(wire::AnsweredAttribute {
            label,
            name,
            value,
            code,
        });
    }
    Ok(wire::ExtendedAttributes {
        title: service.map(|service| service.names.get(language).to_owned()),
        detailed_status: Some(detailed_status(report.state).to_owned()),
        media_urls: media_url.into_iter().cloned().collect(),
        attributes,
    })
}

/// CitySDK's finer statuses.
const fn detailed_status(state: State) -> &'static str {
    match state {
        State::Received => "RECEIVED",
        State::Assigned | State::Reopened => "IN_PROCESS",
        State::Resolved => "PROCESSED",
        State::Confirmed | State::Unconfirmed | State::NotAsked => "ARCHIVED",
        State::Referred | State::Duplicate | State::ClosedNotFixed => "REJECTED",
    }
}

/// The word of the updates extension for a state.
const fn update_status(state: State) -> wire::UpdateStatus {
    match state {
        State::Received => wire::UpdateStatus::Open,
        State::Assigned => wire::UpdateStatus::InProgress,
        State::Reopened => wire::UpdateStatus::Reopen,
        State::Resolved | State::Confirmed => wire::UpdateStatus::Fixed,
        State::Unconfirmed | State::NotAsked => wire::UpdateStatus::Closed,
        State::Referred => wire::UpdateStatus::NotCouncilsResponsibility,
        State::Duplicate => wire::UpdateStatus::Duplicate,
        State::ClosedNotFixed => wire::UpdateStatus::NoFurtherAction,
    }
}

/// Updates of public reports, with the numbers of their reports. The words of the reporter's side are for `asking` only,
/// if it was the sender.
pub(super) async fn updates(
    visit: &Visit,
    found: &[Update],
    asking: Option<ApiKeyId>,
) -> Result<Vec<wire::RequestUpdate>, Error> {
    let ids: Vec<ReportId> = found.iter().map(|update| update.report).collect();
    let rows = i64::try_from(ids.len()).unwrap_or(1);
    let filter = Filter {
        row_ids: ids,
        ..Filter::default()
    };
    let (known, _) = if found.is_empty() {
        (vec![], 0)
    } else {
        reports::list_public(
            &visit.city,
            &Listing {
                filter,
                page: 1,
                rows,
            },
            Order::NewestFirst,
        )
        .await?
    };
    let numbers: BTreeMap<ReportId, String> = known
        .into_iter()
        .map(|report| (report.id, report.number().to_string()))
        .collect();
    let update = |update: &Update| {
        Some(wire::RequestUpdate {
            update_id: update.id.to_string(),
            service_request_id: numbers.get(&update.report)?.clone(),
            status: match update.sender {
                Some(_) => wire::UpdateStatus::Unchanged,
                None => update_status(update.state),
            },
            updated_datetime: update.at.into(),
            description: update
                .words
                .clone()
                .filter(|_| update.sender.is_none() || update.sender == asking),
            media_urls: vec![],
            external_status_code: Some(update.state.word().to_owned()),
            customer_reference: None,
            fixmystreet_id: None,
            extras: vec![],
        })
    };
    Ok(found.iter().filter_map(update).collect())
}

pub(super) fn discovery(visit: &Visit) -> wire::Discovery {
    let configuration = visit.city.configuration();
    let now: jiff::Timestamp = visit.city.now().into();
    // Never in the future: a checker compares it with its own clock.
    let changed = configuration
        .changed_at
        .parse::<jiff::Timestamp>()
        .unwrap_or(now)
        .min(now);
    let endpoint = |base: &str, kind| wire::Endpoint {
        specification: wire::GEOREPORT_V2.to_owned(),
        url: format!("{}{base}", visit.base_url),
        changeset: changed,
        kind,
        formats: vec![wire::Format::Xml, wire::Format::Json],
    };
    let mut args = crate::i18n::FluentArgs::new();
    args.set("city", configuration.profile.name.clone());
    wire::Discovery {
        changeset: changed,
        contact: visit.text_with("open311-contact", &args),
        key_service: visit.text_with("open311-key-service", &args),
        endpoints: vec![
            endpoint(BASE, wire::EndpointType::Production),
            endpoint(TEST_BASE, wire::EndpointType::Test),
        ],
    }
}
