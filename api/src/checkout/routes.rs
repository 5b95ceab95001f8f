//! Checkouts over HTTP.

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::header::{LOCATION, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, post, web};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::close::{self, Closed};
use super::model::{self, Checkout, CheckoutRow, CheckoutStatus, CloseReason, NewCheckout};
use super::{advance, start};
use crate::app::App;
use crate::carts::load;
use crate::db::schema::{carts, checkouts, orders};
use crate::error::{Code, Error, Result};
use crate::http::auth::{CartOrOrderToken, CartToken};
use crate::http::caller::Caller;
use crate::http::extract::{Id, Json};
use crate::http::idempotency::{self, Answer, Key};
use crate::http::request_log::RequestContext;
use crate::ids::{CheckoutId, OrderId};
use crate::orders::read::OrderRow;
use crate::tokens::{TokenKeys, TokenKind};

/// Start a checkout
///
/// Reserves the cart's stock, makes the order and the payment page, and answers with the page's `url`. The same
/// Idempotency-Key continues the same checkout, also after a crash or a timeout. A cart that is being paid already
/// answers 200 with its checkout when the request and the price are the same; otherwise the old checkout is closed first.
#[utoipa::path(
    operation_id = "create_checkout", tag = "checkout", security(("cart_token" = [])), request_body = NewCheckout,
    params(("Idempotency-Key" = Option<String>, Header, description = "A random UUID for each new try of the shopper")),
    responses(
        (status = 201, description = "Started", body = Checkout),
        (status = 200, description = "The cart's checkout that is live already", body = Checkout),
    ),
)]
#[post("/v1/checkouts")]
pub async fn create_checkout(
    app: web::Data<App>,
    request: HttpRequest,
    token: CartToken,
    body: Json<NewCheckout>,
) -> Result<HttpResponse> {
    let cart_id = body.value.cart_id;
    let caller = Caller::of(&request);
    app.limits.checkout_from(caller).await?;
    let cart = {
        let mut conn = app.connection().await?;
        load::row_for(&mut conn, cart_id, &token.0, &app.config.token_keys, false).await?
    };
    app.limits.checkout_of(cart_id).await?;
    let scope = format!("cart:{cart_id}");
    let key = idempotency::key(&request, scope.clone(), &body.fingerprint)?.unwrap_or_else(|| Key {
        scope,
        key: format!("auto:{}", Uuid::new_v4()),
        fingerprint: idempotency::fingerprint_of(&request, &body.fingerprint),
    });
    let (task_app, context, started) = (Arc::clone(&app), RequestContext::current(), Instant::now());
    let work = async move { start::start(&task_app, &cart, &body.value, &key, caller.address).await };
    let outcome = app.run_to_end(context.scope(work)).await;
    app.metrics.checkout(outcome_of(&outcome), started.elapsed());
    let (mut answer, replayed) = outcome?;
    let location = give_token(&mut answer, &app.config.token_keys);
    let mut response = idempotency::respond(&answer, replayed);
    if let Some(Ok(location)) = location.map(|location| location.parse()) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// What a checkout's measurement is filed under.
fn outcome_of(outcome: &Result<(Answer, bool)>) -> &'static str {
    match outcome {
        Ok((_, true)) => "replayed",
        Ok((answer, false)) if answer.status < 300 => "created",
        Ok(_) => "insufficient_stock",
        Err(error) => error.code().unwrap_or(Code::Internal).as_str(),
    }
}

/// Fills the order's token into an answer, which never holds it at rest; answers the checkout's address.
fn give_token(answer: &mut Answer, keys: &TokenKeys) -> Option<String> {
    let id = |pointer: &str| answer.body.pointer(pointer).and_then(|id| id.as_str()).map(str::to_owned);
    let (checkout, order) = (id("/id")?, id("/order/id")?.parse::<OrderId>().ok()?);
    // A new order's token has version 1; a later version revokes what this answer gave.
    answer.set("order_token", keys.derive(TokenKind::Order, order.0, 1));
    Some(format!("/v1/checkouts/{checkout}"))
}

