//! The names of the session cookie.

use tower_jwt_auth::BetterAuthSessions;

use super::{Service, releases};

#[tokio::test]
async fn a_session_cookie_of_each_name_is_accepted() {
    const SETTINGS: [&str; 3] = ["none", "prefix", "whole name"];
    fn configure(sessions: BetterAuthSessions, setting: &str) -> BetterAuthSessions {
        match setting {
            "prefix" => sessions.cookie_prefix("app"),
            "whole name" => sessions.cookie_name("sid"),
            _ => sessions,
        }
    }
    for server in releases() {
        for (place, name, needed) in [
            ("", "better-auth.session_token", "none"),
            ("/secure", "__Secure-better-auth.session_token", "none"),
            ("/host", "__Host-better-auth.session_token", "none"),
            ("/app", "app.session_token", "prefix"),
            ("/secure-app", "__Secure-app.session_token", "prefix"),
            ("/host-app", "__Host-app.session_token", "prefix"),
            ("/sid", "sid", "whole name"),
            ("/secure-sid", "__Secure-sid", "whole name"),
        ] {
            let site = server.at(place);
            let ada = site.sign_up("ada").await;
            assert!(ada.cookie.starts_with(&format!("{name}=")), "{site}");
            let beside = format!("theme=dark; other.session_token=1; {}; a=b", ada.cookie);
            for setting in SETTINGS {
                let service = Service::with(configure(site.sessions(), setting));
                let expected = match setting == needed {
                    true => (200, &*ada.id),
                    false => (401, "missing_token"),
                };
                for cookies in [&ada.cookie, &beside] {
                    let answer = service.cookie(cookies).await;
                    assert_eq!(answer.outcome(), expected, "{site}, {setting} set");
                }
            }
            // The cookie is sent under the name by which it came.
            let lookups = site.lookups(ada.token()).await;
            assert_eq!(lookups.len(), 1, "{site}");
            assert_eq!(lookups[0].credential(), ada.cookie, "{site}");
        }
    }
}
