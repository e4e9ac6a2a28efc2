//! Known issuers, and the settings for fetching key sets.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tower_jwt_auth::{
    JwtAuthLayer,
    jwks::{FetchError, FetchedJwks, JwksFetch},
};

use super::{conversion_error, convert};
use crate::support::{signing_keys::*, *};

/// Answers every URL with this text, and records the URLs.
#[derive(Clone)]
struct Recorder {
    text: Arc<Mutex<Option<String>>>,
    urls: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    fn new(text: String) -> Self {
        Self {
            text: Arc::new(Mutex::new(Some(text))),
            urls: Arc::default(),
        }
    }

    fn count(&self) -> usize {
        self.urls.lock().unwrap().len()
    }
}

impl JwksFetch for Recorder {
    fn fetch<'a>(
        &'a self,
        url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>> {
        self.urls.lock().unwrap().push(url.to_owned());
        let text = self.text.lock().unwrap().clone();
        let answer = text
            .map(FetchedJwks::new)
            .ok_or_else(|| FetchError::new("down"));
        Box::pin(std::future::ready(answer))
    }
}

fn build(issuer: &Value, recorder: &Recorder) -> JwtAuthLayer {
    convert(&json!({ "issuers": issuer }))
        .unwrap()
        .jwks_fetcher(recorder.clone())
        .clock(|| at(NOW))
        .build()
        .unwrap()
}

#[tokio::test]
async fn each_known_issuer_is_configured_as_by_its_builder() {
    let key = SigningKey::generate("ES256", "1");
    let pool = "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_A";
    let cognito = |tokens: &str| json!({ "cognito": { "user_pool_id": "us-west-2_A", "client_id": "c", "tokens": tokens } });
    let cognito_keys =
        "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_A/.well-known/jwks.json";
    let origin = "https://app.example.com";
    let access = json!({ "iss": pool, "client_id": "c", "token_use": "access" });
    let id = json!({ "iss": pool, "aud": "c", "token_use": "id" });
    let at_origin = "https://app.example.com/api/auth/jwks";
    for (issuer, url, claims, expected) in [
        (
            json!({ "better_auth": origin }),
            at_origin,
            json!({ "iss": origin, "aud": origin, "exp": NOW - 4 }),
            "accepted",
        ),
        (
            json!({ "better_auth": origin, "audience": "api", "leeway": 0 }),
            at_origin,
            json!({ "iss": origin, "aud": origin }),
            "audience",
        ),
        (
            json!({ "better_auth_oauth": { "origin": origin, "resource": "r" } }),
            at_origin,
            json!({ "iss": "https://app.example.com/api/auth", "aud": "r" }),
            "accepted",
        ),
        (
            json!({ "firebase": "p" }),
            "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
            json!({ "iss": "https://securetoken.google.com/p", "aud": "p" }),
            "accepted",
        ),
        (cognito("access"), cognito_keys, access.clone(), "accepted"),
        (cognito("access"), cognito_keys, id.clone(), "token_type"),
        (cognito("id"), cognito_keys, id.clone(), "accepted"),
        (cognito("either"), cognito_keys, id, "accepted"),
        (cognito("either"), cognito_keys, access, "accepted"),
    ] {
        let recorder = Recorder::new(jwks([&key]));
        let layer = build(&issuer, &recorder);
        layer.ready().await.unwrap();
        assert_eq!(*recorder.urls.lock().unwrap(), [url], "{issuer}");
        let token = key.token(&claims_with(claims));
        assert_eq!(reason(&layer, &token), expected, "{issuer}");
    }
}

#[tokio::test]
async fn a_proxy_is_configured_with_its_token_source() {
    let key = SigningKey::generate("ES256", "1");
    for (issuer, field, iss) in [
        (
            json!({ "cloudflare_access": { "team": "t", "audience": "a" } }),
            "cf-access-jwt-assertion",
            "https://t.cloudflareaccess.com",
        ),
        (
            json!({ "google_iap": "a" }),
            "x-goog-iap-jwt-assertion",
            "https://cloud.google.com/iap",
        ),
    ] {
        let recorder = Recorder::new(jwks([&key]));
        let layer = build(&issuer, &recorder);
        layer.ready().await.unwrap();
        let token = key.token(&claims_with(json!({ "iss": iss, "aud": "a" })));
        let mut request = get("/");
        request.headers_mut().insert(field, token.parse().unwrap());
        ask(layer, request).await.assert_reached("alice", issuer);
    }
}

