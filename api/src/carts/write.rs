//! Changing carts. Every change locks the cart's row, so changes commute with each other and with a checkout.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use serde_json::json;

use super::load::CartRow;
use super::model::{CartStatus, MAX_LINES, MAX_QUANTITY};
use super::requests::{CartPatch, LinePatch, NewCart, NewLine, RateChoice};
use crate::address::{Address, Email};
use crate::catalog::model::ProductStatus;
use crate::db::Connection;
use crate::db::schema::{cart_line_items, carts, checkouts, products, variant_prices, variants};
use crate::error::{Code, Error, FieldError, Result};
use crate::http::patch::Patch;
use crate::ids::{CartId, CheckoutId, LineItemId, OrderId, VariantId};
use crate::locale::Locale;
use crate::metadata::Metadata;
use crate::money::Currency;
use crate::tax::model::TaxExemption;

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
    let id = CartId::new();
    diesel::insert_into(carts::table)
        .values((
            carts::id.eq(id),
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
            carts::token_version.eq(1),
            carts::version.eq(1),
            carts::first_line_at.eq((!new.line_items.is_empty()).then_some(now)),
            carts::expires_at.eq(now + lifetime),
            carts::created_at.eq(now),
            carts::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    let cart = super::load::row(conn, id, false).await?;
    if !new.line_items.is_empty() {
        let lines: Vec<(String, &NewLine)> =
            new.line_items.iter().enumerate().map(|(index, line)| (format!("/line_items/{index}"), line)).collect();
        add_lines(conn, &cart, &lines, now).await?;
    }
    Ok(cart)
}

/// Adds lines to a locked cart: the same variant adds to its quantity. Each comes with its pointer in the request.
///
/// # Errors
/// `validation_failed` naming the line, `too_many_lines`.
pub async fn add_lines(
    conn: &mut Connection,
    cart: &CartRow,
    lines: &[(String, &NewLine)],
    now: DateTime<Utc>,
) -> Result<()> {
    let present: Vec<(VariantId, i64)> = cart_line_items::table
        .filter(cart_line_items::cart_id.eq(cart.id))
        .select((cart_line_items::variant_id, cart_line_items::quantity))
        .load(conn)
        .await?;
    let mut quantities: BTreeMap<VariantId, i64> = present.into_iter().collect();
    let mut added: BTreeMap<VariantId, (&str, &NewLine)> = BTreeMap::new();
    for (pointer, line) in lines {
        let quantity = quantities.entry(line.variant_id).or_insert(0);
        *quantity += line.quantity;
        if *quantity > MAX_QUANTITY {
            let detail = format!("would make {quantity} of this variant; a line has at most {MAX_QUANTITY}");
            return Err(Error::invalid(format!("{pointer}/quantity"), "range", detail));
        }
        added.entry(line.variant_id).or_insert((pointer, line));
    }
    if quantities.len() > MAX_LINES {
        let detail =
            format!("A cart holds at most {MAX_LINES} different variants; this would make {}.", quantities.len());
        return Err(Error::problem(Code::TooManyLines, detail));
    }
    let sold = check_buyable(conn, cart.currency, &added).await?;
    for (variant, (pointer, _)) in &added {
        let most = sold.get(variant).and_then(|sold| sold.max_per_order);
        require_at_most(most, quantities.get(variant).copied().unwrap_or_default(), &format!("{pointer}/quantity"))?;
    }
    let rows: Vec<_> = added
        .iter()
        .map(|(variant, (_, line))| {
            (
                cart_line_items::id.eq(LineItemId::new()),
                cart_line_items::cart_id.eq(cart.id),
                cart_line_items::variant_id.eq(*variant),
                cart_line_items::quantity.eq(quantities.get(variant).copied().unwrap_or(line.quantity)),
                cart_line_items::metadata.eq(line.metadata.to_json()),
                cart_line_items::seen_unit_price.eq(sold.get(variant).map(|sold| sold.unit_price)),
                cart_line_items::created_at.eq(now),
            )
        })
        .collect();
    diesel::insert_into(cart_line_items::table)
        .values(rows)
        .on_conflict((cart_line_items::cart_id, cart_line_items::variant_id))
        .do_update()
        .set((
            cart_line_items::quantity.eq(excluded(cart_line_items::quantity)),
            cart_line_items::seen_unit_price.eq(excluded(cart_line_items::seen_unit_price)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// A variant on sale: its price, and how many one order may hold.
struct Sold {
    unit_price: i64,
    max_per_order: Option<i64>,
}

fn require_at_most(most: Option<i64>, quantity: i64, pointer: &str) -> Result<()> {
    match most.filter(|most| *most < quantity) {
        Some(most) => {
            Err(Error::invalid(pointer, "range", format!("makes {quantity}; one order may hold at most {most}")))
        }
        None => Ok(()),
    }
}

/// Refuses variants that are not on sale in the currency, naming the first line at fault.
async fn check_buyable(
    conn: &mut Connection,
    currency: Currency,
    added: &BTreeMap<VariantId, (&str, &NewLine)>,
) -> Result<BTreeMap<VariantId, Sold>> {
    let found: Vec<(VariantId, Option<i64>, Option<i64>)> = variants::table
        .inner_join(products::table.on(products::id.eq(variants::product_id)))
        .left_join(
            variant_prices::table
                .on(variant_prices::variant_id.eq(variants::id).and(variant_prices::currency.eq(currency))),
        )
        .filter(variants::id.eq_any(added.keys().collect::<Vec<_>>()))
        .filter(variants::archived_at.is_null())
        .filter(products::status.eq(ProductStatus::Active))
        .select((variants::id, variant_prices::amount.nullable(), variants::max_per_order))
        .load(conn)
        .await?;
    let mut sold = BTreeMap::new();
    for (variant, (pointer, _)) in added {
        let pointer = format!("{pointer}/variant_id");
        match found.iter().find(|(id, ..)| id == variant) {
            Some((_, Some(unit_price), max_per_order)) => {
                sold.insert(*variant, Sold { unit_price: *unit_price, max_per_order: *max_per_order });
            }
            Some((_, None, _)) => {
                return Err(Error::invalid(pointer, "no_price", format!("has no price in {currency}")));
            }
            None => return Err(Error::invalid(pointer, "not_for_sale", "is not a variant on sale")),
        }
    }
    Ok(sold)
}

/// Refuses a cart that cannot be changed now.
///
/// # Errors
/// `cart_checking_out` with the checkout, `cart_completed` with the order.
pub async fn require_open(conn: &mut Connection, cart: &CartRow) -> Result<()> {
    match cart.status {
        CartStatus::Open | CartStatus::Abandoned => Ok(()),
        CartStatus::CheckingOut | CartStatus::Completed => Err(closed(conn, cart).await?),
    }
}

/// Why a cart that is not open cannot be changed.
///
/// # Errors
/// Those of the database.
pub async fn closed(conn: &mut Connection, cart: &CartRow) -> Result<Error> {
    let live: Option<(CheckoutId, OrderId, Option<String>)> = checkouts::table
        .filter(checkouts::cart_id.eq(cart.id))
        .filter(checkouts::status.eq_any(["creating", "open", "completed"]))
        .select((checkouts::id, checkouts::order_id, checkouts::url))
        .first(conn)
        .await
        .optional()?;
    let error = if cart.status == CartStatus::Completed {
        Error::problem(Code::CartCompleted, "This cart was bought. Start a new cart.")
    } else {
        Error::problem(
            Code::CartCheckingOut,
            "This cart is being paid. Send the shopper to `url`, or cancel the checkout to change it.",
        )
    };
    Ok(match live {
        Some((checkout, order, url)) => {
            error.with("checkout_id", checkout.to_string()).with("order_id", order.to_string()).with("url", url)
        }
        None => error,
    })
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
        .execute(conn)
        .await?;
    Ok(())
}

/// Chooses a shipping rate for a locked cart.
///
/// # Errors
/// `validation_failed` when it is none of the cart's.
pub async fn choose_rate(conn: &mut Connection, cart: &CartRow, choice: &RateChoice, now: DateTime<Utc>) -> Result<()> {
    let (snapshot, _) = super::load::snapshot(conn, cart.clone(), now).await?;
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
    diesel::update(carts::table.find(cart.id)).set(carts::shipping_rate_id.eq(&choice.rate_id)).execute(conn).await?;
    Ok(())
}

/// Applies a patch to a locked cart.
///
/// # Errors
/// `validation_failed` when a line has no price in the new currency.
pub async fn patch(conn: &mut Connection, cart: &CartRow, patch: CartPatch) -> Result<()> {
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
    diesel::update(carts::table.find(cart.id))
        .set((
            carts::email.eq(email),
            carts::shipping_address.eq(shipping),
            carts::billing_address.eq(billing),
            patch.locale.column().map(|locale| carts::locale.eq(locale.map(Locale::as_str))),
            patch.tax_ids.map(|ids| carts::tax_ids.eq(json!(ids))),
            currency.map(|currency| carts::currency.eq(currency)),
            metadata.map(|metadata| carts::metadata.eq(metadata.to_json())),
        ))
        .execute(conn)
        .await?;
    Ok(())
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

/// Raises the version after a change, keeps the cart alive, and answers the new row.
///
/// # Errors
/// Those of the database.
pub async fn touch(conn: &mut Connection, cart: CartId, lifetime: TimeDelta, now: DateTime<Utc>) -> Result<CartRow> {
    let first_line_at = diesel::dsl::sql::<diesel::sql_types::Nullable<diesel::sql_types::Timestamptz>>(
        "COALESCE(first_line_at, (SELECT min(created_at) FROM cart_line_items WHERE cart_id = carts.id))",
    );
    Ok(diesel::update(carts::table.find(cart))
        .set((
            carts::status.eq(CartStatus::Open),
            carts::merged_into.eq(None::<CartId>),
            carts::first_line_at.eq(first_line_at),
            carts::version.eq(carts::version + 1),
            carts::expires_at.eq(now + lifetime),
            carts::updated_at.eq(now),
        ))
        .returning(CartRow::as_returning())
        .get_result(conn)
        .await?)
}

/// Marks open carts that nobody touched until they expired.
///
/// # Errors
/// Those of the database.
pub async fn abandon_expired(conn: &mut Connection, now: DateTime<Utc>) -> Result<usize> {
    let expired = carts::table.filter(carts::status.eq(CartStatus::Open)).filter(carts::expires_at.lt(now));
    Ok(diesel::update(expired).set(carts::status.eq(CartStatus::Abandoned)).execute(conn).await?)
}
