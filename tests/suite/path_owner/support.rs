//! A layer with one pattern, and requests by users.

use http::Request;
use tower_jwt_auth::{CurrentUser, PathOwnerLayer};

use crate::support::{ask, get};

pub(super) fn owner() -> PathOwnerLayer {
    PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap()
}

pub(super) fn by(user_id: &str, mut request: Request<()>) -> Request<()> {
    let user = CurrentUser::new(user_id, "user@example.com");
    request.extensions_mut().insert(user);
    request
}

pub(super) const ACCEPTED: &str = "accepted";
pub(super) const NOT_OWNER: &str = "not_owner";
pub(super) const NO_PATTERN: &str = "no_pattern";

/// Sends each request and reports all rows with another result than `reason`.
#[track_caller]
pub(super) fn assert_all(layer: &PathOwnerLayer, reason: &str, rows: &[(&str, &str, &str)]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut failures = Vec::new();
    for (description, user_id, path) in rows {
        let request = by(user_id, get(path));
        // `http` must not have changed the path.
        assert_eq!(request.uri().to_string(), *path, "{description}");
        let answer = runtime.block_on(ask(layer.clone(), request));
        let status = if reason == ACCEPTED { 200 } else { 403 };
        if answer.reason() != reason || answer.status() != status {
            failures.push(format!(
                "{description}: {user_id:?} at {path:?} got {} {}",
                answer.status(),
                answer.reason()
            ));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}
