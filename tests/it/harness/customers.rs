//! What tests of customers do over and over: register, follow links, log in.

use serde_json::{Value, json};

use super::{Call, CartHandle, Reply, TestApp};

/// The password of every customer.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A lawful password that is nobody's.
pub(crate) const OTHER_PASSWORD: &str = "another horse battery";

/// A customer who is logged in.
#[derive(Debug, Clone)]
pub(crate) struct CustomerHandle {
    pub(crate) id: String,
    pub(crate) session: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl CustomerHandle {
    /// From the answer to a verification, a login or a refresh.
    pub(crate) fn new(body: &Value) -> Self {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
        Self {
            id: text("/customer/id"),
            session: text("/id"),
            access: text("/access_token"),
            refresh: text("/refresh_token"),
        }
    }
}

impl TestApp {
    /// Every e-mail with its text, newest first.
    pub(crate) async fn mailbox(&self) -> Vec<Value> {
        let mails = self.get("/dev/mailbox.json").undocumented().send().await.expect(200);
        mails.as_array().unwrap().clone()
    }

    /// The e-mails of a kind to somebody, newest first.
    pub(crate) async fn mails(&self, kind: &str, recipient: &str) -> Vec<Value> {
        let mut mails = self.mailbox().await;
        mails.retain(|mail| mail["kind"] == kind && mail["recipient"] == recipient);
        mails
    }

    /// The token in the newest e-mail of a kind to somebody.
    pub(crate) async fn mailed_token(&self, kind: &str, recipient: &str) -> String {
        let mails = self.mails(kind, recipient).await;
        token_of(mails.first().unwrap_or_else(|| panic!("no {kind} to {recipient}")))
    }

    /// Registers, and lets the mail be written.
    pub(crate) async fn register(&self, email: &str) {
        let body = json!({"email": email, "name": "Ada", "locale": "de"});
        let answer = self.post("/v1/customers", body).send().await.expect(202);
        assert_eq!(answer, json!({"status": "verification_sent"}));
        self.run_jobs().await;
    }

    /// Follows a verification link, and chooses the password.
    pub(crate) async fn verify(&self, token: &str) -> Reply {
        self.post("/v1/customers/verify", json!({"token": token, "password": PASSWORD})).send().await
    }

    /// A verified customer, known to Stripe.
    pub(crate) async fn customer(&self, email: &str) -> CustomerHandle {
        self.register(email).await;
        let token = self.mailed_token("verify_email", email).await;
        let customer = CustomerHandle::new(&self.verify(&token).await.expect(200));
        self.run_jobs().await;
        customer
    }

    /// Tries to log in.
    pub(crate) async fn try_log_in(&self, email: &str, password: &str) -> Reply {
        self.post("/v1/customer-sessions", json!({"email": email, "password": password})).send().await
    }

    /// Logs in.
    pub(crate) async fn log_in(&self, email: &str) -> CustomerHandle {
        CustomerHandle::new(&self.try_log_in(email, PASSWORD).await.expect(201))
    }

    /// Tries to renew a session.
    pub(crate) async fn refresh(&self, token: &str) -> Reply {
        self.post("/v1/customer-sessions/refresh", json!({"refresh_token": token})).send().await
    }

    /// What a session's token opens.
    pub(crate) async fn me(&self, access: &str) -> Reply {
        self.get("/v1/customers/me").bearer(access).send().await
    }

    /// The request that claims a cart by its token.
    pub(crate) fn claim_call(&self, customer: &CustomerHandle, cart: &CartHandle) -> Call {
        let path = format!("/v1/carts/{}/claim", cart.id);
        self.call("POST", &path).bearer(&customer.access).header("X-Cart-Token", &cart.token)
    }

    /// Claims a cart; answers it under its new token, or the one that it went into, with the whole answer.
    pub(crate) async fn claim(&self, customer: &CustomerHandle, cart: &CartHandle) -> (CartHandle, Value) {
        let body = self.claim_call(customer, cart).send().await.expect(200);
        let text = |member: &str| body["cart"][member].as_str().unwrap().to_owned();
        (CartHandle { id: text("id"), token: text("cart_token") }, body)
    }
}

/// The token in an e-mail's link.
pub(crate) fn token_of(mail: &Value) -> String {
    let text = mail["text"].as_str().unwrap();
    let rest = text.split_once("token=").unwrap_or_else(|| panic!("no link in {text}")).1;
    rest.split_whitespace().next().unwrap().to_owned()
}
