//! The codes of discounts for staff.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use scoped_futures::ScopedFutureExt;

use super::codes::{self, After};
use super::model::{DiscountCodeList, NewDiscountCodes};
use super::requests::NewCodes;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::db;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::extract::{Id, Json, PageQuery, Query};
use crate::http::idempotency::{self, Answer};
use crate::http::pagination::{self, DEFAULT_LIMIT};
use crate::ids::DiscountId;
use crate::staff::api_keys::Scope;

/// Make codes for a discount
///
/// Either the `codes` that are sent, or a `count` of random ones, by default for one order each. All or none. Scope
/// `discounts:write`.
#[utoipa::path(
    operation_id = "create_discount_codes", tag = "staff", security(("staff_key" = [])), request_body = NewCodes,
    params(
        ("id" = DiscountId, Path, description = "The discount's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe"),
    ),
    responses((status = 201, description = "The codes", body = NewDiscountCodes)),
)]
#[post("/v1/admin/discounts/{id}/codes")]
pub async fn create_discount_codes(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<DiscountId>,
    body: Json<NewCodes>,
) -> Result<HttpResponse> {
    staff.require(Scope::DiscountsWrite)?;
    let key = idempotency::key(&request, staff.idempotency_scope(), &body.fingerprint)?;
    let (now, new, author) = (app.clock.now(), &body.value, staff.author());
    let mut conn = app.connection().await?;
    let (answer, replayed) = idempotency::once(&mut conn, key.as_ref(), now, |conn| {
        async move {
            let data = codes::create(conn, id.0, new, now).await?;
            // How many, and not which: a code is as good as money.
            let entry = Entry::new(Action::DiscountCodesCreated, id.0)
                .set("/codes", data.len())
                .set("/prefix", new.prefix.as_ref().map(|prefix| &prefix.0))
                .set("/usage_limit", new.usage_limit);
            audit::record(conn, author, entry, now).await?;
            Answer::of(201, &NewDiscountCodes { data })
        }
        .scope_boxed()
    })
    .await?;
    Ok(idempotency::respond(&answer, replayed))
}

/// List a discount's codes
///
/// Newest first, with how often each was used. Scope `discounts:read`.
#[utoipa::path(
    operation_id = "list_discount_codes", tag = "staff", security(("staff_key" = [])),
    params(("id" = DiscountId, Path, description = "The discount's id"), PageQuery),
    responses((status = 200, description = "A page of codes", body = DiscountCodeList)),
)]
#[get("/v1/admin/discounts/{id}/codes")]
pub async fn list_discount_codes(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<DiscountId>,
    query: Query<PageQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::DiscountsRead)?;
    let after: Option<After> = pagination::decode(query.0.cursor.as_deref())?;
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let mut conn = app.connection().await?;
    let found = codes::list(&mut conn, id.0, after, limit).await?;
    let (data, page) = pagination::paginate(found, limit, |code| (code.created_at, code.id));
    let body = DiscountCodeList { data, page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// Delete a code
///
/// Carts that have it are told so; orders that used it keep it. Scope `discounts:write`.
#[utoipa::path(
    operation_id = "delete_discount_code", tag = "staff", security(("staff_key" = [])),
    params(
        ("id" = DiscountId, Path, description = "The discount's id"),
        ("code" = String, Path, description = "The code, in any case"),
    ),
    responses((status = 204, description = "Deleted")),
)]
#[delete("/v1/admin/discounts/{id}/codes/{code}")]
pub async fn delete_discount_code(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<DiscountId>,
) -> Result<HttpResponse> {
    staff.require(Scope::DiscountsWrite)?;
    let code = request.match_info().get("code").unwrap_or_default();
    let (now, author) = (app.clock.now(), staff.author());
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| {
        async move {
            codes::delete(conn, id.0, code).await?;
            let entry = Entry::new(Action::DiscountCodeDeleted, id.0).moved("/codes", code, None::<()>);
            audit::record(conn, author, entry, now).await
        }
        .scope_boxed()
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
