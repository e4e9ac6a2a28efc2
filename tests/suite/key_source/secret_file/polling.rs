//! When new content of a secret file is used.

use std::{
    fs::{self, File},
    sync::atomic::Ordering,
    time::{Duration, SystemTime},
};

use super::*;
use crate::events::{Captured, told};

fn set_modified(path: &Path, modified: SystemTime) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(modified).unwrap();
}

fn seconds_ago(seconds: u64) -> SystemTime {
    SystemTime::now() - Duration::from_secs(seconds)
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

/// A service without traffic accepts the first token under a new secret.
#[test]
fn content_that_has_not_changed_for_10_seconds_is_used_at_once() {
    for (row, modified, is_used) in [
        ("just now", SystemTime::now(), false),
        ("5 s ago", seconds_ago(5), false),
        ("10 s ago", seconds_ago(10), true),
        ("an hour ago", seconds_ago(3600), true),
        ("1970", SystemTime::UNIX_EPOCH, true),
        ("before 1970", seconds_ago(4_000_000_000), true),
        (
            "in the future",
            seconds_ago(0) + Duration::from_secs(3600),
            false,
        ),
    ] {
        let file = SecretFile::new("long_ago", secret("old"));
        file.write(&secret("new"));
        set_modified(&file.path, modified);
        assert!(!file.accepts(&secret("new")), "{row}: no poll is due");
        file.advance(2);
        assert_eq!(file.accepts(&secret("new")), is_used, "{row}");
        assert_eq!(file.accepts(&secret("old")), !is_used, "{row}");
        file.poll();
        assert!(file.accepts(&secret("new")), "{row}");
    }
}

#[test]
fn an_old_file_that_is_moved_to_the_path_is_used_at_once() {
    let file = SecretFile::new("moved", secret("old"));
    let next = file.folder.path("next");
    write(&next, &secret("new"));
    set_modified(&next, seconds_ago(3600));
    fs::rename(&next, &file.path).unwrap();
    file.advance(2);
    assert!(file.accepts(&secret("new")));
}

#[test]
fn invalid_content_that_changed_long_ago_is_not_used() {
    for (content, faults) in [("too short", 1), ("", 0)] {
        let events = Captured::start();
        let file = SecretFile::new("invalid_for_long", secret("old"));
        file.write(&secret("new"));
        file.poll();
        file.write(content);
        set_modified(&file.path, seconds_ago(3600));
        file.poll();
        assert!(file.accepts(&secret("old")), "{content:?}");
        // A file that is being rewritten may be empty before its time changes.
        assert_eq!(events.at("ERROR").len(), faults * told(), "{content:?}");
        // The reads before and after the invalid one are not consecutive.
        file.write(&secret("new"));
        file.poll();
        assert!(!file.accepts(&secret("new")), "{content:?}");
        file.poll();
        assert!(file.accepts(&secret("new")), "{content:?}");
    }
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
    set_modified(&file.path, modified);
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
