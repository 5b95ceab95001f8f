//! Configuration: read once from the environment into plain structs; a wrong value stops the start with the
//! variable's name and the remedy.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;

use crate::faults::Faults;
use crate::locale::Locale;
use crate::money::Currency;
use crate::tokens::TokenKeys;

/// Everything a process needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// `MERX_BIND`: where the service listens (127.0.0.1:8080).
    pub bind: SocketAddr,
    /// `MERX_PUBLIC_URL`: how clients reach the service, without a slash at the end (`http://` + `MERX_BIND`).
    pub public_url: String,
    /// `MERX_STOREFRONT_URL`: where links in e-mails lead, without a slash at the end (`MERX_PUBLIC_URL`).
    pub storefront_url: String,
    /// `MERX_DEV_MAILBOX`: with `on` everybody can read all e-mails at `/dev/mailbox`; for development only.
    pub dev_mailbox: bool,
    /// `DATABASE_URL`: PostgreSQL, may be a pooler.
    pub database_url: SecretString,
    /// `DATABASE_DIRECT_URL`: PostgreSQL without a pooler, for migrations and LISTEN (`DATABASE_URL`).
    pub database_direct_url: SecretString,
    /// `MERX_DB_POOL_SIZE`: connections of this process (16).
    pub pool_size: usize,
    /// `MERX_TOKEN_KEYS`: comma-separated keys for guest tokens, at least 32 characters each; the first signs.
    pub token_keys: TokenKeys,
    /// Stripe.
    pub stripe: StripeConfig,
    /// Shippo; `None` without `SHIPPO_API_TOKEN`.
    pub shippo: Option<ShippoConfig>,
    /// `MERX_ECB_URL`: the European Central Bank's daily rates
    /// (`https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml`).
    pub ecb_url: String,
    /// How providers are called.
    pub outbound: OutboundConfig,
    /// `MERX_CURRENCY`: the currency of shoppers who name none (EUR).
    pub default_currency: Currency,
    /// `MERX_CURRENCIES`: every currency that storefronts may offer, comma-separated (`MERX_CURRENCY`).
    pub currencies: Vec<Currency>,
    /// `MERX_LOCALES`: the languages of the shop's texts, comma-separated; the first is that of the products' own (en).
    pub locales: Vec<Locale>,
    /// `MERX_STORE_NAME`: the shop's name (Merx).
    pub store_name: String,
    /// `MERX_HOLD_MINUTES`: how long stock is held for an unpaid checkout (15).
    pub hold: Duration,
    /// `MERX_CART_DAYS`: how long an untouched cart lives (30).
    pub cart_lifetime: Duration,
    /// `MERX_REDIRECT_ORIGINS`: origins that `success_url` and `cancel_url` may have, comma-separated; the word
    /// `loopback` allows this machine.
    pub redirect_origins: Vec<String>,
    /// `MERX_CORS_ORIGINS`: origins whose pages may call the API from a browser, comma-separated (none); `*` in
    /// development only.
    pub cors_origins: Vec<String>,
    /// `MERX_TRUSTED_PROXIES`: networks whose `X-Forwarded-For` is believed, comma-separated CIDRs (none).
    pub trusted_proxies: Vec<IpNet>,
    /// Rate limits; `None` with `MERX_RATE_LIMIT=off`.
    pub rate_limits: Option<RateLimits>,
    /// `MERX_DRAIN_SECONDS`: how long requests and jobs in work get to finish at shutdown (30).
    pub drain: Duration,
    /// `MERX_WORKERS`: actix threads (one per core).
    pub workers: Option<usize>,
    /// `MERX_CLOCK_FILE`: see [`crate::clock`]; debug builds only.
    pub clock_file: Option<PathBuf>,
    /// `MERX_FAULT`: see [`crate::faults`]; debug builds only.
    pub faults: Faults,
}

