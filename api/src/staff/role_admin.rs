//! Roles for staff.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use scoped_futures::ScopedFutureExt;

use super::api_keys::Scope;
use super::model::{StaffRole, StaffRoleList};
use super::requests::{NewStaffRole, StaffRolePatch};
use super::roles::{self, RoleRef};
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::db;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::etag::{self, Expected};
use crate::http::extract::{Id, Json};

/// List roles
///
/// The built-in ones, then the shop's own, oldest first. Scope `staff:read`.
#[utoipa::path(
    operation_id = "list_staff_roles", tag = "staff", security(("staff_key" = [])),
    responses((status = 200, description = "The roles", body = StaffRoleList)),
)]
#[get("/v1/admin/roles")]
pub async fn list_staff_roles(app: web::Data<App>, staff: Staff) -> Result<HttpResponse> {
    staff.require(Scope::StaffRead)?;
    let mut conn = app.connection().await?;
    Ok(HttpResponse::Ok().json(StaffRoleList { data: roles::list(&mut conn).await? }))
}

/// Make a role
///
/// Of scopes that you have yourself. Scope `staff:write`.
#[utoipa::path(
    operation_id = "create_staff_role", tag = "staff", security(("staff_key" = [])), request_body = NewStaffRole,
    responses((status = 201, description = "Made", body = StaffRole)),
)]
#[post("/v1/admin/roles")]
pub async fn create_staff_role(app: web::Data<App>, staff: Staff, body: Json<NewStaffRole>) -> Result<HttpResponse> {
    staff.require(Scope::StaffWrite)?;
    let (new, held, author, now) = (&body.value, staff.scopes(), staff.author(), app.clock.now());
    let mut conn = app.connection().await?;
    let role = db::transaction(&mut conn, |conn| {
        async move {
            let role = roles::create(conn, held, new, now).await?;
            audit::record(conn, author, Entry::new(Action::RoleCreated, role.id).made(&role), now).await?;
            Ok(role)
        }
        .scope_boxed()
    })
    .await?;
    let location = format!("/v1/admin/roles/{}", role.id);
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(role))
}

/// Get a role
///
/// Scope `staff:read`.
#[utoipa::path(
    operation_id = "get_staff_role", tag = "staff", security(("staff_key" = [])),
    params(("id" = RoleRef, Path, description = "The role's id")),
    responses((status = 200, description = "The role", body = StaffRole), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/admin/roles/{id}")]
pub async fn get_staff_role(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<RoleRef>,
) -> Result<HttpResponse> {
    staff.require(Scope::StaffRead)?;
    let mut conn = app.connection().await?;
    let role = roles::find(&mut conn, id.0).await?;
    etag::respond(&request, HttpResponse::Ok(), role.version, &role)
}

/// Change a role
///
/// A merge patch: what is absent stays, `null` clears `description`. It holds from its members' next requests on. The
/// scopes that are given or taken must be yours as well; built-in roles stay as they are. Scope `staff:write`.
#[utoipa::path(
    operation_id = "update_staff_role", tag = "staff", security(("staff_key" = [])), request_body = StaffRolePatch,
    params(
        ("id" = RoleRef, Path, description = "The role's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 200, description = "Changed", body = StaffRole)),
)]
#[patch("/v1/admin/roles/{id}")]
pub async fn update_staff_role(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<RoleRef>,
    body: Json<StaffRolePatch>,
) -> Result<HttpResponse> {
    staff.require(Scope::StaffWrite)?;
    let (expected, patch, now) = (&Expected::from_request(&request)?, &body.value, app.clock.now());
    let (which, author) = ((id.0, staff.scopes()), staff.author());
    let mut conn = app.connection().await?;
    let role = db::transaction(&mut conn, |conn| {
        async move {
            let (before, role) = roles::update(conn, which, patch, expected, now).await?;
            audit::record(conn, author, Entry::new(Action::RoleUpdated, id.0).changed(&before, &role), now).await?;
            Ok(role)
        }
        .scope_boxed()
    })
    .await?;
    etag::respond(&request, HttpResponse::Ok(), role.version, &role)
}

/// Delete a role
///
/// One of the shop's own that no member has. Scope `staff:write`.
#[utoipa::path(
    operation_id = "delete_staff_role", tag = "staff", security(("staff_key" = [])),
    params(
        ("id" = RoleRef, Path, description = "The role's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 204, description = "Deleted")),
)]
#[delete("/v1/admin/roles/{id}")]
pub async fn delete_staff_role(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<RoleRef>,
) -> Result<HttpResponse> {
    staff.require(Scope::StaffWrite)?;
    let (expected, author, now) = (&Expected::from_request(&request)?, staff.author(), app.clock.now());
    let which = (id.0, staff.scopes());
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| {
        async move {
            let before = roles::delete(conn, which, expected).await?;
            audit::record(conn, author, Entry::new(Action::RoleDeleted, id.0).deleted(&before), now).await
        }
        .scope_boxed()
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
