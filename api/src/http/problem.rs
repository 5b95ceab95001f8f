//! RFC 9457 problem documents: how an [`Error`] becomes an answer, and the page of each code.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError, get, web};
use serde_json::{Value, json};

use crate::db;
use crate::error::{Code, Error, FieldError, Problem};
use crate::http::rate_limit;
use crate::http::request_log::RequestContext;

/// The media type of problems.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A problem as RFC 9457 defines it, with a stable `code`. Some codes carry further members.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct ProblemDocument {
    /// The address of the page about this code.
    #[schema(example = "http://127.0.0.1:8080/problems/insufficient_stock")]
    pub r#type: String,
    /// The constant title of the code.
    pub title: String,
    /// The HTTP status.
    #[schema(example = 409)]
    pub status: u16,
    /// What happened here, and the remedy.
    pub detail: String,
    /// The stable code; branch on this.
    #[schema(example = "insufficient_stock")]
    pub code: String,
    /// The request's id, also in `X-Request-Id` and in the logs.
    pub request_id: String,
    /// The members of the request at fault.
    pub errors: Vec<FieldError>,
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code().unwrap_or(Code::Internal).status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        match self {
            Self::Problem(problem) => respond(problem, &RequestContext::current()),
            Self::Database(error) if error.to_string().starts_with("canceling statement due to") => {
                let context = RequestContext::current();
                tracing::error!(error = %self, request.id = context.id, "A statement waited too long");
                respond(&busy(), &context)
            }
            Self::Database(error) if db::is_cut_off(error) => {
                let context = RequestContext::current();
                tracing::error!(error = %self, request.id = context.id, "The connection to the database is of no use any more");
                respond(&cut_off(), &context)
            }
            Self::Database(_) | Self::Internal(_) => {
                let context = RequestContext::current();
                tracing::error!(error = %self, request.id = context.id, "Request failed");
                respond(&internal(), &context)
            }
        }
    }
}

/// What a client is told about our own defects.
#[must_use]
pub fn internal() -> Problem {
    Problem {
        code: Code::Internal,
        detail: "Something broke on our side; the log has the cause under this request_id.".to_owned(),
        errors: Vec::new(),
        extensions: serde_json::Map::new(),
        retry_after: None,
    }
}

/// What a client is told when the database took too long; nothing was changed.
fn busy() -> Problem {
    unavailable("The database is too busy; nothing was changed. Try again.")
}

/// What a client is told when the database went away in the middle: the change may have been made just before.
fn cut_off() -> Problem {
    unavailable(
        "The connection to the database was lost. Repeat the request, with the same Idempotency-Key if it had one; without, \
         first look whether the change was made.",
    )
}

fn unavailable(detail: &str) -> Problem {
    Problem {
        code: Code::Unavailable,
        detail: detail.to_owned(),
        errors: Vec::new(),
        extensions: serde_json::Map::new(),
        retry_after: Some(2),
    }
}

/// The problem as a JSON document.
#[must_use]
pub fn document(problem: &Problem, context: &RequestContext) -> Value {
    let mut body = json!({
        "type": format!("{}/problems/{}", context.public_url, problem.code.as_str()),
        "title": problem.code.title(),
        "status": problem.code.status(),
        "detail": problem.detail,
        "code": problem.code.as_str(),
        "request_id": context.id,
        "errors": problem.errors,
    });
    if let Some(members) = body.as_object_mut() {
        members.extend(problem.extensions.clone());
    }
    body
}

/// The problem as an HTTP answer.
#[must_use]
pub fn respond(problem: &Problem, context: &RequestContext) -> HttpResponse {
    let status = StatusCode::from_u16(problem.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status).json(document(problem, context));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if problem.code == Code::RateLimited {
        rate_limit::tell_refusal(response.headers_mut(), problem);
    }
    if problem.code.status() == 401 {
        let challenge = HeaderValue::from_static("Bearer realm=\"merx\"");
        response.headers_mut().insert(actix_web::http::header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// The page that a problem's `type` points at.
#[get("/problems/{code}")]
pub async fn show_problem(code: web::Path<String>) -> Result<HttpResponse, Error> {
    let code = Code::ALL
        .iter()
        .find(|known| known.as_str() == code.as_str())
        .ok_or_else(|| Error::not_found("problem code"))?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{code}</title>\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}}</style>\
         <h1>{title}</h1><p><code>{code}</code>, HTTP {status}</p><p>{remedy}</p><p><a href=\"/docs/\">API reference</a></p>",
        code = code.as_str(),
        title = code.title(),
        status = code.status(),
        remedy = code.remedy(),
    )))
}
