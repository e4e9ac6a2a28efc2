use super::{Algorithm, MISSING_BACKEND, Material};

/// There is no such key.
pub(in crate::key) enum Prepared {}

pub(in crate::key) fn check_edwards_point(_: &[u8]) -> Result<(), String> {
    Err(MISSING_BACKEND.into())
}

impl Prepared {
    pub(in crate::key) fn new(_: Algorithm, _: &Material) -> Result<Self, String> {
        Err(MISSING_BACKEND.into())
    }

    pub(in crate::key) fn verify(&self, _: &[u8], _: &[u8]) -> bool {
        match *self {}
    }
}
