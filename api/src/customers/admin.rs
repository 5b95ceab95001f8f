//! Customers for staff over HTTP.

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use scoped_futures::ScopedFutureExt;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::directory::{self, CustomerSort, CustomerSummary, StaffCustomer};
use super::erase::{self, CustomerExport, Erasure};
use super::requests::StaffCustomerPatch;
use super::{read, sessions};
use crate::app::App;
use crate::catalog::list::TotalCount;
use crate::catalog::routes::Include;
use crate::db;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::etag::{self, Expected};
use crate::http::extract::{Id, Json, Query};
use crate::http::pagination::{self, DEFAULT_LIMIT, Page};
use crate::ids::CustomerId;
use crate::staff::api_keys::Scope;

/// Which customers.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CustomerQuery {
    /// Parts of an e-mail address, a name or a telephone number, all of which must be there; or a customer's id.
    #[param(max_length = 200)]
    #[validate(length(max = 200))]
    pub q: Option<String>,
    /// The order; `-created_at` when absent.
    pub sort: Option<CustomerSort>,
    /// `total_count`: how many customers there are in all, exact up to 10,000.
    pub include: Option<Include>,
    /// How many customers a page has.
    #[param(minimum = 1, maximum = 100, default = 20)]
    #[validate(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before, with the same search and order.
    pub cursor: Option<String>,
}

/// A page of customers.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CustomerList {
    /// The customers.
    pub data: Vec<CustomerSummary>,
    /// Where the list goes on.
    pub page: Page,
    /// With `include=total_count`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub total_count: Option<TotalCount>,
}

/// List customers
///
/// Those with an account, and what they bought. Scope `customers:read`.
#[utoipa::path(
    operation_id = "list_customers", tag = "staff", security(("staff_key" = [])), params(CustomerQuery),
    responses((status = 200, description = "A page of customers", body = CustomerList)),
)]
#[get("/v1/admin/customers")]
pub async fn list_customers(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<CustomerQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::CustomersRead)?;
    let CustomerQuery { q, sort, include, limit, cursor } = query.0;
    let (search, limit) = (q.as_deref(), limit.unwrap_or(DEFAULT_LIMIT));
    let mut conn = app.connection().await?;
    let sort = sort.unwrap_or(CustomerSort::Newest);
    let (data, page) = directory::page(&mut conn, search, sort, (cursor.as_deref(), limit)).await?;
    let total_count = match include {
        Some(Include::TotalCount) => Some(directory::total_count(&mut conn, search).await?),
        None => None,
    };
    let body = CustomerList { data, page, total_count };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// Get any customer
///
/// With addresses, what they bought, and what staff note. Scope `customers:read`.
#[utoipa::path(
    operation_id = "get_any_customer", tag = "staff", security(("staff_key" = [])),
    params(("id" = CustomerId, Path, description = "The customer's id")),
    responses((status = 200, description = "The customer", body = StaffCustomer), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/admin/customers/{id}")]
pub async fn get_any_customer(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<CustomerId>,
) -> Result<HttpResponse> {
    staff.require(Scope::CustomersRead)?;
    let mut conn = app.connection().await?;
    let customer = directory::find(&mut conn, id.0, app.clock.now()).await?;
    etag::respond(&request, HttpResponse::Ok(), customer.version, &customer)
}

/// Change any customer
///
/// A merge patch: what is absent stays, `null` clears. The e-mail address is the customer's own to prove. Scope
/// `customers:write`.
#[utoipa::path(
    operation_id = "update_any_customer", tag = "staff", security(("staff_key" = [])), request_body = StaffCustomerPatch,
    params(
        ("id" = CustomerId, Path, description = "The customer's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 200, description = "Changed", body = StaffCustomer)),
)]
#[patch("/v1/admin/customers/{id}")]
pub async fn update_any_customer(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<CustomerId>,
    body: Json<StaffCustomerPatch>,
) -> Result<HttpResponse> {
    staff.require(Scope::CustomersWrite)?;
    let (expected, patch, now) = (&Expected::from_request(&request)?, &body.value, app.clock.now());
    let mut conn = app.connection().await?;
    let customer = db::transaction(&mut conn, |conn| {
        async move {
            directory::update(conn, id.0, patch, expected, now).await?;
            directory::find(conn, id.0, now).await
        }
        .scope_boxed()
    })
    .await?;
    etag::respond(&request, HttpResponse::Ok(), customer.version, &customer)
}

/// Log a customer out everywhere
///
/// Ends all of their sessions. Their password stays. Scope `customers:write`.
#[utoipa::path(
    operation_id = "revoke_sessions_of_customer", tag = "staff", security(("staff_key" = [])),
    params(("id" = CustomerId, Path, description = "The customer's id")),
    responses((status = 204, description = "Logged out")),
)]
#[post("/v1/admin/customers/{id}/sessions/revoke")]
pub async fn revoke_sessions_of_customer(
    app: web::Data<App>,
    staff: Staff,
    id: Id<CustomerId>,
) -> Result<HttpResponse> {
    staff.require(Scope::CustomersWrite)?;
    let now = app.clock.now();
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| {
        async move {
            read::row(conn, id.0, true).await?;
            sessions::revoke_all(conn, id.0, None, now).await
        }
        .scope_boxed()
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Export a customer's data
///
/// All that the shop keeps about somebody (GDPR, article 15), to be handed over once it is clear who asks. Scope
/// `customers:read`.
#[utoipa::path(
    operation_id = "export_customer", tag = "staff", security(("staff_key" = [])),
    params(("id" = CustomerId, Path, description = "The customer's id")),
    responses((status = 200, description = "The data, as a file", body = CustomerExport)),
)]
#[get("/v1/admin/customers/{id}/export")]
pub async fn export_customer(app: web::Data<App>, staff: Staff, id: Id<CustomerId>) -> Result<HttpResponse> {
    staff.require(Scope::CustomersRead)?;
    let mut conn = app.connection().await?;
    let export = erase::export(&mut conn, id.0, app.clock.now()).await?;
    let name = format!("attachment; filename=\"{}.json\"", id.0);
    Ok(HttpResponse::Ok().insert_header((CONTENT_DISPOSITION, name)).json(export))
}

/// Erase a customer's data
///
/// For good (GDPR, article 17). The account and its sessions, addresses, links and e-mails are deleted; their orders, those
/// included that were placed as a guest under the verified address, keep goods, amounts and countries but no name, address
/// or note; invoices stay as they were issued, as the law wants them kept. What Stripe and carriers keep is deleted there.
/// While an order is still to be paid, sent, refunded or decided, 409 `wrong_status` names it. Again changes nothing. Scope
/// `customers:write`.
#[utoipa::path(
    operation_id = "erase_customer", tag = "staff", security(("staff_key" = [])), request_body = Erasure,
    params(("id" = CustomerId, Path, description = "The customer's id")),
    responses((status = 200, description = "What is left", body = StaffCustomer)),
)]
#[post("/v1/admin/customers/{id}/erase")]
pub async fn erase_customer(
    app: web::Data<App>,
    staff: Staff,
    id: Id<CustomerId>,
    body: Json<Erasure>,
) -> Result<HttpResponse> {
    staff.require(Scope::CustomersWrite)?;
    let (erasure, actor, now) = (&body.value, &staff.actor(), app.clock.now());
    let mut conn = app.connection().await?;
    let customer = db::transaction(&mut conn, |conn| {
        async move {
            erase::erase(conn, id.0, erasure, (actor, now)).await?;
            directory::find(conn, id.0, now).await
        }
        .scope_boxed()
    })
    .await?;
    Ok(HttpResponse::Ok().json(customer))
}
