//! Rate limits by `governor`: checkouts per address and per cart, logins per address and per account, and a wide ceiling on
//! the rest. Each process counts for itself; all but the ceiling are counted by all together where there is a Redis server.
//!
//! `RateLimit` and `RateLimit-Policy` follow draft-ietf-httpapi-ratelimit-headers. Preflights and provider
//! webhooks are exempt.

use std::fmt::Debug;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{ResponseError, web};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::app::App;
use crate::config::RateLimits;
use crate::error::{Code, Error, Problem, Result};
use crate::http::caller::Caller;
use crate::http::client_address::limit_key;
use crate::http::shared_limits::Shared;
use crate::ids::{ApiKeyId, CartId};

/// Above so many buckets the idle ones are dropped.
const MANY_BUCKETS: usize = 50_000;

/// So many times what one address may try of an account, all addresses together may.
const EVERYWHERE: u32 = 10;

/// A limit of so many a minute for each key.
pub struct Limit<K: Hash + Eq + Clone> {
    name: &'static str,
    per_minute: u32,
    buckets: RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>,
}

/// What is left of a limit, for the headers.
pub struct Remaining {
    name: &'static str,
    per_minute: u32,
    left: u32,
}

impl<K: Hash + Eq + Clone + Debug> Limit<K> {
    fn new(name: &'static str, per_minute: u32) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN));
        Self { name, per_minute, buckets: RateLimiter::dashmap(quota).with_middleware::<StateInformationMiddleware>() }
    }

    fn take(&self, key: &K) -> Result<Remaining> {
        if self.buckets.len() > MANY_BUCKETS {
            self.buckets.retain_recent();
        }
        let (name, per_minute) = (self.name, self.per_minute);
        match self.buckets.check_key(key) {
            Ok(state) => Ok(Remaining { name, per_minute, left: state.remaining_burst_capacity() }),
            Err(until) => Err(self.refusal(until.wait_time_from(DefaultClock::default().now()))),
        }
    }

    /// Counts here, and then for all processes.
    async fn take_of_all(&self, key: &K, shared: Option<&Shared>) -> Result<()> {
        self.take(key)?;
        let Some(shared) = shared else { return Ok(()) };
        let wait = shared.take(self.name, self.per_minute, &format!("{key:?}")).await;
        wait.map_or(Ok(()), |wait| Err(self.refusal(wait)))
    }

    fn refusal(&self, wait: Duration) -> Error {
        let (name, per_minute, wait) = (self.name, self.per_minute, wait.as_secs() + 1);
        let detail = format!("More than {per_minute} a minute for `{name}`. Try again in {wait} s.");
        Error::problem(Code::RateLimited, detail)
            .with("limit", name)
            .with("limit_per_minute", per_minute)
            .retry_after(wait)
    }
}

/// An account as it is tried from one address.
type AccountThere = (Option<IpAddr>, Vec<u8>);

/// The limits of this process; none when they are switched off for a load test.
pub struct Limits(Option<Buckets>);

struct Buckets {
    shared: Option<Shared>,
    checkouts_by_address: Limit<IpAddr>,
    checkouts_by_cart: Limit<CartId>,
    quotes_by_cart: Limit<CartId>,
    quotes_by_address: Limit<IpAddr>,
    discount_codes_by_address: Limit<IpAddr>,
    logins_by_address: Limit<IpAddr>,
    logins_by_address_and_account: Limit<AccountThere>,
    logins_by_account: Limit<Vec<u8>>,
    account_mails_by_address: Limit<IpAddr>,
    account_mails_by_address_and_account: Limit<AccountThere>,
    requests_by_address: Limit<IpAddr>,
    requests_by_key: Limit<ApiKeyId>,
}

