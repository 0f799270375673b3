//! The reporter's own page, by the signed link: state, the question *is it done?*, and erasing.

use axum::extract::{Path, Query, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use pendopo_domain::policy::Action;
use pendopo_domain::ratings::{Stars, Verdict};
use pendopo_domain::reports::{Report, Visibility};
use pendopo_operations::ratings::{self, Answer};
use pendopo_operations::{Error, identity, links, reports};
use serde::Deserialize;

use super::parts;
use crate::body;
use crate::failure::Failure;
use crate::pages_view::{ErrorKind, FieldError, Follow, Nav, Question, Saved};
use crate::routes::{Route, act, show};
use crate::visit::Visit;

pub(crate) fn routes(routes: &mut Vec<Route>) {
    show(routes, "/l/{token}", Action::SeePublic, show_own_report);
    act(
        routes,
        "/l/{token}/jawaban",
        Action::SeePublic,
        answer_report,
    );
    act(routes, "/l/{token}/hapus", Action::SeePublic, erase_person);
}

/// The report behind a link, as its reporter. A link that the city did not sign leads nowhere.
async fn own_report(mut visit: Visit, token: &str) -> Result<(Visit, Report), Failure> {
    let id = links::reporter_report(&visit.city, token).ok_or(Failure::new(ErrorKind::NotFound))?;
    visit.actor = visit.city.reporter(id);
    let report = reports::see(&visit.city, &visit.actor, Action::AnswerReport, id).await?;
    Ok((visit, report))
}

/// What has just happened, said in place.
#[derive(Default, Deserialize)]
struct Just {
    jawab: Option<String>,
    hapus: Option<String>,
}

/// `GET /l/{token}`
async fn show_own_report(
    visit: Visit,
    Path(token): Path<String>,
    Query(just): Query<Just>,
) -> Result<Response, Failure> {
    let (visit, report) = own_report(visit, &token).await?;
    let context = context(&visit, &report, &token, &just).await?;
    visit.page(Nav::None, &context)
}

async fn context(
    visit: &Visit,
    report: &Report,
    token: &str,
    just: &Just,
) -> Result<Follow, Error> {
    let configuration = visit.city.configuration();
    let text = reports::text(&visit.city, report).await?;
    let answer = ratings::answer_of(&visit.city, report).await?;
    let open = report.may_answer(visit.city.now()).is_ok();
    let current = answer.filter(|(rating, _)| rating.round == report.round);
    let question = report
        .deadlines
        .answer_due_at
        .filter(|_| open)
        .map(|until| Question {
            until,
            verdict: current.as_ref().map(|(rating, _)| rating.verdict),
            stars: current
                .as_ref()
                .and_then(|(rating, _)| rating.stars)
                .map(Stars::count),
            words: current
                .as_ref()
                .and_then(|(_, words)| words.clone())
                .unwrap_or_default(),
        });
    let saved = current
        .as_ref()
        .filter(|_| just.jawab.is_some())
        .map(|(rating, _)| Saved {
            verdict: rating.verdict,
            answer_by: report
                .deadlines
                .follow_up_due_at
                .filter(|_| report.state.is_open()),
        });
    let area = parts::area_name(&configuration, report);
    let place: Vec<String> = text.place.into_iter().chain(area).collect();
    let mut timeline = parts::timeline(visit, report).await?;
    timeline.extend(parts::comments(visit, report).await?);
    timeline.sort_by_key(|entry| std::cmp::Reverse(entry.at));
    Ok(Follow {
        token: token.to_owned(),
        number: report.number().to_string(),
        service: parts::service_name(&configuration, visit.language, &report.service_code),
        place: place.join(", "),
        description: text.description,
        state: report.state,
        received_at: report.received_at,
        expected_at: report.deadlines.expected_at,
        due: parts::due(visit, report),
        status_note: reports::answer_words(&visit.city, report).await?,
        photos: parts::photos(visit, report, &format!("/l/{token}/foto")).await?,
        timeline,
        question,
        saved,
        may_erase: report.person.is_some(),
        erased_now: just.hapus.is_some() && report.person.is_none(),
        errors: vec![],
        public_url: (report.visibility == Visibility::Public)
            .then(|| format!("/laporan/{}", report.number())),
    })
}

/// `POST /l/{token}/jawaban`
async fn answer_report(
    visit: Visit,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let form = body::form(request).await?;
    let (visit, report) = own_report(visit, &token).await?;
    let Some(verdict) = form.get("verdict").and_then(Verdict::from_word) else {
        let error = FieldError::new("verdict-confirmed", "error-verdict-missing");
        return again(&visit, &report, &token, &form, vec![error]).await;
    };
    let stars = form
        .get("stars")
        .and_then(|text| text.parse().ok())
        .and_then(Stars::new);
    let answer = Answer {
        verdict,
        stars,
        words: form.text("words"),
    };
    match ratings::rate(&visit.city, &visit.actor, report.id, answer).await {
        Ok(_) => Ok(parts::see_other(&format!("/l/{token}?jawab=1"))),
        Err(Error::Invalid(invalid)) => {
            let errors = parts::field_errors(&visit, &invalid);
            again(&visit, &report, &token, &form, errors).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The page again, with what was typed and what is wrong with it.
async fn again(
    visit: &Visit,
    report: &Report,
    token: &str,
    form: &body::Form,
    errors: Vec<FieldError>,
) -> Result<Response, Failure> {
    let mut context = context(visit, report, token, &Just::default()).await?;
    if let Some(question) = &mut context.question {
        question.verdict = form.get("verdict").and_then(Verdict::from_word);
        question.stars = form.get("stars").and_then(|text| text.parse().ok());
        question.words = form.text("words").unwrap_or_default();
    }
    context.errors = errors;
    Ok((StatusCode::BAD_REQUEST, visit.page(Nav::None, &context)?).into_response())
}

/// `POST /l/{token}/hapus`
async fn erase_person(
    visit: Visit,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let form = body::form(request).await?;
    let (visit, report) = own_report(visit, &token).await?;
    if form.get("sure").is_none() {
        return Ok(parts::see_other(&format!("/l/{token}")));
    }
    identity::erase(&visit.city, &visit.actor, report.id).await?;
    Ok(parts::see_other(&format!("/l/{token}?hapus=1")))
}
