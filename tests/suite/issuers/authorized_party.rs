//! The client to which a token was issued, instead of an audience or beside one.

use serde_json::{Value, json};
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer};

use super::*;

fn builder() -> JwtAuthBuilder {
    let pem = key("EdDSA", "signer").pem();
    let builder = JwtAuthLayer::builder().public_key_pem(pem);
    builder.clock(|| at(NOW))
}

async fn result(builder: JwtAuthBuilder, members: Value) -> (&'static str, String) {
    let layer = builder.build().unwrap();
    let events = Captured::start();
    let token = key("EdDSA", "signer").token(&claims_with(members));
    (sent(&layer, &token).await, events.text())
}

#[tokio::test]
async fn azp_or_without_it_client_id_names_the_client() {
    for (case, members, expected) in [
        ("azp", json!({ "azp": "web" }), "accepted"),
        ("client_id", json!({ "client_id": "web" }), "accepted"),
        (
            "both",
            json!({ "azp": "web", "client_id": "web" }),
            "accepted",
        ),
        (
            "azp first",
            json!({ "azp": "web", "client_id": "x" }),
            "accepted",
        ),
        (
            "azp of another",
            json!({ "azp": "x", "client_id": "web" }),
            "authorized_party",
        ),
        (
            "azp null",
            json!({ "azp": null, "client_id": "web" }),
            "authorized_party",
        ),
        (
            "azp empty",
            json!({ "azp": "", "client_id": "web" }),
            "authorized_party",
        ),
        ("azp list", json!({ "azp": ["web"] }), "authorized_party"),
        ("azp integer", json!({ "azp": 7 }), "authorized_party"),
        (
            "another client",
            json!({ "client_id": "x" }),
            "authorized_party",
        ),
        ("upper case", json!({ "azp": "Web" }), "authorized_party"),
        ("neither", json!({}), "authorized_party"),
    ] {
        let (reason, log) = result(builder().authorized_party("web"), members).await;
        assert_eq!(reason, expected, "{case}");
        if expected != "accepted" {
            assert_contains(log, "sets the expected value", case);
        }
    }
}

#[tokio::test]
async fn several_clients_are_alternatives() {
    for (client, expected) in [
        ("web", "accepted"),
        ("ios", "accepted"),
        ("cli", "authorized_party"),
    ] {
        let builder = builder().authorized_party("web").authorized_party("ios");
        let (reason, log) = result(builder, json!({ "azp": client })).await;
        assert_eq!(reason, expected, "{client}");
        if expected != "accepted" {
            assert_contains(log, "must be \"web\" or \"ios\"", client);
        }
    }
}

#[tokio::test]
async fn a_client_does_not_replace_an_audience() {
    let alone = || builder().authorized_party("web");
    let both = || alone().audience("api");
    let any = || alone().allow_any_audience();
    for (case, builder, members, expected) in [
        (
            "alone",
            alone(),
            json!({ "azp": "web", "aud": "api" }),
            "audience_not_configured",
        ),
        (
            "both",
            both(),
            json!({ "azp": "web", "aud": "api" }),
            "accepted",
        ),
        (
            "another client",
            both(),
            json!({ "azp": "x", "aud": "api" }),
            "authorized_party",
        ),
        (
            "another audience",
            both(),
            json!({ "azp": "web", "aud": "x" }),
            "audience",
        ),
        ("no audience", both(), json!({ "azp": "web" }), "audience"),
        (
            "no client",
            both(),
            json!({ "aud": "api" }),
            "authorized_party",
        ),
        (
            "any audience",
            any(),
            json!({ "azp": "web", "aud": "x" }),
            "accepted",
        ),
        (
            "any, another client",
            any(),
            json!({ "azp": "x", "aud": "x" }),
            "authorized_party",
        ),
    ] {
        let (reason, log) = result(builder, members).await;
        assert_eq!(reason, expected, "{case}");
        if expected == "audience_not_configured" {
            assert_contains(log, "call .audience(…)", case);
        }
    }
}

#[test]
fn public_keys_need_an_audience_or_a_client() {
    let error = builder().build().unwrap_err();
    for fix in [
        ".audience(…)",
        ".authorized_party(…)",
        ".allow_any_audience()",
    ] {
        assert_contains(&error, fix, "");
    }
    assert!(builder().authorized_party("web").build().is_ok());
    let error = builder().authorized_party(" ").build().unwrap_err();
    assert_contains(error, "azp or client_id", "");
    for client in ["web ", "\"web\""] {
        let error = builder().authorized_party(client).build().unwrap_err();
        assert_contains(error, "unlike the azp or client_id", client);
    }
}
