//! A Better Auth, its users, and what it was asked.

use std::{
    fmt,
    sync::atomic::{AtomicU32, Ordering},
};

use http::{HeaderMap, header::SET_COOKIE};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tower_jwt_auth::BetterAuthSessions;

use crate::server::{
    Credential::{Anonymous, Cookies, Fields},
    Server,
};

const GET_SESSION: &str = "/api/auth/get-session";

/// A Better Auth, at a prefix of its server.
#[derive(Clone, Copy)]
pub struct Site<'a> {
    pub server: &'a Server,
    pub prefix: &'static str,
}

impl<'a> Site<'a> {
    pub fn main(server: &'a Server) -> Self {
        let prefix = "";
        Self { server, prefix }
    }

    /// Returns another Better Auth of the same server.
    pub fn at(self, prefix: &'static str) -> Self {
        Self { prefix, ..self }
    }

    pub fn origin(self) -> &'a str {
        &self.server.origin
    }

    pub fn is_release(self, release: &str) -> bool {
        self.server.version.starts_with(&format!("{release}."))
    }

    pub fn sessions(self) -> BetterAuthSessions {
        let sessions = BetterAuthSessions::remote(self.origin());
        match self.prefix {
            "" => sessions,
            prefix => sessions.session_url(format!("{}{prefix}{GET_SESSION}", self.origin())),
        }
    }

    pub async fn sign_up(self, name: &str) -> Account {
        let email = format!("{name}{}@example.com", number());
        self.sign("/api/auth/sign-up/email", name, &email).await
    }

    /// Starts another session of a user.
    pub async fn sign_in(self, account: &Account) -> Account {
        self.sign("/api/auth/sign-in/email", "", &account.email)
            .await
    }

    async fn sign(self, path: &str, name: &str, email: &str) -> Account {
        let body = json!({ "name": name, "email": email, "password": "correct horse" });
        let (headers, answer) = self.post(path, "", &body).await;
        let bearer = headers.get("set-auth-token");
        Account {
            id: answer["user"]["id"].as_str().expect("an id").to_owned(),
            email: email.to_owned(),
            cookie: session_cookie(&headers).expect("a session"),
            data: new_cookie(&headers, "session_data").unwrap_or_default(),
            bearer: bearer
                .map_or("", |token| token.to_str().unwrap())
                .to_owned(),
        }
    }

    /// Sends a POST request to Better Auth, or to a test endpoint; the response must be 200.
    pub async fn post(self, path: &str, cookies: &str, body: &Value) -> (HeaderMap, Value) {
        let path = format!("{}{path}", self.prefix);
        let credential = match cookies {
            "" => Anonymous,
            cookies => Cookies(cookies),
        };
        let answer = self.server.ask(&path, credential, &body.to_string()).await;
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        assert_eq!(answer.status(), 200, "{self}: {path}: {text}");
        let (parts, body) = answer.into_parts();
        (
            parts.headers,
            serde_json::from_slice(&body).unwrap_or_default(),
        )
    }

    /// Returns what `get-session` itself responds to a session cookie.
    pub async fn get_session(self, account: &Account) -> Value {
        self.get_session_of(&[("cookie", &account.cookie)]).await
    }

    /// Returns what `get-session` itself responds to these header fields.
    pub async fn get_session_of(self, fields: &[(&str, &str)]) -> Value {
        let path = format!("{}{GET_SESSION}?disableCookieCache=true", self.prefix);
        let answer = self.server.ask(&path, Fields(fields), "").await;
        serde_json::from_slice(answer.body()).expect("JSON")
    }

    /// Sets columns in the database.
    pub async fn set(self, table: &str, id: &str, columns: Value) {
        let row = json!({ "table": table, "id": id, "set": columns });
        self.post("/test/row", "", &row).await;
    }

    /// Returns the requests to `get-session` whose URL or headers contain one of these texts, which
    /// commas separate.
    pub async fn lookups(self, containing: &str) -> Vec<Lookup> {
        let path = format!("/test/session-requests?containing={containing}");
        serde_json::from_str(&self.server.text(&path).await).expect("JSON")
    }

    /// Sets the answer to lookups of a session: a response, `"hang"`, or `null` for the real one.
    pub async fn answer_lookups_with(self, account: &Account, answer: &Value) {
        let body = json!({ "token": account.token(), "answer": answer });
        self.at("").post("/test/session-answer", "", &body).await;
    }
}

impl fmt::Display for Site<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Better Auth {}{}", self.server.version, self.prefix)
    }
}

/// A number that no other user of this process has.
pub fn number() -> u32 {
    static SEQUENCE: AtomicU32 = AtomicU32::new(0);
    SEQUENCE.fetch_add(1, Ordering::Relaxed)
}

/// The URL of a request, and its headers as alternating names and values.
#[derive(Debug, serde::Deserialize)]
pub struct Lookup(pub String, Vec<String>);

impl Lookup {
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.1.chunks(2).map(|pair| (&*pair[0], &*pair[1]))
    }

    /// Returns the cookie or the `Authorization` field.
    pub fn credential(&self) -> String {
        let is_credential = |name: &str| name == "cookie" || name == "authorization";
        let found = self.headers().filter(|(name, _)| is_credential(name));
        found
            .map(|(_, value)| value)
            .collect::<Vec<_>>()
            .join(" and ")
    }
}

/// A user with a session.
pub struct Account {
    pub id: String,
    pub email: String,
    /// Name and value of the session cookie, as the browser sends it.
    pub cookie: String,
    /// The same of the cookie `session_data`, if the server caches sessions there.
    pub data: String,
    /// The value of `set-auth-token`.
    pub bearer: String,
}

impl Account {
    /// The percent-encoded `<token>.<MAC>`.
    pub fn encoded(&self) -> &str {
        self.cookie.split_once('=').expect("a cookie").1
    }

    /// `<token>.<MAC>`.
    pub fn signed(&self) -> String {
        let decoded = percent_decode_str(self.encoded()).decode_utf8();
        decoded.expect("text").into_owned()
    }

    /// Name and value of the session cookie, with a MAC that another secret may have made.
    pub fn forged_cookie(&self) -> String {
        let mut signed = self.signed().into_bytes();
        let mut mac = signed[33..].iter_mut();
        let letter = mac.find(|byte| byte.is_ascii_alphanumeric()).unwrap();
        *letter = if *letter == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(signed).unwrap();
        let encoded = { forged.replace('+', "%2B") }
            .replace('/', "%2F")
            .replace('=', "%3D");
        self.cookie.replace(self.encoded(), &encoded)
    }

    /// The token without a MAC.
    pub fn token(&self) -> &str {
        &self.encoded()[..32]
    }
}

pub fn session_cookie(headers: &HeaderMap) -> Option<String> {
    new_cookie(headers, "session_token").or_else(|| new_cookie(headers, "sid"))
}

/// Returns the last cookie that is set and whose name ends with this text.
pub fn new_cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get_all(SET_COOKIE).iter().rev();
    let mut pairs = cookies.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap());
    let pair = pairs.find(|pair| {
        let (found, value) = pair.split_once('=').unwrap();
        found.ends_with(name) && !value.is_empty()
    });
    pair.map(str::to_owned)
}
