//! Invoices, credit notes and their reversals.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{CheckoutHandle, SmtpServer, TestApp, address};

fn seller() -> Value {
    json!({
        "name": "Merx Goods GmbH", "tax_ids": [{"type": "eu_vat", "value": "DE123456789"}], "registration": "HRB 12345",
        "address": {"line1": "Torstr. 1", "city": "Berlin", "postal_code": "10119", "country": "DE"},
    })
}

async fn begin(app: &TestApp) {
    let settings = json!({"seller": seller(), "footer": "Thank <you>."});
    app.staff_patch("/v1/admin/invoice-settings", settings).send().await.expect(200);
    let tax = json!({"provider": "table", "rates": [{"name": "VAT", "country": "DE", "percentage": "19"}]});
    app.staff_patch("/v1/admin/tax-settings", tax).send().await.expect(200);
}

async fn documents(app: &TestApp, checkout: &CheckoutHandle) -> Vec<Value> {
    let path = format!("/v1/orders/{}/invoices", checkout.order_id);
    let list = app.get(&path).header("X-Order-Token", &checkout.order_token).send().await.expect(200);
    list["data"].as_array().unwrap().clone()
}

fn numbers(documents: &[Value]) -> Vec<&str> {
    documents.iter().map(|document| document["number"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sale_is_invoiced_its_refund_credited_and_a_failed_refund_reversed() {
    let app = TestApp::start().await;
    let variant = app.variant(20).await;
    let early = app.paid(&variant, 1).await;
    app.refund_amount(&early, 500, "EUR").await;
    let issue = |checkout: &CheckoutHandle| {
        app.call("POST", &format!("/v1/admin/orders/{}/invoice", checkout.order_id)).bearer(&app.admin_key).send()
    };
    issue(&early).await.problem(409, "invoice_not_possible");
    begin(&app).await;
    let sold = app.paid(&variant, 3).await;
    let all = documents(&app, &sold).await;
    assert_eq!(numbers(&all), ["INV-1"]);
    let (document, order) = (&all[0]["document"], app.order(&sold).await);
    assert_eq!((&document["total"], &document["tax"]), (&order["totals"]["total"], &order["totals"]["tax"]));
    assert_eq!((&document["order_number"], &document["paid"]), (&order["number"], &Value::Null));
    assert_eq!(document["taxes"][0]["percentage"], "19");
    app.refund_line(&sold, 0, json!({})).await;
    app.refund_amount(&sold, 100, "EUR").await;
    let all = documents(&app, &sold).await;
    assert_eq!(numbers(&all), ["INV-1", "CN-1", "CN-2"]);
    assert_eq!((&all[1]["document"]["corrects"], &all[1]["kind"]), (&json!("INV-1"), &json!("credit_note")));
    // The last refund's money comes back: it is owed as before.
    let at_stripe = app.sandbox_get("/_control/summary").await["refunds"].as_array().unwrap().clone();
    let last = at_stripe.iter().find(|refund| refund["amount"] == 100).unwrap()["id"].as_str().unwrap().to_owned();
    app.control(&format!("refunds/{last}"), json!({"status": "failed"})).await;
    app.run_jobs().await;
    let all = documents(&app, &sold).await;
    assert_eq!((numbers(&all)[3], &all[3]["kind"]), ("CN-3", &json!("credit_note_reversal")));
    // What was sold before the shop issued invoices.
    for _ in 0..2 {
        assert_eq!(issue(&early).await.expect(200)["number"], "INV-2");
    }
    assert_eq!(numbers(&documents(&app, &early).await), ["INV-2", "CN-4"]);
    let listed = app.staff_get("/v1/admin/invoices?kind=invoice&limit=1").send().await.expect(200);
    assert_eq!((&listed["data"][0]["number"], &listed["page"]["has_more"]), (&json!("INV-2"), &json!(true)));
    let about = app.staff_get(&format!("/v1/admin/invoices?order_id={}", early.order_id)).send().await.expect(200);
    assert_eq!(numbers(about["data"].as_array().unwrap()), ["CN-4", "INV-2"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn numbers_have_no_gaps_however_many_pay_at_once() {
    let app = TestApp::start().await;
    begin(&app).await;
    let variant = app.variant(40).await;
    let mut checkouts = Vec::new();
    for _ in 0..16 {
        checkouts.push(app.checked_out(&variant, 1).await.1);
    }
    join_all(checkouts.iter().map(|checkout| app.pay(checkout, "paid"))).await;
    app.deliveries_done().await;
    join_all((0..4).map(|_| merx::jobs::worker::run_due(&app.app))).await;
    app.run_jobs().await;
    let listed = app.staff_get("/v1/admin/invoices?limit=100").send().await.expect(200);
    let mut given: Vec<u32> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|invoice| invoice["number"].as_str().unwrap().strip_prefix("INV-").unwrap().parse().unwrap())
        .collect();
    given.sort_unstable();
    assert_eq!(given, (1..=16).collect::<Vec<_>>());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invoice_is_read_as_page_and_as_file_in_the_order_s_language() {
    let app = TestApp::start().await;
    begin(&app).await;
    let variant = app.variant_with(json!({"on_hand": 5})).await;
    let mut to = address();
    to["name"] = json!("Zoë <b>Łukasiewicz</b>");
    let cart = json!({"email": "zoe@example.com", "locale": "de-AT", "shipping_address": to, "line_items": [{"variant_id": variant, "quantity": 2}]});
    let checkout = app.checkout(&app.cart_with(cart).await).await;
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    let path = format!("/v1/orders/{}/invoice", checkout.order_id);
    let read = |query: &str| app.get(&format!("{path}{query}")).header("X-Order-Token", &checkout.order_token).send();
    let page = read("?format=html").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    for text in
        ["<html lang=\"de\">", "Rechnung INV-1", "Zoë &lt;b&gt;Łukasiewicz", "19 %", "Thank &lt;you&gt;.", "HRB 12345"]
    {
        assert!(page.text.contains(text), "{text} in {}", page.text);
    }
    let file = read("?format=pdf").await;
    assert_eq!((file.status, file.header("content-type")), (200, "application/pdf"));
    assert_eq!(file.header("content-disposition"), "inline; filename=\"INV-1.pdf\"");
    assert!(file.text.starts_with("%PDF-") && file.text.contains("%%EOF"));
    read("?format=doc").await.problem(400, "invalid_query");
    let id = read("").await.expect(200)["id"].as_str().unwrap().to_owned();
    let other = app.paid(&variant, 1).await;
    let strange = app.get(&format!("/v1/orders/{}/invoices/{id}", other.order_id));
    strange.header("X-Order-Token", &other.order_token).send().await.problem(404, "not_found");
    for path in [path.clone(), format!("{path}s"), format!("{path}s/{id}")] {
        let stolen = app.get(&path).header("X-Order-Token", &other.order_token).send().await;
        stolen.problem(404, "not_found");
    }
    app.finish().await;
}

/// What was given back states its own rates, and no number is given twice whatever the series are called.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credit_note_states_the_rates_of_what_was_given_back() {
    let app = TestApp::start().await;
    begin(&app).await;
    let rate = |percentage: &str, codes: Value| json!({"name": "VAT", "country": "DE", "percentage": percentage, "tax_codes": codes, "on_shipping": codes == json!([])});
    let rates = json!({"rates": [rate("19", json!([])), rate("7", json!(["txcd_35010000"]))]});
    app.staff_patch("/v1/admin/tax-settings", rates).send().await.expect(200);
    let (tent, book) = (app.variant(9).await, app.variant(9).await);
    let product = app.read_variant(&book).await["product_id"].as_str().unwrap().to_owned();
    let code = json!({"tax_code": "txcd_35010000"});
    app.staff_patch(&format!("/v1/admin/products/{product}"), code).send().await.expect(200);
    let settings = |body: Value| app.staff_patch("/v1/admin/invoice-settings", body).send();
    settings(json!({"invoice_prefix": "2026"})).await.problem(422, "validation_failed");
    settings(json!({"credit_note_prefix": "INV-"})).await.problem(422, "validation_failed");
    settings(json!({"invoice_prefix": "CN-", "credit_note_prefix": "INV-"})).await.expect(200);
    let checkout = app.checkout(&app.cart(&[(&tent, 1), (&book, 2)]).await).await;
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    app.refund_line(&checkout, 1, json!({})).await;
    let all = documents(&app, &checkout).await;
    assert_eq!(numbers(&all), ["CN-1", "INV-1"]);
    let (sold, back) = (&all[0]["document"], &all[1]["document"]);
    let percentages = |document: &Value| -> Vec<Value> {
        document["taxes"].as_array().unwrap().iter().map(|tax| tax["percentage"].clone()).collect()
    };
    assert_eq!((percentages(sold).len(), percentages(back)), (2, vec![json!("7")]));
    assert_eq!((&back["taxes"][0]["amount"], &back["taxes"][0]["taxable_amount"]), (&back["tax"], &back["net"]));
    settings(json!({"invoice_prefix": "INV-", "credit_note_prefix": "CN-"})).await.expect(200);
    app.refund_amount(&checkout, 500, "EUR").await;
    let all = documents(&app, &checkout).await;
    assert_eq!((numbers(&all)[2], percentages(&all[2]["document"]).len()), ("CN-2", 2));
    app.finish().await;
}

/// The links in the mails: a browser opens them with nothing but the address, for thirty days.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_link_to_the_invoice_and_to_the_credit_note() {
    let smtp = SmtpServer::start().await;
    let url = smtp.url("", "");
    let from = "Camp <orders@shop.example>";
    let variables = [("MERX_SMTP_URL", url.as_str()), ("MERX_MAIL_FROM", from), ("MERX_RATE_LIMIT", "on")];
    let app = TestApp::with(&variables).await;
    let variant = app.variant(9).await;
    // A shop that issues none links to none.
    app.paid(&variant, 1).await;
    assert!(!smtp.taken()[0].text.contains("/v1/invoices/"));
    begin(&app).await;
    let (sold, other) = (app.paid(&variant, 1).await, app.paid(&variant, 1).await);
    app.refund_amount(&sold, 100, "EUR").await;
    let link = |mail: usize, number: &str| {
        let mail = smtp.taken().remove(mail);
        let line = mail.text.lines().find(|line| line.contains("/v1/invoices/")).unwrap().to_owned();
        let (said, link) = line.split_once(": ").unwrap();
        assert!(said.ends_with(number) && mail.html.contains(&link.replace('&', "&amp;")), "{line}\n{}", mail.html);
        link.strip_prefix(&app.app.config.public_url).unwrap().to_owned()
    };
    let (invoice, foreign, credit_note) = (link(1, "INV-1"), link(2, "INV-2"), link(3, "CN-1"));
    app.advance(29 * 86_400).await;
    let page = app.get(&invoice).send().await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    for (header, value) in [
        ("cache-control", "private, no-store"),
        ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(page.header(header), value);
    }
    assert!(page.text.contains("Invoice INV-1") && page.header("ratelimit").contains("requests-per-address"));
    let file = format!("{invoice}&format=pdf");
    let named = file.split_once('?').unwrap().1.replace('&', "&amp;");
    assert!(page.text.contains(&format!("href=\"?{named}\"")), "{}", page.text);
    let file = app.get(&file).send().await;
    assert_eq!((file.status, file.header("content-type")), (200, "application/pdf"));
    assert_eq!((file.header("cache-control"), file.header("referrer-policy")), ("private, no-store", "no-referrer"));
    assert!(file.text.starts_with("%PDF-"));
    assert!(app.get(&credit_note).send().await.text.contains("Credit note CN-1"));
    // Another's token, another end, another kind of token, none at all.
    let ((path, token), (_, foreign_token)) = (invoice.split_once('?').unwrap(), foreign.split_once('?').unwrap());
    let end: i64 = token.strip_prefix("token=il_").unwrap().split('.').next().unwrap().parse().unwrap();
    let order_token = smtp.taken()[1].text.split("?token=ol_").nth(1).unwrap().lines().next().unwrap().to_owned();
    for wrong in [
        foreign_token.to_owned(),
        token.replacen(&end.to_string(), &(end + 86_400).to_string(), 1),
        token.chars().rev().skip(1).collect::<Vec<_>>().into_iter().rev().collect(),
        format!("token=ol_{order_token}"),
        format!("token=il_{order_token}"),
        format!("token={}", sold.order_token),
        "token=".to_owned(),
    ] {
        app.get(&format!("{path}?{wrong}")).send().await.problem(404, "not_found");
    }
    app.get("/v1/invoices/inv_01jd8x3v5ke2t9qj6f4z0w7m8r?token=il_1.x").send().await.problem(404, "not_found");
    app.get(path).send().await.problem(400, "invalid_query");
    app.get(&format!("{invoice}&format=json")).send().await.problem(400, "invalid_query");
    // What opens an order opens no invoice by its address, and the other way round.
    let own = format!("il_{}", token.strip_prefix("token=il_").unwrap());
    let as_order = app.get(&format!("/v1/orders/{}", sold.order_id)).header("X-Order-Token", &own);
    as_order.send().await.problem(404, "not_found");
    // Neither rows nor staff see a token.
    let kept = app.count("SELECT count(*) FROM emails WHERE data::text LIKE '%il_%'").await;
    let listed = app.staff_get("/v1/admin/emails?kind=order_confirmation").send().await.expect(200);
    let id = listed["data"][1]["id"].as_str().unwrap().to_owned();
    let shown = app.staff_get(&format!("/v1/admin/emails/{id}")).send().await.expect(200);
    let text = shown["content"]["text"].as_str().unwrap();
    assert!(kept == 0 && text.contains("?token=hidden") && !text.contains("il_"), "{text}");
    // Revoked with the order's other tokens; over after thirty days.
    let number = app.order(&other).await["number"].as_str().unwrap().to_owned();
    app.sql(&format!("UPDATE orders SET token_version = 2 WHERE number = '{number}'")).await;
    app.get(&foreign).send().await.problem(404, "not_found");
    app.advance(86_400).await;
    app.get(&invoice).send().await.problem(404, "not_found");
    app.finish().await;
}
