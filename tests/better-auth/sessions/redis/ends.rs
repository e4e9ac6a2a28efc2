//! What ends a session in Redis: it is over on the next request to each replica.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::{
    super::{Account, Service, Site, site::session_cookie},
    SHORT, Stored,
};

/// What ends sessions.
#[derive(Clone, Copy, Debug)]
enum End {
    SignOut,
    RevokeSession,
    RevokeSessions,
    RevokeOtherSessions,
    ChangePassword,
    RevokeByAdmin,
    Ban,
    DeleteUser,
}

impl End {
    /// Whether the session of the phone and that of the laptop continue.
    fn leaves(self) -> (bool, bool) {
        match self {
            Self::SignOut => (false, true),
            Self::RevokeSession | Self::RevokeOtherSessions => (true, false),
            Self::RevokeSessions
            | Self::ChangePassword
            | Self::RevokeByAdmin
            | Self::Ban
            | Self::DeleteUser => (false, false),
        }
    }

    /// Sends the request that ends sessions, from the phone or the administrator.
    async fn request(self, site: Site<'_>, phone: &Account, laptop: &Account, admin: &Account) {
        let user = json!({ "userId": phone.id });
        let (path, cookie, body) = match self {
            Self::SignOut => ("sign-out", &phone.cookie, json!({})),
            Self::RevokeSession => {
                let token = json!({ "token": laptop.token() });
                ("revoke-session", &phone.cookie, token)
            }
            Self::RevokeSessions => ("revoke-sessions", &phone.cookie, json!({})),
            Self::RevokeOtherSessions => ("revoke-other-sessions", &phone.cookie, json!({})),
            Self::ChangePassword => {
                let body = json!({
                    "currentPassword": "correct horse",
                    "newPassword": "battery staple",
                    "revokeOtherSessions": true,
                });
                ("change-password", &phone.cookie, body)
            }
            Self::RevokeByAdmin => ("admin/revoke-user-sessions", &admin.cookie, user),
            Self::Ban => ("admin/ban-user", &admin.cookie, user),
            Self::DeleteUser => {
                let password = json!({ "password": "correct horse" });
                ("delete-user", &phone.cookie, password)
            }
        };
        site.post(&format!("/api/auth/{path}"), cookie, &body).await;
    }
}

#[tokio::test]
async fn the_end_of_a_session_takes_effect_on_the_next_request_to_each_replica() {
    for stored in Stored::releases().iter() {
        let (site, replicas) = (stored.site(), stored.replicas());
        let admin = stored.admin().await;
        for end in [
            End::SignOut,
            End::RevokeSession,
            End::RevokeSessions,
            End::RevokeOtherSessions,
            End::ChangePassword,
            End::RevokeByAdmin,
            End::Ban,
            End::DeleteUser,
        ] {
            let phone = site.sign_up("ada").await;
            let laptop = site.sign_in(&phone).await;
            let other = site.sign_up("bob").await;
            for replica in &replicas {
                for account in [&phone, &laptop, &other] {
                    let answer = replica.cookie(&account.cookie).await;
                    let row = format!("{site}: before {end:?}");
                    assert_eq!(answer.outcome(), (200, &*account.id), "{row}");
                }
            }
            end.request(site, &phone, &laptop, &admin).await;
            let (phone_lives, laptop_lives) = end.leaves();
            for (what, account, lives) in [
                ("phone", &phone, phone_lives),
                ("laptop", &laptop, laptop_lives),
                ("other user", &other, true),
            ] {
                let row = format!("{site}: {what} after {end:?}");
                let expected = if lives {
                    (200, &*account.id)
                } else {
                    (401, "session")
                };
                for replica in &replicas {
                    let by_cookie = replica.cookie(&account.cookie).await;
                    assert_eq!(by_cookie.outcome(), expected, "{row}");
                    let by_bearer = replica.bearer(&account.bearer).await;
                    assert_eq!(by_bearer.outcome(), expected, "{row}");
                }
                let own_answer = site.get_session(account).await;
                assert_eq!(own_answer.is_null(), !lives, "{row}: {own_answer}");
            }
        }
    }
}

#[tokio::test]
async fn the_session_after_a_change_of_the_password_is_accepted() {
    for stored in Stored::releases().iter() {
        let (site, replicas) = (stored.site(), stored.replicas());
        let ada = site.sign_up("ada").await;
        let body = json!({
            "currentPassword": "correct horse",
            "newPassword": "battery staple",
            "revokeOtherSessions": true,
        });
        let changed = site
            .post("/api/auth/change-password", &ada.cookie, &body)
            .await;
        let cookie = session_cookie(&changed.0).unwrap();
        assert_ne!(cookie, ada.cookie, "{site}");
        for replica in &replicas {
            let answer = replica.cookie(&cookie).await;
            assert_eq!(answer.outcome(), (200, &*ada.id), "{site}");
            let answer = replica.cookie(&ada.cookie).await;
            assert_eq!(answer.outcome(), (401, "session"), "{site}");
        }
    }
}

/// As if the deletion of the key had failed.
#[tokio::test]
async fn a_revoked_session_is_over_although_its_key_exists() {
    for stored in Stored::releases().iter() {
        let site = stored.site();
        if !site.is_release("1.7") {
            continue;
        }
        let ada = site.sign_up("ada").await;
        let key = format!("better-auth:{}", ada.token());
        let record = stored.redis.command(&["GET", &key]);
        // A session of the same millisecond is not revoked.
        sleep(Duration::from_millis(2)).await;
        site.post("/api/auth/revoke-sessions", &ada.cookie, &json!({}))
            .await;
        stored.redis.set(&key, &record);
        for replica in stored.replicas() {
            let answer = replica.cookie(&ada.cookie).await;
            assert_eq!(answer.outcome(), (401, "session"), "{site}");
        }
        assert!(site.get_session(&ada).await.is_null(), "{site}");

        let again = site.sign_in(&ada).await;
        let answer = stored.replicas()[0].cookie(&again.cookie).await;
        assert_eq!(answer.outcome(), (200, &*ada.id), "{site}");
    }
}

#[tokio::test]
async fn a_session_ends_when_it_expires() {
    let releases = Stored::releases();
    let mut sessions = Vec::new();
    for stored in releases.iter() {
        let ada = stored.site().at("/short").sign_up("ada").await;
        let replica = || Service::with(stored.sessions().redis_prefix(SHORT));
        let replicas = [(); 3].map(|()| replica());
        for replica in &replicas {
            let answer = replica.cookie(&ada.cookie).await;
            assert_eq!(answer.outcome(), (200, &*ada.id), "{}", stored.site());
        }
        // The same record without the expiry of its key.
        let key = format!("{SHORT}{}", ada.token());
        stored.redis.command(&["PERSIST", &key]);
        sessions.push((stored, replicas, ada));
    }
    sleep(Duration::from_millis(3_100)).await;
    for (stored, replicas, ada) in sessions {
        for replica in replicas {
            let answer = replica.cookie(&ada.cookie).await;
            assert_eq!(answer.outcome(), (401, "session"), "{}", stored.site());
        }
    }
}
