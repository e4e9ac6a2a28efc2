//! Combines the issuers and builds the layer.

use std::sync::Arc;

use super::{
    JwtAuthBuilder,
    issuer_settings::IssuerSettings,
    validate::{check_added, check_algorithms, check_issuers, check_other, default_algorithms},
};
use crate::{
    auth::{JwtAuthLayer, service::Shared, token_source::TokenSources},
    clock::Clock,
    config_error::{ConfigError, Faults},
    key::{KeySet, Keys},
    key_source::{IssuerKeys, KeySource},
    protected_resource::ProtectedResource,
    rejection::EventLog,
    token::{Issuer, IssuerNames, TokenVerifier},
    user::{ClaimName, UserIds},
};

/// # Several issuers and `build`
impl JwtAuthBuilder {
    /// Also accepts the tokens of another issuer, with its own keys, audience, and rules. A token
    /// is verified only with the keys of the issuer that it names.
    ///
    /// Each builder must have an [`issuer`](Self::issuer). The *first issuer* is the builder on
    /// which [`build`](Self::build) is called. The settings of the whole layer (token sources,
    /// responses, limits, clock, cache) belong on that builder; on `other`, they cause a
    /// [`ConfigError`].
    ///
    /// A user ID is unique only within its issuer (RFC 7519 section 4.1.2): the partner's `alice`
    /// is not our `alice`. Therefore [`PathOwnerLayer`](crate::PathOwnerLayer),
    /// [`RequireScopeLayer`](crate::RequireScopeLayer), and
    /// [`RequireFreshLayer`](crate::RequireFreshLayer) reject the users of every issuer except the
    /// first with 403 (reason `other_issuer`), unless one of these is set:
    ///
    /// - [`same_users`](Self::same_users) on `other`, if its IDs name the same people;
    /// - [`PathOwnerLayer::issuer`](crate::PathOwnerLayer::issuer),
    ///   [`RequireScopeLayer::issuers`](crate::RequireScopeLayer::issuers), or
    ///   [`RequireFreshLayer::issuers`](crate::RequireFreshLayer::issuers), for routes of another
    ///   issuer's users.
    ///
    /// Each layer has its own first issuer. If another `JwtAuthLayer` runs inside this one, the
    /// layers inside it use the first issuer of the inner layer. If the first issuers of the two
    /// layers differ, name the issuer explicitly.
    ///
    /// A handler that uses [`user_id`](crate::CurrentUser::user_id) as a key must also distinguish
    /// issuers: see [`CurrentUser::issuer`](crate::CurrentUser::issuer).
    ///
    /// ```
    /// # fn main() -> Result<(), tower_jwt_auth::ConfigError> {
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// let ours = JwtAuthLayer::builder()
    ///     .issuer("https://app.example.com")
    ///     .secret("correct horse battery staple, and more");
    /// let partners = JwtAuthLayer::builder()
    ///     .issuer("https://partner.example.com")
    ///     .secret("another secret, of 32 bytes or more")
    ///     .email_optional();
    /// let auth = ours.or(partners).build()?;
    /// # drop(auth);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "add_issuer")]
    pub fn or(mut self, other: Self) -> Self {
        self.others.push(other);
        self
    }

    /// Declares that the user IDs of this issuer name the same people as the first issuer's, and
    /// that its roles and scopes are valid here. Call it on a builder that is passed to
    /// [`or`](Self::or), for example while a user base moves from one issuer to another. Never call
    /// it for tenants: each tenant's issuer could assign the ID of another tenant's user.
    ///
    /// ```
    /// # fn main() -> Result<(), tower_jwt_auth::ConfigError> {
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// let new = JwtAuthLayer::builder()
    ///     .issuer("https://app.example.com")
    ///     .secret("correct horse battery staple, and more");
    /// let old = JwtAuthLayer::builder()
    ///     .issuer("https://legacy.example.com")
    ///     .secret("another secret, of 32 bytes or more")
    ///     .same_users();
    /// let auth = new.or(old).build()?;
    /// # drop(auth);
    /// # Ok(())
    /// # }
    /// ```
    pub fn same_users(mut self) -> Self {
        self.issuer.has_same_users = true;
        self
    }

