//! Two replicas of a service that responds with the request it received.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Json, Router, extract::Request};
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

pub struct Backend {
    pub addrs: [SocketAddr; 2],
    count: Arc<AtomicUsize>,
}

impl Backend {
    pub async fn start() -> Self {
        let count = Arc::new(AtomicUsize::new(0));
        let router = Router::new().fallback({
            let count = Arc::clone(&count);
            async move |request: Request| {
                count.fetch_add(1, Ordering::Relaxed);
                Json(Reached::from_request(request).await)
            }
        });
        Self {
            addrs: [serve(router.clone()).await, serve(router).await],
            count,
        }
    }

    /// The number of requests that the replicas have received.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

/// Serves a router on a free port until the test ends.
pub async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("the listener is bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    addr
}

/// A request as it reached the backend.
#[derive(Debug, Serialize, Deserialize)]
pub struct Reached {
    pub method: String,
    /// The path with the query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body_len: usize,
}

impl Reached {
    async fn from_request(request: Request) -> Self {
        let (parts, body) = request.into_parts();
        let headers = parts.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.to_string(), value.into_owned())
        });
        Self {
            method: parts.method.to_string(),
            path: parts.uri.to_string(),
            headers: headers.collect(),
            body_len: body.collect().await.map_or(0, |body| body.to_bytes().len()),
        }
    }

    /// The sorted identity headers, as read by a service that ignores case and treats any separator
    /// as `-`.
    pub fn identity(&self) -> Vec<(String, &str)> {
        let mut identity: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| (normalized(name), value.as_str()))
            .filter(|(name, _)| name.starts_with("x-auth-"))
            .collect();
        identity.sort();
        identity
    }
}

fn normalized(name: &str) -> String {
    let is_separator = |c: char| !c.is_ascii_alphanumeric();
    name.to_lowercase().replace(is_separator, "-")
}
