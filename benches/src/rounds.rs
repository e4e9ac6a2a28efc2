//! Interleaved rounds: A B C, A B C, and so on. The speed of a shared machine changes from second to
//! second, so all candidates are measured under the same conditions.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

/// The number and the length of measurements.
#[derive(Clone, Copy)]
pub struct Plan {
    pub runs: usize,
    /// Per run.
    pub rounds: usize,
    /// The time of each lane per round.
    pub slice: Duration,
}

impl Plan {
    /// Five runs, or with the argument `--quick` a short test of the benchmark.
    pub fn from_args() -> Self {
        let quick = std::env::args().any(|arg| arg == "--quick");
        let (runs, rounds, slice) = if quick { (2, 3, 5) } else { (5, 15, 40) };
        Self {
            runs,
            rounds,
            slice: Duration::from_millis(slice),
        }
    }
}

/// A candidate. `repeat` runs it this many times and returns the duration.
pub struct Lane<'a> {
    name: &'static str,
    repeat: Box<dyn FnMut(u64) -> Duration + 'a>,
}

impl<'a> Lane<'a> {
    pub fn new(name: &'static str, repeat: impl FnMut(u64) -> Duration + 'a) -> Self {
        Self {
            name,
            repeat: Box::new(repeat),
        }
    }

    /// A lane that repeats a step on this thread.
    pub fn of_steps(name: &'static str, mut step: impl FnMut() + 'a) -> Self {
        Self::new(name, move |times| {
            let start = Instant::now();
            for _ in 0..times {
                step();
            }
            start.elapsed()
        })
    }

    /// Returns the repetitions that fill the slice, and warms up. Uses the shortest of three attempts,
    /// because an interrupted attempt would make all rounds too short.
    fn times_in(&mut self, slice: Duration) -> u64 {
        let mut times = 16;
        loop {
            let attempts = [(); 3].map(|()| (self.repeat)(times));
            let took = attempts.into_iter().min().expect("there are three");
            if took * 4 >= slice {
                let ratio = slice.as_secs_f64() / took.as_secs_f64();
                return (times as f64 * ratio).ceil() as u64;
            }
            times *= 2;
        }
    }
}

/// Returns the nanoseconds per repetition, for each lane, run and round.
pub fn measure(plan: Plan, mut lanes: Vec<Lane<'_>>) -> Value {
    let times: Vec<_> = lanes
        .iter_mut()
        .map(|lane| lane.times_in(plan.slice))
        .collect();
    let mut results = vec![Vec::new(); lanes.len()];
    for _ in 0..plan.runs {
        let mut run = vec![Vec::new(); lanes.len()];
        for round in 0..plan.rounds {
            // The order changes, so that no lane always finds the CPU caches of the same predecessor.
            for turn in 0..lanes.len() {
                let lane = (turn * stride(lanes.len(), round) + round) % lanes.len();
                let took = (lanes[lane].repeat)(times[lane]);
                run[lane].push(took.as_nanos() as f64 / times[lane] as f64);
            }
        }
        for (runs, rounds) in results.iter_mut().zip(run) {
            runs.push(rounds);
        }
    }
    let named = lanes.iter().zip(results);
    let named: Map<_, _> = named
        .map(|(lane, runs)| (lane.name.to_owned(), json!(runs)))
        .collect();
    Value::Object(named)
}

/// A stride that visits each lane once: 1, or -1 in every other round.
fn stride(lanes: usize, round: usize) -> usize {
    if round.is_multiple_of(2) {
        1
    } else {
        lanes - 1
    }
}
