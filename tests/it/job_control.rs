//! Background jobs for staff: seen, run again, discarded, paused.

use merx::jobs::{Job, JobKind, queue, watch, worker};
use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::jobs::poison;

async fn read(app: &TestApp, path: &str) -> Value {
    app.staff_get(path).send().await.expect(200)
}

async fn kind(app: &TestApp, name: &str) -> Value {
    let kinds = read(app, "/v1/admin/job-kinds").await;
    kinds["data"].as_array().unwrap().iter().find(|kind| kind["kind"] == name).unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_are_listed_and_a_dead_one_is_run_again_or_discarded() {
    let app = TestApp::start().await;
    let (mut conn, now) = (app.database().await, app.app.clock.now());
    let later = now + chrono::TimeDelta::hours(5);
    queue::enqueue(&mut conn, Job::Reconcile, "later", later, now).await.unwrap();
    poison(&app).await;
    let queued = read(&app, "/v1/admin/jobs?status=queued").await;
    let kinds: Vec<&str> = queued["data"].as_array().unwrap().iter().map(|job| job["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["process_event", "reconcile"]);
    let page = read(&app, "/v1/admin/jobs?limit=1").await;
    let next = page["page"]["next_cursor"].as_str().unwrap();
    assert_eq!(read(&app, &format!("/v1/admin/jobs?limit=1&cursor={next}")).await["data"][0]["kind"], "reconcile");
    app.staff_get("/v1/admin/jobs?kind=odd").send().await.problem(400, "invalid_query");
    // What waits for its time runs now.
    let act = async |id: &Value, verb: &str, body: Value| {
        app.staff_post(&format!("/v1/admin/jobs/{}/{verb}", id.as_str().unwrap()), body).send().await
    };
    let (event_job, waiting) = (&queued["data"][0]["id"], &queued["data"][1]["id"]);
    act(waiting, "discard", json!({"reason": "r"})).await.problem(409, "wrong_status");
    app.sql("UPDATE jobs SET attempts = 2 WHERE kind = 'reconcile'").await;
    assert_eq!(act(waiting, "retry", json!({})).await.expect(200)["attempts"], 0, "all its tries again");
    for _ in 0..JobKind::ProcessEvent.max_attempts() {
        worker::run_due(&app.app).await.unwrap();
        app.advance(2 * 3600).await;
    }
    let done = read(&app, &format!("/v1/admin/jobs/{}", waiting.as_str().unwrap())).await;
    assert_eq!((&done["status"], &done["attempts"]), (&json!("done"), &json!(1)));
    act(waiting, "retry", json!({})).await.problem(409, "wrong_status");
    let dead = read(&app, "/v1/admin/jobs?kind=process_event&status=dead").await["data"][0].clone();
    assert_eq!((&dead["id"], &dead["attempts"]), (event_job, &json!(20)));
    let poisoned = merx::ids::EventId("00000000-0000-7000-8000-000000000001".parse().unwrap());
    assert_eq!(dead["subject_id"], poisoned.to_string());
    assert!(dead["last_error"].as_str().unwrap().contains("unreadable"), "{dead}");
    assert_eq!(kind(&app, "process_event").await["dead"], 1);
    // Again, with the event; then given up, with the event.
    let again = act(event_job, "retry", json!({})).await.expect(200);
    assert_eq!((&again["status"], &again["attempts"]), (&json!("queued"), &json!(0)));
    assert_eq!(app.count("SELECT count(*) FROM webhook_events WHERE status = 'pending'").await, 1);
    assert_eq!(app.findings().await, Vec::new());
    for _ in 0..JobKind::ProcessEvent.max_attempts() {
        worker::run_due(&app.app).await.unwrap();
        app.advance(2 * 3600).await;
    }
    let ended = act(event_job, "discard", json!({"reason": "forged by the test"})).await.expect(200);
    assert_eq!((&ended["status"], &ended["discard_reason"]), (&json!("discarded"), &json!("forged by the test")));
    assert_eq!(app.count("SELECT count(*) FROM webhook_events WHERE status = 'discarded'").await, 1);
    assert_eq!(app.count("SELECT count(*) FROM alerts WHERE acknowledged_at IS NULL").await, 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_whose_work_is_queued_otherwise_is_not_run_again() {
    let app = TestApp::start().await;
    let (mut conn, now) = (app.database().await, app.app.clock.now());
    queue::enqueue(&mut conn, Job::Prune, "twin", now, now).await.unwrap();
    app.sql("UPDATE jobs SET status = 'dead'").await;
    queue::enqueue(&mut conn, Job::Prune, "twin", now, now).await.unwrap();
    let dead = read(&app, "/v1/admin/jobs?status=dead").await["data"][0]["id"].clone();
    let path = format!("/v1/admin/jobs/{}", dead.as_str().unwrap());
    app.staff_post(&format!("{path}/retry"), json!({})).send().await.problem(409, "duplicate");
    app.staff_post(&format!("{path}/discard"), json!({"reason": "a twin does it"})).send().await.expect(200);
    app.run_jobs().await;
    // Discarded ones are kept for 30 days.
    app.advance(31 * 24 * 3600).await;
    app.run_now(Job::Prune).await;
    app.staff_get(&path).send().await.problem(404, "not_found");
    app.finish().await;
}

/// Nobody claims what is paused; it shows, a pause that lasts is told, and what waited runs afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_kind_waits_until_it_is_resumed() {
    let app = TestApp::start().await;
    let (mut conn, now) = (app.database().await, app.app.clock.now());
    let act = async |name: &str, verb: &str, body: Value| {
        app.staff_post(&format!("/v1/admin/job-kinds/{name}/{verb}"), body).send().await
    };
    let paused = act("reconcile", "pause", json!({"reason": "Stripe is moved"})).await.expect(200);
    assert_eq!(paused["paused"]["reason"], "Stripe is moved");
    act("reconcile", "pause", json!({"reason": "another"})).await.expect(200);
    assert_eq!(kind(&app, "reconcile").await["paused"]["reason"], "Stripe is moved", "the first stays");
    act("watch", "pause", json!({"reason": "r"})).await.problem(409, "wrong_status");
    act("nonsense", "pause", json!({"reason": "r"})).await.problem(404, "not_found");
    queue::enqueue(&mut conn, Job::Reconcile, "test", now, now).await.unwrap();
    queue::enqueue(&mut conn, Job::Prune, "test", now, now).await.unwrap();
    assert_eq!(worker::run_due(&app.app).await.unwrap(), 1);
    app.advance(1000).await;
    let waiting = kind(&app, "reconcile").await;
    assert_eq!((&waiting["queued"], &waiting["due"]), (&json!(1), &json!(1)));
    let metrics = app.staff_get("/metrics").send().await.expect(200);
    let metrics = metrics.as_str().unwrap();
    for line in ["merx_jobs_due{kind=\"reconcile\"} 1", "merx_jobs_oldest_due_seconds{kind=\"reconcile\"} 100"] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
    watch::watch(&app.app).await.unwrap();
    assert_eq!(app.alerts("job_backlog").await, 0, "it waits because it was told to");
    app.advance(24 * 3600).await;
    watch::watch(&app.app).await.unwrap();
    let told = "SELECT count(*) FROM alerts WHERE kind = 'job_kind_paused' AND detail LIKE '%Stripe is moved%'";
    assert_eq!(app.count(told).await, 1);
    let resumed = act("reconcile", "resume", json!({})).await.expect(200);
    assert_eq!(resumed["paused"], Value::Null);
    assert_eq!(app.count("SELECT count(*) FROM alerts WHERE acknowledged_at IS NULL").await, 0);
    // Due for long, and nobody runs it: no worker, by the looks of it.
    watch::watch(&app.app).await.unwrap();
    assert_eq!(app.alerts("job_backlog").await, 1);
    app.run_jobs().await;
    assert_eq!(kind(&app, "reconcile").await["queued"], 0);
    app.finish().await;
}
