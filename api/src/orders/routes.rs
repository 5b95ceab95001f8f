//! An order for the shopper who placed it.

use actix_web::{HttpRequest, HttpResponse, get, web};

use super::model::Order;
use super::read;
use crate::app::App;
use crate::error::{Error, Result};
use crate::http::auth::OrderToken;
use crate::http::etag;
use crate::http::extract::Id;
use crate::ids::OrderId;
use crate::tokens::TokenKind;

/// Get an order
///
/// With the `order_token` that the checkout gave.
#[utoipa::path(
    operation_id = "get_order", tag = "orders", security(("order_token" = [])),
    params(("id" = OrderId, Path, description = "The order's id")),
    responses((status = 200, description = "The order", body = Order), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/orders/{id}")]
pub async fn get_order(
    app: web::Data<App>,
    request: HttpRequest,
    id: Id<OrderId>,
    token: OrderToken,
) -> Result<HttpResponse> {
    let mut conn = app.connection().await?;
    let row = read::row(&mut conn, id.0, false).await?;
    if !app.config.token_keys.verify(TokenKind::Order, id.0.0, row.token_version, &token.0) {
        return Err(Error::not_found("order"));
    }
    let order = read::find(&mut conn, id.0).await?;
    etag::respond(&request, HttpResponse::Ok(), order.version, &order)
}
