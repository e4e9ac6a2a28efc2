//! The benchmarks of `tower-jwt-auth`. Run them with `cargo bench -p tower-jwt-auth-benches`.
