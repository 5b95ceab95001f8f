//! An order for the shopper who placed it.

use actix_web::{HttpRequest, HttpResponse, get, web};

use super::model::Order;
use super::read;
use crate::app::App;
use crate::error::{Error, Result};
use crate::http::auth::OrderAccess;
use crate::http::etag;
use crate::http::extract::Id;
use crate::ids::OrderId;
use crate::tokens::TokenKind;

/// Get an order
///
/// With the `order_token` that the checkout gave, the token of a link in an e-mail, or the session of the customer whose
/// order it is.
#[utoipa::path(
    operation_id = "get_order", tag = "orders", security(("order_token" = []), ("customer_session" = []), ("storefront_key" = [], "customer_token" = [])),
    params(("id" = OrderId, Path, description = "The order's id")),
    responses((status = 200, description = "The order", body = Order), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/orders/{id}")]
pub async fn get_order(
    app: web::Data<App>,
    request: HttpRequest,
    id: Id<OrderId>,
    access: OrderAccess,
) -> Result<HttpResponse> {
    let mut conn = app.connection().await?;
    let row = read::row(&mut conn, id.0, false).await?;
    let keys = &app.config.token_keys;
    let opens = match access {
        OrderAccess::Token(token) => {
            keys.verify(TokenKind::Order, id.0.0, row.token_version, &token)
                || keys.verify_link(id.0.0, row.token_version, &token, app.clock.now())
        }
        OrderAccess::Customer(customer) => row.customer_id == Some(customer),
    };
    if !opens {
        return Err(Error::not_found("order"));
    }
    let order = read::find(&mut conn, id.0).await?;
    etag::respond(&request, HttpResponse::Ok(), order.version, &order)
}
