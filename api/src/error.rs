//! The one error type: what a client is told (a [`Problem`] with a stable code) and what only the log sees.

use serde_json::{Map, Value};

/// The result of domain functions and handlers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request or a job could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something the client is told.
    #[error("{}: {}", .0.code.as_str(), .0.detail)]
    Problem(Box<Problem>),
    /// The database refused or failed; the client sees `internal_error`.
    #[error("database: {0}")]
    Database(#[from] diesel::result::Error),
    /// A defect or an environment that is broken; the client sees `internal_error`.
    #[error("{0}")]
    Internal(String),
}

/// An RFC 9457 problem, before it becomes an HTTP answer.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The stable code.
    pub code: Code,
    /// What happened here, and the remedy.
    pub detail: String,
    /// The members at fault, when the request has any.
    pub errors: Vec<FieldError>,
    /// Further members, such as `checkout_id`.
    pub extensions: Map<String, Value>,
    /// Seconds after which another try makes sense.
    pub retry_after: Option<u64>,
}

/// One member of the request at fault.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) into the request's body; `?name` for a query parameter, `header:Name` for a header.
    #[schema(example = "/line_items/0/quantity")]
    pub pointer: String,
    /// Stable code of the rule, such as `range`, `required`, `unknown_field`.
    #[schema(example = "range")]
    pub code: String,
    /// What is wrong and what would be right.
    #[schema(example = "must be between 1 and 9999")]
    pub detail: String,
}

impl FieldError {
    /// One member at fault.
    pub fn new(pointer: impl Into<String>, code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: code.into(), detail: detail.into() }
    }
}

impl Error {
    /// A problem with its code and what happened.
    pub fn problem(code: Code, detail: impl Into<String>) -> Self {
        Self::Problem(Box::new(Problem {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            extensions: Map::new(),
            retry_after: None,
        }))
    }

    /// `not_found` for a resource named as people say it: "order".
    #[must_use]
    pub fn not_found(resource: &str) -> Self {
        Self::problem(Code::NotFound, format!("There is no such {resource}, or it is not yours to see."))
    }

    /// `validation_failed` with one member at fault.
    pub fn invalid(pointer: impl Into<String>, code: impl Into<String>, detail: impl Into<String>) -> Self {
        let error = FieldError::new(pointer, code, detail);
        let member = if error.pointer.is_empty() { "The body".to_owned() } else { format!("`{}`", error.pointer) };
        Self::problem(Code::ValidationFailed, format!("{member} {}", error.detail)).with_errors(vec![error])
    }

    /// `invalid_query` with one parameter at fault.
    pub fn invalid_query(name: &str, code: impl Into<String>, detail: impl Into<String>) -> Self {
        let error = FieldError::new(format!("?{name}"), code, detail);
        Self::problem(Code::InvalidQuery, format!("`{name}` {}.", error.detail)).with_errors(vec![error])
    }

    /// Adds the members at fault.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        if let Self::Problem(problem) = &mut self {
            problem.errors = errors;
        }
        self
    }

    /// Adds a further member to the problem document.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        if let Self::Problem(problem) = &mut self {
            problem.extensions.insert(name.to_owned(), value.into());
        }
        self
    }

    /// Says when another try makes sense.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        if let Self::Problem(problem) = &mut self {
            problem.retry_after = Some(seconds);
        }
        self
    }

    /// The stable code, when the client is told one.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Problem(problem) => Some(problem.code),
            Self::Database(_) | Self::Internal(_) => None,
        }
    }

    /// Whether it is no fault of the client's, so that the same request may succeed later.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.code().is_none_or(|code| code.status() >= 500)
    }
}

impl From<deadpool::managed::PoolError<diesel::ConnectionError>> for Error {
    fn from(error: deadpool::managed::PoolError<diesel::ConnectionError>) -> Self {
        tracing::error!(error = %error, "No database connection");
        Self::problem(
            Code::Unavailable,
            "The database cannot be reached or is too busy; nothing was changed. Try again.",
        )
        .retry_after(2)
    }
}

impl From<crate::payments::ProviderError> for Error {
    fn from(error: crate::payments::ProviderError) -> Self {
        use crate::payments::ProviderError as Provider;
        let unavailable = |seconds| {
            let detail =
                "The payment provider did not answer in time. Repeat the request with the same Idempotency-Key.";
            Self::problem(Code::ProviderUnavailable, detail).retry_after(seconds)
        };
        match error {
            Provider::Rejected { code, public_message } => {
                Self::problem(Code::PaymentRejected, format!("The payment provider refused: {public_message}"))
                    .with("provider_code", code)
            }
            Provider::RateLimited { retry_after } => unavailable(retry_after.max(1)),
            Provider::Unauthorized(_) | Provider::NotFound(_) | Provider::Unavailable(_) | Provider::Unknown { .. } => {
                tracing::error!(error = %error, "The payment provider gave no usable answer");
                unavailable(5)
            }
        }
    }
}

