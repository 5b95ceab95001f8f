//! The control side, `/_control/…`: plays the buyer and the bank, orders faults, moves time, bends deliveries.
//!
//! Documented in `sandbox/README.md`. It is for development and tests, so it knows no authorisation.

use actix_web::{HttpResponse, delete, get, post, web};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer;
use crate::delivery::{self, Mode, Stay};
use crate::ecb::Published;
use crate::engine::Engine;
use crate::error::{Reply, StripeError};
use crate::faults::Fault;
use crate::object;
use crate::shippo::{self, LabelsMode, RatesMode, RefundsMode};
use crate::state::{Cause, Outcome, RefundStart, Store};
use crate::stripe::chargebacks::{Complaint, Verdict};
use crate::stripe::listing::Listed;
use crate::stripe::payments::Purchase;
use crate::stripe::{chargebacks, checkout, payments, refunds};

/// Registers the control side.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(read_session)
        .service(pay)
        .service(order_fault)
        .service(list_faults)
        .service(clear_faults)
        .service(read_log)
        .service(clear_log)
        .service(read_clock)
        .service(move_clock)
        .service(read_webhooks)
        .service(set_webhooks)
        .service(deliver)
        .service(set_refund)
        .service(set_refund_start)
        .service(dispute)
        .service(decide_dispute)
        .service(warn_of_fraud)
        .service(set_shippo)
        .service(move_parcel)
        .service(set_fx)
        .service(summary);
}

fn reply(outcome: Reply) -> HttpResponse {
    match outcome {
        Ok(body) => answer::json(200, &body),
        Err(error) => answer::json(error.status, &error.body()),
    }
}

/// What a buyer, or later the bank, does with a session.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Act {
    /// The card is charged.
    Paid,
    /// The card is refused; the session stays open.
    Declined,
    /// A bank debit is started.
    Delayed,
    /// The bank debit started before succeeds.
    DelayedSuccess,
    /// The bank debit started before fails.
    DelayedFailure,
}

