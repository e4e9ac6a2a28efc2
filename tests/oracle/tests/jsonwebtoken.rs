//! `jsonwebtoken::decode` accepts every token that we accept, with the same rules.

use std::{
    cell::Cell,
    env,
    io::{self, Write},
    time::{SystemTime, UNIX_EPOCH},
};

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, crypto::rust_crypto, decode, encode,
};
use proptest::test_runner::{Config, TestRunner};
use serde::{Deserialize, de::IgnoredAny};
use tower_jwt_auth_oracle::{Policy, SECRETS, any_case, any_well_formed};

/// Returns the number of tokens of each test: `ORACLE_CASES`, or 20,000.
fn cases() -> u32 {
    let cases = env::var("ORACLE_CASES").ok();
    cases.map_or(20_000, |cases| {
        cases.parse().expect("ORACLE_CASES is a number")
    })
}

fn runner() -> TestRunner {
    let _ = rust_crypto::DEFAULT_PROVIDER.install_default();
    TestRunner::new(Config {
        cases: cases(),
        failure_persistence: None,
        ..Config::default()
    })
}

/// Returns the system time, which is the only clock that `jsonwebtoken` supports.
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("the clock is past 1970").as_secs()
}

#[test]
fn jsonwebtoken_accepts_every_token_that_we_accept() {
    let (accepted, signed_again, accepted_again) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let count = |counter: &Cell<u32>, one: bool| counter.set(counter.get() + u32::from(one));
    let result = runner().run(&any_case(), |case| {
        let now = now();
        let token = case.token(now);
        let ours = case.policy.verifier(now).verify(&token);
        count(&signed_again, case.is_signed_again());
        count(&accepted, ours.is_ok());
        count(&accepted_again, ours.is_ok() && case.is_signed_again());
        if ours.is_ok() {
            let theirs = SECRETS[..2]
                .iter()
                .map(|secret| verify_with_jsonwebtoken(&token, secret, &case.policy));
            let errors: Vec<_> = theirs.filter_map(Result::err).collect();
            assert!(errors.len() < 2, "{errors:?} for {token}");
        }
        Ok(())
    });
    result.unwrap();
    // `println!` would be hidden if the test passes.
    let _ = writeln!(
        io::stderr(),
        "oracle: {} tokens, {} signed again after damage, {} accepted, {} of them damaged",
        cases(),
        signed_again.get(),
        accepted.get(),
        accepted_again.get()
    );
    assert!(
        signed_again.get() * 4 >= cases(),
        "fewer than a quarter are signed again"
    );
    assert!(
        accepted.get() * 5 >= cases(),
        "fewer than a fifth are accepted"
    );
}

#[test]
fn every_well_formed_token_within_the_policy_is_accepted() {
    let now = now();
    let key = EncodingKey::from_secret(SECRETS[0].as_bytes());
    let result = runner().run(&any_well_formed(now), |case| {
        let token = encode(&Header::new(Algorithm::HS256), &case.claims, &key).unwrap();
        let user = case.policy.verifier(now).verify(&token).unwrap();
        assert_eq!(user.user_id(), case.claims["sub"]);
        assert_eq!(user.email(), case.claims["email"]);
        assert_eq!(user.name(), case.claims["name"].as_str());
        assert_eq!(user.claims::<serde_json::Value>().unwrap(), case.claims);
        Ok(())
    });
    result.unwrap();
}

/// Any claims: `Validation` sets the requirements.
#[derive(Deserialize)]
struct Anything {
    #[serde(rename = "exp")]
    _exp: IgnoredAny,
}

fn verify_with_jsonwebtoken(
    token: &str,
    secret: &str,
    policy: &Policy,
) -> Result<(), jsonwebtoken::errors::Error> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.leeway = policy.leeway;
    validation.validate_nbf = true;
    let mut required = vec!["exp", "sub"];
    if let Some(issuer) = policy.issuer() {
        validation.set_issuer(&[issuer]);
        required.push("iss");
    }
    if let Some(audience) = policy.audience() {
        validation.set_audience(&[audience]);
        required.push("aud");
    }
    validation.validate_aud = !policy.any_audience;
    validation.set_required_spec_claims(&required);
    let key = DecodingKey::from_secret(secret.as_bytes());
    decode::<Anything>(token, &key, &validation).map(drop)
}
