//! [`Lookups`]: bounded lookups of credentials at another service, and the answers that are kept; used
//! by `sessions`.
//!
//! A request first looks for a kept answer. Without one, it joins the lookup of the same credential
//! that is in flight, or starts one. A lookup runs in its own tokio task, so it also ends if all
//! requests that wait for it go away:
//!
//! ```text
//! start ─ refused at once if the breaker is open or the queue is full
//!   │
//! queue ─ waits for one of the permits
//!   │
//! run ─── the deadline, which includes the queue, ends it
//!   │
//! end ─── the breaker counts an outage, or the answer is kept; all waiting requests get the result
//! ```

mod answers;
mod breaker;
mod credential;
mod failure_log;
mod limits;

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::{Semaphore, watch},
    time::{Instant, timeout_at},
};

use self::{
    answers::Answers,
    breaker::{Admission, Breaker},
    failure_log::FailureLog,
};
pub(crate) use self::{credential::Credential, limits::Limits};
use crate::{
    authenticator::Authentication, clock::Clock, events::lookups as events, rejection::Rejection,
    user::CurrentUser,
};

/// The time after which a lookup is abandoned, including its time in the queue.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(2);

/// The time after which a request stops waiting for a lookup that has not ended, because the runtime
/// of the request that started it stalls. A lookup that ends late has ended by then.
const STALL_TIMEOUT: Duration = Duration::from_secs(3);

/// The maximum number of lookups that wait for a permit.
const MAX_QUEUED: usize = 256;

/// The result of a lookup that did not fail.
#[derive(Clone)]
pub(crate) enum Answer {
    User(CurrentUser),
    Rejected(Rejection),
}

impl From<Answer> for Authentication {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::User(user) => Self::User(user),
            Answer::Rejected(rejection) => Self::rejected(rejection),
        }
    }
}

/// Error returned if a lookup has no answer.
#[derive(Debug)]
pub(crate) struct LookupError {
    /// The reason, for the operator. It contains no part of the credential.
    pub(crate) message: String,
    /// Whether the service cannot be reached. Only this opens the breaker: clients can provoke other
    /// errors.
    pub(crate) is_outage: bool,
}

/// The lookups that are queued or running, by credential.
type InFlight = HashMap<Arc<[u8]>, watch::Receiver<Progress>>;

/// `None` until a lookup ends, and then its answer, if it has one.
type Progress = Option<Option<Answer>>;

/// The lookups of one service.
#[derive(Clone)]
pub(crate) struct Lookups(Arc<Inner>);

struct Inner {
    failures: FailureLog,
    /// The rejection of requests whose credential cannot be looked up.
    unavailable: Rejection,
    max_concurrent: usize,
    in_flight: Mutex<InFlight>,
    permits: Semaphore,
    breaker: Breaker,
    answers: Option<Answers>,
    /// Whether the lack of a tokio runtime was logged.
    was_stalled: AtomicBool,
}

impl Lookups {
    /// Answers are kept by this clock.
    pub(crate) fn new(
        service: String,
        unavailable: Rejection,
        limits: Limits,
        clock: Clock,
    ) -> Self {
        let Limits {
            max_concurrent,
            fresh_for,
        } = limits;
        Self(Arc::new(Inner {
            failures: FailureLog::new(service),
            unavailable,
            max_concurrent,
            in_flight: Mutex::default(),
            permits: Semaphore::new(max_concurrent.min(Semaphore::MAX_PERMITS)),
            breaker: Breaker::default(),
            answers: (!fresh_for.is_zero()).then(|| Answers::new(fresh_for, clock)),
            was_stalled: AtomicBool::new(false),
        }))
    }

    /// Returns the user who is kept for a credential, if the answer is fresh and the user has not
    /// expired.
    #[inline]
    pub(crate) fn kept_user(&self, credential: Credential<'_>) -> Option<CurrentUser> {
        self.0.answers.as_ref()?.user(credential)
    }

    /// Returns the kept rejection of a credential, or waits for the lookup of it that is in flight, or
    /// starts one.
    pub(crate) fn look_up<F>(
        &self,
        credential: Credential<'_>,
        lookup: impl FnOnce() -> F,
    ) -> Authentication
    where
        F: Future<Output = Result<Answer, LookupError>> + Send + 'static,
    {
        let credential = credential.to_bytes();
        let answers = self.0.answers.as_ref();
        if let Some(rejection) = answers.and_then(|answers| answers.rejection(&credential)) {
            return Authentication::rejected(rejection);
        }
        let Some(mut result) = self.in_flight(credential, lookup) else {
            return Authentication::rejected(self.0.unavailable);
        };
        let unavailable = self.0.unavailable;
        Authentication::lookup(async move {
            // The lookup has a deadline of its own, but its runtime may stall.
            let deadline = Instant::now() + STALL_TIMEOUT;
            // The sender is dropped without a result only if the lookup panics or its runtime ends.
            let ended = timeout_at(deadline, result.wait_for(Option::is_some)).await;
            let result = ended.ok().and_then(Result::ok);
            let answer = result.and_then(|result| result.clone().flatten());
            answer.map_or(Authentication::rejected(unavailable), Authentication::from)
        })
    }

