//! Checks the settings, and builds the [`Introspector`] of a layer.

use std::{
    env,
    sync::{Arc, Mutex, OnceLock},
};

use super::{
    Introspection,
    endpoint::{Credentials, Endpoint},
    settings::{ClientSecret, DEFAULT_LIMITS, Place},
};
use crate::{
    clock::Clock,
    config_error::Faults,
    http_client::HttpClient,
    lookups::Lookups,
    redact::{describe_url, redact_url},
    url_check::{check_url, is_unsafe_http},
};

/// The introspection of a layer.
pub(crate) struct Introspector {
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) lookups: Lookups,
    pub(super) accepts_jwts: bool,
    pub(super) session_tokens_first: bool,
}

/// The other credentials that the layer accepts.
#[derive(Clone, Copy)]
pub(crate) struct OtherCredentials {
    pub(crate) has_keys: bool,
    pub(crate) has_raw_session_tokens: bool,
}

impl Introspection {
    /// Checks the settings.
    pub(crate) fn build(
        self,
        others: OtherCredentials,
        clock: Clock,
        faults: &mut Faults,
    ) -> Option<Introspector> {
        let mut own = Faults::default();
        self.check(others, &mut own);
        let credentials = self.credentials(&mut own);
        faults.take_from(".introspect(…)", own);
        let (Place::Url(url) | Place::Issuer(url)) = &self.place;
        let name = redact_url(url).unwrap_or_default();
        if let Err(problem) = check_url(url, self.http_allowed, "read access tokens") {
            let what = match &self.place {
                Place::Url(_) => "the URL of Introspection::new(…)",
                Place::Issuer(_) => "the issuer of Introspection::discover(…)",
            };
            faults.add(format!("{} {problem}", describe_url(what, url)));
            return None;
        }
        if is_unsafe_http(url) {
            crate::events::lookups::allowed_over_http(&name);
        }
        Some(Introspector {
            endpoint: Arc::new(Endpoint {
                client: HttpClient::new(""),
                place: self.place,
                credentials,
                http_allowed: self.http_allowed,
                discovered: OnceLock::new(),
                failed: Mutex::default(),
            }),
            lookups: Lookups::new(name, Introspector::UNAVAILABLE, self.limits, clock),
            accepts_jwts: self.accepts_jwts,
            session_tokens_first: self.session_tokens_first,
        })
    }

    fn check(&self, others: OtherCredentials, faults: &mut Faults) {
        self.limits.check(
            DEFAULT_LIMITS.max_concurrent,
            "no token can be introspected",
            "a revoked token is accepted for that time",
            faults,
        );
        if self.accepts_jwts && others.has_keys {
            faults.add(".jwts() sends JWTs to the authorization server, but the layer has keys that verify them; remove .jwts() or the keys");
        }
        match (others.has_raw_session_tokens, self.session_tokens_first) {
            (true, false) => faults.add("a token of 32 letters and digits may be an access token or a session token, because .raw_tokens() is set for sessions; remove .raw_tokens(), or call .session_tokens_first() if the authorization server's tokens have another form"),
            (false, true) => faults.add(".session_tokens_first() has no effect without .raw_tokens() for sessions; remove it"),
            _ => {}
        }
    }

    fn credentials(&self, faults: &mut Faults) -> Option<Credentials> {
        let (id, secret) = self.client.clone()?;
        let secret = match secret {
            ClientSecret::Text(secret) => secret,
            ClientSecret::Variable(name) => env::var(&name).unwrap_or_default().into(),
        };
        if secret.as_bytes().is_empty() {
            faults.add("the client's secret is empty or its environment variable is not set; set it to the secret that the authorization server has given to this service");
        }
        Some(Credentials { id, secret })
    }
}
