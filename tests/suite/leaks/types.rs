//! The `Debug` and `Display` output of every public type.

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
    Algorithm, CognitoToken, CurrentUser, JwtAuthFuture, JwtAuthLayer, KeySet, Outcome,
    PathOwnerLayer, ProtectedResource, RequireFreshLayer, RequireScopeLayer, Secret, SharedKeys,
    TokenSource,
};

use super::{marks::*, sources, tokens::Rules};
use crate::{events::Captured, key_source::secret_file::Folder, support::*};

/// The output of the public types, by name.
#[derive(Default)]
struct Output(BTreeMap<&'static str, String>);

impl Output {
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
    let mut output = Output::default();
    let events = Captured::start();
    let folder = Folder::new("leaks");
    let sources = sources::secrets();
    let token = sources[0].signer().valid();
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
        output.debug("JwtAuthBuilder", &builder);
    }
    for secret in [
        Secret::from(MARKED),
        Secret::from(MARKED.to_owned()),
        Secret::from_bytes(MARKED),
    ] {
        output.debug("Secret", &secret.clone());
    }
    let layers = sources.iter().map(|source| source.layer(Rules::Plain));
    for layer in layers.chain(sources::without_keys().into_iter().map(|(_, layer)| layer)) {
        output.debug("JwtAuthLayer", &layer);
        output.debug("Issuers", &layer.issuers());
        output.debug("JwtAuth", &layer.layer(()));
        let verifier = layer.verifier();
        let _ = verifier.verify(&token);
        output.debug("TokenVerifier", &verifier);
    }
    let user = sources[0].layer(Rules::Plain).verifier().verify(&token);
    users(&mut output, &user.unwrap());
    rejections(&mut output);
    path_owner(&mut output, &token);
    settings(&mut output);
    #[cfg(feature = "axum")]
    extractors(&mut output);
    #[cfg(feature = "tower-http")]
    {
        use tower_jwt_auth::{LogRejections, RejectionsAsSuccess};

        output.debug("LogRejections", &LogRejections::new());
        output.debug("RejectionsAsSuccess", &RejectionsAsSuccess::new(()));
    }

    for algorithm in [Algorithm::HS256, Algorithm::EdDSA] {
        output.debug("Algorithm", &algorithm);
        output.add("Algorithm", algorithm.to_string());
    }
    output.debug("CognitoToken", &CognitoToken::Access);
    output.debug("KeySet", &KeySet::default());
    output.debug("SharedKeys", &SharedKeys::new(KeySet::default()));
    let error = JwtAuthLayer::builder()
        .secret(&MARKED[..20])
        .secret(format!("{OLD_MARKED}\n"))
        .build();
    output.add("ConfigError", full_text(&error.unwrap_err()));
    #[cfg(feature = "cache")]
    {
        let layer = builder().secret(MARKED).cache_tokens(10).build().unwrap();
        assert!(layer.verifier().verify(&token).is_ok());
        output.debug("CacheStats", &layer.cache_stats().unwrap());
        output.debug("JwtAuthLayer", &layer);
    }
    #[cfg(feature = "config")]
    {
        let text = format!(r#"{{"issuers": {{"secret_from_env": "{MARKED}", "x": "{MARKED}"}}}}"#);
        let config: tower_jwt_auth::JwtAuthConfig = serde_json::from_str(&text).unwrap();
        output.debug("JwtAuthConfig", &config);
        let error = tower_jwt_auth::JwtAuthBuilder::try_from(config).unwrap_err();
        output.add("ConfigError", full_text(&error));
    }
    #[cfg(feature = "authenticator")]
    authenticators(&mut output);
    #[cfg(feature = "sessions")]
    sessions(&mut output);
    #[cfg(feature = "sessions-custom")]
    stores(&mut output);
    #[cfg(feature = "introspection")]
    introspection(&mut output);
    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    keys(&mut output);
    #[cfg(feature = "jwks-custom")]
    fetching(&mut output);
    #[cfg(feature = "test-kit")]
    test_kit(&mut output);

    for (name, text) in &output.0 {
        marks.assert_absent(text, name);
    }
    marks.assert_absent(events.text(), "the events");
    let mut names: BTreeSet<String> = output.0.into_keys().map(str::to_owned).collect();
    names.insert("JwtAuthFuture".to_owned());
    // `require_mcp_scope::leaks` prints the body.
    #[cfg(feature = "mcp")]
    names.extend(["McpBody", "RequireMcpScopeFuture"].map(str::to_owned));
    let mut all = public_types(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")));
    if cfg!(not(all(
        feature = "aws-lc-rs",
        feature = "axum",
        feature = "cache",
        feature = "config",
        feature = "introspection",
        feature = "jwks",
        feature = "mcp",
        feature = "sessions",
        feature = "test-kit",
        feature = "tower-http"
    ))) {
        all.retain(|name| names.contains(name));
    }
    assert_eq!(names, all, "the printed types, and all public types");
    println!("{} types", all.len());
}

fn users(output: &mut Output, user: &CurrentUser) {
    #[derive(Debug, Deserialize)]
    struct WrongType {
        #[expect(dead_code, reason = "deserialization fails")]
        sub: u32,
    }
    assert_eq!(user.user_id(), SUB);
    output.debug("CurrentUser", user);
    output.debug("CurrentUser", &CurrentUser::new(SUB, EMAIL));
    for error in [
        user.claims::<WrongType>().unwrap_err(),
        user.claims::<Vec<u32>>().unwrap_err(),
        user.claims::<&str>().unwrap_err(),
    ] {
        output.add("ClaimsError", full_text(&error));
    }
}

fn rejections(output: &mut Output) {
    let source = &sources::secrets()[0];
    for row in source.signer().invalid() {
        let explanation = source.layer(row.rules).verifier().explain(&row.token);
        output.debug("Explanation", &explanation);
        for check in explanation.checks() {
            output.debug("ExplainedCheck", check);
            output.debug("TokenCheck", &check.check());
            output.debug("CheckOutcome", &check.outcome());
        }
        let verified = source.layer(row.rules).verifier().verify(&row.token);
        let error = verified.unwrap_err();
        output.add("TokenError", full_text(&error));
        let rejection = tower_jwt_auth::Rejection::from(error);
        output.add("Rejection", full_text(&rejection));
    }
    output.debug(
        "RejectionDetails",
        &tower_jwt_auth::RejectionDetails::default(),
    );
    let auth = JwtAuthLayer::builder().secret(MARKED).log_user_ids();
    let (mut parts, ()) = with_bearer("").into_parts();
    let user = CurrentUser::new(SUB, EMAIL).from_issuer(CLAIM);
    parts.extensions.insert(user);
    let rejection = tower_jwt_auth::Rejection::NotOwner;
    // The event contains the ID and the issuer, because that is set.
    let _events = Captured::start();
    let response = auth.build().unwrap().reject(rejection, &parts);
    let details = response.extensions().get().unwrap();
    let details: &tower_jwt_auth::RejectionDetails = details;
    assert_eq!(details.user_id(), Some(SUB));
    assert_eq!(details.issuer(), Some(CLAIM));
    output.debug("RejectionDetails", details);
}

/// Also covers the futures and bodies, which only the services create.
fn path_owner(output: &mut Output, token: &str) {
    let layer = PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap();
    output.debug("PathOwnerLayer", &layer);
    let inner = tower::service_fn(|_: Request<()>| {
        let response = Response::new(Full::<Bytes>::default());
        std::future::ready(Ok::<_, std::convert::Infallible>(response))
    });
    let mut service = layer.layer(inner);
    output.debug("PathOwner", &layer.layer(()));
    for path in [format!("/api/{SUB}"), format!("/api/{BOB}")] {
        let mut request = with_bearer(token);
        *request.uri_mut() = path.parse().unwrap();
        request
            .extensions_mut()
            .insert(CurrentUser::new(SUB, EMAIL));
        let future = service.call(request);
        output.debug("ResponseFuture", &future);
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let response = runtime.unwrap().block_on(future).unwrap();
        output.debug("ResponseBody", response.body());
    }
    // Contains the request while it waits for keys, so it does not implement `Debug`.
    let mut auth = sources::secrets()[0].layer(Rules::Plain).layer(inner);
    let future: JwtAuthFuture<_, _> = auth.call(with_bearer(token));
    future.is_silent();
}

/// The settings of a layer, and its outcomes.
fn settings(output: &mut Output) {
    let scope = RequireScopeLayer::new("b").unwrap();
    output.debug("RequireScope", &scope.layer(()));
    output.debug("RequireScopeLayer", &scope);
    let fresh = RequireFreshLayer::any_acr(["b"]).unwrap();
    output.debug("RequireFresh", &fresh.layer(()));
    output.debug("RequireFreshLayer", &fresh);
    output.debug("Outcome", &Outcome::Accepted);
    let resource =
        ProtectedResource::new("https://api.example.com/mcp", "https://login.example.com");
    let resource = resource.unwrap().scopes(["b"]).unwrap();
    output.debug("ProtectedResource", &resource);
    #[cfg(feature = "mcp")]
    {
        let tools = tower_jwt_auth::RequireMcpScopeLayer::new(&resource);
        let tools = tools.session_key(MARKED).unwrap();
        output.debug("RequireMcpScope", &tools.layer(()));
        output.debug("RequireMcpScopeLayer", &tools);
    }
    let marked = MARKED.to_owned();
    for source in [
        TokenSource::header(),
        TokenSource::cookie(MARKED),
        TokenSource::query(MARKED),
        TokenSource::websocket_protocol(),
        TokenSource::from_fn(move |_, _| Some(marked.clone())),
    ] {
        output.debug("TokenSource", &source);
    }
    let marked = MARKED.to_owned();
    let builder = JwtAuthLayer::builder()
        .answer_with(move |_, _| Response::new(marked.clone()))
        .observe(|_| ());
    output.debug("JwtAuthBuilder", &builder);
}

#[cfg(feature = "authenticator")]
fn authenticators(output: &mut Output) {
    use tower_jwt_auth::{Authentication, Rejection};

    use crate::support::authenticator::by_fn;

    for authentication in [
        || Authentication::NotMine,
        || Authentication::User(CurrentUser::new(SUB, EMAIL)),
        || Authentication::rejected_because(Rejection::InvalidCredential, "key_revoked"),
        || Authentication::lookup(async { Authentication::User(CurrentUser::new(SUB, EMAIL)) }),
    ] {
        output.debug("Authentication", &authentication());
        let builder = JwtAuthLayer::builder()
            .secret(MARKED)
            .authenticate_with(by_fn(move |_: &http::request::Parts| authentication()));
        output.debug("JwtAuthBuilder", &builder);
        output.debug("JwtAuthLayer", &builder.build().unwrap());
    }
}

#[cfg(feature = "sessions")]
fn sessions(output: &mut Output) {
    use tower_jwt_auth::BetterAuthSessions;

    let origin = "https://app.example.com";
    let url = format!("https://a:{MARKED}@app.example.com/session?b={MARKED}#{MARKED}");
    for sessions in [
        BetterAuthSessions::remote(origin)
            .secret(MARKED)
            .secrets([OLD_MARKED, MARKED]),
        BetterAuthSessions::remote(origin).secret_from_env(MARKED),
        BetterAuthSessions::remote(origin).session_url(&url),
        BetterAuthSessions::remote(origin).trusted_origins([&url]),
        BetterAuthSessions::remote(&url),
        BetterAuthSessions::remote(MARKED),
    ] {
        output.debug("BetterAuthSessions", &sessions);
        let builder = JwtAuthLayer::builder().sessions(sessions);
        output.debug("JwtAuthBuilder", &builder);
        match builder.build() {
            Ok(layer) => output.debug("JwtAuthLayer", &layer),
            Err(error) => output.add("ConfigError", full_text(&error)),
        }
    }
}

#[cfg(feature = "sessions-custom")]
fn stores(output: &mut Output) {
    use std::pin::Pin;

    use tower_jwt_auth::{
        BetterAuthSessions,
        sessions::{SessionStore, SessionStoreError, StoredSession},
    };

    /// The field is not printed, because a store need not implement `Debug`.
    struct Store(#[expect(dead_code, reason = "for the mark")] &'static str);

    impl SessionStore for Store {
        fn find<'a>(
            &'a self,
            _: &'a str,
        ) -> Pin<
            Box<dyn Future<Output = Result<Option<StoredSession>, SessionStoreError>> + Send + 'a>,
        > {
            Box::pin(std::future::ready(Ok(None)))
        }
    }

    for json in [
        MARKED.to_owned(),
        format!(r#"{{"token":"{MARKED}","email":"{EMAIL}"}}"#),
    ] {
        output.debug("StoredSession", &StoredSession::from_json(&*json, &*json));
    }
    // The message of a store is meant to be shown.
    for error in [
        SessionStoreError::new("no answer"),
        SessionStoreError::unreachable("no answer"),
    ] {
        output.debug("SessionStoreError", &error);
        output.add("SessionStoreError", full_text(&error));
    }
    let origin = "https://app.example.com";
    let sessions = BetterAuthSessions::store(Store(MARKED), origin).secret(MARKED);
    output.debug("BetterAuthSessions", &sessions);
    let builder = JwtAuthLayer::builder().sessions(sessions);
    output.debug("JwtAuthBuilder", &builder);
    output.debug("JwtAuthLayer", &builder.build().unwrap());
    let error = JwtAuthLayer::builder()
        .sessions(BetterAuthSessions::store(Store(MARKED), MARKED).secret(&MARKED[..20]))
        .build();
    output.add("ConfigError", full_text(&error.unwrap_err()));
}

#[cfg(feature = "introspection")]
fn introspection(output: &mut Output) {
    use tower_jwt_auth::Introspection;

    let url = format!("https://a:{MARKED}@auth.example.com/introspect?b={MARKED}#{MARKED}");
    let endpoint = || Introspection::new("https://auth.example.com/introspect");
    for introspection in [
        endpoint().client(MARKED, OLD_MARKED),
        endpoint().client(MARKED, ""),
        endpoint().client_secret_from_env(MARKED, MARKED),
        Introspection::discover("https://auth.example.com").client(MARKED, MARKED),
        Introspection::new(&url),
        Introspection::discover(&url),
        Introspection::new(MARKED),
    ] {
        output.debug("Introspection", &introspection);
        let builder = JwtAuthLayer::builder().introspect(introspection);
        output.debug("JwtAuthBuilder", &builder);
        match builder.build() {
            Ok(layer) => output.debug("JwtAuthLayer", &layer),
            Err(error) => output.add("ConfigError", full_text(&error)),
        }
    }
}

#[cfg(feature = "axum")]
fn extractors(output: &mut Output) {
    use axum::extract::FromRequestParts;
    use tower_jwt_auth::{Claims, ExtractRejection};

    output.debug("Claims", &Claims(MARKED));
    let (mut parts, ()) = with_bearer(MARKED).into_parts();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let user = CurrentUser::from_request_parts(&mut parts, &());
    let error: ExtractRejection = runtime.block_on(user).unwrap_err();
    output.add("ExtractRejection", full_text(&error));
}

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
fn keys(output: &mut Output) {
    use tower_jwt_auth::VerifyingKey;

    use crate::support::signing_keys::*;

    let key = SigningKey::generate("ES256", "1");
    let private = with(
        SigningKey::generate("ES256", "2").jwk(),
        serde_json::json!({ "d": encode(MARKED) }),
    );
    let set = KeySet::from_jwks(&jwks_of([key.jwk(), private.clone()])).unwrap();
    assert_eq!(set.skipped().len(), 1);
    output.debug("VerifyingKey", &set.keys()[0]);
    output.debug("KeySet", &set);
    output.debug("SharedKeys", &SharedKeys::new(set));
    let error = VerifyingKey::from_jwk(&private.to_string()).unwrap_err();
    output.add("ConfigError", full_text(&error));
    for source in sources::public::configured() {
        let layer = source.layer(Rules::Named);
        let _ = layer.verifier().verify(&source.signer().valid());
        output.debug("JwtAuthLayer", &layer);
    }
}

#[cfg(feature = "jwks-custom")]
fn fetching(output: &mut Output) {
    use tower_jwt_auth::jwks::{FetchError, FetchedJwks, JwksFetch};

    struct Fetcher(fn() -> Result<FetchedJwks, FetchError>);

    impl JwksFetch for Fetcher {
        fn fetch<'a>(
            &'a self,
            _: &'a str,
        ) -> std::pin::Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>>
        {
            Box::pin(std::future::ready((self.0)()))
        }
    }

    let set = format!(r#"{{"keys":[{{"kty":"oct","k":"{}"}}]}}"#, encode(MARKED));
    output.debug("FetchedJwks", &FetchedJwks::new(set));
    // A fetcher's own message is meant to be shown.
    output.add("FetchError", full_text(&FetchError::new("no answer")));
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
                .allow_any_audience()
                .jwks_fetcher(Fetcher(answer));
            output.debug("JwtAuthBuilder", &builder);
            // Without a backend, the layer cannot be built.
            let Ok(layer) = builder.build() else { continue };
            output.add("JwksError", full_text(&layer.ready().await.unwrap_err()));
            output.debug("JwksHealth", &layer.jwks_health());
            output.debug("JwtAuthLayer", &layer);
        }
    });
}

