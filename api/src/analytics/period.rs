//! Which days are asked for, in which zone, cut into which buckets. PostgreSQL knows the zones.

use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Date, Timestamptz};
use serde::Deserialize;
use validator::Validate;

use super::shapes::AnalyticsPeriod;
use crate::app::App;
use crate::db::statement::{Bind, Statement};
use crate::db::{Connection, text_enum};
use crate::error::{Error, Result};
use crate::money::Currency;

/// The longest period, in days.
const MOST_DAYS: i64 = 1830;

/// The longest period that is cut into hours, in days.
const MOST_DAYS_OF_HOURS: i64 = 92;

/// How many days a period has when its beginning is not said.
const DEFAULT_DAYS: i64 = 30;

text_enum! {
    /// How long each bucket of a series is.
    AnalyticsBucket {
        /// An hour; on the days when clocks change there are 23 or 25.
        Hour => "hour",
        /// A day of the zone.
        Day => "day",
        /// From Monday; the first and the last may be cut short by the period.
        Week => "week",
        /// A month of the calendar; the first and the last may be cut short by the period.
        Month => "month",
    }
}

text_enum! {
    /// What a period is compared with.
    AnalyticsComparison {
        /// As many days before it.
        PreviousPeriod => "previous_period",
        /// The same days a year before.
        PreviousYear => "previous_year",
        /// Nothing.
        None => "none",
    }
}

/// What is asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AnalyticsQuery {
    /// The first day, in the zone; when absent, the 29th before the last.
    #[param(example = "2026-10-01")]
    pub from: Option<NaiveDate>,
    /// The last day, in the zone, which is included; when absent, today.
    #[param(example = "2026-10-31")]
    pub to: Option<NaiveDate>,
    /// How long each bucket is; when absent, a day. Hours for 92 days at most.
    pub bucket: Option<AnalyticsBucket>,
    /// A zone of the IANA database, which days begin in; when absent, `UTC`.
    #[param(example = "Europe/Berlin")]
    pub time_zone: Option<String>,
    /// The currency of all amounts; when absent, the shop's. Only what was sold in it counts, unless `convert` is set.
    pub currency: Option<Currency>,
    /// Whether what was sold in other currencies counts as well, converted at the day's stored rate.
    pub convert: Option<bool>,
    /// What it is compared with; when absent, nothing.
    pub compare: Option<AnalyticsComparison>,
}

/// The days that are asked for.
#[derive(Debug, Clone)]
pub(super) struct Period {
    pub(super) from: NaiveDate,
    pub(super) to: NaiveDate,
    pub(super) zone: String,
    pub(super) bucket: AnalyticsBucket,
    /// Where each bucket begins.
    pub(super) starts: Vec<DateTime<Utc>>,
    /// Where the last one ends.
    pub(super) end: DateTime<Utc>,
}

/// In which currency it is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Telling {
    pub(super) currency: Currency,
    pub(super) converts: bool,
}

impl Period {
    /// Where the first bucket begins.
    pub(super) fn start(&self) -> DateTime<Utc> {
        self.starts.first().copied().unwrap_or(self.end)
    }

    /// As it is shown.
    pub(super) fn shape(&self, telling: Telling, rate_note: Option<String>) -> AnalyticsPeriod {
        AnalyticsPeriod {
            from: self.from,
            to: self.to,
            time_zone: self.zone.clone(),
            bucket: self.bucket,
            currency: telling.currency,
            converted: telling.converts,
            rate_note,
        }
    }
}

/// The period that a query names, what it is compared with, and in which currency.
///
/// # Errors
/// `invalid_query` for an unknown zone and for days that make no sense.
pub(super) async fn resolve(
    conn: &mut Connection,
    app: &App,
    query: &AnalyticsQuery,
) -> Result<(Period, Option<Period>, Telling)> {
    let zone = query.time_zone.clone().unwrap_or_else(|| "UTC".to_owned());
    let today = today(conn, &zone, app.clock.now()).await?;
    let to = query.to.unwrap_or(today);
    let from = query.from.unwrap_or_else(|| to - TimeDelta::days(DEFAULT_DAYS - 1));
    let bucket = query.bucket.unwrap_or(AnalyticsBucket::Day);
    require_sensible(from, to, bucket)?;
    let before = match query.compare.unwrap_or(AnalyticsComparison::None) {
        AnalyticsComparison::None => None,
        AnalyticsComparison::PreviousPeriod => {
            Some((from - ((to - from) + TimeDelta::days(1)), from - TimeDelta::days(1)))
        }
        AnalyticsComparison::PreviousYear => {
            from.checked_sub_months(Months::new(12)).zip(to.checked_sub_months(Months::new(12)))
        }
    };
    let period = cut(conn, from, to, &zone, bucket).await?;
    let before = match before {
        None => None,
        Some((from, to)) => Some(cut(conn, from, to, &zone, bucket).await?),
    };
    let telling = Telling {
        currency: query.currency.unwrap_or(app.config.default_currency),
        converts: query.convert.unwrap_or(false),
    };
    Ok((period, before, telling))
}

