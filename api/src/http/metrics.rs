//! What Prometheus reads: requests, checkouts, connections, jobs.

use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, Utc};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Metric, Registry};

use crate::app::App;
use crate::db::replica::Replica;
use crate::error::{Error, Result};
use crate::http::auth::Staff;
use crate::jobs::kinds::{self, Depth};
use crate::staff::api_keys::Scope;

/// OpenMetrics 1.0 text, which Prometheus reads.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: String,
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobLabels {
    kind: String,
    status: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProviderLabels {
    provider: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    provider: String,
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabels {
    source: String,
}

/// The measurements of this process.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Histogram, fn() -> Histogram>,
    statements: Family<RouteLabels, Counter>,
    checkouts: Family<OutcomeLabels, Histogram, fn() -> Histogram>,
    connections: Family<StateLabels, Gauge>,
    jobs: Family<JobLabels, Gauge>,
    due_jobs: Family<KindLabels, Gauge>,
    oldest_due_job: Family<KindLabels, Gauge>,
    provider_calls: Family<CallLabels, Counter>,
    open_circuits: Family<ProviderLabels, Gauge>,
    catalog_answers: Family<SourceLabels, Counter>,
    catalog_bytes: Gauge,
    replica_reads: Family<OutcomeLabels, Counter>,
}

/// From half a millisecond to 16 seconds.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.0005, 2.0, 16))
}

/// A measurement, registered under its name.
fn registered<M: Metric + Clone>(registry: &mut Registry, (name, help): (&str, &str), metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

/// The same, with a value for each set of labels.
fn family<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    registered(registry, (name, help), M::default())
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("merx");
        let all = &mut registry;
        let histogram: fn() -> Histogram = seconds;
        let took = ("http_request_duration_seconds", "How long requests took, by method, route and status");
        let checked_out =
            ("checkout_duration_seconds", "How long POST /v1/checkouts took from claim to answer, by outcome");
        let is_open = "1 while calls to a provider fail at once, after too many failures in a row";
        let asked = "Reads for which the standby was asked, by whether it was used, behind or failed";
        let sent = "Statements that requests sent to the database, by method and route";
        Self {
            requests: registered(all, took, Family::new_with_constructor(histogram)),
            statements: family(all, "database_statements", sent),
            checkouts: registered(all, checked_out, Family::new_with_constructor(histogram)),
            connections: family(all, "database_connections", "Connections of this process's pool, by state"),
            jobs: family(all, "jobs", "Background jobs of all processes, by kind and status"),
            due_jobs: family(all, "jobs_due", "Background jobs that are due and that nobody runs, by kind"),
            oldest_due_job: family(all, "jobs_oldest_due_seconds", "For how long the oldest due job is due, by kind"),
            provider_calls: family(all, "provider_calls", "Calls of this process to providers, by outcome"),
            open_circuits: family(all, "provider_circuit_open", is_open),
            replica_reads: family(all, "replica_reads", asked),
            catalog_answers: family(all, "catalog_answers", "Answers of the catalogue, by where they came from"),
            catalog_bytes: family(all, "catalog_kept_bytes", "Bytes of answers that are kept ready"),
            registry,
        }
    }
}

