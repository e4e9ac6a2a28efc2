//! A layer with a cache responds like a layer without one.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

use serde_json::json;
use tower_jwt_auth::{CacheStats, JwtAuthBuilder, JwtAuthLayer, KeySet, SharedKeys};

use crate::support::{signing_keys::*, *};

/// A clock that the test sets.
#[derive(Clone, Default)]
struct Clock(Arc<AtomicU64>);

impl Clock {
    fn set(&self, seconds: u64) {
        self.0.store(seconds, Ordering::Relaxed);
    }

    fn into(self, builder: JwtAuthBuilder) -> JwtAuthBuilder {
        self.set(NOW);
        builder.clock(move || at(self.0.load(Ordering::Relaxed)))
    }
}

fn cached(builder: JwtAuthBuilder) -> (JwtAuthLayer, Clock) {
    let clock = Clock::default();
    let builder = clock.clone().into(builder).cache_tokens(100);
    (builder.build().unwrap(), clock)
}

fn stats(layer: &JwtAuthLayer) -> (u64, u64, usize) {
    let CacheStats {
        hits,
        misses,
        tokens,
        ..
    } = layer.cache_stats().unwrap();
    (hits, misses, tokens)
}

#[test]
fn the_cache_is_off_by_default() {
    assert_eq!(layer().cache_stats(), None);
}

#[test]
fn a_bound_token_is_rejected_each_time() {
    let (layer, _) = cached(builder());
    let token = token(&claims_with(json!({ "cnf": { "jkt": "x" } })));
    for _ in 0..3 {
        assert_eq!(reason(&layer, &token), "bound_token");
    }
    assert_eq!(stats(&layer).2, 0);
}

#[tokio::test]
async fn a_token_is_verified_once_and_yields_the_same_user() {
    let (layer, _) = cached(builder());
    let token = token(&claims());
    for count in 0..3 {
        let answer = ask(layer.clone(), with_bearer(&token)).await;
        answer.assert_reached("alice", count);
    }
    let user = layer.verifier().verify(&token).unwrap();
    assert_eq!(user.email(), claims()["email"]);
    assert_eq!(user.claims::<serde_json::Value>().unwrap(), claims());
    assert_eq!(stats(&layer), (3, 1, 1));
}

#[test]
fn the_cache_works_for_every_algorithm() {
    for alg in ALGORITHMS {
        let key = SigningKey::generate(alg, "1");
        let layer = any_audience().jwks_text(jwks([&key])).cache_tokens(10);
        let layer = layer.build().unwrap();
        let token = key.token(&claims());
        for _ in 0..3 {
            assert_eq!(reason(&layer, &token), "accepted", "{alg}");
        }
        assert_eq!(stats(&layer), (2, 1, 1), "{alg}");
    }
}

#[test]
fn a_rejected_token_is_not_cached() {
    let (layer, _) = cached(builder());
    for (expected, token) in [
        ("signature", with_signature(&token(&claims()), [0; 32])),
        ("expired", token(&claims_with(json!({ "exp": NOW - 1 })))),
        ("malformed", "a.b.c".to_owned()),
    ] {
        for _ in 0..2 {
            assert_eq!(reason(&layer, &token), expected);
        }
    }
    assert_eq!(stats(&layer), (0, 6, 0));
}

#[test]
fn only_the_exact_bytes_of_a_cached_token_are_a_hit() {
    let (layer, _) = cached(builder());
    let cached_token = token(&claims());
    assert_eq!(reason(&layer, &cached_token), "accepted");
    for index in 0..cached_token.len() {
        let mut bytes = cached_token.clone().into_bytes();
        bytes[index] ^= 1;
        let other = String::from_utf8(bytes).unwrap();
        assert_ne!(reason(&layer, &other), "accepted", "{index}");
    }
    // The cache hashes only the end of a token: the same end with another start.
    let (_, signature) = cached_token.rsplit_once('.').unwrap();
    let other = token(&claims_with(json!({ "sub": "mallory" })));
    let (input, _) = other.rsplit_once('.').unwrap();
    assert_eq!(reason(&layer, &format!("{input}.{signature}")), "signature");
    assert_eq!(
        reason(&layer, &cached_token[cached_token.len() - 43..]),
        "malformed"
    );
    assert_eq!(reason(&layer, ""), "malformed");
    assert_eq!(stats(&layer).0, 0);
}

#[test]
fn a_cached_token_expires_at_exp_plus_leeway() {
    let leeway = std::time::Duration::from_secs(5);
    let (layer, clock) = cached(builder().leeway(leeway));
    let token = token(&claims_with(json!({ "exp": NOW + 20 })));
    for (after, expected) in [
        (0, "accepted"),
        (24, "accepted"),
        (25, "expired"),
        (26, "expired"),
    ] {
        clock.set(NOW + after);
        assert_eq!(reason(&layer, &token), expected, "{after} s");
    }
    assert_eq!(stats(&layer), (1, 3, 0));
}

