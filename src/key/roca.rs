//! Detects RSA keys from a faulty generator (ROCA), whose private keys can be computed from the
//! public keys. Used when an RSA key is read.

/// The generator of the subgroup that contains the faulty primes.
const GENERATOR: u32 = 65537;

/// The largest prime of the published test, which applies to moduli of all sizes.
const MAX_PRIME: u32 = 167;

/// Returns whether a modulus has the fingerprint of CVE-2017-15361 (ROCA): modulo each small prime,
/// it is a power of 65537.
///
/// Keys from the faulty generator have this property by construction (Nemec and others, "The Return
/// of Coppersmith's Attack", section 4.2). About one in 2^28 other moduli has it by chance.
/// Most moduli fail at one of the first primes, so the check is cheap.
pub(super) fn has_roca_fingerprint(n: &[u8]) -> bool {
    let is_prime = |number: &u32| (2..*number).all(|divisor| !number.is_multiple_of(divisor));
    (3..=MAX_PRIME)
        .filter(is_prime)
        .all(|prime| is_power(remainder(n, prime), prime))
}

fn is_power(number: u32, prime: u32) -> bool {
    let next = |power: &u32| Some(power * (GENERATOR % prime) % prime);
    // The powers repeat after fewer than `prime` steps.
    std::iter::successors(Some(1), next)
        .take(prime as usize)
        .any(|power| power == number)
}

/// Returns the remainder of a big-endian number.
fn remainder(number: &[u8], divisor: u32) -> u32 {
    let append = |remainder, &byte: &u8| (remainder * 256 + u32::from(byte)) % divisor;
    number.iter().fold(0, append)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remainder_matches_integer_arithmetic() {
        for number in [0_u128, 1, 166, 167, 65537, u128::MAX, u128::MAX / 3] {
            for divisor in [3, 11, 97, 167] {
                let expected = number % u128::from(divisor);
                assert_eq!(
                    u128::from(remainder(&number.to_be_bytes(), divisor)),
                    expected
                );
            }
        }
    }

    #[test]
    fn the_powers_of_65537_have_the_fingerprint() {
        let mut power = 1_u128;
        for _ in 0..7 {
            assert!(has_roca_fingerprint(&power.to_be_bytes()), "{power}");
            assert!(!has_roca_fingerprint(&(power + 2).to_be_bytes()), "{power}");
            power *= u128::from(GENERATOR);
        }
    }

    /// About one in 2^28 odd numbers has the fingerprint.
    #[test]
    fn other_odd_numbers_do_not_have_the_fingerprint() {
        let mut seed = 1_u64;
        for _ in 0..20_000 {
            let mut number = [0; 256];
            for byte in &mut number {
                // The constants of Knuth's MMIX generator.
                seed = seed
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                *byte = seed.to_be_bytes()[0];
            }
            number[255] |= 1;
            assert!(!has_roca_fingerprint(&number), "{number:?}");
        }
    }
}
