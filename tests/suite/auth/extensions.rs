//! The user in the extensions of a request.

use tower_jwt_auth::CurrentUser;

use crate::support::*;

#[tokio::test]
async fn the_user_of_a_valid_token_reaches_the_handler() {
    let answer = ask(layer(), with_bearer(&token(&claims()))).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.body, "alice");
}

#[tokio::test]
async fn the_user_of_the_token_replaces_an_earlier_user() {
    let mut request = with_bearer(&token(&claims()));
    let impostor = CurrentUser::new("mallory", "mallory@example.com");
    request.extensions_mut().insert(impostor);
    assert_eq!(ask(layer(), request).await.body, "alice");
}

#[tokio::test]
async fn an_earlier_user_is_removed_from_an_anonymous_request() {
    let mut request = get("/");
    let impostor = CurrentUser::new("mallory", "mallory@example.com");
    request.extensions_mut().insert(impostor);
    let layer = builder().allow_anonymous().build().unwrap();
    assert_eq!(ask(layer, request).await.body, "nobody");
}
