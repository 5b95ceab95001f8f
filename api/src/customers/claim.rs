//! Claiming a cart: it becomes the customer's, and what their other open carts hold comes into it.
//!
//! Claims of a customer queue at their row; the carts are locked after it, by ascending id. The first claim gives the
//! cart another token, so that one that somebody planted in the shopper's browser opens nothing afterwards (session
//! fixation); a repeat by the owner gives the present token and changes nothing. A repeat for a cart that went on into
//! another answers that one, so that a device which comes late does not take it from the one that shops.

use actix_web::{HttpRequest, HttpResponse, post, web};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde::Serialize;

use super::merge::{self, LeftOut, MergedLine};
use super::read;
use crate::app::App;
use crate::carts::closed::require_open;
use crate::carts::load::CartRow;
use crate::carts::model::{Cart, CartStatus};
use crate::carts::routes;
use crate::carts::write::Touch;
use crate::db::schema::carts;
use crate::db::{self, Connection};
use crate::error::{Code, Error, Result};
use crate::http::auth::CustomerAuth;
use crate::http::extract::{Id, header};
use crate::ids::{CartId, CustomerId};
use crate::tokens::{TokenKeys, TokenKind};

/// A claimed cart.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ClaimedCart {
    /// The cart, with its present `cart_token`.
    pub cart: Cart,
    /// What came in from the customer's other open carts.
    pub merged: Vec<MergedLine>,
    /// What did not.
    pub left_out: Vec<LeftOut>,
}

/// What is known of who claims.
struct Claimant<'a> {
    customer: CustomerId,
    token: Option<&'a str>,
    keys: &'a TokenKeys,
}

/// Claim a cart
///
/// The cart becomes the customer's, and its e-mail address theirs; other addresses in it stay, so show them before the
/// payment. `X-Cart-Token` is needed unless it is theirs already; the answer carries another
/// `cart_token`, and the one before opens nothing any more. This cart wins: the lines of the customer's other open carts
/// are added, the same variant with the larger of both quantities, never the sum, and those carts become `abandoned`.
/// Its currency stays; what has no price in it, is not for sale, or is one too many is told in `left_out`. A repeat
/// changes nothing and gives the present token, which is how another device gets it. For a cart whose lines came into
/// another one, it answers that one while it is open: go on with the id in `cart`.
#[utoipa::path(
    operation_id = "claim_cart", tag = "customers",
    security(("customer_session" = [], "cart_token" = []), ("customer_session" = [])),
    params(
        ("id" = CartId, Path, description = "The cart's id"),
        ("X-Cart-Token" = Option<String>, Header, description = "The cart's token, unless it is the customer's already"),
    ),
    responses((status = 200, description = "The cart is the customer's", body = ClaimedCart)),
)]
#[post("/v1/carts/{id}/claim")]
pub async fn claim_cart(
    app: web::Data<App>,
    request: HttpRequest,
    customer: CustomerAuth,
    id: Id<CartId>,
) -> Result<HttpResponse> {
    let keys = &app.config.token_keys;
    let claimant = &Claimant { customer: customer.id, token: header(&request, "X-Cart-Token")?, keys };
    let (lifetime, now) = (routes::lifetime(&app), app.clock.now());
    let mut conn = app.connection().await?;
    let claimed = db::transaction(&mut conn, |conn| {
        async move { claim(conn, id.0, claimant, lifetime, now).await }.scope_boxed()
    })
    .await?;
    Ok(HttpResponse::Ok().json(claimed))
}

async fn claim(
    conn: &mut Connection,
    id: CartId,
    claimant: &Claimant<'_>,
    lifetime: TimeDelta,
    now: DateTime<Utc>,
) -> Result<ClaimedCart> {
    let customer = read::row(conn, claimant.customer, true).await?;
    let (cart, mut others) = lock_carts(conn, id, customer.id).await?;
    require_access(&cart, claimant)?;
    let cart = went_on(cart, &mut others);
    require_open(conn, &cart, now).await?;
    let is_new = cart.customer_id.is_none();
    if is_new {
        // Never the one that it had: who planted the cart would get the customer's mail.
        diesel::update(carts::table.find(cart.id))
            .set((
                carts::customer_id.eq(customer.id),
                carts::email.eq(&customer.email),
                carts::token_version.eq(carts::token_version + 1),
            ))
            .execute(conn)
            .await?;
    }
    let merge::Outcome { merged, left_out } = merge::merge(conn, &cart, &others, now).await?;
    // A repeat that finds nothing to do leaves no trace.
    let row = if is_new || !others.is_empty() || cart.status == CartStatus::Abandoned {
        let token_version = cart.token_version + i32::from(is_new);
        let touch = Touch { lifetime, adds_lines: !merged.is_empty(), now };
        touch.apply(conn, cart.id, token_version).await?.ok_or_else(|| Error::not_found("cart"))?
    } else {
        cart
    };
    let token = claimant.keys.derive(TokenKind::Cart, row.id.0, row.token_version);
    let cart = Cart { cart_token: Some(token), ..routes::shape(conn, row, now).await? };
    Ok(ClaimedCart { cart, merged, left_out })
}

/// The cart, and the customer's other open ones, all locked by ascending id.
async fn lock_carts(conn: &mut Connection, id: CartId, customer: CustomerId) -> Result<(CartRow, Vec<CartRow>)> {
    let other = carts::customer_id.eq(customer).and(carts::status.eq(CartStatus::Open));
    let ids: Vec<CartId> =
        carts::table.filter(carts::id.eq(id).or(other.assume_not_null())).select(carts::id).load(conn).await?;
    let locked: Vec<CartRow> = carts::table
        .filter(carts::id.eq_any(&ids))
        .order(carts::id)
        .select(CartRow::as_select())
        .for_no_key_update()
        .load(conn)
        .await?;
    let (mut claimed, others): (Vec<CartRow>, Vec<CartRow>) = locked.into_iter().partition(|cart| cart.id == id);
    let claimed = claimed.pop().ok_or_else(|| Error::not_found("cart"))?;
    // One that began to be paid while it was waited for is left alone.
    let still_open = |cart: &CartRow| cart.status == CartStatus::Open && cart.customer_id == Some(customer);
    Ok((claimed, others.into_iter().filter(still_open).collect()))
}

/// The cart, or the one of the others that its lines came into.
fn went_on(cart: CartRow, others: &mut Vec<CartRow>) -> CartRow {
    let is_merged = cart.status == CartStatus::Abandoned;
    match others.iter().position(|other| is_merged && cart.merged_into == Some(other.id)) {
        Some(target) => others.remove(target),
        None => cart,
    }
}

/// Refuses who neither owns the cart nor has its token.
fn require_access(cart: &CartRow, claimant: &Claimant<'_>) -> Result<()> {
    let fits = || {
        let verify = |token| claimant.keys.verify(TokenKind::Cart, cart.id.0, cart.token_version, token);
        claimant.token.is_some_and(verify)
    };
    match cart.customer_id {
        Some(owner) if owner == claimant.customer => Ok(()),
        None if fits() => Ok(()),
        Some(_) if fits() => {
            Err(Error::problem(Code::CartNotYours, "This cart belongs to another customer. Start a new cart."))
        }
        Some(_) | None => Err(Error::not_found("cart")),
    }
}
