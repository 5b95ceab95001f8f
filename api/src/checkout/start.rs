//! `POST /v1/checkouts`: claim the key, price, reserve, make the session, answer.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use chrono::TimeDelta;
use reqwest::Url;
use uuid::Uuid;

use super::holds::Buyer;
use super::model::{self, CheckoutRow, CheckoutStatus, CloseReason, NewCheckout};
use super::reserve::{self, Made, Reserved, Wish};
use super::{close, create};
use crate::app::App;
use crate::carts::load::CartRow;
use crate::config::Config;
use crate::error::{Code, Error, Problem, Result};
use crate::http::client_address::limit_key;
use crate::http::idempotency::{self, Answer, Claim, Key, Lasting};
use crate::http::problem;
use crate::http::request_log::RequestContext;
use crate::ids::CheckoutId;
use crate::money::Money;
use crate::orders;
use crate::orders::model::PaymentStatus;
use crate::payments::SessionView;
use crate::quotes::resolve;

/// How often a cart that changes meanwhile, or whose live checkout had to be closed, is tried again.
const MOST_TRIES: u32 = 3;

/// Starts or continues the checkout of a key. The cart's token was verified.
///
/// # Errors
/// Those of the operation; what changed nothing may be tried again under the same key.
pub(super) async fn start(
    app: &Arc<App>,
    cart: &CartRow,
    request: &NewCheckout,
    key: &Key,
    address: Option<IpAddr>,
) -> Result<(Answer, bool)> {
    check_url(&app.config, "/success_url", &request.success_url)?;
    check_url(&app.config, "/cancel_url", &request.cancel_url)?;
    let mut conn = app.connection().await?;
    let token = match idempotency::claim(&mut conn, key, Lasting::WithTheWork, app.clock.now()).await? {
        Claim::Done(answer) => return Ok((answer, true)),
        Claim::Mine { token, .. } => token,
    };
    drop(conn);
    app.faults.point("after_claim").await;
    let buyer = Buyer {
        address: address.map(|address| limit_key(address).to_string()),
        email: cart.email.as_deref().map(|email| email.trim().to_lowercase()),
    };
    let wish = Wish {
        request,
        key,
        token,
        hold: TimeDelta::from_std(app.config.hold).unwrap_or(TimeDelta::minutes(15)),
        buyer: &buyer,
        limits: app.config.rate_limits,
    };
    match run(app, &wish).await {
        Ok(Answered { answer, is_stored }) => {
            app.faults.point("before_answer").await;
            if !is_stored {
                let mut conn = app.connection().await?;
                idempotency::store(&mut conn, key, token, &answer).await?;
            }
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

/// An answer, which may have been stored with what it tells of.
struct Answered {
    answer: Answer,
    is_stored: bool,
}

async fn run(app: &Arc<App>, wish: &Wish<'_>) -> Result<Answered> {
    let mut asked = None;
    for tries_left in (0..=MOST_TRIES).rev() {
        let reserved = {
            let mut conn = app.connection().await?;
            reserve::reserve(&mut conn, wish, asked.as_ref(), app.clock.now()).await?
        };
        match reserved {
            Reserved::Made(made) => {
                app.wake.ring();
                app.faults.point("after_reserve").await;
                return made_page(app, wish, *made).await;
            }
            Reserved::Mine(id) => return proceed(app, id, 201).await,
            Reserved::Live(id, total) if is_same(app, id, total, wish.key).await? => {
                return proceed(app, id, 200).await;
            }
            Reserved::LostClaim => return Err(in_flight()),
            Reserved::Live(..) | Reserved::Open(_) if tries_left == 0 => {}
            Reserved::Live(id, _) => make_way(app, id).await?,
            Reserved::Open(mut snapshot) => {
                resolve::resolve(app, &mut snapshot).await?;
                app.faults.point("after_ask").await;
                asked = Some(*snapshot);
            }
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

/// Makes the session of a checkout that was just made, and answers with the checkout: what it answers is stored as it opens.
async fn made_page(app: &Arc<App>, wish: &Wish<'_>, made: Made) -> Result<Answered> {
    let Made { checkout, order, lines } = made;
    let total = Money::new(order.total, order.currency);
    let kept = OnceLock::new();
    let answering = |session: &SessionView| {
        let (session_id, url) = (Some(session.id.clone()), session.url.clone());
        let opened = CheckoutRow { status: CheckoutStatus::Open, session_id, url, ..checkout.clone() };
        let order = orders::read::fresh(order.clone(), lines.clone())?;
        let answer = Answer::of(201, &model::shape(opened, order, app.clock.now()))?;
        let storing = idempotency::storing(wish.key, wish.token, &answer);
        // It is called once.
        let _ = kept.set(answer);
        Ok(storing)
    };
    let opened = create::make(app, &checkout, total, Some(&answering)).await?;
    match kept.into_inner().filter(|_| opened) {
        Some(answer) => Ok(Answered { answer, is_stored: true }),
        None => read(app, checkout.id, 201).await,
    }
}

/// Makes the session unless it is there, and answers with the checkout.
async fn proceed(app: &Arc<App>, id: CheckoutId, status: u16) -> Result<Answered> {
    create::settle(app, id).await?;
    read(app, id, status).await
}

async fn read(app: &App, id: CheckoutId, status: u16) -> Result<Answered> {
    let mut conn = app.connection().await?;
    let checkout = model::find(&mut conn, id, app.clock.now()).await?;
    match checkout.status {
        CheckoutStatus::Open | CheckoutStatus::Completed => {
            Ok(Answered { answer: Answer::of(status, &checkout)?, is_stored: false })
        }
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
async fn is_same(app: &App, id: CheckoutId, total: Option<Money>, key: &Key) -> Result<bool> {
    let (row, order) = model::with_order(app, id).await?;
    if order.payment_status == PaymentStatus::Processing {
        return Err(Error::problem(
            Code::PaymentProcessing,
            "A payment for this cart is on its way. Wait for its outcome.",
        )
        .with("checkout_id", id.to_string())
        .with("order_id", order.id.to_string()));
    }
    let stays = row.close_reason.is_none() && row.hold_expires_at > app.clock.now();
    Ok(stays && row.fingerprint == key.fingerprint && total.map(|total| total.amount) == Some(order.total))
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
