//! [`Explanation`]: all checks of a token, in their order, for developers; used by the verifier.
//!
//! The verifier decides which error a token has, and `failed_check` finds the check with that error.
//! An explanation therefore never disagrees with the verifier. `later_check` then applies the checks
//! that follow.

use std::fmt;

use super::{
    configured, error::TokenError, failed_check, hint, issuer::Issuer, later_check,
    token_check::TokenCheck,
};

/// All checks of one token, in the order of verification: see
/// [`TokenVerifier::explain`](crate::TokenVerifier::explain).
///
/// `Display` lists one check per line, with the outcome and the configured value. Below each failed
/// check, it describes the difference and the fix. The checks after the first failed one are applied
/// too, except those that need its result, so that one explanation shows all differences:
///
/// ```text
/// passed       form              at most 16384 bytes
/// …
/// FAILED       times             no leeway
///              the token expired 3 h ago; …
/// also FAILED  issuer            "https://app.example.com"
///              iss must be "https://app.example.com", but the token's value has a trailing slash; …
/// passed       audience          "https://app.example.com"
/// …
/// not reached  own checks        0 set with .check(…)
/// ```
///
/// No output contains a value from the token, except the name of a known algorithm and the rounded
/// time since the token expired or until it becomes valid. It does contain configured values, such as the
/// issuer and the URL of the keys, so do not send it to clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    checks: Vec<ExplainedCheck>,
    error: Option<TokenError>,
}

/// One check of an [`Explanation`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedCheck {
    check: TokenCheck,
    outcome: CheckOutcome,
    configured: Option<String>,
    difference: Option<String>,
}

/// The outcome of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckOutcome {
    /// The token fulfils the requirement. After a failed check of the key or the signature, anyone
    /// could have written the token.
    Passed,
    /// The token is rejected because of this check.
    Failed,
    /// An earlier check failed, and this check fails too.
    AlsoFailed,
    /// An earlier check failed, and this check needs its result or the application.
    NotReached,
}

/// The order of the checks for one issuer with one kind of keys. A test compares it with the
/// verifier.
const ORDER: [TokenCheck; 17] = [
    TokenCheck::Secret,
    TokenCheck::Form,
    TokenCheck::Header,
    TokenCheck::IssuerSelection,
    TokenCheck::Algorithm,
    TokenCheck::Type,
    TokenCheck::Key,
    TokenCheck::Signature,
    TokenCheck::Claims,
    TokenCheck::Times,
    TokenCheck::Issuer,
    TokenCheck::Audience,
    TokenCheck::AuthorizedParty,
    TokenCheck::UserId,
    TokenCheck::Email,
    TokenCheck::KeyIssuer,
    TokenCheck::OwnChecks,
];

impl Explanation {
    /// Explains the verifier's `error` for this token at `now`, in seconds since the epoch.
    pub(super) fn new(
        issuers: &[&Issuer],
        max_token_len: usize,
        token: &[u8],
        error: Option<TokenError>,
        now: u64,
    ) -> Self {
        let is_short = token.len() <= max_token_len;
        let (issuer, failed) = failed_check::find(issuers, is_short.then_some(token), error);
        let is_listed = |failed: &TokenCheck| order(issuers, issuer).any(|check| check == *failed);
        // The check is not listed if the issuer was added or removed after the verification.
        let failed = failed.map(|failed| {
            let other = TokenCheck::IssuerSelection;
            if is_listed(&failed) { failed } else { other }
        });
        // Without a secret, a form, a header, or an issuer, the later checks mean nothing.
        let first = TokenCheck::Algorithm;
        let mut listed = order(issuers, issuer).skip_while(|check| *check != first);
        let is_readable = listed.any(|check| failed == Some(check));
        let later = |check| later_check::apply(check, issuer.filter(|_| is_readable)?, token, now);
        let mut is_later = false;
        let checks = order(issuers, issuer).map(|check| {
            let (outcome, error) = if failed == Some(check) {
                is_later = true;
                (CheckOutcome::Failed, error)
            } else if !is_later {
                (CheckOutcome::Passed, None)
            } else {
                match later(check) {
                    Some(Ok(())) => (CheckOutcome::Passed, None),
                    Some(Err(error)) => (CheckOutcome::AlsoFailed, Some(error)),
                    None => (CheckOutcome::NotReached, None),
                }
            };
            let difference = |error: TokenError| {
                let found = is_short.then(|| match check {
                    TokenCheck::Times => later_check::wrong_time(token, error, now),
                    _ => hint::suggest(issuers, token, error, now).map(|hint| hint.text),
                });
                found.flatten().unwrap_or_else(|| error.to_string())
            };
            ExplainedCheck {
                check,
                outcome,
                configured: configured::describe(check, issuers, issuer, max_token_len),
                difference: error.map(difference),
            }
        });
        Self {
            checks: checks.collect(),
            error,
        }
    }

