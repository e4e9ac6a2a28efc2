//! The names of an issuer, from its settings and defaults; used by `build`.

use super::issuer_settings::{IssuerSettings, KeySetLocation, PublicSource};
use crate::{config_error::Faults, stray::stray_ends, token::IssuerTemplate};

impl IssuerSettings {
    /// Parses the templates, and sets the default name if no other name is set.
    pub(super) fn complete_names(&mut self, faults: &mut Faults) {
        let names = &mut self.policy.issuers;
        for text in &self.issuer_templates {
            if let Some(problem) = stray_ends(text) {
                faults.add(format!("the template given with .issuer_template(…) {problem}, unlike the iss of the tokens; correct it"));
                continue;
            }
            match IssuerTemplate::new(text) {
                Ok(template) => names.templates.push(template),
                Err(problem) => faults.add(format!(
                    "the template set with .issuer_template(…) {problem}"
                )),
            }
        }
        let claim = names.tenant_claim();
        let has_claim = |template: &IssuerTemplate| Some(&template.claim) == claim;
        if !names.templates.iter().all(has_claim) {
            faults.add("two templates set with .issuer_template(…) name different claims; configure each as its own issuer with .or(…)");
        }
        names.tenants.clone_from(&self.tenants);
        if names.is_empty() && self.issuer_templates.is_empty() {
            let metadata = self.public_keys.iter().find_map(|source| match source {
                PublicSource::Fetched(KeySetLocation::MetadataOf(issuer)) => Some(issuer),
                _ => None,
            });
            let default = self.default_issuer.as_ref().or(metadata);
            match default {
                Some(default) => names.exact.push(default.clone()),
                None => names.exact.clone_from(&self.resource_issuers),
            }
        }
        self.check_tenants(faults);
    }

    fn check_tenants(&self, faults: &mut Faults) {
        let has_template = !self.issuer_templates.is_empty();
        let can_match =
            |tenant: &str| IssuerTemplate::can_name(tenant) && stray_ends(tenant).is_none();
        match (&self.tenants, self.any_tenant) {
            (None, false) if has_template => faults.add("an issuer template is set, but no tenants; list the accepted tenants with .tenants([…]), or call .any_tenant()"),
            (Some(_), _) | (_, true) if !has_template => faults.add("tenants are set, but no .issuer_template(…) that contains one; set a template, or remove .tenants([…]) and .any_tenant()"),
            (Some(_), true) => faults.add(".tenants([…]) and .any_tenant() are both set; remove one of them"),
            (Some(tenants), false) if tenants.iter().all(String::is_empty) => {
                faults.add("the list passed to .tenants([…]) contains no tenant, so no token is accepted; list the accepted tenants");
            }
            (Some(tenants), false) if !tenants.iter().all(|tenant| can_match(tenant)) => {
                faults.add("a tenant given with .tenants([…]) is empty, is in quotes, or contains white space, a control character, or one of `/?#%`, so no iss can name it; list only the segment at the template's {…}");
            }
            _ => {}
        }
    }
}
