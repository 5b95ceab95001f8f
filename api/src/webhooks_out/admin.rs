//! Webhook endpoints for staff.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use scoped_futures::ScopedFutureExt;
use serde_json::json;

use super::model::{
    NewWebhookEndpoint, NewWebhookReplay, WebhookEndpoint, WebhookEndpointList, WebhookEndpointPatch,
    WebhookEndpointWithSecret, WebhookReplay, WebhookTest,
};
use super::send::Message;
use super::{TEST_TYPE, deliveries, endpoints, payload};
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::db;
use crate::error::{Error, Result};
use crate::http::auth::Staff;
use crate::http::etag::{self, Expected};
use crate::http::extract::{Id, Json};
use crate::http::idempotency::{self, Answer};
use crate::ids::{OutboundEventId, WebhookEndpointId};
use crate::staff::api_keys::Scope;

/// Create a webhook endpoint
///
/// Events of the named types are sent to `url` from now on, signed after Standard Webhooks with the `secret`, which is
/// shown here once. Scope `webhooks:write`.
#[utoipa::path(
    operation_id = "create_webhook_endpoint", tag = "staff", security(("staff_key" = [])), request_body = NewWebhookEndpoint,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe")),
    responses((status = 201, description = "Created", body = WebhookEndpointWithSecret)),
)]
#[post("/v1/admin/webhook-endpoints")]
pub async fn create_webhook_endpoint(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    body: Json<NewWebhookEndpoint>,
) -> Result<HttpResponse> {
    staff.require(Scope::WebhooksWrite)?;
    let key = idempotency::key(&request, staff.idempotency_scope(), &body.fingerprint)?;
    let (now, new, sender, author) = (app.clock.now(), &body.value, &app.webhooks, staff.author());
    let mut conn = app.connection().await?;
    let (mut answer, replayed) = idempotency::once(&mut conn, key.as_ref(), now, |conn| {
        async move {
            let endpoint = endpoints::create(conn, sender, new, now).await?;
            let entry = Entry::new(Action::WebhookEndpointCreated, endpoint.id).made(&endpoint);
            audit::record(conn, author, entry, now).await?;
            Answer::of(201, &endpoint)
        }
        .scope_boxed()
    })
    .await?;
    // Derived again, as it is stored nowhere.
    let id = answer.body.get("id").and_then(|id| id.as_str()).and_then(|id| id.parse().ok());
    let id: WebhookEndpointId = id.ok_or_else(|| Error::Internal("an endpoint without an id".to_owned()))?;
    answer.set("secret", endpoints::secret(&app.config.token_keys, id, endpoints::FIRST_SECRET));
    Ok(idempotency::respond_created(&answer, replayed, "/v1/admin/webhook-endpoints"))
}

/// List webhook endpoints
///
/// All of them, oldest first, without their secrets. Scope `webhooks:read`.
#[utoipa::path(
    operation_id = "list_webhook_endpoints", tag = "staff", security(("staff_key" = [])),
    responses((status = 200, description = "The endpoints", body = WebhookEndpointList)),
)]
#[get("/v1/admin/webhook-endpoints")]
pub async fn list_webhook_endpoints(app: web::Data<App>, staff: Staff) -> Result<HttpResponse> {
    staff.require(Scope::WebhooksRead)?;
    let mut conn = app.connection().await?;
    Ok(HttpResponse::Ok().json(WebhookEndpointList { data: endpoints::list(&mut conn).await? }))
}

