//! Delivering events: signing, retries, and the ways the control side can disturb it.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::engine::Engine;
use crate::events::Event;
use crate::object;
use crate::state::Store;
use crate::stripe::webhook_endpoints;

/// How long a buyer who has paid is kept until the shop has answered (<https://docs.stripe.com/checkout/fulfillment>).
const LONGEST_STAY: Duration = Duration::from_secs(10);

/// How events travel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// Each event once, in order.
    #[default]
    Normal,
    /// Events wait for the return to another mode.
    Hold,
    /// Events are recorded but never sent.
    Drop,
    /// Each event several times at once.
    Duplicate,
    /// As `Hold`, and then newest first.
    Reverse,
}

/// The endpoint, the mode and the queues.
#[derive(Debug, Default)]
pub(crate) struct Webhooks {
    url: Option<String>,
    secrets: Vec<String>,
    /// Where Shippo tells of parcels.
    shippo_url: Option<String>,
    mode: Mode,
    copies: usize,
    outbox: Vec<String>,
    held: Vec<String>,
    in_flight: usize,
    delivered: HashSet<String>,
    /// Buyers who are kept until these events were tried.
    kept: HashMap<String, oneshot::Sender<()>>,
}

/// Events to deliver one after the other.
#[derive(Debug)]
struct Batch {
    events: Vec<String>,
    copies: usize,
}

impl Webhooks {
    /// Sends later events there.
    pub(crate) fn set_endpoint(&mut self, url: String, secrets: Vec<String>) {
        self.url = Some(url);
        self.secrets = secrets;
    }

    /// Tells of parcels there from now on.
    pub(crate) fn set_shippo_endpoint(&mut self, url: String) {
        self.shippo_url = Some(url);
    }

    /// Whether events have somewhere to go.
    pub(crate) fn has_endpoint(&self) -> bool {
        self.url.is_some()
    }

    /// Adds an event to those that wait for [`dispatch`].
    pub(crate) fn queue(&mut self, event_id: String) {
        self.outbox.push(event_id);
    }

    /// Changes the mode; leaving a holding mode releases what was held.
    pub(crate) fn set_mode(&mut self, mode: Mode, copies: usize) {
        let newest_first = self.mode == Mode::Reverse;
        self.mode = mode;
        self.copies = copies.max(1);
        match mode {
            Mode::Hold | Mode::Reverse => {}
            Mode::Drop => self.held.clear(),
            Mode::Normal | Mode::Duplicate => {
                let mut released = std::mem::take(&mut self.held);
                if newest_first {
                    released.reverse();
                }
                released.append(&mut self.outbox);
                self.outbox = released;
            }
        }
    }

    /// The present mode.
    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    /// Deliveries that wait or travel.
    pub(crate) fn pending(&self) -> usize {
        self.outbox.len() + self.held.len() + self.in_flight
    }

    /// How many of them are held back.
    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    /// Whether an event reached its endpoint.
    pub(crate) fn was_delivered(&self, event_id: &str) -> bool {
        self.delivered.contains(event_id)
    }

    /// Sends the buyer back who was kept for an event.
    fn let_go(&mut self, event_id: &str) {
        self.kept.remove(event_id);
    }

    fn take_due(&mut self, has_receiver: bool) -> Option<Batch> {
        if self.outbox.is_empty() {
            return None;
        }
        let events = std::mem::take(&mut self.outbox);
        let copies = match self.mode {
            _ if self.url.is_none() && !has_receiver => 0,
            Mode::Normal => 1,
            Mode::Duplicate => self.copies,
            Mode::Drop => 0,
            Mode::Hold | Mode::Reverse => {
                self.held.extend_from_slice(&events);
                0
            }
        };
        if copies == 0 {
            events.iter().for_each(|event| self.let_go(event));
            return None;
        }
        self.in_flight = self.in_flight.saturating_add(events.len().saturating_mul(copies));
        Some(Batch { events, copies })
    }
}

/// A buyer who has paid, until Stripe sends them back to the shop.
#[derive(Debug)]
pub(crate) struct Stay(Option<oneshot::Receiver<()>>);

impl Stay {
    /// Of the buyer whose payment of a session is about to be told.
    pub(crate) fn of(store: &mut Store, session: &str) -> Self {
        let is_told_by = |id: &&String| {
            let is_it = |event: &Event| event.kind == "checkout.session.completed" && event.is_about(session);
            store.events.get(id).is_some_and(is_it)
        };
        let event = store.webhooks.outbox.iter().rfind(is_told_by).cloned();
        Self(event.map(|event| {
            let (sender, receiver) = oneshot::channel();
            store.webhooks.kept.insert(event, sender);
            receiver
        }))
    }

    /// Ends when the shop has answered or cannot be reached, or none is told, or the buyer was kept long enough.
    pub(crate) async fn over(self) {
        if let Some(told) = self.0 {
            // The sender is dropped, which ends it as well.
            let _ = tokio::time::timeout(LONGEST_STAY, told).await;
        }
    }
}

/// Sends what is queued, in the background. First tries keep the events' order; retries do not.
pub(crate) fn dispatch(engine: &Arc<Engine>) {
    let batch = {
        let mut store = engine.lock();
        let has_receiver = store.webhook_endpoints.len() > 0;
        store.webhooks.take_due(has_receiver)
    };
    let Some(batch) = batch else { return };
    let sender = Arc::clone(engine);
    engine.spawn(async move {
        for event_id in batch.events {
            let mut copies = JoinSet::new();
            for _ in 0..batch.copies {
                let engine = Arc::clone(&sender);
                let event_id = event_id.clone();
                copies.spawn(async move { first_try(engine, event_id).await });
            }
            while copies.join_next().await.is_some() {}
        }
    });
}

