//! Configuration: read once from the environment into plain structs; a wrong value stops the start with the
//! variable's name and the remedy.

mod environment;
mod mail;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use ipnet::IpNet;
use lettre::message::Mailbox;
use secrecy::SecretString;

use self::environment::Environment;
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
    /// How e-mails are sent.
    pub mail: MailConfig,
    /// `MERX_DEV_MAILBOX`: with `on` everybody can read all e-mails at `/dev/mailbox`; for development only.
    pub dev_mailbox: bool,
    /// `DATABASE_URL`: PostgreSQL, may be a pooler.
    pub database_url: SecretString,
    /// `DATABASE_DIRECT_URL`: PostgreSQL without a pooler, for LISTEN (`DATABASE_URL`).
    pub database_direct_url: SecretString,
    /// `MIGRATION_DATABASE_URL`: the same without a pooler as the role that owns the tables, for migrations
    /// (`DATABASE_DIRECT_URL`).
    pub migration_database_url: SecretString,
    /// `MERX_DB_POOL_SIZE`: connections of this process (10).
    pub pool_size: usize,
    /// `MERX_WEBHOOK_POOL_SIZE`: further connections of this process, for providers' webhooks alone (4).
    pub webhook_pool_size: usize,
    /// `MERX_CATALOG_CACHE_MB`: megabytes of catalogue answers that this process keeps ready; 0 none (64).
    pub catalog_cache_megabytes: u64,
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
    /// `MERX_WEBHOOKS_ALLOW_PRIVATE`: with `true` webhooks may also go into private networks, and by `http` to this
    /// machine (false).
    pub webhooks_allow_private: bool,
    /// `MERX_WEBHOOK_TIMEOUT_MS`: how long a receiver may take to answer (15000).
    pub webhook_timeout: Duration,
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
    /// `MERX_CANCEL_WINDOW_MINUTES`: how long after paying shoppers may cancel what was not sent yet (60); 0 is never.
    pub cancel_window: TimeDelta,
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
    /// `DATABASE_REPLICA_URL`: a streaming standby that answers the catalogue and reports (none).
    pub database_replica_url: Option<SecretString>,
    /// `MERX_REDIS_URL`: where all processes count rate limits together; each for itself without.
    pub redis_url: Option<SecretString>,
    /// `MERX_DRAIN_SECONDS`: how long requests and jobs in work get to finish at shutdown (30).
    pub drain: Duration,
    /// `MERX_LEAVE_SECONDS`: how long `serve` goes on serving at shutdown while `/readyz` answers 503 (0).
    pub leave: Duration,
    /// `MERX_EVENTS_HEARTBEAT_SECONDS`: how often `GET /v1/admin/events` says that it lives, and looks up who listens (15).
    pub events_heartbeat: Duration,
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
    /// `STRIPE_WEBHOOK_URL`: where Stripe reaches this service, or `off`: the endpoint at Stripe is not looked after
    /// (`MERX_PUBLIC_URL` when that is `https`, else `off`).
    pub webhook_url: Option<String>,
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
    /// Whether the token is of live mode.
    pub is_live: bool,
    /// `SHIPPO_WEBHOOK_TOKENS`: comma-separated; one of them is `token` in the address that Shippo tells of parcels at. Without
    /// any, nothing that it tells is accepted (none).
    pub webhook_tokens: Vec<SecretString>,
    /// `SHIPPO_WEBHOOK_SECRETS`: comma-separated; with any, what Shippo tells must be signed by one of them as well (none).
    pub webhook_secrets: Vec<SecretString>,
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

/// How e-mails are sent.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// The mail server; `None` without `MERX_SMTP_URL`: then e-mails stay queued.
    pub smtp: Option<SmtpConfig>,
    /// `MERX_ALERT_EMAIL`: where alerts are mailed (none).
    pub alert_email: Option<String>,
    /// `MERX_TEMPLATES_DIR`: the shop's own templates, which go before the built-in ones (none).
    pub templates_dir: Option<PathBuf>,
}

/// The mail server.
#[derive(Debug, Clone)]
pub struct SmtpConfig {
    /// Of `MERX_SMTP_URL`: `smtps://user:password@host:465`, or `smtp://…:587` with STARTTLS.
    pub host: String,
    /// Of `MERX_SMTP_URL` (465 for `smtps`, else 587).
    pub port: u16,
    /// Of `MERX_SMTP_URL`.
    pub tls: SmtpTls,
    /// Of `MERX_SMTP_URL`: user and password, percent-encoded there.
    pub credentials: Option<(String, SecretString)>,
    /// `MERX_SMTP_CA_FILE`: certificates (PEM) that the mail server's may be signed by, beside the machine's (none).
    pub ca_file: Option<PathBuf>,
    /// `MERX_MAIL_FROM`: who e-mails are from, `Shop <orders@shop.example>`.
    pub from: Mailbox,
    /// `MERX_MAIL_REPLY_TO`: where answers go (`MERX_MAIL_FROM`).
    pub reply_to: Option<Mailbox>,
    /// `MERX_SMTP_TIMEOUT_MS`: for one try of one e-mail (60000).
    pub timeout: Duration,
}

