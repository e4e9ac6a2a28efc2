//! Requests of all users in turn.

use http::{HeaderValue, Request, Uri, header::AUTHORIZATION};

use crate::tokens::subject;

/// `GET /api/<user>/tasks` by each user in turn, with their own token.
#[derive(Clone)]
pub struct Requests {
    /// Parsed in advance, because a server parses a request before it calls a layer.
    parts: Vec<(Uri, Option<HeaderValue>)>,
    next: usize,
}

impl Requests {
    /// Requests to the own path of each user.
    pub fn own(tokens: &[String]) -> Self {
        Self::new(tokens.iter().map(Some), 0)
    }

    /// Requests to the path of another user.
    pub fn of_another(tokens: &[String]) -> Self {
        Self::new(tokens.iter().map(Some), 1)
    }

    /// Requests without a token, to the paths of this many users.
    pub fn without_token(users: usize) -> Self {
        Self::new((0..users).map(|_| None), 0)
    }

    fn new<'a>(tokens: impl Iterator<Item = Option<&'a String>>, shift: usize) -> Self {
        let parts = tokens.enumerate().map(|(user, token)| {
            let path = format!("/api/{}/tasks", subject(user + shift));
            let value = token.map(|token| {
                HeaderValue::try_from(format!("Bearer {token}")).expect("a token is ASCII")
            });
            (path.parse().expect("a path is a URI"), value)
        });
        Self {
            parts: parts.collect(),
            next: 0,
        }
    }

    /// Creates the next request. The cost is the same for every service.
    pub fn make<B: Default>(&mut self) -> Request<B> {
        let (uri, value) = &self.parts[self.next];
        self.next = (self.next + 1) % self.parts.len();
        let mut request = Request::new(B::default());
        *request.uri_mut() = uri.clone();
        if let Some(value) = value {
            request.headers_mut().insert(AUTHORIZATION, value.clone());
        }
        request
    }
}
