//! Compares the headers `Mcp-Method` and `Mcp-Name` with the message (MCP 2026-07-28, "Standard
//! Headers"); used by `rules`.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::HeaderMap;

use super::message::{Message, Target};

const METHOD: &str = "mcp-method";
const NAME: &str = "mcp-name";

/// The marks around a base64-encoded value, for text that a header cannot contain.
const BASE64_PREFIX: &[u8] = b"=?base64?";
const BASE64_SUFFIX: &[u8] = b"?=";

/// Returns whether the headers agree with the message. Clients may omit them.
pub(super) fn agree(headers: &HeaderMap, message: &Message<'_>) -> bool {
    let is_method = |value: &[u8]| {
        let method = message.method.as_deref();
        method.is_some_and(|method| method.as_bytes() == value)
    };
    let is_name = |value: &[u8]| match &message.target {
        Target::Tool(name) | Target::Resource(name) | Target::Prompt(name) | Target::Task(name) => {
            encodes(value, name)
        }
        // The message has no name to which a value could be compared.
        Target::Resources(_) | Target::Nothing => true,
    };
    has_at_most_one(headers, METHOD, is_method) && has_at_most_one(headers, NAME, is_name)
}

fn has_at_most_one(headers: &HeaderMap, name: &str, is_valid: impl Fn(&[u8]) -> bool) -> bool {
    let mut values = headers.get_all(name).iter();
    values.next().is_none_or(|value| is_valid(value.as_bytes())) && values.next().is_none()
}

/// Returns whether the value of a header is `name`, possibly in base64.
fn encodes(value: &[u8], name: &str) -> bool {
    let encoded = value.strip_prefix(BASE64_PREFIX);
    match encoded.and_then(|rest| rest.strip_suffix(BASE64_SUFFIX)) {
        // Each text has exactly one encoding.
        Some(encoded) => BASE64_STANDARD.encode(name).as_bytes() == encoded,
        None => name.as_bytes() == value,
    }
}
