//! An order's invoices for the shopper who placed it, and the forms that they come in.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY};
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::model::{Invoice, OrderInvoices};
use super::sheet::Sheet;
use super::{pdf, read, sheet};
use crate::app::App;
use crate::db::text_enum;
use crate::error::{Error, Result};
use crate::http::auth::OrderAccess;
use crate::http::extract::{Id, Query};
use crate::http::html;
use crate::ids::{InvoiceId, OrderId};
use crate::orders;

const PAGE: &str = include_str!("invoice.html");

const NO_STORE: &str = "private, no-store";

text_enum! {
    /// The form of an invoice.
    InvoiceFormat {
        /// Its members.
        Json => "json",
        /// A page to read and to print.
        Html => "html",
        /// A file to keep.
        Pdf => "pdf",
    }
}

/// In which form an invoice is wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FormatQuery {
    /// `json` when absent.
    pub format: Option<InvoiceFormat>,
}

/// Get my invoice
///
/// Of a paid order, in a shop that issues invoices (`seller` of the invoice settings).
#[utoipa::path(
    operation_id = "get_invoice", tag = "orders", security(("order_token" = []), ("customer_session" = []), ("storefront_key" = [], "customer_token" = [])),
    params(("id" = OrderId, Path, description = "The order's id"), FormatQuery),
    responses((status = 200, description = "The invoice", content(
        (Invoice = "application/json"), (String = "text/html"), (String = "application/pdf"),
    ))),
)]
#[get("/v1/orders/{id}/invoice")]
pub async fn get_invoice(
    app: web::Data<App>,
    id: Id<OrderId>,
    access: OrderAccess,
    query: Query<FormatQuery>,
) -> Result<HttpResponse> {
    let mut conn = app.connection().await?;
    orders::routes::authorise(&mut conn, &app, id.0, &access).await?;
    let invoice = read::of_order(&mut conn, id.0).await?.ok_or_else(|| Error::not_found("invoice"))?;
    drop(conn);
    respond(invoice, query.0.format).await
}

/// List my order's invoices
///
/// The invoice, credit notes and their reversals, oldest first.
#[utoipa::path(
    operation_id = "list_order_invoices", tag = "orders", security(("order_token" = []), ("customer_session" = []), ("storefront_key" = [], "customer_token" = [])),
    params(("id" = OrderId, Path, description = "The order's id")),
    responses((status = 200, description = "The documents", body = OrderInvoices)),
)]
#[get("/v1/orders/{id}/invoices")]
pub async fn list_order_invoices(app: web::Data<App>, id: Id<OrderId>, access: OrderAccess) -> Result<HttpResponse> {
    let mut conn = app.connection().await?;
    orders::routes::authorise(&mut conn, &app, id.0, &access).await?;
    Ok(HttpResponse::Ok().json(OrderInvoices { data: read::all_of_order(&mut conn, id.0).await? }))
}

/// Get one of my order's invoices
///
/// Also a credit note, or the reversal of one.
#[utoipa::path(
    operation_id = "get_order_invoice", tag = "orders", security(("order_token" = []), ("customer_session" = []), ("storefront_key" = [], "customer_token" = [])),
    params(
        ("id" = OrderId, Path, description = "The order's id"),
        ("invoice_id" = InvoiceId, Path, description = "The invoice's id"),
        FormatQuery,
    ),
    responses((status = 200, description = "The document", content(
        (Invoice = "application/json"), (String = "text/html"), (String = "application/pdf"),
    ))),
)]
#[get("/v1/orders/{id}/invoices/{invoice_id}")]
pub async fn get_order_invoice(
    app: web::Data<App>,
    request: HttpRequest,
    id: Id<OrderId>,
    access: OrderAccess,
    query: Query<FormatQuery>,
) -> Result<HttpResponse> {
    let mut conn = app.connection().await?;
    orders::routes::authorise(&mut conn, &app, id.0, &access).await?;
    let wanted: Option<InvoiceId> = request.match_info().get("invoice_id").and_then(|text| text.parse().ok());
    let invoice = read::find(&mut conn, wanted.ok_or_else(|| Error::not_found("invoice"))?).await?;
    if invoice.order_id != id.0 {
        return Err(Error::not_found("invoice"));
    }
    drop(conn);
    respond(invoice, query.0.format).await
}

/// What the page is made from.
#[derive(Serialize)]
struct Page<'a> {
    #[serde(flatten)]
    sheet: &'a Sheet,
    /// Where its file is, for who came by a link.
    file: Option<String>,
}

/// An invoice as a page; `file` is the address of its PDF. Never kept by anybody.
///
/// # Errors
/// A defect of the rendering.
pub(super) fn as_page(sheet: &Sheet, file: Option<String>) -> Result<HttpResponse> {
    let page = html::page(PAGE, &Page { sheet, file })?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, NO_STORE))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"))
        .content_type("text/html; charset=utf-8")
        .body(page))
}

/// An invoice in the form that is wanted. Never kept by shared caches.
///
/// # Errors
/// A defect of the rendering.
pub async fn respond(invoice: Invoice, format: Option<InvoiceFormat>) -> Result<HttpResponse> {
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CACHE_CONTROL, NO_STORE));
    match format.unwrap_or(InvoiceFormat::Json) {
        InvoiceFormat::Json => Ok(answer.json(invoice)),
        InvoiceFormat::Html => as_page(&sheet::of(&invoice), None),
        InvoiceFormat::Pdf => {
            // A number holds letters, digits and `-/._` only, which a file's name may, but for the slash.
            let name = format!("inline; filename=\"{}.pdf\"", invoice.number.replace('/', "-"));
            let drawn = web::block(move || pdf::file(&sheet::of(&invoice)));
            let file = drawn.await.map_err(|error| Error::Internal(format!("an invoice was not drawn: {error}")))??;
            answer.insert_header((CONTENT_DISPOSITION, name));
            Ok(answer.content_type("application/pdf").body(file))
        }
    }
}
