//! `JwtAuthLayer::better_auth`: the accepted origins, and the defaults that an origin sets.

use serde_json::json;
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer};

use crate::support::{signing_keys::*, *};

const ORIGIN: &str = "https://app.example.com";

#[test]
fn an_origin_that_better_auth_never_writes_is_rejected() {
    let slash = "ends in a slash";
    let path = "has a path";
    let form = "is not in the form of an origin";
    let none = "is not an origin; use one such as https://app.example.com";
    for (origin, problem) in [
        ("https://app.example.com/", slash),
        ("http://localhost:3000/", slash),
        ("https://app.example.com/api/auth", path),
        ("https://app.example.com/api/auth/", path),
        ("https://app.example.com/x", path),
        ("https://app.example.com?x=1", path),
        ("https://app.example.com/?x=1", path),
        ("https://App.example.com", form),
        ("https://APP.EXAMPLE.COM", form),
        ("HTTPS://app.example.com", ""),
        ("https://user@app.example.com", form),
        ("https://user:password@app.example.com", form),
        ("https://app.example.com:443", form),
        ("http://localhost:80", form),
        ("https://app.example.com#fragment", ""),
        ("https://app.example.com//", ""),
        ("app.example.com", none),
        ("app.example.com:3000", none),
        ("localhost", none),
        ("localhost:3000", none),
        ("//app.example.com", none),
        ("/api/auth", none),
        ("https://", none),
        ("https:", none),
        ("ftp://app.example.com", none),
        ("ws://app.example.com", none),
        ("file:///etc/passwd", none),
        ("", none),
        (" ", none),
        ("*", none),
        (" https://app.example.com", none),
        ("https://app.example.com ", none),
        ("https://app.example.com\n", none),
        ("https://app example.com", none),
        ("https://\u{e4}pp.example.com", none),
    ] {
        // The error does not depend on where the keys come from.
        let key = SigningKey::generate("EdDSA", "1");
        for (row, builder) in [
            ("fetched", JwtAuthLayer::better_auth(origin)),
            ("configured", with_keys(origin, &key)),
        ] {
            let error = fault(builder);
            assert_contains(&error, problem, format!("{origin:?}, {row}"));
            assert_contains(&error, "the origin", format!("{origin:?}, {row}"));
        }
    }
}

#[test]
fn an_origin_with_an_invalid_port_is_rejected() {
    for origin in [
        "https://app.example.com:",
        "http://localhost:",
        "https://app.example.com:x",
        "https://app.example.com:65536",
    ] {
        let built = JwtAuthLayer::better_auth(origin).build();
        assert!(
            built.is_err(),
            "{origin}: Better Auth never writes such an iss"
        );
    }
}

#[test]
fn the_error_for_a_trailing_slash_shows_the_correct_origin() {
    let error = fault(JwtAuthLayer::better_auth("https://app.example.com/"));
    assert_contains(error, "write \"https://app.example.com\"", "fix");
}

#[test]
fn the_error_for_an_origin_with_a_path_names_the_settings() {
    let error = fault(JwtAuthLayer::better_auth(
        "https://app.example.com/api/auth",
    ));
    for part in [".issuer(…)", ".audience(…)", ".jwks_url(…)"] {
        assert_contains(&error, part, "fix");
    }
}

#[test]
fn an_http_origin_that_is_not_loopback_is_rejected_with_the_fix() {
    for origin in [
        "http://web:3000",
        "http://app.example.com",
        "http://192.168.0.1:3000",
        "http://0.0.0.0:3000",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://[::2]:3000",
    ] {
        let error = fault(JwtAuthLayer::better_auth(origin));
        assert_contains(&error, "is not https; pass the public origin", origin);
        assert_contains(&error, "Docker", origin);
        let fix = format!(".jwks_url(\"{origin}/api/auth/jwks\").allow_http()");
        assert_contains(&error, &fix, origin);
    }
}

#[test]
fn an_origin_may_have_a_port_or_be_loopback() {
    let key = SigningKey::generate("EdDSA", "1");
    for origin in [
        "https://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com:80",
        "http://localhost:3000",
        "http://localhost",
        "http://localhost:443",
        "http://127.0.0.1:3000",
        "http://[::1]:3000",
        "https://xn--pp-eka.example.com",
        "https://10.0.0.1",
        // Nothing is fetched over HTTP, because the keys are configured.
        "http://web:3000",
    ] {
        let layer = with_keys(origin, &key).build();
        let layer = layer.unwrap_or_else(|error| panic!("{origin}: {error}"));
        let claims = claims_with(json!({ "iss": origin, "aud": origin }));
        assert_eq!(reason(&layer, &key.token(&claims)), "accepted", "{origin}");
    }
}

