//! Faults that the control side orders: errors, delays, lost answers, wrong totals.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use crate::error::StripeError;

/// Which requests a fault hits; an absent field matches all.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Matching {
    /// HTTP method.
    method: Option<String>,
    /// Start of the path, or the whole path with `exact`.
    path: Option<String>,
    /// Whether `path` must be the whole path.
    #[serde(default)]
    exact: bool,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// An error status instead of the answer.
    Status,
    /// The answer comes late.
    Delay,
    /// The connection closes without an answer.
    Reset,
    /// No answer until the client gives up.
    Hang,
    /// A session is made one minor unit too dear.
    WrongTotal,
    /// A 200 whose body is not JSON.
    Garbage,
}

/// One fault as ordered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    #[serde(default, rename = "match")]
    matching: Matching,
    /// What goes wrong.
    pub(crate) kind: Kind,
    /// Status to answer, for `status`.
    #[serde(default = "default_status")]
    pub(crate) status: u16,
    #[serde(default)]
    code: Option<String>,
    /// `Retry-After` in seconds, for `status`.
    #[serde(default)]
    pub(crate) retry_after: Option<u64>,
    /// How many requests it hits; 0 means until cleared.
    #[serde(default = "default_times")]
    times: u32,
    /// Whether the request executes before it goes wrong.
    #[serde(default)]
    pub(crate) after_execution: bool,
    /// How late, for `delay`.
    #[serde(default)]
    pub(crate) delay_ms: u64,
    /// How many matching requests pass first.
    #[serde(default)]
    skip: u32,
}

fn default_status() -> u16 {
    500
}

fn default_times() -> u32 {
    1
}

impl Fault {
    /// Whether this is `kind`, striking before the request executes.
    pub(crate) fn strikes_before(&self, kind: Kind) -> bool {
        self.kind == kind && !self.after_execution
    }

    /// Whether this is `kind`, striking after the request executed.
    pub(crate) fn strikes_after(&self, kind: Kind) -> bool {
        self.kind == kind && self.after_execution
    }

    /// The error document of a `status` fault.
    pub(crate) fn body(&self) -> Value {
        let (kind, code, message) = match self.status {
            429 => ("invalid_request_error", Some("rate_limit"), "Request rate limit exceeded (injected)."),
            402 => ("card_error", Some("card_declined"), "Your card was declined."),
            409 => {
                ("invalid_request_error", Some("lock_timeout"), "This object cannot be accessed right now (injected).")
            }
            500.. => ("api_error", None, "An error occurred on our end (injected by the sandbox)."),
            _ => ("invalid_request_error", None, "Refused (injected by the sandbox)."),
        };
        let error = StripeError::new(self.status, kind, message);
        match self.code.as_deref().or(code) {
            Some(code) => error.code(code).body(),
            None => error.body(),
        }
    }

    /// The words of a `status` fault where errors are not Stripe's.
    pub(crate) fn detail(&self) -> &'static str {
        match self.status {
            429 => "Request was throttled (injected by the sandbox).",
            500.. => "Internal server error (injected by the sandbox).",
            _ => "Refused (injected by the sandbox).",
        }
    }

    fn matches(&self, method: &str, path: &str) -> bool {
        let method_fits = self.matching.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method));
        let path_fits = self
            .matching
            .path
            .as_deref()
            .is_none_or(|wanted| if self.matching.exact { wanted == path } else { path.starts_with(wanted) });
        method_fits && path_fits
    }
}

#[derive(Debug)]
struct Ordered {
    fault: Fault,
    skip: u32,
    left: Option<u32>,
}

/// All ordered faults.
#[derive(Debug)]
pub(crate) struct Faults {
    ordered: Mutex<Vec<Ordered>>,
    cleared: watch::Sender<u64>,
}

impl Faults {
    /// No faults.
    pub(crate) fn new() -> Self {
        Self { ordered: Mutex::new(Vec::new()), cleared: watch::Sender::new(0) }
    }

    /// Orders a fault; earlier ones strike first.
    pub(crate) fn order(&self, fault: Fault) {
        let left = (fault.times > 0).then_some(fault.times);
        let skip = fault.skip;
        self.lock().push(Ordered { fault, skip, left });
    }

    /// The fault that strikes this request, using it up.
    pub(crate) fn take(&self, method: &str, path: &str) -> Option<Fault> {
        let mut ordered = self.lock();
        let mut struck = None;
        for candidate in ordered.iter_mut() {
            if !candidate.fault.matches(method, path) {
                continue;
            }
            if candidate.skip > 0 {
                candidate.skip -= 1;
                continue;
            }
            candidate.left = candidate.left.map(|left| left.saturating_sub(1));
            struck = Some(candidate.fault.clone());
            break;
        }
        ordered.retain(|candidate| candidate.left != Some(0));
        struck
    }

    /// Takes all faults back and wakes hanging requests.
    pub(crate) fn clear(&self) {
        self.lock().clear();
        self.cleared.send_modify(|generation| *generation = generation.wrapping_add(1));
    }

    /// Tells when the faults are cleared the next time.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.cleared.subscribe()
    }

    /// The faults that still wait, as ordered.
    pub(crate) fn list(&self) -> Vec<Fault> {
        self.lock()
            .iter()
            .map(|ordered| Fault { skip: ordered.skip, times: ordered.left.unwrap_or(0), ..ordered.fault.clone() })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Ordered>> {
        self.ordered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
