//! A client that holds every answer against the OpenAPI document.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::{TestApp, spec};

/// A request being built.
pub(crate) struct Call {
    method: Method,
    path: String,
    request: reqwest::RequestBuilder,
    checked: bool,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl TestApp {
    /// Starts a request.
    pub(crate) fn call(&self, method: &str, path: &str) -> Call {
        self.call_at(&self.base_url, method, path)
    }

    /// Starts a request to another process.
    pub(crate) fn call_at(&self, base_url: &str, method: &str, path: &str) -> Call {
        let method: Method = method.parse().unwrap();
        let request = self.http.request(method.clone(), format!("{base_url}{path}"));
        Call { method, path: path.to_owned(), request, checked: true }
    }

    /// Starts a request whose redirects are not followed.
    pub(crate) fn call_without_redirects(&self, method: &str, path: &str) -> Call {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let method: Method = method.parse().unwrap();
        let request = http.request(method.clone(), format!("{}{path}", self.base_url));
        Call { method, path: path.to_owned(), request, checked: true }
    }

    /// A GET.
    pub(crate) fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }

    /// A POST with a body.
    pub(crate) fn post(&self, path: &str, body: Value) -> Call {
        self.call("POST", path).json(body)
    }

    /// A PATCH with a body.
    pub(crate) fn patch(&self, path: &str, body: Value) -> Call {
        self.call("PATCH", path).json(body)
    }

    /// A GET as staff.
    pub(crate) fn staff_get(&self, path: &str) -> Call {
        self.get(path).bearer(&self.admin_key)
    }

    /// A POST as staff.
    pub(crate) fn staff_post(&self, path: &str, body: Value) -> Call {
        self.post(path, body).bearer(&self.admin_key)
    }

    /// A PATCH as staff.
    pub(crate) fn staff_delete(&self, path: &str) -> Call {
        self.call("DELETE", path).bearer(&self.admin_key)
    }

    /// A PATCH by staff.
    pub(crate) fn staff_patch(&self, path: &str, body: Value) -> Call {
        self.patch(path, body).bearer(&self.admin_key)
    }
}

impl Call {
    /// A JSON body.
    pub(crate) fn json(mut self, body: Value) -> Self {
        self.request = self.request.json(&body);
        self
    }

    /// A raw body.
    pub(crate) fn body(mut self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.header("Content-Type", content_type).body(body);
        self
    }

    /// A header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// `Authorization: Bearer …`
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    /// Leaves the answer unchecked: the request is not of the documented API.
    pub(crate) fn undocumented(mut self) -> Self {
        self.checked = false;
        self
    }

    /// Sends; an answer that the document does not allow fails the test.
    pub(crate) async fn send(self) -> Reply {
        super::guard(self.try_send()).await.unwrap()
    }

    /// Sends to a process that may die.
    pub(crate) async fn try_send(self) -> reqwest::Result<Reply> {
        let answer = self.request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        // A stream of events has no end of its own: how it begins is enough.
        let text = if headers.get("content-type").is_some_and(|kind| kind == "text/event-stream") {
            let mut answer = answer;
            String::from_utf8(answer.chunk().await?.unwrap_or_default().to_vec()).unwrap()
        } else {
            answer.text().await?
        };
        let is_json =
            headers.get("content-type").is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.contains("json")));
        let as_text = || if text.is_empty() { Value::Null } else { Value::String(text.clone()) };
        let body = if is_json { serde_json::from_str(&text).unwrap_or(Value::Null) } else { as_text() };
        let reply = Reply { status, headers, body, text };
        assert!(reply.headers.contains_key("x-request-id"), "no X-Request-Id: {reply:?}");
        if self.checked {
            spec::check(self.method.as_str(), self.path.split('?').next().unwrap(), &reply);
        }
        Ok(reply)
    }
}

impl Reply {
    /// The body, if the status is the expected one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }

    /// Asserts a problem by its status and code, and answers it.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        self.body
    }

    /// A header as text; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}
