//! HTTP answers: JSON, other text, and the answer that gets lost on the way.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, MessageBody};
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use serde_json::Value;

/// An answer before it becomes HTTP.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A status and a document.
    Document {
        /// HTTP status.
        status: u16,
        /// JSON body.
        body: Value,
        /// Whether it was stored under the idempotency key and is sent again.
        replayed: bool,
        /// Seconds for `Retry-After`.
        retry_after: Option<u64>,
    },
    /// A status and a text that is not JSON.
    Text {
        /// HTTP status.
        status: u16,
        /// Value of `Content-Type`.
        content_type: &'static str,
        /// The text.
        body: String,
    },
    /// The connection closes and nothing arrives.
    Lost,
}

/// What a proxy or a captive portal puts in the place of an answer.
const GARBAGE: &str = "<html><head><title>Service</title></head><body>This is not JSON.</body></html>";

impl Answer {
    /// A fresh answer.
    pub(crate) fn fresh(status: u16, body: Value) -> Self {
        Self::Document { status, body, replayed: false, retry_after: None }
    }

    /// A 200 whose body is not what was asked for.
    pub(crate) fn garbage() -> Self {
        Self::Text { status: 200, content_type: "text/html", body: GARBAGE.to_owned() }
    }

    /// The status and whether it was stored under the idempotency key; none when nothing arrives.
    pub(crate) fn status(&self) -> Option<(u16, bool)> {
        match self {
            Self::Document { status, replayed, .. } => Some((*status, *replayed)),
            Self::Text { status, .. } => Some((*status, false)),
            Self::Lost => None,
        }
    }

    /// As HTTP, without Stripe's headers.
    pub(crate) fn respond(self) -> HttpResponse {
        match self {
            Self::Lost => lost(),
            Self::Text { status, content_type, body } => text(status, content_type, body),
            Self::Document { status, body, retry_after, .. } => {
                let mut response = HttpResponse::build(status_code(status));
                if let Some(seconds) = retry_after {
                    response.insert_header(("Retry-After", seconds.to_string()));
                }
                response.json(body)
            }
        }
    }
}

/// An answer that is not JSON.
pub(crate) fn text(status: u16, content_type: &'static str, body: String) -> HttpResponse {
    HttpResponse::build(status_code(status)).content_type(content_type).body(body)
}

/// A JSON answer for the control side.
pub(crate) fn json(status: u16, body: &Value) -> HttpResponse {
    HttpResponse::build(status_code(status)).json(body)
}

/// The status, or 500 for a number that is none.
pub(crate) fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Closes the connection: a length is announced and then the body breaks.
pub(crate) fn lost() -> HttpResponse {
    HttpResponse::Ok().force_close().body(Broken)
}

struct Broken;

impl MessageBody for Broken {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Sized(1024)
    }

    fn poll_next(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(Some(Err(io::Error::new(
            io::ErrorKind::ConnectionReset,
            "the sandbox was told to lose this answer",
        ))))
    }
}
