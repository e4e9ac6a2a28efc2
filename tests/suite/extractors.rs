//! The extractors in an axum handler, and their rejections.

use axum::{Router, body::Body, response::IntoResponse, routing::get};
use http::{HeaderValue, Method, Request, Version, header::CONTENT_TYPE};
use serde::Deserialize;
use serde_json::json;
use tower::ServiceExt;
use tower_jwt_auth::{
    Claims, CurrentUser, ExtractRejection, JwtAuthBuilder, Rejection, TokenError,
};

use crate::support::{self, *};

#[derive(Deserialize)]
struct CustomClaims {
    role: String,
    #[serde(rename = "emailVerified", default)]
    email_verified: bool,
}

/// A route for each extractor, and no layer.
fn routes() -> Router {
    async fn user(user: CurrentUser) -> String {
        user.user_id().to_owned()
    }
    async fn optional_user(user: Option<CurrentUser>) -> String {
        user.map_or("nobody".to_owned(), |user| user.user_id().to_owned())
    }
    async fn claims(Claims(claims): Claims<CustomClaims>) -> String {
        format!("{} {}", claims.role, claims.email_verified)
    }
    async fn optional_claims(claims: Option<Claims<CustomClaims>>) -> String {
        claims.map_or("nobody".to_owned(), |Claims(claims)| claims.role)
    }
    async fn result(user: Result<CurrentUser, ExtractRejection>) -> String {
        user.map_or_else(
            |error| format!("{error:?} {error} {}", error.rejection().reason()),
            |user| user.user_id().to_owned(),
        )
    }
    Router::new()
        .route("/user", get(user).post(user))
        .route("/optional-user", get(optional_user))
        .route("/claims", get(claims).post(claims))
        .route("/optional-claims", get(optional_claims))
        .route("/result", get(result))
}

const ALL: [&str; 4] = ["/user", "/optional-user", "/claims", "/optional-claims"];

