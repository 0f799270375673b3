//! The units of the city, what each is doing, and the form with which they are kept.

use pendopo_domain::units::{UnitKind, UnitStatus};
use serde::Serialize;

use super::parts::{Choice, FieldError, sample};
use crate::render::Page;

/// `GET /meja/satuan`; forms post to the same address and to `/meja/satuan/{code}/keadaan`.
#[derive(Clone, Debug, Serialize)]
pub struct UnitsPage {
    /// By code.
    pub rows: Vec<UnitRow>,
    pub teams: Vec<Choice>,
    pub kinds: Vec<&'static str>,
    /// What was typed.
    pub code: String,
    pub name_id: String,
    pub name_en: String,
    pub kind: String,
    pub saved: bool,
    pub errors: Vec<FieldError>,
}

/// One unit.
#[derive(Clone, Debug, Serialize)]
pub struct UnitRow {
    pub code: String,
    pub name: String,
    pub kind: UnitKind,
    pub team: String,
    /// The stable word: its text is `unit-status-{word}`.
    pub status: &'static str,
    /// Number and address of the incident that it is sent to.
    pub at: Option<(String, String)>,
    pub out_of_service: bool,
}

impl Page for UnitsPage {
    const TEMPLATE: &'static str = "units.html";

    fn sample() -> Vec<Self> {
        let row = |kind: UnitKind, status: UnitStatus| UnitRow {
            code: format!("{kind}-{}", status.word().replace('_', "-")),
            name: "Pompa 1".to_owned(),
            kind,
            team: "Badan Penanggulangan Bencana Daerah".to_owned(),
            status: status.word(),
            at: matches!(status, UnitStatus::At(_))
                .then(|| ("K-31".to_owned(), "/meja/kejadian/K-31".to_owned())),
            out_of_service: status == UnitStatus::OutOfService,
        };
        use pendopo_domain::incidents::AssignmentState;
        let mut statuses = vec![UnitStatus::Available, UnitStatus::OutOfService];
        let active = AssignmentState::ALL
            .iter()
            .filter(|state| state.is_active());
        statuses.extend(active.map(|state| UnitStatus::At(*state)));
        let kinds = UnitKind::ALL.iter().cycle();
        let rows = kinds
            .zip(&statuses)
            .map(|(kind, status)| row(*kind, *status));
        let mut rows: Vec<UnitRow> = rows.collect();
        rows.extend(UnitKind::ALL.iter().map(|kind| UnitRow {
            code: format!("lagi-{kind}"),
            ..row(*kind, UnitStatus::Available)
        }));
        let full = Self {
            rows,
            teams: sample::teams(),
            kinds: UnitKind::ALL.iter().map(|kind| kind.word()).collect(),
            code: String::new(),
            name_id: String::new(),
            name_en: String::new(),
            kind: String::new(),
            saved: true,
            errors: vec![],
        };
        let failing = Self {
            saved: false,
            code: "Pompa 1".to_owned(),
            kind: "pump".to_owned(),
            errors: vec![
                FieldError::new("code", "error-unit-code"),
                FieldError::new("name_id", "error-unit-name"),
                FieldError::new("kind", "error-unit-kind"),
                FieldError::new("team", "error-team-missing"),
                FieldError::new("team", "error-unit-busy"),
            ],
            ..full.clone()
        };
        let empty = Self {
            rows: vec![],
            saved: false,
            ..full.clone()
        };
        vec![full, failing, empty]
    }
}
