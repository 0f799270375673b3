//! `/peringatan` and `/meja/peringatan`: warnings that hold, one of them, and all that came.

use pendopo_domain::alerts::chain::State;
use pendopo_domain::alerts::draft::DraftState;
use pendopo_domain::alerts::{Certainty, MsgType, ResponseType, Severity, Status, Urgency};
use pendopo_domain::time::Timestamp;
use serde::Serialize;

use super::parts::sample;
use crate::render::Page;

/// The stage of the city as bars, number and word.
#[derive(Clone, Debug, Serialize)]
pub struct StageView {
    /// 1 to 5.
    pub number: u8,
    /// What the warnings propose.
    pub proposed: u8,
    pub set_at: Option<Timestamp>,
}

/// The stage of the city over the top of a page: 2 or more, an ordinary day has no band.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct StageBand {
    /// 2 to 5.
    pub number: u8,
    pub since: Timestamp,
}

/// A warning in a list.
#[derive(Clone, Debug, Serialize)]
pub struct AlertCard {
    pub url: String,
    pub headline: String,
    /// The language of its texts, when it is not that of the page.
    pub language: Option<String>,
    pub severity: Severity,
    /// 1 to 4 as a priority; 0 is grey.
    pub level: u8,
    /// `None` for what never is an alert.
    pub state: Option<State>,
    pub msg_type: MsgType,
    pub status: Status,
    pub all_clear: bool,
    /// Where it holds cannot be checked.
    pub unverified: bool,
    /// Its source has been silent for too long.
    pub stale: bool,
    pub here: bool,
    pub own: bool,
    pub sender_name: String,
    /// Names of areas: those of the city, else those of the message.
    pub areas: Vec<String>,
    pub sent: Timestamp,
    pub effective: Timestamp,
    pub expires: Timestamp,
    pub says_expiry: bool,
    /// Whom the page must name.
    pub credit: Option<String>,
}

/// The texts of one language.
#[derive(Clone, Debug, Serialize)]
pub struct AlertTexts {
    pub language: String,
    pub event: String,
    pub headline: String,
    /// Paragraphs.
    pub description: Vec<String>,
    pub instruction: Vec<String>,
    pub responses: Vec<ResponseType>,
    pub urgency: Urgency,
    pub certainty: Certainty,
    /// Only addresses of the web.
    pub web: Option<String>,
    pub contact: Option<String>,
}

/// `GET /peringatan`
#[derive(Clone, Debug, Serialize)]
pub struct AlertList {
    pub stage: StageView,
    /// Gravest first.
    pub active: Vec<AlertCard>,
}

/// `GET /peringatan/{id}` and `GET /meja/peringatan/{id}`
#[derive(Clone, Debug, Serialize)]
pub struct AlertPage {
    pub card: AlertCard,
    pub texts: AlertTexts,
    /// The document as it came or was published.
    pub document_url: String,
    /// The message that replaced or withdrew it.
    pub ended_by_url: Option<String>,
    pub staff: Option<AlertStaff>,
}

/// What the staff sees besides.
#[derive(Clone, Debug, Serialize)]
pub struct AlertStaff {
    pub public_url: String,
    pub identifier: String,
    pub sender: String,
    /// As they came, the first first.
    pub documents: Vec<AlertDocument>,
    pub signatures: i64,
    pub carriers: Vec<String>,
    pub received_at: Timestamp,
    pub problems: Vec<String>,
    /// The whole chain, newest first.
    pub chain: Vec<AlertCard>,
    /// Forms that begin a message about this one: kind and address.
    pub follow: Vec<(String, String)>,
}

/// A document of a warning, to be kept by whoever wants to compare.
#[derive(Clone, Debug, Serialize)]
pub struct AlertDocument {
    pub url: String,
    /// RFC 3066 tags, as the document says them.
    pub languages: Vec<String>,
    pub sha256: String,
}

/// `GET /meja/peringatan`
#[derive(Clone, Debug, Serialize)]
pub struct AlertDesk {
    pub stage: StageView,
    pub may_set_stage: bool,
    pub may_write: bool,
    pub stages: Vec<StageRow>,
    pub drafts: Vec<DraftRow>,
    pub rows: Vec<AlertCard>,
    pub older_url: Option<String>,
    pub feeds: Vec<FeedRow>,
    pub aside: Vec<AlertAside>,
}

