//! The names of the cookie and of the issuer.

use http::{Request, header::COOKIE};
use tower::layer::util::Stack;
use tower_jwt_auth::{BetterAuthSessions, JwtAuthBuilder, PathOwnerLayer};

use super::server::{
    self, Answer, SECRET, SessionServer, ask, authenticate, cookie, encoded, layer, signed, token,
};
use crate::support::{self, builder};

type Configure = fn(BetterAuthSessions) -> BetterAuthSessions;

#[tokio::test]
async fn the_cookie_is_found_by_its_configured_name() {
    let session = server::record(&token(1)).to_string();
    let server = SessionServer::with(move |_| Answer::new("200 OK", &*session)).await;
    let value = encoded(&signed(&token(1), SECRET));
    let names = [
        "better-auth.session_token",
        "app.session_token",
        "sid",
        "__Host-app.session_token",
    ];
    let rows: [(Configure, &str, usize); 4] = [
        (|it| it, names[0], 0),
        (|it| it.cookie_prefix("app"), names[1], 1),
        (|it| it.cookie_name("sid"), names[2], 2),
        (|it| it.cookie_prefix("__Host-app"), names[3], 3),
    ];
    for (configure, name, own) in rows {
        let layer = layer(configure(server.sessions()));
        for prefix in ["", "__Secure-", "__Host-"] {
            let cookie = format!("{prefix}{name}={value}");
            assert_eq!(
                ask(&layer, &cookie).await,
                Ok("user-1".to_owned()),
                "{cookie}"
            );
        }
        for (index, other) in names.iter().enumerate() {
            // `__Host-app.session_token` is also a name of the prefix `app`.
            if index != own && (own, index) != (1, 3) {
                let cookie = format!("{other}={value}");
                assert_eq!(ask(&layer, &cookie).await, Err("missing_token"), "{cookie}");
            }
        }
    }
    let layer = server.layer();
    for name in [
        format!("better-auth.session_token_multi-{}", token(1)),
        "better-auth.admin_session".to_owned(),
        "Better-Auth.session_token".to_owned(),
        "__secure-better-auth.session_token".to_owned(),
        "__Secure-__Host-better-auth.session_token".to_owned(),
    ] {
        let cookie = format!("{name}={value}");
        assert_eq!(ask(&layer, &cookie).await, Err("missing_token"), "{cookie}");
    }
}

/// If the first issuer is not Better Auth, its users are other people.
#[tokio::test]
async fn the_users_are_the_first_issuers_if_it_is_the_origin() {
    let server = SessionServer::start().await;
    let origin = server.origin();
    for (issuers, same_users, reason) in [
        (vec![], false, "accepted"),
        (vec![origin.clone()], false, "accepted"),
        (vec![format!("{origin}/api/auth")], false, "accepted"),
        (vec![format!("{origin}0")], false, "other_issuer"),
        (
            vec![format!("{origin}.evil.example")],
            false,
            "other_issuer",
        ),
        (
            vec!["https://other.example".to_owned()],
            false,
            "other_issuer",
        ),
        (vec!["https://other.example".to_owned()], true, "accepted"),
        (
            vec!["https://other.example".to_owned(), origin.clone()],
            false,
            "accepted",
        ),
    ] {
        let mut sessions = server.sessions();
        if same_users {
            sessions = sessions.same_users();
        }
        let row = format!("{issuers:?} {same_users}");
        let builder = issuers.into_iter().fold(builder(), JwtAuthBuilder::issuer);
        let layer = builder.sessions(sessions).build().unwrap();
        let by_cookie = || {
            Request::get("/api/user-1")
                .header(COOKIE, cookie(1))
                .body(())
                .unwrap()
        };
        let user = authenticate(&layer, by_cookie()).await.unwrap().unwrap();
        assert_eq!(user.issuer(), Some(&*origin), "{row}");
        let owner = PathOwnerLayer::new("/api/{user_id}").unwrap();
        let answer = support::ask(Stack::new(owner.clone(), layer.clone()), by_cookie()).await;
        assert_eq!(answer.reason(), reason, "{row}");
        // The issuer of a session has a name anyway.
        let named = owner.issuer(&*origin);
        let answer = support::ask(Stack::new(named, layer), by_cookie()).await;
        assert_eq!(answer.reason(), "accepted", "{row}");
    }
}
