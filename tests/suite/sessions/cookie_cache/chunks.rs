//! Cookies that are split.

use serde_json::json;

use super::{
    CACHED, Fixture, STORED, changed,
    maker::{FORMS, Form},
};
use crate::sessions::server::cookie;

/// A text of about this length, whose parts differ.
fn varied(len: usize) -> String {
    (10_000..10_000 + len / 5)
        .map(|number| number.to_string())
        .collect()
}

/// The cookies of a value that is split into so many chunks.
fn chunks(data: &str, count: usize) -> Vec<String> {
    let len = data.len().div_ceil(count);
    let parts = data
        .as_bytes()
        .chunks(len)
        .map(|part| std::str::from_utf8(part).unwrap());
    let named = parts.enumerate();
    named
        .map(|(index, part)| format!("better-auth.session_data.{index}={part}"))
        .collect()
}

#[tokio::test]
async fn chunks_are_joined_in_the_order_of_their_numbers() {
    let fixture = Fixture::new();
    for form in FORMS {
        let payload = changed("user.bio", json!(varied(30_000)));
        let data = form.cookie(&payload, &fixture.key);
        let all = chunks(&data, 12);
        let ordered = |order: [usize; 12]| order.map(|index| all[index].clone()).to_vec();
        let edited = |edit: &dyn Fn(&mut Vec<String>)| {
            let mut all = all.clone();
            edit(&mut all);
            all
        };
        for (row, cookies, expected) in [
            ("in order", all.clone(), CACHED),
            (
                "reversed",
                ordered([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
                CACHED,
            ),
            (
                "as texts are sorted",
                ordered([0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9]),
                CACHED,
            ),
            ("one twice", edited(&|all| all.push(all[3].clone())), CACHED),
            (
                "one twice with other values",
                edited(&|all| all.push("better-auth.session_data.3=x".to_owned())),
                STORED,
            ),
            ("a gap", edited(&|all| drop(all.remove(5))), STORED),
            (
                "without the first",
                edited(&|all| drop(all.remove(0))),
                STORED,
            ),
            ("without the last", edited(&|all| drop(all.pop())), STORED),
            (
                "two numbers exchanged",
                edited(&|all| {
                    all[1] = all[1].replace("data.1=", "data.x=");
                    all[2] = all[2].replace("data.2=", "data.1=");
                    all[1] = all[1].replace("data.x=", "data.2=");
                }),
                STORED,
            ),
            (
                "an old chunk more",
                edited(&|all| all.push("better-auth.session_data.12=old".to_owned())),
                STORED,
            ),
            (
                "an old whole cookie",
                edited(&|all| all.push("better-auth.session_data=old".to_owned())),
                STORED,
            ),
            (
                "an empty whole cookie",
                edited(&|all| all.push("better-auth.session_data=".to_owned())),
                CACHED,
            ),
            (
                "chunks with another prefix",
                edited(&|all| all[0] = format!("__Secure-{}", all[0])),
                STORED,
            ),
        ] {
            let cookies = format!("{}; {}", cookies.join("; "), cookie(1));
            assert_eq!(fixture.ask(&cookies).await, expected, "{form:?}: {row}");
        }
    }
}

#[tokio::test]
async fn chunks_in_several_fields_are_joined() {
    let fixture = Fixture::new();
    let payload = changed("user.bio", json!(varied(30_000)));
    let data = Form::Compact.cookie(&payload, &fixture.key);
    // HTTP/2 may send each cookie in a field of its own.
    let mut request = http::Request::new(());
    for cookie in chunks(&data, 12).iter().chain([&cookie(1)]) {
        let value = http::HeaderValue::try_from(cookie).unwrap();
        request.headers_mut().append(http::header::COOKIE, value);
    }
    assert_eq!(super::outcome(&fixture.layer, request).await, CACHED);
}
