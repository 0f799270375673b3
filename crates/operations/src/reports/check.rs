//! Whether a report can be taken in as it was sent. Every field that cannot be used is named, not only the first.

use pendopo_domain::geo::{Area, AreaId};
use pendopo_domain::reports::Channel;

use super::Submission;
use crate::configuration::Configuration;
use crate::{Error, Invalid, Problem, Result, limits};

/// Checks every field and finds the area of the report.
pub(super) fn check(
    configuration: &Configuration,
    channel: Channel,
    submission: &Submission,
) -> Result<Option<AreaId>> {
    let mut mistakes = Mistakes::default();
    service(configuration, submission, &mut mistakes);
    let area = place(configuration, submission, &mut mistakes);
    texts(channel, submission, &mut mistakes);
    answers_and_photos(submission, &mut mistakes);
    if mistakes.0.is_empty() {
        Ok(area.map(|area| area.id))
    } else {
        Err(Error::Invalid(mistakes.0))
    }
}

/// What was found so far.
#[derive(Default)]
struct Mistakes(Vec<Invalid>);

impl Mistakes {
    fn add(&mut self, field: &'static str, problem: Problem) {
        self.0.push(Invalid { field, problem });
    }

    /// A text of at most `most` characters.
    fn at_most(&mut self, field: &'static str, text: &str, most: usize) {
        if text.chars().count() > most {
            self.add(field, Problem::TooLong { most });
        }
    }

    /// At most `most` of something.
    fn count(&mut self, field: &'static str, n: usize, most: usize) {
        if n > most {
            self.add(field, Problem::TooMany { most });
        }
    }
}

fn service(configuration: &Configuration, submission: &Submission, mistakes: &mut Mistakes) {
    match configuration.service(&submission.service_code) {
        _ if submission.service_code.is_empty() => mistakes.add("service_code", Problem::Missing),
        Some(service) if service.active => {}
        _ => mistakes.add("service_code", Problem::Unknown),
    }
}

/// The area that the position lies in; else the one that was chosen.
fn place<'a>(
    configuration: &'a Configuration,
    submission: &Submission,
    mistakes: &mut Mistakes,
) -> Option<&'a Area> {
    let areas = &configuration.areas;
    let chosen = submission
        .area_code
        .as_deref()
        .map(|code| areas.by_code(code));
    if chosen.is_some_and(|area| area.is_none()) {
        mistakes.add("area", Problem::Unknown);
    }
    let words = submission.place.as_deref().unwrap_or("");
    if submission.position.is_none() && chosen.is_none() && words.is_empty() {
        mistakes.add("position", Problem::Missing);
    }
    if submission.position.is_some_and(|at| !areas.admit(at)) {
        mistakes.add("position", Problem::OutsideCity);
    }
    mistakes.at_most("place", words, limits::PLACE_CHARS);
    let found = submission.position.and_then(|at| areas.containing(at));
    found.or(chosen.flatten())
}

fn texts(channel: Channel, submission: &Submission, mistakes: &mut Mistakes) {
    let description = submission.description.as_deref().unwrap_or("");
    let least = limits::DESCRIPTION_LEAST_CHARS;
    // Open311 lets a system send a report without words; a person is asked for some.
    if channel == Channel::Web && description.chars().count() < least {
        mistakes.add("description", Problem::TooShort { least });
    }
    mistakes.at_most("description", description, limits::DESCRIPTION_CHARS);
    let identity = &submission.identity;
    for (field, value) in [
        ("name", &identity.name),
        ("email", &identity.email),
        ("phone", &identity.phone),
        ("account_id", &identity.account_id),
        ("device_id", &identity.device_id),
    ] {
        let text = value.as_deref().unwrap_or("");
        mistakes.at_most(field, text, limits::CONTACT_CHARS);
    }
}

fn answers_and_photos(submission: &Submission, mistakes: &mut Mistakes) {
    let answers = &submission.attributes;
    mistakes.count("attributes", answers.len(), limits::ATTRIBUTES);
    let most = limits::ATTRIBUTE_CHARS;
    let mut values = answers.iter().flat_map(|(_, values)| values);
    if values.any(|value| value.chars().count() > most) {
        mistakes.add("attributes", Problem::TooLong { most });
    }
    let photos = submission.photos.len() + submission.kept_photos.len();
    mistakes.count("photo", photos, limits::PHOTOS);
}
