//! The audit log: what an entry says, who may rewrite it, how tampering is found, and how it is read.

use diesel_async::RunQueryDsl;
use merx::ids::AuditEntryId;
use serde_json::{Value, json};

use crate::harness::TestApp;

const ENTRIES: &str = "/v1/admin/audit-entries";

async fn entries(app: &TestApp, query: &str) -> Vec<Value> {
    let list = app.staff_get(&format!("{ENTRIES}?{query}")).send().await.expect(200);
    list["data"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_says_who_changed_what_from_what_to_what() {
    let app = TestApp::with(&[("MERX_TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let product = json!({"title": "Shirt", "slug": "shirt", "status": "active", "tags": ["old"],
        "variants": [{"sku": "S", "on_hand": 5, "prices": [{"amount": 1999, "currency": "EUR"}]}]});
    let product = app.staff_post("/v1/admin/products", product).send().await.expect(201);
    let (id, variant) = (product["id"].as_str().unwrap(), product["variants"][0]["id"].as_str().unwrap());
    let patch = app.staff_patch(&format!("/v1/admin/products/{id}"), json!({"title": "T-shirt", "tags": ["old"]}));
    let patch = patch.header("X-Request-Id", "trace-7").header("X-Forwarded-For", "203.0.113.7");
    patch.send().await.expect(200);
    let of_product = entries(&app, &format!("subject_id={id}")).await;
    let [changed, made] = &of_product[..] else { panic!("two entries: {of_product:?}") };
    assert_eq!((&made["action"], &changed["action"]), (&json!("product.created"), &json!("product.updated")));
    assert_eq!(changed["changes"], json!({"/title": {"before": "Shirt", "after": "T-shirt"}}));
    assert_eq!(made["changes"]["/slug"], json!({"after": "shirt"}));
    let [who, name] = ["actor", "actor_name"].map(|member| changed[member].as_str().unwrap());
    assert!(who.starts_with("key_") && name == "tests", "{changed}");
    assert_eq!(
        (&changed["request_id"], &changed["client_address"], &changed["reason"]),
        (&json!("trace-7"), &json!("203.0.113.7"), &Value::Null)
    );
    let prices = json!({"prices": [{"amount": 2100, "currency": "EUR"}], "track_inventory": false});
    app.staff_patch(&format!("/v1/admin/variants/{variant}"), prices).send().await.expect(200);
    let adjusted = json!({"delta": -2, "reason": "damaged", "note": "fell off the shelf"});
    app.staff_post(&format!("/v1/admin/variants/{variant}/stock-adjustments"), adjusted).send().await.expect(201);
    let of_variant = entries(&app, &format!("subject_id={variant}")).await;
    let [adjusted, changed] = &of_variant[..] else { panic!("two entries: {of_variant:?}") };
    assert_eq!(adjusted["reason"], "damaged: fell off the shelf");
    assert_eq!(adjusted["changes"], json!({"/inventory/on_hand": {"before": 5, "after": 3}}));
    assert_eq!(changed["changes"]["/inventory/track_inventory"], json!({"before": true, "after": false}));
    assert!(changed["changes"].get("/prices").is_some() && changed["changes"].get("/sku").is_none(), "{changed}");
    // What is refused leaves nothing; what a customer said is masked, and secrets are in no entry.
    let count = "SELECT count(*) FROM audit_log";
    let before = app.count(count).await;
    app.staff_patch(&format!("/v1/admin/products/{id}"), json!({"title": ""})).send().await.expect(422);
    let stale =
        app.staff_patch(&format!("/v1/admin/products/{id}"), json!({"title": "X"})).header("If-Match", "\"v1-0\"");
    stale.send().await.expect(412);
    assert_eq!(app.count(count).await, before);
    let test = json!({"recipient": "ada@example.com"});
    app.staff_post("/v1/admin/email-templates/alert/test", test).send().await.expect(201);
    let endpoint = json!({"url": "https://hooks.invalid/a?key=hunter2", "event_types": ["*"], "status": "disabled"});
    let endpoint = app.staff_post("/v1/admin/webhook-endpoints", endpoint).send().await.expect(201);
    let all = format!("{:?}", entries(&app, "limit=100").await);
    assert!(all.contains("[masked]"));
    for hidden in ["ada@example.com", "hunter2", endpoint["secret"].as_str().unwrap(), app.admin_key.as_str()] {
        assert!(!all.contains(hidden), "{hidden}");
    }
    app.run_jobs().await;
    app.finish().await;
}

/// The command line writes as `cli`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_leaves_entries() {
    let app = TestApp::start().await;
    let (code, token) = app.command(&["keys", "create", "--name", "till", "--scopes", "orders:read"]).await;
    assert_eq!(code, 0);
    let by_command = entries(&app, "actor=cli").await;
    let [made] = &by_command[..] else { panic!("one entry: {by_command:?}") };
    let key = made["subject_id"].as_str().unwrap().to_owned();
    assert_eq!((&made["action"], &made["changes"]["/name"]["after"]), (&json!("api_key.created"), &json!("till")));
    assert!(!made.to_string().contains(token.trim()), "{made}");
    for _ in 0..2 {
        assert_eq!(app.command(&["keys", "revoke", &key]).await.0, 0);
    }
    let file = std::env::temp_dir().join(format!("merx-audit-{}.csv", uuid::Uuid::new_v4()));
    std::fs::write(&file, "Handle,Title,Variant SKU,Variant Price,Variant Inventory Tracker,Variant Inventory Qty\na,A,A,1.00,shopify,3\nb,B,B,2.00,shopify,3\n").unwrap();
    let (code, out) = app.command(&["import", &file.display().to_string()]).await;
    std::fs::remove_file(&file).unwrap();
    assert_eq!(code, 0, "{out}");
    app.sql("UPDATE stock_levels SET reserved = 1").await;
    assert_eq!(app.command(&["check", "--repair", "--apply"]).await.0, 0);
    let actions: Vec<Value> = entries(&app, "actor=cli").await.iter().map(|entry| entry["action"].clone()).collect();
    let repaired = json!("database.repaired");
    assert_eq!(
        actions,
        [repaired.clone(), repaired, json!("import.created"), json!("api_key.revoked"), json!("api_key.created")]
    );
    app.run_jobs().await;
    app.finish().await;
}

/// The service's own role may add, and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_role_of_the_service_cannot_rewrite_what_is_only_added_to() {
    let app = TestApp::start().await;
    app.variant(3).await;
    let mut service = app.database_of_service().await;
    for table in merx::db::roles::APPEND_ONLY {
        let statements = [
            format!("UPDATE {table} SET created_at = now()"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table}"),
        ];
        for statement in statements {
            let refused = diesel::sql_query(&statement).execute(&mut service).await.unwrap_err().to_string();
            assert!(refused.contains(&format!("permission denied for table {table}")), "{statement}: {refused}");
        }
        let dropped = diesel::sql_query(format!("DROP TABLE {table}")).execute(&mut service).await.unwrap_err();
        assert!(dropped.to_string().contains("must be owner"), "{dropped}");
    }
    for statement in ["DELETE FROM audit_head", "TRUNCATE audit_head"] {
        let refused = diesel::sql_query(statement).execute(&mut service).await.unwrap_err().to_string();
        assert!(refused.contains("permission denied for table audit_head"), "{statement}: {refused}");
    }
    assert_eq!(merx::db::roles::rewritable(&mut service).await.unwrap(), Vec::<String>::new());
    let (code, out) = app.command(&["check"]).await;
    assert!(code == 0 && !out.contains("warning"), "{out}");
    // With one role for both it is said, and breaks nothing.
    let owner = merx::db::roles::rewritable(&mut app.database().await).await.unwrap();
    assert_eq!(owner, ["audit_log", "stock_movements"]);
    let one_role = app.command_with(&["check"], &[("DATABASE_URL", &app.owner_url())]).await;
    assert!(one_role.0 == 0 && one_role.1.contains("warning: this role may rewrite audit_log"), "{one_role:?}");
    let (_, migrated) = app.command(&["migrate"]).await;
    assert!(migrated.contains("The role merx_app may use the tables, and only add to audit_log and stock_movements."));
    let (_, alone) = app.command_with(&["migrate"], &[("DATABASE_URL", &app.owner_url())]).await;
    assert!(alone.contains("the audit log could be rewritten"), "{alone}");
    let nobody = app.owner_url().replacen("merx:", "nobody_yet:", 1);
    let (code, without) = app.command_with(&["migrate"], &[("DATABASE_URL", &nobody)]).await;
    assert!(code == 0 && without.contains("There is no role nobody_yet yet"), "{without}");
    app.finish().await;
}

/// What cannot be written down is not done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_head_of_the_log_nothing_is_changed() {
    let app = TestApp::start().await;
    let make = || app.staff_post("/v1/admin/collections", json!({"title": "Unseen", "slug": "unseen"})).send();
    app.sql("CREATE TABLE kept AS SELECT * FROM audit_head").await;
    app.sql("DELETE FROM audit_head").await;
    make().await.problem(500, "internal_error");
    assert_eq!(app.count("SELECT count(*) FROM collections").await, 0);
    app.sql("INSERT INTO audit_head SELECT * FROM kept").await;
    app.sql("DROP TABLE kept").await;
    make().await.expect(201);
    app.finish().await;
}

