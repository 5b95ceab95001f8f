//! The vendors' own tools, written by nobody of us: Stripe's CLI buys from us, Stripe's SDK checks signatures,
//! Shippo's SDK parses what the sandbox answers.

use std::path::PathBuf;
use std::process::Stdio;

use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

use crate::harness::{TestApp, WEBHOOK_SECRET, guard};

const KEY: &str = "sk_test_1234567890abcdef";

pub(crate) fn clients() -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/clients").canonicalize().unwrap();
    assert!(directory.join("node_modules").is_dir(), "Stripe's tools are not installed; run script/bootstrap");
    directory
}

/// Runs Stripe's CLI against the sandbox; answers what it printed.
async fn stripe(app: &TestApp, arguments: &[&str]) -> String {
    let home = std::env::temp_dir().join(format!("merx-stripe-cli-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&home).unwrap();
    let command = Command::new(clients().join("node_modules/.bin/stripe"))
        .args(arguments)
        .args(["--api-base", &app.sandbox_url, "--api-key", KEY])
        .env("STRIPE_CLI_TELEMETRY_OPTOUT", "1")
        .env("XDG_CONFIG_HOME", &home)
        .env("HOME", &home)
        .kill_on_drop(true)
        .output();
    let output = guard(command).await.unwrap();
    let _ = std::fs::remove_dir_all(&home);
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "stripe {arguments:?}: {text}");
    text
}

/// What `stripe trigger` is asked for: every sequence that ends in something of payments, and customers and coupons.
const TRIGGERS: [&str; 16] = [
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.refund.updated",
    "charge.refunded",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "coupon.created",
    "customer.created",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.succeeded",
    "promotion_code.created",
    "promotion_code.updated",
];

/// Its sequences make products, sessions and payments of their own: their events are kept, and nothing comes of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_cli_triggers_every_event_and_all_of_them_are_kept_and_ignored() {
    let app = TestApp::start().await;
    let triggered = stream::iter(TRIGGERS).map(|event| {
        let app = &app;
        async move {
            let printed = stripe(app, &["trigger", event]).await;
            assert!(printed.contains("Trigger succeeded"), "{event}: {printed}");
        }
    });
    triggered.buffer_unordered(4).collect::<Vec<()>>().await;
    // The banks answer the debits.
    app.advance(200).await;
    app.run_jobs().await;
    let summary = app.sandbox_get("/_control/summary").await;
    let told: Vec<&str> =
        summary["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    for event in TRIGGERS {
        assert!(told.contains(&event), "the sandbox tells of no {event}");
        let kept = format!("SELECT count(*) FROM webhook_events WHERE event_type = '{event}' AND status = 'ignored'");
        let of_type = told.iter().filter(|kind| **kind == event).count();
        assert_eq!(app.count(&kept).await, i64::try_from(of_type).unwrap(), "{event}");
    }
    let kept = app.count("SELECT count(*) FROM webhook_events WHERE status = 'ignored'").await;
    assert_eq!(kept, i64::try_from(told.len()).unwrap(), "{told:?}");
    let nothing =
        "SELECT (SELECT count(*) FROM orders) + (SELECT count(*) FROM alerts) + (SELECT count(*) FROM emails) AS count";
    assert_eq!(app.count(nothing).await, 0);
    let session = |status: &str, payment: &str| {
        let fits = |session: &&Value| session["status"] == status && session["payment_status"] == payment;
        summary["sessions"].as_array().unwrap().iter().filter(fits).count()
    };
    assert_eq!((session("complete", "paid"), session("complete", "unpaid"), session("expired", "unpaid")), (2, 1, 1));
    // The CLI asks in the words of older versions, which are not ours to answer for.
    app.control_delete("log").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_cli_is_the_buyer_of_our_session() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    let json = |text: &str| -> Value {
        let start = text.find('{').unwrap();
        serde_json::Deserializer::from_str(&text[start..]).into_iter().next().unwrap().unwrap()
    };
    let page = json(&stripe(&app, &["get", &format!("/v1/payment_pages/{}", checkout.session_id)]).await);
    assert_eq!(page["amount_total"], 2489);
    let method = [
        "post",
        "/v1/payment_methods",
        "-d",
        "type=card",
        "-d",
        "card[token]=tok_visa",
        "-d",
        "billing_details[email]=ada@example.com",
    ];
    let method = json(&stripe(&app, &method).await)["id"].as_str().unwrap().to_owned();
    let confirm = format!("/v1/payment_pages/{}/confirm", checkout.session_id);
    let pay = ["post", &confirm, "-d", &format!("payment_method={method}"), "-d", "expected_amount=2489"];
    assert_eq!(json(&stripe(&app, &pay).await)["payment_status"], "paid");
    app.run_jobs().await;
    let order = app.order(&checkout).await;
    assert_eq!((&order["status"], &order["payment_status"]), (&json!("confirmed"), &json!("paid")));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_sdk_verifies_the_sandbox_s_signatures_and_we_verify_the_sdk_s() {
    let app = TestApp::start().await;
    let mut child = Command::new("node")
        .arg(clients().join("sdk.mjs"))
        .args([&app.sandbox_url, &app.base_url, WEBHOOK_SECRET])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut steps = Vec::new();
    guard(async {
        while let Some(line) = lines.next_line().await.unwrap() {
            let step: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(step["failed"], Value::Null, "{step}");
            if step["step"] == "receiver" {
                app.redirect_webhooks(step["url"].as_str().unwrap());
                input.write_all(b"go\n").await.unwrap();
            }
            steps.push(step["step"].as_str().unwrap().to_owned());
        }
        assert!(child.wait().await.unwrap().success());
    })
    .await;
    assert_eq!(steps, ["receiver", "session", "refund", "tax", "coupons", "our endpoint", "events"]);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_shippo_sdk_ships_with_the_sandbox() {
    let app = TestApp::start().await;
    let clients = clients();
    let command = Command::new(clients.join("venv/bin/python"))
        .arg(clients.join("shippo_sdk.py"))
        .arg(&app.sandbox_url)
        .kill_on_drop(true)
        .output();
    let output = guard(command).await.unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{text}");
    assert!(text.lines().any(|line| line == "ok"), "{text}");
    app.finish().await;
}
