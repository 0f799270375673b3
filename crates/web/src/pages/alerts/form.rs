//! The form in which a warning is written, in every language of the city.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use pendopo_domain::alerts::draft::{Content, Words};
use pendopo_domain::alerts::{
    Category, Certainty, MsgType, ResponseType, Severity, Status, Urgency,
};
use pendopo_domain::geo::AreaId;
use pendopo_domain::incidents::Incident;
use pendopo_operations::alerts::Kept;
use pendopo_operations::{Invalid, Problem};

use crate::body::Form;
use crate::failure::Failure;
use crate::pages_view::{Choice, DraftForm, DraftWords, FieldError, Nav};
use crate::render::Page;
use crate::visit::Visit;

/// Usual minutes of a new warning.
const USUAL_MINUTES: i64 = 120;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Alert,
    Update,
    AllClear,
    Cancel,
}

impl Kind {
    /// As in the address of the form.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Update => "update",
            Self::AllClear => "all-clear",
            Self::Cancel => "cancel",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Alert, Self::Update, Self::AllClear, Self::Cancel];
        all.into_iter().find(|kind| kind.word() == word)
    }

    /// What a draft is.
    pub(super) fn of(content: &Content) -> Self {
        let over = content.response_types.contains(&ResponseType::AllClear);
        match content.msg_type {
            MsgType::Cancel => Self::Cancel,
            MsgType::Update if over => Self::AllClear,
            MsgType::Update => Self::Update,
            _ => Self::Alert,
        }
    }

    fn apply(self, content: Content) -> Content {
        match self {
            Self::AllClear => content.all_clear(),
            Self::Update => Content {
                msg_type: MsgType::Update,
                ..content
            },
            Self::Cancel => Content {
                msg_type: MsgType::Cancel,
                ..content
            },
            Self::Alert => Content {
                msg_type: MsgType::Alert,
                ..content
            },
        }
    }
}

/// Nothing written yet.
pub(super) fn blank(visit: &Visit, kind: Kind) -> Content {
    let configuration = visit.city.configuration();
    kind.apply(Content {
        msg_type: MsgType::Alert,
        status: Status::Actual,
        category: Category::Met,
        response_types: vec![],
        urgency: Urgency::Immediate,
        severity: Severity::Moderate,
        certainty: Certainty::Observed,
        holds_minutes: USUAL_MINUTES.min(configuration.alerts.longest_minutes),
        event_code: None,
        areas: vec![],
        note: None,
        words: Default::default(),
    })
}

/// Begins with what is known of the incident that the warning is about: what, where and how grave.
pub(super) fn take_incident(content: &mut Content, visit: &Visit, incident: &Incident) {
    let configuration = visit.city.configuration();
    content.areas.extend(incident.area);
    let severities = Severity::ALL.iter().copied();
    let same = |one: &Severity| one.word().eq_ignore_ascii_case(incident.severity.word());
    if let Some(severity) = severities
        .filter(|one| *one != Severity::Unknown)
        .find(same)
    {
        content.severity = severity;
    }
    let Some(service) = configuration.service(&incident.service_code) else {
        return;
    };
    for language in &configuration.alerts.languages {
        let words = content.words.entry(language.clone()).or_default();
        words.event = service.names.get(language).to_owned();
    }
}

/// Begins with what the warning says that is updated or withdrawn.
pub(super) fn take_over(content: &mut Content, kept: &Kept) {
    let kind = Kind::of(content);
    content.status = kept.message.status;
    content.note.clone_from(&kept.message.note);
    content.areas.clone_from(&kept.matched.areas);
    let Some(first) = kept.message.infos.first() else {
        return;
    };
    content.category = first
        .categories
        .first()
        .copied()
        .unwrap_or(content.category);
    content.event_code = first.event_codes.first().map(|(_, code)| code.clone());
    if kind == Kind::Update {
        (content.urgency, content.severity, content.certainty) =
            (first.urgency, first.severity, first.certainty);
        content.response_types.clone_from(&first.response_types);
    }
    for info in &kept.message.infos {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        // An all-clear says something new about the same event.
        let again = kind == Kind::Update;
        let words = Words {
            event: info.event.clone(),
            headline: if again {
                text(&info.headline)
            } else {
                String::new()
            },
            description: if again {
                text(&info.description)
            } else {
                String::new()
            },
            instruction: if again {
                text(&info.instruction)
            } else {
                String::new()
            },
        };
        content.words.insert(info.language.clone(), words);
    }
}

/// What was sent. Words that are not known stay as they are in a blank one.
pub(super) fn content(visit: &Visit, sent: &Form, kind: Kind) -> Content {
    let configuration = visit.city.configuration();
    let usual = blank(visit, kind);
    let word = |name: &str| sent.get(name).unwrap_or_default();
    let words = configuration.alerts.languages.iter().map(|language| {
        let text = |field: &str| {
            sent.text(&format!("{field}-{language}"))
                .unwrap_or_default()
        };
        let words = Words {
            event: text("event"),
            headline: text("headline"),
            description: text("description"),
            instruction: text("instruction"),
        };
        (language.clone(), words)
    });
    let exercise = sent.get("exercise").is_some();
    let content = Content {
        status: if exercise {
            Status::Exercise
        } else {
            Status::Actual
        },
        category: Category::from_word(word("category")).unwrap_or(usual.category),
        response_types: sent
            .all("response")
            .filter_map(ResponseType::from_word)
            .collect(),
        urgency: Urgency::from_word(word("urgency")).unwrap_or(usual.urgency),
        severity: Severity::from_word(word("severity")).unwrap_or(usual.severity),
        certainty: Certainty::from_word(word("certainty")).unwrap_or(usual.certainty),
        // What is no number is none, and said.
        holds_minutes: word("holds_minutes").parse().unwrap_or(0),
        event_code: sent.text("event_code"),
        areas: sent
            .all("areas")
            .filter_map(|id| id.parse().ok())
            .map(AreaId)
            .collect(),
        note: sent.text("note"),
        words: words.collect(),
        ..usual
    };
    kind.apply(content)
}

