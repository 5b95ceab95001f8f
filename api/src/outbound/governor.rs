//! How much is asked of a provider: so much in all and so much of each endpoint, by kind of work, so that what shoppers
//! wait for is never kept waiting by what happens in the background (AMENDMENTS 21).

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::DefaultClock;
use governor::state::keyed::DashMapStateStore;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::ProviderError;

/// How long a call waits for its turn before it is given up, unsent.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// A shopper or a member of staff waits for it.
    Foreground,
    /// Money that must go back, and what payments need afterwards.
    Settling,
    /// Looking after what was forgotten.
    Reconciling,
}

tokio::task_local! {
    static WORK: Work;
}

/// Runs work whose calls are of a kind; without this they are in the foreground.
pub async fn background<T>(work: Work, task: impl Future<Output = T>) -> T {
    WORK.scope(work, task).await
}

/// The limits of one account.
pub struct Governor {
    all: DefaultDirectRateLimiter,
    /// Of all, what may be used for anything but the foreground: six tenths.
    settling: DefaultDirectRateLimiter,
    /// Of all, what may be used for reconciling: three tenths.
    reconciling: DefaultDirectRateLimiter,
    endpoints: RateLimiter<String, DashMapStateStore<String>, DefaultClock>,
}

impl Governor {
    /// So many calls a second in all, and of each endpoint.
    #[must_use]
    pub fn new(per_second: u32, per_endpoint: u32) -> Self {
        let share = |tenths: u32| {
            let share = NonZeroU32::new(per_second.saturating_mul(tenths) / 10).unwrap_or(NonZeroU32::MIN);
            Quota::per_second(share)
        };
        let of_endpoint = NonZeroU32::new(per_endpoint).unwrap_or(NonZeroU32::MIN);
        Self {
            all: RateLimiter::direct(share(10)),
            settling: RateLimiter::direct(share(6)),
            reconciling: RateLimiter::direct(share(3)),
            endpoints: RateLimiter::dashmap(Quota::per_second(of_endpoint)),
        }
    }

    /// Waits for the turn of a call, as long as there is time left.
    ///
    /// # Errors
    /// `RateLimited` when it does not come in time; nothing was sent then.
    pub(super) async fn turn(&self, endpoint: &str, left: Duration) -> Result<(), ProviderError> {
        let work = WORK.try_with(|work| *work).unwrap_or(Work::Foreground);
        let turn = async {
            match work {
                Work::Foreground => {}
                Work::Settling => self.settling.until_ready().await,
                Work::Reconciling => {
                    self.reconciling.until_ready().await;
                    self.settling.until_ready().await;
                }
            }
            self.endpoints.until_key_ready(&endpoint.to_owned()).await;
            self.all.until_ready().await;
        };
        let came = tokio::time::timeout(PATIENCE.min(left), turn).await;
        came.map_err(|_elapsed| ProviderError::RateLimited { retry_after: 2 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_once(governor: &Governor, work: Work, endpoint: &str) -> bool {
        use futures_util::FutureExt;
        let turn = background(work, governor.turn(endpoint, PATIENCE));
        matches!(Box::pin(turn).now_or_never(), Some(Ok(())))
    }

    #[tokio::test]
    async fn the_foreground_has_what_the_background_may_not_use() {
        let governor = Governor::new(10, 100);
        let turns = |work: Work, endpoint: &str| (0..20).filter(|_| at_once(&governor, work, endpoint)).count();
        assert_eq!(turns(Work::Reconciling, "a"), 3);
        assert_eq!(turns(Work::Settling, "a"), 3, "of six, three were used by the reconciler");
        assert_eq!(turns(Work::Foreground, "a"), 4);
    }

    #[tokio::test]
    async fn one_endpoint_does_not_use_up_another() {
        let governor = Governor::new(100, 5);
        let turns = |endpoint: &str| (0..20).filter(|_| at_once(&governor, Work::Foreground, endpoint)).count();
        assert_eq!((turns("a"), turns("b")), (5, 5));
    }
}
