use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::timeout,
};

use super::{demand::Prospect, state::State};
use crate::key::{
    Keys,
    source::{KeyWait, Wanted},
};

/// How long a request waits for a key.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks for a key that is not there, and returns what to wait for, if a fetch may bring it and
/// there is room to wait.
pub(super) fn ask(state: &Arc<State>, wanted: Wanted<'_>) -> Option<KeyWait> {
    let place = Arc::clone(&state.waiting).try_acquire_owned().ok()?;
    // Before the fetch is asked for, so that its end is not missed.
    let rounds = state.rounds();
    let mut places = vec![place];
    let key_id = wanted.key_id.unwrap_or_default();
    let prospect = if state.keys().is_empty() && state.is_before_first_fetch() {
        Prospect::Coming
    } else if state.keys().is_empty() || wanted.key_id.is_none() {
        // The task tries by itself; what it needs is time, and not another request's word.
        return None;
    } else {
        state.ask(key_id, wanted.age)
    };
    match prospect {
        Prospect::Coming | Prospect::UnderWay => {}
        Prospect::Unlikely => places.push(Arc::clone(&state.hoping).try_acquire_owned().ok()?),
        Prospect::None => return None,
    }
    let wait = Wait {
        state: Arc::clone(state),
        rounds,
        key_id: wanted.key_id.map(Into::into),
        age: wanted.age,
        is_under_way: prospect == Prospect::UnderWay,
        _places: places,
    };
    Some(KeyWait(Box::pin(async {
        // Late or not, the token is then judged by the keys that are there.
        let _ = timeout(PATIENCE, wait.run()).await;
    })))
}

struct Wait {
    state: Arc<State>,
    rounds: watch::Receiver<u64>,
    key_id: Option<Box<str>>,
    age: Option<u64>,
    is_under_way: bool,
    _places: Vec<OwnedSemaphorePermit>,
}

impl Wait {
    async fn run(mut self) {
        while self.rounds.changed().await.is_ok() {
            if self.is_there() || !self.asks_again() {
                return;
            }
        }
    }

    fn is_there(&self) -> bool {
        match (&**self.state.keys(), &self.key_id) {
            (Keys::Public(set), Some(key_id)) => set.has(key_id),
            (keys, _) => !keys.is_empty(),
        }
    }

    /// The fetch that has ended may have begun before the key was made: then another is worth it.
    fn asks_again(&mut self) -> bool {
        let Some(key_id) = self.key_id.as_deref().filter(|_| self.is_under_way) else {
            return false;
        };
        self.is_under_way = false;
        matches!(
            self.state.ask(key_id, self.age),
            Prospect::Coming | Prospect::UnderWay
        )
    }
}
