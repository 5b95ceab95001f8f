//! Liveness and readiness.

use actix_web::{HttpResponse, get, web};
use diesel_async::RunQueryDsl;

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
/// Asks the database; send no traffic while it answers 503.
#[utoipa::path(operation_id = "get_readyz", tag = "operation", responses((status = 200, description = "Ready", body = Readiness)))]
#[get("/readyz")]
pub async fn get_readyz(app: web::Data<App>) -> Result<HttpResponse> {
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
    Ok(HttpResponse::Ok().json(Readiness { status: "ok".to_owned(), providers: providers.collect() }))
}
