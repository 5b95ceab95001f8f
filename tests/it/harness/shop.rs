//! What tests do over and over: make products, fill carts, check out, pay.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Call, Reply, TestApp};

/// A cart and its token.
#[derive(Debug, Clone)]
pub(crate) struct CartHandle {
    pub(crate) id: String,
    pub(crate) token: String,
}

/// A checkout that was answered with 2xx.
#[derive(Debug, Clone)]
pub(crate) struct CheckoutHandle {
    pub(crate) id: String,
    pub(crate) order_id: String,
    pub(crate) order_token: String,
    pub(crate) session_id: String,
    pub(crate) body: Value,
}

/// A German address.
pub(crate) fn address() -> Value {
    json!({"name": "Ada Lovelace", "line1": "Torstraße 1", "city": "Berlin", "postal_code": "10119", "country": "DE"})
}

impl CheckoutHandle {
    /// From the answer to a checkout.
    pub(crate) fn new(body: Value) -> Self {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            id: text("/id"),
            order_id: text("/order/id"),
            order_token: text("/order_token"),
            session_id: text("/session_id"),
            body,
        }
    }
}

impl TestApp {
    /// An active product with one variant at EUR 19.99; answers the variant's id.
    pub(crate) async fn variant(&self, on_hand: i64) -> String {
        self.variant_with(json!({"on_hand": on_hand})).await
    }

    /// The same with further members of the variant.
    pub(crate) async fn variant_with(&self, members: Value) -> String {
        let mut variant = json!({
            "sku": format!("SKU-{}", Uuid::new_v4()),
            "prices": [{"amount": 1999, "currency": "EUR"}, {"amount": 2000, "currency": "JPY"}, {"amount": 6250, "currency": "KWD"}],
        });
        variant.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let product = json!({"title": "Shirt", "slug": format!("shirt-{}", Uuid::new_v4()), "status": "active", "variants": [variant]});
        let product = self.staff_post("/v1/admin/products", product).send().await.expect(201);
        product["variants"][0]["id"].as_str().unwrap().to_owned()
    }

    /// A variant as staff see it.
    pub(crate) async fn read_variant(&self, variant: &str) -> Value {
        self.staff_get(&format!("/v1/admin/variants/{variant}")).send().await.expect(200)
    }

    /// A variant's stock as `(on hand, reserved)`.
    pub(crate) async fn stock(&self, variant: &str) -> (i64, i64) {
        let found = self.read_variant(variant).await["inventory"].clone();
        (found["on_hand"].as_i64().unwrap(), found["reserved"].as_i64().unwrap())
    }

    /// A cart ready for checkout.
    pub(crate) async fn cart(&self, lines: &[(&str, i64)]) -> CartHandle {
        let lines: Vec<Value> =
            lines.iter().map(|(variant, quantity)| json!({"variant_id": variant, "quantity": quantity})).collect();
        self.cart_with(json!({"email": "ada@example.com", "shipping_address": address(), "line_items": lines})).await
    }

    /// A cart of one's own.
    pub(crate) async fn cart_with(&self, body: Value) -> CartHandle {
        let cart = self.post("/v1/carts", body).send().await.expect(201);
        CartHandle {
            id: cart["id"].as_str().unwrap().to_owned(),
            token: cart["cart_token"].as_str().unwrap().to_owned(),
        }
    }

    /// The request that starts a checkout.
    pub(crate) fn checkout_call(&self, base_url: &str, cart: &CartHandle, key: &str) -> Call {
        self.call_at(base_url, "POST", "/v1/checkouts")
            .header("X-Cart-Token", &cart.token)
            .header("Idempotency-Key", key)
            .json(checkout_body(cart))
    }

    /// Starts a checkout.
    pub(crate) async fn try_checkout(&self, cart: &CartHandle, key: &str) -> Reply {
        self.checkout_call(&self.base_url, cart, key).send().await
    }

    /// Starts a checkout that must succeed.
    pub(crate) async fn checkout(&self, cart: &CartHandle) -> CheckoutHandle {
        self.checkout_under(cart, &Uuid::new_v4().to_string()).await
    }

    /// Starts or repeats a checkout that must succeed.
    pub(crate) async fn checkout_under(&self, cart: &CartHandle, key: &str) -> CheckoutHandle {
        CheckoutHandle::new(self.try_checkout(cart, key).await.expect(201))
    }

    /// A cart of one line, checked out.
    pub(crate) async fn checked_out(&self, variant: &str, quantity: i64) -> (CartHandle, CheckoutHandle) {
        let cart = self.cart(&[(variant, quantity)]).await;
        let checkout = self.checkout(&cart).await;
        (cart, checkout)
    }

    /// The buyer or the bank acts on a session.
    pub(crate) async fn pay(&self, checkout: &CheckoutHandle, outcome: &str) -> Value {
        self.control(&format!("checkout-sessions/{}/pay", checkout.session_id), json!({"outcome": outcome})).await
    }

    /// The order as its shopper sees it.
    pub(crate) async fn order(&self, checkout: &CheckoutHandle) -> Value {
        let path = format!("/v1/orders/{}", checkout.order_id);
        self.get(&path).header("X-Order-Token", &checkout.order_token).send().await.expect(200)
    }

    /// The checkout as its shopper sees it; asks Stripe.
    pub(crate) async fn look(&self, checkout: &CheckoutHandle) -> Value {
        let path = format!("/v1/checkouts/{}", checkout.id);
        self.get(&path).header("X-Order-Token", &checkout.order_token).send().await.expect(200)
    }

    /// The cart as its shopper sees it.
    pub(crate) async fn read_cart(&self, cart: &CartHandle) -> Value {
        self.get(&format!("/v1/carts/{}", cart.id)).header("X-Cart-Token", &cart.token).send().await.expect(200)
    }

    /// From now on Stripe is asked for the tax, which euro prices contain.
    pub(crate) async fn ask_stripe_for_tax(&self) {
        let settings =
            json!({"provider": "stripe", "tax_behavior_rules": [{"currency": "EUR", "tax_behavior": "inclusive"}]});
        self.staff_patch("/v1/admin/tax-settings", settings).send().await.expect(200);
    }

    /// Orders a fault of the sandbox.
    pub(crate) async fn fault(&self, fault: Value) {
        self.control("faults", fault).await;
    }

    /// How webhooks travel from now on.
    pub(crate) async fn webhooks(&self, mode: &str) {
        self.control("webhooks", json!({"mode": mode})).await;
    }
}

/// The body of a checkout request.
pub(crate) fn checkout_body(cart: &CartHandle) -> Value {
    json!({
        "cart_id": cart.id,
        "success_url": "https://shop.example/thanks?checkout={CHECKOUT_ID}&session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://shop.example/cart",
    })
}
