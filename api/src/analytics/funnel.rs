//! How carts became orders: carts that were made, that were first filled, that were first checked out, that were paid.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde::Serialize;

use super::period::{self, AnalyticsQuery, Period};
use super::shapes::AnalyticsPeriod;
use super::sums;
use crate::app::App;
use crate::db::statement::{Bind, Statement};
use crate::db::{Connection, text_enum};
use crate::error::Result;

text_enum! {
    /// A step on the way from a cart to a sale.
    FunnelStepName {
        /// Carts that were made.
        Carts => "carts",
        /// Carts that something was first put into.
        CartsWithLines => "carts_with_lines",
        /// Carts that were first checked out.
        Checkouts => "checkouts",
        /// Carts that were paid.
        Paid => "paid",
    }
}

/// How carts became orders.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Funnel {
    /// The days that it is of.
    pub period: AnalyticsPeriod,
    /// The steps, in their order. Each counts what happened in the period, of all currencies.
    pub steps: Vec<FunnelStep>,
    /// The same of the period that it is compared with, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub comparison: Option<FunnelComparison>,
}

/// What a funnel is compared with.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FunnelComparison {
    /// The days that it is of.
    pub period: AnalyticsPeriod,
    /// The steps, in their order.
    pub steps: Vec<FunnelStep>,
}

/// A step of the way.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FunnelStep {
    /// Which.
    pub name: FunnelStepName,
    /// How many carts took it.
    pub count: i64,
    /// Its share of the first step's carts, a decimal number; `null` when there were none.
    #[schema(example = "0.0312")]
    pub rate_from_first: Option<String>,
    /// Its share of the carts of the step before, a decimal number; `null` when there were none.
    #[schema(example = "0.6100")]
    pub rate_from_previous: Option<String>,
}

/// How many carts took each step.
#[derive(Debug, Clone, Copy, Default, QueryableByName)]
pub(super) struct Counts {
    #[diesel(sql_type = BigInt)]
    pub(super) carts: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) carts_with_lines: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) checkouts: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) paid: i64,
}

/// Rolled up as far as carts are, and the carts themselves from there on.
const COUNTS: &str = "WITH span AS (SELECT GREATEST($1, carts_until) AS since FROM analytics_state), counts AS ( \
         SELECT carts, carts_with_lines, checkouts, 0::bigint AS paid FROM analytics_carts WHERE at >= $1 AND at < $2 \
         UNION ALL SELECT 0, 0, 0, orders FROM analytics_answers WHERE at >= $1 AND at < $2 \
         UNION ALL SELECT count(*), 0, 0, 0 FROM carts WHERE created_at >= (SELECT since FROM span) AND created_at < $2 \
         UNION ALL SELECT 0, count(*), 0, 0 FROM carts \
             WHERE first_line_at >= (SELECT since FROM span) AND first_line_at < $2 \
         UNION ALL SELECT 0, 0, count(*), 0 FROM orders \
             WHERE placed_at >= (SELECT since FROM span) AND placed_at < $2 \
             AND NOT EXISTS (SELECT FROM orders AS earlier WHERE earlier.cart_id = orders.cart_id \
                 AND (earlier.placed_at, earlier.id) < (orders.placed_at, orders.id))) \
     SELECT COALESCE(sum(carts), 0)::bigint AS carts, COALESCE(sum(carts_with_lines), 0)::bigint AS carts_with_lines, \
         COALESCE(sum(checkouts), 0)::bigint AS checkouts, COALESCE(sum(paid), 0)::bigint AS paid FROM counts";

/// The funnel of a query.
///
/// # Errors
/// `invalid_query`; those of the database.
pub(super) async fn read(conn: &mut Connection, app: &App, query: &AnalyticsQuery) -> Result<Funnel> {
    let (period, before, telling) = period::resolve(conn, app, query).await?;
    let steps = counts(conn, &period).await?.steps();
    let mut comparison = None;
    if let Some(before) = before {
        let steps = counts(conn, &before).await?.steps();
        comparison = Some(FunnelComparison { period: before.shape(telling, None), steps });
    }
    Ok(Funnel { period: period.shape(telling, None), steps, comparison })
}

/// Counts the steps of a period.
///
/// # Errors
/// Those of the database.
pub(super) async fn counts(conn: &mut Connection, period: &Period) -> Result<Counts> {
    let found = Statement::constant(COUNTS)
        .with(Bind::Time(period.start()))
        .with(Bind::Time(period.end))
        .optional::<Counts>(conn)
        .await?;
    Ok(found.unwrap_or_default())
}

impl Counts {
    /// As they are shown.
    pub(super) fn steps(self) -> Vec<FunnelStep> {
        let counted = [
            (FunnelStepName::Carts, self.carts),
            (FunnelStepName::CartsWithLines, self.carts_with_lines),
            (FunnelStepName::Checkouts, self.checkouts),
            (FunnelStepName::Paid, self.paid),
        ];
        let mut previous = self.carts;
        let step = |(name, count): (FunnelStepName, i64)| {
            let before = std::mem::replace(&mut previous, count);
            FunnelStep {
                name,
                count,
                rate_from_first: sums::share(count.into(), self.carts.into()),
                rate_from_previous: sums::share(count.into(), before.into()),
            }
        };
        counted.into_iter().map(step).collect()
    }

    /// The share of carts that were paid.
    pub(super) fn conversion_rate(self) -> Option<String> {
        sums::share(self.paid.into(), self.carts.into())
    }
}
