//! Requests of all users in turn.

use http::{
    HeaderName, HeaderValue, Request, Uri,
    header::{AUTHORIZATION, COOKIE},
};

use crate::tokens::subject;

/// `GET /api/<user>/tasks` by each user in turn, with their own token.
#[derive(Clone)]
pub struct Requests {
    /// Parsed in advance, because a server parses a request before it calls a layer.
    parts: Vec<(Uri, Option<(HeaderName, HeaderValue)>)>,
    next: usize,
}

impl Requests {
    /// Requests to the own path of each user.
    pub fn own(tokens: &[String]) -> Self {
        Self::new(tokens.iter().map(bearer), 0)
    }

    /// Requests to the own path of each user, with a cookie instead of a token.
    pub fn with_cookies(cookies: &[String]) -> Self {
        Self::new(cookies.iter().map(|cookie| field(COOKIE, cookie)), 0)
    }

    /// Requests to the path of another user.
    pub fn of_another(tokens: &[String]) -> Self {
        Self::new(tokens.iter().map(bearer), 1)
    }

    /// Requests without a token, to the paths of this many users.
    pub fn without_token(users: usize) -> Self {
        Self::new((0..users).map(|_| None), 0)
    }

    fn new(fields: impl Iterator<Item = Option<(HeaderName, HeaderValue)>>, shift: usize) -> Self {
        let parts = fields.enumerate().map(|(user, field)| {
            let path = format!("/api/{}/tasks", subject(user + shift));
            (path.parse().expect("a path is a URI"), field)
        });
        Self {
            parts: parts.collect(),
            next: 0,
        }
    }

    /// Creates the next request. The cost is the same for every service.
    pub fn make<B: Default>(&mut self) -> Request<B> {
        let (uri, field) = &self.parts[self.next];
        self.next = (self.next + 1) % self.parts.len();
        let mut request = Request::new(B::default());
        *request.uri_mut() = uri.clone();
        if let Some((name, value)) = field {
            request.headers_mut().insert(name, value.clone());
        }
        request
    }
}

fn bearer(token: &String) -> Option<(HeaderName, HeaderValue)> {
    field(AUTHORIZATION, &format!("Bearer {token}"))
}

fn field(name: HeaderName, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let value = HeaderValue::try_from(value).expect("tokens and cookies are ASCII");
    Some((name, value))
}
