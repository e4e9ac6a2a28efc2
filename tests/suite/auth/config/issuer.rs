//! The fields of an issuer that concern secrets and claims.

use std::fs;

use serde_json::{Value, json};

use super::{Secrets, build, convert};
use crate::{auth::configuration::child, support::*};

/// A field, claims, and the reason without and with the field.
type Row = (Value, Value, &'static str, &'static str);

#[test]
fn each_field_about_claims_reaches_the_layer() {
    let secrets = Secrets::new();
    let iss = "https://app.example.com";
    let rows: Vec<Row> = vec![
        (json!({ "issuer": iss }), json!({}), "accepted", "issuer"),
        (
            json!({ "issuer": [iss] }),
            json!({ "iss": iss }),
            "accepted",
            "accepted",
        ),
        (
            json!({ "issuer": ["x", iss] }),
            json!({ "iss": "x" }),
            "accepted",
            "accepted",
        ),
        (
            json!({ "audience": "a" }),
            json!({ "aud": "a" }),
            "audience_not_configured",
            "accepted",
        ),
        (
            json!({ "audience": ["b", "a"] }),
            json!({ "aud": "a" }),
            "audience_not_configured",
            "accepted",
        ),
        (
            json!({ "audience": ["b", "c"] }),
            json!({ "aud": "a" }),
            "audience_not_configured",
            "audience",
        ),
        (
            json!({ "allow_any_audience": true }),
            json!({ "aud": "a" }),
            "audience_not_configured",
            "accepted",
        ),
        (
            json!({ "allow_any_audience": false }),
            json!({ "aud": "a" }),
            "audience_not_configured",
            "audience_not_configured",
        ),
        (
            json!({ "authorized_party": ["web", "app"] }),
            json!({ "azp": "cli" }),
            "accepted",
            "authorized_party",
        ),
        (
            json!({ "authorized_party": "web" }),
            json!({ "azp": "web" }),
            "accepted",
            "accepted",
        ),
        (
            json!({ "leeway": 5 }),
            json!({ "exp": NOW - 4 }),
            "expired",
            "accepted",
        ),
        (
            json!({ "leeway": 4 }),
            json!({ "exp": NOW - 4 }),
            "expired",
            "expired",
        ),
        (
            json!({ "email_optional": true }),
            json!({ "email": 1 }),
            "user",
            "accepted",
        ),
        (
            json!({ "email_optional": false }),
            json!({ "email": 1 }),
            "user",
            "user",
        ),
        (
            json!({ "email_claim": "mail" }),
            json!({ "email": 1, "mail": "a@b" }),
            "user",
            "accepted",
        ),
        (
            json!({ "user_id_claim": "sub" }),
            json!({ "sub": 7 }),
            "subject",
            "accepted",
        ),
        (
            json!({ "max_user_id_len": 4 }),
            json!({}),
            "accepted",
            "subject",
        ),
        (
            json!({ "max_user_id_len": 5 }),
            json!({}),
            "accepted",
            "accepted",
        ),
        (
            json!({ "allow_services": true, "email_optional": true }),
            json!({ "sub": "", "common_name": "job" }),
            "subject",
            "accepted",
        ),
        (
            json!({ "issuer_template": "https://x.example/{tid}", "tenants": ["a", "b"] }),
            json!({ "iss": "https://x.example/c", "tid": "c" }),
            "accepted",
            "issuer",
        ),
        (
            json!({ "issuer_template": "https://x.example/{tid}", "tenants": "a" }),
            json!({ "iss": "https://x.example/a", "tid": "a" }),
            "accepted",
            "accepted",
        ),
        (
            json!({ "issuer_template": "https://x.example/{tid}", "any_tenant": true }),
            json!({ "iss": "https://x.example/c", "tid": "c" }),
            "accepted",
            "accepted",
        ),
        (
            json!({ "algorithms": ["HS512"], "allow_short_secret": true }),
            json!({}),
            "accepted",
            "algorithm",
        ),
        (
            json!({ "algorithms": "HS256" }),
            json!({}),
            "accepted",
            "accepted",
        ),
    ];
    let plain = build(&secrets.config(json!({})));
    for (fields, members, without, with) in rows {
        let token = token(&claims_with(members));
        assert_eq!(reason(&plain, &token), without, "without {fields}");
        let layer = build(&secrets.config(fields.clone()));
        assert_eq!(reason(&layer, &token), with, "with {fields}");
    }
}