#[cfg(feature = "test-kit")]
fn test_kit(output: &mut Output) {
    use tower_jwt_auth::test_kit::{AsUserLayer, TestClock, TestIssuer, TestUser};

    let issuer = TestIssuer::hs256_with(MARKED);
    output.debug("TestIssuer", &issuer);
    let token = issuer.token_for(SUB).email(EMAIL);
    output.debug("TestToken", &token);
    output.debug("TestClock", &TestClock::new());
    output.debug("TestUser", &TestUser::new(SUB).name(NAME));
    let layer = AsUserLayer::new(CurrentUser::new(SUB, EMAIL));
    output.debug("AsUserLayer", &layer);
    output.debug("AsUser", &layer.layer(()));
    #[cfg(all(
        feature = "jwks-custom",
        any(feature = "aws-lc-rs", feature = "rust-crypto")
    ))]
    output.debug("TestJwks", &tower_jwt_auth::test_kit::TestJwks::new());
    #[cfg(feature = "sessions-custom")]
    {
        let sessions = tower_jwt_auth::test_kit::TestSessions::new();
        let session = sessions.session_for(SUB).email(EMAIL).name(NAME);
        let _ = session.sign_in();
        output.debug("TestSession", &session);
        output.debug("TestSessions", &sessions);
    }
}

/// A call of `is_silent` compiles only for types without `Debug`: for the others, it is ambiguous
/// which of the two implementations is meant.
trait Silent<Which> {
    fn is_silent(&self) {}
}

struct Printed;

impl<T> Silent<()> for T {}

impl<T: Debug> Silent<Printed> for T {}

/// The names of all types that are `pub`. These are the public types, because the lint
/// `unreachable_pub` forbids others.
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
