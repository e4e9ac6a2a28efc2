//! `ProtectedResource`: its metadata, and the layer that protects it.

mod access_tokens;
mod challenges;
mod configuration;
mod identifiers;
mod issuers;
mod metadata;
#[cfg(feature = "axum")]
mod routers;
mod scopes;
mod table;

use std::collections::BTreeSet;

use http::Request;
use tower_jwt_auth::{
    JwtAuthBuilder, JwtAuthLayer, ProtectedResource,
    test_kit::{TestIssuer, TestToken},
};

use crate::support::*;

const RESOURCE: &str = "https://api.example.com/mcp";
const LOGIN: &str = "https://login.example.com";
const METADATA_PATH: &str = "/.well-known/oauth-protected-resource/mcp";
const METADATA_URL: &str = "https://api.example.com/.well-known/oauth-protected-resource/mcp";

fn resource() -> ProtectedResource {
    let resource = ProtectedResource::new(RESOURCE, LOGIN).unwrap();
    resource.scopes(["mcp:read", "profile"]).unwrap()
}

/// The authorization server of [`resource`].
fn issuer() -> TestIssuer {
    TestIssuer::hs256()
        .with_issuer(LOGIN)
        .with_audience(RESOURCE)
}

/// A builder that accepts the tokens of this issuer for [`resource`].
fn protected(issuer: &TestIssuer) -> JwtAuthBuilder {
    issuer.layer().protected_resource(&resource())
}

/// An access token that [`protected`] accepts.
fn access_token(issuer: &TestIssuer) -> TestToken {
    issuer.token_for("alice").access_token("mcp:read profile")
}

/// Sends a request to the service of a resource.
async fn ask_resource(resource: &ProtectedResource, request: Request<()>) -> Answer {
    let response = tower::ServiceExt::oneshot(resource.clone(), request).await;
    response.unwrap().into_answer().await
}

/// The explanation of the check that failed.
fn explanation(layer: &JwtAuthLayer, token: &str) -> String {
    let explanation = layer.verifier().explain(token);
    let failed = explanation.failed().unwrap();
    failed.difference().unwrap_or_default().to_owned()
}

/// The base scopes, as in a challenge.
const BASE: &str = r#"scope="mcp:read profile""#;

fn metadata() -> String {
    format!(r#"resource_metadata="{METADATA_URL}""#)
}

/// The parameters of a challenge, in which no value contains a comma and a space.
fn parameters(challenge: &str) -> BTreeSet<String> {
    let all: Vec<&str> = challenge
        .strip_prefix("Bearer ")
        .unwrap()
        .split(", ")
        .collect();
    let names: BTreeSet<_> = all.iter().map(|it| it.split_once('=').unwrap().0).collect();
    assert_eq!(names.len(), all.len(), "a repeated parameter: {challenge}");
    all.into_iter().map(str::to_owned).collect()
}

fn set(expected: &[&str]) -> BTreeSet<String> {
    expected
        .iter()
        .map(|it| (*it).to_owned())
        .chain([metadata()])
        .collect()
}
