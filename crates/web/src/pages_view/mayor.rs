//! The mayor's page: normal or not, and what is late and whose.

use serde::Serialize;

use super::alerts::StageBand;
use crate::render::Page;

/// `GET /walikota`
#[derive(Clone, Debug, Serialize)]
pub struct MayorPage {
    pub stage: Option<StageBand>,
    pub normal: bool,
    pub alarms: usize,
    pub incidents: usize,
    pub overdue: i64,
    /// At most [`MayorPage::MOST_LINES`].
    pub lines: Vec<MayorLine>,
}

impl MayorPage {
    /// More than this nobody reads on the way.
    pub const MOST_LINES: usize = 5;
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, Serialize)]
pub struct MayorLine {
    /// `alarm`, `incident` or `overdue`
    pub kind: &'static str,
    /// 1 to 4; `None` for reports.
    pub priority: Option<u8>,
    pub title: String,
    pub place: String,
    /// Whose it is: the office. Empty when nobody's.
    pub whose: String,
    /// Reports, for `overdue`; crews, for `incident`.
    pub count: i64,
    /// Steps of its playbook that are late, for `incident`; `whose` names the roles then.
    pub steps: i64,
    pub late: bool,
    /// Empty when the reader may not open it.
    pub url: String,
}

impl Page for MayorPage {
    const TEMPLATE: &'static str = "mayor.html";

    fn sample() -> Vec<Self> {
        let line = |kind, priority, late, url: &str| MayorLine {
            kind,
            priority,
            title: "Air rob melewati ambang".to_owned(),
            place: "Tanjung Unggat".to_owned(),
            whose: "Badan Penanggulangan Bencana Daerah".to_owned(),
            count: 2,
            steps: i64::from(kind == "incident" && late) * 3,
            late,
            url: url.to_owned(),
        };
        let nobody = MayorLine {
            whose: String::new(),
            place: String::new(),
            ..line("overdue", None, true, "/laporan")
        };
        let stage = StageBand::samples().pop();
        let full = Self {
            stage,
            normal: false,
            alarms: 1,
            incidents: 2,
            overdue: 14,
            lines: vec![
                line("alarm", Some(1), true, "/meja/alarm/1"),
                line("incident", Some(2), false, "/peta"),
                line("incident", Some(3), true, ""),
                line("overdue", None, true, "/angka"),
                nobody.clone(),
            ],
        };
        let late = Self {
            stage: None,
            normal: true,
            alarms: 0,
            incidents: 0,
            overdue: 3,
            lines: vec![nobody],
        };
        let normal = Self {
            overdue: 0,
            lines: vec![],
            ..late.clone()
        };
        vec![full, late, normal]
    }
}
