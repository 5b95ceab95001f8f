//! Liveness and readiness.

use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, Utc};
use diesel_async::RunQueryDsl;

use crate::alerts::{self, AlertKind};
use crate::app::App;
use crate::error::{Code, Error, Result};

/// Whether the process answers.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct Health {
    /// `ok`
    #[schema(example = "ok")]
    pub status: String,
}

/// Whether the process can serve, and what it depends on.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct Readiness {
    /// `ok`
    #[schema(example = "ok")]
    pub status: String,
    /// The providers, as this process sees them. One that is down takes nothing out of service.
    pub providers: Vec<ProviderHealth>,
    /// What a person should look at, although all is served: that Stripe's webhook endpoint is not as it should be. Asked
    /// of Stripe by a worker once a day, and when it starts.
    pub warnings: Vec<ReadinessWarning>,
}

/// Something that a person should look at; `GET /v1/admin/alerts` says more.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct ReadinessWarning {
    /// The alert's kind: `webhook_endpoint_drift`.
    pub kind: AlertKind,
    /// What is wrong: `missing`, `disabled`, `events`, `version` or `unreadable`.
    #[schema(example = "disabled")]
    pub cause: String,
    /// Since when it is known.
    pub since: DateTime<Utc>,
}

/// A provider, as this process sees it.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct ProviderHealth {
    /// Which.
    #[schema(example = "stripe")]
    pub name: String,
    /// `closed` while calls are made, `open` while they fail at once after too many failures in a row.
    #[schema(example = "closed")]
    pub circuit: String,
}

fn ok() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok".to_owned() })
}

/// The process is alive
///
/// Answers without touching the database; restart the process when it does not answer.
#[utoipa::path(operation_id = "get_livez", tag = "operation", responses((status = 200, description = "Alive", body = Health)))]
#[get("/livez")]
pub async fn get_livez() -> HttpResponse {
    ok()
}

/// The process can serve
///
/// Asks the database; send no traffic while it answers 503, as it also does before it stops (`MERX_LEAVE_SECONDS`). `warnings` are for people, and no reason to send none.
#[utoipa::path(operation_id = "get_readyz", tag = "operation", responses((status = 200, description = "Ready", body = Readiness)))]
#[get("/readyz")]
pub async fn get_readyz(app: web::Data<App>) -> Result<HttpResponse> {
    if app.is_leaving() {
        return Err(Error::problem(Code::Unavailable, "This process is about to stop. Ask another one.").retry_after(5));
    }
    let mut conn = app.connection().await?;
    let schema = crate::db::schema::webhook_events::table;
    let reachable = diesel::QueryDsl::limit(diesel::QueryDsl::select(schema, crate::db::schema::webhook_events::id), 0);
    reachable.execute(&mut conn).await.map_err(|error| {
        tracing::error!(error = %error, "Not ready");
        Error::problem(Code::Unavailable, "The database is not migrated. Run `merx migrate`.").retry_after(5)
    })?;
    let providers = app.ways().map(|way| ProviderHealth {
        name: way.name().to_owned(),
        circuit: if way.is_open() { "open" } else { "closed" }.to_owned(),
    });
    let kind = AlertKind::WebhookEndpointDrift;
    let warnings = alerts::open(&mut conn, kind).await?.into_iter();
    let warnings = warnings.map(|(cause, since)| ReadinessWarning { kind, cause, since }).collect();
    Ok(HttpResponse::Ok().json(Readiness { status: "ok".to_owned(), providers: providers.collect(), warnings }))
}
