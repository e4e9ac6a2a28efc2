//! Checks the settings of [`BetterAuthSessions`] for the place where sessions are looked up.

use std::sync::Arc;

#[cfg(feature = "sessions")]
use super::remote::Remote;
use super::{BetterAuthSessions, settings::Source, source::SessionSource};
use crate::config_error::Faults;
#[cfg(feature = "sessions")]
use crate::{
    events::lookups as events,
    redact::{describe_url, redact_url},
    url_check::{check_url, is_unsafe_http},
};

#[cfg(feature = "sessions")]
const SESSION_PATH: &str = "/api/auth/get-session";

#[cfg(feature = "sessions")]
const ENDPOINT: &str = "/get-session";

/// The source of sessions.
#[derive(Clone)]
pub(super) struct NamedSource {
    /// The name in events.
    pub(super) name: String,
    /// `None` if sessions exist only in a cookie.
    pub(super) source: Option<Arc<dyn SessionSource>>,
}

impl BetterAuthSessions {
    /// Checks the source, and returns it.
    pub(super) fn build_source(&self, faults: &mut Faults) -> Option<NamedSource> {
        self.check_effects(faults);
        match &self.source {
            #[cfg(feature = "sessions")]
            Source::Remote => {
                let url = self.url(faults)?;
                let name = redact_url(&url).unwrap_or_default();
                if is_unsafe_http(&url) {
                    events::allowed_over_http(&name);
                }
                let source: Arc<dyn SessionSource> = Arc::new(Remote::new(url));
                Some(NamedSource {
                    name,
                    source: Some(source),
                })
            }
            #[cfg(feature = "sessions-redis")]
            Source::Redis(url) => self.redis.clone().source(url, faults),
            Source::Store(store) => Some(NamedSource {
                name: "the session store".to_owned(),
                source: Some(Arc::clone(store)),
            }),
            #[cfg(feature = "sessions-cookie-cache")]
            Source::Cookie => Some(NamedSource {
                name: String::new(),
                source: None,
            }),
        }
    }

    /// Reports settings that the source does not use, and a missing secret.
    fn check_effects(&self, faults: &mut Faults) {
        #[cfg(feature = "sessions-redis")]
        if !matches!(self.source, Source::Redis(_)) && !self.redis.is_empty() {
            faults.add(".redis_prefix(…), .redis_ca(…), .user_columns(…), and .session_columns(…) have no effect without BetterAuthSessions::redis(…); remove them");
        }
        if self.source.is_remote() {
            return;
        }
        if self.session_url.is_some() || self.http_allowed {
            faults.add(".session_url(…) and .allow_http() have no effect without BetterAuthSessions::remote(…); remove them");
        }
        #[cfg(feature = "sessions-cookie-cache")]
        if matches!(self.source, Source::Cookie) {
            let has_lookups = self.fresh_for.is_some() || self.max_lookups.is_some();
            if has_lookups || self.accepts_raw_tokens {
                faults.add(".fresh_for(…), .max_lookups(…), and .raw_tokens() have no effect on BetterAuthSessions::cookie_only(…), which looks up nothing; remove them");
            }
            return;
        }
        if self.secrets.is_empty() {
            faults.add("sessions in a store need Better Auth's secret, because the store has no MAC to compare; call .secret(…) or .secret_from_env(\"BETTER_AUTH_SECRET\")");
        }
    }

    /// Checks the URL of `get-session`, and returns it.
    #[cfg(feature = "sessions")]
    fn url(&self, faults: &mut Faults) -> Option<String> {
        if is_unsafe_http(&self.origin) && !self.http_allowed {
            let what = describe_url("the origin of Better Auth", &self.origin);
            faults.add(format!(
                "{what} is not https; pass the public origin, and if Better Auth is inside a Docker network, call .session_url(\"http://auth:3000{SESSION_PATH}\").allow_http()"
            ));
            return None;
        }
        let Some(url) = self.session_url.clone() else {
            return Some(format!("{}{SESSION_PATH}", self.origin));
        };
        let checked = check_url(&url, self.http_allowed, "read session tokens");
        let problem = match checked {
            Ok(()) if url.contains(['?', '#']) => {
                "has a query or a fragment; set only the URL of the endpoint".to_owned()
            }
            Ok(()) if !url.ends_with(ENDPOINT) => {
                format!(
                    "does not end in {ENDPOINT}; set the URL of the endpoint, such as https://app.example.com{SESSION_PATH}"
                )
            }
            Ok(()) => return Some(url),
            Err(problem) => problem,
        };
        let what = describe_url("the URL set with .session_url(…)", &url);
        faults.add(format!("{what} {problem}"));
        None
    }
}
