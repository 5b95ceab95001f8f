//! Carts over HTTP.

use std::sync::Arc;

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use chrono::{DateTime, TimeDelta, Utc};
use scoped_futures::ScopedFutureExt;

use super::add;
use super::delivery::Delivery;
use super::load::{self, CartRow};
use super::model::{Cart, CartProblem, Severity};
use super::price;
use super::requests::{CartPatch, LinePatch, NewCart, NewLine, RateChoice};
use super::shape;
use super::write::{self, Touch};
use crate::app::App;
use crate::db::{self, Connection};
use crate::error::{Error, Result};
use crate::http::auth::CartToken;
use crate::http::caller::Caller;
use crate::http::etag::{self, Expected};
use crate::http::extract::{Id, Json};
use crate::http::idempotency::{self, Answer};
use crate::http::patch::Patch;
use crate::ids::{CartId, LineItemId};
use crate::money::Currency;
use crate::shipping::model::ShippingRate;
use crate::tokens::TokenKind;

/// How long an untouched cart lives.
pub fn lifetime(app: &App) -> TimeDelta {
    TimeDelta::from_std(app.config.cart_lifetime).unwrap_or(TimeDelta::days(30))
}

/// The cart of a row as clients see it now.
pub(crate) async fn shape(conn: &mut Connection, row: CartRow, now: DateTime<Utc>) -> Result<Cart> {
    let (snapshot, available) = load::snapshot(conn, row, now).await?;
    shape::shape(&snapshot, &available)
}

