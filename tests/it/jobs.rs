//! The job queue: at least once, leased, retried with backoff, dead with a person told.

use merx::checkout::advance;
use merx::jobs::outcome::{self, Ended};
use merx::jobs::{Job, JobKind, queue, worker};

use crate::harness::{TestApp, guard};

/// Stores an event that can never be processed, with its job.
pub(crate) async fn poison(app: &TestApp) {
    app.sql(
        "INSERT INTO webhook_events (id, provider, event_id, event_type, payload, livemode, status, received_at)
         VALUES ('00000000-0000-7000-8000-000000000001', 'stripe', 'evt_poison', 'x', '{}', false, 'pending', now())",
    )
    .await;
    let id = merx::ids::EventId("00000000-0000-7000-8000-000000000001".parse().unwrap());
    let now = app.app.clock.now();
    queue::enqueue(&mut app.database().await, Job::ProcessEvent(id), &id.to_string(), now, now).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_always_fails_backs_off_and_dies_with_an_alert() {
    let app = TestApp::start().await;
    poison(&app).await;
    let attempts = || app.count("SELECT attempts::bigint AS count FROM jobs WHERE kind = 'process_event'");
    assert_eq!(worker::run_due(&app.app).await.unwrap(), 1);
    // Not due again at once, but after its backoff of two seconds and a quarter's jitter.
    assert_eq!(worker::run_due(&app.app).await.unwrap(), 0);
    app.advance(3).await;
    assert_eq!(worker::run_due(&app.app).await.unwrap(), 1);
    assert_eq!(attempts().await, 2);
    for _ in 2..JobKind::ProcessEvent.max_attempts() {
        app.advance(2 * 3600).await;
        // At its death another job tells the shop.
        assert!((1..=2).contains(&worker::run_due(&app.app).await.unwrap()));
    }
    assert_eq!(
        app.count("SELECT count(*) FROM jobs WHERE status = 'dead' AND last_error LIKE '%unreadable%'").await,
        1
    );
    assert_eq!(app.count("SELECT count(*) FROM alerts WHERE kind = 'dead_job'").await, 1);
    assert_eq!(app.count("SELECT count(*) FROM webhook_events WHERE status = 'dead'").await, 1);
    // Dead stays dead: the reconciler does not raise it again.
    app.advance(2 * 3600).await;
    app.reconcile().await;
    assert_eq!(app.count("SELECT count(*) FROM jobs WHERE kind = 'process_event' AND status <> 'dead'").await, 0);
    app.sql("DELETE FROM jobs").await;
    app.sql("DELETE FROM webhook_events").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_claimed_by_one_worker_until_its_lease_lapses() {
    let app = TestApp::start().await;
    poison(&app).await;
    let claim = async || {
        queue::claim(&mut app.database().await, &[(JobKind::ProcessEvent, 5)], true, app.app.clock.now()).await.unwrap()
    };
    let mine = claim().await;
    assert_eq!(mine.len(), 1);
    assert!(claim().await.is_empty());
    app.advance(121).await;
    let theirs = claim().await;
    assert_eq!((theirs[0].id, theirs[0].attempt), (mine[0].id, 2));
    // The first worker wakes up late: its outcome no longer counts.
    let now = app.app.clock.now();
    outcome::succeed(&mut app.database().await, &[Ended::new(&mine[0], None)], now).await.unwrap();
    assert_eq!(app.count("SELECT count(*) FROM jobs WHERE status = 'running'").await, 1);
    outcome::succeed(&mut app.database().await, &[Ended::new(&theirs[0], None)], now).await.unwrap();
    assert_eq!(app.count("SELECT count(*) FROM jobs WHERE status = 'done'").await, 1);
    app.sql("DELETE FROM webhook_events").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_work_is_queued_once() {
    let app = TestApp::start().await;
    let (mut conn, now) = (app.database().await, app.app.clock.now());
    for _ in 0..3 {
        queue::enqueue(&mut conn, Job::Reconcile, "once", now, now).await.unwrap();
        queue::schedule(&mut conn, now).await.unwrap();
    }
    assert_eq!(app.count("SELECT count(*) FROM jobs WHERE kind = 'reconcile'").await, 2);
    app.finish().await;
}

/// A worker that is told to stop while a job hangs gives the job back: another need not wait for the lease.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_returns_the_leases_of_jobs_that_do_not_end() {
    let app = TestApp::start().await;
    let variant = app.variant(3).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    let stalled = app.worker(&[("MERX_FAULT", "stall:after_effect"), ("MERX_DRAIN_SECONDS", "0")]).await;
    app.pay(&checkout, "delayed").await;
    let running =
        "SELECT count(*) FROM jobs WHERE kind = 'process_event' AND status = 'running' AND leased_until > '2000-01-01'";
    guard(async {
        while app.count(running).await == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    stalled.terminate().await;
    app.run_jobs().await;
    assert_eq!(app.count("SELECT count(*) FROM webhook_events WHERE status = 'pending'").await, 0);
    assert_eq!(app.order(&checkout).await["payment_status"], "processing");
    app.pay(&checkout, "delayed_success").await;
    app.run_jobs().await;
    app.finish().await;
}

/// A job that kills its worker every time ends dead as well, instead of killing for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_whose_workers_all_died_ends_dead() {
    let app = TestApp::start().await;
    poison(&app).await;
    let tries = i64::from(JobKind::ProcessEvent.max_attempts());
    app.sql(&format!("UPDATE jobs SET status = 'running', attempts = {tries}, leased_until = '2000-01-01', lease_token = gen_random_uuid()")).await;
    worker::run_due(&app.app).await.unwrap();
    assert_eq!(app.count("SELECT count(*) FROM jobs WHERE status = 'dead' AND last_error LIKE '%died%'").await, 1);
    assert_eq!(app.count("SELECT count(*) FROM alerts WHERE kind = 'dead_job'").await, 1);
    app.sql("DELETE FROM jobs").await;
    app.sql("DELETE FROM webhook_events").await;
    app.finish().await;
}

/// While nobody can tell how closing it ends, no second job tries the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_that_ends_has_one_job_and_none_before() {
    let app = TestApp::start().await;
    let variant = app.variant(3).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    let queue_ended = async || advance::queue_ended(&mut app.database().await, app.app.clock.now()).await.unwrap();
    let jobs = || app.count("SELECT count(*) FROM jobs WHERE kind = 'advance_checkout'");
    queue_ended().await;
    assert_eq!(jobs().await, 0);
    app.advance(15 * 60 + 1).await;
    queue_ended().await;
    queue_ended().await;
    assert_eq!(jobs().await, 1);
    let mut conn = app.database().await;
    let claimed = queue::claim(&mut conn, &[(JobKind::AdvanceCheckout, 5)], true, app.app.clock.now()).await.unwrap();
    assert_eq!(claimed.len(), 1);
    queue_ended().await;
    assert_eq!(jobs().await, 1);
    // Its worker is dead, as another sees when the lease lapses.
    app.advance(3600).await;
    app.run_jobs().await;
    assert_eq!(app.look(&checkout).await["status"], "expired");
    assert_eq!(jobs().await, 1);
    app.finish().await;
}
