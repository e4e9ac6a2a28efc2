//! The events for rejected tokens, and rejections in the log of tower-http's `TraceLayer`.

use serde_json::json;

use crate::{events::Captured, support::*};

#[tokio::test]
async fn a_rejected_token_is_logged_with_its_algorithm_and_key_id() {
    let long = "k".repeat(1000);
    let cut = format!("algorithm={}", "A".repeat(16));
    let too_long = "A".repeat(17);
    let start = format!("key_id=\"{}\"", "k".repeat(64));
    for (row, header, present, absent) in [
        (
            "algorithm and key ID",
            json!({ "alg": "HS256", "kid": "key-1" }),
            vec!["algorithm=HS256", "key_id=\"key-1\""],
            vec![],
        ),
        (
            "another known algorithm",
            json!({ "alg": "EdDSA" }),
            vec!["algorithm=EdDSA"],
            vec!["key_id"],
        ),
        (
            "an unknown algorithm",
            json!({ "alg": "HS999" }),
            vec!["algorithm=HS999"],
            vec!["key_id"],
        ),
        (
            "a long algorithm",
            json!({ "alg": "A".repeat(1000) }),
            vec![&*cut],
            vec![&*too_long],
        ),
        (
            "an algorithm with a line break, an escape, a space and an emoji",
            json!({ "alg": "a\n\u{1b} b=\"😀" }),
            vec![r#"algorithm=a\n\u{1b}\u{20}b=\"\u{1f600}"#],
            vec!["\u{1b}", "😀", " b="],
        ),
        (
            "no algorithm",
            json!({ "kid": "key-1" }),
            vec!["key_id"],
            vec!["algorithm="],
        ),
        (
            "an algorithm of another type",
            json!({ "alg": ["HS256"] }),
            vec![],
            vec!["algorithm=", "HS256"],
        ),
        (
            "the algorithm of a JWE",
            json!({ "alg": "dir", "enc": "A256GCM", "kid": "key-1" }),
            vec!["algorithm=dir", "key_id=\"key-1\""],
            vec!["A256GCM"],
        ),
        (
            "the algorithm of a token with an extension",
            json!({ "alg": "HS256", "crit": ["x"] }),
            vec!["algorithm=HS256"],
            vec![],
        ),
        (
            "a key ID with a line break, a quote and an emoji",
            json!({ "alg": "HS256", "kid": "a\nb\"c\u{1b}😀" }),
            vec![r"a\\nb", r"\\u{1b}\\u{1f600}"],
            vec!["\u{1b}", "😀"],
        ),
        (
            "a long key ID",
            json!({ "alg": "HS256", "kid": long }),
            vec![&*start],
            vec![&*long],
        ),
    ] {
        let events = Captured::start();
        let token = sign(
            header.to_string(),
            "{}",
            "another secret, of 32 bytes or more",
        );
        let answer = ask(layer(), with_bearer(&token)).await;
        assert_eq!(answer.status(), 401, "{row}");
        let lines = events.at("DEBUG");
        if cfg!(not(feature = "tracing")) {
            assert_eq!(events.text(), "", "{row}");
            continue;
        }
        assert_eq!(lines.len(), 1, "{row}: {lines:?}");
        let text = lines.concat();
        for part in present {
            assert!(text.contains(part), "{row}: no {part:?} in {text}");
        }
        for part in absent {
            assert!(!text.contains(part), "{row}: {part:?} in {text}");
        }
    }
}

#[cfg(feature = "tower-http")]
mod log_rejections {
    use std::{convert::Infallible, future::Ready};

    use bytes::Bytes;
    use http::{HeaderValue, Method, Request, Response, StatusCode, Version, header::CONTENT_TYPE};
    use http_body_util::Full;
    use tower::{
        Layer, Service, ServiceExt,
        layer::util::Stack,
        service_fn,
        util::{MapResponseLayer, ServiceFn},
    };
    use tower_http::{
        classify::{ServerErrorsAsFailures, SharedClassifier},
        trace::TraceLayer,
    };
    use tower_jwt_auth::{JwtAuthLayer, LogRejections, PathOwnerLayer, RejectionsAsSuccess};

    use super::*;
    use crate::events::Captured;

    /// Sends a request like [`ask`], for layers that need requests with a body.
    async fn send<L, B>(layer: L, request: Request<()>)
    where
        L: Layer<Handler>,
        L::Service: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible>,
    {
        let handler: Handler = service_fn(|_| std::future::ready(Ok(Response::default())));
        let request = request.map(|()| Full::default());
        layer.layer(handler).oneshot(request).await.unwrap();
    }

    type Handler =
        ServiceFn<fn(Request<Full<Bytes>>) -> Ready<Result<Response<Full<Bytes>>, Infallible>>>;

    fn grpc(mut request: Request<()>) -> Request<()> {
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        let grpc = HeaderValue::from_static("application/grpc");
        request.headers_mut().insert(CONTENT_TYPE, grpc);
        request
    }

    /// Returns the events of tower-http and of `LogRejections`, without those of the layers.
    async fn logged(request: Request<()>, layer: JwtAuthLayer) -> Vec<String> {
        let events = Captured::start();
        let trace = TraceLayer::new_for_http().on_response(LogRejections::new());
        let owner = PathOwnerLayer::new("/api/{user_id}").unwrap();
        send(Stack::new(Stack::new(owner, layer), trace), request).await;
        let text = events.text();
        let lines = text
            .lines()
            .filter(|line| !line.contains(" tower_jwt_auth: "));
        lines.map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn a_rejection_is_logged_with_its_reason_for_grpc_too() {
        for (row, request, reason, status) in [
            ("HTTP", get("/"), "missing_token", 401),
            ("gRPC", grpc(get("/")), "missing_token", 401),
            (
                "gRPC, a path without an owner",
                grpc(with_bearer(&token(&claims()))),
                "no_pattern",
                403,
            ),
        ] {
            let events = logged(request, layer()).await;
            let rejected: Vec<_> = events.iter().filter(|it| it.contains("rejected")).collect();
            assert_eq!(rejected.len(), 1, "{row}: {events:#?}");
            let fields = format!("request rejected reason=\"{reason}\" status={status} latency=");
            assert!(
                rejected[0].trim_start().starts_with("INFO"),
                "{row}: {rejected:?}"
            );
            assert!(rejected[0].contains(&fields), "{row}: {rejected:?}");
            let success = events.iter().any(|it| it.contains("finished processing"));
            assert!(!success, "{row}: {events:#?}");
        }
    }

    #[tokio::test]
    async fn a_rejection_as_success_is_logged_once_and_a_failure_as_usual() {
        let keyless = || {
            let builder = JwtAuthLayer::builder().secrets([""; 0]);
            builder.allow_missing_secret().build().unwrap()
        };
        let failing = MapResponseLayer::new(|mut response: Response<Full<Bytes>>| {
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            response
        });
        let accepted = || with_bearer(&token(&claims()));
        for (row, request, auth, is_rejected) in [
            ("a rejection", with_bearer("a.b.c"), keyless(), true),
            (
                "a rejection over gRPC",
                grpc(with_bearer("a.b.c")),
                keyless(),
                true,
            ),
            ("a failure of the handler", accepted(), layer(), false),
        ] {
            let events = Captured::start();
            let failures = RejectionsAsSuccess::new(ServerErrorsAsFailures::new());
            let trace = TraceLayer::new(SharedClassifier::new(failures));
            let trace = trace.on_response(LogRejections::new());
            let stack = Stack::new(Stack::new(failing.clone(), auth), trace);
            send(stack, request).await;
            let text = events.text();
            let errors = text.lines().filter(|line| {
                line.trim_start().starts_with("ERROR") && !line.contains(" tower_jwt_auth: ")
            });
            let errors: Vec<_> = errors.collect();
            assert_eq!(errors.len(), 1, "{row}: {text}");
            let expected = if is_rejected {
                "not_configured"
            } else {
                "response failed"
            };
            assert!(errors[0].contains(expected), "{row}: {text}");
        }
    }

    #[tokio::test]
    async fn a_server_error_is_logged_at_error() {
        let keyless = JwtAuthLayer::builder()
            .secrets([""; 0])
            .allow_missing_secret();
        let events = logged(grpc(with_bearer("a.b.c")), keyless.build().unwrap()).await;
        let rejected = events
            .iter()
            .find(|it| it.contains("not_configured"))
            .unwrap();
        assert!(rejected.trim_start().starts_with("ERROR"), "{rejected}");
    }

    #[tokio::test]
    async fn other_responses_are_logged_as_usual_or_by_a_given_handler() {
        let mut own = with_bearer(&token(&claims()));
        *own.uri_mut() = "/api/alice".parse().unwrap();
        let events = logged(own, layer()).await;
        let finished = events
            .iter()
            .filter(|it| it.contains("finished processing"));
        assert_eq!(finished.count(), 1, "{events:#?}");

        let events = Captured::start();
        let count = |_: &Response<_>, _, _: &tracing::Span| tracing::info!("the given handler");
        let trace = TraceLayer::new_for_http().on_response(LogRejections::and(count));
        let anonymous = builder().allow_anonymous().build().unwrap();
        send(Stack::new(anonymous, trace), get("/")).await;
        assert!(events.text().contains("the given handler"));
    }
}

#[cfg(feature = "tower-http")]
mod grpc_calls {
    use tonic::{
        service::{LayerExt, Routes},
        transport::{Channel, Server, server::TcpIncoming},
    };
    use tower_http::{
        classify::{ClassifyResponse, GrpcErrorsAsFailures, GrpcFailureClass, SharedClassifier},
        trace::TraceLayer,
    };
    use tower_jwt_auth::{JwtAuthLayer, LogRejections, RejectionsAsSuccess};

    use super::*;
    use crate::{
        auth::sockets::{listen, tonic_example},
        events::Captured,
    };

    /// Calls the greeter, behind `auth` if given, and returns the ERROR events of the failed call.
    async fn errors<C>(
        trace: TraceLayer<SharedClassifier<C>>,
        auth: Option<JwtAuthLayer>,
        token: Option<&str>,
    ) -> Vec<String>
    where
        C: ClassifyResponse<FailureClass = GrpcFailureClass> + Clone + Send + Sync + 'static,
        C::ClassifyEos: Send,
    {
        let events = Captured::start();
        let (listener, addr) = listen().await;
        let routes = match auth {
            Some(auth) => Routes::new(auth.named_layer(tonic_example::Greeter)),
            None => Routes::new(tonic_example::Greeter),
        };
        let trace = trace.on_response(LogRejections::new());
        let server = Server::builder().layer(trace).add_routes(routes);
        tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
        let channel = Channel::from_shared(format!("http://{addr}")).unwrap();
        let channel = channel.connect().await.unwrap();
        tonic_example::hello(channel, token).await.unwrap_err();
        let text = events.text();
        let lines = text
            .lines()
            .filter(|line| line.trim_start().starts_with("ERROR"));
        lines.map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn only_failed_calls_are_logged_as_errors() {
        let trace = || {
            let failures = RejectionsAsSuccess::new(GrpcErrorsAsFailures::new());
            TraceLayer::new(SharedClassifier::new(failures))
        };
        let none = errors(tonic_example::trace(), Some(layer()), None).await;
        assert_eq!(none.len(), 0, "{none:#?}");
        let none = errors(trace(), Some(layer()), None).await;
        assert_eq!(none.len(), 0, "{none:#?}");
        let none = errors(trace(), Some(layer()), Some("a.b.c")).await;
        assert_eq!(none.len(), 0, "{none:#?}");
        // Without a layer, the method finds no user and fails.
        let failed = errors(trace(), None, None).await;
        assert_eq!(failed.len(), 1, "{failed:#?}");
        assert!(failed[0].contains("response failed"), "{failed:#?}");
        // Without one of these classifiers, a client error is logged at ERROR.
        let by_default = errors(TraceLayer::new_for_grpc(), Some(layer()), None).await;
        assert_eq!(by_default.len(), 1, "{by_default:#?}");
    }
}
