//! Refunds: the events of a failure, and what it gives back.

use serde_json::json;

use crate::stand::{Stand, id};

#[tokio::test]
async fn a_refund_that_fails_is_updated_and_failed() {
    let stand = Stand::start().await;
    let intent = stand.paid_intent().await;
    let refund = stand.post("/v1/refunds", &format!("payment_intent={intent}&amount=2000")).await;
    let failed = stand.control(&format!("refunds/{}", id(&refund, "id")), json!({"status": "failed"})).await;
    assert_eq!(failed["status"], "failed");
    let events = stand.events(&id(&refund, "id")).await;
    let seen: Vec<_> = events.iter().map(|(kind, shown)| (kind.as_str(), shown["status"].as_str().unwrap())).collect();
    let updated = [("refund.updated", "failed"), ("charge.refund.updated", "failed")];
    assert_eq!(seen, [&[("refund.created", "succeeded")][..], &updated, &[("refund.failed", "failed")]].concat());
    let charge = stand.get(&format!("/v1/charges/{}", id(&refund, "charge"))).await;
    assert_eq!(charge["amount_refunded"], 0);
    stand.stop().await;
}

#[tokio::test]
async fn a_refund_that_moves_otherwise_is_only_updated() {
    let stand = Stand::start().await;
    let intent = stand.paid_intent().await;
    stand.control("refund-start", json!({"status": "pending"})).await;
    let refund = stand.post("/v1/refunds", &format!("payment_intent={intent}")).await;
    stand.control(&format!("refunds/{}", id(&refund, "id")), json!({"status": "succeeded"})).await;
    assert_eq!(stand.kinds(&id(&refund, "id")).await, ["refund.created", "refund.updated", "charge.refund.updated"]);
    stand.stop().await;
}
