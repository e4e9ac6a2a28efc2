//! What the time of a refusal tells. Measured and not asserted, since a machine that does other
//! things besides would fail it, and since the comparison is `hmac`'s, which promises it.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use crate::support::*;

const ROUNDS: usize = 20_000;

/// Calls of one measurement: one alone takes little longer than to read the clock.
const CALLS: u32 = 16;

#[test]
#[ignore = "is a measurement: cargo test --release --test suite -- --ignored --nocapture leaks::timing"]
fn the_time_to_reject_a_wrong_signature_is_constant() {
    let verifier = layer().verifier();
    let good = token(&claims());
    let (input, _) = good.rsplit_once('.').unwrap();
    let tag = mac(input, SECRET);
    // None twice, to see how far two medians of the same are from each other.
    let mut cases = [31, 0, 16, 8, 0].map(|right: usize| {
        let wrong = tag.iter().enumerate();
        let wrong: Vec<u8> = wrong
            .map(|(index, byte)| byte ^ u8::from(index >= right))
            .collect();
        let token = format!("{input}.{}", encode(wrong));
        (right, token, Vec::with_capacity(ROUNDS))
    });
    for round in 0..ROUNDS {
        for index in 0..cases.len() {
            // Each comes after each other one, so that what one leaves behind favours none.
            let case = (index * (round % 4 + 1) + round) % cases.len();
            let (_, token, times) = &mut cases[case];
            let start = Instant::now();
            for _ in 0..CALLS {
                assert!(verifier.verify(black_box(token)).is_err());
            }
            times.push(start.elapsed());
        }
    }
    for (right, _, times) in &mut cases {
        times.sort();
        let at = |part: usize| nanos(times[ROUNDS * part / 100]);
        println!(
            "{right:2} right bytes: median {:.1} ns, 10th {:.1}, 90th {:.1}",
            at(50),
            at(10),
            at(90)
        );
    }
}

fn nanos(time: Duration) -> f64 {
    time.as_nanos() as f64 / f64::from(CALLS)
}
