//! The load: so many clients, each with a connection of its own, as fast as they are answered.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::scenarios::{Scenario, Worker};
use crate::shop::Shop;

/// A connection to one server.
pub(crate) struct Client {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Client {
    /// Connects.
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self, String> {
        let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        tokio::spawn(connection);
        Ok(Self { sender, host: address.to_string() })
    }

    /// Asks, and reads the whole answer, which must be 2xx.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Result<Bytes, String> {
        let (status, body) = self.ask(method.clone(), path, headers, body).await?;
        if status.is_success() {
            return Ok(body);
        }
        Err(format!("{method} {path} answered {status}: {}", String::from_utf8_lossy(&body)))
    }

    /// Asks, and reads the whole answer, whatever it is.
    pub(crate) async fn ask(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Result<(StatusCode, Bytes), String> {
        let mut request = Request::builder().method(method.clone()).uri(path).header("host", &self.host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(Full::from(body.unwrap_or_default())).map_err(|error| error.to_string())?;
        // The connection may still be busy with the end of the answer before.
        self.sender.ready().await.map_err(|error| format!("{method} {path}: {error}"))?;
        let answer = self.sender.send_request(request).await.map_err(|error| format!("{method} {path}: {error}"))?;
        let status = answer.status();
        let body = answer.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
        Ok((status, body))
    }
}

/// What a run measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// Rounds of the scenario a second.
    pub(crate) per_second: u64,
    /// Half of the measured requests were faster.
    pub(crate) p50: Duration,
    /// All but one in a hundred were faster.
    pub(crate) p99: Duration,
}

impl Outcome {
    /// What so many rounds, each of its time, in a while amount to.
    pub(crate) fn of(mut times: Vec<Duration>, took: Duration) -> Self {
        times.sort_unstable();
        let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied();
        let (p50, p99) = (at(50).unwrap_or_default(), at(99).unwrap_or_default());
        Self { per_second: per_second(times.len(), took), p50, p99 }
    }

    /// The one in the middle by throughput.
    pub(crate) fn median(mut outcomes: Vec<Self>) -> Result<Self, String> {
        outcomes.sort_by_key(|outcome| outcome.per_second);
        outcomes.get(outcomes.len() / 2).copied().ok_or_else(|| "nothing was measured".to_owned())
    }
}

/// How many of them there were each second.
pub(crate) fn per_second(number: usize, took: Duration) -> u64 {
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    u64::try_from(number).unwrap_or_default() * 1000 / millis
}

/// Runs a scenario with so many clients for a while. Any answer but 2xx ends it.
pub(crate) async fn run(
    shop: &Shop,
    scenario: Scenario,
    clients: usize,
    duration: Duration,
) -> Result<Outcome, String> {
    let mut tasks = JoinSet::new();
    let started = Instant::now();
    for _ in 0..clients {
        let mut worker = Worker::new(shop).await?;
        tasks.spawn(async move {
            let mut times = Vec::new();
            while started.elapsed() < duration {
                times.push(scenario.round(&mut worker).await?);
            }
            Ok::<_, String>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(finished) = tasks.join_next().await {
        times.extend(finished.map_err(|error| error.to_string())??);
    }
    Ok(Outcome::of(times, started.elapsed()))
}
