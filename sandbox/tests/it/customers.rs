//! Customers: found by their address, made once per key, carried from the session to the payment.

use serde_json::json;

use crate::stand::{SESSION, Stand, id, ids};

#[tokio::test]
async fn customers_are_found_by_their_address_as_it_was_written() {
    let stand = Stand::start().await;
    let customer = stand.post("/v1/customers", "email=Ada%40shop.example&name=Ada").await;
    stand.post("/v1/customers", "email=bob%40shop.example").await;
    assert_eq!(ids(&stand.get("/v1/customers?email=Ada%40shop.example").await), [id(&customer, "id")]);
    assert_eq!(ids(&stand.get("/v1/customers?email=ada%40shop.example").await), Vec::<String>::new());
    assert_eq!(stand.try_get("/v1/customers?mail=ada").await.0, 400);
    stand.stop().await;
}

#[tokio::test]
async fn a_customer_is_made_once_per_key() {
    let stand = Stand::start().await;
    let (_, first) = stand.try_post_keyed("/v1/customers", "email=ada%40shop.example", "customer:1").await;
    let (status, again) = stand.try_post_keyed("/v1/customers", "email=ada%40shop.example", "customer:1").await;
    assert_eq!((status, &again["id"]), (200, &first["id"]));
    let (status, refused) = stand.try_post_keyed("/v1/customers", "email=bob%40shop.example", "customer:1").await;
    assert_eq!((status, &refused["error"]["type"]), (400, &json!("idempotency_error")));
    assert_eq!(ids(&stand.get("/v1/customers").await).len(), 1);
    stand.stop().await;
}

#[tokio::test]
async fn a_session_has_a_customer_or_an_address() {
    let stand = Stand::start().await;
    let customer = id(&stand.post("/v1/customers", "email=ada%40shop.example").await, "id");
    let both = format!("{SESSION}&customer={customer}&customer_email=ada%40shop.example");
    let (status, refused) = stand.try_post("/v1/checkout/sessions", &both).await;
    assert_eq!((status, &refused["error"]["type"]), (400, &json!("invalid_request_error")));
    let (status, refused) = stand.try_post("/v1/checkout/sessions", &format!("{SESSION}&customer=cus_none")).await;
    assert_eq!((status, &refused["error"]["code"]), (400, &json!("resource_missing")));
    stand.stop().await;
}

#[tokio::test]
async fn the_customer_goes_from_the_session_to_the_payment() {
    let stand = Stand::start().await;
    let customer = id(&stand.post("/v1/customers", "email=ada%40shop.example").await, "id");
    let open = stand.post("/v1/checkout/sessions", &format!("{SESSION}&customer={customer}")).await;
    assert_eq!((&open["customer"], &open["customer_email"]), (&json!(customer), &json!(null)));
    assert_eq!(open["customer_details"]["email"], "ada@shop.example");

    let session = stand.paid(&format!("&customer={customer}")).await;
    assert_eq!(session["customer_details"]["email"], "ada@shop.example");
    let intent = id(&session, "payment_intent");
    assert_eq!(stand.get(&format!("/v1/payment_intents/{intent}")).await["customer"], json!(customer));
    let charges = stand.get(&format!("/v1/charges?payment_intent={intent}")).await;
    assert_eq!(charges["data"][0]["customer"], json!(customer));

    let guest = stand.paid("&customer_email=bob%40shop.example").await;
    assert_eq!(guest["customer_details"]["email"], "bob@shop.example");
    let intent = id(&guest, "payment_intent");
    assert_eq!(stand.get(&format!("/v1/payment_intents/{intent}")).await["customer"], json!(null));
    stand.stop().await;
}

/// An event that no endpoint wants waits for nobody.
#[tokio::test]
async fn an_event_that_nobody_wants_is_done() {
    let stand = Stand::start().await;
    let endpoint = "url=http%3A%2F%2F127.0.0.1%3A1%2F&enabled_events[0]=refund.created";
    stand.post("/v1/webhook_endpoints", endpoint).await;
    let customer = stand.post("/v1/customers", "email=ada%40shop.example").await;
    assert_eq!(stand.kinds(&id(&customer, "id")).await, ["customer.created"]);
    let done = async {
        while stand.get("/_control/webhooks").await["pending"] != 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), done).await.unwrap();
    stand.stop().await;
}
