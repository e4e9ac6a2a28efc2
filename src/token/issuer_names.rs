//! [`IssuerNames`]: the `iss` values that an issuer's tokens may have; used by `policy`, `issuer`,
//! and the builder.

use super::error::TokenError;
use crate::{json::ClaimValue, user::ClaimName};

/// The accepted `iss` values: exact names, and templates with a tenant in their path.
#[derive(Clone, Debug, Default)]
pub(crate) struct IssuerNames {
    pub(crate) exact: Vec<String>,
    pub(crate) templates: Vec<IssuerTemplate>,
    /// The accepted tenants; `None` for all of them.
    pub(crate) tenants: Option<Vec<String>>,
}

/// A name with a tenant in its path, such as `https://login.microsoftonline.com/{tid}/v2.0`.
#[derive(Clone, Debug)]
pub(crate) struct IssuerTemplate {
    text: String,
    /// The text before and after the placeholder.
    prefix: String,
    suffix: String,
    /// The claim that must equal the tenant.
    pub(crate) claim: ClaimName,
}

impl IssuerNames {
    pub(crate) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.templates.is_empty()
    }

    /// Returns whether a token with this `iss` belongs to the issuer. The tenant's claim is not
    /// compared, because the signature has not been verified yet.
    pub(crate) fn include(&self, iss: &str) -> bool {
        self.has_exact(iss) || self.tenant(iss).is_some()
    }

    #[inline]
    fn has_exact(&self, iss: &str) -> bool {
        self.exact.iter().any(|name| name == iss)
    }

    /// Returns the tenant in `iss` if it is accepted.
    fn tenant<'i>(&self, iss: &'i str) -> Option<&'i str> {
        let tenant = self.any_tenant(iss)?;
        let is_accepted = match &self.tenants {
            Some(tenants) => tenants.iter().any(|accepted| accepted == tenant),
            None => true,
        };
        is_accepted.then_some(tenant)
    }

    /// Returns the tenant that is named in `iss`, even if it is not accepted.
    fn any_tenant<'i>(&self, iss: &'i str) -> Option<&'i str> {
        self.templates.iter().find_map(|name| name.tenant(iss))
    }

    pub(super) fn is_of_unlisted_tenant(&self, iss: &str) -> bool {
        self.tenant(iss).is_none() && self.any_tenant(iss).is_some()
    }

    /// Returns the claim that is compared with the tenant in `iss`, if there are templates.
    pub(crate) fn tenant_claim(&self) -> Option<&ClaimName> {
        self.templates.first().map(|template| &template.claim)
    }

    /// Checks `iss` and the claim that must equal the tenant in it. Returns `iss`, or `None` if no
    /// name is configured.
    #[inline]
    pub(crate) fn check<'a>(
        &self,
        iss: &'a ClaimValue<'_>,
        tenant: Option<&ClaimValue<'_>>,
    ) -> Result<Option<&'a str>, TokenError> {
        match iss {
            ClaimValue::Text(iss) if self.has_exact(iss) => Ok(Some(iss)),
            // An unchecked `iss` is not returned, so that nothing relies on it.
            ClaimValue::Absent | ClaimValue::Text(_) if self.is_empty() => Ok(None),
            ClaimValue::Text(iss) if self.is_of_tenant(iss, tenant) => Ok(Some(iss)),
            _ => Err(TokenError::Issuer),
        }
    }

    fn is_of_tenant(&self, iss: &str, claim: Option<&ClaimValue<'_>>) -> bool {
        matches!((self.tenant(iss), claim), (Some(tenant), Some(ClaimValue::Text(claim))) if claim == tenant)
    }

    /// Checks a token whose key names the issuer for which it signs, with `{tenantid}` for the tenant,
    /// as in the key sets of Microsoft. An exact name was configured together with its keys, so it
    /// needs this check only if it has the form of a template, whose tenants share the keys.
    pub(crate) fn check_key_issuer(&self, key_issuer: &str, iss: &str) -> Result<(), TokenError> {
        let Some(tenant) = self.any_tenant(iss) else {
            return Ok(());
        };
        let is_named = match key_issuer.split_once("{tenantid}") {
            Some((prefix, suffix)) => between(iss, prefix, suffix) == Some(tenant),
            None => key_issuer == iss,
        };
        is_named.then_some(()).ok_or(TokenError::Issuer)
    }

    /// Returns whether users of several tenants are accepted. Two tenants may assign the same user
    /// ID.
    pub(crate) fn have_several_tenants(&self) -> bool {
        let Some(tenants) = &self.tenants else {
            return !self.templates.is_empty();
        };
        let of_exact = self.exact.iter().filter_map(|name| self.any_tenant(name));
        let mut all = tenants.iter().map(String::as_str).chain(of_exact);
        let first = all.next();
        all.any(|tenant| Some(tenant) != first)
    }

    /// Returns whether a token could belong to both issuers.
    pub(crate) fn overlap(&self, other: &Self) -> bool {
        let is_shared =
            |names: &Self, other: &Self| names.exact.iter().any(|iss| other.include(iss));
        let have_equal_form = |template: &IssuerTemplate| {
            let mut others = other.templates.iter();
            others.any(|other| template.overlaps(other))
        };
        is_shared(self, other)
            || is_shared(other, self)
            || self.templates.iter().any(have_equal_form)
    }

    /// Returns all names and templates, as configured.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        let templates = self.templates.iter().map(|template| &*template.text);
        self.exact.iter().map(String::as_str).chain(templates)
    }
}

