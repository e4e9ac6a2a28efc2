//! Common mistakes are reported, and each message states the fix.

use std::fs;

use http::Request;
use tower::{ServiceBuilder, layer::util::Stack};
#[cfg(all(feature = "jwks", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
use tower_jwt_auth::KeySet;
use tower_jwt_auth::{CurrentUser, JwtAuthBuilder, JwtAuthLayer, PathOwnerLayer};

use crate::{
    events::{Captured, told},
    key_source::secret_file::Folder,
    support::*,
};

/// Returns the separate messages of a configuration error.
#[track_caller]
fn messages(builder: JwtAuthBuilder) -> Vec<String> {
    let error = builder.build().map(drop).unwrap_err().to_string();
    match error.split_once(" configuration errors:\n- ") {
        Some((count, list)) => {
            let messages: Vec<_> = list.split("\n- ").map(str::to_owned).collect();
            assert_eq!(count, messages.len().to_string());
            messages
        }
        None => vec![error],
    }
}

/// Asserts that the error has one message for each of these parts, in any order, and no others.
#[cfg(all(feature = "jwks", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
#[track_caller]
fn assert_all_reported(row: &str, builder: JwtAuthBuilder, expected: &[&str]) {
    let messages = messages(builder);
    assert_eq!(messages.len(), expected.len(), "{row}: {messages:#?}");
    for part in expected {
        let found = messages.iter().filter(|message| message.contains(part));
        assert_eq!(found.count(), 1, "{row}: {part:?} in {messages:#?}");
    }
}

#[cfg(all(feature = "jwks", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
#[test]
fn all_configuration_errors_are_reported_at_once() {
    let builder = || JwtAuthLayer::builder().audience("https://api.example.com");
    let private = "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----";
    assert_all_reported(
        "an invalid origin and other errors",
        JwtAuthLayer::better_auth("app.example.com")
            .secret("short")
            .audience("")
            .max_token_len(0),
        &[
            "the origin",
            "at least 32",
            "the audience is empty",
            "16 KiB",
        ],
    );
    assert_all_reported(
        "an invalid origin and invalid keys",
        JwtAuthLayer::better_auth("app.example.com")
            .public_key_pem(private)
            .algorithms([]),
        &["the origin", "private key", ".algorithms(…)"],
    );
    assert_all_reported(
        "only an invalid origin, whose keys would be fetched",
        JwtAuthLayer::better_auth("app.example.com"),
        &["the origin"],
    );
    assert_all_reported(
        "invalid secrets and public keys",
        builder().secret("short").public_key_pem(private),
        &["at least 32", "private key"],
    );
    assert_all_reported(
        "an invalid URL and other invalid keys",
        builder()
            .jwks_url("ftp://example.com")
            .public_key_pem(private)
            .jwks_text("{}"),
        &[
            "combined with other public keys",
            "https://",
            "private key",
            "JWK Set",
        ],
    );
    assert_all_reported(
        "no key, and an invalid rule",
        builder().keys(KeySet::default()).issuer(""),
        &["no public key can be used", "the issuer is empty"],
    );
    assert_all_reported(
        "two invalid issuers",
        JwtAuthLayer::better_auth("app.example.com").or(builder().secret("short").issuer("")),
        &["the origin", "at least 32", "the issuer is empty"],
    );
}

