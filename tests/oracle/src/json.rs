//! JSON objects as text, so that they can have forms that no serializer writes.

use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};

use crate::policy::{AUDIENCE, ISSUER, Policy};

/// A member of an object: its name and its value, both as JSON text.
pub(crate) type Member = (String, String);

/// Writes an object. `<5>` in a value becomes the time 5 seconds after `now`.
pub(crate) fn write(members: &[Member], now: u64) -> Vec<u8> {
    let members: Vec<_> = members
        .iter()
        .map(|(name, value)| format!("\"{name}\":{}", with_time(value, now)))
        .collect();
    format!("{{{}}}", members.join(",")).into_bytes()
}

fn with_time(value: &str, now: u64) -> String {
    let time = value.split_once('<').and_then(|(before, rest)| {
        let (offset, after) = rest.split_once('>')?;
        let time = now.checked_add_signed(offset.parse().ok()?)?;
        Some(format!("{before}{time}{after}"))
    });
    time.unwrap_or_else(|| value.to_owned())
}

/// Generates a member with a common value. Occasionally the value is odd, the name is escaped, or
/// the member is duplicated or missing.
fn member(name: &'static str, common: Vec<String>, odd: Vec<String>) -> BoxedStrategy<Vec<Member>> {
    let escaped = format!("\\u{:04x}{}", name.as_bytes()[0], &name[1..]);
    let one = move |value: String| vec![(name.to_owned(), value)];
    prop_oneof![
        60 => select(common.clone()).prop_map(one),
        1 => select(common.clone()).prop_map(move |value| vec![(escaped.clone(), value)]),
        2 => select(odd).prop_map(one),
        1 => select(common).prop_map(move |value| vec![(name.to_owned(), value.clone()), (name.to_owned(), value)]),
        1 => Just(Vec::new()),
    ]
    .boxed()
}

fn optional(member: BoxedStrategy<Vec<Member>>) -> BoxedStrategy<Vec<Member>> {
    prop_oneof![member, Just(Vec::new())].boxed()
}

fn json_texts(values: &[Value]) -> Vec<String> {
    values.iter().map(Value::to_string).collect()
}

/// Returns odd values of a string member.
fn odd_strings() -> Vec<String> {
    json_texts(&[
        json!(null),
        json!(""),
        json!(" "),
        json!(7),
        json!(true),
        json!([]),
        json!(["a"]),
        json!({}),
        json!("a\u{0}b"),
        json!("é\u{301}"),
    ])
}

