//! Auth0, Supabase, Clerk, WorkOS, and Okta.

use serde_json::{Value, json};
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer};

use super::*;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = auth0_rows();
    rows.extend(supabase_rows());
    rows.extend([
        Row::new(
            "Clerk",
            "a session token",
            json!({ "alg": "RS256", "cat": "cl_9", "kid": "ins_7", "typ": "JWT" }),
            json!({
                "azp": "https://notes.example.com", "fva": [2, -1], "iss": CLERK, "jti": "j",
                "nbf": NOW - 15, "sid": "sess_4", "sts": "active", "sub": "user_5x", "v": 2,
                "o": { "id": "org_3", "rol": "admin", "slg": "acme" },
            }),
        )
        .keys(
            "https://clerk.notes.example.com/.well-known/jwks.json",
            [json!({ "use": "sig", "alg": "RS256", "kid": "ins_7" })],
        )
        .configured(clerk)
        .accepted("user_5x", "", &[]),
        Row::new(
            "Clerk",
            "the token of another page",
            json!({ "alg": "RS256", "kid": "ins_7" }),
            json!({ "azp": "https://evil.example.com", "iss": CLERK, "sub": "user_5x" }),
        )
        .keys(
            "https://clerk.notes.example.com/.well-known/jwks.json",
            [json!({ "use": "sig", "alg": "RS256", "kid": "ins_7" })],
        )
        .configured(clerk)
        .rejected("authorized_party", ".authorized_party(…)"),
        Row::new(
            "WorkOS AuthKit",
            "an access token of an impersonator",
            json!({ "alg": "RS256", "kid": "sso_key_4" }),
            json!({
                "iss": "https://api.workos.com/user_management/client_88", "sub": "user_77",
                "act": { "sub": "support@example.com" }, "org_id": "org_5", "role": "editor",
                "roles": ["editor"], "permissions": ["notes:read"], "sid": "session_6", "jti": "j",
            }),
        )
        .keys(
            "https://api.workos.com/sso/jwks/client_88",
            [json!({ "alg": "RS256", "use": "sig", "x5c": ["MIIB"], "kid": "sso_key_4" })],
        )
        .configured(|| {
            JwtAuthLayer::builder()
                .jwks_url("https://api.workos.com/sso/jwks/client_88")
                .issuer("https://api.workos.com/user_management/client_88")
                .allow_any_audience()
                .email_optional()
        })
        .accepted("user_77", "", &["notes:read"]),
        Row::new(
            "Okta",
            "an access token of a custom authorization server",
            json!({ "alg": "RS256", "kid": "ok4" }),
            json!({
                "ver": 1, "jti": "AT.x", "iss": "https://dev-7.okta.com/oauth2/default",
                "aud": "api://default", "cid": "0oa9", "uid": "00u9", "groups": ["Staff"],
                "scp": ["openid", "notes:read"], "sub": "grace@example.com",
            }),
        )
        .keys(
            "https://dev-7.okta.com/oauth2/default/v1/keys",
            [json!({ "alg": "RS256", "use": "sig", "kid": "ok4" })],
        )
        .configured(|| {
            JwtAuthLayer::builder()
                .jwks_url("https://dev-7.okta.com/oauth2/default/v1/keys")
                .issuer("https://dev-7.okta.com/oauth2/default")
                .audience("api://default")
                .email_optional()
        })
        .accepted("grace@example.com", "", &["openid", "notes:read"]),
    ]);
    rows
}

const CLERK: &str = "https://clerk.notes.example.com";

fn clerk() -> JwtAuthBuilder {
    JwtAuthLayer::builder()
        .jwks_url("https://clerk.notes.example.com/.well-known/jwks.json")
        .issuer(CLERK)
        .authorized_party("https://notes.example.com")
        .email_optional()
}

const AUTH0: &str = "https://notes.eu.auth0.com/";
const AUTH0_KEYS: &str = "https://notes.eu.auth0.com/.well-known/jwks.json";

fn auth0() -> JwtAuthBuilder {
    JwtAuthLayer::builder()
        .jwks_url(AUTH0_KEYS)
        .issuer(AUTH0)
        .audience("https://notes-api")
        .email_optional()
}

fn auth0_row(case: &'static str, header: Value, claims: Value) -> Row {
    let jwk = |kid: &str| json!({ "alg": "RS256", "use": "sig", "kid": kid, "x5t": kid, "x5c": ["MIIB"] });
    Row::new("Auth0", case, header, claims)
        .keys(AUTH0_KEYS, [jwk("Zk1"), jwk("Zk2")])
        .configured(auth0)
}

