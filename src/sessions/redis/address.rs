//! The address in a `redis://` URL.

use std::path::PathBuf;

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo};

/// The address of a Redis server and the settings of a connection.
#[derive(Clone)]
pub(in crate::sessions) struct Address {
    pub(super) place: Place,
    pub(super) settings: RedisConnectionInfo,
}

#[derive(Clone)]
pub(super) enum Place {
    Tcp {
        host: String,
        port: u16,
        has_tls: bool,
    },
    Unix(PathBuf),
}

impl Address {
    /// Reads a URL. Returns what is wrong with it as an error, without any part of it.
    pub(in crate::sessions) fn parse(url: &str) -> Result<Self, &'static str> {
        const HELP: &str =
            "is not a URL of Redis; set redis://<host>:<port>/<database>, or rediss:// for TLS";

        let (scheme, rest) = url.split_once(':').ok_or(HELP)?;
        let (scheme, has_tls) = match scheme {
            // The crate `redis` reads these only with its own TLS, which may panic.
            "rediss" | "valkeys" => ("redis", true),
            other => (other, false),
        };
        if rest.contains('#') {
            return Err("has a fragment; remove it: certificates are always verified");
        }
        let info: ConnectionInfo = format!("{scheme}:{rest}")
            .into_connection_info()
            .map_err(|_| HELP)?;
        if info.redis_settings().db() < 0 {
            return Err(HELP);
        }
        let place = match info.addr() {
            ConnectionAddr::Tcp(host, port) => Place::Tcp {
                host: host.clone(),
                port: *port,
                has_tls,
            },
            ConnectionAddr::Unix(path) => Place::Unix(path.clone()),
            _ => return Err(HELP),
        };
        let query = rest.split_once('?').map(|(_, query)| query);
        let is_known = |query: &str| query.starts_with("protocol=") && !query.contains('&');
        if matches!(place, Place::Tcp { .. }) && !query.is_none_or(is_known) {
            return Err(
                "has a query, which would be ignored; write the database number as the path: redis://<host>:<port>/<database>",
            );
        }
        Ok(Self {
            place,
            // A user that may execute only GET is denied CLIENT, and Redis records each denial.
            settings: info.redis_settings().clone().set_skip_set_lib_name(),
        })
    }

    /// Returns whether connections are encrypted.
    pub(in crate::sessions) fn has_tls(&self) -> bool {
        matches!(self.place, Place::Tcp { has_tls: true, .. })
    }

    /// Returns the address for events, without the user name and the password.
    pub(in crate::sessions) fn describe(&self) -> String {
        match &self.place {
            Place::Tcp {
                host,
                port,
                has_tls,
            } => {
                let scheme = if *has_tls { "rediss" } else { "redis" };
                let (open, close) = if host.contains(':') {
                    ("[", "]")
                } else {
                    ("", "")
                };
                format!("{scheme}://{open}{host}{close}:{port}")
            }
            Place::Unix(path) => format!("redis+unix://{}", path.display()),
        }
    }
}
