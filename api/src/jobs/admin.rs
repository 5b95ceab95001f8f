//! Background jobs for staff.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::control::{self, JobRow};
use super::kinds::{self, Depth, PauseRow};
use super::{JobKind, JobStatus};
use crate::app::App;
use crate::error::Result;
use crate::http::auth::Staff;
use crate::http::extract::{Id, Json, Query};
use crate::http::pagination::{self, DEFAULT_LIMIT, Page};
use crate::ids::JobId;
use crate::staff::api_keys::Scope;

/// A page of jobs.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct JobQuery {
    /// Only jobs of this kind.
    pub kind: Option<JobKind>,
    /// Only jobs of this status.
    pub status: Option<JobStatus>,
    /// How many jobs a page has.
    #[param(minimum = 1, maximum = 100, default = 20)]
    #[validate(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// A background job, as staff see it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BackgroundJob {
    /// The job's id.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// Where it stands.
    pub status: JobStatus,
    /// What it is about: the id of a checkout, an event, a refund, …; `null` for what runs by the clock.
    #[schema(example = "evt_01jd8x3v5ke2t9qj6f4z0w7m8r")]
    pub subject_id: Option<String>,
    /// When it is or was due.
    pub run_at: DateTime<Utc>,
    /// How often it was tried.
    pub attempts: i32,
    /// After how many tries it gives up.
    pub max_attempts: i32,
    /// Until when its worker has it, while it runs; then another may take it.
    pub leased_until: Option<DateTime<Utc>>,
    /// Why its newest failed try failed.
    pub last_error: Option<String>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it was done, died or was discarded.
    pub finished_at: Option<DateTime<Utc>>,
    /// Which API key gave it up.
    pub discarded_by: Option<String>,
    /// Why.
    pub discard_reason: Option<String>,
}

/// Jobs, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct JobList {
    /// The jobs.
    pub data: Vec<BackgroundJob>,
    /// Where the list goes on.
    pub page: Page,
}

/// Why something is given up.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Discard {
    /// For whoever asks later.
    #[schema(min_length = 1, max_length = 500, example = "entered by hand at Stripe")]
    #[validate(length(min = 1, max = 500))]
    pub reason: String,
}

/// Why a kind is paused.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewPause {
    /// For whoever asks later.
    #[schema(min_length = 1, max_length = 500, example = "Stripe is being migrated")]
    #[validate(length(min = 1, max = 500))]
    pub reason: String,
}

/// That a kind is paused.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Pause {
    /// Which API key paused it.
    #[schema(example = "key_01jd8x3v5ke2t9qj6f4z0w7m8r")]
    pub by: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// A kind of jobs.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct KindOfJobs {
    /// The kind.
    pub kind: JobKind,
    /// How many are to be run.
    pub queued: i64,
    /// How many of those are due.
    pub due: i64,
    /// Since when the oldest of those is.
    pub oldest_due_at: Option<DateTime<Utc>>,
    /// How many run.
    pub running: i64,
    /// How many gave up.
    pub dead: i64,
    /// That it is paused, if it is.
    pub paused: Option<Pause>,
}

/// All kinds of jobs.
#[derive(Serialize, utoipa::ToSchema)]
pub struct JobKindList {
    /// The kinds.
    pub data: Vec<KindOfJobs>,
}

fn shown(row: JobRow) -> BackgroundJob {
    let subject_id = row.payload.get("id").and_then(serde_json::Value::as_str).map(str::to_owned);
    BackgroundJob {
        id: row.id,
        kind: row.kind,
        status: row.status,
        subject_id,
        run_at: row.run_at,
        attempts: row.attempts,
        max_attempts: row.max_attempts,
        leased_until: row.leased_until.filter(|_| row.status == JobStatus::Running),
        last_error: row.last_error,
        created_at: row.created_at,
        finished_at: row.finished_at,
        discarded_by: row.discarded_by,
        discard_reason: row.discard_reason,
    }
}

fn shown_kind(kind: JobKind, depths: &[Depth], pauses: &[PauseRow]) -> KindOfJobs {
    let depth = depths.iter().find(|depth| depth.kind == kind);
    let count = |of: fn(&Depth) -> i64| depth.map_or(0, of);
    let pause = pauses.iter().find(|pause| pause.kind == kind).cloned();
    KindOfJobs {
        kind,
        queued: count(|depth| depth.queued),
        due: count(|depth| depth.due),
        oldest_due_at: depth.and_then(|depth| depth.oldest_due_at),
        running: count(|depth| depth.running),
        dead: count(|depth| depth.dead),
        paused: pause.map(|pause| Pause { by: pause.paused_by, reason: pause.reason, since: pause.since }),
    }
}

/// List jobs
///
/// Newest first; done ones of the last week, discarded ones of the last 30 days. Scope `jobs:read`.
#[utoipa::path(
    operation_id = "list_jobs", tag = "staff", security(("staff_key" = [])), params(JobQuery),
    responses((status = 200, description = "A page of jobs", body = JobList)),
)]
#[get("/v1/admin/jobs")]
pub async fn list_jobs(
    app: web::Data<App>,
    request: HttpRequest,
    staff: Staff,
    query: Query<JobQuery>,
) -> Result<HttpResponse> {
    staff.require(Scope::JobsRead)?;
    let after: Option<JobId> = pagination::decode_key(query.0.cursor.as_deref())?;
    let limit = query.0.limit.unwrap_or(DEFAULT_LIMIT);
    let mut conn = app.connection().await?;
    let found = control::list(&mut conn, query.0.kind, query.0.status, after, limit).await?;
    let (rows, page) = pagination::paginate(found, limit, |job| job.id);
    let body = JobList { data: rows.into_iter().map(shown).collect(), page };
    Ok(pagination::answer(&request, &body.page).json(&body))
}

