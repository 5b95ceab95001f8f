//! The worker: claims due jobs within each kind's concurrency and runs them; drains at shutdown.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::outcome::{self, Ended};
use super::queue::{self, Claimed};
use super::{Job, JobKind};
use crate::app::App;
use crate::error::Result;
use crate::ids::JobId;
use crate::webhooks_in::process::Mark;
use crate::{
    analytics, check, checkout, customers, fulfillments, fx, imports, inventory, labels, mail, outbound, refunds, tax,
    webhooks_in, webhooks_out,
};

/// How often due jobs are looked for when nobody rings.
const POLL: Duration = Duration::from_secs(1);

/// How long it takes breath between two looks, so that under load one look finds many jobs.
const BREATH: Duration = Duration::from_millis(20);

/// The jobs being run, to be given back when they do not end in time.
type Running = Arc<Mutex<HashMap<JobId, (JobKind, Uuid)>>>;

/// Works until `stop`, then finishes what runs and gives back the rest.
pub async fn work(app: Arc<App>, stop: CancellationToken) {
    let running = Running::default();
    let mut tasks = JoinSet::new();
    let mut poll = tokio::time::interval(POLL);
    poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut look, mut is_poll, mut crowded, mut looked_at) = (true, true, HashSet::new(), Instant::now());
    if let Err(error) = at_start(&app).await {
        tracing::error!(error = %error, "What a worker does first could not be queued");
    }
    while !stop.is_cancelled() {
        if look {
            tokio::time::sleep_until(looked_at + BREATH).await;
            looked_at = Instant::now();
            match start_due(&app, &running, &mut tasks, is_poll).await {
                Ok(kinds) => crowded = kinds,
                Err(error) => tracing::error!(error = %error, "The worker could not claim jobs"),
            }
        }
        (look, is_poll) = tokio::select! {
            () = stop.cancelled() => (false, false),
            () = app.wake.heard() => (true, false),
            _ = poll.tick() => (true, true),
            Some(done) = tasks.join_next() => {
                // Of what is due in plenty, a quarter of the places at a time is filled again.
                let worth_it = |kind: JobKind| !crowded.contains(&kind) || free(&running, kind) * 4 >= kind.concurrency();
                (done.map_or(true, worth_it), false)
            }
        };
    }
    let drained = tokio::time::timeout(app.config.drain, async { while tasks.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        tasks.shutdown().await;
        let leases: Vec<(JobId, Uuid)> = lock(&running).iter().map(|(id, (_, lease))| (*id, *lease)).collect();
        if let Ok(mut conn) = app.connection().await
            && let Err(error) = outcome::give_back(&mut conn, &leases).await
        {
            tracing::error!(error = %error, "Jobs could not be given back; their leases will lapse");
        }
    }
}

/// Whoever deploys shall hear at once that Stripe's endpoint does not fit, not within a day.
async fn at_start(app: &App) -> Result<()> {
    if app.config.stripe.webhook_url.is_none() {
        return Ok(());
    }
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    queue::enqueue(&mut conn, Job::CheckWebhookEndpoint, "start", now, now).await
}

fn lock(running: &Running) -> std::sync::MutexGuard<'_, HashMap<JobId, (JobKind, Uuid)>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many more of a kind may run.
fn free(running: &Running, kind: JobKind) -> usize {
    let busy = lock(running).values().filter(|(other, _)| *other == kind).count();
    kind.concurrency().saturating_sub(busy)
}

/// Starts what is due, and at a poll what runs by the clock. Answers the kinds of which more may be due than was taken.
async fn start_due(
    app: &Arc<App>,
    running: &Running,
    tasks: &mut JoinSet<JobKind>,
    is_poll: bool,
) -> Result<HashSet<JobKind>> {
    let mut conn = app.connection().await?;
    if is_poll {
        queue::schedule(&mut conn, app.clock.now()).await?;
        checkout::advance::queue_ended(&mut conn, app.clock.now()).await?;
    }
    let mut left: HashMap<JobKind, usize> = JobKind::ALL.into_iter().map(|kind| (kind, free(running, kind))).collect();
    // What runs by the clock is left to the poll, also when staff hurry it: a second at most.
    let wanted = JobKind::ALL.into_iter().filter(|kind| is_poll || kind.interval_seconds().is_none());
    let wanted: Vec<(JobKind, usize)> =
        wanted.map(|kind| (kind, left.get(&kind).copied().unwrap_or_default())).filter(|(_, free)| *free > 0).collect();
    for job in queue::claim(&mut conn, &wanted, is_poll, app.clock.now()).await? {
        let kind = job.kind;
        left.entry(kind).and_modify(|left| *left = left.saturating_sub(1));
        lock(running).insert(job.id, (kind, job.lease));
        let (app, running) = (Arc::clone(app), Arc::clone(running));
        tasks.spawn(async move {
            if AssertUnwindSafe(run(&app, &job)).catch_unwind().await.is_err() {
                tracing::error!(job.id = %job.id, job.kind = %kind, "A job panicked; it runs again after its lease");
            }
            lock(&running).remove(&job.id);
            kind
        });
    }
    Ok(left.into_iter().filter(|(_, left)| *left == 0).map(|(kind, _)| kind).collect())
}