/// Each row has a description, the configuration, and the fix at the end of the message.
#[test]
fn each_error_about_a_secret_states_the_fix() {
    let generate = "; generate a new secret with `openssl rand -base64 32`";
    let issuers = "; use the secret that your issuer signs with";
    let public = "private key, use .public_key_pem(…), .jwks_text(…), or .jwks_url(…)";
    let folder = Folder::new("misuse");
    let file = |name: &str, content: &str| {
        fs::write(folder.path(name), content).unwrap();
        JwtAuthLayer::builder().secret_from_file(folder.path(name))
    };
    let secret = |secret: &str| JwtAuthLayer::builder().secret(secret);
    let placeholder = "a-string-secret-at-least-256-bits-long";
    let pem = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE";
    for (row, builder, end) in [
        ("empty", secret(""), issuers),
        ("short", secret("hunter2"), generate),
        ("a published secret", secret(placeholder), generate),
        ("few distinct bytes", secret(&"0".repeat(64)), generate),
        ("a public key", secret(pem), public),
        ("a key set", secret(r#"{"keys":[]}"#), public),
        (
            "a newline",
            secret(&format!("{SECRET}\n")),
            "; trim it, or read the file with .secret_from_file(…)",
        ),
        (
            "an empty list",
            JwtAuthLayer::builder().secrets([] as [&str; 0]),
            "; list the current secret first, then the previous ones",
        ),
        (
            "no source",
            JwtAuthLayer::builder(),
            "JwtAuthLayer::better_auth(…) or .jwks_url(…)",
        ),
        (
            "a secret instead of a variable's name",
            JwtAuthLayer::builder().secret_from_env(format!("{SECRET}+/=")),
            "; use the name of a variable, such as BETTER_AUTH_SECRET, and set it to the secret",
        ),
        (
            "no file",
            JwtAuthLayer::builder().secret_from_file(folder.path("none")),
            "; check the path and the permissions",
        ),
        (
            "a directory",
            JwtAuthLayer::builder().secret_from_file(folder.path("")),
            "; set the path of a file with one secret per line",
        ),
        (
            "an empty file",
            file("empty", "\n"),
            "; write your issuer's signing secret to it",
        ),
        (
            "a short secret in a file",
            file("short", "hunter2"),
            generate,
        ),
        (
            "a published secret in a file",
            file("placeholder", placeholder),
            generate,
        ),
        ("a public key in a file", file("pem", pem), public),
        (
            "nine secrets in a file",
            file("nine", &format!("{SECRET}\n").repeat(9)),
            "remove those that no longer sign tokens",
        ),
    ] {
        let [message] = &messages(builder)[..] else {
            panic!("{row}: more than one message")
        };
        assert!(message.ends_with(end), "{row}: {message}");
    }
    // Alone, this message is fixed. In a list of errors, the fix follows it.
    let unset = || JwtAuthLayer::builder().secret_from_env("TOWER_JWT_AUTH_UNSET");
    let message = "TOWER_JWT_AUTH_UNSET environment variable is required";
    assert_eq!(messages(unset()), [message]);
    let with_fix = format!("{message}: set it to the secret that your issuer signs with");
    assert!(messages(unset().issuer("")).contains(&with_fix));
}

#[test]
fn the_error_for_an_invalid_pattern_states_the_fix() {
    let pattern = PathOwnerLayer::new;
    let owner = || pattern("/api/{user_id}/{*rest}").unwrap();
    for (layer, message) in [
        (
            pattern("/api/tasks"),
            r#"the path pattern "/api/tasks" has no segment {user_id}; add it at the position of the owner's ID, or name another parameter with PathOwnerLayer::named(…)"#,
        ),
        (
            pattern("/api/{user_id}/{user_id}"),
            r#"the path pattern "/api/{user_id}/{user_id}" has {user_id} more than once; rename all but the owner's"#,
        ),
        (
            pattern("/api/{*user_id}"),
            r#"the path pattern "/api/{*user_id}" has {*user_id}, which can match several segments; write {user_id}"#,
        ),
        (
            pattern("/api/{user_id}/{*rest}/x"),
            r#"the path pattern "/api/{user_id}/{*rest}/x" has a catch-all before its end; put {*name} last"#,
        ),
        (
            owner().except("/api/{team}/{*all}"),
            r#"the path pattern "/api/{team}/{*all}" conflicts with "/api/{user_id}/{*rest}", which covers some of the same paths; remove one of them"#,
        ),
        (
            owner().except("/{*all}"),
            r#"the path pattern "/{*all}" would exempt every other path; list the exempt paths instead"#,
        ),
    ] {
        assert_eq!(layer.map(drop).unwrap_err().to_string(), message);
    }
}

#[tokio::test]
async fn the_error_for_a_wrong_layer_order_states_the_fix() {
    let owner = || PathOwnerLayer::new("/api/{user_id}").unwrap();
    let builder = ServiceBuilder::new().layer(owner()).layer(layer());
    let chain = Stack::new(layer(), owner());
    let events = Captured::start();
    for answer in [
        ask(builder, own_request()).await,
        ask(chain, own_request()).await,
    ] {
        answer.assert_server_fault("no_user", "the wrong order");
    }
    let logged = events.at("ERROR");
    assert_eq!(logged.len(), 2 * told(), "{logged:#?}");
    for event in logged {
        let fix = "apply JwtAuthLayer outside it: around its route, later in a chain of .layer(…) calls, or earlier in a ServiceBuilder";
        assert!(event.contains(fix), "{event}");
    }
}

#[tokio::test]
async fn a_layer_that_is_applied_twice_works_and_is_logged_once() {
    let events = Captured::start();
    let layer = layer();
    let twice = (layer.clone(), layer.clone());
    for _ in 0..3 {
        let answer = ask(twice.clone(), own_request()).await;
        answer.assert_reached("alice", "twice");
    }
    ask(twice, with_bearer("garbage"))
        .await
        .assert_invalid_token("malformed", "twice");
    let logged = events.at("WARN");
    assert_eq!(logged.len(), told(), "{logged:#?}");
    for event in logged {
        assert!(event.contains("twice; apply it once"), "{event}");
    }
}

#[tokio::test]
async fn different_nested_layers_are_not_reported() {
    let events = Captured::start();
    let anonymous = builder().allow_anonymous().build().unwrap();
    let checked = builder()
        .check(|user| user.user_id() == "alice")
        .build()
        .unwrap();
    ask((anonymous.clone(), layer()), own_request())
        .await
        .assert_reached("alice", "optional outside, required inside");
    ask((layer(), checked), own_request())
        .await
        .assert_reached("alice", "another rule inside");
    ask((anonymous.clone(), anonymous), get("/"))
        .await
        .assert_reached("nobody", "no token to verify twice");
    let mut request = own_request();
    let outer = CurrentUser::new("alice", "alice@example.com");
    request.extensions_mut().insert(outer);
    ask(layer(), request)
        .await
        .assert_reached("alice", "a user of another layer");
    assert_eq!(events.text(), "");
}

#[tokio::test]
async fn stacked_path_owner_layers_must_both_match() {
    let owner = |pattern: &str| PathOwnerLayer::new(pattern).unwrap();
    let two = || (layer(), owner("/api/{user_id}"), owner("/v2/{user_id}"));
    for path in ["/api/alice", "/v2/alice"] {
        let mut request = own_request();
        *request.uri_mut() = path.parse().unwrap();
        let events = Captured::start();
        let answer = ask(two(), request).await;
        assert_eq!(answer.reason(), "no_pattern", "{path}");
        let logged = events.at("DEBUG");
        assert_eq!(logged.len(), told(), "{logged:#?}");
        for event in logged {
            assert!(event.contains("add a pattern with .and(…)"), "{event}");
            assert!(
                event.contains("if several layers are applied, each must accept the path"),
                "{event}"
            );
        }
    }
    let same = (layer(), owner("/api/{user_id}"), owner("/{all}/{user_id}"));
    ask(same, own_request())
        .await
        .assert_reached("alice", "both patterns cover the path");
}

fn own_request() -> Request<()> {
    let mut request = with_bearer(&token(&claims()));
    *request.uri_mut() = "/api/alice".parse().unwrap();
    request
}