/// Generates headers, most of which are accepted.
pub(crate) fn header() -> BoxedStrategy<Vec<Member>> {
    let alg = member(
        "alg",
        json_texts(&[json!("HS256")]),
        json_texts(&[
            json!("none"),
            json!("hs256"),
            json!("HS384"),
            json!("RS256"),
            json!("ES256"),
            json!("EdDSA"),
            json!(null),
            json!(["HS256"]),
            json!(1),
            json!("HS256 "),
        ]),
    );
    let typ = member(
        "typ",
        json_texts(&[json!("JWT"), json!("jwt"), json!("at+jwt")]),
        odd_strings(),
    );
    let kid = member(
        "kid",
        json_texts(&[json!("1"), json!("../../dev/null")]),
        odd_strings(),
    );
    let others = select(json_texts(&[
        json!("x"),
        json!(1),
        json!(null),
        json!({"a": [1]}),
        json!([["b"]]),
    ]))
    .prop_map(|value| vec![("other".to_owned(), value)]);
    let registered = prop_oneof![
        30 => Just(Vec::new()),
        1 => Just(vec![("crit".to_owned(), "[\"exp\"]".to_owned())]),
        1 => Just(vec![("crit".to_owned(), "[]".to_owned())]),
        1 => Just(vec![("b64".to_owned(), "false".to_owned())]),
        1 => Just(vec![("cty".to_owned(), "\"JWT\"".to_owned())]),
        1 => Just(vec![("jku".to_owned(), "\"https://evil.example\"".to_owned())]),
        1 => Just(vec![("x5c".to_owned(), "[\"MII\"]".to_owned())]),
        1 => Just(vec![("x5u".to_owned(), "7".to_owned())]),
        1 => Just(vec![("enc".to_owned(), "\"A128GCM\"".to_owned())]),
        1 => Just(vec![("zip".to_owned(), "\"DEF\"".to_owned())]),
        1 => Just(vec![("nonce".to_owned(), "[]".to_owned())]),
        1 => Just(vec![("jwk".to_owned(), r#"{"kty":"oct","k":"AAAA"}"#.to_owned())]),
    ];
    shuffled(vec![
        alg,
        optional(typ),
        optional(kid),
        optional(others.boxed()),
        registered.boxed(),
    ])
}

/// Generates claims, about half of which are accepted.
pub(crate) fn claims(policy: &Policy) -> BoxedStrategy<Vec<Member>> {
    let leeway = i64::try_from(policy.leeway).expect("the leeway fits into i64");
    let odd = |offsets: &[i64], others: &[&str]| {
        let offsets = offsets.iter().map(|offset| format!("<{offset}>"));
        let others = others.iter().map(ToString::to_string);
        odd_strings()
            .into_iter()
            .chain(offsets)
            .chain(others)
            .collect()
    };
    let common = |times: &[&str]| times.iter().map(ToString::to_string).collect();
    // `jsonwebtoken` uses the system clock, so a result must not change between the two calls: a
    // valid token expires after 60 seconds or more.
    let exp = member(
        "exp",
        common(&["<60>", "<600>", "<60>.5", "4102444800"]),
        odd(
            &[0, -1, -leeway, -leeway - 1, -600],
            &[
                "0",
                "<0>.999",
                "<600>000",
                "1e400",
                "-1",
                "-0",
                "9e99",
                "\"<600>\"",
            ],
        ),
    );
    let nbf = member(
        "nbf",
        common(&["0", "<-600>", "<0>"]),
        odd(
            &[1, leeway, leeway + 1, leeway + 600],
            &["-5", "<0>.5", "1e30"],
        ),
    );
    let iat = member(
        "iat",
        common(&["0", "<0>", "<600>"]),
        odd(&[], &["-1", "1.5"]),
    );
    let sub = member(
        "sub",
        json_texts(&[json!("alice"), json!("auth0|5"), json!("é")]),
        [
            odd_strings(),
            json_texts(&[json!("x".repeat(255)), json!("x".repeat(256))]),
        ]
        .concat(),
    );
    let email = member(
        "email",
        json_texts(&[json!("a@example.com"), json!("\"quoted\"@example.com")]),
        odd_strings(),
    );
    let name = member(
        "name",
        json_texts(&[json!("Ada"), json!(null)]),
        odd_strings(),
    );
    let iss = member(
        "iss",
        json_texts(&[json!(ISSUER)]),
        [
            odd_strings(),
            json_texts(&[
                json!([ISSUER]),
                json!(format!("{ISSUER}/")),
                json!("https://APP.example.com"),
                json!("https://app.example.co"),
            ]),
        ]
        .concat(),
    );
    let aud = member(
        "aud",
        json_texts(&[
            json!(AUDIENCE),
            json!([AUDIENCE]),
            json!(["other", AUDIENCE]),
        ]),
        [
            odd_strings(),
            json_texts(&[
                json!("other"),
                json!([AUDIENCE, 7]),
                json!([[AUDIENCE]]),
                json!(format!("{AUDIENCE}/")),
                json!({ AUDIENCE: 1 }),
            ]),
        ]
        .concat(),
    );
    // Without a configured audience, a token with `aud` is rejected, so most tokens have none.
    let aud = if policy.audience || policy.any_audience {
        aud
    } else {
        prop_oneof![1 => aud, 12 => Just(Vec::new())].boxed()
    };
    let iss = if policy.issuer { iss } else { optional(iss) };
    let session = prop_oneof![20 => Just(Vec::new()), 1 => Just(vec![("session".to_owned(), "{}".to_owned())])];
    let others = select(json_texts(&[
        json!({"roles": ["a"]}),
        json!(1.5),
        json!(null),
        json!("\u{2028}"),
    ]))
    .prop_map(|value| vec![("other".to_owned(), value)]);
    shuffled(vec![
        exp,
        optional(nbf),
        optional(iat),
        sub,
        email,
        optional(name),
        iss,
        aud,
        session.boxed(),
        optional(others.boxed()),
    ])
}

fn shuffled(members: Vec<BoxedStrategy<Vec<Member>>>) -> BoxedStrategy<Vec<Member>> {
    members
        .prop_map(|members| members.concat())
        .prop_shuffle()
        .boxed()
}

/// Claims that their policy must accept.
#[derive(Clone, Debug)]
pub struct WellFormed {
    pub claims: Value,
    pub policy: Policy,
}

pub fn any_well_formed(now: u64) -> impl Strategy<Value = WellFormed> {
    let text = "[^\\p{Cc}]{1,40}";
    let subject = text.prop_filter("a subject is not blank and has at most 255 bytes", |sub| {
        !sub.trim().is_empty() && sub.len() <= 255
    });
    let identity = (subject, text, proptest::option::of("\\PC*"));
    let times = (
        1..=253_402_300_799 - now,
        proptest::option::of(0..=now),
        proptest::option::of(0..u64::MAX),
    );
    (crate::any_policy(), identity, times, extra(), any::<bool>()).prop_map(
        move |(policy, (sub, email, name), (left, nbf, iat), extra, list)| {
            let mut claims = json!({ "sub": sub, "email": email, "exp": now + left });
            if let Some(name) = name {
                claims["name"] = name.into();
            }
            if let Some(nbf) = nbf {
                claims["nbf"] = nbf.into();
            }
            if let Some(iat) = iat {
                claims["iat"] = iat.into();
            }
            if policy.issuer {
                claims["iss"] = ISSUER.into();
            }
            if policy.audience || policy.any_audience {
                claims["aud"] = if list {
                    json!(["other", AUDIENCE])
                } else {
                    json!(AUDIENCE)
                };
            }
            claims["extra"] = extra;
            WellFormed { claims, policy }
        },
    )
}

fn extra() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Quarters, because serde_json writes and reads them without rounding.
        any::<i32>().prop_map(|quarters| Value::from(f64::from(quarters) / 4.0)),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(8, 64, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(".*", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
