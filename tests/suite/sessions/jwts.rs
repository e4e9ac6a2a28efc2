//! Bearer tokens that are no session tokens.

use http::{Request, header::AUTHORIZATION};

use super::server::{SECRET, SessionServer, authenticate, signed, token};
use crate::support;

#[tokio::test]
async fn a_layer_with_sessions_alone_rejects_other_bearers() {
    let server = SessionServer::start().await;
    let layer = server.layer();
    let session = signed(&token(1), SECRET);
    for (bearer, reason) in [
        (support::token(&support::claims()), "algorithm"),
        (token(1), "opaque_session_token"),
        ("garbage".to_owned(), "malformed"),
        (session.replace('=', ""), "malformed"),
        ("a".repeat(17 * 1024), "too_long"),
    ] {
        let request = Request::builder().header(AUTHORIZATION, format!("Bearer {bearer}"));
        let answer = authenticate(&layer, request.body(()).unwrap()).await;
        assert_eq!(answer.unwrap_err(), reason, "{bearer}");
        assert!(layer.verifier().verify(&bearer).is_err(), "{bearer}");
    }
    assert_eq!(server.lookups(), 0);
}
