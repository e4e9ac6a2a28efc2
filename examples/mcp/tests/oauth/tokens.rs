//! Tokens that the MCP server must reject, all issued by the same Better Auth to the same user.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::Url;
use serde_json::{Value, json};

use super::{better_auth::REDIRECT, site::Site};

/// A code verifier, and its S256 challenge (RFC 7636 appendix B).
const PKCE: (&str, &str) = (
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
);

/// The response of the token endpoint for this scope and resource.
async fn tokens(site: &Site, scope: &str, resource: Option<&str>) -> Value {
    let http = reqwest::Client::new();
    let endpoint = |name: &str| format!("{}/api/auth/oauth2/{name}", site.better_auth.origin);
    let metadata = json!({
        "redirect_uris": [REDIRECT],
        "application_type": "native",
        "token_endpoint_auth_method": "none",
    });
    let client = http.post(endpoint("register")).json(&metadata).send();
    let client: Value = client.await.unwrap().json().await.unwrap();
    let id = client["client_id"].as_str().expect("a client ID");
    let resource = resource.map(|resource| ("resource", resource));

    let mut authorize: Url = endpoint("authorize").parse().unwrap();
    authorize
        .query_pairs_mut()
        .extend_pairs([
            ("response_type", "code"),
            ("client_id", id),
            ("redirect_uri", REDIRECT),
            ("state", "state"),
            ("scope", scope),
            ("code_challenge", PKCE.1),
            ("code_challenge_method", "S256"),
        ])
        .extend_pairs(resource);
    let callback = site.better_auth.authorize(authorize.as_str()).await;
    let callback: Url = callback.parse().unwrap();
    let (_, code) = { callback.query_pairs() }
        .find(|(name, _)| name == "code")
        .unwrap_or_else(|| panic!("no code: {callback}"));

    let grant = [
        ("grant_type", "authorization_code"),
        ("client_id", id),
        ("redirect_uri", REDIRECT),
        ("code", &code),
        ("code_verifier", PKCE.0),
    ];
    let grant: Vec<_> = grant.into_iter().chain(resource).collect();
    let response = http.post(endpoint("token")).form(&grant).send().await;
    response.unwrap().json().await.unwrap()
}

/// The header and the claims of a JWT.
fn decode(token: &str) -> [Value; 2] {
    let mut parts = token.split('.');
    [(); 2].map(|()| {
        let part = parts.next().expect("a JWT");
        let json = BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url");
        serde_json::from_slice(&json).expect("JSON")
    })
}

/// A call of a tool with this token.
fn request(site: &Site, tool: &str, token: &str) -> reqwest::RequestBuilder {
    let request = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": { "name": tool, "arguments": {} },
    });
    let request = reqwest::Client::new().post(&site.mcp).json(&request);
    let request = request.header("accept", "application/json, text/event-stream");
    request.bearer_auth(token)
}

/// Calls a tool with this token, and returns the challenge.
async fn call(site: &Site, tool: &str, token: &str) -> Option<String> {
    let response = request(site, tool, token).send().await.unwrap();
    let challenge = response.headers().get("www-authenticate");
    challenge.map(|challenge| challenge.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn access_tokens_have_the_claims_of_rfc_9068() {
    let Some(site) = Site::start("the access token").await else {
        return;
    };
    let tokens = tokens(&site, "openid mcp:read", Some(&site.mcp)).await;
    let [header, claims] = decode(tokens["access_token"].as_str().expect("a token"));
    println!("           {header}\n           {claims}");
    assert_eq!(header["typ"], "at+jwt");
    let issuer = format!("{}/api/auth", site.better_auth.origin);
    assert_eq!(claims["iss"], issuer);
    assert_eq!(claims["sub"], site.user_id);
    for name in ["exp", "iat", "jti", "client_id"] {
        assert!(!claims[name].is_null(), "{name}");
    }
    let audiences = &claims["aud"];
    assert!(audiences.to_string().contains(&site.mcp), "{audiences}");
}

/// MCP requires it of the server, against DNS rebinding.
#[tokio::test]
async fn a_page_of_another_origin_is_rejected_with_any_token() {
    let Some(site) = Site::start("a page of another origin").await else {
        return;
    };
    let tokens = tokens(&site, "mcp:read", Some(&site.mcp)).await;
    let token = tokens["access_token"].as_str().expect("a token");
    for (origin, is_rejected) in [(None, false), (Some("https://mallory.example.com"), true)] {
        let mut request = request(&site, "list_tasks", token);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status() == 403, is_rejected, "{origin:?}");
    }
}

#[tokio::test]
async fn tokens_for_other_purposes_are_rejected() {
    let Some(site) = Site::start("other tokens").await else {
        return;
    };
    let (here, other) = (Some(&*site.mcp), Some(&*site.other));
    for (row, kind, scope, resource, expected) in [
        (
            "without the base scope",
            "access_token",
            "mcp:write",
            here,
            "403 insufficient_scope",
        ),
        (
            "another resource's",
            "access_token",
            "mcp:read",
            other,
            "401 audience",
        ),
        (
            "no resource's",
            "access_token",
            "mcp:read",
            None,
            "401 opaque_session_token",
        ),
        (
            "an ID token",
            "id_token",
            "openid mcp:read",
            here,
            "401 token_type",
        ),
    ] {
        site.transcript.step(row);
        let tokens = tokens(&site, scope, resource).await;
        let token = tokens[kind].as_str();
        let token = token.unwrap_or_else(|| panic!("{row}: {tokens}"));
        let challenge = call(&site, "list_tasks", token).await.expect(row);
        let (status, reason) = expected.split_once(' ').expect("a status and a reason");
        let request = format!("{status} POST /mcp tools/call list_tasks: {reason}");
        assert_eq!(site.transcript.take(), [request], "{row}");
        let error = if status == "403" {
            "insufficient_scope"
        } else {
            "invalid_token"
        };
        let error = format!("error=\"{error}\"");
        assert!(challenge.contains(&error), "{row}: {challenge}");
    }
}
