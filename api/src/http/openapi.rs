//! The OpenAPI 3.1 document: made from the routes, completed with what all operations share.

use std::collections::BTreeMap;

use actix_web::App as ActixApp;
use serde_json::json;
use utoipa::OpenApi;
use utoipa::openapi::path::{HttpMethod, Operation, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};
use utoipa_actix_web::AppExt;

use crate::error::Code;
use crate::http::problem::{PROBLEM_JSON, ProblemDocument};
use crate::http::{router, session_cookie};
use crate::{analytics, catalog, customers, invoices, live, orders, webhooks_out};

const DESCRIPTION: &str = "Headless commerce: products, carts, checkout, orders.\n\n\
Amounts are integer minor units with an ISO 4217 currency. Errors are RFC 9457 problems with a stable `code`. \
Lists are paged by `cursor`. POSTs that move stock or money take an `Idempotency-Key`: the same key and body \
get the same answer again, marked `Idempotent-Replayed: true`; a 409 `insufficient_stock` is such an answer, \
so try again with a new key.";

#[derive(OpenApi)]
#[openapi(
    info(title = "Merx API", version = "1", description = "", license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")),
    // Those that only queries name are found nowhere else.
    components(schemas(
        ProblemDocument,
        catalog::list::Sort,
        catalog::routes::Expand,
        catalog::routes::Include,
        customers::directory::CustomerSort,
        invoices::links::LinkedFormat,
        invoices::routes::InvoiceFormat,
        orders::list::OrderNeed,
        orders::list::OrderSort,
    )),
    tags(
        (name = "catalogue", description = "Products and variants that shoppers see"),
        (name = "carts", description = "What a shopper is about to buy"),
        (name = "checkout", description = "Paying for a cart"),
        (name = "orders", description = "What was bought"),
        (name = "customers", description = "Accounts, sessions, addresses"),
        (name = "webhooks", description = "What payment providers send"),
        (name = "events", description = "What other systems are sent, after Standard Webhooks"),
        (name = "staff", description = "For shop staff, under an API key or a session"),
        (name = "operation", description = "For whoever runs the service"),
    ),
)]
struct Base;

