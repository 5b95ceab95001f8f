//! Stored exchange rates: fetched by a job, or set by staff for what the bank does not publish.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde::{Deserialize, Serialize};

use super::settings::CurrencySettings;
use super::{derive, ecb};
use crate::alerts::{self, AlertKind};
use crate::app::App;
use crate::db::schema::fx_rates;
use crate::db::{self, Connection, text_enum};
use crate::error::Result;
use crate::http::etag::Expected;
use crate::money::Currency;
use crate::settings;

text_enum! {
    /// Where a rate comes from.
    RateOrigin {
        /// The European Central Bank.
        Ecb => "ecb",
        /// Staff.
        Manual => "manual",
    }
}

/// An exchange rate of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, Queryable, Selectable)]
#[diesel(table_name = fx_rates)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct ExchangeRate {
    /// The currency.
    pub currency: Currency,
    /// How many units one euro is.
    #[schema(example = "1.0842")]
    pub rate: String,
    /// Of which day.
    #[schema(example = "2026-11-23")]
    pub rate_date: NaiveDate,
    /// Where it comes from.
    pub source: RateOrigin,
    /// When it was stored.
    pub fetched_at: DateTime<Utc>,
}

/// The newest rate of each currency; of one day staff's own goes before the bank's.
///
/// # Errors
/// Those of the database.
pub async fn newest(conn: &mut Connection) -> Result<Vec<ExchangeRate>> {
    Ok(fx_rates::table
        .distinct_on(fx_rates::currency)
        .order((fx_rates::currency, fx_rates::rate_date.desc(), fx_rates::source.desc()))
        .select(ExchangeRate::as_select())
        .load(conn)
        .await?)
}

/// The newest rates of some currencies, none older than a day.
///
/// # Errors
/// Those of the database.
pub async fn newest_since(
    conn: &mut Connection,
    currencies: &[Currency],
    oldest: NaiveDate,
) -> Result<Vec<ExchangeRate>> {
    Ok(fx_rates::table
        .distinct_on(fx_rates::currency)
        .filter(fx_rates::currency.eq_any(currencies))
        .filter(fx_rates::rate_date.ge(oldest))
        .order((fx_rates::currency, fx_rates::rate_date.desc(), fx_rates::source.desc()))
        .select(ExchangeRate::as_select())
        .load(conn)
        .await?)
}

/// Stores a rate; the same day's is replaced.
///
/// # Errors
/// Those of the database.
pub async fn store(conn: &mut Connection, rates: &[ExchangeRate]) -> Result<()> {
    let rows: Vec<_> = rates
        .iter()
        .map(|rate| {
            (
                fx_rates::currency.eq(rate.currency),
                fx_rates::rate.eq(&rate.rate),
                fx_rates::rate_date.eq(rate.rate_date),
                fx_rates::source.eq(rate.source),
                fx_rates::fetched_at.eq(rate.fetched_at),
            )
        })
        .collect();
    diesel::insert_into(fx_rates::table)
        .values(rows)
        .on_conflict((fx_rates::currency, fx_rates::rate_date, fx_rates::source))
        .do_update()
        .set((fx_rates::rate.eq(excluded(fx_rates::rate)), fx_rates::fetched_at.eq(excluded(fx_rates::fetched_at))))
        .execute(conn)
        .await?;
    Ok(())
}

/// Fetches the bank's rates, tells staff about old ones, and derives every price anew. Nothing while no currency is derived.
///
/// # Errors
/// Those of the database; a bank that does not answer shows in the age of its rates.
pub async fn refresh(app: &App) -> Result<()> {
    let mut conn = app.connection().await?;
    let settings = settings::read::<CurrencySettings>(&mut conn).await?.value;
    drop(conn);
    if settings.derived.is_empty() {
        return derive::all(app).await;
    }
    let now = app.clock.now();
    match ecb::fetch(app).await {
        Ok(feed) => {
            // A currency that is named twice would fail the whole statement.
            let by_code: BTreeMap<String, String> = feed.rates.into_iter().collect();
            let known = by_code.into_iter().filter_map(|(code, rate)| {
                let (currency, source) = (code.parse().ok()?, RateOrigin::Ecb);
                Some(ExchangeRate { currency, rate, rate_date: feed.date, source, fetched_at: now })
            });
            let mut conn = app.connection().await?;
            store(&mut conn, &known.collect::<Vec<_>>()).await?;
        }
        Err(error) => tracing::error!(error = %error, "The ECB's rates could not be fetched; the last ones stay"),
    }
    let mut conn = app.connection().await?;
    tell_stale(&mut conn, &settings, app.config.default_currency, now).await?;
    keep_base(&mut conn, &settings, app.config.default_currency, now).await?;
    drop(conn);
    derive::all(app).await
}

/// After a change of `MERX_CURRENCY` prices are derived from the new one; a currency is not derived from itself.
async fn keep_base(
    conn: &mut Connection,
    settings: &CurrencySettings,
    base: Currency,
    now: DateTime<Utc>,
) -> Result<()> {
    if settings.base == Some(base) {
        return Ok(());
    }
    db::transaction(conn, |conn| {
        async move {
            let rebase = |mut settings: CurrencySettings| {
                settings.base = Some(base);
                settings.derived.retain(|rule| rule.currency != base);
                Ok(settings)
            };
            settings::change(conn, &Expected::any(), now, rebase).await.map(|_| ())
        }
        .scope_boxed()
    })
    .await
}

async fn tell_stale(
    conn: &mut Connection,
    settings: &CurrencySettings,
    base: Currency,
    now: DateTime<Utc>,
) -> Result<()> {
    let oldest = now.date_naive() - TimeDelta::days(settings.stale_after_days);
    let newest = newest(conn).await?;
    let wanted = settings.derived.iter().map(|rule| rule.currency).chain([base]);
    for currency in wanted.filter(|currency| currency.code() != "EUR") {
        let found = newest.iter().find(|rate| rate.currency == currency).map(|rate| rate.rate_date);
        let detail = match found {
            Some(date) if date >= oldest => continue,
            Some(date) => format!("The newest exchange rate of {currency} is of {date}."),
            None => format!("There is no exchange rate of {currency}; set one, or do not derive it."),
        };
        alerts::raise(conn, AlertKind::StaleRates, currency.code(), None, &detail, now).await?;
    }
    Ok(())
}