/// Tries an event `copies` times at once and reports the statuses, without retries.
pub(crate) async fn deliver_again(
    engine: &Arc<Engine>,
    event_id: &str,
    copies: usize,
    genuine: bool,
) -> Vec<Option<u16>> {
    let mut tries = JoinSet::new();
    for _ in 0..copies {
        let sender = Arc::clone(engine);
        let event_id = event_id.to_owned();
        // On the main runtime, where the client's pooled connections live.
        tries.spawn_on(async move { send(&sender, &event_id, genuine).await }, &engine.runtime);
    }
    let mut statuses = Vec::with_capacity(copies);
    while let Some(finished) = tries.join_next().await {
        statuses.push(finished.ok().flatten());
    }
    statuses
}

async fn first_try(engine: Arc<Engine>, event_id: String) {
    let is_accepted = send_once(&engine, &event_id).await;
    engine.lock().webhooks.let_go(&event_id);
    if is_accepted {
        finished(&engine);
        return;
    }
    let retrier = Arc::clone(&engine);
    engine.spawn(async move {
        for wait in retrier.webhook_retry.clone() {
            tokio::time::sleep(wait).await;
            if send_once(&retrier, &event_id).await {
                break;
            }
        }
        finished(&retrier);
    });
}

fn finished(engine: &Engine) {
    let mut store = engine.lock();
    store.webhooks.in_flight = store.webhooks.in_flight.saturating_sub(1);
}

/// Whether nobody need be told any more.
async fn send_once(engine: &Engine, event_id: &str) -> bool {
    let Some((receivers, body)) = addressed(engine, event_id) else { return true };
    if receivers.is_empty() {
        return true;
    }
    let status = post_to_all(engine, event_id, receivers, body, true).await;
    let accepted = status.is_some_and(|status| (200..300).contains(&status));
    if !accepted {
        tracing::debug!(event.id = %event_id, "webhook was not accepted");
    }
    accepted
}

/// Tells of a parcel, once; the status, or nothing when there is nobody to tell.
pub(crate) async fn tell_of_parcel(engine: &Arc<Engine>, event: &serde_json::Value) -> Option<u16> {
    let url = engine.lock().webhooks.shippo_url.clone()?;
    let (client, body) = (engine.client.clone(), event.to_string());
    // On the main runtime, where the client's pooled connections live.
    let told = engine
        .runtime
        .spawn(async move { client.post(url).header("Content-Type", "application/json").body(body).send().await });
    Some(told.await.ok()?.ok()?.status().as_u16())
}

/// Delivers an event once; the status of [`post_to_all`].
async fn send(engine: &Engine, event_id: &str, genuine: bool) -> Option<u16> {
    let (receivers, body) = addressed(engine, event_id)?;
    post_to_all(engine, event_id, receivers, body, genuine).await
}

/// An endpoint, and the secrets that sign what it gets.
type Receiver = (String, Vec<String>);

/// The endpoints that want an event, and its document.
fn addressed(engine: &Engine, event_id: &str) -> Option<(Vec<Receiver>, String)> {
    let store = engine.lock();
    let event = store.events.get(event_id)?;
    let own = store.webhooks.url.clone().map(|url| (url, store.webhooks.secrets.clone()));
    let others = webhook_endpoints::receivers(&store, &event.kind);
    let others = others.into_iter().map(|(url, secret)| (url, vec![secret]));
    let receivers: Vec<Receiver> = own.into_iter().chain(others).collect();
    let body = if receivers.is_empty() { String::new() } else { serde_json::to_string(event).ok()? };
    Some((receivers, body))
}

/// One delivery to each endpoint, signed with a fresh time; the status of the first that refused it, else of the last, or
/// nothing when none came.
async fn post_to_all(
    engine: &Engine,
    event_id: &str,
    receivers: Vec<Receiver>,
    body: String,
    genuine: bool,
) -> Option<u16> {
    let mut statuses = Vec::new();
    for (url, secrets) in receivers {
        let secrets = if genuine { secrets } else { vec![object::fresh_id("whsec")] };
        statuses.push(post(engine, url, &secrets, body.clone()).await);
    }
    let is_accepted = |status: &Option<u16>| status.is_some_and(|status| (200..300).contains(&status));
    let status = statuses.iter().find(|status| !is_accepted(status)).or(statuses.last()).copied().flatten();
    if genuine && is_accepted(&status) {
        let mut store = engine.lock();
        store.webhooks.delivered.insert(event_id.to_owned());
        if let Some(event) = store.events.get_mut(event_id) {
            event.delivered();
        }
    }
    status
}

async fn post(engine: &Engine, url: String, secrets: &[String], body: String) -> Option<u16> {
    let signature = signature_header(secrets, engine.clock.unix(), &body);
    let answer = engine
        .client
        .post(url)
        .header("Content-Type", "application/json; charset=utf-8")
        .header("Stripe-Signature", signature)
        .header("User-Agent", "Stripe/1.0 (merx sandbox)")
        .body(body)
        .send()
        .await
        .ok()?;
    Some(answer.status().as_u16())
}

/// `t=…,v1=…` with one `v1` per secret over `{t}.{body}`.
fn signature_header(secrets: &[String], timestamp: i64, body: &str) -> String {
    let mut header = format!("t={timestamp}");
    for secret in secrets {
        // HMAC takes keys of any length, so this never fails.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
            continue;
        };
        mac.update(format!("{timestamp}.{body}").as_bytes());
        header.push_str(",v1=");
        for byte in mac.finalize().into_bytes() {
            // Writing into a string never fails.
            let _ = write!(header, "{byte:02x}");
        }
    }
    header
}
