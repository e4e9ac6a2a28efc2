//! The claims that contain the user ID and the email address.

use serde_json::{Value, json};
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer};

use crate::support::*;

const ISSUER: &str = "https://login.example.com";

fn named() -> JwtAuthBuilder {
    builder().issuer(ISSUER)
}

fn user(layer: &JwtAuthLayer, claims: Value) -> Result<(String, String), &'static str> {
    let mut claims = claims;
    claims["iss"] = json!(ISSUER);
    let user = layer.verifier().verify(&token(&claims));
    user.map(|user| (user.user_id().to_owned(), user.email().to_owned()))
        .map_err(|error| error.reason())
}

fn id(layer: &JwtAuthLayer, claims: Value) -> Result<String, &'static str> {
    user(layer, claims).map(|(id, _)| id)
}

#[test]
fn configured_claims_replace_sub_and_email() {
    let layer = named()
        .user_id_claim("oid")
        .email_claim("preferred_username")
        .build()
        .unwrap();
    let entra = json!({ "oid": "0-1-2", "preferred_username": "ada@example.com" });
    let both = user(&layer, claims_with(entra.clone())).unwrap();
    assert_eq!(both, ("0-1-2".to_owned(), "ada@example.com".to_owned()));
    let mut alone = entra.clone();
    alone["exp"] = json!(NOW + 600);
    assert!(user(&layer, alone).is_ok(), "neither sub nor email");
    // The configured claims are required even if sub and email are valid.
    for (missing, reason) in [("oid", "subject"), ("preferred_username", "user")] {
        let mut claims = claims_with(entra.clone());
        claims.as_object_mut().unwrap().remove(missing);
        assert_eq!(user(&layer, claims), Err(reason), "{missing}");
    }
}

#[test]
fn a_json_pointer_descends_only_into_objects() {
    let layer = named()
        .user_id_claim("/app/user~1id")
        .email_claim("/app/contacts/mail")
        .build()
        .unwrap();
    let user_with = |app: Value| user(&layer, claims_with(json!({ "app": app })));
    let app = json!({ "user/id": "u7", "contacts": { "mail": "a@b.c" } });
    assert_eq!(user_with(app), Ok(("u7".into(), "a@b.c".into())));
    for app in [
        json!(null),
        json!("user/id"),
        json!(7),
        json!(-7.5),
        json!(true),
        json!([{ "user/id": "u7" }]),
        json!({ "user": { "id": "u7" } }),
    ] {
        assert_eq!(user_with(app.clone()), Err("subject"), "{app}");
    }
    let list = json!({ "user/id": "u7", "contacts": [{ "mail": "a@b.c" }] });
    assert_eq!(user_with(list), Err("user"));
}

#[test]
fn a_duplicate_configured_claim_is_rejected() {
    let layer = named()
        .user_id_claim("oid")
        .email_claim("upn")
        .build()
        .unwrap();
    for twice in [
        r#""oid":"u1","oid":"u2","upn":"a@b.c""#,
        r#""oid":"u1","upn":"a@b.c","\u0075pn":"a@b.c""#,
    ] {
        let rest = claims_with(json!({ "iss": ISSUER })).to_string();
        let payload = format!("{{{twice},{}", &rest[1..]);
        assert_eq!(
            reason(&layer, &token_with_payload(payload)),
            "claims",
            "{twice}"
        );
    }
}

#[test]
fn an_integer_is_a_user_id_only_in_a_configured_claim() {
    let by_claim = |claim| named().user_id_claim(claim).build().unwrap();
    let text = |number: &str| -> Value { serde_json::from_str(number).unwrap() };
    for claim in ["uid", "/sub", "sub"] {
        let layer = by_claim(claim);
        let name = claim.trim_start_matches('/');
        for number in ["0", "7", "18446744073709551615"] {
            let claims = claims_with(json!({ name: text(number) }));
            assert_eq!(id(&layer, claims).as_deref(), Ok(number), "{claim}");
        }
        for number in [
            r#"{"$serde_json::private::Number":"42"}"#,
            "-1",
            "-0",
            "1.0",
            "1.5",
            "1e3",
            "1E0",
            "18446744073709551616",
            "true",
            "[7]",
            "{}",
        ] {
            let rest = claims_with(json!({ "iss": ISSUER }));
            let mut rest = rest.as_object().unwrap().clone();
            rest.remove(name);
            let rest = Value::from(rest).to_string();
            let payload = format!("{{\"{name}\":{number},{}", &rest[1..]);
            let token = token_with_payload(payload);
            assert_eq!(reason(&layer, &token), "subject", "{claim}: {number}");
        }
    }
    assert_eq!(
        id(&named().build().unwrap(), claims_with(json!({ "sub": 7 }))),
        Err("subject")
    );
    // An email address is a string.
    let by_email = named().email_claim("uid").build().unwrap();
    assert_eq!(
        user(&by_email, claims_with(json!({ "uid": 7 }))),
        Err("user")
    );
}

#[test]
fn a_user_id_may_be_as_long_as_configured() {
    for (limit, layer) in [
        (255, named().build().unwrap()),
        (3, named().max_user_id_len(3).build().unwrap()),
        (1000, named().max_user_id_len(1000).build().unwrap()),
    ] {
        for (len, accepted) in [(limit, true), (limit + 1, false)] {
            let sub = "a".repeat(len);
            let found = id(&layer, claims_with(json!({ "sub": sub })));
            let expected = if accepted { Ok(sub) } else { Err("subject") };
            assert_eq!(found, expected, "{limit}: {len}");
        }
    }
}

#[test]
fn user_id_claim_with_a_secret_requires_an_issuer_or_audience() {
    let error = |builder: JwtAuthBuilder| builder.build().map(drop).map_err(|e| e.to_string());
    let wrong = error(builder().user_id_claim("id")).unwrap_err();
    assert!(wrong.contains("set one of them"), "{wrong}");
    for builder in [
        builder().user_id_claim("sub"),
        builder().user_id_claim("/sub"),
        builder().user_id_claim("id").issuer(ISSUER),
        builder().user_id_claim("id").audience("api"),
        builder().email_claim("mail"),
    ] {
        assert_eq!(error(builder), Ok(()));
    }
}

#[test]
fn an_invalid_claim_name_is_rejected() {
    for claim in ["", "/", "/a//b", "/a~2"] {
        for builder in [named().user_id_claim(claim), named().email_claim(claim)] {
            let error = builder.build().unwrap_err().to_string();
            assert!(error.contains("does not name a claim"), "{claim}: {error}");
        }
    }
    let error = named().max_user_id_len(0).build().unwrap_err().to_string();
    assert!(error.contains(".max_user_id_len(…)"), "{error}");
}

/// Better Auth's session data, which it signs with the shared secret, contains them. Under a public
/// key, they have no special meaning.
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
#[cfg(feature = "test-kit")]
#[test]
fn session_and_update_to_are_ordinary_claims_under_a_public_key() {
    use tower_jwt_auth::test_kit::TestIssuer;

    for (issuer, expected) in [
        (TestIssuer::eddsa(), "accepted"),
        (TestIssuer::hs256(), "token_type"),
    ] {
        let layer = issuer.layer().build().unwrap();
        for claim in ["session", "updateTo"] {
            for value in [json!({ "id": "s1" }), json!("x"), json!(null)] {
                let token = issuer.token_for("alice").claim(claim, value).mint();
                assert_eq!(reason(&layer, &token), expected, "{claim}");
            }
        }
    }
}
