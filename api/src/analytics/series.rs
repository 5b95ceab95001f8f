//! Series of figures, with what they are compared with.

use super::period::{self, AnalyticsQuery, Period, Telling};
use super::shapes::{AnalyticsComparisonSeries, AnalyticsPoint, AnalyticsSeries, Figures};
use super::sums::{self, Found};
use crate::app::App;
use crate::db::Connection;
use crate::error::Result;
use crate::money::Currency;

/// The series of a query.
///
/// # Errors
/// `invalid_query`; those of the database.
pub(super) async fn read<F: Figures>(
    conn: &mut Connection,
    app: &App,
    query: &AnalyticsQuery,
) -> Result<AnalyticsSeries<F>> {
    let (period, before, telling) = period::resolve(conn, app, query).await?;
    let found = sums::read(conn, &period, telling).await?;
    let comparison = match before {
        None => None,
        Some(before) => Some(compared(conn, &before, telling).await?),
    };
    Ok(AnalyticsSeries {
        series: points(&period, &found, telling.currency),
        totals: F::of(&found.total, telling.currency),
        period: period.shape(telling, found.rate_note),
        comparison,
    })
}

async fn compared<F: Figures>(
    conn: &mut Connection,
    period: &Period,
    telling: Telling,
) -> Result<AnalyticsComparisonSeries<F>> {
    let found = sums::read(conn, period, telling).await?;
    Ok(AnalyticsComparisonSeries {
        series: points(period, &found, telling.currency),
        totals: F::of(&found.total, telling.currency),
        period: period.shape(telling, found.rate_note),
    })
}

fn points<F: Figures>(period: &Period, found: &Found, currency: Currency) -> Vec<AnalyticsPoint<F>> {
    let point = |(start, sums)| AnalyticsPoint { start, figures: F::of(sums, currency) };
    period.starts.iter().copied().zip(&found.buckets).map(point).collect()
}
