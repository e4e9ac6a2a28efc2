//! The number of allocations of the layers. Each number is exact, so that no increase goes
//! unnoticed and every decrease is recorded.
//!
//! This is a separate binary, because it replaces the global allocator with one that counts
//! allocations by thread. It does not count the memory that AWS-LC allocates with C's `malloc`.
//! Each request is sent once before counting, so that one-time allocations, such as those for
//! `tracing`'s call sites, are excluded.

mod counting;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod key_sets;

#[path = "../suite/support/mod.rs"]
#[allow(dead_code)]
mod support;

use http::{Method, Request, Version};
use serde_json::json;
use tower_jwt_auth::{CurrentUser, PathOwnerLayer};

use self::{
    counting::{assert_accepted, assert_rejected},
    support::{NOW, builder, claims, claims_with, get, layer, sign, token, with_bearer},
};

/// An accepted HS256 request: the box in the request's extensions, and the user's string in it.
const ACCEPTED: u64 = 2;

/// The first extension of a request: the map, and the table of the map.
const FIRST_EXTENSION: u64 = 2;

/// A header longer than the buffer on the stack, of 190 bytes.
const LONG_HEADER: u64 = 1;

/// Claims longer than the buffer on the stack, of half a kilobyte or so.
const LONG_CLAIMS: u64 = 1;

/// A short name with escapes: two while `serde_json` decodes it, one to store it, and two to append
/// it to the claims in the string of the user.
const ESCAPES: u64 = 5;

/// A signature longer than the buffer on the stack: that of RSA.
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
const LONG_SIGNATURE: u64 = 1;

#[derive(Clone)]
struct RouterExtension;

/// A request as a layer receives it behind a router or a server: its extensions already have a map.
fn routed(mut request: Request<()>) -> Request<()> {
    request.extensions_mut().insert(RouterExtension);
    request
}

fn routed_with_bearer(token: &str) -> Request<()> {
    routed(with_bearer(token))
}

