//! Lines into carts in one statement, when nothing stands in the way. When something does, nothing is changed but perhaps
//! the cart's version, and [`write`](super::write) finds out under the cart's lock what it is.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::load::{CART_COLUMNS, CartRow};
use super::model::{MAX_LINES, MAX_QUANTITY};
use super::requests::{NewCart, NewLine};
use super::write::{FIRST_TOKEN, Touch};
use crate::db::Connection;
use crate::db::statement::{Bind, Statement};
use crate::error::Result;
use crate::ids::{CartId, LineItemId};
use crate::locale::Locale;
use crate::money::Currency;
use crate::tax::model::TaxExemption;

/// Below so many lines some more fit for certain, also beside other additions that run now.
const FEW_LINES: usize = MAX_LINES / 2;

/// What is asked for and can be had, with its price in each currency. `$1` to `$4` are the lines' ids, their variants, how
/// many of each, and the metadata of each; `$5` is the most of any. Each is looked up by itself (`OFFSET 0`): of how many
/// there are the plan knows nothing, and would read all variants to be safe. In the plan for all values (`SELECT $1`) one
/// costs what it costs in a plan for these, so that the database keeps the former and plans no more.
const SOLD: &str = "
    SELECT asked.line_id, asked.variant_id, asked.wanted, asked.data, offer.amount, offer.priced_in, offer.most
    FROM unnest((SELECT $1), (SELECT $2), (SELECT $3), (SELECT $4)) AS asked (line_id, variant_id, wanted, data), LATERAL (
        SELECT price.amount, price.currency AS priced_in, LEAST(variants.max_per_order, $5) AS most
        FROM variants JOIN products ON products.id = variants.product_id
        JOIN variant_prices AS price ON price.variant_id = variants.id
        WHERE variants.id = asked.variant_id AND variants.archived_at IS NULL AND products.status = 'active'
        OFFSET 0
    ) AS offer
    WHERE asked.wanted <= offer.most";

/// `$1` is the cart, `$2` when, `$3` until when it lives, `$4` its token's version, `$5` how many lines are few.
const TOUCH: &str = "
    UPDATE carts SET status = 'open', merged_into = NULL, first_line_at = COALESCE(first_line_at, $2), version = version + 1,
        expires_at = $3, updated_at = $2
    FROM sold
    WHERE id = $1 AND token_version = $4 AND status IN ('open', 'abandoned') AND priced_in = currency
        AND (SELECT count(*) FROM cart_line_items WHERE cart_id = $1) < $5
    RETURNING ";

/// `$13` is how many different variants there must be.
const CREATE: &str = "
    INSERT INTO carts (id, status, currency, email, shipping_address, billing_address, locale, discount_codes, tax_ids,
        tax_exemption, metadata, token_version, version, first_line_at, expires_at, created_at, updated_at)
    SELECT $1, 'open', $2, $3, $4::jsonb, $5::jsonb, $6, '{}', $7, $8, $9, $10, 1, $11, $12, $11, $11
    WHERE (SELECT count(*) FROM sold WHERE priced_in = $2) = $13
    RETURNING ";

/// `$1` is when. What is in the cart already is looked at under its lock.
const INSERT: &str = "
    INSERT INTO cart_line_items AS line (id, cart_id, variant_id, quantity, metadata, seen_unit_price, created_at)
    SELECT line_id, cart.id, variant_id, wanted, data::jsonb, amount, $1 FROM cart JOIN sold ON priced_in = cart.currency
    ON CONFLICT (cart_id, variant_id) DO UPDATE
        SET quantity = line.quantity + excluded.quantity, seen_unit_price = excluded.seen_unit_price
        WHERE line.quantity + excluded.quantity <= (SELECT max(most) FROM sold WHERE line_id = excluded.id)
    RETURNING id";

/// Adds a line to an open cart with its first token, and answers the cart's row; `None` when something stands in the way.
///
/// # Errors
/// Those of the database.
pub async fn add_line(conn: &mut Connection, cart: CartId, line: &NewLine, touch: Touch) -> Result<Option<CartRow>> {
    let mut touched = Statement::constant(TOUCH)
        .with(Bind::Uuid(cart.0))
        .with(Bind::Time(touch.now))
        .with(Bind::Time(touch.now + touch.lifetime))
        .with(Bind::Int(FIRST_TOKEN.into()))
        .with(Bind::Int(i64::try_from(FEW_LINES).unwrap_or_default()));
    touched.push(CART_COLUMNS);
    write(conn, &[(line, line.quantity)], touched, touch.now).await
}

/// Creates a cart with lines; `None` when one of them cannot be had, and nothing was created.
///
/// # Errors
/// Those of the database.
pub async fn create(
    conn: &mut Connection,
    new: &NewCart,
    currency: Currency,
    lifetime: TimeDelta,
    now: DateTime<Utc>,
) -> Result<Option<CartRow>> {
    let mut lines: Vec<(&NewLine, i64)> = Vec::new();
    for line in &new.line_items {
        match lines.iter_mut().find(|(known, _)| known.variant_id == line.variant_id) {
            Some((_, quantity)) => *quantity = quantity.saturating_add(line.quantity),
            None => lines.push((line, line.quantity)),
        }
    }
    if lines.len() > MAX_LINES {
        return Ok(None);
    }
    let text = |value: Option<serde_json::Value>| Bind::NullableText(value.map(|value| value.to_string()));
    let mut cart = Statement::constant(CREATE)
        .with(Bind::Uuid(CartId::new().0))
        .with(Bind::Text(currency.to_string()))
        .with(Bind::NullableText(new.email.as_ref().map(|email| email.0.clone())))
        .with(text(new.shipping_address.as_ref().map(|address| json!(address))))
        .with(text(new.billing_address.as_ref().map(|address| json!(address))))
        .with(Bind::NullableText(new.locale.as_ref().map(|locale| Locale::as_str(locale).to_owned())))
        .with(Bind::json(&json!(new.tax_ids)))
        .with(Bind::Text(TaxExemption::None.to_string()))
        .with(Bind::json(&new.metadata.to_json()))
        .with(Bind::Int(FIRST_TOKEN.into()))
        .with(Bind::Time(now))
        .with(Bind::Time(now + lifetime))
        .with(Bind::Int(i64::try_from(lines.len()).unwrap_or_default()));
    cart.push(CART_COLUMNS);
    write(conn, &lines, cart, now).await
}

/// Writes lines into the `cart` that a statement answers.
async fn write(
    conn: &mut Connection,
    lines: &[(&NewLine, i64)],
    cart: Statement,
    now: DateTime<Utc>,
) -> Result<Option<CartRow>> {
    let sold = Statement::constant(SOLD)
        .with(Bind::Uuids(lines.iter().map(|_| LineItemId::new().0).collect()))
        .with(Bind::Uuids(lines.iter().map(|(line, _)| line.variant_id.0).collect()))
        .with(Bind::Ints(lines.iter().map(|(_, quantity)| *quantity).collect()))
        .with(Bind::Texts(lines.iter().map(|(line, _)| line.metadata.to_json().to_string()).collect()))
        .with(Bind::Int(MAX_QUANTITY));
    let insert = Statement::constant(INSERT).with(Bind::Time(now));
    let mut row = Statement::constant("SELECT ");
    row.push(CART_COLUMNS).push(" FROM cart WHERE EXISTS (SELECT FROM line)");
    Statement::together([("sold", sold), ("cart", cart), ("line", insert)], row).optional(conn).await
}
