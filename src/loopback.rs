use std::net::IpAddr;

/// Whether a host, as a URL has it, is this machine: `localhost` or an address of the loopback.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
