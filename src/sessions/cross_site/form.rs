//! The form of an origin. Browsers write an origin in exactly one way (the HTML standard's
//! "serialization of an origin"), and origins are compared as text.

use std::net::{Ipv4Addr, Ipv6Addr};

use http::uri::Authority;

use crate::stray::stray_ends;

const NOT_AN_ORIGIN: &str = "is not an origin; write one such as https://app.example.com";

/// Checks that an origin is written as browsers send it. Returns the problem if it is not.
pub(super) fn check_form(origin: &str) -> Result<(), String> {
    if origin == "null" {
        return Err("is `null`, which browsers send for sandboxed frames and local files of any site; list the origin of each page, such as https://admin.example.com".into());
    }
    if origin.contains('*') {
        return Err("contains `*`, but a page of each trusted origin can act for a signed-in user; list each origin in full, such as https://admin.example.com".into());
    }
    if let Some(problem) = stray_ends(origin) {
        return Err(format!(
            "{problem}, unlike the Origin that browsers send; correct it"
        ));
    }
    if !origin.is_ascii() {
        return Err("is not ASCII, but browsers send host names in Punycode; write the host in the form xn--…".into());
    }
    let (scheme, rest) = origin.split_once("://").ok_or(NOT_AN_ORIGIN)?;
    let scheme = scheme.to_ascii_lowercase();
    let default_port = match &*scheme {
        "https" => 443,
        "http" => 80,
        _ => return Err("is neither https nor http; list only origins of web pages, and let other clients send the session token in the Authorization header".into()),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.contains('@') {
        return Err("has a user name, which browsers omit; write only the scheme, the host, and a port if it is not the default".into());
    }
    let authority: Authority = authority.parse().map_err(|_| NOT_AN_ORIGIN)?;
    let host = canonical_host(authority.host()).ok_or(NOT_AN_ORIGIN)?;
    let port = match authority.as_str()[authority.host().len()..].strip_prefix(':') {
        None | Some("") => None,
        Some(port) if port.starts_with('+') => return Err(NOT_AN_ORIGIN.into()),
        Some(port) => Some(port.parse::<u16>().map_err(|_| NOT_AN_ORIGIN)?),
    };
    let shown_port = port.filter(|port| *port != default_port);
    let shown_port = shown_port.map_or_else(String::new, |port| format!(":{port}"));
    let canonical = format!("{scheme}://{host}{shown_port}");
    if origin == canonical {
        return Ok(());
    }
    let problem = if path == "/" {
        "ends in a slash, which browsers omit"
    } else if !path.is_empty() {
        "has a path or a query, which browsers omit"
    } else if origin.contains(|c: char| c.is_ascii_uppercase()) {
        "has upper-case letters, but browsers send it in lower case"
    } else if port == Some(default_port) {
        "has the default port, which browsers omit"
    } else {
        "is not in the form that browsers send"
    };
    Err(format!("{problem}; write {canonical:?}"))
}

/// Returns a host as browsers write it in an origin.
fn canonical_host(host: &str) -> Option<String> {
    if let Some(address) = host.strip_prefix('[') {
        let address: Ipv6Addr = address.strip_suffix(']')?.parse().ok()?;
        return Some(match address.segments() {
            // Unlike `Display`, browsers write no part of the address in decimal.
            [0, 0, 0, 0, 0, 0xffff, a, b] => format!("[::ffff:{a:x}:{b:x}]"),
            _ => format!("[{address}]"),
        });
    }
    let is_name_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if host.is_empty() || !host.chars().all(is_name_char) {
        return None;
    }
    // Browsers parse a host as an IPv4 address if its last label is a number, which may be
    // hexadecimal.
    let label = host.trim_end_matches('.').rsplit('.').next()?;
    let hex = label.strip_prefix("0x").or(label.strip_prefix("0X"));
    let is_number = match hex {
        Some(digits) => digits.chars().all(|c| c.is_ascii_hexdigit()),
        None => label.chars().all(|c| c.is_ascii_digit()),
    };
    if is_number {
        return host.parse::<Ipv4Addr>().ok().map(|ip| ip.to_string());
    }
    Some(host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::super::TrustedOrigins;
    use crate::config_error::Faults;

    const OWN: &str = "https://app.example.com";
    const OTHER: &str = "https://admin.example.com:8443";

    fn problems(origin: &str, others: &[&str]) -> Vec<String> {
        let mut faults = Faults::default();
        let others: Vec<_> = others.iter().map(ToString::to_string).collect();
        TrustedOrigins::new(origin, &others, &mut faults);
        match faults.into_result() {
            Ok(()) => Vec::new(),
            Err(error) => error.problems().map(str::to_owned).collect(),
        }
    }

    #[test]
    fn origins_in_the_form_of_browsers_are_accepted() {
        let origins = [
            OWN,
            OTHER,
            "http://localhost:3000",
            "http://127.0.0.1",
            "https://[::1]:3000",
            "https://[2001:db8::1]",
            "https://[::ffff:102:304]",
            "https://a_b.xn--bcher-kva.example.",
            "https://1e5.example.0xg",
        ];
        for origin in origins {
            assert_eq!(problems(origin, &origins), [""; 0], "{origin}");
            let url = url::Url::parse(origin).unwrap();
            assert_eq!(url.origin().ascii_serialization(), origin);
        }
    }

    #[test]
    fn origins_in_another_form_are_rejected_with_the_right_one() {
        for (origin, problem) in [
            ("https://app.example.com/", "ends in a slash"),
            ("https://app.example.com/app", "has a path"),
            ("https://app.example.com?", "has a path or a query"),
            ("https://app.example.com#", "has a path or a query"),
            ("HTTPS://app.example.com", "upper-case"),
            ("https://APP.example.com", "upper-case"),
            ("https://app.example.com:443", "default port"),
            ("http://app.example.com:80", "default port"),
            ("https://app.example.com:", "not in the form"),
            ("https://app.example.com:08443", "not in the form"),
            ("https://[::0]", "not in the form"),
            ("https://[::ffff:1.2.3.4]", "not in the form"),
            ("https://[::A]", "upper-case"),
        ] {
            let url = url::Url::parse(origin).unwrap();
            let right = url.origin().ascii_serialization();
            let fix = format!("; write {right:?}");
            let [ours] = &*problems(origin, &[]) else {
                panic!("{origin}")
            };
            assert!(ours.starts_with("the origin of Better Auth \""), "{ours}");
            assert!(ours.contains(problem) && ours.ends_with(&fix), "{ours}");
            let [theirs] = &*problems(OWN, &[origin]) else {
                panic!("{origin}")
            };
            assert!(theirs.starts_with("the trusted origin \""), "{theirs}");
        }
    }

    #[test]
    fn text_that_names_no_origin_is_rejected() {
        for (origin, problem) in [
            ("", "is not an origin; write one such as"),
            ("null", "is `null`, which browsers send for"),
            ("*", "contains `*`"),
            ("https://*.example.com", "contains `*`"),
            (" https://app.example.com", "starts with white space"),
            ("\"https://app.example.com\"", "is in quotes"),
            ("https://b\u{fc}cher.example", "is not ASCII"),
            ("app.example.com", "is not an origin"),
            ("app.example.com:443", "is not an origin"),
            ("ftp://app.example.com", "is neither https nor http"),
            ("app://localhost", "is neither https nor http"),
            ("https://user:password@app.example.com", "has a user name"),
            ("https://", "is not an origin"),
            ("https:///path", "is not an origin"),
            ("https://app.example.com:65536", "is not an origin"),
            ("https://app.example.com:+1", "is not an origin"),
            ("https://app.example.com:a", "is not an origin"),
            ("https://app example.com", "is not an origin"),
            ("https://app.example.com\\", "is not an origin"),
            ("https://app$.example.com", "is not an origin"),
            ("https://1.2.3", "is not an origin"),
            ("https://1.2.3.04", "is not an origin"),
            ("https://0x7f.1.", "is not an origin"),
            ("https://app.0X7F", "is not an origin"),
            ("https://[::1", "is not an origin"),
            ("https://[1.2.3.4]", "is not an origin"),
        ] {
            let [message] = &*problems(OWN, &[origin]) else {
                panic!("{origin}")
            };
            assert!(message.contains(problem), "{origin}: {message}");
            assert!(!message.contains("password"), "{message}");
        }
        assert_eq!(problems("*", &["null", OTHER, ""]).len(), 3);
    }
}
