//! The response settings of a layer, which also apply to the layers inside it.

use std::sync::{Arc, Mutex};

use http::{HeaderValue, Method, Request, Response, StatusCode, Version, header::CONTENT_TYPE};
use serde_json::json;
use tower::layer::util::Stack;
use tower_jwt_auth::{
    JwtAuthBuilder, JwtAuthLayer, Outcome, PathOwnerLayer, Rejection, RequireScopeLayer,
};

use crate::support::*;

type Inside = Stack<RequireScopeLayer, Stack<PathOwnerLayer, JwtAuthLayer>>;

/// A layer with these settings around a layer for paths and one for scopes.
fn with_all(builder: JwtAuthBuilder) -> Inside {
    let owner = PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap();
    let scope = RequireScopeLayer::new("b").unwrap();
    Stack::new(scope, Stack::new(owner, builder.build().unwrap()))
}

/// One request for each layer to reject.
fn rejected() -> [(Request<()>, Rejection); 3] {
    let to = |path: &str| {
        let mut request = with_bearer(&token(&claims()));
        *request.uri_mut() = path.parse().unwrap();
        request
    };
    [
        (get("/api/alice"), Rejection::MissingToken),
        (to("/api/bob"), Rejection::NotOwner),
        (to("/api/alice"), Rejection::InsufficientScope),
    ]
}

#[tokio::test]
async fn problem_json_applies_to_all_layers() {
    for (request, rejection) in rejected() {
        let answer = ask(with_all(builder().problem_json()), request).await;
        let status = rejection.status();
        assert_eq!(answer.status(), status);
        assert_eq!(answer.reason(), rejection.reason());
        let content_type = answer.header("content-type");
        assert_eq!(content_type, Some("application/problem+json"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let problem = answer.json();
        assert_eq!(problem["status"], status.as_u16());
        assert_eq!(problem["title"], status.canonical_reason().unwrap());
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty())
        );
        assert_eq!(problem.as_object().unwrap().len(), 3);
    }
}

#[tokio::test]
async fn a_custom_answer_applies_to_all_layers() {
    let custom = || {
        builder().answer_with(|rejection, _| {
            let body = format!("<{}>", rejection.reason());
            let mut response = Response::new(body);
            *response.status_mut() = StatusCode::IM_A_TEAPOT;
            let html = HeaderValue::from_static("text/html");
            response.headers_mut().insert(CONTENT_TYPE, html);
            response
        })
    };
    for (request, rejection) in rejected() {
        let answer = ask(with_all(custom()), request).await;
        assert_eq!(answer.status(), 418);
        assert_eq!(answer.body, format!("<{}>", rejection.reason()));
        assert_eq!(answer.header("content-type"), Some("text/html"));
        assert_eq!(answer.reason(), rejection.reason());
        // Headers that the custom answer does not set are added.
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(
            answer.challenge().is_some(),
            rejection != Rejection::NotOwner
        );
    }
}

#[tokio::test]
async fn a_custom_answer_cannot_be_a_success() {
    for status in [100, 200, 204, 206] {
        let custom = builder().answer_with(move |_, _| {
            let mut response = Response::new("no");
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response
        });
        for (request, rejection) in rejected() {
            let answer = ask(with_all(custom.clone()), request).await;
            assert_eq!(answer.status(), rejection.status(), "{status}");
        }
    }
    // A redirect is allowed.
    let to_sign_in = builder().answer_with(|_, _| {
        let response = Response::builder()
            .status(303)
            .header("location", "/sign-in");
        response.body("").unwrap()
    });
    let answer = ask(with_all(to_sign_in), get("/")).await;
    assert_eq!(answer.status(), 303);
}

#[tokio::test]
async fn a_custom_answer_keeps_its_headers() {
    let custom = builder().answer_with(|_, _| {
        let response = Response::builder().status(401);
        let response = response.header("www-authenticate", "Basic");
        response
            .header("cache-control", "private")
            .body("")
            .unwrap()
    });
    let answer = ask(with_all(custom), get("/")).await;
    assert_eq!(answer.challenge(), Some("Basic"));
    assert_eq!(answer.header("cache-control"), Some("private"));
}

#[tokio::test]
async fn custom_response_formats_do_not_apply_to_grpc() {
    for (row, builder) in [
        ("problem details", builder().problem_json()),
        (
            "a custom answer",
            builder().answer_with(|_, _| Response::new("no")),
        ),
    ] {
        for (mut request, rejection) in rejected() {
            *request.method_mut() = Method::POST;
            *request.version_mut() = Version::HTTP_2;
            let grpc = HeaderValue::from_static("application/grpc");
            request.headers_mut().insert(CONTENT_TYPE, grpc);
            let answer = ask(with_all(builder.clone()), request).await;
            assert_eq!(answer.status(), 200, "{row}");
            let code = if rejection == Rejection::MissingToken {
                "16"
            } else {
                "7"
            };
            assert_eq!(answer.header("grpc-status"), Some(code), "{row}");
        }
    }
}

