//! The settings of the whole layer.

use serde::Deserialize;

use super::{
    field::{Field, Many, Setting},
    issuer::IssuerTable,
    reader::{Reader, Unknown, apply, impl_table},
    token_source::ConfiguredSource,
};
use crate::auth::{JwtAuthBuilder, TokenSource};

/// The top table.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct LayerTable {
    /// One table for each issuer, the first issuer first.
    pub(super) issuers: Field<Many<IssuerTable>>,
    /// The places where the layer looks for the token.
    token_sources: Field<Many<ConfiguredSource>>,
    /// Whether requests without a token are accepted.
    allow_anonymous: Field<bool>,
    /// Whether CORS preflights are passed to the inner service.
    allow_cors_preflight: Field<bool>,
    /// The maximum length of a token, in bytes.
    max_token_len: Field<usize>,
    /// The realm in the challenge.
    realm: Field<String>,
    /// The URL of the protected resource's metadata in the challenge.
    resource_metadata: Field<String>,
    /// Whether rejections are `application/problem+json`.
    problem_json: Field<bool>,
    /// Whether gRPC requests get responses in plain HTTP.
    http_answers_only: Field<bool>,
    /// Whether the event and the details of a 403 have the user ID.
    log_user_ids: Field<bool>,
    /// The number of cached tokens.
    cache_tokens: Field<usize>,
    #[serde(flatten)]
    unknown: Unknown,
}

impl_table!(LayerTable, "a table");

impl LayerTable {
    pub(super) fn into_builder(self, reader: &mut Reader<'_>) -> JwtAuthBuilder {
        let layer = self;
        reader.reject(layer.unknown);
        if matches!(layer.issuers, Field::Unset) {
            reader.fault("issuers", "is missing; add a table for each issuer");
        }
        let mut issuers = Vec::new();
        for (name, issuer) in reader.read_all("issuers", layer.issuers) {
            issuers.push(issuer.into_builder(&mut reader.inside(&name)));
        }
        let builder = { issuers.into_iter() }
            .reduce(JwtAuthBuilder::or)
            .unwrap_or_default();
        let sources = reader.read_all("token_sources", layer.token_sources);
        let sources: Vec<TokenSource> = { sources.into_iter() }
            .filter_map(|(name, source)| source.into_source(&name, reader))
            .collect();
        let builder = if sources.is_empty() {
            builder
        } else {
            builder.token_sources(sources)
        };
        apply!(reader, layer, builder:
            switch allow_anonymous => JwtAuthBuilder::allow_anonymous,
            switch allow_cors_preflight => JwtAuthBuilder::allow_cors_preflight,
            one max_token_len => JwtAuthBuilder::max_token_len,
            one realm => JwtAuthBuilder::realm,
            one resource_metadata => JwtAuthBuilder::resource_metadata,
            switch problem_json => JwtAuthBuilder::problem_json,
            switch http_answers_only => JwtAuthBuilder::http_answers_only,
            switch log_user_ids => JwtAuthBuilder::log_user_ids,
        );
        cached(builder, layer.cache_tokens, reader)
    }
}

#[cfg(feature = "cache")]
fn cached(
    builder: JwtAuthBuilder,
    tokens: Field<usize>,
    reader: &mut Reader<'_>,
) -> JwtAuthBuilder {
    reader.one(
        "cache_tokens",
        tokens,
        builder,
        JwtAuthBuilder::cache_tokens,
    )
}

#[cfg(not(feature = "cache"))]
fn cached(
    builder: JwtAuthBuilder,
    tokens: Field<usize>,
    reader: &mut Reader<'_>,
) -> JwtAuthBuilder {
    if reader.read("cache_tokens", tokens).is_some() {
        reader.fault("cache_tokens", "requires the feature `cache` of tower-jwt-auth; enable it in Cargo.toml, or omit the field");
    }
    builder
}