/// How Stripe is reached.
#[derive(Debug, Clone)]
pub struct StripeConfig {
    /// `STRIPE_SECRET_KEY`: `sk_test_…` or `sk_live_…`, or a restricted `rk_…` one.
    pub secret_key: SecretString,
    /// Whether the key is of live mode.
    pub is_live: bool,
    /// `STRIPE_API_BASE`: without a slash at the end (`https://api.stripe.com`).
    pub api_base: String,
    /// `STRIPE_WEBHOOK_SECRETS`: comma-separated `whsec_…`; several while one is rotated.
    pub webhook_secrets: Vec<SecretString>,
    /// `MERX_STRIPE_REQUESTS_PER_SECOND`: how much this process asks of Stripe (80 live, 20 test mode).
    pub requests_per_second: u32,
    /// `MERX_STRIPE_REQUESTS_PER_SECOND_PER_ENDPOINT`: of that, of one endpoint (25).
    pub requests_per_second_per_endpoint: u32,
    /// `MERX_TAX_CALCULATIONS_PER_DAY`: Stripe bills each; then the tax settings' `on_failure` decides; 0 no limit (10000).
    pub tax_calculations_per_day: u32,
}

/// How Shippo is reached.
#[derive(Debug, Clone)]
pub struct ShippoConfig {
    /// `SHIPPO_API_TOKEN`: `shippo_test_…` or `shippo_live_…` (none: the shop's own zones only).
    pub token: SecretString,
    /// `SHIPPO_API_BASE`: without a slash at the end (`https://api.goshippo.com`).
    pub api_base: String,
    /// `MERX_SHIPPO_REQUESTS_PER_SECOND`: how much this process asks of Shippo (8 live, 1 test mode).
    pub requests_per_second: u32,
    /// `MERX_SHIPPO_QUOTES_PER_DAY`: then the shipping settings' `on_failure` decides; 0 no limit (10000).
    pub quotes_per_day: u32,
}

/// How providers are called.
#[derive(Debug, Clone)]
pub struct OutboundConfig {
    /// `MERX_PROVIDER_TIMEOUT_MS`: for one try of one call (10000).
    pub timeout: Duration,
    /// `MERX_PROVIDER_BUDGET_MS`: for all tries of one call together (20000).
    pub budget: Duration,
    /// `MERX_PROVIDER_BACKOFF_MS`: the first wait between two tries, doubled each time (500).
    pub backoff: Duration,
    /// `MERX_PROVIDER_BREAKER_FAILURES`: after so many failed calls in a row none is made for a while; 0 never (10).
    pub breaker_failures: u32,
    /// `MERX_PROVIDER_BREAKER_PAUSE_MS`: that while (5000).
    pub breaker_pause: Duration,
    /// `MERX_QUOTE_BUDGET_MS`: for all that a quote asks of providers (10000).
    pub quote_budget: Duration,
}

/// How much one caller may ask for.
#[derive(Debug, Clone, Copy)]
pub struct RateLimits {
    /// `MERX_LIMIT_CHECKOUTS_PER_ADDRESS`: checkouts a minute from one address (30).
    pub checkouts_per_address: u32,
    /// `MERX_LIMIT_CHECKOUTS_PER_CART`: checkouts a minute for one cart (10).
    pub checkouts_per_cart: u32,
    /// `MERX_LIMIT_QUOTES_PER_CART`: quotes a minute for one cart (10).
    pub quotes_per_cart: u32,
    /// `MERX_LIMIT_QUOTES_PER_ADDRESS`: quotes a minute from one address (60).
    pub quotes_per_address: u32,
    /// `MERX_LIMIT_DISCOUNT_CODES_PER_ADDRESS`: discount codes tried a minute from one address (30).
    pub discount_codes_per_address: u32,
    /// `MERX_LIMIT_LOGINS_PER_ADDRESS`: logins and password checks a minute from one address (20).
    pub logins_per_address: u32,
    /// `MERX_LIMIT_LOGINS_PER_ACCOUNT`: logins and password checks a minute for one e-mail address (10).
    pub logins_per_account: u32,
    /// `MERX_LIMIT_ACCOUNT_MAILS_PER_ADDRESS`: registrations, resets and look-ups a minute from one address (10).
    pub account_mails_per_address: u32,
    /// `MERX_LIMIT_ACCOUNT_MAILS_PER_ACCOUNT`: registrations, resets and look-ups a minute for one e-mail address (5).
    pub account_mails_per_account: u32,
    /// `MERX_LIMIT_REQUESTS_PER_KEY`: requests a minute under one storefront key (60000).
    pub requests_per_key: u32,
    /// `MERX_LIMIT_REQUESTS_PER_ADDRESS`: requests a minute from one address (1200).
    pub requests_per_address: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            checkouts_per_address: 30,
            checkouts_per_cart: 10,
            quotes_per_cart: 10,
            quotes_per_address: 60,
            discount_codes_per_address: 30,
            logins_per_address: 20,
            logins_per_account: 10,
            account_mails_per_address: 10,
            account_mails_per_account: 5,
            requests_per_key: 60_000,
            requests_per_address: 1200,
        }
    }
}

