//! Health, shutdown, workers, `merx check`, bad configuration.

use diesel_async::SimpleAsyncConnection;
use merx::config::Config;
use serde_json::json;

use crate::harness::{TestApp, guard};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn liveness_and_readiness_differ() {
    let app = TestApp::start().await;
    app.get("/livez").send().await.expect(200);
    app.get("/readyz").send().await.expect(200);
    app.sql("ALTER TABLE webhook_events RENAME TO away").await;
    app.get("/readyz").send().await.problem(503, "service_unavailable");
    app.get("/livez").send().await.expect(200);
    app.sql("ALTER TABLE away RENAME TO webhook_events").await;
    app.finish().await;
}

/// A worker process alone turns a payment into an order, woken by another process's ring.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_process_works() {
    let app = TestApp::start().await;
    let worker = app.worker(&[]).await;
    let variant = app.variant(5).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    app.pay(&checkout, "paid").await;
    guard(async {
        while app.order(&checkout).await["status"] != "confirmed" {
            tokio::task::yield_now().await;
        }
        while app.count("SELECT count(*) FROM webhook_events WHERE status = 'pending'").await > 0 {
            tokio::task::yield_now().await;
        }
        while app.count("SELECT count(*) FROM jobs WHERE status = 'running'").await > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    worker.terminate().await;
    app.finish().await;
}

/// A load balancer hears that a process is about to stop while that still serves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_leaves_before_it_stops() {
    let app = TestApp::start().await;
    let other = app.process(&[("MERX_LEAVE_SECONDS", "300")]).await;
    app.call_at(&other.base_url, "GET", "/readyz").send().await.expect(200);
    other.ask_to_stop();
    guard(async {
        while app.call_at(&other.base_url, "GET", "/readyz").send().await.status != 503 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let reply = app.call_at(&other.base_url, "GET", "/v1/products").send().await;
    assert_eq!((reply.status, reply.header("connection")), (200, "close"));
    other.kill().await;
    app.finish().await;
}

/// SIGTERM in the middle of a checkout: the request is answered, then the process ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_finishes_the_requests_in_work() {
    let app = TestApp::start().await;
    let other = app.process(&[]).await;
    let variant = app.variant(5).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    app.fault(json!({"kind": "delay", "delay_ms": 1000, "match": {"method": "POST", "path": "/v1/checkout/sessions"}}))
        .await;
    let call = app.checkout_call(&other.base_url, &cart, "k").send();
    let stop = async {
        guard(async {
            while app.provider_calls("POST /v1/checkout/sessions").await.is_empty() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        other.terminate().await;
    };
    let (reply, ()) = tokio::join!(call, stop);
    reply.expect(201);
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_finds_what_is_planted() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    assert!(app.findings().await.is_empty());
    let plants = [
        (
            "DO $$ BEGIN ALTER TABLE stock_levels DROP CONSTRAINT stock_levels_not_oversold; UPDATE stock_levels SET on_hand = -1; END $$",
            "UPDATE stock_levels SET on_hand = 4",
            "1 never oversold",
        ),
        (
            "UPDATE stock_movements SET reason = 'lost' WHERE reason = 'sale'",
            "UPDATE stock_movements SET reason = 'sale' WHERE reason = 'lost'",
            "2 a sold unit left the stock once",
        ),
        (
            "INSERT INTO orders SELECT (jsonb_populate_record(orders, jsonb_build_object('id', gen_random_uuid(), 'number', 'x', 'payment_intent_id', null))).* FROM orders",
            "DELETE FROM orders WHERE number = 'x'",
            "3 a cart becomes one order",
        ),
        (
            "INSERT INTO refunds (id, order_id, status, source, requested_by, shipping, tax, tax_mode, amount, currency, reason, payment_intent_id, sends, created_at, updated_at) SELECT gen_random_uuid(), id, 'pending', 'merx', 'x', 0, 0, 'flat', total + 1, currency, 'other', 'pi', 0, now(), now() FROM orders",
            "DELETE FROM refunds",
            "5 own refunds never exceed what was captured",
        ),
        (
            "UPDATE stock_levels SET on_hand = on_hand + 1",
            "UPDATE stock_levels SET on_hand = on_hand - 1",
            "2 stock is the sum of its movements",
        ),
        (
            "UPDATE stock_levels SET reserved = 1",
            "UPDATE stock_levels SET reserved = 0",
            "2 reserved is the sum of the held reservations",
        ),
        (
            "UPDATE reservations SET status = 'released'",
            "UPDATE reservations SET status = 'committed'",
            "6 stock is held as long as it can be paid, and no longer",
        ),
        (
            "UPDATE checkouts SET status = 'expired'",
            "UPDATE checkouts SET status = 'completed'",
            "3 cart, checkout and order agree",
        ),
        (
            "UPDATE carts SET status = 'checking_out'",
            "UPDATE carts SET status = 'completed'",
            "3 cart, checkout and order agree",
        ),
        (
            "UPDATE orders SET captured = captured - 1",
            "UPDATE orders SET captured = captured + 1",
            "4 what was paid is what the order says",
        ),
        (
            "UPDATE order_line_items SET unit_price = 1, subtotal = 1, total = 1",
            "UPDATE order_line_items SET unit_price = 1999, subtotal = 1999, total = 1999",
            "4 lines sum to their order",
        ),
        (
            "UPDATE orders SET status = 'cancelled'",
            "UPDATE orders SET status = 'confirmed'",
            "5 money of a cancelled order goes back",
        ),
        (
            "UPDATE order_events SET kind = 'x' WHERE kind = 'paid'",
            "UPDATE order_events SET kind = 'paid' WHERE kind = 'x'",
            "8 what happened is in the timeline",
        ),
        (
            "UPDATE webhook_events SET status = 'pending'",
            "UPDATE webhook_events SET status = 'processed'",
            "7 every event has its end or its job",
        ),
        (
            "INSERT INTO refunds (id, order_id, status, source, requested_by, shipping, tax, tax_mode, amount, currency, reason, payment_intent_id, sends, created_at, updated_at) SELECT gen_random_uuid(), id, 'pending', 'merx', 'x', 0, 0, 'flat', total + 1, 'USD', 'other', 'pi', 0, now(), now() FROM orders",
            "DELETE FROM refunds",
            "9 one currency in an order",
        ),
    ];
    for (plant, undo, invariant) in plants {
        app.sql(plant).await;
        let found = app.findings().await;
        assert!(found.iter().any(|finding| finding.invariant == invariant), "{plant}: {found:?}");
        app.sql(undo).await;
        assert!(app.findings().await.is_empty(), "{undo}");
    }
    app.finish().await;
}

#[test]
fn bad_configuration_names_the_variable_and_the_remedy() {
    let good = [
        ("DATABASE_URL", "postgres://localhost/x"),
        ("STRIPE_SECRET_KEY", "sk_test_x"),
        ("MERX_TOKEN_KEYS", "0123456789abcdef0123456789abcdef"),
    ];
    let read = |name: &str, value: Option<&str>| {
        Config::read(&|wanted: &str| {
            if wanted == name {
                value.map(str::to_owned)
            } else {
                good.iter().find(|(known, _)| *known == wanted).map(|(_, value)| (*value).to_owned())
            }
        })
    };
    assert!(read("NOTHING", None).is_ok());
    for (name, value) in [
        ("DATABASE_URL", None),
        ("STRIPE_SECRET_KEY", None),
        ("MERX_TOKEN_KEYS", None),
        ("MERX_TOKEN_KEYS", Some("short")),
        ("MERX_BIND", Some("8080")),
        ("MERX_CURRENCY", Some("euro")),
        ("MERX_LOCALES", Some("de_DE")),
        ("MERX_HOLD_MINUTES", Some("soon")),
        ("MERX_TRUSTED_PROXIES", Some("10.0.0.0/64")),
        ("MERX_RATE_LIMIT", Some("off")),
        ("MERX_LIMIT_CHECKOUTS_PER_CART", Some("0")),
        ("MERX_FAULT", Some("explode")),
        ("STRIPE_SECRET_KEY", Some("pk_test_x")),
        ("MERX_WORKERS", Some("0")),
        ("MERX_DB_POOL_SIZE", Some("0")),
        ("MERX_PROVIDER_TIMEOUT_MS", Some("0")),
        ("MERX_HOLD_MINUTES", Some("0")),
        ("MERX_REDIRECT_ORIGINS", Some("shop.example")),
        ("MERX_REDIRECT_ORIGINS", Some("https://shop.example/path")),
    ] {
        let message = read(name, value).err().unwrap_or_else(|| panic!("{name}={value:?} was accepted"));
        assert!(message.contains(name) && message.ends_with('.'), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_lost_in_the_middle_is_told_and_replaced() {
    let app = TestApp::start().await;
    let cart = app.cart_with(json!({})).await;
    let mut other = app.database().await;
    other.batch_execute("BEGIN; SELECT FROM carts FOR UPDATE").await.unwrap();
    let change = || {
        app.call("PATCH", &format!("/v1/carts/{}", cart.id))
            .json(json!({"email": "ada@example.com"}))
            .header("X-Cart-Token", &cart.token)
            .send()
    };
    let waiting = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let cut = guard(async {
        while app.count(&format!("SELECT count(pg_terminate_backend(pid)) {waiting}")).await == 0 {
            tokio::task::yield_now().await;
        }
    });
    let (lost, ()) = tokio::join!(change(), cut);
    assert_eq!(lost.header("retry-after"), "2");
    let problem = lost.problem(503, "service_unavailable");
    assert!(problem["detail"].as_str().unwrap().contains("same Idempotency-Key"), "{problem}");
    other.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(change().await.expect(200)["email"], "ada@example.com");
    app.finish().await;
}