/// A stage that was set.
#[derive(Clone, Debug, Serialize)]
pub struct StageRow {
    pub number: u8,
    pub proposed: u8,
    pub at: Timestamp,
}

/// A warning that is being written.
#[derive(Clone, Debug, Serialize)]
pub struct DraftRow {
    pub url: String,
    pub headline: String,
    pub state: DraftState,
    pub msg_type: MsgType,
    pub updated_at: Timestamp,
    /// The reader wrote it.
    pub mine: bool,
}

/// A feed that is polled.
#[derive(Clone, Debug, Serialize)]
pub struct FeedRow {
    pub name: String,
    pub succeeded_at: Option<Timestamp>,
    /// A word.
    pub problem: Option<String>,
    pub stale: bool,
}

/// A document that could not be read.
#[derive(Clone, Debug, Serialize)]
pub struct AlertAside {
    pub at: Timestamp,
    pub carrier: String,
    pub reason: String,
}

impl StageBand {
    /// Every stage that has a band.
    pub(super) fn samples() -> Vec<Self> {
        let since = sample::ago(30);
        (2..=5).map(|number| Self { number, since }).collect()
    }
}

impl StageView {
    fn sample(number: u8, proposed: u8) -> Self {
        Self {
            number,
            proposed,
            set_at: (number > 1).then(|| sample::ago(30)),
        }
    }
}

impl AlertCard {
    fn sample(severity: Severity, level: u8) -> Self {
        Self {
            url: "/peringatan/7".to_owned(),
            headline: "Rob di <pesisir>, jauhi dermaga".to_owned(),
            language: None,
            severity,
            level,
            state: Some(State::Active),
            msg_type: MsgType::Alert,
            status: Status::Actual,
            all_clear: false,
            unverified: false,
            stale: false,
            here: true,
            own: false,
            sender_name: "Badan Peringatan".to_owned(),
            areas: vec!["Bukit Bestari".to_owned(), "Tanjungpinang Kota".to_owned()],
            sent: sample::ago(40),
            effective: sample::ago(30),
            expires: sample::ago(-150),
            says_expiry: true,
            credit: Some("Sumber: Badan Peringatan".to_owned()),
        }
    }

    pub(super) fn samples() -> Vec<Self> {
        let mut all: Vec<Self> = Severity::ALL
            .iter()
            .zip([1, 2, 3, 4, 0])
            .map(|(severity, level)| Self::sample(*severity, level))
            .collect();
        all[1].stale = true;
        all[2].unverified = true;
        all[2].areas = vec![];
        all[3].all_clear = true;
        all[3].own = true;
        all[3].credit = None;
        all[4].says_expiry = false;
        all[4].language = Some("en-US".to_owned());
        all
    }
}

impl AlertTexts {
    pub(super) fn sample(language: &str) -> Self {
        Self {
            language: language.to_owned(),
            event: "Rob".to_owned(),
            headline: "Rob di <pesisir>, jauhi dermaga".to_owned(),
            description: vec!["Air laut naik.".to_owned(), "Sampai 20.10.".to_owned()],
            instruction: vec!["Pindahkan kendaraan.".to_owned()],
            responses: ResponseType::ALL.to_vec(),
            urgency: Urgency::Immediate,
            certainty: Certainty::Observed,
            web: Some("https://kota.example/".to_owned()),
            contact: Some("112".to_owned()),
        }
    }

    fn least() -> Self {
        Self {
            description: vec![],
            instruction: vec![],
            responses: vec![],
            urgency: Urgency::Unknown,
            certainty: Certainty::Unknown,
            web: None,
            contact: None,
            ..Self::sample("en-US")
        }
    }
}

impl Page for AlertList {
    const TEMPLATE: &'static str = "alert_list.html";

    fn sample() -> Vec<Self> {
        let stages = (1..=5).map(|number| Self {
            stage: StageView::sample(number, 2),
            active: AlertCard::samples(),
        });
        let empty = Self {
            stage: StageView::sample(1, 1),
            active: vec![],
        };
        stages.chain([empty]).collect()
    }
}