/// Whoever owns the tables can rewrite them; the chain tells.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edited_a_removed_and_a_moved_entry_are_found() {
    let app = TestApp::start().await;
    for number in 0..6 {
        app.staff_post("/v1/admin/collections", json!({"title": format!("C{number}")})).send().await.expect(201);
    }
    assert_eq!(app.findings().await, []);
    let kept = entries(&app, "limit=100").await;
    let id = |sequence: usize| kept[kept.len() - sequence]["id"].as_str().unwrap().to_owned();
    app.sql("CREATE TABLE kept AS SELECT * FROM audit_log").await;
    let restore = async || {
        app.sql("DELETE FROM audit_log").await;
        app.sql("INSERT INTO audit_log SELECT * FROM kept").await;
        assert_eq!(app.findings().await, []);
    };
    let findings = async || app.findings().await.into_iter().map(|finding| finding.detail).collect::<Vec<_>>();
    app.sql("UPDATE audit_log SET actor_name = 'nobody' WHERE sequence = 2").await;
    let edited = format!("audit entry 2 ({}) is not what was written there: it was changed or moved", id(2));
    assert_eq!(findings().await, std::slice::from_ref(&edited));
    let (code, out) = app.command(&["check"]).await;
    assert!(code == 1 && out.contains(&format!("invariant 8 the audit log is as it was written: {edited}")), "{out}");
    restore().await;
    app.sql("DELETE FROM audit_log WHERE sequence IN (3, 4)").await;
    assert_eq!(findings().await, [format!("audit entries 3 to 4 are missing: 5 ({}) comes next", id(5))]);
    restore().await;
    app.sql("DELETE FROM audit_log WHERE sequence > 4").await;
    assert_eq!(findings().await, ["audit entries 5 to 6 are missing: the newest that is there is 4"]);
    restore().await;
    app.sql("UPDATE audit_log SET sequence = CASE sequence WHEN 2 THEN -5 ELSE -2 END WHERE sequence IN (2, 5)").await;
    app.sql("UPDATE audit_log SET sequence = -sequence WHERE sequence < 0").await;
    let moved = findings().await;
    assert!(moved.len() >= 2 && moved[0].contains("audit entry 2 ("), "{moved:?}");
    restore().await;
    // A chain that was made anew from an entry on does not end as the head says.
    app.sql("UPDATE audit_head SET hash = sha256(hash)").await;
    assert_eq!(findings().await, ["audit entry 6 is not the one that the chain ends with, which is 6"]);
    app.sql("UPDATE audit_head SET hash = (SELECT hash FROM audit_log WHERE sequence = 6)").await;
    app.sql("DROP TABLE kept").await;
    app.finish().await;
}

