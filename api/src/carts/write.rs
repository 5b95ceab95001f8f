//! Changing carts. Every change locks the cart's row, so changes commute with each other and with a checkout.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;

use super::closed::require_open;
use super::load::{self, CartRow};
use super::model::{CartStatus, MAX_LINES, MAX_QUANTITY};
use super::requests::{CartPatch, LinePatch, NewCart, NewLine, RateChoice};
use crate::address::{Address, Email};
use crate::db::schema::{cart_line_items, carts, variant_prices, variants};
use crate::db::statement::{Bind, Statement};
use crate::db::{Connection, Prepare, coalesce};
use crate::error::{Code, Error, FieldError, Result};
use crate::http::etag::Expected;
use crate::http::patch::Patch;
use crate::ids::{CartId, LineItemId, VariantId};
use crate::locale::Locale;
use crate::metadata::Metadata;
use crate::money::Currency;
use crate::tax::model::TaxExemption;
use crate::tokens::{TokenKeys, TokenKind};

/// The token version of a new cart.
pub const FIRST_TOKEN: i32 = 1;

/// Creates a cart with its lines.
///
/// # Errors
/// `validation_failed` for what cannot be bought, `too_many_lines`.
pub async fn create(
    conn: &mut Connection,
    new: &NewCart,
    currency: Currency,
    lifetime: TimeDelta,
    now: DateTime<Utc>,
) -> Result<CartRow> {
    let cart: CartRow = diesel::insert_into(carts::table)
        .values((
            carts::id.eq(CartId::new()),
            carts::status.eq(CartStatus::Open),
            carts::currency.eq(currency),
            carts::email.eq(new.email.as_ref().map(|email| &email.0)),
            carts::shipping_address.eq(new.shipping_address.as_ref().map(|address| json!(address))),
            carts::billing_address.eq(new.billing_address.as_ref().map(|address| json!(address))),
            carts::locale.eq(new.locale.as_ref().map(Locale::as_str)),
            carts::discount_codes.eq(Vec::<String>::new()),
            carts::tax_ids.eq(json!(new.tax_ids)),
            carts::tax_exemption.eq(TaxExemption::None),
            carts::metadata.eq(new.metadata.to_json()),
            carts::token_version.eq(FIRST_TOKEN),
            carts::version.eq(1),
            carts::first_line_at.eq((!new.line_items.is_empty()).then_some(now)),
            carts::expires_at.eq(now + lifetime),
            carts::created_at.eq(now),
            carts::updated_at.eq(now),
        ))
        .returning(CartRow::as_returning())
        .prepared()
        .get_result(conn)
        .await?;
    if !new.line_items.is_empty() {
        let lines: Vec<(String, &NewLine)> =
            new.line_items.iter().enumerate().map(|(index, line)| (format!("/line_items/{index}"), line)).collect();
        add_lines(conn, &cart, &lines, now).await?;
    }
    Ok(cart)
}

/// A variant on sale: its price, how many one order may hold, how many are in the cart already, and of how many variants
/// that has lines.
#[derive(QueryableByName)]
struct Sold {
    #[diesel(sql_type = SqlUuid)]
    id: VariantId,
    #[diesel(sql_type = Nullable<BigInt>)]
    unit_price: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    max_per_order: Option<i64>,
    #[diesel(sql_type = BigInt)]
    quantity: i64,
    #[diesel(sql_type = BigInt)]
    lines: i64,
}

/// Ends before which variants are meant.
const SOLD: &str = "
    SELECT variants.id, price.amount AS unit_price, variants.max_per_order, COALESCE(line.quantity, 0) AS quantity,
        (SELECT count(*) FROM cart_line_items WHERE cart_id = $1) AS lines
    FROM variants JOIN products ON products.id = variants.product_id
    LEFT JOIN variant_prices AS price ON price.variant_id = variants.id AND price.currency = $3
    LEFT JOIN cart_line_items AS line ON line.cart_id = $1 AND line.variant_id = variants.id
    WHERE variants.archived_at IS NULL AND products.status = 'active' AND variants.id = ";

const INSERT_LINES: &str = "
    INSERT INTO cart_line_items (id, cart_id, variant_id, quantity, metadata, seen_unit_price, created_at)
    SELECT line.id, $1, line.variant_id, line.quantity, line.metadata::jsonb, line.price, $2
    FROM unnest($3::uuid[], $4::uuid[], $5::bigint[], $6::text[], $7::bigint[])
        AS line (id, variant_id, quantity, metadata, price)
    ON CONFLICT (cart_id, variant_id) DO UPDATE
        SET quantity = excluded.quantity, seen_unit_price = excluded.seen_unit_price";

