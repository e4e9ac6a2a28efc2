//! The shapes of JSON in headers and claims, deserialized without copying strings that have no
//! escapes. Used by `token`, `user`, and `key`.

use std::{borrow::Cow, fmt, marker::PhantomData, sync::LazyLock};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// A member's name, which is recognized during deserialization.
pub(crate) struct Name<T>(pub(crate) T);

impl<'de, T: for<'a> From<&'a str>> Deserialize<'de> for Name<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(NameVisitor(PhantomData))
    }
}

struct NameVisitor<T>(PhantomData<T>);

impl<T: for<'a> From<&'a str>> Visitor<'_> for NameVisitor<T> {
    type Value = Name<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Name(T::from(name)))
    }
}

/// A string; any other type is an error.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// An object with any content; any other type is an error.
pub(crate) struct Object;

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        skip_members(object)?;
        Ok(Object)
    }
}

/// A value of any type, for claims that have their own error for the wrong type. Booleans, objects,
/// and negative integers are not distinguished.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum ClaimValue<'a> {
    #[default]
    Absent,
    Null,
    Text(Cow<'a, str>),
    /// An array that contains only strings.
    Texts(Vec<Cow<'a, str>>),
    /// An integer from 0 to 2^64-1 without a fraction or an exponent.
    Integer(u64),
    /// A number with a fraction or an exponent.
    Fraction(f64),
    Other,
}

/// The name of the only member of the object that represents a number if another crate enables
/// serde_json's feature `arbitrary_precision`.
const ARBITRARY_PRECISION: &str = "$serde_json::private::Number";

impl ClaimValue<'_> {
    /// Returns whether the value is this string.
    pub(crate) fn is_text(&self, text: &str) -> bool {
        matches!(self, Self::Text(value) if value == text)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for ClaimValue<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = ClaimValue<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(ClaimValue::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(ClaimValue::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(ClaimValue::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(ClaimValue::Other)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(ClaimValue::Integer(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(ClaimValue::Other)
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(ClaimValue::Fraction(number))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut texts = Some(Vec::new());
        while let Some(element) = array.next_element()? {
            match (element, &mut texts) {
                (ClaimValue::Text(text), Some(texts)) => texts.push(text),
                _ => texts = None,
            }
        }
        Ok(texts.map_or(ClaimValue::Other, ClaimValue::Texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        if let Some(Text(name)) = object.next_key()? {
            if name == ARBITRARY_PRECISION && *NUMBERS_ARE_OBJECTS {
                let Text(number) = object.next_value()?;
                let fraction = || {
                    number
                        .parse()
                        .map_or(ClaimValue::Other, ClaimValue::Fraction)
                };
                return Ok(number
                    .parse()
                    .map_or_else(|_| fraction(), ClaimValue::Integer));
            }
            object.next_value::<IgnoredAny>()?;
        }
        skip_members(object)?;
        Ok(ClaimValue::Other)
    }
}

/// Whether `arbitrary_precision` is enabled, which preserves the text of a number. If it is not, an
/// object with that member is an ordinary object.
static NUMBERS_ARE_OBJECTS: LazyLock<bool> = LazyLock::new(|| {
    let number = serde_json::from_str::<serde_json::Number>("0.10");
    number.is_ok_and(|number| number.to_string() == "0.10")
});

fn skip_members<'de, A: MapAccess<'de>>(mut object: A) -> Result<(), A::Error> {
    while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}