#[test]
fn an_entry_expires_after_5_minutes_or_if_the_clock_is_set_back() {
    let (layer, clock) = cached(builder());
    let token = token(&claims_with(json!({ "exp": NOW + 9999, "nbf": NOW })));
    let mut expected = (0, 0);
    for (after, is_hit, reason_then) in [
        (0, false, "accepted"),
        (299, true, "accepted"),
        (300, false, "accepted"),
        (599, true, "accepted"),
        (601, false, "accepted"),
        (600, false, "accepted"),
        (600, true, "accepted"),
        // The entry comes from the future, so it does not show that the token is valid now.
        (-1, false, "not_yet_valid"),
        (0, false, "accepted"),
    ] {
        clock.set(NOW.checked_add_signed(after).unwrap());
        assert_eq!(reason(&layer, &token), reason_then, "{after} s");
        if is_hit {
            expected.0 += 1;
        } else {
            expected.1 += 1;
        }
        let (hits, misses, _) = stats(&layer);
        assert_eq!((hits, misses), expected, "{after} s");
    }
}

#[test]
fn a_cached_token_is_rejected_once_its_key_is_removed() {
    let [old, new] = ["old", "new"].map(|kid| SigningKey::generate("EdDSA", kid));
    let set = |keys: &[&SigningKey]| KeySet::from_jwks(&jwks(keys.iter().copied())).unwrap();
    let keys = SharedKeys::new(set(&[&old]));
    let (layer, _) = cached(any_audience().shared_keys(keys.clone()));
    let token = old.token(&claims());
    for _ in 0..2 {
        assert_eq!(reason(&layer, &token), "accepted");
    }
    keys.replace(set(&[&old, &new]));
    assert_eq!(reason(&layer, &token), "accepted");
    keys.replace(set(&[&new]));
    assert_eq!(reason(&layer, &token), "unknown_key");
    keys.replace(KeySet::default());
    assert_eq!(reason(&layer, &token), "keys_unavailable");
    keys.replace(set(&[&old]));
    assert_eq!(reason(&layer, &token), "accepted");
    assert_eq!(stats(&layer), (1, 5, 1));
}

#[test]
fn a_cached_token_is_rejected_once_its_secret_is_removed() {
    let path = std::env::temp_dir().join(format!("token-cache-{}", std::process::id()));
    std::fs::write(&path, SECRET).unwrap();
    let (layer, clock) = cached(JwtAuthLayer::builder().secret_from_file(&path));
    let token = token(&claims_with(json!({ "exp": NOW + 9999 })));
    for _ in 0..2 {
        assert_eq!(reason(&layer, &token), "accepted");
    }
    std::fs::write(&path, "another secret of 32 bytes or more").unwrap();
    let mut rejected = false;
    for poll in 1..10 {
        clock.set(NOW + 3 * poll);
        // New content is used only once it stays unchanged for a while.
        std::thread::sleep(std::time::Duration::from_millis(20));
        rejected |= reason(&layer, &token) == "signature";
    }
    std::fs::remove_file(&path).unwrap();
    assert!(rejected);
}

#[test]
fn application_checks_run_for_cached_tokens_too() {
    let (is_banned, calls) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let (banned, count) = (Arc::clone(&is_banned), Arc::clone(&calls));
    let (layer, _) = cached(builder().check(move |user| {
        count.fetch_add(1, Ordering::Relaxed);
        !(user.user_id() == "alice" && banned.load(Ordering::Relaxed))
    }));
    let token = token(&claims());
    for (banned, expected) in [
        (false, "accepted"),
        (false, "accepted"),
        (true, "check"),
        (true, "check"),
        (false, "accepted"),
    ] {
        is_banned.store(banned, Ordering::Relaxed);
        assert_eq!(reason(&layer, &token), expected);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 5);
}

#[test]
fn a_token_over_4_kib_is_not_cached() {
    let (layer, _) = cached(builder());
    let with_length = |length: usize| {
        let with = |filler: usize| token(&claims_with(json!({ "filler": "a".repeat(filler) })));
        let filler = (0..length).find(|&filler| with(filler).len() >= length);
        with(filler.unwrap())
    };
    let (short, long) = (with_length(4096), with_length(4097));
    assert_eq!(short.len(), 4096);
    for (token, expected) in [(&short, (1, 1, 1)), (&long, (1, 3, 1))] {
        for _ in 0..2 {
            assert_eq!(reason(&layer, token), "accepted");
        }
        assert_eq!(stats(&layer), expected, "{}", token.len());
    }
}

