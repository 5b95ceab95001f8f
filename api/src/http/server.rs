//! The HTTP server: middleware, documented and undocumented routes, framework failures as problems.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::http::{ConnectionType, Method};
use actix_web::middleware::{Compress, Next, from_fn};
use actix_web::{App as ActixApp, HttpRequest, HttpResponse, HttpServer, ResponseError, get, web};
use utoipa_swagger_ui::SwaggerUi;

use crate::app::App;
use crate::catalog::ready;
use crate::error::{Code, Error, Result};
use crate::http::document::Served;
use crate::http::{caching, caller, dashboard, problem, rate_limit, request_log, router};
use crate::mail::mailbox;

/// How long an idle connection is kept: longer than load balancers keep theirs (60 s is usual), for a connection that the
/// server closes while a request is on its way costs that request.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Starts serving on a bound listener. The caller stops it by its handle.
///
/// # Errors
/// Those of the sockets.
pub fn start(app: Arc<App>, listener: TcpListener) -> std::io::Result<Server> {
    let (workers, drain, dev_mailbox) = (app.config.workers, app.config.drain, app.config.dev_mailbox);
    let document = web::Data::new(Served::default());
    let data = web::Data::from(app);
    let mut server = HttpServer::new(move || {
        ActixApp::new()
            .app_data(data.clone())
            .app_data(document.clone())
            .wrap(from_fn(ready::follow_staff))
            .wrap(from_fn(answer_head))
            .wrap(from_fn(say_farewell))
            .wrap(from_fn(rate_limit::limit_requests))
            .wrap(from_fn(caller::identify))
            .wrap(from_fn(request_log::log_requests))
            .wrap(Compress::default())
            .wrap(from_fn(caching::finish))
            .wrap(cors(&data.config.cors_origins))
            .configure(router::routes)
            .configure(|config| {
                if dev_mailbox {
                    mailbox::routes(config)
                }
            })
            .configure(dashboard::routes)
            .service(problem::show_problem)
            .service(show_openapi)
            .service(web::redirect("/docs", "/docs/"))
            .service(SwaggerUi::new("/docs/{_:.*}").config(utoipa_swagger_ui::Config::from("/openapi.json")))
            .default_service(web::to(unknown_route))
    })
    .disable_signals()
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(drain.as_secs());
    if let Some(workers) = workers {
        server = server.workers(workers);
    }
    Ok(server.listen(listener)?.run())
}

/// Which other origins browsers may call from (AMENDMENTS 31). Preflights are answered here, before any limit.
fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([
            "Authorization",
            "Content-Type",
            "Idempotency-Key",
            "If-Match",
            "If-None-Match",
            "X-Cart-Token",
            "X-Customer-Token",
            "X-Order-Token",
            "X-Request-Id",
        ])
        .expose_headers([
            "ETag",
            "Link",
            "Location",
            "Retry-After",
            "RateLimit",
            "RateLimit-Policy",
            "X-Request-Id",
            "Idempotent-Replayed",
            "Deprecation",
            "Sunset",
        ])
        .max_age(7200);
    if origins.iter().any(|origin| origin == "*") {
        return cors.allow_any_origin().send_wildcard();
    }
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}

#[get("/openapi.json")]
async fn show_openapi(document: web::Data<Served>) -> Result<HttpResponse> {
    let document = document.into_inner().made().await?;
    let json = document.get().map(|made| made.json.clone()).unwrap_or_default();
    Ok(HttpResponse::Ok().content_type("application/json").body(json))
}

/// HEAD is answered as GET; the HTTP codec leaves the body out.
async fn answer_head(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> std::result::Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    next.call(request).await
}

/// A process that is about to stop keeps no connection: the next request goes to another one.
async fn say_farewell(
    app: web::Data<App>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> std::result::Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let mut response = next.call(request).await?;
    if app.is_leaving() {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}

/// What no route matches: 405 when the path knows other methods, else 404.
async fn unknown_route(request: HttpRequest, document: web::Data<Served>) -> Result<HttpResponse> {
    let document = document.into_inner().made().await?;
    let allowed = document.get().map(|made| made.methods_of(request.path())).unwrap_or_default();
    if allowed.is_empty() {
        let detail = format!("There is no {} {}. The reference is at /docs/.", request.method(), request.path());
        return Err(Error::problem(Code::NotFound, detail));
    }
    let mut response = if request.method() == Method::OPTIONS {
        HttpResponse::NoContent().finish()
    } else {
        let detail = format!("{} knows {}, not {}.", request.path(), allowed.join(", "), request.method());
        Error::problem(Code::MethodNotAllowed, detail).error_response()
    };
    if let Ok(value) = allowed.join(", ").parse() {
        response.headers_mut().insert(actix_web::http::header::ALLOW, value);
    }
    Ok(response)
}