#[test]
fn the_types_of_a_token_reach_the_layer() {
    let secrets = Secrets::new();
    let token = |typ: &str| token_with_header(format!(r#"{{"alg":"HS256","typ":"{typ}"}}"#));
    for (fields, typ, expected) in [
        (json!({}), "access+jwt", "token_type"),
        (
            json!({ "accept_typ": "access+jwt" }),
            "access+jwt",
            "accepted",
        ),
        (json!({ "accept_typ": ["a", "b"] }), "b", "accepted"),
        (json!({ "accept_typ": ["a", "b"] }), "c", "token_type"),
    ] {
        let layer = build(&secrets.config(fields.clone()));
        assert_eq!(reason(&layer, &token(typ)), expected, "{fields} {typ}");
    }
}

#[test]
fn secrets_of_several_files_are_tried() {
    let secrets = Secrets::new();
    let other = "fedcba9876543210fedcba9876543210";
    fs::write(secrets.0.path("other"), other).unwrap();
    let files = [secrets.0.path("secret"), secrets.0.path("other")];
    let layer = build(&secrets.config(json!({ "secret_from_file": files })));
    for secret in [SECRET, other] {
        let token = sign(r#"{"alg":"HS256"}"#, claims().to_string(), secret);
        assert_eq!(reason(&layer, &token), "accepted", "{secret}");
    }
}

#[test]
fn a_secret_is_read_from_the_named_variable() {
    let far = claims_with(json!({ "exp": 4_000_000_000_u64 }));
    let token = token(&far);
    let issuer = |name: &str| json!({ "issuers": { "secret_from_env": name } }).to_string();
    let list = json!({ "issuers": [{ "secret_from_env": ["SECRET_b", "SECRET_a"] }] });
    for (config, expected) in [
        (issuer("SECRET_a"), "accepted"),
        (issuer("SECRET_b"), "signature"),
        (list.to_string(), "accepted"),
    ] {
        let report = child([
            ("CONFIG", &*config),
            ("SECRET_a", SECRET),
            ("SECRET_b", "fedcba9876543210fedcba9876543210"),
            ("TOKEN_a", &token),
        ]);
        assert_eq!(report["config"]["TOKEN_a"], expected, "{config}");
    }
}

#[test]
fn weak_and_missing_secrets_must_be_allowed() {
    let secrets = Secrets::new();
    fs::write(secrets.0.path("short"), "0123456789").unwrap();
    for (file, switch, expected) in [
        ("short", "allow_short_secret", "signature"),
        ("missing", "allow_missing_secret", "not_configured"),
    ] {
        let with = |is_on: bool| {
            let fields = json!({ "secret_from_file": secrets.0.path(file), switch: is_on });
            convert(&secrets.config(fields))
                .unwrap()
                .clock(|| at(NOW))
                .build()
        };
        assert!(with(false).is_err(), "{file}");
        let layer = with(true).unwrap();
        assert_eq!(reason(&layer, &token(&claims())), expected, "{file}");
    }
}

#[test]
fn the_first_table_is_the_first_issuer() {
    use tower::ServiceBuilder;
    use tower_jwt_auth::PathOwnerLayer;

    let secrets = Secrets::new();
    let issuer = |iss: &str, same_users: bool| {
        secrets.issuer(json!({ "issuer": iss, "same_users": same_users }))
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for (second, status) in [
        (issuer("second", false), 403),
        (issuer("second", true), 200),
    ] {
        let layer = build(&json!({ "issuers": [issuer("first", false), second] }));
        for (iss, status) in [("first", 200), ("second", status)] {
            let owner = PathOwnerLayer::new("/{user_id}").unwrap();
            let mut request = with_bearer(&token(&claims_with(json!({ "iss": iss }))));
            *request.uri_mut() = "/alice".parse().unwrap();
            let both = ServiceBuilder::new().layer(layer.clone()).layer(owner);
            let answer = runtime.block_on(ask(both, request));
            assert_eq!(answer.status(), status, "{iss}");
        }
    }
}
