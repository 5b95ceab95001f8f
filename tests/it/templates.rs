//! The templates of e-mails: the built-in HTML is what its MJML gives, and what each says is known.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::clients::clients;
use crate::harness::TestApp;

const LANGUAGES: [&str; 2] = ["de", "en"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/mail")
}

/// Compares a committed file, or writes it with `MERX_BLESS=1`; answers its name when it differs.
fn differs(file: &Path, expected: &str) -> Option<String> {
    if std::env::var_os("MERX_BLESS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, expected).unwrap();
    }
    (std::fs::read_to_string(file).unwrap_or_default() != expected).then(|| file.display().to_string())
}

/// A source with the files that it includes in their places.
fn source(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let part = |line: &str| {
        let included = line.trim().strip_prefix("<mj-include path=\"").and_then(|rest| rest.strip_suffix("\" />"));
        included.map_or_else(|| format!("{line}\n"), |path| source(&file.with_file_name(path)))
    };
    text.lines().map(part).collect()
}

#[test]
fn the_committed_html_is_what_the_mjml_gives() {
    let mut wrong = Vec::new();
    for language in LANGUAGES {
        for entry in std::fs::read_dir(root().join(language)).unwrap() {
            let file = entry.unwrap().path();
            let whole = source(&file);
            if file.extension().is_none_or(|extension| extension != "mjml") || !whole.starts_with("<mjml") {
                continue;
            }
            let parsed = mrml::parse(&whole).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            assert!(parsed.warnings.is_empty(), "{}: {:?}", file.display(), parsed.warnings);
            let html = parsed.element.render(&mrml::prelude::render::RenderOptions::default()).unwrap();
            wrong.extend(differs(&file.with_extension("html"), &format!("{html}\n")));
        }
    }
    assert!(wrong.is_empty(), "run `MERX_BLESS=1 script/test templates` and commit {wrong:?}");
}

/// What each kind says of its sample, in both languages, as text and as HTML.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_templates_say_is_what_is_committed() {
    let app = TestApp::with(&[("MERX_STORE_NAME", "Camp & Co"), ("MERX_STOREFRONT_URL", "https://shop.example")]).await;
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/it/mails");
    let mut wrong = Vec::new();
    for language in LANGUAGES {
        for kind in merx::mail::EmailKind::ALL {
            let path = format!("/v1/admin/email-templates/{kind}?locale={language}");
            let preview = app.staff_get(&path).send().await.expect(200);
            assert_eq!(preview["locale"], language);
            let text = |member: &str| preview["content"][member].as_str().unwrap().to_owned();
            let whole = format!("{}\n\n{}", text("subject"), text("text"));
            wrong.extend(differs(&kept.join(format!("{kind}.{language}.txt")), &whole));
            wrong.extend(differs(&kept.join(format!("{kind}.{language}.html")), &text("html")));
        }
    }
    assert!(wrong.is_empty(), "run `MERX_BLESS=1 script/test templates`, look at them, and commit {wrong:?}");
    app.finish().await;
}

/// A person reads each mail in a real browser: wide and narrow, light and dark, with nothing fetched from anywhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mail_is_read_in_chromium_as_is_committed() {
    let app = TestApp::with(&[("MERX_STORE_NAME", "Camp & Co"), ("MERX_STOREFRONT_URL", "https://shop.example")]).await;
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mails = std::env::temp_dir().join(format!("merx-mails-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&mails).unwrap();
    for language in LANGUAGES {
        for kind in merx::mail::EmailKind::ALL {
            let path = format!("/v1/admin/email-templates/{kind}?locale={language}");
            let preview = app.staff_get(&path).send().await.expect(200);
            let html = preview["content"]["html"].as_str().unwrap();
            std::fs::write(mails.join(format!("{kind}.{language}.html")), html).unwrap();
        }
    }
    let command = tokio::process::Command::new("node")
        .arg(clients().join("mails.mjs"))
        .args([&mails, &project.join("target/screenshots/mails")])
        .kill_on_drop(true)
        .output();
    // A hundred pages, which takes its time on a busy machine.
    let output = tokio::time::timeout(Duration::from_secs(300), command).await.expect("Chromium hangs").unwrap();
    std::fs::remove_dir_all(&mails).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (mut wrong, mut read) = (Vec::new(), 0);
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let seen: Value = serde_json::from_str(line).unwrap();
        let (file, text) = (seen["file"].as_str().unwrap(), seen["text"].as_str().unwrap());
        assert_eq!(seen["wrong"], json!([]), "{file}");
        let kept = project.join("tests/it/mails").join(file).with_extension("seen.txt");
        wrong.extend(differs(&kept, &format!("{text}\n")));
        read += 1;
    }
    assert_eq!(read, LANGUAGES.len() * merx::mail::EmailKind::ALL.len());
    assert!(
        wrong.is_empty(),
        "run `MERX_BLESS=1 script/test templates`, look at target/screenshots, and commit {wrong:?}"
    );
    app.finish().await;
}

/// A shop says things in its own words, and in languages that are not built in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_brings_its_own_templates() {
    let folder = std::env::temp_dir().join(format!("merx-templates-{}", uuid::Uuid::new_v4()));
    for (name, text) in [
        ("de/alert.txt", "Subject: Hallo {{ shop.name }}\n\n{{ alerts[0].detail }}\n"),
        ("fr/order_shipped.txt", "Subject: Commande {{ order.number }}\n\n{{ order.total }}, {{ order.date }}\n"),
        ("fr/order_shipped.html", "<p>{{ shop.name }}</p>"),
    ] {
        std::fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
        std::fs::write(folder.join(name), text).unwrap();
    }
    let app =
        TestApp::with(&[("MERX_TEMPLATES_DIR", folder.to_str().unwrap()), ("MERX_STORE_NAME", "Camp & Co")]).await;
    let preview = async |kind: &str, locale: &str| -> Value {
        app.staff_get(&format!("/v1/admin/email-templates/{kind}?locale={locale}")).send().await.expect(200)
    };
    let own = preview("alert", "de-CH").await;
    assert_eq!((&own["content"]["subject"], &own["locale"]), (&json!("Hallo Camp & Co"), &json!("de")));
    let french = preview("order_shipped", "fr-CA").await;
    assert_eq!(french["content"]["text"], "1\u{a0}333,88\u{a0}€, 2026-11-24\n");
    assert_eq!(french["content"]["html"], "<p>Camp &amp; Co</p>");
    assert_eq!(preview("order_refunded", "fr").await["locale"], "en");
    app.staff_get("/v1/admin/email-templates/nonsense").send().await.problem(404, "not_found");
    app.finish().await;
    std::fs::remove_dir_all(&folder).unwrap();
}
