//! What Shippo tells of parcels and labels: kept before it is acknowledged, like Stripe's events.
//!
//! Shippo numbers no events, so what it sends again byte for byte is the same one. Its address holds a token; it signs only
//! for who asked it to.

use std::sync::Arc;

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, post, web};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;
use subtle::ConstantTimeEq;
use validator::Validate;

use super::inbox::{self, Told};
use super::routes::{MAX_BODY, Receipt, document};
use super::{EventSource, IgnoredBecause};
use crate::alerts::{self, AlertKind};
use crate::app::App;
use crate::config::ShippoConfig;
use crate::error::{Code, Error, Result};
use crate::fulfillments::tracking;
use crate::http::extract::{Query, header, read_body};
use crate::ids::ShippingLabelId;
use crate::jobs::{Job, queue};
use crate::payments::verify;
use crate::shippo::TrackNews;
use crate::tokens::sha256;

/// How the inbox names Shippo.
pub(super) const PROVIDER: &str = "shippo";

/// The address that Shippo was given.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[into_params(parameter_in = Query)]
pub struct ShippoQuery {
    /// One of the configured tokens.
    pub token: Option<String>,
}

/// Receive a Shippo event
///
/// For Shippo only: its address holds a configured token, and with `SHIPPO_WEBHOOK_SECRETS` it is signed. What it tells is
/// stored before the answer; the same again is acknowledged and has no further effect.
#[utoipa::path(
    operation_id = "receive_shippo_webhook", tag = "webhooks",
    params(ShippoQuery, ("Shippo-Auth-Signature" = Option<String>, Header, description = "`t=…,v1=…`")),
    request_body(content = serde_json::Value, description = "A Shippo event"),
    responses((status = 200, description = "Stored", body = Receipt)),
)]
#[post("/v1/webhooks/shippo")]
pub async fn receive_shippo_webhook(
    app: web::Data<App>,
    request: HttpRequest,
    query: Query<ShippoQuery>,
    payload: Payload,
) -> Result<HttpResponse> {
    let body = read_body(payload.into_inner(), MAX_BODY).await?;
    let now = app.clock.now();
    let refuse = |reason: String| {
        tracing::warn!(error = reason, "What claims to be Shippo was refused");
        Err(Error::problem(Code::InvalidSignature, format!("Not accepted: {reason}.")))
    };
    let Some(config) = app.config.shippo.as_ref().filter(|config| knows(config, query.0.token.as_deref())) else {
        return refuse("the address holds no token of SHIPPO_WEBHOOK_TOKENS".to_owned());
    };
    if !config.webhook_secrets.is_empty() {
        let signature = header(&request, "Shippo-Auth-Signature")?.unwrap_or_default();
        if let Err(error) = verify(signature, &body, &config.webhook_secrets, now) {
            return refuse(error.to_string());
        }
    }
    let document = document(&body)?;
    let Some(kind) = document.get("event").and_then(Value::as_str) else {
        return Err(Error::problem(Code::MalformedBody, "The event does not say what it is about (`event`)."));
    };
    let id: String = sha256(&body).iter().map(|byte| format!("{byte:02x}")).collect();
    let is_test = document.get("test").and_then(Value::as_bool).unwrap_or(!config.is_live);
    let told = Told { provider: PROVIDER, id: &id, kind, livemode: !is_test };
    let mut conn = app.connection().await?;
    inbox::keep(&mut conn, &told, &document, (EventSource::Webhook, None), now).await?;
    app.wake.ring();
    Ok(HttpResponse::Ok().json(Receipt { received: true }))
}

/// Whether a token is one of ours; digests are compared, so that the time tells nothing.
fn knows(config: &ShippoConfig, token: Option<&str>) -> bool {
    let given = sha256(token.unwrap_or_default().as_bytes());
    let is_it = |known: &secrecy::SecretString| sha256(known.expose_secret().as_bytes()).ct_eq(&given);
    config.webhook_tokens.iter().fold(subtle::Choice::from(0), |found, known| found | is_it(known)).into()
}

/// Applies what Shippo told.
///
/// # Errors
/// What must be tried again.
pub(super) async fn take_effect(app: &Arc<App>, event: &Value) -> Result<Option<IgnoredBecause>> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    let is_live = app.config.shippo.as_ref().is_some_and(|config| config.is_live);
    if event.get("test").and_then(Value::as_bool).is_some_and(|is_test| is_test == is_live) {
        let detail = "Shippo told of an event of the other mode (test, live) than our token's.";
        alerts::raise(&mut conn, AlertKind::WrongMode, PROVIDER, None, detail, now).await?;
        return Ok(Some(IgnoredBecause::OtherMode));
    }
    let data = event.get("data").unwrap_or(&Value::Null);
    let is_ours = match event.get("event").and_then(Value::as_str) {
        Some("track_updated") => match TrackNews::read(data) {
            Some(news) => tracking::hear(&mut conn, &news, now).await?,
            None => false,
        },
        // What became of a label is read from Shippo, by its own job.
        Some("transaction_created" | "transaction_updated") => {
            let label = data.get("metadata").and_then(Value::as_str).and_then(|id| id.parse::<ShippingLabelId>().ok());
            if let Some(label) = label {
                for job in [Job::BuyLabel(label), Job::VoidLabel(label)] {
                    queue::enqueue(&mut conn, job, &label.to_string(), now, now).await?;
                }
            }
            label.is_some()
        }
        Some(_) | None => false,
    };
    Ok((!is_ours).then_some(IgnoredBecause::NotOurs))
}
