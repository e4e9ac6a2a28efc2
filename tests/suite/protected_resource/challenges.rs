//! The challenges of a protected resource (RFC 6750 section 3, RFC 9728 section 5.1).

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};
use tower_jwt_auth::{Rejection, TokenError};

use super::*;

/// All rejections of this crate that a handler can name.
fn rejections() -> Vec<Rejection> {
    use Rejection::*;

    vec![
        MissingToken,
        SeveralTokens,
        InvalidCredential,
        SessionSignature,
        InvalidSession,
        Banned,
        Inactive,
        CrossSite,
        NotOwner,
        NoPattern,
        NoParameter,
        NotFound,
        OtherIssuer,
        InsufficientScope,
        InsufficientAuthentication,
        BodyTooLarge,
        McpRequest,
        McpUnlisted,
        McpSession,
        MissingClaim,
        NotConfigured,
        KeysUnavailable,
        SessionsUnavailable,
        IntrospectionUnavailable,
        NoUser,
        InvalidToken(TokenError::Expired),
        InvalidToken(TokenError::NotYetValid),
        InvalidToken(TokenError::Signature),
        InvalidToken(TokenError::Audience),
        InvalidToken(TokenError::TokenType),
        InvalidToken(TokenError::Claims),
    ]
}

/// Sends a valid token through this layer to a handler that rejects the request.
async fn rejected(auth: &JwtAuthLayer, issuer: &TestIssuer, rejection: Rejection) -> Answer {
    let inner = Inner::new(service_fn(move |request: http::Request<()>| async move {
        let (parts, ()) = request.into_parts();
        Ok(rejection.respond(&parts).map(Full::new))
    }));
    let request = with_bearer(&access_token(issuer).mint());
    let response = auth.clone().layer(inner).oneshot(request).await;
    response.unwrap().into_answer().await
}

#[tokio::test]
async fn every_challenge_names_the_metadata() {
    let issuer = issuer();
    let auth = protected(&issuer).build().unwrap();
    let plain = issuer
        .layer()
        .audience(RESOURCE)
        .email_optional()
        .build()
        .unwrap();
    let mut challenges = 0;
    for rejection in rejections() {
        let answer = rejected(&auth, &issuer, rejection).await;
        let without_resource = rejected(&plain, &issuer, rejection).await;
        assert_eq!(answer.status(), without_resource.status(), "{rejection:?}");
        let Some(default) = without_resource.challenge() else {
            assert_eq!(answer.challenge(), None, "{rejection:?}");
            continue;
        };
        challenges += 1;
        let challenge = answer.challenge().unwrap();
        let parameters = parameters(challenge);
        assert!(
            parameters.contains(&metadata()),
            "{rejection:?}: {challenge}"
        );
        // Everything else is as without a resource, except the scopes of a request without a token.
        for parameter in default.trim_start_matches("Bearer").split(", ") {
            let parameter = parameter.trim_start();
            assert!(
                parameter.is_empty() || parameters.contains(parameter),
                "{challenge}"
            );
        }
        let has_scope = challenge.contains("scope=");
        assert_eq!(
            has_scope,
            rejection == Rejection::MissingToken,
            "{challenge}"
        );
    }
    assert!(challenges >= 14, "{challenges}");
}

#[tokio::test]
async fn a_401_or_403_for_lack_of_a_token_or_scope_has_a_challenge() {
    let issuer = issuer();
    let auth = protected(&issuer).build().unwrap();
    for rejection in rejections() {
        let answer = rejected(&auth, &issuer, rejection).await;
        let is_needed = answer.status() == StatusCode::UNAUTHORIZED
            || matches!(
                rejection,
                Rejection::InsufficientScope | Rejection::SeveralTokens
            );
        assert_eq!(answer.challenge().is_some(), is_needed, "{rejection:?}");
    }
}

#[tokio::test]
async fn every_method_and_every_session_needs_a_token() {
    let auth = protected(&issuer()).build().unwrap();
    for method in [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY",
    ] {
        for session in [None, Some("1868a90c")] {
            let mut request = get("/mcp");
            *request.method_mut() = method.parse().unwrap();
            if let Some(id) = session {
                let headers = request.headers_mut();
                headers.insert("mcp-session-id", id.parse().unwrap());
                headers.insert("mcp-protocol-version", "2025-11-25".parse().unwrap());
            }
            let answer = ask(auth.clone(), request).await;
            assert_eq!(answer.status(), 401, "{method} {session:?}");
            assert_eq!(parameters(answer.challenge().unwrap()), set(&[BASE]));
        }
    }
}

