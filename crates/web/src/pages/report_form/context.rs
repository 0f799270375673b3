//! What was typed into the report form, and the pages that show it again.

use pendopo_domain::geo::Position;
use pendopo_domain::reports::Visibility;
use pendopo_domain::services::{Datatype, Service};
use pendopo_operations::photos::{self, Prepared};
use pendopo_operations::{Error, limits, reports};

use super::super::parts;
use super::attribute_problems;
use crate::body::Form;
use crate::i18n::Language;
use crate::pages_view::{
    AttributeField, Choice, FieldError, KeptPhoto, QuestionsPage, ReportForm, ReportPrivacy,
    ServiceChoice, ServiceGroup, SimilarItem,
};
use crate::visit::Visit;

/// The fields of the form as they were typed.
pub(super) struct Typed {
    pub draft: String,
    pub service: String,
    pub lat: String,
    pub long: String,
    pub area: String,
    pub place: String,
    pub description: String,
    pub name: String,
    pub email: String,
    pub phone: String,
    /// `None` when the form did not say.
    pub privacy: Option<ReportPrivacy>,
    pub attributes: Vec<(String, Vec<String>)>,
    pub not_similar: bool,
    pub questions_asked: bool,
    photo_kept: Option<String>,
}

impl Typed {
    /// Nothing typed yet.
    pub(super) fn empty(draft: String) -> Self {
        Self {
            draft,
            ..Self::read(&Form::default())
        }
    }

    pub(super) fn read(form: &Form) -> Self {
        let text = |name: &str| form.text(name).unwrap_or_default();
        let privacy = match form.get("privacy") {
            Some("secret") => Some(ReportPrivacy::Secret),
            Some("anonymous") => Some(ReportPrivacy::Anonymous),
            Some(_) => Some(ReportPrivacy::Ordinary),
            None => None,
        };
        Self {
            draft: text("draft"),
            service: text("service"),
            lat: text("lat"),
            long: text("long"),
            area: text("area"),
            place: text("place"),
            description: text("description"),
            name: text("name"),
            email: text("email"),
            phone: text("phone"),
            privacy,
            attributes: attributes(form),
            not_similar: form.get("not_similar").is_some(),
            questions_asked: form.get("questions_asked").is_some(),
            photo_kept: form
                .text("photo_kept")
                .filter(|_| form.get("photo_drop").is_none()),
        }
    }

    /// The position that was given, if both numbers read. A comma is how Bahasa writes a decimal point.
    pub(super) fn position(&self) -> Option<Position> {
        let number = |text: &str| text.replace(',', ".").parse().ok();
        Position::new(number(&self.long)?, number(&self.lat)?)
    }

    /// The place where the camera stood, if it is in the city and nothing else says where. It stands in the form from
    /// then on, so that a form which has to come back does not lose it with the photo.
    pub(super) fn place_at_camera(&mut self, visit: &Visit, photo: Option<&Prepared>) {
        let said = [&self.lat, &self.long, &self.area, &self.place];
        if said.into_iter().any(|text| !text.is_empty()) {
            return;
        }
        let inside = |at: &Position| visit.city.configuration().areas.admit(*at);
        if let Some(at) = photo.and_then(|photo| photo.taken_at).filter(inside) {
            (self.lat, self.long) = (format!("{:.6}", at.lat()), format!("{:.6}", at.lon()));
        }
    }

    /// Mistakes that only the form can make.
    pub(super) fn mistakes(&self) -> Vec<FieldError> {
        let mut mistakes = Vec::new();
        let given = !self.lat.is_empty() || !self.long.is_empty();
        if given && self.position().is_none() {
            mistakes.push(FieldError::new("lat", "error-coordinates"));
        }
        if !self.email.is_empty()
            && !self
                .email
                .split_once('@')
                .is_some_and(|(a, b)| !a.is_empty() && b.contains('.'))
        {
            mistakes.push(FieldError::new("email", "error-email"));
        }
        let digits = self.phone.chars().filter(char::is_ascii_digit).count();
        if !self.phone.is_empty() && !(6..=15).contains(&digits) {
            mistakes.push(FieldError::new("phone", "error-phone"));
        }
        mistakes
    }

