//! Recognizes loopback hosts; used where plain HTTP is checked.

use std::net::IpAddr;

/// Returns whether the host of a URL is this machine: `localhost` or a loopback address.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
