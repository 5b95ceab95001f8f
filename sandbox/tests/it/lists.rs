//! Lists by type and time, as a reconciliation reads them.

use serde_json::json;

use crate::stand::{Stand, id, ids};

#[tokio::test]
async fn events_are_listed_by_types_and_time() {
    let stand = Stand::start().await;
    let intent = stand.paid_intent().await;
    let early = stand.post("/v1/refunds", &format!("payment_intent={intent}&amount=1000")).await;
    stand.control("clock", json!({"advance_seconds": 3600})).await;
    let late = stand.post("/v1/refunds", &format!("payment_intent={intent}&amount=1000")).await;
    let since = late["created"].as_i64().unwrap();
    let both = stand.get("/v1/events?types[]=refund.created&types[]=payment_intent.succeeded").await;
    let kinds: Vec<_> = both["data"].as_array().unwrap().iter().map(|event| id(event, "type")).collect();
    assert_eq!(kinds, ["refund.created", "refund.created", "payment_intent.succeeded"]);
    let about = |list: &serde_json::Value| -> Vec<String> {
        list["data"].as_array().unwrap().iter().map(|event| id(&event["data"]["object"], "id")).collect()
    };
    let path = "/v1/events?types[]=refund.created&types[]=payment_intent.succeeded&limit=100";
    assert_eq!(about(&stand.get(&format!("{path}&created[gte]={since}")).await), [id(&late, "id")]);
    assert_eq!(
        about(&stand.get(&format!("{path}&created%5Bgte%5D={}", since - 3600 - 60)).await),
        [id(&late, "id"), id(&early, "id"), intent]
    );
    assert_eq!(about(&stand.get(&format!("{path}&created[gte]={}", since + 60)).await), Vec::<String>::new());
    stand.stop().await;
}

#[tokio::test]
async fn refunds_are_listed_by_time() {
    let stand = Stand::start().await;
    let intent = stand.paid_intent().await;
    let early = stand.post("/v1/refunds", &format!("payment_intent={intent}&amount=1000")).await;
    stand.control("clock", json!({"advance_seconds": 3600})).await;
    let late = stand.post("/v1/refunds", &format!("payment_intent={intent}&amount=1000")).await;
    let since = late["created"].as_i64().unwrap();
    assert_eq!(ids(&stand.get(&format!("/v1/refunds?created[gte]={since}")).await), [id(&late, "id")]);
    assert_eq!(ids(&stand.get(&format!("/v1/refunds?created[lt]={since}")).await), [id(&early, "id")]);
    let first = stand.get("/v1/refunds?created[gte]=1&limit=1").await;
    assert_eq!((ids(&first), &first["has_more"]), (vec![id(&late, "id")], &json!(true)));
    let (status, refused) = stand.try_get("/v1/refunds?created[since]=1").await;
    assert_eq!((status, &refused["error"]["param"]), (400, &json!("created[since]")));
    assert_eq!(stand.try_get("/v1/refunds?colour=red").await.0, 400);
    stand.stop().await;
}
