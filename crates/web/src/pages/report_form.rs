//! Reporting: photo, place, words; without an account, and without JavaScript too.
//!
//! One form, one POST. When something has to be corrected or asked, the answer is a page that holds everything that was
//! typed, and a photo that came is kept on disk until the form comes back.

mod context;

use axum::extract::{Path, Query, Request};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use pendopo_domain::geo::Position;
use pendopo_domain::policy::Action;
use pendopo_domain::reports::{Channel, Visibility};
use pendopo_operations::identity::Identity;
use pendopo_operations::photos::{self, Prepared};
use pendopo_operations::reports::{self, Submission};
use pendopo_operations::store::photos as photo_rows;
use pendopo_operations::{Error, links};
use pendopo_standards::open311;
use serde::Deserialize;

use self::context::Typed;
use super::parts;
use crate::api::open311::definition;
use crate::body::{self, Form};
use crate::failure::Failure;
use crate::pages_view::{
    ErrorKind, FieldError, Nav, ReportPrivacy, ReportSent, SimilarFragment, SimilarPage,
};
use crate::render;
use crate::routes::{Route, act, show};
use crate::visit::Visit;

pub(crate) fn routes(routes: &mut Vec<Route>) {
    show(routes, "/lapor", Action::SubmitReport, show_form);
    act(routes, "/lapor", Action::SubmitReport, submit_report);
    show(routes, "/lapor/mirip", Action::SubmitReport, list_similar);
    show(
        routes,
        "/lapor/foto/{token}",
        Action::SubmitReport,
        show_kept_photo,
    );
}

/// `GET /lapor`
async fn show_form(visit: Visit) -> Result<Response, Failure> {
    let draft = links::random_id(visit.city.entropy());
    visit.page(
        Nav::Report,
        &context::form(&visit, &Typed::empty(draft), None, vec![]),
    )
}

