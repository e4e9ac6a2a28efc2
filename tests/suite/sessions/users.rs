//! The user of a session.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::{Value, json};
use tower::layer::util::Stack;
use tower_jwt_auth::{JwtAuthBuilder, RequireScopeLayer};

use super::{
    records::{Lookups, REMOVED, ok, record},
    server::{self, Answer, SessionServer, ask, cookie, request, token},
};
use crate::support::{self, NOW, at, keyless};

#[tokio::test]
async fn a_user_has_the_columns_and_the_session() {
    let lookups = Lookups::start().await;
    let session = json!({ "activeOrganizationId": "o", "expiresAt": "2027-01-15T09:00:00.999Z" });
    let user = lookups
        .user(session, json!({ "plan": "pro", "own": { "a": [1] } }))
        .await;
    assert_eq!(user.user_id(), "user-1");
    assert_eq!(user.email(), "user-1@example.com");
    assert_eq!(user.name(), Some("Ada"));
    assert_eq!(user.expires_at(), Some(at(NOW + 3600)));
    assert_eq!(user.issuer(), Some(&*lookups.0.origin()));
    let claims: Value = user.claims().unwrap();
    assert_eq!(
        claims,
        json!({
            "iss": lookups.0.origin(),
            "sub": "user-1",
            "exp": NOW + 3600,
            "iat": 1_795_641_075,
            "auth_time": 1_795_641_075,
            "sid": "session-of-user-1",
            "id": "user-1",
            "name": "Ada",
            "email": "user-1@example.com",
            "emailVerified": false,
            "createdAt": "2026-11-25T21:11:15.332Z",
            "updatedAt": "2026-11-25T21:11:15.332Z",
            "plan": "pro",
            "own": { "a": [1] },
            "session": {
                "id": "session-of-user-1",
                "userId": "user-1",
                "expiresAt": "2027-01-15T09:00:00.999Z",
                "createdAt": "2026-11-25T21:11:15.332Z",
                "updatedAt": "2026-11-25T21:11:15.332Z",
                "ipAddress": "",
                "userAgent": "",
                "activeOrganizationId": "o",
            },
        })
    );
}

#[tokio::test]
async fn no_column_replaces_a_registered_claim() {
    let lookups = Lookups::start().await;
    let plain: BTreeMap<String, Value> = lookups.user(json!({}), json!({})).await.claims().unwrap();
    let mut forged = serde_json::Map::new();
    for name in [
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "sid",
        "act",
        "cnf",
        "auth_time",
        "acr",
        "amr",
        "session",
    ] {
        forged.insert(name.to_owned(), json!("forged"));
    }
    let user = lookups.user(json!({}), Value::Object(forged.clone())).await;
    assert_eq!(user.claims::<BTreeMap<String, Value>>().unwrap(), plain);
    assert_eq!(user.user_id(), "user-1");
    // The columns of the session are inside `session`.
    forged.remove("session");
    let user = lookups.user(Value::Object(forged), json!({})).await;
    let claims: BTreeMap<String, Value> = user.claims().unwrap();
    assert_eq!(claims["session"]["sub"], "forged");
    for (name, value) in plain.iter().filter(|(name, _)| *name != "session") {
        assert_eq!(claims.get(name), Some(value), "{name}");
    }
}

#[tokio::test]
async fn missing_columns_are_missing_claims() {
    let lookups = Lookups::start().await;
    let session = json!({ "id": REMOVED, "createdAt": "yesterday", "impersonatedBy": null });
    let user = lookups.user(session, json!({ "name": null })).await;
    assert_eq!(user.name(), None);
    let claims: Value = user.claims().unwrap();
    for name in ["sid", "iat", "auth_time", "act"] {
        assert_eq!(claims.get(name), None, "{name}");
    }
}

