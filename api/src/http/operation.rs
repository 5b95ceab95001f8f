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
#[utoipa::path(operation_id = "get_readyz", tag = "operation", responses((status = 200, description = "Ready", body = Health)))]
#[get("/readyz")]
pub async fn get_readyz(app: web::Data<App>) -> Result<HttpResponse> {
    let mut conn = app.connection().await?;
    let schema = crate::db::schema::webhook_events::table;
    let reachable = diesel::QueryDsl::limit(diesel::QueryDsl::select(schema, crate::db::schema::webhook_events::id), 0);
    reachable.execute(&mut conn).await.map_err(|error| {
        tracing::error!(error = %error, "Not ready");
        Error::problem(Code::Unavailable, "The database is not migrated. Run `merx migrate`.").retry_after(5)
    })?;
    Ok(ok())
}
