//! The content of a secret file, and the files that are rejected at startup.

use std::{fs, path::Path};

use tower_jwt_auth::JwtAuthLayer;

use super::*;

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
        (
            "empty",
            |path| write(path, ""),
            "write your issuer's signing secret",
        ),
        (
            "empty lines",
            |path| write(path, "\n\r\n\n"),
            "write your issuer's signing secret",
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
