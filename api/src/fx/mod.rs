//! Prices in other currencies: derived from the shop's own by dated rates, a margin and a rounding rule, wherever no price
//! was given. They are rows like any other, so that lists, filters, carts and checkouts read them the same way.

pub mod admin;
pub mod derive;
pub mod ecb;
pub mod rates;
pub mod settings;
