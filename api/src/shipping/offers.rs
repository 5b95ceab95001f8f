//! What Shippo offered for a cart: asked once for the same question, and kept for a day.

use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::model::{RateSource, ShippingRate};
use super::question::ShipmentQuestion;
use super::settings::ShippingSettings;
use crate::app::App;
use crate::db::Connection;
use crate::db::schema::shipping_quotes;
use crate::error::{Error, Result};
use crate::ids::{CartId, ShippingQuoteId};
use crate::outbound::{ProviderError, budget};
use crate::shippo::{AddressCheck, Offer};

/// How long rates are offered; Shippo keeps them for seven days.
const LIFETIME: TimeDelta = TimeDelta::hours(24);

/// How long it is remembered that there are none.
const FAILURE_LIFETIME: TimeDelta = TimeDelta::minutes(5);

/// The most answers of a cart that are looked at, newest first.
const RECENT: i64 = 8;

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The rates; empty when there are none.
    pub rates: Vec<ShippingRate>,
    /// Why there are none.
    pub failure: Option<String>,
    /// Whether Shippo refused what it was asked: what a shopper sent must never choose the policy.
    #[serde(default)]
    pub refused: bool,
    /// What Shippo finds of the address.
    pub address: Option<AddressCheck>,
}

/// A kept answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippingOffer {
    /// Of which question.
    pub fingerprint: Vec<u8>,
    /// What became of it.
    pub answered: Answered,
}

/// A cart's living answers, newest first.
///
/// # Errors
/// Those of the database.
pub async fn of_cart(conn: &mut Connection, cart: CartId, now: DateTime<Utc>) -> Result<Vec<ShippingOffer>> {
    let rows: Vec<(Vec<u8>, Value)> = shipping_quotes::table
        .filter(shipping_quotes::cart_id.eq(cart))
        .filter(shipping_quotes::expires_at.gt(now))
        .order((shipping_quotes::created_at.desc(), shipping_quotes::id.desc()))
        .limit(RECENT)
        .select((shipping_quotes::fingerprint, shipping_quotes::outcome))
        .load(conn)
        .await?;
    let read = |(fingerprint, outcome)| {
        let answered = serde_json::from_value(outcome)
            .map_err(|error| Error::Internal(format!("shipping_quotes.outcome: {error}")))?;
        Ok(ShippingOffer { fingerprint, answered })
    };
    rows.into_iter().map(read).collect()
}

/// Asks, and keeps what became of it. No connection is held while Shippo is waited for.
///
/// # Errors
/// Those of the database; Shippo's are an outcome.
pub async fn ask(app: &App, settings: &ShippingSettings, question: &ShipmentQuestion, deadline: Instant) -> Result<()> {
    let limit = app.config.shippo.as_ref().map_or(0, |config| config.quotes_per_day);
    let spent_at = app.clock.now();
    let offered = match budget::spend(app, "shippo", limit, spent_at).await? {
        Ok(()) => match &app.shippo {
            Some(shippo) => shippo.rates(question, deadline).await,
            None => Err(ProviderError::Unavailable("SHIPPO_API_TOKEN is not set".to_owned())),
        },
        Err(error) => Err(error),
    };
    if matches!(offered, Err(ProviderError::Unavailable(_) | ProviderError::RateLimited { .. })) {
        budget::give_back(app, "shippo", spent_at).await?;
    }
    let answered = match offered {
        Ok(offer) => answered(offer, settings),
        Err(error) => {
            tracing::error!(error = %error, "Shippo could not be asked");
            let refused = matches!(error, ProviderError::Rejected { .. });
            Answered { rates: Vec::new(), failure: Some(reason(&error).to_owned()), refused, address: None }
        }
    };
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    let lifetime = if answered.failure.is_none() { LIFETIME } else { FAILURE_LIFETIME };
    diesel::insert_into(shipping_quotes::table)
        .values((
            shipping_quotes::id.eq(ShippingQuoteId::new()),
            shipping_quotes::cart_id.eq(question.cart),
            shipping_quotes::fingerprint.eq(question.fingerprint()),
            shipping_quotes::outcome.eq(json!(answered)),
            shipping_quotes::expires_at.eq(now + lifetime),
            shipping_quotes::created_at.eq(now),
        ))
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// Why there are no rates, fit for a shopper.
const fn reason(error: &ProviderError) -> &'static str {
    match error {
        ProviderError::Rejected { .. } => "the carriers' service does not take this address or these goods",
        ProviderError::RateLimited { .. } => "the carriers' service is too busy",
        ProviderError::Unauthorized(_)
        | ProviderError::NotFound(_)
        | ProviderError::Unavailable(_)
        | ProviderError::Unknown { .. } => "the carriers' service cannot be reached",
    }
}

fn answered(offer: Offer, settings: &ShippingSettings) -> Answered {
    let is_allowed = |token: &String| settings.allowed_services.is_empty() || settings.allowed_services.contains(token);
    let offered = offer.rates.len();
    let mut rates: Vec<ShippingRate> = offer
        .rates
        .into_iter()
        .filter(|rate| is_allowed(&rate.token))
        .map(|rate| {
            let days = rate.days.map(|days| days + settings.handling_days);
            ShippingRate {
                id: format!("shippo_{}", rate.token),
                name: if rate.name.contains(&rate.carrier) {
                    rate.name
                } else {
                    format!("{} {}", rate.carrier, rate.name)
                },
                description: None,
                price: rate.price,
                min_days: days,
                max_days: days,
                source: RateSource::Shippo,
                carrier: Some(rate.carrier),
                cheapest: false,
                fastest: false,
                provider_rate_id: Some(rate.id),
            }
        })
        .collect();
    let cheapest = rates.iter().map(|rate| rate.price.amount).min();
    let fastest = rates.iter().filter_map(|rate| rate.max_days).min();
    for rate in &mut rates {
        rate.cheapest = Some(rate.price.amount) == cheapest;
        rate.fastest = rate.max_days.is_some() && rate.max_days == fastest;
    }
    let failure = rates.is_empty().then(|| match (offered, offer.messages.as_slice()) {
        (1.., _) => "no carrier offers a service that the shop allows".to_owned(),
        (0, []) => "no carrier delivers there".to_owned(),
        (0, messages) => messages.join("; "),
    });
    Answered { rates, failure, refused: false, address: offer.address }
}

/// Deletes answers that nobody can use any more.
///
/// # Errors
/// Those of the database.
pub async fn prune(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    diesel::delete(shipping_quotes::table.filter(shipping_quotes::expires_at.lt(now))).execute(conn).await?;
    Ok(())
}
