//! A Better Auth without a database, whose sessions exist only in the cookie.

use super::*;

fn service_of(site: Site<'_>) -> Service {
    let sessions = BetterAuthSessions::cookie_only(site.origin());
    Service::with(sessions.secret(SECRET))
}

#[tokio::test]
async fn a_session_exists_only_in_the_cookie() {
    for server in releases() {
        let site = server.at("/stateless");
        let service = service_of(site);
        let (ada, bob) = (Cached::sign_up(site).await, Cached::sign_up(site).await);
        // The default strategy is jwe.
        assert_eq!(
            ada.data[0].matches('.').count()
                - ada.data[0].split('=').next().unwrap().matches('.').count(),
            4,
            "{site}"
        );
        let good = (200, &*ada.id);
        let dead = (401, "session");
        let forged = ada.session.replace(&ada.token, &bob.token);
        for (row, cookies, expected) in [
            ("both", ada.cookies(), good),
            ("no data", ada.session.clone(), dead),
            (
                "no session cookie",
                ada.data.join("; "),
                (401, "missing_token"),
            ),
            ("another user's data", ada.beside(&bob.data), dead),
            (
                "a forged session cookie",
                format!("{forged}; {}", ada.data[0]),
                (401, "session_signature"),
            ),
            ("a cut", ada.cookies().replace("; ", "x; "), dead),
        ] {
            let (answer, lookups) = ask(site, &service, &ada, &cookies).await;
            assert_eq!(answer.outcome(), expected, "{site}: {row}");
            assert_eq!(lookups, 0, "{site}: {row}");
        }
    }
}

#[tokio::test]
async fn bearers_have_no_session() {
    for server in releases() {
        let site = server.at("/stateless");
        let service = service_of(site);
        let ada = Cached::sign_up(site).await;
        let (_, token) = ada.session.split_once('=').unwrap();
        let cookies = ada.cookies();
        for (bearer, reason) in [(token, "session"), (&*ada.token, "opaque_session_token")] {
            let authorization = format!("Bearer {bearer}");
            let headers = [("authorization", &*authorization), ("cookie", &*cookies)];
            let answer = service.send(Method::GET, &headers).await;
            assert_eq!(answer.outcome(), (401, reason), "{site}");
        }
    }
}

#[tokio::test]
async fn another_sites_page_cannot_use_the_session() {
    for server in releases() {
        let site = server.at("/stateless");
        let ada = Cached::sign_up(site).await;
        let cookies = ada.cookies();
        let headers = [("cookie", &*cookies), ("origin", "https://example.org")];
        let answer = service_of(site).send(Method::POST, &headers).await;
        assert_eq!(answer.outcome(), (403, "cross_site"), "{site}");
    }
}
