//! Customers' addresses over HTTP.

use actix_web::{HttpResponse, delete, get, patch, post, web};
use scoped_futures::ScopedFutureExt;

use super::addresses;
use super::model::{AddressList, CustomerAddress};
use super::requests::{AddressPatch, NewAddress};
use crate::app::App;
use crate::db;
use crate::error::Result;
use crate::http::auth::CustomerAuth;
use crate::http::extract::{Id, Json};
use crate::ids::CustomerAddressId;

/// List one's addresses
///
/// All of them, oldest first.
#[utoipa::path(
    operation_id = "list_customer_addresses", tag = "customers",
    security(("customer_session" = []), ("storefront_key" = [], "customer_token" = [])),
    responses((status = 200, description = "The addresses", body = AddressList)),
)]
#[get("/v1/customers/me/addresses")]
pub async fn list_customer_addresses(app: web::Data<App>, customer: CustomerAuth) -> Result<HttpResponse> {
    let mut conn = app.connection().await?;
    Ok(HttpResponse::Ok().json(AddressList { data: addresses::list(&mut conn, customer.id).await? }))
}

/// Add an address
///
/// At most 50. A new default takes the place of the one before.
#[utoipa::path(
    operation_id = "create_customer_address", tag = "customers", request_body = NewAddress,
    security(("customer_session" = []), ("storefront_key" = [], "customer_token" = [])),
    responses((status = 201, description = "Added", body = CustomerAddress)),
)]
#[post("/v1/customers/me/addresses")]
pub async fn create_customer_address(
    app: web::Data<App>,
    customer: CustomerAuth,
    body: Json<NewAddress>,
) -> Result<HttpResponse> {
    let (now, new) = (app.clock.now(), &body.value);
    let mut conn = app.connection().await?;
    let address = db::transaction(&mut conn, |conn| {
        async move { addresses::create(conn, customer.id, new, now).await }.scope_boxed()
    })
    .await?;
    Ok(HttpResponse::Created().json(address))
}

/// Change an address
///
/// What is absent stays.
#[utoipa::path(
    operation_id = "update_customer_address", tag = "customers", request_body = AddressPatch,
    security(("customer_session" = []), ("storefront_key" = [], "customer_token" = [])),
    params(("id" = CustomerAddressId, Path, description = "The address's id")),
    responses((status = 200, description = "Changed", body = CustomerAddress)),
)]
#[patch("/v1/customers/me/addresses/{id}")]
pub async fn update_customer_address(
    app: web::Data<App>,
    customer: CustomerAuth,
    id: Id<CustomerAddressId>,
    body: Json<AddressPatch>,
) -> Result<HttpResponse> {
    let (now, patch) = (app.clock.now(), &body.value);
    let mut conn = app.connection().await?;
    let address = db::transaction(&mut conn, |conn| {
        async move { addresses::update(conn, customer.id, id.0, patch, now).await }.scope_boxed()
    })
    .await?;
    Ok(HttpResponse::Ok().json(address))
}

/// Delete an address
///
/// Carts and orders keep theirs.
#[utoipa::path(
    operation_id = "delete_customer_address", tag = "customers",
    security(("customer_session" = []), ("storefront_key" = [], "customer_token" = [])),
    params(("id" = CustomerAddressId, Path, description = "The address's id")),
    responses((status = 204, description = "Deleted")),
)]
#[delete("/v1/customers/me/addresses/{id}")]
pub async fn delete_customer_address(
    app: web::Data<App>,
    customer: CustomerAuth,
    id: Id<CustomerAddressId>,
) -> Result<HttpResponse> {
    let mut conn = app.connection().await?;
    addresses::delete(&mut conn, customer.id, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
