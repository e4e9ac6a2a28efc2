//! Tokens and key sets in the formats of real issuers, sent through a layer. `docs/issuers.md`
//! describes the same issuers.
#![cfg(all(
    feature = "jwks-custom",
    feature = "tracing",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]

mod algorithms;
mod authorized_party;
mod better_auth;
mod cloud;
mod cognito;
mod guide;

mod hosted;
mod microsoft;
mod names;
mod proxies;
mod roles;
mod self_hosted;
mod services;
mod sources;

use std::{
    collections::{BTreeSet, HashMap},
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{Arc, LazyLock, Mutex},
};

use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderValue, Request, Response, StatusCode, header::COOKIE};
use serde_json::{Value, json};
use sha2::{Sha384, Sha512};
use tower::{Layer, ServiceExt, service_fn};
use tower_jwt_auth::{
    CurrentUser, JwtAuthBuilder, JwtAuthLayer, Rejection,
    jwks::{FetchError, FetchedJwks, JwksFetch},
};

use crate::{
    events::Captured,
    support::{signing_keys::*, *},
};

/// A secret of 88 bytes in base64, which is not decoded.
pub(super) const LONG_SECRET: &str =
    "pX3vQm0Zr8LkYt5WcNs1Hf7GdBa2Ju9KeTo4RiVxCy6MbPwDqEzSgFhAnUjIlO0123456789+/abcdefghijk==";

/// A token of an issuer, its keys, the configuration, and the result.
pub(super) struct Row {
    /// The name in the guide.
    pub(super) issuer: &'static str,
    pub(super) case: &'static str,
    alg: &'static str,
    header: Value,
    pub(super) claims: Value,
    pub(super) key_url: Option<&'static str>,
    jwks: Vec<Value>,
    place: Place,
    /// Whether the parts of the token have padding.
    is_padded: bool,
    configure: fn() -> JwtAuthBuilder,
    pub(super) expected: Expected,
}

#[derive(Clone, Copy)]
pub(super) enum Place {
    Bearer,
    Field(&'static str),
    Cookie(&'static str),
}

pub(super) enum Expected {
    User {
        id: &'static str,
        email: &'static str,
        scopes: &'static [&'static str],
    },
    Rejected {
        reason: &'static str,
        /// A part of the log that names the fix.
        fix: &'static str,
    },
}

impl Row {
    /// A row for a token with this header and these claims, beside `iat` and `exp`.
    pub(super) fn new(
        issuer: &'static str,
        case: &'static str,
        header: Value,
        claims: Value,
    ) -> Self {
        let alg = match header["alg"].as_str().unwrap() {
            "RS256" => "RS256",
            "RS512" => "RS512",
            "PS256" => "PS256",
            "ES256" => "ES256",
            "HS256" => "HS256",
            "EdDSA" => "EdDSA",
            other => panic!("{case}: {other} is not in the list"),
        };
        Self {
            issuer,
            case,
            alg,
            header,
            claims: with(json!({ "iat": NOW - 5, "exp": NOW + 3600 }), claims),
            key_url: None,
            jwks: Vec::new(),
            place: Place::Bearer,
            is_padded: false,
            configure: || unreachable!("no configuration"),
            expected: Expected::Rejected {
                reason: "",
                fix: "",
            },
        }
    }

    /// Publishes keys with these members at this URL. The key whose `kid` is that of the token
    /// signs it, the last one if there are several.
    pub(super) fn keys(mut self, url: &'static str, jwks: impl IntoIterator<Item = Value>) -> Self {
        self.key_url = Some(url);
        self.jwks = jwks.into_iter().collect();
        self
    }

    pub(super) fn configured(mut self, configure: fn() -> JwtAuthBuilder) -> Self {
        self.configure = configure;
        self
    }

    pub(super) fn sent_in(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    pub(super) fn padded(mut self) -> Self {
        self.is_padded = true;
        self
    }

    pub(super) fn accepted(
        mut self,
        id: &'static str,
        email: &'static str,
        scopes: &'static [&'static str],
    ) -> Self {
        self.expected = Expected::User { id, email, scopes };
        self
    }

    pub(super) fn rejected(mut self, reason: &'static str, fix: &'static str) -> Self {
        self.expected = Expected::Rejected { reason, fix };
        self
    }

    pub(super) fn token(&self) -> String {
        if self.is_padded {
            return padded_token(&self.header, &self.claims);
        }
        token_of(self.alg, &self.header, &self.claims)
    }

