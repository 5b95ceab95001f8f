//! The outermost middleware: request ids, one log line per request, panics turned into problems.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpResponse, ResponseError, web};
use futures_util::FutureExt;
use tracing::Instrument;

use crate::app::App;
use crate::http::problem;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: RequestContext;
}

/// What problem documents and logs say about the request they belong to.
#[derive(Debug, Clone, Default)]
pub struct RequestContext {
    /// `X-Request-Id`: the client's when it is sane, else ours.
    pub id: String,
    /// The service's address as clients see it.
    pub public_url: String,
    /// How many statements it sent to the database, those that begin and end transactions included.
    pub statements: Arc<AtomicU32>,
}

impl RequestContext {
    /// The context of the request being answered; empty outside of one.
    #[must_use]
    pub fn current() -> Self {
        CURRENT.try_with(Clone::clone).unwrap_or_default()
    }

    /// Counts a statement for the request that sends it, if it is one.
    pub fn count_statement() {
        let _ = CURRENT.try_with(|context| context.statements.fetch_add(1, Ordering::Relaxed));
    }

    /// Runs `work` with this context.
    pub async fn scope<T>(self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self, work).await
    }
}

/// Gives each request its id and its log line.
///
/// # Errors
/// Only for a panic, already as a problem.
pub async fn log_requests(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let started = Instant::now();
    let context = RequestContext {
        id: request_id(&request),
        public_url: request.app_data::<web::Data<App>>().map(|app| app.config.public_url.clone()).unwrap_or_default(),
        statements: Arc::default(),
    };
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let app = request.app_data::<web::Data<App>>().cloned();
    let span = tracing::info_span!("request", request.id = context.id);
    let outcome = AssertUnwindSafe(context.clone().scope(next.call(request))).catch_unwind().instrument(span).await;
    let mut answer = match outcome {
        Ok(answer) => answer?,
        Err(_panic) => {
            tracing::error!(request.id = context.id, http.method = %method, http.path = path, "Handler panicked");
            return Err(Panicked(context).into());
        }
    };
    if let Ok(id) = HeaderValue::from_str(&context.id) {
        answer.headers_mut().insert(X_REQUEST_ID, id);
    }
    let took = started.elapsed();
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let status = answer.status().as_u16();
    let route = answer.request().match_pattern().unwrap_or_else(|| "unmatched".to_owned());
    let statements = context.statements.load(Ordering::Relaxed);
    if let Some(app) = app {
        app.metrics.request(known_method(&method), &route, status, took, statements);
    }
    tracing::info!(
        request.id = context.id, http.method = %method, http.route = route, http.status = status, duration_ms,
        db.statements = statements,
        "{method} {path} {status}"
    );
    Ok(answer)
}

/// The method as a label; what a client made up is one of all others, as each label is kept for ever.
fn known_method(method: &Method) -> &'static str {
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    let names = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.iter().zip(names).find(|(known, _)| *known == method).map_or("other", |(_, name)| name)
}

fn request_id(request: &ServiceRequest) -> String {
    request
        .headers()
        .get(X_REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| (1..=64).contains(&id.len()))
        .filter(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)))
        .map_or_else(|| format!("req_{}", crate::ids::encode(uuid::Uuid::now_v7())), str::to_owned)
}

/// A handler panicked; the actix error that still becomes a problem document.
#[derive(Debug)]
struct Panicked(RequestContext);

impl std::fmt::Display for Panicked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("handler panicked")
    }
}

impl ResponseError for Panicked {
    fn error_response(&self) -> HttpResponse {
        let mut response = problem::respond(&problem::internal(), &self.0);
        if let Ok(id) = HeaderValue::from_str(&self.0.id) {
            response.headers_mut().insert(X_REQUEST_ID, id);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::{App as ActixApp, test};

    use super::*;

    #[actix_web::test]
    async fn a_panic_becomes_a_problem_that_tells_nothing_but_its_request() {
        async fn broken() -> HttpResponse {
            panic!("a secret detail")
        }
        let service = ActixApp::new().wrap(from_fn(log_requests)).route("/", web::get().to(broken));
        let service = test::init_service(service).await;
        let request = test::TestRequest::get().uri("/").insert_header(("X-Request-Id", "trace-1")).to_request();
        let Err(error) = test::try_call_service(&service, request).await else { panic!("the panic got through") };
        let answer = error.error_response();
        assert_eq!(
            (answer.status().as_u16(), answer.headers().get("x-request-id").unwrap()),
            (500, &HeaderValue::from_static("trace-1"))
        );
        let body = actix_web::body::to_bytes(answer.into_body()).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&body["code"], &body["request_id"]), (&"internal_error".into(), &"trace-1".into()));
        assert!(!body.to_string().contains("secret"));
    }
}
