//! The way of a request into the sides that are not Stripe's: log, authorisation, faults, answer.
//!
//! Nothing here knows idempotency keys: neither Shippo nor the ECB has them.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ecb;
use crate::engine::Engine;
use crate::faults::{Fault, Kind};
use crate::form;
use crate::object;
use crate::request_log::Entry;
use crate::shippo;
use crate::strikes;

const SHIPPO: &str = "/shippo/";

const ECB: &str = "/ecb/";

/// Whether the path belongs to one of these sides.
pub(crate) fn owns(path: &str) -> bool {
    path.starts_with(SHIPPO) || path.starts_with(ECB)
}

/// A request as it came in.
#[derive(Debug)]
struct Incoming {
    method: String,
    path: String,
    query: Value,
    /// None when what was sent is not JSON.
    body: Option<Value>,
    credentials: Option<String>,
    at: DateTime<Utc>,
}

/// Serves Shippo's API, its labels, and the ECB's feed.
pub(crate) async fn serve(request: &HttpRequest, body: &[u8], engine: &Arc<Engine>) -> HttpResponse {
    if let Some(label) = request.path().strip_prefix("/shippo/labels/") {
        return shippo::label(label).respond();
    }
    let incoming = Arc::new(Incoming::read(request, body, engine.clock.now()));
    let number = {
        let mut entry = Entry::arrived(incoming.at.to_rfc3339(), &incoming.method, &incoming.path);
        entry.query = object::to_text(&incoming.query);
        entry.body = match &incoming.body {
            Some(body) => object::to_text(body),
            None => object::to_text(&Value::from(String::from_utf8_lossy(body))),
        };
        engine.lock().log.push(entry)
    };
    let outcome = handle(engine, &incoming).await;
    if let Some((status, replayed)) = outcome.status() {
        engine.lock().log.answered(number, status, replayed);
    }
    outcome.respond()
}

async fn handle(engine: &Arc<Engine>, incoming: &Arc<Incoming>) -> Answer {
    let is_shippo = incoming.path.starts_with(SHIPPO);
    if is_shippo && let Some(why) = incoming.unauthorised() {
        return Answer::fresh(401, json!({"detail": why}));
    }
    let injected: fn(&Fault) -> Answer = if is_shippo { injected_json } else { injected_text };
    strikes::run(engine, &incoming.method, &incoming.path, injected, |fault| {
        execute(Arc::clone(engine), Arc::clone(incoming), fault)
    })
    .await
}

fn injected_json(fault: &Fault) -> Answer {
    Answer::Document {
        status: fault.status,
        body: json!({"detail": fault.detail()}),
        replayed: false,
        retry_after: fault.retry_after,
    }
}

fn injected_text(fault: &Fault) -> Answer {
    Answer::Text { status: fault.status, content_type: "text/html", body: format!("<h1>{}</h1>", fault.detail()) }
}

async fn execute(engine: Arc<Engine>, incoming: Arc<Incoming>, fault: Option<Fault>) -> Answer {
    if let Some(fault) = fault.filter(|fault| fault.strikes_before(Kind::Delay)) {
        strikes::pause(&engine, fault.delay_ms).await;
    }
    let now = engine.clock.now();
    let Some(path) = incoming.path.strip_prefix(SHIPPO) else {
        return ecb::answer(&incoming.method, &incoming.path, now, &engine.lock().fx);
    };
    let Some(body) = incoming.body.clone() else {
        return Answer::fresh(400, json!({"detail": "JSON parse error"}));
    };
    let call = shippo::Call {
        method: incoming.method.clone(),
        path: path.to_owned(),
        query: incoming.query.clone(),
        body,
        now,
        public_url: engine.public_url.clone(),
    };
    let (status, body) = {
        let mut store = engine.lock();
        store.changes += 1;
        shippo::answer(&mut store, &call)
    };
    Answer::fresh(status, body)
}

impl Incoming {
    fn read(request: &HttpRequest, body: &[u8], at: DateTime<Utc>) -> Self {
        let credentials = request.headers().get("Authorization").and_then(|value| value.to_str().ok());
        Self {
            method: request.method().as_str().to_owned(),
            path: request.path().trim_end_matches('/').to_owned(),
            query: form::parse(request.query_string()),
            body: if body.is_empty() { Some(Value::Null) } else { serde_json::from_slice(body).ok() },
            credentials: credentials.map(str::to_owned),
            at,
        }
    }

    fn unauthorised(&self) -> Option<&'static str> {
        let Some(credentials) = &self.credentials else {
            return Some("Authentication credentials were not provided.");
        };
        let is_good = credentials.strip_prefix("ShippoToken ").is_some_and(|token| token.starts_with("shippo_test_"));
        (!is_good).then_some("Invalid token")
    }
}