    fn in_flight<F>(
        &self,
        credential: Box<[u8]>,
        lookup: impl FnOnce() -> F,
    ) -> Option<watch::Receiver<Progress>>
    where
        F: Future<Output = Result<Answer, LookupError>> + Send + 'static,
    {
        let inner = &self.0;
        let Ok(runtime) = Handle::try_current() else {
            if !inner.was_stalled.swap(true, Ordering::Relaxed) {
                events::stalled(inner.failures.service());
            }
            return None;
        };
        let mut in_flight = inner.in_flight();
        if let Some(result) = in_flight.get(&*credential) {
            return Some(result.clone());
        }
        if in_flight.len() >= inner.max_concurrent.saturating_add(MAX_QUEUED) {
            drop(in_flight);
            inner.too_many();
            return None;
        }
        let admission = inner.breaker.admit(Instant::now())?;
        let (sender, result) = watch::channel(None);
        let credential: Arc<[u8]> = credential.into();
        in_flight.insert(Arc::clone(&credential), result.clone());
        // A runtime that shuts down drops the task at once, and the place locks the map again.
        drop(in_flight);
        let place = Place {
            inner: Arc::clone(inner),
            credential,
        };
        let lookup = lookup();
        runtime.spawn(async move {
            let answer = place.run(admission, lookup).await;
            // Requests that arrive from now on find the kept answer or start another lookup.
            drop(place);
            let _ = sender.send(Some(answer));
        });
        Some(result)
    }
}

impl Inner {
    /// Logs that a lookup cannot run.
    fn too_many(&self) {
        self.failures.failed(&format!(
            "{} run at a time, and others wait for too long; if the service can answer more, raise .max_lookups(…)",
            self.max_concurrent
        ));
    }

    fn in_flight(&self) -> MutexGuard<'_, InFlight> {
        self.in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of a lookup among those in flight, which it leaves when it is dropped.
struct Place {
    inner: Arc<Inner>,
    credential: Arc<[u8]>,
}

impl Place {
    /// Runs a lookup, and returns its answer, if there is one.
    async fn run<F>(&self, admission: Admission, lookup: F) -> Option<Answer>
    where
        F: Future<Output = Result<Answer, LookupError>>,
    {
        let inner = &*self.inner;
        let deadline = Instant::now() + LOOKUP_TIMEOUT;
        let answers = inner.answers.as_ref();
        let started = answers.and_then(Answers::now);
        let Ok(permit) = timeout_at(deadline, inner.permits.acquire()).await else {
            inner.too_many();
            return None;
        };
        // The service may have become unreachable in the meantime.
        if admission == Admission::Closed && inner.breaker.is_open() {
            return None;
        }
        let permitted = Instant::now();
        let result = timeout_at(deadline, lookup).await;
        match &result {
            Ok(Err(error)) if error.is_outage => inner.breaker.record_outage(Instant::now()),
            Ok(_) => inner.breaker.record_response(),
            Err(_) if permitted.elapsed() >= LOOKUP_TIMEOUT / 2 => {
                inner.breaker.record_outage(Instant::now());
            }
            // The other lookups took the time, so it shows nothing about the service.
            Err(_) => {}
        }
        // An answer that is read late, because the runtime was blocked, may be from before a sign-out.
        let is_late = Instant::now() >= deadline;
        let result = result.ok().filter(|result| result.is_err() || !is_late);
        let result = result.unwrap_or_else(|| {
            Err(LookupError {
                message: format!("no response within {} s", LOOKUP_TIMEOUT.as_secs()),
                is_outage: true,
            })
        });
        // The next lookup may start only after the breaker has counted this one.
        drop(permit);
        match result {
            Ok(answer) => {
                inner.failures.succeeded();
                if let (Some(answers), Some(started)) = (answers, started) {
                    answers.keep(&self.credential, &answer, started);
                }
                Some(answer)
            }
            Err(error) => {
                inner.failures.failed(&error.message);
                None
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.inner.in_flight().remove(&self.credential);
        // A store of the application may panic.
        if thread::panicking() {
            let why = "the lookup panicked; the message of the panic has the cause";
            self.inner.failures.failed(why);
        }
    }
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookups")
            .field("service", &self.0.failures.service())
            .field("max_concurrent", &self.0.max_concurrent)
            .finish_non_exhaustive()
    }
}
