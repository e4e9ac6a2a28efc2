//! Session IDs that belong to their users.

use http::{HeaderMap, HeaderValue, Method};

use super::*;

const SESSION: &str = "mcp-session-id";
const OTHER_KEY: &str = "fedcba9876543210fedcba9876543210";

fn layer_with(key: &str) -> RequireMcpScopeLayer {
    tools().session_key(key).unwrap()
}

/// Sends a request with these session IDs to a server that responds with the session IDs of
/// `issued`. Returns the response, whose body is the session ID that the server received.
async fn exchange(
    layer: RequireMcpScopeLayer,
    user: &CurrentUser,
    method: Method,
    sent: &[&[u8]],
    issued: &[&[u8]],
) -> (&'static str, HeaderMap, String) {
    let mut request = post(user, text(call("list")));
    *request.method_mut() = method;
    for id in sent {
        let id = HeaderValue::from_bytes(id).unwrap();
        request.headers_mut().append(SESSION, id);
    }
    let issued = issued.iter().map(|id| HeaderValue::from_bytes(id).unwrap());
    let issued: Vec<HeaderValue> = issued.collect();
    let server = service_fn(move |request: Request<McpBody<Full<Bytes>>>| {
        let ids = request.headers().get_all(SESSION).iter();
        let ids: Vec<&str> = ids.map(|id| id.to_str().unwrap()).collect();
        let mut response = Response::new(Full::<Bytes>::from(ids.join(", ")));
        for id in &issued {
            response.headers_mut().append(SESSION, id.clone());
        }
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let response = layer.layer(server).oneshot(request).await.unwrap();
    let answer = response.into_answer().await;
    let received = String::from_utf8(answer.body.to_vec()).unwrap();
    (answer.reason(), answer.response.headers().clone(), received)
}

/// The session ID that a user gets for this ID of the server.
async fn signed(
    layer: RequireMcpScopeLayer,
    user: &CurrentUser,
    issued: &[&[u8]],
) -> Option<String> {
    let (_, headers, _) = exchange(layer, user, Method::POST, &[], issued).await;
    let mut ids = headers.get_all(SESSION).iter();
    let id = ids.next()?;
    assert!(ids.next().is_none());
    Some(id.to_str().unwrap().to_owned())
}

async fn reason_with(layer: RequireMcpScopeLayer, user: &CurrentUser, sent: &str) -> &'static str {
    exchange(layer, user, Method::POST, &[sent.as_bytes()], &[])
        .await
        .0
}

#[tokio::test]
async fn a_signed_session_id_reaches_the_server_without_its_mac() {
    let alice = user("read");
    for (issued, id) in [
        (&b"abc"[..], "abc"),
        (b"a.b.c", "a.b.c"),
        (b".", "."),
        (b"~!\"#", "~!\"#"),
        // A JWT, whose last part looks like a MAC.
        (
            b"eyJ.eyJ.0123456789012345678901234567890123456789012",
            "eyJ.eyJ.0123456789012345678901234567890123456789012",
        ),
    ] {
        let signed = signed(layer_with(SECRET), &alice, &[issued]).await.unwrap();
        let (start, mac) = signed.rsplit_once('.').unwrap();
        assert_eq!((start, mac.len()), (id, 43));
        for method in [Method::POST, Method::GET, Method::DELETE] {
            // The replica has a layer of its own.
            let sent = [signed.as_bytes()];
            let (reason, _, received) =
                exchange(layer_with(SECRET), &alice, method.clone(), &sent, &[]).await;
            assert_eq!((reason, &*received), ("accepted", id), "{method}");
        }
    }
}

#[tokio::test]
async fn a_session_id_is_valid_only_for_the_user_who_got_it() {
    let issuer = |issuer: &str, sub: &str| {
        let claims = json!({ "iss": issuer, "sub": sub, "scope": "read" });
        let token = token(&claims_with(claims));
        let layer = builder().issuer(issuer).build().unwrap();
        layer.verifier().verify(&token).unwrap()
    };
    let alice = issuer("https://a.example.com", "alice");
    let id = signed(layer_with(SECRET), &alice, &[b"abc"]).await.unwrap();
    let other_server = {
        let resource =
            ProtectedResource::new("https://api.example.com/other", "https://auth.example.com");
        let layer = RequireMcpScopeLayer::new(&resource.unwrap());
        let layer = layer.tool("list", NO_SCOPES).unwrap();
        layer.session_key(SECRET).unwrap()
    };
    for (row, layer, user, expected) in [
        ("the same", layer_with(SECRET), alice.clone(), "accepted"),
        (
            "another token",
            layer_with(SECRET),
            issuer("https://a.example.com", "alice"),
            "accepted",
        ),
        (
            "another user",
            layer_with(SECRET),
            issuer("https://a.example.com", "bob"),
            "mcp_session",
        ),
        (
            "another issuer",
            layer_with(SECRET),
            issuer("https://b.example.com", "alice"),
            "mcp_session",
        ),
        (
            "the same text, divided differently",
            layer_with(SECRET),
            issuer("https://a.example.coma", "lice"),
            "mcp_session",
        ),
        ("no issuer", layer_with(SECRET), user("read"), "mcp_session"),
        (
            "another key",
            layer_with(OTHER_KEY),
            alice.clone(),
            "mcp_session",
        ),
        ("another server", other_server, alice.clone(), "mcp_session"),
    ] {
        assert_eq!(reason_with(layer, &user, &id).await, expected, "{row}");
    }
}

#[tokio::test]
async fn altered_and_malformed_session_ids_get_404() {
    let alice = user("read");
    let id = signed(layer_with(SECRET), &alice, &[b"abc"]).await.unwrap();
    let mac = id.strip_prefix("abc.").unwrap();
    let flipped = if mac.starts_with('A') { "B" } else { "A" };
    for altered in [
        String::new(),
        "abc".into(),
        "abc.".into(),
        ".".into(),
        mac.into(),
        format!(".{mac}"),
        format!("abd.{mac}"),
        format!("ab.{mac}"),
        format!("abcd.{mac}"),
        format!("abc..{mac}"),
        format!("abc.{mac}."),
        format!("abc.{mac}="),
        format!("abc.{mac}A"),
        format!("abc.{}", &mac[1..]),
        format!("abc.{}", &mac[..42]),
        format!("abc.{flipped}{}", &mac[1..]),
        format!("abc.{}", mac.to_lowercase()),
        format!("abc{mac}"),
        format!("abc .{mac}"),
        format!("{id}.{mac}"),
        format!("{id}, {id}"),
    ] {
        let mut request = post(&alice, text(call("list")));
        let value = HeaderValue::try_from(&altered).unwrap();
        request.headers_mut().insert(SESSION, value);
        let answer = send(layer_with(SECRET), request).await;
        answer.assert_http(404, "mcp_session", "Session not found", &altered);
    }
    // Each MAC has one encoding: the last character has two unused bits.
    let last = mac.chars().last().unwrap();
    for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
        let expected = if other == last {
            "accepted"
        } else {
            "mcp_session"
        };
        let changed = format!("abc.{}{other}", &mac[..42]);
        assert_eq!(
            reason_with(layer_with(SECRET), &alice, &changed).await,
            expected
        );
    }
    let not_ascii = [&b"abc\xff."[..], mac.as_bytes()].concat();
    for sent in [&[id.as_bytes(), id.as_bytes()][..], &[&not_ascii]] {
        let (reason, ..) = exchange(layer_with(SECRET), &alice, Method::POST, sent, &[]).await;
        assert_eq!(reason, "mcp_session");
    }
}

