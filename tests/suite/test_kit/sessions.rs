//! `TestSessions` and `TestSession`.

use std::time::Duration;

use http::{Request, header::COOKIE};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tower_jwt_auth::{
    JwtAuthLayer, RequireFreshLayer, RequireScopeLayer,
    test_kit::{TestIssuer, TestSessions},
};

use crate::support::{Answer, ask, at, with_bearer};

const SECOND: Duration = Duration::from_secs(1);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn layer_of(sessions: &TestSessions) -> JwtAuthLayer {
    sessions.layer().build().unwrap()
}

fn with_cookie(cookie: &str) -> Request<()> {
    Request::builder().header(COOKIE, cookie).body(()).unwrap()
}

async fn get(layer: &JwtAuthLayer, cookie: &str) -> Answer {
    ask(layer.clone(), with_cookie(cookie)).await
}

async fn reason(layer: &JwtAuthLayer, cookie: &str) -> &'static str {
    get(layer, cookie).await.reason()
}

#[tokio::test]
async fn a_session_is_accepted_until_its_sign_out() {
    let sessions = TestSessions::new();
    let layer = layer_of(&sessions);
    let [alice, bob] = ["alice", "bob"].map(|user| sessions.sign_in(user));
    let other_device = sessions.sign_in("alice");
    for (cookie, user) in [(&alice, "alice"), (&bob, "bob"), (&other_device, "alice")] {
        get(&layer, cookie).await.assert_reached(user, cookie);
    }
    sessions.clone().sign_out(&alice);
    sessions.sign_out(TestSessions::bearer(&bob));
    assert_eq!(reason(&layer, &alice).await, "accepted");
    assert_eq!(sessions.lookups(), 3);
    sessions.clock().advance(10 * SECOND);
    assert_eq!(reason(&layer, &alice).await, "session");
    assert_eq!(reason(&layer, &bob).await, "session");
    assert_eq!(reason(&layer, &other_device).await, "accepted");
    assert_eq!(sessions.lookups(), 6);
}

#[tokio::test]
async fn the_secret_is_checked_before_the_lookup() {
    let sessions = TestSessions::new();
    let layer = layer_of(&sessions);
    let cookie = TestSessions::new().sign_in("alice");
    assert_eq!(reason(&layer, &cookie).await, "session_signature");
    assert_eq!(sessions.lookups(), 0);
    let settings = sessions.sessions().cookie_prefix("app");
    let layer = JwtAuthLayer::builder().sessions(settings).build().unwrap();
    let token = sessions.sign_in("alice");
    let renamed = format!("app.session_token={}", TestSessions::bearer(&token));
    assert_eq!(reason(&layer, &renamed).await, "accepted");
}

#[tokio::test]
async fn a_bearer_is_accepted_and_a_raw_token_if_enabled() {
    let sessions = TestSessions::new();
    let cookie = sessions.sign_in("alice");
    let bearer = TestSessions::bearer(&cookie);
    let decoded = percent_decode_str(bearer).decode_utf8().unwrap();
    let settings = sessions.sessions().raw_tokens();
    let raw_layer = JwtAuthLayer::builder().sessions(settings).build().unwrap();
    for (layer, token, is_accepted) in [
        (&layer_of(&sessions), bearer, true),
        (&layer_of(&sessions), &decoded, true),
        (&layer_of(&sessions), &bearer[..32], false),
        (&raw_layer, &bearer[..32], true),
    ] {
        let answer = ask(layer.clone(), with_bearer(token)).await;
        assert_eq!(answer.reason() == "accepted", is_accepted, "{token}");
    }
    assert_eq!(sessions.lookups(), 3);
    for text in [&*cookie, bearer, &decoded, &bearer[..32]] {
        sessions.sign_out(text);
    }
}

