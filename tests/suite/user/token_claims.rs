//! The claims of a token that no rule needs: `iat`, `jti`, `sid`, `act`.

use tower_jwt_auth::CurrentUser;

use crate::support::*;

/// A user whose claims are followed by these members.
fn user_with(members: &str) -> CurrentUser {
    let claims = claims().to_string();
    let claims = claims.strip_suffix('}').unwrap();
    let token = token_with_payload(format!("{claims},{members}}}"));
    layer().verifier().verify(&token).unwrap()
}

#[test]
fn iat_is_the_time_of_issue() {
    let user = user_with(&format!(r#""iat":{}"#, NOW - 60));
    assert_eq!(user.issued_at(), Some(at(NOW - 60)));
    let user = user_with(r#""iat":1.5"#);
    let expected = at(1) + std::time::Duration::from_millis(500);
    assert_eq!(user.issued_at(), Some(expected));
    let future = user_with(&format!(r#""iat":{}"#, NOW + 60));
    assert_eq!(future.issued_at(), Some(at(NOW + 60)));
    // Beyond the range of `SystemTime`, and missing.
    assert_eq!(user_with(r#""iat":1e300"#).issued_at(), None);
    assert_eq!(user_with(r#""x":{"iat":1}"#).issued_at(), None);
    assert_eq!(CurrentUser::new("a", "b").issued_at(), None);
}

#[cfg(feature = "test-kit")]
#[test]
fn an_iat_that_is_not_a_time_is_none() {
    use serde_json::json;
    use tower_jwt_auth::test_kit::TestUser;

    for iat in [json!("1"), json!(null), json!(-1), json!([1]), json!({})] {
        let user = TestUser::new("alice").claim("iat", &iat).user();
        assert_eq!(user.issued_at(), None, "{iat}");
    }
}

#[test]
fn jti_and_sid_are_strings() {
    let read = |members: &str| {
        let user = user_with(members);
        let owned = |id: Option<std::borrow::Cow<'_, str>>| id.map(|id| id.into_owned());
        (owned(user.token_id()), owned(user.session_id()))
    };
    let both = read(r#""jti":"t1","sid":"s1""#);
    assert_eq!(both, (Some("t1".into()), Some("s1".into())));
    let escaped = read(r#""j\u0074i":"t\u0031\"""#);
    assert_eq!(escaped, (Some("t1\"".into()), None));
    assert_eq!(read(r#""jti":"""#), (Some(String::new()), None));
    for (row, wrong) in [
        ("missing", r#""x":1"#),
        ("nested", r#""x":{"jti":"t1","sid":"s1"}"#),
        ("numbers", r#""jti":1,"sid":2"#),
        ("null", r#""jti":null,"sid":null"#),
        ("arrays", r#""jti":["t1"],"sid":["s1"]"#),
        ("objects", r#""jti":{"jti":"t1"},"sid":{}"#),
        ("other case", r#""JTI":"t1","Sid":"s1""#),
    ] {
        assert_eq!(read(wrong), (None, None), "{row}");
    }
}

#[test]
fn the_actor_is_a_string_or_the_sub_of_an_object() {
    for (act, expected) in [
        (r#"{"sub":"admin"}"#, Some("admin")),
        (
            r#"{"iss":"https://a.example","sub":"admin"}"#,
            Some("admin"),
        ),
        (r#"{"sub":"now","act":{"sub":"before"}}"#, Some("now")),
        (r#""admin""#, Some("admin")),
        (r#"{"act":{"sub":"before"}}"#, None),
        (r#"{"sub":1}"#, None),
        (r#"{"sub":{"sub":"admin"}}"#, None),
        (r#"{}"#, None),
        (r#"["admin"]"#, None),
        (r#"[{"sub":"admin"}]"#, None),
        ("null", None),
        ("7", None),
        ("true", None),
    ] {
        let user = user_with(&format!(r#""act":{act}"#));
        assert_eq!(user.actor().as_deref(), expected, "{act}");
        assert_eq!(user.user_id(), "alice");
    }
    assert_eq!(user_with(r#""x":1"#).actor(), None);
}

#[test]
fn a_duplicate_claim_is_none() {
    let twice = user_with(r#""jti":"a","jti":"a","sid":"a","s\u0069d":"a","act":"a","act":"a""#);
    assert_eq!(twice.token_id(), None);
    assert_eq!(twice.session_id(), None);
    assert_eq!(twice.actor(), None);
    let nested = user_with(r#""act":{"sub":"a","sub":"b"}"#);
    assert_eq!(nested.actor(), None);
    // Another claim that appears twice has no effect on these.
    let other = user_with(r#""jti":"a","x":1,"x":2,"sid":"b","sid":"b""#);
    assert_eq!(other.token_id().as_deref(), Some("a"));
    assert_eq!(other.issued_at(), None);
}
