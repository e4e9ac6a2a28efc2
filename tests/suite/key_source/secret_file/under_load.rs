//! A secret file that is replaced, truncated, removed and made unreadable while two threads verify
//! tokens: no valid token is rejected once its secret is active.

use std::{
    fs,
    path::Path,
    sync::atomic::{
        AtomicBool, AtomicU64,
        Ordering::{Relaxed, SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use tower_jwt_auth::JwtAuthBuilder;

use super::{Folder, SecretFile, link, rename_over, secret, signed_with, truncate, write};
use crate::support::*;

/// How many polls each state of the file lasts.
const POLLS_PER_STATE: u64 = 4;

type Damage = fn(&Path);

/// Ways to damage the file. Each leaves it without a valid secret.
///
/// A FIFO is not included: if it appears while the file is opened, the open blocks, as documented
/// in the threat model.
const DAMAGE_KINDS: [(&str, Damage); 9] = [
    ("emptied", |path| truncate(path, 0)),
    ("truncated in its first line", |path| truncate(path, 10)),
    ("removed", |path| fs::remove_file(path).unwrap()),
    ("its folder removed", |path| {
        fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }),
    ("a folder in its place", |path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    }),
    ("a link to nothing", |path| {
        fs::remove_file(path).unwrap();
        link("nothing", path);
    }),
    ("a link to itself, which even root cannot read", |path| {
        fs::remove_file(path).unwrap();
        link(path, path);
    }),
    ("not UTF-8, by rename", |path| {
        let next = path.with_extension("next");
        fs::write(&next, b"a secret of 32 bytes or more\xFF, 0123\n").unwrap();
        fs::rename(next, path).unwrap();
    }),
    ("too long, in place", |path| {
        write(path, &format!("{}\n", secret("long")).repeat(5000));
    }),
];

/// The results of both threads.
#[derive(Debug, Default)]
struct Results {
    accepted: AtomicU64,
    rejected: AtomicU64,
    not_configured: AtomicU64,
}

impl Results {
    fn count(&self, answer: &str) {
        let count = match answer {
            "accepted" => &self.accepted,
            "signature" => &self.rejected,
            "not_configured" => &self.not_configured,
            other => panic!("{other}"),
        };
        count.fetch_add(1, SeqCst);
    }
}

/// Runs `send` on two threads and advances the clock until `act` ends.
fn while_two_threads(file: &SecretFile, send: impl Fn() + Sync, act: impl FnOnce()) {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let threads = [(); 2].map(|()| {
            scope.spawn(|| {
                while !is_done.load(SeqCst) {
                    file.advance(1);
                    send();
                }
            })
        });
        let done = Done(&is_done);
        act();
        drop(done);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// Stops the threads on drop, even after a panic.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// Waits until this many polls were due.
fn wait_for_polls(file: &SecretFile, polls: u64) {
    let until = file.now.load(SeqCst) + 2 * polls;
    wait("polls", || file.now.load(SeqCst) >= until);
}

fn wait(event: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "timeout while waiting for {event}"
        );
        thread::yield_now();
    }
}

#[test]
fn an_active_secret_stays_valid_whatever_happens_to_its_file() {
    let always = secret("always");
    // In the file until the next change.
    let temporary = |round: usize| secret(format!("temporary {round}"));
    let file = SecretFile::new("under_load", format!("{always}\n{}\n", temporary(0)));
    let token = signed_with(&always);
    let results = Results::default();
    let is_accepted = |round| reason(&file.layer, &signed_with(&temporary(round))) == "accepted";
    while_two_threads(
        &file,
        || results.count(reason(&file.layer, &token)),
        || {
            for round in 0..10 * DAMAGE_KINDS.len() {
                let (description, damage) = DAMAGE_KINDS[round % DAMAGE_KINDS.len()];
                damage(&file.path);
                wait_for_polls(&file, POLLS_PER_STATE);
                assert!(
                    is_accepted(round),
                    "{description}: an active secret is rejected"
                );

                let next = format!("{always}\n{}\n", temporary(round + 1));
                if round % 2 == 0 && file.path.parent().is_some_and(Path::is_dir) {
                    let _ = fs::remove_dir(&file.path);
                    rename_over(&file.path, &next);
                } else {
                    file.recreate(&next);
                }
                wait(description, || is_accepted(round + 1));
                assert!(
                    !is_accepted(round),
                    "{description}: a replaced secret is still accepted"
                );
            }
        },
    );
    println!("damaged {} times: {results:?}", 10 * DAMAGE_KINDS.len());
    assert_eq!(results.rejected.into_inner(), 0);
    assert_eq!(results.not_configured.into_inner(), 0);
    assert!(results.accepted.into_inner() > 1000);
}

#[test]
fn a_late_file_causes_500_only_until_it_is_used() {
    let file = SecretFile::in_folder(Folder::new("late"), JwtAuthBuilder::allow_missing_secret);
    let token = signed_with(&secret("late"));
    let (results, is_active) = (Results::default(), AtomicBool::new(false));
    while_two_threads(
        &file,
        || {
            let was_active = is_active.load(SeqCst);
            let answer = reason(&file.layer, &token);
            results.count(answer);
            match answer {
                "accepted" => is_active.store(true, SeqCst),
                _ => assert!(!was_active, "{answer} although the secret is active"),
            }
        },
        || {
            wait_for_polls(&file, POLLS_PER_STATE);
            for invalid in ["", "too short", "\u{FEFF}"] {
                write(&file.path, invalid);
                wait_for_polls(&file, POLLS_PER_STATE);
            }
            assert!(!is_active.load(SeqCst));
            rename_over(&file.path, &secret("late"));
            wait("the secret", || is_active.load(SeqCst));
            for (_, damage) in DAMAGE_KINDS {
                damage(&file.path);
                wait_for_polls(&file, POLLS_PER_STATE);
                file.recreate(&secret("late"));
                wait_for_polls(&file, POLLS_PER_STATE);
            }
        },
    );
    println!("{results:?}");
    assert_eq!(results.rejected.into_inner(), 0);
    assert!(results.not_configured.into_inner() > 0);
    assert!(results.accepted.into_inner() > 0);
}

#[test]
fn a_secret_in_every_version_of_a_file_is_never_rejected() {
    let (old, new) = (secret("old"), secret("new"));
    let both = format!("{new}\n{old}\n");
    for (way, replace) in [
        ("by rename", rename_over as fn(&Path, &str)),
        ("in place", write),
    ] {
        let file = SecretFile::new("is_replaced", &both);
        let [always, sometimes] = [&old, &new].map(|secret| signed_with(secret));
        let done = AtomicBool::new(false);
        let (rejected, valid, invalid) = thread::scope(|scope| {
            let threads = [(); 2].map(|()| {
                scope.spawn(|| {
                    let (mut rejected, mut valid, mut invalid) = (0, 0, 0);
                    while !done.load(Relaxed) {
                        file.advance(1);
                        rejected += u32::from(reason(&file.layer, &always) != "accepted");
                        match reason(&file.layer, &sometimes) {
                            "accepted" => valid += 1,
                            _ => invalid += 1,
                        }
                    }
                    (rejected, valid, invalid)
                })
            });
            for number in 0..200 {
                replace(&file.path, if number % 2 == 0 { &old } else { &both });
                // Some versions stay long enough to be used, and some do not.
                let until = file.now.load(Relaxed) + number % 12;
                while file.now.load(Relaxed) < until {
                    thread::yield_now();
                }
            }
            done.store(true, Relaxed);
            threads
                .map(|thread| thread.join().unwrap())
                .into_iter()
                .fold((0, 0, 0), |sum, (a, b, c)| {
                    (sum.0 + a, sum.1 + b, sum.2 + c)
                })
        });
        assert_eq!(rejected, 0, "{way}: {valid} valid, {invalid} invalid");
        assert!(
            valid > 0 && invalid > 0,
            "{way}: the secrets did not change"
        );
    }
}
