//! `POST /v1/checkouts`: claim the key, price, reserve, make the session, answer.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use chrono::TimeDelta;
use reqwest::Url;
use uuid::Uuid;

use super::holds::Buyer;
use super::model::{self, CheckoutStatus, CloseReason, NewCheckout};
use super::reserve::{self, Plan, Reserved};
use super::stock::Shortages;
use super::{close, create};
use crate::app::App;
use crate::carts::complete;
use crate::carts::load::{self, Available, CartRow, Snapshot};
use crate::carts::model::CartStatus;
use crate::carts::price::{self, PricedCart};
use crate::config::Config;
use crate::error::{Code, Error, Problem, Result};
use crate::http::client_address::limit_key;
use crate::http::idempotency::{self, Answer, Claim, Key};
use crate::http::problem;
use crate::http::request_log::RequestContext;
use crate::ids::{CheckoutId, VariantId};
use crate::money::Money;
use crate::orders::model::PaymentStatus;
use crate::pricing::Totals;
use crate::quotes::{self, resolve};

/// How often a cart that changes meanwhile, or whose live checkout had to be closed, is priced again.
const MOST_TRIES: u32 = 3;

/// Starts or continues the checkout of a key. The cart's token was verified.
///
/// # Errors
/// Those of the operation; what changed nothing may be tried again under the same key.
pub(super) async fn start(
    app: &Arc<App>,
    cart: CartRow,
    request: &NewCheckout,
    key: &Key,
    address: Option<IpAddr>,
) -> Result<(Answer, bool)> {
    check_url(&app.config, "/success_url", &request.success_url)?;
    check_url(&app.config, "/cancel_url", &request.cancel_url)?;
    let mut conn = app.connection().await?;
    let token = match idempotency::claim(&mut conn, key, app.clock.now()).await? {
        Claim::Done(answer) => return Ok((answer, true)),
        Claim::Mine { token, .. } => token,
    };
    drop(conn);
    app.faults.point("after_claim").await;
    let buyer = Buyer {
        address: address.map(|address| limit_key(address).to_string()),
        email: cart.email.as_deref().map(|email| email.trim().to_lowercase()),
    };
    match run(app, cart, request, (key, token), &buyer).await {
        Ok(answer) => {
            app.faults.point("before_answer").await;
            let mut conn = app.connection().await?;
            idempotency::store(&mut conn, key, token, &answer).await?;
            Ok((answer, false))
        }
        Err(Error::Problem(problem)) if problem.code == Code::InsufficientStock => {
            let stored = store_refusal(app, key, token, &problem).await?;
            Ok((stored, false))
        }
        Err(error) => {
            let mut conn = app.connection().await?;
            idempotency::free(&mut conn, key, token).await?;
            Err(error)
        }
    }
}

/// A refusal for lack of stock is an answer that lasts: the same key never reserves later.
async fn store_refusal(app: &App, key: &Key, token: Uuid, problem: &Problem) -> Result<Answer> {
    let answer = Answer { status: problem.code.status(), body: problem::document(problem, &RequestContext::current()) };
    let mut conn = app.connection().await?;
    idempotency::store(&mut conn, key, token, &answer).await?;
    Ok(answer)
}

