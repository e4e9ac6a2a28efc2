use tower_jwt_auth::CurrentUser;

use crate::support::*;

#[tokio::test]
async fn the_user_of_a_valid_token_reaches_the_handler() {
    let answer = ask(layer(), with_bearer(&token(&claims()))).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.body, "alice");
}

#[tokio::test]
async fn a_user_that_was_there_before_is_replaced() {
    let mut request = with_bearer(&token(&claims()));
    let impostor = CurrentUser::new("mallory", "mallory@example.com");
    request.extensions_mut().insert(impostor);
    assert_eq!(ask(layer(), request).await.body, "alice");
}

#[tokio::test]
async fn a_user_that_was_there_before_is_removed_when_nobody_is_authenticated() {
    let mut request = get("/");
    let impostor = CurrentUser::new("mallory", "mallory@example.com");
    request.extensions_mut().insert(impostor);
    let layer = builder().allow_anonymous().build().unwrap();
    assert_eq!(ask(layer, request).await.body, "nobody");
}
