//! A daily budget for calls that cost money: counted in the database for all processes, with an alert at 80 %, and then
//! no more (AMENDMENTS 23).

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Text};
use diesel_async::RunQueryDsl;

use super::ProviderError;
use crate::alerts::{self, AlertKind};
use crate::app::App;
use crate::error::Result;

/// Gives a call back that was never made.
///
/// # Errors
/// Those of the database.
pub async fn give_back(app: &App, provider: &'static str, spent_at: DateTime<Utc>) -> Result<()> {
    let mut conn = app.connection().await?;
    diesel::sql_query("UPDATE provider_usage SET calls = calls - 1 WHERE provider = $1 AND day = $2 AND calls > 0")
        .bind::<Text, _>(provider)
        .bind::<Date, _>(spent_at.date_naive())
        .execute(&mut conn)
        .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    calls: i64,
}

/// Counts a call against the day's budget of a provider; 0 is no limit.
///
/// # Errors
/// Those of the database; the inner one is `RateLimited` when the budget is spent.
pub async fn spend(
    app: &App,
    provider: &'static str,
    limit: u32,
    now: DateTime<Utc>,
) -> Result<Result<(), ProviderError>> {
    let (limit, today): (i64, NaiveDate) = (limit.into(), now.date_naive());
    if limit == 0 {
        return Ok(Ok(()));
    }
    let mut conn = app.connection().await?;
    let counted: Counted = diesel::sql_query(
        "INSERT INTO provider_usage (provider, day, calls) VALUES ($1, $2, 1) \
         ON CONFLICT (provider, day) DO UPDATE SET calls = provider_usage.calls + 1 RETURNING calls",
    )
    .bind::<Text, _>(provider)
    .bind::<Date, _>(today)
    .get_result(&mut conn)
    .await?;
    if counted.calls == limit * 4 / 5 || counted.calls == limit + 1 {
        let detail = format!("{} of {limit} calls to {provider} are used on {today}.", counted.calls.min(limit));
        let cause = format!("{provider}:{today}:{}", counted.calls > limit);
        alerts::raise(&mut conn, AlertKind::ProviderBudget, &cause, None, &detail, now).await?;
    }
    if counted.calls > limit {
        return Ok(Err(ProviderError::Unavailable(format!("today's {limit} calls to {provider} are used up"))));
    }
    Ok(Ok(()))
}
