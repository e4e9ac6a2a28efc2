//! By default, a token is read from the `Authorization` header only.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header::AUTHORIZATION};
use http_body_util::Full;
use serde_json::json;
use tower::{Layer, ServiceExt, service_fn};

use crate::support::*;

fn valid() -> String {
    token(&claims())
}

fn with_two_headers(first: &str, second: &str) -> Request<()> {
    let mut request = with_authorization(first);
    let second = HeaderValue::from_str(second).unwrap();
    request.headers_mut().append(AUTHORIZATION, second);
    request
}

#[tokio::test]
async fn a_request_without_a_bearer_token_is_not_authenticated() {
    let token = valid();
    for (row, value) in [
        ("an empty value", String::new()),
        ("spaces only", "   ".into()),
        ("Basic", "Basic YWxpY2U6c2VjcmV0".into()),
        ("Basic with a JWT", format!("Basic {token}")),
        ("Digest", r#"Digest username="alice""#.into()),
        ("DPoP", format!("DPoP {token}")),
        ("the scheme alone", "Bearer".into()),
        ("the scheme and a space", "Bearer ".into()),
        ("the scheme and spaces", "Bearer     ".into()),
        ("part of the scheme", "Bear".into()),
        ("no space after the scheme", format!("Bearer{token}")),
        ("the token alone", token.clone()),
        ("another scheme first", format!("Basic x Bearer {token}")),
        ("a space before the scheme", format!(" Bearer {token}")),
    ] {
        let answer = ask(layer(), with_authorization(value)).await;
        answer.assert_not_authenticated(row);
    }
    ask(layer(), get("/"))
        .await
        .assert_not_authenticated("no Authorization");
}

#[tokio::test]
async fn the_scheme_ignores_case_and_allows_extra_spaces() {
    let token = valid();
    for start in [
        "Bearer ",
        "bearer ",
        "BEARER ",
        "bEaReR ",
        "Bearer  ",
        "Bearer      ",
    ] {
        let answer = ask(layer(), with_authorization(format!("{start}{token}"))).await;
        answer.assert_reached("alice", start);
    }
}

#[tokio::test]
async fn the_scheme_must_be_followed_by_exactly_one_token() {
    let token = valid();
    for (row, value) in [
        ("a tab after the scheme", format!("Bearer\t{token}")),
        ("a tab after the space", format!("Bearer \t{token}")),
        ("a tab and no token", "Bearer\t".into()),
        ("two tokens", format!("Bearer {token} {token}")),
        ("a list", format!("Bearer {token}, Bearer {token}")),
        (
            "a list without a space",
            format!("Bearer {token},Bearer {token}"),
        ),
        ("quotes", format!("Bearer \"{token}\"")),
        ("the scheme twice", format!("Bearer bearer {token}")),
        ("a tab after the token", format!("Bearer {token}\t")),
        ("a letter outside ASCII", format!("Bearer {token}é")),
        ("an emoji", format!("Bearer 🔑{token}")),
    ] {
        let answer = ask(layer(), with_authorization(value)).await;
        answer.assert_invalid_token("malformed", row);
    }
}

#[tokio::test]
async fn a_byte_outside_ascii_is_rejected() {
    for byte in 0x80..=0xff {
        for position in [0, 10, valid().len()] {
            let mut value = valid().into_bytes();
            value.insert(position, byte);
            let value = [b"Bearer ", &*value].concat();
            let answer = ask(layer(), with_authorization(value)).await;
            answer.assert_invalid_token("malformed", format!("{byte:#x} at {position}"));
        }
    }
}

#[tokio::test]
async fn two_authorization_headers_are_always_rejected() {
    let bearer = format!("Bearer {}", valid());
    for (row, first, second) in [
        ("the same token twice", &*bearer, &*bearer),
        ("a valid token and garbage", &bearer, "Bearer garbage"),
        ("garbage and a valid token", "Bearer garbage", &bearer),
        ("Basic and Bearer", "Basic eDp5", &bearer),
        ("Bearer and Basic", &bearer, "Basic eDp5"),
        ("Basic and DPoP", "Basic eDp5", "DPoP x"),
        ("Bearer and an empty value", &bearer, ""),
        ("two empty values", "", ""),
    ] {
        let answer = ask(layer(), with_two_headers(first, second)).await;
        answer.assert_invalid_request(row);
        let anonymous = builder().allow_anonymous().build().unwrap();
        let answer = ask(anonymous, with_two_headers(first, second)).await;
        answer.assert_invalid_request(format!("{row}, anonymous allowed"));
    }
}

#[tokio::test]
async fn a_token_in_the_query_is_never_read() {
    let path = format!("/tasks?access_token={}", valid());
    ask(layer(), get(&path))
        .await
        .assert_not_authenticated("valid");
    let answer = ask(layer(), get("/tasks?access_token=garbage")).await;
    answer.assert_not_authenticated("garbage");

    let mut both = get("/tasks?access_token=garbage");
    let value = format!("Bearer {}", valid()).parse().unwrap();
    both.headers_mut().insert(AUTHORIZATION, value);
    ask(layer(), both)
        .await
        .assert_reached("alice", "in the header too");
}

/// A valid token of this many bytes.
fn token_of(length: usize) -> String {
    let padded = |padding| token(&claims_with(json!({ "padding": "a".repeat(padding) })));
    // In base64url, three bytes become four characters.
    let near = (length - padded(0).len()) * 3 / 4;
    let token = (near - 2..near + 3)
        .map(padded)
        .find(|token| token.len() == length);
    token.expect("a base64url string of that length exists")
}

#[tokio::test]
async fn a_token_may_have_at_most_16_kib() {
    assert_each_accepted(&layer(), [("16 KiB", token_of(16 * 1024))]).await;
    assert_each_refused(
        &layer(),
        "too_long",
        [("one more", token_of(16 * 1024 + 1))],
    )
    .await;
}

#[tokio::test]
async fn the_maximum_token_length_can_be_configured() {
    let token = valid();
    let limit = |bytes| builder().max_token_len(bytes).build().unwrap();
    assert_each_accepted(&limit(token.len()), [("as long", token.clone())]).await;
    assert_each_refused(&limit(token.len() - 1), "too_long", [("longer", token)]).await;
}

#[tokio::test]
async fn a_huge_token_is_rejected() {
    let huge = || {
        [
            ("10 MiB of the letter a", "a".repeat(10 << 20)),
            ("a million dots", ".".repeat(1_000_000)),
            (
                "10 MiB of spaces inside",
                format!("a{}a", " ".repeat(10 << 20)),
            ),
            (
                "a valid token with 10 MiB appended",
                valid() + &"a".repeat(10 << 20),
            ),
        ]
    };
    assert_each_refused(&layer(), "too_long", huge()).await;
    let unlimited = builder().max_token_len(usize::MAX).build().unwrap();
    for (row, token) in huge() {
        let answer = ask(unlimited.clone(), with_bearer(&token)).await;
        assert_eq!(answer.status(), 401, "{row}, without a limit");
    }
}

#[tokio::test]
async fn a_request_without_a_token_is_anonymous_if_that_is_allowed() {
    let layer = builder().allow_anonymous().build().unwrap();
    ask(layer.clone(), get("/"))
        .await
        .assert_reached("nobody", "no Authorization");
    for value in ["", "Bearer", "Bearer  ", "Basic eDp5", "DPoP x"] {
        let answer = ask(layer.clone(), with_authorization(value)).await;
        answer.assert_reached("nobody", value);
    }
    assert_each_accepted(&layer, [("a valid token", valid())]).await;
}

#[tokio::test]
async fn an_invalid_token_is_rejected_even_if_anonymous_is_allowed() {
    let layer = builder().allow_anonymous().build().unwrap();
    for (reason, token) in [
        ("malformed", "garbage".into()),
        ("malformed", format!("\t{}", valid())),
        ("too_long", "a".repeat(16 * 1024 + 1)),
        ("algorithm", token_with_header(r#"{"alg":"none"}"#)),
        (
            "signature",
            sign(r#"{"alg":"HS256"}"#, claims().to_string(), "another"),
        ),
        ("expired", token(&claims_with(json!({ "exp": NOW })))),
        ("subject", token(&claims_without("sub"))),
    ] {
        assert_each_refused(&layer, reason, [(reason, token)]).await;
    }
}

#[tokio::test]
async fn the_authorization_header_is_marked_as_sensitive() {
    let layer = builder().allow_anonymous().build().unwrap();
    for value in [format!("Bearer {}", valid()), "Basic eDp5".into()] {
        let inner = service_fn(async |request: Request<()>| {
            let header = &request.headers()[AUTHORIZATION];
            let answer = format!("{} {header:?}", header.is_sensitive());
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(answer)))
        });
        let service = layer.layer(inner);
        let response = service.oneshot(with_authorization(&value)).await.unwrap();
        let answer = response.into_answer().await;
        assert_eq!(answer.body, "true Sensitive", "{value}");
    }
}

#[tokio::test]
async fn other_headers_may_be_repeated() {
    let mut request = with_bearer(&valid());
    for value in ["text/html", "application/json"] {
        let value = HeaderValue::from_static(value);
        request.headers_mut().append("accept", value);
    }
    ask(layer(), request)
        .await
        .assert_reached("alice", "accept");
}
