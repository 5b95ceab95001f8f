//! What a storefront needs to know before it shows anything.

use std::collections::BTreeSet;

use actix_web::{HttpRequest, HttpResponse, get, web};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;

use crate::address;
use crate::app::App;
use crate::carts::model::{MAX_LINES, MAX_QUANTITY};
use crate::db::schema::shipping_zone_regions;
use crate::error::Result;
use crate::http::caching::Prepared;
use crate::locale::{self, Locale};
use crate::money::Currency;

/// The shop.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Store {
    /// Its name.
    #[schema(example = "Northbound Goods")]
    pub name: String,
    /// The currency of shoppers who name none.
    pub default_currency: Currency,
    /// Every currency on offer, the default first.
    pub currencies: Vec<StoreCurrency>,
    /// The language of shoppers who name none.
    pub default_locale: Locale,
    /// Every language on offer, the default first.
    pub locales: Vec<Locale>,
    /// Where goods are sent, and what an address there must have.
    pub shipping_countries: Vec<StoreCountry>,
    /// What the API takes at most.
    pub limits: StoreLimits,
}

/// A currency on offer.
#[derive(Serialize, utoipa::ToSchema)]
pub struct StoreCurrency {
    /// ISO 4217 code.
    pub code: Currency,
    /// How many decimals its minor unit has: 2 for EUR, 0 for JPY, 3 for KWD.
    #[schema(example = 2)]
    pub decimals: u32,
}

/// A country that goods are sent to.
#[derive(Serialize, utoipa::ToSchema)]
pub struct StoreCountry {
    /// ISO 3166-1 alpha-2.
    #[schema(example = "DE")]
    pub code: &'static str,
    /// The parts that an address must have for a checkout, in the order to ask for them.
    #[schema(example = json!(["name", "line1", "city", "postal_code"]))]
    pub required: Vec<&'static str>,
}

/// What the API takes at most.
#[derive(Serialize, utoipa::ToSchema)]
pub struct StoreLimits {
    /// Lines of a cart.
    #[schema(example = 99)]
    pub cart_lines: usize,
    /// Units of a line.
    #[schema(example = 9999)]
    pub line_quantity: i64,
    /// Minor units of one order.
    #[schema(example = 99_999_999)]
    pub order_total: i64,
}

/// Get the shop
///
/// Currencies, languages, countries with the parts their addresses need, and limits: all that a storefront asks first.
#[utoipa::path(operation_id = "get_store", tag = "catalogue", responses(
    (status = 200, description = "The shop", body = Store),
    (status = 304, description = "Unchanged since `If-None-Match`"),
))]
#[get("/v1/store")]
pub async fn get_store(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse> {
    let locale = locale::negotiate(None, &request, &app.config.locales);
    let mut conn = app.connection().await?;
    let named: Vec<String> =
        shipping_zone_regions::table.select(shipping_zone_regions::country).distinct().load(&mut conn).await?;
    let named: BTreeSet<String> = named.into_iter().collect();
    let everywhere = named.contains("*");
    let countries = address::countries().filter(|code| everywhere || named.contains(*code));
    let store = Store {
        name: app.config.store_name.clone(),
        default_currency: app.config.default_currency,
        currencies: app
            .config
            .currencies
            .iter()
            .map(|code| StoreCurrency { code: *code, decimals: code.exponent() })
            .collect(),
        default_locale: app.config.locale().clone(),
        locales: app.config.locales.clone(),
        shipping_countries: countries
            .map(|code| StoreCountry { code, required: address::required_parts(code) })
            .collect(),
        limits: StoreLimits {
            cart_lines: MAX_LINES,
            line_quantity: MAX_QUANTITY,
            order_total: crate::money::MAX_AMOUNT,
        },
    };
    Prepared::new(0, &locale, &store)?.send(&request)
}