    /// Builds the layer. It never blocks on the network.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], which lists all problems. If the only problem is that the secret's
    /// environment variable is missing, the message is `<NAME> environment variable is required`.
    pub fn build(mut self) -> Result<JwtAuthLayer, ConfigError> {
        let mut faults = Faults::default();
        self.layer.check(&mut faults);
        let others = self.take_others(&mut faults);
        for other in &others {
            check_other(&other.layer, &self.layer.clock, &mut faults);
        }
        #[cfg(feature = "cache")]
        let cache = self.token_cache(&mut faults);
        let now = self.layer.clock.now();

        let mut all: Vec<IssuerSettings> = std::iter::once(self.issuer)
            .chain(others.into_iter().map(|other| other.issuer))
            .collect();
        let of_issuers = { all.iter_mut() }.map(|issuer| std::mem::take(&mut issuer.sources));
        #[cfg_attr(not(feature = "sessions-custom"), allow(unused_mut))]
        let mut sources = TokenSources::new(self.layer.sources.take(), of_issuers.collect());
        sources.check(&mut faults);
        let resource = self.layer.format.challenge.resource.as_ref();
        if let (Some(resource), [only]) = (resource, &mut *all) {
            only.default_to_servers_of(resource);
        }
        for issuer in &mut all {
            issuer.apply_resource(resource, &mut faults);
            issuer.apply_origin(&mut faults);
            issuer.complete_names(&mut faults);
        }
        check_issuers(&all, &mut faults);
        #[cfg(feature = "authenticator")]
        let lookups = self.layer.lookups(&all, &mut sources, &mut faults);
        #[cfg(feature = "authenticator")]
        if let (Some(first), true) = (all.first_mut(), self.layer.has_lookups()) {
            first.keys_may_be_missing = true;
        }
        let issuers = all
            .into_iter()
            .enumerate()
            .filter_map(|(index, issuer)| issuer.into_issuer(index == 0, now, &mut faults))
            .collect();
        faults.into_result()?;
        let layer = self.layer;
        Ok(JwtAuthLayer::new(Shared {
            verifier: TokenVerifier::new(
                issuers,
                layer.clock,
                layer.max_token_len,
                #[cfg(feature = "cache")]
                cache,
            ),
            reads_only_header: sources.is_header_alone() && !layer.keeps_user,
            keeps_user: layer.keeps_user,
            sources,
            #[cfg(feature = "authenticator")]
            lookups,
            shares_format: !layer.format.is_default(),
            format: Arc::new(layer.format),
            anonymous_may_pass: layer.anonymous_may_pass,
            preflight_may_pass: layer.preflight_may_pass,
            event_log: EventLog::default(),
        }))
    }

    /// Builds the issuers of a builder that is added to a layer with these names and this clock,
    /// which protects this resource.
    pub(in crate::auth) fn into_added(
        mut self,
        resource: Option<&ProtectedResource>,
        names: &[&IssuerNames],
        clock: &Clock,
    ) -> Result<Vec<Issuer>, ConfigError> {
        let mut faults = Faults::default();
        let others = self.take_others(&mut faults);
        // The first issuer is that of the layer, so this builder is checked like the others.
        self.check_same_users(&others, &mut faults);
        let now = clock.now();
        let mut all = Vec::new();
        for builder in std::iter::once(self).chain(others) {
            check_other(&builder.layer, clock, &mut faults);
            all.push(builder.issuer);
        }
        for issuer in &mut all {
            issuer.apply_resource(resource, &mut faults);
            issuer.apply_origin(&mut faults);
            issuer.complete_names(&mut faults);
        }
        check_added(&all, names, &mut faults);
        let issuers = all
            .into_iter()
            .filter_map(|issuer| issuer.into_issuer(false, now, &mut faults))
            .collect();
        faults.into_result()?;
        Ok(issuers)
    }

