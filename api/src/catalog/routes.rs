//! The catalogue for shoppers.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::model::{Product, Variant};
use super::read::{self, After, Audience};
use crate::app::App;
use crate::error::Result;
use crate::http::etag;
use crate::http::extract::{Id, Query};
use crate::http::pagination::{self, DEFAULT_LIMIT, Page};
use crate::ids::VariantId;
use crate::money::Currency;

/// Which currency prices are in.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CurrencyQuery {
    /// The currency of the prices; the shop's own when absent. Variants without a price in it are left out.
    pub currency: Option<Currency>,
}

/// A page of the catalogue.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProductQuery {
    /// The currency of the prices; the shop's own when absent.
    pub currency: Option<Currency>,
    /// How many products a page has.
    #[param(minimum = 1, maximum = 100, default = 20)]
    #[validate(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Products, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ProductList {
    /// The products.
    pub data: Vec<Product>,
    /// Where the list goes on.
    pub page: Page,
}

/// List products
///
/// Active products, newest first, with their variants that have a price in the currency.
#[utoipa::path(operation_id = "list_products", tag = "catalogue", params(ProductQuery), responses((status = 200, description = "A page of products", body = ProductList)))]
#[get("/v1/products")]
pub async fn list_products(
    app: web::Data<App>,
    request: HttpRequest,
    query: Query<ProductQuery>,
) -> Result<HttpResponse> {
    let after: Option<After> = pagination::decode(query.0.cursor.as_deref())?;
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let audience = Audience::Shopper(query.0.currency.unwrap_or(app.config.default_currency));
    let mut conn = app.connection().await?;
    let products = read::list(&mut conn, audience, None, after, limit).await?;
    let (data, page) = pagination::paginate(products, limit, |product| (product.created_at, product.id));
    let body = ProductList { data, page };
    Ok(pagination::respond(&request, &body.page, &body))
}

/// Get a product
///
/// By id or by slug.
#[utoipa::path(
    operation_id = "get_product", tag = "catalogue",
    params(("id_or_slug" = String, Path, description = "The product's id or slug", example = "trail-shirt"), CurrencyQuery),
    responses((status = 200, description = "The product", body = Product), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/products/{id_or_slug}")]
pub async fn get_product(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    query: Query<CurrencyQuery>,
) -> Result<HttpResponse> {
    let currency = query.0.currency.unwrap_or(app.config.default_currency);
    let mut conn = app.connection().await?;
    let product = read::find(&mut conn, &id, Audience::Shopper(currency)).await?;
    etag::respond(&request, HttpResponse::Ok(), product.version, &product)
}

/// Get a variant
#[utoipa::path(
    operation_id = "get_variant", tag = "catalogue",
    params(("id" = VariantId, Path, description = "The variant's id"), CurrencyQuery),
    responses((status = 200, description = "The variant", body = Variant)),
)]
#[get("/v1/variants/{id}")]
pub async fn get_variant(app: web::Data<App>, id: Id<VariantId>, query: Query<CurrencyQuery>) -> Result<HttpResponse> {
    let currency = query.0.currency.unwrap_or(app.config.default_currency);
    let mut conn = app.connection().await?;
    let variant = read::find_variant(&mut conn, id.0, Audience::Shopper(currency)).await?;
    Ok(HttpResponse::Ok().json(variant))
}
