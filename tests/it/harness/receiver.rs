//! A receiver of webhooks: records what it is sent, and answers as it is told.

use std::sync::{Arc, Mutex};

use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore};

use super::{TestApp, guard};

/// A request that it got.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) timestamp: String,
    pub(crate) signature: String,
    pub(crate) body: String,
}

impl Seen {
    /// The payload.
    pub(crate) fn payload(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// `type` of the payload.
    pub(crate) fn kind(&self) -> String {
        self.payload()["type"].as_str().unwrap().to_owned()
    }

    /// The order that it is about.
    pub(crate) fn order(&self) -> Option<String> {
        self.payload()["data"]["order"]["id"].as_str().map(str::to_owned)
    }

    /// As the official library takes it.
    pub(crate) fn to_verify(&self, secret: &str) -> Value {
        let headers =
            json!({"webhook-id": self.id, "webhook-timestamp": self.timestamp, "webhook-signature": self.signature});
        json!({"secret": secret, "headers": headers, "body": self.body})
    }
}

/// How it answers.
#[derive(Debug, Clone)]
struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

struct State {
    seen: Mutex<Vec<(Seen, u16)>>,
    answer: Mutex<Answer>,
    arrived: Notify,
    /// One permit for each request that may be answered.
    gate: Semaphore,
}

/// A running receiver; it ends with the test.
pub(crate) struct Receiver {
    pub(crate) url: String,
    state: Arc<State>,
    handle: actix_web::dev::ServerHandle,
}

async fn receive(state: web::Data<State>, request: HttpRequest, body: String) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).unwrap().to_str().unwrap().to_owned();
    let seen = Seen {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        body,
    };
    let answer = state.answer.lock().unwrap().clone();
    state.seen.lock().unwrap().push((seen, answer.status));
    state.arrived.notify_waiters();
    state.gate.acquire().await.unwrap().forget();
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status).unwrap());
    for (name, value) in answer.headers {
        response.insert_header((name, value));
    }
    response.body(answer.body)
}

impl Receiver {
    /// One that takes everything.
    pub(crate) fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let state = web::Data::new(State {
            seen: Mutex::default(),
            answer: Mutex::new(Answer { status: 204, headers: Vec::new(), body: String::new() }),
            arrived: Notify::new(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS / 2),
        });
        let data = state.clone();
        let server = HttpServer::new(move || App::new().app_data(data.clone()).default_service(web::to(receive)))
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, state: state.into_inner(), handle }
    }

    /// How it answers from now on.
    pub(crate) fn answer(&self, status: u16, headers: &[(&'static str, &str)], body: &str) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        *self.state.answer.lock().unwrap() = Answer { status, headers, body: body.to_owned() };
    }

    /// Answers nobody any more.
    pub(crate) fn stall(&self) {
        self.state.gate.forget_permits(usize::MAX);
    }

    /// What it was sent, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().iter().map(|(seen, _)| seen.clone()).collect()
    }

    /// What it took, in order.
    pub(crate) fn taken(&self) -> Vec<Seen> {
        let seen = self.state.seen.lock().unwrap();
        seen.iter().filter(|(_, status)| *status < 300).map(|(seen, _)| seen.clone()).collect()
    }

    /// Waits until it was sent so much.
    pub(crate) async fn until(&self, count: usize) {
        guard(async {
            loop {
                let arrived = self.state.arrived.notified();
                if self.seen().len() >= count {
                    return;
                }
                arrived.await;
            }
        })
        .await;
    }

    /// Stops it.
    pub(crate) async fn stop(self) {
        self.handle.stop(false).await;
    }
}

impl TestApp {
    /// A service whose webhooks may go to this machine.
    pub(crate) async fn with_webhooks() -> Self {
        Self::with(&[("MERX_WEBHOOKS_ALLOW_PRIVATE", "true"), ("MERX_WEBHOOK_TIMEOUT_MS", "1000")]).await
    }

    /// Has events sent to a receiver; answers the endpoint with its secret.
    pub(crate) async fn endpoint(&self, url: &str, event_types: &[&str]) -> Value {
        let body = json!({"url": url, "event_types": event_types});
        self.staff_post("/v1/admin/webhook-endpoints", body).send().await.expect(201)
    }

    /// The deliveries that a query finds, newest first.
    pub(crate) async fn deliveries(&self, query: &str) -> Vec<Value> {
        let and = if query.is_empty() { "" } else { "&" };
        let path = format!("/v1/admin/webhook-deliveries?limit=100{and}{query}");
        self.staff_get(&path).send().await.expect(200)["data"].as_array().unwrap().clone()
    }
}
