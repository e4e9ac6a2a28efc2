//! The names of algorithms.

use tower_jwt_auth::Algorithm;

#[test]
fn an_algorithm_parses_from_its_name() {
    for name in [
        "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
        "ES384", "ES512", "EdDSA",
    ] {
        let algorithm: Algorithm = name.parse().unwrap();
        assert_eq!(algorithm.to_string(), name);
    }
    assert_eq!("Ed25519".parse::<Algorithm>().unwrap(), Algorithm::EdDSA);
    for name in ["none", "", "hs256", "HS256 ", "Zq8kV2mN5wX9"] {
        let error = name.parse::<Algorithm>().unwrap_err().to_string();
        assert!(
            error.contains("use one of HS256, ") && error.contains("EdDSA"),
            "{error}"
        );
        assert!(!error.contains("Zq8k"), "{error}");
    }
}
