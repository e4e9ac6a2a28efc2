//! The settings of one issuer.

use std::{mem::take, path::PathBuf, time::Duration};

use serde::Deserialize;

use super::{
    field::{Field, Many, Setting},
    file,
    profile::{BetterAuthOauth, CloudflareAccess, Cognito},
    reader::{Reader, Unknown, apply, impl_table},
};
use crate::{
    auth::{JwtAuthBuilder, JwtAuthLayer},
    key::Algorithm,
};

/// One table in `issuers`. Durations are in whole seconds.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct IssuerTable {
    /// The origin of Better Auth, whose `jwt()` plugin issues the tokens.
    better_auth: Field<String>,
    /// The OAuth provider of Better Auth.
    better_auth_oauth: Field<BetterAuthOauth>,
    /// Cloudflare Access.
    cloudflare_access: Field<CloudflareAccess>,
    /// An Amazon Cognito user pool.
    cognito: Field<Cognito>,
    /// The ID of a Firebase project.
    firebase: Field<String>,
    /// The audience of a service behind Google's Identity-Aware Proxy.
    google_iap: Field<String>,

    /// The environment variables with the secrets.
    secret_from_env: Field<Many<String>>,
    /// The files with the secrets.
    secret_from_file: Field<Many<PathBuf>>,
    /// Whether secrets may have fewer than 32 bytes.
    allow_short_secret: Field<bool>,
    /// Whether the layer is built without a secret.
    allow_missing_secret: Field<bool>,
    /// The URL of a key set.
    jwks_url: Field<String>,
    /// The issuer whose metadata names the key set.
    discover: Field<String>,
    /// The files with key sets.
    jwks_file: Field<Many<PathBuf>>,
    /// The text of a key set.
    jwks_text: Field<String>,
    /// The files with a public key in PEM.
    public_key_file: Field<Many<PathBuf>>,
    /// Whether keys may be fetched over plain HTTP.
    allow_http: Field<bool>,
    /// The time for which a fetched set is used.
    jwks_ttl: Field<Duration>,
    /// The time for which an expired set is used while refreshing it fails.
    jwks_max_stale: Field<Duration>,
    /// The minimum interval between token-requested fetches.
    jwks_cooldown: Field<Duration>,

    /// The accepted values of `iss`.
    issuer: Field<Many<String>>,
    /// The accepted values of `iss` with a tenant.
    issuer_template: Field<Many<String>>,
    /// The accepted tenants.
    tenants: Field<Many<String>>,
    /// Whether every tenant is accepted.
    any_tenant: Field<bool>,
    /// The accepted values of `aud`.
    audience: Field<Many<String>>,
    /// The accepted clients.
    authorized_party: Field<Many<String>>,
    /// Whether every audience is accepted.
    allow_any_audience: Field<bool>,
    /// The accepted algorithms.
    algorithms: Field<Many<Algorithm>>,
    /// The accepted difference between the clocks.
    leeway: Field<Duration>,
    /// The accepted values of `typ`, in addition to the default.
    accept_typ: Field<Many<String>>,
    /// Whether the access tokens for a protected resource may have the type of any JWT.
    allow_plain_jwt: Field<bool>,
    /// The claim with the user ID.
    user_id_claim: Field<String>,
    /// The claim with the e-mail address.
    email_claim: Field<String>,
    /// Whether the e-mail address may be missing.
    email_optional: Field<bool>,
    /// The maximum length of a user ID, in bytes.
    max_user_id_len: Field<usize>,
    /// Whether service tokens are accepted.
    allow_services: Field<bool>,
    /// Whether the user IDs are those of the first issuer.
    same_users: Field<bool>,
    #[serde(flatten)]
    unknown: Unknown,
}

impl_table!(IssuerTable, "a table with the settings of an issuer");