#[tokio::test]
async fn the_user_has_the_columns_of_the_session() {
    let sessions = TestSessions::new();
    sessions.clock().set(at(1_800_000_000));
    let session = sessions
        .session_for("alice")
        .email("ada@example.org")
        .name("Ada")
        .roles(["user", "admin"])
        .impersonated_by("bob")
        .user_column("plan", "free")
        .user_column("plan", json!({ "is_pro": true }))
        .session_column("activeOrganizationId", "org")
        .session_column("id", "s1");
    let (parts, ()) = with_cookie(&session.sign_in()).into_parts();
    let user = layer_of(&sessions).authenticate(&parts).await;
    let user = user.unwrap().unwrap();
    assert_eq!((user.user_id(), user.email()), ("alice", "ada@example.org"));
    assert_eq!(user.issuer(), Some("https://app.example.com"));
    let now = "2027-01-15T08:00:00.000Z";
    assert_eq!(
        user.claims::<Value>().unwrap(),
        json!({
            "iss": "https://app.example.com", "sub": "alice", "sid": "s1", "act": { "sub": "bob" },
            "iat": 1_800_000_000, "exp": 1_800_000_000 + 7 * DAY.as_secs(), "id": "alice",
            "email": "ada@example.org", "emailVerified": true, "name": "Ada",
            "role": "user,admin", "plan": { "is_pro": true }, "createdAt": now, "updatedAt": now,
            "session": {
                "id": "s1", "userId": "alice", "createdAt": now, "updatedAt": now,
                "expiresAt": "2027-01-22T08:00:00.000Z",
                "impersonatedBy": "bob", "activeOrganizationId": "org",
            },
        })
    );
    let admin = RequireScopeLayer::any_role(["admin"]).unwrap();
    let stack = tower::layer::util::Stack::new(admin, layer_of(&sessions));
    let answer = ask(stack, with_cookie(&session.sign_in())).await;
    answer.assert_reached("alice", "an administrator");
}

#[tokio::test]
async fn the_start_of_a_session_is_the_sign_in_unless_impersonated() {
    let sessions = TestSessions::new();
    let clock = sessions.clock().clone();
    let alice = sessions.sign_in("alice");
    let impersonated = sessions.session_for("alice").impersonated_by("bob");
    let impersonated = impersonated.sign_in();
    for (advanced, expected) in [
        (Duration::ZERO, "accepted"),
        (Duration::from_secs(306), "insufficient_user_authentication"),
    ] {
        sessions.clock().advance(advanced);
        for (cookie, expected) in [
            (&alice, expected),
            (&impersonated, "insufficient_user_authentication"),
        ] {
            let clock = clock.clone();
            let fresh = RequireFreshLayer::within(Duration::from_secs(300)).unwrap();
            let fresh = fresh.clock(move || clock.now());
            let stack = tower::layer::util::Stack::new(fresh, layer_of(&sessions));
            let answer = ask(stack, with_cookie(cookie)).await;
            assert_eq!(answer.reason(), expected, "{advanced:?}");
        }
    }
}

#[tokio::test]
async fn sessions_that_must_be_rejected_are_rejected() {
    let sessions = TestSessions::new();
    let layer = layer_of(&sessions);
    let alice = || sessions.session_for("alice");
    for (session, expected) in [
        (alice(), "accepted"),
        (alice().expires_in(Duration::ZERO), "session"),
        (alice().banned(), "banned"),
        (alice().banned_for(SECOND), "banned"),
        (alice().banned_for(Duration::ZERO), "accepted"),
        (alice().user_column("email", ()), "user"),
        (alice().user_column("id", "bob"), "sessions_unavailable"),
        (alice().session_column("token", "ignored"), "accepted"),
        (alice().response("null"), "session"),
        (alice().response("<html>"), "sessions_unavailable"),
    ] {
        assert_eq!(reason(&layer, &session.sign_in()).await, expected);
    }
}

#[tokio::test]
async fn a_recorded_response_gets_the_token_of_the_session() {
    let sessions = TestSessions::new();
    let recorded = json!({
        "session": { "token": "$token", "userId": 7, "expiresAt": "2999-12-02T21:11:15.332Z" },
        "user": { "id": 7, "email": "ada@example.com" },
    });
    let session = sessions.session_for("ignored");
    let session = session.response(recorded.to_string());
    for cookie in [session.sign_in(), session.sign_in()] {
        let answer = get(&layer_of(&sessions), &cookie).await;
        answer.assert_reached("7", "recorded");
    }
}

