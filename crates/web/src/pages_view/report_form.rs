//! Reporting a problem: the form in three steps, its questions, and the answer.
//!
//! Without a script the three steps stand below each other and everything is sent at once. The
//! questions of a service are asked on a page of their own ([`QuestionsPage`]), which carries what
//! was typed in hidden fields.

use pendopo_domain::services::Datatype;
use pendopo_domain::time::Timestamp;
use serde::Serialize;

use super::parts::{Choice, ChoiceGroup, FieldError, MapView, sample};
use crate::render::Page;

/// `GET /lapor`, and the answer to `POST /lapor` when something has to be corrected.
#[derive(Clone, Debug, Serialize)]
pub struct ReportForm {
    pub errors: Vec<FieldError>,
    /// Names one filling-in of the form: the same value twice is the same report.
    pub draft: String,
    pub photo_kept: Option<KeptPhoto>,
    pub max_photo_mb: i64,
    pub map: MapView,
    /// As typed; empty when not given.
    pub lat: String,
    pub lon: String,
    pub areas: Vec<ChoiceGroup>,
    pub place: String,
    pub services: Vec<ServiceGroup>,
    pub description: String,
    pub name: String,
    pub email: String,
    pub phone: String,
    pub privacy: Privacy,
}

/// How the reporter wants to appear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Privacy {
    #[default]
    Ordinary,
    /// Identity hidden from those who handle the report.
    Anonymous,
    /// Text, place and photo hidden from the public.
    Secret,
}

/// A photo that came with an earlier try and is on disk.
#[derive(Clone, Debug, Serialize)]
pub struct KeptPhoto {
    pub token: String,
    pub url: String,
}

/// Services under the name of their group.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceGroup {
    pub label: String,
    pub services: Vec<ServiceChoice>,
}

/// One service to choose.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceChoice {
    pub code: String,
    pub label: String,
    pub description: String,
    pub selected: bool,
    /// Its reports are secret unless the reporter says otherwise.
    pub secret: bool,
}

/// The questions of the chosen service, when a required one is not answered yet. Posts to `/lapor`.
#[derive(Clone, Debug, Serialize)]
pub struct QuestionsPage {
    pub service: String,
    pub errors: Vec<FieldError>,
    pub attributes: Vec<AttributeField>,
    /// Everything that was typed, as name and value, to be sent again.
    pub typed: Vec<(String, String)>,
    /// The report may be sent without answers to these.
    pub all_optional: bool,
}

/// One question of a service (Open311 service definition).
#[derive(Clone, Debug, Serialize)]
pub struct AttributeField {
    /// `code` of the attribute; the input is named `attribute[code]`, its id is `attribute-code`.
    pub code: String,
    pub label: String,
    pub datatype: Datatype,
    pub required: bool,
    /// What was typed; empty for lists.
    pub value: String,
    pub choices: Vec<Choice>,
}

/// The answer to a report that is on disk.
#[derive(Clone, Debug, Serialize)]
pub struct ReportSent {
    pub number: String,
    /// Whole address of the reporter's own page.
    pub follow_url: String,
    pub service: String,
    pub place: String,
    pub expected_at: Timestamp,
    pub verify_at: Timestamp,
    pub privacy: Privacy,
    /// Where the public sees it; `None` for secret reports.
    pub public_url: Option<String>,
}

impl Page for ReportForm {
    const TEMPLATE: &'static str = "report_form.html";

