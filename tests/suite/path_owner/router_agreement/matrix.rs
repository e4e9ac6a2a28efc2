//! All routers, and the results of the requests to them.

use std::{cell::RefCell, collections::BTreeMap, env};

use axum::body::Body;
use http::{Request, Uri};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tokio::runtime::Runtime;
use tower::ServiceExt;
use tower_jwt_auth::{CurrentUser, Rejection};

use super::{
    paths::{TestRequest, test_requests},
    routers::{RouterStack, router_stacks},
    support::{Boxed, HandlerParams},
};

/// The result of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Handled(HandlerParams),
    Rejected,
    NotFound,
}

impl Outcome {
    /// Returns whether no handler got another user's ID.
    pub(super) fn is_harmless(&self, user: &str) -> bool {
        match self {
            Self::Handled(HandlerParams { ids, .. }) => ids.iter().all(|id| id == user.as_bytes()),
            Self::Rejected | Self::NotFound => true,
        }
    }

    /// Returns whether a handler got an ID, which is the user's own if the outcome is harmless.
    pub(super) fn has_owner_id(&self) -> bool {
        matches!(self, Self::Handled(HandlerParams { ids, .. }) if !ids.is_empty())
    }
}

/// The number of requests by outcome, for one stack or proxy.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    sent: u64,
    pub(super) own: u64,
    without_id: u64,
    pub(super) rejected: u64,
    pub(super) not_found: u64,
    /// Requests for which a handler without the layer would have got another user's ID.
    pub(super) other_users: u64,
    /// Requests that the layer allowed and the proxy then changed.
    pub(super) changed: u64,
}

impl Tally {
    pub(super) fn count(&mut self, outcome: &Outcome) {
        self.sent += 1;
        *match outcome {
            Outcome::Handled(_) if outcome.has_owner_id() => &mut self.own,
            Outcome::Handled(_) => &mut self.without_id,
            Outcome::Rejected => &mut self.rejected,
            Outcome::NotFound => &mut self.not_found,
        } += 1;
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            own: self.own + other.own,
            without_id: self.without_id + other.without_id,
            rejected: self.rejected + other.rejected,
            not_found: self.not_found + other.not_found,
            other_users: self.other_users + other.other_users,
            changed: self.changed + other.changed,
        }
    }

    /// Asserts that enough requests had this result, so that the rule was really tested.
    pub(super) fn assert_share(&self, name: &str, result: &str, count: u64, min_percent: u64) {
        let min = self.sent * min_percent / 100;
        assert!(count > min, "{name}: only {count} {result}: {self:?}");
    }
}

/// The services of a stack, with and without the layer.
pub(super) struct BuiltStack {
    pub(super) stack: RouterStack,
    pub(super) guarded: Boxed,
    pub(super) bare: Boxed,
}

/// All stacks and their tallies.
pub(super) struct Matrix {
    runtime: Runtime,
    stacks: Vec<BuiltStack>,
    tallies: RefCell<BTreeMap<&'static str, Tally>>,
}

impl Matrix {
    pub(super) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let with_services = |stack: RouterStack| BuiltStack {
            guarded: stack.guarded(),
            bare: stack.bare(),
            stack,
        };
        Self {
            runtime: runtime.unwrap(),
            stacks: router_stacks().into_iter().map(with_services).collect(),
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
        match (status.as_u16(), extensions.get::<HandlerParams>()) {
            (200, Some(params)) => Outcome::Handled(params.clone()),
            (404, None) => Outcome::NotFound,
            (403, None) => {
                let rejection = extensions.get::<Rejection>().map(Rejection::reason);
                let rejected = ["not_owner", "no_pattern", "no_parameter"];
                assert!(rejection.is_some_and(|reason| rejected.contains(&reason)));
                Outcome::Rejected
            }
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn tally(&self, name: &'static str, count: impl FnOnce(&mut Tally)) {
        count(self.tallies.borrow_mut().entry(name).or_default());
    }

    /// Checks the rule for random requests, in each stack with a path for the request.
    pub(super) fn run(
        &self,
        rule: impl Fn(&TestRequest, &BuiltStack, Uri) -> Result<(), TestCaseError>,
    ) {
        let run = TestRunner::new(config()).run(&test_requests(), |sent| {
            for built in &self.stacks {
                if let Some(uri) = sent.uri(built.stack.templates) {
                    rule(&sent, built, uri)?;
                }
            }
            Ok(())
        });
        if let Err(error) = run {
            panic!("{error}");
        }
    }

    /// Prints and returns the tallies.
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

/// A debug build runs this many in a few seconds.
const CASES: u32 = 1000;
