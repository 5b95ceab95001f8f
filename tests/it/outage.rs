//! Processes are killed and the database loses its power while shoppers buy: nothing is lost or doubled, and the service
//! that stays up goes on by itself.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use serde_json::json;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::harness::{CartHandle, CheckoutHandle, Process, TestApp, address, guard, states};

/// Of the pool, in tests.
const CONNECTIONS: usize = 10;

const SHOPPERS: usize = 6;
const PURCHASES: usize = 8;

/// How far the shoppers are, for whoever breaks things; and where the service is that is killed now and then.
#[derive(Default)]
struct Progress {
    done: AtomicUsize,
    moved: Notify,
    doomed: Mutex<Option<String>>,
}

impl Progress {
    fn advance(&self) {
        self.done.fetch_add(1, Ordering::SeqCst);
        self.moved.notify_waiters();
    }

    async fn reaches(&self, count: usize) {
        loop {
            let moved = self.moved.notified();
            if self.done.load(Ordering::SeqCst) >= count {
                return;
            }
            moved.await;
        }
    }
}

/// Buys until it is bought, whatever breaks meanwhile; every request is repeated as a careful client would: elsewhere, when
/// the service that it asked is gone.
async fn buy(app: &TestApp, variant: &str, progress: &Progress, shopper: usize) -> CheckoutHandle {
    let doomed = progress.doomed.lock().unwrap().clone().filter(|_| shopper.is_multiple_of(2));
    let mut base = doomed.unwrap_or_else(|| app.base_url.clone());
    let line = json!([{"variant_id": variant, "quantity": 1}]);
    let body = json!({"email": "ada@example.com", "shipping_address": address(), "line_items": line});
    let key = Uuid::new_v4().to_string();
    let cart = loop {
        let call = app.call_at(&base, "POST", "/v1/carts").json(body.clone()).header("Idempotency-Key", &key);
        match call.try_send().await {
            Ok(reply) if reply.status == 201 => {
                let text = |member: &str| reply.body[member].as_str().unwrap().to_owned();
                break CartHandle { id: text("id"), token: text("cart_token") };
            }
            Ok(_busy) => {}
            Err(_broken) => base.clone_from(&app.base_url),
        }
    };
    let key = Uuid::new_v4().to_string();
    let checkout = loop {
        match app.checkout_call(&base, &cart, &key).try_send().await {
            Ok(reply) if reply.status < 300 && reply.body["status"] == "open" => break CheckoutHandle::new(reply.body),
            Ok(reply) => assert!([409, 500, 503].contains(&reply.status), "{reply:?}"),
            Err(_broken) => base.clone_from(&app.base_url),
        }
    };
    app.pay(&checkout, "paid").await;
    progress.advance();
    checkout
}

