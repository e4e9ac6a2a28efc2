//! Users of issuers other than the first: an ID, role or scope may have another meaning there.

use http::Request;
use serde_json::{Value, json};
use tower::{Layer, layer::util::Stack};
use tower_jwt_auth::{
    CurrentUser, JwtAuthBuilder, JwtAuthLayer, PathOwnerLayer, RequireScopeLayer,
};

use crate::support::*;

const OURS: &str = "https://app.example.com";
const PARTNER: &str = "https://partner.example.com";
const FORMER: &str = "https://former.example.com";
const PARTNER_SECRET: &str = "another secret of 32 bytes or more";
const FORMER_SECRET: &str = "a former secret of 32 bytes or more";

const DENIED: &str = "Access denied: Cannot access another user's data";

fn partner() -> JwtAuthBuilder {
    keyless().secret(PARTNER_SECRET).issuer(PARTNER)
}

/// Accepts our tokens, a partner's tokens, and tokens of a former issuer with the same users.
fn auth() -> JwtAuthLayer {
    let former = keyless().secret(FORMER_SECRET).issuer(FORMER).same_users();
    let joined = builder().issuer(OURS).or(partner()).or(former);
    joined.build().unwrap()
}

/// Returns a request of this issuer's `alice`, who has all roles and scopes that these tests
/// require.
fn alice_of(issuer: &str, path: &str) -> Request<()> {
    let secret = match issuer {
        PARTNER => PARTNER_SECRET,
        FORMER => FORMER_SECRET,
        _ => SECRET,
    };
    let claims = claims_with(json!({
        "iss": issuer, "role": "admin", "scope": "tasks:read", "org": "alice",
    }));
    let header = r#"{"alg":"HS256"}"#;
    let mut request = with_bearer(&sign(header, claims.to_string(), secret));
    *request.uri_mut() = path.parse().unwrap();
    request
}

fn owner() -> PathOwnerLayer {
    PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap()
}

/// Sends a request through an authorization layer inside [`auth`].
async fn answer<L>(layer: L, request: Request<()>) -> Answer
where
    L: Layer<Inner>,
    JwtAuthLayer: Layer<L::Service>,
    Stack<L, JwtAuthLayer>:
        Layer<Inner, Service: tower::Service<Request<()>, Error = std::convert::Infallible>>,
    <<Stack<L, JwtAuthLayer> as Layer<Inner>>::Service as tower::Service<Request<()>>>::Response:
        IntoAnswer,
{
    ask(Stack::new(layer, auth()), request).await
}

#[tokio::test]
async fn the_issuer_of_a_user_is_the_verified_iss() {
    let issuer = |layer: &JwtAuthLayer, claims: Value| {
        let user = layer.verifier().verify(&token(&claims)).unwrap();
        user.issuer().map(str::to_owned)
    };
    let named = builder().issuer(OURS).build().unwrap();
    let ours = claims_with(json!({ "iss": OURS }));
    assert_eq!(issuer(&named, ours.clone()).as_deref(), Some(OURS));
    // Without `.issuer(…)`, `iss` is not checked.
    assert_eq!(issuer(&layer(), ours.clone()), None);
    assert_eq!(issuer(&layer(), claims()), None);
    let escaped = ours.to_string().replace(OURS, &OURS.replace('/', r"\/"));
    let user = named
        .verifier()
        .verify(&token_with_payload(escaped))
        .unwrap();
    assert_eq!(user.issuer(), Some(OURS));
    #[cfg(feature = "cache")]
    {
        let cached = builder().issuer(OURS).cache_tokens(10).build().unwrap();
        for _ in 0..2 {
            assert_eq!(issuer(&cached, ours.clone()).as_deref(), Some(OURS));
        }
        assert_eq!(cached.cache_stats().unwrap().hits, 1);
    }
}

#[tokio::test]
async fn path_owner_rejects_users_of_other_issuers_before_any_rule() {
    let all = || owner().except_when(|_| true);
    let by_claim = || owner().owner_claim("org").unwrap();
    for (row, layer) in [
        ("plain", owner as fn() -> PathOwnerLayer),
        ("except_when", all),
        ("owner_claim", by_claim),
    ] {
        for path in ["/api/alice/tasks", "/api/bob/tasks", "/elsewhere"] {
            let rejected = answer(layer(), alice_of(PARTNER, path)).await;
            rejected.assert_http(403, "other_issuer", DENIED, &row);
            assert_eq!(rejected.challenge(), None, "{row}");
        }
        for issuer in [OURS, FORMER] {
            let accepted = answer(layer(), alice_of(issuer, "/api/alice/tasks")).await;
            accepted.assert_reached("alice", format!("{row}, {issuer}"));
        }
    }
}

#[tokio::test]
async fn a_hidden_path_returns_404_to_users_of_other_issuers_too() {
    for path in ["/api/alice/tasks", "/api/bob/tasks"] {
        let hidden = answer(owner().not_found(), alice_of(PARTNER, path)).await;
        hidden.assert_http(404, "not_owner", "Not Found", &path);
    }
}

