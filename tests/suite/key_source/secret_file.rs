//! Secrets from a file that changes at runtime.

use std::{
    fs::{self, File},
    panic,
    path::{Path, PathBuf},
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer};

use crate::{
    events::{Captured, told},
    support::*,
};

#[test]
fn each_line_is_a_secret() {
    let [a, b, c] = [secret("a"), secret("b"), secret("c")];
    for (description, content) in [
        ("with a newline at the end", format!("{a}\n{b}\n{c}\n")),
        ("without a newline at the end", format!("{a}\n{b}\n{c}")),
        ("Windows line endings", format!("{a}\r\n{b}\r\n{c}\r\n")),
        ("both kinds of line endings", format!("{a}\r\n{b}\n{c}")),
        ("empty lines", format!("\n{a}\n\n{b}\r\n\r\n{c}\n\n")),
    ] {
        let file = SecretFile::new("each_line", content);
        for secret in [&a, &b, &c] {
            assert!(file.accepts(secret), "{description}: {secret}");
        }
        assert!(!file.accepts(&secret("d")), "{description}");
    }
}

#[test]
fn only_line_endings_are_trimmed() {
    let spaced = "a secret  with\tspaces in it, 0123";
    let file = SecretFile::new("only_the_end", format!("{spaced}\n"));
    assert!(file.accepts(spaced));
    assert!(!file.accepts(&format!("{spaced}\n")));
}

#[test]
fn a_file_of_64_kib_is_read() {
    let long = "0123456789abcdef".repeat(4096);
    assert_eq!(long.len(), 64 * 1024);
    let file = SecretFile::new("of_64_kib", &long);
    assert!(file.accepts(&long));
}

#[test]
fn a_symbolic_link_is_followed() {
    let folder = Folder::new("a_link");
    fs::write(folder.path("a"), secret("a")).unwrap();
    fs::write(folder.path("b"), secret("b")).unwrap();
    let link = |target: &str| {
        std::os::unix::fs::symlink(target, folder.path("next")).unwrap();
        fs::rename(folder.path("next"), folder.path("secrets")).unwrap();
    };
    link("a");
    let file = SecretFile::in_folder(folder, |builder| builder);
    assert!(file.accepts(&secret("a")));

    // Kubernetes replaces mounted secrets like this.
    let link = |target: &str| {
        std::os::unix::fs::symlink(target, file.folder.path("next")).unwrap();
        fs::rename(file.folder.path("next"), &file.path).unwrap();
    };
    link("b");
    file.poll();
    assert!(!file.accepts(&secret("b")));
    file.poll();
    assert!(file.accepts(&secret("b")));
    assert!(!file.accepts(&secret("a")));
}

