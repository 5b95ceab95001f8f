//! What runs low, for staff: as a list, and as a file.

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, SecondsFormat, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::app::App;
use crate::db::Connection;
use crate::db::schema::{products, stock_levels, variants};
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::csv::{self, harmless};
use crate::http::extract::Query;
use crate::http::pagination::{self, DEFAULT_LIMIT, Page};
use crate::ids::{ProductId, VariantId};
use crate::staff::api_keys::Scope;

/// The most rows of a file.
const MOST_ROWS: i64 = 100_000;

/// Which page of what runs low.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LowStockQuery {
    /// Only what nothing is left of (`true`), or only what some is left of (`false`).
    pub out_of_stock: Option<bool>,
    /// How many items a page has.
    #[param(minimum = 1, maximum = 100, default = 20)]
    #[validate(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Which rows of the file.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LowStockFileQuery {
    /// Only what nothing is left of (`true`), or only what some is left of (`false`).
    pub out_of_stock: Option<bool>,
}

/// A variant that runs low.
#[derive(Debug, Queryable, Serialize, utoipa::ToSchema)]
pub struct LowStockItem {
    /// The variant.
    pub variant_id: VariantId,
    /// Its product.
    pub product_id: ProductId,
    /// Stock keeping unit.
    pub sku: String,
    /// The product's name.
    pub title: String,
    /// What sets the variant apart.
    pub variant_title: String,
    /// Units that are there.
    pub on_hand: i64,
    /// What of it is held for checkouts.
    pub reserved: i64,
    /// At or under this many on hand it counts as low.
    pub low_stock_threshold: i64,
    /// Since when.
    pub low_since: DateTime<Utc>,
}

/// A page of what runs low.
#[derive(Serialize, utoipa::ToSchema)]
pub struct LowStockList {
    /// The variants; what ran low last comes first.
    pub data: Vec<LowStockItem>,
    /// Where the list goes on.
    pub page: Page,
}

type After = (DateTime<Utc>, VariantId);

async fn items(
    conn: &mut Connection,
    out_of_stock: Option<bool>,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<LowStockItem>> {
    let mut query = stock_levels::table
        .inner_join(variants::table.on(variants::id.eq(stock_levels::variant_id)))
        .inner_join(products::table.on(products::id.eq(variants::product_id)))
        .filter(stock_levels::low_since.is_not_null())
        .select((
            variants::id,
            variants::product_id,
            variants::sku,
            products::title,
            variants::title,
            stock_levels::on_hand,
            stock_levels::reserved,
            stock_levels::low_stock_threshold,
            stock_levels::low_since.assume_not_null(),
        ))
        .into_boxed();
    query = match out_of_stock {
        Some(true) => query.filter(stock_levels::on_hand.le(0)),
        Some(false) => query.filter(stock_levels::on_hand.gt(0)),
        None => query,
    };
    if let Some((at, variant)) = after {
        let same_time = stock_levels::low_since.eq(at).and(stock_levels::variant_id.lt(variant));
        query = query.filter(stock_levels::low_since.lt(at).or(same_time).assume_not_null());
    }
    Ok(query.order((stock_levels::low_since.desc(), stock_levels::variant_id.desc())).limit(limit).load(conn).await?)
}

/// List what runs low
///
/// Variants of which as few are on hand as their `low_stock_threshold`, or fewer. What is held for checkouts counts as on
/// hand. Scope `products:read`.
#[utoipa::path(
    operation_id = "list_low_stock", tag = "staff", security(("staff_key" = [])), params(LowStockQuery),
    responses((status = 200, description = "A page of variants", body = LowStockList)),
)]
#[get("/v1/admin/low-stock")]
pub async fn list_low_stock(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<LowStockQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::ProductsRead)?;
    let after: Option<After> = pagination::decode(query.0.cursor.as_deref())?;
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let mut conn = app.connection().await?;
    let found = items(&mut conn, query.0.out_of_stock, after, limit + 1).await?;
    let (data, page) = pagination::paginate(found, limit, |item| (item.low_since, item.variant_id));
    let body = LowStockList { data, page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// Export what runs low
///
/// The same as a CSV file, of 100,000 rows at most. Texts that a spreadsheet would take for a formula begin with an
/// apostrophe. Scope `products:read`.
#[utoipa::path(
    operation_id = "export_low_stock", tag = "staff", security(("staff_key" = [])), params(LowStockFileQuery),
    responses((status = 200, description = "The file", body = String, content_type = "text/csv")),
)]
#[get("/v1/admin/low-stock.csv")]
pub async fn export_low_stock(
    app: web::Data<App>,
    staff: Staff,
    query: Query<LowStockFileQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::ProductsRead)?;
    let items = {
        let mut conn = app.connection().await?;
        items(&mut conn, query.0.out_of_stock, None, MOST_ROWS).await?
    };
    Ok(csv::download(&mut HttpResponse::Ok(), "low-stock.csv").body(file(&items)?))
}

fn file(items: &[LowStockItem]) -> Result<Vec<u8>> {
    let headings =
        ["sku", "product", "variant", "on_hand", "reserved", "low_stock_threshold", "low_since", "variant_id"];
    let row = |item: &LowStockItem| {
        [
            harmless(&item.sku),
            harmless(&item.title),
            harmless(&item.variant_title),
            item.on_hand.to_string(),
            item.reserved.to_string(),
            item.low_stock_threshold.to_string(),
            item.low_since.to_rfc3339_opts(SecondsFormat::Secs, true),
            item.variant_id.to_string(),
        ]
    };
    csv::rows(std::iter::once(headings.map(str::to_owned)).chain(items.iter().map(row)))
}