/// Codes that single operations answer beyond what [`shared`] gives them; tests hold answers against this table.
const SPECIFIC: &[(&str, &[Code])] = &[
    ("create_cart", &[Code::IdempotencyMismatch, Code::TooManyLines, Code::InvalidHeader]),
    (
        "choose_shipping_rate",
        &[Code::CartCheckingOut, Code::CartCompleted, Code::PreconditionFailed, Code::AmountTooLarge],
    ),
    ("list_shipping_rates", &[Code::AmountTooLarge]),
    ("explain_cart_totals", &[Code::AmountTooLarge]),
    ("explain_any_cart_totals", &[Code::AmountTooLarge]),
    ("create_quote", &[Code::AmountTooLarge]),
    ("create_shipping_zone", &[Code::Duplicate, Code::IdempotencyMismatch, Code::InvalidHeader]),
    ("update_shipping_zone", &[Code::Duplicate, Code::PreconditionFailed]),
    ("delete_shipping_zone", &[Code::PreconditionFailed]),
    ("update_cart", &[Code::CartCheckingOut, Code::CartCompleted, Code::PreconditionFailed]),
    ("add_line_item", &[Code::CartCheckingOut, Code::CartCompleted, Code::TooManyLines, Code::PreconditionFailed]),
    ("update_line_item", &[Code::CartCheckingOut, Code::CartCompleted, Code::PreconditionFailed]),
    ("remove_line_item", &[Code::CartCheckingOut, Code::CartCompleted, Code::PreconditionFailed]),
    (
        "create_checkout",
        &[
            Code::CartCompleted,
            Code::CartChanged,
            Code::CheckoutClosed,
            Code::InsufficientStock,
            Code::HoldLimitReached,
            Code::PriceChanged,
            Code::DiscountUnavailable,
            Code::PaymentProcessing,
            Code::RequestInFlight,
            Code::IdempotencyMismatch,
            Code::CartIncomplete,
            Code::AmountTooSmall,
            Code::AmountTooLarge,
            Code::AmountNotChargeable,
            Code::PaymentRejected,
            Code::ProviderUnavailable,
            Code::InvalidHeader,
        ],
    ),
    (
        "cancel_my_order",
        &[Code::OrderNotCancellable, Code::ChargeDisputed, Code::PaymentRejected, Code::ProviderUnavailable],
    ),
    (
        "cancel_order",
        &[
            Code::OrderNotCancellable,
            Code::ChargeDisputed,
            Code::PreconditionFailed,
            Code::NothingToDecide,
            Code::RequestInFlight,
            Code::IdempotencyMismatch,
            Code::InvalidHeader,
            Code::PaymentRejected,
            Code::ProviderUnavailable,
        ],
    ),
    ("reverse_dispute_tax", &[Code::TaxNotReversible, Code::ProviderUnavailable]),
    ("decide_payment_review", &[Code::NothingToDecide]),
    ("update_any_customer", &[Code::PreconditionFailed, Code::WrongStatus]),
    ("erase_customer", &[Code::WrongStatus]),
    ("update_order", &[Code::PreconditionFailed]),
    ("create_order_note", &[Code::IdempotencyMismatch, Code::InvalidHeader]),
    (
        "create_fulfillment",
        &[
            Code::OrderNotFulfillable,
            Code::DuplicateRequest,
            Code::ChargeDisputed,
            Code::PreconditionFailed,
            Code::IdempotencyMismatch,
            Code::InvalidHeader,
        ],
    ),
    (
        "create_refund",
        &[
            Code::OrderNotRefundable,
            Code::DuplicateRequest,
            Code::RefundExceedsRemaining,
            Code::ChargeDisputed,
            Code::PreconditionFailed,
            Code::IdempotencyMismatch,
            Code::InvalidHeader,
        ],
    ),
    ("preview_refund", &[Code::OrderNotRefundable, Code::RefundExceedsRemaining, Code::ChargeDisputed]),
    ("release_hold", &[Code::PaymentProcessing, Code::PaymentRejected, Code::ProviderUnavailable]),
    ("cancel_checkout", &[Code::CheckoutClosed, Code::ProviderUnavailable]),
    ("receive_stripe_webhook", &[Code::InvalidSignature, Code::MalformedBody, Code::BodyTooLarge]),
    ("receive_shippo_webhook", &[Code::InvalidSignature, Code::InvalidHeader, Code::MalformedBody, Code::BodyTooLarge]),
    ("update_fulfillment", &[Code::FulfillmentNotChangeable, Code::PreconditionFailed]),
    ("cancel_fulfillment", &[Code::FulfillmentNotChangeable, Code::PreconditionFailed]),
    (
        "create_shipping_label",
        &[Code::LabelExists, Code::LabelNotPossible, Code::IdempotencyMismatch, Code::InvalidHeader],
    ),
    ("void_shipping_label", &[Code::LabelNotPossible]),
    ("create_product", &[Code::Duplicate, Code::IdempotencyMismatch, Code::InvalidHeader]),
    ("update_product", &[Code::Duplicate, Code::PreconditionFailed]),
    ("delete_product", &[Code::PreconditionFailed]),
    ("create_variant", &[Code::Duplicate, Code::IdempotencyMismatch, Code::InvalidHeader, Code::PreconditionFailed]),
    ("update_variant", &[Code::Duplicate, Code::PreconditionFailed]),
    ("delete_variant", &[Code::PreconditionFailed]),
    ("create_collection", &[Code::Duplicate, Code::IdempotencyMismatch, Code::InvalidHeader]),
    ("update_collection", &[Code::Duplicate, Code::PreconditionFailed]),
    ("delete_collection", &[Code::PreconditionFailed]),
    (
        "add_discount_code",
        &[Code::CartCheckingOut, Code::CartCompleted, Code::PreconditionFailed, Code::AmountTooLarge],
    ),
    (
        "remove_discount_code",
        &[Code::CartCheckingOut, Code::CartCompleted, Code::PreconditionFailed, Code::AmountTooLarge],
    ),
    ("update_shipping_settings", &[Code::PreconditionFailed]),
    ("update_currency_settings", &[Code::PreconditionFailed]),
    ("update_tax_settings", &[Code::PreconditionFailed]),
    ("update_invoice_settings", &[Code::PreconditionFailed]),
    ("update_inventory_settings", &[Code::PreconditionFailed]),
    ("issue_invoice", &[Code::InvoiceNotPossible]),
    (
        "set_tax_exemption",
        &[Code::CartCheckingOut, Code::CartCompleted, Code::PreconditionFailed, Code::AmountTooLarge],
    ),
    ("create_discount", &[Code::Duplicate, Code::IdempotencyMismatch, Code::InvalidHeader]),
    ("update_discount", &[Code::PreconditionFailed]),
    ("delete_discount", &[Code::PreconditionFailed]),
    ("create_discount_codes", &[Code::Duplicate, Code::IdempotencyMismatch, Code::InvalidHeader]),
    ("verify_customer", &[Code::InvalidToken, Code::AlreadyVerified]),
    ("reset_password", &[Code::InvalidToken]),
    ("create_customer_session", &[Code::InvalidCredentials]),
    ("refresh_customer_session", &[Code::InvalidCredentials, Code::SessionRevoked]),
    ("update_customer", &[Code::PreconditionFailed]),
    ("create_customer_address", &[Code::TooManyAddresses]),
    ("claim_cart", &[Code::CartNotYours, Code::CartCheckingOut, Code::CartCompleted, Code::AmountTooLarge]),
    ("resend_email", &[Code::IdempotencyMismatch, Code::InvalidHeader]),
    ("send_test_email", &[Code::IdempotencyMismatch, Code::InvalidHeader]),
    ("create_webhook_endpoint", &[Code::TooManyWebhookEndpoints, Code::IdempotencyMismatch, Code::InvalidHeader]),
    ("update_webhook_endpoint", &[Code::PreconditionFailed]),
    ("delete_webhook_endpoint", &[Code::PreconditionFailed]),
    ("replay_webhook_endpoint", &[Code::WebhookEndpointDisabled]),
    ("replay_webhook_delivery", &[Code::WebhookEndpointDisabled]),
    ("adjust_stock", &[Code::IdempotencyMismatch, Code::InvalidHeader]),
    ("retry_inbox_event", &[Code::WrongStatus]),
    ("discard_inbox_event", &[Code::WrongStatus]),
    ("retry_job", &[Code::WrongStatus, Code::Duplicate]),
    ("discard_job", &[Code::WrongStatus]),
    ("pause_job_kind", &[Code::WrongStatus]),
    ("create_staff_session", &[Code::InvalidCredentials, Code::CsrfRefused]),
    ("accept_staff_invitation", &[Code::InvalidToken, Code::CsrfRefused]),
    ("reset_staff_password", &[Code::InvalidToken]),
    ("create_staff_member", &[Code::Duplicate]),
    ("update_staff_member", &[Code::PreconditionFailed, Code::WrongStatus, Code::LastOwner]),
    ("send_staff_invitation", &[Code::WrongStatus]),
    ("create_staff_role", &[Code::Duplicate]),
    ("update_staff_role", &[Code::PreconditionFailed, Code::Duplicate, Code::BuiltInRole]),
    ("delete_staff_role", &[Code::PreconditionFailed, Code::RoleInUse, Code::BuiltInRole]),
    ("update_api_key", &[Code::PreconditionFailed, Code::WrongStatus]),
    ("rotate_api_key", &[Code::WrongStatus]),
];