impl IssuerTable {
    pub(super) fn into_builder(mut self, reader: &mut Reader<'_>) -> JwtAuthBuilder {
        let builder = self.start(reader);
        let issuer = self;
        reader.reject(issuer.unknown);
        apply!(reader, issuer, builder:
            each secret_from_env => JwtAuthBuilder::secret_from_env,
            each secret_from_file => JwtAuthBuilder::secret_from_file,
            switch allow_short_secret => JwtAuthBuilder::allow_short_secret,
            switch allow_missing_secret => JwtAuthBuilder::allow_missing_secret,
            one jwks_url => JwtAuthBuilder::jwks_url,
            one discover => JwtAuthBuilder::discover,
            one jwks_text => JwtAuthBuilder::jwks_text,
        );
        let mut builder = builder;
        for (name, path) in reader.read_all("jwks_file", issuer.jwks_file) {
            match file::read(&path) {
                Ok(text) => builder = builder.jwks_text(text),
                Err(problem) => reader.fault(&name, &problem),
            }
        }
        for (name, path) in reader.read_all("public_key_file", issuer.public_key_file) {
            match file::read(&path) {
                Ok(text) => builder = builder.public_key_pem(text),
                Err(problem) => reader.fault(&name, &problem),
            }
        }
        apply!(reader, issuer, builder:
            switch allow_http => JwtAuthBuilder::allow_http,
            one jwks_ttl => JwtAuthBuilder::jwks_ttl,
            one jwks_max_stale => JwtAuthBuilder::jwks_max_stale,
            one jwks_cooldown => JwtAuthBuilder::jwks_cooldown,
            each issuer => JwtAuthBuilder::issuer,
            each issuer_template => JwtAuthBuilder::issuer_template,
            all tenants => JwtAuthBuilder::tenants,
            switch any_tenant => JwtAuthBuilder::any_tenant,
            each audience => JwtAuthBuilder::audience,
            each authorized_party => JwtAuthBuilder::authorized_party,
            switch allow_any_audience => JwtAuthBuilder::allow_any_audience,
            all algorithms => JwtAuthBuilder::algorithms,
            one leeway => JwtAuthBuilder::leeway,
            each accept_typ => JwtAuthBuilder::accept_typ,
            switch allow_plain_jwt => JwtAuthBuilder::allow_plain_jwt,
            one user_id_claim => JwtAuthBuilder::user_id_claim,
            one email_claim => JwtAuthBuilder::email_claim,
            switch email_optional => JwtAuthBuilder::email_optional,
            one max_user_id_len => JwtAuthBuilder::max_user_id_len,
            switch allow_services => JwtAuthBuilder::allow_services,
            switch same_users => JwtAuthBuilder::same_users,
        );
        builder
    }

    /// Returns the builder for a known issuer, or one without settings.
    fn start(&mut self, reader: &mut Reader<'_>) -> JwtAuthBuilder {
        let better_auth = reader.read("better_auth", take(&mut self.better_auth));
        let oauth = reader.read("better_auth_oauth", take(&mut self.better_auth_oauth));
        let cloudflare = reader.read("cloudflare_access", take(&mut self.cloudflare_access));
        let cognito = reader.read("cognito", take(&mut self.cognito));
        let firebase = reader.read("firebase", take(&mut self.firebase));
        let google_iap = reader.read("google_iap", take(&mut self.google_iap));
        // The outer `None` is an unset field, the inner one a field with a problem.
        let known: [(&str, Option<Option<JwtAuthBuilder>>); 6] = [
            (
                "better_auth",
                better_auth.map(|origin| Some(JwtAuthLayer::better_auth(origin))),
            ),
            (
                "better_auth_oauth",
                oauth.map(|table| table.into_builder(&mut reader.inside("better_auth_oauth"))),
            ),
            (
                "cloudflare_access",
                cloudflare.map(|table| table.into_builder(&mut reader.inside("cloudflare_access"))),
            ),
            (
                "cognito",
                cognito.map(|table| table.into_builder(&mut reader.inside("cognito"))),
            ),
            (
                "firebase",
                firebase.map(|project| Some(JwtAuthLayer::firebase(project))),
            ),
            (
                "google_iap",
                google_iap.map(|audience| Some(JwtAuthLayer::google_iap(audience))),
            ),
        ];
        let set: Vec<&str> = { known.iter() }
            .filter_map(|(name, builder)| builder.is_some().then_some(*name))
            .collect();
        if set.len() > 1 {
            let set = set.join("`, `");
            reader.table_fault(&format!(
                "has the fields `{set}`, of which each describes an issuer; keep one, and add a table to `issuers` for each other one"
            ));
        }
        let builder = known.into_iter().find_map(|(_, builder)| builder?);
        builder.unwrap_or_default()
    }
}
