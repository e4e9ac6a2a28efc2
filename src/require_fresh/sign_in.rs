//! The sign-in that a layer requires, and its comparison with the claims of a user.

use std::{borrow::Cow, time::Duration};

use crate::{
    clock::{Clock, check_leeway},
    config_error::Fault,
    json::ClaimValue,
    rejection::{Refusal, Rejection, RejectionDetails},
    user::{ClaimName, CurrentUser, is_scope_token},
    user_rules::Requirement,
};

/// The clock of the issuer is often slightly ahead. Without a leeway, a client that uses its new
/// token at once would be sent back to sign in.
const DEFAULT_LEEWAY: Duration = Duration::from_secs(5);

/// The required sign-in: its age, its authentication context class, or both.
#[derive(Clone, Debug)]
pub(super) struct SignIn {
    age: Option<Age>,
    class: Option<Class>,
    pub(super) clock: Clock,
    /// The details of a rejection, which name both requirements, because the next sign-in must meet
    /// both.
    details: RejectionDetails,
}

/// The required age of the sign-in.
#[derive(Clone, Debug)]
struct Age {
    /// In whole seconds.
    max: Duration,
    leeway: Duration,
    claim: ClaimName,
}

/// The required authentication context class.
#[derive(Clone, Debug)]
struct Class {
    /// Never empty.
    accepted: Vec<String>,
    claim: ClaimName,
}

impl SignIn {
    pub(super) fn within(max: Duration) -> Result<Self, Fault> {
        if max.is_zero() || max.subsec_nanos() != 0 {
            return Err(Fault::new(format!(
                "the time set with RequireFreshLayer::within(…) is {} s, but max_age in the challenge is a whole number; set whole seconds, at least 1",
                max.as_secs_f64()
            )));
        }
        let age = Age {
            max,
            leeway: DEFAULT_LEEWAY,
            claim: ClaimName::new("auth_time")?,
        };
        Ok(Self::new(Some(age)))
    }

    pub(super) fn any_class<N: Into<String>>(
        classes: impl IntoIterator<Item = N>,
    ) -> Result<Self, Fault> {
        let mut sign_in = Self::new(None);
        sign_in.accept_classes(classes)?;
        Ok(sign_in)
    }

    pub(super) fn accept_classes<N: Into<String>>(
        &mut self,
        classes: impl IntoIterator<Item = N>,
    ) -> Result<(), Fault> {
        let classes: Vec<String> = classes.into_iter().map(Into::into).collect();
        if classes.is_empty() {
            return Err(Fault::new(
                "no authentication context class is required; name at least one value of acr, as the issuer writes it",
            ));
        }
        if let Some(class) = classes.iter().find(|class| !is_scope_token(class)) {
            return Err(Fault::new(format!(
                "{class:?} is not an authentication context class for a challenge, which consists of visible ASCII without quotes, backslashes, or spaces; pass each class separately"
            )));
        }
        match &mut self.class {
            Some(class) => class.accepted.extend(classes),
            None => {
                self.class = Some(Class {
                    accepted: classes,
                    claim: ClaimName::new("acr")?,
                });
            }
        }
        self.update_details();
        Ok(())
    }

    pub(super) fn read_time_from(&mut self, claim: &str) -> Result<(), Fault> {
        self.age_mut(".time_claim(…)")?.claim = ClaimName::new(claim)?;
        Ok(())
    }

    pub(super) fn set_leeway(&mut self, leeway: Duration) -> Result<(), Fault> {
        let age = self.age_mut(".leeway(…)")?;
        check_leeway(leeway)?;
        age.leeway = leeway;
        Ok(())
    }

    pub(super) fn read_class_from(&mut self, claim: &str) -> Result<(), Fault> {
        let Some(class) = &mut self.class else {
            return Err(Fault::new(
                ".acr_claim(…) is set, but the layer requires no authentication context class; call .acr([…]) before it",
            ));
        };
        class.claim = ClaimName::new(claim)?;
        Ok(())
    }

    fn new(age: Option<Age>) -> Self {
        let mut sign_in = Self {
            age,
            class: None,
            clock: Clock::System,
            details: RejectionDetails::default(),
        };
        sign_in.update_details();
        sign_in
    }

    fn age_mut(&mut self, setting: &str) -> Result<&mut Age, Fault> {
        self.age.as_mut().ok_or_else(|| {
            Fault::new(format!(
                "a layer created with RequireFreshLayer::any_acr(…) reads no time; remove {setting}, or create the layer with RequireFreshLayer::within(…) and call .acr([…])"
            ))
        })
    }

    fn update_details(&mut self) {
        let max_age = self.age.as_ref().map(|age| age.max);
        let classes = self.class.as_ref().map(|class| &*class.accepted);
        self.details =
            RejectionDetails::requiring_authentication(max_age, classes.unwrap_or_default());
    }
}

impl Requirement for SignIn {
    fn check(&self, user: &CurrentUser) -> Result<(), Refusal<'_>> {
        let is_recent = { self.age.as_ref() }.is_none_or(|age| age.is_met_by(user, &self.clock));
        if is_recent && { self.class.as_ref() }.is_none_or(|class| class.is_met_by(user)) {
            return Ok(());
        }
        Err(Refusal {
            details: Some(&self.details),
            ..Rejection::InsufficientAuthentication.into()
        })
    }

    fn missing_claim_advice(&self, user: &CurrentUser) -> Option<String> {
        let age = self.age.as_ref().filter(|age| age.time(user).is_none());
        let class = { self.class.as_ref() }.filter(|class| class.classes_of(user).is_empty());
        let (claim, content, setting) = match (age, class) {
            (Some(age), _) => (&age.claim, "a time in seconds", ".time_claim(…)"),
            (None, Some(class)) => (&class.claim, "a string", ".acr_claim(…)"),
            (None, None) => return None,
        };
        Some(format!(
            "a token or session has no claim {claim} with {content}; configure the issuer to add it to access tokens, or set the name of the claim that has it with {setting}"
        ))
    }
}

impl Age {
    fn time(&self, user: &CurrentUser) -> Option<Duration> {
        user.claim(&self.claim).and_then(since_epoch)
    }

    fn is_met_by(&self, user: &CurrentUser, clock: &Clock) -> bool {
        let (Some(time), Some(now)) = (self.time(user), clock.since_epoch()) else {
            return false;
        };
        match now.checked_sub(time) {
            Some(age) => age <= self.max.saturating_add(self.leeway),
            // The time is in the future.
            None => time.saturating_sub(now) <= self.leeway,
        }
    }
}

impl Class {
    fn is_met_by(&self, user: &CurrentUser) -> bool {
        let classes = self.classes_of(user);
        { classes.iter() }.any(|class| self.accepted.iter().any(|accepted| accepted == class))
    }

    fn classes_of<'u>(&self, user: &'u CurrentUser) -> Vec<Cow<'u, str>> {
        match user.claim(&self.claim) {
            Some(ClaimValue::Text(class)) => vec![class],
            Some(ClaimValue::Texts(classes)) => classes,
            _ => Vec::new(),
        }
    }
}

/// Reads a NumericDate (RFC 7519 section 2), which may have a fraction.
fn since_epoch(value: ClaimValue<'_>) -> Option<Duration> {
    match value {
        ClaimValue::Integer(seconds) => Some(Duration::from_secs(seconds)),
        ClaimValue::Fraction(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        _ => None,
    }
}
