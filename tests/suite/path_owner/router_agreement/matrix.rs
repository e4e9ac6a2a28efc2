//! All routers, and what became of what was sent to them.

use std::{cell::RefCell, collections::BTreeMap, env};

use axum::body::Body;
use http::{Request, Uri};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tokio::runtime::Runtime;
use tower::ServiceExt;
use tower_jwt_auth::{CurrentUser, Rejection};

use super::{
    paths::{Sent, sent},
    routers::{House, houses},
    support::{Boxed, Handed},
};

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Handled(Handed),
    Refused,
    NotFound,
}

impl Outcome {
    /// Whether the handler, if any, got no id but this user's.
    pub(super) fn is_harmless(&self, user: &str) -> bool {
        match self {
            Self::Handled(Handed { ids, .. }) => ids.iter().all(|id| id == user.as_bytes()),
            Self::Refused | Self::NotFound => true,
        }
    }

    /// Whether it got the user's own, if harmless.
    pub(super) fn is_handed(&self) -> bool {
        matches!(self, Self::Handled(Handed { ids, .. }) if !ids.is_empty())
    }
}

/// How often each came, for one house.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    sent: u64,
    pub(super) own: u64,
    without_id: u64,
    pub(super) refused: u64,
    pub(super) not_found: u64,
    /// What the same router, without the layer, would have handed out of another's.
    pub(super) anothers: u64,
    /// What passed the layer and was another path behind the proxy.
    pub(super) changed: u64,
}

impl Tally {
    pub(super) fn count(&mut self, outcome: &Outcome) {
        self.sent += 1;
        *match outcome {
            Outcome::Handled(_) if outcome.is_handed() => &mut self.own,
            Outcome::Handled(_) => &mut self.without_id,
            Outcome::Refused => &mut self.refused,
            Outcome::NotFound => &mut self.not_found,
        } += 1;
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            own: self.own + other.own,
            without_id: self.without_id + other.without_id,
            refused: self.refused + other.refused,
            not_found: self.not_found + other.not_found,
            anothers: self.anothers + other.anothers,
            changed: self.changed + other.changed,
        }
    }

    /// A rule that is never put to the test is kept by anything.
    pub(super) fn assert_share(&self, name: &str, what: &str, count: u64, least_percent: u64) {
        let least = self.sent * least_percent / 100;
        assert!(count > least, "{name}: only {count} {what}: {self:?}");
    }
}

/// A house, and its services with and without the layer.
pub(super) struct Served {
    pub(super) house: House,
    pub(super) guarded: Boxed,
    pub(super) bare: Boxed,
}

/// The houses, and what became of what was sent to them.
pub(super) struct Town {
    runtime: Runtime,
    houses: Vec<Served>,
    tallies: RefCell<BTreeMap<&'static str, Tally>>,
}

impl Town {
    pub(super) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let with_services = |house: House| Served {
            guarded: house.guarded(),
            bare: house.bare(),
            house,
        };
        Self {
            runtime: runtime.unwrap(),
            houses: houses().into_iter().map(with_services).collect(),
            tallies: RefCell::default(),
        }
    }

    pub(super) fn send(&self, service: &Boxed, user: &str, uri: Uri) -> Outcome {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = uri;
        let user = CurrentUser::new(user, "user@example.com");
        request.extensions_mut().insert(user);
        let response = self.runtime.block_on(service.clone().oneshot(request));
        let response = response.unwrap();
        let (status, extensions) = (response.status(), response.extensions());
        match (status.as_u16(), extensions.get::<Handed>()) {
            (200, Some(handed)) => Outcome::Handled(handed.clone()),
            (404, None) => Outcome::NotFound,
            (403, None) => {
                let rejection = extensions.get::<Rejection>().map(Rejection::reason);
                let refused = ["not_owner", "no_pattern", "no_parameter"];
                assert!(rejection.is_some_and(|reason| refused.contains(&reason)));
                Outcome::Refused
            }
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn tally(&self, name: &'static str, count: impl FnOnce(&mut Tally)) {
        count(self.tallies.borrow_mut().entry(name).or_default());
    }

    /// Checks the rule for what is sent, in each house that has a path for it.
    pub(super) fn run(&self, rule: impl Fn(&Sent, &Served, Uri) -> Result<(), TestCaseError>) {
        let run = TestRunner::new(config()).run(&sent(), |sent| {
            for served in &self.houses {
                if let Some(uri) = sent.uri(served.house.templates) {
                    rule(&sent, served, uri)?;
                }
            }
            Ok(())
        });
        if let Err(error) = run {
            panic!("{error}");
        }
    }

    /// What was counted, printed too.
    pub(super) fn counts(self) -> BTreeMap<&'static str, Tally> {
        let tallies = self.tallies.into_inner();
        for (name, tally) in &tallies {
            println!("{name}: {tally:?}");
        }
        tallies
    }
}

pub(super) fn config() -> Config {
    let cases = env::var("ROUTER_CASES").ok();
    Config {
        cases: cases.map_or(CASES, |cases| cases.parse().unwrap()),
        failure_persistence: None,
        ..Config::default()
    }
}

/// As many as a debug build asks in a few seconds.
const CASES: u32 = 1000;
