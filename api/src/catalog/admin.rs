//! The catalogue for staff.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use scoped_futures::ScopedFutureExt;
use serde::Deserialize;
use validator::Validate;

use super::model::{Product, ProductStatus, Variant};
use super::read::{self, After, Audience};
use super::requests::{NewProduct, ProductPatch, VariantPatch};
use super::routes::ProductList;
use super::write;
use crate::app::App;
use crate::db;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::etag::{self, Expected};
use crate::http::extract::{Id, Json, Query};
use crate::http::idempotency::{self, Answer};
use crate::http::pagination::{self, DEFAULT_LIMIT};
use crate::ids::{ProductId, VariantId};
use crate::staff::api_keys::Scope;

/// A page of all products.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StaffProductQuery {
    /// Only products of this status.
    pub status: Option<ProductStatus>,
    /// How many products a page has.
    #[param(minimum = 1, maximum = 100, default = 20)]
    #[validate(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Create a product
///
/// With its variants, prices and first stock, in one step. Scope `products:write`.
#[utoipa::path(
    operation_id = "create_product", tag = "staff", security(("staff_key" = [])), request_body = NewProduct,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe")),
    responses((status = 201, description = "Created", body = Product)),
)]
#[post("/v1/admin/products")]
pub async fn create_product(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    body: Json<NewProduct>,
) -> Result<HttpResponse> {
    staff.require(Scope::ProductsWrite)?;
    let key = idempotency::key(&request, staff.idempotency_scope(), &body.fingerprint)?;
    let (now, new) = (app.clock.now(), &body.value);
    let mut conn = app.connection().await?;
    let (answer, replayed) = idempotency::once(&mut conn, key.as_ref(), now, |conn| {
        async move {
            let id = write::create(conn, new, now).await?;
            let product = read::find(conn, &id.to_string(), Audience::Staff).await?;
            Answer::of(201, &product)
        }
        .scope_boxed()
    })
    .await?;
    let mut response = idempotency::respond(&answer, replayed);
    let location = answer.body.get("id").and_then(|id| id.as_str()).map(|id| format!("/v1/admin/products/{id}"));
    if let Some(Ok(location)) = location.map(|location| location.parse()) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// List all products
///
/// Drafts and archived ones included, with stock and every price. Scope `products:read`.
#[utoipa::path(
    operation_id = "list_all_products", tag = "staff", security(("staff_key" = [])), params(StaffProductQuery),
    responses((status = 200, description = "A page of products", body = ProductList)),
)]
#[get("/v1/admin/products")]
pub async fn list_all_products(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<StaffProductQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::ProductsRead)?;
    let after: Option<After> = pagination::decode(query.0.cursor.as_deref())?;
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let mut conn = app.connection().await?;
    let products = read::list(&mut conn, Audience::Staff, query.0.status, after, limit).await?;
    let (data, page) = pagination::paginate(products, limit, |product| (product.created_at, product.id));
    let body = ProductList { data, page };
    Ok(pagination::respond(&request, &body.page, &body))
}

/// Get any product
///
/// With stock and every price. Scope `products:read`.
#[utoipa::path(
    operation_id = "get_any_product", tag = "staff", security(("staff_key" = [])),
    params(("id" = ProductId, Path, description = "The product's id")),
    responses((status = 200, description = "The product", body = Product), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/admin/products/{id}")]
pub async fn get_any_product(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<ProductId>,
) -> Result<HttpResponse> {
    staff.require(Scope::ProductsRead)?;
    let mut conn = app.connection().await?;
    let product = read::find(&mut conn, &id.0.to_string(), Audience::Staff).await?;
    etag::respond(&request, HttpResponse::Ok(), product.version, &product)
}

/// Change a product
///
/// A merge patch: what is absent stays. Scope `products:write`.
#[utoipa::path(
    operation_id = "update_product", tag = "staff", security(("staff_key" = [])), request_body = ProductPatch,
    params(
        ("id" = ProductId, Path, description = "The product's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 200, description = "Changed", body = Product)),
)]
#[patch("/v1/admin/products/{id}")]
pub async fn update_product(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<ProductId>,
    body: Json<ProductPatch>,
) -> Result<HttpResponse> {
    staff.require(Scope::ProductsWrite)?;
    let (expected, now, patch) = (&Expected::from_request(&request)?, app.clock.now(), &body.value);
    let mut conn = app.connection().await?;
    let product = db::transaction(&mut conn, |conn| {
        async move {
            write::update(conn, id.0, patch, expected, now).await?;
            read::find(conn, &id.0.to_string(), Audience::Staff).await
        }
        .scope_boxed()
    })
    .await?;
    etag::respond(&request, HttpResponse::Ok(), product.version, &product)
}

/// Change a variant
///
/// A merge patch; `prices` replaces all prices. `If-Match` takes the product's `ETag`. Scope `products:write`.
#[utoipa::path(
    operation_id = "update_variant", tag = "staff", security(("staff_key" = [])), request_body = VariantPatch,
    params(
        ("id" = VariantId, Path, description = "The variant's id"),
        ("If-Match" = Option<String>, Header, description = "The product's `ETag` that the change is based on"),
    ),
    responses((status = 200, description = "Changed", body = Variant)),
)]
#[patch("/v1/admin/variants/{id}")]
pub async fn update_variant(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<VariantId>,
    body: Json<VariantPatch>,
) -> Result<HttpResponse> {
    staff.require(Scope::ProductsWrite)?;
    let (expected, now, patch) = (&Expected::from_request(&request)?, app.clock.now(), &body.value);
    let mut conn = app.connection().await?;
    let variant = db::transaction(&mut conn, |conn| {
        async move {
            write::update_variant(conn, id.0, patch, expected, now).await?;
            read::find_variant(conn, id.0, Audience::Staff).await
        }
        .scope_boxed()
    })
    .await?;
    Ok(HttpResponse::Ok().json(variant))
}
