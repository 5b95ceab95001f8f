//! Creating and changing discounts, for staff.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};

use super::codes;
use super::load;
use super::model::{Discount, DiscountMethod, DiscountStatus};
use super::read;
use super::requests::{DiscountPatch, NewCodes, NewDiscount};
use crate::db::Connection;
use crate::db::schema::{discount_codes, discount_uses, discounts};
use crate::error::{Error, Result};
use crate::http::etag::Expected;
use crate::ids::DiscountId;

/// Creates a discount, with its code if it has one.
///
/// # Errors
/// `validation_failed` for terms that make no sense, `duplicate` for a taken code.
pub async fn create(conn: &mut Connection, new: &NewDiscount, now: DateTime<Utc>) -> Result<DiscountId> {
    let id = DiscountId::new();
    let method =
        new.method.unwrap_or(if new.code.is_some() { DiscountMethod::Code } else { DiscountMethod::Automatic });
    if method == DiscountMethod::Automatic && new.code.is_some() {
        return Err(Error::invalid("/code", "invalid", "has no meaning for an automatic discount"));
    }
    let starts_at = new.starts_at.unwrap_or(now);
    require_living(new.status)?;
    require_span(starts_at, new.ends_at)?;
    diesel::insert_into(discounts::table)
        .values((
            discounts::id.eq(id),
            discounts::title.eq(&new.title),
            discounts::method.eq(method),
            discounts::status.eq(new.status.unwrap_or(DiscountStatus::Active)),
            discounts::terms.eq(json!(new.terms()?)),
            discounts::priority.eq(new.priority),
            discounts::combinable.eq(new.combinable.unwrap_or(true)),
            discounts::usage_limit.eq(new.usage_limit),
            discounts::usage_limit_per_customer.eq(new.usage_limit_per_customer),
            discounts::used.eq(0),
            discounts::starts_at.eq(starts_at),
            discounts::ends_at.eq(new.ends_at),
            discounts::version.eq(1),
            discounts::created_at.eq(now),
            discounts::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    if let Some(code) = &new.code {
        let first = NewCodes { codes: vec![code.clone()], count: None, prefix: None, usage_limit: None };
        codes::create(conn, id, &first, now)
            .await
            .map_err(|error| if error.code().is_some() { codes::taken("/code", &code.0) } else { error })?;
    }
    Ok(id)
}

fn require_living(status: Option<DiscountStatus>) -> Result<()> {
    if status == Some(DiscountStatus::Archived) {
        return Err(Error::invalid(
            "/status",
            "invalid",
            "must be active or disabled; DELETE the discount to archive it",
        ));
    }
    Ok(())
}

fn require_span(starts_at: DateTime<Utc>, ends_at: Option<DateTime<Utc>>) -> Result<()> {
    if ends_at.is_some_and(|end| end <= starts_at) {
        return Err(Error::invalid("/ends_at", "range", "must be after `starts_at`"));
    }
    Ok(())
}

/// Changes a discount under its lock; answers what it was. A new limit counts the live uses there are.
///
/// # Errors
/// `not_found`, `precondition_failed`, `validation_failed`.
pub async fn update(
    conn: &mut Connection,
    id: DiscountId,
    patch: &DiscountPatch,
    expected: &Expected,
    now: DateTime<Utc>,
) -> Result<Discount> {
    let (version, terms, starts_at, ends_at) = lock(conn, id).await?;
    expected.check(version)?;
    let before = read::find(conn, id).await?;
    let terms = patch.terms(load::terms(terms)?)?;
    let starts_at = patch.starts_at.unwrap_or(starts_at);
    require_living(patch.status)?;
    let ends_at = patch.ends_at.clone().apply_to(ends_at);
    require_span(starts_at, ends_at)?;
    // From here on all live uses are counted, whether there was a limit or not.
    let live = discount_uses::discount_id.eq(id).and(discount_uses::released_at.is_null());
    let uses =
        diesel::update(discount_uses::table.filter(live)).set(discount_uses::counted.eq(true)).execute(conn).await?;
    let uses = i64::try_from(uses).unwrap_or(i64::MAX);
    diesel::update(discounts::table.find(id))
        .set((
            patch.title.required("/title")?.map(|title| discounts::title.eq(title)),
            patch.status.map(|status| discounts::status.eq(status)),
            discounts::terms.eq(json!(terms)),
            patch.priority.map(|priority| discounts::priority.eq(priority)),
            patch.combinable.map(|combinable| discounts::combinable.eq(combinable)),
            patch.usage_limit.column().map(|limit| discounts::usage_limit.eq(limit.copied())),
            patch.usage_limit_per_customer.column().map(|limit| discounts::usage_limit_per_customer.eq(limit.copied())),
            discounts::used.eq(uses),
            discounts::starts_at.eq(starts_at),
            discounts::ends_at.eq(ends_at),
            discounts::version.eq(version + 1),
            discounts::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(before)
}

async fn lock(conn: &mut Connection, id: DiscountId) -> Result<(i64, Value, DateTime<Utc>, Option<DateTime<Utc>>)> {
    let row = discounts::table
        .find(id)
        .filter(discounts::status.ne(DiscountStatus::Archived))
        .select((discounts::version, discounts::terms, discounts::starts_at, discounts::ends_at))
        .for_update()
        .first(conn)
        .await
        .optional()?;
    row.ok_or_else(|| Error::not_found("discount"))
}

/// Archives a discount: it is given no more, and its codes are deleted. Answers what it was.
///
/// # Errors
/// `not_found`, `precondition_failed`.
pub async fn archive(
    conn: &mut Connection,
    id: DiscountId,
    expected: &Expected,
    now: DateTime<Utc>,
) -> Result<Discount> {
    let (version, ..) = lock(conn, id).await?;
    expected.check(version)?;
    let before = read::find(conn, id).await?;
    diesel::delete(discount_codes::table.filter(discount_codes::discount_id.eq(id))).execute(conn).await?;
    diesel::update(discounts::table.find(id))
        .set((
            discounts::status.eq(DiscountStatus::Archived),
            discounts::version.eq(version + 1),
            discounts::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(before)
}
