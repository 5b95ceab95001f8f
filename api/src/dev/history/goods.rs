//! What is sold, and how its stock came and went.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Uuid as SqlUuid};
use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::db::Connection;
use crate::db::statement::{Bind, Statement};
use crate::error::Result;
use crate::ids::{ProductId, VariantId};

/// A variant on sale.
#[derive(Debug, Clone, QueryableByName)]
pub(super) struct Offer {
    #[diesel(sql_type = SqlUuid)]
    pub(super) variant_id: VariantId,
    #[diesel(sql_type = SqlUuid)]
    pub(super) product_id: ProductId,
    #[diesel(sql_type = Text)]
    pub(super) sku: String,
    #[diesel(sql_type = Text)]
    pub(super) title: String,
    #[diesel(sql_type = Text)]
    pub(super) variant_title: String,
    #[diesel(sql_type = Bool)]
    pub(super) requires_shipping: bool,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) tax_code: Option<String>,
    #[diesel(sql_type = Bool)]
    is_tracked: bool,
    #[diesel(sql_type = BigInt)]
    on_hand: i64,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    pub(super) price: i64,
}

impl Offer {
    pub(super) const fn is_tracked(&self) -> bool {
        self.is_tracked
    }
}

/// A change of stock that is to be written.
struct Move {
    at: DateTime<Utc>,
    delta: i64,
    reason: &'static str,
    order: Option<Uuid>,
}

/// What is sold, by currency; and what became of its stock.
pub(super) struct Goods {
    by_currency: BTreeMap<String, Vec<Offer>>,
    moves: BTreeMap<VariantId, Vec<Move>>,
}

const ON_SALE: &str = "SELECT variants.id AS variant_id, variants.product_id, variants.sku, products.title, \
         variants.title AS variant_title, variants.requires_shipping, products.tax_code, \
         level.track_inventory AS is_tracked, level.on_hand, price.currency, price.amount AS price \
     FROM variants JOIN products ON products.id = variants.product_id \
     JOIN stock_levels AS level ON level.variant_id = variants.id JOIN variant_prices AS price ON price.variant_id = variants.id \
     WHERE products.status = 'active' AND variants.archived_at IS NULL AND price.amount BETWEEN 1 AND 50000 \
         AND price.currency IN ('EUR', 'GBP', 'USD') AND NOT level.allow_backorder \
     ORDER BY md5(variants.sku), variants.id";

/// Whether somebody is told when the variants are few.
const WATCH: &str =
    "UPDATE stock_levels SET low_stock_threshold = GREATEST(low_stock_threshold, 5) WHERE variant_id = ANY($1)";

impl Goods {
    /// Reads what is on sale, in an order that is the same for the same catalogue.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) async fn read(conn: &mut Connection) -> Result<Self> {
        let offers: Vec<Offer> = Statement::constant(ON_SALE).load(conn).await?;
        let mut by_currency: BTreeMap<String, Vec<Offer>> = BTreeMap::new();
        for offer in offers {
            by_currency.entry(offer.currency.clone()).or_default().push(offer);
        }
        Ok(Self { by_currency, moves: BTreeMap::new() })
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.by_currency.contains_key("EUR")
    }

    /// The currency, if something is sold in it, or else the euro.
    pub(super) fn currency(&self, wanted: &'static str) -> &'static str {
        if self.by_currency.contains_key(wanted) { wanted } else { "EUR" }
    }

    /// One to three variants and how many of each: some sell far better than others.
    pub(super) fn basket(&self, random: &mut StdRng, currency: &str) -> Vec<(Offer, i64)> {
        let Some(offers) = self.by_currency.get(currency) else { return Vec::new() };
        let lines = [1, 1, 1, 2, 2, 3].get(random.random_range(0..6)).copied().unwrap_or(1);
        let mut basket: Vec<(Offer, i64)> = Vec::new();
        for _ in 0..lines {
            // The product of two even draws favours the first.
            let (a, b) = (random.random_range(0..1000_usize), random.random_range(0..1000_usize));
            let Some(offer) = offers.get(a * b * offers.len() / 1_000_000) else { continue };
            let quantity = [1, 1, 1, 1, 2, 2, 3].get(random.random_range(0..7)).copied().unwrap_or(1);
            if !basket.iter().any(|(other, _)| other.variant_id == offer.variant_id) {
                basket.push((offer.clone(), quantity));
            }
        }
        basket
    }

    /// Notes that units left the shelf, or came back.
    pub(super) fn moved(
        &mut self,
        variant: VariantId,
        at: DateTime<Utc>,
        delta: i64,
        reason: &'static str,
        order: Uuid,
    ) {
        self.moves.entry(variant).or_default().push(Move { at, delta, reason, order: Some(order) });
    }

    /// The movements. Before a variant's first sale as many units are delivered as are ever missing, and what comes back and
    /// is not sold again is thrown away: what is on hand today stays as it is.
    pub(super) fn movements(&mut self, mut id: impl FnMut(DateTime<Utc>) -> Uuid) -> Vec<Value> {
        let mut rows = Vec::new();
        for (variant, moves) in &mut self.moves {
            moves.sort_by_key(|each| each.at);
            let Some((first, last)) = moves.first().zip(moves.last()).map(|(first, last)| (first.at, last.at)) else {
                continue;
            };
            let mut level = 0;
            let levels = moves.iter().map(|each| {
                level += each.delta;
                level
            });
            let delivered = -levels.min().unwrap_or_default().min(0);
            let at = first - TimeDelta::days(2);
            moves.insert(0, Move { at, delta: delivered, reason: "received", order: None });
            moves.push(Move { at: last, delta: -(delivered + level), reason: "damaged", order: None });
            let mut on_hand = 0;
            for each in moves.iter().filter(|each| each.delta != 0) {
                on_hand += each.delta;
                rows.push(json!({
                    "id": id(each.at), "variant_id": variant.0, "delta": each.delta, "on_hand_after": on_hand,
                    "reason": each.reason, "order_id": each.order, "created_at": each.at,
                }));
            }
        }
        rows
    }

    /// The variants that sold most and of which so few are there that a count may make them low: with how many are to go.
    pub(super) fn running_low(&self, most: usize) -> Vec<(VariantId, i64)> {
        let euros = self.by_currency.get("EUR").map(Vec::as_slice).unwrap_or_default();
        // The product of the examples stays plentiful.
        let busy =
            euros.iter().filter(|offer| offer.is_tracked && offer.on_hand > 3 && !offer.sku.starts_with("TRAIL-"));
        busy.take(most).map(|offer| (offer.variant_id, offer.on_hand - 2)).collect()
    }
}

/// Has somebody told when these variants are few.
///
/// # Errors
/// Those of the database.
pub(super) async fn watch(conn: &mut Connection, low: &[(VariantId, i64)]) -> Result<()> {
    let watched = low.iter().map(|(variant, _)| variant.0).collect();
    Statement::constant(WATCH).with(Bind::Uuids(watched)).execute(conn).await?;
    Ok(())
}
