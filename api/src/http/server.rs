//! The HTTP server: middleware, documented and undocumented routes, framework failures as problems.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::http::Method;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App as ActixApp, HttpRequest, HttpResponse, HttpServer, ResponseError, get, web};
use utoipa_actix_web::AppExt;
use utoipa_swagger_ui::SwaggerUi;

use crate::app::App;
use crate::error::{Code, Error};
use crate::http::{openapi, problem, rate_limit, request_log, router};

/// Seconds that requests in flight get to finish at shutdown.
const SHUTDOWN_SECONDS: u64 = 30;

/// Starts serving on a bound listener. The caller stops it by its handle.
///
/// # Errors
/// Those of the sockets.
pub fn start(app: Arc<App>, listener: TcpListener) -> std::io::Result<Server> {
    let workers = app.config.workers;
    let document = openapi::document();
    let data = web::Data::from(app);
    let mut server = HttpServer::new(move || {
        ActixApp::new()
            .app_data(data.clone())
            .app_data(web::Data::new(document.clone()))
            .wrap(from_fn(rate_limit::limit_requests))
            .wrap(from_fn(request_log::log_requests))
            .wrap(Compress::default())
            .into_utoipa_app()
            .configure(router::routes)
            .into_app()
            .service(problem::show_problem)
            .service(show_openapi)
            .service(web::redirect("/docs", "/docs/"))
            .service(SwaggerUi::new("/docs/{_:.*}").config(utoipa_swagger_ui::Config::from("/openapi.json")))
            .default_service(web::to(unknown_route))
    })
    .disable_signals()
    .shutdown_timeout(SHUTDOWN_SECONDS);
    if let Some(workers) = workers {
        server = server.workers(workers);
    }
    Ok(server.listen(listener)?.run())
}

#[get("/openapi.json")]
async fn show_openapi(document: web::Data<utoipa::openapi::OpenApi>) -> HttpResponse {
    HttpResponse::Ok().json(document.get_ref())
}

/// What no route matches: 405 when the path knows other methods, else 404.
async fn unknown_route(request: HttpRequest, document: web::Data<utoipa::openapi::OpenApi>) -> HttpResponse {
    let allowed = openapi::methods_of(&document, request.path());
    if allowed.is_empty() || request.method() == Method::OPTIONS && allowed.is_empty() {
        let detail = format!("There is no {} {}. The reference is at /docs/.", request.method(), request.path());
        return Error::problem(Code::NotFound, detail).error_response();
    }
    let detail = format!("{} knows {}, not {}.", request.path(), allowed.join(", "), request.method());
    let mut response = Error::problem(Code::MethodNotAllowed, detail).error_response();
    if let Ok(value) = allowed.join(", ").parse() {
        response.headers_mut().insert(actix_web::http::header::ALLOW, value);
    }
    response
}
