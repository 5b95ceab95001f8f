//! Where Stripe delivers its events.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::Serialize;

use super::inbox;
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::http::extract::{header, holds_nul, read_body};
use crate::payments::{EventEnvelope, verify};

/// The largest event, in bytes.
const MAX_BODY: usize = 1024 * 1024;

/// The receipt of an event.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Receipt {
    /// `true`: the event is stored and will be processed.
    pub received: bool,
}

/// Receive a Stripe event
///
/// For Stripe only: signed with one of the configured secrets. The event is stored before the answer; the same event
/// again is acknowledged and has no further effect.
#[utoipa::path(
    operation_id = "receive_stripe_webhook", tag = "webhooks",
    params(("Stripe-Signature" = String, Header, description = "`t=…,v1=…`")),
    request_body(content = serde_json::Value, description = "A Stripe event"),
    responses((status = 200, description = "Stored", body = Receipt)),
)]
#[post("/v1/webhooks/stripe")]
pub async fn receive_stripe_webhook(
    app: web::Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse> {
    let body = read_body(payload.into_inner(), MAX_BODY).await?;
    let signature = header(&request, "Stripe-Signature")?.unwrap_or_default();
    let now = app.clock.now();
    verify(signature, &body, &app.config.stripe.webhook_secrets, now).map_err(|error| {
        tracing::warn!(error = %error, "A webhook with a bad signature was refused");
        Error::problem(Code::InvalidSignature, format!("Not accepted: {error}."))
    })?;
    let unreadable =
        |error: serde_json::Error| Error::problem(Code::MalformedBody, format!("The event is not readable: {error}."));
    let event: EventEnvelope = serde_json::from_slice(&body).map_err(unreadable)?;
    let document: serde_json::Value = if holds_nul(&body) {
        // PostgreSQL keeps no NUL; the event must be kept all the same.
        serde_json::from_str(&String::from_utf8_lossy(&body).replace("\\u0000", "\\ufffd")).map_err(unreadable)?
    } else {
        serde_json::from_slice(&body).map_err(unreadable)?
    };
    let mut conn = app.connection().await?;
    inbox::store(&mut conn, &event, &document, now).await?;
    app.wake.ring();
    Ok(HttpResponse::Ok().json(Receipt { received: true }))
}
