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
    JwksError, JwksFetch, JwksHealth,
    fetches::{Fetches, saturating_later},
    settings::Settings,
    task::FETCH_TIMEOUT,
};
use crate::{
    events,
    key::{KeySet, Keys},
    redact::redact_url,
};

/// How many requests may wait for a fetch at once.
const MAX_WAITING: usize = 1024;

/// How long an expired key set may be used at least: a refresh that starts right before expiry
/// needs time to finish.
const MIN_STALE: Duration = Duration::from_secs(1);

/// How long the task may be late: longer than handlers should ever block a runtime, and shorter than
/// a request waits for its key, so that the first one that waits in vain finds the reason.
const STALL_TIMEOUT: Duration = Duration::from_secs(8);

const STALLED: &str = "the tokio runtime in which the layer was built does not run; build the layer in the runtime that serves the requests, and do not block it";

pub(super) const NO_RUNTIME: &str =
    "there is no tokio runtime to fetch the key set in; serve the requests in one";

/// What the requests and the task that fetches share.
pub(super) struct State {
    pub(super) settings: Settings,
    /// The URL as it may be logged.
    pub(super) redact_url: String,
    pub(super) fetcher: Arc<dyn JwksFetch>,
    keys: ArcSwap<Keys>,
    /// When the cached keys expire, in milliseconds since `start`. Each request checks it: the task
    /// that fetches may not be running, or not be polled.
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
    /// When the set expires, if no other is fetched until then.
    expiry: Option<Instant>,
    plan: Option<Plan>,
    /// When the task was started, while it runs.
    running_since: Option<Instant>,
    error: Option<String>,
    skipped: Vec<String>,
}

/// The next scheduled fetch.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    pub(super) next: Instant,
    /// How many fetches in a row have failed.
    pub(super) failures: u32,
}

impl State {
    pub(super) fn new(settings: Settings, fetcher: Arc<dyn JwksFetch>) -> Self {
        Self {
            redact_url: redact_url(&settings.url).unwrap_or_default(),
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
        let is_new = |what: &&String| !status.skipped.contains(what);
        let news = set.skipped().iter().filter(is_new).cloned().collect();
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
        // Equal keys are not replaced, so that cached tokens stay verified.
        let are_new = match &**self.keys.load() {
            Keys::Public(cached) => !cached.has_same_keys(&set),
            Keys::Secrets(_) => true,
        };
        if are_new {
            self.keys.store(Arc::new(Keys::Public(set)));
        }
        news
    }

    /// Keeps the cached set until it expires.
    pub(super) fn record_failure(&self, why: String) {
        self.status().error = Some(why);
    }

    /// Returns whether a fetch has succeeded.
    pub(super) fn has_succeeded(&self) -> bool {
        self.status().fetched_at.is_some()
    }

    /// When the cached keys, if any, expire.
    pub(super) fn expiry(&self) -> Option<Instant> {
        let is_cached = !self.keys.load().is_empty();
        self.status().expiry.filter(|_| is_cached)
    }

    fn millis(&self, at: Instant) -> u64 {
        let millis = at.saturating_duration_since(self.start).as_millis();
        u64::try_from(millis).unwrap_or(u64::MAX)
    }

    /// The next scheduled fetch: now, unless a task that ended with its runtime planned it.
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
        // Another set may have been stored meanwhile.
        if self.has_expired() {
            self.drop_keys();
            drop(status);
            self.check_runtime();
            events::fetching::expired(&self.redact_url);
        }
    }

    pub(super) fn clear(&self) {
        let _status = self.status();
        self.drop_keys();
    }

    /// Called with the status locked, as it is while [`store_keys`](Self::store_keys) stores a set.
    fn drop_keys(&self) {
        self.expiry_millis.store(u64::MAX, Ordering::Relaxed);
        self.keys.store(Arc::new(Keys::Public(KeySet::default())));
    }

    pub(super) fn error(&self, why: impl Into<String>) -> JwksError {
        JwksError {
            failures: vec![(self.redact_url.clone(), why.into())],
        }
    }

    /// Why there are no keys, if none are cached and a fetch has ended or will not start.
    pub(super) fn readiness(&self) -> Result<(), JwksError> {
        match self.problem() {
            Some(why) if self.keys.load().is_empty() => Err(self.error(why)),
            _ => Ok(()),
        }
    }

    /// Why the keys are not refreshed: nothing runs the task, or the last fetch failed.
    fn problem(&self) -> Option<String> {
        let is_missed = self.has_reported_no_runtime.load(Ordering::Relaxed);
        if self.is_stalled() {
            Some(STALLED.into())
        } else if is_missed && !self.is_running() {
            Some(NO_RUNTIME.into())
        } else {
            self.status().error.clone()
        }
    }

    /// Returns whether the runtime of the task leaves it alone: a fetch is due that has not started,
    /// or one has started that should have ended.
    fn is_stalled(&self) -> bool {
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
        // A task that was started later than that could not know of it.
        Instant::now().saturating_duration_since(due.max(running_since)) >= STALL_TIMEOUT
    }

    /// Returns whether the runtime of the task does not run. EventLog that once.
    pub(super) fn check_runtime(&self) -> bool {
        let is_stalled = self.is_stalled();
        if is_stalled && !self.has_reported_stall.swap(true, Ordering::Relaxed) {
            events::fetching::stalled(&self.redact_url, STALLED);
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
            url: self.redact_url.clone(),
            keys,
            age: fetched_at.map(|at| at.elapsed()),
            last_error: self.problem(),
            fetches: self.fetches.counts().ended,
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.is_running.load(Ordering::Acquire)
    }

    /// Marks the task as running until the result is dropped: with the task, however that ends.
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

pub(super) struct Running(Arc<State>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.status().running_since = None;
        // First, since the requests that wait look at it when they are woken.
        self.0.is_running.store(false, Ordering::Release);
        self.0.fetches.abandon();
    }
}
