//! Imports for staff.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Deserialize;
use serde_json::Value;
use validator::Validate;

use super::model::{Import, ImportList, ImportRow, ImportRowList, ImportStatus, Options, Outcome, Summary};
use super::upload::{self, Sent};
use crate::app::App;
use crate::db::Connection;
use crate::db::schema::{import_rows, imports};
use crate::error::{Error, Result};
use crate::http::auth::Staff;
use crate::http::extract::{Id, PageQuery, Query};
use crate::http::pagination::{self, DEFAULT_LIMIT};
use crate::ids::ImportId;
use crate::money::Currency;
use crate::staff::api_keys::Scope;

/// The form of an import.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "only described here; the form is read piece by piece")]
struct ImportForm {
    /// Shopify's product CSV, in UTF-8, at most 256 MB.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// Only report what would happen (`false`).
    dry_run: Option<bool>,
    /// The currency of `Variant Price` and `Cost per item`; the shop's own when absent.
    currency: Option<Currency>,
    /// Also set the stock of variants that are there to the file's quantities (`false`). Scope `inventory:write`.
    set_inventory: Option<bool>,
    /// With `set_inventory`: when the quantities were true. A variant whose stock moved since is refused.
    as_of: Option<DateTime<Utc>>,
}

/// Import products
///
/// Takes Shopify's product CSV and imports it in the background. A product is found by its handle, a variant by its SKU
/// or option values; a product is imported whole or not at all, and the same file again changes nothing. Quantities are
/// taken for new variants only, unless `set_inventory` is set. Scope `products:write`.
#[utoipa::path(
    operation_id = "create_import", tag = "staff", security(("staff_key" = [])),
    request_body(content = inline(ImportForm), content_type = "multipart/form-data"),
    responses((status = 202, description = "Received; `Location` tells how it goes", body = Import)),
)]
#[post("/v1/admin/imports")]
pub async fn create_import(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    payload: web::Payload,
) -> Result<HttpResponse> {
    staff.require(Scope::ProductsWrite)?;
    let may_set_stock = staff.require(Scope::InventoryWrite);
    let sent = Sent { author: staff.author(), may_set_stock };
    let id = upload::receive(&app, &request, payload.into_inner(), sent).await?;
    app.wake.ring();
    let mut conn = app.connection().await?;
    let import = find(&mut conn, id).await?;
    Ok(HttpResponse::Accepted().insert_header((LOCATION, format!("/v1/admin/imports/{id}"))).json(import))
}

/// List imports
///
/// Newest first, for 30 days. Scope `products:read`.
#[utoipa::path(
    operation_id = "list_imports", tag = "staff", security(("staff_key" = [])), params(PageQuery),
    responses((status = 200, description = "A page of imports", body = ImportList)),
)]
#[get("/v1/admin/imports")]
pub async fn list_imports(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<PageQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::ProductsRead)?;
    let after: Option<(DateTime<Utc>, ImportId)> = pagination::decode(query.0.cursor.as_deref())?;
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let mut rows = imports::table.select(ImportColumns::as_select()).into_boxed();
    if let Some((at, id)) = after {
        rows = rows.filter(imports::created_at.lt(at).or(imports::created_at.eq(at).and(imports::id.lt(id))));
    }
    let mut conn = app.connection().await?;
    let rows = rows.order((imports::created_at.desc(), imports::id.desc())).limit(limit + 1).load(&mut conn).await?;
    let found: Vec<Import> = rows.into_iter().map(shape).collect::<Result<_>>()?;
    let (data, page) = pagination::paginate(found, limit, |import| (import.created_at, import.id));
    let body = ImportList { data, page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// Get an import
///
/// How far it is, and how many rows came out how. Scope `products:read`.
#[utoipa::path(
    operation_id = "get_import", tag = "staff", security(("staff_key" = [])),
    params(("id" = ImportId, Path, description = "The import's id")),
    responses((status = 200, description = "The import", body = Import)),
)]
#[get("/v1/admin/imports/{id}")]
pub async fn get_import(app: web::Data<App>, staff: Staff, id: Id<ImportId>) -> Result<HttpResponse> {
    staff.require(Scope::ProductsRead)?;
    let mut conn = app.connection().await?;
    Ok(HttpResponse::Ok().json(find(&mut conn, id.0).await?))
}

/// Which rows of an import.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportRowQuery {
    /// Only rows that came out so.
    pub outcome: Option<Outcome>,
    /// How many rows a page has.
    #[param(minimum = 1, maximum = 100, default = 20)]
    #[validate(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// List an import's rows
///
/// Each row's outcome and why, in the order of the file. Scope `products:read`.
#[utoipa::path(
    operation_id = "list_import_rows", tag = "staff", security(("staff_key" = [])),
    params(("id" = ImportId, Path, description = "The import's id"), ImportRowQuery),
    responses((status = 200, description = "A page of rows", body = ImportRowList)),
)]
#[get("/v1/admin/imports/{id}/rows")]
pub async fn list_import_rows(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<ImportId>,
    query: Query<ImportRowQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::ProductsRead)?;
    let after: Option<i64> = pagination::decode_key(query.0.cursor.as_deref())?;
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let mut conn = app.connection().await?;
    find(&mut conn, id.0).await?;
    let mut rows = import_rows::table
        .filter(import_rows::import_id.eq(id.0))
        .filter(import_rows::line.gt(after.unwrap_or_default()))
        .select((import_rows::line, import_rows::handle, import_rows::sku, import_rows::outcome, import_rows::messages))
        .into_boxed();
    if let Some(outcome) = query.0.outcome {
        rows = rows.filter(import_rows::outcome.eq(outcome));
    }
    type Columns = (i64, Option<String>, Option<String>, Outcome, Value);
    let found: Vec<Columns> = rows.order(import_rows::line).limit(limit + 1).load(&mut conn).await?;
    let row = |(line, handle, sku, outcome, messages)| {
        let messages = serde_json::from_value(messages).unwrap_or_default();
        ImportRow { line, handle, sku, outcome, messages }
    };
    let (data, page) = pagination::paginate(found.into_iter().map(row).collect(), limit, |row: &ImportRow| row.line);
    let body = ImportRowList { data, page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// A row of `imports`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = imports)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct ImportColumns {
    id: ImportId,
    status: ImportStatus,
    file_name: Option<String>,
    options: Value,
    bytes: i64,
    summary: Value,
    error: Option<String>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

async fn find(conn: &mut Connection, id: ImportId) -> Result<Import> {
    let row = imports::table.find(id).select(ImportColumns::as_select()).first(conn).await.optional()?;
    shape(row.ok_or_else(|| Error::not_found("import"))?)
}

fn shape(row: ImportColumns) -> Result<Import> {
    let wrong = |error: serde_json::Error| Error::Internal(format!("imports: {error}"));
    let options: Options = serde_json::from_value(row.options).map_err(wrong)?;
    let summary: Summary = serde_json::from_value(row.summary).map_err(wrong)?;
    Ok(Import {
        id: row.id,
        status: row.status,
        file_name: row.file_name,
        bytes: row.bytes,
        dry_run: options.dry_run,
        currency: options.currency,
        set_inventory: options.set_inventory,
        as_of: options.as_of,
        rows: summary.rows,
        products: summary.products,
        ignored_columns: summary.ignored_columns,
        error: row.error,
        created_at: row.created_at,
        finished_at: row.finished_at,
    })
}