impl Page for AlertPage {
    const TEMPLATE: &'static str = "alert.html";

    fn sample() -> Vec<Self> {
        let staff = AlertStaff {
            public_url: "/peringatan/7".to_owned(),
            identifier: "kota.example-20261123T124000-7".to_owned(),
            sender: "pusdalops@kota.example".to_owned(),
            documents: ["id", "en"]
                .iter()
                .zip(1..)
                .map(|(language, which)| AlertDocument {
                    url: format!("/meja/peringatan/7/dokumen/{which}"),
                    languages: vec![(*language).to_owned()],
                    sha256: "ab12".repeat(16),
                })
                .collect(),
            signatures: 1,
            carriers: vec!["feed:badan".to_owned(), "city".to_owned()],
            received_at: sample::ago(39),
            problems: vec!["info[1]/area[1]/polygon[2]: short-ring".to_owned()],
            chain: AlertCard::samples(),
            follow: ["update", "all-clear", "cancel"]
                .map(|kind| {
                    (
                        kind.to_owned(),
                        format!("/meja/peringatan/tulis?jenis={kind}"),
                    )
                })
                .to_vec(),
        };
        let page = |card: AlertCard, texts: AlertTexts| Self {
            card,
            texts,
            document_url: "/peringatan/7.cap".to_owned(),
            ended_by_url: None,
            staff: None,
        };
        let mut pages: Vec<Self> = AlertCard::samples()
            .into_iter()
            .map(|card| page(card, AlertTexts::sample("id")))
            .collect();
        for state in State::ALL {
            let mut ended = page(AlertCard::sample(Severity::Minor, 4), AlertTexts::least());
            ended.card.state = Some(*state);
            ended.ended_by_url = Some("/peringatan/8".to_owned());
            pages.push(ended);
        }
        let mut cancel = page(AlertCard::sample(Severity::Unknown, 0), AlertTexts::least());
        cancel.card.state = None;
        cancel.card.msg_type = MsgType::Cancel;
        cancel.staff = Some(AlertStaff {
            problems: vec![],
            signatures: 0,
            follow: vec![],
            ..staff.clone()
        });
        let mut seen = page(
            AlertCard::sample(Severity::Severe, 2),
            AlertTexts::sample("id"),
        );
        seen.card.status = Status::Exercise;
        seen.card.here = false;
        seen.staff = Some(staff);
        pages.extend([cancel, seen]);
        pages
    }
}

impl Page for AlertDesk {
    const TEMPLATE: &'static str = "alert_desk.html";

    fn sample() -> Vec<Self> {
        let draft = |(state, mine): (&DraftState, bool)| DraftRow {
            url: "/meja/peringatan/konsep/3".to_owned(),
            headline: "Rob".to_owned(),
            state: *state,
            msg_type: MsgType::Alert,
            updated_at: sample::ago(5),
            mine,
        };
        let feed = |name: &str, problem: Option<&str>| FeedRow {
            name: name.to_owned(),
            succeeded_at: problem.is_none().then(|| sample::ago(1)),
            problem: problem.map(str::to_owned),
            stale: problem.is_some(),
        };
        let mut rows = AlertCard::samples();
        rows[0].state = None;
        rows[0].msg_type = MsgType::Cancel;
        rows[1].here = false;
        let full = Self {
            stage: StageView::sample(2, 3),
            may_set_stage: true,
            may_write: true,
            stages: vec![StageRow {
                number: 2,
                proposed: 1,
                at: sample::ago(30),
            }],
            drafts: DraftState::ALL
                .iter()
                .zip([true, false, true, false])
                .map(draft)
                .collect(),
            rows,
            older_url: Some("/meja/peringatan?sebelum=9".to_owned()),
            feeds: vec![feed("badan", None), feed("lain", Some("status-503"))],
            aside: vec![AlertAside {
                at: sample::ago(9),
                carrier: "feed:badan".to_owned(),
                reason: "malformed".to_owned(),
            }],
        };
        let empty = Self {
            stage: StageView::sample(1, 1),
            may_set_stage: false,
            may_write: false,
            stages: vec![],
            drafts: vec![],
            rows: vec![],
            older_url: None,
            feeds: vec![],
            aside: vec![],
        };
        vec![full, empty]
    }
}
