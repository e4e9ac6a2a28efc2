//! Measuring in rounds that take turns, because a machine that is shared is not as fast in one
//! second as in the next: A B C, A B C, and so on, so that all of them have the same weather.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Plan {
    pub runs: usize,
    /// In each run.
    pub rounds: usize,
    /// Of each lane in each round.
    pub slice: Duration,
}

impl Plan {
    /// Five runs, or with `--quick` among the arguments as little as shows that it works.
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

/// Something to measure: does it this many times and says how long that took.
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

    /// A lane of one step after the other, on this thread.
    pub fn of_steps(name: &'static str, mut step: impl FnMut() + 'a) -> Self {
        Self::new(name, move |times| {
            let start = Instant::now();
            for _ in 0..times {
                step();
            }
            start.elapsed()
        })
    }

    /// How many times fill the slice. Warms up on the way. The shortest of three attempts counts:
    /// one that was interrupted would make all rounds too short.
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

/// The nanoseconds that one time took: of each lane, in each run, in each of its rounds.
pub fn measure(plan: Plan, mut lanes: Vec<Lane<'_>>) -> Value {
    let times: Vec<_> = lanes
        .iter_mut()
        .map(|lane| lane.times_in(plan.slice))
        .collect();
    let mut results = vec![Vec::new(); lanes.len()];
    for _ in 0..plan.runs {
        let mut run = vec![Vec::new(); lanes.len()];
        for round in 0..plan.rounds {
            // None always follows the same one, whose leavings in the caches it would always get.
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

/// Steps around the lanes that visit each of them once: 1, or -1 in every other round.
fn stride(lanes: usize, round: usize) -> usize {
    if round.is_multiple_of(2) {
        1
    } else {
        lanes - 1
    }
}