/// Create a cart
///
/// The answer carries `cart_token`, the cart's only secret: keep it with the shopper and send it as `X-Cart-Token`.
#[utoipa::path(
    operation_id = "create_cart", tag = "carts", request_body = NewCart,
    params(("Idempotency-Key" = Option<String>, Header, description = "At least 128 random bits, such as a UUID: the key itself is the caller")),
    responses((status = 201, description = "Created", body = Cart)),
)]
#[post("/v1/carts")]
pub async fn create_cart(app: web::Data<App>, request: HttpRequest, body: Json<NewCart>) -> Result<HttpResponse> {
    let key = idempotency::key(&request, "carts", &body.fingerprint)?;
    idempotency::require_random(key.as_ref())?;
    let (now, new) = (app.clock.now(), &body.value);
    if new.email.is_some() {
        app.limits.discount_code(Caller::of(&request)).await?;
    }
    let currency = new.currency.unwrap_or(app.config.default_currency);
    let quickly = match key {
        Some(_) => None,
        None => create_quickly(&app, new.clone(), currency, now).await?,
    };
    let (mut answer, replayed) = match quickly {
        Some(cart) => (Answer::of(201, &cart)?, false),
        None => {
            let (mut conn, shop): (_, &App) = (app.connection().await?, &app);
            idempotency::once(&mut conn, key.as_ref(), now, |conn| {
                async move {
                    let row = write::create(conn, new, currency, lifetime(shop), now).await?;
                    Answer::of(201, &shape(conn, row, now).await?)
                }
                .scope_boxed()
            })
            .await?
        }
    };
    let id = answer.body.get("id").and_then(|id| id.as_str()).and_then(|id| id.parse::<CartId>().ok());
    let id = id.ok_or_else(|| Error::Internal("a stored cart has no id".to_owned()))?;
    answer.set("cart_token", app.config.token_keys.derive(TokenKind::Cart, id.0, 1));
    let mut response = idempotency::respond(&answer, replayed);
    if let Ok(location) = format!("/v1/carts/{id}").parse() {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// Creates a cart in one statement, unless something about its lines is to be said; beside its connection, as a statement
/// from another thread costs two changes of thread.
async fn create_quickly(app: &Arc<App>, new: NewCart, currency: Currency, now: DateTime<Utc>) -> Result<Option<Cart>> {
    let (task_app, lifetime) = (Arc::clone(app), lifetime(app));
    app.run_to_end(async move {
        let mut conn = task_app.connection().await?;
        let row = match new.line_items.is_empty() {
            true => Some(write::create(&mut conn, &new, currency, lifetime, now).await?),
            false => add::create(&mut conn, &new, currency, lifetime, now).await?,
        };
        match row {
            Some(row) => shape(&mut conn, row, now).await.map(Some),
            None => Ok(None),
        }
    })
    .await
}

/// Get a cart
///
/// With present prices and availability; `problems` says what stands in the way of a checkout.
#[utoipa::path(
    operation_id = "get_cart", tag = "carts", security(("cart_token" = [])),
    params(("id" = CartId, Path, description = "The cart's id")),
    responses((status = 200, description = "The cart", body = Cart), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/carts/{id}")]
pub async fn get_cart(
    app: web::Data<App>,
    request: HttpRequest,
    id: Id<CartId>,
    token: CartToken,
) -> Result<HttpResponse> {
    let mut conn = app.connection().await?;
    let row = load::row_for(&mut conn, id.0, &token.0, &app.config.token_keys, false).await?;
    let cart = shape(&mut conn, row, app.clock.now()).await?;
    etag::respond(&request, HttpResponse::Ok(), cart.version, &cart)
}

/// Change a cart
///
/// E-mail, addresses, currency and metadata, as a merge patch: what is absent stays, `null` clears.
#[utoipa::path(
    operation_id = "update_cart", tag = "carts", security(("cart_token" = [])), request_body = CartPatch,
    params(
        ("id" = CartId, Path, description = "The cart's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 200, description = "The cart", body = Cart)),
)]
#[patch("/v1/carts/{id}")]
pub async fn update_cart(
    app: web::Data<App>,
    request: HttpRequest,
    id: Id<CartId>,
    token: CartToken,
    body: Json<CartPatch>,
) -> Result<HttpResponse> {
    let patch = &body.value;
    if matches!(patch.email, Patch::Value(_)) {
        // Counted like a code: limits per customer make a cart's discounts say whether an address has bought here.
        app.limits.discount_code(Caller::of(&request)).await?;
    }
    change(&app, &request, id.0, &token, false, |conn, cart| {
        async move { write::patch(conn, cart, patch.clone()).await.map(Some) }.scope_boxed()
    })
    .await
}

/// Add a line
///
/// A variant that is in the cart already gets the sum of both quantities.
#[utoipa::path(
    operation_id = "add_line_item", tag = "carts", security(("cart_token" = [])), request_body = NewLine,
    params(
        ("id" = CartId, Path, description = "The cart's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 200, description = "The cart", body = Cart)),
)]
#[post("/v1/carts/{id}/line-items")]
pub async fn add_line_item(
    app: web::Data<App>,
    request: HttpRequest,
    id: Id<CartId>,
    token: CartToken,
    body: Json<NewLine>,
) -> Result<HttpResponse> {
    let (now, line) = (app.clock.now(), &body.value);
    if let Some(cart) = add_quickly(&app, &request, id.0, &token, line.clone()).await? {
        return etag::respond(&request, HttpResponse::Ok(), cart.version, &cart);
    }
    change(&app, &request, id.0, &token, true, |conn, cart| {
        async move { write::add_lines(conn, cart, &[(String::new(), line)], now).await.map(|()| None) }.scope_boxed()
    })
    .await
}

/// Adds a line in one statement, unless the client says which version of the cart it knows, or something else is to be
/// looked at first.
async fn add_quickly(
    app: &Arc<App>,
    request: &HttpRequest,
    id: CartId,
    token: &CartToken,
    line: NewLine,
) -> Result<Option<Cart>> {
    let is_first_token = app.config.token_keys.verify(TokenKind::Cart, id.0, write::FIRST_TOKEN, &token.0);
    if Expected::from_request(request)?.is_given() || !is_first_token {
        return Ok(None);
    }
    let touch = Touch { lifetime: lifetime(app), adds_lines: true, now: app.clock.now() };
    let task_app = Arc::clone(app);
    app.run_to_end(async move {
        let mut conn = task_app.connection().await?;
        match add::add_line(&mut conn, id, &line, touch).await? {
            Some(row) => shape(&mut conn, row, touch.now).await.map(Some),
            None => Ok(None),
        }
    })
    .await
}

/// Change a line
///
/// Its quantity, of which 0 removes the line, and its metadata.
#[utoipa::path(
    operation_id = "update_line_item", tag = "carts", security(("cart_token" = [])), request_body = LinePatch,
    params(
        ("id" = CartId, Path, description = "The cart's id"),
        ("line_item_id" = LineItemId, Path, description = "The line's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 200, description = "The cart", body = Cart)),
)]
#[patch("/v1/carts/{id}/line-items/{line_item_id}")]
pub async fn update_line_item(
    app: web::Data<App>,
    request: HttpRequest,
    id: Id<CartId>,
    token: CartToken,
    body: Json<LinePatch>,
) -> Result<HttpResponse> {
    let (line, patch) = (line_id(&request)?, &body.value);
    change(&app, &request, id.0, &token, false, |conn, cart| {
        async move { write::change_line(conn, cart, line, patch).await.map(|()| None) }.scope_boxed()
    })
    .await
}

/// Remove a line
///
/// The other lines stay.
#[utoipa::path(
    operation_id = "remove_line_item", tag = "carts", security(("cart_token" = [])),
    params(
        ("id" = CartId, Path, description = "The cart's id"),
        ("line_item_id" = LineItemId, Path, description = "The line's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 200, description = "The cart", body = Cart)),
)]
#[delete("/v1/carts/{id}/line-items/{line_item_id}")]
pub async fn remove_line_item(
    app: web::Data<App>,
    request: HttpRequest,
    id: Id<CartId>,
    token: CartToken,
) -> Result<HttpResponse> {
    let (line, removal) = (line_id(&request)?, &LinePatch { quantity: 0, metadata: Patch::Absent });
    change(&app, &request, id.0, &token, false, |conn, cart| {
        async move { write::change_line(conn, cart, line, removal).await.map(|()| None) }.scope_boxed()
    })
    .await
}

/// The ways to send a cart's goods.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct ShippingRates {
    /// Whether anything is to be sent.
    pub required: bool,
    /// Whether carriers must be asked first: `POST /v1/carts/{id}/quote`.
    pub quote_required: bool,
    /// The ways there are; empty when nothing is sent, when the address is missing, or when the shop does not send there.
    pub data: Vec<ShippingRate>,
    /// What is missing to know them, as pointers into the cart.
    #[schema(example = json!(["/shipping_address"]))]
    pub missing: Vec<String>,
}

/// List a cart's shipping rates
///
/// For its address, currency, weight and value. The country is enough to see them.
#[utoipa::path(
    operation_id = "list_shipping_rates", tag = "carts", security(("cart_token" = [])),
    params(("id" = CartId, Path, description = "The cart's id")),
    responses((status = 200, description = "The rates", body = ShippingRates)),
)]
#[get("/v1/carts/{id}/shipping-rates")]
pub async fn list_shipping_rates(app: web::Data<App>, id: Id<CartId>, token: CartToken) -> Result<HttpResponse> {
    let mut conn = app.connection().await?;
    let row = load::row_for(&mut conn, id.0, &token.0, &app.config.token_keys, false).await?;
    let (snapshot, _) = load::snapshot(&mut conn, row, app.clock.now()).await?;
    let priced = price::price(&snapshot)?;
    let (mut missing, mut quote_required) = (Vec::new(), false);
    match priced.delivery {
        Delivery::Missing(pointer) => missing.push(pointer.to_owned()),
        Delivery::Open(_) => quote_required = true,
        Delivery::NotNeeded | Delivery::By(_) | Delivery::Unavailable(_) | Delivery::NotChosen | Delivery::Gone => {}
    }
    let required = priced.delivery != Delivery::NotNeeded;
    Ok(HttpResponse::Ok().json(ShippingRates { required, quote_required, data: priced.shipping_rates, missing }))
}

