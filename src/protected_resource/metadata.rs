//! The metadata of a protected resource (RFC 9728 section 2); used by `service`.

use serde::Serialize;

/// Its field names are those of the JSON document. Optional members are omitted if they are empty.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Metadata {
    resource: String,
    pub(super) authorization_servers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) scopes_supported: Vec<String>,
    /// Empty if no method is supported, so an empty list is not omitted.
    pub(super) bearer_methods_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) resource_signing_alg_values_supported: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resource_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resource_documentation: Option<String>,
}

impl Metadata {
    pub(super) fn new(resource: &str) -> Self {
        Self {
            resource: resource.to_owned(),
            authorization_servers: Vec::new(),
            scopes_supported: Vec::new(),
            bearer_methods_supported: vec!["header".to_owned()],
            resource_signing_alg_values_supported: Vec::new(),
            resource_name: None,
            resource_documentation: None,
        }
    }

    pub(super) fn json(&self) -> String {
        // Strings and lists of strings always serialize.
        serde_json::to_string(self).unwrap_or_default()
    }
}
