//! How a body is read, and how it is passed on.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use http::{HeaderMap, HeaderValue, Method};
use http_body::{Frame, SizeHint};

use super::*;

const LIMIT: usize = 4 * 1024 * 1024;

/// A body of these frames, without a declared length. It is pending before each frame, and counts
/// how often it is polled.
#[derive(Default)]
struct Frames {
    frames: VecDeque<Result<Frame<Bytes>, &'static str>>,
    was_pending: bool,
    polls: Arc<AtomicUsize>,
}

impl Frames {
    fn new(chunks: impl IntoIterator<Item = Bytes>) -> Self {
        let frames = chunks.into_iter().map(|chunk| Ok(Frame::data(chunk)));
        Self {
            frames: frames.collect(),
            ..Self::default()
        }
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.polls.fetch_add(1, Ordering::Relaxed);
        self.was_pending = !self.was_pending;
        if self.was_pending {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.frames.pop_front())
    }
}

/// A call of `list` with this length.
fn call_of(len: usize) -> Bytes {
    let empty = message("tools/call", json!({ "name": "list", "arguments": "" }));
    let arguments = "x".repeat(len - empty.len());
    let params = json!({ "name": "list", "arguments": arguments });
    let call = message("tools/call", params);
    assert_eq!(call.len(), len);
    call.into()
}

fn chunks(bytes: &Bytes, len: usize) -> Vec<Bytes> {
    let starts = (0..bytes.len()).step_by(len);
    starts
        .map(|start| bytes.slice(start..bytes.len().min(start + len)))
        .collect()
}

#[tokio::test]
async fn a_body_of_the_maximum_length_is_accepted_and_one_more_is_not() {
    for (layer, limit) in [(tools(), LIMIT), (tools().max_body_len(200), 200)] {
        for (len, is_accepted) in [(limit, true), (limit + 1, false)] {
            let body = call_of(len);
            for chunk_len in [len, 64 * 1024, 1000.min(limit / 3)] {
                let frames = Frames::new(chunks(&body, chunk_len));
                let answer = send(layer.clone(), post(&user("read"), frames)).await;
                if is_accepted {
                    assert_eq!(answer.reason(), "accepted", "{chunk_len}");
                    assert!(answer.body == body, "{chunk_len}");
                } else {
                    let detail = "Request body too large";
                    answer.assert_http(413, "body_too_large", detail, &chunk_len);
                }
            }
            let answer = send(layer.clone(), post(&user("read"), text(body.clone()))).await;
            let expected = if is_accepted {
                "accepted"
            } else {
                "body_too_large"
            };
            assert_eq!(answer.reason(), expected, "with a size hint");
        }
    }
}

#[tokio::test]
async fn a_declared_length_over_the_limit_is_rejected_unread() {
    for (length, expected) in [
        (LIMIT.to_string(), "accepted"),
        ((LIMIT + 1).to_string(), "body_too_large"),
        (u64::MAX.to_string(), "body_too_large"),
        // The server has to reject an invalid length; the layer counts the bytes.
        ("x".to_owned(), "accepted"),
    ] {
        let body = Frames::new([call("list").into()]);
        let polls = Arc::clone(&body.polls);
        let mut request = post(&user("read"), body);
        let value = HeaderValue::try_from(&length).unwrap();
        request.headers_mut().insert("content-length", value);
        let answer = send(tools(), request).await;
        assert_eq!(answer.reason(), expected, "{length}");
        let is_read = polls.load(Ordering::Relaxed) > 0;
        assert_eq!(is_read, expected == "accepted", "{length}");
    }
}

