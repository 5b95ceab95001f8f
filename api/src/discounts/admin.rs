//! Discounts for staff.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use scoped_futures::ScopedFutureExt;
use serde::Deserialize;
use validator::Validate;

use super::model::{Discount, DiscountList, DiscountMethod, DiscountStatus};
use super::read::{self, After, Wanted};
use super::requests::{DiscountPatch, NewDiscount};
use super::write;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::db;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::etag::{self, Expected};
use crate::http::extract::{Id, Json, Query};
use crate::http::idempotency::{self, Answer};
use crate::http::pagination::{self, DEFAULT_LIMIT};
use crate::ids::DiscountId;
use crate::staff::api_keys::Scope;

/// Create a discount
///
/// A code of its own, or an automatic promotion. More codes come by `POST …/codes`. Scope `discounts:write`.
#[utoipa::path(
    operation_id = "create_discount", tag = "staff", security(("staff_key" = [])), request_body = NewDiscount,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe")),
    responses((status = 201, description = "Created", body = Discount)),
)]
#[post("/v1/admin/discounts")]
pub async fn create_discount(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    body: Json<NewDiscount>,
) -> Result<HttpResponse> {
    staff.require(Scope::DiscountsWrite)?;
    let key = idempotency::key(&request, staff.idempotency_scope(), &body.fingerprint)?;
    let (now, new, author) = (app.clock.now(), &body.value, staff.author());
    let mut conn = app.connection().await?;
    let (answer, replayed) = idempotency::once(&mut conn, key.as_ref(), now, |conn| {
        async move {
            let id = write::create(conn, new, now).await?;
            let discount = read::find(conn, id).await?;
            audit::record(conn, author, Entry::new(Action::DiscountCreated, id).made(&discount), now).await?;
            Answer::of(201, &discount)
        }
        .scope_boxed()
    })
    .await?;
    Ok(idempotency::respond_created(&answer, replayed, "/v1/admin/discounts"))
}

/// Which discounts.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DiscountQuery {
    /// Part of a title, or a whole code.
    #[param(max_length = 200)]
    #[validate(length(max = 200))]
    pub q: Option<String>,
    /// Only discounts of this status.
    pub status: Option<DiscountStatus>,
    /// Only discounts that come this way.
    pub method: Option<DiscountMethod>,
    /// How many discounts a page has.
    #[param(minimum = 1, maximum = 100, default = 20)]
    #[validate(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before, with the same filters.
    pub cursor: Option<String>,
}

/// List discounts
///
/// Newest first. Scope `discounts:read`.
#[utoipa::path(
    operation_id = "list_discounts", tag = "staff", security(("staff_key" = [])), params(DiscountQuery),
    responses((status = 200, description = "A page of discounts", body = DiscountList)),
)]
#[get("/v1/admin/discounts")]
pub async fn list_discounts(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<DiscountQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::DiscountsRead)?;
    let after: Option<After> = pagination::decode(query.0.cursor.as_deref())?;
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let mut conn = app.connection().await?;
    let DiscountQuery { q, status, method, .. } = &query.0;
    let wanted = Wanted { search: q.as_deref(), status: *status, method: *method };
    let found = read::list(&mut conn, &wanted, after, limit).await?;
    let (data, page) = pagination::paginate(found, limit, |discount| (discount.created_at, discount.id));
    let body = DiscountList { data, page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// Get a discount
///
/// Scope `discounts:read`.
#[utoipa::path(
    operation_id = "get_discount", tag = "staff", security(("staff_key" = [])),
    params(("id" = DiscountId, Path, description = "The discount's id")),
    responses((status = 200, description = "The discount", body = Discount), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/admin/discounts/{id}")]
pub async fn get_discount(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<DiscountId>,
) -> Result<HttpResponse> {
    staff.require(Scope::DiscountsRead)?;
    let mut conn = app.connection().await?;
    let discount = read::find(&mut conn, id.0).await?;
    etag::respond(&request, HttpResponse::Ok(), discount.version, &discount)
}

/// Change a discount
///
/// A merge patch: what is absent stays, `null` clears. Scope `discounts:write`.
#[utoipa::path(
    operation_id = "update_discount", tag = "staff", security(("staff_key" = [])), request_body = DiscountPatch,
    params(
        ("id" = DiscountId, Path, description = "The discount's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 200, description = "Changed", body = Discount)),
)]
#[patch("/v1/admin/discounts/{id}")]
pub async fn update_discount(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<DiscountId>,
    body: Json<DiscountPatch>,
) -> Result<HttpResponse> {
    staff.require(Scope::DiscountsWrite)?;
    let (expected, now, patch) = (&Expected::from_request(&request)?, app.clock.now(), &body.value);
    let author = staff.author();
    let mut conn = app.connection().await?;
    let discount = db::transaction(&mut conn, |conn| {
        async move {
            let before = write::update(conn, id.0, patch, expected, now).await?;
            let discount = read::find(conn, id.0).await?;
            let entry = Entry::new(Action::DiscountUpdated, id.0).changed(&before, &discount);
            audit::record(conn, author, entry, now).await?;
            Ok(discount)
        }
        .scope_boxed()
    })
    .await?;
    etag::respond(&request, HttpResponse::Ok(), discount.version, &discount)
}

/// Delete a discount
///
/// It is given no more, and its codes are deleted; orders that used it still name it. Scope `discounts:write`.
#[utoipa::path(
    operation_id = "delete_discount", tag = "staff", security(("staff_key" = [])),
    params(
        ("id" = DiscountId, Path, description = "The discount's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 204, description = "Deleted")),
)]
#[delete("/v1/admin/discounts/{id}")]
pub async fn delete_discount(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<DiscountId>,
) -> Result<HttpResponse> {
    staff.require(Scope::DiscountsWrite)?;
    let (expected, now, author) = (&Expected::from_request(&request)?, app.clock.now(), staff.author());
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| {
        async move {
            let before = write::archive(conn, id.0, expected, now).await?;
            audit::record(conn, author, Entry::new(Action::DiscountDeleted, id.0).deleted(&before), now).await
        }
        .scope_boxed()
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
