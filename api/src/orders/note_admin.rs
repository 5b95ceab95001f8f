//! Notes and tags of orders over HTTP.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use scoped_futures::ScopedFutureExt;
use serde::Serialize;

use super::model::Order;
use super::notes::{self, After, NewOrderNote, OrderNote, OrderPatch};
use super::read;
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::http::auth::Staff;
use crate::http::etag::{self, Expected};
use crate::http::extract::{Id, Json, PageQuery, Query};
use crate::http::idempotency::{self, Answer};
use crate::http::pagination::{self, DEFAULT_LIMIT, Page};
use crate::ids::{OrderId, OrderNoteId};
use crate::staff::api_keys::Scope;

/// Notes about an order.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OrderNoteList {
    /// The notes, newest first.
    pub data: Vec<OrderNote>,
    /// Where the list goes on.
    pub page: Page,
}

/// Change an order
///
/// What staff keep with it: its tags. A merge patch of all of them, or some to add and to take away, so that many orders
/// can be tagged without reading each. The same again changes nothing. Scope `orders:write`.
#[utoipa::path(
    operation_id = "update_order", tag = "staff", security(("staff_key" = [])), request_body = OrderPatch,
    params(
        ("id" = OrderId, Path, description = "The order's id"),
        ("If-Match" = Option<String>, Header, description = "The order's `ETag` that the change is based on"),
    ),
    responses((status = 200, description = "The order as it is now", body = Order)),
)]
#[patch("/v1/admin/orders/{id}")]
pub async fn update_order(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<OrderId>,
    body: Json<OrderPatch>,
) -> Result<HttpResponse> {
    staff.require(Scope::OrdersWrite)?;
    let (expected, actor, now) = (&Expected::from_request(&request)?, &staff.actor(), app.clock.now());
    let patch = &body.value;
    let mut conn = app.connection().await?;
    let order = db::transaction(&mut conn, |conn| {
        async move {
            notes::update(conn, id.0, patch, expected, (actor, now)).await?;
            read::find_for_staff(conn, id.0).await
        }
        .scope_boxed()
    })
    .await?;
    etag::respond(&request, HttpResponse::Ok(), order.version, &order)
}

/// List notes of an order
///
/// Newest first. Scope `orders:read`.
#[utoipa::path(
    operation_id = "list_order_notes", tag = "staff", security(("staff_key" = [])),
    params(("id" = OrderId, Path, description = "The order's id"), PageQuery),
    responses((status = 200, description = "A page of notes", body = OrderNoteList)),
)]
#[get("/v1/admin/orders/{id}/notes")]
pub async fn list_order_notes(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<OrderId>,
    query: Query<PageQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::OrdersRead)?;
    let after: Option<After> = pagination::decode(query.0.cursor.as_deref())?;
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let mut conn = app.connection().await?;
    let found = notes::list(&mut conn, id.0, after, limit).await?;
    let (data, page) = pagination::paginate(found, limit, |note| (note.created_at, note.id));
    let body = OrderNoteList { data, page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// Write a note
///
/// For other staff; the shopper never sees it. The timeline says that it was written. Scope `orders:write`.
#[utoipa::path(
    operation_id = "create_order_note", tag = "staff", security(("staff_key" = [])), request_body = NewOrderNote,
    params(
        ("id" = OrderId, Path, description = "The order's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe"),
    ),
    responses((status = 201, description = "Written", body = OrderNote)),
)]
#[post("/v1/admin/orders/{id}/notes")]
pub async fn create_order_note(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<OrderId>,
    body: Json<NewOrderNote>,
) -> Result<HttpResponse> {
    staff.require(Scope::OrdersWrite)?;
    let scope = format!("{}:{}:notes", staff.idempotency_scope(), id.0);
    let key = idempotency::key(&request, scope, &body.fingerprint)?;
    let (new, actor, now) = (&body.value, &staff.actor(), app.clock.now());
    let mut conn = app.connection().await?;
    let (answer, replayed) = idempotency::once(&mut conn, key.as_ref(), now, |conn| {
        async move { Answer::of(201, &notes::add(conn, id.0, new, (actor, now)).await?) }.scope_boxed()
    })
    .await?;
    Ok(idempotency::respond(&answer, replayed))
}

/// Delete a note
///
/// For good; the timeline keeps that there was one. Scope `orders:write`.
#[utoipa::path(
    operation_id = "delete_order_note", tag = "staff", security(("staff_key" = [])),
    params(
        ("id" = OrderId, Path, description = "The order's id"),
        ("note_id" = OrderNoteId, Path, description = "The note's id"),
    ),
    responses((status = 204, description = "Deleted")),
)]
#[delete("/v1/admin/orders/{id}/notes/{note_id}")]
pub async fn delete_order_note(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<OrderId>,
) -> Result<HttpResponse> {
    staff.require(Scope::OrdersWrite)?;
    let note: Option<OrderNoteId> = request.match_info().get("note_id").and_then(|id| id.parse().ok());
    let note = note.ok_or_else(|| Error::not_found("note"))?;
    let (actor, now) = (&staff.actor(), app.clock.now());
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| async move { notes::delete(conn, id.0, note, (actor, now)).await }.scope_boxed())
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
