//! When a session ends, and what extends it.

use std::time::{Duration, Instant, SystemTime};

use http::Method;
use serde_json::json;
use tokio::time::sleep;
use tower_jwt_auth::JwtAuthLayer;

use super::{Service, releases, service::Answer};

const SESSION_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

#[tokio::test]
async fn a_session_is_rejected_soon_after_its_sign_out() {
    const FRESH: Duration = Duration::from_millis(300);
    for site in releases() {
        let (ada, bob) = (site.sign_up("ada").await, site.sign_up("bob").await);
        let service = Service::with(site.sessions().fresh_for(FRESH));
        let bearer = ada.signed();
        let answer = service.cookie(&ada.cookie).await;
        assert_eq!(answer.outcome(), (200, &*ada.id), "{site}");
        assert_eq!(answer.user["email"], ada.email, "{site}");
        assert_eq!(answer.user["issuer"], site.origin(), "{site}");

        let fresh_until = Instant::now() + FRESH;
        site.post("/api/auth/sign-out", &ada.cookie, &json!({}))
            .await;
        // Requests do not extend the time for which an answer is reused.
        loop {
            let start = Instant::now();
            if service.cookie(&ada.cookie).await.status != 200 {
                break;
            }
            assert!(start < fresh_until, "{site}");
            sleep(FRESH / 10).await;
        }
        let answer = service.cookie(&ada.cookie).await;
        assert_eq!(answer.outcome(), (401, "session"), "{site}");
        let challenge = answer.headers["www-authenticate"].to_str().unwrap();
        assert!(challenge.contains("invalid_token"), "{site}: {challenge}");
        assert_eq!(service.bearer(&bearer).await.status, 401, "{site}");
        assert_eq!(service.cookie(&bob.cookie).await.status, 200, "{site}");
    }
}

#[tokio::test]
async fn a_fresh_answer_is_not_used_after_the_session_expires() {
    let mut sessions = Vec::new();
    for site in releases().into_iter().map(|site| site.at("/short")) {
        let service = Service::with(site.sessions().fresh_for(Duration::from_secs(60)));
        let ada = site.sign_up("ada").await;
        let answer = service.cookie(&ada.cookie).await;
        assert_eq!(answer.outcome(), (200, &*ada.id), "{site}");
        sessions.push((site, service, ada));
    }
    sleep(Duration::from_millis(3100)).await;
    for (site, service, ada) in sessions {
        for answer in [
            service.cookie(&ada.cookie).await,
            service.bearer(&ada.bearer).await,
            Service::with(site.sessions()).cookie(&ada.cookie).await,
        ] {
            assert_eq!(answer.outcome(), (401, "session"), "{site}");
        }
    }
}

#[tokio::test]
async fn the_layers_clock_decides_whether_a_session_is_expired() {
    for site in releases() {
        let ada = site.sign_up("ada").await;
        for (ahead, status) in [
            (SESSION_LIFETIME - Duration::from_secs(60), 200),
            (SESSION_LIFETIME + Duration::from_secs(60), 401),
        ] {
            let auth = JwtAuthLayer::builder()
                .sessions(site.sessions())
                .clock(move || SystemTime::now() + ahead);
            // Better Auth, whose clock is right, returns the session.
            let answer = Service::new(auth).cookie(&ada.cookie).await;
            assert_eq!(answer.status, status, "{site}, {ahead:?} ahead");
        }
    }
}

/// The new lifetime of a cookie would have to reach the browser.
#[tokio::test]
async fn a_bearer_extends_its_session_and_a_cookie_does_not() {
    for site in releases() {
        let ada = site.sign_up("ada").await;
        let service = Service::with(site.sessions().fresh_for(Duration::ZERO));
        let claims = |answer: Answer| answer.user["claims"].clone();
        let id = claims(service.cookie(&ada.cookie).await)["sid"].clone();
        let hour = json!({ "expiresAt": { "in": 3600 } });
        site.set("session", id.as_str().unwrap(), hour).await;

        let expiry = |answer| claims(answer)["exp"].as_u64().unwrap();
        let after_cookies = [
            expiry(service.cookie(&ada.cookie).await),
            expiry(service.cookie(&ada.cookie).await),
        ];
        service.bearer(&ada.bearer).await;
        let after_bearer = expiry(service.cookie(&ada.cookie).await);
        assert_eq!(after_cookies[0], after_cookies[1], "{site}");
        let extended = Duration::from_secs(after_bearer - after_cookies[0]);
        assert!(extended > SESSION_LIFETIME / 2, "{site}: {extended:?}");
    }
}

#[tokio::test]
async fn a_sign_out_ends_no_other_session_of_the_user() {
    for site in releases() {
        let phone = site.sign_up("ada").await;
        let laptop = site.sign_in(&phone).await;
        let service = Service::with(site.sessions().fresh_for(Duration::ZERO));
        site.post("/api/auth/sign-out", &phone.cookie, &json!({}))
            .await;
        let answer = service
            .send(Method::GET, &[("cookie", &laptop.cookie)])
            .await;
        assert_eq!(answer.outcome(), (200, &*laptop.id), "{site}");
        assert_eq!(service.cookie(&phone.cookie).await.status, 401, "{site}");
    }
}
