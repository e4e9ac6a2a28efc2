//! The form of `jwt({ sessionCookieCache: true })`, whose JWT a public key verifies.

use http::{Request, header::AUTHORIZATION};
use serde_json::{Value, json};

use super::{
    Fixture, ORIGIN,
    jwt::expiries,
    maker::{Form, public, public_claims, public_header, with},
    outcome, payload,
};
use crate::{
    sessions::server::token,
    support::{
        NOW,
        signing_keys::{SigningKey, jwks},
    },
};

#[test]
fn the_claims_are_those_of_a_cookie_of_this_origin() {
    let fixture = Fixture::new();
    let id = payload()["user"]["id"].clone();
    let list = |value: &str| json!([value]);
    let rows: Vec<(&str, Value, bool)> = vec![
        ("valid", json!({}), true),
        (
            "an issuer below",
            json!({ "iss": format!("{ORIGIN}/api/auth") }),
            true,
        ),
        ("a slash", json!({ "iss": format!("{ORIGIN}/") }), true),
        (
            "another issuer",
            json!({ "iss": "https://other.example.com" }),
            false,
        ),
        (
            "a longer host",
            json!({ "iss": format!("{ORIGIN}.evil.example") }),
            false,
        ),
        ("a port", json!({ "iss": format!("{ORIGIN}:8443") }), false),
        (
            "a user name",
            json!({ "iss": format!("{ORIGIN}@evil.example") }),
            false,
        ),
        ("no issuer", json!({ "iss": null }), false),
        (
            "the issuer in a list",
            json!({ "iss": list(ORIGIN) }),
            false,
        ),
        (
            "the default without baseURL",
            json!({ "iss": "better-auth:session-cache" }),
            false,
        ),
        ("another audience", json!({ "aud": ORIGIN }), false),
        ("no audience", json!({ "aud": null }), false),
        (
            "the audience in a list",
            json!({ "aud": list("better-auth:session-cache") }),
            false,
        ),
        ("another subject", json!({ "sub": "bob" }), false),
        ("no subject", json!({ "sub": null }), false),
        ("the subject in a list", json!({ "sub": [id] }), false),
        ("another session", json!({ "sid": token(2) }), false),
        ("no session", json!({ "sid": null }), false),
    ];
    fixture.assert_rows(rows.into_iter().map(|(row, claims, is_accepted)| {
        let claims = with(&public_claims(&payload()), claims);
        let header = public_header(&fixture.key).to_string();
        (
            row,
            public(&header, &claims.to_string(), &fixture.key),
            is_accepted,
        )
    }));
}

#[test]
fn a_missing_claim_is_not_accepted() {
    let fixture = Fixture::new();
    let names = ["iss", "aud", "sub", "sid", "exp", "session", "user"];
    fixture.assert_rows(names.map(|name| {
        let mut claims = public_claims(&payload());
        claims.as_object_mut().unwrap().remove(name);
        let header = public_header(&fixture.key).to_string();
        (
            name,
            public(&header, &claims.to_string(), &fixture.key),
            false,
        )
    }));
}

#[test]
fn the_jwt_expires() {
    let fixture = Fixture::new();
    fixture.assert_rows(expiries().into_iter().map(|(row, claims, is_accepted)| {
        let mut all = public_claims(&payload());
        all.as_object_mut().unwrap().remove("exp");
        let header = public_header(&fixture.key).to_string();
        let claims = with(&all, claims).to_string();
        (row, public(&header, &claims, &fixture.key), is_accepted)
    }));
}

#[test]
fn the_header_is_that_of_a_cookie() {
    const TYPE: &str = "better-auth.session-cache+jwt";
    let fixture = Fixture::new();
    let claims = public_claims(&payload()).to_string();
    let rows: Vec<(&str, Value, bool)> = vec![
        ("valid", json!({}), true),
        ("typ JWT", json!({ "typ": "JWT" }), false),
        (
            "the typ of an access token",
            json!({ "typ": "at+jwt" }),
            false,
        ),
        (
            "the typ of a logout token",
            json!({ "typ": "logout+jwt" }),
            false,
        ),
        (
            "a media type",
            json!({ "typ": format!("application/{TYPE}") }),
            false,
        ),
        ("no typ", json!({ "typ": null }), false),
        ("an unknown kid", json!({ "kid": "key-2" }), false),
        ("no kid", json!({ "kid": null }), false),
        ("alg none", json!({ "alg": "none" }), false),
        ("another alg", json!({ "alg": "ES256" }), false),
        ("HS256", json!({ "alg": "HS256" }), false),
        ("crit", json!({ "crit": ["exp"] }), false),
        ("b64", json!({ "crit": ["b64"], "b64": false }), false),
        ("enc", json!({ "enc": "A256GCM" }), false),
        (
            "a key of the client",
            json!({ "jwk": fixture.key.jwk(), "kid": "x" }),
            false,
        ),
    ];
    fixture.assert_rows(rows.into_iter().map(|(row, members, is_accepted)| {
        let mut header = with(&public_header(&fixture.key), members);
        header
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        (
            row,
            public(&header.to_string(), &claims, &fixture.key),
            is_accepted,
        )
    }));
}

