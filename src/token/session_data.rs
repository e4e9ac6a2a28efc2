//! Verifies the JWT in Better Auth's cookie `session_data`; used by `sessions`.

use super::{
    compact::{Compact, INLINE_CLAIMS_LEN, INLINE_HEADER_LEN},
    header::Header,
    issuer::verify_signature,
    verifier::TokenVerifier,
};
use crate::key::SignatureCheck;

/// The `typ` of the JWT, which no access token has.
const TYPE: &str = "better-auth.session-cache+jwt";

impl TokenVerifier {
    /// Returns what `read` makes of the payload of such a JWT, if it accepts the payload and a public
    /// key of the first issuer verifies the JWT.
    ///
    /// Never waits for keys. If a fetch may return the key, one is requested for the cookies after this
    /// one, but not for a payload that no key could make acceptable.
    pub(crate) fn session_data<T>(
        &self,
        jwt: &[u8],
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let issuer = self.0.issuers.first()?;
        let compact = Compact::split(jwt).ok()?;
        let mut buffer = [0; INLINE_HEADER_LEN];
        let json = compact.decode_header(&mut buffer).ok()?;
        let header = Header::parse(&json).ok()?;
        let is_typed = header.typ.as_deref() == Some(TYPE) && header.kid.is_some();
        let algorithm = header.alg.filter(|alg| is_typed && !alg.is_hmac())?;
        if !issuer.algorithms.contains(&algorithm) {
            return None;
        }
        let source = issuer.keys.source_for(Some(algorithm));
        let keys = source.current(self.0.clock.now());
        let check = verify_signature(&compact, &header, algorithm, &keys);
        let is_verified = matches!(check, SignatureCheck::Verified { key_issuer: None });
        let mut buffer = [0; INLINE_CLAIMS_LEN];
        let content = read(&compact.decode_payload(&mut buffer).ok()?)?;
        if !is_verified {
            let _ = source.wait(None, &keys);
        }
        is_verified.then_some(content)
    }
}
