//! Shared secrets from all configured sources: values, environment variables, and files. Used by
//! the builder.

mod file;
mod policy;
mod watched;

use std::{env, ffi::OsString, fmt, path::PathBuf};

pub(crate) use self::policy::SecretPolicy;
pub(super) use self::watched::WatchedSecrets;
use self::{
    file::{SecretFile, may_be_shown},
    policy::MAX_SECRETS,
};
use crate::{
    config_error::{Fault, Faults},
    key::{Keys, Secret},
    redact::is_variable_name,
};

/// A configured source of secrets.
#[derive(Clone)]
pub(crate) enum SecretSource {
    One(Secret),
    List(Vec<Secret>),
    Variable {
        name: String,
        /// The end of the error if the variable is missing: what can be set instead.
        alternative: Option<&'static str>,
    },
    File(PathBuf),
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(secret) => secret.fmt(f),
            Self::List(secrets) => secrets.fmt(f),
            Self::Variable { name, .. } if is_variable_name(name) => write!(f, "Variable({name})"),
            Self::Variable { .. } => f.write_str("Variable(..)"),
            Self::File(path) if may_be_shown(path) => f.debug_tuple("File").field(path).finish(),
            Self::File(_) => f.write_str("File(..)"),
        }
    }
}

/// Loads the secrets of all sources, in order. Adds problems to `faults`.
pub(super) fn load(
    sources: Vec<SecretSource>,
    policy: SecretPolicy,
    faults: &mut Faults,
) -> Vec<LoadedSecrets> {
    let parts: Vec<LoadedSecrets> = sources
        .into_iter()
        .filter_map(|source| LoadedSecrets::load(source, policy, faults))
        .collect();
    let count: usize = parts.iter().map(|part| part.secrets().len()).sum();
    if count > MAX_SECRETS {
        faults.add(format!(
            "{count} secrets are configured, but at most {MAX_SECRETS} are allowed; remove those that no longer sign tokens"
        ));
    }
    parts
}

/// Loads the secrets of sources other than files, which may change. Adds problems to `faults`.
#[cfg(feature = "sessions-custom")]
pub(crate) fn load_secrets(
    sources: Vec<SecretSource>,
    policy: SecretPolicy,
    faults: &mut Faults,
) -> Vec<Secret> {
    let loaded = load(sources, policy, faults);
    let secrets = loaded.iter().flat_map(LoadedSecrets::secrets);
    secrets.cloned().collect()
}

/// The secrets of one source.
#[derive(Debug)]
pub(super) enum LoadedSecrets {
    Fixed(Vec<Secret>),
    File(SecretFile),
}

impl LoadedSecrets {
    fn load(source: SecretSource, policy: SecretPolicy, faults: &mut Faults) -> Option<Self> {
        match source {
            SecretSource::One(secret) => {
                check(&secret, "the secret set with .secret(…)", policy, faults);
                Some(Self::Fixed(vec![secret]))
            }
            SecretSource::List(secrets) => {
                for (index, secret) in secrets.iter().enumerate() {
                    let origin = format!("secret {} of .secrets(…)", index + 1);
                    check(secret, &origin, policy, faults);
                }
                if secrets.is_empty() && !policy.allow_missing {
                    faults.add("the list set with .secrets(…) is empty; list the current secret first, then the previous ones");
                }
                Some(Self::Fixed(secrets))
            }
            SecretSource::Variable { name, alternative } => {
                let secret = variable(&name, alternative, policy, faults)?;
                check(&secret, &describe_variable(&name), policy, faults);
                Some(Self::Fixed(vec![secret]))
            }
            SecretSource::File(path) => SecretFile::open(path, policy)
                .map(Self::File)
                .map_err(|fault| faults.push(fault))
                .ok(),
        }
    }

    pub(super) fn is_file(&self) -> bool {
        matches!(self, Self::File(_))
    }

    fn secrets(&self) -> &[Secret] {
        match self {
            Self::Fixed(secrets) => secrets,
            Self::File(file) => file.secrets(),
        }
    }
}

/// Reads the secret in an environment variable. An empty value is treated as unset, because a
/// compose file passes an empty value if the host does not set the variable.
fn variable(
    name: &str,
    alternative: Option<&'static str>,
    policy: SecretPolicy,
    faults: &mut Faults,
) -> Option<Secret> {
    match env::var_os(name).map(OsString::into_string) {
        Some(Ok(text)) if !text.is_empty() => Some(text.into()),
        Some(Err(_)) => {
            faults.add(format!(
                "{} is not UTF-8, and Better Auth accepts only text; set it to the secret that your issuer signs with",
                describe_variable(name)
            ));
            None
        }
        _ if policy.allow_missing => None,
        _ if is_variable_name(name) => {
            faults.push(Fault::missing_variable(name, alternative));
            None
        }
        _ => {
            faults.add("the environment variable that .secret_from_env(…) names is not set; use the name of a variable, such as BETTER_AUTH_SECRET, and set it to the secret");
            None
        }
    }
}

fn describe_variable(name: &str) -> String {
    if is_variable_name(name) {
        format!("the secret in {name}")
    } else {
        "the secret from .secret_from_env(…)".to_owned()
    }
}

fn check(secret: &Secret, origin: &str, policy: SecretPolicy, faults: &mut Faults) {
    if let Some(weakness) = secret.weakness(policy.min_len()) {
        faults.add(format!("{origin} {weakness}"));
    }
}

pub(super) fn keys(parts: &[LoadedSecrets]) -> Keys {
    Keys::from_secrets(parts.iter().flat_map(LoadedSecrets::secrets))
}