/// The form with what was written.
pub(super) fn page(
    visit: &Visit,
    content: &Content,
    action: &str,
    back: &str,
    hidden: Vec<(String, String)>,
    errors: Vec<FieldError>,
) -> DraftForm {
    let configuration = visit.city.configuration();
    let area = |area: &pendopo_domain::geo::Area| Choice {
        value: area.id.to_string(),
        label: area.name.clone(),
        selected: content.areas.contains(&area.id),
        at: None,
    };
    let words = configuration.alerts.languages.iter().map(|language| {
        let words = content.words.get(language).cloned().unwrap_or_default();
        DraftWords {
            language: language.clone(),
            event: words.event,
            headline: words.headline,
            description: words.description,
            instruction: words.instruction,
        }
    });
    DraftForm {
        action: action.to_owned(),
        back_url: back.to_owned(),
        hidden,
        msg_type: content.msg_type,
        all_clear: Kind::of(content) == Kind::AllClear,
        exercise: content.status == Status::Exercise,
        categories: choices(
            visit,
            "alert-category-",
            Category::ALL,
            Category::word,
            &[content.category],
        ),
        responses: choices(
            visit,
            "alert-response-",
            // What is over, and what is for other systems, is not asked for here.
            &ResponseType::ALL[..6],
            ResponseType::word,
            &content.response_types,
        ),
        urgencies: choices(
            visit,
            "alert-urgency-",
            &Urgency::ALL[..3],
            Urgency::word,
            &[content.urgency],
        ),
        severities: choices(
            visit,
            "alert-severity-",
            &Severity::ALL[..4],
            Severity::word,
            &[content.severity],
        ),
        certainties: choices(
            visit,
            "alert-certainty-",
            &Certainty::ALL[..3],
            Certainty::word,
            &[content.certainty],
        ),
        areas: configuration.areas.iter().map(area).collect(),
        holds_minutes: content.holds_minutes.to_string(),
        longest_minutes: configuration.alerts.longest_minutes,
        event_code: content.event_code.clone().unwrap_or_default(),
        note: content.note.clone().unwrap_or_default(),
        words: words.collect(),
        errors,
    }
}

fn choices<T: Copy + PartialEq>(
    visit: &Visit,
    prefix: &str,
    all: &[T],
    word: fn(T) -> &'static str,
    chosen: &[T],
) -> Vec<Choice> {
    let choice = |one: &T| Choice {
        value: word(*one).to_owned(),
        label: visit.text(&format!("{prefix}{}", word(*one))),
        selected: chosen.contains(one),
        at: None,
    };
    all.iter().map(choice).collect()
}

/// What is wrong, at the input that shows it; the texts of each language have inputs of their own.
pub(super) fn errors(visit: &Visit, content: &Content, wrong: &[Invalid]) -> Vec<FieldError> {
    let configuration = visit.city.configuration();
    let mut found: Vec<FieldError> = vec![];
    let mut seen = std::collections::BTreeSet::new();
    for one in wrong {
        if !seen.insert((one.field, one.problem.word())) {
            continue;
        }
        match (one.field, one.problem) {
            ("event" | "headline" | "description" | "instruction", problem) => {
                for language in &configuration.alerts.languages {
                    let text = text_of(content, language, one.field);
                    found.extend(text_error(
                        &format!("{}-{language}", one.field),
                        &text,
                        problem,
                    ));
                }
            }
            ("holds_minutes", _) => {
                let most =
                    usize::try_from(configuration.alerts.longest_minutes).unwrap_or_default();
                found.push(FieldError::new("holds_minutes", "alert-error-holds").with("max", most));
            }
            ("areas", _) => found.push(FieldError::new("areas", "alert-error-areas")),
            ("note", Problem::TooLong { most }) => {
                found.push(FieldError::new("note", "error-description-long").with("max", most));
            }
            ("note", _) => found.push(FieldError::new("note", "alert-error-note")),
            _ => found.push(FieldError::new("isi-peringatan", "error-step-refused")),
        }
    }
    found
}

fn text_of(content: &Content, language: &str, field: &str) -> String {
    let words = content.words.get(language).cloned().unwrap_or_default();
    match field {
        "event" => words.event,
        "headline" => words.headline,
        "description" => words.description,
        _ => words.instruction,
    }
}

fn text_error(id: &str, text: &str, problem: Problem) -> Option<FieldError> {
    let length = text.trim().chars().count();
    match problem {
        Problem::TooLong { most } if length > most => {
            Some(FieldError::new(id, "error-description-long").with("max", most))
        }
        Problem::Missing if length == 0 => Some(FieldError::new(id, "alert-error-missing")),
        _ => None,
    }
}

/// The page again, with the mistakes, or with what is against it.
pub(super) fn refused<C: Page>(
    visit: &Visit,
    status: StatusCode,
    page: &C,
) -> Result<Response, Failure> {
    Ok((status, visit.page(Nav::Desk, page)?).into_response())
}