impl Metrics {
    /// Notes a request that was answered.
    pub fn request(&self, method: &str, route: &str, status: u16, took: Duration, statements: u32) {
        if statements > 0 {
            let labels = RouteLabels { method: method.to_owned(), route: route.to_owned() };
            self.statements.get_or_create(&labels).inc_by(statements.into());
        }
        let labels = RequestLabels { method: method.to_owned(), route: route.to_owned(), status: u32::from(status) };
        self.requests.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// How many statements requests of a route sent so far.
    #[must_use]
    pub fn statements(&self, method: &str, route: &str) -> u64 {
        let labels = RouteLabels { method: method.to_owned(), route: route.to_owned() };
        self.statements.get(&labels).map_or(0, |counter| counter.get())
    }

    /// Notes a checkout: `created`, `replayed`, or the code of its problem.
    pub fn checkout(&self, outcome: &str, took: Duration) {
        self.checkouts.get_or_create(&OutcomeLabels { outcome: outcome.to_owned() }).observe(took.as_secs_f64());
    }
}

/// Takes over what the ways to providers have counted themselves.
fn read_providers(app: &App) {
    for way in app.ways() {
        let (provider, counts) = (way.name().to_owned(), way.counts());
        let outcomes = [("succeeded", &counts.succeeded), ("refused", &counts.refused), ("failed", &counts.failed)];
        for (outcome, count) in outcomes {
            let labels = CallLabels { provider: provider.clone(), outcome: outcome.to_owned() };
            let counted = count.load(Ordering::Relaxed);
            app.metrics.provider_calls.get_or_create(&labels).inner().store(counted, Ordering::Relaxed);
        }
        app.metrics.open_circuits.get_or_create(&ProviderLabels { provider }).set(i64::from(way.is_open()));
    }
}

/// Takes over what the catalogue's answers have counted themselves.
fn read_catalog(app: &App) {
    let counts = app.ready.counts();
    for (source, count) in [("memory", counts.from_memory), ("database", counts.made)] {
        let labels = SourceLabels { source: source.to_owned() };
        app.metrics.catalog_answers.get_or_create(&labels).inner().store(count, Ordering::Relaxed);
    }
    app.metrics.catalog_bytes.set(counts.bytes);
}

fn read_replica(app: &App) {
    let Some(reads) = app.replica().map(Replica::reads) else { return };
    for (outcome, count) in [("used", reads.used), ("behind", reads.behind), ("failed", reads.failed)] {
        let labels = OutcomeLabels { outcome: outcome.to_owned() };
        app.metrics.replica_reads.get_or_create(&labels).inner().store(count, Ordering::Relaxed);
    }
}

/// Takes over how many jobs there are; a kind of which there is none has no line.
fn read_jobs(metrics: &Metrics, depths: &[Depth], now: DateTime<Utc>) {
    metrics.jobs.clear();
    metrics.due_jobs.clear();
    metrics.oldest_due_job.clear();
    for depth in depths {
        let kind = depth.kind.to_string();
        for (status, count) in [("queued", depth.queued), ("running", depth.running), ("dead", depth.dead)] {
            if count > 0 {
                let labels = JobLabels { kind: kind.clone(), status: status.to_owned() };
                metrics.jobs.get_or_create(&labels).set(count);
            }
        }
        metrics.due_jobs.get_or_create(&KindLabels { kind: kind.clone() }).set(depth.due);
        let age = depth.oldest_due_at.map_or(0, |oldest| (now - oldest).num_seconds());
        metrics.oldest_due_job.get_or_create(&KindLabels { kind }).set(age);
    }
}

/// Measurements for Prometheus
///
/// OpenMetrics text. Scope `metrics:read`; give Prometheus the key as `authorization: {credentials: sk_…}`.
#[utoipa::path(
    operation_id = "get_metrics", tag = "operation", security(("staff_key" = [])),
    responses((status = 200, description = "The measurements", body = String, content_type = "application/openmetrics-text")),
)]
#[get("/metrics")]
pub async fn get_metrics(app: web::Data<App>, staff: Staff) -> Result<HttpResponse> {
    staff.require(Scope::MetricsRead)?;
    let metrics = &app.metrics;
    read_providers(&app);
    read_catalog(&app);
    read_replica(&app);
    let pool = app.pool_state();
    for (state, count) in [("idle", pool.idle), ("in_use", pool.in_use), ("waiting", pool.waiting)] {
        metrics.connections.get_or_create(&StateLabels { state: state.to_owned() }).set(count);
    }
    let mut conn = app.connection().await?;
    read_jobs(metrics, &kinds::depths(&mut conn, app.clock.now()).await?, app.clock.now());
    let mut text = String::new();
    encode(&mut text, &metrics.registry).map_err(|error| Error::Internal(format!("metrics: {error}")))?;
    Ok(HttpResponse::Ok().content_type(OPEN_METRICS).body(text))
}