#[test]
fn an_issuer_has_at_most_one_profile_with_all_of_its_fields() {
    let error = conversion_error(&json!({ "issuers": [
        { "better_auth": "https://app.example.com", "firebase": "p" },
        { "cognito": { "user_pool_id": "us-west-2_A", "tokens": "all", "client": 1 } },
        { "cloudflare_access": "t", "better_auth_oauth": {} },
    ]}));
    for part in [
        "`issuers[0]` has the fields `better_auth`, `firebase`",
        "`issuers[1].cognito.client` is not a setting",
        "`issuers[1].cognito.client_id` is missing; set it to a string",
        "`issuers[1].cognito.tokens` is a string; set it to \"access\", \"id\", or \"either\"",
        "`issuers[2].cloudflare_access` is a string; set it to a table with `team` and `audience`",
        "`issuers[2].better_auth_oauth.origin` is missing",
        "`issuers[2].better_auth_oauth.resource` is missing",
    ] {
        assert!(error.contains(part), "no {part:?} in: {error}");
    }
}

#[tokio::test]
async fn a_key_set_is_fetched_from_the_url_or_the_metadata() {
    let key = SigningKey::generate("ES256", "1");
    let metadata = json!({ "issuer": "http://issuer", "jwks_uri": "http://issuer/keys" });
    for (issuer, text, urls) in [
        (
            json!({ "jwks_url": "http://keys/jwks", "allow_http": true }),
            jwks([&key]),
            vec!["http://keys/jwks"],
        ),
        (
            json!({ "discover": "http://issuer", "allow_http": true }),
            metadata.to_string(),
            vec![
                "http://issuer/.well-known/openid-configuration",
                "http://issuer/keys",
            ],
        ),
    ] {
        let recorder = Recorder::new(text);
        let mut issuer = issuer;
        issuer["allow_any_audience"] = true.into();
        let layer = build(&issuer, &recorder);
        // The recorder answers the second request of discovery with the metadata too.
        drop(layer.ready().await);
        assert_eq!(*recorder.urls.lock().unwrap(), urls, "{issuer}");
        issuer["allow_http"] = false.into();
        let without = convert(&json!({ "issuers": issuer })).unwrap();
        let error = without.jwks_fetcher(recorder).build().unwrap_err();
        assert!(error.to_string().contains("https"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_intervals_of_a_key_set_are_in_seconds() {
    let key = SigningKey::generate("ES256", "1");
    let recorder = Recorder::new(jwks([&key]));
    let issuer = json!({
        "jwks_url": "https://keys.example.com/jwks",
        "jwks_ttl": 1000, "jwks_max_stale": 2000, "jwks_cooldown": 7,
        "allow_any_audience": true,
    });
    let layer = build(&issuer, &recorder);
    layer.ready().await.unwrap();
    let good = key.token(&claims());

    // Two tokens with unknown keys: the second fetch starts a cooldown after the first.
    let unknown = SigningKey::generate("ES256", "2").token(&claims());
    for _ in 0..2 {
        let started = tokio::time::Instant::now();
        let fetches = recorder.count();
        while recorder.count() == fetches {
            let _ = ask(layer.clone(), with_bearer(&unknown)).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let waited = started.elapsed();
        assert!(waited < Duration::from_millis(7500), "{waited:?}");
        if fetches > 1 {
            assert!(waited > Duration::from_millis(6500), "{waited:?}");
        }
    }

    // Without tokens, the set is refreshed within its time to live, but not early.
    let fetches = recorder.count();
    tokio::time::sleep(Duration::from_secs(700)).await;
    assert_eq!(recorder.count(), fetches, "the default is 600 s");
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(recorder.count(), fetches + 1);

    // An expired set is used for `jwks_max_stale` more.
    *recorder.text.lock().unwrap() = None;
    tokio::time::sleep(Duration::from_secs(2500)).await;
    assert_eq!(reason(&layer, &good), "accepted");
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(reason(&layer, &good), "keys_unavailable");
}
