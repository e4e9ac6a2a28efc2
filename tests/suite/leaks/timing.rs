//! The time of a rejection. It is measured and not asserted, because the assertion would fail on a
//! busy machine, and because `hmac` guarantees a constant-time comparison.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use crate::support::*;

const ROUNDS: usize = 20_000;

/// Calls in one measurement, because a single call takes little longer than reading the clock.
const CALLS: u32 = 16;

#[test]
#[ignore = "is a measurement: cargo test --release --test suite -- --ignored --nocapture leaks::timing"]
fn the_time_to_reject_a_wrong_signature_is_constant() {
    let verifier = layer().verifier();
    let valid = token(&claims());
    let (input, _) = valid.rsplit_once('.').unwrap();
    let tag = mac(input, SECRET);
    // Two cases without a correct byte show the difference between two equal measurements.
    let mut cases = [31, 0, 16, 8, 0].map(|correct: usize| {
        let wrong = tag.iter().enumerate();
        let wrong: Vec<u8> = wrong
            .map(|(index, byte)| byte ^ u8::from(index >= correct))
            .collect();
        let token = format!("{input}.{}", encode(wrong));
        (correct, token, Vec::with_capacity(ROUNDS))
    });
    for round in 0..ROUNDS {
        for index in 0..cases.len() {
            // Each case follows every other one, so that cache effects favor none.
            let case = (index * (round % 4 + 1) + round) % cases.len();
            let (_, token, times) = &mut cases[case];
            let start = Instant::now();
            for _ in 0..CALLS {
                assert!(verifier.verify(black_box(token)).is_err());
            }
            times.push(start.elapsed());
        }
    }
    for (correct, _, times) in &mut cases {
        times.sort();
        let at = |part: usize| nanos(times[ROUNDS * part / 100]);
        println!(
            "{correct:2} correct bytes: median {:.1} ns, 10th {:.1}, 90th {:.1}",
            at(50),
            at(10),
            at(90)
        );
    }
}

fn nanos(time: Duration) -> f64 {
    time.as_nanos() as f64 / f64::from(CALLS)
}
