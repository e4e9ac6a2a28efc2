//! The event that tells an operator that the content of a secret file is in use.

use std::fs;

use super::*;
use crate::events::{Captured, told};

#[track_caller]
fn assert_read(events: &Captured, file: &SecretFile, counts: &[usize]) {
    let read = events.at("INFO");
    assert_eq!(read.len(), counts.len() * told(), "{read:?}");
    for (event, count) in read.iter().zip(counts) {
        assert!(event.contains(file.path.to_str().unwrap()), "{event}");
        assert!(event.contains("was read again"), "{event}");
        assert!(event.ends_with(&format!("secrets={count}")), "{event}");
        assert!(!event.contains("number"), "part of a secret: {event}");
    }
}

#[test]
fn new_content_of_a_file_is_logged_when_it_is_used() {
    let events = Captured::start();
    let file = SecretFile::new("logged", secret("old"));
    file.poll();
    assert_read(&events, &file, &[]);

    file.write(&format!("{}\n{}\n", secret("new"), secret("old")));
    file.poll();
    assert_read(&events, &file, &[]);
    for _ in 0..3 {
        file.poll();
        assert_read(&events, &file, &[2]);
    }
    file.write(&secret("new"));
    file.poll();
    file.poll();
    assert_read(&events, &file, &[2, 1]);
}

#[test]
fn a_file_that_is_valid_again_is_logged_only_after_an_error() {
    let events = Captured::start();
    let file = SecretFile::new("valid_again", secret("old"));
    for (polls, counts) in [(1, &[][..]), (2, &[1])] {
        fs::remove_file(&file.path).unwrap();
        for _ in 0..polls {
            file.poll();
        }
        file.write(&secret("old"));
        file.poll();
        file.poll();
        assert_eq!(events.at("ERROR").len(), counts.len() * told());
        assert_read(&events, &file, counts);
    }
}
