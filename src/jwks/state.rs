//! The cached keys and the results of fetches; shared by `task`, `wait`, and the layer.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::{ArcSwap, Guard};
use tokio::{sync::Semaphore, time::Instant};

use super::{
    fetch::{FETCH_TIMEOUT, JwksFetch},
    fetches::{Fetches, saturating_later},
    health::{JwksError, JwksHealth},
    settings::Settings,
};
use crate::{
    events,
    key::{KeySet, Keys},
    redact::redact_url,
};

/// The maximum number of requests that wait for a fetch of one key set. It bounds the memory that
/// clients with unknown keys can occupy.
const MAX_WAITING: usize = 1024;

/// The minimum time for which an expired key set may be used. It gives a refresh that starts right
/// before expiry time to finish.
const MIN_STALE: Duration = Duration::from_secs(1);

/// The delay of the task after which its runtime is treated as not running. It is longer than a
/// handler should ever block a runtime, and shorter than the time for which a request waits for its
/// key, so that the first request that waits in vain reports the cause.
const STALL_TIMEOUT: Duration = Duration::from_secs(8);

const STALLED: &str = "the tokio runtime in which the layer was built is not running; build the layer in the runtime that handles the requests, and do not block that runtime";

pub(super) const NO_RUNTIME: &str = "there is no tokio runtime in which to fetch the key set; build the layer or handle the requests in one";

/// The state that requests and the task share.
pub(super) struct State {
    pub(super) settings: Settings,
    /// The URL in a form that may be logged.
    pub(super) redacted_url: String,
    pub(super) fetcher: Arc<dyn JwksFetch>,
    keys: ArcSwap<Keys>,
    /// The expiry of the cached keys, in milliseconds since `start`. Each request checks it,
    /// because the task may not be running.
    expiry_millis: AtomicU64,
    start: Instant,
    status: Mutex<FetchStatus>,
    pub(super) fetches: Fetches,
    pub(super) waiting_room: Arc<Semaphore>,
    is_running: AtomicBool,
    has_reported_no_runtime: AtomicBool,
    has_reported_stall: AtomicBool,
}

/// The results of the last fetches.
#[derive(Default)]
struct FetchStatus {
    fetched_at: Option<Instant>,
    /// The time at which the set expires, unless another set is fetched before then.
    expiry: Option<Instant>,
    plan: Option<Plan>,
    /// The time at which the task started, while it is running.
    running_since: Option<Instant>,
    error: Option<String>,
    skipped: Vec<String>,
}

/// The next scheduled fetch.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    pub(super) next: Instant,
    /// The number of consecutive failures.
    pub(super) failures: u32,
}

impl State {
    pub(super) fn new(settings: Settings, fetcher: Arc<dyn JwksFetch>) -> Self {
        Self {
            redacted_url: redact_url(&settings.url).unwrap_or_default(),
            settings,
            fetcher,
            keys: ArcSwap::from_pointee(Keys::Public(KeySet::default())),
            expiry_millis: AtomicU64::new(u64::MAX),
            start: Instant::now(),
            status: Mutex::default(),
            fetches: Fetches::new(),
            waiting_room: Arc::new(Semaphore::new(MAX_WAITING)),
            is_running: AtomicBool::new(false),
            has_reported_no_runtime: AtomicBool::new(false),
            has_reported_stall: AtomicBool::new(false),
        }
    }

    pub(super) fn keys(&self) -> Guard<Arc<Keys>> {
        if self.has_expired() {
            self.drop_expired();
        }
        self.keys.load()
    }

    fn has_expired(&self) -> bool {
        self.millis(Instant::now()) >= self.expiry_millis.load(Ordering::Relaxed)
    }

    fn status(&self) -> MutexGuard<'_, FetchStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores a fetched set. Returns the entries that cannot be used and were not reported before.
    pub(super) fn store_keys(&self, set: KeySet, time_to_live: Duration) -> Vec<String> {
        let mut status = self.status();
        let is_new = |entry: &&String| !status.skipped.contains(entry);
        let new_entries = set.skipped().iter().filter(is_new).cloned().collect();
        let now = Instant::now();
        let stale = self.settings.max_stale.max(MIN_STALE);
        let expiry = saturating_later(now, time_to_live.saturating_add(stale));
        *status = FetchStatus {
            fetched_at: Some(now),
            expiry: Some(expiry),
            plan: status.plan,
            running_since: status.running_since,
            error: None,
            skipped: set.skipped().to_vec(),
        };
        let expiry_millis = self.millis(expiry);
        self.expiry_millis.store(expiry_millis, Ordering::Relaxed);
        // Equal keys are not replaced, because that would invalidate the cached tokens.
        let have_changed = match &**self.keys.load() {
            Keys::Public(cached) => !cached.has_same_keys(&set),
            Keys::Secrets(_) => true,
        };
        if have_changed {
            self.keys.store(Arc::new(Keys::Public(set)));
        }
        new_entries
    }

    /// Records a failure. The cached set stays in use until it expires.
    pub(super) fn record_failure(&self, reason: String) {
        self.status().error = Some(reason);
    }

    /// Returns whether the last fetch failed.
    pub(super) fn fetch_has_failed(&self) -> bool {
        self.status().error.is_some()
    }

