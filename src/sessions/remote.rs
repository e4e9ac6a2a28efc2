//! Looks up sessions at Better Auth's endpoint `get-session`; used by `settings`.

use std::{fmt, sync::Arc};

use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{AUTHORIZATION, COOKIE},
};

use super::{
    record::Record,
    source::{Found, SessionCredential, SessionSource},
};
use crate::{
    http_client::{GetError, GetFailure, HttpClient},
    lookups::LookupError,
};

/// The maximum size of a response, in bytes.
const MAX_RECORD_BYTES: usize = 64 * 1024;

/// The endpoint of a Better Auth server.
pub(super) struct Remote {
    client: HttpClient,
    url: String,
}

impl Remote {
    pub(super) fn new(url: String) -> Self {
        Self {
            client: HttpClient::new(""),
            url,
        }
    }

    async fn ask(&self, credential: SessionCredential) -> Result<Option<Record>, LookupError> {
        // Without `disableCookieCache`, the answer could come from a cookie and ignore a sign-out.
        // Extending the session of a cookie needs a `Set-Cookie` that this service cannot deliver.
        let (query, name, value) = match credential.cookie_name {
            Some(name) => (
                "disableCookieCache=true&disableRefresh=true",
                COOKIE,
                format!("{name}={}", credential.text),
            ),
            None => (
                "disableCookieCache=true",
                AUTHORIZATION,
                format!("Bearer {}", credential.text),
            ),
        };
        let url = format!("{}?{query}", self.url);
        let fields = credential_field(name, value)?;
        match self.client.get(&url, fields, MAX_RECORD_BYTES).await {
            // `null` is the record of a missing session.
            Ok(fetched) => Record::of_response(&fetched.body),
            Err(error) if error.cause == GetFailure::Status(StatusCode::UNAUTHORIZED) => Ok(None),
            Err(error) => Err(explain(&error)),
        }
    }
}

impl SessionSource for Remote {
    fn find(self: Arc<Self>, credential: SessionCredential) -> Found {
        Box::pin(async move { self.ask(credential).await })
    }
}

/// Returns the only header field with a credential that Better Auth receives.
fn credential_field(name: HeaderName, value: String) -> Result<HeaderMap, LookupError> {
    let mut value = HeaderValue::try_from(value).map_err(|_| LookupError {
        message: "the session token or the name of its cookie is not a header value".to_owned(),
        is_outage: false,
    })?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(name, value)]))
}

fn explain(error: &GetError) -> LookupError {
    let advice = match error.cause {
        GetFailure::Status(StatusCode::TOO_MANY_REQUESTS) => {
            "; Better Auth's rate limit counts the lookups of all users together: exempt them with rateLimit: { customRules: { \"/get-session\": false } }"
        }
        // Before 1.6, that plugin has its own schema, in which `disableRefresh` is not a text.
        GetFailure::Status(StatusCode::BAD_REQUEST) => {
            "; Better Auth before 1.6 rejects disableRefresh if the plugin customSession is used: update Better Auth"
        }
        GetFailure::Status(StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) => {
            "; the URL is not that of Better Auth's endpoint get-session: set it with .session_url(…)"
        }
        GetFailure::Status(StatusCode::INTERNAL_SERVER_ERROR) => {
            "; the log of Better Auth has the cause, for example keys of its jwt() plugin that a new secret cannot decrypt"
        }
        _ => "",
    };
    LookupError {
        message: format!("{error}{advice}"),
        is_outage: error.is_outage(),
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remote")
    }
}
