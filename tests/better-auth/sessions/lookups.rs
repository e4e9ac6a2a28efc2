//! What Better Auth is asked.

use http::Method;
use tokio::task::JoinSet;

use super::{Service, newest_release, releases};

/// A random part of the tokens that Better Auth must never see.
const MARK: &str = "Cr4ft3dCr4ft3dCr4ft3dCr4";

#[tokio::test]
async fn a_lookup_carries_one_credential_and_no_other_header() {
    for site in releases() {
        let (ada, bob) = (site.sign_up("ada").await, site.sign_up("bob").await);
        let service = Service::with(site.sessions());
        let cookies = format!("theme=dark; {}; {}", ada.data, ada.cookie);
        let bearer = format!("Bearer {}", bob.encoded());
        for (account, credential, sent, query) in [
            (
                &ada,
                ("cookie", &*cookies),
                &*ada.cookie,
                "?disableCookieCache=true&disableRefresh=true",
            ),
            (
                &bob,
                ("authorization", &*bearer),
                &*bearer,
                "?disableCookieCache=true",
            ),
        ] {
            let headers = [
                credential,
                ("user-agent", "Mozilla/5.0"),
                ("accept-language", "de"),
                ("forwarded", "for=192.0.2.1"),
                ("x-forwarded-for", "192.0.2.1"),
                ("x-forwarded-host", "example.org"),
                ("x-api-key", "key"),
                (
                    "traceparent",
                    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                ),
                ("sec-fetch-site", "same-origin"),
            ];
            let answer = service.send(Method::GET, &headers).await;
            assert_eq!(answer.outcome(), (200, &*account.id), "{site}");

            let lookups = site.lookups(account.token()).await;
            let [lookup] = &lookups[..] else {
                panic!("{site}: {lookups:?}");
            };
            assert_eq!(lookup.credential(), sent, "{site}");
            assert_eq!(lookup.0, format!("/api/auth/get-session{query}"), "{site}");
            let own = [
                "host",
                "accept",
                "accept-encoding",
                "user-agent",
                "connection",
            ];
            for (name, value) in lookup.headers() {
                assert!(
                    own.contains(&name) || value == sent,
                    "{site}: {name}: {value}"
                );
                assert!(!value.contains("Mozilla"), "{site}: {name}: {value}");
            }
        }
    }
}

#[tokio::test]
async fn a_bearer_of_each_form_is_accepted_as_it_came() {
    for site in releases() {
        let ada = site.sign_up("ada").await;
        let (signed, raw) = (ada.signed(), ada.token());
        assert!([&*signed, ada.encoded()].contains(&&*ada.bearer), "{site}");
        let session = (200, &*ada.id);
        // 1.4 accepts only the percent-encoded form, which it hands out.
        let decoded = match site.is_release("1.4") {
            true => (401, "session"),
            false => session,
        };
        for (token, accepts_raw, outcome) in [
            (ada.encoded(), false, session),
            (&signed, false, decoded),
            (raw, false, (401, "opaque_session_token")),
            (ada.encoded(), true, session),
            (raw, true, session),
        ] {
            let row = format!("{site}: {} bytes, raw: {accepts_raw}", token.len());
            let sessions = site.sessions();
            let service = Service::with(match accepts_raw {
                true => sessions.raw_tokens(),
                false => sessions,
            });
            let before = site.lookups(raw).await.len();
            let answer = service.bearer(token).await;
            assert_eq!(answer.outcome(), outcome, "{row}");
            let lookups = &site.lookups(raw).await[before..];
            let sent = lookups.iter().map(|lookup| lookup.credential());
            let is_sent = outcome.1 != "opaque_session_token";
            let expected = is_sent.then(|| format!("Bearer {token}"));
            assert_eq!(sent.collect::<Vec<_>>(), Vec::from_iter(expected), "{row}");
        }
    }
}

#[tokio::test]
async fn a_bearer_is_rejected_without_the_bearer_plugin() {
    for site in releases().into_iter().map(|site| site.at("/no-bearer")) {
        let ada = site.sign_up("ada").await;
        let service = Service::with(site.sessions().raw_tokens());
        for token in [ada.encoded(), &ada.signed(), ada.token()] {
            let answer = service.bearer(token).await;
            assert_eq!(answer.outcome(), (401, "session"), "{site}");
        }
        assert_eq!(service.cookie(&ada.cookie).await.status, 200, "{site}");
    }
}

#[tokio::test]
async fn a_crafted_token_is_never_sent() {
    let Some(site) = newest_release() else {
        return;
    };
    let mac = format!("{}=", "A".repeat(43));
    let token = format!("{MARK}00000000");
    let service = Service::with(site.sessions().raw_tokens());
    for crafted in [
        format!("active-sessions-{MARK}"),
        format!("revoked-sessions-before-{MARK}"),
        format!("active-sessions-{MARK}.{mac}"),
        format!("{MARK}0000000"),
        format!("{MARK}000000000"),
        format!("{MARK}0000-000"),
        format!("{MARK}0000_000"),
        format!("{MARK}0000:000"),
        format!("{MARK}0000*000"),
        format!("{MARK}000é000"),
        format!("{MARK}0000000.{mac}"),
        format!("{MARK}000000000.{mac}"),
        format!("{MARK}0000-000.{mac}"),
        format!("{token}.{}", &mac[..43]),
        format!("{token}.{mac}="),
        format!("{token}.{}==", &mac[..42]),
        format!("{token}.{}-{}", &mac[..20], &mac[21..]),
        format!("{token}.{}%00{}", &mac[..20], &mac[21..]),
        format!("{token}.{}%0d%0a{}", &mac[..20], &mac[21..]),
        format!("{token}.{}%zz{}", &mac[..20], &mac[21..]),
        format!("{token}.{mac}.{mac}"),
        format!("{token}.{token}.{mac}"),
        format!("{token}."),
        format!(".{token}"),
        format!("../{token}"),
        format!("{token}/../.{mac}"),
        format!("{token}?disableRefresh=false"),
    ] {
        let answer = service.bearer(&crafted).await;
        assert_eq!(answer.status, 401, "{crafted}");
        let cookie = format!("better-auth.session_token={crafted}");
        let answer = service.cookie(&cookie).await;
        assert_eq!(answer.status, 401, "{cookie}");
    }
    // A cookie is always signed.
    let unsigned = format!("better-auth.session_token={token}");
    assert_eq!(service.cookie(&unsigned).await.status, 401);
    let lookups = site.lookups(MARK).await;
    assert!(lookups.is_empty(), "{lookups:?}");

    assert_eq!(service.bearer(&token).await.outcome(), (401, "session"));
    assert_eq!(site.lookups(MARK).await.len(), 1);
}

#[tokio::test]
async fn concurrent_requests_with_one_session_share_a_lookup() {
    for site in releases() {
        let ada = site.sign_up("ada").await;
        let service = Service::with(site.sessions());
        let mut requests = JoinSet::new();
        for _ in 0..200 {
            let (service, cookie) = (service.clone(), ada.cookie.clone());
            requests.spawn(async move { service.cookie(&cookie).await });
        }
        for answer in requests.join_all().await {
            assert_eq!(answer.outcome(), (200, &*ada.id), "{site}");
        }
        assert_eq!(site.lookups(ada.token()).await.len(), 1, "{site}");
    }
}