#[tokio::test]
async fn an_impersonating_admin_is_the_actor() {
    let lookups = Lookups::start().await;
    for (admin, actor) in [
        (json!("admin-1"), Some(json!({ "sub": "admin-1" }))),
        (json!(7), Some(json!({ "sub": "7" }))),
        (json!(null), None),
        (json!(REMOVED), None),
        (json!(true), None),
    ] {
        let row = admin.to_string();
        let is_set = admin != REMOVED && !admin.is_null();
        let user = lookups
            .user(json!({ "impersonatedBy": admin }), json!({}))
            .await;
        let claims: BTreeMap<String, Value> = user.claims().unwrap();
        assert_eq!(claims.get("act"), actor.as_ref(), "{row}");
        assert_eq!(claims.contains_key("auth_time"), !is_set, "{row}");
        let id = actor.map(|actor| actor["sub"].as_str().unwrap().to_owned());
        assert_eq!(user.actor().as_deref(), id.as_deref(), "{row}");
        assert_eq!(user.user_id(), "user-1");
    }
}

#[tokio::test]
async fn the_rules_for_users_apply_to_sessions() {
    type Configure = fn(JwtAuthBuilder) -> JwtAuthBuilder;
    let lookups = Lookups::start().await;
    let plain: Configure = |builder| builder;
    let id = |id: &str| (json!({ "userId": id }), json!({ "id": id }));
    let columns = |user: Value| (json!({}), user);
    let rows: [((Value, Value), Configure, &str); 14] = [
        (columns(json!({})), plain, "accepted"),
        (columns(json!({ "email": null })), plain, "user"),
        (columns(json!({ "email": REMOVED })), plain, "user"),
        (columns(json!({ "email": "" })), plain, "user"),
        (
            columns(json!({ "email": ["a@example.com"] })),
            plain,
            "user",
        ),
        (
            columns(json!({ "email": null })),
            JwtAuthBuilder::email_optional,
            "accepted",
        ),
        (
            columns(json!({ "email": "a\n" })),
            JwtAuthBuilder::email_optional,
            "user",
        ),
        (columns(json!({ "name": "a\u{7}" })), plain, "user"),
        (columns(json!({ "name": 7 })), plain, "accepted"),
        (id(&"a".repeat(255)), plain, "accepted"),
        (id(&"a".repeat(256)), plain, "subject"),
        (id("ab"), |builder| builder.max_user_id_len(1), "subject"),
        (
            columns(json!({ "plan": "free" })),
            |builder| builder.check(is_paid),
            "check",
        ),
        (
            columns(json!({ "plan": "pro" })),
            |builder| builder.check(is_paid),
            "accepted",
        ),
    ];
    for ((session, user), configure, reason) in rows {
        let row = format!("{user} {reason}");
        let found = lookups.of(ok(record(session, user)), configure).await;
        assert_eq!(
            found.map_or_else(|reason| reason, |_| "accepted"),
            reason,
            "{row}"
        );
    }
}

fn is_paid(user: &tower_jwt_auth::CurrentUser) -> bool {
    let claims: Value = user.claims().unwrap();
    claims["plan"] == "pro"
}

#[tokio::test]
async fn the_roles_of_a_session_are_required() {
    let server = SessionServer::start().await;
    for (role, reason) in [
        (json!("admin"), "accepted"),
        (json!("user,admin"), "accepted"),
        (json!("admin,user"), "accepted"),
        (json!(["user", "admin"]), "accepted"),
        (json!("user"), "insufficient_scope"),
        (json!("administrator"), "insufficient_scope"),
        (json!(""), "insufficient_scope"),
        (json!(null), "insufficient_scope"),
        (json!(REMOVED), "insufficient_scope"),
    ] {
        let row = role.to_string();
        let record = record(json!({ "role": "admin" }), json!({ "role": role }));
        server.set(move |_| ok(&record));
        let admins = RequireScopeLayer::any_role(["admin"]).unwrap();
        let stack = Stack::new(admins, server.layer());
        let answer = support::ask(stack, request(&cookie(1))).await;
        assert_eq!(answer.reason(), reason, "{row}");
    }
}

