//! What tests do with orders that are paid: refund, cancel, ship, look.

use diesel_async::RunQueryDsl;
use serde_json::{Value, json};

use super::{Call, CheckoutHandle, TestApp};

impl TestApp {
    /// A paid order of one variant.
    pub(crate) async fn paid(&self, variant: &str, quantity: i64) -> CheckoutHandle {
        let (_, checkout) = self.checked_out(variant, quantity).await;
        self.settle(&checkout).await;
        checkout
    }

    /// The buyer pays, and the shop hears of it.
    pub(crate) async fn settle(&self, checkout: &CheckoutHandle) {
        self.pay(checkout, "paid").await;
        self.run_jobs().await;
    }

    /// The order as staff see it.
    pub(crate) async fn staff_order(&self, checkout: &CheckoutHandle) -> Value {
        self.staff_get(&format!("/v1/admin/orders/{}", checkout.order_id)).send().await.expect(200)
    }

    /// A request of staff about an order, such as `refunds`.
    pub(crate) fn about(&self, checkout: &CheckoutHandle, what: &str, body: Value) -> Call {
        self.staff_post(&format!("/v1/admin/orders/{}/{what}", checkout.order_id), body)
    }

    /// Refunds an amount, which must be accepted, and runs what follows.
    pub(crate) async fn refund_amount(&self, checkout: &CheckoutHandle, amount: i64, currency: &str) -> Value {
        let body = json!({"amount": {"amount": amount, "currency": currency}, "reason": "goodwill"});
        let refund = self.about(checkout, "refunds", body).send().await.expect(201);
        self.run_jobs().await;
        self.staff_get(&format!("/v1/admin/refunds/{}", refund["id"].as_str().unwrap())).send().await.expect(200)
    }

    /// Refunds units of the order's line at this position, which must be accepted, and runs what follows.
    pub(crate) async fn refund_line(&self, checkout: &CheckoutHandle, line: usize, more: Value) -> Value {
        let mut body = self.refund_body(checkout, line, 1);
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let refund = self.about(checkout, "refunds", body).send().await.expect(201);
        self.run_jobs().await;
        self.staff_get(&format!("/v1/admin/refunds/{}", refund["id"].as_str().unwrap())).send().await.expect(200)
    }

    /// The body that refunds units of a line.
    pub(crate) fn refund_body(&self, checkout: &CheckoutHandle, line: usize, quantity: i64) -> Value {
        let id = &checkout.body["order"]["line_items"][line]["id"];
        json!({"line_items": [{"line_item_id": id, "quantity": quantity}], "reason": "returned"})
    }

    /// The shopper cancels the order.
    pub(crate) fn cancel_own(&self, checkout: &CheckoutHandle) -> Call {
        let path = format!("/v1/orders/{}/cancel", checkout.order_id);
        self.call("POST", &path).header("X-Order-Token", &checkout.order_token)
    }

    /// The payment of an order at Stripe.
    pub(crate) async fn payment_of(&self, checkout: &CheckoutHandle) -> String {
        let session = self.sandbox_get(&format!("/v1/checkout/sessions/{}", checkout.session_id)).await;
        session["payment_intent"].as_str().unwrap().to_owned()
    }

    /// What Stripe gave back of an order.
    pub(crate) async fn refunded_at_stripe(&self, checkout: &CheckoutHandle) -> i64 {
        let payment = self.payment_of(checkout).await;
        let summary = self.sandbox_get("/_control/summary").await;
        let charges = summary["charges"].as_array().unwrap().iter();
        charges
            .filter(|charge| charge["payment_intent"] == payment.as_str())
            .map(|charge| charge["amount_refunded"].as_i64().unwrap())
            .sum()
    }

    /// The same at Stripe's side of the sandbox, whatever it answers.
    pub(crate) async fn try_stripe_post(&self, path: &str, form: &str) {
        let request = self.http.post(format!("{}{path}", self.sandbox_url)).bearer_auth("sk_test_of_the_tests");
        // A reset connection is one of the faults that tests order.
        let _ = request.header("Content-Type", "application/x-www-form-urlencoded").body(form.to_owned()).send().await;
    }

    /// The uuid of an id, as the database keeps it.
    pub(crate) fn uuid_of(&self, id: &str) -> uuid::Uuid {
        merx::ids::decode(id.split_once('_').unwrap().1).unwrap()
    }

    /// The payment of an order, as the shop knows it.
    pub(crate) async fn payment_id(&self, order: &str) -> Option<String> {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Text>)]
            payment_intent_id: Option<String>,
        }
        let query = format!("SELECT payment_intent_id FROM orders WHERE id = '{}'", self.uuid_of(order));
        let row: Row = diesel::sql_query(query).get_result(&mut self.database().await).await.unwrap();
        row.payment_intent_id
    }

    /// The kinds of open alerts.
    pub(crate) async fn alerts(&self, kind: &str) -> i64 {
        self.count(&format!("SELECT count(*) FROM alerts WHERE kind = '{kind}'")).await
    }
}

/// Status, payment and goods of an order.
pub(crate) fn states(order: &Value) -> [&str; 3] {
    ["status", "payment_status", "fulfillment_status"].map(|member| order[member].as_str().unwrap())
}
