//! Better Auth's rate limit, which is on in production, and to which all users of a service are one
//! client.

use std::{thread, time::Duration};

use tower_jwt_auth::JwtAuthLayer;

use super::{Service, Site, releases};
use crate::Log;

#[test]
fn the_rate_limit_is_an_outage_and_the_event_names_its_setting() {
    for_each_release("/limited", async |site| {
        let log = Log::default();
        let _guard = log.capture();
        let ada = site.sign_up("ada").await;
        let service = Service::with(site.sessions().fresh_for(Duration::ZERO));
        for request in 1..=100 {
            let answer = service.cookie(&ada.cookie).await;
            assert_eq!(answer.outcome(), (200, &*ada.id), "{site}: {request}");
        }
        assert!(
            !log.text().contains("customRules"),
            "{site}: {}",
            log.text()
        );
        for request in 101..=110 {
            let answer = service.cookie(&ada.cookie).await;
            let unavailable = (503, "sessions_unavailable");
            assert_eq!(answer.outcome(), unavailable, "{site}: {request}");
            assert!(answer.headers.contains_key("retry-after"), "{site}");
        }
        // Nobody is anonymous, either.
        let auth = JwtAuthLayer::builder()
            .sessions(site.sessions())
            .allow_anonymous();
        assert_eq!(Service::new(auth).cookie(&ada.cookie).await.status, 503);

        let text = log.text();
        let warnings = text.lines().filter(|line| line.contains("WARN"));
        let naming = |line: &&str| {
            line.contains("customRules") && line.contains("/get-session") && line.contains("429")
        };
        // Once per layer.
        assert_eq!(warnings.filter(naming).count(), 2, "{site}: {text}");
        assert!(
            text.contains(r#"reason="sessions_unavailable""#),
            "{site}: {text}"
        );
        assert!(!text.contains(ada.token()), "{site}: {text}");
    });
}

#[test]
fn an_exempted_get_session_is_not_limited() {
    for_each_release("/exempt", async |site| {
        let ada = site.sign_up("ada").await;
        let service = Service::with(site.sessions().fresh_for(Duration::ZERO));
        for request in 0..150 {
            let answer = service.cookie(&ada.cookie).await;
            assert_eq!(answer.outcome(), (200, &*ada.id), "{site}: {request}");
        }
        assert_eq!(site.lookups(ada.token()).await.len(), 150, "{site}");
    });
}

/// Runs a test with all releases at once, because it waits for many lookups.
fn for_each_release(prefix: &'static str, test: impl AsyncFn(Site<'static>) + Sync) {
    thread::scope(|scope| {
        for site in releases() {
            let test = &test;
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread();
                let runtime = { runtime }.enable_all().build().unwrap();
                runtime.block_on(test(site.at(prefix)));
            });
        }
    });
}