fn require_sensible(from: NaiveDate, to: NaiveDate, bucket: AnalyticsBucket) -> Result<()> {
    for (name, date) in [("from", from), ("to", to)] {
        if !(2000..=2200).contains(&date.year()) {
            return Err(Error::invalid_query(name, "range", "must be of a year from 2000 to 2200"));
        }
    }
    if to < from {
        return Err(Error::invalid_query("to", "range", "must not be before `from`"));
    }
    let days = (to - from).num_days() + 1;
    if days > MOST_DAYS {
        let detail = format!("must be at most {MOST_DAYS} days before `to`; ask for less at a time");
        return Err(Error::invalid_query("from", "range", detail));
    }
    if bucket == AnalyticsBucket::Hour && days > MOST_DAYS_OF_HOURS {
        let detail = format!("may be `hour` for at most {MOST_DAYS_OF_HOURS} days; ask for `day`, or for less");
        return Err(Error::invalid_query("bucket", "range", detail));
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Today {
    #[diesel(sql_type = Date)]
    today: NaiveDate,
}

/// The present day in a zone.
///
/// # Errors
/// `invalid_query` for an unknown zone.
async fn today(conn: &mut Connection, zone: &str, now: DateTime<Utc>) -> Result<NaiveDate> {
    let unknown = || {
        let detail = "must be a zone of the IANA database, such as `Europe/Berlin`";
        Error::invalid_query("time_zone", "unknown", detail)
    };
    // PostgreSQL takes more than names: abbreviations, which say less, and rules such as `X5Y`.
    let is_name = zone == "UTC" || zone.contains('/');
    let is_plain = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'/' | b'_' | b'-' | b'+');
    if !is_name || zone.len() > 64 || !zone.bytes().all(is_plain) {
        return Err(unknown());
    }
    let found = Statement::constant("SELECT ($1 AT TIME ZONE $2)::date AS today")
        .with(Bind::Time(now))
        .with(Bind::Text(zone.to_owned()))
        .optional::<Today>(conn)
        .await;
    match found {
        Err(Error::Database(error)) if error.to_string().contains("time zone") => Err(unknown()),
        found => Ok(found?.map_or_else(|| now.date_naive(), |found| found.today)),
    }
}

#[derive(QueryableByName)]
struct Start {
    #[diesel(sql_type = Timestamptz)]
    start: DateTime<Utc>,
}

/// Where buckets begin: of hours wherever the zone's clock shows a full one, of the others at a midnight of the zone. The
/// last row is the period's end.
const HOURS: &str = "WITH span AS (SELECT $1::timestamp AT TIME ZONE $3 AS lower, ($2::timestamp + interval '1 day') AT TIME ZONE $3 AS upper) \
     SELECT DISTINCT GREATEST(date_trunc('hour', quarter, $3), lower) AS start \
     FROM span, generate_series(lower, upper - interval '15 minutes', interval '15 minutes') AS quarter \
     UNION SELECT upper FROM span ORDER BY 1";

const CALENDAR: &str = "SELECT GREATEST(local, $1::timestamp) AT TIME ZONE $3 AS start \
     FROM generate_series(date_trunc($4, $1::timestamp), $2::timestamp, ('1 ' || $4)::interval) AS local \
     UNION SELECT ($2::timestamp + interval '1 day') AT TIME ZONE $3 ORDER BY 1";

async fn cut(
    conn: &mut Connection,
    from: NaiveDate,
    to: NaiveDate,
    zone: &str,
    bucket: AnalyticsBucket,
) -> Result<Period> {
    let statement = match bucket {
        AnalyticsBucket::Hour => Statement::constant(HOURS),
        AnalyticsBucket::Day | AnalyticsBucket::Week | AnalyticsBucket::Month => Statement::constant(CALENDAR),
    };
    let rows: Vec<Start> = statement
        .with(Bind::Text(from.to_string()))
        .with(Bind::Text(to.to_string()))
        .with(Bind::Text(zone.to_owned()))
        .with(Bind::Text(bucket.to_string()))
        .load(conn)
        .await?;
    let mut starts: Vec<DateTime<Utc>> = rows.into_iter().map(|row| row.start).collect();
    let end = starts.pop().ok_or_else(|| Error::Internal(format!("{from} to {to} has no end")))?;
    Ok(Period { from, to, zone: zone.to_owned(), bucket, starts, end })
}
