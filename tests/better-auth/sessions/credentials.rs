//! The credentials of two users, of each kind.

use std::time::{SystemTime, UNIX_EPOCH};

use http::request::Parts;
use serde_json::json;
use tower_jwt_auth::{Authentication, Authenticator, CurrentUser, Rejection};

use super::{Account, Site};

/// Ada's cookies, Bob's bearers, and a session that has ended.
pub struct Credentials {
    pub ada: Account,
    pub bob: Account,
    pub dead: Account,
    pub bearer: String,
    pub dead_bearer: String,
    pub forged_bearer: String,
    pub jwt: String,
    pub expired_jwt: String,
    pub jwt_cookie: String,
    pub expired_jwt_cookie: String,
    pub forged: String,
    pub unsigned: String,
    pub secure: String,
    pub host: String,
    pub other_prefix: String,
    pub multi_session: String,
    pub admin_session: String,
    pub chunks: [String; 3],
}

impl Credentials {
    pub async fn new(site: Site<'_>) -> Self {
        let (ada, bob) = (site.sign_up("ada").await, site.sign_up("bob").await);
        let dead = site.sign_up("carol").await;
        site.post("/api/auth/sign-out", &dead.cookie, &json!({}))
            .await;
        let jwt = jwt(site, &bob, 900).await;
        let expired_jwt = self::jwt(site, &bob, -900).await;
        let forged_cookie = bob.forged_cookie();
        let (_, forged_bearer) = forged_cookie.split_once('=').unwrap();
        let bearer = |token: &str| format!("Bearer {token}");
        let named = |name: &str, value: &str| format!("{name}={value}");
        let name = "better-auth.session_token";
        let multi = format!("{name}_multi-{}", ada.token().to_lowercase());
        let (data_name, data) = ada.data.split_once('=').expect("session_data");
        let third = data.len() / 3;
        let chunks = [&data[..third], &data[third..2 * third], &data[2 * third..]];
        let mut number = 0..;
        Self {
            bearer: bearer(bob.encoded()),
            dead_bearer: bearer(dead.encoded()),
            forged_bearer: bearer(forged_bearer),
            jwt: bearer(&jwt),
            expired_jwt: bearer(&expired_jwt),
            jwt_cookie: named("jwt", &jwt),
            expired_jwt_cookie: named("jwt", &expired_jwt),
            forged: ada.forged_cookie(),
            unsigned: named(name, ada.token()),
            secure: named(&format!("__Secure-{name}"), bob.encoded()),
            host: named(&format!("__Host-{name}"), bob.encoded()),
            other_prefix: named("app.session_token", ada.encoded()),
            multi_session: named(&multi, ada.encoded()),
            admin_session: named("better-auth.admin_session", ada.encoded()),
            chunks: chunks
                .map(|chunk| format!("{data_name}.{}={chunk}", number.next().unwrap_or(0))),
            ada,
            bob,
            dead,
        }
    }

    /// Returns the credentials that Better Auth has been asked, the newest last.
    pub async fn lookups(&self, site: Site<'_>) -> Vec<String> {
        let tokens = [&self.ada, &self.bob, &self.dead].map(Account::token);
        let lookups = site.lookups(&tokens.join(",")).await;
        lookups.iter().map(|lookup| lookup.credential()).collect()
    }
}

/// Signs a token with the key of the `jwt()` plugin.
async fn jwt(site: Site<'_>, account: &Account, lifetime: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let claims = json!({
        "sub": account.id,
        "email": account.email,
        "iss": site.origin(),
        "aud": site.origin(),
        "exp": now.as_secs() as i64 + lifetime,
    });
    site.server.post("/test/sign", &claims.to_string()).await
}

/// The API keys of a service.
pub struct ApiKeys;

impl ApiKeys {
    pub const GOOD: &str = "key-1";
    pub const USER: &str = "the key's user";
}

impl Authenticator for ApiKeys {
    fn authenticate(&self, request: &Parts) -> Authentication {
        match request.headers.get("x-api-key") {
            None => Authentication::NotMine,
            Some(key) if key == Self::GOOD => {
                Authentication::User(CurrentUser::new(Self::USER, "key@example.com"))
            }
            Some(_) => Authentication::rejected(Rejection::InvalidCredential),
        }
    }
}
