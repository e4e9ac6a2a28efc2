//! For random paths: a handler that gets a user ID gets the current user's ID, in every router that
//! the layer may wrap, and behind every proxy that rewrites paths.
//!
//! `ROUTER_CASES=1000000 cargo test --release --all-features --test suite router_agreement` runs more
//! cases than the default, and `-- --nocapture` prints their results.

mod backend;
mod disguises;
mod matrix;
mod paths;
mod proxies;
mod routers;
mod support;

use proptest::test_runner::TestCaseError;

use self::{
    backend::changed_url,
    matrix::{Matrix, Outcome, Tally},
    proxies::PROXIES,
    support::with_path,
};

fn check(is_harmless: bool, failure: impl FnOnce() -> String) -> Result<(), TestCaseError> {
    if is_harmless {
        Ok(())
    } else {
        Err(TestCaseError::fail(failure()))
    }
}

#[test]
fn a_handler_gets_the_users_own_id_or_the_client_gets_403() {
    let matrix = Matrix::new();
    matrix.run(|sent, built, uri| {
        let outcome = matrix.send(&built.guarded, &sent.user, uri.clone());
        check(outcome.is_harmless(&sent.user), || {
            format!(
                "{}: {:?} at {uri:?} got {outcome:?}",
                built.stack.name, sent.user
            )
        })?;
        let unguarded = matrix.send(&built.bare, &sent.user, uri);
        matrix.tally(built.stack.name, |tally| {
            tally.count(&outcome);
            tally.other_users += u64::from(!unguarded.is_harmless(&sent.user));
        });
        Ok(())
    });

    let tallies = matrix.counts();
    for (name, tally) in &tallies {
        tally.assert_share(name, "were allowed with the own ID", tally.own, 3);
        tally.assert_share(name, "were rejected", tally.rejected, 10);
        tally.assert_share(
            name,
            "would have got another user's ID",
            tally.other_users,
            5,
        );
    }
    let all = tallies.into_values().fold(Tally::default(), Tally::plus);
    println!("all: {all:?}");
    all.assert_share("all", "were allowed with the own ID", all.own, 12);
    all.assert_share("all", "were not found", all.not_found, 10);
}

#[test]
fn an_allowed_path_stays_the_users_own_behind_a_proxy() {
    let matrix = Matrix::new();
    matrix.run(|sent, built, uri| {
        if !uri.path().starts_with('/') {
            return Ok(());
        }
        let first = matrix.send(&built.guarded, &sent.user, uri.clone());
        let is_allowed = match first {
            Outcome::Handled(_) => true,
            Outcome::NotFound => built.stack.wraps_router,
            Outcome::Rejected => false,
        };
        for (name, rewrite) in PROXIES {
            let rewritten = with_path(&uri, &rewrite(uri.path()));
            let failure = |position, outcome| {
                format!(
                    "{}: {:?} at {uri:?}, rewritten to {rewritten:?} {position} the layer by {name}, \
                     got {outcome:?}",
                    built.stack.name, sent.user
                )
            };
            let in_front = matrix.send(&built.guarded, &sent.user, rewritten.clone());
            check(in_front.is_harmless(&sent.user), || failure("in front of", &in_front))?;
            let behind = matrix.send(&built.bare, &sent.user, rewritten.clone());
            let is_harmless = behind.is_harmless(&sent.user);
            check(!is_allowed || is_harmless, || failure("behind", &behind))?;
            matrix.tally(name, |tally| {
                if is_allowed {
                    tally.count(&behind);
                    tally.changed += u64::from(rewritten != uri);
                } else {
                    tally.count(&Outcome::Rejected);
                }
                tally.other_users += u64::from(!is_harmless);
            });
        }
        Ok(())
    });

    for (name, tally) in matrix.counts() {
        tally.assert_share(name, "kept the own ID", tally.own, 8);
        tally.assert_share(name, "were allowed and changed", tally.changed, 0);
        tally.assert_share(name, "were rejected", tally.rejected, 10);
        tally.assert_share(
            name,
            "would have got another user's ID",
            tally.other_users,
            10,
        );
    }
}

#[test]
fn a_url_built_from_parameters_keeps_the_handlers_path() {
    let matrix = Matrix::new();
    matrix.run(|sent, built, uri| {
        let outcome = matrix.send(&built.guarded, &sent.user, uri.clone());
        let changed_url_of = |outcome: &Outcome| match outcome {
            Outcome::Handled(params) if outcome.has_owner_id() => {
                let mut others = params.others.iter();
                others.find_map(|other| changed_url(&sent.user, other))
            }
            _ => None,
        };
        let changed_url = changed_url_of(&outcome);
        check(changed_url.is_none(), || {
            format!(
                "{}: {:?} at {uri:?}: {changed_url:?}",
                built.stack.name, sent.user
            )
        })?;
        let unguarded = matrix.send(&built.bare, &sent.user, uri);
        matrix.tally("a URL", |tally| {
            tally.count(&outcome);
            tally.other_users += u64::from(changed_url_of(&unguarded).is_some());
        });
        Ok(())
    });

    for (name, tally) in matrix.counts() {
        tally.assert_share(name, "were allowed with the own ID", tally.own, 12);
        tally.assert_share(name, "would have changed the path", tally.other_users, 1);
    }
}
