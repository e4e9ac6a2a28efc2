//! The name of a configurable claim, and its lookup in a token's JSON; used by all settings that
//! name a claim.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::{
    config_error::Fault,
    json::{ClaimValue, Text},
};

/// The name of a claim, or a JSON Pointer (RFC 6901) to a nested claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClaimName {
    /// The names of the members, outermost first.
    path: Vec<String>,
}

impl ClaimName {
    /// Parses a string that starts with a slash as a JSON Pointer, and any other string as a name.
    pub(crate) fn new(name: &str) -> Result<Self, Fault> {
        let path = match name.strip_prefix('/') {
            Some(path) => path.split('/').map(unescape).collect(),
            None => Some(vec![name.to_owned()]),
        };
        path.filter(|path| !path.iter().any(String::is_empty))
            .map(|path| Self { path })
            .ok_or_else(|| {
                Fault::new(format!(
                    "{name:?} does not name a claim; set its name, such as org_id, or a JSON Pointer to a nested claim, such as /realm_access/roles, with ~1 for a slash and ~0 for a tilde"
                ))
            })
    }

    /// Returns the claim in the JSON of a token's claims, or `None` if it is duplicated.
    pub(crate) fn find_in<'j>(&self, json: &'j str) -> Option<ClaimValue<'j>> {
        find_at(&self.path, json)
    }
}

/// Returns the claim at this path, outermost name first, or `None` if it is duplicated.
pub(super) fn find_at<'j, N: AsRef<str>>(path: &[N], json: &'j str) -> Option<ClaimValue<'j>> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let Found(found) = AtPath(path).deserialize(&mut deserializer).ok()?;
    Some(found)
}

/// Writes the name, or the pointer.
impl fmt::Display for ClaimName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_slice() {
            [name] => f.write_str(name),
            path => path
                .iter()
                .try_for_each(|name| write!(f, "/{}", name.replace('~', "~0").replace('/', "~1"))),
        }
    }
}

/// Decodes a reference token (RFC 6901 section 4).
fn unescape(segment: &str) -> Option<String> {
    let mut after = segment.split('~').skip(1);
    after
        .all(|rest| rest.starts_with(['0', '1']))
        .then(|| segment.replace("~1", "/").replace("~0", "~"))
}

struct AtPath<'w, N>(&'w [N]);

struct Found<'de>(ClaimValue<'de>);

/// The result of a pointer into a value that is not an object.
const NOTHING: Found<'_> = Found(ClaimValue::Absent);

impl<'de, N: AsRef<str>> DeserializeSeed<'de> for AtPath<'_, N> {
    type Value = Found<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if self.0.is_empty() {
            ClaimValue::deserialize(deserializer).map(Found)
        } else {
            deserializer.deserialize_any(self)
        }
    }
}

impl<'de, N: AsRef<str>> Visitor<'de> for AtPath<'_, N> {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(NOTHING)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(NOTHING)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(NOTHING)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(NOTHING)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(NOTHING)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(NOTHING)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(NOTHING)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut found = Found(ClaimValue::Absent);
        let Some((name, rest)) = self.0.split_first() else {
            return Ok(found);
        };
        let mut was_found = false;
        while let Some(Text(member)) = object.next_key()? {
            if member != name.as_ref() {
                object.next_value::<IgnoredAny>()?;
            } else if was_found {
                // Another reader of the token might use the other value.
                return Err(A::Error::custom("duplicate claim"));
            } else {
                was_found = true;
                found = object.next_value_seed(AtPath(rest))?;
            }
        }
        Ok(found)
    }
}
