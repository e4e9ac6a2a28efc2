//! The `iss` of the tokens for a protected resource, if no issuer is configured.

use serde_json::json;
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer, ProtectedResource};

use crate::support::*;

const LOGIN: &str = "https://login.example.com";
const SECOND: &str = "https://second.example.com";
const OTHER: &str = "https://other.example.com";

fn resource() -> ProtectedResource {
    ProtectedResource::new("https://api.example.com/mcp", LOGIN).unwrap()
}

fn protected(builder: JwtAuthBuilder, resource: &ProtectedResource) -> JwtAuthLayer {
    let builder = builder.protected_resource(resource).allow_plain_jwt();
    builder.build().unwrap()
}

#[test]
fn iss_is_an_authorization_server_unless_set() {
    let two = resource().authorization_server(SECOND).unwrap();
    let (ok, no) = ("accepted", "issuer");
    // The outcomes for the first server, the second, another issuer, and no `iss`.
    for (row, layer, expected) in [
        ("one", protected(builder(), &resource()), [ok, no, no, no]),
        ("two", protected(builder(), &two), [ok, ok, no, no]),
        (
            "set",
            protected(builder().issuer(OTHER), &two),
            [no, no, ok, no],
        ),
    ] {
        for (iss, expected) in [Some(LOGIN), Some(SECOND), Some(OTHER), None]
            .into_iter()
            .zip(expected)
        {
            let mut claims = json!({ "aud": "https://api.example.com/mcp" });
            if let Some(iss) = iss {
                claims["iss"] = iss.into();
            }
            let token = token(&claims_with(claims));
            assert_eq!(reason(&layer, &token), expected, "{row}: {iss:?}");
        }
    }
}

#[test]
fn each_of_several_issuers_of_a_resource_needs_a_name() {
    let two = resource().authorization_server(SECOND).unwrap();
    let first = builder().issuer(LOGIN).protected_resource(&two);
    let error = first.or(builder()).build().map(drop).unwrap_err();
    assert!(error.to_string().contains("one has no name"), "{error}");
}
