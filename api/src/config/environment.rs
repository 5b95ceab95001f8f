//! Reading variables: each wrong value is told with the variable's name and the remedy.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;

use super::{OutboundConfig, RateLimits, ShippoConfig, StripeConfig};
use crate::faults::Faults;
use crate::locale::Locale;
use crate::money::Currency;
use crate::tokens::TokenKeys;
use crate::webhooks_in::setup;

/// Typed reading of variables.
pub(super) struct Environment<'a> {
    pub(super) get: &'a dyn Fn(&str) -> Option<String>,
}

impl Environment<'_> {
    pub(super) fn text(&self, name: &str) -> Option<String> {
        (self.get)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    pub(super) fn required(&self, name: &str, remedy: &str) -> Result<String, String> {
        self.text(name).ok_or_else(|| format!("{name} is not set. Set it to {remedy}."))
    }

    pub(super) fn optional<T: FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<Option<T>, String> {
        self.text(name)
            .map(|value| value.parse().map_err(|error| format!("{name}=`{value}` is not valid: {error}.")))
            .transpose()
    }

    pub(super) fn or<T: FromStr<Err: std::fmt::Display>>(&self, name: &str, default: T) -> Result<T, String> {
        Ok(self.optional(name)?.unwrap_or(default))
    }

    pub(super) fn between<T>(&self, name: &str, default: T, range: RangeInclusive<T>) -> Result<T, String>
    where
        T: FromStr<Err: std::fmt::Display> + PartialOrd + std::fmt::Display,
    {
        let value = self.or(name, default)?;
        if range.contains(&value) {
            return Ok(value);
        }
        Err(format!("{name}=`{value}` is not valid: it must be between {} and {}.", range.start(), range.end()))
    }

    pub(super) fn stripe(&self, secret_key: String, is_live: bool, public_url: &str) -> Result<StripeConfig, String> {
        let api_base = self.text("STRIPE_API_BASE");
        Ok(StripeConfig {
            secret_key: secret_key.into(),
            is_live,
            api_base: api_base.map_or("https://api.stripe.com".to_owned(), |url| url.trim_end_matches('/').to_owned()),
            webhook_secrets: self.list::<String>("STRIPE_WEBHOOK_SECRETS")?.into_iter().map(Into::into).collect(),
            webhook_url: self.webhook_url(public_url, is_live)?,
            requests_per_second: self.or("MERX_STRIPE_REQUESTS_PER_SECOND", if is_live { 80 } else { 20 })?,
            requests_per_second_per_endpoint: self.or("MERX_STRIPE_REQUESTS_PER_SECOND_PER_ENDPOINT", 25)?,
            tax_calculations_per_day: self.or("MERX_TAX_CALCULATIONS_PER_DAY", 10_000)?,
        })
    }

    fn webhook_url(&self, public_url: &str, is_live: bool) -> Result<Option<String>, String> {
        match self.text("STRIPE_WEBHOOK_URL").as_deref() {
            Some("off") => Ok(None),
            Some(url) => setup::target(url, is_live).map(Some).ok_or_else(|| {
                format!("STRIPE_WEBHOOK_URL=`{url}` is not valid: write it like `https://shop.example`, or `off`.")
            }),
            // Stripe reaches nothing else.
            None if public_url.starts_with("https://") => Ok(setup::target(public_url, is_live)),
            None => Ok(None),
        }
    }

    pub(super) fn outbound(&self) -> Result<OutboundConfig, String> {
        Ok(OutboundConfig {
            timeout: self.millis("MERX_PROVIDER_TIMEOUT_MS", 10_000)?,
            budget: self.millis("MERX_PROVIDER_BUDGET_MS", 20_000)?,
            backoff: self.millis("MERX_PROVIDER_BACKOFF_MS", 500)?,
            breaker_failures: self.or("MERX_PROVIDER_BREAKER_FAILURES", 10)?,
            breaker_pause: self.millis("MERX_PROVIDER_BREAKER_PAUSE_MS", 5_000)?,
            quote_budget: self.millis("MERX_QUOTE_BUDGET_MS", 10_000)?,
        })
    }

    pub(super) fn shippo(&self) -> Result<Option<ShippoConfig>, String> {
        let Some(token) = self.text("SHIPPO_API_TOKEN") else { return Ok(None) };
        let is_live = token.starts_with("shippo_live_");
        let rate = if is_live { 8 } else { 1 };
        if !is_live && !token.starts_with("shippo_test_") {
            return Err("SHIPPO_API_TOKEN is not valid: it starts with shippo_test_ or shippo_live_.".to_owned());
        }
        let webhook_tokens: Vec<String> = self.list("SHIPPO_WEBHOOK_TOKENS")?;
        if webhook_tokens.iter().any(|token| token.len() < 24) {
            return Err(
                "SHIPPO_WEBHOOK_TOKENS needs tokens of 24 characters or more. Make one with `openssl rand -hex 32`."
                    .to_owned(),
            );
        }
        Ok(Some(ShippoConfig {
            is_live,
            webhook_tokens: webhook_tokens.into_iter().map(Into::into).collect(),
            webhook_secrets: self.list::<String>("SHIPPO_WEBHOOK_SECRETS")?.into_iter().map(Into::into).collect(),
            token: token.into(),
            api_base: self
                .text("SHIPPO_API_BASE")
                .map_or("https://api.goshippo.com".to_owned(), |url| url.trim_end_matches('/').to_owned()),
            requests_per_second: self.or("MERX_SHIPPO_REQUESTS_PER_SECOND", rate)?,
            quotes_per_day: self.or("MERX_SHIPPO_QUOTES_PER_DAY", 10_000)?,
        }))
    }

    pub(super) fn workers(&self) -> Result<Option<usize>, String> {
        match self.optional("MERX_WORKERS")? {
            Some(count) if !(1..=256).contains(&count) => {
                Err(format!("MERX_WORKERS=`{count}` is not valid: it must be between 1 and 256."))
            }
            workers => Ok(workers),
        }
    }

    /// The shop's own currency first.
    pub(super) fn currencies(&self, own: Currency) -> Result<Vec<Currency>, String> {
        let mut currencies: Vec<Currency> = self.list("MERX_CURRENCIES")?;
        currencies.retain(|currency| *currency != own);
        currencies.insert(0, own);
        Ok(currencies)
    }

    pub(super) fn locales(&self) -> Result<Vec<Locale>, String> {
        let locales: Vec<Locale> = self.list("MERX_LOCALES")?;
        if locales.is_empty() { Ok("en".parse::<Locale>().into_iter().collect()) } else { Ok(locales) }
    }

    pub(super) fn cors_origins(&self) -> Result<Vec<String>, String> {
        let origins = self.origins("MERX_CORS_ORIGINS", "*")?;
        let in_development = matches!(self.text("MERX_ENV").as_deref(), Some("dev" | "test"));
        if origins.iter().any(|origin| origin == "*") && !in_development {
            return Err(
                "MERX_CORS_ORIGINS=* is for development only. List the shop's origins, like `https://shop.example`."
                    .to_owned(),
            );
        }
        Ok(origins)
    }

    /// Exact origins, and one word that means something else.
    pub(super) fn origins(&self, name: &str, word: &str) -> Result<Vec<String>, String> {
        let origins: Vec<String> = self.list(name)?;
        for origin in &origins {
            let parsed = reqwest::Url::parse(origin).ok().map(|url| url.origin().ascii_serialization());
            if origin != word && parsed.as_deref() != Some(origin.trim_end_matches('/')) {
                return Err(format!("{name}: `{origin}` is not valid. Write origins like `https://shop.example`."));
            }
        }
        Ok(origins.into_iter().map(|origin| origin.trim_end_matches('/').to_owned()).collect())
    }

    pub(super) fn dev_mailbox(&self, is_live: bool) -> Result<bool, String> {
        match self.text("MERX_DEV_MAILBOX").as_deref() {
            Some("on") if is_live => {
                Err("MERX_DEV_MAILBOX=on shows everybody's e-mails to everybody. Leave it out with a live key."
                    .to_owned())
            }
            Some("on") if !matches!(self.text("MERX_ENV").as_deref(), Some("dev" | "test")) => {
                Err("MERX_DEV_MAILBOX=on shows everybody's e-mails to everybody: it needs MERX_ENV=dev or test."
                    .to_owned())
            }
            Some("on") => Ok(true),
            Some("off") | None => Ok(false),
            Some(other) => Err(format!("MERX_DEV_MAILBOX=`{other}` is not valid. Use on or off.")),
        }
    }

    /// How clients reach the service. Links to invoices in e-mails lead there, so with a live key they are not sent in clear.
    pub(super) fn public_url(&self, bind: SocketAddr, is_live: bool) -> Result<String, String> {
        let url = self.text("MERX_PUBLIC_URL").unwrap_or_else(|| format!("http://{bind}"));
        if is_live && self.text("MERX_SMTP_URL").is_some() && !url.starts_with("https://") {
            return Err(format!(
                "MERX_PUBLIC_URL=`{url}` is not valid. Links to invoices in e-mails lead there: use https:// and a host."
            ));
        }
        Ok(url.trim_end_matches('/').to_owned())
    }

    /// Where links in e-mails lead. They open accounts, so with a live key they are not sent in clear.
    pub(super) fn storefront_url(&self, public_url: &str, is_live: bool) -> Result<String, String> {
        let url = self.text("MERX_STOREFRONT_URL").unwrap_or_else(|| public_url.to_owned());
        let scheme = reqwest::Url::parse(&url).map(|url| url.scheme().to_owned()).unwrap_or_default();
        match scheme.as_str() {
            "https" => {}
            "http" if !is_live => {}
            _ => {
                return Err(format!(
                    "MERX_STOREFRONT_URL=`{url}` is not valid. Links in e-mails lead there: use https:// and a host."
                ));
            }
        }
        Ok(url.trim_end_matches('/').to_owned())
    }

    pub(super) fn millis(&self, name: &str, default: u64) -> Result<Duration, String> {
        Ok(Duration::from_millis(self.between(name, default, 1..=3_600_000)?))
    }

    pub(super) fn list<T: FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<Vec<T>, String> {
        let text = self.text(name).unwrap_or_default();
        text.split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(|item| item.parse().map_err(|error| format!("{name}: `{item}` is not valid: {error}.")))
            .collect()
    }

    pub(super) fn token_keys(&self) -> Result<TokenKeys, String> {
        let keys: Vec<String> = self.list("MERX_TOKEN_KEYS")?;
        if keys.is_empty() || keys.iter().any(|key| key.len() < 32) {
            return Err("MERX_TOKEN_KEYS needs at least one key of 32 characters or more. Make one with `openssl rand -hex 32`.".to_owned());
        }
        Ok(TokenKeys::new(keys.into_iter().map(SecretString::from).collect()))
    }

    pub(super) fn rate_limits(&self) -> Result<Option<RateLimits>, String> {
        match self.text("MERX_RATE_LIMIT").as_deref() {
            Some("off") if self.text("MERX_ENV").as_deref() == Some("test") => return Ok(None),
            Some("off") => {
                return Err("MERX_RATE_LIMIT=off is for load tests only. Set MERX_ENV=test as well, or leave it out."
                    .to_owned());
            }
            Some("on") | None => {}
            Some(other) => return Err(format!("MERX_RATE_LIMIT=`{other}` is not valid. Use on or off.")),
        }
        let default = RateLimits::default();
        let positive = |name, value| match self.or(name, value)? {
            0 => Err(format!("{name} must be at least 1.")),
            limit => Ok(limit),
        };
        Ok(Some(RateLimits {
            checkouts_per_address: positive("MERX_LIMIT_CHECKOUTS_PER_ADDRESS", default.checkouts_per_address)?,
            checkouts_per_cart: positive("MERX_LIMIT_CHECKOUTS_PER_CART", default.checkouts_per_cart)?,
            quotes_per_cart: positive("MERX_LIMIT_QUOTES_PER_CART", default.quotes_per_cart)?,
            quotes_per_address: positive("MERX_LIMIT_QUOTES_PER_ADDRESS", default.quotes_per_address)?,
            discount_codes_per_address: positive(
                "MERX_LIMIT_DISCOUNT_CODES_PER_ADDRESS",
                default.discount_codes_per_address,
            )?,
            logins_per_address: positive("MERX_LIMIT_LOGINS_PER_ADDRESS", default.logins_per_address)?,
            logins_per_account: positive("MERX_LIMIT_LOGINS_PER_ACCOUNT", default.logins_per_account)?,
            account_mails_per_address: positive(
                "MERX_LIMIT_ACCOUNT_MAILS_PER_ADDRESS",
                default.account_mails_per_address,
            )?,
            account_mails_per_account: positive(
                "MERX_LIMIT_ACCOUNT_MAILS_PER_ACCOUNT",
                default.account_mails_per_account,
            )?,
            requests_per_key: positive("MERX_LIMIT_REQUESTS_PER_KEY", default.requests_per_key)?,
            requests_per_address: positive("MERX_LIMIT_REQUESTS_PER_ADDRESS", default.requests_per_address)?,
            held_units_per_address: positive("MERX_LIMIT_HELD_UNITS_PER_ADDRESS", default.held_units_per_address)?,
            held_units_per_customer: positive("MERX_LIMIT_HELD_UNITS_PER_CUSTOMER", default.held_units_per_customer)?,
            held_units_per_cart: positive("MERX_LIMIT_HELD_UNITS_PER_CART", default.held_units_per_cart)?,
        }))
    }

    #[cfg(debug_assertions)]
    pub(super) fn faults(&self) -> Result<Faults, String> {
        self.text("MERX_FAULT").map_or_else(
            || Ok(Faults::default()),
            |text| Faults::parse(&text).map_err(|error| format!("MERX_FAULT is not valid: {error}.")),
        )
    }

    #[cfg(not(debug_assertions))]
    #[expect(clippy::unnecessary_wraps, reason = "the same shape as in debug builds")]
    pub(super) fn faults(&self) -> Result<Faults, String> {
        Ok(Faults::default())
    }
}