#[test]
fn each_layer_has_its_own_cache() {
    let (layer, _) = cached(builder());
    let (strict, _) = cached(builder().audience("https://api.example.com"));
    let token = token(&claims());
    assert_eq!(reason(&layer, &token), "accepted");
    assert_eq!(reason(&strict, &token), "audience");
    assert_eq!((stats(&layer).2, stats(&strict).2), (1, 0));
    // A clone shares the cache.
    assert_eq!(reason(&layer.clone(), &token), "accepted");
    assert_eq!(stats(&layer), (1, 1, 1));
}

#[test]
fn a_cached_token_depends_only_on_the_keys_of_its_issuer() {
    const ISSUERS: [&str; 2] = ["https://a.example.com", "https://b.example.com"];
    let pairs = ISSUERS.map(|name| (name, SigningKey::generate("EdDSA", "1")));
    let handles = pairs
        .each_ref()
        .map(|(_, key)| SharedKeys::new(KeySet::from_jwks(&jwks([key])).unwrap()));
    let [a, b] = [0, 1].map(|index| {
        JwtAuthLayer::builder()
            .issuer(ISSUERS[index])
            .shared_keys(handles[index].clone())
            .allow_any_audience()
    });
    let (layer, _) = cached(a.or(b));
    let tokens = pairs
        .each_ref()
        .map(|(name, key)| key.token(&claims_with(json!({ "iss": name }))));
    for _ in 0..2 {
        for token in &tokens {
            assert_eq!(reason(&layer, token), "accepted");
        }
    }
    assert_eq!(stats(&layer), (2, 2, 2));
    handles[1].replace(KeySet::default());
    assert_eq!(reason(&layer, &tokens[0]), "accepted");
    assert_eq!(reason(&layer, &tokens[1]), "keys_unavailable");
}

#[test]
fn the_cache_does_not_exceed_its_capacity() {
    let layer = builder().cache_tokens(64).build().unwrap();
    for user in 0..1000 {
        let token = token(&claims_with(json!({ "sub": format!("user {user}") })));
        assert_eq!(reason(&layer, &token), "accepted");
    }
    let (_, _, tokens) = stats(&layer);
    assert!((32..=64).contains(&tokens), "{tokens}");
}

#[test]
fn an_invalid_capacity_is_rejected() {
    for capacity in [0, 1_000_001, usize::MAX] {
        let fault = fault(builder().cache_tokens(capacity));
        assert_contains(&fault, ".cache_tokens(…)", capacity);
        assert_contains(&fault, "1000000", capacity);
    }
    assert!(builder().cache_tokens(1_000_000).build().is_ok());
}

/// Keys are added and removed and the clock jumps, but valid and invalid tokens have the same
/// result with and without a cache.
#[test]
fn the_cache_never_changes_the_result() {
    let signers = ["0", "1", "2"].map(|kid| SigningKey::generate("EdDSA", kid));
    let keys = SharedKeys::new(KeySet::default());
    let (cached, clock) = cached(any_audience().shared_keys(keys.clone()));
    let plain = any_audience().shared_keys(keys.clone());
    let plain = clock.clone().into(plain).build().unwrap();
    let mut tokens = Vec::new();
    for signer in &signers {
        for (nbf, exp) in [(0, 100), (0, 9999), (200, 400), (500, 9999)] {
            let times = json!({ "nbf": NOW + nbf, "exp": NOW + exp });
            tokens.push(signer.token(&claims_with(times)));
        }
        tokens.push(with_signature(&signer.token(&claims()), [1; 64]));
    }
    let mut draw = {
        let hasher = RandomState::new();
        let mut count = 0_u64;
        move |below: u64| {
            count += 1;
            hasher.hash_one(count) % below
        }
    };
    let mut accepted = 0;
    for step in 0..20_000 {
        match draw(10) {
            0 => {
                let current = signers.iter().filter(|_| draw(3) > 0);
                let set = KeySet::from_jwks(&jwks(current)).unwrap_or_default();
                keys.replace(set);
            }
            1 => clock.set(NOW - 10 + draw(700)),
            _ => {
                let token = &tokens[draw(tokens.len() as u64) as usize];
                let expected = reason(&plain, token);
                assert_eq!(reason(&cached, token), expected, "step {step}");
                accepted += u64::from(expected == "accepted");
            }
        }
    }
    let (hits, misses, _) = stats(&cached);
    assert!(hits > 500 && hits < accepted, "{hits} of {accepted}");
    assert!(misses > 500, "{misses}");
}
