//! What is accepted without a lookup.

use super::*;

#[tokio::test]
async fn each_form_is_accepted_without_a_lookup() {
    for site in releases()
        .into_iter()
        .flat_map(|server| each_form(server, ""))
    {
        let service = service(site, Duration::ZERO, |it| it).await;
        let ada = Cached::sign_up(site).await;
        let (cached, lookups) = ask(site, &service, &ada, &ada.cookies()).await;
        assert_eq!((cached.outcome(), lookups), ((200, &*ada.id), 0), "{site}");
        let (stored, lookups) = ask(site, &service, &ada, &ada.session).await;
        assert_eq!((stored.outcome(), lookups), ((200, &*ada.id), 1), "{site}");
        // Some columns that are null or missing differ, but none that identifies a user.
        for claim in [
            "sub",
            "email",
            "name",
            "iss",
            "sid",
            "exp",
            "iat",
            "emailVerified",
            "role",
        ] {
            let (cached, stored) = (&cached.user["claims"][claim], &stored.user["claims"][claim]);
            assert_eq!(cached, stored, "{site}: {claim}");
        }
        assert!(!cached.user.to_string().contains(&ada.token), "{site}");
    }
}

#[tokio::test]
async fn a_session_that_ended_elsewhere_is_accepted_until_the_cookie_expires() {
    for site in releases()
        .into_iter()
        .flat_map(|server| each_form(server, ""))
    {
        let ada = Cached::sign_up(site).await;
        let bob = Cached::sign_up(site).await;
        bob.sign_out(site).await;
        let dead = (401, "session");
        for (ahead, by_cookie) in [
            (Duration::ZERO, true),
            (LIFETIME - Duration::from_secs(30), true),
            (LIFETIME + Duration::from_secs(2), false),
        ] {
            let service = service(site, ahead, |it| it).await;
            let ended = if by_cookie { (200, &*bob.id) } else { dead };
            for (user, expected) in [(&ada, (200, &*ada.id)), (&bob, ended)] {
                let (answer, lookups) = ask(site, &service, user, &user.cookies()).await;
                let row = format!("{site}, {ahead:?}");
                assert_eq!(answer.outcome(), expected, "{row}");
                assert_eq!(lookups, usize::from(!by_cookie), "{row}");
            }
            let (answer, _) = ask(site, &service, &bob, &bob.session).await;
            assert_eq!(answer.outcome(), dead, "{site}");
        }
    }
}

#[tokio::test]
async fn another_sessions_cookie_is_not_accepted() {
    for site in releases()
        .into_iter()
        .flat_map(|server| each_form(server, ""))
    {
        let service = service(site, Duration::ZERO, |it| it).await;
        let (ada, bob) = (Cached::sign_up(site).await, Cached::sign_up(site).await);
        let (answer, lookups) = ask(site, &service, &bob, &bob.beside(&ada.data)).await;
        assert_eq!((answer.outcome(), lookups), ((200, &*bob.id), 1), "{site}");
        bob.sign_out(site).await;
        let (answer, _) = ask(site, &service, &bob, &bob.beside(&ada.data)).await;
        assert_eq!(answer.outcome(), (401, "session"), "{site}");
        let (answer, lookups) = ask(site, &service, &ada, &ada.data.join("; ")).await;
        assert_eq!(answer.outcome(), (401, "missing_token"), "{site}");
        assert_eq!(lookups, 0, "{site}");
    }
}

#[tokio::test]
async fn a_changed_cookie_is_looked_up() {
    for site in releases()
        .into_iter()
        .flat_map(|server| each_form(server, ""))
    {
        let service = service(site, Duration::ZERO, |it| it).await;
        let ada = Cached::sign_up(site).await;
        let (name, value) = ada.data[0].split_once('=').unwrap();
        let places = (0..value.len()).step_by(value.len() / 24);
        for place in places.chain([value.len() - 2]) {
            let mut changed = value.to_owned();
            let other = match &value[place..place + 1] {
                "A" => "B",
                "." => "A",
                _ => "A",
            };
            changed.replace_range(place..place + 1, other);
            for value in [changed, value[..place].to_owned()] {
                let data = [format!("{name}={value}")];
                let (answer, lookups) = ask(site, &service, &ada, &ada.beside(&data)).await;
                let outcome = (answer.outcome(), lookups);
                assert_eq!(outcome, ((200, &*ada.id), 1), "{site}: place {place}");
            }
        }
    }
}

/// The cookie is attached by the browser, as the session cookie is.
#[tokio::test]
async fn another_sites_page_cannot_use_the_cookie() {
    for site in releases()
        .into_iter()
        .flat_map(|server| each_form(server, ""))
    {
        let service = service(site, Duration::ZERO, |it| it).await;
        let ada = Cached::sign_up(site).await;
        let cookies = ada.cookies();
        for (method, origin, expected) in [
            (Method::POST, site.origin(), (200, &*ada.id)),
            (Method::POST, "https://example.org", (403, "cross_site")),
            (Method::POST, "null", (403, "cross_site")),
            (Method::GET, "https://example.org", (200, &*ada.id)),
        ] {
            let headers = [("cookie", &*cookies), ("origin", origin)];
            let answer = service.send(method.clone(), &headers).await;
            assert_eq!(answer.outcome(), expected, "{site}: {method} from {origin}");
        }
        assert!(site.lookups(&ada.token).await.is_empty(), "{site}");
    }
}

#[tokio::test]
async fn the_cookie_is_no_bearer_token() {
    for site in releases()
        .into_iter()
        .flat_map(|server| each_form(server, ""))
    {
        let service = service(site, Duration::ZERO, |it| it).await;
        let ada = Cached::sign_up(site).await;
        let (_, value) = ada.data[0].split_once('=').unwrap();
        assert_eq!(service.bearer(value).await.status, 401, "{site}");
    }
}