/// Runs what is due, one after the other, until nothing is; answers how many ran.
///
/// # Errors
/// Those of the database.
pub async fn run_due(app: &Arc<App>) -> Result<usize> {
    checkout::advance::queue_ended(&mut *app.connection().await?, app.clock.now()).await?;
    let mut count = 0;
    loop {
        let jobs = {
            let mut conn = app.connection().await?;
            queue::claim(&mut conn, &JobKind::ALL.map(|kind| (kind, kind.concurrency())), true, app.clock.now()).await?
        };
        if jobs.is_empty() {
            return Ok(count);
        }
        for job in jobs {
            run(app, &job).await;
            count += 1;
        }
    }
}

async fn run(app: &Arc<App>, job: &Claimed) {
    let outcome = match Job::read(job.kind, &job.payload) {
        Ok(_) if job.is_exhausted() => Err("its worker died at every try".to_owned()),
        Ok(work) => perform(app, work).boxed().await.map_err(|error| error.to_string()),
        Err(error) => Err(error),
    };
    let mut finished = finish(app, job, outcome.clone()).await;
    if finished.is_err() {
        // Once more, as by then another connection may do.
        finished = finish(app, job, outcome).await;
    }
    if let Err(error) = finished {
        tracing::error!(job.id = %job.id, error = %error, "A job's outcome could not be recorded; it will run again");
    }
}

/// Records what came of a job; successes together with those of others.
async fn finish(app: &App, job: &Claimed, outcome: Result<Option<Mark>, String>) -> Result<()> {
    let event = match outcome {
        Ok(event) => event,
        Err(error) => return outcome::fail(&mut *app.connection().await?, job, &error, app.clock.now()).await,
    };
    let ended = Ended::new(job, event);
    let succeed = async |all: &[_]| outcome::succeed(&mut *app.connection().await?, all, app.clock.now()).await;
    if app.ends.write(ended, |all| async move { succeed(&all).await }).await {
        return Ok(());
    }
    succeed(&[ended]).await
}

/// Answers what became of the event that was processed, if one was.
async fn perform(app: &Arc<App>, job: Job) -> Result<Option<Mark>> {
    outbound::background(job.kind().work(), run_job(app, job)).await
}

async fn run_job(app: &Arc<App>, job: Job) -> Result<Option<Mark>> {
    match job {
        Job::ProcessEvent(id) => return webhooks_in::process::process(app, id).await,
        Job::AdvanceCheckout(id) => checkout::advance::advance(app, id).await,
        Job::SendRefund(id) => refunds::send::send(app, id).await,
        Job::RecordTax(id) => tax::record::record(app, id).await,
        Job::ReverseTax(id) => tax::reverse::reverse(app, id).await,
        Job::CatchUpEvents => webhooks_in::catch_up::catch_up(app).await,
        Job::DeleteCoupon(id) => checkout::create::delete_coupon(app, id).await,
        Job::AccountMail(id) => customers::account_mail::write(app, id).await,
        Job::SendEmail(id) => mail::send::send(app, id).await,
        Job::MailAlerts => mail::alerts::tell(app).await,
        Job::CreateStripeCustomer(id) => customers::stripe::create(app, id).await,
        Job::DeliverWebhooks(id) => webhooks_out::deliver::deliver(app, id).await,
        Job::Import(id) => imports::run::work(app, id).await,
        Job::RefreshRates => fx::rates::refresh(app).await,
        Job::Reconcile => checkout::advance::reconcile(app).await,
        Job::Prune => prune(app).await,
        Job::Audit => check::tell(app).await,
        Job::Watch => super::watch::watch(app).await,
        Job::BuyLabel(id) => labels::buy::buy(app, id).await,
        Job::VoidLabel(id) => labels::void::void(app, id).await,
        Job::RegisterTracker(id) => fulfillments::tracker::register(app, id).await,
        Job::ScanStock => inventory::low_stock::scan(app).await,
        Job::CheckWebhookEndpoint => webhooks_in::drift::check(app).await,
        Job::RollUpAnalytics => analytics::roll_up::run(app).await,
    }?;
    Ok(None)
}

async fn prune(app: &App) -> Result<()> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    crate::http::idempotency::prune(&mut conn, now).await?;
    queue::prune(&mut conn, now).await?;
    crate::carts::write::abandon_expired(&mut conn, now).await?;
    crate::quotes::prune(&mut conn, now).await?;
    tax::store::prune(&mut conn, now).await?;
    crate::shipping::offers::prune(&mut conn, now).await?;
    imports::run::prune(&mut conn, now).await?;
    customers::prune(&mut conn, now).await?;
    crate::staff::prune(&mut conn, now).await?;
    webhooks_in::attempts::prune(&mut conn, now).await?;
    mail::prune(&mut conn, now).await?;
    webhooks_out::events::prune(&mut conn, now).await?;
    crate::catalog::changes::prune(&mut conn, now).await?;
    Ok(())
}
