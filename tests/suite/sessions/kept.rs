//! The credential whose answer is kept: its place, its name, and its whole text.

use tower_jwt_auth::{BetterAuthSessions, JwtAuthLayer};

use super::{
    requests::{bearer, cookies, request},
    server::{Answer, SECRET, SessionServer, authenticate, encoded, layer, signed, token},
};

const NAME: &str = "better-auth.session_token";

type Field = (http::HeaderName, String);

async fn user(layer: &JwtAuthLayer, field: Field) -> Result<String, &'static str> {
    let user = authenticate(layer, request("GET", &[field])).await?;
    Ok(user.unwrap().user_id().to_owned())
}

/// Each place of a credential, with the function that makes its field.
fn places() -> [fn(&str) -> Field; 4] {
    [
        |value| cookies(&[(NAME, value)]),
        |value| cookies(&[("__Secure-better-auth.session_token", value)]),
        |value| cookies(&[("__Host-better-auth.session_token", value)]),
        |value| bearer(value),
    ]
}

/// Better Auth may accept a session in one place only.
#[tokio::test]
async fn an_answer_is_kept_for_one_place_and_spelling() {
    let server = SessionServer::start().await;
    let layer = layer(server.sessions().raw_tokens());
    let signed = signed(&token(1), SECRET);
    let upper = encoded(&signed);
    let lower = ["%2B", "%2F", "%3D"].into_iter();
    let lower = lower.fold(upper.clone(), |text, escape| {
        text.replace(escape, &escape.to_ascii_lowercase())
    });
    let mut lookups = 0;
    for place in places() {
        for value in [&signed, &upper, &lower] {
            lookups += 1;
            for _ in 0..3 {
                assert_eq!(user(&layer, place(value)).await, Ok("user-1".to_owned()));
                assert_eq!(server.lookups(), lookups, "{value}");
            }
        }
    }
    assert_eq!(
        user(&layer, bearer(token(1))).await,
        Ok("user-1".to_owned())
    );
    assert_eq!(server.lookups(), lookups + 1);
}

/// An attacker who has a session of their own must not become another user by a change of it.
#[tokio::test]
async fn no_other_text_gets_a_kept_answer() {
    let server = SessionServer::start().await;
    let value = signed(&token(1), SECRET);
    let configure: [fn(BetterAuthSessions) -> BetterAuthSessions; 2] =
        [|sessions| sessions, |sessions| sessions.secret(SECRET)];
    for (place, is_checked) in places()
        .into_iter()
        .flat_map(|it| [(it, false), (it, true)])
    {
        server.set(Answer::session);
        let layer = layer(configure[usize::from(is_checked)](server.sessions()));
        assert_eq!(user(&layer, place(&value)).await, Ok("user-1".to_owned()));
        // From now on, only the kept answer is a user.
        server.set(|_| Answer::no_session());
        for index in 0..value.len() {
            let mut bytes = value.clone().into_bytes();
            bytes[index] = if bytes[index] == b'2' { b'3' } else { b'2' };
            let changed = String::from_utf8(bytes).unwrap();
            let found = user(&layer, place(&changed)).await;
            assert!(found.is_err(), "{changed}: {found:?}");
        }
        for changed in [
            format!("{value}="),
            format!("a{value}"),
            value[1..].to_owned(),
            value[16..].to_owned(),
            format!("{}{value}", token(2)),
            format!("{}.{value}", signed(&token(2), SECRET)),
        ] {
            let found = user(&layer, place(&changed)).await;
            assert!(found.is_err(), "{changed}: {found:?}");
        }
        assert_eq!(user(&layer, place(&value)).await, Ok("user-1".to_owned()));
    }
}
