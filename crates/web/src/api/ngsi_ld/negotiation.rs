//! Media types and `@context`, in and out (ETSI GS CIM 009, sections 6.3.4 to 6.3.7).

use std::sync::Arc;

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pendopo_standards::ngsi_ld::{Context, Document, Kind, Problem};

use super::Fault;
use super::arrive::Client;
use super::query::Params;

/// Bytes of one body: a batch of a thousand entities is about a megabyte.
pub const MOST_BYTES: usize = 16 * 1024 * 1024;
/// What a client that names no context is answered with.
pub const CORE_URL: &str = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld";

/// What the body is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Media {
    Json,
    JsonLd,
    MergePatch,
}

/// A body, read whole, with the context that comes beside it.
pub struct Body {
    pub bytes: Bytes,
    media: Media,
    /// The context of a Link header; the core one when there is none.
    linked: Arc<Context>,
    linked_url: Option<String>,
    client: Client,
}

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &S) -> Result<Self, Fault> {
        let (mut parts, body) = request.into_parts();
        let client = Client::from_request_parts(&mut parts, state).await?;
        let media = media(&parts.headers)?;
        let linked_url = link(&parts.headers)?;
        if media == Media::JsonLd && linked_url.is_some() {
            return Err(Fault(
                Kind::BadRequestData.because("application/ld+json takes no Link header"),
            ));
        }
        let linked = match &linked_url {
            Some(url) => client.contexts.of_url(url)?,
            None => Context::core(),
        };
        let bytes = to_bytes(body, MOST_BYTES).await.map_err(|_| {
            Fault(
                Kind::RequestEntityTooLarge
                    .because(format!("a body has at most {MOST_BYTES} bytes")),
            )
        })?;
        Ok(Self {
            bytes,
            media,
            linked,
            linked_url,
            client,
        })
    }
}

impl Body {
    /// The body as one object, with its context.
    ///
    /// # Errors
    /// As for [`Document::parse`] and [`Self::context`].
    pub fn document(&self) -> Result<(Document<'_>, Arc<Context>), Problem> {
        let document = Document::parse(&self.bytes)?;
        let context = self.context(document.context().map(|raw| raw.get()))?;
        Ok((document, context))
    }

    /// The body as a question (section 5.2.23) beside the parameters of the URL, with what is wanted back.
    ///
    /// # Errors
    /// InvalidRequest, BadRequestData, LdContextNotAvailable.
    pub fn question(&self, query: Option<&str>, wanted: Wanted) -> Result<(Params, Wanted), Fault> {
        let document: serde_json::Value = serde_json::from_slice(&self.bytes)
            .map_err(|_| Fault(Kind::InvalidRequest.because("the body is not JSON")))?;
        let member = document.get("@context").map(ToString::to_string);
        let context = self.context(member.as_deref())?;
        let mut params = Params::parse(query)?;
        params.take_document(&document)?;
        Ok((params, wanted.with(self, context)))
    }

    /// The context of a document: its own `@context` in JSON-LD, else that of the Link header.
    ///
    /// # Errors
    /// BadRequestData when the two do not go together, LdContextNotAvailable.
    pub fn context(&self, member: Option<&str>) -> Result<Arc<Context>, Problem> {
        match (self.media, member) {
            (Media::JsonLd, Some(member)) => self.client.contexts.of_member(member),
            (Media::JsonLd, None) => {
                Err(Kind::BadRequestData.because("application/ld+json has a member @context"))
            }
            (_, Some(_)) => {
                Err(Kind::BadRequestData.because("only application/ld+json has a member @context"))
            }
            (_, None) => Ok(Arc::clone(&self.linked)),
        }
    }

    /// The URL of the Link header.
    pub fn linked_url(&self) -> Option<&str> {
        self.linked_url.as_deref()
    }
}

fn media(headers: &HeaderMap) -> Result<Media, Fault> {
    let unsupported = || {
        Fault(Kind::UnsupportedMediaType.because(
            "the body is application/json, application/ld+json or application/merge-patch+json",
        ))
    };
    let kind = headers.get(header::CONTENT_TYPE).ok_or_else(unsupported)?;
    let kind = kind.to_str().map_err(|_| unsupported())?;
    match kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
        .as_str()
    {
        "application/json" => Ok(Media::Json),
        "application/ld+json" => Ok(Media::JsonLd),
        "application/merge-patch+json" => Ok(Media::MergePatch),
        _ => Err(unsupported()),
    }
}