impl IssuerTemplate {
    /// Parses a template. Returns the reason as an error if `text` is not one.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        const FORM: &str = "is not a URL with one {claim} as a whole segment of its path, such as https://login.microsoftonline.com/{tid}/v2.0";

        let parse = || {
            let (prefix, rest) = text.split_once('{')?;
            let (claim, suffix) = rest.split_once('}')?;
            let (_, address) = prefix.split_once("://")?;
            let is_path = address.ends_with('/') && !address.starts_with('/');
            let is_segment = suffix.is_empty() || suffix.starts_with('/');
            let has_another = |text: &str| text.contains(['{', '}', '?', '#']);
            let is_valid = is_path && is_segment && !has_another(prefix) && !has_another(suffix);
            // A JSON Pointer contains a slash, so it would span two segments.
            let is_name = !claim.is_empty() && !has_another(claim) && !claim.contains('/');
            (is_valid && is_name).then(|| Some((prefix, ClaimName::new(claim).ok()?, suffix)))?
        };
        let (prefix, claim, suffix) = parse().ok_or(FORM)?;
        Ok(Self {
            text: text.to_owned(),
            prefix: prefix.to_owned(),
            suffix: suffix.to_owned(),
            claim,
        })
    }

    fn tenant<'i>(&self, iss: &'i str) -> Option<&'i str> {
        between(iss, &self.prefix, &self.suffix).filter(|tenant| Self::can_name(tenant))
    }

    /// Returns whether a name can contain this tenant.
    pub(crate) fn can_name(tenant: &str) -> bool {
        let is_excluded =
            |c: char| c.is_control() || c.is_whitespace() || matches!(c, '/' | '?' | '#' | '%');
        !tenant.is_empty() && !tenant.contains(is_excluded)
    }

    fn overlaps(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.text.split('/'), other.text.split('/'));
        let may_be_equal = |(our, their): (&str, &str)| {
            our == their || our.starts_with('{') || their.starts_with('{')
        };
        ours.clone().count() == theirs.clone().count() && ours.zip(theirs).all(may_be_equal)
    }
}

/// Returns the text between a prefix and a suffix.
fn between<'t>(text: &'t str, prefix: &str, suffix: &str) -> Option<&'t str> {
    text.strip_prefix(prefix)?.strip_suffix(suffix)
}
