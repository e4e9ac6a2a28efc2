//! Finds a token in `Sec-WebSocket-Protocol`.

use http::{HeaderMap, header::SEC_WEBSOCKET_PROTOCOL};

use super::at_most_one;
use crate::rejection::Rejection;

/// Returns the protocol after `bearer` in the list that a WebSocket client offers (RFC 6455 section
/// 11.3.4). The list may span several fields.
pub(super) fn find(headers: &HeaderMap) -> Result<Option<&[u8]>, Rejection> {
    let mut protocols = headers
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .into_iter()
        .flat_map(|field| field.as_bytes().split(|&byte| byte == b','))
        .map(<[u8]>::trim_ascii)
        // RFC 9110 section 5.6.1.2: empty list elements are ignored.
        .filter(|protocol| !protocol.is_empty());
    at_most_one(std::iter::from_fn(|| {
        protocols.find(|protocol| *protocol == b"bearer")?;
        protocols.next()
    }))
}