    fn sample() -> Vec<Self> {
        let service = |code: &str, label: &str, description: &str| ServiceChoice {
            code: code.to_owned(),
            label: label.to_owned(),
            description: description.to_owned(),
            selected: code == "lampu-jalan-padam",
            secret: code == "pungutan-liar",
        };
        let services = vec![
            ServiceGroup {
                label: "Jalan dan lalu lintas".to_owned(),
                services: vec![
                    service(
                        "jalan-berlubang",
                        "Jalan berlubang",
                        "Lubang, amblas, atau aspal terkelupas di jalan kota.",
                    ),
                    service("lampu-jalan-padam", "Lampu jalan padam", ""),
                ],
            },
            ServiceGroup {
                label: "Pemerintahan".to_owned(),
                services: vec![service(
                    "pungutan-liar",
                    "Pungutan liar",
                    "Diminta uang untuk layanan yang gratis.",
                )],
            },
        ];
        let empty = Self {
            errors: vec![],
            draft: "3f9c".to_owned(),
            photo_kept: None,
            max_photo_mb: 10,
            map: sample::map(),
            lat: String::new(),
            lon: String::new(),
            areas: sample::areas(),
            place: String::new(),
            services: services.clone(),
            description: String::new(),
            name: String::new(),
            email: String::new(),
            phone: String::new(),
            privacy: Privacy::Ordinary,
        };
        let failing = Self {
            errors: vec![
                FieldError::new("photo", "error-photo-large")
                    .with("size", 12)
                    .with("limit", 10),
                FieldError::new("photo", "error-photo-kind"),
                FieldError::new("photo", "error-photo-size").with("limit", 10),
                FieldError::new("photo", "error-photo-many").with("limit", 5),
                FieldError::new("photo", "error-photo-pixels").with("limit", 50),
                FieldError::new("lat", "error-coordinates"),
                FieldError::new("area", "error-place-missing"),
                FieldError::new("area", "error-place-outside").with("city", "Kota Tanjungpinang"),
                FieldError::new("services", "error-service-missing"),
                FieldError::new("description", "error-description-short").with("min", 10),
                FieldError::new("description", "error-description-long").with("max", 4000),
                FieldError::new("email", "error-email"),
                FieldError::new("phone", "error-phone"),
            ],
            photo_kept: Some(KeptPhoto {
                token: "k-1".to_owned(),
                url: "/foto/simpanan/k-1".to_owned(),
            }),
            lat: "0.91234".to_owned(),
            lon: "104.45".to_owned(),
            place: "Depan mushala, gang <kedua>".to_owned(),
            description: "Gelap".to_owned(),
            email: "bukan surel".to_owned(),
            privacy: Privacy::Secret,
            ..empty.clone()
        };
        vec![empty, failing]
    }
}

impl Page for QuestionsPage {
    const TEMPLATE: &'static str = "report_questions.html";

    fn sample() -> Vec<Self> {
        let attributes = Datatype::ALL.iter().enumerate().map(|(i, datatype)| {
            let listed = matches!(
                datatype,
                Datatype::SingleValueList | Datatype::MultiValueList
            );
            AttributeField {
                code: format!("q{i}"),
                label: "Apa yang terjadi pada lampunya?".to_owned(),
                datatype: *datatype,
                required: i % 2 == 0,
                value: String::new(),
                choices: match listed {
                    true => vec![
                        sample::choice("padam", "Padam"),
                        sample::choice("berkedip", "Berkedip"),
                    ],
                    false => vec![],
                },
            }
        });
        let asking = Self {
            service: "Lampu jalan padam".to_owned(),
            errors: vec![],
            attributes: attributes.collect(),
            typed: vec![
                ("service".to_owned(), "lampu-jalan-padam".to_owned()),
                ("description".to_owned(), "Gelap \"sekali\"".to_owned()),
            ],
            all_optional: false,
        };
        let failing = Self {
            errors: vec![
                FieldError::new("attribute-q0", "error-answer-missing"),
                FieldError::new("attribute-q1", "error-answer-number"),
                FieldError::new("attribute-q4", "error-answer-choice"),
                FieldError::new("attribute-q2", "error-answer-date"),
            ],
            all_optional: true,
            ..asking.clone()
        };
        vec![asking, failing]
    }
}

impl Page for ReportSent {
    const TEMPLATE: &'static str = "report_sent.html";

    fn sample() -> Vec<Self> {
        let ordinary = Self {
            number: "L-2187".to_owned(),
            follow_url: "https://lapor.tanjungpinang.example/l/GmJ2c0s3bHk".to_owned(),
            service: "Lampu jalan padam".to_owned(),
            place: "Jl. Bakar Batu, Kemboja".to_owned(),
            expected_at: sample::days(-10),
            verify_at: sample::days(-3),
            privacy: Privacy::Ordinary,
            public_url: Some("/laporan/L-2187".to_owned()),
        };
        let anonymous = Self {
            privacy: Privacy::Anonymous,
            place: String::new(),
            ..ordinary.clone()
        };
        let secret = Self {
            privacy: Privacy::Secret,
            public_url: None,
            ..ordinary.clone()
        };
        vec![ordinary, anonymous, secret]
    }
}
