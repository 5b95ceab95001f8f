//! Reading discounts, for staff.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::load;
use super::model::{Discount, DiscountMethod, DiscountStatus};
use crate::db::Connection;
use crate::db::schema::{discount_codes, discount_uses, discounts};
use crate::db::statement::holding;
use crate::error::{Error, Result};
use crate::ids::DiscountId;

/// Where a page starts: after this discount, newest first.
pub type After = (DateTime<Utc>, DiscountId);

#[derive(Queryable, Selectable)]
#[diesel(table_name = discounts)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct Row {
    id: DiscountId,
    title: String,
    method: DiscountMethod,
    status: DiscountStatus,
    terms: Value,
    priority: i32,
    combinable: bool,
    usage_limit: Option<i64>,
    usage_limit_per_customer: Option<i64>,
    starts_at: DateTime<Utc>,
    ends_at: Option<DateTime<Utc>>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Subqueries: live uses, codes, and the first code. A macro, as Diesel's types for them have no short name.
macro_rules! counts {
    () => {{
        let uses = discount_uses::table
            .filter(discount_uses::discount_id.eq(discounts::id))
            .filter(discount_uses::released_at.is_null())
            .count()
            .single_value();
        let codes = discount_codes::table.filter(discount_codes::discount_id.eq(discounts::id)).count().single_value();
        let code = discount_codes::table
            .filter(discount_codes::discount_id.eq(discounts::id))
            .order((discount_codes::created_at, discount_codes::id))
            .select(discount_codes::code)
            .limit(1)
            .single_value();
        (uses, codes, code)
    }};
}

type Counted = (Row, Option<i64>, Option<i64>, Option<String>);

/// One discount.
///
/// # Errors
/// `not_found`.
pub async fn find(conn: &mut Connection, id: DiscountId) -> Result<Discount> {
    let (uses, codes, code) = counts!();
    let found: Option<Counted> = discounts::table
        .find(id)
        .filter(discounts::status.ne(DiscountStatus::Archived))
        .select((Row::as_select(), uses, codes, code))
        .first(conn)
        .await
        .optional()?;
    shape(found.ok_or_else(|| Error::not_found("discount"))?)
}

/// Which discounts are wanted; `None` means any.
#[derive(Debug, Default)]
pub struct Wanted<'a> {
    /// Part of the title, or a whole code.
    pub search: Option<&'a str>,
    /// Where they stand.
    pub status: Option<DiscountStatus>,
    /// How they come.
    pub method: Option<DiscountMethod>,
}

/// One page of discounts and one more, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut Connection,
    wanted: &Wanted<'_>,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<Discount>> {
    let (uses, codes, code) = counts!();
    let mut query = discounts::table
        .filter(discounts::status.ne(DiscountStatus::Archived))
        .select((Row::as_select(), uses, codes, code))
        .into_boxed();
    if let Some(status) = wanted.status {
        query = query.filter(discounts::status.eq(status));
    }
    if let Some(method) = wanted.method {
        query = query.filter(discounts::method.eq(method));
    }
    if let Some(words) = wanted.search {
        let with_code = discount_codes::table
            .filter(discount_codes::code.eq(words.trim().to_ascii_uppercase()))
            .select(discount_codes::discount_id);
        let pattern = holding(words.trim());
        query = query.filter(discounts::title.ilike(pattern).or(discounts::id.eq_any(with_code)));
    }
    if let Some((at, id)) = after {
        let older = discounts::created_at.eq(at).and(discounts::id.lt(id));
        query = query.filter(discounts::created_at.lt(at).or(older));
    }
    let order = (discounts::created_at.desc(), discounts::id.desc());
    let rows: Vec<Counted> = query.order(order).limit(limit + 1).load(conn).await?;
    rows.into_iter().map(shape).collect()
}

fn shape((row, uses, codes, code): Counted) -> Result<Discount> {
    let terms = load::terms(row.terms)?;
    Ok(Discount {
        id: row.id,
        title: row.title,
        method: row.method,
        status: row.status,
        r#type: terms.kind,
        percentage: terms.percentage,
        amounts: terms.amounts,
        buy: terms.buy,
        get: terms.get,
        applies_to: terms.applies_to,
        minimum_subtotal: terms.minimum_subtotal,
        minimum_quantity: terms.minimum_quantity,
        priority: row.priority,
        combinable: row.combinable,
        usage_limit: row.usage_limit,
        usage_limit_per_customer: row.usage_limit_per_customer,
        times_used: uses.unwrap_or_default(),
        code_count: codes.unwrap_or_default(),
        code,
        starts_at: row.starts_at,
        ends_at: row.ends_at,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}
