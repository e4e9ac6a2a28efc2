use std::{future::ready, sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::timeout,
};

use super::{demand::Prospect, state::State};
use crate::key::{KeyWait, Keys, Wanted};

/// How long a request waits for a key.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long it hopes that another request gets a fetch. Less than it takes until the next may hope,
/// so that nobody who invents key ids waits all the time.
const HOPE: Duration = Duration::from_millis(400);

/// Asks for a key that is not there, and returns what to wait for, if a fetch may bring it and
/// there is room to wait.
pub(super) fn ask(state: &Arc<State>, wanted: Wanted<'_>) -> Option<KeyWait> {
    let place = Arc::clone(&state.waiting).try_acquire_owned().ok()?;
    let mut wait = Wait {
        state: Arc::clone(state),
        // Before the fetch is asked for, so that its end is not missed.
        rounds: state.rounds(),
        key_id: wanted.key_id.map(Into::into),
        subject: wanted.subject.into(),
        age: wanted.age,
        is_under_way: false,
        is_hope: false,
        _place: place,
    };
    if wait.is_there() {
        // It came after the token was judged.
        return Some(KeyWait(Box::pin(ready(()))));
    }
    wait.is_worth_it().then(|| {
        KeyWait(Box::pin(async {
            // Late or not, the token is then judged by the keys that are there.
            let _ = timeout(PATIENCE, wait.run()).await;
        }))
    })
}

struct Wait {
    state: Arc<State>,
    rounds: watch::Receiver<u64>,
    key_id: Option<Box<str>>,
    subject: Box<str>,
    age: Option<u64>,
    /// The fetch that is waited for had begun before it was asked for, and maybe before the key
    /// was made.
    is_under_way: bool,
    /// No fetch was asked for yet.
    is_hope: bool,
    _place: OwnedSemaphorePermit,
}

impl Wait {
    async fn run(mut self) {
        loop {
            if self.is_hope && !self.is_heard().await {
                return;
            }
            if self.rounds.changed().await.is_err()
                || self.is_there()
                || !self.is_under_way
                || !self.is_worth_it()
            {
                return;
            }
        }
    }

    /// Whether another request gets a fetch in time. It may begin later.
    async fn is_heard(&self) -> bool {
        let mut rounds = self.rounds.clone();
        timeout(HOPE, rounds.changed()).await.is_ok() || self.state.demand().is_busy()
    }

    fn is_there(&self) -> bool {
        match (&**self.state.keys(), &self.key_id) {
            (Keys::Public(set), Some(key_id)) => set.has(key_id),
            (keys, _) => !keys.is_empty(),
        }
    }

    /// Whether a fetch may bring the key. Asks for one if so.
    fn is_worth_it(&mut self) -> bool {
        self.is_under_way = false;
        if self.state.keys().is_empty() {
            // The task tries by itself. Only the first time is the end of it near.
            return self.state.is_before_first_fetch();
        }
        let Some(key_id) = self.key_id.as_deref() else {
            return false;
        };
        let prospect = self.state.ask(Wanted {
            key_id: Some(key_id),
            subject: &self.subject,
            age: self.age,
        });
        self.is_under_way = prospect == Prospect::UnderWay;
        self.is_hope = prospect == Prospect::Unlikely;
        prospect != Prospect::None
    }
}
