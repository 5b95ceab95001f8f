//! Writing in groups: one statement, and one wait for the disk, for all that came while the last one was written.

use std::fmt::Display;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

/// What several tasks want written, by one of them for all.
pub struct Group<T> {
    breath: Duration,
    enough: usize,
    /// What nobody writes yet, and who waits for it.
    waiting: Mutex<Vec<Waiting<T>>>,
    /// Told when there is enough.
    full: Notify,
    /// Whoever has it writes for all; when the last one began.
    turn: tokio::sync::Mutex<Option<Instant>>,
}

/// It hears nothing when writing failed.
type Waiting<T> = (T, oneshot::Sender<()>);

impl<T> Group<T> {
    /// Between the beginnings of two writings there is a `breath`, or less once there is `enough` to write. What comes alone
    /// is written at once.
    #[must_use]
    pub const fn new(breath: Duration, enough: usize) -> Self {
        let turn = tokio::sync::Mutex::const_new(None);
        Self { breath, enough, waiting: Mutex::new(Vec::new()), full: Notify::const_new(), turn }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting<T>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, item: Waiting<T>) {
        let mut waiting = self.waiting();
        waiting.push(item);
        if waiting.len() >= self.enough {
            self.full.notify_one();
        }
    }

    /// Waits until there is enough to write, at most until then.
    async fn fill(&self, until: Instant) {
        while self.waiting().len() < self.enough {
            tokio::select! {
                () = self.full.notified() => {}
                () = tokio::time::sleep_until(until) => return,
            }
        }
    }

    /// Has an item written, by `write` together with others or by another task's. Answers whether it was: what could not be
    /// written together is each to be written alone.
    pub async fn write<W, E>(&self, item: T, write: impl FnOnce(Vec<T>) -> W) -> bool
    where
        W: Future<Output = Result<(), E>>,
        E: Display,
    {
        let (written, mut heard) = oneshot::channel();
        self.add((item, written));
        tokio::select! {
            biased;
            outcome = &mut heard => return outcome.is_ok(),
            mut began = self.turn.lock() => {
                if let Some(last) = *began {
                    self.fill(last + self.breath).await;
                }
                *began = Some(Instant::now());
                let (items, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut *self.waiting()).into_iter().unzip();
                if !items.is_empty() {
                    match write(items).await {
                        // One whose task is gone need not hear of it.
                        Ok(()) => waiting.into_iter().for_each(|written| { let _ = written.send(()); }),
                        Err(error) => tracing::warn!(error = %error, "What came together could not be written together"),
                    }
                }
            }
        }
        heard.await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::future::join_all;

    use super::*;

    /// So long that a test which waits for it has failed.
    const AN_HOUR: Duration = Duration::from_secs(3600);

    async fn in_time<T>(work: impl Future<Output = T>) -> T {
        tokio::time::timeout(Duration::from_secs(60), work).await.unwrap()
    }

    /// Has items written at once; answers what was written together.
    async fn written(group: &Group<u32>, items: impl IntoIterator<Item = u32>) -> Vec<Vec<u32>> {
        let together = Mutex::new(Vec::new());
        let write = |items| {
            together.lock().unwrap().push(items);
            async { Ok::<_, Infallible>(()) }
        };
        assert!(
            in_time(join_all(items.into_iter().map(|item| group.write(item, write)))).await.into_iter().all(|is| is)
        );
        together.into_inner().unwrap()
    }

    #[tokio::test]
    async fn what_comes_alone_is_written_at_once_and_then_as_soon_as_there_is_enough() {
        let group = Group::new(AN_HOUR, 3);
        assert_eq!(written(&group, [1]).await, [[1]]);
        assert_eq!(written(&group, [2, 3, 4]).await, [[2, 3, 4]]);
        assert_eq!(written(&group, [5, 6, 7, 8]).await, [[5, 6, 7, 8]]);
    }

    #[tokio::test]
    async fn what_is_less_than_enough_is_written_together_after_a_breath() {
        let group = Group::new(Duration::from_millis(1), 3);
        assert_eq!(written(&group, [1]).await, [[1]]);
        assert_eq!(written(&group, [2, 3]).await, [[2, 3]]);
    }

    #[tokio::test]
    async fn whoever_waits_hears_that_the_writing_failed() {
        let group = Group::new(AN_HOUR, 3);
        assert_eq!(written(&group, [1]).await, [[1]]);
        let refused = |_| async { Err::<(), _>("the database is away") };
        assert_eq!(in_time(join_all([2, 3, 4].map(|item| group.write(item, refused)))).await, [false; 3]);
        assert_eq!(written(&group, [5, 6, 7]).await, [[5, 6, 7]]);
    }
}
