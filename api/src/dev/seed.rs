//! The demo catalogue, created by the same functions as a shop's own products.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use validator::Validate;

use crate::app::App;
use crate::catalog::requests::NewProduct;
use crate::catalog::write;
use crate::db::schema::{products, variants};
use crate::db::{self};
use crate::error::{Error, Result};
use crate::http::extract::decode;
use crate::ids::VariantId;
use crate::shipping::model::NewShippingZone;

const CATALOGUE: &str = include_str!("catalogue.json");

/// A product of the file, checked like a request.
#[derive(serde::Deserialize, Validate)]
struct Catalogue {
    #[validate(nested)]
    products: Vec<NewProduct>,
}

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

/// Fills an empty shop; a shop with products is left alone.
///
/// # Errors
/// Those of the database.
pub async fn seed(app: &App) -> Result<String> {
    let mut conn = app.connection().await?;
    let zones: Vec<NewShippingZone> =
        serde_json::from_str(ZONES).map_err(|error| Error::Internal(format!("the demo's zones: {error}")))?;
    let zones = &zones;
    let catalogue: Catalogue = decode(CATALOGUE.as_bytes())?;
    let (now, catalogue, locale) = (app.clock.now(), &catalogue.products, app.config.locale());
    db::transaction(&mut conn, |conn| {
        async move {
            let present: i64 = products::table.count().get_result(conn).await?;
            if present > 0 {
                return Ok(format!("The shop has {present} products already."));
            }
            for zone in zones {
                crate::shipping::zones::create(conn, zone, now).await?;
            }
            for product in catalogue {
                write::create(conn, product, locale, now).await?;
            }
            Ok(format!("{} products created.", catalogue.len()))
        }
        .scope_boxed()
    })
    .await
}

/// The id of a variant for examples.
pub(super) async fn a_variant(app: &App) -> Option<String> {
    let mut conn = app.connection().await.ok()?;
    let id: VariantId = variants::table
        .filter(variants::requires_shipping)
        .order(variants::id)
        .select(variants::id)
        .first(&mut conn)
        .await
        .ok()?;
    Some(id.to_string())
}
