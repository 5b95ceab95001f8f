//! The log of API requests that tests read back.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::value::RawValue;

/// How many requests are remembered.
const MOST_ENTRIES: usize = 20_000;

/// One API request.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    #[serde(skip)]
    number: u64,
    /// RFC 3339, movable clock.
    pub(crate) at: String,
    /// HTTP method.
    pub(crate) method: String,
    /// Path without the query.
    pub(crate) path: String,
    /// Parsed query.
    pub(crate) query: Box<RawValue>,
    /// Parsed form body.
    pub(crate) body: Box<RawValue>,
    /// The key, when one was sent.
    pub(crate) idempotency_key: Option<String>,
    /// The status sent; null while unanswered and when the answer was lost.
    pub(crate) status: Option<u16>,
    /// Whether a stored answer was sent again.
    pub(crate) replayed: bool,
}

impl Entry {
    /// A request that has just arrived.
    pub(crate) fn arrived(at: String, method: &str, path: &str) -> Self {
        Self {
            number: 0,
            at,
            method: method.to_owned(),
            path: path.to_owned(),
            query: RawValue::NULL.to_owned(),
            body: RawValue::NULL.to_owned(),
            idempotency_key: None,
            status: None,
            replayed: false,
        }
    }
}

/// The last entries, oldest first.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    entries: VecDeque<Entry>,
    next: u64,
}

impl RequestLog {
    /// Adds a request and returns the number to answer it by.
    pub(crate) fn push(&mut self, mut entry: Entry) -> u64 {
        self.next = self.next.saturating_add(1);
        entry.number = self.next;
        if self.entries.len() == MOST_ENTRIES {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
        self.next
    }

    /// Notes what a request was answered.
    pub(crate) fn answered(&mut self, number: u64, status: u16, replayed: bool) {
        if let Some(entry) = self.entries.iter_mut().rev().find(|entry| entry.number == number) {
            entry.status = Some(status);
            entry.replayed = replayed;
        }
    }

    /// The entries, oldest first.
    pub(crate) const fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }

    /// Forgets all entries.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_requests_are_remembered_and_their_answers_noted() {
        let mut log = RequestLog::default();
        let mut arrive = |path: &str| log.push(Entry::arrived(String::new(), "GET", path));
        arrive("/first");
        let second = arrive("/second");
        for _ in 2..=MOST_ENTRIES {
            arrive("/more");
        }
        log.answered(1, 500, false);
        log.answered(second, 200, false);
        let first = log.entries().front().unwrap();
        assert_eq!((log.entries().len(), first.path.as_str(), first.status), (MOST_ENTRIES, "/second", Some(200)));
    }
}
