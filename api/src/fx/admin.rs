//! Currencies and exchange rates for staff.

use actix_web::{HttpRequest, HttpResponse, get, patch, put, web};
use scoped_futures::ScopedFutureExt;
use serde::{Deserialize, Serialize};
use validator::{Validate, ValidationError};

use super::rates::{self, ExchangeRate, RateOrigin};
use super::settings::{CurrencySettings, CurrencySettingsDocument, CurrencySettingsPatch};
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::db;
use crate::error::{Error, Result};
use crate::http::auth::Staff;
use crate::http::etag::{self, Expected};
use crate::http::extract::Json;
use crate::jobs::{Job, queue};
use crate::money::Currency;
use crate::settings::{self, Changed, Section, Versioned};
use crate::staff::api_keys::Scope;

fn document(settings: Versioned<CurrencySettings>, base: Currency) -> CurrencySettingsDocument {
    let Versioned { value, version } = settings;
    CurrencySettingsDocument {
        base,
        derived: value.derived,
        stale_after_days: value.stale_after_days,
        stop_after_days: value.stop_after_days,
        version,
    }
}

/// Get the currency settings
///
/// Scope `settings:read`.
#[utoipa::path(
    operation_id = "get_currency_settings", tag = "staff", security(("staff_key" = [])),
    responses((status = 200, description = "The settings", body = CurrencySettingsDocument), (status = 304, description = "Unchanged since `If-None-Match`")),
)]
#[get("/v1/admin/currency-settings")]
pub async fn get_currency_settings(app: web::Data<App>, request: HttpRequest, staff: Staff) -> Result<HttpResponse> {
    staff.require(Scope::SettingsRead)?;
    let mut conn = app.connection().await?;
    let body = document(settings::read(&mut conn).await?, app.config.default_currency);
    etag::respond(&request, HttpResponse::Ok(), body.version, &body)
}

/// Change the currency settings
///
/// Which currencies are derived, with which margin and rounding. Rates are fetched and prices derived in the background,
/// within seconds. Scope `settings:write`.
#[utoipa::path(
    operation_id = "update_currency_settings", tag = "staff", security(("staff_key" = [])), request_body = CurrencySettingsPatch,
    params(("If-Match" = Option<String>, Header, description = "The `ETag` that the change is based on")),
    responses((status = 200, description = "Changed", body = CurrencySettingsDocument)),
)]
#[patch("/v1/admin/currency-settings")]
pub async fn update_currency_settings(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    body: Json<CurrencySettingsPatch>,
) -> Result<HttpResponse> {
    staff.require(Scope::SettingsWrite)?;
    let (expected, now, patch) = (&Expected::from_request(&request)?, app.clock.now(), &body.value);
    let (base, author) = (app.config.default_currency, staff.author());
    let mut conn = app.connection().await?;
    let body = db::transaction(&mut conn, |conn| {
        async move {
            let change = |present| patch.apply_to(present, base);
            let Changed { before, after } = settings::change(conn, expected, now, change).await?;
            queue::enqueue(conn, Job::RefreshRates, "settings", now, now).await?;
            let after = document(after, base);
            let entry = Entry::new(Action::CurrencySettingsUpdated, CurrencySettings::KIND);
            audit::record(conn, author, entry.changed(&document(before, base), &after), now).await?;
            Ok(after)
        }
        .scope_boxed()
    })
    .await?;
    app.wake.ring();
    etag::respond(&request, HttpResponse::Ok(), body.version, &body)
}

/// The newest rates.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ExchangeRateList {
    /// One for each currency.
    pub data: Vec<ExchangeRate>,
}

/// List exchange rates
///
/// The newest of each currency: how many units one euro is. Source of `ecb` rates: European Central Bank, for information
/// only. Scope `settings:read`.
#[utoipa::path(
    operation_id = "list_exchange_rates", tag = "staff", security(("staff_key" = [])),
    responses((status = 200, description = "The rates", body = ExchangeRateList)),
)]
#[get("/v1/admin/exchange-rates")]
pub async fn list_exchange_rates(app: web::Data<App>, staff: Staff) -> Result<HttpResponse> {
    staff.require(Scope::SettingsRead)?;
    let mut conn = app.connection().await?;
    Ok(HttpResponse::Ok().json(ExchangeRateList { data: rates::newest(&mut conn).await? }))
}

/// A rate that staff set.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewExchangeRate {
    /// How many units one euro is: a decimal number.
    #[schema(example = "0.3321")]
    #[validate(custom(function = lawful_rate))]
    pub rate: String,
}

fn lawful_rate(rate: &str) -> Result<(), ValidationError> {
    let (whole, decimals) = rate.split_once('.').unwrap_or((rate, "0"));
    let is_number =
        |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if is_number(whole, 9) && is_number(decimals, 12) && rate.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) {
        return Ok(());
    }
    let message = "must be a decimal number above 0 with at most 9 digits before and 12 after the point";
    Err(ValidationError::new("pattern").with_message(message.into()))
}

/// Set an exchange rate
///
/// Of today, for what the ECB does not publish (KWD, AED, …) or instead of what it does. Prices are derived anew in the
/// background. Scope `settings:write`.
#[utoipa::path(
    operation_id = "set_exchange_rate", tag = "staff", security(("staff_key" = [])), request_body = NewExchangeRate,
    params(("currency" = Currency, Path, description = "The currency")),
    responses((status = 200, description = "The rate", body = ExchangeRate)),
)]
#[put("/v1/admin/exchange-rates/{currency}")]
pub async fn set_exchange_rate(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    body: Json<NewExchangeRate>,
) -> Result<HttpResponse> {
    staff.require(Scope::SettingsWrite)?;
    let currency: Option<Currency> = request.match_info().get("currency").and_then(|code| code.parse().ok());
    let currency = currency.filter(|currency| currency.code() != "EUR").ok_or_else(|| Error::not_found("currency"))?;
    let (now, author) = (app.clock.now(), staff.author());
    let rate = &ExchangeRate {
        currency,
        rate: body.value.rate.clone(),
        rate_date: now.date_naive(),
        source: RateOrigin::Manual,
        fetched_at: now,
    };
    let mut conn = app.connection().await?;
    db::transaction(&mut conn, |conn| {
        async move {
            let before = rates::newest(conn).await?.into_iter().find(|newest| newest.currency == currency);
            rates::store(conn, std::slice::from_ref(rate)).await?;
            queue::enqueue(conn, Job::RefreshRates, "settings", now, now).await?;
            let entry = Entry::new(Action::ExchangeRateSet, currency);
            audit::record(conn, author, entry.moved("/rate", before.map(|newest| newest.rate), &rate.rate), now).await
        }
        .scope_boxed()
    })
    .await?;
    app.wake.ring();
    Ok(HttpResponse::Ok().json(rate))
}
