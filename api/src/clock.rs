//! The only place that reads the wall clock, so that tests can move time for every process at once.
//!
//! In debug builds `MERX_CLOCK_FILE` names a file that holds an offset in milliseconds; the service, the worker
//! and the sandbox add it to the system's time at every reading. Release builds ignore it.

use std::path::PathBuf;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// A source of the present time, in UTC with the database's precision (microseconds).
#[derive(Debug, Clone, Default)]
pub struct Clock {
    offset_file: Option<PathBuf>,
}

impl Clock {
    /// The system's clock, shifted by the offset in `offset_file` in debug builds.
    #[must_use]
    pub fn new(offset_file: Option<PathBuf>) -> Self {
        Self { offset_file: offset_file.filter(|_| cfg!(debug_assertions)) }
    }

    /// The present time.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    pub fn now(&self) -> DateTime<Utc> {
        (Utc::now() + self.offset()).trunc_subsecs(6)
    }

    fn offset(&self) -> TimeDelta {
        self.offset_file
            .as_ref()
            .and_then(|path| std::fs::read_to_string(path).ok())
            .and_then(|text| text.trim().parse().ok())
            .map_or(TimeDelta::zero(), TimeDelta::milliseconds)
    }
}