async fn run(
    app: &Arc<App>,
    cart: CartRow,
    request: &NewCheckout,
    (key, token): (&Key, Uuid),
    buyer: &Buyer,
) -> Result<Answer> {
    let mut row = Some(cart);
    for _ in 0..MOST_TRIES {
        let mut conn = app.connection().await?;
        if let Some(mine) = reserve::under_key(&mut conn, key).await? {
            drop(conn);
            return proceed(app, mine, 201).await;
        }
        let cart = match row.take() {
            Some(cart) => cart,
            None => load::row(&mut conn, request.cart_id, false).await?,
        };
        if cart.status == CartStatus::Completed {
            return Err(crate::carts::write::closed(&mut conn, &cart).await?);
        }
        let (mut snapshot, available) = load::snapshot(&mut conn, cart, app.clock.now()).await?;
        let quoted = match request.quote_id {
            Some(quote) => Some(quotes::find(&mut conn, request.cart_id, quote, app.clock.now()).await?),
            None => None,
        };
        let honoured = quoted.as_ref().filter(|(promise, lives)| *lives && promise.is_of(&snapshot));
        if let Some((promise, _)) = honoured {
            promise.apply(&mut snapshot);
        }
        drop(conn);
        resolve::resolve(app, &mut snapshot).await?;
        let priced = price::price(&snapshot)?;
        let seen = quoted.as_ref().filter(|_| honoured.is_none()).map(|(promise, _)| promise.total());
        require_chargeable(&snapshot, &priced, &available, request.expected_total, seen)?;
        app.faults.point("after_price").await;
        let hold = TimeDelta::from_std(app.config.hold).unwrap_or(TimeDelta::minutes(15));
        let plan = Plan {
            snapshot: &snapshot,
            priced: &priced,
            promise: honoured.map(|(promise, _)| promise),
            request,
            key,
            token,
            hold,
            buyer,
            limits: app.config.rate_limits,
        };
        let mut conn = app.connection().await?;
        let reserved = reserve::reserve(&mut conn, &plan, app.clock.now()).await?;
        drop(conn);
        match reserved {
            Reserved::Checkout(id) => {
                app.wake.ring();
                app.faults.point("after_reserve").await;
                return proceed(app, id, 201).await;
            }
            Reserved::Live(id) if is_same(app, id, &priced, key).await? => return proceed(app, id, 200).await,
            Reserved::Live(id) => make_way(app, id).await?,
            Reserved::Changed => {}
            Reserved::LostClaim => return Err(in_flight()),
        }
    }
    Err(Error::problem(Code::CartChanged, "The cart or its prices kept changing while it was priced. Check out again.")
        .retry_after(1))
}

fn in_flight() -> Error {
    Error::problem(
        Code::RequestInFlight,
        "Another request with this Idempotency-Key took over. Repeat the same request in a moment.",
    )
    .retry_after(1)
}

/// Makes the session unless it is there, and answers with the checkout.
async fn proceed(app: &Arc<App>, id: CheckoutId, status: u16) -> Result<Answer> {
    create::settle(app, id).await?;
    let mut conn = app.connection().await?;
    let checkout = model::find(&mut conn, id, app.clock.now()).await?;
    match checkout.status {
        CheckoutStatus::Open | CheckoutStatus::Completed => Answer::of(status, &checkout),
        CheckoutStatus::Creating => {
            Err(Error::problem(Code::ProviderUnavailable, "The payment page is still being made. Repeat the request.")
                .retry_after(2))
        }
        CheckoutStatus::Expired | CheckoutStatus::Cancelled | CheckoutStatus::Failed => {
            let detail = format!("This checkout is {}. Start a new one with a new Idempotency-Key.", checkout.status);
            Err(Error::problem(Code::CheckoutClosed, detail).with("checkout_id", id.to_string()))
        }
    }
}

/// Whether the live checkout is what this request asks for: the same request for the same price.
async fn is_same(app: &App, id: CheckoutId, priced: &PricedCart<'_>, key: &Key) -> Result<bool> {
    let (row, order) = model::with_order(app, id).await?;
    if order.payment_status == PaymentStatus::Processing {
        return Err(Error::problem(
            Code::PaymentProcessing,
            "A payment for this cart is on its way. Wait for its outcome.",
        )
        .with("checkout_id", id.to_string())
        .with("order_id", order.id.to_string()));
    }
    let total = priced.priced.totals.total.map(|total| total.amount);
    let stays = row.close_reason.is_none() && row.hold_expires_at > app.clock.now();
    Ok(stays && row.fingerprint == key.fingerprint && total == Some(order.total))
}

/// Closes the live checkout for another one (PROTOCOL.md 7).
async fn make_way(app: &Arc<App>, id: CheckoutId) -> Result<()> {
    match close::close(app, id, CloseReason::Replaced, None).await? {
        close::Closed::Over => Ok(()),
        close::Closed::Processing => {
            Err(Error::problem(Code::PaymentProcessing, "A payment for this cart is on its way. Wait for its outcome.")
                .with("checkout_id", id.to_string()))
        }
    }
}

