//! Carts of customers: claimed once, merged by the larger quantity, closed to whoever planted them.

use serde_json::{Value, json};

use crate::harness::{CartHandle, CustomerHandle, TestApp, address};

/// A cart's variants and quantities, in its order.
fn lines(cart: &Value) -> Vec<(String, i64)> {
    let lines = cart["line_items"].as_array().unwrap().iter();
    lines.map(|line| (line["variant_id"].as_str().unwrap().to_owned(), line["quantity"].as_i64().unwrap())).collect()
}

/// What a claim says came in, or did not.
fn named(list: &Value, member: &str) -> Vec<(String, Value)> {
    let entries = list.as_array().unwrap().iter();
    entries.map(|entry| (entry["variant_id"].as_str().unwrap().to_owned(), entry[member].clone())).collect()
}

async fn status(app: &TestApp, cart: &CartHandle) -> Value {
    app.read_cart(cart).await["status"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claimed_cart_belongs_to_its_customer_up_to_the_order() {
    let app = TestApp::start().await;
    let variant = app.variant(3).await;
    let customer = app.customer("ada@example.com").await;
    let line = json!([{"variant_id": variant, "quantity": 1}]);
    let guest = app.cart_with(json!({"shipping_address": address(), "line_items": line})).await;
    let (cart, body) = app.claim(&customer, &guest).await;
    assert_eq!(body["cart"]["customer_id"], customer.id.as_str());
    assert_eq!(body["cart"]["email"], "ada@example.com", "an empty e-mail address is filled");
    assert_eq!((&body["merged"], &body["left_out"]), (&json!([]), &json!([])));
    assert_eq!(app.me(&customer.access).await.expect(200)["open_cart_id"], cart.id.as_str());
    let checkout = app.checkout(&cart).await;
    let session = app.sandbox_get(&format!("/v1/checkout/sessions/{}", checkout.session_id)).await;
    assert!(session["customer"].as_str().unwrap().starts_with("cus_"), "{session}");
    assert_eq!(session["customer_email"], Value::Null, "never both");
    let problem = app.claim_call(&customer, &cart).send().await.problem(409, "cart_checking_out");
    assert_eq!(problem["checkout_id"], checkout.id.as_str());
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    app.claim_call(&customer, &cart).send().await.problem(409, "cart_completed");
    let order = app.get(&format!("/v1/orders/{}", checkout.order_id)).bearer(&customer.access).send().await.expect(200);
    assert_eq!((&order["customer_id"], &order["status"]), (&json!(customer.id), &json!("confirmed")));
    assert_eq!(app.me(&customer.access).await.expect(200)["open_cart_id"], Value::Null);
    app.finish().await;
}

/// Somebody deletes the customer in Stripe's dashboard: one checkout is refused, the next names the e-mail address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_whom_stripe_lost_can_buy_all_the_same() {
    let app = TestApp::start().await;
    let variant = app.variant(3).await;
    let customer = app.customer("ada@example.com").await;
    let (cart, _) = app.claim(&customer, &app.cart(&[(&variant, 1)]).await).await;
    let known = app.sandbox_get("/v1/customers").await["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("{}/v1/customers/{known}", app.sandbox_url);
    reqwest::Client::new().delete(path).bearer_auth("sk_test_of_the_tests").send().await.unwrap();
    app.try_checkout(&cart, "first").await.problem(422, "payment_rejected");
    let checkout = app.checkout_under(&cart, "second").await;
    let session = app.sandbox_get(&format!("/v1/checkout/sessions/{}", checkout.session_id)).await;
    assert_eq!(session["customer_email"], "ada@example.com");
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["status"], "confirmed");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_planted_cart_opens_nothing_once_it_is_claimed() {
    let app = TestApp::start().await;
    let (shopper, stranger) = (app.customer("ada@example.com").await, app.customer("eve@example.com").await);
    let planted = app.cart_with(json!({"email": "eve@example.com", "shipping_address": address()})).await;
    let path = format!("/v1/carts/{}", planted.id);
    let claim = format!("{path}/claim");
    app.call("POST", &claim).send().await.problem(401, "unauthenticated");
    app.call("POST", &claim).bearer(&shopper.access).send().await.problem(404, "not_found");
    let wrong = app.call("POST", &claim).bearer(&shopper.access).header("X-Cart-Token", "ct_wrong");
    wrong.send().await.problem(404, "not_found");
    let (cart, first) = app.claim(&shopper, &planted).await;
    assert_ne!(cart.token, planted.token);
    assert_eq!(first["cart"]["email"], "ada@example.com", "the planter's gets no mail");
    assert_eq!(
        first["cart"]["shipping_address"]["city"],
        address()["city"],
        "what a guest filled in is shown and stays"
    );
    app.get(&path).header("X-Cart-Token", &planted.token).send().await.problem(404, "not_found");
    let change = app.patch(&path, json!({"email": "eve@example.com"})).header("X-Cart-Token", &planted.token);
    change.send().await.problem(404, "not_found");
    app.claim_call(&stranger, &planted).send().await.problem(404, "not_found");
    app.claim_call(&stranger, &cart).send().await.problem(403, "cart_not_yours");
    // The owner may repeat it, by the old token, the new one, or none: nothing changes.
    let none = app.call("POST", &claim).bearer(&shopper.access).send().await.expect(200);
    let (by_old, old) = app.claim(&shopper, &planted).await;
    let (by_new, new) = app.claim(&shopper, &cart).await;
    assert_eq!((&by_old.token, &by_new.token), (&cart.token, &cart.token));
    for again in [&none, &old, &new] {
        assert_eq!(again, &first);
    }
    app.read_cart(&cart).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn carts_merge_by_the_larger_quantity_however_often() {
    let app = TestApp::start().await;
    let customer = app.customer("ada@example.com").await;
    let (a, b, c) = (app.variant(99).await, app.variant(99).await, app.variant(99).await);
    let (older, _) = app.claim(&customer, &app.cart(&[(&a, 2), (&b, 5)]).await).await;
    let (newer, body) = app.claim(&customer, &app.cart(&[(&a, 3), (&b, 1), (&c, 1)]).await).await;
    let wanted = [(a.clone(), 3), (b.clone(), 5), (c.clone(), 1)];
    assert_eq!(lines(&body["cart"]), wanted);
    assert_eq!(named(&body["merged"], "quantity"), [(b.clone(), json!(5))]);
    assert_eq!(status(&app, &older).await, "abandoned");
    assert_eq!(app.me(&customer.access).await.expect(200)["open_cart_id"], newer.id.as_str());
    let version = body["cart"]["version"].clone();
    let (_, again) = app.claim(&customer, &newer).await;
    assert_eq!((lines(&again["cart"]), &again["cart"]["version"]), (wanted.to_vec(), &version));
    assert_eq!((&again["merged"], &again["left_out"]), (&json!([]), &json!([])));
    // The other device comes late with the older cart, whose token it has: it gets the newer one, and nothing is added up.
    let (late, back) = app.claim(&customer, &older).await;
    assert_eq!((&late.id, &late.token, &back), (&newer.id, &newer.token, &again));
    assert_eq!((status(&app, &newer).await, status(&app, &older).await), (json!("open"), json!("abandoned")));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_removed_after_a_merge_does_not_come_back() {
    let app = TestApp::start().await;
    let customer = app.customer("ada@example.com").await;
    let (a, b, c) = (app.variant(99).await, app.variant(99).await, app.variant(99).await);
    let (oldest, _) = app.claim(&customer, &app.cart(&[(&a, 2)]).await).await;
    let (older, _) = app.claim(&customer, &app.cart(&[(&b, 1)]).await).await;
    let (newer, body) = app.claim(&customer, &app.cart(&[(&c, 1)]).await).await;
    assert_eq!(lines(&body["cart"]).len(), 3);
    for source in [&oldest, &older] {
        assert!(lines(&app.read_cart(source).await).is_empty(), "its lines are in the other cart now");
    }
    for line in body["cart"]["line_items"].as_array().unwrap().iter().filter(|line| line["variant_id"] != c.as_str()) {
        let path = format!("/v1/carts/{}/line-items/{}", newer.id, line["id"].as_str().unwrap());
        app.call("DELETE", &path).header("X-Cart-Token", &newer.token).send().await.expect(200);
    }
    let kept = [(c.clone(), 1)];
    for source in [&oldest, &older] {
        let (late, body) = app.claim(&customer, source).await;
        assert_eq!((&late.id, lines(&body["cart"])), (&newer.id, kept.to_vec()));
        assert_eq!(status(&app, source).await, "abandoned");
    }
    // Put to use again by its token, the older cart is one like any other: claimed, it wins.
    let path = format!("/v1/carts/{}/line-items", older.id);
    let line = app.post(&path, json!({"variant_id": a, "quantity": 1})).header("X-Cart-Token", &older.token);
    line.send().await.expect(200);
    let (used, body) = app.claim(&customer, &older).await;
    assert_eq!((&used.id, lines(&body["cart"])), (&older.id, [(a.clone(), 1), (c.clone(), 1)].to_vec()));
    for source in [&oldest, &newer] {
        assert_eq!(app.claim(&customer, source).await.0.id, older.id);
    }
    assert_eq!(app.count("SELECT count(*) FROM carts WHERE status = 'open'").await, 1);
    // Once that is bought, a cart that went into it begins anew, and is as empty as it was.
    let checkout = app.checkout(&older).await;
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    let (anew, body) = app.claim(&customer, &newer).await;
    assert_eq!((&anew.id, lines(&body["cart"])), (&newer.id, Vec::new()));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_come_into_a_cart_is_told() {
    let app = TestApp::start().await;
    let customer = app.customer("ada@example.com").await;
    let euros = app.variant_with(json!({"on_hand": 9, "prices": [{"amount": 100, "currency": "EUR"}]})).await;
    let (gone, kept) = (app.variant(9).await, app.variant(9).await);
    let (source, _) = app.claim(&customer, &app.cart(&[(&euros, 1), (&gone, 1), (&kept, 2)]).await).await;
    app.staff_delete(&format!("/v1/admin/variants/{gone}")).send().await.expect(204);
    let (_, body) = app.claim(&customer, &app.cart_with(json!({"currency": "JPY"})).await).await;
    assert_eq!(body["cart"]["currency"], "JPY", "the claimed cart's currency stays");
    assert_eq!(lines(&body["cart"]), [(kept, 2)]);
    let left_out = [(euros.clone(), json!("no_price")), (gone.clone(), json!("not_for_sale"))];
    assert_eq!(named(&body["left_out"], "reason"), left_out);
    assert_eq!(lines(&app.read_cart(&source).await), [(euros, 1), (gone, 1)], "what is left out stays where it was");
    app.finish().await;
}

/// A product of so many sizes; answers its variants.
async fn sizes(app: &TestApp, count: usize) -> Vec<String> {
    let values: Vec<String> = (0..count).map(|size| format!("S{size}")).collect();
    let variants: Vec<Value> = values
        .iter()
        .map(|size| {
            let sku = uuid::Uuid::new_v4().to_string();
            json!({"sku": sku, "on_hand": 9, "option_values": {"size": size}, "prices": [{"amount": 100, "currency": "EUR"}]})
        })
        .collect();
    let product = json!({
        "title": "Shoe", "slug": format!("shoe-{}", uuid::Uuid::new_v4()), "status": "active",
        "options": [{"name": "size", "values": values}], "variants": variants,
    });
    let product = app.staff_post("/v1/admin/products", product).send().await.expect(201);
    let variants = product["variants"].as_array().unwrap().iter();
    variants.map(|variant| variant["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_cart_takes_no_more_lines() {
    let app = TestApp::start().await;
    let customer = app.customer("ada@example.com").await;
    let variants = sizes(&app, 101).await;
    let of = |some: &[String]| {
        let lines: Vec<Value> = some.iter().map(|variant| json!({"variant_id": variant, "quantity": 1})).collect();
        app.cart_with(json!({"line_items": lines}))
    };
    app.claim(&customer, &of(&variants[..3]).await).await;
    let (_, body) = app.claim(&customer, &of(&variants[3..]).await).await;
    assert_eq!(body["cart"]["line_items"].as_array().unwrap().len(), 99);
    assert_eq!(named(&body["merged"], "quantity").len(), 1);
    let left_out = named(&body["left_out"], "reason");
    assert_eq!(left_out.len(), 2);
    assert!(left_out.iter().all(|(_, reason)| reason == "too_many_lines"), "{left_out:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_logins_that_race_for_one_cart_get_the_same_one() {
    let app = TestApp::start().await;
    let phone = app.customer("ada@example.com").await;
    let laptop = app.log_in("ada@example.com").await;
    let variant = app.variant(9).await;
    app.claim(&phone, &app.cart(&[(&variant, 4)]).await).await;
    let cart = app.cart(&[(&variant, 2)]).await;
    let (one, other) = tokio::join!(app.claim(&phone, &cart), app.claim(&laptop, &cart));
    assert_eq!(one.0.token, other.0.token);
    for (_, body) in [&one, &other] {
        assert_eq!(lines(&body["cart"]), [(variant.clone(), 4)]);
    }
    assert_eq!(app.count("SELECT count(*) FROM carts WHERE status = 'open'").await, 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_customers_that_race_for_one_cart_do_not_both_get_it() {
    let app = TestApp::start().await;
    let (one, other) = (app.customer("ada@example.com").await, app.customer("eve@example.com").await);
    let variant = app.variant(9).await;
    let cart = app.cart(&[(&variant, 2)]).await;
    let claim = |customer: &CustomerHandle| app.claim_call(customer, &cart).send();
    let (first, second) = tokio::join!(claim(&one), claim(&other));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404], "the token that both had opens it once");
    app.finish().await;
}

/// Two carts of one customer that are claimed at once end as one, whoever comes first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_carts_that_are_claimed_at_once_end_as_one() {
    let app = TestApp::start().await;
    let phone = app.customer("ada@example.com").await;
    let laptop = app.log_in("ada@example.com").await;
    let (a, b) = (app.variant(9).await, app.variant(9).await);
    let (one, other) = (app.cart(&[(&a, 1)]).await, app.cart(&[(&b, 2)]).await);
    let (first, second) = tokio::join!(app.claim(&phone, &one), app.claim(&laptop, &other));
    let most = [&first.1, &second.1].into_iter().map(|body| lines(&body["cart"]).len()).max();
    assert_eq!(most, Some(2));
    assert_eq!(app.count("SELECT count(*) FROM carts WHERE status = 'open'").await, 1);
    app.finish().await;
}
