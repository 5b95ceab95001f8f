//! Which days are asked for, in which zone, cut into which buckets. PostgreSQL knows the zones.

use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta, Utc, Weekday};
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
    let from = query.from.or(to.checked_sub_signed(TimeDelta::days(DEFAULT_DAYS - 1))).unwrap_or(to);
    let bucket = query.bucket.unwrap_or(AnalyticsBucket::Day);
    require_sensible(from, to, bucket)?;
    let days = starts(from, to, bucket);
    let period = cut(conn, (from, to), &days, &zone, bucket).await?;
    let before = match earlier(query.compare.unwrap_or(AnalyticsComparison::None), from, to) {
        None => None,
        Some((earlier_from, earlier_to, back)) => {
            // Where the period is cut, so that points beside each other are of one length.
            let back = |day: &NaiveDate| match back {
                Back::Days(days) => day.checked_sub_signed(days),
                Back::Year if bucket == AnalyticsBucket::Week => day.checked_sub_signed(from - earlier_from),
                Back::Year => day.checked_sub_months(Months::new(12)),
            };
            let days: Vec<NaiveDate> = days.iter().filter_map(back).collect();
            Some(cut(conn, (earlier_from, earlier_to), &days, &zone, bucket).await?)
        }
    };
    let telling = Telling {
        currency: query.currency.unwrap_or(app.config.default_currency),
        converts: query.convert.unwrap_or(false),
    };
    Ok((period, before, telling))
}

/// How far back something is that is compared.
enum Back {
    Days(TimeDelta),
    Year,
}

/// The days that a period is compared with, and how far back they are.
fn earlier(comparison: AnalyticsComparison, from: NaiveDate, to: NaiveDate) -> Option<(NaiveDate, NaiveDate, Back)> {
    match comparison {
        AnalyticsComparison::None => None,
        AnalyticsComparison::PreviousPeriod => {
            let length = (to - from) + TimeDelta::days(1);
            Some((from - length, to - length, Back::Days(length)))
        }
        AnalyticsComparison::PreviousYear => {
            let year = Months::new(12);
            Some((from.checked_sub_months(year)?, to.checked_sub_months(year)?, Back::Year))
        }
    }
}

/// The days on which buckets begin; the first and the last week or month may be cut short by the period.
fn starts(from: NaiveDate, to: NaiveDate, bucket: AnalyticsBucket) -> Vec<NaiveDate> {
    let begins = |day: &NaiveDate| match bucket {
        AnalyticsBucket::Hour | AnalyticsBucket::Day => true,
        AnalyticsBucket::Week => day.weekday() == Weekday::Mon,
        AnalyticsBucket::Month => day.day() == 1,
    };
    from.iter_days().take_while(|day| *day <= to).filter(|day| *day == from || begins(day)).collect()
}

fn require_sensible(from: NaiveDate, to: NaiveDate, bucket: AnalyticsBucket) -> Result<()> {
    for (name, date) in [("to", to), ("from", from)] {
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
    // PostgreSQL takes more than names: abbreviations, which say less, and rules such as `X5Y`. Rules have digits, and of
    // names only these.
    let is_offset = |hours: &str| hours.is_empty() || hours.parse().is_ok_and(|hours: i8| (-14..=12).contains(&hours));
    let is_plain = |letter: u8| letter.is_ascii_alphabetic() || matches!(letter, b'/' | b'_' | b'-');
    let is_name = match zone.strip_prefix("Etc/GMT") {
        Some(hours) => is_offset(hours),
        None => matches!(zone, "UTC" | "GMT") || zone.contains('/') && zone.len() <= 64 && zone.bytes().all(is_plain),
    };
    if !is_name {
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

/// When the zone's clock shows a midnight. Where it does so twice, as clocks go back over it, the first: three hours before,
/// no clock was changed yet. Where it never does, what PostgreSQL makes of it.
macro_rules! midnight {
    ($local:literal) => {
        concat!(
            "CASE WHEN (((",
            $local,
            " - interval '3 hours') AT TIME ZONE $2) + interval '3 hours') AT TIME ZONE $2 = ",
            $local,
            " THEN ((",
            $local,
            " - interval '3 hours') AT TIME ZONE $2) + interval '3 hours' \
             ELSE ",
            $local,
            " AT TIME ZONE $2 END"
        )
    };
}

/// Where buckets begin that begin with days; the last one is the period's end.
const DAYS: &str = concat!(
    "SELECT DISTINCT ",
    midnight!("local"),
    " AS start FROM unnest($1::text[]::timestamp[]) AS local ORDER BY 1"
);

/// Where hours begin, between the two midnights: wherever the zone's clock shows a full one.
const HOURS: &str = concat!(
    "WITH midnights AS (SELECT ",
    midnight!("local"),
    " AS at FROM unnest($1::text[]::timestamp[]) AS local), \
     span AS (SELECT min(at) AS lower, max(at) AS upper FROM midnights) \
     SELECT DISTINCT GREATEST(date_trunc('hour', quarter, $2), lower) AS start \
     FROM span, generate_series(lower, upper - interval '15 minutes', interval '15 minutes') AS quarter \
     UNION SELECT upper FROM span ORDER BY 1"
);

/// Cuts a period into buckets that begin on these days, or into hours.
async fn cut(
    conn: &mut Connection,
    (from, to): (NaiveDate, NaiveDate),
    days: &[NaiveDate],
    zone: &str,
    bucket: AnalyticsBucket,
) -> Result<Period> {
    let statement = match bucket {
        AnalyticsBucket::Hour => Statement::constant(HOURS),
        AnalyticsBucket::Day | AnalyticsBucket::Week | AnalyticsBucket::Month => Statement::constant(DAYS),
    };
    let days = days.iter().copied().chain(to.succ_opt()).map(|day| day.to_string()).collect();
    let rows: Vec<Start> = statement.with(Bind::Texts(days)).with(Bind::Text(zone.to_owned())).load(conn).await?;
    let mut starts: Vec<DateTime<Utc>> = rows.into_iter().map(|row| row.start).collect();
    let end = starts.pop().ok_or_else(|| Error::Internal(format!("{from} to {to} has no end")))?;
    Ok(Period { from, to, zone: zone.to_owned(), bucket, starts, end })
}
