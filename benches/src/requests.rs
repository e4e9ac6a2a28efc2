//! Requests that cycle through the users.

use http::{HeaderValue, Request, Uri, header::AUTHORIZATION};

use crate::tokens::subject;

/// `GET /api/<user>/tasks` of one user after the other, each with their own token.
#[derive(Clone)]
pub struct Requests {
    /// Parsed before, as a server has done when a layer is asked.
    parts: Vec<(Uri, Option<HeaderValue>)>,
    next: usize,
}

impl Requests {
    /// To the path of the user whose token it is.
    pub fn own(tokens: &[String]) -> Self {
        Self::new(tokens.iter().map(Some), 0)
    }

    /// To the path of the user after that.
    pub fn of_another(tokens: &[String]) -> Self {
        Self::new(tokens.iter().map(Some), 1)
    }

    /// Without a token, from this many users.
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

    /// The next one. It costs the same whatever it is sent to.
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
