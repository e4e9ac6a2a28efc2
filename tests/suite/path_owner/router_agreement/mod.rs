//! Whatever a client sends: a handler that is handed a user's id is handed the current user's, in
//! every router that the layer may stand in, and behind every proxy that rewrites paths.
//!
//! `ROUTER_CASES=1000000 cargo test --release --all-features --test suite router_agreement` asks
//! more than the usual number, and `-- --nocapture` prints how they were answered.

mod backend;
mod disguises;
mod matrix;
mod paths;
mod proxies;
mod routers;
mod support;

use proptest::test_runner::TestCaseError;

use self::{
    backend::strayed,
    matrix::{Outcome, Tally, Town},
    proxies::HOPS,
    support::with_path,
};

fn check(harmless: bool, told: impl FnOnce() -> String) -> Result<(), TestCaseError> {
    if harmless {
        Ok(())
    } else {
        Err(TestCaseError::fail(told()))
    }
}

#[test]
fn a_handler_gets_the_users_own_id_or_the_client_gets_403() {
    let town = Town::new();
    town.run(|sent, served, uri| {
        let outcome = town.send(&served.guarded, &sent.user, uri.clone());
        check(outcome.is_harmless(&sent.user), || {
            format!(
                "{}: {:?} at {uri:?} got {outcome:?}",
                served.house.name, sent.user
            )
        })?;
        let unguarded = town.send(&served.bare, &sent.user, uri);
        town.tally(served.house.name, |tally| {
            tally.count(&outcome);
            tally.anothers += u64::from(!unguarded.is_harmless(&sent.user));
        });
        Ok(())
    });

    let tallies = town.counts();
    for (name, tally) in &tallies {
        tally.assert_share(name, "got through with the own id", tally.own, 3);
        tally.assert_share(name, "were refused", tally.refused, 10);
        tally.assert_share(name, "would have been another's", tally.anothers, 5);
    }
    let all = tallies.into_values().fold(Tally::default(), Tally::plus);
    println!("all: {all:?}");
    all.assert_share("all", "got through with the own id", all.own, 12);
    all.assert_share("all", "were not found", all.not_found, 10);
}

#[test]
fn an_allowed_path_stays_the_users_own_behind_a_proxy() {
    let town = Town::new();
    town.run(|sent, served, uri| {
        if !uri.path().starts_with('/') {
            return Ok(());
        }
        let first = town.send(&served.guarded, &sent.user, uri.clone());
        let has_passed = match first {
            Outcome::Handled(_) => true,
            Outcome::NotFound => served.house.is_gate,
            Outcome::Refused => false,
        };
        for (name, hop) in HOPS {
            let rewritten = with_path(&uri, &hop(uri.path()));
            let told = |when, outcome| {
                format!(
                    "{}: {:?} at {uri:?}, {when} it became {rewritten:?} ({name}), got {outcome:?}",
                    served.house.name, sent.user
                )
            };
            let before = town.send(&served.guarded, &sent.user, rewritten.clone());
            check(before.is_harmless(&sent.user), || told("after", &before))?;
            let behind = town.send(&served.bare, &sent.user, rewritten.clone());
            let is_harmless = behind.is_harmless(&sent.user);
            check(!has_passed || is_harmless, || told("before", &behind))?;
            town.tally(name, |tally| {
                if has_passed {
                    tally.count(&behind);
                    tally.changed += u64::from(rewritten != uri);
                } else {
                    tally.count(&Outcome::Refused);
                }
                tally.anothers += u64::from(!is_harmless);
            });
        }
        Ok(())
    });

    for (name, tally) in town.counts() {
        tally.assert_share(name, "are the user's own", tally.own, 8);
        tally.assert_share(name, "were let through and changed", tally.changed, 0);
        tally.assert_share(name, "were refused", tally.refused, 10);
        tally.assert_share(name, "would have become another's", tally.anothers, 10);
    }
}

#[test]
fn a_url_built_from_parameters_keeps_the_handlers_path() {
    let town = Town::new();
    town.run(|sent, served, uri| {
        let outcome = town.send(&served.guarded, &sent.user, uri.clone());
        let strayed_of = |outcome: &Outcome| match outcome {
            Outcome::Handled(handed) if outcome.is_handed() => {
                let mut others = handed.others.iter();
                others.find_map(|other| strayed(&sent.user, other))
            }
            _ => None,
        };
        let strayed = strayed_of(&outcome);
        check(strayed.is_none(), || {
            format!(
                "{}: {:?} at {uri:?}: {strayed:?}",
                served.house.name, sent.user
            )
        })?;
        let unguarded = town.send(&served.bare, &sent.user, uri);
        town.tally("a URL", |tally| {
            tally.count(&outcome);
            tally.anothers += u64::from(strayed_of(&unguarded).is_some());
        });
        Ok(())
    });

    for (name, tally) in town.counts() {
        tally.assert_share(name, "got through with the own id", tally.own, 12);
        tally.assert_share(name, "would have strayed", tally.anothers, 1);
    }
}
