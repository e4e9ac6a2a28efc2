//! The CA certificates that the built-in HTTP client uses, and its errors if TLS fails. The program
//! `openssl` creates the certificates and serves them.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tower_jwt_auth::JwtAuthLayer;

use crate::{
    jwks::http_client::{answer, server_of, set},
    support::key_server::{KeyServer, Mode},
};

const NOWHERE: &str = "/nonexistent";

#[tokio::test]
async fn an_http_url_needs_no_ca_certificates() {
    let server = KeyServer::start(Mode::Set(set())).await;
    for variables in [
        &[("SSL_CERT_FILE", NOWHERE)][..],
        &[("SSL_CERT_DIR", NOWHERE)],
        &[("SSL_CERT_FILE", NOWHERE), ("SSL_CERT_DIR", NOWHERE)],
    ] {
        assert_eq!(child(&server.url(), variables).await, "ready");
    }
}

#[tokio::test]
async fn missing_ca_certificates_are_reported_by_the_first_https_fetch() {
    let folder = Folder::new("empty");
    let empty = folder.write("empty.pem", "");
    for variables in [
        &[("SSL_CERT_FILE", NOWHERE)][..],
        &[("SSL_CERT_DIR", NOWHERE)],
        &[("SSL_CERT_FILE", NOWHERE), ("SSL_CERT_DIR", NOWHERE)],
        &[("SSL_CERT_FILE", &empty)],
    ] {
        let output = child("https://127.0.0.1:1/jwks", variables).await;
        for words in [
            "the CA certificates of this machine cannot be loaded",
            "install the package ca-certificates",
            "SSL_CERT_FILE",
        ] {
            assert!(
                output.contains(words),
                "{variables:?}: no {words:?} in {output}"
            );
        }
        for (variable, _) in variables {
            let words = format!("{variable} is set, but contains no usable certificate");
            assert!(output.contains(&words), "{variables:?}: {output}");
        }
        assert!(!output.contains(NOWHERE), "{output}");
    }
}

#[tokio::test]
async fn certificates_installed_later_are_used_by_the_next_fetch() {
    let folder = Folder::new("later");
    folder.make_authority("ca");
    folder.issue("server", "ca");
    folder.write("jwks", set());
    let server = folder.serve("server");
    let later = folder.path("later.pem");
    let installed = folder.path("ca.pem");
    let variables = [("SSL_CERT_FILE", &*later), ("INSTALL", &*installed)];
    let output = child(&server.url(), &variables).await;
    assert!(
        output.contains("the CA certificates of this machine cannot be loaded"),
        "{output}"
    );
    assert!(output.ends_with("then ready"), "{output}");
}

#[tokio::test]
async fn a_private_authority_is_trusted_once_ssl_cert_file_names_it() {
    let folder = Folder::new("private");
    for authority in ["ca", "other"] {
        folder.make_authority(authority);
    }
    folder.issue("server", "ca");
    folder.write("jwks", set());
    let server = folder.serve("server");
    let trust = folder.path("ca.pem");
    assert_eq!(
        child(&server.url(), &[("SSL_CERT_FILE", &trust)]).await,
        "ready"
    );

    let own = folder.serve("ca");
    let (plain, _) = server_of(answer("400 Bad Request", b"", b"")).await;
    let other = folder.path("other.pem");
    for (row, url, trusted, words) in [
        (
            "another authority",
            server.url(),
            &other,
            &["UnknownIssuer", "SSL_CERT_FILE", ".jwks_fetcher(…)"][..],
        ),
        (
            "another name",
            server.url().replace("127.0.0.1", "localhost"),
            &trust,
            &["localhost", "certificate"],
        ),
        (
            "an authority's own certificate",
            own.url(),
            &trust,
            &["CA certificate", ".jwks_fetcher(…)"],
        ),
        (
            "no TLS",
            plain.replace("http://", "https://"),
            &trust,
            &["does not speak TLS", "http://"],
        ),
    ] {
        let output = child(&url, &[("SSL_CERT_FILE", trusted)]).await;
        for words in words {
            assert!(output.contains(words), "{row}: no {words:?} in {output}");
        }
    }
}