    pub(super) fn pages(&self) -> Pages {
        let pages = Pages::default();
        if let Some(url) = self.key_url {
            pages.publish(url, published(self.alg, &self.header, &self.jwks));
        }
        pages
    }

    pub(super) fn layer(&self, pages: &Pages) -> JwtAuthLayer {
        layer_with((self.configure)(), pages)
    }

    async fn check(&self) {
        let row = format!("{}: {}", self.issuer, self.case);
        let pages = self.pages();
        let events = Captured::start();
        let layer = self.layer(&pages);
        if self.key_url.is_some() {
            layer.ready().await.unwrap();
        }
        let result = send(&layer, request_with(self.place, &self.token())).await;
        let log = events.text();
        match &self.expected {
            Expected::User { id, email, scopes } => {
                let user = result.unwrap_or_else(|reason| panic!("{row}: {reason:?}; {log}"));
                assert_eq!(user.user_id(), *id, "{row}");
                assert_eq!(user.email(), *email, "{row}");
                assert_eq!(user.scopes(), *scopes, "{row}");
                assert_eq!(user.issuer(), self.claims["iss"].as_str(), "{row}");
                assert_eq!(events.at("WARN"), [""; 0], "{row}");
            }
            Expected::Rejected { reason, fix } => {
                let found = result.unwrap_err();
                assert_eq!(found, (StatusCode::UNAUTHORIZED, *reason), "{row}: {log}");
                assert_contains(&log, fix, &row);
            }
        }
        let fetched: BTreeSet<_> = pages.fetched().into_iter().collect();
        let expected: BTreeSet<_> = self.key_url.map(str::to_owned).into_iter().collect();
        assert_eq!(fetched, expected, "{row}");
    }
}

/// All rows.
pub(super) fn rows() -> Vec<Row> {
    [
        better_auth::rows(),
        microsoft::rows(),
        hosted::rows(),
        cloud::rows(),
        cognito::rows(),
        proxies::rows(),
        self_hosted::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[tokio::test(start_paused = true)]
async fn each_token_of_a_known_issuer_has_the_described_result() {
    for row in rows() {
        row.check().await;
    }
}

#[test]
fn the_rows_have_different_names() {
    let rows = rows();
    let names: BTreeSet<_> = rows.iter().map(|row| (row.issuer, row.case)).collect();
    assert_eq!(names.len(), rows.len());
    assert!(rows.len() > 40, "{}", rows.len());
}

/// Builds a layer at the time [`NOW`] that fetches its keys from these pages.
pub(super) fn layer_with(builder: JwtAuthBuilder, pages: &Pages) -> JwtAuthLayer {
    let builder = builder.jwks_fetcher(pages.clone()).clock(|| at(NOW));
    builder.build().unwrap()
}

/// The key sets by URL, and the URLs that were fetched. A fetch of another URL fails.
#[derive(Clone, Default)]
pub(super) struct Pages {
    pages: Arc<Mutex<HashMap<String, String>>>,
    fetched: Arc<Mutex<Vec<String>>>,
}

impl Pages {
    pub(super) fn publish(&self, url: &str, text: impl Into<String>) {
        let mut pages = self.pages.lock().unwrap();
        pages.insert(url.to_owned(), text.into());
    }

    pub(super) fn fetched(&self) -> Vec<String> {
        self.fetched.lock().unwrap().clone()
    }
}

impl JwksFetch for Pages {
    fn fetch<'a>(
        &'a self,
        url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>> {
        self.fetched.lock().unwrap().push(url.to_owned());
        let page = self.pages.lock().unwrap().get(url).cloned();
        Box::pin(async move {
            page.map(FetchedJwks::new)
                .ok_or_else(|| FetchError::new("status 404").with_status(StatusCode::NOT_FOUND))
        })
    }
}

/// A key for this algorithm. The same name returns the same key, because an RSA key takes long to
/// generate.
pub(super) fn key(alg: &'static str, name: &str) -> Arc<SigningKey> {
    type Keys = Mutex<HashMap<(&'static str, String), Arc<SigningKey>>>;
    static KEYS: LazyLock<Keys> = LazyLock::new(Mutex::default);

    let mut keys = KEYS.lock().unwrap();
    let key = keys.entry((alg, name.to_owned()));
    Arc::clone(key.or_insert_with(|| Arc::new(SigningKey::generate(alg, name))))
}

/// A token that the issuer's key for this algorithm signs, or [`LONG_SECRET`].
pub(super) fn token_of(alg: &'static str, header: &Value, claims: &Value) -> String {
    match alg {
        "HS256" | "HS384" | "HS512" => signed_with_secret(alg, header, claims, LONG_SECRET),
        _ => key(alg, "signer").sign(header, claims),
    }
}

pub(super) fn signed_with_secret(
    alg: &str,
    header: &Value,
    claims: &Value,
    secret: &str,
) -> String {
    let input = format!(
        "{}.{}",
        encode(header.to_string()),
        encode(claims.to_string())
    );
    let tag = match alg {
        "HS256" => mac(&input, secret),
        "HS384" => tag::<Hmac<Sha384>>(&input, secret),
        _ => tag::<Hmac<Sha512>>(&input, secret),
    };
    format!("{input}.{}", encode(tag))
}

fn tag<M: Mac + KeyInit>(input: &str, secret: &str) -> Vec<u8> {
    let mac = <M as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
    mac.chain_update(input).finalize().into_bytes().to_vec()
}

/// A token whose three parts have padding, under the signature.
fn padded_token(header: &Value, claims: &Value) -> String {
    use base64::{Engine, prelude::BASE64_URL_SAFE};

    let encode = |bytes: &[u8]| BASE64_URL_SAFE.encode(bytes);
    let input = format!(
        "{}.{}",
        encode(header.to_string().as_bytes()),
        encode(claims.to_string().as_bytes())
    );
    let signature = key("ES256", "signer").signature(input.as_bytes());
    let token = format!("{input}.{}", encode(&signature));
    assert!(token.contains('='));
    token
}

/// A JWK Set of keys with these members. The last key with the token's `kid` is the one that signs
/// it.
pub(super) fn published(alg: &'static str, header: &Value, jwks: &[Value]) -> String {
    let has_token_id = |jwk: &Value| jwk.get("kid") == header.get("kid");
    let signer = jwks.iter().rposition(has_token_id);
    jwks_of(jwks.iter().enumerate().map(|(index, members)| {
        let key = match (signer, alg) {
            // The token is signed with a secret, beside a key set.
            (_, "HS256") if members["alg"] == "ES256" => key("ES256", "other"),
            (_, "HS256") => key("EdDSA", "other"),
            (Some(signer), _) if signer == index => key(alg, "signer"),
            (_, "RS256") => key(alg, "other"),
            // The keys of the other algorithms are generated quickly.
            _ => Arc::new(SigningKey::generate(alg, "other")),
        };
        let material = without(without(key.jwk(), "alg"), "kid");
        with(material, members.clone())
    }))
}

/// A request with a token in this place.
pub(super) fn request_with(place: Place, token: &str) -> Request<()> {
    let mut request = get("/");
    add_token(&mut request, place, token);
    request
}

pub(super) fn add_token(request: &mut Request<()>, place: Place, token: &str) {
    let (name, value) = match place {
        Place::Bearer => ("authorization", format!("Bearer {token}")),
        Place::Field(name) => (name, token.to_owned()),
        Place::Cookie(name) => (COOKIE.as_str(), format!("{name}={token}")),
    };
    let value = HeaderValue::from_str(&value).unwrap();
    request.headers_mut().insert(name, value);
}

/// Sends a request through a layer. Returns the user that the inner service received, or the status
/// and the reason of the rejection.
pub(super) async fn send(
    layer: &JwtAuthLayer,
    request: Request<()>,
) -> Result<CurrentUser, (StatusCode, &'static str)> {
    let inner = service_fn(async |request: Request<()>| {
        let mut response = Response::new(String::new());
        let user: CurrentUser = request.extensions().get().cloned().unwrap();
        response.extensions_mut().insert(user);
        Ok::<_, Infallible>(response)
    });
    let response = layer.layer(inner).oneshot(request).await.unwrap();
    let extensions = response.extensions();
    match extensions.get::<Rejection>() {
        Some(rejection) => Err((response.status(), rejection.reason())),
        None => Ok(extensions.get().cloned().unwrap()),
    }
}

/// Sends a bearer token through a layer. Returns the reason, or "accepted".
pub(super) async fn sent(layer: &JwtAuthLayer, token: &str) -> &'static str {
    match send(layer, with_bearer(token)).await {
        Ok(_) => "accepted",
        Err((_, reason)) => reason,
    }
}