impl Limits {
    /// Fresh buckets, and the server that keeps those of all processes.
    #[must_use]
    pub fn new(config: Option<RateLimits>, shared: Option<Shared>) -> Self {
        Self(config.map(|limits| Buckets {
            shared,
            checkouts_by_address: Limit::new("checkouts-per-address", limits.checkouts_per_address),
            checkouts_by_cart: Limit::new("checkouts-per-cart", limits.checkouts_per_cart),
            quotes_by_cart: Limit::new("quotes-per-cart", limits.quotes_per_cart),
            quotes_by_address: Limit::new("quotes-per-address", limits.quotes_per_address),
            discount_codes_by_address: Limit::new("discount-codes-per-address", limits.discount_codes_per_address),
            logins_by_address: Limit::new("logins-per-address", limits.logins_per_address),
            logins_by_address_and_account: Limit::new("logins-per-account", limits.logins_per_account),
            logins_by_account: Limit::new(
                "logins-per-account-from-everywhere",
                limits.logins_per_account.saturating_mul(EVERYWHERE),
            ),
            account_mails_by_address: Limit::new("account-mails-per-address", limits.account_mails_per_address),
            account_mails_by_address_and_account: Limit::new(
                "account-mails-per-account",
                limits.account_mails_per_account,
            ),
            requests_by_address: Limit::new("requests-per-address", limits.requests_per_address),
            requests_by_key: Limit::new("requests-per-key", limits.requests_per_key),
        }))
    }

    /// Counts a checkout for its address.
    ///
    /// # Errors
    /// `rate_limited` when the address has used up its minute.
    pub async fn checkout_from(&self, caller: Caller) -> Result<()> {
        self.of_address(caller, |buckets| &buckets.checkouts_by_address).await
    }

    /// Counts a checkout for its cart; only for somebody who has the cart's token.
    ///
    /// # Errors
    /// `rate_limited` when the cart has used up its minute.
    pub async fn checkout_of(&self, cart: CartId) -> Result<()> {
        let Some(buckets) = &self.0 else { return Ok(()) };
        buckets.checkouts_by_cart.take_of_all(&cart, buckets.shared.as_ref()).await
    }

    /// Counts a request of somebody who tries a storefront key.
    ///
    /// # Errors
    /// `rate_limited` when the address has used up its minute.
    pub fn request_from(&self, address: IpAddr) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |buckets| buckets.requests_by_address.take(&limit_key(address)).map(|_| ()))
    }

    /// Counts a code that is tried, so that nobody can guess many.
    ///
    /// # Errors
    /// `rate_limited` when the address has used up its minute.
    pub async fn discount_code(&self, caller: Caller) -> Result<()> {
        self.of_address(caller, |buckets| &buckets.discount_codes_by_address).await
    }

    /// Counts a login for its address and its account, known or not. One address alone cannot use up an account's logins;
    /// whom many lock out together still has the link of a reset.
    ///
    /// # Errors
    /// `rate_limited` when any of them has used up its minute.
    pub async fn login(&self, email: &str, caller: Caller) -> Result<()> {
        self.password(email, caller).await?;
        let Some(buckets) = &self.0 else { return Ok(()) };
        buckets.logins_by_account.take_of_all(&account_key(email), buckets.shared.as_ref()).await
    }

    /// Counts a password that is chosen or checked by somebody whose link or session says who they are: for the address,
    /// and for the account there. What strangers try elsewhere does not count.
    ///
    /// # Errors
    /// `rate_limited` when either has used up its minute.
    pub async fn password(&self, email: &str, caller: Caller) -> Result<()> {
        self.of_address(caller, |buckets| &buckets.logins_by_address).await?;
        self.of_account(email, caller, |buckets| &buckets.logins_by_address_and_account).await
    }

    /// Counts what may cause an e-mail for its address, and for its account there, known or not. How many mails a mailbox
    /// gets in all is limited where they are written.
    ///
    /// # Errors
    /// `rate_limited` when either has used up its minute.
    pub async fn account_mail(&self, email: &str, caller: Caller) -> Result<()> {
        self.of_address(caller, |buckets| &buckets.account_mails_by_address).await?;
        self.of_account(email, caller, |buckets| &buckets.account_mails_by_address_and_account).await
    }

    /// Counts a quote for its cart and its address; only for somebody who has the cart's token.
    ///
    /// # Errors
    /// `rate_limited` when either has used up its minute.
    pub async fn quote(&self, cart: CartId, caller: Caller) -> Result<()> {
        let Some(buckets) = &self.0 else { return Ok(()) };
        buckets.quotes_by_cart.take_of_all(&cart, buckets.shared.as_ref()).await?;
        self.of_address(caller, |buckets| &buckets.quotes_by_address).await
    }

    async fn of_address(&self, caller: Caller, limit: impl FnOnce(&Buckets) -> &Limit<IpAddr>) -> Result<()> {
        let (Some(buckets), Some(address)) = (&self.0, caller.address) else { return Ok(()) };
        limit(buckets).take_of_all(&limit_key(address), buckets.shared.as_ref()).await
    }

    async fn of_account(
        &self,
        email: &str,
        caller: Caller,
        limit: impl FnOnce(&Buckets) -> &Limit<AccountThere>,
    ) -> Result<()> {
        let Some(buckets) = &self.0 else { return Ok(()) };
        let key = (caller.address.map(limit_key), account_key(email));
        limit(buckets).take_of_all(&key, buckets.shared.as_ref()).await
    }
}