/// The URL of `<URL>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"`.
fn link(headers: &HeaderMap) -> Result<Option<String>, Fault> {
    let mut found = None;
    for value in headers.get_all(header::LINK) {
        let text = value
            .to_str()
            .map_err(|_| Fault(Kind::BadRequestData.because("the Link header does not read")))?;
        for part in text
            .split(',')
            .filter(|part| part.contains("json-ld#context"))
        {
            let url = part
                .trim()
                .strip_prefix('<')
                .and_then(|rest| rest.split_once('>'));
            let (url, _) = url.ok_or_else(|| {
                Fault(Kind::BadRequestData.because("the Link header names no URL"))
            })?;
            if found.replace(url.to_owned()).is_some() {
                return Err(Fault(
                    Kind::BadRequestData.because("there is more than one Link to a context"),
                ));
            }
        }
    }
    Ok(found)
}

/// How the answer is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    Json,
    JsonLd,
    GeoJson,
}

/// What a client wants back: media type and context.
pub struct Wanted {
    pub accepts: Accepts,
    pub context: Arc<Context>,
    url: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Wanted {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let client = Client::from_request_parts(parts, state).await?;
        // Of a request with a body the Link header is about the body.
        let url = link(&parts.headers)?;
        let context = match &url {
            Some(url) => client.contexts.of_url(url)?,
            None => Context::core(),
        };
        Ok(Self {
            accepts: accepts(&parts.headers)?,
            context,
            url,
        })
    }
}

impl Wanted {
    /// The same with the context of a body that asks.
    pub fn with(mut self, body: &Body, context: Arc<Context>) -> Self {
        self.context = context;
        self.url = body.linked_url().map(str::to_owned);
        self
    }

    /// JSON of the member `@context` of an answer, when it is to have one.
    pub fn member(&self) -> Option<String> {
        if self.accepts == Accepts::Json {
            return None;
        }
        // The core context is part of every other one (section 5.5.5).
        let url = self.url.as_deref().unwrap_or(CORE_URL);
        Some(serde_json::Value::from(url).to_string())
    }

    /// An answer in the wanted media type; plain JSON tells its context by a Link header.
    pub fn answer(&self, body: Vec<u8>) -> Response {
        self.answer_with(StatusCode::OK, body)
    }

    pub fn answer_with(&self, status: StatusCode, body: Vec<u8>) -> Response {
        let kind = match self.accepts {
            Accepts::Json => "application/json",
            Accepts::JsonLd => "application/ld+json",
            Accepts::GeoJson => "application/geo+json",
        };
        let mut response = (
            status,
            [(header::CONTENT_TYPE, HeaderValue::from_static(kind))],
            body,
        )
            .into_response();
        if self.accepts != Accepts::JsonLd {
            let url = self.url.as_deref().unwrap_or(CORE_URL);
            let link = format!(
                "<{url}>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\""
            );
            if let Ok(link) = HeaderValue::try_from(link) {
                response.headers_mut().append(header::LINK, link);
            }
        }
        response
    }
}

/// The media type with the highest weight; among equals the one named first, then JSON (section 6.3.4).
fn accepts(headers: &HeaderMap) -> Result<Accepts, Fault> {
    let Some(value) = headers.get(header::ACCEPT) else {
        return Ok(Accepts::Json);
    };
    let text = value.to_str().unwrap_or_default();
    let mut best: Option<(f64, Accepts)> = None;
    for part in text.split(',') {
        let mut words = part.split(';').map(str::trim);
        let accepts = match words.next().unwrap_or_default() {
            "application/json" | "application/*" | "*/*" | "" => Accepts::Json,
            "application/ld+json" => Accepts::JsonLd,
            "application/geo+json" => Accepts::GeoJson,
            _ => continue,
        };
        let weight = words
            .find_map(|word| word.strip_prefix("q=")?.parse().ok())
            .unwrap_or(1.0);
        if weight > 0.0 && best.is_none_or(|(before, _)| weight > before) {
            best = Some((weight, accepts));
        }
    }
    best.map(|(_, accepts)| accepts).ok_or_else(|| {
        Fault(
            Kind::NotAcceptable.because(
                "answers are application/json, application/ld+json or application/geo+json",
            ),
        )
    })
}
