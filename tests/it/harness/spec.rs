//! Answers held against the OpenAPI document: status documented, body valid, problem code listed.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Value, json};

use super::Reply;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(merx::http::openapi::document()).unwrap());
static VALIDATORS: LazyLock<Mutex<HashMap<String, &'static Validator>>> = LazyLock::new(Mutex::default);

/// Every documented operation as `(METHOD, path template, operation)`.
pub(crate) fn operations() -> Vec<(String, String, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            let operations = item.as_object().unwrap().iter();
            operations
                .filter(|(method, _)| ["get", "post", "put", "patch", "delete"].contains(&method.as_str()))
                .map(|(method, operation)| (method.to_uppercase(), path.clone(), operation))
        })
        .collect()
}

/// Fails unless the document allows this answer.
#[track_caller]
pub(super) fn check(method: &str, path: &str, reply: &Reply) {
    let found = operations().into_iter().find(|(known, template, _)| known == method && fits(template, path));
    let Some((_, template, operation)) = found else { panic!("{method} {path} is not documented") };
    let Some(response) = operation["responses"].get(reply.status.to_string()) else {
        panic!("{method} {template} does not document {}: {}", reply.status, reply.text)
    };
    if reply.status >= 400 {
        let code = reply.body["code"].as_str().unwrap_or_default();
        let described = response["description"].as_str().unwrap_or_default();
        assert!(
            described.contains(&format!("`{code}`")),
            "{method} {template} does not document {code}: {}",
            reply.text
        );
    }
    let kind = reply.header("content-type").split(';').next().unwrap_or_default();
    let content = response["content"].as_object();
    let media = content.and_then(|content| content.get(kind).or_else(|| content.values().next()));
    let Some(schema) = media.map(|media| &media["schema"]) else {
        assert!(reply.text.is_empty(), "{method} {template} documents no body: {}", reply.text);
        return;
    };
    let validator = validator(schema);
    let errors: Vec<String> =
        validator.iter_errors(&reply.body).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{method} {template} {}: {errors:#?}\n{}", reply.status, reply.text);
}

/// The schema of an operation's JSON body.
pub(crate) fn body_schema(operation: &Value) -> Option<&Value> {
    operation.pointer("/requestBody/content/application~1json/schema")
}

/// The schema of what receivers are sent of a type of event.
pub(crate) fn webhook_schema(event_type: &str) -> &'static Value {
    let pointer = "/post/requestBody/content/application~1json/schema";
    DOCUMENT["webhooks"][event_type].pointer(pointer).unwrap_or_else(|| panic!("{event_type} is not documented"))
}

/// The validator of a schema; each is compiled once.
pub(crate) fn validator(schema: &Value) -> &'static Validator {
    let key = schema.to_string();
    VALIDATORS.lock().unwrap().entry(key).or_insert_with(|| {
        let mut closed = schema.clone();
        closed["components"] = json!({"schemas": DOCUMENT["components"]["schemas"]});
        Box::leak(Box::new(jsonschema::validator_for(&closed).unwrap()))
    })
}

fn fits(template: &str, path: &str) -> bool {
    template.split('/').count() == path.split('/').count()
        && template
            .split('/')
            .zip(path.split('/'))
            .all(|(wanted, given)| wanted == given || wanted.starts_with('{') && !given.is_empty())
}