/// The document, as served and as committed in `openapi.yaml`.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    let (_, mut document) = ActixApp::new()
        .into_utoipa_app()
        .openapi(Base::openapi())
        .configure(|config| router::routes(config))
        .split_for_parts();
    document.info.description = Some(DESCRIPTION.to_owned());
    document.merge(analytics::routes::Schemas::openapi());
    document.merge(webhooks_out::document::Schemas::openapi());
    document.merge(live::routes::Schemas::openapi());
    document.webhooks = Some(webhooks_out::document::webhooks());
    if let Some(components) = &mut document.components {
        for (name, scheme) in security_schemes() {
            components.add_security_scheme(name, scheme);
        }
    }
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            let callers = StaffCallers::of(operation);
            describe_problems((path, &method), operation, callers);
            if callers == StaffCallers::KeysAndSessions {
                // Whatever a key opens, a session does as well.
                operation.security.get_or_insert_default().push(session());
            }
        }
    }
    document
}

/// Which staff an operation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StaffCallers {
    Nobody,
    Sessions,
    KeysAndSessions,
}

impl StaffCallers {
    fn of(operation: &Operation) -> Self {
        let takes = |wanted: &SecurityRequirement| operation.security.iter().flatten().any(|one| one == wanted);
        if takes(&SecurityRequirement::new("staff_key", Vec::<String>::new())) {
            Self::KeysAndSessions
        } else if takes(&session()) {
            Self::Sessions
        } else {
            Self::Nobody
        }
    }
}

fn session() -> SecurityRequirement {
    SecurityRequirement::new("staff_session", Vec::<String>::new())
}