#[tokio::test]
async fn requests_and_responses_without_a_session_id_pass() {
    let (reason, headers, received) =
        exchange(layer_with(SECRET), &user("read"), Method::POST, &[], &[]).await;
    assert_eq!((reason, &*received), ("accepted", ""));
    assert!(!headers.contains_key(SESSION));
}

#[tokio::test]
async fn an_id_that_cannot_be_signed_is_removed_from_the_response() {
    for issued in [
        &[&b"abc"[..], b"def"] as &[&[u8]],
        &[b"abc", b"abc"],
        &[b""],
        &[b"a b"],
        &[b"a\tb"],
        &[b"ab\xff"],
    ] {
        let signed = signed(layer_with(SECRET), &user("read"), issued).await;
        assert_eq!(signed, None, "{issued:?}");
    }
}

#[tokio::test]
async fn without_a_session_key_session_ids_are_not_touched() {
    let sent = [&b"abc"[..], b"def"];
    let (reason, headers, received) =
        exchange(tools(), &user("read"), Method::POST, &sent, &[b"a b"]).await;
    assert_eq!((reason, &*received), ("accepted", "abc, def"));
    assert_eq!(headers[SESSION], "a b");
}

/// Replicas of different versions share the key.
#[tokio::test]
async fn the_form_of_a_session_id_does_not_change() {
    let id = signed(layer_with(SECRET), &user("read"), &[b"abc"]).await;
    let mut message = Vec::new();
    let mut add = |field: &[u8]| {
        message.extend((field.len() as u64).to_be_bytes());
        message.extend(field);
    };
    add(b"tower-jwt-auth: MCP session ID, version 1");
    add(b"https://api.example.com/mcp");
    // No issuer.
    message.push(0);
    let mut add = |field: &[u8]| {
        message.extend((field.len() as u64).to_be_bytes());
        message.extend(field);
    };
    add(b"");
    add(b"alice");
    add(b"abc");
    let mac = mac(std::str::from_utf8(&message).unwrap(), SECRET);
    assert_eq!(id, Some(format!("abc.{}", encode(mac))));
}
