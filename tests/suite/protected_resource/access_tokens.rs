//! The tokens that a protected resource accepts (RFC 9068 section 4, RFC 8707).

use serde_json::json;
use tower_jwt_auth::TokenSource;

use super::*;

/// The token without a `typ`.
fn untyped(issuer: &TestIssuer, token: &TestToken) -> String {
    let token = token.mint();
    let payload = token.split('.').nth(1).unwrap();
    let header = encode(r#"{"alg":"HS256"}"#);
    sign_encoded(&format!("{header}.{payload}"), issuer.secret())
}

/// Reasons why each layer rejects a token, or "accepted".
fn reasons(layers: [&JwtAuthLayer; 2], token: &TestToken) -> [&'static str; 2] {
    let token = token.mint();
    layers.map(|layer| reason(layer, &token))
}

#[test]
fn only_the_type_of_access_tokens_is_accepted() {
    let issuer = issuer();
    let strict = protected(&issuer).build().unwrap();
    let plain = protected(&issuer).allow_plain_jwt().build().unwrap();
    for (typ, accepted_by_strict, accepted_by_plain) in [
        ("at+jwt", true, true),
        ("AT+JWT", true, true),
        ("application/at+jwt", true, true),
        ("Application/At+Jwt", true, true),
        ("JWT", false, true),
        ("jwt", false, true),
        ("application/jwt", false, true),
        ("", false, false),
        ("at", false, false),
        ("at+jwt ", false, false),
        ("text/at+jwt", false, false),
        ("application/application/at+jwt", false, false),
        ("logout+jwt", false, false),
        ("dpop+jwt", false, false),
        ("token-introspection+jwt", false, false),
    ] {
        let token = access_token(&issuer).header("typ", typ);
        let expected = [accepted_by_strict, accepted_by_plain]
            .map(|it| if it { "accepted" } else { "token_type" });
        assert_eq!(reasons([&strict, &plain], &token), expected, "{typ:?}");
    }
    let with_type = access_token(&issuer);
    let untyped = untyped(&issuer, &with_type);
    assert_eq!(reason(&strict, &untyped), "token_type");
    assert_eq!(reason(&plain, &untyped), "accepted");
    let nested = with_type.header("cty", "JWT");
    assert_eq!(
        reasons([&strict, &plain], &nested),
        ["token_type", "token_type"]
    );
}

#[test]
fn a_rejected_type_is_explained_with_its_fix() {
    let issuer = issuer();
    let auth = protected(&issuer).build().unwrap();
    for token in [
        access_token(&issuer).header("typ", "JWT").mint(),
        untyped(&issuer, &access_token(&issuer)),
    ] {
        let explanation = explanation(&auth, &token);
        assert!(explanation.contains("at+jwt"), "{explanation}");
        assert!(explanation.contains(".allow_plain_jwt()"), "{explanation}");
    }
}

#[test]
fn no_hint_suggests_the_audience_of_another_resource() {
    let issuer = issuer();
    let auth = protected(&issuer).build().unwrap();
    let token = access_token(&issuer).audience("https://api.example.com/other");
    let explanation = explanation(&auth, &token.mint());
    assert!(
        explanation.contains("a token for another resource"),
        "{explanation}"
    );
    assert!(!explanation.contains(".audience(…)"), "{explanation}");
}

#[test]
fn every_claim_of_rfc_9068_is_required() {
    let issuer = issuer();
    let strict = protected(&issuer).build().unwrap();
    let plain = protected(&issuer).allow_plain_jwt().build().unwrap();
    for (claim, expected) in [
        ("iss", ["claims", "issuer"]),
        ("exp", ["claims", "claims"]),
        ("aud", ["audience", "audience"]),
        ("sub", ["subject", "subject"]),
        ("client_id", ["claims", "accepted"]),
        ("iat", ["claims", "accepted"]),
        ("jti", ["claims", "accepted"]),
    ] {
        let token = access_token(&issuer).without(claim);
        assert_eq!(reasons([&strict, &plain], &token), expected, "{claim}");
        let explanation = explanation(&strict, &token.mint());
        assert!(explanation.contains(claim), "{claim}: {explanation}");
    }
}

#[test]
fn a_required_claim_must_have_its_type() {
    let issuer = issuer();
    let strict = protected(&issuer).build().unwrap();
    for claim in ["iss", "client_id", "jti"] {
        for value in [json!(""), json!(null), json!(7), json!(["a"]), json!({})] {
            let token = access_token(&issuer).claim(claim, &value);
            let reason = reason(&strict, &token.mint());
            assert!(
                ["claims", "issuer"].contains(&reason),
                "{claim} {value}: {reason}"
            );
        }
    }
    for value in [json!(null), json!("7"), json!(-1)] {
        let token = access_token(&issuer).claim("iat", &value);
        assert_eq!(reason(&strict, &token.mint()), "claims", "iat {value}");
    }
}

#[test]
fn id_tokens_are_rejected() {
    let issuer = issuer();
    let strict = protected(&issuer).build().unwrap();
    let plain = protected(&issuer).allow_plain_jwt().build().unwrap();
    let id_token = issuer.token_for("alice").claim("auth_time", NOW);
    let for_client = id_token.clone().audience("test-client");
    assert_eq!(
        reasons([&strict, &plain], &for_client),
        ["token_type", "audience"]
    );
    for claim in ["nonce", "at_hash", "c_hash"] {
        for value in [json!("n-0S6_WzA2Mj"), json!(""), json!(null), json!(1)] {
            let token = id_token.clone().claim(claim, &value);
            assert_eq!(
                reasons([&strict, &plain], &token),
                ["token_type", "token_type"],
                "{claim} {value}"
            );
        }
        let token = id_token.clone().claim(claim, "n-0S6_WzA2Mj");
        let explanation = explanation(&plain, &token.mint());
        assert!(explanation.contains("ID tokens"), "{claim}: {explanation}");
    }
}

#[test]
fn a_token_for_another_resource_is_rejected() {
    let issuer = issuer();
    let auth = protected(&issuer).build().unwrap();
    for (aud, expected) in [
        (json!(RESOURCE), "accepted"),
        (json!([RESOURCE]), "accepted"),
        (json!(["https://other.example.com", RESOURCE]), "accepted"),
        (json!("https://api.example.com/mcp/"), "audience"),
        (json!("https://api.example.com"), "audience"),
        (json!("https://api.example.com/mcp/tasks"), "audience"),
        (json!("https://api.example.com/MCP"), "audience"),
        (json!("HTTPS://api.example.com/mcp"), "audience"),
        (json!("https://api.example.com/mc%70"), "audience"),
        (json!("https://other.example.com/mcp"), "audience"),
        (json!(LOGIN), "audience"),
        (json!([]), "audience"),
        (json!(null), "audience"),
    ] {
        let token = access_token(&issuer).claim("aud", &aud).mint();
        assert_eq!(reason(&auth, &token), expected, "{aud}");
    }
}

#[test]
fn the_signature_and_the_expiry_are_verified() {
    let issuer = issuer();
    let auth = protected(&issuer).build().unwrap();
    for (token, expected) in [
        (access_token(&issuer).bad_signature(), "signature"),
        (
            access_token(&issuer).signed_by(&TestIssuer::hs256()),
            "signature",
        ),
        (access_token(&issuer).unsigned(), "malformed"),
        (access_token(&issuer).expired(), "expired"),
        (access_token(&issuer).not_yet_valid(), "not_yet_valid"),
        (
            access_token(&issuer).claim("cnf", json!({ "jkt": "a" })),
            "bound_token",
        ),
    ] {
        assert_eq!(reason(&auth, &token.mint()), expected);
    }
}

#[test]
fn an_access_token_needs_no_email() {
    let issuer = issuer();
    let auth = protected(&issuer).build().unwrap();
    let user = auth
        .verifier()
        .verify(&access_token(&issuer).mint())
        .unwrap();
    assert_eq!((user.user_id(), user.email()), ("alice", ""));
    let with_email = access_token(&issuer).email("alice@example.com").mint();
    let user = auth.verifier().verify(&with_email).unwrap();
    assert_eq!(user.email(), "alice@example.com");
}

#[tokio::test]
async fn a_token_in_the_query_is_accepted_only_if_configured() {
    let issuer = issuer();
    let token = access_token(&issuer).mint();
    let in_query = || get(&format!("/mcp?access_token={token}"));
    let by_default = ask(protected(&issuer).build().unwrap(), in_query()).await;
    assert_eq!(by_default.reason(), "missing_token");
    let source = TokenSource::query("access_token");
    let configured = protected(&issuer).token_sources([source]).build().unwrap();
    let answer = ask(configured, in_query()).await;
    answer.assert_reached("alice", "configured");
    assert_eq!(answer.header("cache-control"), Some("private"));
}