#[tokio::test]
async fn an_invalid_token_is_challenged_without_scopes() {
    let issuer = issuer();
    let auth = protected(&issuer).build().unwrap();
    let invalid = r#"error_description="The access token is invalid""#;
    for (row, token, description) in [
        (
            "expired",
            access_token(&issuer).expired(),
            r#"error_description="The access token expired""#,
        ),
        (
            "another resource",
            access_token(&issuer).audience(LOGIN),
            invalid,
        ),
        ("an ID token", issuer.token_for("alice"), invalid),
        ("no jti", access_token(&issuer).without("jti"), invalid),
        (
            "a wrong signature",
            access_token(&issuer).bad_signature(),
            invalid,
        ),
        ("no signature", access_token(&issuer).unsigned(), invalid),
    ] {
        let answer = ask(auth.clone(), with_bearer(&token.mint())).await;
        assert_eq!(answer.status(), 401, "{row}");
        let challenge = answer.challenge().unwrap();
        assert_eq!(
            parameters(challenge),
            set(&[r#"error="invalid_token""#, description]),
            "{row}"
        );
    }
}

#[tokio::test]
async fn two_credentials_are_an_invalid_request() {
    let issuer = issuer();
    let token = access_token(&issuer).mint();
    let mut twice = with_bearer(&token);
    let value = format!("Bearer {token}").parse().unwrap();
    twice.headers_mut().append("authorization", value);
    let answer = ask(protected(&issuer).build().unwrap(), twice).await;
    assert_eq!(answer.status(), 400);
    let parameters = parameters(answer.challenge().unwrap());
    assert!(
        parameters.contains(r#"error="invalid_request""#),
        "{parameters:?}"
    );
    assert!(parameters.contains(&metadata()), "{parameters:?}");
}

#[tokio::test]
async fn the_first_field_is_ours_also_in_a_custom_response() {
    let issuer = issuer();
    let auth = protected(&issuer).answer_with(|_, _| {
        let mut response = Response::new(Bytes::from_static(b"custom"));
        for value in [
            "Basic realm=\"a\"",
            "bearer realm=\"b\"",
            "DPoP algs=\"ES256\"",
        ] {
            let value = value.parse().unwrap();
            response.headers_mut().append("www-authenticate", value);
        }
        response
    });
    let answer = ask(auth.build().unwrap(), get("/mcp")).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.body[..]),
        (401, &b"custom"[..])
    );
    let all = answer.response.headers().get_all("www-authenticate");
    let all: Vec<&str> = all.into_iter().map(|it| it.to_str().unwrap()).collect();
    assert_eq!(parameters(all[0]), set(&[BASE]));
    assert_eq!(all[1..], ["Basic realm=\"a\"", "DPoP algs=\"ES256\""]);
}

#[tokio::test]
async fn the_realm_is_the_first_parameter() {
    let auth = protected(&issuer()).realm("tasks").build().unwrap();
    let answer = ask(auth, get("/mcp")).await;
    let challenge = answer.challenge().unwrap();
    assert!(
        challenge.starts_with(r#"Bearer realm="tasks", "#),
        "{challenge}"
    );
    assert_eq!(parameters(challenge), set(&[r#"realm="tasks""#, BASE]));
}

#[tokio::test]
async fn a_challenge_has_only_characters_of_rfc_6750() {
    let issuer = issuer();
    let auth = protected(&issuer).build().unwrap();
    for rejection in rejections() {
        let answer = rejected(&auth, &issuer, rejection).await;
        for parameter in answer.challenge().map(parameters).unwrap_or_default() {
            let (name, value) = parameter.split_once('=').unwrap();
            let value = value.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
            let is_allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            assert!(value.bytes().all(is_allowed), "{name}: {value}");
            // Some clients search the text of the challenge for a scope.
            assert!(!value.contains("scope="), "{name}: {value}");
        }
    }
}
