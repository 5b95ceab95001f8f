//! What customers see and change of themselves over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use scoped_futures::ScopedFutureExt;

use super::account::{self, wrong_password};
use super::model::Customer;
use super::read;
use super::requests::{CustomerPatch, PasswordChange, require_unlike};
use crate::app::App;
use crate::db;
use crate::error::Result;
use crate::http::auth::CustomerAuth;
use crate::http::caller::Caller;
use crate::http::etag::{self, Expected};
use crate::http::extract::{Json, PageQuery, Query};
use crate::http::pagination::{self, DEFAULT_LIMIT};
use crate::orders::list_admin::OrderList;
use crate::orders::read as orders;

/// Get oneself
///
/// With `open_cart_id`, the cart that another device left open.
#[utoipa::path(
    operation_id = "get_customer", tag = "customers",
    security(("customer_session" = []), ("storefront_key" = [], "customer_token" = [])),
    responses((status = 200, description = "The customer", body = Customer), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/customers/me")]
pub async fn get_customer(app: web::Data<App>, request: HttpRequest, customer: CustomerAuth) -> Result<HttpResponse> {
    let mut conn = app.connection().await?;
    let row = read::row(&mut conn, customer.id, false).await?;
    let body = read::shape(&mut conn, row).await?;
    etag::respond(&request, HttpResponse::Ok(), body.version, &body)
}

/// Change oneself
///
/// A merge patch: what is absent stays, `null` clears.
#[utoipa::path(
    operation_id = "update_customer", tag = "customers", request_body = CustomerPatch,
    security(("customer_session" = []), ("storefront_key" = [], "customer_token" = [])),
    params(("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on")),
    responses((status = 200, description = "Changed", body = Customer)),
)]
#[patch("/v1/customers/me")]
pub async fn update_customer(
    app: web::Data<App>,
    request: HttpRequest,
    customer: CustomerAuth,
    body: Json<CustomerPatch>,
) -> Result<HttpResponse> {
    let (expected, now, patch) = (&Expected::from_request(&request)?, app.clock.now(), &body.value);
    let mut conn = app.connection().await?;
    let body = db::transaction(&mut conn, |conn| {
        async move {
            let row = account::update(conn, customer.id, patch, expected, now).await?;
            read::shape(conn, row).await
        }
        .scope_boxed()
    })
    .await?;
    etag::respond(&request, HttpResponse::Ok(), body.version, &body)
}

/// Change one's password
///
/// By the present one. Every other session ends, links to a new password that were mailed before
/// are void, and a mail tells the customer.
#[utoipa::path(
    operation_id = "change_password", tag = "customers", request_body = PasswordChange,
    security(("customer_session" = []), ("storefront_key" = [], "customer_token" = [])),
    responses((status = 204, description = "Changed")),
)]
#[post("/v1/customers/me/password")]
pub async fn change_password(
    app: web::Data<App>,
    request: HttpRequest,
    customer: CustomerAuth,
    body: Json<PasswordChange>,
) -> Result<HttpResponse> {
    let change = &body.value;
    let row = {
        let mut conn = app.connection().await?;
        read::row(&mut conn, customer.id, false).await?
    };
    app.limits.password(&row.email, Caller::of(&request)).await?;
    require_unlike(&change.password, &row.email)?;
    if !app.passwords.verify(&change.current_password, Some(&row.password_hash)).await? {
        return Err(wrong_password());
    }
    let (hash, now) = (&app.passwords.hash(&change.password).await?, app.clock.now());
    let (whose, proven) = ((customer.id, customer.session), &row.password_hash);
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| {
        async move { account::change_password(conn, whose, proven, hash, now).await }.scope_boxed()
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List one's orders
///
/// Newest first, those included that were paid as a guest under the verified address before the last login.
#[utoipa::path(
    operation_id = "list_customer_orders", tag = "customers", params(PageQuery),
    security(("customer_session" = []), ("storefront_key" = [], "customer_token" = [])),
    responses((status = 200, description = "A page of orders", body = OrderList)),
)]
#[get("/v1/customers/me/orders")]
pub async fn list_customer_orders(
    app: web::Data<App>,
    request: HttpRequest,
    customer: CustomerAuth,
    query: Query<PageQuery>,
) -> Result<HttpResponse> {
    let after: Option<orders::After> = pagination::decode(query.0.cursor.as_deref())?;
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let mut conn = app.connection().await?;
    let found = orders::list_of_customer(&mut conn, customer.id, after, limit).await?;
    let (data, page) = pagination::paginate(found, limit, |order| (order.placed_at, order.id));
    let body = OrderList { data, page, total_count: None };
    Ok(pagination::answer(&request, &body.page).json(&body))
}
