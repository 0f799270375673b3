//! The reporter's own page, behind the signed link: how it stands, and *is it really done?*

use pendopo_domain::ratings::Verdict;
use pendopo_domain::reports::State;
use pendopo_domain::time::Timestamp;
use serde::Serialize;

use super::parts::{Due, FieldError, Phase, Photo, PhotoKind, TimelineEntry, Unit, sample};
use crate::render::Page;

/// `GET /l/{token}`
#[derive(Clone, Debug, Serialize)]
pub struct Follow {
    /// Forms post to `/l/{token}/jawaban` and `/l/{token}/hapus`.
    pub token: String,
    pub number: String,
    pub service: String,
    pub place: String,
    pub description: Option<String>,
    pub state: State,
    pub received_at: Timestamp,
    pub expected_at: Timestamp,
    pub due: Option<Due>,
    pub status_note: Option<String>,
    pub photos: Vec<Photo>,
    pub timeline: Vec<TimelineEntry>,
    /// Asked while an answer may be given or changed.
    pub question: Option<Question>,
    /// The answer that has just been stored.
    pub saved: Option<Saved>,
    /// There is something personal that can be erased.
    pub may_erase: bool,
    pub erased_now: bool,
    pub errors: Vec<FieldError>,
    pub public_url: Option<String>,
}

/// *Kota menyatakan sudah teratasi. Menurut Anda?*
#[derive(Clone, Debug, Serialize)]
pub struct Question {
    pub until: Timestamp,
    /// The answer so far.
    pub verdict: Option<Verdict>,
    pub stars: Option<u8>,
    pub words: String,
}

/// What was stored.
#[derive(Clone, Debug, Serialize)]
pub struct Saved {
    pub verdict: Verdict,
    /// When the city answers by, after *not yet*.
    pub answer_by: Option<Timestamp>,
}

impl Page for Follow {
    const TEMPLATE: &'static str = "follow.html";

    fn sample() -> Vec<Self> {
        let question = Question {
            until: sample::days(-14),
            verdict: None,
            stars: None,
            words: String::new(),
        };
        let asked = Self {
            token: "GmJ2c0s3bHk".to_owned(),
            number: "L-2187".to_owned(),
            service: "Lampu jalan padam".to_owned(),
            place: "Jl. Bakar Batu, Kemboja".to_owned(),
            description: Some("Dua lampu mati sejak Jumat.".to_owned()),
            state: State::Resolved,
            received_at: sample::days(2),
            expected_at: sample::days(-8),
            due: None,
            status_note: Some("Dua lampu diganti, kabel disambung lagi.".to_owned()),
            photos: vec![
                sample::photo(PhotoKind::Before, 2880),
                sample::photo(PhotoKind::After, 40),
            ],
            timeline: sample::timeline(),
            question: Some(question.clone()),
            saved: None,
            may_erase: true,
            erased_now: false,
            errors: vec![],
            public_url: Some("/laporan/L-2187".to_owned()),
        };
        let failing = Self {
            errors: vec![FieldError::new(
                "verdict-confirmed",
                "error-verdict-missing",
            )],
            question: Some(Question {
                stars: Some(4),
                words: "Terima kasih".to_owned(),
                ..question.clone()
            }),
            ..asked.clone()
        };
        let answered = |state, verdict, answer_by| Self {
            state,
            question: Some(Question {
                verdict: Some(verdict),
                stars: Some(4),
                ..question.clone()
            }),
            saved: Some(Saved { verdict, answer_by }),
            ..asked.clone()
        };
        let open = Self {
            state: State::Assigned,
            due: Some(sample::due(Phase::Late, 1, Unit::Day)),
            status_note: None,
            photos: vec![],
            question: None,
            ..asked.clone()
        };
        let erased = Self {
            state: State::Unconfirmed,
            place: String::new(),
            description: None,
            question: None,
            may_erase: false,
            erased_now: true,
            public_url: None,
            ..asked.clone()
        };
        let mut samples = vec![
            failing,
            answered(State::Confirmed, Verdict::Confirmed, None),
            answered(State::Reopened, Verdict::NotYet, Some(sample::days(-7))),
            open,
            erased,
        ];
        samples.extend(State::ALL.iter().map(|state| Self {
            state: *state,
            question: None,
            ..asked.clone()
        }));
        samples.insert(0, asked);
        samples
    }
}
