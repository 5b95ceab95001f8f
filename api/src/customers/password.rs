//! Passwords: argon2id with the crate's defaults (19 MiB, two passes), on threads of their own and few at a time, so that
//! a flood of logins takes neither the memory nor the requests of everybody else. Nor does it take their time: whoever
//! finds a long queue is sent away at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::error::{Code, Error, Result};

/// How many passwords one process hashes at a time.
const AT_A_TIME: usize = 2;

/// How many more may wait: a few seconds' work.
const WAITING: usize = 64;

/// What stands in for the hash of somebody who has no account: no password fits, and finding that out takes as long.
pub(super) const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and compares passwords.
pub struct Passwords {
    places: Semaphore,
    turns: Arc<Semaphore>,
    verifications: AtomicU64,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            places: Semaphore::new(AT_A_TIME + WAITING),
            turns: Arc::new(Semaphore::new(AT_A_TIME)),
            verifications: AtomicU64::new(0),
        }
    }
}

impl Passwords {
    /// The hash to keep, as a PHC string with a salt of its own.
    ///
    /// # Errors
    /// `service_unavailable` when too many wait; else when argon2 fails, which is a defect.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let password = password.to_owned();
        self.in_turn(move || {
            let hash: PasswordHash =
                Argon2::default().hash_password_with_salt(password.as_bytes(), &rand::random::<[u8; 16]>())?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether the password fits the hash. Without a hash it never does, after the same work.
    ///
    /// # Errors
    /// `service_unavailable` when too many wait; else when the kept hash is none, which is a defect.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool> {
        let (password, kept, is_known) = (password.to_owned(), hash.unwrap_or(NOBODY).to_owned(), hash.is_some());
        self.verifications.fetch_add(1, Ordering::Relaxed);
        let fits = self.in_turn(move || {
            let hash = PasswordHash::new(&kept)?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        });
        Ok(fits.await? && is_known)
    }

    /// How many passwords were compared, those of nobody included.
    #[must_use]
    pub fn verifications(&self) -> u64 {
        self.verifications.load(Ordering::Relaxed)
    }

    /// Runs `work` on a thread of its own. The turn is kept until it has ended, also when nobody waits any more.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> std::result::Result<T, argon2::password_hash::Error> + Send + 'static,
    ) -> Result<T> {
        let Ok(_place) = self.places.try_acquire() else {
            let detail = "Too many passwords are being checked; nothing was changed. Try again.";
            return Err(Error::problem(Code::Unavailable, detail).retry_after(1));
        };
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|error| Error::Internal(format!("passwords: {error}")))?;
        let done = tokio::task::spawn_blocking(move || {
            let outcome = work();
            drop(turn);
            outcome
        });
        done.await
            .map_err(|error| Error::Internal(format!("a password's thread: {error}")))?
            .map_err(|error| Error::Internal(format!("argon2: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_finds_a_long_queue_is_sent_away() {
        let passwords = Passwords::default();
        let all = passwords.places.acquire_many(u32::try_from(AT_A_TIME + WAITING).unwrap()).await.unwrap();
        let Err(Error::Problem(problem)) = passwords.verify("correct horse", None).await else { panic!("no problem") };
        assert_eq!((problem.code, problem.retry_after), (Code::Unavailable, Some(1)));
        drop(all);
        assert!(!passwords.verify("correct horse", None).await.unwrap(), "the queue moved on");
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_and_nobody_s_fits_none_after_the_same_work() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse").await.unwrap();
        assert_ne!(hash, passwords.hash("correct horse").await.unwrap(), "each has a salt of its own");
        assert!(passwords.verify("correct horse", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("wrong horse", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("correct horse", None).await.unwrap());
        assert_eq!(passwords.verifications(), 3);
        let work = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(work(&hash), work(NOBODY), "the same algorithm, version and cost");
    }
}
