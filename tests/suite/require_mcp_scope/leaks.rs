//! No event and no `Debug` output contains a part of a request or the key.

use super::*;
use crate::events::Captured;

const MARK: &str = "TopSecretMark";

#[tokio::test]
async fn events_and_debug_output_contain_no_part_of_a_request() {
    let captured = Captured::start();
    let marked = user_with(json!({ "sub": MARK, "email": MARK, "scope": format!("read {MARK}") }));
    let layer = tools().session_key(SECRET).unwrap();
    for body in [
        call(MARK),
        call("add"),
        message("resources/read", json!({ "uri": MARK })),
        format!(r#"{{"{MARK}":1,"{MARK}":2}}"#),
        format!(r#"{{"method":"{MARK}","params":[]}}"#),
        MARK.to_owned(),
    ] {
        let answer = send(layer.clone(), post(&marked, text(body))).await;
        assert_ne!(answer.reason(), "accepted");
        assert!(!format!("{:?}", answer.response).contains(MARK));
        assert!(!String::from_utf8_lossy(&answer.body).contains(MARK));
    }
    for (header, body) in [("mcp-session-id", call("list")), ("mcp-name", call("list"))] {
        let mut request = post(&marked, text(body));
        let value = http::HeaderValue::from_static(MARK);
        request.headers_mut().insert(header, value);
        let answer = send(layer.clone(), request).await;
        assert_ne!(answer.reason(), "accepted");
    }
    let events = captured.text();
    assert_eq!(events.contains("mcp_request"), cfg!(feature = "tracing"));
    assert!(!events.contains(MARK), "{events}");

    let inner = service_fn(async |request: Request<McpBody<Full<Bytes>>>| {
        let body = format!("{:?}", request.body());
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(body)))
    });
    let service = layer.layer(inner);
    let shown = format!("{layer:?}");
    assert!(shown.contains("SessionKey(..)"), "{shown}");
    assert!(!shown.contains(SECRET) && !shown.contains(MARK), "{shown}");
    let params = json!({ "name": "list", "arguments": MARK });
    let request = post(&marked, text(message("tools/call", params)));
    let answer = service
        .clone()
        .oneshot(request)
        .await
        .unwrap()
        .into_answer()
        .await;
    assert_eq!(answer.body, "McpBody(read)");
    let mut request = post(&marked, text(MARK));
    *request.method_mut() = http::Method::GET;
    let answer = service.oneshot(request).await.unwrap().into_answer().await;
    assert_eq!(answer.body, "McpBody(unread)");
}
