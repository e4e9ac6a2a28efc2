//! Finds the session cookie of a request; used by `sessions`.

use http::HeaderMap;

use crate::{cookies::cookies, rejection::Rejection};

/// The prefixes of the cookie's name, the preferred one first (RFC 6265bis section 4.1.3). The others
/// are looked for only without it: an attacker on another subdomain cannot set it.
const PREFIXES: [&str; 3] = ["__Host-", "__Secure-", ""];

/// The names under which Better Auth may set the session cookie.
#[derive(Clone, Debug)]
pub(super) struct CookieNames([String; PREFIXES.len()]);

/// The value of a session cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SessionCookie<'r> {
    /// The index of its name.
    pub(super) name: u8,
    pub(super) value: &'r [u8],
}

impl CookieNames {
    pub(super) fn new(name: &str) -> Self {
        Self(PREFIXES.map(|prefix| format!("{prefix}{name}")))
    }

    pub(super) fn into_names(self) -> impl Iterator<Item = String> {
        self.0.into_iter()
    }

    pub(super) fn get(&self, index: u8) -> &str {
        self.0.get(usize::from(index)).map_or("", String::as_str)
    }

    /// Returns the session cookie of a request, if it has one. An empty value is treated as missing,
    /// because deleting a cookie can leave one.
    ///
    /// # Errors
    ///
    /// [`Rejection::SeveralTokens`] if the cookie has two different values: another subdomain may have
    /// set one of them.
    pub(super) fn find<'r>(
        &self,
        headers: &'r HeaderMap,
    ) -> Result<Option<SessionCookie<'r>>, Rejection> {
        let mut values: [Option<&[u8]>; PREFIXES.len()] = [None; PREFIXES.len()];
        let mut differ = [false; PREFIXES.len()];
        for (found, value) in cookies(headers) {
            let names = self.0.iter().zip(values.iter_mut().zip(&mut differ));
            for (name, (first, differs)) in names {
                if found == name.as_bytes() && !value.is_empty() {
                    *differs |= *first.get_or_insert(value) != value;
                }
            }
        }
        for (index, (value, differs)) in values.into_iter().zip(differ).enumerate() {
            let Some(value) = value else { continue };
            if differs {
                return Err(Rejection::SeveralTokens);
            }
            let name = index as u8;
            return Ok(Some(SessionCookie { name, value }));
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header::COOKIE};

    use super::*;

    #[test]
    fn the_session_cookie_is_found_by_its_names_only() {
        let names = CookieNames::new("better-auth.session_token");
        let found = |name, value: &'static str| {
            let value = value.as_bytes();
            Ok(Some(SessionCookie { name, value }))
        };
        let several = Err(Rejection::SeveralTokens);
        for (fields, expected) in [
            (&[][..], Ok(None)),
            (&["better-auth.session_token=a"], found(2, "a")),
            (&["x=1; better-auth.session_token=a ;y=2"], found(2, "a")),
            (&["__Secure-better-auth.session_token=a"], found(1, "a")),
            (&["__Host-better-auth.session_token=a"], found(0, "a")),
            (
                &["better-auth.session_token=a; __Secure-better-auth.session_token=b"],
                found(1, "b"),
            ),
            (
                &[
                    "__Secure-better-auth.session_token=b",
                    "__Host-better-auth.session_token=c",
                ],
                found(0, "c"),
            ),
            (
                &["better-auth.session_token=a;better-auth.session_token=a"],
                found(2, "a"),
            ),
            (
                &["better-auth.session_token=a", "better-auth.session_token=b"],
                several,
            ),
            (
                &[
                    "better-auth.session_token=a; better-auth.session_token=b; __Secure-better-auth.session_token=c",
                ],
                found(1, "c"),
            ),
            (
                &["better-auth.session_token=; better-auth.session_token=b"],
                found(2, "b"),
            ),
            (&["better-auth.session_token="], Ok(None)),
            (&["better-auth.session_token"], Ok(None)),
            (&["Better-Auth.Session_Token=a"], Ok(None)),
            (&["xbetter-auth.session_token=a"], Ok(None)),
            (&["better-auth.session_token_multi-abc=a"], Ok(None)),
            (&["better-auth.admin_session=a"], Ok(None)),
            (&["better-auth.session_data=a"], Ok(None)),
            (&["app.session_token=a"], Ok(None)),
            (&["better-auth.session_token=a=b"], found(2, "a=b")),
        ] {
            let mut headers = HeaderMap::new();
            for field in fields {
                headers.append(COOKIE, HeaderValue::from_static(field));
            }
            assert_eq!(names.find(&headers), expected, "{fields:?}");
        }
    }
}
