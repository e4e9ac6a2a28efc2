//! The backend of a build without public keys.

use super::{Algorithm, KeyComponents, MISSING_BACKEND};

/// Never constructed: without a backend, there are no public keys.
pub(in crate::key) enum ParsedKey {}

pub(in crate::key) fn check_edwards_point(_: &[u8]) -> Result<(), String> {
    Err(MISSING_BACKEND.into())
}

impl ParsedKey {
    pub(in crate::key) fn new(_: Algorithm, _: &KeyComponents) -> Result<Self, String> {
        Err(MISSING_BACKEND.into())
    }

    pub(in crate::key) fn verify(&self, _: &[u8], _: &[u8]) -> bool {
        match *self {}
    }
}