#[tokio::test]
async fn an_exempt_path_is_open_to_users_of_every_issuer() {
    let owner = owner().except("/api/health").unwrap();
    let accepted = answer(owner, alice_of(PARTNER, "/api/health")).await;
    accepted.assert_reached("alice", "an exempt path");
}

#[tokio::test]
async fn path_owner_serves_only_the_issuer_that_it_names() {
    let theirs = || owner().issuer(PARTNER);
    let accepted = answer(theirs(), alice_of(PARTNER, "/api/alice/tasks")).await;
    accepted.assert_reached("alice", PARTNER);
    let foreign = answer(theirs(), alice_of(PARTNER, "/api/bob/tasks")).await;
    assert_eq!(foreign.reason(), "not_owner");
    for issuer in [OURS, FORMER] {
        let rejected = answer(theirs(), alice_of(issuer, "/api/alice/tasks")).await;
        assert_eq!(rejected.reason(), "other_issuer", "{issuer}");
    }
    // The first issuer can also be named.
    let accepted = answer(owner().issuer(OURS), alice_of(OURS, "/api/alice")).await;
    accepted.assert_reached("alice", OURS);
}

#[tokio::test]
async fn require_scope_rejects_users_of_other_issuers_unless_named() {
    let scope = || RequireScopeLayer::new("tasks:read").unwrap();
    let role = || RequireScopeLayer::any_role(["admin"]).unwrap();
    for (row, layer) in [
        ("scope", scope as fn() -> RequireScopeLayer),
        ("role", role),
    ] {
        let rejected = answer(layer(), alice_of(PARTNER, "/")).await;
        rejected.assert_http(403, "other_issuer", DENIED, &row);
        assert_eq!(rejected.challenge(), None, "{row}");
        for issuer in [OURS, FORMER] {
            let accepted = answer(layer(), alice_of(issuer, "/")).await;
            accepted.assert_reached("alice", row);
        }
        let both = || layer().issuers([OURS, PARTNER]);
        for issuer in [OURS, PARTNER] {
            let accepted = answer(both(), alice_of(issuer, "/")).await;
            accepted.assert_reached("alice", row);
        }
        let unnamed = answer(both(), alice_of(FORMER, "/")).await;
        assert_eq!(unnamed.reason(), "other_issuer", "{row}");
        let no_issuer = answer(layer().issuers([""; 0]), alice_of(OURS, "/")).await;
        assert_eq!(no_issuer.reason(), "other_issuer", "{row}");
    }
}

/// Without `.issuer(…)`, a token may have any `iss`.
#[tokio::test]
async fn an_unchecked_iss_does_not_satisfy_a_layer_with_an_issuer() {
    let stack = Stack::new(owner().issuer(PARTNER), layer());
    let token = token(&claims_with(json!({ "iss": PARTNER })));
    let mut request = with_bearer(&token);
    *request.uri_mut() = "/api/alice".parse().unwrap();
    assert_eq!(ask(stack, request).await.reason(), "other_issuer");
}

#[tokio::test]
async fn a_constructed_user_belongs_to_the_first_issuer_by_default() {
    let ours = CurrentUser::new("alice", "alice@example.com");
    let theirs = ours.clone().from_issuer(PARTNER);
    assert_eq!((ours.issuer(), theirs.issuer()), (None, Some(PARTNER)));
    assert_eq!(
        (theirs.user_id(), theirs.email()),
        ("alice", "alice@example.com")
    );
    assert_eq!(
        theirs.claims::<Value>().unwrap(),
        ours.claims::<Value>().unwrap()
    );
    for (row, user, layer, reason) in [
        ("ours", &ours, owner(), "accepted"),
        ("theirs", &theirs, owner(), "other_issuer"),
        (
            "theirs, named",
            &theirs,
            owner().issuer(PARTNER),
            "accepted",
        ),
        (
            "ours, theirs named",
            &ours,
            owner().issuer(PARTNER),
            "other_issuer",
        ),
    ] {
        let mut request = get("/api/alice");
        request.extensions_mut().insert(user.clone());
        assert_eq!(ask(layer, request).await.reason(), reason, "{row}");
    }
}

#[tokio::test]
async fn a_rejected_user_of_another_issuer_is_logged_at_warn_once() {
    let events = crate::events::Captured::start();
    let owner = owner();
    for _ in 0..3 {
        answer(owner.clone(), alice_of(PARTNER, "/api/alice")).await;
    }
    let warnings = events.at("WARN");
    assert_eq!(warnings.len(), crate::events::told(), "{warnings:?}");
    for warning in warnings {
        for part in [
            "other_issuer",
            PARTNER,
            "PathOwnerLayer::issuer(…)",
            "for tenants with one layer for each",
            "only if the same ID is the same person",
        ] {
            assert!(warning.contains(part), "{warning}");
        }
    }
    let named = self::owner().issuer("https://partner.example.com/");
    answer(named, alice_of(PARTNER, "/api/alice")).await;
    if let Some(warning) = events.at("WARN").get(1) {
        for part in [
            PARTNER,
            "[\"https://partner.example.com/\"]",
            "if the issuers are tenants, the rejection is correct",
            "correct the name",
            "only if the same ID is the same person",
        ] {
            assert!(warning.contains(part), "{warning}");
        }
    }
    assert!(!events.text().contains("alice"));
}
