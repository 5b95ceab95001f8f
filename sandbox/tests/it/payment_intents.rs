//! PaymentIntents that are made directly, as Stripe's CLI does: paid, declined, debited, cancelled, disputed.

use serde_json::json;

use crate::stand::{SESSION, Stand, id};

const CARD: &str = "amount=2000&currency=usd&payment_method_types[]=card";

const SEPA: &str = "amount=1000&currency=eur&confirm=true&payment_method_types[]=sepa_debit\
    &mandate_data[customer_acceptance][type]=offline";

#[tokio::test]
async fn a_card_pays_at_once_or_is_declined() {
    let stand = Stand::start().await;
    let paid = stand.post("/v1/payment_intents", &format!("{CARD}&confirm=true&payment_method=pm_card_visa")).await;
    assert_eq!((&paid["status"], &paid["amount_received"]), (&json!("succeeded"), &json!(2000)));
    let charge = stand.get(&format!("/v1/charges/{}", id(&paid, "latest_charge"))).await;
    assert_eq!((&charge["paid"], &charge["payment_method_details"]["type"]), (&json!(true), &json!("card")));
    assert_eq!(stand.kinds(&id(&paid, "id")).await, ["payment_intent.created", "payment_intent.succeeded"]);
    let declined = format!("{CARD}&confirm=true&payment_method=pm_card_chargeDeclined");
    let (status, answer) = stand.try_post("/v1/payment_intents", &declined).await;
    let error = &answer["error"];
    assert_eq!((status, &error["type"], &error["code"]), (402, &json!("card_error"), &json!("card_declined")));
    let intent = id(&error["payment_intent"], "id");
    assert_eq!(stand.kinds(&intent).await, ["payment_intent.created", "payment_intent.payment_failed"]);
    // It can be paid otherwise, once.
    let confirm = format!("/v1/payment_intents/{intent}/confirm");
    assert_eq!(stand.post(&confirm, "payment_method=pm_card_mastercard").await["status"], "succeeded");
    let (_, again) = stand.try_post(&confirm, "payment_method=pm_card_mastercard").await;
    assert_eq!(again["error"]["code"], "payment_intent_unexpected_state");
    stand.stop().await;
}

#[tokio::test]
async fn what_waits_is_cancelled_and_what_is_paid_is_not() {
    let stand = Stand::start().await;
    let open = stand.post("/v1/payment_intents", "amount=2000&currency=usd").await;
    assert_eq!(open["status"], "requires_payment_method");
    let (_, unpaid) = stand.try_post(&format!("/v1/payment_intents/{}/confirm", id(&open, "id")), "").await;
    assert_eq!(unpaid["error"]["code"], "payment_intent_unexpected_state");
    let cancel = format!("/v1/payment_intents/{}/cancel", id(&open, "id"));
    let cancelled = stand.post(&cancel, "cancellation_reason=requested_by_customer").await;
    assert_eq!((&cancelled["status"], &cancelled["canceled_at"]), (&json!("canceled"), &open["created"]));
    assert_eq!(stand.try_post(&cancel, "").await.0, 400);
    assert_eq!(stand.kinds(&id(&open, "id")).await, ["payment_intent.created", "payment_intent.canceled"]);
    let of_session = stand.paid_intent().await;
    assert_eq!(stand.try_post(&format!("/v1/payment_intents/{of_session}/cancel"), "").await.0, 400);
    for wrong in ["amount=2000", "amount=10&currency=usd", "amount=2000&currency=usd&colour=red"] {
        assert_eq!(stand.try_post("/v1/payment_intents", wrong).await.0, 400, "{wrong}");
    }
    let unknown = format!("{CARD}&payment_method=pm_card_none");
    assert_eq!(stand.try_post("/v1/payment_intents", &unknown).await.0, 400);
    stand.stop().await;
}

