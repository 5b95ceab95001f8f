//! The way of a request into the Stripe side: log, authorisation, faults, idempotency, answer.
//!
//! Faults strike before the idempotency layer, as Stripe's rate limiter does, so an answer they
//! replace is never stored unless they were ordered to strike after the execution.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use serde_json::{Value, json};

use crate::answer::{self, Answer};
use crate::delivery;
use crate::engine::Engine;
use crate::error::StripeError;
use crate::events::API_VERSION;
use crate::faults::{Fault, Kind};
use crate::form;
use crate::idempotency::{Claim, Fingerprint};
use crate::object::{self, fresh_id};
use crate::request_log::Entry;
use crate::state::Cause;
use crate::stripe::{self, Call};
use crate::{side_gate, strikes};

/// A request as it came in.
#[derive(Debug)]
struct Incoming {
    method: String,
    path: String,
    query: Value,
    form: Value,
    id: String,
    key: Option<String>,
    version: String,
    credentials: Option<String>,
}

/// Serves the sides that are not registered by path; everything else is 404.
pub(crate) async fn serve(request: HttpRequest, body: web::Bytes, engine: web::Data<Engine>) -> HttpResponse {
    let engine = engine.into_inner();
    match request.path() {
        path if path.starts_with("/v1/") => serve_stripe(&request, &body, &engine).await,
        path if side_gate::owns(path) => side_gate::serve(&request, &body, &engine).await,
        _ => answer::json(404, &json!({"error": "There is nothing at this address."})),
    }
}

async fn serve_stripe(request: &HttpRequest, body: &[u8], engine: &Arc<Engine>) -> HttpResponse {
    let incoming = Arc::new(Incoming::read(request, body));
    let number = {
        let mut entry = Entry::arrived(engine.clock.now().to_rfc3339(), &incoming.method, &incoming.path);
        entry.query = object::to_text(&incoming.query);
        entry.body = object::to_text(&incoming.form);
        entry.idempotency_key = incoming.key.clone();
        engine.lock().log.push(entry)
    };
    let outcome = handle(engine, &incoming).await;
    if let Some((status, replayed)) = outcome.status() {
        engine.lock().log.answered(number, status, replayed);
    }
    incoming.respond(outcome)
}

async fn handle(engine: &Arc<Engine>, incoming: &Arc<Incoming>) -> Answer {
    engine.bring_due();
    if let Err(error) = incoming.authorise() {
        return Answer::fresh(error.status, error.body());
    }
    strikes::run(engine, &incoming.method, &incoming.path, injected, |fault| {
        execute(Arc::clone(engine), Arc::clone(incoming), fault)
    })
    .await
}

/// Executes a request unless its key has been used.
async fn execute(engine: Arc<Engine>, incoming: Arc<Incoming>, fault: Option<Fault>) -> Answer {
    let key = incoming.key.clone().filter(|_| incoming.method == "POST");
    if let Some(key) = &key {
        let now = engine.clock.unix();
        let claim = engine.lock().idempotency.claim(key, &incoming.fingerprint(), now);
        match claim {
            Claim::Fresh => {}
            Claim::Refused(error) => return Answer::fresh(error.status, error.body()),
            Claim::Replay(status, body) => {
                return Answer::Document { status, body, replayed: true, retry_after: None };
            }
        }
    }
    if let Some(fault) = &fault
        && fault.strikes_before(Kind::Delay)
    {
        strikes::pause(&engine, fault.delay_ms).await;
        engine.bring_due();
    }
    let call = incoming.call(&engine, fault.as_ref());
    let (status, body) = {
        let mut store = engine.lock();
        store.changes += 1;
        let (status, body) = match stripe::route(&mut store, &call) {
            Ok(body) => (200, body),
            Err(error) => (error.status, error.body()),
        };
        if let Some(key) = &key {
            match fault.as_ref().filter(|fault| fault.strikes_after(Kind::Status) && fault.status >= 500) {
                // Stripe stores its own 500s, though the work may be done.
                Some(fault) => store.idempotency.finish(key, fault.status, &fault.body()),
                None => store.idempotency.finish(key, status, &body),
            }
        }
        (status, body)
    };
    delivery::dispatch(&engine);
    Answer::fresh(status, body)
}

fn injected(fault: &Fault) -> Answer {
    Answer::Document { status: fault.status, body: fault.body(), replayed: false, retry_after: fault.retry_after }
}

impl Incoming {
    fn read(request: &HttpRequest, body: &[u8]) -> Self {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Self {
            method: request.method().as_str().to_owned(),
            path: request.path().trim_end_matches('/').to_owned(),
            query: form::parse(request.query_string()),
            form: form::parse(&String::from_utf8_lossy(body)),
            id: fresh_id("req"),
            key: header("Idempotency-Key"),
            version: header("Stripe-Version").unwrap_or_else(|| API_VERSION.to_owned()),
            credentials: header("Authorization"),
        }
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::new(format!("{} {}", self.method, self.path), &self.form)
    }

    fn call(&self, engine: &Engine, fault: Option<&Fault>) -> Call {
        Call {
            method: self.method.clone(),
            path: self.path.clone(),
            params: if self.method == "POST" { self.form.clone() } else { self.query.clone() },
            cause: Cause {
                now: engine.clock.unix(),
                request_id: Some(self.id.clone()),
                idempotency_key: self.key.clone(),
            },
            public_url: engine.public_url.clone(),
            wrong_total: fault.is_some_and(|fault| fault.kind == Kind::WrongTotal),
        }
    }

    fn authorise(&self) -> Result<(), StripeError> {
        let key = self.api_key().ok_or_else(|| {
            StripeError::new(
                401,
                "invalid_request_error",
                "You did not provide an API key. Provide it in the Authorization header, using \
                 Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            )
        })?;
        let known = key.starts_with("sk_test_") && key != "sk_test_invalid";
        if !known {
            return Err(StripeError::new(
                401,
                "invalid_request_error",
                "Invalid API Key provided. The sandbox takes any key that starts with sk_test_.",
            ));
        }
        match &self.key {
            Some(key) if key.len() > 255 => {
                Err(StripeError::invalid("Idempotency keys can be up to 255 characters long."))
            }
            _ => Ok(()),
        }
    }

    fn api_key(&self) -> Option<String> {
        let (scheme, value) = self.credentials.as_deref()?.split_once(' ')?;
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(value.trim().to_owned());
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = base64::engine::general_purpose::STANDARD.decode(value.trim()).ok()?;
        let pair = String::from_utf8(decoded).ok()?;
        pair.split(':').next().map(str::to_owned)
    }

    fn respond(&self, outcome: Answer) -> HttpResponse {
        match outcome {
            Answer::Lost => answer::lost(),
            Answer::Text { status, content_type, body } => answer::text(status, content_type, body),
            Answer::Document { status, body, replayed, retry_after } => {
                let mut response = HttpResponse::build(answer::status_code(status));
                response
                    .insert_header(("Request-Id", self.id.as_str()))
                    .insert_header(("Stripe-Version", self.version.as_str()));
                if let Some(key) = &self.key {
                    response.insert_header(("Idempotency-Key", key.as_str()));
                }
                if replayed {
                    response.insert_header(("Idempotent-Replayed", "true"));
                }
                if let Some(seconds) = retry_after {
                    response.insert_header(("Retry-After", seconds.to_string()));
                }
                response.json(body)
            }
        }
    }
}
