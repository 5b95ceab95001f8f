//! Webhook endpoints: create, read, list, update, delete. Events are delivered to those that are enabled, each signed with
//! its own secret.

use serde_json::{Value, json};

use crate::error::{Reply, StripeError};
use crate::object::{self, fresh_id};
use crate::params::Params;
use crate::state::Store;
use crate::stripe::{Call, listing};

/// How many endpoints an account has at most in a mode.
const MOST: usize = 16;

/// `/v1/webhook_endpoints…`
pub(crate) fn route(store: &mut Store, call: &Call, rest: &[&str]) -> Reply {
    match (call.method.as_str(), rest) {
        ("POST", []) => create(store, call),
        ("GET", []) => {
            call.params().only(&["ending_before", "expand", "limit", "starting_after"])?;
            listing::page(call, store.webhook_endpoints.newest_first(), |_| true)
        }
        ("GET", [id]) => store.webhook_endpoints.get(id).cloned().ok_or_else(|| no_such(id)),
        ("POST", [id]) => update(store, call, id),
        ("DELETE", [id]) => {
            store.webhook_endpoints.remove(id).ok_or_else(|| no_such(id))?;
            store.endpoint_secrets.remove(*id);
            Ok(json!({"id": id, "object": "webhook_endpoint", "deleted": true}))
        }
        _ => Err(call.unrecognized()),
    }
}

fn no_such(id: &str) -> StripeError {
    StripeError::no_such("webhook endpoint", id)
}

/// The secret is in this answer and in no other.
fn create(store: &mut Store, call: &Call) -> Reply {
    let params = call.params();
    params.only(&["api_version", "connect", "description", "enabled_events", "expand", "metadata", "url"])?;
    params.boolean("connect")?;
    let (url, events) = (url(&params)?.ok_or_else(|| StripeError::missing("url"))?, enabled_events(&params)?);
    if events.is_empty() {
        return Err(StripeError::missing("enabled_events"));
    }
    if store.webhook_endpoints.len() >= MOST {
        return Err(StripeError::invalid(format!("You have reached the maximum of {MOST} test webhook endpoints.")));
    }
    let (id, secret) = (fresh_id("we"), fresh_id("whsec"));
    let mut endpoint = json!({
        "id": id,
        "object": "webhook_endpoint",
        "api_version": params.text("api_version")?,
        "application": null,
        "created": call.cause.now,
        "description": params.text("description")?,
        "enabled_events": events,
        "livemode": false,
        "metadata": params.metadata()?,
        "status": "enabled",
        "url": url,
    });
    store.webhook_endpoints.insert(endpoint.clone());
    store.endpoint_secrets.insert(id, secret.clone());
    object::set(&mut endpoint, "secret", secret);
    Ok(endpoint)
}

/// The version cannot be changed any more.
fn update(store: &mut Store, call: &Call, id: &str) -> Reply {
    let params = call.params();
    let endpoint = store.webhook_endpoints.get_mut(id).ok_or_else(|| no_such(id))?;
    params.only(&["description", "disabled", "enabled_events", "expand", "metadata", "url"])?;
    let (url, events, disabled) = (url(&params)?, enabled_events(&params)?, params.boolean("disabled")?);
    let (description, metadata) = (params.text("description")?, params.metadata()?);
    if let Some(url) = url {
        object::set(endpoint, "url", url);
    }
    if !events.is_empty() {
        object::set(endpoint, "enabled_events", events);
    }
    if let Some(disabled) = disabled {
        object::set(endpoint, "status", if disabled { "disabled" } else { "enabled" });
    }
    if let Some(description) = description {
        object::set(endpoint, "description", description);
    }
    if let Some(present) = endpoint.get_mut("metadata") {
        object::merge(present, metadata);
    }
    Ok(endpoint.clone())
}

fn url<'a>(params: &Params<'a>) -> Result<Option<&'a str>, StripeError> {
    match params.text("url")? {
        Some(url) if !url.starts_with("https://") && !url.starts_with("http://") => {
            let message = "Invalid URL: An explicit scheme (such as https) must be provided.";
            Err(StripeError::invalid(message).code("url_invalid").param("url"))
        }
        url => Ok(url),
    }
}

/// `*`, or names as Stripe forms them.
fn enabled_events(params: &Params<'_>) -> Result<Vec<String>, StripeError> {
    let events = params.words("enabled_events");
    let is_name = |event: &str| {
        event.contains('.') && event.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'_'))
    };
    match events.iter().position(|event| event != "*" && !is_name(event)) {
        Some(index) => {
            let param = format!("enabled_events[{index}]");
            Err(StripeError::invalid(format!("Invalid {param}: must be the name of an event or *")).param(&param))
        }
        None => Ok(events),
    }
}

/// Where an event goes: the address and the secret of each endpoint that is enabled and wants its type.
pub(crate) fn receivers(store: &Store, kind: &str) -> Vec<(String, String)> {
    let wants = |endpoint: &&Value| {
        let events = endpoint.get("enabled_events").and_then(Value::as_array).into_iter().flatten();
        let mut names = events.filter_map(Value::as_str);
        object::is(endpoint, "status", "enabled") && names.any(|name| name == "*" || name == kind)
    };
    let secret = |endpoint: &Value| store.endpoint_secrets.get(object::text(endpoint, "id")?).cloned();
    let wanting = store.webhook_endpoints.oldest_first().filter(wants);
    wanting.filter_map(|endpoint| Some((object::owned(endpoint, "url"), secret(endpoint)?))).collect()
}
