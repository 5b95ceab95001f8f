//! Shipping settings for staff.

use actix_web::{HttpRequest, HttpResponse, get, patch, web};
use scoped_futures::ScopedFutureExt;

use super::settings::{RateProvider, ShippingSettings, ShippingSettingsDocument, ShippingSettingsPatch};
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::db;
use crate::error::{Code, Error, Result};
use crate::http::auth::Staff;
use crate::http::etag::{self, Expected};
use crate::http::extract::Json;
use crate::settings::{self, Changed, Section, Versioned};
use crate::staff::api_keys::Scope;

fn document(settings: Versioned<ShippingSettings>) -> ShippingSettingsDocument {
    let Versioned { value, version } = settings;
    ShippingSettingsDocument {
        provider: value.provider,
        on_failure: value.on_failure,
        origin: value.origin,
        origin_email: value.origin_email,
        boxes: value.boxes,
        default_weight_grams: value.default_weight_grams,
        default_dimensions_mm: value.default_dimensions_mm,
        handling_days: value.handling_days,
        allowed_services: value.allowed_services,
        strict_addresses: value.strict_addresses,
        version,
    }
}

/// Get the shipping settings
///
/// Scope `settings:read`.
#[utoipa::path(
    operation_id = "get_shipping_settings", tag = "staff", security(("staff_key" = [])),
    responses((status = 200, description = "The settings", body = ShippingSettingsDocument), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/admin/shipping-settings")]
pub async fn get_shipping_settings(app: web::Data<App>, request: HttpRequest, staff: Staff) -> Result<HttpResponse> {
    staff.require(Scope::SettingsRead)?;
    let mut conn = app.connection().await?;
    let body = document(settings::read(&mut conn).await?);
    etag::respond(&request, HttpResponse::Ok(), body.version, &body)
}

/// Change the shipping settings
///
/// Who knows what sending costs, the origin, boxes, handling days, and the services on offer. Carts are quoted anew from
/// then on. Scope `settings:write`.
#[utoipa::path(
    operation_id = "update_shipping_settings", tag = "staff", security(("staff_key" = [])), request_body = ShippingSettingsPatch,
    params(("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on")),
    responses((status = 200, description = "Changed", body = ShippingSettingsDocument)),
)]
#[patch("/v1/admin/shipping-settings")]
pub async fn update_shipping_settings(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    body: Json<ShippingSettingsPatch>,
) -> Result<HttpResponse> {
    staff.require(Scope::SettingsWrite)?;
    let (expected, now, patch) = (&Expected::from_request(&request)?, app.clock.now(), &body.value);
    let (has_token, author) = (app.shippo.is_some(), staff.author());
    let mut conn = app.connection().await?;
    let body = db::transaction(&mut conn, |conn| {
        async move {
            let Changed { before, after } = settings::change(conn, expected, now, |present| {
                let settings = patch.apply_to(present);
                check(&settings, has_token)?;
                Ok(settings)
            })
            .await?;
            let after = document(after);
            let entry = Entry::new(Action::ShippingSettingsUpdated, ShippingSettings::KIND);
            audit::record(conn, author, entry.changed(&document(before), &after), now).await?;
            Ok(after)
        }
        .scope_boxed()
    })
    .await?;
    etag::respond(&request, HttpResponse::Ok(), body.version, &body)
}

/// Whether the settings can work.
fn check(settings: &ShippingSettings, has_token: bool) -> Result<()> {
    let lightest = settings.boxes.iter().position(|each| each.empty_weight_grams >= each.max_weight_grams);
    if let Some(index) = lightest {
        let detail = "must be more than `empty_weight_grams`";
        return Err(Error::invalid(format!("/boxes/{index}/max_weight_grams"), "range", detail));
    }
    if let Some(origin) = &settings.origin {
        let missing = origin.missing_parts("/origin");
        if !missing.is_empty() {
            let detail = "The origin lacks what carriers need; `errors` names each part.";
            return Err(Error::problem(Code::ValidationFailed, detail).with_errors(missing));
        }
    }
    if settings.provider == RateProvider::Table {
        return Ok(());
    }
    if !has_token {
        let detail = "cannot be `shippo`, as the service was started without SHIPPO_API_TOKEN";
        return Err(Error::invalid("/provider", "not_configured", detail));
    }
    if settings.origin.is_none() {
        return Err(Error::invalid("/origin", "required", "is needed to ask Shippo"));
    }
    Ok(())
}
