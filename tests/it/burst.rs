//! A burst of events, twice and in any order, on a slow database, while the worker is killed again and again: each takes
//! effect once. And more of them at a time than there are places.

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream;
use serde_json::{Value, json};

use crate::harness::{CheckoutHandle, TestApp, WEBHOOK_SECRET, guard};
use crate::webhooks::{deliver, event, sign};

const ORDERS: usize = 20;
const OTHERS: usize = 10_000;
const KILLS: i64 = 5;

/// Each write of an event takes the database two milliseconds more.
const SLOW: [&str; 2] = [
    "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(0.002); RETURN NEW; END $$",
    "CREATE TRIGGER slow BEFORE INSERT OR UPDATE ON webhook_events FOR EACH ROW EXECUTE FUNCTION slow()",
];

/// The events of Stripe's list, as they would be delivered.
async fn listed(app: &TestApp) -> Vec<String> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = app.sandbox_get(&format!("/v1/events?limit=100{after}")).await;
        let events = page["data"].as_array().unwrap();
        found.extend(events.iter().map(Value::to_string));
        if page["has_more"] == false {
            return found;
        }
        after = format!("&starting_after={}", events.last().unwrap()["id"].as_str().unwrap());
    }
}

/// How many deliveries a process reads at a time.
const PLACES: usize = 64;

/// All places are taken: others are sent away after some seconds, with the word to come again, and Stripe does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_deliveries_than_places_come_again_and_none_is_lost() {
    let app = TestApp::with(&[("MERX_FAULT", "stall:at_the_door")]).await;
    let variant = app.variant(5).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    let send = async |id: String| {
        let body = event(&id, "no.such.type", json!({"id": "x"}));
        deliver(&app, &sign(&app, WEBHOOK_SECRET, &body, 0), &body).await
    };
    let inside = join_all((0..PLACES).map(|n| send(format!("evt_{n}"))));
    let outside = async {
        for _ in 0..PLACES {
            guard(app.app.faults.reached()).await;
        }
        app.pay(&checkout, "paid").await;
        let refused = send("evt_late".to_owned()).await;
        assert_eq!(refused.header("retry-after"), "5");
        refused.problem(503, "service_unavailable");
        assert_eq!(app.count("SELECT count(*) FROM webhook_attempts").await, 0, "all wait inside, or were sent away");
        app.app.faults.release();
    };
    let (answers, ()) = tokio::join!(inside, outside);
    for answer in answers {
        answer.expect(200);
    }
    send("evt_late".to_owned()).await.expect(200);
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["status"], "confirmed", "Stripe came again");
    let came = "SELECT count(*) FROM webhook_events WHERE event_id LIKE 'evt\\_%' AND event_type = 'no.such.type'";
    assert_eq!(app.count(came).await, i64::try_from(PLACES).unwrap() + 1);
    let delivered = app.sandbox_get("/_control/webhooks").await;
    assert_eq!(delivered["pending"], 0, "{delivered}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_survives_five_killed_workers() {
    let app = TestApp::start().await;
    let variant = app.variant(1000).await;
    for statement in SLOW {
        app.sql(statement).await;
    }
    app.webhooks("drop").await;
    let mut checkouts: Vec<CheckoutHandle> = Vec::new();
    for _ in 0..ORDERS {
        let (_, checkout) = app.checked_out(&variant, 1).await;
        app.pay(&checkout, "paid").await;
        checkouts.push(checkout);
    }
    let real = listed(&app).await;
    let unique = real.len() + OTHERS;
    let mut bodies: Vec<String> = [real.clone(), real.clone(), real].concat();
    bodies.extend((0..OTHERS).map(|n| event(&format!("evt_other_{n}"), "no.such.type", json!({"id": "x"}))));
    bodies.extend((0..OTHERS / 4).map(|n| event(&format!("evt_other_{n}"), "no.such.type", json!({"id": "x"}))));
    let deliveries = bodies.len();
    // In an order that has nothing to do with that of the events.
    bodies.sort_by_cached_key(|_| uuid::Uuid::new_v4());
    let shop = &app;
    // So many at a time that payments are left to jobs.
    let pour = stream::iter(&bodies).for_each_concurrent(32, |body| async move {
        deliver(shop, &sign(shop, WEBHOOK_SECRET, body, 0), body).await.expect(200);
    });
    let ended = "SELECT count(*) FROM webhook_events WHERE status <> 'pending'";
    let kill = async {
        for round in 1..=KILLS {
            let worker = app.worker(&[]).await;
            guard(async {
                while app.count(ended).await < round * 500 {
                    tokio::task::yield_now().await;
                }
            })
            .await;
            worker.kill().await;
        }
    };
    tokio::join!(pour, kill);
    let left = app.count("SELECT count(*) FROM webhook_events WHERE status = 'pending'").await;
    assert!(left > 0, "the last worker was killed too late to prove anything");
    app.advance(121).await;
    app.run_jobs().await;
    let counts = [
        ("SELECT count(*) FROM webhook_events", unique),
        ("SELECT count(*) FROM webhook_events WHERE status IN ('processed', 'ignored')", unique),
        ("SELECT count(*) FROM webhook_attempts WHERE verdict = 'accepted'", unique),
        ("SELECT count(*) FROM webhook_attempts WHERE verdict = 'duplicate'", deliveries - unique),
        ("SELECT count(*) FROM orders WHERE status = 'confirmed'", ORDERS),
        ("SELECT count(DISTINCT number) FROM orders", ORDERS),
        ("SELECT count(*) FROM order_events WHERE kind = 'paid'", ORDERS),
        ("SELECT count(*) FROM stock_movements WHERE reason = 'sale'", ORDERS),
    ];
    for (query, expected) in counts {
        assert_eq!(app.count(query).await, i64::try_from(expected).unwrap(), "{query}");
    }
    assert_eq!(app.stock(&variant).await, (1000 - i64::try_from(ORDERS).unwrap(), 0));
    assert_eq!(app.alerts("dead_job").await, 0);
    app.finish().await;
}