impl Config {
    /// The language of the products' own texts.
    ///
    /// # Panics
    /// Never: the list has at least one.
    #[must_use]
    pub fn locale(&self) -> &Locale {
        #[expect(clippy::indexing_slicing, reason = "`Environment::locales` leaves none empty")]
        &self.locales[0]
    }

    /// Reads the environment through `get`, which answers a variable's value.
    ///
    /// # Errors
    /// One line per wrong or missing variable, with the remedy.
    pub fn read(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        let env = Environment { get };
        let bind = env.or("MERX_BIND", SocketAddr::from(([127, 0, 0, 1], 8080)))?;
        let database_url = env.required("DATABASE_URL", "the PostgreSQL to use, postgres://user@host/database")?;
        let secret_key =
            env.required("STRIPE_SECRET_KEY", "Stripe's secret key; or start `merx dev`, which needs none")?;
        let is_live = is_live_key(&secret_key)?;
        let rate = if is_live { 80 } else { 20 };
        let default_currency = env
            .text("MERX_CURRENCY")
            .unwrap_or_else(|| "EUR".to_owned())
            .parse()
            .map_err(|error| format!("MERX_CURRENCY is not valid: {error}."))?;
        let public_url =
            env.text("MERX_PUBLIC_URL").map_or(format!("http://{bind}"), |url| url.trim_end_matches('/').to_owned());
        Ok(Self {
            bind,
            storefront_url: env
                .text("MERX_STOREFRONT_URL")
                .map_or(public_url.clone(), |url| url.trim_end_matches('/').to_owned()),
            public_url,
            dev_mailbox: env.dev_mailbox(is_live)?,
            database_direct_url: env.text("DATABASE_DIRECT_URL").unwrap_or_else(|| database_url.clone()).into(),
            database_url: database_url.into(),
            pool_size: env.between("MERX_DB_POOL_SIZE", 16, 1..=1000)?,
            token_keys: env.token_keys()?,
            stripe: StripeConfig {
                secret_key: secret_key.into(),
                is_live,
                api_base: env
                    .text("STRIPE_API_BASE")
                    .map_or("https://api.stripe.com".to_owned(), |url| url.trim_end_matches('/').to_owned()),
                webhook_secrets: env.list::<String>("STRIPE_WEBHOOK_SECRETS")?.into_iter().map(Into::into).collect(),
                requests_per_second: env.or("MERX_STRIPE_REQUESTS_PER_SECOND", rate)?,
                requests_per_second_per_endpoint: env.or("MERX_STRIPE_REQUESTS_PER_SECOND_PER_ENDPOINT", 25)?,
                tax_calculations_per_day: env.or("MERX_TAX_CALCULATIONS_PER_DAY", 10_000)?,
            },
            shippo: env.shippo()?,
            ecb_url: env
                .text("MERX_ECB_URL")
                .unwrap_or_else(|| "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml".to_owned()),
            outbound: OutboundConfig {
                timeout: env.millis("MERX_PROVIDER_TIMEOUT_MS", 10_000)?,
                budget: env.millis("MERX_PROVIDER_BUDGET_MS", 20_000)?,
                backoff: env.millis("MERX_PROVIDER_BACKOFF_MS", 500)?,
                breaker_failures: env.or("MERX_PROVIDER_BREAKER_FAILURES", 10)?,
                breaker_pause: env.millis("MERX_PROVIDER_BREAKER_PAUSE_MS", 5_000)?,
                quote_budget: env.millis("MERX_QUOTE_BUDGET_MS", 10_000)?,
            },
            default_currency,
            currencies: env.currencies(default_currency)?,
            locales: env.locales()?,
            store_name: env.text("MERX_STORE_NAME").unwrap_or_else(|| "Merx".to_owned()),
            hold: Duration::from_secs(60 * env.between("MERX_HOLD_MINUTES", 15, 1..=23 * 60)?),
            cart_lifetime: Duration::from_secs(86_400 * env.between("MERX_CART_DAYS", 30, 1..=3650)?),
            redirect_origins: env.origins("MERX_REDIRECT_ORIGINS", "loopback")?,
            cors_origins: env.cors_origins()?,
            trusted_proxies: env.list("MERX_TRUSTED_PROXIES")?,
            rate_limits: env.rate_limits()?,
            drain: Duration::from_secs(env.or("MERX_DRAIN_SECONDS", 30u64)?),
            workers: env.workers()?,
            clock_file: env.optional("MERX_CLOCK_FILE")?,
            faults: env.faults()?,
        })
    }
}

