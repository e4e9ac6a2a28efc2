//! Key sets from a URL: the fetcher trait, the health of the cached keys, and errors. Used by the
//! builder, and by applications with their own fetcher.
//!
//! [`JwtAuthBuilder::jwks_url`](crate::JwtAuthBuilder::jwks_url) documents when a set is fetched.

// State machine of a key set that is fetched from a URL:
//
// One task (`task`) fetches the set, one fetch at a time: when its time to live ends or a failure
// must be retried (a *scheduled* fetch), and when a token requests it. Token-requested fetches
// start at least `Settings::cooldown` apart, so that clients cannot cause constant fetches.
// Scheduled fetches are exempt from that limit, so that clients cannot delay them, but any two
// fetches start at least a second apart.
//
// A request with a token that the cached keys do not verify gets a place in the waiting room
// (`wait::Waiter`) and records how many fetches have started. Then:
//
// - If no fetch is running, it requests one and waits for its end.
// - If a fetch is running, it waits for its end. That fetch may have read the set before the new
//   key was published, so the request may then request another one.
// - If a fetch has ended and the keys have changed, the token is verified again.
// - If a fetch that started after the request's arrival has ended, if no keys are cached after a
//   failure, or if the time is up, the request is rejected.
//
// Therefore, many requests for one new key cause one fetch. A request with an unknown key waits
// before it is rejected.
//
// The task runs in the runtime in which it was started. If a fetch is late, that runtime is not
// running (`state::State::check_runtime`). The health and an event report this cause, and while no
// keys are cached, requests do not wait.

mod discovery;
mod fetch;
mod fetches;
mod health;
#[cfg(feature = "jwks")]
mod http_client;
mod settings;
mod state;
mod task;
mod wait;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{runtime::Handle, task::AbortHandle, time::timeout};

use self::state::{NO_RUNTIME, State};
use crate::{config_error::Fault, events, key::Keys};

pub(crate) use self::discovery::Discovery;
#[cfg(feature = "jwks")]
pub(crate) use self::http_client::HttpFetch;
pub(crate) use self::settings::{Settings, check_issuer, check_url};
pub(crate) use self::wait::{KeyWait, Waiter};
pub use self::{
    fetch::{FetchError, FetchedJwks, JwksFetch},
    health::{JwksError, JwksHealth},
};

/// The interval at which a wait for the first fetch checks that the task's runtime is running.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The handle to a fetched key set, for the layer and its services. The task ends when the last
/// handle is dropped.
pub(crate) struct JwksUrl {
    state: Arc<State>,
    task: Mutex<Option<AbortHandle>>,
}

impl JwksUrl {
    /// Starts the task if there is a runtime; otherwise, the first request starts it in the
    /// request's runtime.
    pub(crate) fn new(settings: Settings, fetcher: Arc<dyn JwksFetch>) -> Self {
        let url = Self {
            state: Arc::new(State::new(settings, fetcher)),
            task: Mutex::new(None),
        };
        if Handle::try_current().is_ok() {
            url.ensure_running();
        }
        url
    }

    pub(crate) fn current(&self) -> arc_swap::Guard<Arc<Keys>> {
        self.ensure_running();
        self.state.keys()
    }

    /// Returns a future that waits for keys other than `tried`, if a fetch may return them and the
    /// waiting room is not full. A request that has waited before keeps its place.
    pub(crate) fn wait(&self, waiter: Option<Box<Waiter>>, tried: &Keys) -> Option<KeyWait> {
        self.ensure_running();
        if Handle::try_current().is_err() {
            // Without a runtime, there is no timer to limit a wait. The fetch is still requested,
            // so a later token can succeed.
            self.state.fetches.request(self.state.fetches.counts());
            return None;
        }
        waiter
            // A token source may return a token of another issuer on the second call.
            .filter(|waiter| waiter.is_for(&self.state))
            .or_else(|| Waiter::new(&self.state))?
            .wait(tried)
    }

    /// Waits for the end of the first fetch, unless no runtime can run it.
    pub(crate) async fn ready(&self) -> Result<(), JwksError> {
        self.ensure_running();
        if !self.state.is_running() {
            return Err(self.state.error(NO_RUNTIME));
        }
        let mut counts = self.state.fetches.subscribe();
        let mut was_stalled = false;
        loop {
            // Fails only if the state is dropped.
            let first_fetch = counts.wait_for(|counts| counts.ended > 0);
            if Handle::try_current().is_err() {
                // Without a runtime, there is no timer to limit the wait.
                let _ = first_fetch.await;
                break;
            }
            let has_ended = timeout(CHECK_INTERVAL, first_fetch).await.is_ok();
            // After the process was suspended, the task is late too, so a single late check proves
            // nothing.
            if has_ended || was_stalled && self.state.check_runtime() {
                break;
            }
            was_stalled = self.state.is_stalled();
        }
        self.state.readiness()
    }

    /// Returns an error if the first fetch has not ended, although this time has passed.
    pub(crate) fn late(&self, limit: Duration) -> Option<JwksError> {
        let has_ended = self.state.fetches.counts().ended > 0;
        (!has_ended).then(|| {
            let reason = format!("the first fetch has not ended within {limit:?}");
            self.state.error(reason)
        })
    }

    pub(crate) fn fetch_has_failed(&self) -> bool {
        self.state.fetch_has_failed()
    }

    pub(crate) fn health(&self) -> JwksHealth {
        self.state.health()
    }

    /// Starts the task if it is not running. A task ends with its runtime; the next request then
    /// starts a new one in the request's runtime.
    fn ensure_running(&self) {
        if self.state.is_running() {
            return;
        }
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if self.state.is_running() {
            return;
        }
        match Handle::try_current() {
            Ok(runtime) => {
                let fetching = task::run(Arc::clone(&self.state), self.state.start_running());
                *task = Some(runtime.spawn(fetching).abort_handle());
            }
            Err(_) => self.report_missing_runtime(),
        }
    }

    /// Logs once that there is no runtime. Also drops expired keys, because no task drops them.
    fn report_missing_runtime(&self) {
        self.state.drop_expired();
        self.state.report_no_runtime_once(|| {
            events::fault(&Fault::new(NO_RUNTIME), "no keys are fetched");
        });
    }
}

impl Drop for JwksUrl {
    fn drop(&mut self) {
        let task = self.task.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task {
            task.abort();
        }
    }
}

impl fmt::Debug for JwksUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksUrl")
            .field("health", &self.health())
            .finish()
    }
}
