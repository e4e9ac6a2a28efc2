//! `RequireMcpScopeLayer`: the scopes that a message to an MCP server needs.

mod bodies;
mod headers;
mod leaks;
mod malformed;
mod messages;
mod property;
mod readiness;
mod routers;
mod sessions;
mod settings;
mod users;

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};
use tower_jwt_auth::{CurrentUser, McpBody, NO_SCOPES, ProtectedResource, RequireMcpScopeLayer};

use crate::support::*;

/// An MCP server with the base scope `read`.
fn resource() -> ProtectedResource {
    let resource =
        ProtectedResource::new("https://api.example.com/mcp", "https://auth.example.com");
    resource.unwrap().scopes(["read"]).unwrap()
}

/// A layer that allows the tool `list` to all users and the tool `add` to those with `write`.
fn tools() -> RequireMcpScopeLayer {
    RequireMcpScopeLayer::new(&resource())
        .tool("list", NO_SCOPES)
        .unwrap()
        .tool("add", ["write"])
        .unwrap()
}

/// A user whose token has these scopes.
fn user(scopes: &str) -> CurrentUser {
    user_with(json!({ "scope": scopes }))
}

fn user_with(claims: Value) -> CurrentUser {
    let token = token(&claims_with(claims));
    layer().verifier().verify(&token).unwrap()
}

/// A `POST` of this user.
fn post<B>(user: &CurrentUser, body: B) -> Request<B> {
    let mut request = Request::post("/mcp").body(body).unwrap();
    request.extensions_mut().insert(user.clone());
    request
}

fn text(body: impl Into<Bytes>) -> Full<Bytes> {
    Full::new(body.into())
}

fn call(tool: &str) -> String {
    let params = json!({ "name": tool, "arguments": { "title": "milk" } });
    message("tools/call", params)
}

fn message(method: &str, params: Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
}

/// Sends a request through the layer around a service that responds with the body that it received.
async fn send<B>(layer: RequireMcpScopeLayer, request: Request<B>) -> Answer
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: std::fmt::Debug,
{
    let echo = service_fn(async |request: Request<McpBody<B>>| {
        let bytes = request.into_body().collect().await.unwrap().to_bytes();
        Ok::<_, Infallible>(Response::new(Full::new(bytes)))
    });
    let response = layer.layer(echo).oneshot(request).await.unwrap();
    response.into_answer().await
}

/// The reason for which a message of a user is rejected, or "accepted".
async fn outcome(layer: RequireMcpScopeLayer, user: &CurrentUser, body: &str) -> &'static str {
    let answer = send(layer, post(user, text(body.to_owned()))).await;
    if answer.reason() == "accepted" {
        assert_eq!(answer.body, body, "the bytes are passed on");
    }
    answer.reason()
}
