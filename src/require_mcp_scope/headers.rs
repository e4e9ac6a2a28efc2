//! Compares the headers `Mcp-Method` and `Mcp-Name` with the message (MCP 2026-07-28, "Standard
//! Headers"), and checks the headers that change the meaning of a body; used by `rules`.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{
    HeaderMap, HeaderValue,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};

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

/// Returns whether the headers declare the body as JSON in UTF-8, if they declare anything. A server
/// might read any other body, such as a form, UTF-7, or Brotli, differently from this layer.
pub(super) fn declare_plain_json(headers: &HeaderMap) -> bool {
    let is_json = |value: &HeaderValue| value.to_str().is_ok_and(is_json_in_utf8);
    headers.get_all(CONTENT_TYPE).iter().all(is_json) && {
        headers.get_all(CONTENT_ENCODING).iter()
    }
    .all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn is_json_in_utf8(content_type: &str) -> bool {
    let content_type = content_type.to_ascii_lowercase();
    let mut parts = content_type.split(';').map(str::trim_ascii);
    let is_json = |media_type: &str| {
        let subtype = media_type.strip_prefix("application/");
        subtype
            .is_some_and(|it| it == "json" || (it.ends_with("+json") && !it.contains([',', ' '])))
    };
    // Quoted strings are split too, which can only reject more.
    let is_allowed = |parameter: &str| match parameter.split_once('=') {
        _ if !parameter.contains("charset") => true,
        Some(("charset", charset)) => matches!(charset, "utf-8" | "\"utf-8\"" | "utf8"),
        _ => false,
    };
    parts.next().is_some_and(is_json) && parts.all(is_allowed)
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
