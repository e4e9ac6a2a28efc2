use std::time::Duration;

use serde::{Deserialize, Serialize};
use tower_jwt_auth::{
    JwtAuthLayer, TokenVerifier,
    test_kit::{TestClock, TestIssuer, TestToken},
};

use crate::support::*;

const MINUTE: Duration = Duration::from_secs(60);

/// An issuer of each kind, with its description.
fn issuers() -> Vec<(&'static str, TestIssuer)> {
    vec![
        ("hs256", TestIssuer::hs256()),
        ("hs256_with", TestIssuer::hs256_with(SECRET)),
        #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
        ("eddsa", TestIssuer::eddsa()),
    ]
}

fn layer_of(issuer: &TestIssuer) -> JwtAuthLayer {
    issuer.layer().build().unwrap()
}

fn verifier_of(issuer: &TestIssuer) -> TokenVerifier {
    layer_of(issuer).verifier()
}

#[test]
fn a_token_is_accepted_by_the_layer_of_its_issuer() {
    for (row, issuer) in issuers() {
        let user = verifier_of(&issuer).verify(&issuer.token("alice")).unwrap();
        assert_eq!(user.user_id(), "alice", "{row}");
        assert_eq!(user.email(), "alice@example.com", "{row}");
        assert_eq!(user.name(), None, "{row}");
        let expiry = issuer.clock().now() + 15 * MINUTE;
        assert_eq!(user.expires_at(), Some(expiry), "{row}");
    }
}

#[tokio::test]
async fn a_request_with_a_token_reaches_the_handler() {
    for (row, issuer) in issuers() {
        let request = with_bearer(&issuer.token("alice"));
        let answer = ask(layer_of(&issuer), request).await;
        answer.assert_reached("alice", row);
    }
}

#[test]
fn a_layer_without_an_audience_is_built_and_rejects_any_aud() {
    for (row, issuer) in issuers() {
        let token = issuer.token_for("alice").audience("api").mint();
        for (expected, builder) in [
            ("audience_not_configured", issuer.layer()),
            ("accepted", issuer.layer().audience("api")),
            ("audience", issuer.layer().audience("other")),
            ("accepted", issuer.layer().allow_any_audience()),
        ] {
            assert_eq!(reason(&builder.build().unwrap(), &token), expected, "{row}");
        }
    }
}

#[test]
fn a_layer_with_the_system_clock_accepts_a_token() {
    let issuer = TestIssuer::hs256();
    let layer = JwtAuthLayer::builder().secret(issuer.secret());
    let layer = layer.build().unwrap();
    assert_eq!(reason(&layer, &issuer.token("alice")), "accepted");
    let expired = issuer.token_for("alice").expired().mint();
    assert_eq!(reason(&layer, &expired), "expired");
}

#[test]
fn the_layer_reads_the_claims_set_on_the_token() {
    #[derive(Debug, PartialEq, Deserialize, Serialize)]
    struct Plan {
        seats: u32,
    }

    #[derive(Deserialize)]
    struct Custom {
        roles: Vec<String>,
        scope: String,
        plan: Plan,
        iat: u64,
    }

    for (row, issuer) in issuers() {
        let token = issuer
            .token_for("alice")
            .email("a@b.example")
            .name("Alice Liddell")
            .roles(["admin", "owner"])
            .scopes(["tasks:read", "tasks:write"])
            .claim("plan", Plan { seats: 3 });
        let user = verifier_of(&issuer).verify(&token.mint()).unwrap();
        assert_eq!(user.user_id(), "alice", "{row}");
        assert_eq!(user.email(), "a@b.example", "{row}");
        assert_eq!(user.name(), Some("Alice Liddell"), "{row}");
        let custom: Custom = user.claims().unwrap();
        assert_eq!(custom.roles, ["admin", "owner"], "{row}");
        assert_eq!(custom.scope, "tasks:read tasks:write", "{row}");
        assert_eq!(user.roles(), ["admin", "owner"], "{row}");
        assert_eq!(user.scopes(), ["tasks:read", "tasks:write"], "{row}");
        assert_eq!(custom.plan, Plan { seats: 3 }, "{row}");
        assert_eq!(at(custom.iat), issuer.clock().now(), "{row}");
    }
}

/// A description, the reason, and the change to the token.
type Row = (&'static str, &'static str, fn(TestToken) -> TestToken);

