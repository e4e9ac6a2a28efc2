//! The bounds of introspection.

use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tower_jwt_auth::JwtAuthLayer;

use super::server::{Answer, Server, ask, builder, claims_with};

const UNAVAILABLE: Result<String, &str> = Err("introspection_unavailable");

async fn ask_all(layer: &JwtAuthLayer, tokens: Vec<String>) -> Vec<Result<String, &'static str>> {
    let mut asked = JoinSet::new();
    for token in tokens {
        let layer = layer.clone();
        asked.spawn(async move { ask(&layer, &token).await });
    }
    asked.join_all().await
}

#[tokio::test]
async fn a_thousand_requests_with_one_token_share_one_lookup() {
    let slow = Answer {
        delay: Duration::from_millis(100),
        ..Answer::active()
    };
    let server = Server::with(move |_| slow.clone()).await;
    let answers = ask_all(&server.layer(), vec!["opaque".to_owned(); 1_000]).await;
    assert_eq!(answers, vec![Ok("alice".to_owned()); 1_000]);
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn an_answer_is_kept_until_it_is_too_old_or_the_token_expires() {
    let server = Server::start().await;
    let layer = builder(server.introspection().fresh_for(Duration::from_millis(400)));
    let layer = layer.build().unwrap();
    for _ in 0..3 {
        assert_eq!(ask(&layer, "opaque").await, Ok("alice".to_owned()));
    }
    assert_eq!(server.asked().len(), 1);
    server.set(|_| Answer::new(200, json!({ "active": false })));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(ask(&layer, "opaque").await, Err("inactive"));
    assert_eq!(ask(&layer, "opaque").await, Err("inactive"));
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_flood_of_invented_tokens_evicts_no_user_and_is_bounded() {
    let server = Server::with(|form| match form.starts_with("token=opaque&") {
        true => Answer::active(),
        false => Answer {
            delay: Duration::from_millis(200),
            ..Answer::new(200, json!({ "active": false }))
        },
    })
    .await;
    let layer = server.layer();
    assert_eq!(ask(&layer, "opaque").await, Ok("alice".to_owned()));
    let invented = (0..1_000)
        .map(|number| format!("invented-{number}"))
        .collect();
    let answers = ask_all(&layer, invented).await;
    // 16 run at a time, 256 wait, and the others are refused at once.
    let refused = { answers.iter() }
        .filter(|answer| **answer == UNAVAILABLE)
        .count();
    assert!(refused >= 1_000 - 16 - 256, "{refused}");
    assert!(answers.iter().all(Result::is_err));
    assert!(server.asked().len() <= 1 + 16 + 256);
    let asked = server.asked().len();
    assert_eq!(ask(&layer, "opaque").await, Ok("alice".to_owned()));
    assert_eq!(server.asked().len(), asked);
}

#[tokio::test]
async fn the_breaker_opens_after_five_outages_but_not_for_other_errors() {
    for (status, most) in [(503, 5), (500, 100), (401, 100)] {
        let server = Server::with(move |_| Answer::new(status, "")).await;
        let layer = server.layer();
        for number in 0..100 {
            assert_eq!(ask(&layer, &format!("t{number}")).await, UNAVAILABLE);
        }
        assert_eq!(server.asked().len(), most, "{status}");
    }
}

#[tokio::test]
async fn a_rejection_by_the_rules_is_kept_too() {
    let server = Server::with(|_| Answer::new(200, claims_with(json!({ "aud": "other" })))).await;
    let layer = server.layer();
    for _ in 0..3 {
        assert_eq!(ask(&layer, "opaque").await, Err("audience"));
    }
    assert_eq!(server.asked().len(), 1);
}
