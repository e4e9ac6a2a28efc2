use std::{sync::Arc, time::SystemTime};

use super::JwtAuthBuilder;
use crate::clock::Clock;

/// # What a request gets
impl JwtAuthBuilder {
    /// Lets a request without a token go on, without a user. One with a token that does
    /// not verify is refused as ever, and [`PathOwnerLayer`](crate::PathOwnerLayer) answers an
    /// anonymous request with the 401 that it would have got here.
    pub fn allow_anonymous(mut self) -> Self {
        self.anonymous_may_pass = true;
        self
    }

    /// Names the realm in the challenge of a 401 (RFC 9110 section 11.5): visible ASCII and spaces,
    /// without `"` and `\`.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.answers.realm = Some(realm.into());
        self
    }

    /// Answers gRPC requests in plain HTTP too.
    ///
    /// A refusal in gRPC has the HTTP status 200. A service whose 2xx stands for "allowed", such as
    /// the target of nginx's `auth_request`, must say this.
    pub fn http_answers_only(mut self) -> Self {
        self.answers.http_only = true;
        self
    }

    /// Refuses tokens of more bytes than this. Default 16 KiB.
    pub fn max_token_len(mut self, bytes: usize) -> Self {
        self.max_token_len = bytes;
        self
    }

    /// Takes the time from this function and not from the system: for tests.
    pub fn clock<F>(mut self, now: F) -> Self
    where
        F: Fn() -> SystemTime + Send + Sync + 'static,
    {
        self.clock = Clock::Custom(Arc::new(now));
        self
    }
}
