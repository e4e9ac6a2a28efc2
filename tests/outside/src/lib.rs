//! Uses `tower-jwt-auth` as its users do: from another package, with its default features, without
//! tokio and axum, and beside packages that switch on features of its dependencies.

// No code of its own, so that nothing but the tests runs.
use tower_jwt_auth as _;
