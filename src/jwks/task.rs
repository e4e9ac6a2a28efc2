//! The background task that fetches a key set.

use std::{
    future::pending,
    hash::{BuildHasher, RandomState},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};

use super::{
    fetch::{FETCH_TIMEOUT, MAX_JWKS_BYTES},
    fetches::saturating_later,
    state::{Plan, Running, State},
};
use crate::{events, key::KeySet};

/// The first and the longest delay between a failure and the next fetch.
const MIN_RETRY_INTERVAL: Duration = Duration::from_secs(1);
const MAX_RETRY_INTERVAL: Duration = Duration::from_secs(30);

/// Fetches the set when scheduled or when a token requests it, one fetch at a time.
pub(super) async fn run(state: Arc<State>, _running: Running) {
    let mut plan = state.plan();
    loop {
        let now = Instant::now();
        let cooldown = state.settings.cooldown;
        let start = state.fetches.next_start(plan.next, cooldown);
        if start > now {
            tokio::select! {
                () = sleep_until(start) => {}
                () = state.fetches.wait_for_request() => {}
                () = wait_for_expiry(&state) => state.drop_expired(),
            }
            // The start is computed again, because a token may have requested an earlier fetch.
            continue;
        }

        let is_scheduled = plan.next <= now;
        state.fetches.start(is_scheduled, now);
        let fetched = async {
            let mut fetching = pin!(fetch(&state));
            loop {
                tokio::select! {
                    fetched = &mut fetching => return fetched,
                    // A slow issuer must not keep expired keys in use.
                    () = wait_for_expiry(&state) => state.drop_expired(),
                }
            }
        };
        let fetched = fetched.await.and_then(|(set, time_to_live)| {
            // The issuer published an empty set, so the cached keys are no longer valid.
            set.check_not_empty().inspect_err(|_| state.clear())?;
            Ok((set, time_to_live))
        });
        let now = Instant::now();
        match fetched {
            Ok((set, time_to_live)) => {
                let keys = set.keys().len();
                let (had_failed, is_first) = (plan.failures > 0, !state.has_succeeded());
                events::fetching::succeeded(&state.redacted_url, keys, had_failed, is_first);
                events::keys_skipped(&state.redacted_url, &state.store_keys(set, time_to_live));
                plan = Plan {
                    next: saturating_later(now, with_jitter(time_to_live)),
                    failures: 0,
                };
            }
            Err(reason) => {
                events::fetching::failed(&state.redacted_url, &reason, plan.failures);
                state.record_failure(reason);
                plan = plan.after_failure(is_scheduled, now);
            }
        }
        // `end` comes last, because it wakes the waiting requests, which read the keys and the
        // status.
        state.set_plan(plan);
        state.fetches.end();
    }
}

impl Plan {
    /// Returns the plan after a failure. Only a scheduled fetch is retried: tokens request further
    /// fetches themselves, and retries would double the number of fetches that they can cause.
    fn after_failure(self, is_scheduled: bool, now: Instant) -> Self {
        let interval = MIN_RETRY_INTERVAL
            .saturating_mul(1 << self.failures.min(8))
            .min(MAX_RETRY_INTERVAL);
        Self {
            next: if is_scheduled {
                saturating_later(now, with_jitter(interval))
            } else {
                self.next
            },
            failures: self.failures.saturating_add(1),
        }
    }
}

/// Completes when the cached keys expire, or never if there are none.
async fn wait_for_expiry(state: &State) {
    match state.expiry() {
        Some(expiry) => sleep_until(expiry).await,
        None => pending().await,
    }
}

async fn fetch(state: &State) -> Result<(KeySet, Duration), String> {
    let (fetcher, url) = (Arc::clone(&state.fetcher), state.settings.url.clone());
    // A fetch runs in its own task, so that a panic of the fetcher does not end this one. The
    // `JoinSet` aborts that task when this one ends.
    let mut fetching = JoinSet::new();
    fetching.spawn(async move { fetcher.fetch(&url).await });
    let fetched = match timeout(FETCH_TIMEOUT, fetching.join_next()).await {
        Ok(Some(Ok(fetched))) => fetched.map_err(|error| error.to_string())?,
        Ok(_) => return Err("the fetcher panicked".into()),
        Err(_) => return Err(format!("no response within {} s", FETCH_TIMEOUT.as_secs())),
    };
    if fetched.json.len() > MAX_JWKS_BYTES {
        return Err(format!("the key set is larger than {MAX_JWKS_BYTES} bytes"));
    }
    let set = KeySet::read(&fetched.json)?.with_algorithms(&state.settings.algorithms);
    Ok((set, state.settings.time_to_live(fetched.max_age)))
}

/// Shortens the time by up to a tenth, so that the replicas of a service do not fetch
/// simultaneously.
fn with_jitter(time: Duration) -> Duration {
    let random = RandomState::new().hash_one(0) % 1000;
    time - time / 10_000 * random as u32
}
