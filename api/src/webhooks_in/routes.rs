//! Where Stripe delivers its events.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::header::USER_AGENT;
use actix_web::web::{BytesMut, Payload};
use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::attempts::{Attempt, Verdict};
use super::door;
use super::inbox::{Arrival, Told};
use super::process::{self, Effect};
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::http::client_address::client_address;
use crate::http::extract::{holds_nul, read_body};
use crate::ids::WebhookAttemptId;
use crate::payments::{EventEnvelope, SignatureError, verify};
use crate::tokens;

/// How the inbox names Stripe.
pub(super) const PROVIDER: &str = "stripe";

/// The largest event, in bytes.
const MAX_BODY: usize = 1024 * 1024;

/// How long a body may take to come.
const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// How much is kept of what a sender says of itself and its event, in characters.
const LONGEST_NAME: usize = 200;

/// The receipt of an event.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Receipt {
    /// `true`: the event is stored, and took effect or will.
    pub received: bool,
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::problem(Code::MalformedBody, format!("The event is not readable: {error}."))
}

/// The text of an event as it is kept, and what it says: read in whole, since what cannot be read cannot be kept.
///
/// # Errors
/// `malformed_body`.
pub(super) fn document(body: &[u8]) -> Result<(String, Value)> {
    let text = std::str::from_utf8(body)
        .map_err(|error| Error::problem(Code::MalformedBody, format!("The event is not readable: {error}.")))?;
    // PostgreSQL keeps no NUL; the event must be kept all the same.
    let text = if holds_nul(body) { text.replace("\\u0000", "\\ufffd") } else { text.to_owned() };
    let said = serde_json::from_str(&text).map_err(unreadable)?;
    Ok((text, said))
}

/// Receive a Stripe event
///
/// For Stripe only: signed with one of the configured secrets. The event is stored before the answer, and a payment has
/// mostly taken effect by then; the same event again is acknowledged and has no further effect.
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
    let app = app.into_inner();
    let _place = app.door.enter().await?;
    app.faults.point("at_the_door").await;
    let (started, mut attempt) = (Instant::now(), arrival(&app, &request, PROVIDER));
    let read = match read(&app, &request, payload, &mut attempt).await {
        Ok((event, document)) => Ok((taken(&app, &event).await, document)),
        Err(refusal) => Err(refusal),
    };
    answer(&app, started, attempt, read).await
}

/// What is known of an event before it is stored. A payment has taken its effect, unless so much comes that acknowledging goes
/// first.
async fn taken(app: &Arc<App>, event: &EventEnvelope) -> Told {
    let is_live = app.stripe.is_live();
    let mut told = Told::by_stripe(event, is_live);
    if event.livemode == is_live
        && let Some((session, checkout)) = event.payment()
        && app.door.is_calm()
    {
        told.effect = process::settle(app, session, checkout).await;
    }
    told
}

/// Stores what was accepted before it is acknowledged, and notes what was refused.
pub(super) async fn answer(
    app: &Arc<App>,
    started: Instant,
    mut attempt: Attempt,
    read: Result<(Told, String), Refusal>,
) -> Result<HttpResponse> {
    match read {
        Ok((event, document)) => {
            attempt.latency_ms = millis_since(started);
            let received_at = attempt.received_at;
            let is_ignored = matches!(event.effect, Some(Effect::None(_)));
            let arrival = Arrival { event, document, delivery: Some(attempt), received_at };
            let task_app = Arc::clone(app);
            app.run_to_end(async move { door::keep(&task_app, arrival).await }).await?;
            if !is_ignored {
                app.wake.ring();
            }
            Ok(HttpResponse::Ok().json(Receipt { received: true }))
        }
        Err(Refusal { verdict, error }) => {
            let (reason, latency_ms) = (Some(error.to_string()), millis_since(started));
            door::refuse(app, Attempt { verdict, reason, latency_ms, ..attempt }).await;
            Err(error)
        }
    }
}

/// Why a delivery is refused.
pub(super) struct Refusal {
    /// What we made of it.
    pub(super) verdict: Verdict,
    /// What is answered.
    pub(super) error: Error,
}

impl From<SignatureError> for Refusal {
    fn from(error: SignatureError) -> Self {
        let verdict = match error {
            SignatureError::Stale => Verdict::TooOld,
            SignatureError::Malformed | SignatureError::Mismatch => Verdict::BadSignature,
        };
        Self { verdict, error: Error::problem(Code::InvalidSignature, format!("Not accepted: {error}.")) }
    }
}

fn millis_since(started: Instant) -> i64 {
    i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX)
}

/// A delivery as it begins.
pub(super) fn arrival(app: &App, request: &HttpRequest, provider: &str) -> Attempt {
    let user_agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
    Attempt {
        id: WebhookAttemptId::new(),
        provider: provider.to_owned(),
        verdict: Verdict::Accepted,
        reason: None,
        event_id: None,
        event_type: None,
        body_sha256: None,
        address: client_address(request, &app.config.trusted_proxies).to_string(),
        user_agent: user_agent.map(short),
        latency_ms: 0,
        received_at: app.clock.now(),
    }
}

/// As much of a text as is kept.
pub(super) fn short(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(LONGEST_NAME).collect()
}

/// The event and its document, once the signature is right; fills in what can be read of any delivery.
async fn read(
    app: &App,
    request: &HttpRequest,
    payload: Payload,
    attempt: &mut Attempt,
) -> Result<(EventEnvelope, String), Refusal> {
    let body = read_in_time(payload).await?;
    attempt.body_sha256 = Some(tokens::sha256(&body));
    let signature = request.headers().get("Stripe-Signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let event = verify(signature, &body, &app.config.stripe.webhook_secrets, attempt.received_at)
        .map_err(Refusal::from)
        .and_then(|()| signed(&body));
    let (id, kind) = match &event {
        Ok((event, _)) => (Some(event.id.clone()), Some(event.kind.clone())),
        Err(_) => {
            let Named { id, kind } = serde_json::from_slice(&body).unwrap_or_default();
            (id, kind)
        }
    };
    attempt.event_id = id.as_deref().map(short);
    attempt.event_type = kind.as_deref().map(short);
    event
}

/// The event of a signed body, and its document.
fn signed(body: &[u8]) -> Result<(EventEnvelope, String), Refusal> {
    let malformed = |error| Refusal { verdict: Verdict::Malformed, error };
    let (document, said) = document(body).map_err(malformed)?;
    let event = EventEnvelope::read(said).map_err(unreadable).map_err(malformed)?;
    Ok((event, document))
}

/// What an event calls itself, also one that is not signed.
#[derive(Default, Deserialize)]
struct Named {
    id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// A body that comes in time and is not too large.
pub(super) async fn read_in_time(payload: Payload) -> Result<BytesMut, Refusal> {
    match tokio::time::timeout(BODY_PATIENCE, read_body(payload.into_inner(), MAX_BODY)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) if error.code() == Some(Code::BodyTooLarge) => {
            Err(Refusal { verdict: Verdict::TooLarge, error })
        }
        Ok(Err(error)) => Err(Refusal { verdict: Verdict::Malformed, error }),
        Err(_elapsed) => {
            let detail = format!("The body did not come within {} seconds.", BODY_PATIENCE.as_secs());
            Err(Refusal { verdict: Verdict::Malformed, error: Error::problem(Code::MalformedBody, detail) })
        }
    }
}
