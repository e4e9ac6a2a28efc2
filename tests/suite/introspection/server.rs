//! An authorization server with an introspection endpoint.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use http::{Request, Response, header::AUTHORIZATION};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};
use tower_jwt_auth::{
    CurrentUser, Introspection, JwtAuthBuilder, JwtAuthLayer, Rejection, test_kit::TestIssuer,
};

pub(super) const ISSUER: &str = "https://auth.example.com";
pub(super) const AUDIENCE: &str = "https://api.example.com";

/// The response of the endpoint.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
    pub(super) delay: Duration,
}

/// A request to the endpoint.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) headers: HeaderMap,
    pub(super) form: String,
}

type Respond = dyn Fn(&str) -> Answer + Send + Sync;

#[derive(Clone)]
struct Shared {
    respond: Arc<Mutex<Arc<Respond>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    metadata: Arc<Mutex<Value>>,
}

/// A server that is stopped on drop.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Shared,
    serving: JoinHandle<()>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl ToString) -> Self {
        Self {
            status,
            body: body.to_string(),
            delay: Duration::ZERO,
        }
    }

    pub(super) fn active() -> Self {
        Self::new(200, claims())
    }
}

/// The members of a response about an active token.
pub(super) fn claims() -> Value {
    json!({
        "active": true,
        "sub": "alice",
        "email": "alice@example.com",
        "name": "Alice",
        "iss": ISSUER,
        "aud": AUDIENCE,
        "exp": 4_102_444_800_u64,
        "scope": "tasks:read tasks:write",
        "client_id": "web",
    })
}

/// These members beside those of [`claims`]; `null` removes one.
pub(crate) fn claims_with(changed: Value) -> Value {
    let mut claims = claims();
    for (name, value) in changed.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => { claims.as_object_mut().unwrap() }.insert(name.clone(), value.clone()),
        };
    }
    claims
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(|_| Answer::active()).await
    }

    /// The function gets the form of each request.
    pub(crate) async fn with(respond: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared {
            respond: Arc::new(Mutex::new(Arc::new(respond))),
            asked: Arc::default(),
            metadata: Arc::new(Mutex::new(json!({
                "issuer": format!("http://{address}"),
                "introspection_endpoint": format!("http://{address}/introspect"),
            }))),
        };
        let app = Router::new()
            .route("/introspect", post(introspect))
            .route("/.well-known/openid-configuration", get(metadata))
            .with_state(shared.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            address,
            shared,
            serving,
        }
    }

    pub(crate) fn set(&self, respond: impl Fn(&str) -> Answer + Send + Sync + 'static) {
        *self.shared.respond.lock().unwrap() = Arc::new(respond);
    }

    /// A new issuer of JWTs, and a layer that accepts them beside opaque tokens.
    pub(super) fn layer_with_jwts(&self) -> (TestIssuer, JwtAuthLayer) {
        let issuer = TestIssuer::hs256();
        let issuer = issuer.with_issuer(ISSUER).with_audience(AUDIENCE);
        let builder = issuer.layer().introspect(self.introspection());
        let layer = builder.build().unwrap();
        (issuer, layer)
    }

    pub(super) fn set_metadata(&self, metadata: Value) {
        *self.shared.metadata.lock().unwrap() = metadata;
    }

    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn introspection(&self) -> Introspection {
        Introspection::new(format!("{}/introspect", self.origin()))
    }

    /// A layer that accepts opaque tokens alone.
    pub(super) fn layer(&self) -> JwtAuthLayer {
        builder(self.introspection()).build().unwrap()
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn introspect(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let form = String::from_utf8(body.to_vec()).unwrap();
    let respond = Arc::clone(&shared.respond.lock().unwrap());
    let answer = respond(&form);
    shared.asked.lock().unwrap().push(Asked { headers, form });
    tokio::time::sleep(answer.delay).await;
    (StatusCode::from_u16(answer.status).unwrap(), answer.body)
}

async fn metadata(State(shared): State<Shared>) -> String {
    shared.metadata.lock().unwrap().to_string()
}

pub(crate) fn builder(introspection: Introspection) -> JwtAuthBuilder {
    JwtAuthLayer::builder()
        .introspect(introspection)
        .issuer(ISSUER)
        .audience(AUDIENCE)
}

/// The user of a bearer token, or the reason for its rejection.
pub(super) async fn user(layer: &JwtAuthLayer, token: &str) -> Result<CurrentUser, &'static str> {
    let request = Request::builder().header(AUTHORIZATION, format!("Bearer {token}"));
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let user = layer.authenticate(&parts).await.map_err(|response| {
        let response: &Response<_> = &response;
        response.extensions().get::<Rejection>().unwrap().reason()
    })?;
    Ok(user.expect("the layer accepts no anonymous requests"))
}

/// The ID of the user, or the reason.
pub(super) async fn ask(layer: &JwtAuthLayer, token: &str) -> Result<String, &'static str> {
    user(layer, token)
        .await
        .map(|user| user.user_id().to_owned())
}
