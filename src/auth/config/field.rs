//! One field of the configuration, which is read without failing: a value of the wrong type is
//! remembered, so that one error lists every problem and none shows a value.

use std::{fmt, marker::PhantomData, path::PathBuf, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::key::Algorithm;

/// A field that may be unset or have the wrong type.
#[derive(Clone, Debug, Default)]
pub(super) enum Field<T> {
    #[default]
    Unset,
    Set(T),
    /// The kind of value that was found instead, such as "a string".
    Wrong(&'static str),
}

/// A type that a field can have. Each function converts one kind of value and returns `None` if the
/// field cannot have that kind.
pub(super) trait Setting: Sized {
    /// Describes the values that the field can have, for errors.
    fn expected() -> String;

    fn from_bool(_: bool) -> Option<Self> {
        None
    }

    fn from_number(_: u64) -> Option<Self> {
        None
    }

    fn from_text(_: &str) -> Option<Self> {
        None
    }

    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn from_table<'de, A: MapAccess<'de>>(mut table: A) -> Result<Option<Self>, A::Error> {
        while table.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

impl<'de, T: Setting> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // With another hint than "any", serde_json fails with an error that shows the value.
        deserializer.deserialize_any(FieldVisitor(PhantomData))
    }
}

struct FieldVisitor<T>(PhantomData<T>);

impl<T: Setting> FieldVisitor<T> {
    fn field(value: Option<T>, found: &'static str) -> Field<T> {
        value.map_or(Field::Wrong(found), Field::Set)
    }
}

impl<'de, T: Setting> Visitor<'de> for FieldVisitor<T> {
    type Value = Field<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&T::expected())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Self::field(T::from_bool(value), "a boolean"))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Self::field(T::from_number(value), "a number"))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(match u64::try_from(value) {
            Ok(value) => Self::field(T::from_number(value), "a number"),
            Err(_) => Field::Wrong("a negative number"),
        })
    }

    /// The default of serde shows the value in its error, here and for unsigned integers.
    fn visit_i128<E: Error>(self, _: i128) -> Result<Self::Value, E> {
        Ok(Field::Wrong("a number with more than 64 bits"))
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<Self::Value, E> {
        Ok(Field::Wrong("a number with more than 64 bits"))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Field::Wrong("a fractional number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Self::field(T::from_text(value), "a string"))
    }

    fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<Self::Value, E> {
        Ok(Field::Wrong("a byte string"))
    }

    /// A null value is wrong and not unset: an empty value in YAML must not turn a check off.
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Field::Wrong("null"))
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        inner.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        inner.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        Ok(Self::field(T::from_list(list)?, "a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Self::Value, A::Error> {
        Ok(Self::field(T::from_table(table)?, "a table"))
    }
}

/// One value, or a list of them.
#[derive(Clone, Debug)]
pub(super) enum Many<T> {
    One(T),
    List(Vec<Field<T>>),
}

impl<T: Setting> Setting for Many<T> {
    fn expected() -> String {
        format!("{}, or a list of them", T::expected())
    }

    fn from_bool(value: bool) -> Option<Self> {
        T::from_bool(value).map(Self::One)
    }

    fn from_number(value: u64) -> Option<Self> {
        T::from_number(value).map(Self::One)
    }

    fn from_text(value: &str) -> Option<Self> {
        T::from_text(value).map(Self::One)
    }

    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = list.next_element()? {
            all.push(item);
        }
        Ok(Some(Self::List(all)))
    }

    fn from_table<'de, A: MapAccess<'de>>(table: A) -> Result<Option<Self>, A::Error> {
        Ok(T::from_table(table)?.map(Self::One))
    }
}

impl Setting for bool {
    fn expected() -> String {
        "true or false".into()
    }

    fn from_bool(value: bool) -> Option<Self> {
        Some(value)
    }
}

impl Setting for usize {
    fn expected() -> String {
        "a whole number".into()
    }

    fn from_number(value: u64) -> Option<Self> {
        value.try_into().ok()
    }
}

impl Setting for Duration {
    fn expected() -> String {
        "a whole number of seconds".into()
    }

    fn from_number(value: u64) -> Option<Self> {
        Some(Self::from_secs(value))
    }
}

impl Setting for String {
    fn expected() -> String {
        "a string".into()
    }

    fn from_text(value: &str) -> Option<Self> {
        Some(value.to_owned())
    }
}

impl Setting for PathBuf {
    fn expected() -> String {
        "the path of a file".into()
    }

    fn from_text(value: &str) -> Option<Self> {
        Some(value.into())
    }
}

impl Setting for Algorithm {
    fn expected() -> String {
        "the name of an algorithm, such as EdDSA".into()
    }

    fn from_text(value: &str) -> Option<Self> {
        value.parse().ok()
    }
}
