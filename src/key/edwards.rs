//! Checks of Ed25519 points that the backends omit; used by `material`.

use curve25519_dalek::edwards::CompressedEdwardsY;

/// Checks that a point is on its curve and not of small order (RFC 8032 section 5.1.3). AWS-LC
/// accepts any 32 bytes as an Ed25519 key, and both backends accept a point of small order, for
/// which anyone can create valid signatures.
pub(super) fn check_point(x: &[u8]) -> Result<(), String> {
    let point = CompressedEdwardsY::from_slice(x)
        .ok()
        .and_then(|point| point.decompress())
        .ok_or("the point is not on its curve")?;
    if point.is_small_order() {
        return Err("the point is of small order, so anyone could sign for it".into());
    }
    if point.compress().as_bytes() != x {
        return Err(
            "its y is above the prime of the curve, so it is a second encoding of another key"
                .into(),
        );
    }
    Ok(())
}