/// Get a checkout
///
/// For the page that the shopper returns to: asks Stripe (at most every three seconds) while the checkout is open,
/// so it is right even when a webhook is late. With the cart's or the order's token.
#[utoipa::path(
    operation_id = "get_checkout", tag = "checkout", security(("cart_token" = []), ("order_token" = [])),
    params(("id" = CheckoutId, Path, description = "The checkout's id")),
    responses((status = 200, description = "The checkout", body = Checkout)),
)]
#[get("/v1/checkouts/{id}")]
pub async fn get_checkout(app: web::Data<App>, id: Id<CheckoutId>, token: CartOrOrderToken) -> Result<HttpResponse> {
    let (row, order) = authorise(&app, id.0, &token).await?;
    if row.status == CheckoutStatus::Open {
        let task_app = Arc::clone(&app);
        app.run_to_end(async move { advance::sync(&task_app, id.0).await }).await?;
        return respond(&app, id.0, HttpResponse::Ok()).await;
    }
    let mut conn = app.connection().await?;
    let checkout = model::whole(&mut conn, row, order, Some(&app.config.token_keys), app.clock.now()).await?;
    Ok(answer(checkout, HttpResponse::Ok()))
}

/// Cancel a checkout
///
/// Closes the payment page at Stripe first, then frees the stock and opens the cart again. Paid in the meantime: the
/// answer shows it. 202 while a payment is on its way: it will be refunded if it succeeds.
#[utoipa::path(
    operation_id = "cancel_checkout", tag = "checkout", security(("cart_token" = []), ("order_token" = [])),
    params(("id" = CheckoutId, Path, description = "The checkout's id")),
    responses(
        (status = 200, description = "The checkout as it ended", body = Checkout),
        (status = 202, description = "Noted; a payment is on its way", body = Checkout),
    ),
)]
#[post("/v1/checkouts/{id}/cancel")]
pub async fn cancel_checkout(app: web::Data<App>, id: Id<CheckoutId>, token: CartOrOrderToken) -> Result<HttpResponse> {
    authorise(&app, id.0, &token).await?;
    let task_app = Arc::clone(&app);
    let work = async move {
        let closed = close::close(&task_app, id.0, CloseReason::Cancelled, None).await?;
        if closed == Closed::Processing && !close::request_cancel(&task_app, id.0).await? {
            // Decided in the meantime, or to be decided by staff: the checkout says how it stands.
            return Ok(Closed::Over);
        }
        Ok(closed)
    };
    match app.run_to_end(work).await? {
        Closed::Over => respond(&app, id.0, HttpResponse::Ok()).await,
        Closed::Processing => respond(&app, id.0, HttpResponse::Accepted()).await,
    }
}

/// The rows of the checkout and its order, if the token opens them.
async fn authorise(app: &App, id: CheckoutId, token: &CartOrOrderToken) -> Result<(CheckoutRow, OrderRow)> {
    let found: Option<(CheckoutRow, OrderRow, i32)> = checkouts::table
        .inner_join(carts::table.on(carts::id.eq(checkouts::cart_id)))
        .inner_join(orders::table.on(orders::id.eq(checkouts::order_id)))
        .filter(checkouts::id.eq(id))
        .select((CheckoutRow::as_select(), OrderRow::as_select(), carts::token_version))
        .first(&mut *app.connection().await?)
        .await
        .optional()?;
    let keys = &app.config.token_keys;
    let opened = found.filter(|(checkout, order, cart_version)| match token {
        CartOrOrderToken::Cart(token) => keys.verify(TokenKind::Cart, checkout.cart_id.0, *cart_version, token),
        CartOrOrderToken::Order(token) => keys.verify(TokenKind::Order, order.id.0, order.token_version, token),
    });
    opened.map(|(checkout, order, _)| (checkout, order)).ok_or_else(|| Error::not_found("checkout"))
}

async fn respond(app: &App, id: CheckoutId, with: HttpResponseBuilder) -> Result<HttpResponse> {
    let mut conn = app.connection().await?;
    let checkout = model::find_for(&mut conn, id, Some(&app.config.token_keys), app.clock.now()).await?;
    Ok(answer(checkout, with))
}

fn answer(checkout: Checkout, mut with: HttpResponseBuilder) -> HttpResponse {
    if checkout.status.is_live() {
        with.insert_header((RETRY_AFTER, "2"));
    }
    with.json(checkout)
}
