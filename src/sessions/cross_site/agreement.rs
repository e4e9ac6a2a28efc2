//! Compares the rule with that of tower-http.

use std::{
    cell::Cell,
    convert::Infallible,
    future::{Future, ready},
    pin::pin,
    task::{Context, Poll, Waker},
};

use http::{
    Method, Request, Response,
    header::{HOST, ORIGIN, UPGRADE},
};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tower::{Layer, Service, service_fn};
use tower_http::csrf::CsrfLayer;

use super::{SEC_FETCH_SITE, TrustedOrigins};
use crate::config_error::Faults;

const BETTER_AUTH: &str = "https://app.example.com";
const OTHER: &str = "https://admin.example.com:8443";

const METHODS: [&str; 9] = [
    "POST", "GET", "HEAD", "OPTIONS", "TRACE", "DELETE", "CONNECT", "PROPFIND", "get",
];

const URIS: [&str; 6] = [
    "/path",
    "/",
    "*",
    "https://api.example.com/path",
    "http://api.example.com:8080",
    "api.example.com:443",
];

const ORIGINS: [&str; 22] = [
    BETTER_AUTH,
    OTHER,
    "https://api.example.com",
    "http://api.example.com:8080",
    "https://evil.example",
    "null",
    "",
    "*",
    "http://app.example.com",
    "https://APP.example.com",
    "HTTPS://api.example.com",
    "https://api.example.com/",
    "https://api.example.com/path?query#fragment",
    "https://user:p%40@api.example.com",
    "https://[::1]:3000",
    "https://a:b:c",
    "https://a%b",
    "https://",
    "https:///api.example.com",
    "ftp://api.example.com",
    "api.example.com",
    "//api.example.com",
];

const SITES: [&str; 8] = [
    "same-origin",
    "none",
    "same-site",
    "cross-site",
    "",
    "SAME-ORIGIN",
    "none,none",
    "\u{e9}",
];

#[test]
fn the_rule_agrees_with_that_of_tower_http() {
    let mut faults = Faults::default();
    let ours = TrustedOrigins::new(BETTER_AUTH, &[OTHER.to_owned()], &mut faults);
    faults.into_result().unwrap();
    let layer = CsrfLayer::new().add_trusted_origin(BETTER_AUTH).unwrap();
    let layer = layer.add_trusted_origin(OTHER).unwrap();
    let respond = |_| ready(Ok::<_, Infallible>(Response::new(())));
    let theirs = layer.layer(service_fn(respond));

    let [allowed, rejected] = [Cell::new(0), Cell::new(0)];
    let config = Config {
        cases: 1_100,
        failure_persistence: None,
        ..Config::default()
    };
    // A case has many requests, because proptest needs more time for a case than for a number.
    let requests = vec(any::<u64>(), 200);
    let result = TestRunner::new(config).run(&requests, |requests| {
        for mut request in requests.into_iter().filter_map(request) {
            let is_allowed = ours.allow(request.method(), request.uri(), request.headers());
            let count = if is_allowed { &allowed } else { &rejected };
            count.set(count.get() + 1);
            if request.headers().contains_key(UPGRADE) {
                *request.method_mut() = Method::POST;
            }
            let response = pin!(theirs.clone().call(request));
            let response = response.poll(&mut Context::from_waker(Waker::noop()));
            let Poll::Ready(Ok(response)) = response else {
                panic!("the service responds immediately");
            };
            prop_assert_eq!(is_allowed, response.status().is_success());
        }
        Ok(())
    });
    result.unwrap();
    let counts = [allowed, rejected].map(Cell::into_inner);
    println!("{counts:?} requests were allowed and rejected");
    assert!(counts.iter().sum::<u32>() > 200_000, "{counts:?}");
    assert!(counts.into_iter().min() > Some(50_000), "{counts:?}");
}

/// Builds a request whose parts are chosen by the digits of a number. Returns `None` if a header
/// would have an invalid value.
fn request(mut number: u64) -> Option<Request<()>> {
    let mut choose = |count: usize| {
        let digit = number % count as u64;
        number /= count as u64;
        digit as usize
    };
    let method = METHODS[choose(METHODS.len())];
    let uri = URIS[choose(URIS.len())];
    let mut request = Request::builder().method(method).uri(uri);
    if choose(4) == 1 {
        request = request.header(UPGRADE, "websocket");
    }
    let mut origin = ORIGINS[choose(ORIGINS.len())].as_bytes().to_vec();
    let at = choose(origin.len() + 1);
    match (choose(4), choose(256) as u8) {
        (1, byte) => origin.insert(at, byte),
        (2, byte) if at < origin.len() => origin[at] = byte,
        _ => {}
    }
    let own_host = origin
        .split(|byte| matches!(byte, b'/' | b'?' | b'#'))
        .nth(2);
    let hosts = [
        own_host,
        own_host,
        Some(b"api.example.com"),
        Some(b"evil.example"),
        Some(b""),
        None,
    ];
    for _ in 0..[1, 1, 0, 2][choose(4)] {
        if let Some(host) = hosts[choose(hosts.len())] {
            request = request.header(HOST, host);
        }
    }
    for _ in 0..[0, 0, 1, 2][choose(4)] {
        request = request.header(&SEC_FETCH_SITE, SITES[choose(SITES.len())]);
    }
    let request = match choose(8) {
        0 | 1 => request,
        2 => request.header(ORIGIN, BETTER_AUTH).header(ORIGIN, origin),
        3 => request.header(ORIGIN, origin).header(ORIGIN, BETTER_AUTH),
        _ => request.header(ORIGIN, origin),
    };
    request.body(()).ok()
}
