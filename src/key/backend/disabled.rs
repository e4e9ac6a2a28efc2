//! The backend of a build without public keys.

use super::{Algorithm, KeyComponents, MISSING_BACKEND};

/// Never constructed: without a backend, there are no public keys.
pub(in crate::key) enum ParsedKey {}

impl ParsedKey {
    pub(in crate::key) fn new(_: Algorithm, _: &KeyComponents) -> Result<Self, String> {
        Err(MISSING_BACKEND.into())
    }

    pub(in crate::key) fn verify(&self, _: &[u8], _: &[u8]) -> bool {
        match *self {}
    }
}
