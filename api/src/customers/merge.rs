//! Merging carts: the lines of older ones come into the claimed one, the same variant with the larger quantity. They leave
//! the older ones, so that none comes a second time after the customer removed it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde_json::Value;

use crate::carts::load::CartRow;
use crate::carts::model::{CartStatus, MAX_LINES};
use crate::catalog::model::ProductStatus;
use crate::db::schema::{cart_line_items, carts, products, variant_prices, variants};
use crate::db::{Connection, text_enum};
use crate::error::Result;
use crate::ids::{CartId, LineItemId, VariantId};
use crate::money::Currency;

text_enum! {
    /// Why something did not come into a cart.
    LeftOutReason {
        /// It is no longer sold.
        NotForSale => "not_for_sale",
        /// It has no price in the cart's currency.
        NoPrice => "no_price",
        /// The cart has as many lines as it can hold.
        TooManyLines => "too_many_lines",
    }
}

/// What came into a cart.
#[derive(Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct MergedLine {
    /// What is bought.
    pub variant_id: VariantId,
    /// How many the cart holds of it now.
    #[schema(example = 2)]
    pub quantity: i64,
}

/// What did not come into a cart.
#[derive(Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LeftOut {
    /// What would have been bought.
    pub variant_id: VariantId,
    /// Why it is not.
    pub reason: LeftOutReason,
}

/// What came of a merge.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What came in, or more of it.
    pub merged: Vec<MergedLine>,
    /// What did not.
    pub left_out: Vec<LeftOut>,
}

/// A line of an older cart.
struct Offered {
    quantity: i64,
    metadata: Value,
}

/// Brings the lines of locked carts into a locked one, and abandons them. In a transaction.
///
/// # Errors
/// Those of the database.
pub async fn merge(conn: &mut Connection, into: &CartRow, others: &[CartRow], now: DateTime<Utc>) -> Result<Outcome> {
    if others.is_empty() {
        return Ok(Outcome::default());
    }
    let ids: Vec<CartId> = others.iter().map(|cart| cart.id).collect();
    let (order, offered) = offered(conn, &ids).await?;
    let present: Vec<(VariantId, i64)> = cart_line_items::table
        .filter(cart_line_items::cart_id.eq(into.id))
        .select((cart_line_items::variant_id, cart_line_items::quantity))
        .load(conn)
        .await?;
    let mut present: BTreeMap<VariantId, i64> = present.into_iter().collect();
    let sold = sold(conn, into.currency, &order).await?;
    let mut outcome = Outcome::default();
    for variant in order {
        let Some(line) = offered.get(&variant) else { continue };
        match (present.get(&variant).copied(), sold.get(&variant).copied()) {
            (Some(held), _) if held >= line.quantity => continue,
            (Some(_), _) => raise(conn, into.id, variant, line.quantity).await?,
            (None, None) => {
                outcome.left_out.push(LeftOut { variant_id: variant, reason: LeftOutReason::NotForSale });
                continue;
            }
            (None, Some(None)) => {
                outcome.left_out.push(LeftOut { variant_id: variant, reason: LeftOutReason::NoPrice });
                continue;
            }
            (None, Some(Some(_))) if present.len() >= MAX_LINES => {
                outcome.left_out.push(LeftOut { variant_id: variant, reason: LeftOutReason::TooManyLines });
                continue;
            }
            (None, Some(Some(unit_price))) => insert(conn, into.id, variant, (line, unit_price), now).await?,
        }
        present.insert(variant, line.quantity);
        outcome.merged.push(MergedLine { variant_id: variant, quantity: line.quantity });
    }
    leave(conn, &ids, into.id, &outcome, now).await?;
    Ok(outcome)
}

/// Abandons the carts and notes where their lines are now. What was left out stays in them.
async fn leave(
    conn: &mut Connection,
    from: &[CartId],
    into: CartId,
    outcome: &Outcome,
    now: DateTime<Utc>,
) -> Result<()> {
    let left_out: Vec<VariantId> = outcome.left_out.iter().map(|left| left.variant_id).collect();
    let gone = cart_line_items::table
        .filter(cart_line_items::cart_id.eq_any(from))
        .filter(cart_line_items::variant_id.ne_all(left_out));
    diesel::delete(gone).execute(conn).await?;
    diesel::update(carts::table.filter(carts::id.eq_any(from)))
        .set((
            carts::status.eq(CartStatus::Abandoned),
            carts::merged_into.eq(into),
            carts::version.eq(carts::version + 1),
            carts::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    // What went into those before is here now as well.
    let earlier = carts::table.filter(carts::merged_into.eq_any(from));
    diesel::update(earlier).set(carts::merged_into.eq(into)).execute(conn).await?;
    Ok(())
}

/// The variants of the carts, oldest line first, each with its largest quantity.
async fn offered(conn: &mut Connection, carts: &[CartId]) -> Result<(Vec<VariantId>, BTreeMap<VariantId, Offered>)> {
    let lines: Vec<(VariantId, i64, Value)> = cart_line_items::table
        .filter(cart_line_items::cart_id.eq_any(carts))
        .order((cart_line_items::created_at, cart_line_items::id))
        .select((cart_line_items::variant_id, cart_line_items::quantity, cart_line_items::metadata))
        .load(conn)
        .await?;
    let (mut order, mut offered) = (Vec::new(), BTreeMap::new());
    for (variant, quantity, metadata) in lines {
        let line = offered.entry(variant).or_insert_with(|| {
            order.push(variant);
            Offered { quantity, metadata }
        });
        line.quantity = line.quantity.max(quantity);
    }
    Ok((order, offered))
}

/// The variants that are on sale, with their price in the currency, if they have one.
async fn sold(
    conn: &mut Connection,
    currency: Currency,
    wanted: &[VariantId],
) -> Result<BTreeMap<VariantId, Option<i64>>> {
    let price = variant_prices::table
        .on(variant_prices::variant_id.eq(variants::id).and(variant_prices::currency.eq(currency)));
    let found: Vec<(VariantId, Option<i64>)> = variants::table
        .inner_join(products::table.on(products::id.eq(variants::product_id)))
        .left_join(price)
        .filter(variants::id.eq_any(wanted))
        .filter(variants::archived_at.is_null())
        .filter(products::status.eq(ProductStatus::Active))
        .select((variants::id, variant_prices::amount.nullable()))
        .load(conn)
        .await?;
    Ok(found.into_iter().collect())
}

async fn raise(conn: &mut Connection, cart: CartId, variant: VariantId, quantity: i64) -> Result<()> {
    let line = cart_line_items::table
        .filter(cart_line_items::cart_id.eq(cart))
        .filter(cart_line_items::variant_id.eq(variant));
    diesel::update(line).set(cart_line_items::quantity.eq(quantity)).execute(conn).await?;
    Ok(())
}

async fn insert(
    conn: &mut Connection,
    cart: CartId,
    variant: VariantId,
    (line, unit_price): (&Offered, i64),
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(cart_line_items::table)
        .values((
            cart_line_items::id.eq(LineItemId::new()),
            cart_line_items::cart_id.eq(cart),
            cart_line_items::variant_id.eq(variant),
            cart_line_items::quantity.eq(line.quantity),
            cart_line_items::metadata.eq(&line.metadata),
            cart_line_items::seen_unit_price.eq(unit_price),
            cart_line_items::created_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}