/// Does it.
pub(crate) fn act(store: &mut Store, session: &str, act: Act, cause: &Cause) -> Reply {
    let outcome = match act {
        Act::Paid => Outcome::Paid,
        Act::Declined => Outcome::Declined("generic_decline".to_owned()),
        Act::Delayed => Outcome::Delayed,
        Act::DelayedSuccess => return payments::settle(store, session, true, cause),
        Act::DelayedFailure => return payments::settle(store, session, false, cause),
    };
    payments::buy(store, session, &Purchase { outcome, method: None, billing: None }, cause)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pay {
    outcome: Act,
    /// Falsifies the session's total first, which Stripe never does.
    #[serde(default)]
    amount_total: Option<i64>,
    /// Falsifies its currency as well.
    #[serde(default)]
    currency: Option<String>,
    /// Answers when the buyer is sent back to the shop, as on the page, and not before.
    #[serde(default)]
    sent_back: bool,
}

#[get("/_control/checkout-sessions/{id}")]
async fn read_session(engine: web::Data<Engine>, id: web::Path<String>) -> HttpResponse {
    reply(checkout::known(&engine.lock(), &id).cloned())
}

#[post("/_control/checkout-sessions/{id}/pay")]
async fn pay(engine: web::Data<Engine>, id: web::Path<String>, body: web::Json<Pay>) -> HttpResponse {
    let engine = engine.into_inner();
    let (outcome, stay) = engine.act(|store, cause| {
        if let Some(amount) = body.amount_total {
            falsify(store, &id, amount, body.currency.as_deref());
        }
        let outcome = act(store, &id, body.outcome, cause);
        (outcome, body.sent_back.then(|| Stay::of(store, &id)))
    });
    if let Some(stay) = stay {
        stay.over().await;
    }
    reply(outcome)
}

/// Gives a session that can still be paid another total, and what is charged for it.
fn falsify(store: &mut Store, session: &str, amount: i64, currency: Option<&str>) {
    let Some(session) = store.sessions.get_mut(session).filter(|session| object::is(session, "status", "open")) else {
        return;
    };
    object::set(session, "amount_total", amount);
    if let Some(currency) = currency {
        object::set(session, "currency", currency);
    }
    let intent = object::owned(session, "payment_intent");
    if let Some(intent) = store.payment_intents.get_mut(&intent) {
        object::set(intent, "amount", amount);
        if let Some(currency) = currency {
            object::set(intent, "currency", currency);
        }
    }
}

#[post("/_control/faults")]
async fn order_fault(engine: web::Data<Engine>, fault: web::Json<Fault>) -> HttpResponse {
    engine.faults.order(fault.into_inner());
    list(&engine)
}

#[get("/_control/faults")]
async fn list_faults(engine: web::Data<Engine>) -> HttpResponse {
    list(&engine)
}

#[delete("/_control/faults")]
async fn clear_faults(engine: web::Data<Engine>) -> HttpResponse {
    engine.faults.clear();
    list(&engine)
}

fn list(engine: &Engine) -> HttpResponse {
    answer::json(200, &json!({"data": engine.faults.list()}))
}

#[get("/_control/log")]
async fn read_log(engine: web::Data<Engine>) -> HttpResponse {
    answer::json(200, &json!({"data": engine.lock().log.entries()}))
}

#[delete("/_control/log")]
async fn clear_log(engine: web::Data<Engine>) -> HttpResponse {
    engine.lock().log.clear();
    answer::json(200, &json!({"data": []}))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    advance_seconds: i64,
}

#[get("/_control/clock")]
async fn read_clock(engine: web::Data<Engine>) -> HttpResponse {
    answer::json(200, &json!({"now": engine.clock.now().to_rfc3339()}))
}

#[post("/_control/clock")]
async fn move_clock(engine: web::Data<Engine>, body: web::Json<Move>) -> HttpResponse {
    let engine = engine.into_inner();
    match engine.clock.advance(body.advance_seconds) {
        Ok(now) => {
            engine.bring_due();
            answer::json(200, &json!({"now": now.to_rfc3339()}))
        }
        Err(error) => answer::json(500, &json!({"error": error.to_string()})),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Delivery {
    mode: Mode,
    #[serde(default)]
    copies: usize,
}

#[get("/_control/webhooks")]
async fn read_webhooks(engine: web::Data<Engine>) -> HttpResponse {
    webhooks(&engine)
}

#[post("/_control/webhooks")]
async fn set_webhooks(engine: web::Data<Engine>, body: web::Json<Delivery>) -> HttpResponse {
    let engine = engine.into_inner();
    engine.lock().webhooks.set_mode(body.mode, body.copies);
    delivery::dispatch(&engine);
    webhooks(&engine)
}

fn webhooks(engine: &Engine) -> HttpResponse {
    let store = engine.lock();
    let (mode, pending, held) = (store.webhooks.mode(), store.webhooks.pending(), store.webhooks.held());
    answer::json(200, &json!({"mode": mode, "pending": pending, "held": held}))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    #[serde(default = "one")]
    copies: usize,
    #[serde(default = "yes")]
    genuine: bool,
}

fn one() -> usize {
    1
}

fn yes() -> bool {
    true
}

#[post("/_control/events/{id}/deliver")]
async fn deliver(engine: web::Data<Engine>, id: web::Path<String>, body: web::Json<Again>) -> HttpResponse {
    let engine = engine.into_inner();
    if engine.lock().events.get(&id).is_none() {
        return reply(Err(StripeError::no_such("event", &id)));
    }
    let statuses = delivery::deliver_again(&engine, &id, body.copies.clamp(1, 100), body.genuine).await;
    answer::json(200, &json!({"statuses": statuses}))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundStatus {
    status: String,
}

#[post("/_control/refunds/{id}")]
async fn set_refund(engine: web::Data<Engine>, id: web::Path<String>, body: web::Json<RefundStatus>) -> HttpResponse {
    if !["pending", "succeeded", "failed", "canceled"].contains(&body.status.as_str()) {
        return reply(Err(
            StripeError::invalid("status must be pending, succeeded, failed or canceled").param("status")
        ));
    }
    let engine = engine.into_inner();
    reply(engine.act(|store, cause| refunds::set_status(store, &id, &body.status, cause)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRefunds {
    status: RefundStart,
}

#[post("/_control/refund-start")]
async fn set_refund_start(engine: web::Data<Engine>, body: web::Json<NewRefunds>) -> HttpResponse {
    engine.lock().refund_start = body.status;
    answer::json(200, &json!({"status": body.status}))
}

#[post("/_control/payment-intents/{id}/dispute")]
async fn dispute(engine: web::Data<Engine>, id: web::Path<String>, body: web::Json<Complaint>) -> HttpResponse {
    let engine = engine.into_inner();
    reply(engine.act(|store, cause| chargebacks::open(store, &id, &body, cause)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DisputeStatus {
    status: Verdict,
}

#[post("/_control/disputes/{id}")]
async fn decide_dispute(
    engine: web::Data<Engine>,
    id: web::Path<String>,
    body: web::Json<DisputeStatus>,
) -> HttpResponse {
    let engine = engine.into_inner();
    reply(engine.act(|store, cause| chargebacks::decide(store, &id, body.status, cause)))
}

#[post("/_control/payment-intents/{id}/early-fraud-warning")]
async fn warn_of_fraud(engine: web::Data<Engine>, id: web::Path<String>) -> HttpResponse {
    let engine = engine.into_inner();
    reply(engine.act(|store, cause| chargebacks::warn(store, &id, cause)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Carriers {
    #[serde(default)]
    rates: Option<RatesMode>,
    #[serde(default)]
    labels: Option<LabelsMode>,
    #[serde(default)]
    refunds: Option<RefundsMode>,
}

#[post("/_control/shippo")]
async fn set_shippo(engine: web::Data<Engine>, body: web::Json<Carriers>) -> HttpResponse {
    let mut store = engine.lock();
    store.shippo_rates = body.rates.unwrap_or(store.shippo_rates);
    store.shippo.labels_mode = body.labels.unwrap_or(store.shippo.labels_mode);
    store.shippo.refunds_mode = body.refunds.unwrap_or(store.shippo.refunds_mode);
    let modes = json!({
        "rates": store.shippo_rates, "labels": store.shippo.labels_mode, "refunds": store.shippo.refunds_mode,
    });
    answer::json(200, &modes)
}

#[post("/_control/tracks/{number}")]
async fn move_parcel(
    engine: web::Data<Engine>,
    number: web::Path<String>,
    body: web::Json<shippo::Travel>,
) -> HttpResponse {
    let engine = engine.into_inner();
    let call = shippo::Call::inside(engine.clock.now(), engine.public_url.clone());
    let told = shippo::travel(&mut engine.lock().shippo, &call, &number, &body);
    let Some(event) = told else {
        return reply(Err(StripeError::invalid("status must be one of Shippo's").param("status")));
    };
    let status = if body.tell { delivery::tell_of_parcel(&engine, &event).await } else { None };
    answer::json(200, &json!({"event": event, "status": status}))
}

#[post("/_control/fx")]
async fn set_fx(engine: web::Data<Engine>, body: web::Json<Published>) -> HttpResponse {
    let published = body.into_inner();
    if let Some(problem) = published.problem() {
        return answer::json(400, &json!({"error": problem}));
    }
    let shown = json!(published);
    engine.lock().fx = published;
    answer::json(200, &shown)
}

/// Everything a test compares with the shop's books.
#[get("/_control/summary")]
async fn summary(engine: web::Data<Engine>) -> HttpResponse {
    let store = engine.lock();
    let all = |table: &crate::state::Table| -> Vec<Value> { table.oldest_first().cloned().collect() };
    answer::json(
        200,
        &json!({
            "sessions": all(&store.sessions),
            "payment_intents": all(&store.payment_intents),
            "charges": all(&store.charges),
            "refunds": all(&store.refunds),
            "disputes": all(&store.disputes),
            "coupons": all(&store.coupons),
            "promotion_codes": all(&store.promotion_codes),
            "tax_calculations": all(&store.tax.calculations),
            "tax_transactions": all(&store.tax.transactions),
            "shippo_shipments": all(&store.shippo.shipments),
            "shippo_transactions": all(&store.shippo.transactions),
            "events": store.events.oldest_first().map(Listed::shown).collect::<Vec<Value>>(),
            "idempotency_keys": store.idempotency.len(),
        }),
    )
}
