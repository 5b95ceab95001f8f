//! Entering discount codes and taking them back.

use actix_web::{HttpRequest, HttpResponse, delete, post, web};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;

use super::load::CartRow;
use super::model::Cart;
use super::routes::change;
use crate::app::App;
use crate::db::schema::{carts, discount_codes};
use crate::db::{Connection, Prepare};
use crate::discounts::requests::EnteredCode;
use crate::error::{Error, Result};
use crate::http::auth::CartToken;
use crate::http::caller::Caller;
use crate::http::extract::{Id, Json};
use crate::ids::CartId;

/// The most codes of a cart.
const MOST_CODES: usize = 10;

/// Enter a discount code
///
/// A code that exists stays with the cart, and `discount_codes` says whether it takes anything off and, if not, why.
/// One that is entered already changes nothing.
#[utoipa::path(
    operation_id = "add_discount_code", tag = "carts", security(("cart_token" = [])), request_body = EnteredCode,
    params(
        ("id" = CartId, Path, description = "The cart's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 200, description = "The cart", body = Cart)),
)]
#[post("/v1/carts/{id}/discount-codes")]
pub async fn add_discount_code(
    app: web::Data<App>,
    request: HttpRequest,
    id: Id<CartId>,
    token: CartToken,
    body: Json<EnteredCode>,
) -> Result<HttpResponse> {
    app.limits.discount_code(Caller::of(&request)).await?;
    let code = &body.value.code.0;
    change(&app, &request, id.0, &token, false, |conn, cart| async move { add(conn, cart, code).await }.scope_boxed())
        .await
}

/// Take a discount code back
///
/// One that is not there changes nothing.
#[utoipa::path(
    operation_id = "remove_discount_code", tag = "carts", security(("cart_token" = [])),
    params(
        ("id" = CartId, Path, description = "The cart's id"),
        ("code" = String, Path, description = "The code, in any case"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 200, description = "The cart", body = Cart)),
)]
#[delete("/v1/carts/{id}/discount-codes/{code}")]
pub async fn remove_discount_code(
    app: web::Data<App>,
    request: HttpRequest,
    id: Id<CartId>,
    token: CartToken,
) -> Result<HttpResponse> {
    let code = &request.match_info().get("code").unwrap_or_default().to_ascii_uppercase();
    change(&app, &request, id.0, &token, false, |conn, cart| {
        async move {
            let codes = cart.discount_codes.iter().filter(|kept| *kept != code).cloned().collect();
            set(conn, cart, codes).await
        }
        .scope_boxed()
    })
    .await
}

async fn add(conn: &mut Connection, cart: &CartRow, code: &str) -> Result<Option<CartRow>> {
    if cart.discount_codes.iter().any(|present| present == code) {
        return Ok(None);
    }
    let known: i64 = discount_codes::table.filter(discount_codes::code.eq(code)).count().get_result(conn).await?;
    if known == 0 {
        return Err(Error::invalid("/code", "not_found", "is not a code of this shop; check its spelling"));
    }
    if cart.discount_codes.len() >= MOST_CODES {
        let detail = format!("cannot be added: a cart has at most {MOST_CODES} codes; take one back first");
        return Err(Error::invalid("/code", "too_many", detail));
    }
    set(conn, cart, cart.discount_codes.iter().cloned().chain([code.to_owned()]).collect()).await
}

async fn set(conn: &mut Connection, cart: &CartRow, codes: Vec<String>) -> Result<Option<CartRow>> {
    let row = diesel::update(carts::table.find(cart.id))
        .set(carts::discount_codes.eq(codes))
        .returning(CartRow::as_returning())
        .prepared()
        .get_result(conn)
        .await?;
    Ok(Some(row))
}
