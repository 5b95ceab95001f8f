//! The hosted pay page, where a person plays the buyer and the bank.

use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use serde_json::Value;

use crate::control::{self, Act};
use crate::delivery::Stay;
use crate::engine::Engine;
use crate::money::format_amount;
use crate::object;
use crate::page_style::{self, escape};
use crate::state::Store;

/// Registers the pages.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(show).service(submit);
}

#[derive(Debug, Deserialize)]
struct Choice {
    outcome: Act,
}

#[get("/pay/{id}")]
async fn show(engine: web::Data<Engine>, id: web::Path<String>) -> HttpResponse {
    engine.clone().into_inner().bring_due();
    page(&engine.lock(), &id, None)
}

#[post("/pay/{id}")]
async fn submit(engine: web::Data<Engine>, id: web::Path<String>, choice: web::Form<Choice>) -> HttpResponse {
    let (outcome, stay) = engine.clone().into_inner().act(|store, cause| {
        let outcome = control::act(store, &id, choice.outcome, cause);
        (outcome, Stay::of(store, &id))
    });
    stay.over().await;
    match outcome {
        Ok(session) => back_to_shop(&session),
        Err(error) => page(&engine.lock(), &id, Some(error.message())),
    }
}

fn back_to_shop(session: &Value) -> HttpResponse {
    let id = object::owned(session, "id");
    let target = object::owned(session, "success_url").replace("{CHECKOUT_SESSION_ID}", &id);
    HttpResponse::SeeOther().insert_header((LOCATION, target)).finish()
}

fn page(store: &Store, id: &str, notice: Option<&str>) -> HttpResponse {
    let Some(session) = store.sessions.get(id) else {
        let body = "<h1>No such payment</h1><p>The address names a session that this sandbox does not have. \
                    It may have been started again since.</p>";
        return html(404, "No such payment", body);
    };
    let lines = store.session_details.get(id).map(|details| details.lines.as_slice()).unwrap_or_default();
    let mut body = String::from("<p class=\"badge\">Sandbox: no money moves</p>");
    if let Some(notice) = notice {
        body.push_str(&format!("<p class=\"notice\" role=\"alert\">{}</p>", escape(notice)));
    }
    body.push_str(&bill(session, lines));
    body.push_str(&choices(store, session));
    html(200, "Pay", &body)
}

fn bill(session: &Value, lines: &[Value]) -> String {
    let currency = object::owned(session, "currency");
    let amount = |value: &Value, key: &str| format_amount(object::integer(value, key), &currency);
    let row = |name: &str, amount: &str| format!("<tr><td>{}</td><td>{amount}</td></tr>", escape(name));
    let mut rows = String::new();
    for line in lines {
        let name = format!("{} × {}", object::integer(line, "quantity"), object::owned(line, "description"));
        rows.push_str(&row(&name, &amount(line, "amount_subtotal")));
    }
    let details = session.get("total_details").unwrap_or(&Value::Null);
    if object::integer(details, "amount_discount") > 0 {
        rows.push_str(&row("Discount", &format!("−{}", amount(details, "amount_discount"))));
    }
    if session.get("shipping_cost").is_some_and(Value::is_object) {
        rows.push_str(&row("Shipping", &amount(details, "amount_shipping")));
    }
    format!(
        "<h1>{total}</h1><p class=\"quiet\">{email}</p><table>{rows}<tr class=\"total\"><td>Total</td><td>{total}</td></tr></table>",
        total = amount(session, "amount_total"),
        email = escape(object::text(session, "customer_email").unwrap_or_default()),
    )
}

fn choices(store: &Store, session: &Value) -> String {
    let button = |outcome: &str, class: &str, label: &str| {
        format!("<button class=\"{class}\" name=\"outcome\" value=\"{outcome}\">{label}</button>")
    };
    let form = |buttons: String| format!("<form method=\"post\">{buttons}</form>");
    let link = |key: &str, label: &str| match object::text(session, key) {
        Some(url) => {
            let url = url.replace("{CHECKOUT_SESSION_ID}", &object::owned(session, "id"));
            format!("<p><a href=\"{}\">{label}</a></p>", escape(&url))
        }
        None => String::new(),
    };
    let intent = store.payment_intents.get(&object::owned(session, "payment_intent"));
    match object::text(session, "status") {
        Some("open") => {
            form(
                button("paid", "primary", "Pay by card")
                    + &button("declined", "", "Pay by a card that is declined")
                    + &button("delayed", "", "Pay by bank debit (answers later)"),
            ) + &link("cancel_url", "Cancel and go back to the shop")
        }
        Some("complete") if intent.is_some_and(|intent| object::is(intent, "status", "processing")) => {
            "<p>The bank debit is on its way. Play the bank:</p>".to_owned()
                + &form(
                    button("delayed_success", "primary", "The debit succeeds")
                        + &button("delayed_failure", "", "The debit fails"),
                )
        }
        Some("complete") => {
            let paid = !object::is(session, "payment_status", "unpaid");
            let text = if paid { "This is paid." } else { "The payment failed." };
            format!("<p>{text}</p>") + &link("success_url", "Back to the shop")
        }
        _ => {
            "<p>This payment has expired. Start a new checkout in the shop.</p>".to_owned()
                + &link("cancel_url", "Back to the shop")
        }
    }
}

fn html(status: u16, title: &str, body: &str) -> HttpResponse {
    HttpResponse::build(crate::answer::status_code(status))
        .content_type("text/html; charset=utf-8")
        .insert_header(("Cache-Control", "no-store"))
        .body(page_style::document(title, body))
}