#[test]
fn a_key_of_the_issuer_signed_it() {
    let fixture = Fixture::new();
    let key = &fixture.key;
    let claims = public_claims(&payload()).to_string();
    let header = public_header(key).to_string();
    let valid = public(&header, &claims, key);
    let same_id = SigningKey::generate("EdDSA", &key.kid);
    let (signed, _) = valid.rsplit_once('.').unwrap();
    let secret = |secret: &[u8]| {
        let header = with(&public_header(key), json!({ "alg": "HS256" })).to_string();
        let signed = format!(
            "{}.{}",
            super::maker::encode(header),
            super::maker::encode(&claims)
        );
        let mac = super::maker::hmac_sha256(secret, signed.as_bytes());
        format!("{signed}.{}", super::maker::encode(mac))
    };
    fixture.assert_rows([
        ("valid", valid.clone(), true),
        (
            "another key with its ID",
            public(&header, &claims, &same_id),
            false,
        ),
        ("no signature", format!("{signed}."), false),
        (
            "the public key as a secret",
            secret(key.pem().as_bytes()),
            false,
        ),
        (
            "Better Auth's secret",
            secret(crate::sessions::server::SECRET.as_bytes()),
            false,
        ),
        (
            "claims twice",
            public(&header, &claims.replacen('{', r#"{"sub":"bob","#, 1), key),
            false,
        ),
    ]);
}

#[test]
fn every_algorithm_of_better_auth_verifies() {
    for alg in ["EdDSA", "ES256", "ES512", "RS256", "PS256"] {
        if cfg!(not(feature = "aws-lc-rs")) && alg == "ES512" {
            continue;
        }
        let key = SigningKey::generate(alg, "1");
        let fixture = Fixture::built(
            |it| it,
            |builder, _| builder.issuer(ORIGIN).jwks_text(jwks([&key])),
        );
        fixture.assert_rows([(alg, Form::Public.cookie(&payload(), &key), true)]);
    }
}

#[tokio::test]
async fn a_jwt_is_only_what_its_type_says() {
    let fixture = Fixture::new();
    let access = json!({
        "sub": payload()["user"]["id"], "email": "a@example.com", "iss": ORIGIN, "exp": NOW + 60,
    });
    let access_token = fixture.key.token(&access);
    let data = Form::Public.cookie(&payload(), &fixture.key);
    let by_secret = Form::Jwt.cookie(&payload(), &fixture.key);
    let encrypted = Form::Jwe.cookie(&payload(), &fixture.key);
    let compact = Form::Compact.cookie(&payload(), &fixture.key);
    // In the place of the cookie, even with its content.
    let full = with(&public_claims(&payload()), access.clone());
    let full = with(&full, json!({ "aud": "better-auth:session-cache" }));
    for token in [&access_token, &fixture.key.token(&full)] {
        assert!(!fixture.is_accepted(token).await);
    }
    // In the place of an access token.
    for (token, expected) in [
        (&access_token, ""),
        (&data, "token_type"),
        (&by_secret, "algorithm"),
        (&encrypted, "encrypted"),
        (&compact, "malformed"),
    ] {
        let request = Request::builder().header(AUTHORIZATION, format!("Bearer {token}"));
        let outcome = outcome(&fixture.layer, request.body(()).unwrap()).await;
        assert_eq!(outcome, expected);
    }
}

/// Its keys would otherwise decide about the users of Better Auth.
#[tokio::test]
async fn the_keys_of_another_issuer_verify_no_cookie() {
    for (issuer, same_users, is_accepted) in [
        ("", false, true),
        (ORIGIN, false, true),
        ("https://app.example.com/api/auth", false, true),
        ("https://idp.example.net", false, false),
        ("https://idp.example.net", true, false),
        ("https://app.example.com.evil.example", false, false),
    ] {
        let configure = |sessions: tower_jwt_auth::BetterAuthSessions| match same_users {
            true => sessions.same_users(),
            false => sessions,
        };
        let fixture = Fixture::built(configure, |builder, _| match issuer {
            "" => builder,
            issuer => builder.issuer(issuer),
        });
        let data = Form::Public.cookie(&payload(), &fixture.key);
        let row = format!("{issuer}, same users: {same_users}");
        assert_eq!(fixture.is_accepted(&data).await, is_accepted, "{row}");
    }
}