    /// Returns all checks, in the order of verification. Either all of them passed, or exactly one
    /// has the outcome [`Failed`](CheckOutcome::Failed).
    pub fn checks(&self) -> impl Iterator<Item = &ExplainedCheck> {
        self.checks.iter()
    }

    /// Returns the check because of which the token is rejected, or `None` for an accepted token.
    pub fn failed(&self) -> Option<&ExplainedCheck> {
        let mut checks = self.checks.iter();
        checks.find(|check| check.outcome == CheckOutcome::Failed)
    }

    /// Returns the error that [`verify`](crate::TokenVerifier::verify) returns for this token, or
    /// `None` for an accepted token.
    pub fn error(&self) -> Option<TokenError> {
        self.error
    }
}

impl ExplainedCheck {
    /// Returns which check this is.
    pub fn check(&self) -> TokenCheck {
        self.check
    }

    /// Returns the outcome.
    pub fn outcome(&self) -> CheckOutcome {
        self.outcome
    }

    /// Returns the configured value as text, such as `"https://app.example.com"` or `leeway 5 s`.
    /// Returns `None` if the check has no setting, or if the token names none of several issuers.
    pub fn configured(&self) -> Option<&str> {
        self.configured.as_deref()
    }

    /// For a failed check, returns the kind of difference and the fix, without a value from the
    /// token.
    pub fn difference(&self) -> Option<&str> {
        self.difference.as_deref()
    }
}

/// Returns the checks of a token from this issuer, in order.
fn order(issuers: &[&Issuer], issuer: Option<&Issuer>) -> impl Iterator<Item = TokenCheck> {
    let has_secret = issuers
        .iter()
        .any(|issuer| issuer.algorithms.iter().any(|alg| alg.is_hmac()));
    let secret_is_first = matches!(issuers, [only] if only.keys.only_source().is_some());
    let has_template = issuer.is_some_and(|issuer| issuer.policy.issuers.tenant_claim().is_some());
    ORDER.into_iter().flat_map(move |check| {
        let later = (check == TokenCheck::IssuerSelection && has_secret && !secret_is_first)
            .then_some(TokenCheck::Secret);
        let is_listed = match check {
            TokenCheck::Secret => has_secret && secret_is_first,
            TokenCheck::KeyIssuer => has_template,
            _ => true,
        };
        is_listed.then_some(check).into_iter().chain(later)
    })
}

impl fmt::Display for CheckOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "passed",
            Self::Failed => "FAILED",
            Self::AlsoFailed => "also FAILED",
            Self::NotReached => "not reached",
        })
    }
}

impl fmt::Display for ExplainedCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (outcome, check) = (self.outcome, self.check);
        match &self.configured {
            Some(configured) => write!(f, "{outcome:<11}  {check:<17} {configured}")?,
            None => write!(f, "{outcome:<11}  {check}")?,
        }
        match &self.difference {
            Some(difference) => write!(f, "\n{:13}{difference}", ""),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.checks
            .iter()
            .try_for_each(|check| writeln!(f, "{check}"))
    }
}
