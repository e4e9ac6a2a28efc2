//! Keycloak, Ping, FusionAuth, Spring Authorization Server, authentik, and Directus.

use serde_json::{Value, json};
use tower_jwt_auth::{Algorithm, JwtAuthBuilder, JwtAuthLayer};

use super::*;

const REALM: &str = "https://login.example.com/realms/notes";
const REALM_KEYS: &str = "https://login.example.com/realms/notes/protocol/openid-connect/certs";

fn keycloak() -> JwtAuthBuilder {
    let builder = JwtAuthLayer::builder().jwks_url(REALM_KEYS).issuer(REALM);
    builder.audience("account")
}

/// A realm publishes a key for encryption beside the one for signatures.
fn keycloak_row(case: &'static str, claims: Value) -> Row {
    let jwk = |kid: &str, alg: &str, used: &str| json!({ "kid": kid, "alg": alg, "use": used, "x5c": ["MIIB"] });
    Row::new(
        "Keycloak",
        case,
        json!({ "alg": "RS256", "typ": "JWT", "kid": "kcS" }),
        claims,
    )
    .keys(
        REALM_KEYS,
        [jwk("kcE", "RSA-OAEP", "enc"), jwk("kcS", "RS256", "sig")],
    )
    .configured(keycloak)
}

fn keycloak_claims() -> Value {
    json!({
        "auth_time": NOW - 5, "jti": "onrtac:x", "iss": REALM, "aud": "account", "sub": "f:realm:9",
        "typ": "Bearer", "azp": "notes-web", "sid": "kc-session", "acr": "1",
        "realm_access": { "roles": ["offline_access", "editor"] },
        "resource_access": { "account": { "roles": ["view-profile"] } },
        "scope": "email profile", "email_verified": false, "name": "Grace",
        "preferred_username": "grace", "email": "grace@example.com",
    })
}

pub(super) fn rows() -> Vec<Row> {
    const SCOPES: &[&str] = &["email", "profile"];
    let lightweight = || without(without(keycloak_claims(), "sub"), "email");
    let service = with(
        without(keycloak_claims(), "email"),
        json!({ "preferred_username": "service-account-job", "client_id": "job" }),
    );
    vec![
        keycloak_row("an access token", keycloak_claims()).accepted(
            "f:realm:9",
            "grace@example.com",
            SCOPES,
        ),
        keycloak_row("any audience, and a client", keycloak_claims())
            .configured(|| {
                JwtAuthLayer::builder()
                    .jwks_url(REALM_KEYS)
                    .issuer(REALM)
                    .allow_any_audience()
                    .authorized_party("notes-web")
            })
            .accepted("f:realm:9", "grace@example.com", SCOPES),
        keycloak_row("any audience, and another client", keycloak_claims())
            .configured(|| {
                JwtAuthLayer::builder()
                    .jwks_url(REALM_KEYS)
                    .issuer(REALM)
                    .allow_any_audience()
                    .authorized_party("notes-mobile")
            })
            .rejected("authorized_party", "must be \"notes-mobile\""),
        keycloak_row("a service account", service)
            .configured(|| keycloak().email_optional())
            .accepted("f:realm:9", "", SCOPES),
        keycloak_row("a lightweight token", lightweight())
            .configured(|| keycloak().email_optional())
            .rejected("subject", "client scope `basic`"),
        keycloak_row("a lightweight token, and another user ID", lightweight())
            .configured(|| keycloak().email_optional().user_id_claim("sid"))
            .accepted("kc-session", "", SCOPES),
        ping_row("RS512", "RS512")
            .configured(|| ping().algorithms([Algorithm::RS512]))
            .accepted("grace", "", &[]),
        ping_row("PS256", "PS256")
            .configured(|| ping().algorithms([Algorithm::PS256]))
            .accepted("grace", "", &[]),
        ping_row("RS512 that is not listed", "RS512")
            .configured(ping)
            .rejected("unknown_key", "add Algorithm::RS512 to the list"),
        ping_row("RS256 that is not listed", "RS256")
            .configured(|| ping().algorithms([Algorithm::RS512]))
            .rejected("algorithm", "the layer accepts RS512"),
        fusionauth(),
        Row::new(
            "Spring Authorization Server",
            "an access token",
            json!({ "alg": "RS256", "kid": "sp1" }),
            json!({
                "sub": "grace", "aud": "notes-client", "nbf": NOW - 5, "jti": "j",
                "scope": ["openid", "notes.read"], "iss": "http://localhost:9000",
            }),
        )
        .keys(
            "http://localhost:9000/oauth2/jwks",
            [json!({ "e": "AQAB", "kid": "sp1" })],
        )
        .configured(|| {
            JwtAuthLayer::builder()
                .jwks_url("http://localhost:9000/oauth2/jwks")
                .issuer("http://localhost:9000")
                .audience("notes-client")
                .email_optional()
        })
        .accepted("grace", "", &["openid", "notes.read"]),
        Row::new(
            "authentik",
            "an access token",
            json!({ "alg": "RS256", "kid": "au1", "typ": "JWT" }),
            json!({
                "iss": "https://id.example.com/application/o/notes/", "sub": "5f4e3d", "aud": "cid",
                "auth_time": NOW - 5, "email": "grace@example.com", "email_verified": true,
                "name": "Grace", "groups": [],
            }),
        )
        .keys(
            "https://id.example.com/application/o/notes/jwks/",
            [json!({ "alg": "RS256", "use": "sig", "kid": "au1" })],
        )
        .configured(|| {
            JwtAuthLayer::builder()
                .jwks_url("https://id.example.com/application/o/notes/jwks/")
                .issuer("https://id.example.com/application/o/notes/")
                .audience("cid")
        })
        .accepted("5f4e3d", "grace@example.com", &[]),
        directus_row("a text", json!({ "id": "grace" })).accepted("grace", "", &[]),
        directus_row("an integer", json!({ "id": 7 })).accepted("7", "", &[]),
        directus_row("an integer with a fraction", json!({ "id": 7.0 }))
            .rejected("subject", "id is required as the user ID"),
        directus_row("an integer in sub that is not named", json!({ "sub": 7 }))
            .configured(|| {
                let builder = JwtAuthLayer::builder().secret(LONG_SECRET);
                builder.issuer("directus").email_optional()
            })
            .rejected("subject", ".user_id_claim(\"sub\")"),
    ]
}