fn security_schemes() -> [(&'static str, SecurityScheme); 7] {
    let header = |name: &str, description: &str| {
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, description)))
    };
    let staff = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A staff API key, `sk_…`, with the scope that the operation names"))
        .build();
    let customer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A customer's access token, `cst_…`, of `POST /v1/customer-sessions`"))
        .build();
    let storefront = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "Optional on every open operation: a storefront server's key, `sf_…`. With it, `X-Buyer-Address` names the \
             shopper's IP address, which limits then count for. Never send it from a browser or an app.",
        ))
        .build();
    let session = ApiKeyValue::with_description(
        session_cookie::SECURE_NAME,
        "A member's session, set by `POST /v1/admin/session`; `merx_staff` by `http` on this machine. The role must have \
         the scope that the operation names. Changes must come from a page of this origin: `Sec-Fetch-Site: same-origin`, \
         or our address as `Origin`.",
    );
    [
        ("storefront_key", SecurityScheme::Http(storefront)),
        ("cart_token", header("X-Cart-Token", "The cart's secret, given once as `cart_token`")),
        ("order_token", header("X-Order-Token", "The order's secret, given as `order_token` at checkout")),
        ("customer_session", SecurityScheme::Http(customer)),
        ("customer_token", header("X-Customer-Token", "A customer's access token, where a key is the bearer already")),
        ("staff_key", SecurityScheme::Http(staff)),
        ("staff_session", SecurityScheme::ApiKey(ApiKey::Cookie(session))),
    ]
}

fn operations(item: &mut PathItem) -> Vec<(HttpMethod, &mut Operation)> {
    [
        (HttpMethod::Get, item.get.as_mut()),
        (HttpMethod::Post, item.post.as_mut()),
        (HttpMethod::Put, item.put.as_mut()),
        (HttpMethod::Patch, item.patch.as_mut()),
        (HttpMethod::Delete, item.delete.as_mut()),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation?)))
    .collect()
}

/// Every code that an operation can answer, by its shape and by [`SPECIFIC`].
fn shared((path, method): (&str, &HttpMethod), operation: &Operation, staff: StaffCallers) -> Vec<Code> {
    let mut codes = vec![Code::RateLimited, Code::Internal, Code::Unavailable];
    if path.starts_with("/v1/webhooks/") {
        codes.remove(0);
    } else {
        // A storefront key, or a buyer's address, may be wrong anywhere.
        codes.extend([Code::Unauthenticated, Code::InvalidHeader]);
        if operation.request_body.is_some() {
            codes.extend([Code::MalformedBody, Code::BodyTooLarge, Code::UnsupportedMediaType, Code::ValidationFailed]);
        }
    }
    if staff == StaffCallers::KeysAndSessions {
        codes.push(Code::InsufficientScope);
    }
    if staff != StaffCallers::Nobody && *method != HttpMethod::Get {
        codes.push(Code::CsrfRefused);
    }
    if path.contains('{') || path == "/v1/checkouts" {
        codes.push(Code::NotFound);
    }
    let takes_query = operation
        .parameters
        .iter()
        .flatten()
        .any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == utoipa::openapi::path::ParameterIn::Query));
    if takes_query {
        codes.push(Code::InvalidQuery);
    }
    codes
}

fn describe_problems(place: (&str, &HttpMethod), operation: &mut Operation, staff: StaffCallers) {
    let name = operation.operation_id.clone().unwrap_or_default();
    let specific = SPECIFIC.iter().find(|(operation, _)| *operation == name).map_or(&[][..], |(_, codes)| codes);
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in shared(place, operation, staff).into_iter().chain(specific.iter().copied()) {
        let codes = by_status.entry(code.status()).or_default();
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    for (status, codes) in by_status {
        let description =
            codes.iter().map(|code| format!("`{}`: {}. ", code.as_str(), code.title())).collect::<String>();
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("ProblemDocument")))
            .example(codes.first().map(|code| example(*code)))
            .build();
        let response =
            ResponseBuilder::new().description(description.trim_end()).content(PROBLEM_JSON, content).build();
        operation.responses.responses.entry(status.to_string()).or_insert_with(|| response.into());
    }
}

fn example(code: Code) -> serde_json::Value {
    json!({
        "type": format!("http://127.0.0.1:8080/problems/{}", code.as_str()),
        "title": code.title(),
        "status": code.status(),
        "detail": code.remedy(),
        "code": code.as_str(),
        "request_id": "req_01jd8x3v5ke2t9qj6f4z0w7m8r",
        "errors": [],
    })
}

/// The document as YAML, as `openapi.yaml` holds it.
///
/// # Errors
/// When it cannot be written, which is a defect.
pub fn yaml() -> Result<String, String> {
    let document = serde_json::to_value(document()).map_err(|error| error.to_string())?;
    serde_yaml_ng::to_string(&document).map_err(|error| error.to_string())
}
