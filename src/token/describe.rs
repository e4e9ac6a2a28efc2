use super::{
    compact::{Compact, USUAL_HEADER},
    header::Header,
};
use crate::Algorithm;

/// What the header of a token says of it, for whoever reads the log. Nobody has verified it.
#[derive(Default)]
pub(crate) struct Described {
    /// One that the crate knows.
    pub(crate) algorithm: Option<Algorithm>,
    /// Escaped, and not the whole of a long one.
    pub(crate) key_id: Option<String>,
}

impl Described {
    pub(super) fn of(token: &[u8]) -> Option<Self> {
        let compact = Compact::split(token).ok()?;
        let mut buffer = [0; USUAL_HEADER];
        let json = compact.decode_header(&mut buffer).ok()?;
        let header = Header::parse(&json).ok()?;
        Some(Self {
            algorithm: header.alg,
            key_id: header.kid.map(|kid| {
                let start = kid.chars().take(LONGEST_KEY_ID);
                start.flat_map(char::escape_default).collect()
            }),
        })
    }
}

/// In characters: more than any key id that an issuer would choose.
const LONGEST_KEY_ID: usize = 64;