/// How the way to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// From the first byte.
    Wrapped,
    /// By STARTTLS, without which nothing is sent.
    StartTls,
    /// Not at all: on this machine, or by `?tls=none`.
    None,
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
    /// `MERX_LIMIT_DISCOUNT_CODES_PER_ADDRESS`: discount codes tried, and carts given an e-mail address, a minute from one
    /// address (30).
    pub discount_codes_per_address: u32,
    /// `MERX_LIMIT_LOGINS_PER_ADDRESS`: logins, and passwords chosen or checked, a minute from one address (20).
    pub logins_per_address: u32,
    /// `MERX_LIMIT_LOGINS_PER_ACCOUNT`: logins, and passwords chosen or checked, a minute for one e-mail
    /// address from one address (10); ten times that from all together.
    pub logins_per_account: u32,
    /// `MERX_LIMIT_ACCOUNT_MAILS_PER_ADDRESS`: registrations, resets and look-ups a minute from one address (10).
    pub account_mails_per_address: u32,
    /// `MERX_LIMIT_ACCOUNT_MAILS_PER_ACCOUNT`: registrations, resets and look-ups a minute for one e-mail address from
    /// one address (5).
    pub account_mails_per_account: u32,
    /// `MERX_LIMIT_REQUESTS_PER_KEY`: requests a minute under one storefront key (60000).
    pub requests_per_key: u32,
    /// `MERX_LIMIT_REQUESTS_PER_ADDRESS`: requests a minute from one address (1200).
    pub requests_per_address: u32,
    /// `MERX_LIMIT_HELD_UNITS_PER_ADDRESS`: units that unpaid checkouts of one address hold together (5000).
    pub held_units_per_address: u32,
    /// `MERX_LIMIT_HELD_UNITS_PER_CUSTOMER`: units that unpaid checkouts of one e-mail address hold together (1000).
    pub held_units_per_customer: u32,
    /// `MERX_LIMIT_HELD_UNITS_PER_CART`: units that one checkout holds (1000).
    pub held_units_per_cart: u32,
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
            held_units_per_address: 5000,
            held_units_per_customer: 1000,
            held_units_per_cart: 1000,
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
        let default_currency = env
            .text("MERX_CURRENCY")
            .unwrap_or_else(|| "EUR".to_owned())
            .parse()
            .map_err(|error| format!("MERX_CURRENCY is not valid: {error}."))?;
        let direct_url = env.text("DATABASE_DIRECT_URL").unwrap_or_else(|| database_url.clone());
        let public_url = env.public_url(bind, is_live)?;
        Ok(Self {
            bind,
            storefront_url: env.storefront_url(&public_url, is_live)?,
            stripe: env.stripe(secret_key, is_live, &public_url)?,
            public_url,
            mail: env.mail(is_live)?,
            dev_mailbox: env.dev_mailbox(is_live)?,
            migration_database_url: env.text("MIGRATION_DATABASE_URL").unwrap_or_else(|| direct_url.clone()).into(),
            database_direct_url: direct_url.into(),
            database_url: database_url.into(),
            pool_size: env.between("MERX_DB_POOL_SIZE", 10, 1..=1000)?,
            webhook_pool_size: env.between("MERX_WEBHOOK_POOL_SIZE", 4, 1..=100)?,
            catalog_cache_megabytes: env.between("MERX_CATALOG_CACHE_MB", 64, 0..=65_536)?,
            token_keys: env.token_keys()?,
            shippo: env.shippo()?,
            ecb_url: env
                .text("MERX_ECB_URL")
                .unwrap_or_else(|| "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml".to_owned()),
            outbound: env.outbound()?,
            webhooks_allow_private: env.or("MERX_WEBHOOKS_ALLOW_PRIVATE", false)?,
            webhook_timeout: Duration::from_millis(env.between("MERX_WEBHOOK_TIMEOUT_MS", 15_000, 1..=15_000)?),
            default_currency,
            currencies: env.currencies(default_currency)?,
            locales: env.locales()?,
            store_name: env.text("MERX_STORE_NAME").unwrap_or_else(|| "Merx".to_owned()),
            hold: Duration::from_secs(60 * env.between("MERX_HOLD_MINUTES", 15, 1..=23 * 60)?),
            cancel_window: TimeDelta::minutes(env.between("MERX_CANCEL_WINDOW_MINUTES", 60, 0..=43_200)?),
            cart_lifetime: Duration::from_secs(86_400 * env.between("MERX_CART_DAYS", 30, 1..=3650)?),
            redirect_origins: env.origins("MERX_REDIRECT_ORIGINS", "loopback")?,
            cors_origins: env.cors_origins()?,
            trusted_proxies: env.list("MERX_TRUSTED_PROXIES")?,
            database_replica_url: env.text("DATABASE_REPLICA_URL").map(Into::into),
            redis_url: env.text("MERX_REDIS_URL").map(Into::into),
            rate_limits: env.rate_limits()?,
            drain: Duration::from_secs(env.or("MERX_DRAIN_SECONDS", 30u64)?),
            leave: Duration::from_secs(env.between("MERX_LEAVE_SECONDS", 0, 0..=300)?),
            events_heartbeat: Duration::from_secs(env.between("MERX_EVENTS_HEARTBEAT_SECONDS", 15, 1..=60)?),
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
