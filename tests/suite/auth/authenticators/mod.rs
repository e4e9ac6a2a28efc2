//! Credentials that the application looks up itself.

mod rejections;
mod requests;
#[cfg(feature = "axum")]
mod sockets;
mod users;

use std::sync::{Arc, Mutex};

use http::{HeaderValue, Request, Version, header::AUTHORIZATION, request::Parts};
use serde_json::json;
use tower_jwt_auth::{
    Authentication, CurrentUser, JwtAuthBuilder, JwtAuthLayer, Rejection, TokenSource,
};

use crate::support::{authenticator::by_fn, *};

/// The result of an authenticator.
#[derive(Clone, Debug)]
enum Reply {
    NotMine,
    User(CurrentUser),
    Rejected(Rejection),
    After(Box<Reply>),
}

use Reply::{After, NotMine, Rejected, User};

impl From<Reply> for Authentication {
    fn from(result: Reply) -> Self {
        match result {
            NotMine => Self::NotMine,
            User(user) => Self::User(user),
            Rejected(rejection) => Self::rejected(rejection),
            After(result) => Self::lookup(async move {
                tokio::task::yield_now().await;
                (*result).into()
            }),
        }
    }
}

fn user(id: &str) -> Reply {
    User(CurrentUser::new(id, format!("{id}@example.com")))
}

fn after(result: Reply) -> Reply {
    After(Box::new(result))
}

/// A user, immediately and after one and two lookups.
fn each_way(result: Reply) -> [Reply; 3] {
    [result.clone(), after(result.clone()), after(after(result))]
}

/// Adds an authenticator with this result.
fn with(builder: JwtAuthBuilder, result: Reply) -> JwtAuthBuilder {
    builder.authenticate_with(by_fn(move |_: &Parts| result.clone().into()))
}

fn only(result: Reply) -> JwtAuthLayer {
    with(keyless(), result).build().unwrap()
}

const INVALID: Reply = Rejected(Rejection::InvalidCredential);

#[tokio::test]
async fn a_jwt_decides_alone() {
    let asked = by_fn(|_: &Parts| panic!("the authenticator is asked"));
    let sources = [TokenSource::header(), TokenSource::cookie("token")];
    let builder = builder().token_sources(sources).allow_anonymous();
    let layer = builder.authenticate_with(asked).build().unwrap();
    let valid = token(&claims());
    let expired = token(&claims_with(json!({ "exp": NOW })));
    let mut two = with_bearer(&valid);
    let second = HeaderValue::from_static("Basic YTpi");
    two.headers_mut().append(AUTHORIZATION, second);
    let cookie = |token: &str| {
        let request = Request::get("/").header("cookie", format!("token={token}"));
        request.body(()).unwrap()
    };
    for (row, request, reason) in [
        ("valid", with_bearer(&valid), "accepted"),
        ("expired", with_bearer(&expired), "expired"),
        ("garbage", with_bearer("garbage"), "malformed"),
        ("two fields", two, "several_tokens"),
        ("a valid cookie", cookie(&valid), "accepted"),
        ("an expired cookie", cookie(&expired), "expired"),
    ] {
        assert_eq!(ask(layer.clone(), request).await.reason(), reason, "{row}");
    }
}

#[tokio::test]
async fn the_first_that_does_not_answer_not_mine_decides() {
    for (results, expected, last_asked) in [
        (vec![NotMine], Err("missing_token"), 0),
        (vec![NotMine, NotMine], Err("missing_token"), 1),
        (vec![user("a"), user("b")], Ok("a"), 0),
        (vec![NotMine, user("b")], Ok("b"), 1),
        (vec![INVALID, user("b")], Err("invalid_credential"), 0),
        (vec![user("a"), INVALID], Ok("a"), 0),
        (vec![after(user("a")), INVALID], Ok("a"), 0),
        (
            vec![after(INVALID), user("b")],
            Err("invalid_credential"),
            0,
        ),
        // A lookup may find that the credential is another authenticator's.
        (vec![after(NotMine)], Err("missing_token"), 0),
        (vec![after(NotMine), user("b")], Ok("b"), 1),
        (vec![after(NotMine), after(after(user("b")))], Ok("b"), 1),
        (vec![NotMine, after(after(NotMine)), user("c")], Ok("c"), 2),
        (
            vec![after(NotMine), NotMine, INVALID, user("d")],
            Err("invalid_credential"),
            2,
        ),
    ] {
        let row = format!("{results:?}");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let add = |builder: JwtAuthBuilder, (index, result): (usize, Reply)| {
            let asked = Arc::clone(&asked);
            builder.authenticate_with(by_fn(move |_: &Parts| {
                asked.lock().unwrap().push(index);
                result.clone().into()
            }))
        };
        let builder = results.into_iter().enumerate().fold(keyless(), add);
        let answer = ask(builder.build().unwrap(), get("/")).await;
        match expected {
            Ok(user) => answer.assert_reached(user, &row),
            Err("missing_token") => answer.assert_not_authenticated(&row),
            Err(reason) => answer.assert_invalid_token(reason, &row),
        }
        // Each is asked at most once, and in order.
        let asked = asked.lock().unwrap().clone();
        assert_eq!(asked, (0..=last_asked).collect::<Vec<_>>(), "{row}");
    }
}

#[tokio::test]
async fn an_anonymous_request_has_no_credential() {
    for (result, expected) in [
        (NotMine, Ok("nobody")),
        (user("alice"), Ok("alice")),
        // Unlike a session cookie, the client can omit the credential.
        (INVALID, Err("invalid_credential")),
        (User(CurrentUser::new("", "")), Err("subject")),
    ] {
        for result in each_way(result) {
            let row = format!("{result:?}");
            let layer = with(keyless(), result).allow_anonymous().build().unwrap();
            let answer = ask(layer, get("/")).await;
            match expected {
                Ok(user) => answer.assert_reached(user, row),
                Err(reason) => answer.assert_invalid_token(reason, row),
            }
        }
    }
}

#[tokio::test]
async fn a_preflight_needs_no_credential() {
    for result in each_way(NotMine) {
        let layer = with(keyless(), result).allow_cors_preflight();
        let request = Request::options("/")
            .header("origin", "https://app.example.com")
            .header("access-control-request-method", "POST");
        let answer = ask(layer.build().unwrap(), request.body(()).unwrap()).await;
        answer.assert_reached("nobody", "a preflight");
    }
}

#[tokio::test]
async fn a_kept_user_is_not_authenticated_again() {
    let bob = CurrentUser::new("bob", "bob@example.com");
    for (builder, expected) in [
        (with(keyless(), user("alice")), "alice"),
        (with(keyless(), user("alice")).keep_user(), "bob"),
    ] {
        let mut request = get("/");
        request.extensions_mut().insert(bob.clone());
        let answer = ask(builder.build().unwrap(), request).await;
        answer.assert_reached(expected, expected);
    }
}

#[tokio::test]
async fn an_earlier_user_is_not_visible_to_an_anonymous_request() {
    for result in each_way(NotMine) {
        let mut request = get("/");
        let mallory = CurrentUser::new("mallory", "mallory@example.com");
        request.extensions_mut().insert(mallory);
        let layer = with(keyless(), result).allow_anonymous().build().unwrap();
        ask(layer, request)
            .await
            .assert_reached("nobody", "anonymous");
    }
}
