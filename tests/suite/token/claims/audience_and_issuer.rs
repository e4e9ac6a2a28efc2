//! `aud` and `iss`.

use serde_json::json;

use super::*;

#[tokio::test]
async fn a_token_for_another_audience_is_rejected() {
    let missing = token(&claims());
    assert_each_refused(&with_audience(), "audience", [("no aud", missing)]).await;
    let values = [
        json!(null),
        json!("https://other.example.com"),
        json!(""),
        json!([]),
        json!([""]),
        json!(["https://other.example.com", "https://third.example.com"]),
        json!([AUDIENCE, 1]),
        json!([1, AUDIENCE]),
        json!([AUDIENCE, null]),
        json!([null]),
        json!([AUDIENCE, [AUDIENCE]]),
        json!([[AUDIENCE]]),
        json!([AUDIENCE, {}]),
        json!({}),
        json!({ AUDIENCE: true }),
        json!({ "aud": AUDIENCE }),
        json!(1),
        json!(true),
        json!("https://api.example.co"),
        json!("https://api.example.com.evil.example"),
        json!("api.example.com"),
        json!(" https://api.example.com"),
        json!("https://api.example.com "),
        json!("HTTPS://API.EXAMPLE.COM"),
        json!("https://api.example.com/"),
        json!("https://api.example.com\0"),
        json!("https://api.example.com,https://other.example.com"),
        json!("https://api.example.com https://other.example.com"),
    ];
    assert_each_value_rejected(&with_audience(), "audience", "aud", values).await;
}

#[tokio::test]
async fn a_token_for_the_configured_audience_is_accepted() {
    let values = [
        json!(AUDIENCE),
        json!([AUDIENCE]),
        json!(["https://other.example.com", AUDIENCE]),
        json!([AUDIENCE, AUDIENCE]),
    ];
    assert_each_value_accepted(&with_audience(), "aud", values).await;
    let escaped = json!(AUDIENCE).to_string().replace('a', r"\u0061");
    assert_each_accepted(&with_audience(), [with_text("aud", &escaped)]).await;
}

#[tokio::test]
async fn one_of_several_configured_audiences_is_enough() {
    let layer = builder()
        .audience("first")
        .audience("second")
        .build()
        .unwrap();
    let values = [json!("first"), json!("second"), json!(["x", "second"])];
    assert_each_value_accepted(&layer, "aud", values).await;
    let values = [json!("third"), json!([]), json!("firstsecond")];
    assert_each_value_rejected(&layer, "audience", "aud", values).await;
}

#[tokio::test]
async fn an_aud_is_rejected_if_no_audience_is_configured() {
    let reason = "audience_not_configured";
    let values = [json!(AUDIENCE), json!(""), json!([AUDIENCE]), json!([])];
    assert_each_value_rejected(&layer(), reason, "aud", values).await;
    for value in [json!(null), json!(1), json!({}), json!([1])] {
        let (row, token) = with_claim("aud", &value);
        let answer = ask(layer(), with_bearer(&token)).await;
        answer.assert_invalid_token(answer.reason(), row);
    }
}

#[test]
fn the_error_for_an_empty_aud_mentions_the_empty_list() {
    let token = token(&claims_with(json!({ "aud": [] })));
    for (layer, words) in [
        (with_audience(), "an empty list names no audience"),
        (layer(), "also accepts an empty list"),
    ] {
        let error = layer.verifier().verify(&token).unwrap_err().to_string();
        assert!(error.contains(words), "{words}: {error}");
    }
}

#[tokio::test]
async fn allow_any_audience_accepts_any_aud() {
    let layer = builder().allow_any_audience().build().unwrap();
    assert_each_value_accepted(&layer, "aud", [json!(AUDIENCE), json!(["a", "b"])]).await;
    assert_each_accepted(&layer, [("no aud", token(&claims()))]).await;
}

#[tokio::test]
async fn a_token_of_another_issuer_is_rejected() {
    let missing = token(&claims());
    assert_each_refused(&with_issuer(), "issuer", [("no iss", missing)]).await;
    let values = [
        json!(null),
        json!([]),
        json!([ISSUER]),
        json!({}),
        json!({ "iss": ISSUER }),
        json!(1),
        json!(true),
        json!(""),
        json!("https://app.example.co"),
        json!("https://app.example.com.evil.example"),
        json!("https://app.example.com/"),
        json!("https://app.example.com/api/auth"),
        json!("https://app.example.com:443"),
        json!("http://app.example.com"),
        json!("HTTPS://app.example.com"),
        json!("https://APP.example.com"),
        json!("app.example.com"),
        json!(" https://app.example.com"),
        json!("https://app.example.com\0"),
    ];
    assert_each_value_rejected(&with_issuer(), "issuer", "iss", values).await;
    assert_each_value_accepted(&with_issuer(), "iss", [json!(ISSUER)]).await;
}

#[tokio::test]
async fn any_iss_is_accepted_if_no_issuer_is_configured() {
    assert_each_value_accepted(&layer(), "iss", [json!(ISSUER), json!("any issuer")]).await;
}
