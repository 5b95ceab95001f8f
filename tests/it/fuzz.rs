//! A stranger reads the OpenAPI document and sends what it can think of: Schemathesis, so many cases of each operation.

use serde_json::json;

use crate::harness::TestApp;

/// What it need not look at: it knows nothing of whose cart is whose, takes a 412 for acceptance, and cannot know which
/// ids there are.
const NOT_ITS_BUSINESS: &str =
    "ignored_auth,object_level_authorization,negative_data_rejection,positive_data_acceptance";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemathesis_finds_no_5xx_and_nothing_undocumented() {
    let app = TestApp::start().await;
    let variant = app.variant(100).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    app.staff_post("/v1/admin/collections", json!({"title": "Camp"})).send().await.expect(201);
    let clients = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/clients");
    let run = tokio::process::Command::new(clients.join("venv/bin/schemathesis"))
        .current_dir(std::env::temp_dir())
        .args(["run", &format!("{}/openapi.json", app.base_url), "--url", &app.base_url])
        .args([
            "-H",
            &format!("Authorization: Bearer {}", app.admin_key),
            "-H",
            &format!("X-Cart-Token: {}", cart.token),
        ])
        .args(["-H", "X-Order-Token: ot_of_nobody", "--exclude-checks", NOT_ITS_BUSINESS])
        // It would wait for the stream's end.
        .args(["--exclude-operation-id", "stream_events"])
        .args(["--phases", "examples,coverage,fuzzing", "--max-examples", "3", "--seed", "1"])
        .args(["--continue-on-failure", "--warnings", "off", "--suppress-health-check", "all", "--no-color"])
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(std::time::Duration::from_secs(600), run).await;
    let output = output.expect("it ends by itself").expect("Schemathesis is installed by script/bootstrap test");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let generated = said.split_once(" generated").and_then(|(before, _)| before.rsplit(char::is_whitespace).next());
    let generated: u32 = generated.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{said}"));
    assert!(generated > 1000, "only {generated} cases: {said}");
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}
