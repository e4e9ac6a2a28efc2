//! A secret file that is replaced, truncated, removed and made unreadable while two threads verify:
//! no valid token is refused once its secret is held.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

use tower_jwt_auth::JwtAuthBuilder;

use crate::{
    key_source::secret_file::{
        Folder, Watched, link, rename_over, secret, signed_with, truncate, write,
    },
    support::*,
};

/// How often each thread looks at the file before it goes on to the next state.
const LOOKS: u64 = 4;

type Spoil = fn(&Path);

/// What may become of the file. Each leaves it without a good secret.
///
/// A FIFO is not among them: one that comes at the moment that the file is opened is waited for, as
/// the threat model says.
const FAULTS: [(&str, Spoil); 9] = [
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
    ("a link to itself, which not even root can read", |path| {
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

/// What the two threads found, together.
#[derive(Debug, Default)]
struct Found {
    accepted: AtomicU64,
    refused: AtomicU64,
    not_configured: AtomicU64,
}

impl Found {
    fn count(&self, answer: &str) {
        let count = match answer {
            "accepted" => &self.accepted,
            "signature" => &self.refused,
            "not_configured" => &self.not_configured,
            other => panic!("{other}"),
        };
        count.fetch_add(1, SeqCst);
    }
}

/// Two threads send what `send` does until `act` has ended, while the time passes.
fn while_two_threads(file: &Watched, send: impl Fn() + Sync, act: impl FnOnce()) {
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

/// Lets the threads come to an end, however the rest did.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// Waits until so many looks were due.
fn wait_for_looks(file: &Watched, looks: u64) {
    let until = file.now.load(SeqCst) + 2 * looks;
    wait("looks", || file.now.load(SeqCst) >= until);
}

fn wait(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "{what}: it never came"
        );
        thread::yield_now();
    }
}

#[test]
fn an_active_secret_stays_valid_whatever_happens_to_its_file() {
    let always = secret("always");
    // Listed between one fault and the next.
    let passing = |round: usize| secret(format!("passing {round}"));
    let file = Watched::new("under_load", format!("{always}\n{}\n", passing(0)));
    let token = signed_with(&always);
    let found = Found::default();
    let is_accepted = |round| reason(&file.layer, &signed_with(&passing(round))) == "accepted";
    while_two_threads(
        &file,
        || found.count(reason(&file.layer, &token)),
        || {
            for round in 0..10 * FAULTS.len() {
                let (fault, spoil) = FAULTS[round % FAULTS.len()];
                spoil(&file.path);
                wait_for_looks(&file, LOOKS);
                assert!(is_accepted(round), "{fault}: what was held is gone");

                let next = format!("{always}\n{}\n", passing(round + 1));
                if round % 2 == 0 && file.path.parent().is_some_and(Path::is_dir) {
                    let _ = fs::remove_dir(&file.path);
                    rename_over(&file.path, &next);
                } else {
                    file.make_anew(&next);
                }
                wait(fault, || is_accepted(round + 1));
                assert!(
                    !is_accepted(round),
                    "{fault}: what was replaced is still there"
                );
            }
        },
    );
    println!("after {} faults: {found:?}", 10 * FAULTS.len());
    assert_eq!(found.refused.into_inner(), 0);
    assert_eq!(found.not_configured.into_inner(), 0);
    assert!(found.accepted.into_inner() > 1000);
}

#[test]
fn a_late_file_causes_500_only_until_it_is_used() {
    let file = Watched::of(Folder::new("late"), JwtAuthBuilder::allow_missing_secret);
    let token = signed_with(&secret("late"));
    let (found, has_come) = (Found::default(), AtomicBool::new(false));
    while_two_threads(
        &file,
        || {
            let had_come = has_come.load(SeqCst);
            let answer = reason(&file.layer, &token);
            found.count(answer);
            match answer {
                "accepted" => has_come.store(true, SeqCst),
                _ => assert!(!had_come, "{answer} after it had come"),
            }
        },
        || {
            wait_for_looks(&file, LOOKS);
            for bad in ["", "too short", "\u{FEFF}"] {
                write(&file.path, bad);
                wait_for_looks(&file, LOOKS);
            }
            assert!(!has_come.load(SeqCst));
            rename_over(&file.path, &secret("late"));
            wait("the secret", || has_come.load(SeqCst));
            for (_, spoil) in FAULTS {
                spoil(&file.path);
                wait_for_looks(&file, LOOKS);
                file.make_anew(&secret("late"));
                wait_for_looks(&file, LOOKS);
            }
        },
    );
    println!("{found:?}");
    assert_eq!(found.refused.into_inner(), 0);
    assert!(found.not_configured.into_inner() > 0);
    assert!(found.accepted.into_inner() > 0);
}
