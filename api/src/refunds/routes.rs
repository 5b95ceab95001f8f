//! An order's refunds for the shopper who placed it.

use actix_web::{HttpResponse, get, web};

use super::model::RefundList;
use super::read;
use crate::app::App;
use crate::error::Result;
use crate::http::auth::OrderAccess;
use crate::http::extract::Id;
use crate::ids::OrderId;
use crate::orders;

/// List my order's refunds
///
/// Oldest first.
#[utoipa::path(
    operation_id = "list_my_refunds", tag = "orders", security(("order_token" = []), ("customer_session" = []), ("storefront_key" = [], "customer_token" = [])),
    params(("id" = OrderId, Path, description = "The order's id")),
    responses((status = 200, description = "The refunds", body = RefundList)),
)]
#[get("/v1/orders/{id}/refunds")]
pub async fn list_my_refunds(app: web::Data<App>, id: Id<OrderId>, access: OrderAccess) -> Result<HttpResponse> {
    let mut conn = app.connection().await?;
    orders::routes::authorise(&mut conn, &app, id.0, &access).await?;
    Ok(HttpResponse::Ok().json(RefundList { data: read::of_orders(&conn, &[id.0], false).await? }))
}
