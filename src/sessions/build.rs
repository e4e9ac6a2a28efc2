//! Checks the settings of [`BetterAuthSessions`], and builds [`Sessions`] from them; used by the layer's
//! builder.

use std::{sync::Arc, time::Duration};

#[cfg(feature = "sessions")]
use super::remote::Remote;
use super::{
    BetterAuthSessions, Sessions, cookie::CookieNames, cross_site::TrustedOrigins,
    record::RecordReader, settings::Source, source::SessionSource,
};
use crate::{
    clock::Clock,
    config_error::Faults,
    cookies::is_cookie_name,
    key::{Algorithm, Keys},
    key_source::{SecretPolicy, load_secrets},
    lookups::Lookups,
    user::UserIds,
};
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

/// The maximum time for which an answer may be kept. A user who signs out keeps access for that long.
const MAX_FRESH_FOR: Duration = Duration::from_secs(60 * 60);

impl BetterAuthSessions {
    /// Checks the settings. `first_issuer` has the names of the first issuer, if any.
    pub(crate) fn build(
        self,
        first_issuer: Option<&[String]>,
        clock: Clock,
        faults: &mut Faults,
    ) -> Option<Sessions> {
        #[cfg(feature = "test-kit")]
        let clock = self.clock.clone().unwrap_or(clock);
        let source = self.source(faults);
        if !is_cookie_name(&self.cookie_name) {
            faults.add("the name of the session cookie is not a cookie name; pass visible ASCII without separators to .cookie_prefix(…) or .cookie_name(…), such as better-auth");
        }
        if self.max_lookups == 0 {
            faults.add("the limit set with .max_lookups(…) is 0, so no session can be looked up; omit the call for the default of 16");
        }
        if self.fresh_for > MAX_FRESH_FOR {
            faults.add(format!(
                "the time set with .fresh_for(…) is {} s, but the maximum is {} s, because a user who signs out keeps access for that time",
                self.fresh_for.as_secs_f64(),
                MAX_FRESH_FOR.as_secs()
            ));
        }
        let secrets = (!self.secrets.is_empty()).then(|| {
            let policy = SecretPolicy {
                needed_len: Algorithm::HS256.min_secret_len(),
                ..SecretPolicy::default()
            };
            let mut own = Faults::default();
            let secrets = load_secrets(self.secrets, policy, &mut own);
            faults.take_from(".sessions(…)", own);
            Keys::from_secrets(&secrets)
        });
        let trusted_origins = TrustedOrigins::new(&self.origin, &self.trusted_origins, faults);
        let is_first_issuer =
            first_issuer.is_none_or(|names| names.iter().any(|name| is_below(name, &self.origin)));
        if is_first_issuer && self.has_same_users {
            faults.add("in .sessions(…): .same_users() has no effect, because the users already are those of the layer's first issuer; remove it");
        }
        let (source, service) = source?;
        Some(Sessions {
            cookie_names: CookieNames::new(&self.cookie_name),
            trusted_origins,
            accepts_raw_tokens: self.accepts_raw_tokens,
            secrets,
            lookups: Lookups::new(service, self.max_lookups, self.fresh_for, clock.clone()),
            reader: Arc::new(RecordReader {
                issuer: self.origin,
                user_ids: if is_first_issuer || self.has_same_users {
                    UserIds::FirstIssuers
                } else {
                    UserIds::OtherIssuers
                },
                clock,
            }),
            source,
        })
    }

    /// Checks the source, and returns it with its name in events.
    fn source(&self, faults: &mut Faults) -> Option<(Arc<dyn SessionSource>, String)> {
        self.check_effects(faults);
        match &self.source {
            #[cfg(feature = "sessions")]
            Source::Remote => {
                let url = self.url(faults)?;
                let service = redact_url(&url).unwrap_or_default();
                if is_unsafe_http(&url) {
                    events::allowed_over_http(&service);
                }
                Some((Arc::new(Remote::new(url)), service))
            }
            #[cfg(feature = "sessions-redis")]
            Source::Redis(url) => self.redis.clone().source(url, faults),
            Source::Store(store) => Some((Arc::clone(store), "the session store".to_owned())),
        }
    }

    /// Reports settings that the source does not use, and a missing secret.
    fn check_effects(&self, faults: &mut Faults) {
        #[cfg(feature = "sessions-redis")]
        if !matches!(self.source, Source::Redis(_)) && !self.redis.is_empty() {
            faults.add(".redis_prefix(…), .redis_ca(…), .user_columns(…), and .session_columns(…) have no effect without BetterAuthSessions::redis(…); remove them");
        }
        #[cfg(feature = "sessions")]
        if matches!(self.source, Source::Remote) {
            return;
        }
        if self.session_url.is_some() || self.http_allowed {
            faults.add(".session_url(…) and .allow_http() have no effect without BetterAuthSessions::remote(…); remove them");
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

    /// Returns all names that the session cookie may have.
    pub(crate) fn cookie_names(&self) -> impl Iterator<Item = String> + use<> {
        CookieNames::new(&self.cookie_name).into_names()
    }
}

/// Returns whether an issuer is this origin or a path below it.
fn is_below(issuer: &str, origin: &str) -> bool {
    let rest = issuer.strip_prefix(origin);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
