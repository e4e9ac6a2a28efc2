//! Issuers that are added and removed while the layer is in use, and the readiness of a layer.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde_json::json;
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer, PathOwnerLayer, TokenSource};

use crate::support::*;

const OURS: &str = "https://app.example.com";
const TENANT: &str = "https://tenant.example.com";
const TENANT_SECRET: &str = "another secret of 32 bytes or more";
const NESTED_SECRET: &str = "a fourth secret of 32 bytes or more";
#[cfg(feature = "cache")]
const NEW_SECRET: &str = "a third secret, of 32 bytes or more";

fn ours() -> JwtAuthBuilder {
    builder().issuer(OURS)
}

fn tenant() -> JwtAuthBuilder {
    JwtAuthLayer::builder().secret(TENANT_SECRET).issuer(TENANT)
}

fn token_of(iss: &str, secret: &str) -> String {
    let claims = claims_with(json!({ "iss": iss }));
    sign(r#"{"alg":"HS256"}"#, claims.to_string(), secret)
}

fn tenants_token() -> String {
    token_of(TENANT, TENANT_SECRET)
}

#[test]
fn an_added_issuer_is_accepted_until_it_is_removed() {
    let layer = ours().build().unwrap();
    let (clone, verifier) = (layer.clone(), layer.verifier());
    let issuers = layer.issuers();
    // A single issuer is not selected by `iss`, so its keys are tried first.
    for before in ["signature", "issuer", "issuer"] {
        assert_eq!(reason(&layer, &tenants_token()), before);
        issuers.add(tenant()).unwrap();
        assert_eq!(issuers.names(), [OURS, TENANT]);
        for layer in [&layer, &clone] {
            assert_eq!(reason(layer, &tenants_token()), "accepted");
            assert_eq!(reason(layer, &token_of(OURS, SECRET)), "accepted");
            // Each issuer keeps its own keys.
            assert_eq!(reason(layer, &token_of(TENANT, SECRET)), "signature");
            assert_eq!(reason(layer, &token_of(OURS, TENANT_SECRET)), "signature");
        }
        let user = verifier.verify(&tenants_token()).unwrap();
        assert_eq!(user.issuer(), Some(TENANT));
        assert!(issuers.remove(TENANT));
        assert!(!issuers.remove(TENANT));
        assert_eq!(issuers.names(), [OURS]);
    }
}

#[test]
fn the_issuers_of_the_built_layer_cannot_be_removed() {
    let layer = ours().or(tenant()).build().unwrap();
    for name in [OURS, TENANT, "", "https://other.example.com"] {
        assert!(!layer.issuers().remove(name), "{name}");
    }
    assert_eq!(reason(&layer, &tenants_token()), "accepted");
}

#[tokio::test]
async fn the_users_of_an_added_issuer_are_those_of_another() {
    for (same_users, expected) in [(false, "other_issuer"), (true, "accepted")] {
        let layer = ours().build().unwrap();
        let tenant = tenant();
        let tenant = if same_users {
            tenant.same_users()
        } else {
            tenant
        };
        layer.issuers().add(tenant).unwrap();
        let owner = PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap();
        let mut request = with_bearer(&tenants_token());
        *request.uri_mut() = "/api/alice/tasks".parse().unwrap();
        let answer = ask((layer, owner), request).await;
        assert_eq!(answer.reason(), expected);
    }
}

/// Each tenant has its own layer, which names the issuer before the issuer is added.
#[tokio::test]
async fn a_path_owner_layer_serves_the_added_issuer_that_it_names() {
    let layer = ours().build().unwrap();
    let issuers = layer.issuers();
    let owner = |issuer: &str| {
        let owner = PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap();
        owner.issuer(issuer)
    };
    let reasons = async || {
        let mut reasons = Vec::new();
        for (path, of) in [("alice", TENANT), ("bob", TENANT), ("alice", OURS)] {
            let mut request = with_bearer(&tenants_token());
            *request.uri_mut() = format!("/api/{path}/tasks").parse().unwrap();
            let answer = ask((layer.clone(), owner(of)), request).await;
            reasons.push(answer.reason().to_owned());
        }
        reasons
    };
    issuers.add(tenant()).unwrap();
    assert_eq!(reasons().await, ["accepted", "not_owner", "other_issuer"]);
    issuers.remove(TENANT);
    assert_eq!(reasons().await, ["issuer"; 3]);
}

#[test]
fn same_users_in_a_builder_inside_the_added_one_is_an_error() {
    // It is unclear whether the users of the layer or those of the added issuer are meant.
    let layer = ours().build().unwrap();
    let nested = || {
        let builder = JwtAuthLayer::builder().secret(NESTED_SECRET);
        builder.issuer("https://old.tenant.example.com")
    };
    let added = tenant().or(nested().same_users());
    let error = layer.issuers().add(added).unwrap_err().to_string();
    assert!(error.contains(".same_users() refers to"), "{error}");
    assert_eq!(layer.issuers().names(), [OURS]);
    for added in [
        tenant().or(nested()),
        tenant().same_users().or(nested().same_users()),
    ] {
        let layer = ours().build().unwrap();
        layer.issuers().add(added).unwrap();
    }
}

#[cfg(feature = "cache")]
#[test]
fn removing_an_issuer_ends_its_cached_tokens() {
    let layer = ours().cache_tokens(100).build().unwrap();
    let issuers = layer.issuers();
    issuers.add(tenant()).unwrap();
    for _ in 0..3 {
        assert_eq!(reason(&layer, &tenants_token()), "accepted");
    }
    assert_eq!(layer.cache_stats().unwrap().hits, 2);
    issuers.remove(TENANT);
    assert_eq!(reason(&layer, &tenants_token()), "issuer");
    // Another issuer of the same name has other keys.
    let renewed = JwtAuthLayer::builder().secret(NEW_SECRET).issuer(TENANT);
    issuers.add(renewed).unwrap();
    assert_eq!(reason(&layer, &tenants_token()), "signature");
    assert_eq!(reason(&layer, &token_of(TENANT, NEW_SECRET)), "accepted");
}

#[test]
fn an_invalid_addition_is_an_error_and_changes_nothing() {
    let weak = || JwtAuthLayer::builder().secret("short").issuer(TENANT);
    let nameless = || JwtAuthLayer::builder().secret(TENANT_SECRET);
    let template = || {
        let builder = JwtAuthLayer::builder().secret(TENANT_SECRET);
        builder.issuer_template("https://{x}").any_tenant()
    };
    for (description, added, fix) in [
        (
            "a taken name",
            JwtAuthLayer::builder().secret(TENANT_SECRET).issuer(OURS),
            "remove that one",
        ),
        ("no name", nameless(), "call .issuer("),
        ("two with one name", tenant().or(tenant()), "same name"),
        ("a weak secret", weak(), "32"),
        ("one valid and one weak", tenant().or(weak()), "32"),
        (
            "a setting of the layer",
            tenant().realm("tenant"),
            ".realm(",
        ),
        (
            "a token source",
            tenant().token_sources([TokenSource::cookie("a")]),
            ".token_sources(",
        ),
        ("an invalid template", template(), "segment"),
        ("no keys", JwtAuthLayer::builder().issuer(TENANT), "no key"),
    ] {
        let layer = ours().build().unwrap();
        let error = layer.issuers().add(added).unwrap_err().to_string();
        assert!(error.contains(fix), "{description}: {error}");
        assert_eq!(layer.issuers().names(), [OURS], "{description}");
        assert_eq!(reason(&layer, &token_of(OURS, SECRET)), "accepted");
    }
    let unnamed = builder().build().unwrap();
    let error = unnamed.issuers().add(tenant()).unwrap_err().to_string();
    assert!(error.contains("builder of the layer"), "{error}");
    // Without an issuer, the layer still accepts tokens of any.
    assert_eq!(reason(&unnamed, &token_of(OURS, SECRET)), "accepted");
}

#[cfg(all(feature = "jwks", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
#[test]
fn an_issuer_with_its_own_token_sources_cannot_be_added() {
    let layer = ours().build().unwrap();
    let profile = JwtAuthLayer::cloudflare_access("team", "f43f");
    let error = layer.issuers().add(profile).unwrap_err().to_string();
    assert!(error.contains("token sources"), "{error}");
}

#[test]
fn requests_are_verified_correctly_while_issuers_come_and_go() {
    let layer = ours().build().unwrap();
    let is_done = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let (layer, is_done) = (layer.clone(), Arc::clone(&is_done));
            std::thread::spawn(move || {
                let mut accepted = 0;
                while !is_done.load(Ordering::Relaxed) {
                    assert_eq!(reason(&layer, &token_of(OURS, SECRET)), "accepted");
                    match reason(&layer, &tenants_token()) {
                        "accepted" => accepted += 1,
                        other => assert!(["issuer", "signature"].contains(&other), "{other}"),
                    }
                    assert_ne!(reason(&layer, &token_of(TENANT, SECRET)), "accepted");
                }
                accepted
            })
        })
        .collect();
    let issuers = layer.issuers();
    for _ in 0..300 {
        issuers.add(tenant()).unwrap();
        std::thread::yield_now();
        assert_eq!(reason(&layer, &tenants_token()), "accepted");
        assert!(issuers.remove(TENANT));
        assert_eq!(reason(&layer, &tenants_token()), "issuer");
    }
    is_done.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn a_layer_is_ready_if_each_issuer_has_keys() {
    assert!(ours().build().unwrap().is_ready());
    let missing = JwtAuthLayer::builder().secret_from_env("TOWER_JWT_AUTH_UNSET");
    assert!(!missing.allow_missing_secret().build().unwrap().is_ready());
}

