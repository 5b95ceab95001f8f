//! Quotes over HTTP.

use actix_web::{HttpRequest, HttpResponse, post, web};

use super::{NewQuote, Quote, resolve};
use crate::app::App;
use crate::carts::load;
use crate::error::Result;
use crate::http::auth::CartToken;
use crate::http::caller::Caller;
use crate::http::extract::{Id, Json};
use crate::ids::CartId;

/// Quote a cart
///
/// What the shopper would pay, with every way to send the goods, and what is still missing: the only call for a cart that
/// asks carriers and Stripe Tax. Asking again for an unchanged cart answers the same quote and asks nobody. A checkout with
/// its `quote_id` charges exactly this for 24 hours, as long as lines, addresses, currency, codes and tax ids stay what they
/// were; after that, or for another cart, it is quoted anew, and what became dearer answers 409 `price_changed`. A provider
/// that cannot be asked is told in `problems`.
#[utoipa::path(
    operation_id = "create_quote", tag = "carts", security(("cart_token" = [])), request_body = NewQuote,
    params(("id" = CartId, Path, description = "The cart's id")),
    responses((status = 200, description = "The quote", body = Quote)),
)]
#[post("/v1/carts/{id}/quote")]
pub async fn create_quote(
    app: web::Data<App>,
    request: HttpRequest,
    id: Id<CartId>,
    token: CartToken,
    body: Json<NewQuote>,
) -> Result<HttpResponse> {
    let mut conn = app.connection().await?;
    let cart = load::row_for(&mut conn, id.0, &token.0, &app.config.token_keys, false).await?;
    app.limits.quote(id.0, Caller::of(&request)).await?;
    let (mut snapshot, _) = load::snapshot(&mut conn, cart, app.clock.now()).await?;
    drop(conn);
    if let Some(chosen) = &body.value.shipping_rate_id {
        snapshot.cart.shipping_rate_id = Some(chosen.clone());
    }
    resolve::resolve(&app, &mut snapshot).await?;
    let mut conn = app.connection().await?;
    let quote = super::make(&mut conn, snapshot, &body.value, app.clock.now()).await?;
    Ok(HttpResponse::Ok().json(quote))
}