/// Adds lines to a locked cart: the same variant adds to its quantity. Each comes with its pointer in the request.
///
/// # Errors
/// `validation_failed` naming the first line at fault, `too_many_lines`.
pub async fn add_lines(
    conn: &mut Connection,
    cart: &CartRow,
    lines: &[(String, &NewLine)],
    now: DateTime<Utc>,
) -> Result<()> {
    // The plan for one variant is kept: that for many is made anew each time, which takes longer than to run it.
    let (which, ids) = match lines {
        [(_, line)] => ("$2", Bind::Uuid(line.variant_id.0)),
        lines => ("ANY($2)", Bind::Uuids(lines.iter().map(|(_, line)| line.variant_id.0).collect())),
    };
    let mut statement = Statement::constant(SOLD);
    statement.push(which);
    let statement = statement.with(Bind::Uuid(cart.id.0)).with(ids).with(Bind::Text(cart.currency.to_string()));
    let sold: Vec<Sold> = statement.load(conn).await?;
    let mut added: BTreeMap<VariantId, (&NewLine, i64, i64)> = BTreeMap::new();
    let mut held = sold.as_slice().first().map_or(0, |sold| sold.lines);
    for (pointer, line) in lines {
        let sold = sold.iter().find(|sold| sold.id == line.variant_id);
        let more = line.quantity + added.get(&line.variant_id).map_or(0, |(_, _, more)| *more);
        let unit_price = require_sold(sold, more, cart.currency, pointer)?;
        let is_new = sold.is_some_and(|sold| sold.quantity == 0);
        held += i64::from(is_new && !added.contains_key(&line.variant_id));
        added.entry(line.variant_id).or_insert((line, unit_price, 0)).2 = more;
    }
    if usize::try_from(held).is_ok_and(|held| held > MAX_LINES) {
        let detail = format!("A cart holds at most {MAX_LINES} different variants; this would make {held}.");
        return Err(Error::problem(Code::TooManyLines, detail));
    }
    let present = |variant: &VariantId| sold.iter().find(|sold| sold.id == *variant).map_or(0, |sold| sold.quantity);
    Statement::constant(INSERT_LINES)
        .with(Bind::Uuid(cart.id.0))
        .with(Bind::Time(now))
        .with(Bind::Uuids(added.keys().map(|_| LineItemId::new().0).collect()))
        .with(Bind::Uuids(added.keys().map(|variant| variant.0).collect()))
        .with(Bind::Ints(added.iter().map(|(variant, (.., more))| present(variant) + more).collect()))
        .with(Bind::Texts(added.values().map(|(line, ..)| line.metadata.to_json().to_string()).collect()))
        .with(Bind::Ints(added.values().map(|(_, unit_price, _)| *unit_price).collect()))
        .execute(conn)
        .await?;
    Ok(())
}

/// The price of a variant that is on sale, if so many more of it may be had.
fn require_sold(sold: Option<&Sold>, more: i64, currency: Currency, pointer: &str) -> Result<i64> {
    let variant = format!("{pointer}/variant_id");
    let Some(sold) = sold else {
        return Err(Error::invalid(variant, "not_for_sale", "is not a variant on sale"));
    };
    let Some(unit_price) = sold.unit_price else {
        return Err(Error::invalid(variant, "no_price", format!("has no price in {currency}")));
    };
    let quantity = sold.quantity + more;
    if quantity > MAX_QUANTITY {
        let detail = format!("would make {quantity} of this variant; a line has at most {MAX_QUANTITY}");
        return Err(Error::invalid(format!("{pointer}/quantity"), "range", detail));
    }
    require_at_most(sold.max_per_order, quantity, &format!("{pointer}/quantity"))?;
    Ok(unit_price)
}

fn require_at_most(most: Option<i64>, quantity: i64, pointer: &str) -> Result<()> {
    match most.filter(|most| *most < quantity) {
        Some(most) => {
            Err(Error::invalid(pointer, "range", format!("makes {quantity}; one order may hold at most {most}")))
        }
        None => Ok(()),
    }
}

