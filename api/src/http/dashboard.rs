//! The staff dashboard at `/admin`: what `npm run build` made of `dashboard/`, built into the binary. It is a client of
//! the API and no part of it.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse, get, web};
use rust_embed::{Embed, EmbeddedFile};

use crate::error::{Error, Result};
use crate::http::etag;
use crate::tokens;

/// The build's files.
#[derive(Embed)]
#[folder = "../dashboard/dist"]
struct Files;

/// Its entry; every address without a file of its own is a screen that it shows.
const INDEX: &str = "index.html";

/// Names under it carry a digest of the content, which so never changes.
const HASHED: &str = "assets/";

/// Scripts and calls of this origin only. Mantine sets its variables in `<style>`; pictures of products are anywhere.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' https: data:; \
     object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Its routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::redirect("/admin", "/admin/")).service(show_dashboard);
}

#[get("/admin/{path:.*}")]
async fn show_dashboard(path: web::Path<String>, request: HttpRequest) -> Result<HttpResponse> {
    if let Some(file) = Files::get(&path) {
        return respond(&request, &path, file);
    }
    let screen = if path.starts_with(HASHED) { None } else { Files::get(INDEX) };
    screen.map_or_else(|| Err(Error::not_found("page")), |index| respond(&request, INDEX, index))
}

fn respond(request: &HttpRequest, path: &str, file: EmbeddedFile) -> Result<HttpResponse> {
    let keep = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let digest = file.metadata.sha256_hash();
    let tag = format!("\"{}\"", tokens::hex(digest.get(..8).unwrap_or_default()));
    let mut response = match etag::unchanged(request, &tag)? {
        Some(unchanged) => unchanged,
        None => HttpResponse::Ok()
            .insert_header((ETAG, tag))
            .insert_header((CONTENT_SECURITY_POLICY, POLICY))
            .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .insert_header((REFERRER_POLICY, "same-origin"))
            .content_type(content_type(path))
            .body(file.data.into_owned()),
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(keep));
    Ok(response)
}

/// Of the kinds of files that a build has.
fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some(_) | None => "application/octet-stream",
    }
}