#[cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod fetched {
    use std::time::Duration;

    use tokio::time::sleep;

    use super::*;
    use crate::support::memory_issuer::MemoryIssuer;

    /// An added issuer has the clock of the layer, so its tokens are valid at [`NOW`].
    fn added(issuer: &MemoryIssuer) -> JwtAuthBuilder {
        JwtAuthLayer::builder()
            .jwks_url("https://tenant.example.com/jwks")
            .jwks_fetcher(issuer.clone())
            .jwks_ttl(Duration::from_secs(60))
            .allow_any_audience()
            .issuer(TENANT)
    }

    #[tokio::test(start_paused = true)]
    async fn the_keys_of_an_added_issuer_are_fetched_until_it_is_removed() {
        let issuer = MemoryIssuer::new();
        let key = issuer.rotate();
        let layer = ours().build().unwrap();
        layer.issuers().add(added(&issuer)).unwrap();
        layer.ready().await.unwrap();
        let token = key.token(&claims_with(json!({ "iss": TENANT })));
        assert_eq!(reason(&layer, &token), "accepted");
        sleep(Duration::from_secs(600)).await;
        let before = issuer.fetches().len();
        assert!((10..=13).contains(&before), "{before}");
        assert_eq!(layer.jwks_health().len(), 1);
        layer.issuers().remove(TENANT);
        assert!(layer.jwks_health().is_empty());
        sleep(Duration::from_secs(600)).await;
        assert_eq!(issuer.fetches().len(), before);
        assert_eq!(reason(&layer, &token), "issuer");
    }

    #[tokio::test(start_paused = true)]
    async fn removing_an_issuer_ends_the_wait_for_its_keys() {
        for is_added_again in [false, true] {
            let mut issuer = MemoryIssuer::new();
            issuer.delay = Duration::from_secs(8);
            let token = issuer
                .rotate()
                .token(&claims_with(json!({ "iss": TENANT })));
            let layer = ours().build().unwrap();
            layer.issuers().add(added(&issuer)).unwrap();
            let waiting = tokio::spawn(ask(layer.clone(), with_bearer(&token)));
            sleep(Duration::from_secs(1)).await;
            let start = tokio::time::Instant::now();
            assert!(layer.issuers().remove(TENANT));
            if is_added_again {
                layer.issuers().add(tenant()).unwrap();
            }
            let reason = waiting.await.unwrap().reason().to_owned();
            let expected = if is_added_again {
                "algorithm"
            } else {
                "issuer"
            };
            assert_eq!(reason, expected);
            assert!(start.elapsed() < Duration::from_secs(1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn ready_within_waits_no_longer_than_its_limit() {
        let mut issuer = MemoryIssuer::new();
        issuer.delay = Duration::from_secs(4);
        issuer.rotate();
        let layer = issuer.builder().build().unwrap();
        assert!(!layer.is_ready());
        let error = layer.ready_within(Duration::from_secs(1)).await;
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("1s") && error.contains("https://"),
            "{error}"
        );
        layer.ready_within(Duration::from_secs(10)).await.unwrap();
        assert!(layer.is_ready());
    }

    #[test]
    fn without_a_runtime_ready_within_does_not_panic() {
        let wait = |layer: &JwtAuthLayer| {
            let ready = layer.ready_within(Duration::from_secs(1));
            futures_util::FutureExt::now_or_never(ready).unwrap()
        };
        wait(&ours().build().unwrap()).unwrap();
        let layer = MemoryIssuer::new().builder().build().unwrap();
        let error = wait(&layer).unwrap_err().to_string();
        assert!(error.contains("runtime"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn ready_within_returns_the_error_of_a_fetch_at_once() {
        let issuer = MemoryIssuer::new();
        let layer = issuer.builder().build().unwrap();
        let start = tokio::time::Instant::now();
        let error = layer.ready_within(Duration::from_secs(60)).await;
        assert!(error.unwrap_err().to_string().contains("gone"));
        assert!(start.elapsed() < Duration::from_secs(1));
        assert!(!layer.is_ready());
    }
}
