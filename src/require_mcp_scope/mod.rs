//! [`RequireMcpScopeLayer`]: the scopes that the tools, resources, and prompts of an MCP server
//! require.

mod body;
mod collect;
mod future;
mod headers;
mod layer;
mod members;
mod message;
mod names;
mod rules;
mod service;
mod session;

pub use self::{
    body::McpBody,
    future::RequireMcpScopeFuture,
    layer::{NO_SCOPES, RequireMcpScopeLayer},
    service::RequireMcpScope,
};
