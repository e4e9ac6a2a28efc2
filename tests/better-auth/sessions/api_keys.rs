//! Better Auth's own API keys, for which its plugin makes up sessions.

use http::Method;
use serde_json::json;

use super::{Service, releases};

#[tokio::test]
async fn an_api_key_of_better_auth_is_not_forwarded() {
    // Later releases have the plugin in another package.
    let Some(site) = { releases().into_iter() }.find(|site| site.is_release("1.4")) else {
        return;
    };
    let site = site.at("/keys");
    let (ada, bob) = (site.sign_up("ada").await, site.sign_up("bob").await);
    let (_, created) = site
        .post("/api/auth/api-key/create", &bob.cookie, &json!({}))
        .await;
    let key = created["key"].as_str().unwrap();
    let by_key = site
        .get_session_of(&[("cookie", &ada.cookie), ("x-api-key", key)])
        .await;
    assert_eq!(by_key["user"]["id"], bob.id);
    assert_eq!(by_key["session"]["token"], key);
    let before = site.lookups(key).await.len();

    let service = Service::with(site.sessions().raw_tokens());
    let bearer = format!("Bearer {key}");
    for (fields, outcome) in [
        (&[("x-api-key", key)][..], (401, "missing_token")),
        (&[("authorization", &bearer)], (401, "malformed")),
        (
            &[("cookie", &ada.cookie), ("x-api-key", key)],
            (200, &*ada.id),
        ),
    ] {
        let answer = service.send(Method::GET, fields).await;
        assert_eq!(answer.outcome(), outcome, "{fields:?}");
    }
    assert_eq!(site.lookups(key).await.len(), before);
}