#[tokio::test(start_paused = true)]
async fn sessions_and_kept_answers_expire_by_the_clock() {
    let sessions = TestSessions::new();
    let layer = layer_of(&sessions);
    let cookie = sessions.sign_in("alice");
    let steps = [(Duration::ZERO, 1), (9 * SECOND, 1), (SECOND, 2)];
    for (time, lookups) in steps {
        sleep(8 * DAY).await;
        sessions.clock().advance(time);
        assert_eq!(reason(&layer, &cookie).await, "accepted");
        assert_eq!(sessions.lookups(), lookups);
    }
    sessions.clock().advance(7 * DAY - 11 * SECOND);
    assert_eq!(reason(&layer, &cookie).await, "accepted");
    sessions.clock().advance(SECOND);
    assert_eq!(reason(&layer, &cookie).await, "session");
    let cookie = sessions.sign_in("alice");
    assert_eq!(reason(&layer, &cookie).await, "accepted");
}

#[tokio::test(start_paused = true)]
async fn failures_are_those_of_an_unreachable_server() {
    let sessions = TestSessions::new();
    let layer = layer_of(&sessions);
    let [kept, other] = ["alice", "bob"].map(|user| sessions.sign_in(user));
    assert_eq!(reason(&layer, &kept).await, "accepted");
    sessions.fail(true);
    assert_eq!(reason(&layer, &kept).await, "accepted");
    for _ in 0..10 {
        let answer = get(&layer, &other).await;
        assert_eq!(
            (answer.status().as_u16(), answer.reason()),
            (503, "sessions_unavailable")
        );
    }
    // Then the breaker is open.
    assert_eq!(sessions.lookups(), 1 + 5);
    sessions.fail(false);
    sleep(SECOND).await;
    assert_eq!(reason(&layer, &other).await, "accepted");
}

#[tokio::test(start_paused = true)]
async fn a_delayed_lookup_returns_the_session_at_its_end() {
    let sessions = TestSessions::new();
    let layer = layer_of(&sessions);
    let cookie = sessions.sign_in("alice");
    sessions.delay(SECOND);
    let start = Instant::now();
    let (answer, ()) = tokio::join!(reason(&layer, &cookie), async {
        sleep(SECOND / 2).await;
        sessions.sign_out(&cookie);
    });
    assert_eq!((answer, start.elapsed()), ("session", SECOND));
    sessions.delay(3 * SECOND);
    let cookie = sessions.sign_in("alice");
    assert_eq!(reason(&layer, &cookie).await, "sessions_unavailable");
    assert_eq!(start.elapsed(), 3 * SECOND);
}

#[tokio::test]
async fn tokens_and_sessions_can_share_a_layer_and_a_clock() {
    let issuer = TestIssuer::hs256().with_issuer("https://other.example.com");
    let sessions = TestSessions::new()
        .with_origin("https://other.example.com")
        .with_clock(issuer.clock());
    let builder = issuer.layer().sessions(sessions.sessions());
    let layer = builder.build().unwrap();
    let (cookie, token) = (sessions.sign_in("alice"), issuer.token("bob"));
    get(&layer, &cookie)
        .await
        .assert_reached("alice", "session");
    let answer = ask(layer.clone(), with_bearer(&token)).await;
    answer.assert_reached("bob", "token");
    issuer.clock().advance(7 * DAY);
    assert_eq!(reason(&layer, &cookie).await, "session");
    let (parts, ()) = with_cookie(&sessions.sign_in("alice")).into_parts();
    let user = layer.authenticate(&parts).await.unwrap().unwrap();
    assert_eq!(user.issuer(), Some("https://other.example.com"));
}

#[test]
#[should_panic(expected = "the session belongs to these TestSessions")]
fn a_session_of_others_cannot_be_ended() {
    TestSessions::new().sign_out(&TestSessions::new().sign_in("alice"));
}

#[test]
fn debug_output_hides_the_secret_the_tokens_and_the_columns() {
    let sessions = TestSessions::new();
    let session = sessions.session_for("alice").name("Ada");
    let cookie = session.sign_in();
    let shown = format!("{sessions:?} {session:?} {:?}", sessions.sessions());
    assert!(shown.contains("sessions: 1"), "{shown}");
    for hidden in [
        sessions.secret(),
        &TestSessions::bearer(&cookie)[..32],
        "alice",
        "Ada",
    ] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}
