//! A sandbox and a client for one test.

use sandbox::{Config, Sandbox};
use serde_json::{Value, json};

/// The key every test uses.
const API_KEY: &str = "sk_test_of_the_tests";

/// The form of a session with one line of 50.00 EUR.
pub(crate) const SESSION: &str = "mode=payment&success_url=https://shop.example/thanks&line_items[0][quantity]=1\
    &line_items[0][price_data][currency]=eur&line_items[0][price_data][unit_amount]=5000\
    &line_items[0][price_data][product_data][name]=Shirt";

/// A running sandbox.
pub(crate) struct Stand {
    sandbox: Sandbox,
    http: reqwest::Client,
}

impl Stand {
    /// An empty one.
    pub(crate) async fn start() -> Self {
        Self::with(Config::default()).await
    }

    /// One with settings.
    pub(crate) async fn with(config: Config) -> Self {
        // Another test of this process may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::start(config).await.unwrap();
        Self { sandbox, http: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    /// Ends it.
    pub(crate) async fn stop(self) {
        self.sandbox.stop().await;
    }

    /// A GET, whatever it answers.
    pub(crate) async fn try_get(&self, path: &str) -> (u16, Value) {
        answer(self.http.get(format!("{}{path}", self.sandbox.url()))).await
    }

    /// A GET that must succeed.
    pub(crate) async fn get(&self, path: &str) -> Value {
        good(path, self.try_get(path).await)
    }

    /// A form, whatever it answers.
    pub(crate) async fn try_post(&self, path: &str, form: &str) -> (u16, Value) {
        answer(self.form(path, form)).await
    }

    /// A form that must succeed.
    pub(crate) async fn post(&self, path: &str, form: &str) -> Value {
        good(path, self.try_post(path, form).await)
    }

    /// A form with an idempotency key, whatever it answers.
    pub(crate) async fn try_post_keyed(&self, path: &str, form: &str, key: &str) -> (u16, Value) {
        answer(self.form(path, form).header("Idempotency-Key", key)).await
    }

    /// A POST to the control side, whatever it answers.
    pub(crate) async fn try_control(&self, path: &str, body: Value) -> (u16, Value) {
        answer(self.http.post(format!("{}/_control/{path}", self.sandbox.url())).json(&body)).await
    }

    /// A POST to the control side that must succeed.
    pub(crate) async fn control(&self, path: &str, body: Value) -> Value {
        good(path, self.try_control(path, body).await)
    }

    /// A session like [`SESSION`] with further parameters, after its buyer has paid.
    pub(crate) async fn paid(&self, more: &str) -> Value {
        let session = self.post("/v1/checkout/sessions", &format!("{SESSION}{more}")).await;
        let path = format!("checkout-sessions/{}/pay", session["id"].as_str().unwrap());
        self.control(&path, json!({"outcome": "paid"})).await
    }

    /// The PaymentIntent of a paid session.
    pub(crate) async fn paid_intent(&self) -> String {
        id(&self.paid("").await, "payment_intent")
    }

    /// The events about an object, oldest first: type and the object as it was.
    pub(crate) async fn events(&self, object: &str) -> Vec<(String, Value)> {
        let list = self.get("/v1/events?limit=100").await;
        let about =
            list["data"].as_array().unwrap().iter().rev().map(|event| (id(event, "type"), &event["data"]["object"]));
        about.filter(|(_, shown)| shown["id"] == object).map(|(kind, shown)| (kind, shown.clone())).collect()
    }

    /// The types of the events about an object, oldest first.
    pub(crate) async fn kinds(&self, object: &str) -> Vec<String> {
        self.events(object).await.into_iter().map(|(kind, _)| kind).collect()
    }

    fn form(&self, path: &str, form: &str) -> reqwest::RequestBuilder {
        let request = self.http.post(format!("{}{path}", self.sandbox.url()));
        request.header("Content-Type", "application/x-www-form-urlencoded").body(form.to_owned())
    }
}

/// The text under `key`, owned.
pub(crate) fn id(object: &Value, key: &str) -> String {
    object[key].as_str().unwrap_or_else(|| panic!("no {key} in {object}")).to_owned()
}

/// The ids of a list, in its order.
pub(crate) fn ids(list: &Value) -> Vec<String> {
    list["data"].as_array().unwrap().iter().map(|row| id(row, "id")).collect()
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.bearer_auth(API_KEY).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn good(path: &str, (status, body): (u16, Value)) -> Value {
    assert_eq!(status, 200, "{path}: {body}");
    body
}
