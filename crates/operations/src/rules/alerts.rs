//! CAP alerts that a rule waits for: which chains hold now.

use pendopo_domain::alarms::About;
use pendopo_domain::alerts::Severity;
use pendopo_domain::entities::Iri;
use pendopo_domain::rules::{Condition, Edge, Engine, Memory};
use pendopo_domain::time::Timestamp;

use crate::alerts::{Seen, active};
use crate::{City, Result};

/// What begins the subject of an alarm by an alert; the rest is the id of its chain.
const SUBJECT: &str = "alert:";

/// Lets the rules of alerts look at all that hold. What the city itself has issued raises no alarm.
pub(super) async fn look(
    city: &City,
    engine: &Engine,
    memory: &mut Memory,
    now: Timestamp,
) -> Result<Vec<(Edge, About)>> {
    if !engine
        .rules()
        .any(|rule| matches!(rule.condition, Condition::Alert { .. }))
    {
        return Ok(vec![]);
    }
    let holding: Vec<Seen> = active(city).await?;
    let configuration = city.configuration();
    let mut edges = vec![];
    for rule in engine.rules() {
        let Condition::Alert { severity, area } = &rule.condition else {
            continue;
        };
        let least = Severity::from_word(severity).unwrap_or(Severity::Extreme);
        let wanted = area.as_ref().map(|code| configuration.areas.by_code(code));
        let meant = holding.iter().filter(|one| {
            let grave = one.kept.message.severity() as u8 <= least as u8;
            let here = match wanted {
                None => one.kept.matched.here,
                Some(area) => area.is_some_and(|area| one.kept.matched.areas.contains(&area.id)),
            };
            grave && here && !one.kept.own
        });
        let mut subjects: Vec<Iri> = vec![];
        for one in meant {
            let subject: Iri = format!("{SUBJECT}{}", one.kept.chain).into();
            let about = About {
                area: one.kept.matched.areas.first().copied(),
                ..About::default()
            };
            let at = one.kept.message.effective().min(now);
            let told = engine.tell(memory, &rule.code, &subject, true, at);
            edges.extend(told.into_iter().map(|edge| (edge, about.clone())));
            subjects.push(subject);
        }
        for over in engine.on(memory, &rule.code) {
            if !subjects.contains(&over) {
                let told = engine.tell(memory, &rule.code, &over, false, now);
                edges.extend(told.into_iter().map(|edge| (edge, About::default())));
            }
        }
    }
    Ok(edges)
}
