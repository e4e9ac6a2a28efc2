//! Panics in code that the crate calls. Their messages go to the standard error of the whole
//! process, so the test runs in a child process and reads its output.

use std::{
    convert::Infallible,
    env,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer, PathOwnerLayer};

use super::{
    marks::*,
    rejections::{Coverage, without_header_fields},
    sources,
    tokens::Rules,
};
use crate::{events::Captured, key_source::secret_file::Folder, support::*};

const VARIABLE: &str = "TOWER_JWT_AUTH_LEAKS";

const PANICS: usize = if cfg!(feature = "jwks-custom") { 9 } else { 8 };

#[test]
fn no_panic_reveals_a_token_a_secret_or_a_claim() {
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "leaks::panics::in_a_separate_process"])
        .args(["--ignored", "--nocapture"])
        .env(VARIABLE, MARKED)
        .output()
        .unwrap();
    let output_text = [output.stdout, output.stderr].concat();
    let token = sources::secrets()[0].signer().valid();
    Marks::new()
        .and_token(&token)
        .assert_absent(&output_text, "the process");
    let output_text = String::from_utf8_lossy(&output_text);
    assert!(output.status.success(), "{output_text}");
    let panics = output_text.matches("panicked at").count();
    assert_eq!(panics, PANICS, "{output_text}");
}

#[tokio::test]
#[ignore = "run by another test in a child process"]
async fn in_a_separate_process() {
    let events = Captured::start();
    // The variable is tested here because a process cannot change its own environment safely.
    let variable = sources::variable(VARIABLE);
    Coverage::default().source(&variable).await;
    let layer = variable.layer(Rules::Plain);
    println!("{layer:?} {layer:#?} {:?}", layer.verifier());

    handlers(&layer).await;
    clocks().await;
    let checked = marked_builder()
        .check(|_| panic!("the check"))
        .build()
        .unwrap();
    assert_panics(&checked).await;
    #[cfg(feature = "jwks-custom")]
    fetcher().await;
    println!("{}", without_header_fields(&events.text()));
}

fn marked_builder() -> JwtAuthBuilder {
    keyless().secret(MARKED)
}

fn request() -> Request<()> {
    let mut request = with_bearer(&sources::secrets()[0].signer().valid());
    *request.uri_mut() = format!("/api/{SUB}").parse().unwrap();
    request
}

/// Asserts that the call panics, and prints the error that the caller of the task receives.
async fn assert_call_panics<S>(service: S)
where
    S: Service<Request<()>, Error = Infallible, Future: Send> + Send + 'static,
    S::Response: Send,
{
    let caught = tokio::spawn(async move { drop(service.oneshot(request()).await) }).await;
    let error = caught.unwrap_err();
    assert!(error.is_panic());
    println!("{error} {error:?}");
}

async fn assert_panics(layer: &JwtAuthLayer) {
    let handler = service_fn(async |_: Request<()>| Ok(Response::new(Full::<Bytes>::default())));
    assert_call_panics(layer.layer(handler)).await;
}

async fn handlers(layer: &JwtAuthLayer) {
    type Answer = Result<Response<Full<Bytes>>, Infallible>;
    let owner = PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap();
    let in_call = service_fn(|_: Request<()>| -> std::future::Ready<Answer> {
        panic!("the handler, when it is called")
    });
    let in_future = service_fn(async |request: Request<()>| -> Answer {
        // A careless handler may print everything.
        panic!(
            "the handler, with {:?} {:?}",
            request.headers(),
            request.extensions()
        )
    });
    assert_call_panics(layer.layer(in_call)).await;
    assert_call_panics(layer.layer(in_future)).await;
    assert_call_panics((layer, owner.clone()).layer(in_call)).await;
    assert_call_panics((layer, owner).layer(in_future)).await;
}

/// A clock that panics at times, also while a secret file is checked.
async fn clocks() {
    let folder = Folder::new("leaks");
    for builder in [
        marked_builder(),
        sources::from_file(&folder),
        marked_builder()
            .issuer("a")
            .or(JwtAuthLayer::builder().secret(MARKED).issuer("b")),
    ] {
        let is_broken = Arc::new(AtomicBool::new(false));
        let broken = Arc::clone(&is_broken);
        let clock = move || match broken.load(Ordering::Relaxed) {
            true => panic!("the clock"),
            false => at(NOW),
        };
        let layer = builder.clock(clock).build().unwrap();
        is_broken.store(true, Ordering::Relaxed);
        assert_panics(&layer).await;
        is_broken.store(false, Ordering::Relaxed);
        println!("{layer:?} {layer:#?}");
        let answer = ask(layer, request()).await;
        assert!(matches!(answer.reason(), "accepted" | "issuer"));
    }
}

#[cfg(feature = "jwks-custom")]
async fn fetcher() {
    use std::pin::Pin;

    use tower_jwt_auth::jwks::{FetchError, FetchedJwks, JwksFetch};

    struct Broken;

    impl JwksFetch for Broken {
        fn fetch<'a>(
            &'a self,
            _: &'a str,
        ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>> {
            panic!("the fetcher")
        }
    }

    let layer = JwtAuthLayer::builder()
        .jwks_url("https://example.com")
        .jwks_fetcher(Broken)
        .allow_any_audience()
        .build()
        .unwrap();
    println!("{:?}", layer.ready().await);
    println!("{}", ask(layer, request()).await.reason());
}
