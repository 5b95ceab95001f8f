//! What differs between two documents, by JSON pointer: `{"/title": {"before": "A", "after": "B"}}`. Customers' data and
//! secrets are masked: that they changed is seen, not to what.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// What stands in the place of what is hidden.
const MASK: &str = "[masked]";

/// Members that change with everything, and say nothing.
const NOISE: [&str; 3] = ["created_at", "updated_at", "version"];

/// Members that tell of a customer, or lead to one.
const PERSONAL: [&str; 9] = [
    "billing_address",
    "customer",
    "email",
    "label_url",
    "phone",
    "recipient",
    "shipping_address",
    "tracking_number",
    "tracking_url",
];

/// Changes by JSON pointer; items of lists that have an `id` are named by it.
#[derive(Debug, Clone, Default)]
pub(super) struct Changes(Map<String, Value>);

impl Changes {
    /// Every member that says something, as it is now.
    pub(super) fn made(&mut self, document: &Value) {
        self.whole(document, "after");
    }

    /// Every member that said something, as it was.
    pub(super) fn deleted(&mut self, document: &Value) {
        self.whole(document, "before");
    }

    fn whole(&mut self, document: &Value, when: &str) {
        for (name, value) in document.as_object().into_iter().flatten() {
            if !is_empty(value) && !NOISE.contains(&name.as_str()) {
                let path = pointer("", name);
                let shown = masked(&path, value);
                self.0.insert(path, json!({ when: shown }));
            }
        }
    }

    /// What differs.
    pub(super) fn between(&mut self, before: &Value, after: &Value) {
        self.compare("", before, after);
    }

    /// What one member was and is.
    pub(super) fn at(&mut self, path: &str, before: &Value, after: &Value) {
        self.compare(path, before, after);
    }

    pub(super) fn into_json(self) -> Value {
        Value::Object(self.0)
    }

    fn compare(&mut self, path: &str, before: &Value, after: &Value) {
        if before == after {
            return;
        }
        match (before, after) {
            (Value::Object(before), Value::Object(after)) => {
                for name in before.keys().chain(after.keys().filter(|name| !before.contains_key(*name))) {
                    if path.is_empty() && NOISE.contains(&name.as_str()) {
                        continue;
                    }
                    let member = |of: &Map<String, Value>| of.get(name).cloned().unwrap_or_default();
                    self.compare(&pointer(path, name), &member(before), &member(after));
                }
            }
            (Value::Array(before), Value::Array(after)) => self.compare_lists(path, before, after),
            (before, after) => self.put(path, before, after),
        }
    }

    fn compare_lists(&mut self, path: &str, before: &[Value], after: &[Value]) {
        let (Some(old), Some(new)) = (by_id(before), by_id(after)) else {
            return self.put(path, &json!(before), &json!(after));
        };
        if old.is_empty() || new.is_empty() {
            return self.put(path, &json!(before), &json!(after));
        }
        for id in old.keys().chain(new.keys().filter(|id| !old.contains_key(*id))) {
            let item = |of: &BTreeMap<&str, &Value>| of.get(id).copied().cloned().unwrap_or_default();
            self.compare(&pointer(path, id), &item(&old), &item(&new));
        }
    }

    fn put(&mut self, path: &str, before: &Value, after: &Value) {
        let mut change = Map::new();
        for (when, value) in [("before", before), ("after", after)] {
            if !value.is_null() {
                change.insert(when.to_owned(), masked(path, value));
            }
        }
        if !change.is_empty() {
            self.0.insert(path.to_owned(), Value::Object(change));
        }
    }
}

/// The items of a list by their ids; `None` when one has none, or two have the same.
fn by_id(items: &[Value]) -> Option<BTreeMap<&str, &Value>> {
    let found: Option<BTreeMap<&str, &Value>> =
        items.iter().map(|item| Some((item.get("id")?.as_str()?, item))).collect();
    found.filter(|found| found.len() == items.len())
}

fn pointer(path: &str, name: &str) -> String {
    format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn is_hidden(name: &str) -> bool {
    PERSONAL.contains(&name) || ["password", "secret", "token"].iter().any(|word| name.ends_with(word))
}

fn masked(path: &str, value: &Value) -> Value {
    if path.split('/').any(is_hidden) {
        return if is_empty(value) { value.clone() } else { json!(MASK) };
    }
    let mut shown = value.clone();
    hide(path.rsplit('/').next().unwrap_or_default(), &mut shown);
    shown
}

fn hide(name: &str, value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if is_hidden(name) && !is_empty(member) {
                    *member = json!(MASK);
                } else {
                    hide(name, member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide(name, item)),
        // Receivers' addresses may hold a secret behind the path.
        Value::String(text) if name == "url" => {
            if let Some((place, _)) = text.split_once('?') {
                *text = format!("{place}?{MASK}");
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(before: &Value, after: &Value) -> Value {
        let mut changes = Changes::default();
        changes.between(before, after);
        changes.into_json()
    }

    #[test]
    fn only_what_differs_is_kept() {
        let before = json!({"title": "A", "tags": ["x"], "seo": {"title": "S", "description": null}, "version": 1, "variants": [
            {"id": "var_1", "sku": "1", "prices": [{"amount": 1}]}, {"id": "var_2", "sku": "2"},
        ]});
        let after = json!({"title": "B", "tags": ["x", "y"], "seo": {"title": "S", "description": "D"}, "version": 2, "variants": [
            {"id": "var_1", "sku": "1", "prices": [{"amount": 2}]}, {"id": "var_3", "sku": "3"},
        ]});
        assert_eq!(
            between(&before, &after),
            json!({
                "/title": {"before": "A", "after": "B"},
                "/tags": {"before": ["x"], "after": ["x", "y"]},
                "/seo/description": {"after": "D"},
                "/variants/var_1/prices": {"before": [{"amount": 1}], "after": [{"amount": 2}]},
                "/variants/var_2": {"before": {"id": "var_2", "sku": "2"}},
                "/variants/var_3": {"after": {"id": "var_3", "sku": "3"}},
            })
        );
        assert_eq!(between(&before, &before), json!({}));
    }

    #[test]
    fn customers_and_secrets_are_masked() {
        let before = json!({"recipient": "ada@example.com", "shipping_address": {"city": "Berlin"}, "url": "https://a.example/x?key=1"});
        let after = json!({"recipient": "bob@example.com", "shipping_address": {"city": "Paris"}, "url": "https://a.example/y?key=2", "secret": "whsec_1"});
        let changes = between(&before, &after);
        assert_eq!(changes["/recipient"], json!({"before": MASK, "after": MASK}));
        assert_eq!(changes["/secret"], json!({"after": MASK}));
        assert_eq!(changes["/url"]["after"], "https://a.example/y?[masked]");
        let mut made = Changes::default();
        made.made(
            &json!({"lines": [{"email": "ada@example.com", "quantity": 1, "order_token": "ot_1"}], "note": null}),
        );
        assert_eq!(
            made.into_json(),
            json!({"/lines": {"after": [{"email": MASK, "quantity": 1, "order_token": MASK}]}})
        );
        for personal in ["ada@", "bob@", "Berlin", "Paris", "key=", "whsec"] {
            assert!(!changes.to_string().contains(personal), "{personal}");
        }
    }
}
