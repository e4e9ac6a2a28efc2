//! Banned users, whose sessions Better Auth itself still returns if only the column is set.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Service, releases};

#[tokio::test]
async fn a_user_banned_in_the_database_is_rejected() {
    const ACCEPTED: &str = "";
    for site in releases() {
        let ada = site.sign_up("ada").await;
        let service = Service::with(site.sessions().fresh_for(Duration::ZERO));
        for (banned, expires, outcome) in [
            (json!(true), Value::Null, "banned"),
            (json!(true), json!({ "in": 3600 }), "banned"),
            (json!(true), json!({ "in": -1 }), ACCEPTED),
            (json!(false), json!({ "in": 3600 }), ACCEPTED),
            (Value::Null, Value::Null, ACCEPTED),
        ] {
            let row = format!("{site}: banned {banned}, expires {expires}");
            let columns = json!({ "banned": banned, "banExpires": expires });
            site.set("user", &ada.id, columns).await;
            let returned = site.get_session(&ada).await;
            assert_eq!(returned["user"]["id"], ada.id, "{row}");
            let expected = match outcome {
                ACCEPTED => (200, &*ada.id),
                reason => (401, reason),
            };
            let answer = service.cookie(&ada.cookie).await;
            assert_eq!(answer.outcome(), expected, "{row}");
            let answer = service.bearer(&ada.bearer).await;
            assert_eq!(answer.outcome(), expected, "{row}");
        }
    }
}

#[tokio::test]
async fn a_user_whom_an_administrator_bans_is_rejected() {
    for site in releases() {
        let (admin, ada) = (site.sign_up("admin").await, site.sign_up("ada").await);
        let role = json!({ "role": "admin" });
        site.set("user", &admin.id, role).await;
        let service = Service::with(site.sessions().fresh_for(Duration::ZERO));
        assert_eq!(service.cookie(&ada.cookie).await.status, 200, "{site}");

        let ban = json!({ "userId": ada.id });
        site.post("/api/auth/admin/ban-user", &admin.cookie, &ban)
            .await;
        // Better Auth has deleted the session.
        let answer = service.cookie(&ada.cookie).await;
        assert_eq!(answer.outcome(), (401, "session"), "{site}");
    }
}