    /// Returns whether a fetch has succeeded.
    pub(super) fn has_succeeded(&self) -> bool {
        self.status().fetched_at.is_some()
    }

    /// Returns the expiry of the cached keys, if there are any.
    pub(super) fn expiry(&self) -> Option<Instant> {
        let has_keys = !self.keys.load().is_empty();
        self.status().expiry.filter(|_| has_keys)
    }

    fn millis(&self, at: Instant) -> u64 {
        let millis = at.saturating_duration_since(self.start).as_millis();
        u64::try_from(millis).unwrap_or(u64::MAX)
    }

    /// Returns the next scheduled fetch: the plan of a previous task whose runtime has shut down,
    /// or else a fetch that starts now.
    pub(super) fn plan(&self) -> Plan {
        let now = Plan {
            next: Instant::now(),
            failures: 0,
        };
        self.status().plan.unwrap_or(now)
    }

    pub(super) fn set_plan(&self, plan: Plan) {
        self.status().plan = Some(plan);
    }

    /// Drops the cached keys if they have expired.
    pub(super) fn drop_expired(&self) {
        let status = self.status();
        // Another set may have been stored since the first check.
        if self.has_expired() {
            self.drop_keys();
            drop(status);
            self.check_runtime();
            events::fetching::expired(&self.redacted_url);
        }
    }

    pub(super) fn clear(&self) {
        let _status = self.status();
        self.drop_keys();
    }

    /// The caller must have locked the status, which [`store_keys`](Self::store_keys) also locks,
    /// so that no new set is dropped.
    fn drop_keys(&self) {
        self.expiry_millis.store(u64::MAX, Ordering::Relaxed);
        self.keys.store(Arc::new(Keys::Public(KeySet::default())));
    }

    pub(super) fn error(&self, reason: impl Into<String>) -> JwksError {
        JwksError {
            failures: vec![(self.redacted_url.clone(), reason.into())],
        }
    }

    /// Returns the reason as an error if no keys are cached after a fetch has ended or could not
    /// start.
    pub(super) fn readiness(&self) -> Result<(), JwksError> {
        match self.problem() {
            Some(reason) if self.keys.load().is_empty() => Err(self.error(reason)),
            _ => Ok(()),
        }
    }

    /// Returns the reason why the keys are not refreshed: no runtime runs the task, or the last
    /// fetch failed.
    fn problem(&self) -> Option<String> {
        let lacked_runtime = self.has_reported_no_runtime.load(Ordering::Relaxed);
        if self.is_stalled() {
            Some(STALLED.into())
        } else if lacked_runtime && !self.is_running() {
            Some(NO_RUNTIME.into())
        } else {
            self.status().error.clone()
        }
    }

    /// Returns whether the runtime of the task is not running it: a due fetch has not started, or a
    /// started fetch has not ended in time.
    pub(super) fn is_stalled(&self) -> bool {
        let (plan, running_since) = {
            let status = self.status();
            (status.plan, status.running_since)
        };
        let Some(running_since) = running_since else {
            return false;
        };
        let due = match self.fetches.counts().current_start() {
            Some(start) => start + FETCH_TIMEOUT,
            None => {
                let planned = plan.map_or(running_since, |plan| plan.next);
                self.fetches.next_start(planned, self.settings.cooldown)
            }
        };
        // A fetch may have been due before the task started, but the task cannot be late until it
        // has started.
        Instant::now().saturating_duration_since(due.max(running_since)) >= STALL_TIMEOUT
    }

    /// Returns whether the runtime of the task is not running, and logs it the first time.
    pub(super) fn check_runtime(&self) -> bool {
        let is_stalled = self.is_stalled();
        if is_stalled && !self.has_reported_stall.swap(true, Ordering::Relaxed) {
            events::fetching::stalled(&self.redacted_url, STALLED);
        }
        is_stalled
    }

    pub(super) fn health(&self) -> JwksHealth {
        let keys = match &**self.keys.load() {
            Keys::Public(set) => set.keys().len(),
            Keys::Secrets(_) => 0,
        };
        let fetched_at = self.status().fetched_at;
        JwksHealth {
            url: self.redacted_url.clone(),
            keys,
            age: fetched_at.map(|at| at.elapsed()),
            expires_in: self
                .expiry()
                .map(|at| at.saturating_duration_since(Instant::now())),
            last_error: self.problem(),
            fetches: self.fetches.counts().ended,
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.is_running.load(Ordering::Acquire)
    }

    /// Marks the task as running until the returned value is dropped, which also happens on a
    /// panic.
    pub(super) fn start_running(self: &Arc<Self>) -> Running {
        self.status().running_since = Some(Instant::now());
        self.is_running.store(true, Ordering::Release);
        Running(Arc::clone(self))
    }

    pub(super) fn report_no_runtime_once(&self, report: impl FnOnce()) {
        if !self.has_reported_no_runtime.swap(true, Ordering::Relaxed) {
            report();
        }
    }
}

/// The mark of a running task. Dropping it marks the task as ended.
pub(super) struct Running(Arc<State>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.status().running_since = None;
        // Cleared before `abandon` wakes the waiting requests, which check it.
        self.0.is_running.store(false, Ordering::Release);
        self.0.fetches.abandon();
    }
}
