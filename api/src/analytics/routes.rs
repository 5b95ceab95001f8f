//! The analytics, for the dashboard and whoever else draws charts.

use actix_web::{HttpResponse, get, web};

use super::funnel::{self, Funnel};
use super::inventory::{self, InventoryAnalytics, InventoryAnalyticsQuery, InventoryRanking};
use super::metrics::{self, AnalyticsSummary};
use super::period::{AnalyticsComparison, AnalyticsQuery};
use super::products::{self, ProductAnalytics, ProductAnalyticsQuery, ProductGrouping, ProductRanking};
use super::series;
use super::shapes::{AnalyticsSeries, CustomerFigures, DiscountFigures, OrderFigures, RefundFigures, RevenueFigures};
use crate::app::App;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::extract::Query;
use crate::staff::api_keys::Scope;

/// The schemas that only queries name.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(AnalyticsComparison, InventoryRanking, ProductGrouping, ProductRanking)))]
pub struct Schemas;

/// Summarise sales
///
/// All figures of a period, beside those of another when `compare` says so. Days are those of `time_zone`, `from` and `to` included.
/// What each figure means: docs/ANALYTICS.md. Scope `analytics:read`.
#[utoipa::path(
    operation_id = "get_analytics_summary", tag = "staff", security(("staff_key" = [])), params(AnalyticsQuery),
    responses((status = 200, description = "The figures", body = AnalyticsSummary)),
)]
#[get("/v1/admin/analytics/summary")]
pub async fn get_analytics_summary(
    app: web::Data<App>,
    staff: Staff,
    query: Query<AnalyticsQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::AnalyticsRead)?;
    let mut conn = app.report_connection().await?;
    Ok(HttpResponse::Ok().json(metrics::summary(&mut conn, &app, &query.0).await?))
}

/// Analyse revenue
///
/// For each bucket of the period, also where nothing happened, beside another period when `compare` says so. Days are those of
/// `time_zone`, `from` and `to` included. What each figure means: docs/ANALYTICS.md. Scope `analytics:read`.
#[utoipa::path(
    operation_id = "get_revenue_analytics", tag = "staff", security(("staff_key" = [])), params(AnalyticsQuery),
    responses((status = 200, description = "The series", body = AnalyticsSeries<RevenueFigures>)),
)]
#[get("/v1/admin/analytics/revenue")]
pub async fn get_revenue_analytics(
    app: web::Data<App>,
    staff: Staff,
    query: Query<AnalyticsQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::AnalyticsRead)?;
    let mut conn = app.report_connection().await?;
    Ok(HttpResponse::Ok().json(series::read::<RevenueFigures>(&mut conn, &app, &query.0).await?))
}

/// Analyse orders
///
/// For each bucket of the period, also where nothing happened, beside another period when `compare` says so. Days are those of
/// `time_zone`, `from` and `to` included. What each figure means: docs/ANALYTICS.md. Scope `analytics:read`.
#[utoipa::path(
    operation_id = "get_orders_analytics", tag = "staff", security(("staff_key" = [])), params(AnalyticsQuery),
    responses((status = 200, description = "The series", body = AnalyticsSeries<OrderFigures>)),
)]
#[get("/v1/admin/analytics/orders")]
pub async fn get_orders_analytics(
    app: web::Data<App>,
    staff: Staff,
    query: Query<AnalyticsQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::AnalyticsRead)?;
    let mut conn = app.report_connection().await?;
    Ok(HttpResponse::Ok().json(series::read::<OrderFigures>(&mut conn, &app, &query.0).await?))
}

/// Analyse customers
///
/// For each bucket of the period, also where nothing happened, beside another period when `compare` says so. Days are those of
/// `time_zone`, `from` and `to` included. What each figure means: docs/ANALYTICS.md. Scope `analytics:read`.
#[utoipa::path(
    operation_id = "get_customers_analytics", tag = "staff", security(("staff_key" = [])), params(AnalyticsQuery),
    responses((status = 200, description = "The series", body = AnalyticsSeries<CustomerFigures>)),
)]
#[get("/v1/admin/analytics/customers")]
pub async fn get_customers_analytics(
    app: web::Data<App>,
    staff: Staff,
    query: Query<AnalyticsQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::AnalyticsRead)?;
    let mut conn = app.report_connection().await?;
    Ok(HttpResponse::Ok().json(series::read::<CustomerFigures>(&mut conn, &app, &query.0).await?))
}