/// Choose a shipping rate
///
/// One of `GET …/shipping-rates`. When there is only one, it is chosen already.
#[utoipa::path(
    operation_id = "choose_shipping_rate", tag = "carts", security(("cart_token" = [])), request_body = RateChoice,
    params(
        ("id" = CartId, Path, description = "The cart's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 200, description = "The cart", body = Cart)),
)]
#[put("/v1/carts/{id}/shipping-rate")]
pub async fn choose_shipping_rate(
    app: web::Data<App>,
    request: HttpRequest,
    id: Id<CartId>,
    token: CartToken,
    body: Json<RateChoice>,
) -> Result<HttpResponse> {
    let (choice, now) = (&body.value, app.clock.now());
    change(&app, &request, id.0, &token, false, |conn, cart| {
        async move { write::choose_rate(conn, cart, choice, now).await.map(Some) }.scope_boxed()
    })
    .await
}

fn line_id(request: &HttpRequest) -> Result<LineItemId> {
    request.match_info().get("line_item_id").and_then(|id| id.parse().ok()).ok_or_else(|| Error::not_found("line item"))
}

/// Told once, in the answer to the change itself: from then on the prices are what the shopper has seen.
fn repriced(before: Currency, after: Currency) -> Option<CartProblem> {
    (before != after).then(|| CartProblem {
        code: "currency_changed".to_owned(),
        severity: Severity::Notice,
        detail: format!("All prices are in {after} now; they were in {before}."),
        pointer: "/currency".to_owned(),
    })
}

/// Runs a change on a locked, open cart and answers with the cart after it. `work` answers the row if it changed that.
pub(super) async fn change<'work>(
    app: &App,
    request: &HttpRequest,
    id: CartId,
    token: &CartToken,
    adds_lines: bool,
    work: impl for<'conn> Fn(&'conn mut Connection, &'conn CartRow) -> db::Work<'work, 'conn, Option<CartRow>> + Sync,
) -> Result<HttpResponse> {
    let (expected, now) = (&Expected::from_request(request)?, app.clock.now());
    let (work, opened_by) = (&work, (token.0.as_str(), &app.config.token_keys));
    let touch = Touch { lifetime: lifetime(app), adds_lines, now };
    let mut conn = app.connection().await?;
    let cart = db::transaction(&mut conn, |conn| {
        async move {
            let cart = write::take(conn, id, opened_by, expected, touch).await?;
            let currency = cart.currency;
            let row = work(conn, &cart).await?.unwrap_or(cart);
            let mut changed = shape(conn, row, now).await?;
            changed.problems.extend(repriced(currency, changed.currency));
            Ok(changed)
        }
        .scope_boxed()
    })
    .await?;
    etag::respond(request, HttpResponse::Ok(), cart.version, &cart)
}
