//! An order for the shopper who placed it: read it, cancel it.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, get, post, web};

use super::cancel::{self, CancelReason, Cancelled, Wish};
use super::model::Order;
use super::read::{self, OrderRow};
use crate::app::App;
use crate::db::Connection;
use crate::error::{Error, Result};
use crate::http::auth::OrderAccess;
use crate::http::etag::{self, Expected};
use crate::http::extract::Id;
use crate::ids::OrderId;
use crate::tokens::{LinkKind, TokenKind};

/// Get an order
///
/// With the `order_token` that the checkout gave, the token of a link in an e-mail, or the session of the customer whose
/// order it is; of two that are sent, one is enough.
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
    authorise(&mut conn, &app, id.0, &access).await?;
    let order = shown(read::find(&mut conn, id.0).await?, &access);
    etag::respond(&request, HttpResponse::Ok(), order.version, &order)
}

/// Cancel my order
///
/// Unpaid: always; the payment page is closed first. Paid: until anything is sent, and for as long as the shop allows
/// (`MERX_CANCEL_WINDOW_MINUTES`); the money goes back. 202 while a payment is on its way: it is given back if it
/// succeeds. A cancelled order answers 200 again.
#[utoipa::path(
    operation_id = "cancel_my_order", tag = "orders", security(("order_token" = []), ("customer_session" = []), ("storefront_key" = [], "customer_token" = [])),
    params(("id" = OrderId, Path, description = "The order's id")),
    responses(
        (status = 200, description = "The order as it ended", body = Order),
        (status = 202, description = "Noted; a payment is on its way", body = Order),
    ),
)]
#[post("/v1/orders/{id}/cancel")]
pub async fn cancel_my_order(app: web::Data<App>, id: Id<OrderId>, access: OrderAccess) -> Result<HttpResponse> {
    let mut conn = app.connection().await?;
    authorise(&mut conn, &app, id.0, &access).await?;
    drop(conn);
    let wish = Wish {
        author: None,
        reason: CancelReason::RequestedByCustomer,
        note: None,
        restock: true,
        force: false,
        window: Some(app.config.cancel_window),
        expected: Expected::any(),
        is_resumed: false,
    };
    let task_app = Arc::clone(&app);
    let cancelled = app.run_to_end(async move { cancel::cancel(&task_app, id.0, &wish).await }).await?;
    let mut conn = app.connection().await?;
    let order = shown(read::find(&mut conn, id.0).await?, &access);
    match cancelled {
        Cancelled::Done => Ok(HttpResponse::Ok().json(order)),
        Cancelled::Noted => Ok(HttpResponse::Accepted().json(order)),
    }
}

/// The order as who asks may see it: whose it is, only that customer is told, since links to orders are passed on.
fn shown(order: Order, access: &OrderAccess) -> Order {
    let customer_id = order.customer_id.filter(|owner| access.customer == Some(*owner));
    Order { customer_id, ..order }
}

/// Refuses whoever may not see the order as if it were not there.
///
/// # Errors
/// `not_found`.
pub async fn authorise(conn: &mut Connection, app: &App, id: OrderId, access: &OrderAccess) -> Result<OrderRow> {
    let row = read::row(conn, id, false).await?;
    let keys = &app.config.token_keys;
    let fits = |token: &String| {
        keys.verify(TokenKind::Order, id.0, row.token_version, token)
            || keys.verify_link(LinkKind::Order, id.0, row.token_version, token, app.clock.now())
    };
    let is_theirs = access.customer.is_some() && access.customer == row.customer_id;
    if is_theirs || access.token.as_ref().is_some_and(fits) { Ok(row) } else { Err(Error::not_found("order")) }
}
