//! A layer with one pattern, and requests of users.

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

pub(super) const PASS: &str = "accepted";
pub(super) const REFUSED: &str = "not_owner";
pub(super) const UNCOVERED: &str = "no_pattern";

/// Sends each user to each path. Reports all rows that got another answer than `reason`.
#[track_caller]
pub(super) fn assert_all(layer: &PathOwnerLayer, reason: &str, rows: &[(&str, &str, &str)]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut wrong = Vec::new();
    for (description, user_id, path) in rows {
        let request = by(user_id, get(path));
        // What `http` makes of the path is what is tested.
        assert_eq!(request.uri().to_string(), *path, "{description}");
        let answer = runtime.block_on(ask(layer.clone(), request));
        let status = if reason == PASS { 200 } else { 403 };
        if answer.reason() != reason || answer.status() != status {
            wrong.push(format!(
                "{description}: {user_id:?} at {path:?} got {} {}",
                answer.status(),
                answer.reason()
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
