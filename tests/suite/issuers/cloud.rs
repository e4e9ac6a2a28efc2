//! Google, Firebase Authentication, and Apple.

use serde_json::{Value, json};
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer};

use super::*;

const GOOGLE_KEYS: &str = "https://www.googleapis.com/oauth2/v3/certs";
const GOOGLE_CLIENT: &str = "55.apps.googleusercontent.com";

fn google() -> JwtAuthBuilder {
    JwtAuthLayer::builder()
        .jwks_url(GOOGLE_KEYS)
        .issuer("https://accounts.google.com")
        .issuer("accounts.google.com")
        .audience(GOOGLE_CLIENT)
}

fn google_row(case: &'static str, iss: &str) -> Row {
    let claims = json!({
        "iss": iss, "azp": GOOGLE_CLIENT, "aud": GOOGLE_CLIENT, "sub": "109876543210",
        "email": "grace@example.com", "email_verified": true, "at_hash": "h", "name": "Grace",
    });
    Row::new(
        "Google",
        case,
        json!({ "alg": "RS256", "kid": "go1", "typ": "JWT" }),
        claims,
    )
    .keys(
        GOOGLE_KEYS,
        [json!({ "alg": "RS256", "use": "sig", "kid": "go1" })],
    )
    .configured(google)
}

const FIREBASE_KEYS: &str =
    "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";

fn firebase_row(case: &'static str, members: Value) -> Row {
    let claims = json!({
        "name": "Grace", "picture": "https://p.example.com", "iss": "https://securetoken.google.com/notes-1",
        "aud": "notes-1", "user_id": "fUid", "sub": "fUid", "auth_time": NOW - 5,
        "email": "grace@example.com", "email_verified": true,
        "firebase": { "identities": {}, "sign_in_provider": "password" },
    });
    Row::new(
        "Firebase",
        case,
        json!({ "alg": "RS256", "kid": "fb1", "typ": "JWT" }),
        with(claims, members),
    )
    .keys(
        FIREBASE_KEYS,
        [json!({ "alg": "RS256", "use": "sig", "kid": "fb1" })],
    )
    .configured(|| JwtAuthLayer::firebase("notes-1"))
}

pub(super) fn rows() -> Vec<Row> {
    let anonymous = json!({ "email": null, "firebase": { "sign_in_provider": "anonymous" } });
    vec![
        google_row("an ID token", "https://accounts.google.com")
            .accepted("109876543210", "grace@example.com", &[]),
        google_row("an ID token whose issuer has no scheme", "accounts.google.com")
            .accepted("109876543210", "grace@example.com", &[]),
        firebase_row("an ID token", json!({})).accepted("fUid", "grace@example.com", &[]),
        firebase_row("an anonymous user", anonymous).accepted("fUid", "", &[]),
        firebase_row("another project", json!({ "aud": "notes-2" }))
            .rejected("audience", "aud must be \"notes-1\""),
        firebase_row(
            "the issuer of another project",
            json!({ "iss": "https://securetoken.google.com/notes-2" }),
        )
        .rejected("issuer", "iss must be \"https://securetoken.google.com/notes-1\""),
        Row::new(
            "Apple",
            "an ID token",
            json!({ "alg": "RS256", "kid": "ap1" }),
            json!({
                "iss": "https://appleid.apple.com", "aud": "com.example.notes", "sub": "000.aa.0001",
                "email": "x@privaterelay.appleid.com", "email_verified": "true",
                "auth_time": NOW - 5, "nonce_supported": true,
            }),
        )
        .keys(
            "https://appleid.apple.com/auth/keys",
            [json!({ "alg": "RS256", "use": "sig", "kid": "ap1" })],
        )
        .configured(|| {
            JwtAuthLayer::builder()
                .jwks_url("https://appleid.apple.com/auth/keys")
                .issuer("https://appleid.apple.com")
                .audience("com.example.notes")
        })
        .accepted("000.aa.0001", "x@privaterelay.appleid.com", &[]),
    ]
}

#[tokio::test(start_paused = true)]
async fn the_two_names_of_google_share_one_fetch() {
    let rows = [
        google_row("", "https://accounts.google.com"),
        google_row("", "accounts.google.com"),
    ];
    let pages = rows[0].pages();
    let layer = rows[0].layer(&pages);
    for row in rows {
        assert_eq!(sent(&layer, &row.token()).await, "accepted");
    }
    assert_eq!(pages.fetched(), [GOOGLE_KEYS]);
}

/// The documentation of Firebase names the URL of the certificates first.
#[tokio::test(start_paused = true)]
async fn a_map_of_certificates_is_rejected_with_the_url_of_the_keys() {
    let certificates =
        "https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com";
    let pages = Pages::default();
    let map = json!({ "fb1": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" });
    pages.publish(certificates, map.to_string());
    let builder = JwtAuthLayer::builder().jwks_url(certificates);
    let builder = builder.issuer("https://securetoken.google.com/notes-1");
    let events = Captured::start();
    let layer = layer_with(builder.audience("notes-1"), &pages);
    let error = layer.ready().await.unwrap_err();
    assert_contains(&error, FIREBASE_KEYS, "the error");
    assert_contains(events.at("WARN").join("\n"), FIREBASE_KEYS, "the log");
    let token = firebase_row("", json!({})).token();
    assert_eq!(sent(&layer, &token).await, "keys_unavailable");
}
