//! Reads the members of a JSON-RPC message that name what it executes; used by `message`.
//!
//! Servers use many JSON parsers. A message that two parsers could read differently is an error
//! here, even if the difference would be harmless.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::json::Text;

/// The maximum number of members of an object that is searched for duplicates, and of resources in
/// one subscription. A call's arguments are not searched.
const MAX_MEMBERS: usize = 256;

/// The prefix of the names for which serde_json, with some of its features, replaces an object with
/// the JSON in its only member.
const REPLACED_BY_SERDE_JSON: &str = "$serde_json::private::";

/// The members of a message that decide what it executes.
#[derive(Default)]
pub(super) struct Members<'a> {
    pub(super) method: Member<'a>,
    pub(super) name: Member<'a>,
    pub(super) uri: Member<'a>,
    pub(super) task_id: Member<'a>,
    pub(super) ref_type: Member<'a>,
    pub(super) ref_name: Member<'a>,
    pub(super) ref_uri: Member<'a>,
    pub(super) subscriptions: Member<'a>,
}

impl<'a> Members<'a> {
    /// # Errors
    ///
    /// If the text is not one JSON object, or if another parser could read it differently.
    pub(super) fn read(text: &'a str) -> Result<Self, serde_json::Error> {
        let mut members = Self::default();
        let mut json = serde_json::Deserializer::from_str(text);
        Object {
            place: Place::Message,
            members: &mut members,
        }
        .deserialize(&mut json)?;
        json.end()?;
        Ok(members)
    }
}

/// The value of a member.
#[derive(Default)]
pub(super) enum Member<'a> {
    #[default]
    Absent,
    Null,
    Text(Cow<'a, str>),
    /// An array of at most [`MAX_MEMBERS`] strings.
    Texts(Vec<Cow<'a, str>>),
    Other,
}

/// The objects whose members are read.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Message,
    Params,
    /// `params.ref`, the prompt or the resource that a completion is for.
    Ref,
    /// `params.notifications`, the resources of a subscription.
    Notifications,
}

impl Place {
    fn known_names(self) -> &'static [&'static str] {
        match self {
            Self::Message => &["jsonrpc", "id", "method", "params"],
            Self::Params => &["name", "uri", "ref", "notifications"],
            Self::Ref => &["type", "name", "uri"],
            Self::Notifications => &["resourceSubscriptions"],
        }
    }
}

struct Object<'m, 'de> {
    place: Place,
    members: &'m mut Members<'de>,
}

impl<'de> Object<'_, 'de> {
    fn at(&mut self, place: Place) -> Object<'_, 'de> {
        Object {
            place,
            members: self.members,
        }
    }

    /// The protocol allows no array and no string as `params`.
    fn not_an_object<E: Error>(self) -> Result<(), E> {
        match self.place {
            Place::Message | Place::Params => return Err(E::custom("not an object")),
            Place::Ref => {}
            // Serde reads an array as a struct, whose members it then contains in the order of the
            // server's own type.
            Place::Notifications => self.members.subscriptions = Member::Other,
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Object<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Object<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<(), A::Error> {
        let mut names: Vec<Cow<'de, str>> = Vec::new();
        while let Some(Text(name)) = object.next_key()? {
            if names.len() >= MAX_MEMBERS || names.contains(&name) {
                return Err(A::Error::custom("duplicate or too many members"));
            }
            if is_misread(&name, self.place) {
                return Err(A::Error::custom("a member that parsers read differently"));
            }
            match (self.place, &*name) {
                (Place::Message, "method") => self.members.method = object.next_value()?,
                (Place::Message, "params") => object.next_value_seed(self.at(Place::Params))?,
                (Place::Params, "name") => self.members.name = object.next_value()?,
                (Place::Params, "uri") => self.members.uri = object.next_value()?,
                (Place::Params, "taskId") => self.members.task_id = object.next_value()?,
                (Place::Params, "ref") => object.next_value_seed(self.at(Place::Ref))?,
                (Place::Params, "notifications") => {
                    object.next_value_seed(self.at(Place::Notifications))?;
                }
                (Place::Ref, "type") => self.members.ref_type = object.next_value()?,
                (Place::Ref, "name") => self.members.ref_name = object.next_value()?,
                (Place::Ref, "uri") => self.members.ref_uri = object.next_value()?,
                (Place::Notifications, "resourceSubscriptions") => {
                    self.members.subscriptions = object.next_value()?;
                }
                _ => drop(object.next_value::<IgnoredAny>()?),
            }
            names.push(name);
        }
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        match self.place {
            Place::Params | Place::Notifications => Ok(()),
            _ => self.not_an_object(),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<(), A::Error> {
        skip_elements(array)?;
        self.not_an_object()
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.not_an_object()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.not_an_object()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.not_an_object()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.not_an_object()
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.not_an_object()
    }
}

/// Returns whether a parser that ignores case would read this name as a known one, or whether
/// serde_json would replace the object that has it.
fn is_misread(name: &str, place: Place) -> bool {
    let known = place.known_names();
    // Parsers in C end a name at its first NUL.
    name.contains('\0')
        || name.starts_with(REPLACED_BY_SERDE_JSON)
        || (!known.contains(&name) && known.iter().any(|known| differs_in_case(name, known)))
}

/// Go's `encoding/json` also treats `ſ` as `s` and the Kelvin sign as `k`, and Java's
/// `equalsIgnoreCase` treats `ı` as `i`.
fn differs_in_case(name: &str, known: &str) -> bool {
    let upper = |char: char| char.to_uppercase().next().unwrap_or(char);
    let fold = |char: char| upper(char).to_lowercase().next().unwrap_or(char);
    name.chars().map(fold).eq(known.chars().map(fold))
}

fn skip_elements<'de, A: SeqAccess<'de>>(mut array: A) -> Result<(), A::Error> {
    while array.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

impl<'de: 'a, 'a> Deserialize<'de> for Member<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MemberVisitor)
    }
}

struct MemberVisitor;

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = Member<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Member::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Member::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Member::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Member::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Member::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Member::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Member::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(element) = array.next_element()? {
            match element {
                Member::Text(text) if texts.len() < MAX_MEMBERS => texts.push(text),
                _ => {
                    skip_elements(array)?;
                    return Ok(Member::Other);
                }
            }
        }
        Ok(Member::Texts(texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Member::Other)
    }
}
