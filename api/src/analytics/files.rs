//! The analytics as CSV files.

use actix_web::{HttpResponse, get, web};

use super::funnel;
use super::inventory::{self, InventoryAnalyticsQuery};
use super::metrics;
use super::period::AnalyticsQuery;
use super::products::{self, ProductAnalyticsQuery};
use super::series;
use super::shapes::{CustomerFigures, DiscountFigures, OrderFigures, RefundFigures, RevenueFigures};
use super::table::Table;
use crate::app::App;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::extract::Query;
use crate::staff::api_keys::Scope;

/// Export the summary of sales
///
/// The same as a CSV file: amounts are decimal numbers, and rows of a period of comparison say so. Scope `analytics:read`.
#[utoipa::path(
    operation_id = "export_analytics_summary", tag = "staff", security(("staff_key" = [])), params(AnalyticsQuery),
    responses((status = 200, description = "The file", body = String, content_type = "text/csv")),
)]
#[get("/v1/admin/analytics/summary.csv")]
pub async fn export_analytics_summary(
    app: web::Data<App>,
    staff: Staff,
    query: Query<AnalyticsQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::AnalyticsRead)?;
    let mut conn = app.report_connection().await?;
    Table::of_summary(&metrics::summary(&mut conn, &app, &query.0).await?).answer("summary")
}

/// Export revenue
///
/// The same as a CSV file: amounts are decimal numbers, and rows of a period of comparison say so. Scope `analytics:read`.
#[utoipa::path(
    operation_id = "export_revenue_analytics", tag = "staff", security(("staff_key" = [])), params(AnalyticsQuery),
    responses((status = 200, description = "The file", body = String, content_type = "text/csv")),
)]
#[get("/v1/admin/analytics/revenue.csv")]
pub async fn export_revenue_analytics(
    app: web::Data<App>,
    staff: Staff,
    query: Query<AnalyticsQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::AnalyticsRead)?;
    let mut conn = app.report_connection().await?;
    Table::of_series(&series::read::<RevenueFigures>(&mut conn, &app, &query.0).await?).answer("revenue")
}

/// Export orders
///
/// The same as a CSV file: amounts are decimal numbers, and rows of a period of comparison say so. Scope `analytics:read`.
#[utoipa::path(
    operation_id = "export_orders_analytics", tag = "staff", security(("staff_key" = [])), params(AnalyticsQuery),
    responses((status = 200, description = "The file", body = String, content_type = "text/csv")),
)]
#[get("/v1/admin/analytics/orders.csv")]
pub async fn export_orders_analytics(
    app: web::Data<App>,
    staff: Staff,
    query: Query<AnalyticsQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::AnalyticsRead)?;
    let mut conn = app.report_connection().await?;
    Table::of_series(&series::read::<OrderFigures>(&mut conn, &app, &query.0).await?).answer("orders")
}

/// Export customers
///
/// The same as a CSV file: amounts are decimal numbers, and rows of a period of comparison say so. Scope `analytics:read`.
#[utoipa::path(
    operation_id = "export_customers_analytics", tag = "staff", security(("staff_key" = [])), params(AnalyticsQuery),
    responses((status = 200, description = "The file", body = String, content_type = "text/csv")),
)]
#[get("/v1/admin/analytics/customers.csv")]
pub async fn export_customers_analytics(
    app: web::Data<App>,
    staff: Staff,
    query: Query<AnalyticsQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::AnalyticsRead)?;
    let mut conn = app.report_connection().await?;
    Table::of_series(&series::read::<CustomerFigures>(&mut conn, &app, &query.0).await?).answer("customers")
}

/// Export discounts
///
/// The same as a CSV file: amounts are decimal numbers, and rows of a period of comparison say so. Scope `analytics:read`.
#[utoipa::path(
    operation_id = "export_discounts_analytics", tag = "staff", security(("staff_key" = [])), params(AnalyticsQuery),
    responses((status = 200, description = "The file", body = String, content_type = "text/csv")),
)]
#[get("/v1/admin/analytics/discounts.csv")]
pub async fn export_discounts_analytics(
    app: web::Data<App>,
    staff: Staff,
    query: Query<AnalyticsQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::AnalyticsRead)?;
    let mut conn = app.report_connection().await?;
    Table::of_series(&series::read::<DiscountFigures>(&mut conn, &app, &query.0).await?).answer("discounts")
}

/// Export refunds
///
/// The same as a CSV file: amounts are decimal numbers, and rows of a period of comparison say so. Scope `analytics:read`.
#[utoipa::path(
    operation_id = "export_refunds_analytics", tag = "staff", security(("staff_key" = [])), params(AnalyticsQuery),
    responses((status = 200, description = "The file", body = String, content_type = "text/csv")),
)]
#[get("/v1/admin/analytics/refunds.csv")]
pub async fn export_refunds_analytics(
    app: web::Data<App>,
    staff: Staff,
    query: Query<AnalyticsQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::AnalyticsRead)?;
    let mut conn = app.report_connection().await?;
    Table::of_series(&series::read::<RefundFigures>(&mut conn, &app, &query.0).await?).answer("refunds")
}

/// Export what sold best
///
/// The same as a CSV file: amounts are decimal numbers, and rows of a period of comparison say so. Scope `analytics:read`.
#[utoipa::path(
    operation_id = "export_product_analytics", tag = "staff", security(("staff_key" = [])), params(ProductAnalyticsQuery),
    responses((status = 200, description = "The file", body = String, content_type = "text/csv")),
)]
#[get("/v1/admin/analytics/products.csv")]
pub async fn export_product_analytics(
    app: web::Data<App>,
    staff: Staff,
    query: Query<ProductAnalyticsQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::AnalyticsRead)?;
    let mut conn = app.report_connection().await?;
    Table::of_products(&products::read(&mut conn, &app, &query.0).await?).answer("products")
}

/// Export the way to the order
///
/// The same as a CSV file: amounts are decimal numbers, and rows of a period of comparison say so. Scope `analytics:read`.
#[utoipa::path(
    operation_id = "export_funnel_analytics", tag = "staff", security(("staff_key" = [])), params(AnalyticsQuery),
    responses((status = 200, description = "The file", body = String, content_type = "text/csv")),
)]
#[get("/v1/admin/analytics/funnel.csv")]
pub async fn export_funnel_analytics(
    app: web::Data<App>,
    staff: Staff,
    query: Query<AnalyticsQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::AnalyticsRead)?;
    let mut conn = app.report_connection().await?;
    Table::of_funnel(&funnel::read(&mut conn, &app, &query.0).await?).answer("funnel")
}

/// Export how long the stock lasts
///
/// The same as a CSV file. Texts that a spreadsheet would take for a formula begin with an apostrophe. Scope `analytics:read`.
#[utoipa::path(
    operation_id = "export_inventory_analytics", tag = "staff", security(("staff_key" = [])), params(InventoryAnalyticsQuery),
    responses((status = 200, description = "The file", body = String, content_type = "text/csv")),
)]
#[get("/v1/admin/analytics/inventory.csv")]
pub async fn export_inventory_analytics(
    app: web::Data<App>,
    staff: Staff,
    query: Query<InventoryAnalyticsQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::AnalyticsRead)?;
    let mut conn = app.report_connection().await?;
    let today = app.clock.now().date_naive();
    Table::of_inventory(&inventory::read(&mut conn, &query.0, today).await?).answer("inventory")
}
