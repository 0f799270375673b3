//! From a warning to what its page shows.

use pendopo_domain::alerts::{AlertId, Info, Message, Severity};
use pendopo_domain::geo::AreaId;
use pendopo_operations::Result;
use pendopo_operations::alerts::{self, Seen, stage as stages};

use crate::pages_view::{AlertCard, AlertPage, AlertTexts, StageView};
use crate::visit::Visit;

/// Where everyone sees a warning.
pub(super) fn public_url(id: AlertId) -> String {
    format!("/peringatan/{id}")
}

/// Where the staff sees it.
pub(super) fn desk_url(id: AlertId) -> String {
    format!("/meja/peringatan/{id}")
}

/// Gravity as on every other page: 1 to 4, grey for what is over or does not say.
pub(super) fn level(message: &Message) -> u8 {
    if message.is_all_clear() {
        return 0;
    }
    level_of(message.severity())
}

pub(super) fn level_of(severity: Severity) -> u8 {
    match severity {
        Severity::Extreme => 1,
        Severity::Severe => 2,
        Severity::Moderate => 3,
        Severity::Minor => 4,
        Severity::Unknown => 0,
    }
}

/// The stage of the city.
pub(super) async fn stage(visit: &Visit) -> Result<StageView> {
    let now = stages::now(&visit.city).await?;
    Ok(StageView {
        number: now.stage.number(),
        proposed: now.proposed.number(),
        set_at: now.set.map(|set| set.at),
    })
}

/// A warning in a list of everyone, or of the desk.
pub(super) fn card(visit: &Visit, seen: &Seen, desk: bool) -> AlertCard {
    let (kept, message) = (&seen.kept, &seen.kept.message);
    let info = message.info_in(visit.language.tag());
    let profile_name = visit.city.configuration().profile.name.clone();
    let sender_name = info.and_then(|info| info.sender_name.clone());
    let usual = if kept.own {
        profile_name
    } else {
        message.sender.clone()
    };
    let headline = info.map(Info::headline).or_else(|| message.note.clone());
    AlertCard {
        url: if desk {
            desk_url(kept.id)
        } else {
            public_url(kept.id)
        },
        headline: headline.unwrap_or_else(|| message.identifier.clone()),
        language: info.and_then(|info| foreign(visit, info)),
        severity: message.severity(),
        level: level(message),
        state: kept.state,
        msg_type: message.msg_type,
        status: message.status,
        all_clear: message.is_all_clear(),
        unverified: kept.matched.unverified,
        stale: seen.stale,
        here: kept.matched.here,
        own: kept.own,
        sender_name: sender_name.unwrap_or(usual),
        areas: area_names(visit, &kept.matched.areas, message),
        sent: message.sent,
        effective: message.effective(),
        expires: message.expires(),
        says_expiry: message.says_expiry(),
        credit: seen
            .credit
            .as_ref()
            .map(|texts| texts.get(visit.language.tag()).to_owned()),
    }
}

/// The language of texts that are not in that of the page, as an attribute needs it.
fn foreign(visit: &Visit, info: &Info) -> Option<String> {
    let primary = info.language.split(['-', '_']).next().unwrap_or_default();
    let plain = info
        .language
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let same = primary.eq_ignore_ascii_case(visit.language.tag());
    (!same && plain && !info.language.is_empty()).then(|| info.language.clone())
}

fn area_names(visit: &Visit, ids: &[AreaId], message: &Message) -> Vec<String> {
    const MOST: usize = 12;
    let configuration = visit.city.configuration();
    let mut names = alerts::area_names(&configuration.areas, ids);
    if names.is_empty() {
        let places = message
            .info_in(visit.language.tag())
            .map(|info| &info.areas);
        names = places
            .into_iter()
            .flatten()
            .map(|area| area.desc.clone())
            .collect();
    }
    names.dedup();
    names.truncate(MOST);
    names
}

/// The texts of one part.
pub(super) fn texts(info: &Info) -> AlertTexts {
    let paragraphs = |text: &Option<String>| {
        let lines = text.as_deref().unwrap_or_default().lines();
        let lines = lines.map(|line| line.trim().to_owned());
        lines.filter(|line| !line.is_empty()).collect()
    };
    let is_web = |web: &&String| web.starts_with("https://") || web.starts_with("http://");
    AlertTexts {
        language: info.language.clone(),
        event: info.event.clone(),
        headline: info.headline(),
        description: paragraphs(&info.description),
        instruction: paragraphs(&info.instruction),
        responses: info.response_types.clone(),
        urgency: info.urgency,
        certainty: info.certainty,
        web: info.web.as_ref().filter(is_web).cloned(),
        contact: info.contact.clone(),
    }
}

/// The page of one warning, for everyone.
pub(super) fn page(visit: &Visit, seen: &Seen) -> AlertPage {
    let message = &seen.kept.message;
    let nothing = || AlertTexts {
        language: visit.language.tag().to_owned(),
        event: String::new(),
        headline: message.note.clone().unwrap_or_default(),
        description: vec![],
        instruction: vec![],
        responses: vec![],
        urgency: pendopo_domain::alerts::Urgency::Unknown,
        certainty: pendopo_domain::alerts::Certainty::Unknown,
        web: None,
        contact: None,
    };
    let texts = message
        .info_in(visit.language.tag())
        .map_or_else(nothing, texts);
    AlertPage {
        card: card(visit, seen, false),
        texts,
        document_url: format!("{}.cap", public_url(seen.kept.id)),
        ended_by_url: seen.kept.ended_by.map(public_url),
        staff: None,
    }
}

/// What an entry of a feed says.
pub(super) struct Described {
    pub(super) address: String,
    pub(super) sender_name: Option<String>,
    pub(super) headline: String,
    pub(super) description: String,
    pub(super) category: &'static str,
}

pub(super) fn described(visit: &Visit, seen: &Seen) -> Described {
    let message = &seen.kept.message;
    let info = message.info_in(visit.language.tag());
    let note = message.note.clone().unwrap_or_default();
    let category = info.and_then(|info| info.categories.first());
    Described {
        address: format!("{}{}.cap", visit.base_url, public_url(seen.kept.id)),
        sender_name: info.and_then(|info| info.sender_name.clone()),
        headline: info.map_or_else(|| note.clone(), Info::headline),
        description: info
            .and_then(|info| info.description.clone())
            .unwrap_or(note),
        category: category.map_or("Other", |category| category.word()),
    }
}
