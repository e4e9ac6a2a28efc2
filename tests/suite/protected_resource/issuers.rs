//! The issuers and the audiences of the tokens for a protected resource.

use serde_json::json;

use super::*;

#[test]
fn the_audience_replaces_the_identifier_if_set() {
    let issuer = TestIssuer::hs256().with_issuer(LOGIN);
    let auth = protected(&issuer).audience("api://tasks").build().unwrap();
    let token = access_token(&issuer);
    for (aud, expected) in [("api://tasks", "accepted"), (RESOURCE, "audience")] {
        let token = token.clone().audience(aud).mint();
        assert_eq!(reason(&auth, &token), expected, "{aud}");
    }
}

#[test]
fn the_issuer_must_match_exactly() {
    let issuer = issuer();
    let auth = protected(&issuer).build().unwrap();
    for iss in [
        "https://login.example.com/",
        "https://LOGIN.example.com",
        "https://other.example.com",
        "https://login.example.com\u{301}",
    ] {
        let token = access_token(&issuer).issuer(iss).mint();
        assert_eq!(reason(&auth, &token), "issuer", "{iss}");
    }
}

#[test]
fn strings_are_compared_by_code_points() {
    let first = issuer();
    let named = |name: &str| first.clone().with_issuer(name);
    // The same text, composed and decomposed.
    let (composed, decomposed) = (
        "https://login.example.com/\u{e9}",
        "https://login.example.com/e\u{301}",
    );
    let auth = protected(&named(composed)).build().unwrap();
    let token = |name: &str| access_token(&named(name)).mint();
    assert_eq!(reason(&auth, &token(composed)), "accepted");
    assert_eq!(reason(&auth, &token(decomposed)), "issuer");

    // JSON escapes are removed before the comparison.
    let claims = json!({
        "iss": composed, "aud": RESOURCE, "sub": "alice", "client_id": "a", "jti": "1",
        "iat": 1, "exp": 253_402_300_000_u64,
    });
    let escaped = claims
        .to_string()
        .replace('/', r"\/")
        .replace('\u{e9}', r"\u00e9");
    assert!(
        escaped.contains(r"\/mcp") && escaped.contains(r"\u00e9"),
        "{escaped}"
    );
    let token = sign(
        r#"{"alg":"HS256","typ":"at\u002bjwt"}"#,
        escaped,
        first.secret(),
    );
    assert_eq!(reason(&auth, &token), "accepted");
}

#[test]
fn the_rules_apply_to_every_issuer() {
    let first = issuer();
    let other = || {
        TestIssuer::hs256()
            .with_issuer("https://other.example.com")
            .with_clock(first.clock())
    };
    let (second, third) = (other(), other().with_issuer("https://third.example.com"));
    let auth = protected(&first).or(second.layer()).build().unwrap();
    auth.issuers().add(third.layer()).unwrap();
    for issuer in [&second, &third] {
        let token = || issuer.token_for("alice").access_token("mcp:read");
        for (token, expected) in [
            (token().audience(RESOURCE), "accepted"),
            (
                token().audience("https://api.example.com/files"),
                "audience",
            ),
            (token(), "audience"),
            (
                token().audience(RESOURCE).header("typ", "JWT"),
                "token_type",
            ),
            (token().audience(RESOURCE).without("jti"), "claims"),
        ] {
            assert_eq!(reason(&auth, &token.mint()), expected);
        }
    }
}

#[test]
fn plain_tokens_are_allowed_per_issuer() {
    let first = issuer();
    let second = TestIssuer::hs256()
        .with_issuer("https://other.example.com")
        .with_clock(first.clock())
        .with_audience(RESOURCE);
    let auth = protected(&first).or(second.layer().allow_plain_jwt());
    let auth = auth.build().unwrap();
    assert_eq!(reason(&auth, &second.token("alice")), "accepted");
    assert_eq!(reason(&auth, &first.token("alice")), "token_type");
}

#[cfg(all(feature = "jwks", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
#[tokio::test]
async fn better_auth_sets_the_issuer_the_keys_and_the_audience() {
    use tower_jwt_auth::ProtectedResource;

    let resource =
        ProtectedResource::better_auth("http://localhost:3001", "http://localhost:3000/mcp");
    let builder = JwtAuthLayer::builder().protected_resource(&resource.unwrap());
    let issuer = TestIssuer::eddsa()
        .with_issuer("http://localhost:3001/api/auth")
        .with_audience("http://localhost:3000/mcp");
    // Keys of the application replace those of the origin.
    let auth = builder.jwks_text(issuer.jwks()).build().unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.unwrap().as_secs();
    let token = || access_token(&issuer).claim("exp", now + 600);
    for (token, expected) in [
        (token(), "accepted"),
        (token().claim("exp", now - 2), "accepted"),
        (token().claim("exp", now - 60), "expired"),
        (token().issuer("http://localhost:3001"), "issuer"),
        (token().audience("http://localhost:3000"), "audience"),
    ] {
        assert_eq!(reason(&auth, &token.mint()), expected);
    }
}
