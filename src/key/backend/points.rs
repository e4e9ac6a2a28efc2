use curve25519_dalek::edwards::CompressedEdwardsY;

/// RFC 8032 section 5.1.3. AWS-LC takes any 32 bytes for a key of Ed25519, and either backend takes a point of small order,
/// under which signatures of nobody's verify.
pub(in crate::key) fn check_edwards_point(x: &[u8]) -> Result<(), String> {
    let point = CompressedEdwardsY::from_slice(x)
        .ok()
        .and_then(|point| point.decompress())
        .ok_or("the point is not on its curve")?;
    if point.is_small_order() {
        return Err("the point is of small order, under which anybody could sign".into());
    }
    if point.compress().as_bytes() != x {
        return Err(
            "its y is above the prime of its curve, a second encoding of another key".into(),
        );
    }
    Ok(())
}