    /// The id of a photo that was kept from an earlier try, if the token is ours.
    pub(super) fn kept_photo(&self, visit: &Visit) -> Option<String> {
        photos::kept(&visit.city, self.photo_kept.as_deref()?)
    }

    /// The token of that photo, if it is ours.
    pub(super) fn kept_token(&self, visit: &Visit) -> Option<String> {
        self.kept_photo(visit).and(self.photo_kept.clone())
    }

    /// Everything as hidden fields of a page between.
    pub(super) fn pairs(&self, kept: Option<&str>) -> Vec<(String, String)> {
        let privacy = match self.privacy {
            Some(ReportPrivacy::Secret) => "secret",
            Some(ReportPrivacy::Anonymous) => "anonymous",
            Some(ReportPrivacy::Ordinary) => "ordinary",
            None => "",
        };
        let flag = |on: bool| if on { "1" } else { "" };
        let fields = [
            ("draft", self.draft.as_str()),
            ("service", &self.service),
            ("lat", &self.lat),
            ("long", &self.long),
            ("area", &self.area),
            ("place", &self.place),
            ("description", &self.description),
            ("name", &self.name),
            ("email", &self.email),
            ("phone", &self.phone),
            ("privacy", privacy),
            ("not_similar", flag(self.not_similar)),
            ("questions_asked", flag(self.questions_asked)),
            ("photo_kept", kept.unwrap_or_default()),
        ];
        let plain = fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let answers = self.attributes.iter().flat_map(|(code, values)| {
            values
                .iter()
                .map(move |value| (format!("attribute[{code}]"), value.clone()))
        });
        plain
            .chain(answers)
            .filter(|(_, value)| !value.is_empty())
            .collect()
    }
}

/// `attribute[code]` and `attribute[code][]`, in the order of their first appearance.
fn attributes(form: &Form) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for (name, value) in &form.fields {
        let Some(rest) = name.strip_prefix("attribute[") else {
            continue;
        };
        let Some((code, _)) = rest.split_once(']') else {
            continue;
        };
        let value = value.trim();
        if value.is_empty() {
            continue;
        }
        match found.iter_mut().find(|(known, _)| known == code) {
            Some((_, values)) => values.push(value.to_owned()),
            None => found.push((code.to_owned(), vec![value.to_owned()])),
        }
    }
    found
}

/// The form with what was typed. `kept` is the token of a photo that is on disk.
pub(super) fn form(
    visit: &Visit,
    typed: &Typed,
    kept: Option<String>,
    errors: Vec<FieldError>,
) -> ReportForm {
    let configuration = visit.city.configuration();
    let megabytes = limits::PHOTO_BYTES / (1024 * 1024);
    ReportForm {
        errors,
        draft: typed.draft.clone(),
        photo_kept: kept.map(|token| KeptPhoto {
            url: format!("/lapor/foto/{token}"),
            token,
        }),
        max_photo_mb: i64::try_from(megabytes).unwrap_or(i64::MAX),
        map: parts::city_map(visit, ""),
        lat: typed.lat.clone(),
        lon: typed.long.clone(),
        areas: parts::area_choices(&configuration, Some(&typed.area)),
        place: typed.place.clone(),
        services: services(&configuration.services, visit.language, &typed.service),
        description: typed.description.clone(),
        name: typed.name.clone(),
        email: typed.email.clone(),
        phone: typed.phone.clone(),
        privacy: typed.privacy.unwrap_or_default(),
    }
}

fn services(all: &[Service], language: Language, chosen: &str) -> Vec<ServiceGroup> {
    let mut groups: Vec<ServiceGroup> = Vec::new();
    for service in all.iter().filter(|service| service.active) {
        let label = service.group.get(language.tag()).to_owned();
        let choice = ServiceChoice {
            code: service.code.clone(),
            label: service.names.get(language.tag()).to_owned(),
            description: service.descriptions.get(language.tag()).to_owned(),
            selected: service.code == chosen,
            secret: service.default_visibility == Visibility::Secret,
        };
        match groups.iter_mut().find(|group| group.label == label) {
            Some(group) => group.services.push(choice),
            None => groups.push(ServiceGroup {
                label,
                services: vec![choice],
            }),
        }
    }
    groups
}