    /// Checks that a builder other than the first one sets `.same_users()` if one of `theirs`, which
    /// were passed to its `.or(…)`, does. Otherwise, it is unclear whose users are meant.
    fn check_same_users(&self, theirs: &[Self], faults: &mut Faults) {
        let has_same_users = |builder: &Self| builder.issuer.has_same_users;
        if !has_same_users(self) && theirs.iter().any(has_same_users) {
            faults.add(".same_users() is set on a builder that is passed to .or(…) of an issuer that does not set it; .same_users() refers to the users of the first issuer, so if they are the same people, pass this builder to .or(…) of the first builder, or to Issuers::add");
        }
    }

    /// Returns all other issuers, including those that were passed to their builders.
    fn take_others(&mut self, faults: &mut Faults) -> Vec<Self> {
        let mut all = Vec::new();
        for mut other in std::mem::take(&mut self.others) {
            let theirs = other.take_others(faults);
            other.check_same_users(&theirs, faults);
            all.push(other);
            all.extend(theirs);
        }
        all
    }
}

impl IssuerSettings {
    /// Checks all settings, even after a problem has been found, so that one error lists every
    /// problem.
    fn into_issuer(mut self, is_first: bool, now: u64, faults: &mut Faults) -> Option<Issuer> {
        self.check_policy(faults);
        let user_id_claim = claim_name(self.user_id_claim.take(), faults);
        let email_claim = claim_name(self.email_claim.take(), faults);
        let has_template = self.policy.issuers.tenant_claim().is_some();
        if user_id_claim.is_some() || email_claim.is_some() || has_template {
            let extra = self.policy.extra.get_or_insert_default();
            extra.user_id_claim = user_id_claim;
            extra.email_claim = email_claim;
        }
        let has_origin = self.origin.is_some();
        let (has_secrets, has_public) = (!self.secrets.is_empty(), !self.public_keys.is_empty());
        let has_no_key = !has_secrets && !has_public && !has_origin;
        if has_no_key && !self.keys_may_be_missing {
            faults.add(
                "no key is configured; for a secret, call .secret_from_env(\"API_TOKEN_SECRET\"), .secret_from_file(…), or .secret(…); for public keys, call JwtAuthLayer::better_auth(…) or .jwks_url(…)",
            );
        }
        let named = self.algorithms.take();
        // An invalid origin has been reported but has added no URL, so `has_public` alone is not
        // enough.
        let kinds = (has_secrets, has_public || has_origin);
        let accepts_no_token = has_no_key && self.keys_may_be_missing;
        let algorithms = match &named {
            Some(named) => named.clone(),
            // Tokens of every algorithm are then rejected.
            None if accepts_no_token => Vec::new(),
            None => default_algorithms(kinds).collect(),
        };
        if named.is_some() || !accepts_no_token {
            check_algorithms(&algorithms, kinds, faults);
        }
        let public = self.public_key_source(&named.unwrap_or_default(), faults);
        let needed = { algorithms.iter() }.map(|algorithm| algorithm.min_secret_len());
        self.secret_policy.needed_len = needed.max().unwrap_or_default();
        let secrets = KeySource::from_secrets(self.secrets, self.secret_policy, now, faults);
        let keys = match (has_secrets, has_public) {
            (true, true) => IssuerKeys::Both {
                secrets,
                public: public?,
            },
            (_, true) => IssuerKeys::One(public?),
            // Without secrets, tokens would be rejected because a secret is missing.
            (false, false) if accepts_no_token => {
                IssuerKeys::One(KeySource::Fixed(Keys::Public(KeySet::default())))
            }
            (_, false) => IssuerKeys::One(secrets),
        };
        let user_ids = if self.has_same_users {
            UserIds::FirstIssuers
        } else if !is_first {
            UserIds::OtherIssuers
        } else if self.policy.issuers.have_several_tenants() {
            UserIds::SeveralTenants
        } else {
            UserIds::FirstIssuers
        };
        Some(Issuer {
            keys,
            algorithms,
            #[cfg(any(feature = "jwks-custom", feature = "sessions-custom"))]
            leeway_millis: u32::try_from(self.policy.leeway.as_millis()).unwrap_or(u32::MAX),
            policy: self.policy,
            checks: self.checks,
            user_ids,
        })
    }
}

fn claim_name(name: Option<String>, faults: &mut Faults) -> Option<ClaimName> {
    ClaimName::new(&name?)
        .map_err(|fault| faults.push(fault))
        .ok()
}
