//! A circuit breaker: when a provider fails again and again, calls fail at once for a while instead of waiting.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Counts failures in a row; after too many the circuit is open for a pause, then one call tries it.
#[derive(Debug)]
pub(super) struct Breaker {
    threshold: u32,
    pause: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    /// A closed circuit; a threshold of 0 never opens it.
    pub(super) fn new(threshold: u32, pause: Duration) -> Self {
        Self { threshold, pause, state: Mutex::default() }
    }

    /// Whether a call may be made now. At the end of a pause one caller is let through, the others a pause later.
    pub(super) fn allows(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.open_until {
            Some(until) if Instant::now() < until => false,
            Some(_) => {
                state.open_until = Some(Instant::now() + self.pause);
                true
            }
            None => true,
        }
    }

    /// Whether calls fail at once now.
    pub(super) fn is_open(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).open_until.is_some()
    }

    /// Notes whether the provider answered at all; any answer closes the circuit.
    pub(super) fn note(&self, answered: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if answered {
            *state = State::default();
            return;
        }
        state.failures = state.failures.saturating_add(1);
        if self.threshold > 0 && state.failures >= self.threshold {
            state.open_until = Some(Instant::now() + self.pause);
        }
    }
}
