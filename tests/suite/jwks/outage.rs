//! The responses while the issuer is down, on a paused clock. `docs/observability.md` describes them.

use std::time::Duration;

use http::{Request, StatusCode};
use serde_json::json;
use tokio::time::sleep;
use tower_jwt_auth::JwtAuthLayer;

use crate::support::{memory_issuer::MemoryIssuer, signing_keys::SigningKey, *};

/// A request, and its reason while keys are cached and after they have expired.
type Row = (&'static str, Request<()>, [&'static str; 2]);

fn rows(issuer: &MemoryIssuer, cached: &SigningKey) -> Vec<Row> {
    let unknown = SigningKey::generate("EdDSA", "unknown");
    let forged = issuer.invented(&unknown, &cached.kid, "alice");
    let expired = cached.token(&claims_with(json!({ "exp": 1 })));
    vec![
        (
            "a cached key",
            with_bearer(&issuer.token(cached, "alice")),
            ["accepted", "keys_unavailable"],
        ),
        (
            "an unknown key",
            with_bearer(&issuer.token(&unknown, "alice")),
            ["keys_unavailable"; 2],
        ),
        (
            "an unknown key and an expired token",
            with_bearer(&unknown.token(&claims_with(json!({ "exp": 1 })))),
            ["unknown_key", "keys_unavailable"],
        ),
        (
            "a forged signature",
            with_bearer(&forged),
            ["signature", "keys_unavailable"],
        ),
        (
            "an expired token",
            with_bearer(&expired),
            ["expired", "keys_unavailable"],
        ),
        (
            "another algorithm",
            with_bearer(&token(&claims())),
            ["algorithm"; 2],
        ),
        ("no JWT", with_bearer("garbage"), ["malformed"; 2]),
        ("no token", get("/"), ["missing_token"; 2]),
    ]
}

async fn check(layer: &JwtAuthLayer, rows: Vec<Row>, phase: usize) {
    for (what, request, reasons) in rows {
        let answer = ask(layer.clone(), request).await;
        if reasons[phase] == "accepted" {
            answer.assert_reached("alice", what);
            continue;
        }
        assert_eq!(answer.reason(), reasons[phase], "{what}");
        let is_outage = reasons[phase] == "keys_unavailable";
        let status = match is_outage {
            true => StatusCode::SERVICE_UNAVAILABLE,
            false => StatusCode::UNAUTHORIZED,
        };
        assert_eq!(answer.status(), status, "{what}");
        assert_eq!(answer.header("retry-after"), is_outage.then_some("10"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_causes_503_for_tokens_whose_key_is_not_cached() {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let issuer = MemoryIssuer::new();
    let key = issuer.rotate();
    let layer = issuer.layer();
    layer.ready().await.unwrap();
    issuer.set([]);

    for _ in 0..3 {
        sleep(minutes(23)).await;
        let health = layer.jwks_health().remove(0);
        let (age, expires_in) = (health.age.unwrap(), health.expires_in.unwrap());
        assert_eq!(age + expires_in, minutes(70));
        check(&layer, rows(&issuer, &key), 0).await;
        assert!(layer.is_ready());
    }
    assert!(layer.jwks_health()[0].last_error.is_some());

    sleep(minutes(2)).await;
    check(&layer, rows(&issuer, &key), 1).await;
    assert!(!layer.is_ready());
    assert_eq!(layer.jwks_health()[0].keys, 0);
    assert_eq!(layer.jwks_health()[0].expires_in, None);

    // Failed fetches are at most 30 s apart.
    issuer.set([key.clone()]);
    sleep(Duration::from_secs(31)).await;
    let unknown = SigningKey::generate("EdDSA", "unknown");
    for (signer, reason) in [(&*key, "accepted"), (&unknown, "unknown_key")] {
        let request = with_bearer(&issuer.token(signer, "alice"));
        assert_eq!(ask(layer.clone(), request).await.reason(), reason);
    }
}
