//! The movable clock: system time plus an offset that a file or the control side can change.
//!
//! With a clock file the file is the only truth and is read at every call, so that the sandbox
//! and the application under test always agree on the time.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

/// System UTC plus an offset in milliseconds.
#[derive(Debug)]
pub(crate) struct Clock {
    file: Option<PathBuf>,
    offset: AtomicI64,
}

impl Clock {
    /// A clock that follows `file` when there is one.
    pub(crate) fn new(file: Option<PathBuf>) -> Self {
        Self { file, offset: AtomicI64::new(0) }
    }

    /// The sandbox's present moment.
    #[expect(clippy::disallowed_methods, reason = "the sandbox's one place that reads the wall clock")]
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let system = Utc::now();
        TimeDelta::try_milliseconds(self.offset_millis())
            .and_then(|offset| system.checked_add_signed(offset))
            .unwrap_or(system)
    }

    /// The present moment as whole Unix seconds.
    pub(crate) fn unix(&self) -> i64 {
        self.now().timestamp()
    }

    /// Moves the clock forward (or back, when negative) and returns the new time.
    pub(crate) fn advance(&self, seconds: i64) -> std::io::Result<DateTime<Utc>> {
        let moved = seconds
            .checked_mul(1000)
            .and_then(|millis| self.offset_millis().checked_add(millis))
            .ok_or_else(|| std::io::Error::other("the offset does not fit"))?;
        match &self.file {
            Some(path) => {
                // Written beside and renamed, because a reader takes an empty file for "no offset".
                let fresh = path.with_extension("new");
                std::fs::write(&fresh, moved.to_string())?;
                std::fs::rename(&fresh, path)?;
            }
            None => self.offset.store(moved, Ordering::SeqCst),
        }
        Ok(self.now())
    }

    fn offset_millis(&self) -> i64 {
        match &self.file {
            Some(path) => {
                std::fs::read_to_string(path).ok().and_then(|content| content.trim().parse().ok()).unwrap_or(0)
            }
            None => self.offset.load(Ordering::SeqCst),
        }
    }
}