/// Analyse discounts
///
/// For each bucket of the period, also where nothing happened, beside another period when `compare` says so. Days are those of
/// `time_zone`, `from` and `to` included. What each figure means: docs/ANALYTICS.md. Scope `analytics:read`.
#[utoipa::path(
    operation_id = "get_discounts_analytics", tag = "staff", security(("staff_key" = [])), params(AnalyticsQuery),
    responses((status = 200, description = "The series", body = AnalyticsSeries<DiscountFigures>)),
)]
#[get("/v1/admin/analytics/discounts")]
pub async fn get_discounts_analytics(
    app: web::Data<App>,
    staff: Staff,
    query: Query<AnalyticsQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::AnalyticsRead)?;
    let mut conn = app.report_connection().await?;
    Ok(HttpResponse::Ok().json(series::read::<DiscountFigures>(&mut conn, &app, &query.0).await?))
}

/// Analyse refunds
///
/// For each bucket of the period, also where nothing happened, beside another period when `compare` says so. Days are those of
/// `time_zone`, `from` and `to` included. What each figure means: docs/ANALYTICS.md. Scope `analytics:read`.
#[utoipa::path(
    operation_id = "get_refunds_analytics", tag = "staff", security(("staff_key" = [])), params(AnalyticsQuery),
    responses((status = 200, description = "The series", body = AnalyticsSeries<RefundFigures>)),
)]
#[get("/v1/admin/analytics/refunds")]
pub async fn get_refunds_analytics(
    app: web::Data<App>,
    staff: Staff,
    query: Query<AnalyticsQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::AnalyticsRead)?;
    let mut conn = app.report_connection().await?;
    Ok(HttpResponse::Ok().json(series::read::<RefundFigures>(&mut conn, &app, &query.0).await?))
}

/// Analyse products
///
/// What sold best in a period, by product or by variant. `sell_through` compares it with what is on hand now. What each figure
/// means: docs/ANALYTICS.md. Scope `analytics:read`.
#[utoipa::path(
    operation_id = "get_product_analytics", tag = "staff", security(("staff_key" = [])), params(ProductAnalyticsQuery),
    responses((status = 200, description = "The best", body = ProductAnalytics)),
)]
#[get("/v1/admin/analytics/products")]
pub async fn get_product_analytics(
    app: web::Data<App>,
    staff: Staff,
    query: Query<ProductAnalyticsQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::AnalyticsRead)?;
    let mut conn = app.report_connection().await?;
    Ok(HttpResponse::Ok().json(products::read(&mut conn, &app, &query.0).await?))
}

/// Analyse the way to the order
///
/// How many carts were made, were first filled, were first checked out, and were paid in the period; of all currencies.
/// `bucket`, `currency` and `convert` change nothing. Scope `analytics:read`.
#[utoipa::path(
    operation_id = "get_funnel_analytics", tag = "staff", security(("staff_key" = [])), params(AnalyticsQuery),
    responses((status = 200, description = "The steps", body = Funnel)),
)]
#[get("/v1/admin/analytics/funnel")]
pub async fn get_funnel_analytics(
    app: web::Data<App>,
    staff: Staff,
    query: Query<AnalyticsQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::AnalyticsRead)?;
    let mut conn = app.report_connection().await?;
    Ok(HttpResponse::Ok().json(funnel::read(&mut conn, &app, &query.0).await?))
}

/// Analyse the stock
///
/// How long the stock of each variant lasts at the pace of the last thirty days. Scope `analytics:read`.
#[utoipa::path(
    operation_id = "get_inventory_analytics", tag = "staff", security(("staff_key" = [])), params(InventoryAnalyticsQuery),
    responses((status = 200, description = "The variants", body = InventoryAnalytics)),
)]
#[get("/v1/admin/analytics/inventory")]
pub async fn get_inventory_analytics(
    app: web::Data<App>,
    staff: Staff,
    query: Query<InventoryAnalyticsQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::AnalyticsRead)?;
    let mut conn = app.report_connection().await?;
    let today = app.clock.now().date_naive();
    Ok(HttpResponse::Ok().json(inventory::read(&mut conn, &query.0, today).await?))
}
