//! The discounts that a cart may have: automatic ones, and those of its codes.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::apply::{Candidate, CandidateCode};
use super::model::{AppliesTo, DiscountReason, DiscountStatus, Terms};
use super::uses;
use crate::db::Connection;
use crate::db::schema::{collection_products, discount_codes, discounts};
use crate::db::statement::{Bind, Statement};
use crate::error::{Error, Result};
use crate::ids::{CollectionId, DiscountCodeId, DiscountId, ProductId};

type CodeRow = (DiscountCodeId, String, Option<i64>, i64);

/// A row of `discounts`, as far as a cart depends on it.
#[derive(Debug, Deserialize, Queryable, Selectable)]
#[diesel(table_name = discounts)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct Row {
    id: Uuid,
    title: String,
    status: DiscountStatus,
    terms: Value,
    priority: i32,
    combinable: bool,
    usage_limit: Option<i64>,
    usage_limit_per_customer: Option<i64>,
    used: i64,
    starts_at: DateTime<Utc>,
    ends_at: Option<DateTime<Utc>>,
    version: i64,
}

/// Asks for what applies by itself at a time: [`Row`]s.
#[must_use]
pub fn automatic(now: DateTime<Utc>) -> Statement {
    Statement::constant(AUTOMATIC).with(Bind::Time(now))
}

/// The time is hidden from the planner, which would else plan for each. The ends of what runs are told as years that every
/// reader knows.
const AUTOMATIC: &str = "
    SELECT id, title, status, terms, priority, combinable, usage_limit, usage_limit_per_customer, used,
        GREATEST(starts_at, '1970-01-01Z') AS starts_at, LEAST(ends_at, '9999-01-01Z') AS ends_at, version
    FROM discounts
    WHERE method = 'automatic' AND status = 'active' AND starts_at <= (SELECT $1) AND (ends_at IS NULL OR ends_at > (SELECT $1))
    ORDER BY id";

/// The terms from their column.
///
/// # Errors
/// When the database holds what are none, which is a defect.
pub fn terms(column: Value) -> Result<Terms> {
    serde_json::from_value(column).map_err(|error| Error::Internal(format!("discounts.terms: {error}")))
}

/// The candidates of a cart, by age: those of its codes and the `automatic` ones. A code that leads nowhere has none. Of two
/// codes of one discount only the first that can be used is given.
///
/// # Errors
/// Those of the database.
pub async fn candidates(
    mut conn: &Connection,
    automatic: Vec<Row>,
    codes: &[String],
    email: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Vec<Candidate>> {
    let mut rows: Vec<(Row, Option<CodeRow>)> = Vec::new();
    if !codes.is_empty() {
        let code = (discount_codes::id, discount_codes::code, discount_codes::usage_limit, discount_codes::used);
        let by_code: Vec<(Row, CodeRow)> = discount_codes::table
            .inner_join(discounts::table.on(discounts::id.eq(discount_codes::discount_id)))
            .filter(discount_codes::code.eq_any(codes))
            .order((discounts::id, discount_codes::code))
            .select((Row::as_select(), code))
            .load(&mut conn)
            .await?;
        rows.extend(by_code.into_iter().map(|(row, code)| (row, Some(code))));
    }
    rows.extend(automatic.into_iter().map(|row| (row, None)));
    rows.sort_by_key(|(row, _)| row.id);
    let mut found: Vec<Candidate> = Vec::new();
    for (row, code) in rows {
        let mut barred = barred(&row, code.as_ref(), now);
        if barred.is_none() && found.iter().any(|other| other.id.0 == row.id && other.barred.is_none()) {
            barred = Some(DiscountReason::NotCombinable);
        }
        if let (None, Some(limit), Some(email)) = (barred, row.usage_limit_per_customer, email)
            && uses::of_customer(conn, DiscountId(row.id), email).await? >= limit
        {
            barred = Some(DiscountReason::CustomerLimitReached);
        }
        found.push(Candidate {
            id: DiscountId(row.id),
            title: row.title,
            code: code.map(|(id, code, limit, _)| CandidateCode { id, code, limited: limit.is_some() }),
            terms: terms(row.terms)?,
            priority: row.priority,
            combinable: row.combinable,
            limited: row.usage_limit.is_some() || row.usage_limit_per_customer.is_some(),
            version: row.version,
            barred,
        });
    }
    Ok(found)
}

fn barred(row: &Row, code: Option<&CodeRow>, now: DateTime<Utc>) -> Option<DiscountReason> {
    let is_used_up = |limit: Option<i64>, used: i64| limit.is_some_and(|limit| used >= limit);
    match row.status {
        DiscountStatus::Archived => return Some(DiscountReason::NotFound),
        DiscountStatus::Disabled => return Some(DiscountReason::Disabled),
        DiscountStatus::Active => {}
    }
    if row.starts_at > now {
        return Some(DiscountReason::NotStarted);
    }
    if row.ends_at.is_some_and(|end| end <= now) {
        return Some(DiscountReason::Expired);
    }
    let is_code_used_up = code.is_some_and(|(_, _, limit, used)| is_used_up(*limit, *used));
    (is_code_used_up || is_used_up(row.usage_limit, row.used)).then_some(DiscountReason::UsedUp)
}

/// Which of the collections that discounts name each product is in.
///
/// # Errors
/// Those of the database.
pub async fn memberships(
    conn: &mut Connection,
    candidates: &[Candidate],
    products: &[ProductId],
) -> Result<HashMap<ProductId, Vec<CollectionId>>> {
    let scopes = candidates.iter().flat_map(|candidate| {
        let terms = &candidate.terms;
        [
            Some(&terms.applies_to),
            terms.buy.as_ref().map(|buy| &buy.applies_to),
            terms.get.as_ref().map(|get| &get.applies_to),
        ]
    });
    let named: Vec<CollectionId> = scopes.flatten().flat_map(|scope: &AppliesTo| scope.collections.clone()).collect();
    let mut found: HashMap<ProductId, Vec<CollectionId>> = HashMap::new();
    if named.is_empty() {
        return Ok(found);
    }
    let rows: Vec<(ProductId, CollectionId)> = collection_products::table
        .filter(collection_products::product_id.eq_any(products))
        .filter(collection_products::collection_id.eq_any(named))
        .order((collection_products::product_id, collection_products::collection_id))
        .select((collection_products::product_id, collection_products::collection_id))
        .load(conn)
        .await?;
    for (product, collection) in rows {
        found.entry(product).or_default().push(collection);
    }
    Ok(found)
}
