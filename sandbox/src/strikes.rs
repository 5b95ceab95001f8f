//! What an ordered fault does to a request; the same on every side.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::answer::Answer;
use crate::engine::Engine;
use crate::faults::{Fault, Kind};

/// How long a hanging request hangs at most.
const LONGEST_HANG: Duration = Duration::from_secs(60);

/// Executes a request under the fault that strikes it, if any; `injected` words a `status` fault.
///
/// A delay that strikes before the execution is left to `execute`, which knows what comes before it.
pub(crate) async fn run<F>(
    engine: &Arc<Engine>,
    method: &str,
    path: &str,
    injected: fn(&Fault) -> Answer,
    execute: impl FnOnce(Option<Fault>) -> F,
) -> Answer
where
    F: Future<Output = Answer> + Send + 'static,
{
    let cleared = engine.faults.watch();
    let fault = engine.faults.take(method, path);
    if let Some(fault) = fault.as_ref().filter(|fault| !fault.after_execution)
        && let Some(answer) = instead(engine, fault, injected, cleared.clone()).await
    {
        return answer;
    }
    // On a task of its own: like the vendors, go on when the client has left.
    let execution = engine.tasks.spawn_on(execute(fault.clone()), &engine.runtime);
    let answer = execution.await.unwrap_or(Answer::Lost);
    let Some(fault) = fault.filter(|fault| fault.after_execution) else {
        return answer;
    };
    if fault.kind == Kind::Delay {
        pause(engine, fault.delay_ms).await;
    }
    instead(engine, &fault, injected, cleared).await.unwrap_or(answer)
}

/// What takes the answer's place; none when the true answer is sent.
async fn instead(
    engine: &Engine,
    fault: &Fault,
    injected: fn(&Fault) -> Answer,
    cleared: watch::Receiver<u64>,
) -> Option<Answer> {
    match fault.kind {
        Kind::Status => Some(injected(fault)),
        Kind::Garbage => Some(Answer::garbage()),
        Kind::Reset => Some(Answer::Lost),
        Kind::Hang => {
            hang(engine, cleared).await;
            Some(Answer::Lost)
        }
        Kind::Delay | Kind::WrongTotal => None,
    }
}

async fn hang(engine: &Engine, mut cleared: watch::Receiver<u64>) {
    tokio::select! {
        _ = cleared.changed() => {}
        () = engine.cancel.cancelled() => {}
        () = tokio::time::sleep(LONGEST_HANG) => {}
    }
}

/// Waits, unless the sandbox stops.
pub(crate) async fn pause(engine: &Engine, millis: u64) {
    tokio::select! {
        () = engine.cancel.cancelled() => {}
        () = tokio::time::sleep(Duration::from_millis(millis)) => {}
    }
}