impl From<crate::money::MoneyError> for Error {
    fn from(error: crate::money::MoneyError) -> Self {
        match error {
            crate::money::MoneyError::Overflow => {
                Self::problem(Code::AmountTooLarge, "The total is larger than can be charged; lower the quantities.")
            }
            crate::money::MoneyError::CurrencyMismatch => Self::Internal(error.to_string()),
        }
    }
}

/// Defines the codes in one table: variant, code, HTTP status, title, and what to do about it.
macro_rules! codes {
    ($($variant:ident $code:literal $status:literal $title:literal $remedy:literal;)+) => {
        /// The stable codes of problems; each has a page at `/problems/{code}`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $title] $variant),+
        }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as clients see it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The HTTP status it is sent with.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),+ }
            }

            /// The short, constant title.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }

            /// What it means and what to do, for the page about it.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy),+ }
            }
        }
    };
}

codes! {
    MalformedBody "malformed_body" 400 "The body is not readable JSON" "Send one JSON value in UTF-8. `detail` says where reading stopped.";
    InvalidQuery "invalid_query" 400 "A query parameter is wrong" "`errors` names the parameter and what is allowed.";
    InvalidHeader "invalid_header" 400 "A header is wrong" "`errors` names the header and what is allowed.";
    InvalidSignature "invalid_signature" 400 "The webhook's signature is not valid" "Sign the raw body with one of the configured secrets, at most 300 seconds ago.";
    Unauthenticated "unauthenticated" 401 "Credentials are missing or not valid" "Carts and checkouts take `X-Cart-Token`, orders and checkouts `X-Order-Token`, customers `Authorization: Bearer cst_…` (or `X-Customer-Token` beside a storefront key), staff `Authorization: Bearer sk_…` with a key that is neither expired nor revoked, or the cookie of `POST /v1/admin/session`.";
    InvalidCredentials "invalid_credentials" 401 "E-mail address and password, or the token, do not fit" "Ask for both again, or reset the password (`POST /v1/customers/request-password-reset`).";
    SessionRevoked "session_revoked" 401 "The session is over" "Log in again: the session ended, was revoked, or its refresh token was used twice.";
    InsufficientScope "insufficient_scope" 403 "The key or account may not do this" "Use a key or an account that has the scope named in `required_scope`. Who gives or takes scopes must have each of them: `missing_scopes` names those that you lack.";
    CsrfRefused "csrf_refused" 403 "The request does not come from our own pages" "With the session's cookie, send changes from a page of this origin: browsers then say `Sec-Fetch-Site: same-origin`, others send our address as `Origin`. Programs use an API key.";
    CartNotYours "cart_not_yours" 403 "The cart belongs to another customer" "Start a new cart for this customer.";
    NotFound "not_found" 404 "There is no such thing here" "Check the id and the token: what is not yours answers the same.";
    MethodNotAllowed "method_not_allowed" 405 "The path does not know this method" "The `Allow` header lists the methods it knows.";
    CartCheckingOut "cart_checking_out" 409 "The cart is being paid" "Send the shopper to `url`, or cancel the checkout (`POST /v1/checkouts/{checkout_id}/cancel`) to change the cart.";
    CartCompleted "cart_completed" 409 "The cart has become an order" "Start a new cart; `order_id` is the order it became.";
    CartChanged "cart_changed" 409 "The cart kept changing while it was priced" "Stop changing the cart, then check out again.";
    CheckoutClosed "checkout_closed" 409 "The checkout is over" "Start a new checkout for the cart.";
    InsufficientStock "insufficient_stock" 409 "Not enough stock" "Lower the quantities named in `errors`, then check out again with a new Idempotency-Key.";
    PriceChanged "price_changed" 409 "The total is not the expected one" "Show the shopper `totals`, then check out again with that `expected_total`, or with a new quote.";
    DiscountUnavailable "discount_unavailable" 409 "A discount can no longer be had" "Read the cart, show the shopper the new total (`discount_codes` says why a code is not given), then check out again.";
    PaymentProcessing "payment_processing" 409 "A payment is on its way" "Wait until the payment method answers; the order shows the outcome.";
    OrderNotCancellable "order_not_cancellable" 409 "The order can no longer be cancelled" "`reason` says why. What was sent comes back as a return: refund its lines.";
    OrderNotRefundable "order_not_refundable" 409 "Nothing of the order can be refunded" "Read the order: `remaining_refundable` says what is left.";
    RefundExceedsRemaining "refund_exceeds_remaining" 409 "The refund is larger than what is left" "Ask for at most `remaining_refundable`, and no more units than `errors` names.";
    ChargeDisputed "charge_disputed" 409 "The payment is disputed" "Wait for the dispute's outcome, or send `force: true` when you know better: money that a dispute took is not refunded again.";
    OrderNotFulfillable "order_not_fulfillable" 409 "These units cannot be sent" "Read the order: each line's `fulfillable_quantity` says what is still to be sent.";
    FulfillmentNotChangeable "fulfillment_not_changeable" 409 "The shipment cannot be changed so any more" "`detail` says why. A shipment with a label is cancelled once the label is voided; one that left comes back as a return.";
    LabelExists "label_exists" 409 "The shipment has a label already" "Use the label named in `label_id`, or void it first (`POST …/label/void`).";
    LabelNotPossible "label_not_possible" 409 "The label cannot be bought, or not be voided" "`detail` says why and what to do about it.";
    InvoiceNotPossible "invoice_not_possible" 409 "There is no invoice to issue" "Set `seller` at PATCH /v1/admin/invoice-settings; only a paid order has an invoice.";
    TaxNotReversible "tax_not_reversible" 409 "The tax cannot be reversed" "`detail` says why: the dispute is not lost, the sale is not recorded, or Stripe Tax refuses.";
    DuplicateRequest "duplicate_request" 409 "Somebody else did the same just now" "Read the order. If it is to be done once more, repeat the request with the order's `ETag` as `If-Match`.";
    WebhookEndpointDisabled "webhook_endpoint_disabled" 409 "The webhook endpoint is disabled" "Enable it (`PATCH /v1/admin/webhook-endpoints/{id}`), then replay.";
    NothingToDecide "nothing_to_decide" 409 "The order's payment needs no decision" "Read the order: `payment_review` is true while staff must decide.";
    HoldLimitReached "hold_limit_reached" 409 "Too much is being held" "Pay or cancel the open checkouts first (`POST /v1/checkouts/{id}/cancel`), or wait until their holds end.";
    WrongStatus "wrong_status" 409 "Its status does not allow this" "Read it again: `detail` says in which status this can be done.";
    RequestInFlight "request_in_flight" 409 "A request with this Idempotency-Key is running" "Wait for `Retry-After`, then repeat the same request.";
    BuiltInRole "built_in_role" 409 "Built-in roles cannot be changed" "Make a role of the shop's own instead (`POST /v1/admin/roles`).";
    RoleInUse "role_in_use" 409 "Members of staff have this role" "Give them another role first.";
    LastOwner "last_owner" 409 "The shop needs an owner" "Make another member an owner first (`PATCH /v1/admin/staff/{id}`), or `merx staff create --role owner`.";
    AlreadyVerified "already_verified" 409 "The e-mail address has its account already" "Log in; who forgot the password resets it.";
    Duplicate "duplicate" 409 "It exists already" "`errors` names the member that must be unique.";
    PreconditionFailed "precondition_failed" 412 "It was changed in the meantime" "Read it again, apply your change to the new version, and send its `ETag` as `If-Match`.";
    BodyTooLarge "body_too_large" 413 "The body is too large" "`detail` says how much is allowed.";
    UnsupportedMediaType "unsupported_media_type" 415 "The body is not JSON" "Send `Content-Type: application/json`.";
    ValidationFailed "validation_failed" 422 "The request breaks a rule" "`errors` names each member at fault and what would be right.";
    IdempotencyMismatch "idempotency_mismatch" 422 "The Idempotency-Key was used for another request" "Use a new key for a new request; repeat a request with exactly the same body.";
    CartIncomplete "cart_incomplete" 422 "The cart lacks what a checkout needs" "`errors` names what is missing; set it with `PATCH /v1/carts/{id}`.";
    InvalidToken "invalid_token" 422 "The token is not valid any more" "Tokens from e-mails work once and for a time. Ask for another e-mail.";
    TooManyAddresses "too_many_addresses" 422 "The address book is full" "A customer keeps at most 50 addresses; delete one first.";
    TooManyWebhookEndpoints "too_many_webhook_endpoints" 422 "The shop has too many webhook endpoints" "A shop has at most 16 webhook endpoints; delete one first.";
    TooManyLines "too_many_lines" 422 "The cart has too many lines" "A cart holds at most 99 different variants.";
    AmountTooSmall "amount_too_small" 422 "The total is too small to be charged" "Add something to the cart: card networks have a minimum.";
    AmountNotChargeable "amount_not_chargeable" 422 "The amount cannot be charged exactly" "Three-decimal currencies must end in 0 and some currencies are not charged at all; change the price or the currency.";
    AmountTooLarge "amount_too_large" 422 "The total is too large to be charged" "Lower the quantities, or split the order.";
    PaymentRejected "payment_rejected" 422 "The payment provider refused the checkout" "`detail` gives the provider's reason; nothing is reserved any more.";
    RateLimited "rate_limited" 429 "Too many requests" "Wait for `Retry-After` seconds. `RateLimit` tells how much is left.";
    Internal "internal_error" 500 "Something broke on our side" "Try again with the same Idempotency-Key; if it stays, report the `request_id`.";
    ProviderUnavailable "provider_unavailable" 503 "The payment provider cannot be reached" "Repeat the request with the same Idempotency-Key after `Retry-After`.";
    Unavailable "service_unavailable" 503 "The service cannot answer now" "Try again after `Retry-After`.";
}