/// Get a job
///
/// Scope `jobs:read`.
#[utoipa::path(
    operation_id = "get_job", tag = "staff", security(("staff_key" = [])),
    params(("id" = JobId, Path, description = "The job's id")),
    responses((status = 200, description = "The job", body = BackgroundJob)),
)]
#[get("/v1/admin/jobs/{id}")]
pub async fn get_job(app: web::Data<App>, staff: Staff, id: Id<JobId>) -> Result<HttpResponse> {
    staff.require(Scope::JobsRead)?;
    let mut conn = app.connection().await?;
    Ok(HttpResponse::Ok().json(shown(control::find(&mut conn, id.0).await?)))
}

/// Run a job
///
/// Runs one now, with all its tries again, that is `dead`, or `queued` for later. An event that died with its job is pending
/// again. Scope `jobs:write`.
#[utoipa::path(
    operation_id = "retry_job", tag = "staff", security(("staff_key" = [])),
    params(("id" = JobId, Path, description = "The job's id")),
    responses((status = 200, description = "The job, due now", body = BackgroundJob)),
)]
#[post("/v1/admin/jobs/{id}/retry")]
pub async fn retry_job(app: web::Data<App>, staff: Staff, id: Id<JobId>) -> Result<HttpResponse> {
    staff.require(Scope::JobsWrite)?;
    let mut conn = app.connection().await?;
    control::retry(&mut conn, id.0, staff.author(), app.clock.now()).await?;
    app.wake.ring();
    Ok(HttpResponse::Ok().json(shown(control::find(&mut conn, id.0).await?)))
}

/// Discard a job
///
/// Gives up one that is `dead`, and the event with it whose job it is; who did and why is kept for 30 days. Scope
/// `jobs:write`.
#[utoipa::path(
    operation_id = "discard_job", tag = "staff", security(("staff_key" = [])), request_body = Discard,
    params(("id" = JobId, Path, description = "The job's id")),
    responses((status = 200, description = "The job as it is now", body = BackgroundJob)),
)]
#[post("/v1/admin/jobs/{id}/discard")]
pub async fn discard_job(
    app: web::Data<App>,
    staff: Staff,
    id: Id<JobId>,
    body: Json<Discard>,
) -> Result<HttpResponse> {
    staff.require(Scope::JobsWrite)?;
    let mut conn = app.connection().await?;
    control::discard(&mut conn, id.0, staff.author(), &body.value.reason, app.clock.now()).await?;
    Ok(HttpResponse::Ok().json(shown(control::find(&mut conn, id.0).await?)))
}

/// List kinds of jobs
///
/// How many jobs of each kind wait and for how long, and which kinds are paused. Scope `jobs:read`.
#[utoipa::path(
    operation_id = "list_job_kinds", tag = "staff", security(("staff_key" = [])),
    responses((status = 200, description = "All kinds", body = JobKindList)),
)]
#[get("/v1/admin/job-kinds")]
pub async fn list_job_kinds(app: web::Data<App>, staff: Staff) -> Result<HttpResponse> {
    staff.require(Scope::JobsRead)?;
    let mut conn = app.connection().await?;
    let (depths, pauses) = (kinds::depths(&mut conn, app.clock.now()).await?, kinds::pauses(&mut conn).await?);
    let data = JobKind::ALL.into_iter().map(|kind| shown_kind(kind, &depths, &pauses)).collect();
    Ok(HttpResponse::Ok().json(JobKindList { data }))
}

async fn answer_kind(app: &App, kind: JobKind) -> Result<HttpResponse> {
    let mut conn = app.connection().await?;
    let (depths, pauses) = (kinds::depths(&mut conn, app.clock.now()).await?, kinds::pauses(&mut conn).await?);
    Ok(HttpResponse::Ok().json(shown_kind(kind, &depths, &pauses)))
}

/// Pause a kind of jobs
///
/// No worker begins a job of the kind any more; those that run end, new ones wait. After a day an alert reminds of it. A
/// repeat changes nothing. `watch` cannot be paused. Scope `jobs:write`.
#[utoipa::path(
    operation_id = "pause_job_kind", tag = "staff", security(("staff_key" = [])), request_body = NewPause,
    params(("kind" = JobKind, Path, description = "The kind")),
    responses((status = 200, description = "The kind as it is now", body = KindOfJobs)),
)]
#[post("/v1/admin/job-kinds/{kind}/pause")]
pub async fn pause_job_kind(
    app: web::Data<App>,
    staff: Staff,
    kind: Id<JobKind>,
    body: Json<NewPause>,
) -> Result<HttpResponse> {
    staff.require(Scope::JobsWrite)?;
    let mut conn = app.connection().await?;
    kinds::pause(&mut conn, kind.0, staff.author(), &body.value.reason, app.clock.now()).await?;
    drop(conn);
    answer_kind(&app, kind.0).await
}

/// Resume a kind of jobs
///
/// Workers take its jobs again, what is due at once. A repeat changes nothing. Scope `jobs:write`.
#[utoipa::path(
    operation_id = "resume_job_kind", tag = "staff", security(("staff_key" = [])),
    params(("kind" = JobKind, Path, description = "The kind")),
    responses((status = 200, description = "The kind as it is now", body = KindOfJobs)),
)]
#[post("/v1/admin/job-kinds/{kind}/resume")]
pub async fn resume_job_kind(app: web::Data<App>, staff: Staff, kind: Id<JobKind>) -> Result<HttpResponse> {
    staff.require(Scope::JobsWrite)?;
    let mut conn = app.connection().await?;
    kinds::resume(&mut conn, kind.0, staff.author(), app.clock.now()).await?;
    drop(conn);
    app.wake.ring();
    answer_kind(&app, kind.0).await
}
