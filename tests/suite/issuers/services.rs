//! Service tokens of Cloudflare Access, which name no user.

use serde_json::{Value, json};
use tower_jwt_auth::JwtAuthBuilder;

use super::{proxies::*, *};

/// Sends a user's claims with these changes. Returns the user ID and the email, or the reason.
async fn result(builder: JwtAuthBuilder, members: Value) -> Result<(String, String), &'static str> {
    let row = cloudflare_row("", members);
    let layer = layer_with(builder, &row.pages());
    layer.ready().await.unwrap();
    let user = send(&layer, request_with(ASSERTION, &row.token())).await;
    let user = user.map_err(|(_, reason)| reason)?;
    Ok((user.user_id().to_owned(), user.email().to_owned()))
}

#[tokio::test(start_paused = true)]
async fn only_an_empty_sub_and_a_common_name_are_a_service() {
    let named = |name: Value| with(service(), json!({ "common_name": name }));
    for (case, members, expected) in [
        ("a service", service(), Ok("service:1f2e.access")),
        (
            "no sub",
            with(service(), json!({ "sub": null })),
            Err("subject"),
        ),
        (
            "a blank sub",
            with(service(), json!({ "sub": " " })),
            Err("subject"),
        ),
        ("no name", named(Value::Null), Err("subject")),
        ("an empty name", named("".into()), Err("subject")),
        ("a blank name", named(" ".into()), Err("subject")),
        (
            "a line break in the name",
            named("a\nb".into()),
            Err("subject"),
        ),
        (
            "a name that is not a string",
            named(json!(["a"])),
            Err("subject"),
        ),
        ("a long name", named("a".repeat(248).into()), Err("subject")),
        (
            "a user with a common name",
            json!({ "common_name": "1f2e.access" }),
            Ok("cf-user-1"),
        ),
        (
            "a user with the prefix",
            json!({ "sub": "service:1f2e.access" }),
            Err("subject"),
        ),
        (
            "a user with only the prefix",
            json!({ "sub": "service:" }),
            Err("subject"),
        ),
    ] {
        let result = result(cloudflare().allow_services(), members).await;
        let id = result
            .as_ref()
            .map(|(id, _)| id.as_str())
            .map_err(|reason| *reason);
        assert_eq!(id, expected, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_longest_service_name_is_accepted() {
    let name = "a".repeat(247);
    let members = with(service(), json!({ "common_name": name }));
    let (id, _) = result(cloudflare().allow_services(), members)
        .await
        .unwrap();
    assert_eq!(id.len(), 255);
}

#[tokio::test(start_paused = true)]
async fn a_service_has_no_email_even_if_its_token_has_one() {
    let members = with(service(), json!({ "email": "root@example.com" }));
    let (_, email) = result(cloudflare().allow_services(), members)
        .await
        .unwrap();
    assert_eq!(email, "");
}

#[tokio::test(start_paused = true)]
async fn a_user_beside_services_keeps_and_needs_an_email() {
    let allowed = || cloudflare().allow_services();
    let (_, email) = result(allowed(), json!({})).await.unwrap();
    assert!(email.contains('@'), "{email}");
    let without = json!({ "email": null });
    assert_eq!(result(allowed(), without).await, Err("user"));
}

/// Otherwise, a user could have the ID of a service.
#[tokio::test(start_paused = true)]
async fn the_prefix_is_reserved_in_a_named_user_id_claim() {
    let builder = || cloudflare().allow_services().user_id_claim("custom");
    let members = json!({ "custom": "service:1f2e.access" });
    assert_eq!(result(builder(), members).await, Err("subject"));
    let members = json!({ "custom": "grace" });
    assert_eq!(result(builder(), members).await.unwrap().0, "grace");
}

#[tokio::test(start_paused = true)]
async fn a_service_token_is_rejected_by_default() {
    assert_eq!(result(cloudflare(), service()).await, Err("subject"));
    let prefixed = json!({ "sub": "service:1f2e.access" });
    assert_eq!(
        result(cloudflare(), prefixed).await.unwrap().0,
        "service:1f2e.access"
    );
}

#[tokio::test(start_paused = true)]
async fn a_reserved_user_id_is_logged_with_its_prefix() {
    let row = cloudflare_row("", json!({ "sub": "service:1f2e.access" }));
    let layer = layer_with(cloudflare().allow_services(), &row.pages());
    layer.ready().await.unwrap();
    let events = Captured::start();
    let rejected = send(&layer, request_with(ASSERTION, &row.token())).await;
    assert_eq!(rejected.unwrap_err().1, "subject");
    assert_contains(events.text(), "`service:` is reserved for services", "");
    assert!(!events.text().contains("1f2e"), "{}", events.text());
}