#[test]
fn the_error_for_an_unusable_file_at_startup_names_the_file() {
    type Make = fn(&Path);
    let rows: [(&str, Make, &str); 21] = [
        ("missing", |_| (), "check the path"),
        ("in a missing folder", |_| (), "check the path"),
        (
            "a directory",
            |path| fs::create_dir(path).unwrap(),
            "regular file",
        ),
        ("a FIFO", make_fifo, "regular file"),
        (
            "a link to a device",
            |path| link("/dev/zero", path),
            "regular file",
        ),
        (
            "a link to an empty device",
            |path| link("/dev/null", path),
            "regular file",
        ),
        (
            "a link to nothing",
            |path| link("nothing", path),
            "check the path",
        ),
        (
            "a link to itself",
            |path| link(path, path),
            "check the path",
        ),
        (
            "over 64 KiB",
            |path| write(path, &"0123456789\n".repeat(6000)),
            "64 KiB",
        ),
        (
            "a byte over 64 KiB",
            |path| write(path, &"0123456789abcde\n".repeat(4097)[..65537]),
            "64 KiB",
        ),
        ("empty", |path| write(path, ""), "write the secret"),
        (
            "empty lines",
            |path| write(path, "\n\r\n\n"),
            "write the secret",
        ),
        (
            "not UTF-8",
            |path| fs::write(path, b"a secret of 32 bytes or more\xFF, 0123\n").unwrap(),
            "UTF-8",
        ),
        (
            "UTF-16",
            |path| fs::write(path, b"\xFF\xFEa\0b\0c\0\n\0").unwrap(),
            "UTF-8",
        ),
        (
            "a byte order mark",
            |path| write(path, &format!("\u{FEFF}{}\n", secret("a"))),
            "byte order mark",
        ),
        (
            "a secret in quotes",
            |path| write(path, &format!("\"{}\"\n", secret("a"))),
            "is in quotes",
        ),
        (
            "a space before the line break",
            |path| write(path, &format!("{} \r\n", secret("a"))),
            "ends in white space",
        ),
        (
            "a short secret",
            |path| write(path, "0123456789\n"),
            "openssl rand",
        ),
        (
            "a weak second secret",
            |path| {
                write(
                    path,
                    &format!("{}\nbetter-auth-secret-12345678901234567890\n", secret("a")),
                )
            },
            "line 2",
        ),
        (
            "a PEM key",
            |path| {
                write(
                    path,
                    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE1234567890abcdefghijklmnopqr\n-----END PUBLIC KEY-----\n",
                )
            },
            "shared secret",
        ),
        (
            "a JWK",
            |path| {
                write(
                    path,
                    "{\n  \"kty\": \"EC\",\n  \"crv\": \"P-256\", \"x\": \"0123456789abcdef\"\n}\n",
                )
            },
            "shared secret",
        ),
    ];
    let mut wrong = Vec::new();
    for (description, make, fix) in rows {
        let folder = Folder::new("at_start");
        let path = match description {
            "in a missing folder" => folder.path("missing/secrets"),
            _ => folder.path("secrets"),
        };
        make(&path);
        let is_missing = matches!(
            description,
            "missing" | "in a missing folder" | "a link to nothing"
        );
        let builder = || JwtAuthLayer::builder().secret_from_file(&path);
        // `allow_missing_secret` accepts only a file that does not exist.
        for builder in [
            Some(builder()),
            (!is_missing).then(|| builder().allow_missing_secret()),
        ] {
            let built = builder.map(|builder| with_timeout(description, || builder.build()));
            match built {
                None => {}
                Some(Ok(_)) => wrong.push(format!("{description}: accepted")),
                Some(Err(error)) => {
                    let error = error.to_string();
                    for part in [fix, "secret file", path.to_str().unwrap()] {
                        if !error.contains(part) {
                            wrong.push(format!("{description}: no {part:?} in: {error}"));
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn new_content_is_used_once_two_polls_agree() {
    let file = SecretFile::new("two_polls", secret("old"));
    file.write(&secret("new"));
    assert!(!file.accepts(&secret("new")), "no poll is due");
    file.poll();
    assert!(!file.accepts(&secret("new")), "one poll is not enough");
    assert!(file.accepts(&secret("old")));
    file.poll();
    assert!(file.accepts(&secret("new")));
    assert!(!file.accepts(&secret("old")));
}

#[test]
fn the_request_that_runs_the_second_poll_uses_the_new_secrets() {
    let file = SecretFile::new("second_poll", secret("old"));
    file.write(&secret("new"));
    file.advance(3600);
    assert!(!file.accepts(&secret("new")));
    file.advance(3600);
    assert!(file.accepts(&secret("new")));
}

#[test]
fn polls_are_at_least_two_seconds_apart() {
    let file = SecretFile::new("seconds_apart", secret("old"));
    file.write(&secret("new"));
    for (second, is_new) in [
        (1, false),
        // The first poll, regardless of the number of requests.
        (2, false),
        (3, false),
        // The second poll.
        (4, true),
    ] {
        file.advance(1);
        for _ in 0..5 {
            assert_eq!(file.accepts(&secret("new")), is_new, "second {second}");
        }
    }
    // There is no poll at second 5, so the content of that second is never read.
    file.write(&secret("newer"));
    file.advance(1);
    assert!(file.accepts(&secret("new")));
    file.write(&secret("new"));
    for _ in 0..4 {
        file.poll();
        assert!(file.accepts(&secret("new")));
        assert!(!file.accepts(&secret("newer")));
    }
}

#[test]
fn a_partly_written_file_is_never_used() {
    let new = secret("new") + &"x".repeat(40);
    // Would be a valid secret if it were complete.
    let part = &new[..40];
    let file = SecretFile::new("partly_written", secret("old"));
    file.write(part);
    file.poll();
    file.write(&new);
    for _ in 0..2 {
        assert!(!file.accepts(part));
        assert!(file.accepts(&secret("old")));
        file.poll();
    }
    assert!(!file.accepts(part));
    assert!(file.accepts(&new));
}

#[test]
fn a_file_that_changes_between_all_polls_is_never_used() {
    let file = SecretFile::new("changes_always", secret("old"));
    let mut earlier = Vec::new();
    for number in 0..20 {
        earlier.push(secret(number));
        file.write(&secret(number));
        file.poll();
        assert!(file.accepts(&secret("old")));
        assert!(!earlier.iter().any(|secret| file.accepts(secret)));
    }
}

#[test]
fn only_consecutive_polls_can_agree() {
    let file = SecretFile::new("follow_each_other", secret("old"));
    for between in ["old", "other"] {
        file.write(&secret("new"));
        file.poll();
        file.write(&secret(between));
        file.poll();
        file.write(&secret("new"));
        file.poll();
        assert!(!file.accepts(&secret("new")), "{between} in between");
        assert!(file.accepts(&secret("old")));
        file.write(&secret("old"));
        file.poll();
    }
}

#[test]
fn new_content_of_the_same_size_and_time_is_detected() {
    let file = SecretFile::new("same_time", secret("a"));
    let modified = fs::metadata(&file.path).unwrap().modified().unwrap();
    file.write(&secret("b"));
    let handle = File::options().write(true).open(&file.path).unwrap();
    handle.set_modified(modified).unwrap();
    let metadata = fs::metadata(&file.path).unwrap();
    assert_eq!(metadata.modified().unwrap(), modified);
    assert_eq!(metadata.len(), secret("a").len() as u64);
    file.poll();
    file.poll();
    assert!(file.accepts(&secret("b")));
    assert!(!file.accepts(&secret("a")));
}

#[test]
fn a_replaced_file_is_detected() {
    let file = SecretFile::new("replaced", secret("old"));
    let next = file.folder.path("next");
    fs::write(&next, secret("new")).unwrap();
    fs::rename(&next, &file.path).unwrap();
    file.poll();
    file.poll();
    assert!(file.accepts(&secret("new")));
    assert!(!file.accepts(&secret("old")));
}

#[test]
fn earlier_content_is_used_again() {
    let file = SecretFile::new("used_again", secret("a"));
    for (now, before) in [("b", "a"), ("a", "b"), ("b", "a")] {
        file.write(&secret(now));
        file.poll();
        assert!(!file.accepts(&secret(now)));
        file.poll();
        assert!(file.accepts(&secret(now)), "{now}");
        assert!(!file.accepts(&secret(before)), "{now}");
    }
}

#[test]
fn secrets_are_rotated_without_a_gap() {
    let (old, new) = (secret("old"), secret("new"));
    let file = SecretFile::new("rotated", &old);
    for (content, old_works, new_works) in [
        (format!("{new}\n{old}\n"), true, true),
        (format!("{new}\n"), false, true),
    ] {
        let before = (file.accepts(&old), file.accepts(&new));
        file.write(&content);
        file.poll();
        assert_eq!((file.accepts(&old), file.accepts(&new)), before);
        file.poll();
        assert_eq!(
            (file.accepts(&old), file.accepts(&new)),
            (old_works, new_works)
        );
    }
}

#[test]
fn a_file_that_becomes_invalid_is_not_used_and_logged_once() {
    type Damage = fn(&Path);
    let rows: [(&str, Damage); 15] = [
        ("truncated", |path| truncate(path, 10)),
        ("emptied", |path| truncate(path, 0)),
        ("only a newline", |path| write(path, "\n")),
        ("removed", |path| fs::remove_file(path).unwrap()),
        ("its folder removed", |path| {
            fs::remove_dir_all(path.parent().unwrap()).unwrap()
        }),
        ("a directory", |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
        ("a FIFO", |path| {
            fs::remove_file(path).unwrap();
            make_fifo(path);
        }),
        ("a device", |path| {
            fs::remove_file(path).unwrap();
            link("/dev/zero", path);
        }),
        ("unreadable", |path| {
            fs::remove_file(path).unwrap();
            link(path, path);
        }),
        ("over 64 KiB", |path| {
            write(path, &format!("{}\n", secret("new")).repeat(5000))
        }),
        ("not UTF-8", |path| {
            fs::write(path, b"a secret of 32 bytes or more\xFF, 0123\n").unwrap()
        }),
        ("a byte order mark", |path| {
            write(path, &format!("\u{FEFF}{}\n", secret("new")))
        }),
        ("a weak secret", |path| {
            write(
                path,
                &format!(
                    "{}\nbetter-auth-secret-12345678901234567890\n",
                    secret("new")
                ),
            )
        }),
        ("a PEM key", |path| {
            write(
                path,
                "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE1234567890abcdefghijklmnopqr\n-----END PUBLIC KEY-----\n",
            )
        }),
        ("nine secrets", |path| {
            write(path, &(0..9).map(|n| secret(n) + "\n").collect::<String>())
        }),
    ];
    for (description, damage) in rows {
        with_timeout(description, move || {
            assert_invalid_is_not_used(description, damage)
        });
    }
}

fn assert_invalid_is_not_used(description: &str, damage: fn(&Path)) {
    let events = Captured::start();
    let file = SecretFile::new("becomes_invalid", secret("old"));
    let assert_logged = |times: usize| {
        assert_eq!(events.at("ERROR").len(), times * told(), "{description}");
    };
    for round in 1..=2 {
        damage(&file.path);
        file.poll();
        assert_logged(round - 1);
        for _ in 0..5 {
            file.poll();
            assert!(file.accepts(&secret("old")), "{description}");
            assert_logged(round);
        }
        // The original content is restored.
        file.recreate(&secret("old"));
        file.poll();
        file.poll();
        assert!(file.accepts(&secret("old")), "{description}");
    }

    damage(&file.path);
    file.poll();
    file.poll();
    assert_logged(3);
    file.recreate(&secret("new"));
    file.poll();
    assert!(!file.accepts(&secret("new")), "{description}");
    file.poll();
    assert!(file.accepts(&secret("new")), "{description}");
    assert!(!file.accepts(&secret("old")), "{description}");
    assert_logged(3);

    damage(&file.path);
    for _ in 0..3 {
        file.poll();
        assert!(file.accepts(&secret("new")), "{description}");
    }
    assert_logged(4);
    for event in events.at("ERROR") {
        assert!(event.contains(file.path.to_str().unwrap()), "{event}");
        // No secret in the file, valid or not, is logged.
        assert!(!event.contains("number"), "{event}");
        assert!(!event.contains("12345678901234567890"), "{event}");
    }
    assert_eq!(events.at("WARN").len(), 0, "{description}");
}

#[test]
fn consecutive_errors_of_a_file_are_logged_once() {
    let events = Captured::start();
    let file = SecretFile::new("one_way", secret("old"));
    for content in ["", "short", "\u{FEFF}", "also short"] {
        file.write(content);
        file.poll();
        file.poll();
        assert!(file.accepts(&secret("old")), "{content:?}");
    }
    assert_eq!(events.at("ERROR").len(), told());
}

/// The operator is setting up the file and needs feedback after each change.
#[test]
fn each_new_error_is_logged_while_there_is_no_secret() {
    let folder = Folder::new("one_after_another");
    let file = SecretFile::in_folder(folder, JwtAuthBuilder::allow_missing_secret);
    let events = Captured::start();
    for (content, faults) in [("short", 1), ("short", 1), ("", 2), ("\u{FEFF}", 3)] {
        file.write(content);
        for _ in 0..3 {
            file.poll();
        }
        assert_eq!(events.at("ERROR").len(), faults * told(), "{content:?}");
    }
}

#[test]
fn eight_secrets_in_total_are_allowed() {
    let list = |number| (0..number).map(|n| secret(n) + "\n").collect::<String>();
    let folder = Folder::new("eight");
    fs::write(folder.path("secrets"), list(1)).unwrap();
    let file = SecretFile::in_folder(folder, |builder| builder.secret(secret(20)));
    file.write(&list(7));
    file.poll();
    file.poll();
    assert!((0..7).all(|number| file.accepts(&secret(number))));
}

#[test]
fn a_file_with_a_ninth_secret_in_total_is_not_used() {
    let folder = Folder::new("grows");
    let list = |from, to| (from..to).map(|n| secret(n) + "\n").collect::<String>();
    fs::write(folder.path("secrets"), list(0, 3)).unwrap();
    fs::write(folder.path("others"), list(10, 14)).unwrap();
    let others = folder.path("others");
    let file = SecretFile::in_folder(folder, |builder| {
        builder.secret_from_file(others).secret(secret(20))
    });
    let events = Captured::start();

    file.write(&list(0, 4));
    file.poll();
    file.poll();
    assert!((0..3).all(|number| file.accepts(&secret(number))));
    assert!(!file.accepts(&secret(3)), "it would be the ninth secret");
    assert_eq!(events.at("ERROR").len(), told());

    // The other file shrinks, so the secrets of this file fit.
    fs::write(file.folder.path("others"), list(10, 12)).unwrap();
    for _ in 0..4 {
        file.poll();
    }
    assert!(
        (0..4)
            .chain(10..12)
            .all(|number| file.accepts(&secret(number)))
    );
    assert!(!file.accepts(&secret(12)));
    assert!(file.accepts(&secret(20)));
}

#[test]
fn two_files_are_both_watched() {
    let folder = Folder::new("two_files");
    fs::write(folder.path("secrets"), secret("a")).unwrap();
    let others = folder.path("others");
    fs::write(&others, secret("b")).unwrap();
    let file = SecretFile::in_folder(folder, |builder| builder.secret_from_file(&others));
    fs::write(&others, secret("c")).unwrap();
    file.poll();
    file.poll();
    assert!(file.accepts(&secret("a")) && file.accepts(&secret("c")));
    assert!(!file.accepts(&secret("b")));
    file.write(&secret("d"));
    fs::remove_file(&others).unwrap();
    file.poll();
    file.poll();
    assert!(file.accepts(&secret("d")) && file.accepts(&secret("c")));
    assert!(!file.accepts(&secret("a")));
}

#[test]
fn a_file_is_still_polled_after_the_clock_is_set_back() {
    let file = SecretFile::new("set_back", secret("old"));
    file.now.store(NOW - 300, Ordering::Relaxed);
    file.write(&secret("new"));
    file.poll();
    file.poll();
    assert!(file.accepts(&secret("new")));
}

#[test]
fn one_poll_after_a_clock_jump_does_not_count_twice() {
    let file = SecretFile::new("jumps", secret("old"));
    file.write(&secret("new"));
    file.advance(100);
    for _ in 0..5 {
        assert!(!file.accepts(&secret("new")));
    }
    file.now.fetch_sub(50, Ordering::Relaxed);
    assert!(file.accepts(&secret("new")), "a second poll");
}

#[tokio::test]
async fn a_file_that_is_missing_at_startup_may_appear_later() {
    let folder = Folder::new("comes_later");
    let file = SecretFile::in_folder(folder, JwtAuthBuilder::allow_missing_secret);
    let new = with_bearer(&signed_with(&secret("new")));
    let ask = async |request| ask(file.layer.clone(), request).await;
    for _ in 0..3 {
        file.poll();
        let answer = ask(new.clone()).await;
        assert_eq!(
            (answer.status().as_u16(), answer.reason()),
            (500, "not_configured")
        );
        assert_eq!(ask(get("/")).await.status(), 401);
    }

    // An invalid file provides no secret.
    file.write("too short");
    file.poll();
    file.poll();
    assert_eq!(ask(new.clone()).await.status(), 500);

    file.write(&secret("new"));
    file.poll();
    assert_eq!(ask(new.clone()).await.status(), 500);
    file.poll();
    assert_eq!(ask(new.clone()).await.status(), 200);

    fs::remove_file(&file.path).unwrap();
    file.poll();
    file.poll();
    assert_eq!(
        ask(new).await.status(),
        200,
        "the active secrets stay valid"
    );
}

#[test]
fn clones_and_verifiers_use_the_new_secrets() {
    let file = SecretFile::new("clones", secret("old"));
    let (clone, verifier) = (file.layer.clone(), file.layer.verifier());
    file.write(&secret("new"));
    file.poll();
    file.poll();
    let token = signed_with(&secret("new"));
    assert_eq!(reason(&clone, &token), "accepted");
    assert!(verifier.verify(&token).is_ok());
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
                    while !done.load(Ordering::Relaxed) {
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
                let until = file.now.load(Ordering::Relaxed) + number % 12;
                while file.now.load(Ordering::Relaxed) < until {
                    thread::yield_now();
                }
            }
            done.store(true, Ordering::Relaxed);
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

/// A temporary folder that is removed on drop.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{name}-{}-{count}", process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A layer with a secret file, and its clock.
pub(crate) struct SecretFile {
    pub(crate) layer: JwtAuthLayer,
    pub(crate) path: PathBuf,
    pub(crate) now: Arc<AtomicU64>,
    folder: Folder,
}

impl SecretFile {
    pub(crate) fn new(name: &str, content: impl AsRef<[u8]>) -> Self {
        let folder = Folder::new(name);
        fs::write(folder.path("secrets"), content).unwrap();
        Self::in_folder(folder, |builder| builder)
    }

    pub(crate) fn in_folder(
        folder: Folder,
        configure: impl FnOnce(JwtAuthBuilder) -> JwtAuthBuilder,
    ) -> Self {
        let now = Arc::new(AtomicU64::new(NOW));
        let clock = Arc::clone(&now);
        let path = folder.path("secrets");
        let builder = JwtAuthLayer::builder()
            .secret_from_file(&path)
            .clock(move || at(clock.load(Ordering::Relaxed)));
        let layer = configure(builder).build().unwrap();
        Self {
            layer,
            path,
            now,
            folder,
        }
    }

    fn write(&self, content: &str) {
        write(&self.path, content);
    }

    /// Replaces the file, or anything else at its path, with a file with this content.
    pub(crate) fn recreate(&self, content: &str) {
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_dir(&self.path);
        fs::create_dir_all(self.path.parent().unwrap()).unwrap();
        self.write(content);
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Advances the clock until a poll is due, and runs the poll with a request.
    fn poll(&self) {
        self.advance(2);
        self.accepts("an unused secret of 32 bytes or more");
    }

    fn accepts(&self, secret: &str) -> bool {
        match reason(&self.layer, &signed_with(secret)) {
            "accepted" => true,
            "signature" | "not_configured" => false,
            other => panic!("{other}"),
        }
    }
}

/// Returns a token that stays valid although the clock is advanced.
pub(crate) fn signed_with(secret: &str) -> String {
    let claims = claims_with(serde_json::json!({ "exp": NOW + 1_000_000_000 }));
    sign(r#"{"alg":"HS256"}"#, claims.to_string(), secret)
}

pub(crate) fn secret(name: impl std::fmt::Display) -> String {
    format!("secret number {name}, of more than 32 bytes")
}

pub(crate) fn write(path: &Path, content: &str) {
    fs::write(path, content).unwrap();
}

pub(crate) fn truncate(path: &Path, length: u64) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_len(length).unwrap();
}

pub(crate) fn rename_over(path: &Path, content: &str) {
    let next = path.with_extension("next");
    fs::write(&next, content).unwrap();
    fs::rename(next, path).unwrap();
}

pub(crate) fn link(target: impl AsRef<Path>, path: &Path) {
    std::os::unix::fs::symlink(target, path).unwrap();
}

/// Runs `act` on another thread and panics after 20 seconds, because opening a FIFO may block
/// forever.
fn with_timeout<T: Send + 'static>(
    description: &str,
    act: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (sender, receiver) = mpsc::channel();
    let thread = thread::spawn(move || sender.send(act()));
    match receiver.recv_timeout(Duration::from_secs(20)) {
        Ok(outcome) => outcome,
        Err(RecvTimeoutError::Timeout) => panic!("{description}: timeout"),
        Err(RecvTimeoutError::Disconnected) => panic::resume_unwind(
            thread
                .join()
                .err()
                .unwrap_or_else(|| Box::new(description.to_owned())),
        ),
    }
}

fn make_fifo(path: &Path) {
    let status = process::Command::new("mkfifo").arg(path).status();
    assert!(status.unwrap().success());
}