const PING: &str = "https://sso.example.com";
const PING_KEYS: &str = "https://sso.example.com/pf/JWKS";

fn ping() -> JwtAuthBuilder {
    let builder = JwtAuthLayer::builder().jwks_url(PING_KEYS).issuer(PING);
    builder.audience("notes").email_optional()
}

/// The JWK has no `alg`.
fn ping_row(case: &'static str, alg: &str) -> Row {
    let claims = json!({ "iss": PING, "aud": "notes", "sub": "grace" });
    Row::new(
        "PingFederate",
        case,
        json!({ "alg": alg, "kid": "pi1" }),
        claims,
    )
    .keys(PING_KEYS, [json!({ "use": "sig", "kid": "pi1" })])
}

fn fusionauth() -> Row {
    Row::new(
        "FusionAuth",
        "the default key",
        json!({ "alg": "HS256", "kid": "fa1", "typ": "JWT", "gty": ["password"] }),
        json!({
            "aud": "app-1", "iss": "acme.example.com", "sub": "grace", "jti": "j",
            "email": "grace@example.com", "email_verified": true, "applicationId": "app-1",
            "roles": ["editor"],
        }),
    )
    .configured(|| {
        let builder = JwtAuthLayer::builder().secret(LONG_SECRET);
        builder.issuer("acme.example.com").audience("app-1")
    })
    .accepted("grace", "grace@example.com", &[])
}

fn directus_row(case: &'static str, members: Value) -> Row {
    let claims = json!({ "role": "editor", "iss": "directus" });
    Row::new(
        "Directus",
        case,
        json!({ "alg": "HS256", "typ": "JWT" }),
        with(claims, members),
    )
    .configured(|| {
        JwtAuthLayer::builder()
            .secret(LONG_SECRET)
            .issuer("directus")
            .user_id_claim("id")
            .email_optional()
    })
}

#[tokio::test(start_paused = true)]
async fn a_key_for_encryption_is_logged_at_debug_only() {
    let row = keycloak_row("", keycloak_claims());
    let events = Captured::start();
    let layer = row.layer(&row.pages());
    layer.ready().await.unwrap();
    assert_eq!(events.at("WARN"), [""; 0]);
    assert_contains(events.at("DEBUG").join("\n"), "kcE", "");
}