#[test]
fn an_accepted_request_costs_two_allocations() {
    let named = claims_with(json!({ "name": "Alice", "iat": NOW, "nbf": NOW, "roles": ["a"] }));
    for (row, token) in [
        ("a typical token", token(&claims())),
        ("no typ", support::token_with_header(r#"{"alg":"HS256"}"#)),
        ("more claims", token(&named)),
    ] {
        assert_accepted(&layer(), routed_with_bearer(&token), ACCEPTED, row);
        let empty = with_bearer(&token);
        assert_accepted(&layer(), empty, ACCEPTED + FIRST_EXTENSION, row);
    }
}

/// Each row has one unusual property; a token with all of them costs the sum.
#[test]
fn unusual_tokens_cost_extra_allocations() {
    let long = token(&claims_with(json!({ "about": "a".repeat(2000) })));
    let with_key_id = support::token_with_header(r#"{"alg":"HS256","kid":"1"}"#);
    let key_id = "1".repeat(200);
    let long_header = support::token_with_header(format!(r#"{{"alg":"HS256","kid":"{key_id}"}}"#));
    let escaped = token(&claims_with(json!({ "name": "Alice \"A\"" })));
    for (row, token, more) in [
        ("long claims", long, LONG_CLAIMS),
        ("a key id", with_key_id, 0),
        ("a long key id", long_header, LONG_HEADER),
        ("escapes in the name", escaped, ESCAPES),
    ] {
        assert_accepted(&layer(), routed_with_bearer(&token), ACCEPTED + more, row);
    }
}

#[test]
fn an_anonymous_request_costs_no_allocation() {
    let layer = builder().allow_anonymous().build().unwrap();
    assert_accepted(&layer, routed(get("/")), 0, "anonymous");
}

#[test]
fn a_rejected_request_costs_only_its_response() {
    let layer = builder().audience("api").build().unwrap();
    let valid = claims_with(json!({ "aud": "api" }));
    let expired = claims_with(json!({ "aud": "api", "exp": NOW - 1 }));
    let header = r#"{"alg":"HS256"}"#;
    let forged = sign(
        header,
        valid.to_string(),
        "another secret, of 32 bytes or more",
    );
    assert_accepted(
        &layer,
        routed_with_bearer(&token(&valid)),
        ACCEPTED,
        "valid",
    );
    for (token, reason, more) in [
        ("a.b", "malformed", 0),
        ("a.b.c", "malformed", 0),
        (&format!("{}*", token(&valid)), "malformed", 0),
        (&forged, "signature", 0),
        (&token(&expired), "expired", 0),
        (&token(&claims_with(json!({ "aud": "b" }))), "audience", 0),
    ] {
        assert_rejected(&layer, routed_with_bearer(token), reason, more, reason);
        assert_rejected(&layer, with_bearer(token), reason, more, reason);
    }
    assert_rejected(&layer, get("/"), "missing_token", 0, "no token");
}

#[cfg(feature = "sessions")]
#[test]
fn a_forged_session_token_costs_only_its_response() {
    use http::header::{AUTHORIZATION, COOKIE};
    use tower_jwt_auth::{BetterAuthSessions, JwtAuthLayer};

    let sessions = BetterAuthSessions::remote("https://app.example.com").secret(support::SECRET);
    let layer = JwtAuthLayer::builder().sessions(sessions).build().unwrap();
    let token = "abcdefghijklmnopqrstuvwxyz012345";
    let mac = "A".repeat(42) + "E=";
    for (field, value) in [
        (COOKIE, format!("better-auth.session_token={token}.{mac}")),
        (
            COOKIE,
            format!(
                "better-auth.session_token={token}.{}",
                mac.replace('=', "%3D")
            ),
        ),
        (AUTHORIZATION, format!("Bearer {token}.{mac}")),
    ] {
        let mut request = get("/");
        { request.headers_mut() }.insert(&field, value.parse().unwrap());
        assert_rejected(&layer, request, "session_signature", 0, &value);
    }
}

#[test]
fn a_grpc_rejection_costs_only_its_response() {
    let mut request = get("/pkg.Service/Method");
    *request.method_mut() = Method::POST;
    *request.version_mut() = Version::HTTP_2;
    let content_type = http::HeaderValue::from_static("application/grpc");
    request.headers_mut().insert("content-type", content_type);
    assert_rejected(&layer(), request, "missing_token", 0, "gRPC");
}

#[test]
fn path_owner_allocates_only_for_rejections() {
    let owner = PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap();
    let by_alice = |path| {
        let mut request = get(path);
        let alice = CurrentUser::new("alice", "alice@example.com");
        request.extensions_mut().insert(alice);
        request
    };
    assert_accepted(&owner, by_alice("/api/alice/tasks"), 0, "own");
    assert_accepted(&owner, by_alice("/api/alice/"), 0, "own, without a rest");
    for (path, reason) in [
        ("/api/bob/tasks", "not_owner"),
        ("/elsewhere", "no_pattern"),
        ("/api/alice/../bob", "not_owner"),
    ] {
        assert_rejected(&owner, by_alice(path), reason, 0, path);
    }
    assert_rejected(&owner, get("/api/alice/tasks"), "no_user", 0, "nobody");

    // Both layers together cost the sum of the two.
    let both = (layer(), owner);
    let to = |path: &str| {
        let mut request = routed_with_bearer(&token(&claims()));
        *request.uri_mut() = path.parse().unwrap();
        request
    };
    assert_accepted(&both, to("/api/alice/tasks"), ACCEPTED, "own");
    assert_rejected(&both, to("/api/bob/tasks"), "not_owner", ACCEPTED, "bob's");
}

#[cfg(feature = "cache")]
#[test]
fn a_request_from_the_token_cache_costs_one_allocation() {
    let layer = builder().cache_tokens(100).build().unwrap();
    let token = token(&claims());
    // The box in the request's extensions. The first request fills the cache and is not counted.
    assert_accepted(&layer, routed_with_bearer(&token), 1, "cached");
    assert_accepted(&layer, with_bearer(&token), 1 + FIRST_EXTENSION, "cached");
    assert!(layer.cache_stats().unwrap().hits > 0);
}

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod public_keys {
    use super::{
        support::{any_audience, keyless, signing_keys::*},
        *,
    };

    #[test]
    fn an_accepted_request_costs_two_allocations_or_three_for_rsa() {
        for (alg, expected) in [
            ("EdDSA", ACCEPTED),
            ("ES256", ACCEPTED),
            ("RS256", ACCEPTED + LONG_SIGNATURE),
        ] {
            let key = SigningKey::generate(alg, "1");
            let token = key.token(&claims());
            let layer = layer_of(jwks([&key]));
            assert_accepted(&layer, routed_with_bearer(&token), expected, alg);
            let empty = with_bearer(&token);
            assert_accepted(&layer, empty, expected + FIRST_EXTENSION, alg);
        }
    }

    /// The header is decoded into a buffer on the stack before a token can be rejected.
    #[test]
    fn a_rejected_request_costs_only_its_response() {
        let key = SigningKey::generate("EdDSA", "1");
        let builder = keyless().jwks_text(jwks([&key])).audience("api");
        let layer = builder.build().unwrap();
        let valid = claims_with(json!({ "aud": "api" }));
        let expired = claims_with(json!({ "aud": "api", "exp": NOW - 1 }));
        let unknown = key.sign(&json!({ "alg": "EdDSA", "kid": "2" }), &valid);
        for (token, reason) in [
            (with_signature(&key.token(&valid), [0; 64]), "signature"),
            (unknown, "unknown_key"),
            (key.token(&expired), "expired"),
            (key.token(&claims_with(json!({ "aud": "b" }))), "audience"),
        ] {
            assert_rejected(&layer, routed_with_bearer(&token), reason, 0, reason);
        }
    }

    #[cfg(feature = "cache")]
    #[test]
    fn a_request_from_the_token_cache_costs_one_allocation() {
        let key = SigningKey::generate("EdDSA", "1");
        let builder = any_audience().jwks_text(jwks([&key])).cache_tokens(100);
        let request = routed_with_bearer(&key.token(&claims()));
        assert_accepted(&builder.build().unwrap(), request, 1, "cached");
    }
}
