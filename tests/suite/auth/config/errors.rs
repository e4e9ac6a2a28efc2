//! The errors of a configuration: each names its field, all are reported at once, and none shows a
//! value.

use serde_json::{Value, json};
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthConfig};

use super::{Secrets, config, conversion_error, convert};
use crate::support::SECRET;

#[test]
fn unknown_fields_are_errors_at_every_level() {
    let unknown = |path: &str| format!("`{path}` is not a setting; correct its name");
    for (config, expected) in [
        (json!({ "issuers": {}, "relm": "x" }), unknown("relm")),
        (
            json!({ "issuers": { "Issuer": 1 } }),
            unknown("issuers.Issuer"),
        ),
        (
            json!({ "issuers": [{}, { "leway": 5 }] }),
            unknown("issuers[1].leway"),
        ),
        (
            json!({ "issuers": [{ "cognito": {
                "user_pool_id": "p_x", "client_id": "c", "tokens": "id", "x-y": [{}]
            }}]}),
            unknown("issuers[0].cognito.x-y"),
        ),
        (
            json!({ "issuers": {}, "token_sources": [{ "cookie": "c", "path": "/" }] }),
            unknown("token_sources[0].path"),
        ),
        (
            json!({ "issuers": {}, "token_sources": [{ "first_of": [{ "cookie": "c", "b": 1 }] }] }),
            unknown("token_sources[0].first_of[0].b"),
        ),
    ] {
        let error = conversion_error(&config);
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[test]
fn a_value_of_the_wrong_type_is_an_error_with_its_field() {
    let seconds = "a whole number of seconds";
    for (field, values, expected) in [
        (
            "leeway",
            vec![
                (json!("5"), "a string"),
                (json!(-1), "a negative number"),
                (json!(0.5), "a fractional number"),
                (json!(true), "a boolean"),
                (json!(null), "null"),
                (json!([1, "x"]), "a list"),
                (json!({ "secs": 1 }), "a table"),
            ],
            seconds,
        ),
        ("jwks_ttl", vec![(json!("10m"), "a string")], seconds),
        (
            "email_optional",
            vec![(json!("true"), "a string"), (json!(1), "a number")],
            "true or false",
        ),
        (
            "jwks_url",
            vec![(json!(7), "a number"), (json!(["a"]), "a list")],
            "a string",
        ),
        (
            "audience",
            vec![(json!(7), "a number"), (json!(null), "null")],
            "a string, or a list of them",
        ),
        (
            "secret_from_file",
            vec![(json!(7), "a number")],
            "the path of a file, or a list of them",
        ),
        (
            "algorithms",
            vec![(json!("none"), "a string"), (json!(256), "a number")],
            "the name of an algorithm, such as EdDSA, or a list of them",
        ),
        (
            "max_user_id_len",
            vec![(json!("255"), "a string")],
            "a whole number",
        ),
    ] {
        for (value, found) in values {
            let error = conversion_error(&json!({ "issuers": [{ field: value }] }));
            assert_eq!(
                error,
                format!("`issuers[0].{field}` is {found}; set it to {expected}")
            );
        }
    }
    let error = conversion_error(&json!({ "issuers": { "audience": ["a", 1] } }));
    assert_eq!(
        error,
        "`issuers.audience[1]` is a number; set it to a string"
    );
    for (value, found) in [
        (json!("x"), "a string"),
        (json!([]), "a list"),
        (json!(null), "null"),
    ] {
        let error = conversion_error(&value);
        assert_eq!(
            error,
            format!("the configuration is {found}; write a table of settings")
        );
    }
}

#[test]
fn an_empty_list_and_missing_issuers_are_errors() {
    for (config, expected) in [
        (json!({}), "`issuers` is missing"),
        (json!({ "issuers": [] }), "`issuers` is an empty list"),
        (json!({ "issuers": 1 }), "`issuers` is a number"),
        (
            json!({ "issuers": [{ "audience": [] }] }),
            "`issuers[0].audience` is an empty list",
        ),
        (
            json!({ "issuers": [{ "tenants": [] }] }),
            "`issuers[0].tenants` is an empty list",
        ),
        (
            json!({ "issuers": [{ "algorithms": [] }] }),
            "`issuers[0].algorithms` is an empty list",
        ),
        (
            json!({ "issuers": {}, "token_sources": [] }),
            "`token_sources` is an empty list",
        ),
        (
            json!({ "issuers": {}, "token_sources": {} }),
            "`token_sources` must have exactly one of",
        ),
        (
            json!({ "issuers": {}, "token_sources": ["header", { "cookie": "a", "query": "b" }] }),
            "`token_sources[1]` must have exactly one of",
        ),
        (
            json!({ "issuers": {}, "token_sources": ["body"] }),
            "`token_sources[0]` is a string; set it to \"header\"",
        ),
    ] {
        let error = conversion_error(&config);
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn all_errors_are_reported_at_once() {
    let error = convert(&json!({
        "issuers": [{ "leeway": "x", "audience": [1, "a", 2] }, { "isuer": "x" }, 5],
        "realm": 1,
        "problem_json": "yes",
    }))
    .unwrap_err();
    let fields: Vec<_> = error
        .problems()
        .map(|text| text.split('`').nth(1).unwrap())
        .collect();
    assert_eq!(
        fields,
        [
            "issuers[2]",
            "issuers[0].audience[0]",
            "issuers[0].audience[2]",
            "issuers[0].leeway",
            "issuers[1].isuer",
            "realm",
            "problem_json",
        ]
    );
    let secrets = Secrets::new();
    let config = secrets.config(json!({ "leeway": 301, "issuer": "", "user_id_claim": "" }));
    let error = convert(&config).unwrap().build().unwrap_err();
    assert_eq!(error.problems().count(), 3, "{error}");
}

#[test]
fn a_field_that_is_set_twice_is_an_error() {
    for text in [
        r#"{ "issuers": [{ "audience": "a", "audience": "b" }] }"#,
        r#"{ "issuers": [], "issuers": [] }"#,
    ] {
        let error = serde_json::from_str::<JwtAuthConfig>(text).unwrap_err();
        assert!(error.to_string().contains("duplicate field"), "{error}");
    }
}

#[test]
fn a_value_in_the_wrong_field_is_never_shown() {
    let marked = "Zq8#kV2!mN5$wX9&pR4*tY7^bC3@dF6+";
    let plain = "Zq8kV2mN5wX9pR4tY7bC3dF6gH1jL0sA";
    for secret in [marked, plain] {
        let mut configs: Vec<Value> = [
            "secret",
            "secrets",
            "secret_from_env",
            "secret_from_file",
            "leeway",
            "algorithms",
            "email_optional",
            "cognito",
            "jwks_file",
            "public_key_file",
            "jwks_text",
            "issuer_template",
            "max_user_id_len",
            "better_auth",
            "jwks_url",
            "discover",
            "unknown",
            secret,
        ]
        .into_iter()
        .flat_map(|field| {
            [
                json!({ "issuers": [{ field: secret }] }),
                json!({ "issuers": [{ field: [secret] }] }),
                json!({ "issuers": [{ field: { "x": secret } }] }),
            ]
        })
        .collect();
        configs.extend([
            json!(secret),
            json!({ "issuers": secret }),
            json!({ "issuers": [secret] }),
            json!({ "issuers": {}, "token_sources": [secret] }),
            json!({ "issuers": {}, "token_sources": { secret: 1 } }),
            json!({ "issuers": {}, "max_token_len": secret }),
            json!({ "issuers": {}, secret: secret }),
        ]);
        for json in configs {
            let config = config(&json);
            let mut shown = format!("{config:?} {config:#?}");
            match convert(&json) {
                Ok(builder) => {
                    shown += &format!("{builder:?}");
                    if let Err(error) = builder.build() {
                        shown += &format!("{error} {error:?}");
                    }
                }
                Err(error) => shown += &format!("{error} {error:?}"),
            }
            assert!(!shown.contains(&secret[..8]), "{json}: {shown}");
        }
    }
}

#[test]
fn a_secret_in_the_configuration_is_an_error_with_the_fix() {
    for field in ["secret", "secrets"] {
        let error = conversion_error(&json!({ "issuers": [{ field: SECRET }] }));
        let expected = format!("`issuers[0].{field}` is a secret, which does not belong");
        assert!(error.starts_with(&expected), "{error}");
        assert!(error.contains("`secret_from_env`"), "{error}");
    }
}

#[test]
fn debug_output_shows_only_the_number_of_issuers() {
    for (json, expected) in [
        (
            json!({ "issuers": [{}, {}] }),
            "JwtAuthConfig { issuers: 2, .. }",
        ),
        (
            json!({ "issuers": {}, "realm": "x" }),
            "JwtAuthConfig { issuers: 1, .. }",
        ),
        (json!({}), "JwtAuthConfig { issuers: 0, .. }"),
    ] {
        assert_eq!(format!("{:?}", config(&json)), expected);
    }
}

#[test]
fn an_integer_of_128_bits_is_an_error_without_its_value() {
    use serde::{Deserialize, de::value};

    let found = |config: JwtAuthConfig| JwtAuthBuilder::try_from(config).unwrap_err().to_string();
    let unsigned = value::U128Deserializer::<value::Error>::new(u128::MAX);
    let signed = value::I128Deserializer::<value::Error>::new(i128::MIN);
    for config in [
        JwtAuthConfig::deserialize(unsigned),
        JwtAuthConfig::deserialize(signed),
    ] {
        assert!(found(config.unwrap()).contains("is a number"));
    }
}