#[test]
fn the_origin_is_the_default_issuer_and_audience() {
    let key = SigningKey::generate("EdDSA", "1");
    let other = "https://other.example.com";
    let with = |iss: &str, aud: &str| key.token(&claims_with(json!({ "iss": iss, "aud": aud })));
    let origin = || with_keys(ORIGIN, &key);
    for (row, builder, token, expected) in [
        ("unchanged", origin(), with(ORIGIN, ORIGIN), "accepted"),
        ("unchanged", origin(), with(other, ORIGIN), "issuer"),
        ("unchanged", origin(), with(ORIGIN, other), "audience"),
        ("unchanged", origin(), key.token(&claims()), "issuer"),
        (
            "issuer",
            origin().issuer(other),
            with(other, ORIGIN),
            "accepted",
        ),
        (
            "issuer",
            origin().issuer(other),
            with(ORIGIN, ORIGIN),
            "issuer",
        ),
        (
            "audience",
            origin().audience(other),
            with(ORIGIN, other),
            "accepted",
        ),
        (
            "audience",
            origin().audience(other),
            with(ORIGIN, ORIGIN),
            "audience",
        ),
        (
            "any",
            origin().allow_any_audience(),
            with(ORIGIN, other),
            "accepted",
        ),
        (
            "any",
            origin().allow_any_audience(),
            with(other, other),
            "issuer",
        ),
    ] {
        let layer = builder.build().unwrap();
        assert_eq!(reason(&layer, &token), expected, "{row}: {token}");
    }
}

#[test]
fn the_default_leeway_is_five_seconds() {
    use std::time::Duration;

    let key = SigningKey::generate("EdDSA", "1");
    let token = |exp: u64| {
        key.token(&claims_with(
            json!({ "iss": ORIGIN, "aud": ORIGIN, "exp": exp }),
        ))
    };
    let layer = with_keys(ORIGIN, &key).build().unwrap();
    assert_eq!(reason(&layer, &token(NOW - 4)), "accepted");
    assert_eq!(reason(&layer, &token(NOW - 5)), "expired");
    let strict = with_keys(ORIGIN, &key)
        .leeway(Duration::ZERO)
        .build()
        .unwrap();
    assert_eq!(reason(&strict, &token(NOW)), "expired");
}

#[cfg(feature = "jwks")]
#[test]
fn an_origin_can_be_combined_with_a_secret() {
    let layer = JwtAuthLayer::better_auth(ORIGIN)
        .secret(SECRET)
        .clock(|| at(NOW))
        .build()
        .unwrap();
    let for_origin = claims_with(json!({ "iss": ORIGIN, "aud": ORIGIN }));
    assert_eq!(reason(&layer, &token(&for_origin)), "accepted");
    assert_eq!(reason(&layer, &token(&claims())), "issuer");
}

/// A fetcher that records its URL replaces the network.
#[cfg(feature = "jwks-custom")]
#[tokio::test]
async fn the_keys_are_fetched_from_the_origin_by_default() {
    use std::{
        pin::Pin,
        sync::{Arc, Mutex},
    };

    use tower_jwt_auth::jwks::{FetchError, FetchedJwks, JwksFetch};

    struct Recorder(String, Arc<Mutex<Vec<String>>>);

    impl JwksFetch for Recorder {
        fn fetch<'a>(
            &'a self,
            url: &'a str,
        ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>> {
            self.1.lock().unwrap().push(url.to_owned());
            Box::pin(std::future::ready(Ok(FetchedJwks::new(&*self.0))))
        }
    }

    let key = SigningKey::generate("EdDSA", "1");
    let origin = JwtAuthLayer::better_auth;
    for (row, builder, url, iss) in [
        (
            "unchanged",
            origin(ORIGIN),
            "https://app.example.com/api/auth/jwks",
            ORIGIN,
        ),
        (
            "with a port",
            origin("http://localhost:3000"),
            "http://localhost:3000/api/auth/jwks",
            "http://localhost:3000",
        ),
        (
            "another URL",
            origin(ORIGIN).jwks_url("https://keys.example.com/jwks"),
            "https://keys.example.com/jwks",
            ORIGIN,
        ),
        (
            "the fix for Docker",
            origin(ORIGIN)
                .jwks_url("http://web:3000/api/auth/jwks")
                .allow_http(),
            "http://web:3000/api/auth/jwks",
            ORIGIN,
        ),
        (
            "another issuer",
            origin(ORIGIN).issuer("https://iss.example.com"),
            "https://app.example.com/api/auth/jwks",
            "https://iss.example.com",
        ),
    ] {
        let urls = Arc::<Mutex<Vec<String>>>::default();
        let layer = builder
            .jwks_fetcher(Recorder(jwks([&key]), Arc::clone(&urls)))
            .clock(|| at(NOW))
            .build()
            .unwrap();
        layer.ready().await.unwrap();
        assert_eq!(*urls.lock().unwrap(), [url], "{row}");
        let aud = if iss == "http://localhost:3000" {
            iss
        } else {
            ORIGIN
        };
        let token = key.token(&claims_with(json!({ "iss": iss, "aud": aud })));
        assert_eq!(reason(&layer, &token), "accepted", "{row}");
    }
}

/// A builder for the tokens of this origin, with this key.
fn with_keys(origin: &str, key: &SigningKey) -> JwtAuthBuilder {
    JwtAuthLayer::better_auth(origin)
        .jwks_text(jwks([key]))
        .clock(|| at(NOW))
}
