//! Random carts through the whole of it: lines, stacked discounts, tax in and on top, shipping; what Stripe's side makes of
//! our session must be the order to the minor unit.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::harness::{TestApp, address};

const CURRENCIES: [(&str, i64); 4] = [("EUR", 1), ("USD", 1), ("JPY", 1), ("KWD", 10)];

async fn variants(app: &TestApp, random: &mut StdRng) -> Vec<String> {
    let mut all = Vec::new();
    for chunk in 0..3 {
        let one = |index: usize, random: &mut StdRng| {
            let price = |(currency, step): (&str, i64), random: &mut StdRng| json!({"currency": currency, "amount": random.random_range(1..3_000) * step});
            let prices: Vec<Value> = CURRENCIES.iter().map(|currency| price(*currency, random)).collect();
            json!({"sku": format!("S-{chunk}-{index}"), "option_values": {"n": index.to_string()}, "on_hand": 100_000, "prices": prices, "taxable": !index.is_multiple_of(7)})
        };
        let values: Vec<String> = (0..33).map(|index| index.to_string()).collect();
        let made: Vec<Value> = (0..33).map(|index| one(index, random)).collect();
        let product = json!({"title": format!("P{chunk}"), "status": "active", "options": [{"name": "n", "values": values}], "variants": made});
        let product = app.staff_post("/v1/admin/products", product).send().await.expect(201);
        all.extend(
            product["variants"].as_array().unwrap().iter().map(|variant| variant["id"].as_str().unwrap().to_owned()),
        );
    }
    all
}

fn amount(value: &Value) -> i64 {
    value["amount"].as_i64().unwrap()
}

/// What must hold of any order, whatever it is made of.
fn check(order: &Value, what: &str) {
    let totals = &order["totals"];
    let of = |member: &str| amount(&totals[member]);
    let lines = order["line_items"].as_array().unwrap();
    let sum = |member: &str| lines.iter().map(|line| amount(&line[member])).sum::<i64>();
    let shipping_tax = (amount(&order["tax"]["shipping"]["added"]), amount(&order["tax"]["shipping"]["included"]));
    assert_eq!(of("subtotal") - of("discount") + of("shipping") + of("tax_added"), of("total"), "{what}");
    assert_eq!((sum("subtotal"), sum("discount")), (of("subtotal"), of("discount")), "{what}");
    assert_eq!(
        (sum("tax_added") + shipping_tax.0, sum("tax_included") + shipping_tax.1),
        (of("tax_added"), of("tax_included")),
        "{what}"
    );
    assert_eq!(of("tax"), of("tax_added") + of("tax_included"), "{what}");
    for line in lines {
        assert!(
            ["subtotal", "discount", "tax_added", "tax_included", "total"]
                .iter()
                .all(|member| amount(&line[*member]) >= 0),
            "{what}: {line}"
        );
        let given: i64 = line["discounts"].as_array().unwrap().iter().map(|given| amount(&given["amount"])).sum();
        assert_eq!(
            (given, amount(&line["subtotal"]) - given + amount(&line["tax_added"])),
            (amount(&line["discount"]), amount(&line["total"])),
            "{what}"
        );
    }
    let parts: i64 = order["tax"]["breakdown"].as_array().unwrap().iter().map(|part| amount(&part["amount"])).sum();
    assert_eq!(parts, of("tax"), "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn random_carts_come_to_the_same_at_the_shop_and_at_stripe() {
    let seed: u64 = std::env::var("MERX_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    let mut random = StdRng::seed_from_u64(seed);
    let app = TestApp::start().await;
    let variants = variants(&app, &mut random).await;
    let amounts: Vec<Value> =
        CURRENCIES.iter().map(|(currency, step)| json!({"currency": currency, "amount": 250 * step})).collect();
    for discount in [
        json!({"title": "A", "code": "A", "type": "percentage", "percentage": "12.5"}),
        json!({"title": "B", "code": "B", "type": "fixed_amount", "amounts": amounts, "priority": 1}),
        json!({"title": "C", "code": "C", "type": "buy_x_get_y", "buy": {"quantity": 2}, "get": {"quantity": 1, "percentage": "33.3333"}}),
        json!({"title": "D", "code": "D", "type": "free_shipping"}),
    ] {
        app.staff_post("/v1/admin/discounts", discount).send().await.expect(201);
    }
    let rates = json!([{"name": "State", "country": "DE", "percentage": "8.875"}, {"name": "City", "country": "DE", "percentage": "3.3333"}]);
    let rules = json!([{"currency": "EUR", "tax_behavior": "inclusive"}]);
    let mut charged = 0;
    for round in 0..24 {
        let provider = if round % 2 == 0 { "table" } else { "stripe" };
        app.staff_patch(
            "/v1/admin/tax-settings",
            json!({"provider": provider, "rates": rates, "tax_behavior_rules": rules}),
        )
        .send()
        .await
        .expect(200);
        let (currency, _) = CURRENCIES[random.random_range(0..4)];
        let count = if round == 0 { 99 } else { random.random_range(1..=99) };
        let lines: Vec<Value> = variants
            .iter()
            .take(count)
            .map(|variant| json!({"variant_id": variant, "quantity": random.random_range(1..6)}))
            .collect();
        let cart = app.cart_with(json!({"email": "a@example.com", "currency": currency, "shipping_address": address(), "line_items": lines})).await;
        let mut codes = vec!["A", "B", "C", "D"];
        codes.retain(|_| random.random_bool(0.5));
        for code in &codes {
            let path = format!("/v1/carts/{}/discount-codes", cart.id);
            app.call("POST", &path)
                .header("X-Cart-Token", &cart.token)
                .json(json!({"code": code}))
                .send()
                .await
                .expect(200);
        }
        let what = format!("MERX_SEED={seed}, round {round}: {count} lines in {currency}, {provider}, {codes:?}");
        let reply = app.try_checkout(&cart, "k").await;
        if reply.status == 422 && reply.body["code"] == "amount_too_small" {
            continue;
        }
        let checkout = reply.expect(201);
        check(&checkout["order"], &what);
        let session =
            app.sandbox_get(&format!("/v1/checkout/sessions/{}", checkout["session_id"].as_str().unwrap())).await;
        assert_eq!(session["amount_total"].as_i64(), Some(amount(&checkout["order"]["totals"]["total"])), "{what}");
        charged += 1;
    }
    assert!(charged > 12, "MERX_SEED={seed}: only {charged} carts could be charged");
    app.advance(3600).await;
    app.reconcile().await;
    app.finish().await;
}