#[test]
fn each_invalid_token_is_rejected_with_the_documented_reason() {
    let rows: &[Row] = &[
        ("nothing", "accepted", |token| token),
        ("an hour", "accepted", |token| token.expires_in(60 * MINUTE)),
        ("half a second", "accepted", |token| {
            token.expires_in(Duration::from_millis(500))
        }),
        ("no time", "expired", |token| {
            token.expires_in(Duration::ZERO)
        }),
        ("expired", "expired", TestToken::expired),
        ("not yet valid", "not_yet_valid", TestToken::not_yet_valid),
        (
            "an invalid signature",
            "signature",
            TestToken::bad_signature,
        ),
        ("unsigned", "malformed", TestToken::unsigned),
        ("an audience", "audience_not_configured", |token| {
            token.audience("https://api.example.com")
        }),
        ("any issuer", "accepted", |token| {
            token.issuer("https://app.example.com")
        }),
        ("no sub", "subject", |token| token.without("sub")),
        ("no email", "user", |token| token.without("email")),
        ("no exp", "claims", |token| token.without("exp")),
        ("no iat", "accepted", |token| token.without("iat")),
        ("a name that is a number", "accepted", |token| {
            token.claim("name", 1)
        }),
        ("a typ", "token_type", |token| {
            token.header("typ", "dpop+jwt")
        }),
        ("an alg", "algorithm", |token| token.header("alg", "none")),
        ("crit", "critical_header", |token| {
            token.header("crit", ["b64"])
        }),
    ];
    for (kind, issuer) in issuers() {
        let layer = layer_of(&issuer);
        for (row, expected, change) in rows {
            let token = change(issuer.token_for("alice")).mint();
            assert_eq!(reason(&layer, &token), *expected, "{kind}: {row}");
        }
    }
}

#[test]
fn the_longest_leeway_accepts_neither_expired_nor_early_tokens() {
    let issuer = TestIssuer::hs256();
    let layer = issuer.layer().leeway(5 * MINUTE).build().unwrap();
    let alice = || issuer.token_for("alice");
    assert_eq!(reason(&layer, &alice().expired().mint()), "expired");
    let early = alice().not_yet_valid().mint();
    assert_eq!(reason(&layer, &early), "not_yet_valid");
}

#[test]
fn the_last_setting_of_a_claim_applies() {
    for (kind, issuer) in issuers() {
        let layer = layer_of(&issuer);
        let alice = || issuer.token_for("alice");
        for (row, expected, token) in [
            ("exp", "expired", alice().claim("exp", "never").expired()),
            ("exp", "accepted", alice().expired().expires_in(MINUTE)),
            ("exp", "claims", alice().expired().claim("exp", "never")),
            (
                "email",
                "accepted",
                alice().without("email").email("a@b.example"),
            ),
            ("email", "user", alice().email("").without("email")),
        ] {
            assert_eq!(reason(&layer, &token.mint()), expected, "{kind}: {row}");
        }
    }
}

#[test]
fn a_token_of_another_issuer_is_rejected() {
    let layer = layer_of(&TestIssuer::hs256());
    let token = TestIssuer::hs256().token("alice");
    assert_eq!(reason(&layer, &token), "signature");
}

#[test]
fn a_token_signed_by_another_issuer_is_rejected() {
    let (issuer, other) = (TestIssuer::hs256(), TestIssuer::hs256());
    let token = issuer.token_for("alice").signed_by(&other).mint();
    assert_eq!(reason(&layer_of(&issuer), &token), "signature");
    assert_eq!(reason(&layer_of(&other), &token), "accepted");
}

#[test]
fn the_issuer_and_audience_are_set_and_required() {
    for (row, issuer) in issuers() {
        let issuer = issuer
            .with_issuer("https://app.example.com")
            .with_audience("https://api.example.com");
        let layer = layer_of(&issuer);
        let alice = || issuer.token_for("alice");
        let reason_of = |token: TestToken| reason(&layer, &token.mint());
        assert_eq!(reason_of(alice()), "accepted", "{row}");
        assert_eq!(reason_of(alice().issuer("another")), "issuer", "{row}");
        assert_eq!(reason_of(alice().without("iss")), "issuer", "{row}");
        assert_eq!(reason_of(alice().audience("another")), "audience", "{row}");
        assert_eq!(reason_of(alice().without("aud")), "audience", "{row}");
    }
}

#[test]
fn two_issuers_can_share_a_layer_and_a_clock() {
    let clock = TestClock::new();
    let named = |issuer: TestIssuer, name| issuer.with_issuer(name).with_clock(&clock);
    let ours = named(TestIssuer::hs256(), "https://app.example.com");
    let theirs = named(TestIssuer::hs256(), "https://partner.example.com");
    let layer = ours.layer().or(theirs.layer()).build().unwrap();
    let tokens = [ours.token("alice"), theirs.token("alice")];
    for token in &tokens {
        assert_eq!(reason(&layer, token), "accepted");
    }
    theirs.clock().advance(15 * MINUTE);
    for token in &tokens {
        assert_eq!(reason(&layer, token), "expired");
    }
}

