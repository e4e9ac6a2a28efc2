//! Parses untrusted JSON without building values for unused parts: serde_json's own values need
//! many times the memory of their text. Used for JWK Sets.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::nesting;

/// Parses JSON. Returns the reason as an error if the JSON cannot be parsed.
pub(super) fn parse<'de, T: FromJson<'de>>(json: &'de str) -> Result<T, String> {
    if nesting::is_too_deep(json.as_bytes()) {
        return Err("it is nested deeper than 64 levels".into());
    }
    match serde_json::from_str(json) {
        Ok(Lenient(value)) => Ok(value),
        Err(_) => Err("it is not JSON".into()),
    }
}

/// A type that is read from one type of JSON value. Values of other types are skipped and become
/// the default.
pub(super) trait FromJson<'de>: Default {
    fn from_text(_: &str) -> Self {
        Self::default()
    }

    fn from_borrowed_text(text: &'de str) -> Self {
        Self::from_text(text)
    }

    fn from_array<A: SeqAccess<'de>>(mut array: A) -> Result<Self, A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }

    fn from_object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

/// Deserializes a [`FromJson`].
pub(super) struct Lenient<T>(pub(super) T);

impl<'de, T: FromJson<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = deserializer.deserialize_any(LenientVisitor(PhantomData))?;
        Ok(Self(value))
    }
}

struct LenientVisitor<T>(PhantomData<T>);

impl<'de, T: FromJson<'de>> Visitor<'de> for LenientVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::from_text(text))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<T, E> {
        Ok(T::from_borrowed_text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<T, A::Error> {
        T::from_array(array)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<T, A::Error> {
        T::from_object(object)
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }
}

/// A string, borrowed if it has no escapes; `None` for a value of another type.
#[derive(Default)]
pub(super) struct Text<'a>(pub(super) Option<Cow<'a, str>>);

impl<'de: 'a, 'a> FromJson<'de> for Text<'a> {
    fn from_text(text: &str) -> Self {
        Self(Some(Cow::Owned(text.to_owned())))
    }

    fn from_borrowed_text(text: &'de str) -> Self {
        Self(Some(Cow::Borrowed(text)))
    }
}
