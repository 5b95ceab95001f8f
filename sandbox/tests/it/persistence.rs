//! State that outlives a restart.

use sandbox::Config;
use serde_json::json;

use crate::stand::{SESSION, Stand, id, ids};

/// The state is saved all the time; what a request changes after such a moment is saved as well.
#[tokio::test]
async fn what_a_slow_request_made_outlives_a_restart() {
    let file = std::env::temp_dir().join(format!("sandbox-state-{}.json", std::process::id()));
    let config = || Config { state_file: Some(file.clone()), ..Config::default() };
    let stand = Stand::with(config()).await;
    let fault = json!({"kind": "delay", "delay_ms": 700, "match": {"path": "/v1/checkout/sessions"}});
    stand.control("faults", fault).await;
    let made = stand.post("/v1/checkout/sessions", SESSION).await;
    stand.stop().await;
    let stand = Stand::with(config()).await;
    assert_eq!(ids(&stand.get("/v1/checkout/sessions").await), [id(&made, "id")]);
    stand.stop().await;
    std::fs::remove_file(file).unwrap();
}
