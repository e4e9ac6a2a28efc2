//! The cookie `session_data` of a real Better Auth, in each form that a release has.

mod forms;
mod settings;
mod stateless;
mod text;

use std::time::{Duration, SystemTime};

use http::{Method, header::SET_COOKIE};
use serde_json::{Value, json};
use tower_jwt_auth::{BetterAuthSessions, JwtAuthLayer};

use super::{Service, Site, releases, service::Answer};
use crate::{
    SECRET,
    server::Credential::{Anonymous, Cookies},
};

/// The time for which the cookie is valid by default.
const LIFETIME: Duration = Duration::from_secs(300);

/// The variants of the main server for these tests, with their variables.
pub fn variants(release: &str) -> Vec<(&'static str, Value)> {
    let old = |form| json!({ "SESSION_CACHE": form, "BETTER_AUTH_SECRET": super::OLD_SECRET, "ONLY_SECRET": "1", "NO_JWT": "1" });
    let cache = |form: &str, name: &str, value: &str| json!({ "SESSION_CACHE": form, name: value });
    let mut variants = vec![
        ("/compact", json!({ "SESSION_CACHE": "compact" })),
        ("/jwe", json!({ "SESSION_CACHE": "jwe" })),
        ("/old-compact", old("compact")),
        ("/old-jwt", old("jwt")),
        ("/old-jwe", old("jwe")),
        ("/version-compact", cache("compact", "CACHE_VERSION", "v2")),
        ("/version-jwt", cache("jwt", "CACHE_VERSION", "v2")),
        ("/version-jwe", cache("jwe", "CACHE_VERSION", "v2")),
        ("/bio-compact", cache("compact", "BIO", "1")),
        ("/bio-jwt", cache("jwt", "BIO", "1")),
        ("/bio-jwe", cache("jwe", "BIO", "1")),
        ("/data", cache("compact", "DATA_COOKIE", "cached")),
        (
            "/secure-data",
            json!({ "DATA_COOKIE": "cached", "SECURE_COOKIES": "1" }),
        ),
        ("/stateless", json!({ "NO_DATABASE": "1" })),
    ];
    if release == "1.7" {
        variants.push(("/jwks", json!({ "SESSION_CACHE": "jwks" })));
        let jwks = [
            ("/version-jwks", "CACHE_VERSION", "v2"),
            ("/bio-jwks", "BIO", "1"),
        ];
        let jwks = jwks.map(|(prefix, name, value)| (prefix, cache("jwks", name, value)));
        variants.extend(jwks);
    }
    variants
}

/// The prefixes of the servers with each form that a release has, with this in front.
fn each_form(server: Site<'static>, kind: &str) -> Vec<Site<'static>> {
    let all: [&str; 4] = match kind {
        "version" => [
            "/version-compact",
            "/version-jwt",
            "/version-jwe",
            "/version-jwks",
        ],
        "bio" => ["/bio-compact", "/bio-jwt", "/bio-jwe", "/bio-jwks"],
        _ => ["/compact", "", "/jwe", "/jwks"],
    };
    let has = |prefix: &&str| !prefix.ends_with("jwks") || server.is_release("1.7");
    all.into_iter()
        .filter(has)
        .map(|prefix| server.at(prefix))
        .collect()
}

/// A user, and the cookies of the session.
struct Cached {
    id: String,
    token: String,
    /// Name and value of the session cookie.
    session: String,
    /// The same of `session_data`, or of its chunks.
    data: Vec<String>,
}

impl Cached {
    async fn sign_up(site: Site<'_>) -> Self {
        Self::with(site, "Ada", "").await
    }

    /// A user with this name, whose escapes are those of JSON, and with further members of the request.
    async fn with(site: Site<'_>, name: &str, members: &str) -> Self {
        let number = super::site::number();
        let body = format!(
            r#"{{"name":"{name}","email":"cached{number}@example.com","password":"correct horse"{members}}}"#
        );
        let path = format!("{}/api/auth/sign-up/email", site.prefix);
        let answer = site.server.ask(&path, Anonymous, &body).await;
        assert_eq!(answer.status(), 200, "{site}: {answer:?}");
        // serde_json rejects lone surrogates.
        let text = String::from_utf8_lossy(answer.body()).replace(r"\ud", "");
        let user: Value = serde_json::from_str(&text).unwrap();
        let cookies = answer.headers().get_all(SET_COOKIE).iter();
        let mut cookies = Vec::from_iter(cookies.map(|cookie| {
            let pair = cookie.to_str().unwrap().split(';').next();
            pair.unwrap().to_owned()
        }));
        cookies.retain(|pair| !pair.ends_with('=') && !pair.contains("account_data"));
        let is_data = |pair: &String| pair.contains("session_data") || pair.contains("cached");
        let data = Vec::from_iter(cookies.extract_if(.., |pair| is_data(pair)));
        let [session] = &*cookies else {
            panic!("{site}: {cookies:?}")
        };
        assert!(!data.is_empty(), "{site}");
        let (_, value) = session.split_once('=').unwrap();
        Self {
            id: user["user"]["id"].as_str().unwrap().to_owned(),
            token: value[..32].to_owned(),
            session: session.clone(),
            data,
        }
    }

    fn cookies(&self) -> String {
        self.beside(&self.data)
    }

    /// The session cookie after these.
    fn beside(&self, data: &[String]) -> String {
        format!("{}; {}", data.join("; "), self.session)
    }

    async fn sign_out(&self, site: Site<'_>) {
        let path = format!("{}/api/auth/sign-out", site.prefix);
        let answer = site.server.ask(&path, Cookies(&self.session), "{}").await;
        assert_eq!(answer.status(), 200, "{site}");
    }
}

/// A service that accepts the cookie, with a clock that is ahead.
async fn service(
    site: Site<'_>,
    ahead: Duration,
    configure: impl FnOnce(BetterAuthSessions) -> BetterAuthSessions,
) -> Service {
    let sessions = site.sessions().fresh_for(Duration::ZERO).cookie_cache();
    let builder = match site.prefix {
        // The only form that needs no secret.
        prefix if prefix.ends_with("jwks") => JwtAuthLayer::better_auth(site.origin())
            .jwks_url(format!("{}{prefix}/api/auth/jwks", site.origin())),
        _ => JwtAuthLayer::builder(),
    };
    let sessions = match site.prefix {
        prefix if prefix.ends_with("jwks") => sessions,
        prefix if prefix.starts_with("/old") => sessions.secrets([SECRET, super::OLD_SECRET]),
        _ => sessions.secret(SECRET),
    };
    let builder = builder.clock(move || SystemTime::now() + ahead);
    let layer = builder.sessions(configure(sessions)).build().unwrap();
    // The first fetch of the keys.
    layer.ready().await.unwrap();
    Service::of(layer)
}

/// Sends cookies, and returns the response and the number of lookups that it has caused.
async fn ask(site: Site<'_>, service: &Service, user: &Cached, cookies: &str) -> (Answer, usize) {
    let before = site.lookups(&user.token).await.len();
    let answer = service.send(Method::GET, &[("cookie", cookies)]).await;
    let lookups = site.lookups(&user.token).await.len() - before;
    (answer, lookups)
}