/// Many at once: one chain without a fork.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_at_once_make_one_chain() {
    let app = TestApp::start().await;
    let (shared, variant) = (app.variant(5).await, app.variant(5).await);
    let writes = (0..24).map(|number| {
        let (app, path) = (&app, if number % 2 == 0 { &shared } else { &variant });
        async move {
            let body = json!({"delta": 1, "reason": "received"});
            app.staff_post(&format!("/v1/admin/variants/{path}/stock-adjustments"), body).send().await.expect(201);
        }
    });
    futures_util::future::join_all(writes).await;
    assert_eq!(app.count("SELECT count(*) FROM audit_log WHERE action = 'variant.stock_adjusted'").await, 24);
    assert_eq!(app.count("SELECT max(sequence) - count(*) AS count FROM audit_log").await, 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_filtered_paged_and_exported() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let collection = json!({"title": "=HYPERLINK(1)"});
    let collection = app.staff_post("/v1/admin/collections", collection).send().await.expect(201);
    let id = collection["id"].as_str().unwrap();
    app.advance(3600).await;
    let note = json!({"delta": 1, "reason": "received", "note": "@sum"});
    let adjust = app.staff_post(&format!("/v1/admin/variants/{variant}/stock-adjustments"), note);
    adjust.header("X-Request-Id", "trace-9").send().await.expect(201);
    let actions = async |query: &str| {
        let found = entries(&app, query).await;
        found.iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(actions("").await, ["variant.stock_adjusted", "collection.created", "product.created"]);
    assert_eq!(actions("action=collection").await, ["collection.created"]);
    assert_eq!(actions("action=collection.created").await, ["collection.created"]);
    assert!(actions("action=collectio").await.is_empty() && actions("action=collection_").await.is_empty());
    assert_eq!(actions(&format!("subject_id={id}")).await, ["collection.created"]);
    assert_eq!(actions("request_id=trace-9").await, ["variant.stock_adjusted"]);
    let late = (app.app.clock.now() - chrono::TimeDelta::minutes(30)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    assert_eq!(actions(&format!("since={late}")).await, ["variant.stock_adjusted"]);
    assert_eq!(actions(&format!("until={late}")).await, ["collection.created", "product.created"]);
    app.staff_get(&format!("{ENTRIES}?action=%25")).send().await.problem(400, "invalid_query");
    let (mut seen, mut path) = (Vec::new(), format!("{ENTRIES}?limit=1"));
    loop {
        let page = app.staff_get(&path).send().await.expect(200);
        seen.push(page["data"][0]["sequence"].as_i64().unwrap());
        let Some(cursor) = page["page"]["next_cursor"].as_str() else { break };
        path = format!("{ENTRIES}?limit=1&cursor={cursor}");
    }
    assert_eq!(seen, [3, 2, 1]);
    let newest = entries(&app, "limit=1").await[0].clone();
    let one = app.staff_get(&format!("{ENTRIES}/{}", newest["id"].as_str().unwrap())).send().await.expect(200);
    assert_eq!(one, newest);
    app.staff_get(&format!("{ENTRIES}/{}", AuditEntryId::new())).send().await.problem(404, "not_found");
    // A file of more than one piece, newest first, with nothing that a spreadsheet runs.
    app.sql(
        "INSERT INTO audit_log SELECT gen_random_uuid(), sequence + 10, actor, actor_name, request_id, client_address, action, \
         subject_id, reason, changes, created_at, previous_hash, hash FROM generate_series(1, 1200) AS sequence, \
         (SELECT * FROM audit_log WHERE audit_log.sequence = 1) AS one (a, b, actor, actor_name, request_id, client_address, \
         action, subject_id, reason, changes, created_at, previous_hash, hash)",
    )
    .await;
    let file = app.staff_get(&format!("{ENTRIES}.csv")).send().await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    let mut reader = csv::Reader::from_reader(file.text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!((rows.len(), &rows[0][0], &rows[1202][0]), (1203, "1210", "1"));
    assert_eq!(&rows[1200][6], "received: @sum");
    assert!(rows[1201][7].contains("=HYPERLINK(1)"), "{:?}", rows[1201]);
    assert!(rows.iter().flat_map(|row| row.iter()).all(|cell| !cell.starts_with(['=', '+', '-', '@'])));
    let few = app.staff_get(&format!("{ENTRIES}.csv?action=collection")).send().await;
    assert_eq!(few.text.lines().count(), 2);
    app.sql("DELETE FROM audit_log WHERE sequence > 10").await;
    app.finish().await;
}

/// What the documentation promises: each action is listed there.
#[test]
fn every_action_is_documented() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let (document, actions) = (read("docs/AUDIT.md"), read("api/src/audit/action.rs"));
    let names: Vec<&str> = actions.lines().filter_map(|line| line.split("=> \"").nth(1)?.split('"').next()).collect();
    assert!(names.len() > 50, "{names:?}");
    for name in names {
        assert!(document.contains(&format!("`{name}`")), "docs/AUDIT.md does not list `{name}`");
    }
}
