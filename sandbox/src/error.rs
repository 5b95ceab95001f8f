//! Stripe's error documents.

use serde_json::{Value, json};

use crate::object::{fresh_id, merge};

/// What a Stripe endpoint answers: an object or an error document.
pub(crate) type Reply = Result<Value, StripeError>;

/// An error as Stripe words it, with its HTTP status.
#[derive(Debug, Clone)]
pub(crate) struct StripeError {
    /// HTTP status.
    pub(crate) status: u16,
    kind: &'static str,
    message: String,
    details: Value,
}

impl StripeError {
    /// An error of any kind; prefer the named constructors.
    pub(crate) fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into(), details: json!({}) }
    }

    /// 400 `invalid_request_error`.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    /// 400 for a required parameter that is absent.
    pub(crate) fn missing(param: &str) -> Self {
        Self::invalid(format!("Missing required param: {param}.")).code("parameter_missing").param(param)
    }

    /// 400 for parameters that exclude each other.
    pub(crate) fn exclusive(names: &[&str]) -> Self {
        Self::invalid(format!("You may only specify one of these parameters: {}.", names.join(", ")))
    }

    /// 404 `resource_missing`; `kind` is the object's name, as `payment_intent`.
    pub(crate) fn no_such(kind: &str, id: &str) -> Self {
        Self::new(404, "invalid_request_error", format!("No such {kind}: '{id}'")).code("resource_missing").param("id")
    }

    /// 400 `resource_missing`: a parameter of a valid request names an object that is not there.
    pub(crate) fn dangling(kind: &str, id: &str, param: &str) -> Self {
        Self::invalid(format!("No such {kind}: '{id}'")).code("resource_missing").param(param)
    }

    /// 402 for a card that was refused.
    pub(crate) fn declined(decline_code: &str, charge: Option<&str>, intent: Value) -> Self {
        let mut error = Self::new(402, "card_error", "Your card was declined.").code("card_declined");
        merge(&mut error.details, json!({"decline_code": decline_code, "charge": charge, "payment_intent": intent}));
        error
    }

    /// Adds `error.code`.
    pub(crate) fn code(self, code: &str) -> Self {
        self.detail("code", code.into())
    }

    /// Adds `error.param`.
    pub(crate) fn param(self, param: &str) -> Self {
        self.detail("param", param.into())
    }

    fn detail(mut self, key: &str, value: Value) -> Self {
        crate::object::set(&mut self.details, key, value);
        self
    }

    /// The error document.
    pub(crate) fn body(&self) -> Value {
        let mut error = json!({
            "type": self.kind,
            "message": self.message,
            "request_log_url": format!("https://dashboard.stripe.com/test/logs/{}", fresh_id("req")),
        });
        merge(&mut error, self.details.clone());
        json!({ "error": error })
    }

    /// The message alone, for the pay page and the control side.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }
}
