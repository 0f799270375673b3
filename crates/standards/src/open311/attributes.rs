//! The answers to a service's questions against its definition. GeoReport v2, GET Service Definition and
//! POST Service Request, `attribute[code]`.

use jiff::tz::TimeZone;

use super::datetime::parse_datetime;
use super::params::parse_number;
use super::post::PostRequest;
use super::problem::{self, Problem};
use super::types::{Attribute, Datatype, ServiceDefinition};

/// Checks the answers of a post: every required one is there, each fits its datatype, list answers are among the keys.
///
/// An attribute with `variable` false asks nothing and is skipped. Codes that the definition does not have are ignored,
/// as the standard asks for unknown parameters. Empty: all is well.
#[must_use]
pub fn validate_attributes(definition: &ServiceDefinition, post: &PostRequest) -> Vec<Problem> {
    let questions = definition
        .attributes
        .iter()
        .filter(|attribute| attribute.variable);
    questions
        .filter_map(|attribute| check_answer(attribute, answers(post, &attribute.code)))
        .collect()
}

fn answers<'a>(post: &'a PostRequest, code: &str) -> &'a [String] {
    post.attributes
        .iter()
        .find(|(known, _)| known == code)
        .map_or(&[], |(_, values)| values)
}

/// The first fault of one answer.
fn check_answer(attribute: &Attribute, values: &[String]) -> Option<Problem> {
    let fault = |key| Some(about(attribute, key));
    if values.is_empty() {
        return if attribute.required {
            fault(problem::ATTRIBUTE_REQUIRED)
        } else {
            None
        };
    }
    if values.len() > 1 && attribute.datatype != Datatype::MultiValueList {
        return fault(problem::ATTRIBUTE_SINGLE);
    }
    let is_key = |value: &String| attribute.values.iter().any(|choice| choice.key == *value);
    match attribute.datatype {
        Datatype::String | Datatype::Text => None,
        Datatype::Number if values.iter().all(|v| parse_number(v).is_some()) => None,
        Datatype::Number => fault(problem::ATTRIBUTE_NUMBER),
        Datatype::Datetime
            if values
                .iter()
                .all(|v| parse_datetime(v, &TimeZone::UTC).is_some()) =>
        {
            None
        }
        Datatype::Datetime => fault(problem::ATTRIBUTE_DATETIME),
        Datatype::SingleValueList | Datatype::MultiValueList => {
            let stranger = values.iter().find(|value| !is_key(value))?;
            Some(about(attribute, problem::ATTRIBUTE_CHOICE).arg("value", stranger))
        }
    }
}

fn about(attribute: &Attribute, key: &'static str) -> Problem {
    Problem::bad(key)
        .arg("code", &attribute.code)
        .arg("question", &attribute.description)
}
