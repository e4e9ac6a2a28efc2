//! `from_env` with `BETTER_AUTH_URL`: the origin of Better Auth instead of its secret.

#[cfg(all(feature = "jwks", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod plugin {
    use serde_json::json;

    use crate::{
        auth::configuration::{FAR, environment::child},
        support::{
            key_server::{KeyServer, Mode},
            signing_keys::*,
            *,
        },
    };

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_url_alone_configures_the_plugin() {
        let key = SigningKey::generate("EdDSA", "1");
        let server = KeyServer::start(Mode::Set(jwks([&key]))).await;
        let origin = format!("http://{}", server.addr);
        let api = "https://api.example.com";
        let signed = |iss: &str, aud: &str, exp: u64| {
            key.token(&claims_with(json!({ "iss": iss, "aud": aud, "exp": exp })))
        };
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let tokens = [
            ("TOKEN_origin", signed(&origin, &origin, FAR)),
            ("TOKEN_api", signed(&origin, api, FAR)),
            ("TOKEN_other_issuer", signed(api, &origin, FAR)),
            ("TOKEN_other_issuer_api", signed(api, api, FAR)),
            ("TOKEN_hs256", token(&claims_with(json!({ "exp": FAR })))),
            // Within a leeway of 5 seconds only while the child starts quickly.
            ("TOKEN_old", signed(&origin, &origin, now - 60)),
        ];
        let url = ("BETTER_AUTH_URL", &*origin);
        let issuer = ("BETTER_AUTH_ISSUER", api);
        let audience = ("BETTER_AUTH_AUDIENCE", api);
        for (variables, accepted) in [
            (vec![url], "TOKEN_origin"),
            (vec![url, ("BETTER_AUTH_SECRET", "")], "TOKEN_origin"),
            (vec![url, audience], "TOKEN_api"),
            (vec![url, issuer], "TOKEN_other_issuer"),
            (vec![url, issuer, audience], "TOKEN_other_issuer_api"),
        ] {
            let all = { variables.iter().copied() }
                .chain(tokens.iter().map(|(name, token)| (*name, &**token)));
            let report = child(all);
            assert_eq!(report["from_env"], json!(null), "{variables:?}");
            assert!(!report["events"].as_str().unwrap().contains("ignored"));
            for (name, result) in report["tokens"].as_object().unwrap() {
                let is_accepted = result == "accepted";
                assert_eq!(
                    is_accepted,
                    name == accepted,
                    "{variables:?} {name}: {result}"
                );
            }
            assert_eq!(report["tokens"]["TOKEN_hs256"], "algorithm");
            assert_eq!(report["tokens"]["TOKEN_old"], "expired");
        }
    }
}

use serde_json::json;

use super::{FAR, environment::child};
use crate::{events::told, support::*};

const URL: (&str, &str) = ("BETTER_AUTH_URL", "https://user.example.com");

#[test]
fn the_secret_is_used_if_both_variables_are_set() {
    let token = token(&claims_with(json!({ "exp": FAR })));
    let secret = ("BETTER_AUTH_SECRET", SECRET);
    for (url, events) in [(URL.1, told()), ("not an origin", told()), ("", 0)] {
        let report = child([secret, ("BETTER_AUTH_URL", url), ("TOKEN_good", &token)]);
        assert_eq!(report["from_env"], json!(null), "{url}");
        assert_eq!(report["tokens"]["TOKEN_good"], "accepted", "{url}");
        let logged = report["events"].as_str().unwrap();
        let is_ignored =
            |line: &&str| line.contains("INFO") && line.contains("BETTER_AUTH_URL is ignored");
        assert_eq!(
            logged.lines().filter(is_ignored).count(),
            events,
            "{logged}"
        );
        assert!(url.is_empty() || !logged.contains(url), "{logged}");
    }
    // A weak secret does not select the URL.
    let report = child([URL, ("BETTER_AUTH_SECRET", "short")]);
    let error = report["from_env"].as_str().unwrap();
    assert!(
        error.contains("the secret in BETTER_AUTH_SECRET"),
        "{error}"
    );
}

#[test]
fn an_empty_url_is_treated_as_unset() {
    let report = child([("BETTER_AUTH_URL", "")]);
    let error = report["from_env"].as_str().unwrap();
    assert!(
        error.starts_with("BETTER_AUTH_SECRET environment variable is required"),
        "{error}"
    );
}

#[test]
fn a_url_that_is_not_an_origin_is_an_error_with_its_variable() {
    for url in [
        "https://app.example.com/api/auth",
        "app.example.com",
        "https://app.example.com/",
    ] {
        let report = child([("BETTER_AUTH_URL", url)]);
        let error = report["from_env"].as_str().unwrap();
        assert!(error.contains("the origin in BETTER_AUTH_URL"), "{error}");
    }
}

#[cfg(not(all(feature = "jwks", any(feature = "aws-lc-rs", feature = "rust-crypto"))))]
#[test]
fn the_url_without_the_features_is_an_error_with_the_feature() {
    let report = child([URL]);
    assert_eq!(
        report["from_env"],
        "the keys of Better Auth's jwt() plugin require the feature `better-auth` of tower-jwt-auth; enable it in Cargo.toml"
    );
}
