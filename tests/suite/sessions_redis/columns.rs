//! The columns that become claims. Redis also has those that Better Auth hides from clients.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use tower_jwt_auth::{BetterAuthSessions, CurrentUser};

use super::RedisServer;
use crate::sessions::server::{authenticate, cookie, layer, record, request, token};

/// The first session, with these columns added.
fn store(redis: &RedisServer, user: &Value, session: &Value) {
    let mut record = record(&token(1));
    for (table, columns) in [("user", user), ("session", session)] {
        for (name, value) in columns.as_object().unwrap() {
            record[table][name] = value.clone();
        }
    }
    redis.store(1, &record);
}

async fn user(sessions: BetterAuthSessions) -> CurrentUser {
    let found = authenticate(&layer(sessions), request(&cookie(1))).await;
    found.unwrap().unwrap()
}

async fn claims(sessions: BetterAuthSessions) -> Map<String, Value> {
    user(sessions).await.claims().unwrap()
}

fn names(columns: &Map<String, Value>) -> BTreeSet<&str> {
    columns.keys().map(String::as_str).collect()
}

#[tokio::test]
async fn only_better_auths_own_columns_become_claims() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let hidden = json!({ "passwordHint": "blue", "apiToken": "secret", "ID": "x", "role ": "x" });
    store(&redis, &hidden, &hidden);
    let claims = claims(redis.sessions()).await;
    let of_user = [
        "auth_time",
        "createdAt",
        "email",
        "emailVerified",
        "exp",
        "iat",
        "id",
        "iss",
        "name",
        "session",
        "sid",
        "sub",
        "updatedAt",
    ];
    assert_eq!(names(&claims), BTreeSet::from(of_user));
    let of_session = [
        "createdAt",
        "expiresAt",
        "id",
        "ipAddress",
        "updatedAt",
        "userAgent",
        "userId",
    ];
    let session = claims["session"].as_object().unwrap();
    assert_eq!(names(session), BTreeSet::from(of_session));
}

#[tokio::test]
async fn columns_of_plugins_become_claims() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let of_user = json!({
        "image": "https://a.example/a.png", "username": "ada", "displayUsername": "Ada",
        "phoneNumber": "+49", "phoneNumberVerified": true, "isAnonymous": false,
        "lastLoginMethod": "email", "twoFactorEnabled": true, "role": "admin,user",
        "banned": false, "banReason": null, "banExpires": null,
    });
    let of_session = json!({
        "impersonatedBy": "admin-1", "activeOrganizationId": "org-1", "activeTeamId": "team-1",
    });
    store(&redis, &of_user, &of_session);
    let user = user(redis.sessions()).await;
    assert_eq!(user.actor().as_deref(), Some("admin-1"));
    let claims: Value = user.claims().unwrap();
    for (name, value) in of_user.as_object().unwrap() {
        assert_eq!(&claims[name], value, "{name}");
    }
    for (name, value) in of_session.as_object().unwrap() {
        assert_eq!(&claims["session"][name], value, "{name}");
    }
}

#[tokio::test]
async fn named_columns_of_the_application_become_claims() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let columns = json!({ "plan": "pro", "region": "eu", "hidden": "secret" });
    store(&redis, &columns, &columns);
    let found = claims(
        redis
            .sessions()
            .user_columns(["plan"])
            .user_columns(["region"]),
    )
    .await;
    assert_eq!(
        (&found["plan"], &found["region"]),
        (&json!("pro"), &json!("eu"))
    );
    assert!(!Value::from(found).to_string().contains("secret"));

    let found = claims(redis.sessions().session_columns(["plan", "absent"])).await;
    assert!(!found.contains_key("plan"));
    let session = found["session"].as_object().unwrap();
    assert_eq!(session["plan"], "pro");
    for absent in ["region", "hidden", "absent"] {
        assert!(!session.contains_key(absent), "{absent}");
    }
}

#[tokio::test]
async fn a_named_column_replaces_no_registered_claim_and_not_the_token() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let columns = json!({ "sub": "bob", "iss": "bob", "exp": 1, "act": { "sub": "bob" } });
    store(&redis, &columns, &json!({}));
    let names = ["sub", "iss", "exp", "act", "session", "token"];
    let sessions = redis.sessions().user_columns(names).session_columns(names);
    let user = user(sessions).await;
    assert_eq!(user.user_id(), "user-1");
    assert_eq!(user.issuer(), Some(super::ORIGIN));
    assert_eq!(user.actor(), None);
    let claims: Value = user.claims().unwrap();
    assert_eq!(claims["sub"], "user-1");
    assert!(!claims.to_string().contains(&token(1)), "{claims}");
}