#[tokio::test]
async fn banks_answer_debits_of_test_accounts_in_their_time() {
    let stand = Stand::start().await;
    let debit = async |iban: &str| {
        let method = stand.post("/v1/payment_methods", &format!("type=sepa_debit&sepa_debit[iban]={iban}")).await;
        id(&method, "id")
    };
    let method = debit("AT321904300235473204").await;
    let (_, bare) = stand.try_post("/v1/payment_intents", &format!("{CARD}&payment_method={method}")).await;
    assert_eq!(bare["error"]["param"], "payment_method");
    let intent = stand.post("/v1/payment_intents", &format!("{SEPA}&payment_method={method}")).await;
    assert_eq!(intent["status"], "processing");
    let now = async || stand.get(&format!("/v1/payment_intents/{}", id(&intent, "id"))).await;
    stand.control("clock", json!({"advance_seconds": 170})).await;
    assert_eq!(now().await["status"], "processing");
    stand.control("clock", json!({"advance_seconds": 11})).await;
    let paid = now().await;
    assert_eq!(paid["status"], "succeeded");
    let charge = stand.get(&format!("/v1/charges/{}", id(&paid, "latest_charge"))).await;
    assert_eq!(charge["payment_method_details"]["sepa_debit"]["last4"], "3204");
    // The same for a session, whose debit fails.
    let session = stand.post("/v1/checkout/sessions", &format!("{SESSION}&payment_method_types[]=sepa_debit")).await;
    let page = format!("/v1/payment_pages/{}/confirm", id(&session, "id"));
    let form = format!("payment_method={}&expected_amount=5000", debit("AT861904300235473202").await);
    assert_eq!(stand.post(&page, &form).await["payment_status"], "unpaid");
    stand.control("clock", json!({"advance_seconds": 6})).await;
    let kinds = stand.kinds(&id(&session, "id")).await;
    assert_eq!(kinds, ["checkout.session.completed", "checkout.session.async_payment_failed"]);
    stand.stop().await;
}

#[tokio::test]
async fn test_cards_are_disputed_as_their_names_say() {
    let stand = Stand::start().await;
    for (card, status, closed) in [
        ("createDisputeInquiry", "warning_needs_response", "warning_closed"),
        ("createDispute", "needs_response", "lost"),
    ] {
        let form = format!("{CARD}&confirm=true&payment_method=pm_card_{card}");
        let intent = stand.post("/v1/payment_intents", &form).await;
        let disputes = stand.get(&format!("/v1/disputes?payment_intent={}", id(&intent, "id"))).await;
        let dispute = &disputes["data"][0];
        assert_eq!((&dispute["status"], &dispute["amount"]), (&json!(status), &json!(2000)));
        let close = format!("/v1/disputes/{}/close", id(dispute, "id"));
        assert_eq!(stand.post(&close, "").await["status"], closed);
        let kinds = stand.kinds(&id(dispute, "id")).await;
        assert_eq!(
            (kinds[0].as_str(), kinds.last().unwrap().as_str()),
            ("charge.dispute.created", "charge.dispute.closed")
        );
    }
    stand.stop().await;
}

#[tokio::test]
async fn coupons_and_promotion_codes_are_told_of() {
    let stand = Stand::start().await;
    let coupon = stand.post("/v1/coupons", "percent_off=20").await;
    let code = stand.post("/v1/promotion_codes", &format!("coupon={}", id(&coupon, "id"))).await;
    stand.post(&format!("/v1/promotion_codes/{}", id(&code, "id")), "metadata[foo]=bar").await;
    assert_eq!(stand.kinds(&id(&coupon, "id")).await, ["coupon.created"]);
    let events = stand.events(&id(&code, "id")).await;
    let seen: Vec<_> = events.iter().map(|(kind, shown)| (kind.as_str(), shown["metadata"].clone())).collect();
    assert_eq!(seen, [("promotion_code.created", json!({})), ("promotion_code.updated", json!({"foo": "bar"}))]);
    stand.stop().await;
}