fn auth0_rows() -> Vec<Row> {
    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": "Zk1" });
    let claims = json!({
        "iss": AUTH0, "sub": "auth0|9876", "azp": "spa",
        "aud": ["https://notes-api", "https://notes.eu.auth0.com/userinfo"],
        "scope": "openid write:notes", "permissions": ["read:notes"],
    });
    vec![
        auth0_row("an access token", header.clone(), claims.clone()).accepted(
            "auth0|9876",
            "",
            &["openid", "write:notes", "read:notes"],
        ),
        auth0_row(
            "a machine",
            json!({ "alg": "RS256", "typ": "at+jwt", "kid": "Zk1" }),
            json!({
                "iss": AUTH0, "sub": "job@clients", "aud": "https://notes-api", "client_id": "job",
                "jti": "j", "scope": "",
            }),
        )
        .accepted("job@clients", "", &[]),
        auth0_row("an issuer without its slash", header, claims)
            .configured(|| {
                JwtAuthLayer::builder()
                    .jwks_url(AUTH0_KEYS)
                    .issuer("https://notes.eu.auth0.com")
                    .audience("https://notes-api")
                    .email_optional()
            })
            .rejected("issuer", "the token's value has a trailing slash"),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_missing_slash_is_one_warning() {
    let row = auth0_rows().pop().unwrap();
    let layer = row.layer(&row.pages());
    layer.ready().await.unwrap();
    let events = Captured::start();
    for _ in 0..3 {
        assert_eq!(sent(&layer, &row.token()).await, "issuer");
    }
    let [warning] = &events.at("WARN")[..] else {
        panic!("{}", events.text())
    };
    assert_contains(warning, "trailing slash", "");
    assert_contains(warning, ".issuer(…)", "");
}

/// Auth0 encrypts an access token if the client requests no audience.
#[tokio::test(start_paused = true)]
async fn an_encrypted_token_is_rejected_with_its_cause() {
    let header = json!({ "alg": "dir", "enc": "A256GCM", "iss": AUTH0 });
    let part = encode([7; 40]);
    let jwe = format!("{}..{part}.{part}.{part}", encode(header.to_string()));
    let row = auth0_rows().remove(0);
    let layer = row.layer(&row.pages());
    layer.ready().await.unwrap();
    let events = Captured::start();
    assert_eq!(sent(&layer, &jwe).await, "encrypted");
    for fix in ["encrypted (JWE)", "the client requests no audience"] {
        assert_contains(events.text(), fix, "");
    }
}

const SUPABASE: &str = "https://qrstuvwx.supabase.co/auth/v1";
const SUPABASE_KEYS: &str = "https://qrstuvwx.supabase.co/auth/v1/.well-known/jwks.json";
const SUPABASE_USER: &str = "3d2c1b0a-aaaa-4bbb-8ccc-ddddeeeeffff";

fn supabase() -> JwtAuthBuilder {
    let builder = JwtAuthLayer::builder().jwks_url(SUPABASE_KEYS);
    builder.issuer(SUPABASE).audience("authenticated")
}

fn supabase_row(case: &'static str, alg: &str, members: Value) -> Row {
    let header = json!({ "alg": alg, "kid": "7e6d", "typ": "JWT" });
    let claims = json!({
        "iss": SUPABASE, "sub": SUPABASE_USER, "aud": "authenticated", "phone": "",
        "email": "grace@example.com", "role": "authenticated", "aal": "aal1", "session_id": "s",
        "app_metadata": { "provider": "email", "providers": ["email"] },
        "user_metadata": { "email": "grace@example.com", "sub": SUPABASE_USER },
        "amr": [{ "method": "password", "timestamp": NOW }], "is_anonymous": false,
    });
    Row::new("Supabase", case, header, with(claims, members)).configured(supabase)
}

fn supabase_rows() -> Vec<Row> {
    let jwk = || {
        [json!({
            "alg": "ES256", "ext": true, "key_ops": ["verify"], "use": "sig", "kid": "7e6d",
        })]
    };
    let anonymous = json!({ "email": "", "is_anonymous": true });
    let both = || supabase().secret(LONG_SECRET);
    vec![
        supabase_row("a signing key", "ES256", json!({}))
            .keys(SUPABASE_KEYS, jwk())
            .accepted(SUPABASE_USER, "grace@example.com", &[]),
        supabase_row("the legacy secret", "HS256", json!({}))
            .configured(|| {
                let builder = JwtAuthLayer::builder().secret(LONG_SECRET);
                builder.issuer(SUPABASE).audience("authenticated")
            })
            .accepted(SUPABASE_USER, "grace@example.com", &[]),
        supabase_row("a signing key, while keys move", "ES256", json!({}))
            .keys(SUPABASE_KEYS, jwk())
            .configured(both)
            .accepted(SUPABASE_USER, "grace@example.com", &[]),
        supabase_row("the legacy secret, while keys move", "HS256", json!({}))
            .keys(SUPABASE_KEYS, [json!({ "alg": "ES256", "kid": "another" })])
            .configured(both)
            .accepted(SUPABASE_USER, "grace@example.com", &[]),
        supabase_row("an anonymous user", "ES256", anonymous.clone())
            .keys(SUPABASE_KEYS, jwk())
            .configured(|| supabase().email_optional())
            .accepted(SUPABASE_USER, "", &[]),
        supabase_row(
            "an anonymous user, and the email is required",
            "ES256",
            anonymous,
        )
        .keys(SUPABASE_KEYS, jwk())
        .rejected("user", ".email_optional()"),
    ]
}

#[tokio::test(start_paused = true)]
async fn the_actor_of_an_impersonator_is_in_the_claims() {
    let rows = rows();
    let row = rows
        .iter()
        .find(|row| row.issuer == "WorkOS AuthKit")
        .unwrap();
    let layer = row.layer(&row.pages());
    layer.ready().await.unwrap();
    let user = send(&layer, with_bearer(&row.token())).await.unwrap();
    let claims: Value = user.claims().unwrap();
    assert_eq!(claims["act"]["sub"], "support@example.com");
}
