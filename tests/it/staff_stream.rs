//! The stream of what happens: across processes, in order, without gaps, to who may hear it.

use merx::staff::api_keys::{self, Scope};
use serde_json::{Value, json};

use crate::harness::{TestApp, guard};

/// A frame of a stream.
#[derive(Debug, Clone, PartialEq)]
struct Frame {
    id: String,
    topic: String,
    data: Value,
}

/// An open stream.
struct Listener {
    answer: reqwest::Response,
    rest: String,
}

impl Listener {
    /// Listens under a key; after an event, if there is one.
    async fn open(base_url: &str, query: &str, key: &str, last: Option<&str>) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = http.get(format!("{base_url}/v1/admin/events{query}")).bearer_auth(key);
        request = request.header("Accept-Encoding", "gzip, br");
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let answer = guard(request.send()).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        Self { answer, rest: String::new() }
    }

    /// The next frame that is no comment; `None` once the stream is over.
    async fn try_next(&mut self) -> Option<Frame> {
        loop {
            if let Some((frame, rest)) = self.rest.split_once("\n\n") {
                let (frame, rest) = (frame.to_owned(), rest.to_owned());
                self.rest = rest;
                let line = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                let Some(topic) = line("event: ") else { continue };
                let data = serde_json::from_str(&line("data: ").unwrap()).unwrap();
                return Some(Frame { id: line("id: ").unwrap(), topic, data });
            }
            let chunk = self.answer.chunk().await.ok().flatten()?;
            self.rest.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn next(&mut self) -> Frame {
        guard(self.try_next()).await.expect("the stream ended")
    }

    /// The id of the next heartbeat, and when all up to there was told; events before it are passed over.
    async fn beat(&mut self) -> (String, i64) {
        loop {
            if let Some((frame, rest)) = self.rest.split_once("\n\n") {
                let (frame, rest) = (frame.to_owned(), rest.to_owned());
                self.rest = rest;
                let Some(id) = frame.strip_prefix(":\nid: ") else { continue };
                return (id.to_owned(), time_of(id));
            }
            let chunk = self.answer.chunk().await.unwrap().expect("the stream ended");
            self.rest.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The frames up to one that fits, that one included.
    async fn until(&mut self, fits: impl Fn(&Frame) -> bool) -> Vec<Frame> {
        let mut frames = Vec::new();
        loop {
            frames.push(self.next().await);
            if fits(frames.last().unwrap()) {
                return frames;
            }
        }
    }

    /// Reads until the stream is over.
    async fn end(mut self) {
        guard(async { while self.try_next().await.is_some() {} }).await;
    }
}

fn time_of(id: &str) -> i64 {
    id.rsplit('.').next().unwrap().parse().unwrap()
}

fn is(entry: &'static str) -> impl Fn(&Frame) -> bool {
    move |frame| frame.data["entry"] == entry
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_paid_through_one_process_is_told_by_another_in_order() {
    let app = TestApp::start().await;
    let variant = app.variant_with(json!({"on_hand": 3, "low_stock_threshold": 2})).await;
    let other = app.process(&[]).await;
    let mut stream = Listener::open(&other.base_url, "", &app.admin_key, None).await;
    assert_eq!(stream.next().await.topic, "ready");
    let (_, checkout) = app.checked_out(&variant, 1).await;
    app.settle(&checkout).await;
    let frames = stream.until(|frame| frame.topic == "alert.raised").await;
    let of_order: Vec<(&str, &str)> = frames
        .iter()
        .filter(|frame| frame.data["order_id"] == checkout.order_id.as_str())
        .map(|frame| (frame.topic.as_str(), frame.data["entry"].as_str().unwrap()))
        .collect();
    assert_eq!(
        of_order,
        [("order.created", "placed"), ("checkout.updated", "checkout_opened"), ("order.updated", "paid")]
    );
    assert!(frames.iter().all(|frame| frame.data["topic"] == frame.topic.as_str() && frame.data["at"].is_string()));
    let low = frames.iter().find(|frame| frame.topic == "inventory.low_stock").unwrap();
    assert_eq!(low.data["variant_id"], variant);
    let alert = frames.last().unwrap().data["alert_id"].as_str().unwrap().to_owned();
    app.staff_post(&format!("/v1/admin/alerts/{alert}/acknowledge"), json!({})).send().await.expect(200);
    let closed = stream.until(|frame| frame.topic == "alert.closed").await;
    assert_eq!(closed.last().unwrap().data["alert_id"], alert);
    // Ids, and nothing of whom or what.
    assert!(frames.iter().all(|frame| !frame.data.to_string().contains("ada@example.com")));
    let refund = app.refund_amount(&checkout, 100, "EUR").await;
    let frames = stream.until(is("refunded")).await;
    assert!(frames.iter().any(|frame| frame.topic == "refund.updated" && frame.data["refund_id"] == refund["id"]));
    // A process that stops ends its streams, and stops.
    other.terminate().await;
    stream.end().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_back_misses_nothing_and_who_comes_late_is_told_so() {
    let app = TestApp::start().await;
    let variant = app.variant(50).await;
    let mut first = Listener::open(&app.base_url, "?topics=order.created,order.updated", &app.admin_key, None).await;
    let ready = first.next().await;
    app.checked_out(&variant, 1).await;
    let seen = first.until(is("placed")).await.pop().unwrap();
    drop(first);
    // One begins before another and commits after it: each is told, also the late one.
    let mut slow = app.database().await;
    diesel_async::SimpleAsyncConnection::batch_execute(
        &mut slow,
        "BEGIN; INSERT INTO live_events (topic, detail, created_at) VALUES ('order.updated', '{\"entry\": \"late\"}', now())",
    )
    .await
    .unwrap();
    app.checked_out(&variant, 1).await;
    app.checked_out(&variant, 1).await;
    diesel_async::SimpleAsyncConnection::batch_execute(&mut slow, "COMMIT").await.unwrap();
    app.checked_out(&variant, 1).await;
    let count = |frames: &[Frame]| frames.iter().filter(|frame| frame.topic == "order.created").count();
    // By another process, which never told of any of it.
    let other = app.process(&[]).await;
    for (base_url, last, orders) in
        [(&app.base_url, &seen.id, 3), (&other.base_url, &seen.id, 3), (&other.base_url, &ready.id, 4)]
    {
        let query = "?topics=order.created,order.updated";
        let mut stream = Listener::open(base_url, query, &app.admin_key, Some(last)).await;
        app.checked_out(&variant, 1).await;
        let mut frames = Vec::new();
        while count(&frames) < orders + 1 {
            frames.push(stream.next().await);
        }
        assert!(frames.iter().any(is("late")), "{frames:?}");
        let mut ids: Vec<&String> = frames.iter().map(|frame| &frame.id).collect();
        ids.dedup();
        assert_eq!(ids.len(), frames.len(), "none twice");
        // The next in this loop sees this one's order, too.
        app.sql("DELETE FROM live_events WHERE xid = (SELECT max(xid) FROM live_events WHERE topic = 'order.created')")
            .await;
    }
    // Too late to be sure: everything is to be read anew.
    app.advance(301).await;
    let mut stream = Listener::open(&app.base_url, "", &app.admin_key, Some(&seen.id)).await;
    assert_eq!(stream.next().await.topic, "reset");
    app.checked_out(&variant, 1).await;
    stream.until(is("placed")).await;
    for (header, query, problem) in [("nonsense", "", "invalid_header"), ("", "?topics=order.sold", "invalid_query")] {
        let call = app.staff_get(&format!("/v1/admin/events{query}")).header("Last-Event-ID", header);
        call.send().await.problem(400, problem);
    }
    app.advance(600).await;
    app.run_now(merx::jobs::Job::Watch).await;
    assert_eq!(
        app.count("SELECT count(*) FROM live_events WHERE created_at < now()").await,
        0,
        "kept for minutes only"
    );
    app.advance(3600).await;
    app.run_jobs().await;
    other.terminate().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiet_stream_goes_on_after_a_break() {
    let app = TestApp::with(&[("MERX_EVENTS_HEARTBEAT_SECONDS", "1")]).await;
    let variant = app.variant(50).await;
    let mut stream = Listener::open(&app.base_url, "?topics=order.created", &app.admin_key, None).await;
    let ready = stream.next().await;
    app.advance(301).await;
    let id = guard(async {
        loop {
            let (id, time) = stream.beat().await;
            if time > time_of(&ready.id) + 300 {
                return id;
            }
        }
    })
    .await;
    drop(stream);
    for (last, topic) in [(&ready.id, "reset"), (&id, "order.created")] {
        let mut stream =
            Listener::open(&app.base_url, "?topics=order.created", &app.admin_key, Some(last.as_str())).await;
        app.checked_out(&variant, 1).await;
        assert_eq!(stream.next().await.topic, topic);
    }
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_long_transaction_holds_back_is_kept_and_told_late() {
    let app = TestApp::start().await;
    let variant = app.variant(50).await;
    let mut stream = Listener::open(&app.base_url, "?topics=order.created", &app.admin_key, None).await;
    assert_eq!(stream.next().await.topic, "ready");
    let mut slow = app.database().await;
    diesel_async::SimpleAsyncConnection::batch_execute(&mut slow, "BEGIN; SELECT pg_current_xact_id()").await.unwrap();
    app.checked_out(&variant, 1).await;
    app.advance(601).await;
    let kept = "SELECT count(*) FROM live_events WHERE topic = 'order.created'";
    app.run_now(merx::jobs::Job::Watch).await;
    assert_eq!(app.count(kept).await, 1, "nobody may read it yet");
    diesel_async::SimpleAsyncConnection::batch_execute(&mut slow, "COMMIT").await.unwrap();
    assert_eq!(stream.next().await.topic, "order.created");
    app.run_now(merx::jobs::Job::Watch).await;
    assert_eq!(app.count(kept).await, 0, "it was to be read");
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_hears_what_they_may_and_a_revoked_key_hears_no_more() {
    let app = TestApp::with(&[("MERX_EVENTS_HEARTBEAT_SECONDS", "1")]).await;
    let mut conn = app.database().await;
    let now = app.app.clock.now();
    let mut key = async |scope| api_keys::create(&mut conn, "listener", &[scope], now).await.unwrap();
    let (_, alerts) = key(Scope::AlertsRead).await;
    let (id, orders) = key(Scope::OrdersRead).await;
    let (_, neither) = key(Scope::SettingsRead).await;
    app.get("/v1/admin/events").bearer(&neither).send().await.problem(403, "insufficient_scope");
    app.get("/v1/admin/events?topics=alert.raised").bearer(&orders).send().await.problem(403, "insufficient_scope");
    let mut of_alerts = Listener::open(&app.base_url, "", &alerts, None).await;
    let mut of_orders = Listener::open(&app.base_url, "", &orders, None).await;
    let variant = app.variant_with(json!({"on_hand": 3, "low_stock_threshold": 2})).await;
    let checkout = app.paid(&variant, 1).await;
    let frames = of_alerts.until(|frame| frame.topic == "alert.raised").await;
    assert_eq!(frames.len(), 2, "ready, and the alert: {frames:?}");
    let frames = of_orders.until(is("paid")).await;
    assert!(frames.iter().all(|frame| frame.topic != "alert.raised" && frame.topic != "inventory.low_stock"));
    // Streams of a caller are bounded, and what one gives up another gets.
    let mut many = Vec::new();
    for _ in 0..19 {
        many.push(Listener::open(&app.base_url, "", &orders, None).await);
    }
    app.get("/v1/admin/events").bearer(&orders).send().await.problem(429, "rate_limited");
    drop(many);
    guard(async {
        while app.get("/v1/admin/events").bearer(&orders).send().await.status != 200 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // Its key revoked, the stream ends at the next beat and not again.
    app.sql(&format!("UPDATE api_keys SET revoked_at = now() WHERE id = '{}'", id.0)).await;
    of_orders.end().await;
    app.get("/v1/admin/events").bearer(&orders).send().await.problem(401, "unauthenticated");
    app.about(&checkout, "notes", json!({"body": "n"})).send().await.expect(201);
    app.finish().await;
}
