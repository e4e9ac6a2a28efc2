//! The claims: times, user, audience, issuer and the kinds of tokens.

use std::time::Duration;

use serde_json::{Value, json};
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer};

use crate::support::*;

const ISSUER: &str = "https://app.example.com";
const AUDIENCE: &str = "https://api.example.com";

/// Asserts that [`claims`] with each of these values of one claim are rejected.
async fn assert_each_value_rejected(
    layer: &JwtAuthLayer,
    reason: &str,
    claim: &str,
    values: impl IntoIterator<Item = Value>,
) {
    let tokens = values.into_iter().map(|value| with_claim(claim, &value));
    assert_each_refused(layer, reason, tokens).await;
}

/// Asserts that [`claims`] with each of these values of one claim are accepted.
async fn assert_each_value_accepted(
    layer: &JwtAuthLayer,
    claim: &str,
    values: impl IntoIterator<Item = Value>,
) {
    let tokens = values.into_iter().map(|value| with_claim(claim, &value));
    assert_each_accepted(layer, tokens).await;
}

fn with_claim(claim: &str, value: &Value) -> (String, String) {
    (
        format!("{claim}: {value}"),
        token(&claims_with(json!({ claim: value }))),
    )
}

/// Returns a token with [`claims`] in which one claim has exactly this JSON.
fn with_text(claim: &str, text: &str) -> (String, String) {
    (
        format!("{claim}: {text}"),
        token_with_payload(json_with(claim, text)),
    )
}

