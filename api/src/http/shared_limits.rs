//! Rate limits that all processes share, in Redis or Valkey: a leaky bucket for each key by the server's own clock.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tokio::runtime::Handle;

use crate::tokens::{hex, sha256};

/// How long an answer is waited for. Limits hold up nobody: without one the process counts for itself.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long nothing is asked after a question without an answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Takes one of `ARGV[1]` a minute from the bucket of `KEYS[1]` and answers 0; or, if it is empty, for how many microseconds
/// it will be. What is kept is when the bucket will be full again (the generic cell rate algorithm, as in `governor`).
const TAKE: &str = "
    local time = redis.call('TIME')
    local now = time[1] * 1000000 + time[2]
    local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + 60000000 / ARGV[1]
    local wait = full_at - now - 60000000
    if wait > 0 then return math.ceil(wait) end
    redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000))
    return 0";

/// The way to the server.
pub struct Shared {
    connection: ConnectionManager,
    script: redis::Script,
    runtime: Handle,
    /// While it does not answer: when it is asked again.
    asked_again: Mutex<Option<Instant>>,
}

impl Shared {
    /// Opens no connection yet. Must be called on the runtime that shall drive it.
    ///
    /// # Errors
    /// A message when the address is none of a Redis server.
    pub fn new(url: &str) -> Result<Self, String> {
        let expected =
            |error: redis::RedisError| format!("MERX_REDIS_URL is not valid: {error}; expected redis://host:6379.");
        let client = redis::Client::open(url).map_err(expected)?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(PATIENCE))
            .set_connection_timeout(Some(PATIENCE))
            .set_number_of_retries(0);
        Ok(Self {
            connection: ConnectionManager::new_lazy_with_config(client, config).map_err(expected)?,
            script: redis::Script::new(TAKE),
            runtime: Handle::current(),
            asked_again: Mutex::default(),
        })
    }

    /// Counts one of so many a minute; answers how long the key must wait if it has used them up in all processes.
    pub async fn take(&self, limit: &str, per_minute: u32, key: &str) -> Option<Duration> {
        if self.is_paused() {
            return None;
        }
        // Nobody's address lies in the server's memory.
        let key = format!("merx:limit:{limit}:{}", hex(&sha256(key.as_bytes())));
        let (mut connection, script) = (self.connection.clone(), self.script.clone());
        let asking = self.runtime.spawn(async move {
            script
                .key(key)
                .arg(per_minute)
                .invoke_async::<u64>(&mut connection)
                .await
                .map_err(|error| error.to_string())
        });
        let answer = match tokio::time::timeout(PATIENCE, asking).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(panicked)) => Err(panicked.to_string()),
            Err(_) => Err("no answer in time".to_owned()),
        };
        let mut asked_again = self.asked_again.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Ok(wait) => {
                if asked_again.take().is_some() {
                    tracing::info!("Redis answers again: all processes share their rate limits");
                }
                (wait > 0).then(|| Duration::from_micros(wait))
            }
            Err(error) => {
                if asked_again.replace(Instant::now() + PAUSE).is_none() {
                    tracing::warn!(error, "Redis does not answer: each process counts its rate limits for itself");
                }
                None
            }
        }
    }

    fn is_paused(&self) -> bool {
        let asked_again = self.asked_again.lock().unwrap_or_else(PoisonError::into_inner);
        asked_again.is_some_and(|until| Instant::now() < until)
    }
}
