//! Products for staff.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use scoped_futures::ScopedFutureExt;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::filter::Filter;
use super::list::{self, Sort, TotalCount};
use super::model::{Product, ProductStatus};
use super::patches::ProductPatch;
use super::read::{self, Audience};
use super::requests::NewProduct;
use super::routes::{Include, order, parts, words};
use super::write;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::db;
use crate::error::{Error, Result};
use crate::http::auth::Staff;
use crate::http::etag::{self, Expected};
use crate::http::extract::{Id, Json, Query};
use crate::http::idempotency::{self, Answer};
use crate::http::pagination::{self, DEFAULT_LIMIT, Page};
use crate::ids::ProductId;
use crate::staff::api_keys::Scope;

/// A page of all products.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StaffProductQuery {
    /// Words, SKUs or barcodes to search for.
    #[param(max_length = 200)]
    #[validate(length(max = 200))]
    pub q: Option<String>,
    /// Only products of this status.
    pub status: Option<ProductStatus>,
    /// In any of these collections, by slug or id, comma-separated.
    #[validate(length(max = 2000))]
    pub collection: Option<String>,
    /// The order; `relevance` with `q`, else `-created_at` when absent. Not by price, as staff see every currency.
    pub sort: Option<Sort>,
    /// `total_count`: how many products there are in all, exact up to 10,000.
    pub include: Option<Include>,
    /// How many products a page has.
    #[param(minimum = 1, maximum = 100, default = 20)]
    #[validate(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// A page of whole products.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ProductList {
    /// The products.
    pub data: Vec<Product>,
    /// Where the list goes on.
    pub page: Page,
    /// With `include=total_count`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub total_count: Option<TotalCount>,
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
    let (now, new, locale, author) = (app.clock.now(), &body.value, app.config.locale(), staff.author());
    let mut conn = app.connection().await?;
    let (answer, replayed) = idempotency::once(&mut conn, key.as_ref(), now, |conn| {
        async move {
            let product = write::create(conn, new, locale, now).await?;
            let entry = Entry::new(Action::ProductCreated, product.id).made(&product);
            audit::record(conn, author, entry, now).await?;
            Answer::of(201, &product)
        }
        .scope_boxed()
    })
    .await?;
    Ok(idempotency::respond_created(&answer, replayed, "/v1/admin/products"))
}

/// List all products
///
/// Drafts and archived ones included, with stock, every price and every language. Scope `products:read`.
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
    let query = query.0;
    let words = words(query.q.as_deref());
    let sort = match order(query.sort, words.is_some())? {
        Sort::Cheapest | Sort::Dearest => {
            let detail = "cannot be by price here, as staff see every currency";
            return Err(Error::invalid_query("sort", "choice", detail));
        }
        sort @ (Sort::Relevance | Sort::Newest | Sort::Oldest | Sort::Title) => sort,
    };
    let mut filter =
        Filter { status: query.status, collections: parts(query.collection.as_deref()), ..Filter::everything() };
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    let mut conn = app.connection().await?;
    let searchable = match words {
        Some(words) => list::search(&mut conn, &mut filter, words, app.config.locale()).await?,
        None => true,
    };
    let (data, page) = if searchable {
        list::staff_page(&mut conn, &filter, sort, query.cursor.as_deref(), limit).await?
    } else {
        (Vec::new(), Page { next_cursor: None, has_more: false })
    };
    let total_count = match query.include {
        Some(Include::TotalCount) if searchable => Some(list::total_count(&mut conn, &filter).await?),
        Some(Include::TotalCount) => Some(TotalCount::of(0)),
        None => None,
    };
    let body = ProductList { data, page, total_count };
    Ok(pagination::answer(&request, &body.page).json(&body))
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
    let product = read::find(&mut conn, &id.0.to_string(), &Audience::Staff).await?;
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
    let (locale, author) = (app.config.locale(), staff.author());
    let mut conn = app.connection().await?;
    let product = db::transaction(&mut conn, |conn| {
        async move {
            let (before, product) = write::update(conn, id.0, patch, expected, locale, now).await?;
            let entry = Entry::new(Action::ProductUpdated, id.0).changed(&before, &product);
            audit::record(conn, author, entry, now).await?;
            Ok(product)
        }
        .scope_boxed()
    })
    .await?;
    etag::respond(&request, HttpResponse::Ok(), product.version, &product)
}

/// Archive a product
///
/// It leaves the shop, and carts that hold it say so; orders keep their lines. Nothing is lost: set `status` to sell it
/// again. Scope `products:write`.
#[utoipa::path(
    operation_id = "delete_product", tag = "staff", security(("staff_key" = [])),
    params(
        ("id" = ProductId, Path, description = "The product's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 204, description = "Archived")),
)]
#[delete("/v1/admin/products/{id}")]
pub async fn delete_product(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<ProductId>,
) -> Result<HttpResponse> {
    staff.require(Scope::ProductsWrite)?;
    let (expected, now, locale) = (&Expected::from_request(&request)?, app.clock.now(), app.config.locale());
    let author = staff.author();
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| {
        async move {
            let before = write::archive(conn, id.0, expected, locale, now).await?;
            let entry = Entry::new(Action::ProductArchived, id.0).moved("/status", before, ProductStatus::Archived);
            audit::record(conn, author, entry, now).await
        }
        .scope_boxed()
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