/// `POST /lapor`
async fn submit_report(visit: Visit, request: Request) -> Result<Response, Failure> {
    let form = body::form(request).await?;
    let mut typed = Typed::read(&form);
    let (photo, mut errors) = read_photo(&visit, &form).await?;
    typed.place_at_camera(&visit, photo.as_ref());
    errors.extend(typed.mistakes());
    let kept = typed.kept_photo(&visit);
    let submission = submission(&typed, &photo, kept.as_ref());
    if let Err(Error::Invalid(invalid)) =
        reports::validate(&visit.city, &visit.actor, Channel::Web, &submission)
    {
        errors.extend(parts::field_errors(&visit, &invalid));
    }
    if !errors.is_empty() {
        let kept = keep(&visit, photo.as_ref(), &typed).await?;
        let page = context::form(&visit, &typed, kept, errors);
        return Ok((StatusCode::BAD_REQUEST, visit.page(Nav::Report, &page)?).into_response());
    }
    if let Some(page) = ask_between(&visit, &typed, photo.as_ref()).await? {
        return Ok(page);
    }
    match reports::submit(&visit.city, &visit.actor, Channel::Web, submission).await {
        Ok(sent) => sent_page(&visit, &typed, &sent),
        Err(Error::Invalid(invalid)) => {
            let errors = parts::field_errors(&visit, &invalid);
            let page = context::form(&visit, &typed, None, errors);
            Ok((StatusCode::BAD_REQUEST, visit.page(Nav::Report, &page)?).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Reads the photo, or says what is wrong with it.
async fn read_photo(
    visit: &Visit,
    form: &Form,
) -> Result<(Option<Prepared>, Vec<FieldError>), Failure> {
    let Some((_, bytes)) = form.files.iter().find(|(name, _)| name == "photo") else {
        return Ok((None, vec![]));
    };
    match photos::prepare(bytes.clone()).await {
        Ok(photo) => Ok((Some(photo), vec![])),
        Err(Error::Invalid(invalid)) => Ok((None, parts::field_errors(visit, &invalid))),
        Err(error) => Err(error.into()),
    }
}

/// Keeps a photo that came with a form which has to come back; an earlier one stays kept.
async fn keep(
    visit: &Visit,
    photo: Option<&Prepared>,
    typed: &Typed,
) -> Result<Option<String>, Failure> {
    match photo {
        Some(photo) => Ok(Some(photos::keep(&visit.city, photo).await?)),
        None => Ok(typed.kept_token(visit)),
    }
}

fn submission(typed: &Typed, photo: &Option<Prepared>, kept: Option<&String>) -> Submission {
    let privacy = typed.privacy;
    Submission {
        service_code: typed.service.clone(),
        position: typed.position(),
        area_code: Some(typed.area.clone()).filter(|code| !code.is_empty()),
        place: Some(typed.place.clone()).filter(|place| !place.is_empty()),
        description: Some(typed.description.clone()).filter(|text| !text.is_empty()),
        visibility: match privacy {
            Some(ReportPrivacy::Secret) => Some(Visibility::Secret),
            Some(_) => Some(Visibility::Public),
            None => None,
        },
        anonymous: privacy == Some(ReportPrivacy::Anonymous),
        identity: Identity {
            name: Some(typed.name.clone()).filter(|name| !name.is_empty()),
            email: Some(typed.email.clone()).filter(|email| !email.is_empty()),
            phone: Some(typed.phone.clone()).filter(|phone| !phone.is_empty()),
            ..Identity::default()
        },
        attributes: typed.attributes.clone(),
        photos: photo.iter().cloned().collect(),
        kept_photos: kept
            .into_iter()
            .filter(|_| photo.is_none())
            .cloned()
            .collect(),
        draft: Some(typed.draft.clone()).filter(|draft| !draft.is_empty()),
    }
}

/// A page between, if the service asks something or a neighbour has reported the same.
async fn ask_between(
    visit: &Visit,
    typed: &Typed,
    photo: Option<&Prepared>,
) -> Result<Option<Response>, Failure> {
    let configuration = visit.city.configuration();
    let Some(service) = configuration.service(&typed.service) else {
        return Ok(None);
    };
    let mistakes = context::attribute_mistakes(service, visit.language, &typed.attributes);
    // Only what the crew cannot do without is asked on a page of its own.
    let required = service
        .attributes
        .iter()
        .any(|attribute| attribute.required);
    let unasked = required && !typed.questions_asked;
    if unasked || !mistakes.is_empty() {
        let errors = if typed.questions_asked {
            mistakes
        } else {
            vec![]
        };
        let kept = keep(visit, photo, typed).await?;
        let status = if errors.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::BAD_REQUEST
        };
        let page = context::questions(visit, service, typed, kept, errors);
        return Ok(Some(
            (status, visit.page(Nav::Report, &page)?).into_response(),
        ));
    }
    if typed.not_similar {
        return Ok(None);
    }
    let Some(at) = typed.position() else {
        return Ok(None);
    };
    let items = context::similar(visit, &typed.service, at).await?;
    if items.is_empty() {
        return Ok(None);
    }
    let kept = keep(visit, photo, typed).await?;
    let page = SimilarPage {
        items,
        typed: typed.pairs(kept.as_deref()),
    };
    Ok(Some(visit.page(Nav::Report, &page)?))
}

fn sent_page(visit: &Visit, typed: &Typed, sent: &reports::Submitted) -> Result<Response, Failure> {
    let configuration = visit.city.configuration();
    let report = &sent.report;
    let public = report.visibility == Visibility::Public;
    let number = report.number().to_string();
    let privacy = match (report.visibility, report.anonymous) {
        (Visibility::Secret, _) => ReportPrivacy::Secret,
        (_, true) => ReportPrivacy::Anonymous,
        _ => ReportPrivacy::Ordinary,
    };
    let page = ReportSent {
        follow_url: format!("{}/l/{}", visit.base_url, sent.token),
        service: parts::service_name(&configuration, visit.language, &report.service_code),
        place: typed.place.clone(),
        expected_at: report.deadlines.expected_at,
        verify_at: report.deadlines.verify_due_at,
        privacy,
        public_url: public.then(|| format!("/laporan/{number}")),
        number,
    };
    visit.page(Nav::Report, &page)
}

#[derive(Deserialize)]
struct Near {
    service: Option<String>,
    service_code: Option<String>,
    lat: Option<String>,
    long: Option<String>,
}

/// `GET /lapor/mirip?service=&lat=&long=`: a fragment for the form, empty when nothing is near.
async fn list_similar(visit: Visit, Query(near): Query<Near>) -> Result<Response, Failure> {
    let number = |text: &Option<String>| {
        text.as_deref()
            .and_then(|text| text.trim().parse::<f64>().ok())
    };
    let at = number(&near.long)
        .zip(number(&near.lat))
        .and_then(|(lon, lat)| Position::new(lon, lat));
    let service = near.service.or(near.service_code).unwrap_or_default();
    let items = match at {
        Some(at) if !service.is_empty() => context::similar(&visit, &service, at).await?,
        _ => vec![],
    };
    let html = render::page(&visit.chrome(Nav::Report), &SimilarFragment { items })?;
    Ok(Html(html).into_response())
}

/// `GET /lapor/foto/{token}`: a kept photo, for the form that it came with.
async fn show_kept_photo(visit: Visit, Path(token): Path<String>) -> Result<Response, Failure> {
    let not_found = || Failure::new(ErrorKind::NotFound);
    let id = photos::kept(&visit.city, &token).ok_or_else(not_found)?;
    let row = photo_rows::by_id(
        &mut visit.city.store().read().await.map_err(Error::from)?,
        &id,
    )
    .await
    .map_err(Error::from)?
    .filter(|row| row.report_id.is_none())
    .ok_or_else(not_found)?;
    let (content_type, bytes) = photos::bytes(&visit.city, &row, "small").await?;
    Ok(([(header::CONTENT_TYPE, content_type)], bytes).into_response())
}

/// Answers to the questions of a service, checked as Open311 checks them.
fn attribute_problems(
    service: &pendopo_domain::services::Service,
    language: crate::i18n::Language,
    attributes: &[(String, Vec<String>)],
) -> Vec<open311::Problem> {
    let post = open311::PostRequest {
        attributes: attributes.to_vec(),
        ..open311::PostRequest::default()
    };
    open311::validate_attributes(&definition(service, language), &post)
}
