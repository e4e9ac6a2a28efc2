//! `rediss://`, with certificates from the program `openssl`.

use std::{env, fs, process::Command, sync::Arc};

use tower_jwt_auth::JwtAuthLayer;

use super::{
    RedisServer, UNAVAILABLE,
    bounds::ask_all,
    redis::{Folder, free_port},
    sessions_at,
};
use crate::{
    events::{Captured, told},
    sessions::server::{ask, cookie, layer},
};

/// A server without a port for connections without TLS. Its certificate is for 127.0.0.1.
struct TlsServer {
    redis: RedisServer,
    folder: Arc<Folder>,
}

impl TlsServer {
    fn start() -> Option<Self> {
        let folder = Folder::new();
        make(&folder, "ca", &[]);
        make(&folder, "other", &[]);
        let issuer = ["-CA", "ca.pem", "-CAkey", "ca.key"];
        let extensions = [
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ];
        make(&folder, "server", &[issuer, extensions].concat());
        let options = [
            "--port",
            "0",
            "--tls-cert-file",
            "server.pem",
            "--tls-key-file",
            "server.key",
            "--tls-ca-cert-file",
            "ca.pem",
            "--tls-auth-clients",
            "no",
            "--tls-port",
        ];
        let redis = RedisServer::start_in(Arc::clone(&folder), &options)?;
        redis.sign_in(1);
        Some(Self { redis, folder })
    }

    fn url(&self, host: &str) -> String {
        format!("rediss://{host}:{}", self.redis.port)
    }

    fn pem(&self, name: &str) -> String {
        fs::read_to_string(self.folder.0.join(format!("{name}.pem"))).unwrap()
    }
}

