//! Extractors that answer with a problem naming the member at fault: [`Json`], [`Query`], [`Id`].

use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::BytesMut;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use validator::{Validate, ValidationError, ValidationErrors, ValidationErrorsKind};

use crate::error::{Code, Error, FieldError, Result};
use crate::http::strict::Strict;

/// The largest JSON body, in bytes.
const MAX_BODY: usize = 256 * 1024;

/// A decoded and validated JSON body, and the bytes it was read from.
pub struct Json<T> {
    /// The body.
    pub value: T,
    /// SHA-256 of the raw body, for idempotency.
    pub fingerprint: Vec<u8>,
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Json<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let content_type =
            request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_json =
            content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
        let payload = payload.take();
        Box::pin(async move {
            let body = read_body(payload, MAX_BODY).await?;
            if !is_json {
                return Err(Error::problem(
                    Code::UnsupportedMediaType,
                    "Send the body with `Content-Type: application/json`.",
                ));
            }
            Ok(Self { value: decode(&body)?, fingerprint: crate::tokens::sha256(&body) })
        })
    }
}

/// Reads a whole body of at most `limit` bytes.
///
/// # Errors
/// `body_too_large`, or `malformed_body` when the connection breaks.
pub async fn read_body(mut payload: Payload, limit: usize) -> Result<BytesMut> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk
            .map_err(|error| Error::problem(Code::MalformedBody, format!("The body could not be read: {error}.")))?;
        if body.len() + chunk.len() > limit {
            return Err(Error::problem(Code::BodyTooLarge, format!("The body may have at most {limit} bytes.")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Decodes JSON and applies the rules of `T`.
///
/// # Errors
/// `malformed_body` for what is not JSON, else `validation_failed` with a pointer per error.
pub fn decode<T: DeserializeOwned + Validate>(body: &[u8]) -> Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value: T =
        serde_path_to_error::deserialize(Strict::new(&mut reader)).map_err(|error| decoding_problem(&error))?;
    reader.end().map_err(|error| Error::problem(Code::MalformedBody, format!("After the JSON value: {error}.")))?;
    value.validate().map_err(|errors| rule_problem(&errors))?;
    Ok(value)
}

/// Whether a JSON text holds an escaped NUL, which PostgreSQL cannot keep.
#[must_use]
pub fn holds_nul(body: &[u8]) -> bool {
    let mut rest = body;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        rest = rest.get(at + 1..).unwrap_or_default();
        if rest.starts_with(b"u0000") {
            return true;
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    false
}

fn decoding_problem(error: &serde_path_to_error::Error<serde_json::Error>) -> Error {
    if !error.inner().is_data() {
        return Error::problem(Code::MalformedBody, format!("The body is not JSON: {}.", error.inner()));
    }
    let message = error.inner().to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    let mut path: Vec<String> = error.path().iter().map(ToString::to_string).collect();
    let (code, member) = match quoted(message) {
        Some(name) if message.starts_with("unknown field") => ("unknown_field", Some(name)),
        Some(name) if message.starts_with("missing field") => ("required", Some(name)),
        Some(name) if message.starts_with("duplicate field") => ("duplicate", Some(name)),
        Some(_) | None => ("invalid", None),
    };
    if let Some(name) = member {
        if path.last().is_some_and(|last| last == name || last == "?") {
            path.pop();
        }
        path.push(name.to_owned());
    }
    let detail = match (code, member) {
        ("unknown_field", Some(name)) => unknown_field(name, message),
        ("required", Some(_)) => "is missing".to_owned(),
        ("duplicate", Some(_)) => "is given twice".to_owned(),
        _ => type_detail(message).unwrap_or_else(|| message.to_owned()),
    };
    Error::invalid(pointer(&path), code, detail)
}

/// Serde's `invalid type: string "1", expected i64` in the words of JSON.
fn type_detail(message: &str) -> Option<String> {
    let stripped = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    let (given, wanted) = stripped?.rsplit_once(", expected ")?;
    let wanted = match wanted {
        "i16" | "i32" | "i64" | "u16" | "u32" | "u64" => "a whole number",
        "a sequence" => "an array",
        "a map" => "an object",
        "a boolean" => "true or false",
        wanted if wanted.starts_with("struct ") => "an object",
        wanted => wanted,
    };
    let given = match given.split_once(' ') {
        Some(("string", text)) => format!("the string {text}"),
        Some(("integer" | "boolean", value)) => value.trim_matches('`').to_owned(),
        Some(("floating", value)) => value.trim_start_matches("point ").trim_matches('`').to_owned(),
        Some(_) | None => match given {
            "map" => "an object".to_owned(),
            "sequence" => "an array".to_owned(),
            given => given.to_owned(),
        },
    };
    Some(format!("must be {wanted}, not {given}"))
}

/// The first word in backticks.
fn quoted(message: &str) -> Option<&str> {
    message.split('`').nth(1)
}

fn unknown_field(name: &str, message: &str) -> String {
    let known: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
    let nearest = known.iter().max_by(|a, b| similarity(name, a).total_cmp(&similarity(name, b)));
    match nearest.filter(|candidate| similarity(name, candidate) > 0.75) {
        Some(candidate) => format!("is not known here; did you mean `{candidate}`?"),
        None if known.is_empty() => "is not known here".to_owned(),
        None => format!("is not known here; known are {}", known.join(", ")),
    }
}

fn similarity(a: &str, b: &str) -> f64 {
    strsim::jaro_winkler(a, b)
}

/// A JSON Pointer (RFC 6901) from its parts.
fn pointer(path: &[String]) -> String {
    path.iter()
        .map(|part| format!("/{}", part.trim_matches(['[', ']']).replace('~', "~0").replace('/', "~1")))
        .collect()
}

/// All broken rules, in the order of their pointers.
#[must_use]
pub fn rule_errors(errors: &ValidationErrors) -> Vec<FieldError> {
    let mut found = Vec::new();
    collect(errors, "", &mut found);
    found.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    found
}

/// All broken rules as one problem.
fn rule_problem(errors: &ValidationErrors) -> Error {
    let found = rule_errors(errors);
    let detail = found.first().map(|first| format!("`{}` {}", first.pointer, first.detail)).unwrap_or_default();
    Error::problem(Code::ValidationFailed, detail).with_errors(found)
}

fn collect(errors: &ValidationErrors, base: &str, found: &mut Vec<FieldError>) {
    for (name, kind) in errors.errors() {
        // A member whose name is a word of Rust.
        let name = name.trim_start_matches("r#");
        let here = if name == "__all__" { base.to_owned() } else { format!("{base}/{name}") };
        match kind {
            ValidationErrorsKind::Struct(inner) => collect(inner, &here, found),
            ValidationErrorsKind::List(items) => {
                items.iter().for_each(|(index, inner)| collect(inner, &format!("{here}/{index}"), found));
            }
            ValidationErrorsKind::Field(broken) => {
                found.extend(
                    broken.iter().map(|rule| FieldError::new(here.clone(), rule.code.clone(), rule_text(rule))),
                );
            }
        }
    }
}

fn rule_text(rule: &ValidationError) -> String {
    if let Some(message) = &rule.message {
        return message.to_string();
    }
    let bound = |name: &str| rule.params.get(name).map(|value| value.to_string().trim_end_matches(".0").to_owned());
    let unit = if rule.code == "length" { " characters or items" } else { "" };
    match (bound("min"), bound("max"), bound("equal")) {
        (Some(min), Some(max), _) => format!("must be between {min} and {max}{unit}"),
        (Some(min), None, _) => format!("must be at least {min}{unit}"),
        (None, Some(max), _) => format!("must be at most {max}{unit}"),
        (None, None, Some(equal)) => format!("must be exactly {equal}{unit}"),
        (None, None, None) => match rule.code.as_ref() {
            "email" => "must be an e-mail address".to_owned(),
            "url" => "must be a URL".to_owned(),
            other => format!("breaks the rule `{other}`"),
        },
    }
}

/// A decoded and validated query string; `option[size]=M` is read as a map.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Validate> Query<T> {
    /// The query of a request, for who reads it only when there is need.
    ///
    /// # Errors
    /// `invalid_query`, with the parameter.
    pub fn of(request: &HttpRequest) -> Result<Self> {
        decode_query(request.query_string()).map(Self)
    }
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Query<T> {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Self::of(request))
    }
}

/// The parameter that holds an encoded control character, which PostgreSQL may not keep.
fn with_control_characters(text: &str) -> Option<String> {
    let is_control = |pair: &&str| {
        let mut escapes = pair.split('%').skip(1).filter_map(|rest| u8::from_str_radix(rest.get(..2)?, 16).ok());
        escapes.any(|byte| byte.is_ascii_control())
    };
    let pair = text.split('&').find(is_control)?;
    Some(pair.split('=').next().unwrap_or_default().chars().take(100).collect())
}

/// Brackets may be percent-encoded, as browsers do; a parameter given twice is refused.
fn query_config() -> serde_qs::Config {
    serde_qs::Config::new().use_form_encoding(true).duplicate_key_behavior(serde_qs::DuplicateKeyBehavior::Error)
}

fn decode_query<T: DeserializeOwned + Validate>(text: &str) -> Result<T> {
    let wrong = |name: String, code: &str, detail: String| {
        let error = FieldError::new(name, code, detail);
        Error::problem(Code::InvalidQuery, format!("`{}` {}", error.pointer, error.detail)).with_errors(vec![error])
    };
    if let Some(name) = with_control_characters(text) {
        return Err(wrong(format!("?{name}"), "invalid", "must not contain control characters".to_owned()));
    }
    let deserializer = serde_qs::Deserializer::with_config(query_config(), text.as_bytes())
        .map_err(|error| wrong("?".to_owned(), "invalid", error.to_string()))?;
    let value: T = serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let message = error.inner().to_string();
        match quoted(&message).filter(|_| message.contains("unknown field")) {
            Some(name) => wrong(format!("?{name}"), "unknown_field", unknown_field(name, &message)),
            None if message.contains("invalid digit") => {
                wrong(format!("?{}", error.path()), "invalid", "must be a whole number".to_owned())
            }
            None => wrong(format!("?{}", error.path()), "invalid", message),
        }
    })?;
    value.validate().map_err(|errors| match rule_problem(&errors) {
        Error::Problem(problem) => {
            let errors = problem
                .errors
                .into_iter()
                .map(|error| FieldError { pointer: error.pointer.replacen('/', "?", 1), ..error });
            Error::problem(Code::InvalidQuery, problem.detail.replacen('/', "?", 1)).with_errors(errors.collect())
        }
        other @ (Error::Database(_) | Error::Internal(_)) => other,
    })?;
    Ok(value)
}

/// Which page of a list.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many items a page has.
    #[param(minimum = 1, maximum = 100, default = 20)]
    #[validate(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// The typed id in the path's first parameter; anything unreadable is `not_found`.
pub struct Id<T>(pub T);

impl<T: FromStr + 'static> FromRequest for Id<T> {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = request.match_info().iter().next().map(|(_, value)| value.to_owned()).unwrap_or_default();
        std::future::ready(text.parse().ok().map(Self).ok_or_else(|| Error::not_found("resource")))
    }
}

/// A request header as text, when it is there.
///
/// # Errors
/// `invalid_header` when it is not ASCII.
pub fn header<'a>(request: &'a HttpRequest, name: &str) -> Result<Option<&'a str>> {
    request.headers().get(name).map(|value| value.to_str()).transpose().map_err(|error| {
        let detail = format!("must be printable ASCII: {error}");
        Error::problem(Code::InvalidHeader, format!("`{name}` {detail}")).with_errors(vec![FieldError::new(
            format!("header:{name}"),
            "invalid",
            detail,
        )])
    })
}
