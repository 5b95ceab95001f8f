//! What serde lets through and an API should not: an array in place of an object, a key given twice in a map, and
//! control characters in texts. A wrapper around any deserializer; see [`Strict`].

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor};

/// A deserializer that reads structs from objects only, refuses a key that its object had before, and refuses texts
/// with control characters other than line ends and tabs.
pub struct Strict<'seen, D> {
    inner: D,
    /// For the keys of an object: those it had before.
    seen: Option<&'seen mut HashSet<String>>,
}

impl<D> Strict<'_, D> {
    /// Wraps a deserializer.
    pub const fn new(inner: D) -> Self {
        Self { inner, seen: None }
    }
}

struct StrictVisitor<'seen, V> {
    inner: V,
    seen: Option<&'seen mut HashSet<String>>,
}

impl<V> StrictVisitor<'_, V> {
    fn check<E: Error>(&mut self, text: &str) -> Result<(), E> {
        if text.contains(|letter: char| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')) {
            return Err(E::custom("must not contain control characters"));
        }
        let is_new = self.seen.as_mut().is_none_or(|seen| seen.insert(text.to_owned()));
        if is_new { Ok(()) } else { Err(E::custom(format_args!("duplicate field `{text}`"))) }
    }
}

/// Methods that only pass a wrapped visitor on.
macro_rules! forward {
    ($($method:ident($($argument:ident: $type:ty),*);)+) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, Self::Error> {
            self.inner.$method($($argument,)* StrictVisitor { inner: visitor, seen: self.seen })
        }
    )+};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<'_, D> {
    type Error = D::Error;

    forward! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_map();
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        // A struct would also be read from an array of its members.
        self.deserialize_map(visitor)
    }
}

/// Methods that only pass a value on.
macro_rules! pass {
    ($($method:ident($type:ty);)+) => {$(
        fn $method<E: Error>(self, value: $type) -> Result<Self::Value, E> {
            self.inner.$method(value)
        }
    )+};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for StrictVisitor<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    pass! {
        visit_bool(bool);
        visit_i64(i64);
        visit_u64(u64);
        visit_f64(f64);
        visit_bytes(&[u8]);
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<Self::Value, E> {
        self.check(text)?;
        self.inner.visit_str(text)
    }

    fn visit_borrowed_str<E: Error>(mut self, text: &'de str) -> Result<Self::Value, E> {
        self.check(text)?;
        self.inner.visit_borrowed_str(text)
    }

    fn visit_string<E: Error>(mut self, text: String) -> Result<Self::Value, E> {
        self.check(&text)?;
        self.inner.visit_string(text)
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        self.inner.visit_some(Strict::new(inner))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        self.inner.visit_newtype_struct(Strict { inner, seen: self.seen })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        self.inner.visit_seq(StrictItems(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        self.inner.visit_map(StrictMembers { members, seen: HashSet::new() })
    }

    fn visit_enum<A: EnumAccess<'de>>(self, choice: A) -> Result<Self::Value, A::Error> {
        self.inner.visit_enum(choice)
    }
}

struct StrictSeed<'seen, S> {
    inner: S,
    seen: Option<&'seen mut HashSet<String>>,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for StrictSeed<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        self.inner.deserialize(Strict { inner, seen: self.seen })
    }
}

struct StrictItems<A>(A);

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for StrictItems<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(StrictSeed { inner: seed, seen: None })
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

struct StrictMembers<A> {
    members: A,
    seen: HashSet<String>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for StrictMembers<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.members.next_key_seed(StrictSeed { inner: seed, seen: Some(&mut self.seen) })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.members.next_value_seed(StrictSeed { inner: seed, seen: None })
    }

    fn size_hint(&self) -> Option<usize> {
        self.members.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[serde(default)]
        inner: Option<Inner>,
        #[serde(default)]
        list: Vec<Inner>,
        #[serde(default)]
        map: BTreeMap<String, String>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        name: String,
    }

    fn read(text: &str) -> Result<Outer, String> {
        let mut json = serde_json::Deserializer::from_str(text);
        let strict = Strict::new(&mut json);
        serde_path_to_error::deserialize(strict).map_err(|error| format!("{}: {}", error.path(), error.inner()))
    }

    #[test]
    fn what_is_lawful_is_read_as_ever() {
        let read = read(r#"{"inner": null, "list": [{"name": "a\nb"}], "map": {"x": "1", "y": "2"}}"#).unwrap();
        assert_eq!((read.list[0].name.as_str(), read.map.len(), read.inner), ("a\nb", 2, None));
    }

    #[test]
    fn arrays_for_objects_twice_given_keys_and_control_characters_are_refused_where_they_are() {
        for (text, said) in [
            (r#"[null, []]"#, "invalid type: sequence"),
            (r#"{"inner": ["a"]}"#, "inner: invalid type: sequence"),
            (r#"{"list": [["a"]]}"#, "list[0]: invalid type: sequence"),
            (r#"{"list": [{"name": "a\u0007"}]}"#, "list[0].name: must not contain control characters"),
            (r#"{"map": {"x": "1", "x": "2"}}"#, "map.?: duplicate field `x`"),
            (r#"{"map": {"x": "1"}, "map": {}}"#, "?: duplicate field `map`"),
            (r#"{"map": {"\u0000": "1"}}"#, "must not contain control characters"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
