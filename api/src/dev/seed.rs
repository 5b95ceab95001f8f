//! The demo shop: a catalogue imported like a shop's own, and where its goods are sent.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;

use crate::app::App;
use crate::db;
use crate::db::schema::{products, shipping_zones, variants};
use crate::discounts::requests::NewDiscount;
use crate::error::{Error, Result};
use crate::http::etag::Expected;
use crate::ids::VariantId;
use crate::imports;
use crate::imports::model::{Options, Outcome};
use crate::settings;
use crate::shipping::model::NewShippingZone;
use crate::tax::settings::TaxSettingsPatch;

/// The catalogue, in the format that a shop would bring its own in.
const CATALOGUE: &[u8] = include_bytes!("products.csv");

/// Where the demo shop sends its goods: cheaply near by, by weight; everywhere else by one price.
const ZONES: &str = r#"[
  {"name": "Germany", "regions": [{"country": "DE"}], "rates": [
    {"name": "Standard", "description": "To the door", "basis": "subtotal", "min_days": 2, "max_days": 3, "bands": [
      {"currency": "EUR", "min": 0, "max": 10000, "price": 490}, {"currency": "EUR", "min": 10000, "price": 0},
      {"currency": "USD", "price": 590}, {"currency": "GBP", "price": 450}, {"currency": "JPY", "price": 800}]}]},
  {"name": "Europe", "regions": [{"country": "AT"}, {"country": "BE"}, {"country": "CH"}, {"country": "DK"}, {"country": "ES"},
    {"country": "FR"}, {"country": "GB"}, {"country": "IE"}, {"country": "IT"}, {"country": "LU"}, {"country": "NL"},
    {"country": "PL"}, {"country": "PT"}, {"country": "SE"}], "rates": [
    {"name": "Standard", "basis": "weight", "min_days": 3, "max_days": 6, "bands": [
      {"currency": "EUR", "min": 0, "max": 2000, "price": 990}, {"currency": "EUR", "min": 2000, "max": 31500, "price": 1690},
      {"currency": "USD", "min": 0, "max": 31500, "price": 1490}, {"currency": "GBP", "min": 0, "max": 31500, "price": 1190}]},
    {"name": "Express", "basis": "weight", "min_days": 1, "max_days": 2, "bands": [
      {"currency": "EUR", "min": 0, "max": 10000, "price": 2490}, {"currency": "GBP", "min": 0, "max": 10000, "price": 2190}]}]},
  {"name": "World", "regions": [{"country": "*"}], "rates": [
    {"name": "Parcel", "basis": "weight", "min_days": 7, "max_days": 20, "bands": [
      {"currency": "EUR", "min": 0, "max": 20000, "price": 2990}, {"currency": "USD", "min": 0, "max": 20000, "price": 3290},
      {"currency": "GBP", "min": 0, "max": 20000, "price": 2590}, {"currency": "JPY", "min": 0, "max": 20000, "price": 4800}]}]}
]"#;

/// How the demo shop reckons tax: by a table, so that it needs no account; prices in euros and pounds contain it.
const TAX: &str = r#"{
  "provider": "table",
  "tax_behavior_rules": [{"currency": "EUR", "tax_behavior": "inclusive"}, {"currency": "GBP", "tax_behavior": "inclusive"}],
  "rates": [
    {"name": "VAT", "country": "DE", "percentage": "19"}, {"name": "VAT", "country": "AT", "percentage": "20"},
    {"name": "VAT", "country": "FR", "percentage": "20"}, {"name": "VAT", "country": "GB", "percentage": "20"},
    {"name": "Sales tax", "country": "US", "state": "NY", "percentage": "8.875"},
    {"name": "Sales tax", "country": "US", "state": "WA", "percentage": "10.35"}]
}"#;

/// What the demo shop takes off.
const DISCOUNTS: &str = r#"[
  {"title": "Ten percent to start with", "code": "WELCOME10", "type": "percentage", "percentage": "10", "usage_limit_per_customer": 1},
  {"title": "Three for two", "code": "THREE", "type": "buy_x_get_y", "buy": {"quantity": 2}, "get": {"quantity": 1, "percentage": "100"}}
]"#;

/// Fills an empty shop; a shop with products is left alone.
///
/// # Errors
/// Those of the database.
pub async fn seed(app: &App) -> Result<String> {
    let mut conn = app.connection().await?;
    let present: i64 = products::table.count().get_result(&mut conn).await?;
    if present > 0 {
        return Ok(format!("The shop has {present} products already."));
    }
    let zones: Vec<NewShippingZone> =
        serde_json::from_str(ZONES).map_err(|error| Error::Internal(format!("the demo's zones: {error}")))?;
    let tax: TaxSettingsPatch =
        serde_json::from_str(TAX).map_err(|error| Error::Internal(format!("the demo's tax: {error}")))?;
    let discounts: Vec<NewDiscount> =
        serde_json::from_str(DISCOUNTS).map_err(|error| Error::Internal(format!("the demo's discounts: {error}")))?;
    let (zones, tax, discounts, now) = (&zones, &tax, &discounts, app.clock.now());
    db::transaction(&mut conn, |conn| {
        async move {
            let there: i64 = shipping_zones::table.count().get_result(conn).await?;
            if there == 0 {
                for zone in zones {
                    crate::shipping::zones::create(conn, zone, now).await?;
                }
                for discount in discounts {
                    crate::discounts::write::create(conn, discount, now).await?;
                }
                settings::change(conn, &Expected::any(), now, |present| Ok(tax.apply_to(present))).await?;
            }
            Ok(())
        }
        .scope_boxed()
    })
    .await?;
    let euro = "EUR".parse().map_err(Error::Internal)?;
    let options = Options { dry_run: false, currency: euro, set_inventory: false, as_of: None };
    let mut refused = Vec::new();
    let summary = imports::run::import_file(
        app,
        || Ok(CATALOGUE),
        &options,
        |row| {
            refused.extend(
                (row.outcome == Outcome::Failed).then(|| format!("line {}: {}", row.line, row.messages.join("; "))),
            );
        },
    )
    .await?;
    if !refused.is_empty() {
        return Err(Error::Internal(format!("the demo's catalogue: {}", refused.join(", "))));
    }
    Ok(format!("{} products created.", summary.products.created))
}

/// The id of a variant for examples.
pub(super) async fn a_variant(app: &App) -> Option<String> {
    let mut conn = app.connection().await.ok()?;
    let id: VariantId =
        variants::table.filter(variants::sku.eq("TRAIL-M")).select(variants::id).first(&mut conn).await.ok()?;
    Some(id.to_string())
}