/// A worker and a service are killed and started anew; the database loses its power, every other time.
async fn break_things(app: &TestApp, progress: &Progress) {
    let mut worker: Option<Process> = Some(app.worker(&[]).await);
    for round in 1..=4 {
        let serving = app.process(&[]).await;
        *progress.doomed.lock().unwrap() = Some(serving.base_url.clone());
        progress.reaches(round * SHOPPERS * PURCHASES / 5).await;
        tokio::join!(serving.kill(), worker.take().unwrap().kill());
        if round % 2 == 0 {
            app.private.as_ref().unwrap().crash_and_restart().await;
        }
        worker = Some(app.worker(&[]).await);
    }
    worker.take().unwrap().kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_workers_and_a_crashing_database_lose_and_double_nothing() {
    let app = TestApp::in_private_cluster(&[]).await;
    let variant = app.variant(1000).await;
    let progress = Progress::default();
    let (shop, progress, sold) = (&app, &progress, &variant);
    let shoppers = (0..SHOPPERS).map(|shopper| async move {
        let mut bought = Vec::new();
        for _ in 0..PURCHASES {
            bought.push(buy(shop, sold, progress, shopper).await);
        }
        bought
    });
    let both = async { tokio::join!(join_all(shoppers), break_things(shop, progress)) };
    let (bought, ()) = tokio::time::timeout(std::time::Duration::from_secs(150), both).await.expect("the test hangs");
    // The service was never started again; what its dead neighbours left is brought forward.
    guard(async { while app.get("/readyz").send().await.status != 200 {} }).await;
    app.advance(300).await;
    app.reconcile().await;
    app.catch_up().await;
    let count = i64::try_from(SHOPPERS * PURCHASES).unwrap();
    for checkout in bought.iter().flatten() {
        assert_eq!(states(&app.order(checkout).await), ["confirmed", "paid", "unfulfilled"]);
    }
    assert_eq!(app.count("SELECT count(*) FROM orders WHERE captured > 0").await, count);
    let summary = app.sandbox_get("/_control/summary").await;
    let paid = summary["charges"].as_array().unwrap().iter().filter(|charge| charge["paid"] == true).count();
    assert_eq!(i64::try_from(paid).unwrap(), count);
    // Sessions that were made, and whose answers were lost, have been expired or paid; nothing is held any more.
    app.advance(3600).await;
    app.reconcile().await;
    assert_eq!(app.stock(&variant).await, (1000 - count, 0));
    app.finish().await;
}

/// Refunds, cancellations and shipments of the same orders while the process that serves them is killed again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_killed_while_staff_work_leaves_whole_orders() {
    let app = TestApp::start().await;
    let variant = app.variant(100).await;
    let mut orders = Vec::new();
    for _ in 0..9 {
        orders.push(app.paid(&variant, 2).await);
    }
    for (round, three) in orders.chunks(3).enumerate() {
        let doomed = app.process(&[]).await;
        let worker = app.worker(&[("MERX_FAULT", "kill:after_refund")]).await;
        let at = |checkout: &CheckoutHandle, what: &str, body: serde_json::Value| {
            let path = format!("/v1/admin/orders/{}/{what}", checkout.order_id);
            app.call_at(&doomed.base_url, "POST", &path).bearer(&app.admin_key).json(body).try_send()
        };
        let work = three.iter().enumerate().map(|(index, checkout)| match (index + round) % 3 {
            0 => at(checkout, "refunds", app.refund_body(checkout, 0, 1)),
            1 => at(checkout, "cancel", json!({"reason": "other"})),
            _ => at(checkout, "fulfillments", json!({})),
        });
        let mut work: FuturesUnordered<_> = work.collect();
        // With the first answer, the others are somewhere on their way.
        assert!(work.next().await.unwrap().unwrap().status < 300);
        tokio::join!(work.count(), doomed.kill());
        // Whatever was committed is sent; the worker dies at the first refund, if there is one.
        if app.count("SELECT count(*) FROM refunds WHERE status = 'pending'").await > 0 {
            worker.died().await;
        } else {
            worker.kill().await;
        }
        app.advance(200).await;
        app.reconcile().await;
    }
    let mut touched = 0;
    for checkout in &orders {
        let order = app.staff_order(checkout).await;
        touched += usize::from(states(&order) != ["confirmed", "paid", "unfulfilled"]);
        let lawful = [
            ["confirmed", "paid", "unfulfilled"],
            ["confirmed", "partially_refunded", "unfulfilled"],
            ["cancelled", "refunded", "unfulfilled"],
            ["completed", "paid", "fulfilled"],
        ];
        assert!(lawful.contains(&states(&order)), "{order}");
        assert_eq!(app.refunded_at_stripe(checkout).await, order["refunded"]["amount"].as_i64().unwrap());
    }
    assert!(touched >= 3, "each round has done something");
    app.finish().await;
}

/// As after a failover, while what was the standby does not take writes yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_takes_no_writes_yet_is_unavailable_and_no_defect() {
    let app = TestApp::in_private_cluster(&[]).await;
    app.sql("ALTER ROLE merx_app SET default_transaction_read_only = on").await;
    app.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'merx_app'").await;
    // More than there are connections of before, each of which is found ended by one at most.
    for _ in 0..=2 * CONNECTIONS {
        app.post("/v1/carts", json!({})).send().await.problem(503, "service_unavailable");
    }
    app.sql("ALTER ROLE merx_app RESET default_transaction_read_only").await;
    app.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'merx_app'").await;
    guard(async { while app.post("/v1/carts", json!({})).send().await.status != 201 {} }).await;
    app.finish().await;
}

/// A migration may run while services do: what a connection prepared before it is prepared anew, by another connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_type_that_changes_while_services_run_costs_a_connection_one_answer_at_most() {
    let app = TestApp::start().await;
    let cart = app.cart_with(json!({})).await;
    let read = || app.get(&format!("/v1/carts/{}", cart.id)).header("X-Cart-Token", &cart.token);
    let read_often = async || {
        let mut refused = 0;
        for _ in 0..2 * CONNECTIONS {
            let answer = read().send().await;
            if answer.status != 200 {
                answer.problem(503, "service_unavailable");
                refused += 1;
            }
        }
        refused
    };
    assert_eq!(read_often().await, 0);
    app.sql("ALTER TABLE carts ALTER COLUMN email TYPE varchar").await;
    let refused = read_often().await;
    assert!((1..=CONNECTIONS).contains(&refused), "{refused}");
    assert_eq!(read_often().await, 0);
    app.finish().await;
}
