//! Where Stripe delivers its events.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, post, web};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde::Serialize;

use super::EventStatus;
use crate::app::App;
use crate::db::schema::webhook_events;
use crate::db::{self};
use crate::error::{Code, Error, Result};
use crate::http::extract::{header, holds_nul, read_body};
use crate::ids::EventId;
use crate::jobs::{Job, queue};
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
    let (event, document) = (&event, &document);
    db::transaction(&mut conn, |conn| {
        async move {
            let id = EventId::new();
            let stored = diesel::insert_into(webhook_events::table)
                .values((
                    webhook_events::id.eq(id),
                    webhook_events::provider.eq("stripe"),
                    webhook_events::event_id.eq(&event.id),
                    webhook_events::event_type.eq(&event.kind),
                    webhook_events::payload.eq(document),
                    webhook_events::livemode.eq(event.livemode),
                    webhook_events::status.eq(EventStatus::Pending),
                    webhook_events::received_at.eq(now),
                ))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
            if stored > 0 {
                queue::enqueue(conn, Job::ProcessEvent(id), &id.to_string(), now, now).await?;
            }
            Ok(())
        }
        .scope_boxed()
    })
    .await?;
    app.wake.ring();
    Ok(HttpResponse::Ok().json(Receipt { received: true }))
}
