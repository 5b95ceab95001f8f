//! Invoices for staff.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use chrono::{DateTime, Utc};
use scoped_futures::ScopedFutureExt;
use serde::Deserialize;
use validator::Validate;

use super::model::{Invoice, InvoiceKind, InvoiceList};
use super::read::{After, Filter};
use super::routes::{FormatQuery, respond};
use super::settings::{InvoiceSettings, InvoiceSettingsDocument, InvoiceSettingsPatch};
use super::{issue, read};
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::db;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::etag::{self, Expected};
use crate::http::extract::{Id, Json, Query};
use crate::http::pagination::{self, DEFAULT_LIMIT};
use crate::ids::{InvoiceId, OrderId};
use crate::settings::{self, Changed, Section, Versioned};
use crate::staff::api_keys::Scope;

/// Which invoices.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InvoiceQuery {
    /// Only of this kind.
    pub kind: Option<InvoiceKind>,
    /// Only about this order.
    pub order_id: Option<OrderId>,
    /// Issued at or after.
    pub issued_from: Option<DateTime<Utc>>,
    /// Issued before.
    pub issued_until: Option<DateTime<Utc>>,
    /// How many items a page has.
    #[param(minimum = 1, maximum = 100, default = 20)]
    #[validate(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// List invoices
///
/// With credit notes and their reversals, newest first. Scope `orders:read`.
#[utoipa::path(
    operation_id = "list_invoices", tag = "staff", security(("staff_key" = [])), params(InvoiceQuery),
    responses((status = 200, description = "A page of invoices", body = InvoiceList)),
)]
#[get("/v1/admin/invoices")]
pub async fn list_invoices(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<InvoiceQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::OrdersRead)?;
    let query = query.0;
    let after: Option<After> = pagination::decode(query.cursor.as_deref())?;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    let filter = Filter { kind: query.kind, order: query.order_id, from: query.issued_from, until: query.issued_until };
    let mut conn = app.connection().await?;
    let found = read::list(&mut conn, &filter, after, limit + 1).await?;
    let (data, page) = pagination::paginate(found, limit, |invoice: &Invoice| (invoice.issued_at, invoice.id));
    let body = InvoiceList { data, page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// Get any invoice
///
/// Also a credit note, or the reversal of one. Scope `orders:read`.
#[utoipa::path(
    operation_id = "get_any_invoice", tag = "staff", security(("staff_key" = [])),
    params(("id" = InvoiceId, Path, description = "The invoice's id"), FormatQuery),
    responses((status = 200, description = "The invoice", content(
        (Invoice = "application/json"), (String = "text/html"), (String = "application/pdf"),
    ))),
)]
#[get("/v1/admin/invoices/{id}")]
pub async fn get_any_invoice(
    app: web::Data<App>,
    staff: Staff,
    id: Id<InvoiceId>,
    query: Query<FormatQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::OrdersRead)?;
    let mut conn = app.connection().await?;
    let invoice = read::find(&mut conn, id.0).await?;
    drop(conn);
    respond(invoice, query.0.format).await
}

/// Issue a missing invoice
///
/// For an order that was paid before the shop issued invoices, with the credit notes of its refunds; numbered and dated
/// now. A repeat answers the invoice that is there. Scope `orders:write`.
#[utoipa::path(
    operation_id = "issue_invoice", tag = "staff", security(("staff_key" = [])),
    params(("id" = OrderId, Path, description = "The order's id")),
    responses((status = 200, description = "The invoice", body = Invoice)),
)]
#[post("/v1/admin/orders/{id}/invoice")]
pub async fn issue_invoice(app: web::Data<App>, staff: Staff, id: Id<OrderId>) -> Result<HttpResponse> {
    staff.require(Scope::OrdersWrite)?;
    let (mut conn, now, author) = (app.connection().await?, app.clock.now(), staff.author());
    let invoice =
        db::transaction(&mut conn, |conn| async move { issue::late(conn, id.0, author, now).await }.scope_boxed())
            .await?;
    Ok(HttpResponse::Ok().json(invoice))
}

fn document(settings: Versioned<InvoiceSettings>) -> InvoiceSettingsDocument {
    let Versioned { value: InvoiceSettings { seller, invoice_prefix, credit_note_prefix, footer }, version } = settings;
    InvoiceSettingsDocument { seller, invoice_prefix, credit_note_prefix, footer, version }
}

/// Get the invoice settings
///
/// Scope `settings:read`.
#[utoipa::path(
    operation_id = "get_invoice_settings", tag = "staff", security(("staff_key" = [])),
    responses((status = 200, description = "The settings", body = InvoiceSettingsDocument), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/admin/invoice-settings")]
pub async fn get_invoice_settings(app: web::Data<App>, request: HttpRequest, staff: Staff) -> Result<HttpResponse> {
    staff.require(Scope::SettingsRead)?;
    let mut conn = app.connection().await?;
    let body = document(settings::read(&mut conn).await?);
    etag::respond(&request, HttpResponse::Ok(), body.version, &body)
}

/// Change the invoice settings
///
/// From the moment `seller` is set, each order that is confirmed gets an invoice and each refund that succeeds a credit note.
/// Scope `settings:write`.
#[utoipa::path(
    operation_id = "update_invoice_settings", tag = "staff", security(("staff_key" = [])), request_body = InvoiceSettingsPatch,
    params(("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on")),
    responses((status = 200, description = "Changed", body = InvoiceSettingsDocument)),
)]
#[patch("/v1/admin/invoice-settings")]
pub async fn update_invoice_settings(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    body: Json<InvoiceSettingsPatch>,
) -> Result<HttpResponse> {
    staff.require(Scope::SettingsWrite)?;
    let (expected, now, patch) = (&Expected::from_request(&request)?, app.clock.now(), &body.value);
    let author = staff.author();
    let mut conn = app.connection().await?;
    let body = db::transaction(&mut conn, |conn| {
        async move {
            let Changed { before, after } =
                settings::change(conn, expected, now, |present| patch.apply_to(present)).await?;
            let after = document(after);
            let entry = Entry::new(Action::InvoiceSettingsUpdated, InvoiceSettings::KIND);
            audit::record(conn, author, entry.changed(&document(before), &after), now).await?;
            Ok(after)
        }
        .scope_boxed()
    })
    .await?;
    etag::respond(&request, HttpResponse::Ok(), body.version, &body)
}
