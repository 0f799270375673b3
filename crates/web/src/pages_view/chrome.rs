//! What surrounds every page: the city, the language, the clock, who is signed in.

use pendopo_domain::time::Timestamp;
use serde::Serialize;

use crate::i18n::Language;

/// The frame of a page.
#[derive(Clone, Debug, Serialize)]
pub struct Chrome {
    /// `Kota Tanjungpinang`; the product's name on the bare host.
    pub city_name: String,
    /// Empty on the bare host, where no city is chosen.
    pub slug: String,
    /// Every page of a demo city says so.
    pub demo: bool,
    pub language: Language,
    /// Link that changes to the other language and comes back to this page.
    pub language_url: String,
    /// IANA name: `Asia/Jakarta`.
    pub zone: String,
    /// `WIB`, `WITA`, `WIT`.
    pub zone_abbreviation: String,
    pub now: Timestamp,
    /// The room this page belongs to.
    pub nav: Nav,
    /// `None` for residents.
    pub signed_in: Option<SignedIn>,
    /// At most one; the graver wins.
    pub banner: Option<Banner>,
}

/// Where in the site a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Nav {
    None,
    Home,
    Report,
    Reports,
    Map,
    Numbers,
    Desk,
    Crew,
}

/// The position a sign-in acts as; never the person's name.
#[derive(Clone, Debug, Serialize)]
pub struct SignedIn {
    pub position: String,
    pub may_see_desk: bool,
    pub may_work_tasks: bool,
    pub may_read_entities: bool,
    pub may_see_sources: bool,
    pub may_see_alerts: bool,
}

/// A band or box on top of the page.
#[derive(Clone, Debug, Serialize)]
pub struct Banner {
    /// 1 to 4 as a priority; 0 is grey.
    pub level: u8,
    pub title: String,
    pub text: String,
    pub link: Option<(String, String)>,
    /// How many others stand behind it: *Ada 1 lagi*.
    pub more: i64,
}

impl Chrome {
    /// A demo city for samples and tests.
    pub fn sample(language: Language) -> Self {
        Self {
            city_name: "Kota Tanjungpinang".to_owned(),
            slug: "tanjungpinang".to_owned(),
            demo: true,
            language,
            language_url: format!("/bahasa/{}?kembali=/", language.other().tag()),
            zone: "Asia/Jakarta".to_owned(),
            zone_abbreviation: "WIB".to_owned(),
            now: super::parts::sample::ago(0),
            nav: Nav::Home,
            signed_in: None,
            banner: None,
        }
    }

    /// The same, signed in at the desk.
    pub fn sample_desk(language: Language) -> Self {
        Self {
            nav: Nav::Desk,
            signed_in: Some(SignedIn {
                position: "Operator meja".to_owned(),
                may_see_desk: true,
                may_work_tasks: true,
                may_read_entities: true,
                may_see_sources: true,
                may_see_alerts: true,
            }),
            ..Self::sample(language)
        }
    }
}
