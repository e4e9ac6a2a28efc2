//! The layer in an axum router.

use axum::{Router, body::Body as AxumBody, extract::Json, routing::post as post_to};
use bytes::Buf;
use tower_jwt_auth::JwtAuthLayer;

use super::*;

async fn tool(Json(message): Json<Value>) -> String {
    message["params"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// A service whose body type is generic, like rmcp's `StreamableHttpService`.
#[derive(Clone)]
struct AnyBody;

impl<B> tower::Service<Request<B>> for AnyBody
where
    B: Body<Data: Send> + Send + 'static,
    B::Error: std::fmt::Display,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future =
        std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        Box::pin(async move {
            let body = Box::pin(request.into_body()).collect().await;
            let body = body.map_err(|error| error.to_string()).unwrap().aggregate();
            let message: Value = serde_json::from_reader(body.reader()).unwrap();
            let name = message["params"]["name"].as_str().unwrap_or_default();
            Ok(Response::new(name.to_owned().into()))
        })
    }
}

fn routers() -> [(&'static str, Router); 4] {
    let auth: JwtAuthLayer = layer();
    [
        (
            "layer",
            Router::new()
                .route("/mcp", post_to(tool))
                .layer(tools())
                .layer(auth.clone()),
        ),
        (
            "route_layer",
            Router::new()
                .route("/mcp", post_to(tool))
                .route_layer(tools())
                .route_layer(auth.clone()),
        ),
        (
            "nest_service",
            Router::new()
                .nest_service("/mcp", AnyBody)
                .layer(tools())
                .layer(auth.clone()),
        ),
        (
            "a layered service",
            Router::new()
                .route_service("/mcp", tools().layer(AnyBody))
                .layer(auth),
        ),
    ]
}

#[tokio::test]
async fn the_layer_works_around_routers_routes_and_nested_services() {
    for (row, router) in routers() {
        for (scopes, name, expected) in [
            ("read", "list", "accepted"),
            ("read", "add", "insufficient_scope"),
            ("read write", "add", "accepted"),
            ("write", "list", "insufficient_scope"),
            ("read", "drop", "mcp_unlisted"),
        ] {
            let token = token(&claims_with(json!({ "scope": scopes })));
            let request = Request::post("/mcp")
                .header("authorization", format!("Bearer {token}"))
                .header("content-type", "application/json")
                .body(AxumBody::from(call(name)))
                .unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            let answer = response.into_answer().await;
            assert_eq!(answer.reason(), expected, "{row}: {scopes}: {name}");
            if expected == "accepted" {
                assert_eq!(answer.body, name, "{row}");
            }
        }
    }
}
