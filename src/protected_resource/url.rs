//! URLs that two parties compare byte for byte, in the only form that neither of them changes; used
//! by `protected_resource`.

use std::net::{Ipv4Addr, Ipv6Addr};

use http::Uri;

use crate::url_check::is_loopback;

/// A URL in its normal form (RFC 3986 section 6.2), without a query or a fragment.
#[derive(Clone, Debug)]
pub(super) struct StrictUrl {
    text: String,
    /// In bytes.
    origin_len: usize,
}

impl StrictUrl {
    /// Parses the identifier of a resource (RFC 9728 section 1.2). Returns the problem as an error.
    pub(super) fn resource(text: String) -> Result<Self, String> {
        let url = Self::parse(text)?;
        match url.path() {
            "" | "/" => Err("has no path; clients add a slash to such a URL, so their resource parameter and the aud of their tokens would differ from it; give the resource a path, such as https://api.example.com/mcp".into()),
            path if path.ends_with('/') => Err("ends in a slash, which clients and authorization servers may remove; omit it".into()),
            _ => Ok(url),
        }
    }

    /// Parses the issuer identifier of an authorization server (RFC 8414 section 2).
    pub(super) fn authorization_server(text: String) -> Result<Self, String> {
        Self::parse(text)
    }

    /// Checks that a URL is only an origin.
    pub(super) fn origin_only(text: &str) -> Result<(), String> {
        let url = Self::parse(text.to_owned())?;
        if url.path().is_empty() {
            Ok(())
        } else {
            Err("has a path or ends in a slash; pass only the origin, such as https://app.example.com".into())
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn origin(&self) -> &str {
        self.text.get(..self.origin_len).unwrap_or_default()
    }

    pub(super) fn path(&self) -> &str {
        self.text.get(self.origin_len..).unwrap_or_default()
    }

    fn parse(text: String) -> Result<Self, String> {
        const FORM: &str = "is not a URL that starts with https://; write it in full, such as https://api.example.com/mcp";

        let uri: Uri = text.parse().map_err(|_| FORM)?;
        let (Some(scheme @ ("https" | "http")), Some(authority)) =
            (uri.scheme_str(), uri.authority())
        else {
            return Err(FORM.into());
        };
        let host = uri.host().unwrap_or_default();
        let has_default_port = matches!(
            (scheme, uri.port_u16()),
            ("https", Some(443)) | ("http", Some(80))
        );
        let normal = match uri.port_u16() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        if authority.as_str() != normal
            || !is_normal_host(host)
            || has_default_port
            || !text.starts_with(&format!("{scheme}://{authority}"))
        {
            return Err("is not in its normal form; write the scheme and the host in lower case, without a user name or the default port, and an address like 192.0.2.1 or [2001:db8::1]".into());
        }
        if scheme == "http" && !is_loopback(host) {
            return Err(
                "is not https; set the public URL, as clients see it in front of a proxy".into(),
            );
        }
        let origin_len = scheme.len() + "://".len() + authority.as_str().len();
        let path = text.get(origin_len..).unwrap_or_default();
        if path.contains(['?', '#']) {
            return Err("has a query or a fragment; remove it".into());
        }
        if !path.bytes().all(is_path_byte) || has_unstable_segment(path) {
            return Err("has a path that programs write in different ways: it contains an empty segment, a dot segment, a percent-encoded byte, or a character that must be encoded; choose a plain path".into());
        }
        Ok(Self { text, origin_len })
    }
}

/// Returns whether a host is a name in lower case, or an address in the form in which programs write
/// it (RFC 5952).
fn is_normal_host(host: &str) -> bool {
    if let Some(address) = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        let parsed: Result<Ipv6Addr, _> = address.parse();
        return parsed.is_ok_and(|parsed| parsed.to_string() == address);
    }
    let is_name_byte =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte);
    // A host whose last label is a number is an IPv4 address, such as 127.1 or 0x7f000001.
    let last = host.rsplit('.').find(|label| !label.is_empty());
    let is_number =
        |label: &str| label.bytes().all(|byte| byte.is_ascii_digit()) || label.starts_with("0x");
    host.bytes().all(is_name_byte)
        && (!last.is_none_or(is_number) || host.parse::<Ipv4Addr>().is_ok())
}

/// Returns whether a byte may appear in a path unencoded (RFC 3986 section 3.3).
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@".contains(&byte)
}

/// Returns whether a segment is `.`, `..`, or empty, except an empty last one.
fn has_unstable_segment(path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut segments = path.split('/').skip(1);
    segments.any(|segment| matches!(segment, "" | "." | ".."))
}
