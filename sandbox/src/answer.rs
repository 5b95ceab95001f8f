//! HTTP answers: JSON with Stripe's headers, and the answer that gets lost on the way.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, MessageBody};
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use serde_json::Value;

/// An answer of the Stripe side before it becomes HTTP.
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
    /// The connection closes and nothing arrives.
    Lost,
}

impl Answer {
    /// A fresh answer.
    pub(crate) fn fresh(status: u16, body: Value) -> Self {
        Self::Document { status, body, replayed: false, retry_after: None }
    }
}

/// A JSON answer for the control side.
pub(crate) fn json(status: u16, body: &Value) -> HttpResponse {
    HttpResponse::build(status_code(status)).content_type("application/json").body(body.to_string())
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
