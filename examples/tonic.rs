//! A gRPC server in tonic behind Better Auth, and a client that calls it.
//!
//! ```sh
//! cargo run --example tonic
//! ```
//!
//! The greeter is behind the layer; the health service is not, since the probes of Kubernetes send
//! no token. The greeter is written out by hand where `tonic-prost-build` would generate it, so
//! that the example needs no `protoc`.

mod support;

use std::{
    convert::Infallible,
    error::Error,
    future::{Ready, ready},
    task::{Context, Poll},
};

use tokio::net::TcpListener;
use tonic::{
    Code, Request, Response, Status,
    body::Body,
    client::Grpc as Client,
    codegen::{BoxFuture, Service, http::uri::PathAndQuery},
    server::{Grpc as Server, NamedService, UnaryService},
    service::LayerExt,
    transport::{Channel, server::TcpIncoming},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_prost::ProstCodec;
use tower_http::{
    classify::{GrpcCode, GrpcErrorsAsFailures, SharedClassifier},
    trace::TraceLayer,
};
use tower_jwt_auth::{CurrentUser, JwtAuthLayer};

#[derive(Clone, PartialEq, prost::Message)]
pub struct HelloRequest {}

#[derive(Clone, PartialEq, prost::Message)]
pub struct HelloReply {
    #[prost(string, tag = "1")]
    pub message: String,
}

/// The method `Hello`. The layer has put the user into the extensions of the request.
#[derive(Clone)]
struct Hello;

impl UnaryService<HelloRequest> for Hello {
    type Response = HelloReply;
    type Future = Ready<Result<Response<HelloReply>, Status>>;

    fn call(&mut self, request: Request<HelloRequest>) -> Self::Future {
        let user = request.extensions().get::<CurrentUser>();
        ready(match user {
            Some(user) => Ok(Response::new(HelloReply {
                message: format!("Hello {}", user.email()),
            })),
            None => Err(Status::internal("no JwtAuthLayer wraps the greeter")),
        })
    }
}

/// The service with its one method.
#[derive(Clone)]
pub struct Greeter;

impl NamedService for Greeter {
    const NAME: &'static str = "example.Greeter";
}

pub const HELLO: &str = "/example.Greeter/Hello";

impl Service<http::Request<Body>> for Greeter {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            if request.uri().path() != HELLO {
                return Ok(Status::unimplemented("no such method").into_http());
            }
            let mut grpc = Server::new(ProstCodec::default());
            Ok(grpc.unary(Hello, request).await)
        })
    }
}

/// Logs the calls. With `TraceLayer::new_for_grpc`, each client without a valid token is logged as
/// an ERROR of the server; here, only what the server has to answer for.
pub fn trace() -> TraceLayer<SharedClassifier<GrpcErrorsAsFailures>> {
    let failures = GrpcErrorsAsFailures::new()
        .with_success(GrpcCode::Unauthenticated)
        .with_success(GrpcCode::PermissionDenied);
    TraceLayer::new(SharedClassifier::new(failures))
}

/// Serves the greeter behind `auth`, and health in the open.
pub async fn serve(
    listener: TcpListener,
    auth: JwtAuthLayer,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health
        .set_service_status(Greeter::NAME, tonic_health::ServingStatus::Serving)
        .await;

    tonic::transport::Server::builder()
        .layer(trace())
        .add_service(health_service)
        .add_service(auth.named_layer(Greeter))
        .serve_with_incoming(TcpIncoming::from(listener))
        .await?;
    Ok(())
}

/// Calls the greeter, with a token or without.
pub async fn hello(channel: Channel, token: Option<&str>) -> Result<String, Status> {
    let mut request = Request::new(HelloRequest {});
    if let Some(token) = token {
        let value = format!("Bearer {token}")
            .parse()
            .map_err(|_| Status::invalid_argument("the token is no metadata value"))?;
        request.metadata_mut().insert("authorization", value);
    }
    let mut client = Client::new(channel);
    client
        .ready()
        .await
        .map_err(|error| Status::unavailable(error.to_string()))?;
    let codec = ProstCodec::<HelloRequest, HelloReply>::default();
    let reply = client
        .unary(request, PathAndQuery::from_static(HELLO), codec)
        .await?;
    Ok(reply.into_inner().message)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    tracing_subscriber::fmt().init();

    let secret = support::random_secret();
    let token = support::mint(&secret, "u1", "ada@example.com");
    let auth = JwtAuthLayer::builder().secret(secret).build()?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let origin = format!("http://{}", listener.local_addr()?);
    tokio::spawn(serve(listener, auth));
    let channel = Channel::from_shared(origin)?.connect().await?;

    println!(
        "with a token:    {}",
        hello(channel.clone(), Some(&token)).await?
    );

    let refused = hello(channel.clone(), None).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    println!(
        "without a token: {:?}, {}",
        refused.code(),
        refused.message()
    );

    let probe = HealthCheckRequest {
        service: Greeter::NAME.to_owned(),
    };
    let health = HealthClient::new(channel).check(probe).await?.into_inner();
    println!("health, open:    {:?}", health.status());
    Ok(())
}
