//! Stock for staff.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde::Serialize;

use super::{AdjustedStock, Reason, StockAdjustment};
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::db::schema::{stock_movements, variants};
use crate::error::{Error, Result};
use crate::http::auth::Staff;
use crate::http::extract::{Id, Json, PageQuery, Query};
use crate::http::idempotency::{self, Answer};
use crate::http::pagination::{self, DEFAULT_LIMIT, Page};
use crate::ids::{OrderId, StockMovementId, VariantId};
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
    let (now, change, author) = (app.clock.now(), &body.value, staff.author());
    let mut conn = app.connection().await?;
    let (answer, replayed) = idempotency::once(&mut conn, key.as_ref(), now, |conn| {
        async move {
            let adjusted = super::adjust(conn, id.0, change, now).await?;
            let on_hand = adjusted.inventory.on_hand;
            let entry = Entry::new(Action::StockAdjusted, id.0)
                .moved("/inventory/on_hand", on_hand - change.delta, on_hand)
                .because(change.reason)
                .noted(change.note.as_deref());
            audit::record(conn, author, entry, now).await?;
            Answer::of(201, &adjusted)
        }
        .scope_boxed()
    })
    .await?;
    Ok(idempotency::respond(&answer, replayed))
}

/// An entry of the stock ledger.
#[derive(Serialize, utoipa::ToSchema)]
pub struct StockMovement {
    /// The movement's id.
    pub id: StockMovementId,
    /// Units that came (positive) or went (negative).
    pub delta: i64,
    /// What was on hand then.
    pub on_hand_after: i64,
    /// Why.
    pub reason: Reason,
    /// The order that it was for.
    pub order_id: Option<OrderId>,
    /// What staff noted.
    pub note: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// A page of the ledger.
#[derive(Serialize, utoipa::ToSchema)]
pub struct StockMovementList {
    /// The movements, newest first.
    pub data: Vec<StockMovement>,
    /// Where the list goes on.
    pub page: Page,
}

/// List stock movements
///
/// The variant's ledger, newest first: on hand is the sum of its movements. Scope `products:read`.
#[utoipa::path(
    operation_id = "list_stock_movements", tag = "staff", security(("staff_key" = [])),
    params(("id" = VariantId, Path, description = "The variant's id"), PageQuery),
    responses((status = 200, description = "A page of movements", body = StockMovementList)),
)]
#[get("/v1/admin/variants/{id}/stock-movements")]
pub async fn list_stock_movements(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<VariantId>,
    query: Query<PageQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::ProductsRead)?;
    let after: Option<(DateTime<Utc>, StockMovementId)> = pagination::decode(query.0.cursor.as_deref())?;
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let mut conn = app.connection().await?;
    let there: i64 = variants::table.find(id.0).count().get_result(&mut conn).await?;
    if there == 0 {
        return Err(Error::not_found("variant"));
    }
    let mut rows = stock_movements::table
        .filter(stock_movements::variant_id.eq(id.0))
        .select((
            stock_movements::id,
            stock_movements::delta,
            stock_movements::on_hand_after,
            stock_movements::reason,
            stock_movements::order_id,
            stock_movements::note,
            stock_movements::created_at,
        ))
        .into_boxed();
    if let Some((at, movement)) = after {
        let same_time = stock_movements::created_at.eq(at).and(stock_movements::id.lt(movement));
        rows = rows.filter(stock_movements::created_at.lt(at).or(same_time));
    }
    type Columns = (StockMovementId, i64, i64, Reason, Option<OrderId>, Option<String>, DateTime<Utc>);
    let order = (stock_movements::created_at.desc(), stock_movements::id.desc());
    let found: Vec<Columns> = rows.order(order).limit(limit + 1).load(&mut conn).await?;
    let movement = |(id, delta, on_hand_after, reason, order_id, note, created_at)| StockMovement {
        id,
        delta,
        on_hand_after,
        reason,
        order_id,
        note,
        created_at,
    };
    let movements: Vec<StockMovement> = found.into_iter().map(movement).collect();
    let (data, page) = pagination::paginate(movements, limit, |movement| (movement.created_at, movement.id));
    let body = StockMovementList { data, page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}
