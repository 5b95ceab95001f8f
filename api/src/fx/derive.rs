//! Deriving prices, set by set, in the database: `amount × rate × (1 + margin)`, rounded half up to the rule's multiple,
//! less what the rule takes off. Exact decimals throughout.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde::{Deserialize, Serialize};

use super::rates::{self, ExchangeRate};
use super::settings::{CurrencySettings, DerivedCurrency};
use crate::app::App;
use crate::catalog::changes::{self, Change};
use crate::db::schema::products;
use crate::db::statement::{Bind, Statement};
use crate::db::{self, Connection};
use crate::error::Result;
use crate::ids::ProductId;
use crate::money::{Currency, Percentage};
use crate::settings;

/// Products a transaction.
const BATCH: i64 = 500;

/// How one currency is derived today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Derivation {
    /// The currency that prices are derived from.
    pub base: Currency,
    /// The currency that they are derived in.
    pub currency: Currency,
    /// How many units of the base one euro is.
    #[schema(example = "1")]
    pub base_per_euro: String,
    /// How many units of the currency one euro is.
    #[schema(example = "1.0842")]
    pub per_euro: String,
    /// The older of the two rates' days.
    pub rate_date: NaiveDate,
    /// What is added to the rate.
    pub margin: Percentage,
    /// Rounded to a multiple of so many minor units.
    pub round_to: i64,
    /// So many minor units are taken off then.
    pub minus: i64,
}

/// The derivations whose rates are young enough.
///
/// # Errors
/// Those of the database.
pub async fn present(conn: &mut Connection, now: DateTime<Utc>) -> Result<Vec<Derivation>> {
    let settings = settings::read::<CurrencySettings>(conn).await?.value;
    let Some(base) = settings.base.filter(|_| !settings.derived.is_empty()) else { return Ok(Vec::new()) };
    let oldest = now.date_naive() - TimeDelta::days(settings.stop_after_days);
    let wanted: Vec<Currency> = settings.derived.iter().map(|rule| rule.currency).chain([base]).collect();
    let newest = rates::newest_since(conn, &wanted, oldest).await?;
    let today = now.date_naive();
    let rate = |currency: Currency| -> Option<(String, NaiveDate)> {
        if currency.code() == "EUR" {
            return Some(("1".to_owned(), today));
        }
        let found: &ExchangeRate = newest.iter().find(|rate| rate.currency == currency)?;
        Some((found.rate.clone(), found.rate_date))
    };
    let derivation = |rule: &DerivedCurrency| {
        let ((base_per_euro, base_date), (per_euro, date)) = (rate(base)?, rate(rule.currency)?);
        Some(Derivation {
            base,
            currency: rule.currency,
            base_per_euro,
            per_euro,
            rate_date: base_date.min(date),
            margin: rule.margin,
            round_to: rule.round_to,
            minus: rule.minus,
        })
    };
    Ok(settings.derived.iter().filter_map(derivation).collect())
}

/// How a currency is derived.
///
/// # Errors
/// Those of the database.
pub async fn of_currency(conn: &mut Connection, currency: Currency, now: DateTime<Utc>) -> Result<Option<Derivation>> {
    let all = present(conn, now).await?;
    Ok(all.into_iter().find(|each| each.currency == currency))
}

/// Derives the prices of products whose rows the caller has locked.
///
/// # Errors
/// Those of the database.
pub async fn prices(conn: &mut Connection, products: &[ProductId], derivations: &[Derivation]) -> Result<()> {
    let currencies: Vec<String> = derivations.iter().map(|each| each.currency.to_string()).collect();
    Statement::constant(
        "DELETE FROM variant_prices USING variants WHERE variants.id = variant_prices.variant_id \
         AND variants.product_id = ANY($1) AND origin = 'derived' AND (currency <> ALL($2) \
             OR NOT EXISTS (SELECT FROM variant_prices AS own WHERE own.variant_id = variants.id AND own.currency = $3 AND own.origin = 'manual'))",
    )
    .with(Bind::Uuids(products.iter().map(|product| product.0).collect()))
    .with(Bind::Texts(currencies))
    .with(Bind::Text(derivations.first().map_or("", |each| each.base.code()).to_owned()))
    .execute(conn)
    .await?;
    for each in derivations {
        derive_one(conn, products, each).await?;
    }
    Ok(())
}

