//! Cookies of another version, secret, or name.

use super::*;

#[tokio::test]
async fn only_cookies_of_the_configured_version_are_accepted() {
    for server in releases() {
        let sites = each_form(server, "version")
            .into_iter()
            .zip(each_form(server, ""));
        for (versioned, default) in sites {
            for (site, version, lookups) in [
                (versioned, None, 1),
                (versioned, Some("v2"), 0),
                (versioned, Some("v3"), 1),
                (default, None, 0),
                (default, Some("1"), 0),
                (default, Some("v2"), 1),
            ] {
                let service = service(site, Duration::ZERO, |it| match version {
                    Some(version) => it.cookie_cache_version(version),
                    None => it,
                });
                let service = service.await;
                let ada = Cached::sign_up(site).await;
                let (answer, found) = ask(site, &service, &ada, &ada.cookies()).await;
                assert_eq!(answer.outcome(), (200, &*ada.id), "{site}");
                assert_eq!(found, lookups, "{site}, version {version:?}");
            }
        }
    }
}

#[tokio::test]
async fn cookies_of_each_listed_secret_are_accepted() {
    for server in releases() {
        for prefix in ["/old-compact", "/old-jwt", "/old-jwe"] {
            let site = server.at(prefix);
            let ada = Cached::sign_up(site).await;
            let both = service(site, Duration::ZERO, |it| it).await;
            let (answer, lookups) = ask(site, &both, &ada, &ada.cookies()).await;
            assert_eq!((answer.outcome(), lookups), ((200, &*ada.id), 0), "{site}");
            let new = site.sessions().secret(SECRET).cookie_cache();
            let new = Service::with(new.fresh_for(Duration::ZERO));
            let (answer, lookups) = ask(site, &new, &ada, &ada.cookies()).await;
            assert_eq!(answer.outcome(), (401, "session_signature"), "{site}");
            assert_eq!(lookups, 0, "{site}");
            // The new secret's session cookie with the old one's data.
            let current = server.at("");
            let bob = Cached::sign_up(current).await;
            let service = service(current, Duration::ZERO, |it| it).await;
            let (answer, lookups) = ask(current, &service, &bob, &bob.beside(&ada.data)).await;
            assert_eq!((answer.outcome(), lookups), ((200, &*bob.id), 1), "{site}");
        }
    }
}

#[tokio::test]
async fn the_cookie_of_each_name_is_accepted() {
    type Configure = fn(BetterAuthSessions) -> BetterAuthSessions;
    let rows: [(&str, &str, Configure); 8] = [
        ("", "better-auth.session_data", |it| it),
        ("/secure", "__Secure-better-auth.session_data", |it| it),
        ("/host", "__Host-better-auth.session_data", |it| it),
        ("/app", "app.session_data", |it| it.cookie_prefix("app")),
        ("/secure-app", "__Secure-app.session_data", |it| {
            it.cookie_prefix("app")
        }),
        ("/secure-sid", "__Secure-better-auth.session_data", |it| {
            it.cookie_name("sid")
        }),
        ("/data", "cached", |it| it.cookie_cache_name("cached")),
        ("/secure-data", "__Secure-cached", |it| {
            it.cookie_cache_name("cached")
        }),
    ];
    for server in releases() {
        for (prefix, name, configure) in rows {
            let site = server.at(prefix);
            let ada = Cached::sign_up(site).await;
            assert!(
                ada.data[0].starts_with(&format!("{name}=")),
                "{site}: {:?}",
                ada.data
            );
            let service = service(site, Duration::ZERO, configure).await;
            let (answer, lookups) = ask(site, &service, &ada, &ada.cookies()).await;
            assert_eq!((answer.outcome(), lookups), ((200, &*ada.id), 0), "{site}");
            let renamed = ada
                .cookies()
                .replace(&format!("{name}="), "x.session_data=");
            let (answer, lookups) = ask(site, &service, &ada, &renamed).await;
            assert_eq!((answer.outcome(), lookups), ((200, &*ada.id), 1), "{site}");
        }
    }
}
