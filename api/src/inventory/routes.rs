//! Stock for staff.

use actix_web::{HttpRequest, HttpResponse, post, web};
use scoped_futures::ScopedFutureExt;

use super::{AdjustedStock, StockAdjustment};
use crate::app::App;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::extract::{Id, Json};
use crate::http::idempotency::{self, Answer};
use crate::ids::VariantId;
use crate::staff::api_keys::Scope;

/// Adjust stock
///
/// Writes a movement. Less than is held for shoppers is recorded as a `shortage`. Scope `inventory:write`.
#[utoipa::path(
    operation_id = "adjust_stock", tag = "staff", security(("staff_key" = [])), request_body = StockAdjustment,
    params(
        ("id" = VariantId, Path, description = "The variant's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe"),
    ),
    responses((status = 201, description = "Recorded", body = AdjustedStock)),
)]
#[post("/v1/admin/variants/{id}/stock-adjustments")]
pub async fn adjust_stock(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<VariantId>,
    body: Json<StockAdjustment>,
) -> Result<HttpResponse> {
    staff.require(Scope::InventoryWrite)?;
    let scope = format!("{}:{}", staff.idempotency_scope(), id.0);
    let key = idempotency::key(&request, scope, &body.fingerprint)?;
    let (now, change) = (app.clock.now(), &body.value);
    let mut conn = app.connection().await?;
    let (answer, replayed) = idempotency::once(&mut conn, key.as_ref(), now, |conn| {
        async move { Answer::of(201, &super::adjust(conn, id.0, change, now).await?) }.scope_boxed()
    })
    .await?;
    Ok(idempotency::respond(&answer, replayed))
}
