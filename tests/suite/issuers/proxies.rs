//! Proxies that add a token to each request: Cloudflare Access, Google's Identity-Aware Proxy, and
//! AWS's Application Load Balancer.

use serde_json::{Value, json};
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer};

use super::*;

pub(super) const TEAM_KEYS: &str = "https://acme.cloudflareaccess.com/cdn-cgi/access/certs";
pub(super) const ASSERTION: Place = Place::Field("cf-access-jwt-assertion");
pub(super) const ACCESS_COOKIE: Place = Place::Cookie("CF_Authorization");

pub(super) fn cloudflare() -> JwtAuthBuilder {
    JwtAuthLayer::cloudflare_access("acme", "9a8b7c")
}

pub(super) fn cloudflare_row(case: &'static str, members: Value) -> Row {
    let claims = json!({
        "aud": ["9a8b7c"], "email": "grace@example.com", "nbf": NOW - 5, "type": "app",
        "iss": "https://acme.cloudflareaccess.com", "identity_nonce": "n", "sub": "cf-user-1",
        "country": "DE",
    });
    let header = json!({ "alg": "RS256", "kid": "cf1", "typ": "JWT" });
    Row::new("Cloudflare Access", case, header, with(claims, members))
        .keys(
            TEAM_KEYS,
            [json!({ "alg": "RS256", "use": "sig", "kid": "cf1" })],
        )
        .configured(cloudflare)
        .sent_in(ASSERTION)
}

/// The claims of a service token that differ from those of a user's token.
pub(super) fn service() -> Value {
    json!({ "sub": "", "common_name": "1f2e.access", "aud": "9a8b7c", "email": null })
}

const IAP: Place = Place::Field("x-goog-iap-jwt-assertion");

fn iap_row(case: &'static str) -> Row {
    Row::new(
        "Google IAP",
        case,
        json!({ "alg": "ES256", "kid": "ia1", "typ": "JWT" }),
        json!({
            "iss": "https://cloud.google.com/iap", "aud": "/projects/77/global/backendServices/88",
            "sub": "accounts.google.com:4711", "email": "grace@example.com",
        }),
    )
    .keys(
        "https://www.gstatic.com/iap/verify/public_key-jwk",
        [json!({ "alg": "ES256", "use": "sig", "kid": "ia1" })],
    )
    .configured(|| JwtAuthLayer::google_iap("/projects/77/global/backendServices/88"))
    .sent_in(IAP)
}

pub(super) fn rows() -> Vec<Row> {
    let header = json!({
        "typ": "JWT", "kid": "5678-abcd", "alg": "ES256", "iss": "https://login.example.com",
        "client": "web", "signer": "arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/x",
        "exp": NOW + 60,
    });
    let claims = json!({
        "sub": "42", "email": "grace@example.com", "iss": "https://login.example.com",
    });
    vec![
        cloudflare_row("a user", json!({})).accepted("cf-user-1", "grace@example.com", &[]),
        cloudflare_row("a user's cookie", json!({}))
            .sent_in(ACCESS_COOKIE)
            .accepted("cf-user-1", "grace@example.com", &[]),
        cloudflare_row("another application", json!({ "aud": ["ffff"] }))
            .rejected("audience", "aud must be \"9a8b7c\""),
        cloudflare_row(
            "another team",
            json!({ "iss": "https://evil.cloudflareaccess.com" }),
        )
        .rejected(
            "issuer",
            "iss must be \"https://acme.cloudflareaccess.com\"",
        ),
        cloudflare_row("a service token", service())
            .configured(|| cloudflare().allow_services())
            .accepted("service:1f2e.access", "", &[]),
        cloudflare_row("a service token that is not allowed", service())
            .rejected("subject", ".allow_services()"),
        iap_row("a user").accepted("accounts.google.com:4711", "grace@example.com", &[]),
        Row::new("AWS ALB", "a token with padding", header, claims)
            .padded()
            .configured(|| {
                let key = key("ES256", "signer").pem();
                let builder = JwtAuthLayer::builder().public_key_pem(key);
                builder
                    .issuer("https://login.example.com")
                    .allow_any_audience()
            })
            .rejected("malformed", "x-amzn-oidc-accesstoken"),
    ]
}

/// The document of Cloudflare Access has certificates beside its keys.
#[tokio::test(start_paused = true)]
async fn certificates_beside_the_keys_are_ignored() {
    let row = cloudflare_row("", json!({}));
    let pages = row.pages();
    let keys = published(
        "RS256",
        &json!({ "kid": "cf1" }),
        &[json!({ "kid": "cf1" })],
    );
    let mut document: Value = serde_json::from_str(&keys).unwrap();
    let certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
    document["public_cert"] = json!({ "kid": "cf1", "cert": certificate });
    document["public_certs"] = json!([{ "kid": "cf1", "cert": certificate }]);
    pages.publish(TEAM_KEYS, document.to_string());
    let events = Captured::start();
    let layer = row.layer(&pages);
    layer.ready().await.unwrap();
    assert!(
        send(&layer, request_with(ASSERTION, &row.token()))
            .await
            .is_ok()
    );
    assert_eq!(events.at("WARN"), [""; 0]);
}
