//! Dot segments in every disguise that a few pieces can form.

use std::{iter, ops::ControlFlow};

use axum::{Router, body::Body, extract::Path, response::IntoResponse, routing::get};
use http::{Request, StatusCode, Uri};
use percent_encoding::percent_decode_str;
use proptest::{prelude::*, test_runner::TestRunner};
use tokio::runtime::Runtime;
use tower::ServiceExt;
use tower_jwt_auth::{CurrentUser, PathOwnerLayer};

use super::{backend::changed_url, check};

/// The pieces of disguised dot segments and of their surroundings.
const PIECES: [&str; 30] = [
    ".", "..", "%2e", "%252e", "%252E", "%", "%25", "2e", "2", "/", "%2F", "%252F", "%5C", "%255C",
    "%3F", "%23", ";", "%3B", ":", "https:", "%09", "%0A", "%0d", "%20", "%01", "%1F", "%7F", "x",
    "bob", "é",
];

struct Guarded {
    runtime: Runtime,
    routers: [(&'static str, Router); 2],
}

impl Guarded {
    fn new() -> Self {
        // Only allowed requests reach the handler.
        let handler = async |Path((_, rest)): Path<(String, String)>| rest;
        let routes = || Router::new().route("/api/{user_id}/{*rest}", get(handler));
        let pattern = PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap();
        Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap(),
            routers: [
                ("pattern", routes().layer(pattern)),
                (
                    "path_param",
                    routes().route_layer(PathOwnerLayer::path_param("user_id")),
                ),
            ],
        }
    }

    /// The response of each router to alice, or `None` if the path is not valid in a request.
    fn ask(&self, rest: &str) -> Option<[(&'static str, StatusCode); 2]> {
        let uri: Uri = format!("/api/alice/{rest}").parse().ok()?;
        let answers = self.routers.each_ref().map(|(form, router)| {
            let user = CurrentUser::new("alice", "alice@example.com");
            let request = Request::get(uri.clone()).extension(user);
            let answer = router.clone().oneshot(request.body(Body::empty()).unwrap());
            let answer = self.runtime.block_on(answer);
            (*form, answer.into_response().status())
        });
        Some(answers)
    }

    /// Returns whether both routers allow the path. Fails if one allows a path that changes a URL.
    fn try_path(&self, rest: &str) -> Result<bool, TestCaseError> {
        let Some(answers) = self.ask(rest) else {
            return Ok(false);
        };
        let Ok(decoded) = percent_decode_str(rest).decode_utf8() else {
            return Ok(false);
        };
        let changed_url = changed_url("alice", &decoded);
        for (form, status) in answers {
            let is_rejected = status == StatusCode::FORBIDDEN;
            check(is_rejected || changed_url.is_none(), || {
                format!("{form}: {rest:?} got {status}: {changed_url:?}")
            })?;
        }
        Ok(answers.iter().all(|(_, status)| *status == StatusCode::OK))
    }
}

#[test]
fn dot_segments_disguised_with_up_to_3_pieces_are_rejected() {
    let guarded = Guarded::new();
    let (mut sent, mut allowed) = (0, 0);
    let tried = for_each_combination(3, |rest| {
        sent += 1;
        match guarded.try_path(rest) {
            Ok(is_allowed) => allowed += u32::from(is_allowed),
            Err(error) => return ControlFlow::Break(error),
        }
        ControlFlow::Continue(())
    });
    assert!(tried.is_continue(), "{tried:?}");
    assert!(allowed > sent / 4, "only {allowed} of {sent} are allowed");
}

#[test]
fn dot_segments_in_longer_disguises_are_rejected() {
    let guarded = Guarded::new();
    let piece = proptest::sample::select(&PIECES[..]);
    let rests = proptest::collection::vec(piece, 4..10);
    let run = TestRunner::new(super::matrix::config()).run(&rests, |pieces| {
        guarded.try_path(&pieces.concat()).map(drop)
    });
    if let Err(error) = run {
        panic!("{error}");
    }
}

/// Calls a function with every combination of up to `max` pieces.
fn for_each_combination<B>(
    max: usize,
    mut each: impl FnMut(&str) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let mut texts = vec![String::new()];
    for _ in 0..max {
        let longer = texts.iter().flat_map(|text| {
            iter::repeat(text)
                .zip(PIECES)
                .map(|(text, piece)| format!("{text}{piece}"))
        });
        texts = longer.collect();
        texts.iter().try_for_each(|text| each(text))?;
    }
    ControlFlow::Continue(())
}
