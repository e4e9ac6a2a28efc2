//! Recognizes loopback hosts; used to decide whether plain HTTP is allowed.

use std::net::IpAddr;

/// Returns whether the host of a URL is this machine: `localhost` or a loopback address. Plain HTTP
/// to such a host does not leave the machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