/// As `JSON.parse` does, the last of several members counts.
#[tokio::test]
async fn the_last_of_several_members_counts() {
    let lookups = Lookups::start().await;
    let text = record(json!({}), json!({})).to_string();
    let with = |part: &str, member: &str| {
        let start = format!("\"{part}\":{{");
        Answer::new(
            "200 OK",
            text.replacen(&start, &format!("{start}{member},"), 1),
        )
    };
    for (part, member) in [
        ("user", r#""id":"bob""#),
        ("user", r#""banned":true,"banned":false"#),
        ("session", r#""token":"a""#),
        ("session", r#""userId":"bob""#),
        ("session", r#""expiresAt":"2001-01-01T00:00:00Z""#),
    ] {
        let user = lookups
            .of(with(part, member), |builder| builder)
            .await
            .unwrap();
        assert_eq!(user.user_id(), "user-1", "{member}");
        let claims: Value = user.claims().unwrap();
        assert_eq!(claims["sub"], "user-1");
    }
    let banned = with("user", r#""banned":false,"banned":true"#);
    assert_eq!(lookups.reason(banned).await, "banned");
    let twice = text.replacen('{', r#"{"user":{"id":"bob"},"#, 1);
    assert_eq!(lookups.reason(ok(twice)).await, "sessions_unavailable");
}

#[tokio::test]
async fn columns_have_any_shape() {
    let lookups = Lookups::start().await;
    let deep: Value = serde_json::from_str(&support::objects_to(100)).unwrap();
    let many: serde_json::Map<_, _> = (0..1_000)
        .map(|number| (format!("column{number}"), json!(number)))
        .collect();
    for columns in [
        json!({ "own": deep }),
        Value::Object(many),
        json!({ "bio": "\u{0}\u{2028}\u{1F600}\"\\" }),
        json!({ "": "", "a.b": 1, "constructor": {}, "__proto__": {} }),
        json!({ "big": 18446744073709551615_u64, "small": -1.5e300 }),
    ] {
        let user = lookups.user(columns.clone(), columns.clone()).await;
        assert_eq!(user.user_id(), "user-1");
        let claims: Value = user.claims().unwrap();
        for (name, value) in columns.as_object().unwrap() {
            assert_eq!(claims.get(name), Some(value), "{name}");
            assert_eq!(claims["session"].get(name), Some(value), "{name}");
        }
    }
    // serde_json limits the depth.
    let deeper = format!("{{\"own\":{}}}", support::arrays_to(200));
    let text = record(json!({}), json!({})).to_string();
    let text = text.replacen("\"user\":{", &format!("\"user\":{{\"own\":{deeper},"), 1);
    assert_eq!(lookups.reason(ok(text)).await, "sessions_unavailable");
}

#[tokio::test]
async fn a_lone_surrogate_in_a_name_is_replaced() {
    let lookups = Lookups::start().await;
    let text = record(json!({}), json!({})).to_string();
    let text = text.replace("\"Ada\"", r#""A\ud83dda""#);
    let user = lookups.of(ok(text), |builder| builder).await.unwrap();
    assert_eq!(user.name(), Some("A\u{fffd}da"));
}

#[tokio::test]
async fn a_kept_session_is_looked_up_again_when_it_expires() {
    let expires_in = |seconds: u64| {
        let mut record = server::record(&token(1));
        let time = format!("2027-01-15T08:00:{seconds:02}.000Z");
        record["session"]["expiresAt"] = json!(time);
        ok(record)
    };
    // Better Auth may have extended the session.
    for (extended, expected) in [(2, Err("session")), (9, Ok("user-1".to_owned()))] {
        let server = SessionServer::with(move |_| expires_in(2)).await;
        let now = Arc::new(AtomicU64::new(NOW));
        let clock = Arc::clone(&now);
        let builder = keyless().clock(move || at(clock.load(Ordering::Relaxed)));
        let layer = builder.sessions(server.sessions()).build().unwrap();
        for seconds in [0, 1] {
            now.store(NOW + seconds, Ordering::Relaxed);
            assert_eq!(ask(&layer, &cookie(1)).await, Ok("user-1".to_owned()));
        }
        assert_eq!(server.lookups(), 1);
        server.set(move |_| expires_in(extended));
        now.store(NOW + 2, Ordering::Relaxed);
        assert_eq!(ask(&layer, &cookie(1)).await, expected);
        assert_eq!(server.lookups(), 2);
    }
}
