//! Tokens of Better Auth's `jwt()` plugin, verified with its published keys.

use std::io::{self, Write};

use serde_json::json;
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer};

use super::{
    SECRET, reason_of,
    server::{Server, User},
    tasks_of, with_another_user,
};

/// All algorithms of the plugin.
const ALGORITHMS: [&str; 5] = ["EdDSA", "ES256", "ES512", "RS256", "PS256"];

const TOKEN: &str = "/api/auth/token";

#[tokio::test]
async fn a_token_of_each_algorithm_gives_access_to_its_users_path_only() {
    for alg in ALGORITHMS {
        let Some(server) = start(&[("JWT_ALG", alg)]) else {
            return;
        };
        let (ada, bob) = (
            server.sign_up("ada@example.com").await,
            server.sign_up("bob@example.com").await,
        );
        let token = server.token(TOKEN, &ada).await;
        let tampered = with_another_user(&token, &ada.id, &bob.id);
        let auth = JwtAuthLayer::better_auth(&server.origin).build().unwrap();
        auth.ready().await.unwrap();
        for (what, token, path, status, reason) in [
            ("own tasks", &token, tasks_of(&ada.id), 200, "accepted"),
            (
                "another's tasks",
                &token,
                tasks_of(&bob.id),
                403,
                "not_owner",
            ),
            (
                "another user",
                &tampered,
                tasks_of(&bob.id),
                401,
                "signature",
            ),
        ] {
            let answer = super::ask_layer(auth.clone(), token, &path).await;
            assert_eq!(answer.status(), status, "{alg}, {what}");
            assert_eq!(reason_of(&answer), reason, "{alg}, {what}");
        }
        // Not with `println!`, whose output is hidden if a test passes.
        let _ = writeln!(
            io::stderr(),
            "Better Auth, {alg}: 200, 403 and 401 as expected"
        );
    }
}

#[tokio::test]
async fn session_data_signed_with_a_published_key_is_rejected() {
    let Some(server) = start(&[("SESSION_CACHE", "jwks")]) else {
        return;
    };
    let ada = server.sign_up("ada@example.com").await;
    let session_data = ada.session_data.as_deref().expect("a cookie");
    assert_eq!(
        verdict(&server, better_auth(&server), session_data, &ada).await,
        "token_type"
    );
}

#[tokio::test]
async fn an_oauth_access_token_is_rejected_unless_configured() {
    let Some(server) = start(&[]) else { return };
    let ada = server.sign_up("ada@example.com").await;
    let oauth_issuer = format!("{}/api/auth", server.origin);
    let claims = |iss: &str, aud: serde_json::Value| json!({ "sub": ada.id, "scope": "read", "iss": iss, "aud": aud, "exp": 4_102_444_800_u64 });
    let sign =
        async |claims: serde_json::Value| server.post("/test/sign", &claims.to_string()).await;
    let for_api = sign(claims(&oauth_issuer, json!(["https://api.example.com"]))).await;
    let from_origin = sign(claims(&server.origin, json!(["https://api.example.com"]))).await;

    assert_eq!(
        verdict(&server, better_auth(&server), &for_api, &ada).await,
        "issuer"
    );
    assert_eq!(
        verdict(&server, better_auth(&server), &from_origin, &ada).await,
        "audience"
    );

    let for_oauth = better_auth(&server)
        .issuer(oauth_issuer)
        .audience("https://api.example.com");
    let without_email = for_oauth.clone();
    assert_eq!(
        verdict(&server, without_email, &for_api, &ada).await,
        "user"
    );
    assert_eq!(
        verdict(&server, for_oauth.email_optional(), &for_api, &ada).await,
        "accepted"
    );
}

#[tokio::test]
async fn keys_survive_an_outage_and_are_replaced_after_it() {
    let Some(server) = start(&[]) else { return };
    let ada = server.sign_up("ada@example.com").await;
    let token = server.token(TOKEN, &ada).await;

    server.post("/test/jwks-mode", "429").await;
    let auth = better_auth(&server).build().unwrap();
    assert!(auth.ready().await.unwrap_err().to_string().contains("429"));
    assert_eq!(
        super::ask_layer(auth.clone(), &token, &tasks_of(&ada.id))
            .await
            .status(),
        503
    );

    // The layer fetches again after a second.
    server.post("/test/jwks-mode", "ok").await;
    while auth.jwks_health()[0].keys == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(
        super::ask_layer(auth.clone(), &token, &tasks_of(&ada.id))
            .await
            .status(),
        200
    );

    let port = server.origin.rsplit(':').next().unwrap().to_owned();
    drop(server);
    assert_eq!(
        super::ask_layer(auth.clone(), &token, &tasks_of(&ada.id))
            .await
            .status(),
        200
    );

    // The next server on the port has another key.
    let Some(server) = start(&[("PORT", &port)]) else {
        return;
    };
    let bob = server.sign_up("bob@example.com").await;
    let bobs_token = server.token(TOKEN, &bob).await;
    assert_eq!(
        super::ask_layer(auth.clone(), &bobs_token, &tasks_of(&bob.id))
            .await
            .status(),
        200
    );
    let answer = super::ask_layer(auth, &token, &tasks_of(&ada.id)).await;
    assert_eq!(reason_of(&answer), "unknown_key");
}

fn start(variables: &[(&str, &str)]) -> Option<Server> {
    let secret = [("BETTER_AUTH_SECRET", SECRET)];
    Server::start(&[&secret, variables].concat())
}

fn better_auth(server: &Server) -> JwtAuthBuilder {
    JwtAuthLayer::better_auth(&server.origin)
}

/// Returns the reason for which a request for the user's tasks is rejected, or "accepted".
async fn verdict(server: &Server, auth: JwtAuthBuilder, token: &str, user: &User) -> &'static str {
    let url = format!("{}/api/auth/jwks", server.origin);
    let auth = auth.jwks_url(url).build().unwrap();
    auth.ready().await.unwrap();
    reason_of(&super::ask_layer(auth, token, &tasks_of(&user.id)).await)
}