/// Get a webhook endpoint
///
/// Without its secret. Scope `webhooks:read`.
#[utoipa::path(
    operation_id = "get_webhook_endpoint", tag = "staff", security(("staff_key" = [])),
    params(("id" = WebhookEndpointId, Path, description = "The endpoint's id")),
    responses((status = 200, description = "The endpoint", body = WebhookEndpoint), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/admin/webhook-endpoints/{id}")]
pub async fn get_webhook_endpoint(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<WebhookEndpointId>,
) -> Result<HttpResponse> {
    staff.require(Scope::WebhooksRead)?;
    let mut conn = app.connection().await?;
    let endpoint = endpoints::find(&mut conn, id.0).await?;
    etag::respond(&request, HttpResponse::Ok(), endpoint.version, &endpoint)
}

/// Change a webhook endpoint
///
/// A merge patch: what is absent stays. Disabled, it is sent nothing, and events of that time are not kept for it; what
/// waited before is sent once it is enabled again. Scope `webhooks:write`.
#[utoipa::path(
    operation_id = "update_webhook_endpoint", tag = "staff", security(("staff_key" = [])), request_body = WebhookEndpointPatch,
    params(
        ("id" = WebhookEndpointId, Path, description = "The endpoint's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 200, description = "Changed", body = WebhookEndpoint)),
)]
#[patch("/v1/admin/webhook-endpoints/{id}")]
pub async fn update_webhook_endpoint(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<WebhookEndpointId>,
    body: Json<WebhookEndpointPatch>,
) -> Result<HttpResponse> {
    staff.require(Scope::WebhooksWrite)?;
    let (expected, now, patch) = (&Expected::from_request(&request)?, app.clock.now(), &body.value);
    let (mut conn, sender, author) = (app.connection().await?, &app.webhooks, staff.author());
    let endpoint = db::transaction(&mut conn, |conn| {
        async move {
            let (before, endpoint) = endpoints::update(conn, sender, id.0, patch, expected, now).await?;
            let entry = Entry::new(Action::WebhookEndpointUpdated, id.0).changed(&before, &endpoint);
            audit::record(conn, author, entry, now).await?;
            Ok(endpoint)
        }
        .scope_boxed()
    })
    .await?;
    app.wake.ring();
    etag::respond(&request, HttpResponse::Ok(), endpoint.version, &endpoint)
}

/// Delete a webhook endpoint
///
/// It is sent nothing more, also nothing that waits. Its deliveries stay to be read for 30 days. Scope `webhooks:write`.
#[utoipa::path(
    operation_id = "delete_webhook_endpoint", tag = "staff", security(("staff_key" = [])),
    params(
        ("id" = WebhookEndpointId, Path, description = "The endpoint's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 204, description = "Deleted")),
)]
#[delete("/v1/admin/webhook-endpoints/{id}")]
pub async fn delete_webhook_endpoint(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<WebhookEndpointId>,
) -> Result<HttpResponse> {
    staff.require(Scope::WebhooksWrite)?;
    let (expected, now, author) = (&Expected::from_request(&request)?, app.clock.now(), staff.author());
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| {
        async move {
            let before = endpoints::delete(conn, id.0, expected, now).await?;
            audit::record(conn, author, Entry::new(Action::WebhookEndpointDeleted, id.0).deleted(&before), now).await
        }
        .scope_boxed()
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Rotate a webhook endpoint's secret
///
/// Answers a new secret, shown here once. For 24 hours events carry a signature by the former one as well, so that the
/// receiver has time to change, and by the one before it if that still signed; older ones are over. Scope
/// `webhooks:write`.
#[utoipa::path(
    operation_id = "rotate_webhook_secret", tag = "staff", security(("staff_key" = [])),
    params(("id" = WebhookEndpointId, Path, description = "The endpoint's id")),
    responses((status = 200, description = "The endpoint with its new secret", body = WebhookEndpointWithSecret)),
)]
#[post("/v1/admin/webhook-endpoints/{id}/rotate-secret")]
pub async fn rotate_webhook_secret(
    app: web::Data<App>,
    staff: Staff,
    id: Id<WebhookEndpointId>,
) -> Result<HttpResponse> {
    staff.require(Scope::WebhooksWrite)?;
    let (mut conn, now, author) = (app.connection().await?, app.clock.now(), staff.author());
    let (endpoint, version) = db::transaction(&mut conn, |conn| {
        async move {
            let version = endpoints::rotate(conn, id.0, now).await?;
            let endpoint = endpoints::find(conn, id.0).await?;
            let entry = Entry::new(Action::WebhookSecretRotated, id.0);
            let entry = entry.set("/former_secret_until", endpoint.former_secret_until);
            audit::record(conn, author, entry, now).await?;
            Ok((endpoint, version))
        }
        .scope_boxed()
    })
    .await?;
    let secret = endpoints::secret(&app.config.token_keys, id.0, version);
    Ok(HttpResponse::Ok().json(WebhookEndpointWithSecret { endpoint, secret }))
}

/// Test a webhook endpoint
///
/// Sends an event of the type `webhook.test` now, once, also to a disabled endpoint, and answers what the receiver said.
/// Scope `webhooks:write`.
#[utoipa::path(
    operation_id = "test_webhook_endpoint", tag = "staff", security(("staff_key" = [])),
    params(("id" = WebhookEndpointId, Path, description = "The endpoint's id")),
    responses((status = 200, description = "What came of it", body = WebhookTest)),
)]
#[post("/v1/admin/webhook-endpoints/{id}/test")]
pub async fn test_webhook_endpoint(
    app: web::Data<App>,
    staff: Staff,
    id: Id<WebhookEndpointId>,
) -> Result<HttpResponse> {
    staff.require(Scope::WebhooksWrite)?;
    let (task_app, now) = (Arc::clone(&app), app.clock.now());
    let said = app
        .run_to_end(async move {
            let (url, secrets) = {
                let mut conn = task_app.connection().await?;
                endpoints::target(&mut conn, &task_app.config.token_keys, id.0, now).await?
            };
            let body = payload::envelope(TEST_TYPE, &json!({"endpoint_id": id.0}), now).to_string();
            let message = Message { id: OutboundEventId::new().to_string(), body, secrets };
            Ok(task_app.webhooks.send(&url, &message, now).await)
        })
        .await?;
    Ok(HttpResponse::Ok().json(WebhookTest {
        succeeded: said.is_success(),
        http_status: said.http_status,
        latency_ms: said.latency_ms,
        error: said.error,
        response_body: said.body,
    }))
}

/// Replay an endpoint's deliveries
///
/// Sends what is dead, and with `include_succeeded` also what succeeded, of events since then once more, in the order
/// of their events. Receivers know them again by `webhook-id`. Scope `webhooks:write`.
#[utoipa::path(
    operation_id = "replay_webhook_endpoint", tag = "staff", security(("staff_key" = [])), request_body = NewWebhookReplay,
    params(("id" = WebhookEndpointId, Path, description = "The endpoint's id")),
    responses((status = 200, description = "How many are sent once more", body = WebhookReplay)),
)]
#[post("/v1/admin/webhook-endpoints/{id}/replay")]
pub async fn replay_webhook_endpoint(
    app: web::Data<App>,
    staff: Staff,
    id: Id<WebhookEndpointId>,
    body: Json<NewWebhookReplay>,
) -> Result<HttpResponse> {
    staff.require(Scope::WebhooksWrite)?;
    let (mut conn, now, which) = (app.connection().await?, app.clock.now(), &body.value);
    let author = staff.author();
    let replayed = db::transaction(&mut conn, |conn| {
        async move {
            let replayed = deliveries::replay_since(conn, id.0, which, now).await?;
            let entry = Entry::new(Action::WebhookEndpointReplayed, id.0).set("/since", which.since);
            audit::record(conn, author, entry.set("/replayed", replayed), now).await?;
            Ok(replayed)
        }
        .scope_boxed()
    })
    .await?;
    app.wake.ring();
    Ok(HttpResponse::Ok().json(WebhookReplay { replayed }))
}
