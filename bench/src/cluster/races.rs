//! Many at once by way of the load balancer, so that each race is run between processes: for the last units, a code of few
//! uses, one cart, one order's money, and a limit that all count together.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::client::Client;
use crate::holds::count;
use crate::hot;
use crate::scenarios::{Bought, Scenario, Worker};
use crate::shop::Shop;
use merx::db::pool;

/// Units of the variant that everybody wants.
const UNITS: usize = 200;

/// Uses of the code, and who want it.
const USES: (usize, usize) = (5, 60);

/// How many ask at once for what only one can have.
const RIVALS: usize = 20;

/// How often one cart may be checked out a minute, wherever.
pub(super) const CHECKOUTS_PER_CART: usize = 60;

/// How long lists are read, of which the standby answers what it can.
const READING: Duration = Duration::from_secs(2);

/// What came of it; each a number that was to be exactly so.
pub(crate) struct Raced {
    pub(crate) units: usize,
    pub(crate) uses: usize,
    pub(crate) rivals: usize,
    /// Checkouts of one cart that all services together let through, and how many were asked for.
    pub(crate) let_through: (usize, usize),
}

type Answer = (StatusCode, Value);

/// Runs them all; whoever gets too much ends it.
pub(super) async fn run(shop: &Shop) -> Result<Raced, String> {
    crate::load::run(shop, Scenario::ColdList, RIVALS, READING).await?;
    hot::measure(shop, UNITS, 1).await?;
    uses(shop).await?;
    one_cart(shop).await?;
    one_refund(shop).await?;
    let let_through = limit(shop).await?;
    Ok(Raced { units: UNITS, uses: USES.0, rivals: RIVALS, let_through })
}

/// The same request, or one of each, by so many at once.
async fn at_once<F>(number: usize, call: impl Fn(usize) -> F) -> Result<Vec<Answer>, String>
where
    F: Future<Output = Result<Answer, String>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for index in 0..number {
        tasks.spawn(call(index));
    }
    let mut answers = Vec::new();
    while let Some(finished) = tasks.join_next().await {
        answers.push(finished.map_err(|error| error.to_string())??);
    }
    Ok(answers)
}

async fn post(
    api: SocketAddr,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Value,
) -> Result<Answer, String> {
    let mut client = Client::connect(api).await?;
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (status, answer) = client.ask(Method::POST, &path, &headers, Some(body.to_string())).await?;
    Ok((status, serde_json::from_slice(answer).map_err(|error| error.to_string())?))
}

fn text(value: &Value, pointer: &str) -> Result<String, String> {
    value.pointer(pointer).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| format!("no {pointer} in {value}"))
}

fn put(document: &mut Value, member: &str, value: Value) {
    if let Some(members) = document.as_object_mut() {
        members.insert(member.to_owned(), value);
    }
}

fn body_of(cart: &str) -> Value {
    json!({"cart_id": cart, "success_url": "http://127.0.0.1:3000/", "cancel_url": "http://127.0.0.1:3000/"})
}

/// A code of few uses: as many get it.
async fn uses(shop: &Shop) -> Result<(), String> {
    let (api, variant) = (shop.api(), shop.variants().last().cloned().unwrap_or_default());
    let bearer = shop.staff("discounts:write").await?;
    let discount =
        json!({"title": "First five", "code": "FIVE", "type": "percentage", "percentage": "10", "usage_limit": USES.0});
    post(api, "/v1/admin/discounts".to_owned(), vec![("Authorization", bearer)], discount).await?;
    let carts = at_once(USES.1, |index| {
        let cart = json!({"email": format!("{index}@example.com"), "line_items": [{"variant_id": variant, "quantity": 1}],
            "shipping_address": {"name": "Ada Lovelace", "line1": "Torstr. 1", "city": "Berlin", "postal_code": "10119", "country": "DE"}});
        async move {
            let (_, cart) = post(api, "/v1/carts".to_owned(), Vec::new(), cart).await?;
            let (path, token) = (format!("/v1/carts/{}/discount-codes", text(&cart, "/id")?), text(&cart, "/cart_token")?);
            let (status, mut cart) = post(api, path, vec![("X-Cart-Token", token.clone())], json!({"code": "FIVE"})).await?;
            put(&mut cart, "cart_token", token.into());
            Ok((status, cart))
        }
    })
    .await?;
    let carts = Arc::new(carts);
    let answers = at_once(carts.len(), |index| {
        let carts = Arc::clone(&carts);
        async move {
            let (_, cart) = carts.get(index).ok_or("no cart")?;
            let mut body = body_of(&text(cart, "/id")?);
            // Whoever comes too late is told so, and does not pay more than they saw.
            if let Some(total) = cart.pointer("/totals/total").cloned() {
                put(&mut body, "expected_total", total);
            }
            post(api, "/v1/checkouts".to_owned(), vec![("X-Cart-Token", text(cart, "/cart_token")?)], body).await
        }
    })
    .await?;
    let won = answers.iter().filter(|(status, _)| *status == StatusCode::CREATED).count();
    let lost = answers.iter().filter(|(status, _)| *status == StatusCode::CONFLICT).count();
    if (won, lost) == (USES.0, USES.1 - USES.0) {
        Ok(())
    } else {
        Err(format!("a code of 5 uses: {won} got it, {lost} did not"))
    }
}