async fn ask(router: Router, path: &str, token: Option<&str>) -> Answer {
    let mut request = Request::get(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    send(router, request.body(Body::empty()).unwrap()).await
}

async fn send(router: Router, request: Request<Body>) -> Answer {
    router.oneshot(request).await.unwrap().into_answer().await
}

fn guarded(builder: JwtAuthBuilder) -> Router {
    routes().route_layer(builder.build().unwrap())
}

#[tokio::test]
async fn a_handler_gets_the_user_and_the_claims() {
    let token = token(&claims_with(
        json!({ "role": "admin", "emailVerified": true }),
    ));
    for (path, expected) in [
        ("/user", "alice"),
        ("/optional-user", "alice"),
        ("/claims", "admin true"),
        ("/optional-claims", "admin"),
        ("/result", "alice"),
    ] {
        let answer = ask(guarded(builder()), path, Some(&token)).await;
        answer.assert_reached(expected, path);
    }
}

#[tokio::test]
async fn extractors_respond_with_500_without_a_layer() {
    let token = token(&claims());
    for path in ALL {
        for token in [None, Some(&*token)] {
            let answer = ask(routes(), path, token).await;
            answer.assert_server_fault("no_user", path);
        }
    }
    let answer = ask(routes(), "/result", None).await;
    let body = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(body.starts_with("ExtractRejection(NoUser) "), "{body}");
    assert!(body.contains("apply JwtAuthLayer outside it"), "{body}");
    assert!(body.ends_with(" no_user"), "{body}");
}

#[tokio::test]
async fn an_anonymous_user_is_none_for_option_and_401_otherwise() {
    let router = || guarded(builder().allow_anonymous());
    for path in ALL {
        let answer = ask(router(), path, None).await;
        if path.contains("optional") {
            answer.assert_reached("nobody", path);
        } else {
            answer.assert_not_authenticated(path);
        }
        let answer = ask(router(), path, Some("a.b")).await;
        answer.assert_invalid_token("malformed", path);
    }
}

#[tokio::test]
async fn claims_of_another_shape_get_403_without_a_challenge() {
    let router = || guarded(builder().allow_anonymous());
    for claims in [claims(), claims_with(json!({ "role": 7 }))] {
        for path in ["/claims", "/optional-claims"] {
            let answer = ask(router(), path, Some(&token(&claims))).await;
            answer.assert_http(403, "missing_claim", "Not enough permissions", &path);
            assert_eq!(answer.challenge(), None, "{path}");
        }
    }
    let mut request = Request::post("/claims").version(Version::HTTP_2);
    for (name, value) in [
        ("content-type", "application/grpc".to_owned()),
        ("authorization", format!("Bearer {}", token(&claims()))),
    ] {
        request = request.header(name, value);
    }
    let answer = send(router(), request.body(Body::empty()).unwrap()).await;
    let (detail, grpc) = ("Not enough permissions", "application/grpc");
    answer.assert_grpc("7", detail, grpc, "gRPC");
    assert_eq!(answer.reason(), "missing_claim");
}

#[tokio::test]
async fn an_extractor_responds_in_the_outer_layers_format() {
    let realm = || builder().allow_anonymous().realm("api");
    let answer = ask(guarded(realm()), "/user", None).await;
    assert_eq!(answer.challenge(), Some(r#"Bearer realm="api""#));
    let answer = ask(guarded(realm().problem_json()), "/user", None).await;
    assert_eq!(answer.json()["title"], "Unauthorized");

    let grpc = || {
        let request = Request::post("/user").version(Version::HTTP_2);
        request
            .header(CONTENT_TYPE, "application/grpc")
            .body(Body::empty())
            .unwrap()
    };
    let answer = send(guarded(realm()), grpc()).await;
    answer.assert_grpc(
        "16",
        "Not authenticated",
        "application/grpc",
        "an extractor",
    );
    let answer = send(guarded(realm().http_answers_only()), grpc()).await;
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
async fn a_rejection_is_a_response() {
    for rejection in [
        Rejection::MissingToken,
        TokenError::Expired.into(),
        Rejection::InsufficientScope,
        Rejection::MissingClaim,
    ] {
        let answer = support::IntoAnswer::into_answer(rejection.into_response()).await;
        assert_eq!(answer.status(), rejection.status());
        assert_eq!(answer.reason(), rejection.reason());
        let has_challenge = rejection != Rejection::MissingClaim;
        assert_eq!(answer.challenge().is_some(), has_challenge);
    }
}

/// The CORS preflight of a browser.
fn preflight(path: &str) -> Request<Body> {
    let request = Request::options(path).header("origin", "https://app.example.com");
    let request = request.header("access-control-request-method", "GET");
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn a_preflight_reaches_the_handler_if_that_is_allowed() {
    use tower_jwt_auth::{PathOwnerLayer, RequireScopeLayer};

    let router = |builder: JwtAuthBuilder| {
        Router::new()
            .route(
                "/api/{user_id}",
                get(async || "").options(async || "preflight"),
            )
            .route_layer(RequireScopeLayer::new("b").unwrap())
            .route_layer(PathOwnerLayer::new("/api/{user_id}").unwrap())
            .route_layer(builder.build().unwrap())
    };
    let answer = send(router(builder()), preflight("/api/bob")).await;
    answer.assert_not_authenticated("by default");

    let allowed = || router(builder().allow_cors_preflight());
    let answer = send(allowed(), preflight("/api/bob")).await;
    answer.assert_reached("preflight", "a preflight");

    let altered = |alter: fn(&mut Request<Body>)| {
        let mut request = preflight("/api/bob");
        alter(&mut request);
        request
    };
    for (row, request) in [
        (
            "no origin",
            altered(|it| drop(it.headers_mut().remove("origin"))),
        ),
        (
            "no requested method",
            altered(|it| drop(it.headers_mut().remove("access-control-request-method"))),
        ),
        (
            "another method",
            altered(|it| *it.method_mut() = Method::GET),
        ),
    ] {
        send(allowed(), request).await.assert_not_authenticated(row);
    }
    let invalid = altered(|it| {
        let token = HeaderValue::from_static("Bearer a.b");
        it.headers_mut().insert("authorization", token);
    });
    send(allowed(), invalid)
        .await
        .assert_invalid_token("malformed", "an invalid token");
}

/// An extractor in the handler of a preflight rejects it.
#[tokio::test]
async fn a_preflight_has_no_user() {
    async fn user(user: CurrentUser) -> String {
        user.user_id().to_owned()
    }
    let router = Router::new()
        .route("/", axum::routing::options(user))
        .route_layer(builder().allow_cors_preflight().build().unwrap());
    send(router, preflight("/"))
        .await
        .assert_not_authenticated("an extractor");
}

/// If middleware overrides the method, the request is not a preflight.
#[tokio::test]
async fn a_rewritten_preflight_is_not_exempt() {
    use axum::middleware::map_request;
    use tower::Layer;
    use tower_jwt_auth::{PathOwnerLayer, RequireFreshLayer, RequireScopeLayer};

    async fn delete(mut request: Request<Body>) -> Request<Body> {
        *request.method_mut() = Method::DELETE;
        request
    }
    let auth = || builder().allow_cors_preflight().build().unwrap();
    let handler = || Router::new().fallback(async || "reached");
    let owner = PathOwnerLayer::new("/api/{user_id}").unwrap();
    let overridden = auth().layer(map_request(delete).layer(owner.layer(handler())));
    let answer = overridden.oneshot(preflight("/api/bob")).await.unwrap();
    answer
        .into_answer()
        .await
        .assert_not_authenticated("PathOwner");
    let scope = RequireScopeLayer::new("b").unwrap();
    let overridden = auth().layer(map_request(delete).layer(scope.layer(handler())));
    let answer = overridden.oneshot(preflight("/api/bob")).await.unwrap();
    answer
        .into_answer()
        .await
        .assert_not_authenticated("RequireScope");
    let fresh = RequireFreshLayer::any_acr(["b"]).unwrap();
    let overridden = auth().layer(map_request(delete).layer(fresh.layer(handler())));
    let answer = overridden.oneshot(preflight("/api/bob")).await.unwrap();
    answer
        .into_answer()
        .await
        .assert_not_authenticated("RequireFresh");

    async fn optional(user: Option<CurrentUser>) -> String {
        user.map_or("anonymous".into(), |user| user.user_id().to_owned())
    }
    async fn optional_claims(claims: Option<Claims<serde_json::Value>>) -> &'static str {
        claims.map_or("anonymous", |_| "a user")
    }
    async fn user(_: CurrentUser) {}
    for (row, route) in [
        ("Option<CurrentUser>", axum::routing::any(optional)),
        ("Option<Claims>", axum::routing::any(optional_claims)),
        ("CurrentUser", axum::routing::any(user)),
    ] {
        let handler = Router::new().route("/", route);
        for auth in [
            auth(),
            builder()
                .allow_cors_preflight()
                .allow_anonymous()
                .build()
                .unwrap(),
        ] {
            let overridden = auth.layer(map_request(delete).layer(handler.clone()));
            let answer = overridden.oneshot(preflight("/")).await.unwrap();
            answer.into_answer().await.assert_not_authenticated(row);
        }
    }
}
