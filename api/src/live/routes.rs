//! The stream of what happens, as server-sent events.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CONTENT_ENCODING, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest, HttpResponse, get, web};
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use validator::Validate;

use super::feed::{self, Cursor};
use super::streams::{Place, Told};
use super::{LiveEvent, LiveTopic};
use crate::app::App;
use crate::error::{Code, Error, FieldError, Result};
use crate::http::auth::Staff;
use crate::http::extract::{Query, header};

/// Where the stream is.
pub const PATH: &str = "/v1/admin/events";

/// How many frames wait for a client that reads slowly; the stream of one for whom there are more ends.
const WAITING: usize = 256;

/// The most events that a stream is told of the time in which it was broken off.
const MOST_MISSED: usize = 5000;

/// What a client waits before it connects again, in milliseconds.
const RETRY: u32 = 2000;

/// The schemas that the stream names.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(LiveEvent)))]
pub struct Schemas;

/// What a stream tells of.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LiveQuery {
    /// Only these topics, comma-separated; all that the caller may read when absent.
    #[param(max_length = 400, example = "order.created,order.updated")]
    #[validate(length(max = 400))]
    pub topics: Option<String>,
}

/// Listen to what happens
///
/// Server-sent events (`EventSource`), in the order in which they were committed, whichever process did it. Each has a
/// topic as its `event`, a `LiveEvent` as its `data`, and an `id`; the client reads the rest by the API. `ready` begins a
/// stream: what is read after it is up to date. Whoever reconnects within five minutes sends `Last-Event-ID`, as browsers
/// do, and misses nothing; after a longer time, or when too much happened at once, `reset` says that everything is to
/// be read anew. The stream of a client that does not read ends. A comment every 15 seconds keeps the connection
/// (`MERX_EVENTS_HEARTBEAT_SECONDS`); then the caller is looked up again, and the stream of one who may no longer listen
/// ends. Needs the scope that a topic names: `orders:read`, `alerts:read`, `inbox:read`, `products:read`.
#[utoipa::path(
    operation_id = "stream_events", tag = "staff", security(("staff_key" = [])),
    params(LiveQuery, ("Last-Event-ID" = Option<String>, Header, description = "The `id` of the newest event that the client has")),
    responses((status = 200, description = "The stream, until either side ends it", body = String, content_type = "text/event-stream")),
)]
#[get("/v1/admin/events")]
pub async fn stream_events(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<LiveQuery>,
) -> Result<HttpResponse> {
    let wanted = wanted(query.0.topics.as_deref())?;
    let topics = allowed(&staff, &wanted)?;
    let last = last_event(&request)?;
    let app = app.into_inner();
    let place = Place::take(Arc::clone(&app), staff.actor())?;
    let told = app.live.subscribe();
    app.live.begun().await;
    let (first, cursor) = beginning(&app, last, &topics).await?;
    let (sender, receiver) = mpsc::channel(WAITING);
    let stream = Stream { app, request, wanted, topics, told, cursor, _place: place };
    actix_web::rt::spawn(stream.run(first, sender));
    let body = stream::unfold(receiver, |mut receiver| async move {
        let frame: Option<Bytes> = receiver.recv().await;
        frame.map(|frame| (Ok::<_, Error>(frame), receiver))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        // Compression would hold events back, and so would nginx.
        .insert_header((CONTENT_ENCODING, HeaderValue::from_static("identity")))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(body))
}

/// The topics that a client asks for; `None` means whatever it may read.
fn wanted(topics: Option<&str>) -> Result<Option<Vec<LiveTopic>>> {
    let Some(topics) = topics else { return Ok(None) };
    let known = topics.split(',').map(|topic| topic.trim().parse::<LiveTopic>());
    let known = known.collect::<Result<Vec<_>, _>>();
    known.map(Some).map_err(|error| Error::invalid_query("topics", "invalid", error))
}

/// What a caller may hear of what is wanted.
fn allowed(staff: &Staff, wanted: &Option<Vec<LiveTopic>>) -> Result<Vec<LiveTopic>> {
    if let Some(topics) = wanted {
        topics.iter().try_for_each(|topic| staff.require(topic.scope()))?;
        return Ok(topics.clone());
    }
    let topics: Vec<LiveTopic> = LiveTopic::ALL.into_iter().filter(|topic| staff.may(topic.scope())).collect();
    if topics.is_empty() {
        staff.require(LiveTopic::OrderUpdated.scope())?;
    }
    Ok(topics)
}

fn last_event(request: &HttpRequest) -> Result<Option<Cursor>> {
    let given = header(request, "Last-Event-ID")?.map(str::trim).filter(|id| !id.is_empty());
    given.map(str::parse).transpose().map_err(|detail: String| {
        let error = FieldError::new("header:Last-Event-ID", "invalid", detail);
        Error::problem(Code::InvalidHeader, format!("`Last-Event-ID` {}.", error.detail)).with_errors(vec![error])
    })
}

/// What a stream begins with, and where it goes on: with what happened since the client's last event, or anew.
async fn beginning(app: &Arc<App>, last: Option<Cursor>, topics: &[LiveTopic]) -> Result<(String, Cursor)> {
    let task_app = Arc::clone(app);
    // A query that is cut off would cost its connection.
    let (present, missed) = app
        .run_to_end(async move {
            let (mut conn, now) = (task_app.connection().await?, task_app.clock.now());
            let present = feed::end(&mut conn, now).await?;
            let Some(last) = last.filter(|last| last.is_recent(&present, now)) else { return Ok((present, None)) };
            let mut missed: Vec<(Cursor, LiveEvent)> = Vec::new();
            loop {
                let after = missed.last().map_or(last, |(cursor, _)| *cursor);
                let found = feed::read(&mut conn, after).await?;
                if found.is_empty() {
                    return Ok((last, Some(missed)));
                }
                missed.extend(found);
                if missed.len() > MOST_MISSED {
                    return Ok((present, None));
                }
            }
        })
        .await?;
    let head = |topic: &str| format!("retry: {RETRY}\nid: {present}\nevent: {topic}\ndata: {{}}\n\n");
    let Some(missed) = missed else { return Ok((head(if last.is_some() { "reset" } else { "ready" }), present)) };
    let end = missed.last().map_or(present, |(cursor, _)| *cursor);
    let mut frames = format!("retry: {RETRY}\n\n");
    for (cursor, event) in missed.iter().filter(|(_, event)| topics.contains(&event.topic)) {
        frames.push_str(&frame(cursor, event)?);
    }
    Ok((frames, end))
}

fn frame(cursor: &Cursor, event: &LiveEvent) -> Result<String> {
    let data = serde_json::to_string(event).map_err(|error| Error::Internal(format!("a live event: {error}")))?;
    Ok(format!("id: {cursor}\nevent: {}\ndata: {data}\n\n", event.topic))
}

/// One client's stream.
struct Stream {
    app: Arc<App>,
    /// Looked up again and again: its key may be revoked, its session end.
    request: HttpRequest,
    wanted: Option<Vec<LiveTopic>>,
    topics: Vec<LiveTopic>,
    told: Receiver<Told>,
    cursor: Cursor,
    _place: Place,
}

impl Stream {
    async fn run(mut self, first: String, sender: mpsc::Sender<Bytes>) {
        if sender.try_send(Bytes::from(first)).is_err() {
            return;
        }
        let period: Duration = self.app.config.events_heartbeat;
        let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + period, period);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let app = Arc::clone(&self.app);
        loop {
            let frame = tokio::select! {
                () = sender.closed() => return,
                () = app.live.closed() => return,
                _ = beat.tick() => self.still_allowed().await.map(|()| Some(self.heartbeat())),
                told = self.told.recv() => self.next(told).await,
            };
            match frame {
                // Who does not read for so long comes back, and goes on where they were.
                Ok(Some(frame)) => {
                    if sender.try_send(Bytes::from(frame)).is_err() {
                        return;
                    }
                }
                Ok(None) => {}
                // The client connects again, and is told why it may not.
                Err(_) => return,
            }
        }
    }

    /// A comment. Without data the id is no event, but where the client goes on.
    fn heartbeat(&self) -> String {
        format!(":\nid: {}\n\n", self.cursor)
    }

    async fn still_allowed(&mut self) -> Result<()> {
        let staff = Staff::extract(&self.request).await?;
        self.topics = allowed(&staff, &self.wanted)?;
        Ok(())
    }

    async fn next(&mut self, told: std::result::Result<Told, RecvError>) -> Result<Option<String>> {
        match told {
            Ok(told) => {
                let (cursor, event) = told.as_ref();
                let Some(event) = event else {
                    if *cursor >= self.cursor {
                        self.cursor = *cursor;
                    }
                    return Ok(None);
                };
                if *cursor <= self.cursor {
                    return Ok(None);
                }
                self.cursor = *cursor;
                if self.topics.contains(&event.topic) { frame(cursor, event).map(Some) } else { Ok(None) }
            }
            Err(RecvError::Lagged(_)) => {
                let mut conn = self.app.connection().await?;
                self.cursor = feed::end(&mut conn, self.app.clock.now()).await?;
                Ok(Some(format!("id: {}\nevent: reset\ndata: {{}}\n\n", self.cursor)))
            }
            Err(RecvError::Closed) => Err(Error::Internal("nobody tells of what happens".to_owned())),
        }
    }
}
