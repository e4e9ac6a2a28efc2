use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::{ArcSwap, Guard};
use tokio::{
    sync::{Notify, Semaphore, watch},
    time::Instant,
};

use super::{
    JwksError, JwksFetch, JwksHealth,
    demand::{Demand, Prospect},
    settings::Settings,
};
use crate::{
    key::{KeySet, Keys, Wanted},
    report,
    shown::shown_url,
};

/// How many requests may wait for a fetch at once.
const MOST_WAITING: usize = 256;

/// How long a set counts past its time to live at the least.
const LEAST_STALE: Duration = Duration::from_secs(1);

/// What the requests and the task that fetches share.
pub(super) struct State {
    pub(super) settings: Settings,
    /// The URL as it may be logged.
    pub(super) shown_url: String,
    pub(super) fetcher: Arc<dyn JwksFetch>,
    keys: ArcSwap<Keys>,
    /// When the keys that are held cease to count, in milliseconds since `start`. Looked at by each
    /// request: the task that fetches may not be running, or not be polled.
    expiry_millis: AtomicU64,
    start: Instant,
    demand: Mutex<Demand>,
    outcome: Mutex<Outcome>,
    /// Counts the fetches that have ended.
    completed: watch::Sender<u64>,
    pub(super) wake: Notify,
    pub(super) waiting: Arc<Semaphore>,
    is_running: AtomicBool,
    has_reported: AtomicBool,
}

/// How the last fetches went.
#[derive(Default)]
struct Outcome {
    fetched_at: Option<Instant>,
    /// When the set ceases to count, if none is fetched until then.
    expiry: Option<Instant>,
    /// When the next fetch is to begin, and how many failed in a row before it.
    planned: Option<(Instant, u32)>,
    error: Option<String>,
    skipped: Vec<String>,
}

