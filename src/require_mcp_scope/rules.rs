//! The rules of a layer, which decide whether a user may execute a message; used by `layer`,
//! `service`, and `future`.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, request};
use http_body::Body;

use super::{
    collect::declares_more_than,
    headers,
    message::{Message, Target},
    names::{ImpliedScopes, NameRules},
    session::SessionKey,
};
use crate::{
    protected_resource::ProtectedResource,
    rejection::{Head, Refusal, Rejection, RejectionDetails},
    user::CurrentUser,
    user_rules::UserRules,
};

/// 4 MiB, as in rmcp.
const DEFAULT_MAX_BODY_LEN: usize = 4 * 1024 * 1024;

/// The rules of a layer.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) resource: ProtectedResource,
    pub(super) tools: NameRules,
    pub(super) resources: NameRules,
    pub(super) prompts: NameRules,
    pub(super) implied: ImpliedScopes,
    /// In bytes.
    pub(super) max_body_len: usize,
    pub(super) session_key: Option<SessionKey>,
    pub(super) user_rules: UserRules<()>,
}

/// An accepted request, whose body may still have to be checked.
pub(super) struct Admitted {
    /// Whether the body decides what the request executes.
    pub(super) reads_body: bool,
    pub(super) response_signer: Option<ResponseSigner>,
}

/// Signs the session ID of a response for the user of the request.
pub(super) struct ResponseSigner {
    rules: Arc<Rules>,
    /// A preflight has no user.
    user: Option<CurrentUser>,
}

/// A rejected request.
pub(super) struct Denied {
    rejection: Rejection,
    details: Option<RejectionDetails>,
}

impl Rules {
    pub(super) fn new(resource: &ProtectedResource) -> Self {
        Self {
            resource: resource.clone(),
            tools: NameRules::default(),
            resources: NameRules::default(),
            prompts: NameRules::default(),
            implied: ImpliedScopes::default(),
            max_body_len: DEFAULT_MAX_BODY_LEN,
            session_key: None,
            user_rules: UserRules::new(()),
        }
    }

    /// Checks a request whose body has not been read, and removes the MAC from its session ID.
    pub(super) fn admit<B: Body>(
        self: &Arc<Self>,
        request: &mut Request<B>,
    ) -> Result<Admitted, Denied> {
        let user = self.user_rules.user((&*request).into())?;
        if let Some(user) = user {
            self.check_scopes(user, &[])?;
        }
        let signer = self.session_key.as_ref().map(|key| {
            let rules = Arc::clone(self);
            let user = user.cloned();
            (key, ResponseSigner { rules, user })
        });
        let response_signer = match signer {
            Some((key, signer)) => {
                key.unsign(signer.user.as_ref(), request.headers_mut())?;
                Some(signer)
            }
            None => None,
        };
        let reads_body = executes_its_body(request.method());
        if reads_body && declares_more_than(self.max_body_len, request) {
            return Err(Rejection::BodyTooLarge.into());
        }
        if reads_body && !headers::declare_plain_json(request.headers()) {
            return Err(Rejection::McpRequest.into());
        }
        Ok(Admitted {
            reads_body,
            response_signer,
        })
    }

    /// Checks that the user of a request may execute its body.
    pub(super) fn check_body(&self, request: &request::Parts, body: &[u8]) -> Result<(), Denied> {
        let user: Option<&CurrentUser> = request.extensions.get();
        let user = user.ok_or(Rejection::NoUser)?;
        let message = Message::read(body).ok_or(Rejection::McpRequest)?;
        if !headers::agree(&request.headers, &message) {
            return Err(Rejection::McpRequest.into());
        }
        let needed: Option<Vec<&[String]>> = match &message.target {
            Target::Tool(name) => self.tools.scopes(name).map(|scopes| vec![scopes]),
            Target::Prompt(name) => self.prompts.scopes(name).map(|scopes| vec![scopes]),
            Target::Resource(uri) => self.resources.scopes(uri).map(|scopes| vec![scopes]),
            Target::Resources(uris) => uris.iter().map(|uri| self.resources.scopes(uri)).collect(),
            // The base scopes suffice.
            Target::Task(_) | Target::Nothing => return Ok(()),
        };
        self.check_scopes(user, &needed.ok_or(Rejection::McpUnlisted)?)
    }

    /// Checks that a user has the base scopes and all of these.
    fn check_scopes(&self, user: &CurrentUser, further: &[&[String]]) -> Result<(), Denied> {
        let mut needed: Vec<&String> = Vec::new();
        let further = further.iter().copied().flatten();
        for scope in self.resource.base_scopes().iter().chain(further) {
            if !needed.contains(&scope) {
                needed.push(scope);
            }
        }
        if needed.is_empty() {
            return Ok(());
        }
        let granted = user.client_scopes();
        let has = |scope: &&String| {
            let includes =
                |granted: &str| granted == *scope || self.implied.includes(granted, scope);
            granted.iter().any(|granted| includes(granted))
        };
        if needed.iter().all(has) {
            return Ok(());
        }
        let needed: Vec<String> = needed.into_iter().cloned().collect();
        Err(Denied {
            rejection: Rejection::InsufficientScope,
            details: Some(RejectionDetails::requiring_scopes(&needed)),
        })
    }

    /// Builds the response to a rejected request.
    pub(super) fn reject(&self, denied: &Denied, request: Head<'_>) -> Response<Bytes> {
        let refusal = Refusal {
            details: denied.details.as_ref(),
            ..denied.rejection.into()
        };
        self.user_rules.reject(refusal, request)
    }
}

/// Returns whether a server may execute the body of a request with this method. MCP uses `POST`
/// alone, but a server may accept other methods like it.
fn executes_its_body(method: &Method) -> bool {
    !matches!(
        *method,
        Method::GET | Method::HEAD | Method::DELETE | Method::OPTIONS
    )
}

impl ResponseSigner {
    pub(super) fn sign(&self, headers: &mut HeaderMap) {
        if let Some(key) = &self.rules.session_key {
            key.sign(self.user.as_ref(), headers);
        }
    }
}

impl From<Rejection> for Denied {
    fn from(rejection: Rejection) -> Self {
        Self {
            rejection,
            details: None,
        }
    }
}