#[test]
fn a_token_expires_exactly_when_the_clock_reaches_exp() {
    for (row, issuer) in issuers() {
        let layer = layer_of(&issuer);
        let (start, token) = (issuer.clock().now(), issuer.token("alice"));
        issuer.clock().advance(15 * MINUTE - Duration::from_secs(1));
        assert_eq!(reason(&layer, &token), "accepted", "{row}");
        issuer.clock().advance(Duration::from_secs(1));
        assert_eq!(reason(&layer, &token), "expired", "{row}");
        issuer.clock().set(start);
        assert_eq!(reason(&layer, &token), "accepted", "{row}");
    }
}

#[test]
fn each_mint_uses_the_current_time() {
    let issuer = TestIssuer::hs256();
    let (layer, alice) = (layer_of(&issuer), issuer.token_for("alice"));
    let before = alice.mint();
    issuer.clock().advance(15 * MINUTE);
    assert_eq!(reason(&layer, &before), "expired");
    assert_eq!(reason(&layer, &alice.mint()), "accepted");
}

#[test]
fn the_clock_moves_only_when_advanced_or_set() {
    let clock = TestClock::new();
    let before = clock.now();
    std::thread::sleep(Duration::from_millis(5));
    assert_eq!(clock.now(), before);
    clock.clone().advance(MINUTE);
    assert_eq!(clock.now(), before + MINUTE);
    clock.set(at(NOW));
    assert_eq!(clock.now(), at(NOW));
}

#[test]
fn building_a_layer_with_a_weak_secret_fails() {
    let error = TestIssuer::hs256_with("too short").layer().build();
    let error = error.unwrap_err().to_string();
    assert!(error.contains("at least 32 are required"), "{error}");
}

#[test]
fn debug_output_hides_keys_and_claims() {
    for (row, issuer) in issuers() {
        let token = issuer.token_for("alice").name("Alice Liddell");
        let shown = format!("{issuer:?} {token:?}");
        assert!(!shown.contains("alice"), "{row}: {shown}");
        assert!(!shown.contains("Liddell"), "{row}: {shown}");
        if issuer.key_id().is_none() {
            assert!(!shown.contains(issuer.secret()), "{row}: {shown}");
        }
    }
}

#[test]
#[should_panic(expected = "the value can be serialized as JSON")]
fn a_claim_that_is_not_json_panics() {
    let map = std::collections::BTreeMap::from([((1, 2), 3)]);
    drop(TestIssuer::hs256().token_for("alice").claim("map", map));
}

/// Issuers with public keys.
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod public_keys {
    use tower_jwt_auth::{KeySet, SharedKeys};

    use super::*;

    #[test]
    fn a_key_id_of_another_issuer_is_unknown() {
        let (issuer, other) = (TestIssuer::eddsa(), TestIssuer::eddsa());
        let layer = layer_of(&issuer);
        assert_ne!(issuer.key_id(), other.key_id());
        assert_eq!(reason(&layer, &other.token("alice")), "unknown_key");
        let alice = || issuer.token_for("alice");
        for (row, expected, token) in [
            ("its kid", "signature", alice().signed_by(&other)),
            ("no such kid", "unknown_key", alice().key_id("elsewhere")),
            ("no kid", "accepted", alice().without_key_id()),
            (
                "no kid, from another issuer",
                "signature",
                other.token_for("alice").without_key_id(),
            ),
            (
                "signed with a secret",
                "algorithm",
                alice().signed_by(&TestIssuer::hs256()),
            ),
        ] {
            assert_eq!(reason(&layer, &token.mint()), expected, "{row}");
        }
    }

    #[test]
    fn the_key_set_of_an_issuer_verifies_its_tokens() {
        let issuer = TestIssuer::eddsa().with_audience("api");
        let token = issuer.token("alice");
        for builder in [
            JwtAuthLayer::builder().jwks_text(issuer.jwks()),
            JwtAuthLayer::builder().shared_keys(SharedKeys::new(issuer.key_set())),
        ] {
            assert_eq!(
                reason(&builder.audience("api").build().unwrap(), &token),
                "accepted"
            );
        }
        let set = KeySet::from_jwks(&issuer.jwks()).unwrap();
        assert_eq!(set.keys()[0].key_id(), issuer.key_id());
        assert!(!issuer.jwks().contains(r#""d""#));
    }

    #[test]
    #[should_panic(expected = "an HS256 issuer has no public key")]
    fn an_issuer_of_hs256_has_no_key_set() {
        drop(TestIssuer::hs256().jwks());
    }

    #[test]
    #[should_panic(expected = "an EdDSA issuer has no secret")]
    fn an_issuer_of_eddsa_has_no_secret() {
        TestIssuer::eddsa().secret();
    }
}
