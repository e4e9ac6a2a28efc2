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

use super::state::{Running, State, later};
use crate::{key::KeySet, report};

/// How long a fetch may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// In bytes.
const LARGEST: usize = 1024 * 1024;

/// How long after a failure it is tried again: the first time, and at most.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(30);

/// Fetches the set when it is due and when a request asks for it, one fetch at a time.
pub(super) async fn run(state: Arc<State>, _running: Running) {
    let (mut next, mut failures) = state.planned();
    loop {
        let now = Instant::now();
        let due = state.demand().due(next, now);
        if due > now {
            tokio::select! {
                () = sleep_until(due) => {}
                () = state.wake.notified() => {}
                () = expiry(&state) => state.drop_expired(),
            }
            continue;
        }

        state.demand().begin(now);
        let fetched = async {
            let mut fetching = pin!(fetch(&state));
            loop {
                tokio::select! {
                    fetched = &mut fetching => return fetched,
                    () = expiry(&state) => state.drop_expired(),
                }
            }
        };
        let fetched = fetched.await.and_then(|(set, time_to_live)| {
            // The issuer has spoken: it has no key, so that none which is held is its own any more.
            set.check_not_empty().inspect_err(|_| state.clear())?;
            Ok((set, time_to_live))
        });
        match fetched {
            Ok((set, time_to_live)) => {
                report::fetching::succeeded(&state.shown_url, set.keys().len(), failures > 0);
                failures = 0;
                next = later(Instant::now(), sooner(time_to_live));
                report::keys_skipped(&state.shown_url, &state.succeed(set, time_to_live));
                state.plan(next, failures);
            }
            Err(why) => {
                report::fetching::failed(&state.shown_url, &why, failures);
                let retry = FIRST_RETRY
                    .saturating_mul(1 << failures.min(8))
                    .min(LAST_RETRY);
                failures += 1;
                next = later(Instant::now(), sooner(retry));
                state.plan(next, failures);
                state.fail(why);
            }
        }
    }
}

/// Ends when the keys that are held have become too old. Never, if there are none.
async fn expiry(state: &State) {
    match state.expiry() {
        Some(expiry) => sleep_until(expiry).await,
        None => pending().await,
    }
}

async fn fetch(state: &State) -> Result<(KeySet, Duration), String> {
    let (fetcher, url) = (Arc::clone(&state.fetcher), state.settings.url.clone());
    // In a task of its own, so that a fetcher that panics does not end this one; in a set, so that
    // it ends with it.
    let mut fetching = JoinSet::new();
    fetching.spawn(async move { fetcher.fetch(&url).await });
    let fetched = match timeout(PATIENCE, fetching.join_next()).await {
        Ok(Some(Ok(fetched))) => fetched.map_err(|error| error.to_string())?,
        Ok(_) => return Err("the fetcher panicked".into()),
        Err(_) => return Err(format!("no answer within {} s", PATIENCE.as_secs())),
    };
    if fetched.json.len() > LARGEST {
        return Err(format!("the key set is larger than {LARGEST} bytes"));
    }
    let set = KeySet::read(&fetched.json)?.with_algorithms(&state.settings.algorithms);
    Ok((set, state.settings.time_to_live(fetched.max_age)))
}

/// Up to a tenth sooner, so that the replicas of a service do not all ask at once.
fn sooner(time: Duration) -> Duration {
    let random = RandomState::new().hash_one(0) % 1000;
    time - time / 10_000 * random as u32
}
