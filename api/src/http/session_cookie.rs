//! The cookie of a staff session, and whether a request that carries it comes from our own pages.
//!
//! `SameSite=Strict` keeps the cookie from other sites. Pages of the same site under another name are kept out by what
//! browsers say of each request: `Sec-Fetch-Site`, or `Origin` where that is missing.

use actix_web::HttpRequest;
use actix_web::http::header::{COOKIE, HOST, ORIGIN};
use chrono::TimeDelta;
use reqwest::Url;

use crate::error::{Code, Error, Result};

/// The cookie where browsers may send it by `https` alone: the prefix has them refuse one that another host set.
pub const SECURE_NAME: &str = "__Host-merx_staff";

/// The cookie of a service that is reached by `http` on this machine.
const PLAIN_NAME: &str = "merx_staff";

/// Whether the service is reached by `http` on this machine, where browsers keep no secure cookies.
fn is_plain(public_url: &str) -> bool {
    let is_loopback = |url: &Url| {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    };
    Url::parse(public_url).is_ok_and(|url| url.scheme() == "http" && is_loopback(&url))
}

fn name(public_url: &str) -> &'static str {
    if is_plain(public_url) { PLAIN_NAME } else { SECURE_NAME }
}

/// The session's token, if the request carries one.
#[must_use]
pub fn read(request: &HttpRequest, public_url: &str) -> Option<String> {
    let name = name(public_url);
    let headers = request.headers().get_all(COOKIE).filter_map(|value| value.to_str().ok());
    let mut pairs = headers.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(given, _)| *given == name).map(|(_, token)| token.to_owned())
}

/// `Set-Cookie` for a session's token.
#[must_use]
pub fn set(token: &str, life: TimeDelta, public_url: &str) -> String {
    let secure = if is_plain(public_url) { "" } else { "; Secure" };
    let (name, seconds) = (name(public_url), life.num_seconds());
    format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

/// `Set-Cookie` that has the browser forget the session.
#[must_use]
pub fn clear(public_url: &str) -> String {
    set("", TimeDelta::zero(), public_url)
}

/// Where a request comes from, by the browser's word.
enum Source {
    OurOwnPage,
    Elsewhere,
    /// No browser, or one that does not say.
    Unknown,
}

fn source(request: &HttpRequest, public_url: &str) -> Source {
    let text = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(site) = text("sec-fetch-site") {
        return if site == "same-origin" { Source::OurOwnPage } else { Source::Elsewhere };
    }
    let Some(origin) = text(ORIGIN.as_str()) else { return Source::Unknown };
    let Ok(own) = Url::parse(public_url) else { return Source::Elsewhere };
    let by_host = text(HOST.as_str()).map(|host| format!("{}://{host}", own.scheme()));
    let is_own = origin == own.origin().ascii_serialization() || by_host.is_some_and(|by_host| origin == by_host);
    if is_own { Source::OurOwnPage } else { Source::Elsewhere }
}

fn refused(detail: &str) -> Error {
    Error::problem(Code::CsrfRefused, detail)
}

/// Refuses a change under a session's cookie unless one of our own pages makes it.
///
/// # Errors
/// `csrf_refused`.
pub fn require_own_page(request: &HttpRequest, public_url: &str) -> Result<()> {
    match source(request, public_url) {
        Source::OurOwnPage => Ok(()),
        Source::Elsewhere => Err(refused("This change comes from a page of another origin; send it from our own.")),
        Source::Unknown => Err(refused(
            "This change does not say where it comes from. Send `Sec-Fetch-Site: same-origin` as browsers do, or our \
             address as `Origin`; a program sends an API key instead of the cookie.",
        )),
    }
}

/// Refuses what begins a session for a page of another origin, so that nobody is logged in as somebody else.
///
/// # Errors
/// `csrf_refused`.
pub fn refuse_other_pages(request: &HttpRequest, public_url: &str) -> Result<()> {
    match source(request, public_url) {
        Source::OurOwnPage | Source::Unknown => Ok(()),
        Source::Elsewhere => Err(refused("A page of another origin cannot log anybody in; open the dashboard itself.")),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_cookie_is_secure_except_by_http_on_this_machine() {
        for url in ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"] {
            assert_eq!(
                set("t", TimeDelta::days(1), url),
                "merx_staff=t; Path=/; Max-Age=86400; HttpOnly; SameSite=Strict"
            );
        }
        for url in ["https://shop.example", "http://shop.example", "http://10.0.0.1", "http://localhost.evil.example"] {
            let secure = "__Host-merx_staff=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure";
            assert_eq!(clear(url), secure, "{url}");
        }
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let request =
            TestRequest::default().insert_header((COOKIE, "a=b; x__Host-merx_staff=no; __Host-merx_staff=t=1"));
        let request = request.to_http_request();
        assert_eq!(read(&request, "https://shop.example").as_deref(), Some("t=1"));
        assert_eq!(read(&request, "http://127.0.0.1"), None);
    }

    #[test]
    fn only_our_own_pages_change_anything() {
        let allowed = |headers: &[(&str, &str)]| {
            let mut request = TestRequest::post();
            for header in headers {
                request = request.insert_header(*header);
            }
            let request = request.to_http_request();
            let url = "https://shop.example:443";
            (require_own_page(&request, url).is_ok(), refuse_other_pages(&request, url).is_ok())
        };
        let host = ("host", "behind.proxy");
        assert_eq!(allowed(&[host]), (false, true), "no browser says so little");
        for (site, outcome) in [("same-origin", true), ("same-site", false), ("cross-site", false), ("none", false)] {
            assert_eq!(allowed(&[host, ("sec-fetch-site", site)]), (outcome, outcome), "{site}");
            // It goes first.
            let own = ("origin", "https://shop.example");
            assert_eq!(allowed(&[host, ("sec-fetch-site", site), own]), (outcome, outcome), "{site}");
        }
        for (origin, outcome) in [
            ("https://shop.example", true),
            ("https://behind.proxy", true),
            ("http://shop.example", false),
            ("https://evil.example", false),
            ("null", false),
        ] {
            assert_eq!(allowed(&[host, ("origin", origin)]), (outcome, outcome), "{origin}");
        }
    }
}