/// Whether a key of Stripe's is of live mode.
///
/// # Errors
/// When it is no secret key of Stripe's.
pub fn is_live_key(key: &str) -> Result<bool, String> {
    match key.strip_prefix("sk_").or_else(|| key.strip_prefix("rk_")) {
        Some(rest) if rest.starts_with("live_") => Ok(true),
        Some(rest) if rest.starts_with("test_") => Ok(false),
        Some(_) | None => {
            Err("STRIPE_SECRET_KEY is not valid: it starts with sk_test_, sk_live_, rk_test_ or rk_live_.".to_owned())
        }
    }
}

/// Typed reading of variables.
struct Environment<'a> {
    get: &'a dyn Fn(&str) -> Option<String>,
}

impl Environment<'_> {
    fn text(&self, name: &str) -> Option<String> {
        (self.get)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn required(&self, name: &str, remedy: &str) -> Result<String, String> {
        self.text(name).ok_or_else(|| format!("{name} is not set. Set it to {remedy}."))
    }

    fn optional<T: FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<Option<T>, String> {
        self.text(name)
            .map(|value| value.parse().map_err(|error| format!("{name}=`{value}` is not valid: {error}.")))
            .transpose()
    }

    fn or<T: FromStr<Err: std::fmt::Display>>(&self, name: &str, default: T) -> Result<T, String> {
        Ok(self.optional(name)?.unwrap_or(default))
    }

    fn between<T>(&self, name: &str, default: T, range: RangeInclusive<T>) -> Result<T, String>
    where
        T: FromStr<Err: std::fmt::Display> + PartialOrd + std::fmt::Display,
    {
        let value = self.or(name, default)?;
        if range.contains(&value) {
            return Ok(value);
        }
        Err(format!("{name}=`{value}` is not valid: it must be between {} and {}.", range.start(), range.end()))
    }

    fn shippo(&self) -> Result<Option<ShippoConfig>, String> {
        let Some(token) = self.text("SHIPPO_API_TOKEN") else { return Ok(None) };
        let rate = if token.starts_with("shippo_live_") { 8 } else { 1 };
        if !token.starts_with("shippo_live_") && !token.starts_with("shippo_test_") {
            return Err("SHIPPO_API_TOKEN is not valid: it starts with shippo_test_ or shippo_live_.".to_owned());
        }
        Ok(Some(ShippoConfig {
            token: token.into(),
            api_base: self
                .text("SHIPPO_API_BASE")
                .map_or("https://api.goshippo.com".to_owned(), |url| url.trim_end_matches('/').to_owned()),
            requests_per_second: self.or("MERX_SHIPPO_REQUESTS_PER_SECOND", rate)?,
            quotes_per_day: self.or("MERX_SHIPPO_QUOTES_PER_DAY", 10_000)?,
        }))
    }

    fn workers(&self) -> Result<Option<usize>, String> {
        match self.optional("MERX_WORKERS")? {
            Some(count) if !(1..=256).contains(&count) => {
                Err(format!("MERX_WORKERS=`{count}` is not valid: it must be between 1 and 256."))
            }
            workers => Ok(workers),
        }
    }

    /// The shop's own currency first.
    fn currencies(&self, own: Currency) -> Result<Vec<Currency>, String> {
        let mut currencies: Vec<Currency> = self.list("MERX_CURRENCIES")?;
        currencies.retain(|currency| *currency != own);
        currencies.insert(0, own);
        Ok(currencies)
    }

    fn locales(&self) -> Result<Vec<Locale>, String> {
        let locales: Vec<Locale> = self.list("MERX_LOCALES")?;
        if locales.is_empty() { Ok("en".parse::<Locale>().into_iter().collect()) } else { Ok(locales) }
    }

    fn cors_origins(&self) -> Result<Vec<String>, String> {
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
    fn origins(&self, name: &str, word: &str) -> Result<Vec<String>, String> {
        let origins: Vec<String> = self.list(name)?;
        for origin in &origins {
            let parsed = reqwest::Url::parse(origin).ok().map(|url| url.origin().ascii_serialization());
            if origin != word && parsed.as_deref() != Some(origin.trim_end_matches('/')) {
                return Err(format!("{name}: `{origin}` is not valid. Write origins like `https://shop.example`."));
            }
        }
        Ok(origins.into_iter().map(|origin| origin.trim_end_matches('/').to_owned()).collect())
    }

    fn dev_mailbox(&self, is_live: bool) -> Result<bool, String> {
        match self.text("MERX_DEV_MAILBOX").as_deref() {
            Some("on") if is_live => {
                Err("MERX_DEV_MAILBOX=on shows everybody's e-mails to everybody. Leave it out with a live key."
                    .to_owned())
            }
            Some("on") => Ok(true),
            Some("off") | None => Ok(false),
            Some(other) => Err(format!("MERX_DEV_MAILBOX=`{other}` is not valid. Use on or off.")),
        }
    }

    fn millis(&self, name: &str, default: u64) -> Result<Duration, String> {
        Ok(Duration::from_millis(self.between(name, default, 1..=3_600_000)?))
    }

    fn list<T: FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<Vec<T>, String> {
        let text = self.text(name).unwrap_or_default();
        text.split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(|item| item.parse().map_err(|error| format!("{name}: `{item}` is not valid: {error}.")))
            .collect()
    }

    fn token_keys(&self) -> Result<TokenKeys, String> {
        let keys: Vec<String> = self.list("MERX_TOKEN_KEYS")?;
        if keys.is_empty() || keys.iter().any(|key| key.len() < 32) {
            return Err("MERX_TOKEN_KEYS needs at least one key of 32 characters or more. Make one with `openssl rand -hex 32`.".to_owned());
        }
        Ok(TokenKeys::new(keys.into_iter().map(SecretString::from).collect()))
    }

    fn rate_limits(&self) -> Result<Option<RateLimits>, String> {
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
        }))
    }

    #[cfg(debug_assertions)]
    fn faults(&self) -> Result<Faults, String> {
        self.text("MERX_FAULT").map_or_else(
            || Ok(Faults::default()),
            |text| Faults::parse(&text).map_err(|error| format!("MERX_FAULT is not valid: {error}.")),
        )
    }

    #[cfg(not(debug_assertions))]
    #[expect(clippy::unnecessary_wraps, reason = "the same shape as in debug builds")]
    fn faults(&self) -> Result<Faults, String> {
        Ok(Faults::default())
    }
}
