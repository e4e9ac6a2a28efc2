//! The scopes that names require, and the scopes that others include; used by `rules` and `layer`.

use std::collections::{BTreeMap, BTreeSet};

use crate::{config_error::Fault, user::check_scope};

/// The scopes for the names of one kind, beside the base scopes.
#[derive(Clone, Debug, Default)]
pub(super) struct NameRules {
    scopes: BTreeMap<String, Vec<String>>,
    /// The scopes for all other names, if they are allowed.
    others: Option<Vec<String>>,
}

impl NameRules {
    /// Adds a name. `kind` is the method of the layer that was called.
    pub(super) fn add<N: Into<String>>(
        &mut self,
        kind: &str,
        name: String,
        scopes: impl IntoIterator<Item = N>,
    ) -> Result<(), Fault> {
        let scopes = checked(scopes)?;
        if name.is_empty() {
            return Err(Fault::new(format!(
                "the name in .{kind}(…) is empty; write the name that clients send"
            )));
        }
        if self.scopes.contains_key(&name) {
            return Err(Fault::new(format!(
                ".{kind}({name:?}, …) is set twice; list all of its scopes in one call"
            )));
        }
        self.scopes.insert(name, scopes);
        Ok(())
    }

    pub(super) fn allow_others<N: Into<String>>(
        &mut self,
        scopes: impl IntoIterator<Item = N>,
    ) -> Result<(), Fault> {
        self.others = Some(checked(scopes)?);
        Ok(())
    }

    /// Returns the scopes for a name, or `None` if no rule allows it.
    pub(super) fn scopes(&self, name: &str) -> Option<&[String]> {
        let scopes = self.scopes.get(name).or(self.others.as_ref())?;
        Some(scopes)
    }
}

/// The scopes that each scope includes, directly or through others.
#[derive(Clone, Debug, Default)]
pub(super) struct ImpliedScopes(BTreeMap<String, BTreeSet<String>>);

impl ImpliedScopes {
    pub(super) fn add<N: Into<String>>(
        &mut self,
        scope: String,
        implied: impl IntoIterator<Item = N>,
    ) -> Result<(), Fault> {
        check_scope(&scope)?;
        let implied = checked(implied)?;
        if implied.is_empty() {
            return Err(Fault::new(format!(
                ".implies({scope:?}, …) names no implied scope; name at least one, or remove the call"
            )));
        }
        self.0.entry(scope).or_default().extend(implied);
        self.close();
        Ok(())
    }

    pub(super) fn includes(&self, scope: &str, other: &str) -> bool {
        { self.0.get(scope) }.is_some_and(|implied| implied.contains(other))
    }

    /// Adds to each scope the scopes that its implied scopes include, until nothing changes.
    fn close(&mut self) {
        loop {
            let before = self.0.clone();
            for implied in self.0.values_mut() {
                let further = implied.iter().filter_map(|scope| before.get(scope));
                let further: Vec<String> = further.flatten().cloned().collect();
                implied.extend(further);
            }
            if self.0 == before {
                return;
            }
        }
    }
}

fn checked<N: Into<String>>(scopes: impl IntoIterator<Item = N>) -> Result<Vec<String>, Fault> {
    let scopes: Vec<String> = scopes.into_iter().map(Into::into).collect();
    scopes.iter().try_for_each(|scope| check_scope(scope))?;
    Ok(scopes)
}
