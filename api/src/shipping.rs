//! What shipping costs: for now one flat rate per currency from `MERX_FLAT_SHIPPING`.

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::money::{Currency, Money};

/// A way to send the goods and its price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ShippingRate {
    /// The rate's id within the cart.
    #[schema(example = "flat")]
    pub id: String,
    /// What the shopper reads.
    #[schema(example = "Standard shipping")]
    pub name: String,
    /// Its price.
    pub price: Money,
}

/// The flat rate in a currency, if the shop has one.
#[must_use]
pub fn flat_rate(config: &Config, currency: Currency) -> Option<ShippingRate> {
    config.flat_shipping.get(&currency).map(|amount| ShippingRate {
        id: "flat".to_owned(),
        name: "Standard shipping".to_owned(),
        price: Money::new(*amount, currency),
    })
}
