//! The codes of a discount: made one by one or by the thousand, listed, deleted.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rand::Rng;

use super::model::{DiscountCode, DiscountMethod, DiscountStatus};
use super::requests::NewCodes;
use crate::db::Connection;
use crate::db::schema::{discount_codes, discount_uses, discounts};
use crate::error::{Code, Error, FieldError, Result};
use crate::ids::{DiscountCodeId, DiscountId};

/// Letters and digits that nobody mixes up: 31 of them, so twelve make more than 10^17 codes.
const ALPHABET: &[u8] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";

/// How long the random part of a code is.
const RANDOM_LENGTH: usize = 12;

/// Rows a statement, far below the limit of parameters.
const ROWS: usize = 5_000;

/// Where a page starts: after this code, newest first.
pub type After = (DateTime<Utc>, DiscountCodeId);

type Row = (DiscountCodeId, String, Option<i64>, DateTime<Utc>, Option<i64>);

/// A code that is there already.
#[must_use]
pub fn taken(pointer: &str, code: &str) -> Error {
    let detail = format!("names the code {code}, which a discount has already");
    let error = FieldError::new(pointer, "duplicate", &detail);
    Error::problem(Code::Duplicate, format!("`{pointer}` {detail}.")).with_errors(vec![error])
}

/// Makes codes for a discount that has some.
///
/// # Errors
/// `not_found`; `validation_failed` for both or neither kind, or an automatic discount; `duplicate`.
pub async fn create(
    conn: &mut Connection,
    discount: DiscountId,
    new: &NewCodes,
    now: DateTime<Utc>,
) -> Result<Vec<DiscountCode>> {
    require_code_discount(conn, discount).await?;
    let texts = texts(new)?;
    let usage_limit = new.usage_limit.or(new.count.map(|_| 1));
    let mut made = Vec::new();
    for (chunk_index, chunk) in texts.chunks(ROWS).enumerate() {
        let rows: Vec<_> = chunk
            .iter()
            .map(|code| {
                (
                    discount_codes::id.eq(DiscountCodeId::new()),
                    discount_codes::discount_id.eq(discount),
                    discount_codes::code.eq(code),
                    discount_codes::usage_limit.eq(usage_limit),
                    discount_codes::used.eq(0),
                    discount_codes::created_at.eq(now),
                )
            })
            .collect();
        let kept: Vec<(DiscountCodeId, String)> = diesel::insert_into(discount_codes::table)
            .values(rows)
            .on_conflict_do_nothing()
            .returning((discount_codes::id, discount_codes::code))
            .get_results(conn)
            .await?;
        if let Some(index) = chunk.iter().position(|code| !kept.iter().any(|(_, kept)| kept == code)) {
            let code = chunk.get(index).map_or("", String::as_str);
            return Err(taken(&format!("/codes/{}", chunk_index * ROWS + index), code));
        }
        made.extend(kept.into_iter().map(|(id, code)| DiscountCode {
            id,
            code,
            usage_limit,
            times_used: 0,
            created_at: now,
        }));
    }
    Ok(made)
}

async fn require_code_discount(conn: &mut Connection, discount: DiscountId) -> Result<()> {
    let method: Option<DiscountMethod> = discounts::table
        .find(discount)
        .filter(discounts::status.ne(DiscountStatus::Archived))
        .select(discounts::method)
        .for_share()
        .first(conn)
        .await
        .optional()?;
    match method {
        None => Err(Error::not_found("discount")),
        Some(DiscountMethod::Automatic) => {
            Err(Error::invalid("/codes", "invalid", "cannot be given: the discount is automatic and needs none"))
        }
        Some(DiscountMethod::Code) => Ok(()),
    }
}

fn texts(new: &NewCodes) -> Result<Vec<String>> {
    let count = match (new.count, new.codes.as_slice()) {
        (Some(_), [_, ..]) => return Err(Error::invalid("/count", "invalid", "cannot be given together with `codes`")),
        (None, []) => return Err(Error::invalid("/codes", "required", "is empty; send `codes` or a `count`")),
        (None, codes) => {
            let mut seen = BTreeSet::new();
            if let Some(index) = codes.iter().position(|code| !seen.insert(&code.0)) {
                return Err(Error::invalid(format!("/codes/{index}"), "duplicate", "is in the list already"));
            }
            return Ok(codes.iter().map(|code| code.0.clone()).collect());
        }
        (Some(count), []) => usize::try_from(count).unwrap_or_default(),
    };
    let prefix = new.prefix.as_ref().map_or("", |prefix| &prefix.0);
    if prefix.len() + RANDOM_LENGTH > 64 {
        return Err(Error::invalid("/prefix", "length", "must have at most 52 characters"));
    }
    let mut random = rand::rng();
    let mut codes = BTreeSet::new();
    while codes.len() < count {
        let letters = (0..RANDOM_LENGTH).filter_map(|_| ALPHABET.get(random.random_range(0..ALPHABET.len())));
        codes.insert(format!("{prefix}{}", letters.map(|letter| char::from(*letter)).collect::<String>()));
    }
    Ok(codes.into_iter().collect())
}

/// One page of codes and one more, newest first.
///
/// # Errors
/// `not_found`.
pub async fn list(
    conn: &mut Connection,
    discount: DiscountId,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<DiscountCode>> {
    let is_there: i64 = discounts::table.find(discount).count().get_result(conn).await?;
    if is_there == 0 {
        return Err(Error::not_found("discount"));
    }
    let uses = discount_uses::table
        .filter(discount_uses::code_id.eq(discount_codes::id.nullable()))
        .filter(discount_uses::released_at.is_null())
        .count()
        .single_value();
    let mut query = discount_codes::table
        .filter(discount_codes::discount_id.eq(discount))
        .select((
            discount_codes::id,
            discount_codes::code,
            discount_codes::usage_limit,
            discount_codes::created_at,
            uses,
        ))
        .into_boxed();
    if let Some((at, id)) = after {
        let older = discount_codes::created_at.eq(at).and(discount_codes::id.lt(id));
        query = query.filter(discount_codes::created_at.lt(at).or(older));
    }
    let order = (discount_codes::created_at.desc(), discount_codes::id.desc());
    let rows: Vec<Row> = query.order(order).limit(limit + 1).load(conn).await?;
    let shape = |(id, code, usage_limit, created_at, uses): Row| DiscountCode {
        id,
        code,
        usage_limit,
        times_used: uses.unwrap_or_default(),
        created_at,
    };
    Ok(rows.into_iter().map(shape).collect())
}

/// Deletes a code, inside the caller's transaction; orders that used it keep its text.
///
/// # Errors
/// `not_found`.
pub async fn delete(conn: &mut Connection, discount: DiscountId, code: &str) -> Result<()> {
    // The discount first, as checkouts do.
    discounts::table.find(discount).select(discounts::id).for_no_key_update().load::<DiscountId>(conn).await?;
    let target = discount_codes::table
        .filter(discount_codes::discount_id.eq(discount))
        .filter(discount_codes::code.eq(code.to_ascii_uppercase()));
    if diesel::delete(target).execute(conn).await? == 0 {
        return Err(Error::not_found("discount code"));
    }
    Ok(())
}
