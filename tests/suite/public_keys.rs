use tower_jwt_auth::JwtAuthLayer;

use super::{
    signing_keys::{ALGORITHMS, SigningKey, jwks},
    support::*,
};

#[test]
fn a_token_of_each_algorithm_is_verified_with_its_key_in_a_set() {
    for alg in ALGORITHMS {
        let key = SigningKey::generate(alg, "1");
        let layer = JwtAuthLayer::builder()
            .jwks_text(jwks([&key]))
            .clock(|| at(NOW))
            .build()
            .unwrap();
        assert_eq!(reason(&layer, &key.token(&claims())), "accepted", "{alg}");
    }
}