/// An account in a limit: not its e-mail address, which need not lie in memory.
fn account_key(email: &str) -> Vec<u8> {
    crate::tokens::sha256(email.trim().to_lowercase().as_bytes())
}

/// The wide ceiling: counts every request for its address.
///
/// # Errors
/// Only what the inner service answers.
pub async fn limit_requests<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let remaining = match count(&request) {
        Ok(remaining) => remaining,
        Err(error) => return Ok(request.into_response(refuse(&error)).map_into_right_body()),
    };
    let mut response = next.call(request).await?;
    if let Some(remaining) = remaining {
        tell(response.headers_mut(), &remaining);
    }
    Ok(response.map_into_left_body())
}

fn count(request: &ServiceRequest) -> Result<Option<Remaining>> {
    let Some(app) = request.app_data::<web::Data<App>>() else { return Ok(None) };
    let exempt = request.method() == Method::OPTIONS || request.path().starts_with("/v1/webhooks/");
    match &app.limits.0 {
        Some(buckets) if !exempt => {
            let caller = Caller::of(request.request());
            let of_key = caller.key.map(|key| buckets.requests_by_key.take(&key)).transpose()?;
            let of_address = caller.address.map(|address| buckets.requests_by_address.take(&limit_key(address)));
            Ok(of_address.transpose()?.or(of_key))
        }
        Some(_) | None => Ok(None),
    }
}

fn refuse(error: &Error) -> actix_web::HttpResponse {
    error.error_response()
}

/// What is left after a request that passed; a refusal by a narrower limit has told its own.
fn tell(headers: &mut HeaderMap, remaining: &Remaining) {
    if !headers.contains_key("ratelimit") {
        let Remaining { name, per_minute, left } = remaining;
        write(headers, name, &per_minute.to_string(), *left, 60);
    }
}

/// The limit that refused: nothing left, for as long as `Retry-After` says.
pub(super) fn tell_refusal(headers: &mut HeaderMap, problem: &Problem) {
    let member = |name: &str| problem.extensions.get(name);
    let (Some(limit), Some(per_minute)) = (member("limit"), member("limit_per_minute")) else { return };
    write(headers, limit.as_str().unwrap_or_default(), &per_minute.to_string(), 0, problem.retry_after.unwrap_or(60));
}

fn write(headers: &mut HeaderMap, name: &str, per_minute: &str, left: u32, seconds: u64) {
    for (header, value) in [
        ("ratelimit-policy", format!("\"{name}\";q={per_minute};w=60")),
        ("ratelimit", format!("\"{name}\";r={left};t={seconds}")),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(header), value);
        }
    }
}
