//! Shipping zones for staff.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use scoped_futures::ScopedFutureExt;

use super::model::{NewShippingZone, ShippingZone, ShippingZoneList, ShippingZonePatch};
use super::zones;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::db;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::etag::{self, Expected};
use crate::http::extract::{Id, Json};
use crate::http::idempotency::{self, Answer};
use crate::ids::ShippingZoneId;
use crate::staff::api_keys::Scope;

/// Create a shipping zone
///
/// With its rates. Scope `settings:write`.
#[utoipa::path(
    operation_id = "create_shipping_zone", tag = "staff", security(("staff_key" = [])), request_body = NewShippingZone,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe")),
    responses((status = 201, description = "Created", body = ShippingZone)),
)]
#[post("/v1/admin/shipping-zones")]
pub async fn create_shipping_zone(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    body: Json<NewShippingZone>,
) -> Result<HttpResponse> {
    staff.require(Scope::SettingsWrite)?;
    let key = idempotency::key(&request, staff.idempotency_scope(), &body.fingerprint)?;
    let (now, new, author) = (app.clock.now(), &body.value, staff.author());
    let mut conn = app.connection().await?;
    let (answer, replayed) = idempotency::once(&mut conn, key.as_ref(), now, |conn| {
        async move {
            let id = zones::create(conn, new, now).await?;
            let zone = zones::find(conn, id).await?;
            audit::record(conn, author, Entry::new(Action::ShippingZoneCreated, id).made(&zone), now).await?;
            Answer::of(201, &zone)
        }
        .scope_boxed()
    })
    .await?;
    Ok(idempotency::respond_created(&answer, replayed, "/v1/admin/shipping-zones"))
}

/// List shipping zones
///
/// All of them, oldest first. Scope `settings:read`.
#[utoipa::path(
    operation_id = "list_shipping_zones", tag = "staff", security(("staff_key" = [])),
    responses((status = 200, description = "The zones", body = ShippingZoneList)),
)]
#[get("/v1/admin/shipping-zones")]
pub async fn list_shipping_zones(app: web::Data<App>, staff: Staff) -> Result<HttpResponse> {
    staff.require(Scope::SettingsRead)?;
    let mut conn = app.connection().await?;
    Ok(HttpResponse::Ok().json(ShippingZoneList { data: zones::list(&mut conn).await? }))
}

/// Get a shipping zone
///
/// Scope `settings:read`.
#[utoipa::path(
    operation_id = "get_shipping_zone", tag = "staff", security(("staff_key" = [])),
    params(("id" = ShippingZoneId, Path, description = "The zone's id")),
    responses((status = 200, description = "The zone", body = ShippingZone), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/admin/shipping-zones/{id}")]
pub async fn get_shipping_zone(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<ShippingZoneId>,
) -> Result<HttpResponse> {
    staff.require(Scope::SettingsRead)?;
    let mut conn = app.connection().await?;
    let zone = zones::find(&mut conn, id.0).await?;
    etag::respond(&request, HttpResponse::Ok(), zone.version, &zone)
}

/// Change a shipping zone
///
/// A merge patch: what is absent stays; `regions` and `rates` are replaced as a whole. Scope `settings:write`.
#[utoipa::path(
    operation_id = "update_shipping_zone", tag = "staff", security(("staff_key" = [])), request_body = ShippingZonePatch,
    params(
        ("id" = ShippingZoneId, Path, description = "The zone's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 200, description = "Changed", body = ShippingZone)),
)]
#[patch("/v1/admin/shipping-zones/{id}")]
pub async fn update_shipping_zone(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<ShippingZoneId>,
    body: Json<ShippingZonePatch>,
) -> Result<HttpResponse> {
    staff.require(Scope::SettingsWrite)?;
    let (expected, now, patch) = (&Expected::from_request(&request)?, app.clock.now(), &body.value);
    let author = staff.author();
    let mut conn = app.connection().await?;
    let zone = db::transaction(&mut conn, |conn| {
        async move {
            let before = zones::update(conn, id.0, patch, expected, now).await?;
            let zone = zones::find(conn, id.0).await?;
            let entry = Entry::new(Action::ShippingZoneUpdated, id.0).changed(&before, &zone);
            audit::record(conn, author, entry, now).await?;
            Ok(zone)
        }
        .scope_boxed()
    })
    .await?;
    etag::respond(&request, HttpResponse::Ok(), zone.version, &zone)
}

/// Delete a shipping zone
///
/// Carts that chose one of its rates must choose again. Scope `settings:write`.
#[utoipa::path(
    operation_id = "delete_shipping_zone", tag = "staff", security(("staff_key" = [])),
    params(
        ("id" = ShippingZoneId, Path, description = "The zone's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 204, description = "Deleted")),
)]
#[delete("/v1/admin/shipping-zones/{id}")]
pub async fn delete_shipping_zone(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<ShippingZoneId>,
) -> Result<HttpResponse> {
    staff.require(Scope::SettingsWrite)?;
    let (expected, now, author) = (&Expected::from_request(&request)?, app.clock.now(), staff.author());
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| {
        async move {
            let before = zones::delete(conn, id.0, expected).await?;
            audit::record(conn, author, Entry::new(Action::ShippingZoneDeleted, id.0).deleted(&before), now).await
        }
        .scope_boxed()
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
