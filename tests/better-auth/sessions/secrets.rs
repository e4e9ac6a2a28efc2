//! Sessions whose signature is verified before Better Auth is asked, and a rotation of the secret.

use std::time::Duration;

use tower_jwt_auth::BetterAuthSessions;

use super::{Account, OLD_SECRET, Service, Site, releases};
use crate::SECRET;

#[tokio::test]
async fn sessions_of_the_old_secret_end_with_its_rotation() {
    for after in releases() {
        // The same users and sessions, at a Better Auth that still has the old secret.
        let before = after.at("/old");
        let old = before.sign_up("ada").await;
        let new = after.sign_in(&old).await;
        assert_eq!(old.id, new.id);

        let only_new = |sessions: BetterAuthSessions| sessions.secret(SECRET);
        let both = |sessions: BetterAuthSessions| sessions.secrets([SECRET, OLD_SECRET]);
        let only_old = |sessions: BetterAuthSessions| sessions.secret(OLD_SECRET);
        let none = |sessions: BetterAuthSessions| sessions;
        let rejected = (401, "session");
        let forged = (401, "session_signature");
        let accepted = (200, &*old.id);
        for (site, account, name, sessions, outcome, asked) in [
            (
                before,
                &old,
                "old",
                only_old(before.sessions()),
                accepted,
                true,
            ),
            (
                before,
                &old,
                "both",
                both(before.sessions()),
                accepted,
                true,
            ),
            (
                before,
                &old,
                "new",
                only_new(before.sessions()),
                forged,
                false,
            ),
            (
                before,
                &old,
                "none",
                none(before.sessions()),
                accepted,
                true,
            ),
            (after, &old, "both", both(after.sessions()), rejected, true),
            (
                after,
                &old,
                "new",
                only_new(after.sessions()),
                forged,
                false,
            ),
            (after, &old, "none", none(after.sessions()), rejected, true),
            (after, &new, "both", both(after.sessions()), accepted, true),
            (
                after,
                &new,
                "new",
                only_new(after.sessions()),
                accepted,
                true,
            ),
            (
                after,
                &new,
                "old",
                only_old(after.sessions()),
                forged,
                false,
            ),
            (after, &new, "none", none(after.sessions()), accepted, true),
        ] {
            let whose = if account.token() == old.token() {
                "old"
            } else {
                "new"
            };
            let row = format!("{site}: {whose} session, secrets: {name}");
            let service = Service::with(sessions.fresh_for(Duration::ZERO));
            let lookups = site.lookups(account.token()).await.len();
            let answer = service.cookie(&account.cookie).await;
            assert_eq!(answer.outcome(), outcome, "{row}");
            let answer = service.bearer(account.encoded()).await;
            assert_eq!(answer.outcome(), outcome, "{row}, bearer");
            let lookups = site.lookups(account.token()).await.len() - lookups;
            assert_eq!(lookups, if asked { 2 } else { 0 }, "{row}");
        }
    }
}

#[tokio::test]
async fn a_forged_signature_is_rejected_without_a_lookup() {
    for site in releases() {
        let (ada, bob) = (site.sign_up("ada").await, site.sign_up("bob").await);
        let service = Service::with(site.sessions().secret(SECRET));
        let other_token = match ada.token().strip_prefix('A') {
            Some(rest) => format!("B{rest}"),
            None => format!("A{}", &ada.token()[1..]),
        };
        let changed_token = ada.cookie.replace(ada.token(), &other_token);
        let of_bob = ada.cookie.replace(ada.token(), bob.token());
        for cookie in [&changed_token, &ada.forged_cookie(), &of_bob] {
            let answer = service.cookie(cookie).await;
            assert_eq!(answer.outcome(), (401, "session_signature"), "{site}");
            let (_, bearer) = cookie.split_once('=').unwrap();
            let answer = service.bearer(bearer).await;
            assert_eq!(answer.outcome(), (401, "session_signature"), "{site}");
        }
        for account in [&ada, &bob] {
            assert!(site.lookups(account.token()).await.is_empty(), "{site}");
        }
        is_accepted(&service, &ada, site).await;
        assert_eq!(site.lookups(ada.token()).await.len(), 1, "{site}");
    }
}

/// Without a secret, Better Auth decides.
#[tokio::test]
async fn a_forged_signature_is_rejected_by_better_auth() {
    for site in releases() {
        let (ada, bob) = (site.sign_up("ada").await, site.sign_up("bob").await);
        let service = Service::with(site.sessions());
        is_accepted(&service, &ada, site).await;
        let of_bob = ada.cookie.replace(ada.token(), bob.token());
        let answer = service.cookie(&of_bob).await;
        assert_eq!(answer.outcome(), (401, "session"), "{site}");
        // The fresh answer is for one signature, so a token alone finds nothing.
        let answer = service.cookie(&ada.forged_cookie()).await;
        assert_eq!(answer.outcome(), (401, "session"), "{site}");
        is_accepted(&service, &ada, site).await;
        assert_eq!(site.lookups(bob.token()).await.len(), 1, "{site}");
    }
}

async fn is_accepted(service: &Service, account: &Account, site: Site<'_>) {
    let answer = service.cookie(&account.cookie).await;
    assert_eq!(answer.outcome(), (200, &*account.id), "{site}");
}
