//! Orders for staff.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::model::{Order, OrderStatus, PaymentStatus};
use super::read::{self, After};
use crate::app::App;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::etag;
use crate::http::extract::{Id, Query};
use crate::http::pagination::{self, DEFAULT_LIMIT, Page};
use crate::ids::OrderId;
use crate::staff::api_keys::Scope;

/// A page of orders.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OrderQuery {
    /// Only orders of this status.
    pub status: Option<OrderStatus>,
    /// Only orders of this payment status.
    pub payment_status: Option<PaymentStatus>,
    /// How many orders a page has.
    #[param(minimum = 1, maximum = 100, default = 20)]
    #[validate(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Orders, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OrderList {
    /// The orders.
    pub data: Vec<Order>,
    /// Where the list goes on.
    pub page: Page,
}

/// List orders
///
/// Newest first. Scope `orders:read`.
#[utoipa::path(
    operation_id = "list_orders", tag = "staff", security(("staff_key" = [])), params(OrderQuery),
    responses((status = 200, description = "A page of orders", body = OrderList)),
)]
#[get("/v1/admin/orders")]
pub async fn list_orders(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<OrderQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::OrdersRead)?;
    let after: Option<After> = pagination::decode(query.0.cursor.as_deref())?;
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let mut conn = app.connection().await?;
    let orders = read::list(&mut conn, query.0.status, query.0.payment_status, after, limit).await?;
    let (data, page) = pagination::paginate(orders, limit, |order| (order.placed_at, order.id));
    let body = OrderList { data, page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// Get any order
///
/// With its timeline. Scope `orders:read`.
#[utoipa::path(
    operation_id = "get_any_order", tag = "staff", security(("staff_key" = [])),
    params(("id" = OrderId, Path, description = "The order's id")),
    responses((status = 200, description = "The order", body = Order), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/admin/orders/{id}")]
pub async fn get_any_order(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<OrderId>,
) -> Result<HttpResponse> {
    staff.require(Scope::OrdersRead)?;
    let mut conn = app.connection().await?;
    let mut order = read::find(&mut conn, id.0).await?;
    order.timeline = Some(read::timeline(&mut conn, id.0).await?);
    etag::respond(&request, HttpResponse::Ok(), order.version, &order)
}
