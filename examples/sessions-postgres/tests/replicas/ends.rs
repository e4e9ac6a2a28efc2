//! The events that end a session.

use serde_json::json;

use super::{
    postgres::{Postgres, execute},
    site::{Account, Site},
};

const RELEASES: [&str; 3] = ["1.7", "1.6", "1.4"];

const ACCEPTED: [u16; 3] = [200; 3];

const REJECTED: [u16; 3] = [401; 3];

/// What happens to a user who has two sessions.
#[derive(Clone, Copy, Debug)]
enum End {
    SignOut,
    SignOutEverywhere,
    SignOutElsewhere,
    PasswordChange,
    Deletion,
    /// By an administrator.
    Ban,
    /// A ban in the database, of which Better Auth knows nothing.
    BannedRow,
    TemporaryBan,
    ExpiredBan,
    /// The row of the session remains.
    Expiry,
}

#[tokio::test]
async fn the_end_of_a_session_takes_effect_on_the_next_request() {
    let Some(postgres) = Postgres::start().await else {
        return;
    };
    for release in RELEASES {
        let site = Site::start(&postgres, release).await;
        let admin = site.sign_up("admin").await;
        let set_role = r#"update "user" set role = 'admin' where id = $1"#;
        site.set(set_role, &admin.id).await;
        for (end, first, second) in [
            (End::SignOut, REJECTED, ACCEPTED),
            (End::SignOutEverywhere, REJECTED, REJECTED),
            (End::SignOutElsewhere, ACCEPTED, REJECTED),
            (End::PasswordChange, REJECTED, REJECTED),
            (End::Deletion, REJECTED, REJECTED),
            (End::Ban, REJECTED, REJECTED),
            (End::BannedRow, REJECTED, REJECTED),
            (End::TemporaryBan, REJECTED, REJECTED),
            (End::ExpiredBan, ACCEPTED, ACCEPTED),
            (End::Expiry, REJECTED, ACCEPTED),
        ] {
            let row = format!("Better Auth {release}: {end:?}");
            let user = site.sign_up(&format!("{end:?}")).await;
            let other = site.sign_in(&user).await;
            for cookie in [&user.cookie, &other] {
                assert_eq!(site.ask(cookie).await, ACCEPTED, "{row}");
                assert_eq!(site.user_id(cookie).await, Some(user.id.clone()), "{row}");
            }
            happen(end, &site, &user, &admin).await;
            assert_eq!(site.ask(&user.cookie).await, first, "{row}: first");
            assert_eq!(site.ask(&other).await, second, "{row}: second");
            assert_eq!(
                site.ask(&admin.cookie).await,
                ACCEPTED,
                "{row}: another user"
            );
        }
        let expired = r#"select from session where "expiresAt" < now()"#;
        assert_eq!(execute(&site.database, expired, "").await, 1);
    }
}

async fn happen(end: End, site: &Site, user: &Account, admin: &Account) {
    let post = async |endpoint: &str| site.post(endpoint, &user.cookie, json!({})).await;
    let set = async |columns: &str| {
        let statement = format!(r#"update "user" set {columns} where id = $1"#);
        site.set(&statement, &user.id).await;
    };
    match end {
        End::SignOut => drop(post("sign-out").await),
        End::SignOutEverywhere => drop(post("revoke-sessions").await),
        End::SignOutElsewhere => drop(post("revoke-other-sessions").await),
        End::PasswordChange => {
            let cookie = site.change_password(&user.cookie).await;
            assert_eq!(site.ask(&cookie).await, ACCEPTED, "the new session");
        }
        End::Deletion => drop(post("delete-user").await),
        End::Ban => {
            let body = json!({ "userId": user.id });
            site.post("admin/ban-user", &admin.cookie, body).await;
        }
        End::BannedRow => set("banned = true").await,
        End::TemporaryBan => {
            set(r#"banned = true, "banExpires" = now() + interval '1 minute'"#).await;
        }
        End::ExpiredBan => {
            set(r#"banned = true, "banExpires" = now() - interval '1 minute'"#).await;
        }
        End::Expiry => {
            let token = user.cookie.split_once('=').unwrap().1.get(..32).unwrap();
            let statement =
                r#"update session set "expiresAt" = now() - interval '1 second' where token = $1"#;
            site.set(statement, token).await;
        }
    }
}
