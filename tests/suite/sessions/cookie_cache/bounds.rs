//! What a client can cause.

use serde_json::json;

use super::{
    Fixture, changed,
    maker::{FORMS, Form, JWT_HEADER, expiring, jwt},
    payload,
};
use crate::sessions::server::SECRET;

const MAX_LEN: usize = 64 * 1024;

#[test]
fn a_cookie_of_64_kib_is_accepted_and_a_longer_one_is_not() {
    let fixture = Fixture::new();
    let sized = |form: Form, len: usize| {
        let data = |bio: usize| {
            let payload = changed("user.bio", json!("b".repeat(bio)));
            form.cookie(&payload, &fixture.key)
        };
        let bio = (len - data(0).len()) * 3 / 4;
        // Base64 has no text of some lengths.
        (bio - 40..bio + 40)
            .map(data)
            .filter(|data| data.len() <= len)
            .max_by_key(String::len)
    };
    for form in FORMS {
        let longest = sized(form, MAX_LEN).unwrap();
        assert!(longest.len() > MAX_LEN - 24, "{form:?}: {}", longest.len());
        fixture.assert_rows([
            ("64 KiB", longest.clone(), true),
            ("in chunks", split(&longest), true),
            (
                "more in chunks",
                split(&sized(form, longest.len() + 24).unwrap()),
                false,
            ),
            ("more", sized(form, longest.len() + 24).unwrap(), false),
        ]);
    }
}

#[test]
fn deep_nesting_is_not_accepted() {
    let fixture = Fixture::new();
    let nested = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    for form in FORMS {
        let data = form.edited_cookie(&payload(), &fixture.key, |json| {
            json.replacen("\"user\":{", &format!("\"user\":{{\"x\":{nested},"), 1)
        });
        fixture.assert_rows([(format!("{form:?}"), data, false)]);
    }
}

/// Without the MAC of the session cookie, nothing of the cookie is read.
#[tokio::test]
async fn a_forged_session_cookie_decides_before_the_data() {
    let fixture = Fixture::new();
    let data = jwt(JWT_HEADER, &expiring(&payload()), SECRET);
    let forged = crate::sessions::server::signed(&crate::sessions::server::token(1), "another");
    let cookies = format!("better-auth.session_token={forged}; better-auth.session_data={data}");
    assert_eq!(fixture.ask(&cookies).await, "session_signature");
    let alone = format!("better-auth.session_data={data}");
    assert_eq!(fixture.ask(&alone).await, "missing_token");
    assert_eq!(fixture.lookups(), 0);
}

/// The value of an empty cookie, and the cookies of the chunks after it.
fn split(data: &str) -> String {
    let chunks = data.as_bytes().chunks(4000).enumerate();
    let cookies = chunks.map(|(index, part)| {
        let part = std::str::from_utf8(part).unwrap();
        format!("; better-auth.session_data.{index}={part}")
    });
    cookies.collect()
}