const PREFIX: &str = "child output: ";

/// Returns the outcome of building a layer with this URL, in a process with these variables.
async fn child(url: &str, variables: &[(&str, &str)]) -> String {
    let mut command = tokio::process::Command::new(env::current_exe().unwrap());
    command.args(["--exact", "jwks::certificates::child_that_fetches_keys"]);
    command.args(["--ignored", "--nocapture"]);
    command
        .env_remove("SSL_CERT_FILE")
        .env_remove("SSL_CERT_DIR");
    command.env("JWKS_URL", url).envs(variables.iter().copied());
    let output = command.output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let result = text.lines().find_map(|line| line.strip_prefix(PREFIX));
    let errors = String::from_utf8_lossy(&output.stderr);
    let result = result.unwrap_or_else(|| panic!("the child printed no result: {text}{errors}"));
    result.to_owned()
}

/// Runs in a separate process, because a process cannot change its own environment safely.
#[tokio::test]
#[ignore = "other tests run it, in an environment that they set"]
async fn child_that_fetches_keys() {
    let url = env::var("JWKS_URL").unwrap();
    let builder = JwtAuthLayer::builder().jwks_url(url).allow_any_audience();
    let layer = match builder.build() {
        Ok(layer) => layer,
        Err(error) => return println!("\n{PREFIX}not built: {error}"),
    };
    let result = match layer.ready().await {
        Ok(()) => "ready".to_owned(),
        Err(error) => error.to_string(),
    };
    let Ok(source) = env::var("INSTALL") else {
        return println!("\n{PREFIX}{result}");
    };
    fs::copy(source, env::var("SSL_CERT_FILE").unwrap()).unwrap();
    for _ in 0..100 {
        if layer.jwks_health()[0].keys > 0 {
            return println!("\n{PREFIX}{result}, then ready");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("\n{PREFIX}{result}, then {:?}", layer.jwks_health());
}

/// A folder with certificates and their keys.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("tower-jwt-auth-{name}-{}", std::process::id());
        let path = env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        fs::write(self.0.join(name), text).unwrap();
        self.path(name)
    }

    fn make_authority(&self, name: &str) {
        self.make(name, &["-addext", "subjectAltName=IP:127.0.0.1"]);
    }

    fn issue(&self, name: &str, authority: &str) {
        let (ca, key) = (format!("{authority}.pem"), format!("{authority}.key"));
        let not_an_authority = "basicConstraints=critical,CA:FALSE";
        let address = "subjectAltName=IP:127.0.0.1";
        self.make(
            name,
            &[
                "-CA",
                &ca,
                "-CAkey",
                &key,
                "-addext",
                not_an_authority,
                "-addext",
                address,
            ],
        );
    }

    fn make(&self, name: &str, options: &[&str]) {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        let output = Command::new("openssl")
            .current_dir(&self.0)
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
            ])
            .args(["-nodes", "-days", "2", "-subj", &format!("/CN={name}")])
            .args(["-keyout", &key, "-out", &certificate])
            .args(options)
            .output()
            .expect("this test needs the program `openssl`");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
    }

    /// Serves the files of the folder over TLS.
    fn serve(&self, name: &str) -> TlsServer {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        let mut process = Command::new("openssl")
            .current_dir(&self.0)
            .args(["s_server", "-accept", "127.0.0.1:0", "-WWW"])
            .args(["-key", &key, "-cert", &certificate])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("this test needs the program `openssl`");
        let printed = BufReader::new(process.stdout.take().unwrap());
        let port = printed.lines().find_map(|line| {
            Some(
                line.unwrap()
                    .strip_prefix("ACCEPT 127.0.0.1:")?
                    .parse()
                    .unwrap(),
            )
        });
        TlsServer {
            port: port.expect("openssl prints the port that it listens on"),
            process,
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct TlsServer {
    port: u16,
    process: Child,
}

impl TlsServer {
    fn url(&self) -> String {
        format!("https://127.0.0.1:{}/jwks", self.port)
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
