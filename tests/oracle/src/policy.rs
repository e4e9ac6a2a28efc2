use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use proptest::prelude::*;
use tower_jwt_auth::{JwtAuthLayer, TokenVerifier};

/// The first two are configured; the third belongs to an attacker.
pub const SECRETS: [&str; 3] = [
    "the current secret 0123456789abcdef",
    "the previous secret 0123456789abcdef",
    "an unknown secret 0123456789abcdef",
];

pub const ISSUER: &str = "https://app.example.com";
pub const AUDIENCE: &str = "https://api.example.com";

/// The rules that both libraries apply to a token.
#[derive(Clone, Debug)]
pub struct Policy {
    pub issuer: bool,
    pub audience: bool,
    pub any_audience: bool,
    pub leeway: u64,
    pub email_optional: bool,
}

pub fn any_policy() -> impl Strategy<Value = Policy> {
    (
        any::<[bool; 4]>(),
        prop_oneof![Just(0_u64), Just(5), Just(300)],
    )
        .prop_map(
            |([issuer, audience, any_audience, email_optional], leeway)| Policy {
                issuer,
                audience,
                any_audience: any_audience && !audience,
                leeway,
                email_optional,
            },
        )
}

impl Policy {
    pub fn issuer(&self) -> Option<&'static str> {
        self.issuer.then_some(ISSUER)
    }

    pub fn audience(&self) -> Option<&'static str> {
        self.audience.then_some(AUDIENCE)
    }

    /// Returns the verifier of `tower-jwt-auth`, with its clock at `now`.
    pub fn verifier(&self, now: u64) -> TokenVerifier {
        let clock = Arc::new(AtomicU64::new(now));
        let mut builder = JwtAuthLayer::builder()
            .secrets([SECRETS[0], SECRETS[1]])
            .leeway(Duration::from_secs(self.leeway))
            .clock(move || UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::Relaxed)));
        if let Some(issuer) = self.issuer() {
            builder = builder.issuer(issuer);
        }
        if let Some(audience) = self.audience() {
            builder = builder.audience(audience);
        }
        if self.any_audience {
            builder = builder.allow_any_audience();
        }
        if self.email_optional {
            builder = builder.email_optional();
        }
        builder.build().expect("the policy is valid").verifier()
    }
}
