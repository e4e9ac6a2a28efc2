//! The scopes or roles that a layer requires, and their comparison with a user's grants; or a rule
//! of the application.

use std::{fmt, sync::Arc};

use crate::{
    config_error::Fault,
    rejection::{Refusal, Rejection, RejectionDetails},
    user::{ClaimName, CurrentUser, Grant, check_scope},
    user_rules::Requirement,
};

/// The requirement of a layer.
#[derive(Clone)]
pub(super) enum Needed {
    Grants(Grants),
    /// A rule of the application.
    Rule(Rule),
}

pub(super) type Rule = Arc<dyn Fn(&CurrentUser) -> bool + Send + Sync>;

impl Requirement for Needed {
    fn check(&self, user: &CurrentUser) -> Result<(), Refusal<'_>> {
        let (is_met, details) = match self {
            Self::Grants(grants) => (grants.are_held_by(user), Some(&grants.details)),
            Self::Rule(rule) => (rule(user), None),
        };
        if is_met {
            return Ok(());
        }
        Err(Refusal {
            details,
            ..Rejection::InsufficientScope.into()
        })
    }
}

impl Needed {
    /// Reads the grants only from this claim.
    ///
    /// # Errors
    ///
    /// [`Fault`] if the name is invalid, or if a rule decides, which reads no grants.
    pub(super) fn read_from(&mut self, claim: &str) -> Result<(), Fault> {
        let Self::Grants(grants) = self else {
            return Err(Fault::new(
                "a layer created with RequireScopeLayer::rule(…) reads no claim itself; remove .in_claim(…), and read the claim in the rule with user.claims::<T>()",
            ));
        };
        grants.claim = Some(ClaimName::new(claim)?);
        Ok(())
    }
}

impl fmt::Debug for Needed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grants(grants) => grants.fmt(f),
            Self::Rule(_) => f.write_str("Rule"),
        }
    }
}

/// The grants that a user needs.
#[derive(Clone, Debug)]
pub(super) struct Grants {
    grant: Grant,
    /// Never empty.
    names: Vec<String>,
    how_many: HowMany,
    /// The claim that contains the grants, if not the default ones.
    claim: Option<ClaimName>,
    /// The details of a rejection. The challenge (RFC 6750 section 3) can list scopes but has no
    /// parameter for roles.
    details: RejectionDetails,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HowMany {
    Any,
    All,
}

impl Grants {
    pub(super) fn new<N: Into<String>>(
        grant: Grant,
        how_many: HowMany,
        names: impl IntoIterator<Item = N>,
    ) -> Result<Self, Fault> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let kind = match grant {
            Grant::Scopes => "scope",
            Grant::Roles => "role",
        };
        if names.is_empty() {
            return Err(Fault::new(format!(
                "no {kind} is required, so every user would be accepted; name at least one"
            )));
        }
        let check = match grant {
            Grant::Scopes => check_scope,
            Grant::Roles => check_role,
        };
        names.iter().try_for_each(|name| check(name))?;
        let details = match grant {
            Grant::Scopes => RejectionDetails::requiring_scopes(&names),
            Grant::Roles => RejectionDetails::requiring_roles(&names),
        };
        Ok(Self {
            details,
            grant,
            names,
            how_many,
            claim: None,
        })
    }

    fn are_held_by(&self, user: &CurrentUser) -> bool {
        let granted = user.grants(self.grant, self.claim.as_ref());
        let has = |name: &String| granted.iter().any(|granted| granted == name);
        match self.how_many {
            HowMany::Any => self.names.iter().any(has),
            HowMany::All => self.names.iter().all(has),
        }
    }
}

/// Checks that `name` is a role. In a claim, commas separate roles and spaces around them are
/// ignored.
fn check_role(name: &str) -> Result<(), Fault> {
    if !name.is_empty() && name.trim_ascii() == name && !name.contains(',') {
        return Ok(());
    }
    Err(Fault::new(format!(
        "{name:?} is not a role, which has no commas and no spaces at its ends; pass each role separately"
    )))
}