/// Creates a certificate and its key: of an authority, unless the options say otherwise.
fn make(folder: &Folder, name: &str, options: &[&str]) {
    let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
    let output = Command::new("openssl")
        .current_dir(&folder.0)
        .args(["req", "-x509", "-nodes", "-days", "2"])
        .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
        .args(["-subj", &format!("/CN={name}")])
        .args(["-keyout", &key, "-out", &certificate])
        .args(options)
        .output()
        .expect("this test needs the program `openssl`");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

#[tokio::test]
async fn a_server_with_a_certificate_of_the_given_authority_is_trusted() {
    let Some(server) = TlsServer::start() else {
        return;
    };
    let both = server.pem("other") + &server.pem("ca");
    for (row, ca) in [("alone", server.pem("ca")), ("in a bundle", both)] {
        let layer = layer(sessions_at(server.url("127.0.0.1")).redis_ca(ca));
        for _ in 0..3 {
            assert_eq!(
                ask(&layer, &cookie(1)).await,
                Ok("user-1".to_owned()),
                "{row}"
            );
            assert_eq!(ask(&layer, &cookie(2)).await, Err("session"), "{row}");
        }
        let killed = server.redis.command(&["CLIENT", "KILL", "TYPE", "normal"]);
        assert_eq!(killed, ":1", "{row}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        assert_eq!(
            ask(&layer, &cookie(1)).await,
            Ok("user-1".to_owned()),
            "{row}"
        );
    }
    // Redis itself has the sessions of database 0 only.
    let url = server.url("127.0.0.1").replace("rediss", "valkeys") + "/1";
    let other = layer(sessions_at(url).redis_ca(server.pem("ca")));
    assert_eq!(ask(&other, &cookie(1)).await, Err("session"));
}

#[tokio::test]
async fn a_server_that_is_not_trusted_receives_no_command() {
    let Some(server) = TlsServer::start() else {
        return;
    };
    let Some(plain) = RedisServer::start() else {
        return;
    };
    let address = format!("127.0.0.1:{}", server.redis.port);
    let ca = || server.pem("ca");
    let rows = [
        (
            "another authority",
            sessions_at(server.url("127.0.0.1")).redis_ca(server.pem("other")),
            &["UnknownIssuer", ".redis_ca(…)"][..],
        ),
        (
            "the authorities of this machine",
            sessions_at(server.url("127.0.0.1")),
            &[".redis_ca(…)"],
        ),
        (
            "another name",
            sessions_at(server.url("localhost")).redis_ca(ca()),
            &["localhost", "certificate"],
        ),
        (
            "a server without TLS",
            sessions_at(format!("rediss://127.0.0.1:{}", plain.port)).redis_ca(ca()),
            &["TLS", "may not speak"],
        ),
        (
            "TLS without rediss",
            sessions_at(format!("redis://{address}")),
            &["redis://127.0.0.1"],
        ),
        (
            "nothing",
            sessions_at(format!("rediss://127.0.0.1:{}", free_port())).redis_ca(ca()),
            &["cannot be reached"],
        ),
    ];
    let mut monitor = server.redis.monitor();
    for (row, sessions, words) in rows {
        let log = Captured::start();
        let layer = layer(sessions);
        let asked = ask_all(&layer, (0..10).map(cookie)).await;
        assert_eq!(asked, vec![Err(UNAVAILABLE); 10], "{row}");
        let warnings = log.at("WARN");
        assert_eq!(warnings.len(), told(), "{row}: {}", log.text());
        for warning in warnings {
            for word in words {
                assert!(warning.contains(word), "{row}: no {word:?} in {warning}");
            }
        }
    }
    assert_eq!(monitor.commands(), [""; 0]);
}

#[tokio::test]
async fn an_authority_is_only_for_tls() {
    let folder = Folder::new();
    make(&folder, "ca", &[]);
    let ca = fs::read(folder.0.join("ca.pem")).unwrap();
    let built = |url| {
        let sessions = sessions_at(url).redis_ca(ca.clone());
        JwtAuthLayer::builder().sessions(sessions).build()
    };
    assert!(built("rediss://localhost").is_ok());
    for url in ["redis://localhost", "redis+unix:///run/redis.sock"] {
        let problem = built(url).unwrap_err().to_string();
        for words in [".redis_ca(…) has no effect", "rediss://"] {
            assert!(problem.contains(words), "{url}: no {words:?} in {problem}");
        }
    }
}

const PREFIX: &str = "child output: ";

/// An application may install any provider of cryptography for its process, or none.
#[tokio::test]
async fn the_provider_of_the_process_is_not_used() {
    let Some(server) = TlsServer::start() else {
        return;
    };
    for provider in ["none", "useless"] {
        let mut command = tokio::process::Command::new(env::current_exe().unwrap());
        command.args([
            "--exact",
            "sessions_redis::tls::child_that_looks_a_session_up",
        ]);
        command.args(["--ignored", "--nocapture"]);
        command.env("PROVIDER", provider);
        command.env("REDIS_URL", server.url("127.0.0.1"));
        command.env("REDIS_CA", server.pem("ca"));
        let output = command.output().await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let result = text.lines().find_map(|line| line.strip_prefix(PREFIX));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            result,
            Some(r#"Ok("user-1")"#),
            "{provider}: {text}{errors}"
        );
    }
}

/// Runs in a separate process, because a process has one default provider.
#[tokio::test]
#[ignore = "another test runs it, with a provider that it sets"]
async fn child_that_looks_a_session_up() {
    let variable = |name| env::var(name).unwrap();
    if variable("PROVIDER") == "useless" {
        let mut provider = rustls::crypto::aws_lc_rs::default_provider();
        provider.cipher_suites.clear();
        provider.kx_groups.clear();
        provider.install_default().unwrap();
    }
    let sessions = sessions_at(variable("REDIS_URL")).redis_ca(variable("REDIS_CA"));
    let result = ask(&layer(sessions), &cookie(1)).await;
    println!("\n{PREFIX}{result:?}");
}

#[tokio::test]
async fn a_missing_ca_of_the_machine_is_a_misconfiguration() {
    let Some(server) = TlsServer::start() else {
        return;
    };
    // The authority of the machine is that of the server, as in a container image.
    let ca = server.folder.0.join("ca.pem");
    for (file, expected) in [
        (ca.to_str().unwrap(), r#"Ok("user-1")"#),
        ("/nonexistent", r#"Err("sessions_unavailable")"#),
    ] {
        let mut command = tokio::process::Command::new(env::current_exe().unwrap());
        command.args([
            "--exact",
            "sessions_redis::tls::child_that_trusts_its_machine",
        ]);
        command.args(["--ignored", "--nocapture"]);
        command.env("REDIS_URL", server.url("127.0.0.1"));
        command
            .env_remove("SSL_CERT_DIR")
            .env("SSL_CERT_FILE", file);
        let output = command.output().await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let result = text.lines().find_map(|line| line.strip_prefix(PREFIX));
        let result = result.unwrap_or_else(|| panic!("the child printed no result: {text}"));
        assert!(result.starts_with(expected), "{file}: {result}");
        if expected.starts_with("Err") {
            let words = "install the package ca-certificates";
            assert_eq!(result.matches(words).count(), told(), "{file}: {result}");
        }
    }
}

/// Runs in a separate process, because a process cannot change its own environment safely.
#[tokio::test]
#[ignore = "another test runs it, in an environment that it sets"]
async fn child_that_trusts_its_machine() {
    let log = Captured::start();
    let layer = layer(sessions_at(env::var("REDIS_URL").unwrap()));
    let result = ask(&layer, &cookie(1)).await;
    println!("\n{PREFIX}{result:?} {:?}", log.at("WARN"));
}
