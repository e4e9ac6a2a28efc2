//! Every public type, as it prints itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    fs,
    path::Path,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use serde::Deserialize;
use tower::{Layer, Service};
use tower_jwt_auth::{
    Algorithm, CurrentUser, JwtAuthFuture, JwtAuthLayer, KeySet, Outcome, PathOwnerLayer,
    RequireScopeLayer, Secret, SharedKeys, TokenSource,
};

use super::{marks::*, sources, tokens::Rules};
use crate::{events::Captured, key_source::secret_file::Folder, support::*};

/// What the public types say, by their names.
#[derive(Default)]
struct Said(BTreeMap<&'static str, String>);

impl Said {
    fn add(&mut self, name: &'static str, text: impl AsRef<str>) {
        let all = self.0.entry(name).or_default();
        *all += text.as_ref();
        all.push('\n');
    }

    fn debug(&mut self, name: &'static str, value: &dyn Debug) {
        self.add(name, format!("{value:?}\n{value:#?}"));
    }
}

#[test]
fn no_public_type_prints_a_token_a_secret_or_a_claim() {
    let mut said = Said::default();
    let events = Captured::start();
    let folder = Folder::new("leaks");
    let sources = sources::secrets();
    let token = sources[0].signer().good();
    let marks = Marks::new().and_token(&token);

    for builder in [
        JwtAuthLayer::builder()
            .secret(MARKED)
            .secrets([OLD_MARKED, MARKED]),
        JwtAuthLayer::builder().secret(Secret::from_bytes(MARKED)),
        sources::from_file(&folder),
        JwtAuthLayer::builder().public_key_pem(MARKED),
        JwtAuthLayer::builder().jwks_text(MARKED),
        JwtAuthLayer::builder()
            .secret(MARKED)
            .or(JwtAuthLayer::builder().secret(OLD_MARKED)),
    ] {
        said.debug("JwtAuthBuilder", &builder);
    }
    for secret in [
        Secret::from(MARKED),
        Secret::from(MARKED.to_owned()),
        Secret::from_bytes(MARKED),
    ] {
        said.debug("Secret", &secret.clone());
    }
    let layers = sources.iter().map(|source| source.layer(Rules::Plain));
    for layer in layers.chain(sources::unable().into_iter().map(|(_, layer)| layer)) {
        said.debug("JwtAuthLayer", &layer);
        said.debug("JwtAuth", &layer.layer(()));
        let verifier = layer.verifier();
        let _ = verifier.verify(&token);
        said.debug("TokenVerifier", &verifier);
    }
    let user = sources[0].layer(Rules::Plain).verifier().verify(&token);
    users(&mut said, &user.unwrap());
    refusals(&mut said);
    path_owner(&mut said, &token);
    settings(&mut said);
    #[cfg(feature = "axum")]
    extractors(&mut said);
    #[cfg(feature = "tower-http")]
    said.debug("LogRejections", &tower_jwt_auth::LogRejections::new());

    for algorithm in [Algorithm::HS256, Algorithm::EdDSA] {
        said.debug("Algorithm", &algorithm);
        said.add("Algorithm", algorithm.to_string());
    }
    said.debug("KeySet", &KeySet::default());
    said.debug("SharedKeys", &SharedKeys::new(KeySet::default()));
    let error = JwtAuthLayer::builder()
        .secret(&MARKED[..20])
        .secret(format!("{OLD_MARKED}\n"))
        .build();
    said.add("ConfigError", self::said(&error.unwrap_err()));
    #[cfg(feature = "cache")]
    {
        let layer = builder().secret(MARKED).cache_tokens(10).build().unwrap();
        assert!(layer.verifier().verify(&token).is_ok());
        said.debug("CacheStats", &layer.cache_stats().unwrap());
        said.debug("JwtAuthLayer", &layer);
    }
    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    keys(&mut said);
    #[cfg(feature = "jwks-custom")]
    fetching(&mut said);
    #[cfg(feature = "test-kit")]
    test_kit(&mut said);

    for (name, text) in &said.0 {
        marks.assert_absent(text, name);
    }
    marks.assert_absent(events.text(), "the events");
    let mut names: BTreeSet<String> = said.0.into_keys().map(str::to_owned).collect();
    names.insert("JwtAuthFuture".to_owned());
    let mut all = public_types(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")));
    if cfg!(not(all(
        feature = "aws-lc-rs",
        feature = "axum",
        feature = "cache",
        feature = "jwks",
        feature = "test-kit",
        feature = "tower-http"
    ))) {
        all.retain(|name| names.contains(name));
    }
    assert_eq!(names, all, "those that are printed here, and all that are");
    println!("{} types", all.len());
}

fn users(said: &mut Said, user: &CurrentUser) {
    #[derive(Debug, Deserialize)]
    struct WrongType {
        #[expect(dead_code, reason = "it never comes to be")]
        sub: u32,
    }
    assert_eq!(user.user_id(), SUB);
    said.debug("CurrentUser", user);
    said.debug("CurrentUser", &CurrentUser::new(SUB, EMAIL));
    for error in [
        user.claims::<WrongType>().unwrap_err(),
        user.claims::<Vec<u32>>().unwrap_err(),
        user.claims::<&str>().unwrap_err(),
    ] {
        said.add("ClaimsError", self::said(&error));
    }
}

fn refusals(said: &mut Said) {
    let source = &sources::secrets()[0];
    for row in source.signer().refused() {
        let verified = source.layer(row.rules).verifier().verify(&row.token);
        let error = verified.unwrap_err();
        said.add("TokenError", self::said(&error));
        let rejection = tower_jwt_auth::Rejection::from(error);
        said.add("Rejection", self::said(&rejection));
    }
    said.debug(
        "RejectionDetails",
        &tower_jwt_auth::RejectionDetails::default(),
    );
}

/// And the futures and bodies, of which the services make those that can be printed.
fn path_owner(said: &mut Said, token: &str) {
    let layer = PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap();
    said.debug("PathOwnerLayer", &layer);
    let inner = tower::service_fn(|_: Request<()>| {
        let response = Response::new(Full::<Bytes>::default());
        std::future::ready(Ok::<_, std::convert::Infallible>(response))
    });
    let mut service = layer.layer(inner);
    said.debug("PathOwner", &layer.layer(()));
    for path in [format!("/api/{SUB}"), format!("/api/{BOB}")] {
        let mut request = with_bearer(token);
        *request.uri_mut() = path.parse().unwrap();
        request
            .extensions_mut()
            .insert(CurrentUser::new(SUB, EMAIL));
        let future = service.call(request);
        said.debug("ResponseFuture", &future);
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let response = runtime.unwrap().block_on(future).unwrap();
        said.debug("ResponseBody", response.body());
    }
    // It holds the request while that waits for keys.
    let mut auth = sources::secrets()[0].layer(Rules::Plain).layer(inner);
    let future: JwtAuthFuture<_, _> = auth.call(with_bearer(token));
    future.is_silent();
}

/// What a layer is told, and what it tells.
fn settings(said: &mut Said) {
    let scope = RequireScopeLayer::new("b").unwrap();
    said.debug("RequireScope", &scope.layer(()));
    said.debug("RequireScopeLayer", &scope);
    said.debug("Outcome", &Outcome::Accepted);
    let marked = MARKED.to_owned();
    for source in [
        TokenSource::header(),
        TokenSource::cookie(MARKED),
        TokenSource::query(MARKED),
        TokenSource::websocket_protocol(),
        TokenSource::from_fn(move |_, _| Some(marked.clone())),
    ] {
        said.debug("TokenSource", &source);
    }
    let marked = MARKED.to_owned();
    let builder = JwtAuthLayer::builder()
        .answer_with(move |_| Response::new(marked.clone()))
        .observe(|_| ());
    said.debug("JwtAuthBuilder", &builder);
}

#[cfg(feature = "axum")]
fn extractors(said: &mut Said) {
    use axum::extract::FromRequestParts;
    use tower_jwt_auth::{Claims, ExtractRejection};

    said.debug("Claims", &Claims(MARKED));
    let (mut parts, ()) = with_bearer(MARKED).into_parts();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let user = CurrentUser::from_request_parts(&mut parts, &());
    let error: ExtractRejection = runtime.block_on(user).unwrap_err();
    said.add("ExtractRejection", self::said(&error));
}

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
fn keys(said: &mut Said) {
    use tower_jwt_auth::VerifyingKey;

    use crate::support::signing_keys::*;

    let key = SigningKey::generate("ES256", "1");
    let private = with(
        SigningKey::generate("ES256", "2").jwk(),
        serde_json::json!({ "d": encode(MARKED) }),
    );
    let set = KeySet::from_jwks(&jwks_of([key.jwk(), private.clone()])).unwrap();
    assert_eq!(set.skipped().len(), 1);
    said.debug("VerifyingKey", &set.keys()[0]);
    said.debug("KeySet", &set);
    said.debug("SharedKeys", &SharedKeys::new(set));
    let error = VerifyingKey::from_jwk(&private.to_string()).unwrap_err();
    said.add("ConfigError", self::said(&error));
    for source in sources::public::given() {
        let layer = source.layer(Rules::Named);
        let _ = layer.verifier().verify(&source.signer().good());
        said.debug("JwtAuthLayer", &layer);
    }
}

#[cfg(feature = "jwks-custom")]
fn fetching(said: &mut Said) {
    use tower_jwt_auth::jwks::{FetchError, FetchedJwks, JwksFetch};

    struct Answers(fn() -> Result<FetchedJwks, FetchError>);

    impl JwksFetch for Answers {
        fn fetch<'a>(
            &'a self,
            _: &'a str,
        ) -> std::pin::Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>>
        {
            Box::pin(std::future::ready((self.0)()))
        }
    }

    let set = format!(r#"{{"keys":[{{"kty":"oct","k":"{}"}}]}}"#, encode(MARKED));
    said.debug("FetchedJwks", &FetchedJwks::new(set));
    // What a fetcher says is its own, and is meant to be told.
    said.add("FetchError", self::said(&FetchError::new("no answer")));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        for answer in [
            || Ok(FetchedJwks::new(MARKED)),
            || Ok(FetchedJwks::new(format!(r#"{{"keys":["{MARKED}"]}}"#))),
            || Err(FetchError::new("no answer")),
        ] {
            let builder = JwtAuthLayer::builder()
                .jwks_url("https://example.com/jwks")
                .jwks_fetcher(Answers(answer));
            said.debug("JwtAuthBuilder", &builder);
            // Without a feature that verifies, there is no layer.
            let Ok(layer) = builder.build() else { continue };
            said.add("JwksError", self::said(&layer.ready().await.unwrap_err()));
            said.debug("JwksHealth", &layer.jwks_health());
            said.debug("JwtAuthLayer", &layer);
        }
    });
}

#[cfg(feature = "test-kit")]
fn test_kit(said: &mut Said) {
    use tower_jwt_auth::test_kit::{AsUserLayer, TestClock, TestIssuer};

    let issuer = TestIssuer::hs256_with(MARKED);
    said.debug("TestIssuer", &issuer);
    let token = issuer.token_for(SUB).email(EMAIL);
    said.debug("TestToken", &token);
    said.debug("TestClock", &TestClock::new());
    let layer = AsUserLayer::new(CurrentUser::new(SUB, EMAIL));
    said.debug("AsUserLayer", &layer);
    said.debug("AsUser", &layer.layer(()));
    #[cfg(all(
        feature = "jwks-custom",
        any(feature = "aws-lc-rs", feature = "rust-crypto")
    ))]
    said.debug("TestJwks", &tower_jwt_auth::test_kit::TestJwks::new());
}

/// Compiles only for what cannot be printed: of what can be, nobody could say which of the two is
/// meant.
trait Silent<Which> {
    fn is_silent(&self) {}
}

struct Printed;

impl<T> Silent<()> for T {}

impl<T: Debug> Silent<Printed> for T {}

/// The names of all types that are `pub`, which here means that they are part of the crate's face:
/// the lint `unreachable_pub` sees to that.
fn public_types(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.append(&mut public_types(&path));
            continue;
        }
        for line in fs::read_to_string(path).unwrap().lines() {
            let line = line.trim_start();
            let kinds = ["pub struct ", "pub enum ", "pub union "];
            let rest = kinds.into_iter().find_map(|kind| line.strip_prefix(kind));
            if let Some(rest) = rest {
                let name = rest
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next();
                names.extend(name.map(str::to_owned));
            }
        }
    }
    names
}
