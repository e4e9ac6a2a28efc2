//! The guides. Their snippets are compiled and run as documentation tests.

/// Defines the link targets of the guides in rustdoc. The guides define the same labels again, as
/// links between the files of the repository; the first definition of a label applies.
macro_rules! links {
    () => {
        "[testing]: crate::guide::testing\n\
         [threat model]: crate::threat_model\n\
         [forward auth]: crate::forward_auth\n\
         [errors and clients]: crate::guide::errors_and_clients\n\
         [observability]: crate::guide::observability\n\
         [recipes]: crate::guide::recipes\n\
         [sessions]: crate::guide::sessions\n\
         [session stores]: crate::guide::session_stores\n\n"
    };
}

#[doc = links!()]
#[doc = include_str!("../docs/better-auth.md")]
pub mod better_auth {}

#[doc = links!()]
#[doc = include_str!("../docs/sessions.md")]
pub mod sessions {}

#[doc = links!()]
#[doc = include_str!("../docs/session-stores.md")]
pub mod session_stores {}

#[doc = links!()]
#[doc = include_str!("../docs/introspection.md")]
pub mod introspection {}

#[doc = links!()]
#[doc = include_str!("../docs/protected-resources.md")]
pub mod protected_resources {}

#[doc = links!()]
#[doc = include_str!("../docs/from-fastapi.md")]
pub mod from_fastapi {}

#[doc = links!()]
#[doc = include_str!("../docs/choosing-keys.md")]
pub mod choosing_keys {}

#[doc = links!()]
#[doc = include_str!("../docs/issuers.md")]
pub mod issuers {}

#[doc = links!()]
#[doc = include_str!("../docs/configuration.md")]
pub mod configuration {}

#[doc = links!()]
#[doc = include_str!("../docs/path-ownership.md")]
pub mod path_ownership {}

#[doc = links!()]
#[doc = include_str!("../docs/claims-and-permissions.md")]
pub mod claims_and_permissions {}

#[doc = links!()]
#[doc = include_str!("../docs/errors-and-clients.md")]
pub mod errors_and_clients {}

#[doc = links!()]
#[doc = include_str!("../docs/observability.md")]
pub mod observability {}

#[doc = links!()]
#[doc = include_str!("../docs/performance.md")]
pub mod performance {}

#[doc = links!()]
#[doc = include_str!("../docs/compared.md")]
pub mod compared {}

#[doc = links!()]
#[doc = include_str!("../docs/conformance.md")]
pub mod conformance {}

#[doc = links!()]
#[doc = include_str!("../docs/containers.md")]
pub mod containers {}

#[doc = links!()]
#[doc = include_str!("../docs/recipes.md")]
pub mod recipes {}

#[doc = links!()]
#[doc = include_str!("../docs/testing.md")]
pub mod testing {}

#[doc = links!()]
#[doc = include_str!("../docs/tonic-and-hyper.md")]
pub mod tonic_and_hyper {}
