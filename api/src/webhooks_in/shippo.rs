//! What Shippo tells of parcels and labels: kept before it is acknowledged, like Stripe's events.
//!
//! Shippo numbers no events, so what it sends again byte for byte is the same one. Its address holds a token; it signs only
//! for who asked it to.

use std::sync::Arc;
use std::time::Instant;

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, post, web};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;
use subtle::ConstantTimeEq;
use validator::Validate;

use super::IgnoredBecause;
use super::attempts::{Attempt, Verdict};
use super::inbox::Told;
use super::routes::{Receipt, Refusal, answer, arrival, document, read_in_time, short};
use crate::alerts::{self, AlertKind};
use crate::app::App;
use crate::config::ShippoConfig;
use crate::db::Connection;
use crate::db::schema::shipping_labels;
use crate::error::{Code, Error, Result};
use crate::fulfillments::tracking;
use crate::http::extract::{Query, header};
use crate::ids::ShippingLabelId;
use crate::jobs::{Job, queue};
use crate::labels::model::LabelStatus;
use crate::payments::verify;
use crate::shippo::TrackNews;
use crate::tokens::{hex, sha256};

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
    let app = app.into_inner();
    let _place = app.door.enter().await?;
    let (started, mut attempt) = (Instant::now(), arrival(&app, &request, PROVIDER));
    let read = read(&app, &request, query.0.token.as_deref(), payload, &mut attempt).await;
    answer(&app, started, attempt, read).await
}

/// The event and its document, once the token and the signature are right; fills in what can be read of any delivery.
async fn read(
    app: &App,
    request: &HttpRequest,
    token: Option<&str>,
    payload: Payload,
    attempt: &mut Attempt,
) -> Result<(Told, String), Refusal> {
    let bad = |error| Refusal { verdict: Verdict::BadSignature, error };
    let malformed = |error| Refusal { verdict: Verdict::Malformed, error };
    let Some(config) = app.config.shippo.as_ref().filter(|config| knows(config, token)) else {
        let detail = "Not accepted: the address holds no token of SHIPPO_WEBHOOK_TOKENS.";
        return Err(bad(Error::problem(Code::InvalidSignature, detail)));
    };
    let body = read_in_time(payload).await?;
    let digest = sha256(&body);
    let id = hex(&digest);
    (attempt.body_sha256, attempt.event_id) = (Some(digest), Some(id.clone()));
    if !config.webhook_secrets.is_empty() {
        let signature = header(request, "Shippo-Auth-Signature").map_err(bad)?.unwrap_or_default();
        verify(signature, &body, &config.webhook_secrets, attempt.received_at)?;
    }
    let (document, event) = document(&body).map_err(malformed)?;
    let Some(kind) = event.get("event").and_then(Value::as_str).map(str::to_owned) else {
        let detail = "The event does not say what it is about (`event`).";
        return Err(malformed(Error::problem(Code::MalformedBody, detail)));
    };
    attempt.event_type = Some(short(&kind));
    let is_test = event.get("test").and_then(Value::as_bool).unwrap_or(!config.is_live);
    Ok((Told { provider: PROVIDER, id, kind, livemode: !is_test, effect: None }, document))
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
        Some("transaction_created" | "transaction_updated") => hear_of_label(&mut conn, data, now).await?,
        Some(_) | None => false,
    };
    Ok((!is_ours).then_some(IgnoredBecause::NotOurs))
}

/// What became of a label is read from Shippo, by its own job, now. Answers whether the label is ours.
async fn hear_of_label(conn: &mut Connection, data: &Value, now: DateTime<Utc>) -> Result<bool> {
    let id = data.get("metadata").and_then(Value::as_str).and_then(|id| id.parse::<ShippingLabelId>().ok());
    let Some(id) = id else { return Ok(false) };
    let label = shipping_labels::table.find(id).select(shipping_labels::status);
    let status: Option<LabelStatus> = label.first(conn).await.optional()?;
    let job = match status {
        Some(LabelStatus::Pending) => Job::BuyLabel(id),
        Some(LabelStatus::VoidRequested | LabelStatus::Voiding) => Job::VoidLabel(id),
        Some(LabelStatus::Purchased | LabelStatus::Failed | LabelStatus::Voided | LabelStatus::VoidRejected) => {
            return Ok(true);
        }
        None => return Ok(false),
    };
    queue::hurry(conn, job, &id.to_string(), now).await?;
    Ok(true)
}
