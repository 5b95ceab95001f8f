//! Counting uses: in the checkout's transaction, under the discount's row lock, and given back once when the order dies
//! (R40, R41).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::apply::Candidate;
use super::model::{AppliedDiscount, DiscountReason};
use crate::db::schema::{discount_codes, discount_uses, discounts};
use crate::db::{Connection, Prepare};
use crate::error::{Code, Error, FieldError, Result};
use crate::ids::{DiscountCodeId, DiscountId, OrderId};

/// How many live orders of a customer use a discount.
///
/// # Errors
/// Those of the database.
pub async fn of_customer(mut conn: &Connection, discount: DiscountId, email: &str) -> Result<i64> {
    Ok(discount_uses::table
        .filter(discount_uses::discount_id.eq(discount))
        .filter(discount_uses::customer.eq(email.trim().to_lowercase()))
        .filter(discount_uses::released_at.is_null())
        .count()
        .get_result(&mut conn)
        .await?)
}

/// Counts the uses of an order's discounts, in the order of their ids so that checkouts cannot deadlock. A discount
/// without limits is only kept from being changed meanwhile, so that its checkouts need not queue.
///
/// # Errors
/// `discount_unavailable` when a limit is reached.
pub async fn count(
    conn: &mut Connection,
    order: OrderId,
    email: &str,
    applied: &[(&Candidate, AppliedDiscount)],
    now: DateTime<Utc>,
) -> Result<()> {
    let mut applied: Vec<&(&Candidate, AppliedDiscount)> = applied.iter().collect();
    applied.sort_by_key(|(candidate, _)| candidate.id);
    let customer = email.trim().to_lowercase();
    for (candidate, given) in &applied {
        let counted = take(conn, candidate, &customer).await?;
        // A quote may outlive the code that it was made with.
        let code =
            discount_codes::table.filter(discount_codes::id.nullable().eq(candidate.code.as_ref().map(|code| code.id)));
        let shipping = given.shipping_amount.map_or(0, |amount| amount.amount);
        diesel::insert_into(discount_uses::table)
            .values((
                discount_uses::order_id.eq(order),
                discount_uses::discount_id.eq(candidate.id),
                discount_uses::code_id.eq(code.select(discount_codes::id).single_value()),
                discount_uses::customer.eq(&customer),
                discount_uses::amount.eq(given.amount.amount + shipping),
                discount_uses::counted.eq(counted),
                discount_uses::created_at.eq(now),
            ))
            .prepared()
            .execute(conn)
            .await?;
    }
    for (candidate, _) in &applied {
        if let Some(code) = candidate.code.as_ref().filter(|code| code.limited) {
            take_code(conn, candidate, code.id).await?;
        }
    }
    Ok(())
}

/// Counts a use; answers whether it was counted. What the row says under its lock holds, not what was read before: a
/// quote may be a day old. A discount that was limited is locked for writing at once, so that two checkouts never wait
/// for each other's share of it.
async fn take(conn: &mut Connection, candidate: &Candidate, customer: &str) -> Result<bool> {
    let limits = (discounts::usage_limit, discounts::usage_limit_per_customer);
    let row = discounts::table.find(candidate.id).select(limits);
    let (limit, per_customer): (Option<i64>, Option<i64>) = if candidate.limited {
        row.for_no_key_update().first(conn).await?
    } else {
        row.for_share().first(conn).await?
    };
    if limit.is_none() && per_customer.is_none() {
        return Ok(false);
    }
    let has_room = discounts::usage_limit.is_null().or(discounts::used.nullable().lt(discounts::usage_limit));
    let counted = diesel::update(discounts::table.find(candidate.id).filter(has_room.assume_not_null()))
        .set(discounts::used.eq(discounts::used + 1))
        .prepared()
        .execute(conn)
        .await?;
    if counted == 0 {
        return Err(unavailable(candidate, DiscountReason::UsedUp));
    }
    match per_customer {
        Some(limit) if of_customer(conn, candidate.id, customer).await? >= limit => {
            Err(unavailable(candidate, DiscountReason::CustomerLimitReached))
        }
        Some(_) | None => Ok(true),
    }
}

async fn take_code(conn: &mut Connection, candidate: &Candidate, id: DiscountCodeId) -> Result<()> {
    let has_room = discount_codes::used.nullable().lt(discount_codes::usage_limit).assume_not_null();
    let counted = diesel::update(discount_codes::table.find(id).filter(has_room))
        .set(discount_codes::used.eq(discount_codes::used + 1))
        .prepared()
        .execute(conn)
        .await?;
    if counted == 0 { Err(unavailable(candidate, DiscountReason::UsedUp)) } else { Ok(()) }
}

fn unavailable(candidate: &Candidate, reason: DiscountReason) -> Error {
    let name = candidate.code.as_ref().map_or(&candidate.title, |code| &code.code);
    let detail = format!("The discount {name} can no longer be had: {reason}.");
    Error::problem(Code::DiscountUnavailable, &detail)
        .with("discount_id", candidate.id.to_string())
        .with_errors(vec![FieldError::new("/discount_codes", reason.as_str(), detail)])
}

/// Gives an order's uses back, once.
///
/// # Errors
/// Those of the database.
pub async fn release(conn: &mut Connection, order: OrderId, now: DateTime<Utc>) -> Result<()> {
    let mine = discount_uses::order_id.eq(order).and(discount_uses::released_at.is_null());
    let used: Vec<DiscountId> = discount_uses::table.filter(mine).select(discount_uses::discount_id).load(conn).await?;
    if used.is_empty() {
        return Ok(());
    }
    // Their rows first, in the order of their ids, as checkouts and staff do.
    discounts::table
        .filter(discounts::id.eq_any(&used))
        .order(discounts::id)
        .select(discounts::id)
        .for_no_key_update()
        .load::<DiscountId>(conn)
        .await?;
    let mut released: Vec<(DiscountId, Option<DiscountCodeId>, bool)> =
        diesel::update(discount_uses::table.filter(mine))
            .set(discount_uses::released_at.eq(now))
            .returning((discount_uses::discount_id, discount_uses::code_id, discount_uses::counted))
            .prepared()
            .get_results(conn)
            .await?;
    released.sort_unstable();
    for (discount, ..) in released.iter().filter(|(_, _, counted)| *counted) {
        diesel::update(discounts::table.find(discount).filter(discounts::used.gt(0)))
            .set(discounts::used.eq(discounts::used - 1))
            .prepared()
            .execute(conn)
            .await?;
    }
    for code in released.iter().filter_map(|(_, code, _)| *code) {
        let limited = discount_codes::usage_limit.is_not_null().and(discount_codes::used.gt(0));
        diesel::update(discount_codes::table.find(code).filter(limited.assume_not_null()))
            .set(discount_codes::used.eq(discount_codes::used - 1))
            .prepared()
            .execute(conn)
            .await?;
    }
    Ok(())
}