/// Changes a line of a locked cart; the quantity 0 removes it. The shopper has seen the present price then.
///
/// # Errors
/// `not_found`; `validation_failed` for more than one order may hold.
pub async fn change_line(conn: &mut Connection, cart: &CartRow, line: LineItemId, change: &LinePatch) -> Result<()> {
    let target = cart_line_items::table.find(line).filter(cart_line_items::cart_id.eq(cart.id));
    let missing = || Error::not_found("line item");
    if change.quantity == 0 {
        return if diesel::delete(target).execute(conn).await? == 0 { Err(missing()) } else { Ok(()) };
    }
    let price = variant_prices::table
        .on(variant_prices::variant_id.eq(cart_line_items::variant_id).and(variant_prices::currency.eq(cart.currency)));
    let found: Option<(Option<i64>, Option<i64>)> = cart_line_items::table
        .inner_join(variants::table.on(variants::id.eq(cart_line_items::variant_id)))
        .left_join(price)
        .filter(cart_line_items::id.eq(line))
        .filter(cart_line_items::cart_id.eq(cart.id))
        .select((variant_prices::amount.nullable(), variants::max_per_order))
        .first(conn)
        .await
        .optional()?;
    let (unit_price, most) = found.ok_or_else(missing)?;
    require_at_most(most, change.quantity, "/quantity")?;
    let metadata = change.metadata.column();
    diesel::update(target)
        .set((
            cart_line_items::quantity.eq(change.quantity),
            cart_line_items::seen_unit_price.eq(unit_price),
            metadata.map(|data| cart_line_items::metadata.eq(data.map_or_else(|| json!({}), Metadata::to_json))),
        ))
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

/// Chooses a shipping rate for a locked cart; answers its row.
///
/// # Errors
/// `validation_failed` when it is none of the cart's.
pub async fn choose_rate(
    conn: &mut Connection,
    cart: &CartRow,
    choice: &RateChoice,
    now: DateTime<Utc>,
) -> Result<CartRow> {
    let (snapshot, _) = load::snapshot(conn, cart.clone(), now).await?;
    let rates = super::price::price(&snapshot)?.shipping_rates;
    if !rates.iter().any(|rate| rate.id == choice.rate_id) {
        let names: Vec<&str> = rates.iter().map(|rate| rate.id.as_str()).collect();
        let detail = if names.is_empty() {
            "is not to be had: the cart has no shipping rates yet; set `shipping_address` and ask for a quote first, or it \
             needs none"
                .to_owned()
        } else {
            format!("is not one of the cart's shipping rates: {}", names.join(", "))
        };
        return Err(Error::invalid("/rate_id", "not_found", detail));
    }
    Ok(diesel::update(carts::table.find(cart.id))
        .set(carts::shipping_rate_id.eq(&choice.rate_id))
        .returning(CartRow::as_returning())
        .prepared()
        .get_result(conn)
        .await?)
}

/// Applies a patch to a locked cart; answers its row.
///
/// # Errors
/// `validation_failed` when a line has no price in the new currency.
pub async fn patch(conn: &mut Connection, cart: &CartRow, patch: CartPatch) -> Result<CartRow> {
    let currency = match patch.currency {
        Patch::Absent => None,
        Patch::Null => return Err(Error::invalid("/currency", "required", "cannot be cleared; send another currency")),
        Patch::Value(currency) => Some(currency),
    };
    if let Some(currency) = currency {
        require_prices(conn, cart.id, currency).await?;
        see_prices(conn, cart.id, currency).await?;
    }
    let metadata = match patch.metadata {
        Patch::Absent => None,
        Patch::Null => Some(Metadata::default()),
        Patch::Value(metadata) => Some(metadata),
    };
    let as_json = |address: Option<Address>| address.map(|address| json!(address));
    let kept = |column: &Option<serde_json::Value>| super::price::address(column.as_ref());
    let shipping = as_json(patch.shipping_address.apply_to(kept(&cart.shipping_address)?));
    let billing = as_json(patch.billing_address.apply_to(kept(&cart.billing_address)?));
    let email = patch.email.apply_to(cart.email.clone().map(Email)).map(|email| email.0);
    Ok(diesel::update(carts::table.find(cart.id))
        .set((
            carts::email.eq(email),
            carts::shipping_address.eq(shipping),
            carts::billing_address.eq(billing),
            patch.locale.column().map(|locale| carts::locale.eq(locale.map(Locale::as_str))),
            patch.tax_ids.map(|ids| carts::tax_ids.eq(json!(ids))),
            currency.map(|currency| carts::currency.eq(currency)),
            metadata.map(|metadata| carts::metadata.eq(metadata.to_json())),
        ))
        .returning(CartRow::as_returning())
        .prepared()
        .get_result(conn)
        .await?)
}

/// In another currency every price is new to the shopper.
async fn see_prices(conn: &mut Connection, cart: CartId, currency: Currency) -> Result<()> {
    diesel::sql_query(
        "UPDATE cart_line_items AS line SET seen_unit_price = price.amount FROM variant_prices AS price \
         WHERE line.cart_id = $1 AND price.variant_id = line.variant_id AND price.currency = $2",
    )
    .bind::<diesel::sql_types::Uuid, _>(cart)
    .bind::<diesel::sql_types::Text, _>(currency)
    .execute(conn)
    .await?;
    Ok(())
}

async fn require_prices(conn: &mut Connection, cart: CartId, currency: Currency) -> Result<()> {
    let priced: Vec<Option<i64>> =
        cart_line_items::table
            .left_join(variant_prices::table.on(
                variant_prices::variant_id.eq(cart_line_items::variant_id).and(variant_prices::currency.eq(currency)),
            ))
            .filter(cart_line_items::cart_id.eq(cart))
            .order((cart_line_items::created_at, cart_line_items::id))
            .select(variant_prices::amount.nullable())
            .load(conn)
            .await?;
    let lacking: Vec<usize> =
        priced.iter().enumerate().filter(|(_, price)| price.is_none()).map(|(index, _)| index).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let detail = format!("is not possible: the lines {lacking:?} have no price in {currency}; remove them first");
    Err(Error::problem(Code::ValidationFailed, format!("`/currency` {detail}.")).with_errors(vec![FieldError::new(
        "/currency",
        "no_price",
        detail,
    )]))
}

/// Locks a cart that the token opens, raises its version and keeps it alive, and answers it. One statement, unless
/// something stands against it: then that is found out under the lock.
///
/// # Errors
/// `not_found`, also for a wrong token; `precondition_failed`, `cart_checking_out`, `cart_completed`.
pub async fn take(
    conn: &mut Connection,
    id: CartId,
    (token, keys): (&str, &TokenKeys),
    expected: &Expected,
    touch: Touch,
) -> Result<CartRow> {
    if !expected.is_given()
        && keys.verify(TokenKind::Cart, id.0, FIRST_TOKEN, token)
        && let Some(cart) = touch.apply(conn, id, FIRST_TOKEN).await?
    {
        return Ok(cart);
    }
    let cart = load::row_for(conn, id, token, keys, true).await?;
    expected.check(cart.version)?;
    require_open(conn, &cart, touch.now).await?;
    touch.apply(conn, id, cart.token_version).await?.ok_or_else(|| Error::not_found("cart"))
}

/// What every change does to a cart's row.
#[derive(Debug, Clone, Copy)]
pub struct Touch {
    /// How long it lives from now on.
    pub lifetime: TimeDelta,
    /// Whether it gets lines.
    pub adds_lines: bool,
    /// When.
    pub now: DateTime<Utc>,
}

impl Touch {
    /// Raises the version of a cart that can be changed, keeps it alive, and answers the new row; `None` when it can't, or has
    /// another token.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn apply(self, conn: &mut Connection, cart: CartId, token_version: i32) -> Result<Option<CartRow>> {
        let Self { lifetime, adds_lines, now } = self;
        let changeable = carts::table
            .find(cart)
            .filter(carts::token_version.eq(token_version))
            .filter(carts::status.eq_any([CartStatus::Open, CartStatus::Abandoned]));
        // Not by `sql`, which would have the statement parsed and planned at every run.
        let first_line_at = coalesce(carts::first_line_at, adds_lines.then_some(now));
        Ok(diesel::update(changeable)
            .set((
                carts::status.eq(CartStatus::Open),
                carts::merged_into.eq(None::<CartId>),
                carts::first_line_at.eq(first_line_at),
                carts::version.eq(carts::version + 1),
                carts::expires_at.eq(now + lifetime),
                carts::updated_at.eq(now),
            ))
            .returning(CartRow::as_returning())
            .prepared()
            .get_result(conn)
            .await
            .optional()?)
    }
}

/// Marks open carts that nobody touched until they expired.
///
/// # Errors
/// Those of the database.
pub async fn abandon_expired(conn: &mut Connection, now: DateTime<Utc>) -> Result<usize> {
    let expired = carts::table.filter(carts::status.eq(CartStatus::Open)).filter(carts::expires_at.lt(now));
    Ok(diesel::update(expired).set(carts::status.eq(CartStatus::Abandoned)).prepared().execute(conn).await?)
}
