//! JSON objects as text, so that they can also be what no serializer writes.

use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};

use crate::policy::{AUDIENCE, ISSUER, Policy};

/// A member of an object: its name and its value as they are written.
pub(crate) type Member = (String, String);

/// Writes an object. Where a value has `<5>`, it becomes the time 5 seconds from `now`.
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

/// A member with one of the good values, or now and then with one of the odd ones, written with
/// escapes, or left out.
fn member(name: &'static str, good: Vec<String>, odd: Vec<String>) -> BoxedStrategy<Vec<Member>> {
    let escaped = format!("\\u{:04x}{}", name.as_bytes()[0], &name[1..]);
    let one = move |value: String| vec![(name.to_owned(), value)];
    prop_oneof![
        60 => select(good.clone()).prop_map(one),
        1 => select(good.clone()).prop_map(move |value| vec![(escaped.clone(), value)]),
        2 => select(odd).prop_map(one),
        1 => select(good).prop_map(move |value| vec![(name.to_owned(), value.clone()), (name.to_owned(), value)]),
        1 => Just(Vec::new()),
    ]
    .boxed()
}

fn optional(member: BoxedStrategy<Vec<Member>>) -> BoxedStrategy<Vec<Member>> {
    prop_oneof![member, Just(Vec::new())].boxed()
}

fn texts(values: &[Value]) -> Vec<String> {
    values.iter().map(Value::to_string).collect()
}

/// What is odd for a text.
fn not_a_text() -> Vec<String> {
    texts(&[
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

/// Headers, most of which pass.
pub(crate) fn header() -> BoxedStrategy<Vec<Member>> {
    let alg = member(
        "alg",
        texts(&[json!("HS256")]),
        texts(&[
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
        texts(&[json!("JWT"), json!("jwt"), json!("at+jwt")]),
        not_a_text(),
    );
    let kid = member(
        "kid",
        texts(&[json!("1"), json!("../../dev/null")]),
        not_a_text(),
    );
    let others = select(texts(&[
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

/// Claims, about half of which pass.
pub(crate) fn claims(policy: &Policy) -> BoxedStrategy<Vec<Member>> {
    let leeway = i64::try_from(policy.leeway).expect("a leeway is short");
    let odd = |offsets: &[i64], others: &[&str]| {
        let offsets = offsets.iter().map(|offset| format!("<{offset}>"));
        let others = others.iter().map(ToString::to_string);
        not_a_text()
            .into_iter()
            .chain(offsets)
            .chain(others)
            .collect()
    };
    let good = |times: &[&str]| times.iter().map(ToString::to_string).collect();
    // What is compared with the clock of the system must not turn while it is compared: the least
    // that is left to a good token is 60 seconds.
    let exp = member(
        "exp",
        good(&["<60>", "<600>", "<60>.5", "4102444800"]),
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
        good(&["0", "<-600>", "<0>"]),
        odd(
            &[1, leeway, leeway + 1, leeway + 600],
            &["-5", "<0>.5", "1e30"],
        ),
    );
    let iat = member(
        "iat",
        good(&["0", "<0>", "<600>"]),
        odd(&[], &["-1", "1.5"]),
    );
    let sub = member(
        "sub",
        texts(&[json!("alice"), json!("auth0|5"), json!("é")]),
        [
            not_a_text(),
            texts(&[json!("x".repeat(255)), json!("x".repeat(256))]),
        ]
        .concat(),
    );
    let email = member(
        "email",
        texts(&[json!("a@example.com"), json!("\"quoted\"@example.com")]),
        not_a_text(),
    );
    let name = member("name", texts(&[json!("Ada"), json!(null)]), not_a_text());
    let iss = member(
        "iss",
        texts(&[json!(ISSUER)]),
        [
            not_a_text(),
            texts(&[
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
        texts(&[
            json!(AUDIENCE),
            json!([AUDIENCE]),
            json!(["other", AUDIENCE]),
        ]),
        [
            not_a_text(),
            texts(&[
                json!("other"),
                json!([AUDIENCE, 7]),
                json!([[AUDIENCE]]),
                json!(format!("{AUDIENCE}/")),
                json!({ AUDIENCE: 1 }),
            ]),
        ]
        .concat(),
    );
    // A token with an audience passes only where one is configured, so that most have none where
    // none is.
    let aud = if policy.audience || policy.any_audience {
        aud
    } else {
        prop_oneof![1 => aud, 12 => Just(Vec::new())].boxed()
    };
    let iss = if policy.issuer { iss } else { optional(iss) };
    let session = prop_oneof![20 => Just(Vec::new()), 1 => Just(vec![("session".to_owned(), "{}".to_owned())])];
    let others = select(texts(&[
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

/// Claims that every policy with this one's settings must accept, and whom they name.
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
        // Quarters, which serde_json reads back as it wrote them.
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
