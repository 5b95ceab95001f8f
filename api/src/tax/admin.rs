//! Tax settings and exemptions for staff.

use actix_web::{HttpRequest, HttpResponse, get, patch, put, web};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde::Deserialize;
use validator::Validate;

use super::model::TaxExemption;
use super::settings::{TaxSettings, TaxSettingsDocument, TaxSettingsPatch};
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::carts::closed::require_open;
use crate::carts::model::Cart;
use crate::carts::write::Touch;
use crate::carts::{load, shape};
use crate::db;
use crate::db::schema::carts;
use crate::error::{Error, Result};
use crate::http::auth::Staff;
use crate::http::etag::{self, Expected};
use crate::http::extract::{Id, Json};
use crate::ids::CartId;
use crate::settings::{self, Changed, Section, Versioned};
use crate::staff::api_keys::Scope;

fn document(settings: Versioned<TaxSettings>) -> TaxSettingsDocument {
    let Versioned { value, version } = settings;
    TaxSettingsDocument {
        provider: value.provider,
        on_failure: value.on_failure,
        tax_behavior: value.tax_behavior,
        tax_behavior_rules: value.tax_behavior_rules,
        default_tax_code: value.default_tax_code,
        shipping_tax_code: value.shipping_tax_code,
        trust_tax_ids: value.trust_tax_ids,
        rates: value.rates,
        version,
    }
}

/// Get the tax settings
///
/// Scope `settings:read`.
#[utoipa::path(
    operation_id = "get_tax_settings", tag = "staff", security(("staff_key" = [])),
    responses((status = 200, description = "The settings", body = TaxSettingsDocument), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/admin/tax-settings")]
pub async fn get_tax_settings(app: web::Data<App>, request: HttpRequest, staff: Staff) -> Result<HttpResponse> {
    staff.require(Scope::SettingsRead)?;
    let mut conn = app.connection().await?;
    let body = document(settings::read(&mut conn).await?);
    etag::respond(&request, HttpResponse::Ok(), body.version, &body)
}

/// Change the tax settings
///
/// Who reckons tax, whether prices contain it, codes, and the rate table. Carts are taxed anew from then on; quotes keep
/// what they promised. Scope `settings:write`.
#[utoipa::path(
    operation_id = "update_tax_settings", tag = "staff", security(("staff_key" = [])), request_body = TaxSettingsPatch,
    params(("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on")),
    responses((status = 200, description = "Changed", body = TaxSettingsDocument)),
)]
#[patch("/v1/admin/tax-settings")]
pub async fn update_tax_settings(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    body: Json<TaxSettingsPatch>,
) -> Result<HttpResponse> {
    staff.require(Scope::SettingsWrite)?;
    let (expected, now, patch) = (&Expected::from_request(&request)?, app.clock.now(), &body.value);
    let author = staff.author();
    let mut conn = app.connection().await?;
    let body = db::transaction(&mut conn, |conn| {
        async move {
            let change = |present| Ok(patch.apply_to(present));
            let Changed { before, after } = settings::change(conn, expected, now, change).await?;
            let after = document(after);
            let entry = Entry::new(Action::TaxSettingsUpdated, TaxSettings::KIND);
            audit::record(conn, author, entry.changed(&document(before), &after), now).await?;
            Ok(after)
        }
        .scope_boxed()
    })
    .await?;
    etag::respond(&request, HttpResponse::Ok(), body.version, &body)
}

/// What staff decide about a customer's tax.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ExemptionChoice {
    /// Whether the customer pays tax.
    pub exemption: TaxExemption,
}

/// Set a cart's tax exemption
///
/// For a customer who has shown that no tax is due, be it by a tax id that staff have verified. Scope `carts:write`.
#[utoipa::path(
    operation_id = "set_tax_exemption", tag = "staff", security(("staff_key" = [])), request_body = ExemptionChoice,
    params(
        ("id" = CartId, Path, description = "The cart's id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on"),
    ),
    responses((status = 200, description = "The cart", body = Cart)),
)]
#[put("/v1/admin/carts/{id}/tax-exemption")]
pub async fn set_tax_exemption(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    id: Id<CartId>,
    body: Json<ExemptionChoice>,
) -> Result<HttpResponse> {
    staff.require(Scope::CartsWrite)?;
    let (expected, now, choice) = (&Expected::from_request(&request)?, app.clock.now(), &body.value);
    let (lifetime, author) = (crate::carts::routes::lifetime(&app), staff.author());
    let mut conn = app.connection().await?;
    let cart = db::transaction(&mut conn, |conn| {
        async move {
            let cart = load::row(conn, id.0, true).await?;
            expected.check(cart.version)?;
            require_open(conn, &cart, now).await?;
            diesel::update(carts::table.find(cart.id))
                .set(carts::tax_exemption.eq(choice.exemption))
                .execute(conn)
                .await?;
            let touch = Touch { lifetime, adds_lines: false, now };
            let row = touch.apply(conn, cart.id, cart.token_version).await?;
            let row = row.ok_or_else(|| Error::not_found("cart"))?;
            let (snapshot, available) = load::snapshot(conn, row, now).await?;
            let shown = shape::shape(&snapshot, &available)?;
            let entry = Entry::new(Action::TaxExemptionSet, id.0);
            let entry = entry.moved("/tax_exemption", cart.tax_exemption, choice.exemption);
            audit::record(conn, author, entry, now).await?;
            Ok(shown)
        }
        .scope_boxed()
    })
    .await?;
    etag::respond(&request, HttpResponse::Ok(), cart.version, &cart)
}