async fn derive_one(conn: &mut Connection, products: &[ProductId], each: &Derivation) -> Result<()> {
    let exponents = (i64::from(each.base.exponent()), i64::from(each.currency.exponent()));
    diesel::sql_query(
        "WITH rule AS (SELECT $4::numeric / $3::numeric * (1 + $5::numeric / 1000000) * power(10::numeric, $6 - $7) AS factor), \
         derived AS (SELECT own.variant_id, \
             CASE WHEN own.amount = 0 THEN 0 ELSE GREATEST(round(own.amount * factor / $8) * $8 - $9, $8 - $9) END AS amount, \
             CASE WHEN own.compare_at_amount > 0 THEN GREATEST(round(own.compare_at_amount * factor / $8) * $8 - $9, $8 - $9) END AS compare_at_amount \
             FROM rule, variants JOIN variant_prices AS own ON own.variant_id = variants.id \
             WHERE variants.product_id = ANY($1) AND own.currency = $10 AND own.origin = 'manual'), \
         too_dear AS (DELETE FROM variant_prices USING derived WHERE variant_prices.variant_id = derived.variant_id \
             AND currency = $2 AND origin = 'derived' AND derived.amount > 99999999) \
         INSERT INTO variant_prices (variant_id, currency, amount, compare_at_amount, origin, rate_date) \
         SELECT variant_id, $2, amount, compare_at_amount, 'derived', $11 FROM derived WHERE amount <= 99999999 \
         ON CONFLICT (variant_id, currency) DO UPDATE SET amount = excluded.amount, \
             compare_at_amount = excluded.compare_at_amount, rate_date = excluded.rate_date \
         WHERE variant_prices.origin = 'derived' AND (variant_prices.amount, variant_prices.compare_at_amount, variant_prices.rate_date) \
             IS DISTINCT FROM (excluded.amount, excluded.compare_at_amount, excluded.rate_date)",
    )
    .bind::<Array<SqlUuid>, _>(products)
    .bind::<Text, _>(each.currency)
    .bind::<Text, _>(&each.base_per_euro)
    .bind::<Text, _>(&each.per_euro)
    .bind::<BigInt, _>(each.margin.millionths())
    .bind::<BigInt, _>(exponents.1)
    .bind::<BigInt, _>(exponents.0)
    .bind::<BigInt, _>(each.round_to)
    .bind::<BigInt, _>(each.minus)
    .bind::<Text, _>(each.base)
    .bind::<Date, _>(each.rate_date)
    .execute(conn)
    .await?;
    Ok(())
}

/// The span of the products' prices, which lists filter and sort by.
///
/// # Errors
/// Those of the database.
pub async fn spans(conn: &mut Connection, products: &[ProductId]) -> Result<()> {
    Statement::constant(
        "WITH present AS (SELECT variants.product_id, price.currency, min(price.amount) AS least, max(price.amount) AS most \
             FROM variants JOIN variant_prices AS price ON price.variant_id = variants.id \
             WHERE variants.product_id = ANY((SELECT $1)::uuid[]) AND variants.archived_at IS NULL GROUP BY 1, 2), \
         gone AS (DELETE FROM product_prices WHERE product_id = ANY((SELECT $1)::uuid[]) \
             AND NOT EXISTS (SELECT FROM present WHERE present.product_id = product_prices.product_id AND present.currency = product_prices.currency)) \
         INSERT INTO product_prices SELECT * FROM present \
         ON CONFLICT (product_id, currency) DO UPDATE SET min_amount = excluded.min_amount, max_amount = excluded.max_amount \
         WHERE (product_prices.min_amount, product_prices.max_amount) IS DISTINCT FROM (excluded.min_amount, excluded.max_amount)",
    )
    .with(Bind::Uuids(products.iter().map(|product| product.0).collect()))
    .execute(conn)
    .await?;
    Ok(())
}

/// Derives every product's prices anew, so many products a transaction.
///
/// # Errors
/// Those of the database.
pub async fn all(app: &App) -> Result<()> {
    let now = app.clock.now();
    let mut after = ProductId(uuid::Uuid::nil());
    loop {
        let mut conn = app.connection().await?;
        let done = db::transaction(&mut conn, |conn| {
            async move {
                let ids: Vec<ProductId> = products::table
                    .filter(products::id.gt(after))
                    .order(products::id)
                    .limit(BATCH)
                    .select(products::id)
                    .for_no_key_update()
                    .load(conn)
                    .await?;
                let derivations = present(conn, now).await?;
                prices(conn, &ids, &derivations).await?;
                spans(conn, &ids).await?;
                changes::record(conn, Change::Everything, now).await?;
                Ok(ids)
            }
            .scope_boxed()
        })
        .await?;
        match done.last() {
            Some(last) => after = *last,
            None => return Ok(()),
        }
    }
}
