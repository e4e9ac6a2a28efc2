//! Compares the crate with foreign test vectors and test suites, and writes
//! `docs/conformance.md`. See `tests/conformance/run`.

use std::path::{Path, PathBuf};

pub mod cookbook;
pub mod document;
pub mod libraries;
pub mod own;
pub mod record;
pub mod resign;
pub mod sources;
pub mod verdict;
pub mod wycheproof;

/// Returns the root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
