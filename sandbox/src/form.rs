//! Form bodies with bracketed keys (`line_items[0][price_data][currency]=eur`) as JSON.
//!
//! Every leaf is a string. A bracket group whose keys are `0..n`, or `[]`, becomes an array;
//! `metadata` always stays an object, since its keys are the caller's.

use serde_json::{Map, Value};

/// Deepest nesting that is followed; anything below is kept as one key.
const MAX_DEPTH: usize = 12;

/// Parses a form body or a query string.
pub(crate) fn parse(encoded: &str) -> Value {
    let mut root = Map::new();
    for pair in encoded.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let key = decode(key);
        insert(&mut root, &segments(&key), decode(value));
    }
    let fields = root
        .into_iter()
        .map(|(key, value)| {
            let value = normalise(&key, value);
            (key, value)
        })
        .collect();
    Value::Object(fields)
}

/// Splits `a[b][c]` into its parts; an unbalanced bracket makes the rest part of the key.
fn segments(key: &str) -> Vec<&str> {
    let Some((head, mut rest)) = key.split_once('[') else {
        return vec![key];
    };
    let mut parts = vec![head];
    while parts.len() < MAX_DEPTH {
        let Some((part, after)) = rest.split_once(']') else {
            return vec![key];
        };
        parts.push(part);
        match after.strip_prefix('[') {
            Some(next) => rest = next,
            None => break,
        }
    }
    parts
}

fn insert(level: &mut Map<String, Value>, path: &[&str], value: String) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    let key = if first.is_empty() { appended_key(level, rest) } else { (*first).to_owned() };
    if rest.is_empty() {
        level.insert(key, Value::String(value));
        return;
    }
    let child = level.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if !child.is_object() {
        *child = Value::Object(Map::new());
    }
    if let Some(child) = child.as_object_mut() {
        insert(child, rest, value);
    }
}

/// The index that `[]` means: the last element while it lacks this leaf, else a new one.
fn appended_key(level: &Map<String, Value>, rest: &[&str]) -> String {
    let fresh = level.len();
    let last = fresh.checked_sub(1).and_then(|index| level.get(&index.to_string()));
    match (last, fresh.checked_sub(1)) {
        (Some(last), Some(index)) if !rest.is_empty() && !holds(last, rest) => index.to_string(),
        _ => fresh.to_string(),
    }
}

fn holds(value: &Value, path: &[&str]) -> bool {
    match path.split_first() {
        None => true,
        Some((first, rest)) => value.get(*first).is_some_and(|child| holds(child, rest)),
    }
}

fn normalise(name: &str, value: Value) -> Value {
    let Value::Object(fields) = value else {
        return value;
    };
    if name == "metadata" {
        return Value::Object(fields);
    }
    let is_list = !fields.is_empty() && (0..fields.len()).all(|index| fields.contains_key(&index.to_string()));
    let mut fields: Map<String, Value> = fields
        .into_iter()
        .map(|(key, value)| {
            let value = normalise(&key, value);
            (key, value)
        })
        .collect();
    if is_list {
        let items = (0..fields.len()).map(|index| index.to_string()).collect::<Vec<_>>();
        Value::Array(items.iter().filter_map(|key| fields.remove(key)).collect())
    } else {
        Value::Object(fields)
    }
}

/// Percent decoding with `+` as a space; a broken escape is kept as it is.
pub(crate) fn decode(encoded: &str) -> String {
    let mut bytes = encoded.bytes();
    let mut decoded = Vec::with_capacity(encoded.len());
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => match escaped(bytes.clone()) {
                Some(value) => {
                    decoded.push(value);
                    bytes.nth(1);
                }
                None => decoded.push(b'%'),
            },
            plain => decoded.push(plain),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn escaped(mut following: std::str::Bytes<'_>) -> Option<u8> {
    let high = char::from(following.next()?).to_digit(16)?;
    let low = char::from(following.next()?).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn nests_and_makes_arrays() {
        assert_eq!(
            parse("a[0][b]=1&a[1][b]=x%20y&expand[]=p&expand[]=q&metadata[0]=z"),
            json!({"a": [{"b": "1"}, {"b": "x y"}], "expand": ["p", "q"], "metadata": {"0": "z"}})
        );
    }

    #[test]
    fn empty_brackets_fill_the_last_element_first() {
        assert_eq!(
            parse("l[][price]=a&l[][quantity]=1&l[][price]=b&l[][quantity]=2"),
            json!({"l": [{"price": "a", "quantity": "1"}, {"price": "b", "quantity": "2"}]})
        );
    }
}
