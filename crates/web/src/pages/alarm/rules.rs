//! Rules (aturan) to read: what each waits for, in words, and whose it is.

use axum::response::Response;
use pendopo_domain::policy::Action;
use pendopo_domain::rules::{Beyond, Condition, Rule, Signal};
use pendopo_operations::entities::seen::tail;

use super::told;
use crate::failure::Failure;
use crate::i18n::{FluentArgs, format};
use crate::pages_view::{Nav, RuleList, RuleRow};
use crate::routes::{Route, show};
use crate::visit::Visit;

/// The same page for the desk and for whoever keeps the rules.
pub(super) fn routes(routes: &mut Vec<Route>) {
    show(routes, "/meja/aturan", Action::SeeDesk, list_rules);
    show(routes, "/kelola/aturan", Action::ManageRules, list_rules);
}

/// `GET /meja/aturan`, `GET /kelola/aturan`
async fn list_rules(visit: Visit) -> Result<Response, Failure> {
    let configuration = visit.city.configuration();
    let rows = configuration.rules.iter().map(|rule| row(&visit, rule));
    let context = RuleList {
        rows: rows.collect(),
        may_see_desk: visit.may(Action::SeeDesk),
    };
    visit.page(Nav::Desk, &context)
}

fn row(visit: &Visit, rule: &Rule) -> RuleRow {
    RuleRow {
        code: rule.code.clone(),
        name: rule.names.get(visit.language.tag()).to_owned(),
        priority: rule.priority.level(),
        enabled: rule.enabled,
        condition: condition(visit, &rule.condition),
        expression: match &rule.condition {
            Condition::Expression { cel, .. } => cel.clone(),
            _ => String::new(),
        },
        owner: told::owner(visit, rule),
        minutes_to_act: rule.minutes_to_act,
    }
}

/// What a rule waits for, as a sentence.
fn condition(visit: &Visit, condition: &Condition) -> String {
    let number = |value: f64| format::number(visit.language, value);
    let mut args = FluentArgs::new();
    if let Some(signal) = told::signal(condition) {
        args.set("what", what(visit, signal));
        args.set(
            "unit",
            told::unit(&visit.city.configuration(), visit.language, signal),
        );
    }
    let key = match condition {
        Condition::Threshold { side, limit, .. } => {
            args.set("limit", number(*limit));
            match side {
                Beyond::Above => "rule-above",
                Beyond::Below => "rule-below",
            }
        }
        Condition::RateOfRise {
            per_hour, over_s, ..
        } => {
            args.set("limit", number(per_hour.abs()));
            args.set("minutes", minutes(*over_s));
            match *per_hour < 0.0 {
                true => "rule-falls",
                false => "rule-rises",
            }
        }
        Condition::NoData { after_s, .. } => {
            args.set("minutes", minutes(*after_s));
            "rule-no-data"
        }
        Condition::Reports {
            service_codes,
            count,
            within_m,
            in_minutes,
        } => {
            let configuration = visit.city.configuration();
            let name = |code: &String| {
                crate::pages::parts::service_name(&configuration, visit.language, code)
            };
            let services: Vec<String> = service_codes.iter().map(name).collect();
            args.set("services", services.join(", "));
            args.set("count", *count);
            args.set("metres", number(f64::from(*within_m)));
            args.set("minutes", *in_minutes);
            "rule-reports"
        }
        Condition::Alert { severity, area } => {
            args.set("severity", severity.clone());
            match area {
                Some(area) => {
                    args.set("area", area.clone());
                    "rule-alert-area"
                }
                None => "rule-alert",
            }
        }
        Condition::Expression { signals, .. } => {
            args.set("count", signals.len());
            "rule-expression"
        }
    };
    visit.text_with(key, &args).trim().to_owned()
}

fn minutes(seconds: u32) -> u32 {
    seconds.div_ceil(60)
}

/// The value that is watched, in the words of the city.
fn what(visit: &Visit, signal: &Signal) -> String {
    let configuration = visit.city.configuration();
    let language = visit.language.tag();
    let kind = configuration
        .live_types
        .iter()
        .find(|kind| *kind.kind == *signal.kind);
    let name = kind.map_or_else(
        || tail(&signal.kind),
        |kind| kind.names.get(language).to_owned(),
    );
    let attribute = kind
        .filter(|kind| *kind.attribute == *signal.attribute)
        .map(|kind| kind.attribute_names.get(language).to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| tail(&signal.attribute));
    let mut words = vec![attribute, name];
    words.extend(signal.entity.as_ref().map(|entity| tail(entity)));
    words.join(", ")
}
