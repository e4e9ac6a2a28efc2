//! Any pattern and, on the next line, any path. A router with that pattern finds the user's own ID,
//! also behind a proxy that rewrites the path as browsers do, or the response is 403.
#![no_main]

use std::{convert::Infallible, future::ready};

use http::{Request, Response, Uri};
use libfuzzer_sys::fuzz_target;
use percent_encoding::percent_decode_str;
use tower::{Layer, Service, service_fn, util::BoxCloneSyncService};
use tower_jwt_auth::{CurrentUser, PathOwnerLayer};

const USER: &str = "alice";

fuzz_target!(|input: &str| {
    let Some((pattern, path)) = input.split_once('\n') else {
        return;
    };
    let Ok(layer) = PathOwnerLayer::new(pattern) else {
        return;
    };
    let Ok(uri) = path.parse::<Uri>() else { return };
    let inner: BoxCloneSyncService<_, _, Infallible> =
        BoxCloneSyncService::new(service_fn(|_| ready(Ok(Response::new(())))));
    let mut request = Request::new(());
    *request.uri_mut() = uri.clone();
    request
        .extensions_mut()
        .insert(CurrentUser::new(USER, "alice@example.com"));
    let mut future = std::pin::pin!(layer.layer(inner).call(request));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Ok(answer)) = future.as_mut().poll(&mut context) else {
        panic!("the request waits");
    };
    if answer.status() == 403 {
        return;
    }
    let mut router = matchit::Router::new();
    if router.insert(pattern, ()).is_err() {
        return;
    }
    let rewritten = url::Url::parse("http://host/")
        .expect("a URL")
        .join(uri.path());
    let rewritten = rewritten
        .map(|url| url.path().to_owned())
        .unwrap_or_default();
    for seen in [uri.path(), &rewritten] {
        let Ok(found) = router.at(seen) else { continue };
        let id = found.params.get("user_id").unwrap_or_default();
        let id = percent_decode_str(id).collect::<Vec<u8>>();
        assert_eq!(
            id,
            USER.as_bytes(),
            "{seen:?} of {path:?} under {pattern:?}"
        );
    }
});
