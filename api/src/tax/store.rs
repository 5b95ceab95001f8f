//! The calculations of a cart: kept for a day, so that the same question is asked once (AMENDMENTS 22).

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::model::{Assessment, TaxSource};
use crate::db::Connection;
use crate::db::schema::{orders, tax_calculations};
use crate::error::{Error, Result};
use crate::ids::{CartId, TaxCalculationId};

/// How long an answer serves its cart; Stripe keeps a calculation for longer.
const LIFETIME: TimeDelta = TimeDelta::hours(24);

/// How long what stands in for an answer does, before the provider is asked again.
const STAND_IN: TimeDelta = TimeDelta::minutes(5);

/// The most calculations of a cart that are looked at, newest first.
const RECENT: i64 = 8;

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was answered.
    Assessed {
        /// By whom.
        source: TaxSource,
        /// What the tax is.
        assessment: Assessment,
    },
    /// The provider cannot tell the tax; the customer must correct something.
    Refused {
        /// What, as a pointer into the cart; the address when absent.
        pointer: Option<String>,
        /// The provider's words.
        message: String,
    },
    /// The provider could not be asked, and nothing stands in for it.
    Unavailable,
}

/// A calculation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calculation {
    /// Its id.
    pub id: TaxCalculationId,
    /// Of which question.
    pub fingerprint: Vec<u8>,
    /// What became of it.
    pub outcome: Outcome,
}

/// A cart's living calculations, newest first.
///
/// # Errors
/// Those of the database.
pub async fn of_cart(conn: &mut Connection, cart: CartId, now: DateTime<Utc>) -> Result<Vec<Calculation>> {
    let rows: Vec<(TaxCalculationId, Vec<u8>, Value)> = tax_calculations::table
        .filter(tax_calculations::cart_id.eq(cart))
        .filter(tax_calculations::expires_at.gt(now))
        .order((tax_calculations::created_at.desc(), tax_calculations::id.desc()))
        .limit(RECENT)
        .select((tax_calculations::id, tax_calculations::fingerprint, tax_calculations::outcome))
        .load(conn)
        .await?;
    let read = |(id, fingerprint, outcome)| {
        let outcome = serde_json::from_value(outcome)
            .map_err(|error| Error::Internal(format!("tax_calculations.outcome: {error}")))?;
        Ok(Calculation { id, fingerprint, outcome })
    };
    rows.into_iter().map(read).collect()
}

/// Keeps what became of a question.
///
/// # Errors
/// Those of the database.
pub async fn keep(
    conn: &mut Connection,
    cart: CartId,
    fingerprint: &[u8],
    provider_id: Option<&str>,
    outcome: &Outcome,
    now: DateTime<Utc>,
) -> Result<()> {
    let lifetime = if provider_id.is_some() { LIFETIME } else { STAND_IN };
    diesel::insert_into(tax_calculations::table)
        .values((
            tax_calculations::id.eq(TaxCalculationId::new()),
            tax_calculations::cart_id.eq(cart),
            tax_calculations::fingerprint.eq(fingerprint),
            tax_calculations::provider_id.eq(provider_id),
            tax_calculations::outcome.eq(json!(outcome)),
            tax_calculations::expires_at.eq(now + lifetime),
            tax_calculations::created_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Deletes what no cart uses any more and no order was taxed by.
///
/// # Errors
/// Those of the database.
pub async fn prune(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    let taken = orders::table.filter(orders::tax_calculation_id.eq(tax_calculations::id.nullable()));
    // A quote may promise a calculation for as long as one lives.
    let over = tax_calculations::expires_at.lt(now - LIFETIME);
    diesel::delete(tax_calculations::table.filter(over.and(diesel::dsl::not(diesel::dsl::exists(taken)))))
        .execute(conn)
        .await?;
    Ok(())
}
