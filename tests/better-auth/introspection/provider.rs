//! The OAuth provider, and its clients.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tower_jwt_auth::Introspection;
use url::Url;

use crate::{
    SECRET,
    server::{Credential, Program, Server, User},
};

/// All scopes of the tests.
pub const SCOPES: &str = "tasks:read tasks:write";

const RESOURCE: &str = "https://api.example.com";

const REDIRECT: &str = "https://client.example.com/callback";

/// A code verifier, and its S256 challenge (RFC 7636 appendix B).
const PKCE: (&str, &str) = (
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
);

pub struct Provider(Server);

/// A client with a secret.
pub struct Client {
    pub id: String,
    pub secret: String,
}

impl Client {
    pub fn basic(&self) -> String {
        let pair = format!("{}:{}", self.id, self.secret);
        format!("Basic {}", BASE64_STANDARD.encode(pair))
    }
}

impl Provider {
    /// Returns `None` if the test is skipped.
    pub fn start() -> Option<Self> {
        let variables = [("BETTER_AUTH_SECRET", SECRET)];
        Server::start_program(&Program::OAUTH_PROVIDER, &variables).map(Self)
    }

    pub fn issuer(&self) -> String {
        format!("{}/api/auth", self.0.origin)
    }

    pub fn introspection(&self) -> Introspection {
        Introspection::new(format!("{}/oauth2/introspect", self.issuer()))
    }

    pub async fn sign_up(&self, email: &str) -> User {
        self.0.sign_up(email).await
    }

    pub async fn sign_out(&self, user: &User) {
        self.post("sign-out", user, &json!({})).await;
    }

    /// Registers a client of this user.
    pub async fn register(&self, user: &User) -> Client {
        let metadata = json!({ "redirect_uris": [REDIRECT], "scope": SCOPES });
        let client = self.post("oauth2/create-client", user, &metadata).await;
        let text = |name: &str| client[name].as_str().unwrap().to_owned();
        Client {
            id: text("client_id"),
            secret: text("client_secret"),
        }
    }

    /// Returns an access token without an audience.
    pub async fn opaque_token(&self, user: &User, client: &Client, scope: &str) -> String {
        self.token(user, client, &[("scope", scope)], &[]).await
    }

    /// Returns an access token for the resource.
    pub async fn jwt(&self, user: &User, client: &Client, scope: &str) -> String {
        let resource = ("resource", RESOURCE);
        self.token(user, client, &[("scope", scope), resource], &[resource])
            .await
    }

    /// The authorization code flow, with the user's consent.
    async fn token(
        &self,
        user: &User,
        client: &Client,
        asked: &[(&str, &str)],
        exchanged: &[(&str, &str)],
    ) -> String {
        let query = form(
            &[
                ("response_type", "code"),
                ("client_id", &client.id),
                ("redirect_uri", REDIRECT),
                ("state", "state"),
                ("code_challenge", PKCE.1),
                ("code_challenge_method", "S256"),
            ],
            asked,
        );
        let path = format!("/api/auth/oauth2/authorize?{query}");
        let cookie = format!("better-auth.session_token={}", user.session_cookie);
        let page = self.0.ask(&path, Credential::Cookies(&cookie), "").await;
        let location = page.headers()["location"].to_str().unwrap();
        let (_, query) = location.split_once('?').unwrap();
        // The user has consented before, or does so now.
        let callback = match location.starts_with(REDIRECT) {
            true => location.to_owned(),
            false => {
                let consent = json!({ "accept": true, "oauth_query": query });
                let answer = self.post("oauth2/consent", user, &consent).await;
                answer["url"].as_str().unwrap().to_owned()
            }
        };
        let callback: Url = callback.parse().unwrap();
        let (_, code) = { callback.query_pairs() }
            .find(|(name, _)| name == "code")
            .unwrap_or_else(|| panic!("no code: {callback}"));
        let grant = form(
            &[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", REDIRECT),
                ("code_verifier", PKCE.0),
            ],
            exchanged,
        );
        let answer: Value = serde_json::from_str(&self.post_form("token", client, grant).await)
            .expect("the answer is JSON");
        answer["access_token"]
            .as_str()
            .unwrap_or_else(|| panic!("no token: {answer}"))
            .to_owned()
    }

    pub async fn revoke(&self, client: &Client, token: &str) {
        self.post_form("revoke", client, form(&[("token", token)], &[]))
            .await;
    }

    /// Returns `Authorization` and the form of all introspections.
    pub async fn introspections(&self) -> Vec<(String, Value)> {
        serde_json::from_str(&self.0.text("/test/introspections").await).unwrap()
    }

    async fn post_form(&self, endpoint: &str, client: &Client, form: String) -> String {
        let path = format!("/api/auth/oauth2/{endpoint}");
        let response = self.0.post_form(&path, &client.basic(), form).await;
        let status = response.status();
        let body = String::from_utf8(response.into_body().into()).unwrap();
        assert_eq!(status, 200, "{endpoint}: {body}");
        body
    }

    /// Posts JSON with the user's session.
    async fn post(&self, endpoint: &str, user: &User, body: &Value) -> Value {
        let cookie = format!("better-auth.session_token={}", user.session_cookie);
        let path = format!("/api/auth/{endpoint}");
        let response = self
            .0
            .ask(&path, Credential::Cookies(&cookie), &body.to_string())
            .await;
        let status = response.status();
        let body = String::from_utf8_lossy(response.body());
        assert!(status.is_success(), "{endpoint}: {status} {body}");
        serde_json::from_str(&body).unwrap()
    }
}

fn form(fields: &[(&str, &str)], others: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .extend_pairs(others)
        .finish()
}
