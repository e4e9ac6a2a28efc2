//! The user ID, the email address, the name, and the checks of the application.

use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn a_token_without_sub_is_rejected() {
    let token = token(&claims_without("sub"));
    assert_each_refused(&layer(), "subject", [("no sub", token)]).await;
}

#[tokio::test]
async fn an_invalid_sub_is_rejected() {
    let values = [
        json!(null),
        json!(1),
        json!(true),
        json!([]),
        json!(["alice"]),
        json!({}),
        json!({ "id": "alice" }),
        json!(""),
        json!(" "),
        json!("   "),
        json!("\u{a0}"),
        json!("\u{2003}\u{3000}"),
        json!("\t"),
        json!("alice\0"),
        json!("\0"),
        json!("al\nice"),
        json!("alice\r\nx: y"),
        json!("alice\u{1b}[31m"),
        json!("alice\u{7f}"),
        json!("alice\u{85}"),
        json!("a".repeat(256)),
        json!("a".repeat(10_000)),
        // The limit is in bytes, not characters.
        json!("é".repeat(128)),
        json!("🔑".repeat(64)),
    ];
    assert_each_value_rejected(&layer(), "subject", "sub", values).await;
}

#[tokio::test]
async fn a_valid_sub_of_up_to_255_bytes_is_the_user_id() {
    let ids = [
        "a".repeat(255),
        "é".repeat(127),
        "1".into(),
        "rWvw0hax5Nj4Zh1IUSNigPSdL7h5n1tc".into(),
        "auth0|5f7c8ec7c33c6c004bbafe82".into(),
        "alice smith".into(),
        " alice".into(),
        "../alice".into(),
        "Ålice \"quoted\" \\ 🔑".into(),
    ];
    for id in ids {
        let token = token(&claims_with(json!({ "sub": id })));
        ask(layer(), with_bearer(&token))
            .await
            .assert_reached(&id, &id);
    }
    let escaped = claims()
        .to_string()
        .replace(r#""alice""#, r#""\u0061lic\u0065""#);
    assert_each_accepted(&layer(), [("escaped", token_with_payload(escaped))]).await;
}

#[tokio::test]
async fn a_control_character_in_sub_email_or_name_is_rejected() {
    let lenient = builder().email_optional().build().unwrap();
    for control in ["\0", "\r", "\n", "\t", "\u{1b}", "\u{7f}", "\u{85}"] {
        for text in [
            control.to_owned(),
            format!("{control}a@b.c"),
            format!("a{control}@b.c"),
            format!("a@b.c{control}"),
            format!("Zoë{control}"),
        ] {
            for (claim, reason) in [("sub", "subject"), ("email", "user"), ("name", "user")] {
                for layer in [&layer(), &lenient] {
                    assert_each_value_rejected(layer, reason, claim, [json!(text)]).await;
                }
            }
        }
    }
    let names = [json!(""), json!(" "), json!("Zoë Ångström-李 \u{1f511}")];
    assert_each_value_accepted(&layer(), "name", names).await;
    let emails = [json!(" "), json!("zoë@exämple.com")];
    assert_each_value_accepted(&layer(), "email", emails).await;
}

#[tokio::test]
async fn a_token_without_an_email_is_rejected() {
    let missing = token(&claims_without("email"));
    assert_each_refused(&layer(), "user", [("no email", missing)]).await;
    let values = [
        json!(null),
        json!(1),
        json!(true),
        json!([]),
        json!(["a@b.c"]),
        json!({}),
        json!(""),
    ];
    assert_each_value_rejected(&layer(), "user", "email", values).await;
}

#[tokio::test]
async fn an_optional_email_of_another_type_is_treated_as_absent() {
    let layer = builder().email_optional().build().unwrap();
    let missing = token(&claims_without("email"));
    assert_each_accepted(&layer, [("no email", missing.clone())]).await;
    assert_eq!(layer.verifier().verify(&missing).unwrap().email(), "");
    let values = [json!(""), json!("alice@example.com")];
    assert_each_value_accepted(&layer, "email", values).await;
    for value in other_types() {
        let token = token(&claims_with(json!({ "email": value })));
        let user = layer.verifier().verify(&token).unwrap();
        assert_eq!(user.email(), "", "{value}");
    }
}

#[tokio::test]
async fn a_name_of_another_type_is_treated_as_absent() {
    for layer in [layer(), builder().email_optional().build().unwrap()] {
        for (value, expected) in [(json!(""), Some("")), (json!("Alice"), Some("Alice"))]
            .into_iter()
            .chain(other_types().map(|value| (value, None)))
        {
            let token = token(&claims_with(json!({ "name": value })));
            let user = layer.verifier().verify(&token).unwrap();
            assert_eq!(user.name(), expected, "{value}");
        }
    }
}

/// Values that are not strings.
fn other_types() -> [Value; 8] {
    [
        json!(null),
        json!(1),
        json!(-1.5),
        json!(true),
        json!([]),
        json!(["Alice"]),
        json!({}),
        json!({ "first": "Alice" }),
    ]
}

#[tokio::test]
async fn every_application_check_must_accept_the_user() {
    let layer = builder()
        .check(|user| user.email().ends_with("@example.com"))
        .check(|user| user.user_id() != "bob")
        .build()
        .unwrap();
    assert_each_accepted(&layer, [("alice", token(&claims()))]).await;
    assert_each_value_rejected(&layer, "check", "email", [json!("alice@example.org")]).await;
    assert_each_value_rejected(&layer, "check", "sub", [json!("bob")]).await;
    let expired = claims_with(json!({ "sub": "bob", "exp": NOW }));
    assert_each_refused(&layer, "expired", [("expired", token(&expired))]).await;
}
