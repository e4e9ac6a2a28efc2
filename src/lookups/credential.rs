//! [`Credential`]: what is looked up, as the key of its answer.

use std::hash::{Hash, Hasher};

use quick_cache::Equivalent;

/// The length of a MAC in base64, without padding.
const HASHED_SUFFIX_LEN: usize = 43;

/// A credential and the place where it was found. An answer is valid for one place only, because the
/// service may treat the places differently.
#[derive(Clone, Copy)]
pub(crate) struct Credential<'r> {
    pub(crate) place: u8,
    pub(crate) text: &'r [u8],
}

impl Credential<'_> {
    /// Returns the place and the text.
    pub(super) fn to_bytes(self) -> Box<[u8]> {
        [&[self.place], self.text].concat().into()
    }
}

/// An accepted credential. Its hash uses only the last bytes, which are random: they belong to a MAC or
/// to a token.
#[derive(PartialEq, Eq)]
pub(super) struct AcceptedCredential(Box<[u8]>);

impl AcceptedCredential {
    /// `bytes` are a credential's place and text.
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl Hash for AcceptedCredential {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(suffix(self.0.get(1..).unwrap_or_default()));
    }
}

impl Hash for Credential<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(suffix(self.text));
    }
}

impl Equivalent<AcceptedCredential> for Credential<'_> {
    fn equivalent(&self, accepted: &AcceptedCredential) -> bool {
        let accepted = accepted.0.split_first();
        accepted.is_some_and(|(place, text)| *place == self.place && text == self.text)
    }
}

fn suffix(text: &[u8]) -> &[u8] {
    let start = text.len().saturating_sub(HASHED_SUFFIX_LEN);
    text.get(start..).unwrap_or_default()
}