#[tokio::test]
async fn not_one_byte_is_read_for_a_rejected_user() {
    let rejected = [user(""), user("write"), CurrentUser::new("alice", "a@b.c")];
    for user in rejected {
        let body = Frames::new([call("list").into()]);
        let polls = Arc::clone(&body.polls);
        let answer = send(tools(), post(&user, body)).await;
        assert_eq!(answer.reason(), "insufficient_scope");
        assert_eq!(polls.load(Ordering::Relaxed), 0);
    }
    let body = Frames::new([call("list").into()]);
    let polls = Arc::clone(&body.polls);
    let mut request = post(&user("read"), body);
    let id = HeaderValue::from_static("abc");
    request.headers_mut().insert("mcp-session-id", id);
    let answer = send(tools().session_key(SECRET).unwrap(), request).await;
    assert_eq!(answer.reason(), "mcp_session");
    assert_eq!(polls.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn the_body_of_get_head_delete_and_options_is_not_read() {
    for method in [Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS] {
        for (scopes, expected) in [("read", "accepted"), ("write", "insufficient_scope")] {
            let body = Frames::new([call("drop").into()]);
            let polls = Arc::clone(&body.polls);
            let mut request = post(&user(scopes), body);
            *request.method_mut() = method.clone();
            let unread = service_fn(async |request: Request<McpBody<Frames>>| {
                drop(request);
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
            });
            let response = tools().layer(unread).oneshot(request).await.unwrap();
            let answer = response.into_answer().await;
            assert_eq!(answer.reason(), expected, "{method}");
            assert_eq!(polls.load(Ordering::Relaxed), 0, "{method}");
        }
    }
    for method in ["PUT", "PATCH", "QUERY", "post", "CONNECT"] {
        let mut request = post(&user("read"), text(call("drop")));
        *request.method_mut() = method.parse().unwrap();
        let answer = send(tools(), request).await;
        assert_eq!(answer.reason(), "mcp_unlisted", "{method}");
    }
}

#[tokio::test]
async fn bytes_trailers_and_the_head_are_passed_on_unchanged() {
    let body: Bytes = format!("\r\n {} \t", call("list").replace("milk", "m\\u0069lk")).into();
    let mut trailers = HeaderMap::new();
    trailers.insert("x-checksum", HeaderValue::from_static("7"));
    for chunk_len in [1, 7, 1000] {
        let mut frames = Frames::new(chunks(&body, chunk_len));
        frames.frames.push_front(Ok(Frame::data(Bytes::new())));
        frames.frames.push_back(Ok(Frame::data(Bytes::new())));
        frames
            .frames
            .push_back(Ok(Frame::trailers(trailers.clone())));
        let mut request = post(&user("read"), frames);
        let headers = request.headers_mut();
        headers.insert("content-length", HeaderValue::from(body.len()));
        headers.insert("mcp-session-id", HeaderValue::from_static("abc.def"));
        let before = request.headers().clone();

        let received = Arc::new(Mutex::new(None));
        let store = Arc::clone(&received);
        let inner = service_fn(move |request: Request<McpBody<Frames>>| {
            let store = Arc::clone(&store);
            async move {
                assert_eq!(request.method(), Method::POST);
                assert!(request.extensions().get::<CurrentUser>().is_some());
                let (parts, body) = request.into_parts();
                let hint = body.size_hint();
                assert!(!body.is_end_stream());
                let collected = body.collect().await.unwrap();
                *store.lock().unwrap() = Some((parts.headers, hint, collected));
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
            }
        });
        let response = tools().layer(inner).oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);

        let (headers, hint, collected) = received.lock().unwrap().take().unwrap();
        assert_eq!(headers, before);
        assert_eq!(
            hint.exact(),
            SizeHint::with_exact(body.len() as u64).exact()
        );
        assert_eq!(collected.trailers(), Some(&trailers));
        assert_eq!(collected.to_bytes(), body);
    }
}

#[tokio::test]
async fn an_error_while_the_body_is_read_gets_400() {
    let mut frames = Frames::new([call("list").into()]);
    frames.frames.push_back(Err("the client is gone"));
    let answer = send(tools(), post(&user("read"), frames)).await;
    answer.assert_http(400, "mcp_request", "Invalid MCP request", &"an error");
}
