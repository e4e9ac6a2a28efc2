//! A service behind the layer.

use axum::{Json, Router, body::Body, routing::get};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header::HeaderName};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_jwt_auth::{BetterAuthSessions, CurrentUser, JwtAuthBuilder, JwtAuthLayer};

use crate::reason_of;

/// A service that responds with its user.
#[derive(Clone)]
pub struct Service(Router);

impl Service {
    pub fn new(auth: JwtAuthBuilder) -> Self {
        Self::of(auth.build().unwrap())
    }

    pub fn of(layer: JwtAuthLayer) -> Self {
        let router = Router::new().route("/me", get(me).post(me));
        Self(router.layer(layer))
    }

    /// A service that accepts only sessions.
    pub fn with(sessions: BetterAuthSessions) -> Self {
        Self::new(JwtAuthLayer::builder().sessions(sessions))
    }

    pub async fn cookie(&self, cookies: &str) -> Answer {
        self.send(Method::GET, &[("cookie", cookies)]).await
    }

    pub async fn bearer(&self, token: &str) -> Answer {
        let field = format!("Bearer {token}");
        self.send(Method::GET, &[("authorization", &field)]).await
    }

    pub async fn send(&self, method: Method, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method;
        *request.uri_mut() = "/me".parse().unwrap();
        for (name, value) in headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            let name: HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, value);
        }
        let response = self.0.clone().oneshot(request).await.unwrap();
        let reason = reason_of(&response);
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            reason,
            user: serde_json::from_slice(&body).unwrap(),
        }
    }
}

async fn me(request: Request<Body>) -> Json<Value> {
    let user = request.extensions().get::<CurrentUser>();
    Json(user.map_or(Value::Null, |user| {
        json!({
            "id": user.user_id(),
            "email": user.email(),
            "name": user.name(),
            "issuer": user.issuer(),
            "actor": user.actor(),
            "claims": user.claims::<Value>().unwrap(),
        })
    }))
}

/// The service's response.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub reason: &'static str,
    /// `null` if the request was accepted as anonymous.
    pub user: Value,
}

impl Answer {
    /// Returns the status, and the user's ID, `anonymous`, or the reason of the rejection.
    pub fn outcome(&self) -> (u16, &str) {
        let who = match self.status {
            StatusCode::OK => self.user["id"].as_str().unwrap_or("anonymous"),
            _ => self.reason,
        };
        (self.status.as_u16(), who)
    }
}