/// Whether the cart may be reserved for at this price. `seen` is what a quote came to that is not honoured any more.
fn require_chargeable(
    snapshot: &Snapshot,
    priced: &PricedCart<'_>,
    available: &Available,
    expected: Option<Money>,
    seen: Option<Option<Money>>,
) -> Result<()> {
    require_complete(snapshot, priced)?;
    require_expected(priced, expected)?;
    require_not_dearer(priced, seen)?;
    match snapshot.cart.status {
        // Its stock is held already.
        CartStatus::CheckingOut => Ok(()),
        CartStatus::Open | CartStatus::Abandoned | CartStatus::Completed => require_available(snapshot, available),
    }
}

/// Everything that an order needs, or each thing that is missing.
fn require_complete(snapshot: &Snapshot, priced: &PricedCart<'_>) -> Result<()> {
    let missing = complete::missing(snapshot, priced)?;
    if !missing.is_empty() {
        let detail = "The cart lacks what a checkout needs; `errors` names each thing.";
        return Err(Error::problem(Code::CartIncomplete, detail).with_errors(missing));
    }
    complete::chargeable(priced)
}

/// Another total than the shopper saw is not charged.
fn require_expected(priced: &PricedCart<'_>, expected: Option<Money>) -> Result<()> {
    match (expected, priced.priced.totals.total) {
        (Some(expected), Some(total)) if expected != total => {
            Err(price_changed(&priced.priced.totals, total, expected))
        }
        (Some(_), Some(_) | None) | (None, _) => Ok(()),
    }
}

/// A quote that is over, or of a cart that has changed since, was priced anew; what became dearer must be shown first.
fn require_not_dearer(priced: &PricedCart<'_>, quoted: Option<Option<Money>>) -> Result<()> {
    match (quoted, priced.priced.totals.total) {
        (Some(Some(quoted)), Some(total)) if quoted.currency == total.currency && total.amount <= quoted.amount => {
            Ok(())
        }
        (Some(quoted), Some(total)) => {
            let seen = quoted.unwrap_or(Money::zero(total.currency));
            Err(price_changed(&priced.priced.totals, total, seen))
        }
        (Some(_), None) | (None, _) => Ok(()),
    }
}

fn price_changed(totals: &Totals, total: Money, seen: Money) -> Error {
    let (now, before) = (total.decimal(), seen.decimal());
    let detail = format!("The total is {now} {}, not {before} {}.", total.currency, seen.currency);
    Error::problem(Code::PriceChanged, detail).with("totals", serde_json::to_value(totals).unwrap_or_default())
}

/// An early look at the stock: it spares the transaction when there is clearly too little.
fn require_available(snapshot: &Snapshot, available: &Available) -> Result<()> {
    let mut short: BTreeMap<VariantId, i64> = BTreeMap::new();
    for (line, available) in snapshot.lines.iter().zip(available) {
        if let Some(left) = available.filter(|left| *left < line.quantity) {
            short.insert(line.variant_id, left);
        }
    }
    if short.is_empty() { Ok(()) } else { Err(Shortages(short.into_iter().collect()).into()) }
}

/// The shop's redirects may only lead to the shop (AMENDMENTS 32).
fn check_url(config: &Config, pointer: &str, url: &str) -> Result<()> {
    let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some(parsed) = parsed else {
        return Err(Error::invalid(pointer, "url", "must be an absolute http or https URL"));
    };
    let origin = parsed.origin().ascii_serialization();
    let is_loopback = matches!(parsed.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let allowed = config
        .redirect_origins
        .iter()
        .any(|known| known.trim_end_matches('/') == origin || known == "loopback" && is_loopback);
    if allowed {
        return Ok(());
    }
    Err(Error::invalid(pointer, "origin", format!("has the origin {origin}, which is not in MERX_REDIRECT_ORIGINS")))
}