/// The questions of the service, with what was answered.
pub(super) fn questions(
    visit: &Visit,
    service: &Service,
    typed: &Typed,
    kept: Option<String>,
    errors: Vec<FieldError>,
) -> QuestionsPage {
    let answers = |code: &str| {
        let found = typed.attributes.iter().find(|(known, _)| known == code);
        found.map(|(_, values)| values.clone()).unwrap_or_default()
    };
    let mut asked = service.attributes.clone();
    asked.sort_by_key(|attribute| attribute.order);
    let field = |attribute: &pendopo_domain::services::Attribute| {
        let given = answers(&attribute.code);
        let choice = |value: &pendopo_domain::services::AttributeValue| Choice {
            at: None,
            value: value.key.clone(),
            label: value.name.get(visit.language.tag()).to_owned(),
            selected: given.contains(&value.key),
        };
        let listed = matches!(
            attribute.datatype,
            Datatype::SingleValueList | Datatype::MultiValueList
        );
        AttributeField {
            code: attribute.code.clone(),
            label: attribute.description.get(visit.language.tag()).to_owned(),
            datatype: attribute.datatype,
            required: attribute.required,
            value: if listed {
                String::new()
            } else {
                given.first().cloned().unwrap_or_default()
            },
            choices: attribute.values.iter().map(choice).collect(),
        }
    };
    // The answers are inputs of this page; carrying them along as well would send them twice.
    let carried =
        |(name, _): &(String, String)| !name.starts_with("attribute[") && name != "questions_asked";
    QuestionsPage {
        service: service.names.get(visit.language.tag()).to_owned(),
        errors,
        attributes: asked.iter().map(field).collect(),
        typed: typed
            .pairs(kept.as_deref())
            .into_iter()
            .filter(carried)
            .collect(),
        all_optional: asked.iter().all(|attribute| !attribute.required),
    }
}

/// What is wrong with the answers, as mistakes in their fields.
pub(super) fn attribute_mistakes(
    service: &Service,
    language: Language,
    attributes: &[(String, Vec<String>)],
) -> Vec<FieldError> {
    let mistake = |problem: pendopo_standards::open311::Problem| {
        let code = problem
            .args
            .iter()
            .find(|(name, _)| *name == "code")
            .map(|(_, value)| value.clone());
        let key = match problem.key {
            "open311-attribute-number" => "error-answer-number",
            "open311-attribute-datetime" => "error-answer-date",
            "open311-attribute-choice" | "open311-attribute-single" => "error-answer-choice",
            _ => "error-answer-missing",
        };
        FieldError::new(format!("attribute-{}", code.unwrap_or_default()), key)
    };
    attribute_problems(service, language, attributes)
        .into_iter()
        .map(mistake)
        .collect()
}

/// Open reports of the same service near a place.
pub(super) async fn similar(
    visit: &Visit,
    service: &str,
    at: Position,
) -> Result<Vec<SimilarItem>, Error> {
    let configuration = visit.city.configuration();
    let found = reports::similar(&visit.city, service, at).await?;
    let thumbs = parts::thumbs(visit, &found).await?;
    let item = |report: &pendopo_domain::reports::Report| SimilarItem {
        number: report.number().to_string(),
        service: parts::service_name(&configuration, visit.language, &report.service_code),
        place: parts::place(&configuration, report),
        received_at: report.received_at,
        distance_m: report.position.map(|there| {
            #[expect(clippy::cast_possible_truncation, reason = "metres on earth fit")]
            let metres = there.metres_to(at).round() as i64;
            metres
        }),
        thumb_url: thumbs.get(&report.id).map(|id| format!("/foto/{id}/small")),
        joined: i64::from(report.joined),
    };
    Ok(found.iter().map(item).collect())
}