/// One cart checked out by many, under few keys: one session.
async fn one_cart(shop: &Shop) -> Result<(), String> {
    let variant = shop.variants().last().cloned().unwrap_or_default();
    let (api, (id, token)) = (shop.api(), Worker::new(shop).await?.cart_of(&variant).await?);
    let answers = at_once(RIVALS, |index| {
        let headers = vec![("X-Cart-Token", token.clone()), ("Idempotency-Key", format!("key {}", index % 4))];
        post(api, "/v1/checkouts".to_owned(), headers, body_of(&id))
    })
    .await?;
    let mut sessions = HashSet::new();
    for (status, answer) in &answers {
        match *status {
            StatusCode::OK | StatusCode::CREATED => drop(sessions.insert(text(answer, "/session_id")?)),
            StatusCode::CONFLICT => {}
            status => return Err(format!("a checkout of a cart of many was answered {status}: {answer}")),
        }
    }
    if sessions.len() == 1 { Ok(()) } else { Err(format!("one cart has {} sessions", sessions.len())) }
}

/// One order refunded in full by many at once: its money goes back once.
async fn one_refund(shop: &Shop) -> Result<(), String> {
    let order = Worker::new(shop).await?.buy(&mut Bought::default()).await?;
    let (api, bearer) = (shop.api(), shop.staff("refunds:write,orders:read").await?);
    let path = format!("/v1/admin/orders/{order}");
    let mut client = Client::connect(api).await?;
    let read = client.send(Method::GET, &path, &[("Authorization", &bearer)], None).await?;
    let read: Value = serde_json::from_slice(read).map_err(|error| error.to_string())?;
    let amount = read.pointer("/totals/total/amount").and_then(Value::as_i64).ok_or("the order has no total")?;
    let currency = text(&read, "/totals/total/currency")?;
    let answers = at_once(RIVALS, |index| {
        let headers = vec![("Authorization", bearer.clone()), ("Idempotency-Key", format!("refund {index}"))];
        let body = json!({"amount": {"amount": amount, "currency": currency}, "reason": "other"});
        post(api, format!("/v1/admin/orders/{order}/refunds"), headers, body)
    })
    .await?;
    let made = answers.iter().filter(|(status, _)| status.is_success()).count();
    if made != 1 {
        return Err(format!("{made} of {RIVALS} refunds in full were made; the first answer: {:?}", answers.first()));
    }
    let mut conn = pool::connect_once(shop.database_url()).await.map_err(|error| error.to_string())?;
    let over = "SELECT count(*) FROM orders WHERE refund_claimed + refund_imported > captured";
    match count(&mut conn, over).await? {
        0 => Ok(()),
        over => Err(format!("{over} orders gave back more than they took")),
    }
}

/// What a limit lets through of many more requests than it allows, to whichever service.
async fn limit(shop: &Shop) -> Result<(usize, usize), String> {
    let asked = CHECKOUTS_PER_CART * 3;
    let api = shop.api();
    let (_, cart) = post(api, "/v1/carts".to_owned(), Vec::new(), json!({})).await?;
    let (id, token) = (text(&cart, "/id")?, text(&cart, "/cart_token")?);
    let started = Instant::now();
    let answers =
        at_once(asked, |_| post(api, "/v1/checkouts".to_owned(), vec![("X-Cart-Token", token.clone())], body_of(&id)))
            .await?;
    let let_through = answers.iter().filter(|(status, _)| *status != StatusCode::TOO_MANY_REQUESTS).count();
    // It fills up again by one a second.
    let most = CHECKOUTS_PER_CART + usize::try_from(started.elapsed().as_secs()).unwrap_or_default() + 1;
    if (CHECKOUTS_PER_CART..=most).contains(&let_through) {
        Ok((let_through, asked))
    } else {
        Err(format!("a limit of {CHECKOUTS_PER_CART} let {let_through} of {asked} through"))
    }
}
