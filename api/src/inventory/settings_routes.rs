//! What counts as low, for staff.

use actix_web::{HttpRequest, HttpResponse, get, patch, web};
use scoped_futures::ScopedFutureExt;

use super::settings::{InventorySettings, InventorySettingsDocument, InventorySettingsPatch};
use crate::app::App;
use crate::db;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::etag::{self, Expected};
use crate::http::extract::Json;
use crate::jobs::{Job, queue};
use crate::settings::{self, Versioned};
use crate::staff::api_keys::Scope;

fn document(settings: &Versioned<InventorySettings>) -> InventorySettingsDocument {
    InventorySettingsDocument {
        default_low_stock_threshold: settings.value.default_low_stock_threshold,
        version: settings.version,
    }
}

/// Get the inventory settings
///
/// Scope `settings:read`.
#[utoipa::path(
    operation_id = "get_inventory_settings", tag = "staff", security(("staff_key" = [])),
    responses((status = 200, description = "The settings", body = InventorySettingsDocument), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/admin/inventory-settings")]
pub async fn get_inventory_settings(app: web::Data<App>, request: HttpRequest, staff: Staff) -> Result<HttpResponse> {
    staff.require(Scope::SettingsRead)?;
    let mut conn = app.connection().await?;
    let body = document(&settings::read(&mut conn).await?);
    etag::respond(&request, HttpResponse::Ok(), body.version, &body)
}

/// Change the inventory settings
///
/// The default applies to every tracked variant whose own `low_stock_threshold` is `null`; one with `0` never counts as
/// low. Variants get it in the background, within seconds, and each that is low by it is told once. Scope
/// `settings:write`.
#[utoipa::path(
    operation_id = "update_inventory_settings", tag = "staff", security(("staff_key" = [])), request_body = InventorySettingsPatch,
    params(("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on")),
    responses((status = 200, description = "Changed", body = InventorySettingsDocument)),
)]
#[patch("/v1/admin/inventory-settings")]
pub async fn update_inventory_settings(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    body: Json<InventorySettingsPatch>,
) -> Result<HttpResponse> {
    staff.require(Scope::SettingsWrite)?;
    let (expected, now, patch) = (&Expected::from_request(&request)?, app.clock.now(), &body.value);
    let mut conn = app.connection().await?;
    let changed = db::transaction(&mut conn, |conn| {
        async move {
            let changed = settings::change(conn, expected, now, |present| Ok(patch.apply_to(&present))).await?;
            queue::enqueue(conn, Job::ScanStock, "settings", now, now).await?;
            Ok(changed)
        }
        .scope_boxed()
    })
    .await?;
    app.wake.ring();
    let body = document(&changed);
    etag::respond(&request, HttpResponse::Ok(), body.version, &body)
}
