//! Outages of the server.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::server::{Answer, SessionServer, ask, cookie, layer};

const UNAVAILABLE: Result<String, &str> = Err("sessions_unavailable");

#[tokio::test]
async fn after_five_outages_only_one_lookup_a_second_is_tried() {
    for status in [
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway Timeout",
    ] {
        let server = SessionServer::with(move |_| Answer::status(status)).await;
        let layer = server.layer();
        for number in 0..100 {
            assert_eq!(ask(&layer, &cookie(number)).await, UNAVAILABLE, "{status}");
        }
        assert_eq!(server.lookups(), 5, "{status}");
        server.set(Answer::session);
        sleep(Duration::from_millis(500)).await;
        assert_eq!(ask(&layer, &cookie(1)).await, UNAVAILABLE, "{status}");
        sleep(Duration::from_millis(600)).await;
        assert_eq!(
            ask(&layer, &cookie(1)).await,
            Ok("user-1".to_owned()),
            "{status}"
        );
        assert_eq!(
            ask(&layer, &cookie(2)).await,
            Ok("user-2".to_owned()),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_kept_answer_is_used_during_an_outage() {
    let server = SessionServer::start().await;
    let layer = server.layer();
    assert_eq!(ask(&layer, &cookie(1)).await, Ok("user-1".to_owned()));
    server.set(|_| Answer::status("503 Service Unavailable"));
    for number in 2..20 {
        assert_eq!(ask(&layer, &cookie(number)).await, UNAVAILABLE);
    }
    assert_eq!(ask(&layer, &cookie(1)).await, Ok("user-1".to_owned()));
}

#[tokio::test]
async fn a_hung_server_costs_few_timeouts() {
    let hanging = |request: &str| Answer::session(request).after(Duration::from_secs(60));
    let server = SessionServer::with(hanging).await;
    let layer = server.layer();
    let asks = (0..5).map(|number| {
        let layer = layer.clone();
        tokio::spawn(async move { ask(&layer, &cookie(number)).await })
    });
    for ask in asks.collect::<Vec<_>>() {
        assert_eq!(ask.await.unwrap(), UNAVAILABLE);
    }
    let start = Instant::now();
    for number in 10..100 {
        assert_eq!(ask(&layer, &cookie(number)).await, UNAVAILABLE);
    }
    assert!(
        start.elapsed() < Duration::from_millis(500),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn responses_that_a_client_can_provoke_do_not_open_the_breaker() {
    for status in [
        "500 Internal Server Error",
        "429 Too Many Requests",
        "404 Not Found",
    ] {
        let server = SessionServer::with(move |request| {
            if request.contains("session_token=00000000000000000000000000000001") {
                Answer::session(request)
            } else {
                Answer::status(status)
            }
        })
        .await;
        let layer = layer(server.sessions().fresh_for(Duration::ZERO));
        for number in 2..50 {
            assert_eq!(ask(&layer, &cookie(number)).await, UNAVAILABLE, "{status}");
        }
        assert_eq!(
            ask(&layer, &cookie(1)).await,
            Ok("user-1".to_owned()),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_refused_connection_is_an_outage() {
    let server = SessionServer::start().await;
    let layer = server.layer();
    drop(server);
    sleep(Duration::from_millis(20)).await;
    let start = Instant::now();
    for number in 0..100 {
        assert_eq!(ask(&layer, &cookie(number)).await, UNAVAILABLE);
    }
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn lookups_that_were_late_to_start_do_not_open_the_breaker() {
    let slow = |request: &str| Answer::session(request).after(Duration::from_millis(600));
    let server = SessionServer::with(slow).await;
    let layer = server.layer();
    // Three times 16 are answered, and 16 start 200 ms before they are abandoned.
    let asks = (0..80).map(|number| {
        let layer = layer.clone();
        tokio::spawn(async move { ask(&layer, &cookie(number)).await })
    });
    let mut accepted = 0;
    for ask in asks.collect::<Vec<_>>() {
        accepted += usize::from(ask.await.unwrap().is_ok());
    }
    assert_eq!(accepted, 48);
    assert_eq!(ask(&layer, &cookie(100)).await, Ok("user-100".to_owned()));
}

#[tokio::test]
async fn a_response_with_too_many_fields_does_not_open_the_breaker() {
    // Better Auth's cookie cache sets up to 100 cookies about a user, who chooses the name and image.
    let server = SessionServer::with(|request| {
        let mut answer = Answer::session(request);
        if !request.contains("session_token=00000000000000000000000000000001") {
            answer.fields += &"set-cookie: better-auth.session_data.9=a\r\n".repeat(100);
        }
        answer
    })
    .await;
    let layer = server.layer();
    for number in 2..50 {
        assert_eq!(ask(&layer, &cookie(number)).await, UNAVAILABLE);
    }
    assert_eq!(ask(&layer, &cookie(1)).await, Ok("user-1".to_owned()));
}
