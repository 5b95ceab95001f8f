//! Holds: how much one shopper may hold, and what staff see and release.

use serde_json::json;

use crate::harness::TestApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_empties_the_shop_by_reserving() {
    let limits = [
        ("MERX_RATE_LIMIT", "on"),
        ("MERX_LIMIT_HELD_UNITS_PER_ADDRESS", "8"),
        ("MERX_LIMIT_HELD_UNITS_PER_CUSTOMER", "5"),
        ("MERX_LIMIT_HELD_UNITS_PER_CART", "4"),
    ];
    let app = TestApp::with(&limits).await;
    let variant = app.variant(100).await;
    let cart = async |email: &str, quantity: i64| {
        let line = json!([{"variant_id": variant, "quantity": quantity}]);
        let address = crate::harness::address();
        app.cart_with(json!({"email": email, "shipping_address": address, "line_items": line})).await
    };
    let big = cart("a@example.com", 5).await;
    let refused = app.try_checkout(&big, "k").await.problem(409, "hold_limit_reached");
    assert_eq!((&refused["held_by"], &refused["limit"]), (&json!("cart"), &json!(4)));
    let first = cart("a@example.com", 4).await;
    let first = app.checkout(&first).await;
    let second = cart("A@Example.com", 2).await;
    let refused = app.try_checkout(&second, "k").await.problem(409, "hold_limit_reached");
    assert_eq!(refused["held_by"], "customer");
    let friend = cart("b@example.com", 4).await;
    let friend = app.checkout(&friend).await;
    let third = cart("c@example.com", 1).await;
    let refused = app.try_checkout(&third, "k").await.problem(409, "hold_limit_reached");
    assert_eq!(refused["held_by"], "address");
    assert_eq!(app.stock(&variant).await, (100, 8));
    // What is cancelled, paid or over counts no more; the same key may try again.
    app.cancel_own(&first).send().await.expect(200);
    app.try_checkout(&third, "k").await.expect(201);
    app.settle(&friend).await;
    app.try_checkout(&second, "k").await.expect(201);
    app.advance(3600).await;
    app.run_jobs().await;
    assert_eq!(app.stock(&variant).await, (96, 0));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_see_who_holds_what_and_release_it() {
    let app = TestApp::with(&[("MERX_HOLD_MINUTES", "7")]).await;
    let (variant, other) = (app.variant(10).await, app.variant(10).await);
    let (cart, checkout) = app.checked_out(&variant, 2).await;
    let (_, delayed) = app.checked_out(&variant, 1).await;
    let before = delayed.body["expires_at"].as_str().unwrap().to_owned();
    let ends: chrono::DateTime<chrono::Utc> = before.parse().unwrap();
    let minutes = (ends - app.app.clock.now()).num_minutes();
    assert!((5..=7).contains(&minutes), "held for seven minutes, not {minutes}");
    app.checked_out(&other, 1).await;
    app.pay(&delayed, "delayed").await;
    app.run_jobs().await;
    assert!(app.look(&delayed).await["expires_at"].as_str().unwrap() > before.as_str(), "its hold is longer");
    let all = app.staff_get("/v1/admin/holds?limit=2").send().await;
    assert!(all.header("link").contains("cursor="));
    let all = all.expect(200);
    assert_eq!((all["data"].as_array().unwrap().len(), &all["page"]["has_more"]), (2, &json!(true)));
    let path = format!("/v1/admin/holds?variant_id={variant}");
    let mine = app.staff_get(&path).send().await.expect(200);
    let quantities: Vec<_> =
        mine["data"].as_array().unwrap().iter().map(|hold| &hold["line_items"][0]["quantity"]).collect();
    assert_eq!(quantities, [&json!(1), &json!(2)]);
    assert_eq!(mine["data"][0]["payment_status"], "processing");
    let release = |id: &str| app.staff_post(&format!("/v1/admin/checkouts/{id}/release"), json!({})).send();
    release(&delayed.id).await.problem(409, "payment_processing");
    let released = release(&checkout.id).await.expect(200);
    assert_eq!(
        (&released["status"], &released["order"]["cancel_reason"]),
        (&json!("cancelled"), &json!("released_by_staff"))
    );
    assert_eq!(app.stock(&variant).await, (10, 1));
    assert_eq!(app.read_cart(&cart).await["status"], "open");
    release(&checkout.id).await.expect(200);
    // A delayed payment that takes weeks is told, and keeps its stock.
    app.advance(15 * 86_400).await;
    app.reconcile().await;
    assert_eq!((app.alerts("delayed_payment").await, app.stock(&variant).await), (1, (10, 1)));
    app.pay(&delayed, "delayed_failure").await;
    app.run_jobs().await;
    assert_eq!(app.stock(&variant).await, (10, 0));
    app.finish().await;
}
