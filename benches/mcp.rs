//! Measures in interleaved rounds: `RequireMcpScopeLayer` with a call of a tool, one that lacks a scope,
//! and one in a session with a signed ID, beside a bare service and HS256 verification. The user is
//! already in the request's extensions. Prints JSON.
//!
//! ```sh
//! cargo bench -p tower-jwt-auth-benches --features mcp --bench mcp
//! ```

use std::{
    convert::Infallible,
    future::{Ready, ready},
    hint::black_box,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use serde_json::json;
use tower::{Layer, Service, service_fn};
use tower_jwt_auth::{CurrentUser, NO_SCOPES, ProtectedResource, RequireMcpScopeLayer};
use tower_jwt_auth_benches::{
    keys::{Alg, SECRET, SigningKey},
    layers,
    rounds::{Lane, Plan, measure},
    service::ask,
    tokens::Naming,
};

const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

fn main() {
    let plan = Plan::from_args();
    let key = SigningKey::new(Alg::Hs256);
    let auth = layers::jwt_auth(&key, Naming::Anonymous);
    let tokens = key.tokens(Naming::Anonymous);
    let mut tokens = tokens.iter().cycle();
    let verify = Lane::of_steps("verify", || {
        let token = tokens.next().expect("a cycle has no end");
        black_box(auth.verifier().verify(token)).expect("the token is valid");
    });
    let tools = tools();
    let with_sessions = tools.clone().session_key(SECRET);
    let with_sessions = with_sessions.expect("the key is strong");
    let lanes = vec![
        verify,
        requests(
            "bare",
            service_fn(nothing),
            call("list_tasks"),
            StatusCode::OK,
        ),
        requests(
            "call",
            tools.layer(service_fn(nothing)),
            call("list_tasks"),
            StatusCode::OK,
        ),
        requests(
            "rejected",
            tools.layer(service_fn(nothing)),
            call("add_task"),
            StatusCode::FORBIDDEN,
        ),
        requests(
            "in_session",
            with_sessions.layer(service_fn(nothing)),
            in_session(&with_sessions),
            StatusCode::OK,
        ),
    ];
    println!("{}", json!(measure(plan, lanes)));
}

fn tools() -> RequireMcpScopeLayer {
    let resource = ProtectedResource::new("https://api.example.com/mcp", "https://app.example.com");
    let resource = resource.and_then(|resource| resource.scopes(["mcp"]));
    let layer = RequireMcpScopeLayer::new(&resource.expect("the resource is valid"));
    let layer = layer.tool("list_tasks", NO_SCOPES);
    let layer = layer.and_then(|layer| layer.tool("add_task", ["tasks:write"]));
    layer.expect("the rules are valid")
}

/// The inner service.
fn nothing<B>(request: Request<B>) -> Ready<Result<Response<Full<Bytes>>, Infallible>> {
    // A handler also drops the request, with the user in its extensions.
    drop(request);
    ready(Ok(Response::new(Full::default())))
}

fn call(tool: &str) -> Request<Full<Bytes>> {
    let arguments = json!({ "project": "garden", "state": "open", "limit": 20 });
    let params = json!({ "name": tool, "arguments": arguments });
    let message = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params });
    let mut request = Request::new(Full::from(message.to_string()));
    *request.method_mut() = Method::POST;
    let user = CurrentUser::new("u1", "ada@example.com").with_scopes(["mcp"]);
    request.extensions_mut().insert(user);
    request
}

/// Adds a session ID that the layer has signed.
fn in_session(layer: &RequireMcpScopeLayer) -> Request<Full<Bytes>> {
    let mut server = layer.layer(service_fn(async |_| {
        let mut response = Response::new(Full::<Bytes>::default());
        let id = HeaderValue::from_static("3f0c8f7e-6f3a-4a53-9a43-5d6d1d7f2b11");
        response.headers_mut().insert(SESSION_ID, id);
        Ok::<_, Infallible>(response)
    }));
    let response = ask(&mut server, call("list_tasks"));
    let mut request = call("list_tasks");
    let id = response.headers()[&SESSION_ID].clone();
    request.headers_mut().insert(SESSION_ID, id);
    request
}

fn requests<'a, S, R>(
    name: &'static str,
    mut service: S,
    request: Request<Full<Bytes>>,
    status: StatusCode,
) -> Lane<'a>
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>, Error = Infallible> + 'a,
{
    Lane::of_steps(name, move || {
        let response = black_box(ask(&mut service, request.clone()));
        assert_eq!(response.status(), status);
    })
}
