//! The crate as a dependency of another package.
//!
//! The rules for numbers, nesting and duplicate members do not depend on the features of
//! `serde_json` that other packages enable.

use std::{
    convert::Infallible,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use pollster::block_on;
use serde_json::{Value, json};
use sha2::Sha256;
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_jwt_auth::{CurrentUser, JwtAuthLayer, PathOwnerLayer, Rejection};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The time at which all tokens are verified, in seconds since the epoch.
const NOW: u64 = 1_800_000_000;

#[test]
fn a_valid_token_gives_access_to_its_users_path_only() {
    let valid = token(&claims("1800000600"));
    for (path, token, status, body) in [
        ("/api/alice/tasks", Some(&*valid), 200, "alice"),
        ("/api/%61lice", Some(&valid), 200, "alice"),
        (
            "/api/bob/tasks",
            Some(&valid),
            403,
            r#"{"detail":"Access denied: Cannot access another user's data"}"#,
        ),
        (
            "/api/alice/tasks",
            Some("a.b.c"),
            401,
            r#"{"detail":"Could not validate credentials"}"#,
        ),
        (
            "/api/alice/tasks",
            None,
            401,
            r#"{"detail":"Not authenticated"}"#,
        ),
    ] {
        assert_eq!(send(path, token), (status, body.to_owned()), "{path}");
    }
}

/// jsonwebtoken panics if both of its backends are enabled and none is selected.
#[test]
fn a_backend_enabled_by_another_package_is_not_used() {
    assert!(
        std::panic::catch_unwind(|| {
            let key = jsonwebtoken::DecodingKey::from_secret(b"secret");
            jsonwebtoken::decode::<Value>(&token("{}"), &key, &jsonwebtoken::Validation::default())
        })
        .is_err()
    );

    let jwks = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    let builder = JwtAuthLayer::builder().jwks_text(jwks);
    let error = builder
        .audience("https://api.example.com")
        .build()
        .unwrap_err();
    let error = error.to_string();
    assert!(error.contains("feature `aws-lc-rs`"), "{error}");
    assert_eq!(reason_of(&claims("1800000600")), "accepted");
}

#[test]
fn only_numbers_are_accepted_as_times() {
    for (exp, reason) in [
        ("1800000600", "accepted"),
        ("1800000001", "accepted"),
        ("1800000600.5", "accepted"),
        ("1.8000006e9", "accepted"),
        ("18000006E2", "accepted"),
        ("1800000000", "expired"),
        ("1799999999", "expired"),
        ("1", "expired"),
        ("0", "claims"),
        ("-1", "claims"),
        ("-1800000600", "claims"),
        ("253402300800", "claims"),
        ("1800000600000", "claims"),
        ("99999999999999999999999999999999", "claims"),
        ("1e400", "claims"),
        ("\"1800000600\"", "claims"),
        ("true", "claims"),
        ("null", "claims"),
        ("[1800000600]", "claims"),
        ("{}", "claims"),
        // The form of a number in serde with `arbitrary_precision`.
        (r#"{"$serde_json::private::Number":"1800000600"}"#, "claims"),
        (r#"{"$serde_json::private::Number":1800000600}"#, "claims"),
        ("1800000600.", "claims"),
        ("01800000600", "claims"),
        ("+1800000600", "claims"),
        ("NaN", "claims"),
    ] {
        assert_eq!(reason_of(&claims(exp)), reason, "exp {exp}");
        for name in ["nbf", "iat"] {
            let expected = match reason {
                "claims" if matches!(exp, "0" | "253402300800" | "1800000600000") => continue,
                "claims" if exp.starts_with("9999") => continue,
                "claims" => "claims",
                "accepted" if name == "nbf" => "not_yet_valid",
                _ => "accepted",
            };
            assert_eq!(reason_of(&claims_with(name, exp)), expected, "{name} {exp}");
        }
    }
}

#[test]
fn a_number_instead_of_a_string_is_rejected() {
    let private = r#"{"$serde_json::private::Number":"1"}"#;
    for value in ["1", "1.5", "1e3", private] {
        for (name, reason) in [
            ("sub", "subject"),
            ("email", "user"),
            ("iss", "issuer"),
            ("aud", "audience"),
        ] {
            let claims = claims_with(name, value);
            assert_eq!(reason_of(&claims), reason, "{name}: {value}");
        }
        let header = format!(r#"{{"alg":"HS256","kid":{value}}}"#);
        let token = sign(&header, &claims("1800000600"));
        assert_eq!(verify(&token).unwrap_err(), "header", "{value}");
    }
}

#[test]
fn an_unsigned_integer_is_accepted_as_a_user_id() {
    let layer = JwtAuthLayer::builder()
        .secret(SECRET)
        .clock(|| UNIX_EPOCH + Duration::from_secs(NOW))
        .user_id_claim("sub")
        .build()
        .unwrap();
    for (number, expected) in [
        ("0", Some("0")),
        ("18446744073709551615", Some("18446744073709551615")),
        ("18446744073709551616", None),
        ("-1", None),
        ("-0", None),
        ("1.0", None),
        ("1e3", None),
    ] {
        let user = layer.verifier().verify(&token(&claims_with("sub", number)));
        let found = user.as_ref().ok().map(|user| user.user_id());
        assert_eq!(found, expected, "{number}");
    }
}

#[test]
fn nesting_beyond_64_levels_is_rejected() {
    // The claims object is one level.
    for (depth, reason) in [(63, "accepted"), (64, "claims"), (100_000, "claims")] {
        for (open, value, close) in [("[", "", "]"), ("{\"a\":", "1", "}")] {
            let nested = open.repeat(depth) + value + &close.repeat(depth);
            let claims = claims_with("own", &nested);
            assert_eq!(reason_of(&claims), reason, "{depth} of {open}");
        }
    }
}

#[test]
fn a_duplicate_claim_is_rejected() {
    let valid = claims("1800000600");
    for member in [
        r#""exp":1800000600"#,
        r#""exp":1800000601"#,
        r#""sub":"alice""#,
        r#""sub":"bob""#,
        r#""email":"alice@example.com""#,
    ] {
        let twice = valid.replace('}', &format!(",{member}}}"));
        assert_eq!(reason_of(&twice), "claims", "{member}");
    }
}

#[test]
fn custom_claims_are_deserialized_unchanged() {
    let own = r#"[1,2.5,{"a":18446744073709551616}]"#;
    let claims = claims_with("own", own).replace("1800000600", "1800000600.25");
    let user = verify(&token(&claims)).unwrap();
    let all = user.claims::<Value>().unwrap();
    assert_eq!(all["sub"], "alice");
    assert_eq!(all["own"].to_string(), own);
    let expires_at = UNIX_EPOCH + Duration::from_millis(1_800_000_600_250);
    assert_eq!(user.expires_at(), Some(expires_at));

    let made = CurrentUser::new("alice", "alice@example.com");
    let own = json!({ "sub": "alice", "email": "alice@example.com" });
    assert_eq!(made.claims::<Value>().unwrap(), own);
}

#[test]
fn the_crate_depends_on_no_runtime_and_no_framework() {
    let lock = include_str!("../Cargo.lock");
    for package in [
        "axum",
        "hyper",
        "tokio",
        "tonic",
        "reqwest",
        "futures-executor",
    ] {
        let line = format!("name = \"{package}\"");
        assert!(!lock.lines().any(|other| other == line), "{package}");
    }
}

fn layer() -> JwtAuthLayer {
    let builder = JwtAuthLayer::builder().secret(SECRET).clock(now);
    builder.max_token_len(10_000_000).build().unwrap()
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

/// Claims with this JSON as `exp`.
fn claims(exp: &str) -> String {
    claims_with("exp", exp)
}

/// Valid claims, with this JSON as one of them.
fn claims_with(name: &str, json: &str) -> String {
    let valid = [
        ("sub", r#""alice""#),
        ("email", r#""alice@example.com""#),
        ("exp", "1800000600"),
    ];
    let others = valid.into_iter().filter(|(other, _)| *other != name);
    let members = others.chain([(name, json)]);
    let members: Vec<_> = members
        .map(|(name, json)| format!("\"{name}\":{json}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn token(claims: &str) -> String {
    sign(r#"{"alg":"HS256","typ":"JWT"}"#, claims)
}

fn sign(header: &str, claims: &str) -> String {
    let [header, claims] = [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
    let input = format!("{header}.{claims}");
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    let tag = mac.chain_update(&input).finalize().into_bytes();
    format!("{input}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag))
}

fn verify(token: &str) -> Result<CurrentUser, &'static str> {
    layer()
        .verifier()
        .verify(token)
        .map_err(|error| error.reason())
}

fn reason_of(claims: &str) -> &'static str {
    verify(&token(claims)).err().unwrap_or("accepted")
}

/// Sends a request through both layers to a service that responds with the user's ID.
fn send(path: &str, token: Option<&str>) -> (u16, String) {
    let owner = PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap();
    let service = ServiceBuilder::new()
        .layer(layer())
        .layer(owner)
        .service(service_fn(async |request: Request<()>| {
            let user = request.extensions().get::<CurrentUser>().unwrap();
            let id = Bytes::from(user.user_id().to_owned());
            Ok::<_, Infallible>(Response::new(Full::new(id)))
        }));
    let mut request = Request::get(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    block_on(async {
        let response = service.oneshot(request.body(()).unwrap()).await.unwrap();
        let is_rejected = response.extensions().get::<Rejection>().is_some();
        let status = response.status().as_u16();
        assert_eq!(is_rejected, status != 200);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    })
}
