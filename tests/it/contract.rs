//! What is committed is what the code says: the OpenAPI document, the database schema, the migrations.

use std::path::Path;

use diesel_async::RunQueryDsl;
use merx::config::Config;

use crate::harness::TestApp;

/// Compares a committed file, or writes it with `MERX_BLESS=1`.
fn compare(path: &str, expected: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if std::env::var_os("MERX_BLESS").is_some() {
        std::fs::write(&file, expected).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == expected,
        "{path} is not what the code says; run `MERX_BLESS=1 script/test contract` and commit it"
    );
}

#[test]
fn the_committed_openapi_document_is_the_code_s() {
    compare("openapi.yaml", &merx::http::openapi::yaml().unwrap());
}

/// Generators of clients refuse a document whose references lead nowhere.
#[test]
fn every_reference_of_the_openapi_document_leads_somewhere() {
    let document = merx::http::openapi::document().to_json().unwrap();
    let schemas = &serde_json::from_str::<serde_json::Value>(&document).unwrap()["components"]["schemas"];
    for part in document.split("#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(schemas.get(name).is_some(), "{name} is referred to, but not defined");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_committed_schema_is_the_database_s() {
    let app = TestApp::start().await;
    compare("api/src/db/schema.rs", &schema(&app).await);
    app.finish().await;
}

/// Up was run for the template; down must leave nothing, and up again must make the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_go_down_to_nothing_and_up_again() {
    let app = TestApp::start().await;
    let config: &Config = &app.app.config;
    let before = schema(&app).await;
    assert!(merx::run::migrate(config, true).await.unwrap().count >= 4);
    let left = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE '\\_\\_diesel%'";
    assert_eq!(app.count(left).await, 0);
    assert!(merx::run::migrate(config, false).await.unwrap().count >= 4);
    assert_eq!(schema(&app).await, before);
    app.finish().await;
}

/// Of a table that was counted while it was empty PostgreSQL plans to read all, and goes on to until it counts again: in a new
/// shop's first minutes each order took longer than the one before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_migration_counts_a_table_that_is_empty() {
    let app = TestApp::start().await;
    let counted =
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND reltuples = 0";
    assert_eq!(app.count(counted).await, 0);
    app.finish().await;
}

async fn schema(app: &TestApp) -> String {
    #[derive(diesel::QueryableByName)]
    struct Printed {
        #[diesel(sql_type = diesel::sql_types::Text)]
        schema: String,
    }
    let printed: Printed =
        diesel::sql_query(include_str!("print_schema.sql")).get_result(&mut app.database().await).await.unwrap();
    printed.schema
}

#[test]
fn every_variable_is_documented_and_every_documented_one_is_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let names = |text: &str| -> std::collections::BTreeSet<String> {
        let words =
            text.split(|letter: char| !(letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_'));
        let known = |word: &&str| {
            ["MERX_", "STRIPE_", "SHIPPO_", "DATABASE_", "MIGRATION_"]
                .iter()
                .any(|start| word.starts_with(start) && word.len() > start.len())
        };
        words.filter(known).map(str::to_owned).collect()
    };
    let mut code = names(&(read("api/src/config/mod.rs") + &read("api/src/config/environment.rs")));
    code.extend(["MERX_LOG", "MERX_LOG_FORMAT", "MERX_DATA_DIR"].map(str::to_owned));
    assert_eq!(names(&read("docs/CONFIGURATION.md")), code);
}

/// No Docker engine runs here, so the file is parsed and its parts are looked at.
#[test]
fn the_compose_file_has_its_services_and_names_known_variables() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(root.join("docker-compose.yml")).unwrap();
    let mut file: serde_yaml_ng::Value = serde_yaml_ng::from_str(&text).unwrap();
    file.apply_merge().unwrap();
    let services = file["services"].as_mapping().unwrap();
    let names: Vec<&str> = services.keys().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(names, ["database", "role", "migrate", "service", "worker", "mail"]);
    let configuration = std::fs::read_to_string(root.join("docs/CONFIGURATION.md")).unwrap();
    for name in ["migrate", "service", "worker"] {
        for (variable, _) in services[name]["environment"].as_mapping().unwrap() {
            assert!(configuration.contains(&format!("`{}`", variable.as_str().unwrap())), "{variable:?}");
        }
    }
}

/// Whoever is woken by an alert or a finding finds it in the runbook.
#[test]
fn every_alert_and_finding_is_in_the_runbook() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let (runbook, alerts, rules) =
        (read("docs/RUNBOOK.md"), read("api/src/alerts/mod.rs"), read("api/src/check/rules.rs"));
    let kinds = alerts.lines().filter_map(|line| line.split("=> \"").nth(1)?.split('"').next());
    let names = rules.lines().filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\",")?.split_once(' '));
    let names = names.filter(|(number, _)| number.parse::<u8>().is_ok()).map(|(_, name)| name);
    let (kinds, names): (Vec<&str>, Vec<&str>) = (kinds.collect(), names.collect());
    assert!(kinds.len() > 15 && names.len() > 20, "{kinds:?} {names:?}");
    for name in kinds.iter().chain(&names) {
        assert!(runbook.contains(name), "docs/RUNBOOK.md does not tell what to do about `{name}`");
    }
}