/// Returns [`claims`] in JSON in which one claim has exactly this JSON.
fn json_with(claim: &str, text: impl AsRef<[u8]>) -> Vec<u8> {
    let others = claims_without(claim).to_string();
    let start = format!(r#"{{"{claim}":"#).into_bytes();
    [&start, text.as_ref(), b",", &others.as_bytes()[1..]].concat()
}

/// Returns a builder whose clock is this many milliseconds after [`NOW`].
fn after(milliseconds: i64) -> JwtAuthBuilder {
    let now = NOW * 1000;
    let now = Duration::from_millis(now.saturating_add_signed(milliseconds));
    builder().clock(move || at(0) + now)
}

fn with_issuer() -> JwtAuthLayer {
    builder().issuer(ISSUER).build().unwrap()
}

fn with_audience() -> JwtAuthLayer {
    builder().audience(AUDIENCE).build().unwrap()
}

// The JSON.

#[tokio::test]
async fn claims_that_are_not_a_json_object_are_rejected() {
    let object = claims().to_string();
    let utf_16: Vec<u8> = object.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let payloads: [(&str, Vec<u8>); 16] = [
        ("an array", b"[]".into()),
        ("an array of the claims", format!("[{object}]").into()),
        ("a string", json!(object).to_string().into()),
        ("a number", NOW.to_string().into()),
        ("null", b"null".into()),
        ("true", b"true".into()),
        ("white space", b"  ".into()),
        ("cut off", object[..object.len() - 1].into()),
        ("a comma at the end", object.replace('}', ",}").into()),
        ("a BOM", format!("\u{feff}{object}").into()),
        ("UTF-16", utf_16),
        ("invalid UTF-8 in sub", json_with("sub", b"\"al\xffce\"")),
        (
            "invalid UTF-8 in an ignored claim",
            json_with("x", b"\"\xc3\""),
        ),
        ("an overlong form in sub", json_with("sub", b"\"\xc0\xaf\"")),
        (
            "half of a surrogate pair in sub",
            json_with("sub", r#""\ud83d""#),
        ),
        (
            "a control character in sub",
            json_with("sub", "\"al\nice\""),
        ),
    ];
    let tokens = payloads.map(|(row, payload)| (row, token_with_payload(payload)));
    assert_each_refused(&layer(), "claims", tokens).await;
}

#[tokio::test]
async fn bytes_after_the_claims_object_are_rejected() {
    let rows = ["x", "{}", ",", "}", "\0", "null", r#"{"sub":"mallory"}"#];
    let tokens = rows.map(|rest| (rest, token_with_payload(format!("{}{rest}", claims()))));
    assert_each_refused(&layer(), "claims", tokens).await;
}

#[tokio::test]
async fn a_duplicate_registered_claim_is_rejected() {
    let values = [
        ("sub", r#""alice""#, r"\u0073ub"),
        ("email", r#""alice@example.com""#, r"emai\u006c"),
        ("name", r#""Alice""#, r"n\u0061me"),
        ("exp", "1800000600", r"\u0065xp"),
        ("nbf", "1", r"\u006ebf"),
        ("iat", "1", r"ia\u0074"),
        ("iss", r#""https://app.example.com""#, r"is\u0073"),
        ("aud", r#""https://api.example.com""#, r"\u0061ud"),
    ];
    let layer = builder().allow_any_audience().build().unwrap();
    for (name, value, escaped) in values {
        let others = &claims_without(name).to_string()[1..];
        let once = token_with_payload(format!(r#"{{"{escaped}":{value},{others}"#));
        assert_each_accepted(&layer, [(escaped, once)]).await;
        let twice = [
            (
                "adjacent",
                format!(r#"{{"{name}":{value},"{name}":{value},{others}"#),
            ),
            (
                "apart",
                format!(r#"{{"{name}":{value},"x":1,"{name}":{value},{others}"#),
            ),
            (
                "escaped",
                format!(r#"{{"{name}":{value},"{escaped}":{value},{others}"#),
            ),
            (
                "escaped first",
                format!(r#"{{"{escaped}":{value},"{name}":{value},{others}"#),
            ),
            (
                "null first",
                format!(r#"{{"{name}":null,"{name}":{value},{others}"#),
            ),
            (
                "null last",
                format!(r#"{{"{name}":{value},"{name}":null,{others}"#),
            ),
        ];
        let tokens = twice.map(|(row, json)| (format!("{name}, {row}"), token_with_payload(json)));
        assert_each_refused(&layer, "claims", tokens).await;
    }
    let twice = json_with("x", r#"1,"x":2"#);
    assert_each_accepted(&layer, [("an ignored claim", token_with_payload(twice))]).await;
}

#[tokio::test]
async fn claims_may_nest_64_levels_deep() {
    let texts = [
        arrays_to(64),
        objects_to(64),
        format!("[{}[]]", "[],".repeat(1000)),
        format!("\"\\\"{}\"", "[{".repeat(1000)),
    ];
    assert_each_accepted(&layer(), texts.map(|text| with_text("x", &text))).await;
    // Rejected only because of the wrong type.
    for (layer, claim, reason) in [
        (with_issuer(), "iss", "issuer"),
        (with_audience(), "aud", "audience"),
        (layer(), "sub", "subject"),
        (layer(), "email", "user"),
    ] {
        let texts = [arrays_to(64), objects_to(64)];
        assert_each_refused(&layer, reason, texts.map(|text| with_text(claim, &text))).await;
    }
}

#[tokio::test]
async fn claims_that_nest_deeper_than_64_levels_are_rejected() {
    let large = builder()
        .max_token_len(1 << 20)
        .allow_any_audience()
        .build()
        .unwrap();
    for depth in [65, 66, 127, 128, 129, 1000, 10_000, 100_000] {
        for claim in ["x", "aud", "sub", "email", "name", "iss", "exp", "session"] {
            for text in [arrays_to(depth), objects_to(depth), "[".repeat(depth)] {
                let row = format!("{claim}, {depth} levels of {}", &text[..1]);
                let (_, token) = with_text(claim, &text);
                assert_each_refused(&large, "claims", [(row, token)]).await;
            }
        }
    }
}

// The times.

#[tokio::test]
async fn an_exp_that_is_not_a_valid_time_is_rejected() {
    assert_each_refused(
        &layer(),
        "claims",
        [("missing", token(&claims_without("exp")))],
    )
    .await;
    assert_each_value_rejected(
        &layer(),
        "claims",
        "exp",
        [
            json!("1800000600"),
            json!("2027-01-15T08:10:00Z"),
            json!(""),
            json!(true),
            json!(null),
            json!([]),
            json!([NOW + 600]),
            json!({}),
            json!({ "$serde_json::private::Number": "1800000600" }),
        ],
    )
    .await;
    let texts = [
        "0",
        "-0",
        "0.0",
        "-0.0",
        "0e9",
        "1e-400",
        "-1",
        "-1.5",
        "-1800000600",
        "-1e400",
        "253402300800",
        "2.534023008e11",
        "1800000600000",
        "9e99",
        "1e308",
        "1e400",
        "18446744073709551615",
        "18446744073709551616",
        "\"9e99\"",
        "NaN",
        "Infinity",
        "01800000600",
        "+1800000600",
        "1800000600.",
        ".5",
        "0x6B49D458",
        "1_800_000_600",
        "1800000600n",
    ];
    assert_each_refused(&layer(), "claims", texts.map(|text| with_text("exp", text))).await;
    let long = format!("1{}", "0".repeat(5000));
    assert_each_refused(&layer(), "claims", [with_text("exp", &long)]).await;
}

#[tokio::test]
async fn an_exp_until_the_year_9999_is_accepted_in_any_json_notation() {
    let texts = [
        "253402300799",
        "253402300799.0",
        "2.53402300799e11",
        "1e10",
        "1E10",
        "1e+10",
        "1800000600",
        "1800000600.0",
        "18000006e2",
        "1800000600.999999999999",
        "180000060000000000000e-11",
    ];
    assert_each_accepted(&layer(), texts.map(|text| with_text("exp", text))).await;
}

#[tokio::test]
async fn an_nbf_or_iat_that_is_not_a_valid_time_is_rejected() {
    for claim in ["nbf", "iat"] {
        let values = [
            json!("1"),
            json!(""),
            json!(null),
            json!(true),
            json!([]),
            json!([1]),
            json!({}),
            json!(-1),
            json!(-0.5),
            json!(-1e300),
        ];
        assert_each_value_rejected(&layer(), "claims", claim, values).await;
        let texts = ["1e400", "-1e400", "NaN", "01"].map(|text| with_text(claim, text));
        assert_each_refused(&layer(), "claims", texts).await;
        let values = [json!(0), json!(1), json!(NOW), json!(1.5), json!(1e9)];
        assert_each_value_accepted(&layer(), claim, values).await;
    }
}

#[tokio::test]
async fn an_iat_in_the_future_is_accepted() {
    let values = [
        json!(NOW + 1),
        json!(NOW + 599),
        json!(NOW + 1_000_000_000),
        json!(1e300),
    ];
    assert_each_value_accepted(&layer(), "iat", values).await;
}

/// The value of a time claim in seconds after [`NOW`], the leeway in milliseconds, and the first
/// millisecond after [`NOW`] at which the result changes.
struct Boundary {
    seconds: f64,
    leeway: u64,
    changes_at: i64,
}

const fn boundary(seconds: f64, leeway: u64, changes_at: i64) -> Boundary {
    Boundary {
        seconds,
        leeway,
        changes_at,
    }
}

impl Boundary {
    async fn assert(&self, claim: &str, before: &str, after_it: &str) {
        let mut claims = claims_with(json!({ "exp": NOW + 100_000 }));
        claims[claim] = json!(NOW as f64 + self.seconds);
        for (milliseconds, reason) in [
            (-1000, before),
            (-1, before),
            (0, after_it),
            (999, after_it),
            (1000, after_it),
        ] {
            let layer = after(self.changes_at + milliseconds)
                .leeway(Duration::from_millis(self.leeway))
                .build()
                .unwrap();
            let row = format!(
                "{claim} {} s, leeway {} ms, now {} ms",
                self.seconds,
                self.leeway,
                self.changes_at + milliseconds
            );
            let rows = [(row, token(&claims))];
            if reason == "accepted" {
                assert_each_accepted(&layer, rows).await;
            } else {
                assert_each_refused(&layer, reason, rows).await;
            }
        }
    }
}

#[tokio::test]
async fn a_token_is_accepted_until_just_before_exp_plus_leeway() {
    for boundary in [
        boundary(0.0, 0, 0),
        boundary(1.0, 0, 1000),
        boundary(600.0, 0, 600_000),
        boundary(-600.0, 0, -600_000),
        boundary(0.0, 1000, 1000),
        boundary(0.0, 5000, 5000),
        boundary(-5.0, 5000, 0),
        boundary(0.0, 300_000, 300_000),
        // The clock is read in whole seconds, so a fraction takes effect at the next second.
        boundary(0.5, 0, 1000),
        boundary(0.001, 0, 1000),
        boundary(-0.5, 0, 0),
        boundary(0.5, 5000, 6000),
        boundary(0.0, 500, 1000),
        boundary(0.5, 500, 1000),
    ] {
        boundary.assert("exp", "accepted", "expired").await;
    }
}

#[tokio::test]
async fn a_token_is_accepted_from_nbf_minus_leeway() {
    for boundary in [
        boundary(0.0, 0, 0),
        boundary(1.0, 0, 1000),
        boundary(600.0, 0, 600_000),
        boundary(0.0, 1000, -1000),
        boundary(5.0, 5000, 0),
        boundary(0.0, 300_000, -300_000),
        boundary(0.5, 0, 1000),
        boundary(-0.5, 0, 0),
        boundary(0.5, 5000, -4000),
        boundary(0.0, 500, 0),
        boundary(0.5, 500, 0),
    ] {
        boundary.assert("nbf", "not_yet_valid", "accepted").await;
    }
    let never = with_text("nbf", "1e300");
    assert_each_refused(&layer(), "not_yet_valid", [never]).await;
}

#[tokio::test]
async fn the_default_leeway_is_zero() {
    assert_each_value_rejected(&layer(), "expired", "exp", [json!(NOW), json!(NOW - 1)]).await;
    assert_each_value_rejected(&layer(), "not_yet_valid", "nbf", [json!(NOW + 1)]).await;
}

// The user.

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

/// RFC 9449 section 7.2: sent as a bearer token, it does not prove possession of the key.
#[tokio::test]
async fn a_token_with_any_cnf_is_rejected() {
    let values = [
        json!({ "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" }),
        json!({ "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" }),
        json!({}),
        json!(null),
        json!(false),
        json!(""),
        json!([]),
    ];
    let lenient = builder().email_optional().allow_any_audience();
    for layer in [layer(), lenient.build().unwrap()] {
        assert_each_value_rejected(&layer, "bound_token", "cnf", values.clone()).await;
    }
    assert_each_refused(&layer(), "bound_token", [with_text(r"\u0063nf", "{}")]).await;
    assert_each_value_accepted(&layer(), "Cnf", [json!({})]).await;
    assert_each_value_accepted(&layer(), "data", [json!({ "cnf": {} })]).await;
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

// For whom and by whom.

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
        (with_audience(), "an empty list names nobody"),
        (layer(), "alone accepts an aud that is an empty list"),
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

// What Better Auth signs.

#[tokio::test]
async fn a_better_auth_token_is_accepted_with_its_issuer_and_audience() {
    let fixture = Fixture::named("hs256.custom_sign_seed");
    let layer = |builder: JwtAuthBuilder| builder.build().unwrap();
    let strict = || {
        fixture
            .builder()
            .issuer(&*fixture.issuer)
            .audience(&*fixture.audience)
    };
    let answer = ask(layer(strict()), with_bearer(&fixture.token)).await;
    answer.assert_reached(&fixture.sub, "with both");

    let user = layer(strict()).verifier().verify(&fixture.token).unwrap();
    assert_eq!(user.user_id(), fixture.sub);
    assert_eq!(user.email(), "ada@example.com");
    assert_eq!(user.name(), Some("Ada Lovelace"));
    assert_eq!(user.expires_at(), Some(at(4_102_444_800)));

    for (reason, builder) in [
        (
            "audience_not_configured",
            fixture.builder().issuer(&*fixture.issuer),
        ),
        (
            "audience",
            fixture.builder().audience("https://other.example.com"),
        ),
        ("issuer", strict().issuer("https://other.example.com")),
        ("signature", JwtAuthLayer::builder().secret(SECRET)),
        ("expired", strict().clock(|| at(4_102_444_800))),
    ] {
        let rows = [(reason, fixture.token.clone())];
        assert_each_refused(&layer(builder), reason, rows).await;
    }
}

#[tokio::test]
async fn other_better_auth_tokens_under_the_secret_are_rejected() {
    for (name, reason) in [
        ("hs256.email_verification", "subject"),
        ("session_data.jwt", "token_type"),
    ] {
        let fixture = Fixture::named(name);
        let lenient = fixture.builder().email_optional().allow_any_audience();
        for builder in [fixture.builder(), lenient] {
            let layer = builder.build().unwrap();
            assert_each_refused(&layer, reason, [(name, fixture.token.clone())]).await;
        }
        let strict = fixture
            .builder()
            .audience(AUDIENCE)
            .issuer(ISSUER)
            .build()
            .unwrap();
        let answer = ask(strict, with_bearer(&fixture.token)).await;
        answer.assert_invalid_token(answer.reason(), name);
    }
}

#[tokio::test]
async fn a_token_with_session_or_update_to_is_rejected() {
    for claim in ["session", "updateTo"] {
        let values = [
            json!({ "userId": "alice" }),
            json!({}),
            json!("x"),
            json!(null),
            json!(false),
        ];
        assert_each_value_rejected(&layer(), "token_type", claim, values).await;
    }
    assert_each_refused(&layer(), "token_type", [with_text(r"\u0073ession", "{}")]).await;
    // Only these names, and only at the top level.
    let values = [
        json!({ "session": {}, "updateTo": "x" }),
        json!(["session"]),
        json!("session"),
    ];
    assert_each_value_accepted(&layer(), "data", values).await;
    assert_each_value_accepted(&layer(), "sessionId", [json!("x")]).await;
    assert_each_value_accepted(&layer(), "Session", [json!("x")]).await;
}

// A rule of one's own.

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

#[tokio::test]
async fn a_number_instead_of_a_string_is_not_treated_as_absent() {
    for number in ["-1", "1.5", "1", "-0.0", "1e3"] {
        for (name, reason) in [
            ("aud", "audience"),
            ("iss", "issuer"),
            ("sub", "subject"),
            ("email", "user"),
        ] {
            let json = claims_without(name).to_string();
            let json = format!(r#"{{"{name}":{number},{}"#, &json[1..]);
            let token = token_with_payload(&json);
            assert_each_refused(&layer(), reason, [(&json, token)]).await;
        }
    }
}

#[tokio::test]
async fn jti_may_have_any_value() {
    let values = [json!("id"), json!(1), json!(null), json!([]), json!({})];
    assert_each_value_accepted(&layer(), "jti", values).await;
    assert_each_accepted(&layer(), [with_text("jti", r#""a","jti":1"#)]).await;
}
