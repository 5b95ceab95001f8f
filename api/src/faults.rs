//! Fault points: places where a test makes the process die or wait, to prove that nothing is cut in two.
//!
//! `MERX_FAULT=kill:after_reserve` aborts the process at that point; `stall:after_ask` waits there until the
//! test lets it go, `hog:at_the_door` as well, but with its thread. Compiled to nothing in release builds.

#[cfg(debug_assertions)]
use std::sync::Arc;

/// The fault points of a process; by default none is armed.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    #[cfg(debug_assertions)]
    armed: Option<Arc<Armed>>,
}

#[cfg(debug_assertions)]
#[derive(Debug)]
struct Armed {
    action: Action,
    point: String,
    reached: tokio::sync::Semaphore,
    released: tokio::sync::Semaphore,
}

#[cfg(debug_assertions)]
#[derive(Debug, PartialEq)]
enum Action {
    Kill,
    Stall,
    Hog,
}

#[cfg(debug_assertions)]
impl Faults {
    /// Reads `kill:<point>`, `stall:<point>` or `hog:<point>`.
    ///
    /// # Errors
    /// Says what was expected when the text is none of them.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (action, point) = match text.split_once(':') {
            Some(("kill", point)) => (Action::Kill, point),
            Some(("stall", point)) => (Action::Stall, point),
            Some(("hog", point)) => (Action::Hog, point),
            Some(_) | None => return Err("expected kill:<point>, stall:<point> or hog:<point>".to_owned()),
        };
        Ok(Self {
            armed: Some(Arc::new(Armed {
                action,
                point: point.to_owned(),
                reached: tokio::sync::Semaphore::new(0),
                released: tokio::sync::Semaphore::new(0),
            })),
        })
    }

    /// Passes the named point: returns at once unless it is armed.
    pub async fn point(&self, name: &str) {
        let Some(armed) = self.armed.as_ref().filter(|armed| armed.point == name) else {
            return;
        };
        if armed.action == Action::Kill {
            tracing::warn!(fault.point = name, "Killing the process at an armed fault point");
            std::process::abort();
        }
        armed.reached.add_permits(1);
        while armed.action == Action::Hog && armed.released.available_permits() == 0 {
            std::thread::yield_now();
        }
        if let Ok(permit) = armed.released.acquire().await {
            permit.forget();
        }
    }

    /// Waits until somebody stalls at the armed point.
    pub async fn reached(&self) {
        if let Some(armed) = &self.armed
            && let Ok(permit) = armed.reached.acquire().await
        {
            permit.forget();
        }
    }

    /// Lets all stalled ones go, and never stalls again.
    pub fn release(&self) {
        if let Some(armed) = &self.armed {
            armed.released.add_permits(tokio::sync::Semaphore::MAX_PERMITS / 2);
        }
    }
}

#[cfg(not(debug_assertions))]
impl Faults {
    /// Does nothing: faults exist in debug builds only.
    #[expect(clippy::unused_async, reason = "the same shape as in debug builds")]
    pub async fn point(&self, _name: &str) {}
}