impl State {
    pub(super) fn new(settings: Settings, fetcher: Arc<dyn JwksFetch>) -> Self {
        Self {
            shown_url: shown_url(&settings.url).unwrap_or_default(),
            settings,
            fetcher,
            keys: ArcSwap::from_pointee(Keys::Public(KeySet::default())),
            expiry_millis: AtomicU64::new(u64::MAX),
            start: Instant::now(),
            demand: Mutex::new(Demand::new(Instant::now())),
            outcome: Mutex::default(),
            completed: watch::Sender::new(0),
            wake: Notify::new(),
            waiting: Arc::new(Semaphore::new(MOST_WAITING)),
            is_running: AtomicBool::new(false),
            has_reported: AtomicBool::new(false),
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

    pub(super) fn demand(&self) -> MutexGuard<'_, Demand> {
        self.demand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_outcome(&self) -> MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a fetch because of a token, and wakes the task if it is to begin one.
    pub(super) fn ask(&self, wanted: Wanted<'_>) -> Prospect {
        let since_fetch = self.age();
        let prospect = self.demand().ask(wanted, since_fetch, Instant::now());
        if prospect == Prospect::Coming {
            self.wake.notify_one();
        }
        prospect
    }

    pub(super) fn rounds(&self) -> watch::Receiver<u64> {
        self.completed.subscribe()
    }

    /// Takes a set that was fetched. Returns what cannot be used in it and was not so before.
    pub(super) fn succeed(&self, set: KeySet, time_to_live: Duration) -> Vec<String> {
        let mut outcome = self.lock_outcome();
        let is_new = |what: &&String| !outcome.skipped.contains(what);
        let news = set.skipped().iter().filter(is_new).cloned().collect();
        let now = Instant::now();
        // A refresh that begins at the last moment has a moment to end.
        let stale = self.settings.max_stale.max(LEAST_STALE);
        let counts = time_to_live.saturating_add(stale);
        let expiry = later(now, counts);
        *outcome = Outcome {
            fetched_at: Some(now),
            expiry: Some(expiry),
            planned: None,
            error: None,
            skipped: set.skipped().to_vec(),
        };
        let expiry_millis = self.millis(expiry);
        self.expiry_millis.store(expiry_millis, Ordering::Relaxed);
        let mut demand = self.demand();
        demand.end(Some(&set));
        // The same keys stay the same, so that what verified with them need not verify again.
        let are_new = match &**self.keys.load() {
            Keys::Public(held) => !held.has_same_keys(&set),
            Keys::Secrets(_) => true,
        };
        if are_new {
            self.keys.store(Arc::new(Keys::Public(set)));
        }
        drop(demand);
        drop(outcome);
        self.count();
        news
    }

    /// Keeps the set that is held, unless that has become too old.
    pub(super) fn fail(&self, why: String) {
        self.lock_outcome().error = Some(why);
        self.demand().end(None);
        self.count();
    }

    fn count(&self) {
        self.completed.send_modify(|completed| *completed += 1);
    }

    /// When the keys that are held, if any, cease to count.
    pub(super) fn expiry(&self) -> Option<Instant> {
        let is_held = !self.keys.load().is_empty();
        self.lock_outcome().expiry.filter(|_| is_held)
    }

    fn millis(&self, at: Instant) -> u64 {
        let millis = at.saturating_duration_since(self.start).as_millis();
        u64::try_from(millis).unwrap_or(u64::MAX)
    }

    /// What a task that ended, with its runtime, had planned.
    pub(super) fn planned(&self) -> (Instant, u32) {
        let planned = self.lock_outcome().planned;
        planned.unwrap_or_else(|| (Instant::now(), 0))
    }

    pub(super) fn plan(&self, next: Instant, failures: u32) {
        self.lock_outcome().planned = Some((next, failures));
    }

    /// Lets the keys that are held count no more, if they are too old.
    pub(super) fn drop_expired(&self) {
        let outcome = self.lock_outcome();
        // A set that came meanwhile is not.
        if self.has_expired() {
            self.drop_keys();
            drop(outcome);
            report::fetching::expired(&self.shown_url);
        }
    }

    pub(super) fn clear(&self) {
        let _outcome = self.lock_outcome();
        self.drop_keys();
    }

    /// Called with the lock of the outcome, as [`succeed`](Self::succeed) stores a set with it.
    fn drop_keys(&self) {
        self.expiry_millis.store(u64::MAX, Ordering::Relaxed);
        self.keys.store(Arc::new(Keys::Public(KeySet::default())));
    }

    pub(super) fn is_before_first_fetch(&self) -> bool {
        *self.completed.borrow() == 0
    }

    fn age(&self) -> Option<Duration> {
        self.lock_outcome().fetched_at.map(|at| at.elapsed())
    }

    pub(super) fn error(&self, why: impl Into<String>) -> JwksError {
        JwksError {
            url: self.shown_url.clone(),
            why: why.into(),
        }
    }

    pub(super) fn outcome(&self) -> Result<(), JwksError> {
        match &self.lock_outcome().error {
            Some(why) if self.keys.load().is_empty() => Err(self.error(why)),
            _ => Ok(()),
        }
    }

    pub(super) fn health(&self) -> JwksHealth {
        let keys = match &**self.keys.load() {
            Keys::Public(set) => set.keys().len(),
            Keys::Secrets(_) => 0,
        };
        let outcome = self.lock_outcome();
        JwksHealth {
            url: self.shown_url.clone(),
            keys,
            age: outcome.fetched_at.map(|at| at.elapsed()),
            last_error: outcome.error.clone(),
            fetches: *self.completed.borrow(),
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.is_running.load(Ordering::Acquire)
    }

    /// Marks the task as running, until what is returned is dropped: with the task, however that
    /// ends.
    pub(super) fn start_running(self: &Arc<Self>) -> Running {
        self.is_running.store(true, Ordering::Release);
        Running(Arc::clone(self))
    }

    pub(super) fn report_once(&self, report: impl FnOnce()) {
        if !self.has_reported.swap(true, Ordering::Relaxed) {
            report();
        }
    }
}

pub(super) struct Running(Arc<State>);

impl Drop for Running {
    fn drop(&mut self) {
        // A fetch that was under way is not any more.
        self.0.demand().end(None);
        self.0.is_running.store(false, Ordering::Release);
    }
}

/// `now` and some time. What is past the end of time is a day that nobody will see.
pub(super) fn later(now: Instant, time: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    now.checked_add(time).unwrap_or_else(|| now + FAR)
}
