//! A secret file that is missing, becomes invalid, or contains too many secrets.

use std::{fs, path::Path};

use tower_jwt_auth::JwtAuthBuilder;

use super::*;
use crate::events::{Captured, told};

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
