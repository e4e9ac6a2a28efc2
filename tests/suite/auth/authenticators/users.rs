//! The rules for the users of authenticators.

use tower::layer::util::Stack;
use tower_jwt_auth::{PathOwnerLayer, RequireScopeLayer};

use super::*;

#[tokio::test]
async fn the_rules_for_users_apply() {
    type Configure = fn(JwtAuthBuilder) -> JwtAuthBuilder;
    let plain: Configure = |builder| builder;
    let rows: [(CurrentUser, Configure, &str); 12] = [
        (CurrentUser::new("a", "a@example.com"), plain, "accepted"),
        (CurrentUser::new("a", ""), plain, "user"),
        (
            CurrentUser::new("a", ""),
            JwtAuthBuilder::email_optional,
            "accepted",
        ),
        (
            CurrentUser::new("a", "a@\n"),
            JwtAuthBuilder::email_optional,
            "user",
        ),
        (CurrentUser::new("", "a@example.com"), plain, "subject"),
        (
            CurrentUser::new("a\u{7}", "a@example.com"),
            plain,
            "subject",
        ),
        (
            CurrentUser::new("a".repeat(255), "a@example.com"),
            plain,
            "accepted",
        ),
        (
            CurrentUser::new("a".repeat(256), "a@example.com"),
            plain,
            "subject",
        ),
        (
            CurrentUser::new("ab", "a@example.com"),
            |builder| builder.max_user_id_len(1),
            "subject",
        ),
        (
            CurrentUser::new("a", "a@example.com"),
            |builder| builder.check(|_| false),
            "check",
        ),
        (
            CurrentUser::new("a", "a@example.com"),
            |builder| builder.check(|user| user.email().ends_with("@example.com")),
            "accepted",
        ),
        // The first issuer's rules apply to the user of any issuer.
        (
            CurrentUser::new("a", "").from_issuer("https://partner.example.com"),
            plain,
            "user",
        ),
    ];
    for (user, configure, reason) in rows {
        for result in each_way(User(user.clone())) {
            let layer = configure(with(keyless(), result)).build().unwrap();
            let answer = ask(layer, get("/")).await;
            assert_eq!(answer.reason(), reason, "{:?}", user.user_id());
            if reason != "accepted" {
                answer.assert_invalid_token(reason, user.user_id());
            }
        }
    }
}

#[tokio::test]
async fn authorization_layers_apply_to_the_users() {
    let owner = || PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap();
    let alice = || CurrentUser::new("alice", "alice@example.com");
    let partner = "https://partner.example.com";
    for (user, path, owner, reason) in [
        (alice(), "/api/alice/tasks", owner(), "accepted"),
        (alice(), "/api/bob/tasks", owner(), "not_owner"),
        (
            alice().from_issuer(partner),
            "/api/alice/tasks",
            owner(),
            "other_issuer",
        ),
        (
            alice().from_issuer(partner),
            "/api/alice/tasks",
            owner().issuer(partner),
            "accepted",
        ),
        (
            alice(),
            "/api/alice/tasks",
            owner().issuer(partner),
            "other_issuer",
        ),
    ] {
        for result in each_way(User(user.clone())) {
            let answer = ask(Stack::new(owner.clone(), only(result)), get(path)).await;
            assert_eq!(answer.reason(), reason, "{path}");
        }
    }
    // The user has no scopes, but a rule may accept it.
    for (scope, reason) in [
        (
            RequireScopeLayer::new("read").unwrap(),
            "insufficient_scope",
        ),
        (
            RequireScopeLayer::rule(|user| user.user_id() == "alice"),
            "accepted",
        ),
        (
            RequireScopeLayer::rule(|user| user.user_id() == "bob"),
            "insufficient_scope",
        ),
    ] {
        for result in each_way(User(alice())) {
            let answer = ask(Stack::new(scope.clone(), only(result)), get("/")).await;
            assert_eq!(answer.reason(), reason);
        }
    }
}

#[cfg(feature = "test-kit")]
#[tokio::test]
async fn the_roles_and_scopes_of_a_user_are_required() {
    use tower_jwt_auth::test_kit::TestUser;

    let service = TestUser::new("alice").roles(["admin"]).scopes(["read"]);
    for (scope, reason) in [
        (RequireScopeLayer::new("read").unwrap(), "accepted"),
        (
            RequireScopeLayer::new("write").unwrap(),
            "insufficient_scope",
        ),
        (RequireScopeLayer::any_role(["admin"]).unwrap(), "accepted"),
        (
            RequireScopeLayer::any_role(["owner"]).unwrap(),
            "insufficient_scope",
        ),
    ] {
        for result in each_way(User(service.user())) {
            let answer = ask(Stack::new(scope.clone(), only(result)), get("/")).await;
            assert_eq!(answer.reason(), reason);
        }
    }
}

#[tokio::test]
async fn the_users_are_the_first_issuers() {
    let names: [fn(JwtAuthBuilder) -> JwtAuthBuilder; 2] = [
        |builder| builder,
        |builder| builder.issuer("https://app.example.com"),
    ];
    for configure in names {
        let layer = configure(with(builder(), user("alice"))).build().unwrap();
        let owner = PathOwnerLayer::new("/api/{user_id}").unwrap();
        let answer = ask(Stack::new(owner, layer), get("/api/alice")).await;
        answer.assert_reached("alice", "the first issuer's");
    }
}