#[tokio::test]
async fn every_challenge_names_the_resource_metadata() {
    let url = "https://api.example.com/.well-known/oauth-protected-resource";
    let with = || builder().resource_metadata(url);
    let [(missing, _), (other, _), (scope, _)] = rejected();
    let answer = ask(with_all(with()), missing).await;
    let expected = format!(r#"Bearer resource_metadata="{url}""#);
    assert_eq!(answer.challenge(), Some(&*expected));

    let answer = ask(with_all(with().realm("api")), with_bearer("a.b")).await;
    let expected = format!(
        r#"Bearer realm="api", error="invalid_token", error_description="The access token is invalid", resource_metadata="{url}""#
    );
    assert_eq!(answer.challenge(), Some(&*expected));

    let answer = ask(with_all(with()), scope).await;
    let expected =
        format!(r#"Bearer error="insufficient_scope", scope="b", resource_metadata="{url}""#);
    assert_eq!(answer.challenge(), Some(&*expected));
    assert_eq!(ask(with_all(with()), other).await.challenge(), None);
}

#[test]
fn invalid_response_settings_are_rejected() {
    for (row, builder, words) in [
        (
            "not a URL",
            builder().resource_metadata("/.well-known"),
            ".resource_metadata(…)",
        ),
        (
            "a quote in it",
            builder().resource_metadata("https://a\"b"),
            ".resource_metadata(…)",
        ),
        (
            "two forms",
            builder()
                .problem_json()
                .answer_with(|_, _| Response::new("")),
            ".problem_json() and .answer_with(…) are both set",
        ),
    ] {
        let error = builder.build().unwrap_err().to_string();
        assert!(error.contains(words), "{row}: {error}");
    }
}

#[tokio::test]
async fn the_observer_receives_the_outcome_of_each_layer() {
    let outcomes: Arc<Mutex<Vec<&str>>> = Arc::default();
    let observed = || {
        let outcomes = Arc::clone(&outcomes);
        builder().observe(move |outcome| outcomes.lock().unwrap().push(outcome.label()))
    };
    let observed_labels = || std::mem::take(&mut *outcomes.lock().unwrap());
    for (request, rejection) in rejected() {
        ask(with_all(observed()), request).await;
        let mut expected = vec![rejection.reason()];
        if rejection != Rejection::MissingToken {
            expected.insert(0, "accepted");
        }
        assert_eq!(observed_labels(), expected);
    }
    let anonymous = observed().allow_anonymous().build().unwrap();
    ask(anonymous, get("/"))
        .await
        .assert_reached("nobody", "anonymous");
    assert_eq!(observed_labels(), ["anonymous"]);
    let scope = token(&claims_with(json!({ "scope": "b" })));
    let mut request = with_bearer(&scope);
    *request.uri_mut() = "/api/alice".parse().unwrap();
    ask(with_all(observed()), request)
        .await
        .assert_reached("alice", "all layers");
    assert_eq!(observed_labels(), ["accepted"]);
    assert_eq!(Outcome::Anonymous.label(), "anonymous");
}

/// `Debug` output shows whether a closure is set, but not its captured values.
#[test]
fn debug_output_of_the_settings_hides_closures() {
    let secret = "the secret of a closure".to_owned();
    let builder = builder().answer_with(move |_, _| Response::new(secret.clone()));
    let debug = format!("{builder:?} {:?}", builder.clone().build().unwrap());
    assert!(!debug.contains("the secret of"), "{debug}");
    assert!(debug.contains("custom: true"), "{debug}");
}

/// An inner layer cannot undo it, because a proxy treats any 2xx as allowed.
#[tokio::test]
async fn an_inner_layer_cannot_undo_http_answers_only() {
    let outer = || builder().http_answers_only().allow_anonymous();
    let owner = || PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap();
    let grpc = |path: &str, token: Option<String>| {
        let mut request = token.map_or_else(|| get(path), |token| with_bearer(&token));
        *request.uri_mut() = path.parse().unwrap();
        *request.method_mut() = Method::POST;
        let web = HeaderValue::from_static("application/grpc-web");
        request.headers_mut().insert(CONTENT_TYPE, web);
        request
    };
    for inner in [builder(), builder().realm("api"), builder().problem_json()] {
        let two = || {
            let (inner, outer) = (inner.clone().build(), outer().build());
            Stack::new(inner.unwrap(), outer.unwrap())
        };
        let answer = ask(two(), grpc("/", None)).await;
        assert_eq!(answer.status(), 401, "a rejection of the inner layer");
        let request = grpc("/api/bob", Some(token(&claims())));
        let answer = ask(Stack::new(owner(), two()), request).await;
        assert_eq!(answer.status(), 403, "a rejection inside both layers");
    }
}
